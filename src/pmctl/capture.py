"""Run a program and return what it prints, within a time and a size."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence

from pmctl.errors import ConfigError


def capture(argv: Sequence[str], label: str, seconds: float, largest: int) -> bytes:
    """Return the stdout of a program: no shell, no stdin, killed with its children when too late.

    Raises ConfigError (naming `label` and what the program said on stderr) when it fails, takes
    longer than `seconds` or prints more than `largest` bytes.
    """
    try:
        process = subprocess.Popen(  # noqa: S603
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else exc
        raise ConfigError(
            f"{label} cannot be run: {argv[0]}: {reason}",
            hint="it is a list of words, the first one a program; there is no shell",
        ) from None
    with process:
        try:
            out, err = _drain(process, time.monotonic() + seconds, largest)
            code = process.wait(1)
        except (TimeoutError, subprocess.TimeoutExpired):
            _kill(process)
            raise ConfigError(
                f"{label} did not end within {seconds:g} s",
                hint=f"run {argv[0]} yourself: does it wait for an answer or a key?",
            ) from None
        except BaseException:  # Ctrl-C, SIGTERM
            _kill(process)
            raise
    if code != 0:
        # Not redacted here: whatever prints an error redacts it.
        said = " ".join(err.decode(errors="replace").split())[:400] or "it said nothing"
        raise ConfigError(
            f"{label} ended with {code}: {said}", hint=f"run {argv[0]} yourself to see why"
        )
    return out


def _drain(process: subprocess.Popen[bytes], end: float, largest: int) -> tuple[bytes, bytes]:
    """Return stdout and stderr, one byte over the limit at most. Raises TimeoutError."""
    pipes = [pipe for pipe in (process.stdout, process.stderr) if pipe]
    collected = {pipe: bytearray() for pipe in pipes}
    with selectors.DefaultSelector() as selector:
        for pipe in pipes:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            for ready, _ in selector.select(left):
                pipe = next(pipe for pipe in pipes if pipe is ready.fileobj)
                chunk = os.read(pipe.fileno(), 65_536)
                collected[pipe] += chunk[: largest + 1 - len(collected[pipe])]
                if not chunk:
                    selector.unregister(pipe)
    out, err = (bytes(collected[pipe]) for pipe in pipes)
    return out, err


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the program and everything that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
