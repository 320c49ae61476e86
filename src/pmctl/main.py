"""The lazy table of groups, and `main(argv) -> exit code`: errors become words and codes here."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Never

import typer

from pmctl import output
from pmctl.cli.common import SETTINGS, Lazy
from pmctl.errors import PmctlError, UsageError, redact

GROUPS = {
    "campaign": "Mautic campaigns from YAML files: validate, plan, apply.",
    "stats": "What came of the mails: opens, clicks, replies, bounces, unsubscriptions.",
    "webhook": "What Mautic tells of each send, open and click, and who receives it.",
    "domain": "Domains of HestiaCP: web, mail and DNS as one thing.",
    "mailbox": "Mailboxes on HestiaCP: list, add, forward, import.",
    "db": "Databases of HestiaCP, by their short names or whole.",
    "panel-user": "Users of HestiaCP, their packages and what they use.",
    "config": "Contexts, settings and secrets.",
    "sandbox": "A stand-in Mautic and HestiaCP on this machine, to try things safely.",
    "help": "Exit codes, and the whole command tree as JSON.",
    "completion": "Print the completion script of a shell.",
}

HELP = """\
The command line for people who run their own email infrastructure.

Examples:
  pmctl sandbox tour                  see it work in 30 seconds, nothing needed
  pmctl config init                   describe your servers once
  pmctl campaign plan campaigns/      what would change in Mautic
  pmctl campaign apply campaigns/     change it
  pmctl help exit-codes               what scripts can rely on
"""


PARTS = {name: (f"pmctl.cli.{name.replace('-', '_')}", text) for name, text in GROUPS.items()}


class Root(Lazy):
    """The top group: knows its groups by name and imports one only when it is used."""

    parts = PARTS


def root() -> Root:
    """Return the command tree, its groups not yet loaded."""
    return Root(
        name="pmctl",
        help=HELP,
        no_args_is_help=True,
        rich_markup_mode=None,
        context_settings=SETTINGS,
    )


def main(argv: Sequence[str]) -> int:
    """Run one command line; return the exit code. Never raises, never exits the process."""
    arguments = list(argv) or ["--help"]
    _streams()
    output.configure(output.Style(color=_color(arguments)))
    try:
        with _terminable():
            try:
                return _run(arguments)
            except PmctlError as exc:
                return _report(exc, arguments)
            except Exception as exc:
                return _failed(exc, arguments)
    except KeyboardInterrupt:
        return 130
    except _Terminated:
        return 143


def _run(arguments: list[str]) -> int:
    instruction = os.environ.get("_PMCTL_COMPLETE")
    code = _complete(instruction) if instruction else _command(arguments)
    sys.stdout.flush()
    return code


def _command(arguments: list[str]) -> int:
    top = root()
    # Not `top.main()`: that answers a broken pipe by leaving the process with 1.
    # argv is for the audit log.
    try:
        with top.make_context("pmctl", arguments, obj={"argv": tuple(arguments)}) as ctx:
            top.invoke(ctx)
    except typer.Exit as exc:
        return exc.exit_code
    except (typer.Abort, EOFError) as exc:  # a question that nobody answered
        output.note("aborted")
        raise KeyboardInterrupt from exc
    except typer.TyperException as exc:
        raise _usage(exc) from exc
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else int(exc.code is not None)
    return 0


def _complete(instruction: str) -> int:
    from pmctl.cli.completion import complete

    try:
        return complete(root(), instruction)
    except Exception:
        return 1  # no answer is better than a report in the middle of somebody's command line


def _usage(exc: typer.TyperException) -> PmctlError:
    """Turn Typer's own words for wrong usage (exit code 2) into ours (64)."""
    context: Any = getattr(exc, "ctx", None)
    path = context.command_path if context else "pmctl"
    message = exc.format_message().strip()
    if message.startswith(output.paint("Usage:", "1")):  # Typer's message for a group is its help
        return UsageError(f"{path} needs a command", hint=f"`{path} --help` lists them")
    found = re.search(_SUGGESTION, message)
    if not found:
        return UsageError(_lower(message), hint=f"`{path} --help` shows how")
    return UsageError(_lower(message[: found.start()]), hint=f"did you mean {found[1]}?")


# "Did you mean --color?", "Did you mean 'list'?", "(Possible options: --color, --columns)"
_SUGGESTION = r"[. ]*(?:Did you mean |\(Possible options: )(.+?)[?)]?\.?$"


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")


def _failed(exc: Exception, arguments: Sequence[str]) -> int:
    """Say what went wrong outside of pmctl; whatever is left is a bug of ours."""
    if isinstance(exc, BrokenPipeError):
        _drop(sys.stdout)
        return 141
    if isinstance(exc, OSError) and exc.errno in _UNWRITABLE and not exc.filename:
        _drop(sys.stdout)
        error = PmctlError(
            f"cannot write the results: {exc.strerror}", hint="is the disk full, or stdout closed?"
        )
        return _report(error, arguments)
    return _report(_bug(exc), arguments)


_UNWRITABLE = (errno.EBADF, errno.EIO, errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


def _report(exc: PmctlError, arguments: Sequence[str]) -> int:
    try:
        sys.stdout.flush()  # what was done before it failed comes first
    except (OSError, ValueError):
        _drop(sys.stdout)
    try:
        output.error(exc, as_json=_wants_json(arguments))
        sys.stderr.flush()
    except (OSError, ValueError):
        _drop(sys.stderr)
    return exc.exit_code


def _drop(stream: Any) -> None:
    """Send what is left in a stream nowhere: Python would complain when it flushes at exit."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _streams() -> None:
    """Make stdout and stderr such that writing any text to them works, or fails with OSError."""
    if sys.stdout is None:  # closed by the shell with >&-: writing is to fail, not to be lost
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace")


def _wants_json(arguments: Sequence[str]) -> bool:
    """Whether errors are asked for as JSON; also when the command line itself is wrong."""
    asked = output.asked() or _written(arguments, "--output", "-o")
    return asked in (output.Format.json, output.Format.jsonl)


def _color(arguments: Sequence[str]) -> output.Color:
    """The --color of the command line, for help and wrong usage, which come before parsing."""
    written = _written(arguments, "--color")
    return output.Color(written) if written in list(output.Color) else output.Color.auto


def _written(arguments: Sequence[str], *flags: str) -> str | None:
    """Return the last value of an option as it stands on the command line, None without it."""
    value = None
    for at, word in enumerate(arguments):
        for flag in flags:
            if word == flag:
                value = arguments[at + 1] if at + 1 < len(arguments) else None
            elif word.startswith(f"{flag}=") or (len(flag) == 2 and word.startswith(flag)):
                value = word[len(flag) :].lstrip("=")
    return value


def _bug(exc: Exception) -> PmctlError:
    import traceback

    text = redact("".join(traceback.format_exception(exc)))
    summary = f"{type(exc).__name__}: {exc}".splitlines()[0]
    return PmctlError(
        f"a bug in pmctl: {summary}",
        hint=f"the report is in {_kept(text)}; it holds no secrets that pmctl knows of",
        exit_code=70,
    )


def _kept(report: str) -> str:
    """Write a report where only we can read it; return where."""
    import tempfile

    from pmctl.paths import state_home

    folder = None  # the one for temporary files, when there is no home or it is read-only
    with contextlib.suppress(OSError, PmctlError):
        state_home().mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = state_home() if os.access(state_home(), os.W_OK) else None
    try:
        handle, name = tempfile.mkstemp(prefix="bug-", suffix=".txt", dir=folder)
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(report)
    except OSError as exc:
        return f"no file ({exc.strerror})"
    return name


class _Terminated(BaseException):
    """SIGTERM arrived: unwind, so that every `finally` cleans up, and end with 143."""


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # signal handlers belong to the main thread
        return

    def stop(signum: int, frame: object) -> Never:
        del signum, frame
        raise _Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
