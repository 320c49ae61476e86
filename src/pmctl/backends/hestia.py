"""HestiaCP's remote API as a wire: login, arguments, exit codes; no wishes of our own.

Everything is a POST to /api/ with a command's name and its arguments in order. With an access key
the exit code comes in a header, and it alone is believed. With a password or an old API key the
server answers 200 whatever happens, so writes ask for the code and reads are looked at. Shapes
and codes as seen on HestiaCP 1.9.9.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pmctl.backends.hestia_errors import (
    DISABLED,
    HestiaError,
    HestiaFailed,
    error_of,
    words_in,
)
from pmctl.backends.hestia_handover import Handover
from pmctl.backends.hestia_json import Listing, listing
from pmctl.errors import ConfigError, UsageError, hide
from pmctl.http import Answer, Http

READS_AT_ONCE = 4  # the panel's php-fpm has four workers, and its web pages use them too
MOST_BYTES = 100_000  # from 128 KiB on the server cannot even start the command
PATIENCE = 4.0  # times the time-out: a listing of 100 mailboxes takes 5 s, most writes 1 to 6 s
# these took 9 to 28 s on a quiet machine
SLOW = {
    **dict.fromkeys(("v-add-domain", "v-suspend-user", "v-unsuspend-user", "v-delete-user"), 10.0),
    **dict.fromkeys(("v-add-letsencrypt-domain", "v-delete-domain", "v-change-user-package"), 10.0),
}
_LEGACY_FAILED = ("Error:", "ERROR:", "Usage:")


@dataclass(frozen=True, repr=False)
class Password:
    """A password as an argument: handed over by a file where that is allowed, never shown."""

    value: str


@dataclass(frozen=True)
class Message:
    """Text of several lines as an argument. Carriage returns and tabs would break listings."""

    value: str


Argument = str | Password | Message


class Hestia:
    """One HestiaCP. Threads may share it: at most four reads at once, writes one by one.

    With `access_key` its secret is used, else `api_hash`, else user and password. Secrets are
    asked for when the first request is sent. `warnings` are what commands said that succeeded.
    """

    def __init__(
        self,
        http: Http,
        *,
        access_key: str = "",
        secret_key: Callable[[], str] | None = None,
        api_hash: Callable[[], str] | None = None,
        user: str = "",
        password: Callable[[], str] | None = None,
        no_handover: Path | None = None,
    ) -> None:
        self._http = http
        self.key_mode = bool(access_key and secret_key)
        self.root = user or "admin"
        self.login = access_key or self.root  # whom the server takes us for
        self.warnings: list[str] = []
        self._secrets: dict[str, Callable[[], str]] = {}
        self._plain: dict[str, str] = {}
        if access_key and secret_key:
            self._plain, self._secrets = {"access_key": access_key}, {"secret_key": secret_key}
        elif api_hash is not None:
            self._secrets = {"hash": api_hash}
        elif password is not None:
            self._plain, self._secrets = {"user": self.root}, {"password": password}
        else:
            raise ConfigError(
                "no login for HestiaCP is configured",
                hint="set hestia.access_key and its secret; `v-add-access-key admin '*'` makes one",
            )
        self.handover = Handover(self, no_handover)
        self._reading = threading.BoundedSemaphore(READS_AT_ONCE)
        self._writing = threading.Lock()

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        return self._http.base_url

    def rows(self, command: str, *args: str) -> Listing:
        """Return what a list command shows; the format `json` is added. Raises HestiaError."""
        text = self.text(command, *args, "json")
        found = listing(text or "{}")
        if found is None:
            raise HestiaFailed(
                f"HestiaCP answered {command} with something else than a listing",
                hint="--trace shows the answer",
            )
        return found

    def row(self, command: str, *args: str) -> dict[str, object]:
        """Return the only row of a listing. Raises HestiaFailed when there is none."""
        for row in self.rows(command, *args).rows.values():
            return row
        raise HestiaFailed(f"HestiaCP answered {command} with nothing", hint="--trace shows it")

    def text(self, command: str, *args: str) -> str:
        """Return the output of a reading command. Repeated when that may help: it is a read."""
        form = self._form(command, _all_checked(command, args))
        with self._reading:
            answer = self._post(form, command, read=True)
            if self.key_mode:
                return self._output(answer, command)
            return self._legacy_output(answer, form, command)

    def write(self, command: str, *args: Argument) -> str:
        """Run a command that changes something, once; return what it warned of, else "".

        Raises HestiaError when it was refused, OutcomeUnknown when it may have been done. No
        other write of this program runs meanwhile: the panel has no lock, and loses data.
        """
        hide((arg.value for arg in args if isinstance(arg, Password)), passing=True)
        texts = _all_checked(command, args)
        with self._writing, self.handover.of(args, texts) as given:
            form = self._form(command, given)
            form["returncode"] = "no" if self.key_mode else "yes"
            answer = self._post(form, command, read=False)
            if self.key_mode:
                warning = words_in(self._output(answer, command))
            else:
                self._legacy_code(answer, command)
                warning = ""
        if warning:
            self.warnings.append(f"HestiaCP did {command} and said: {warning}")
        return warning

    def make_file(self, name: str, content: str) -> None:
        """Write a file of the server's /tmp, or empty it. Raises HestiaNotAllowed."""
        form = self._form("v-make-tmp-file", [content, name])
        answer = self._post(form, "v-make-tmp-file", read=True)  # the same however often
        if self.key_mode:
            self._output(answer, "v-make-tmp-file")
        elif answer.text.strip() != "OK":  # of this command alone legacy mode has no exit code
            self._legacy_code(answer, "v-make-tmp-file")

    def _form(self, command: str, args: list[str]) -> dict[str, str]:
        """An argument that is left out shifts the later ones, so an empty one is sent too."""
        secrets = {name: reveal() for name, reveal in self._secrets.items()}
        numbered = {f"arg{number}": arg for number, arg in enumerate(args, 1)}
        return {**self._plain, **secrets, "cmd": command, "returncode": "no", **numbered}

    def _post(self, form: dict[str, str], command: str, *, read: bool) -> Answer:
        patience = SLOW.get(command, PATIENCE)
        answer = self._http.request("POST", "api/", form=form, safe=read, patience=patience)
        text = answer.text.lstrip()
        if text[:1] == "<" and "hestia-exit-code" not in answer.headers:
            raise HestiaFailed(
                f"{self.url} answered {command} with a web page (HTTP {answer.status})",
                hint="is hestia.url right, and is the API installed? it was removed when "
                "`v-change-sys-api remove` was run",
            )
        if text.startswith("Error: Disabled"):
            raise error_of(DISABLED, "the API is switched off", command, login=True)
        return answer

    def _output(self, answer: Answer, command: str) -> str:
        """Return the body of an answer in key mode. The header is the only word on success."""
        code = answer.headers.get("hestia-exit-code", "")
        if not re.fullmatch(r"-?\d{1,4}", code):
            raise HestiaFailed(
                f"{self.url} did not say how {command} ended (HTTP {answer.status})",
                hint="is this a HestiaCP, and does a proxy take its headers away?",
            )
        if code == "0":
            return answer.text
        if answer.text.lstrip().startswith("{") and int(code) == 127:
            return answer.text  # whole, although a program that adds to it is missing
        raise error_of(int(code), answer.text, command, login=answer.status >= 400)

    def _legacy_output(self, answer: Answer, form: dict[str, str], command: str) -> str:
        """Return the body of a read in legacy mode, which is 200 also for what failed."""
        if answer.status >= 400:
            self._legacy_code(answer, command)
        text = answer.text
        if not text.startswith(_LEGACY_FAILED) and text.strip() != "OK":
            return text
        again = self._post({**form, "returncode": "yes"}, command, read=True)
        try:
            self._legacy_code(again, command)
        except HestiaError as exc:
            said = text if text.startswith(_LEGACY_FAILED) else ""
            raise error_of(exc.code, said, command, login=False) from exc
        raise HestiaFailed(
            f"HestiaCP answered {command} with {words_in(text) or 'nothing'}",
            hint="it says that nothing went wrong; --trace shows the answers",
        )

    def _legacy_code(self, answer: Answer, command: str) -> None:
        """Raise the error of an answer in legacy mode whose body is the exit code."""
        code = answer.headers.get("hestia-exit-code") or answer.text.strip()
        if not re.fullmatch(r"-?\d{1,4}", code):
            found = re.search(r"(\d{1,3})$", answer.text.strip())  # `...has been disabled11`
            code = found[1] if found and answer.status >= 400 else ""
        if not code:
            raise HestiaFailed(
                f"HestiaCP did not say how {command} ended (HTTP {answer.status})",
                hint="--trace shows the answer",
            )
        if code != "0":
            said = re.sub(r"\d+$", "", answer.text.strip())
            raise error_of(int(code), said, command, login=answer.status >= 400)


def _all_checked(command: str, args: Sequence[Argument]) -> list[str]:
    """Return the arguments as text. The server's limit is on the whole command line."""
    texts = [_checked(command, arg) for arg in args]
    if sum(len(text.encode()) for text in texts) > MOST_BYTES:
        raise UsageError(
            f"the arguments are longer than {MOST_BYTES:,} bytes together",
            hint=f"nothing was sent to HestiaCP ({command})",
        )
    return texts


def _checked(command: str, arg: Argument) -> str:
    """Return an argument as text. Raises UsageError for what the server would take otherwise."""
    text = arg if isinstance(arg, str) else arg.value
    what = "a password" if isinstance(arg, Password) else f"{text[:40]!r}"
    if isinstance(arg, Message):
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ").strip()
    allowed = "\n" if isinstance(arg, Message) else ""
    wrong = ""
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        wrong = f"is longer than {MOST_BYTES:,} bytes"
    elif any(sign not in allowed and not sign.isprintable() and sign < "\x80" for sign in text):
        wrong = "holds a control character"
    elif any(0xD800 <= ord(sign) <= 0xDFFF for sign in text):
        wrong = "is not text"
    elif text != text.strip():
        wrong = "begins or ends with a blank, which HestiaCP cuts off"
    elif isinstance(arg, Password) and not text:
        wrong = "is empty, which HestiaCP accepts for mailboxes and databases"
    elif isinstance(arg, Password) and text.startswith("/tmp/"):  # noqa: S108  a prefix, no file
        wrong = "begins with /tmp/, which HestiaCP reads as the name of a file"
    if wrong:
        raise UsageError(f"{what} {wrong}", hint=f"nothing was sent to HestiaCP ({command})")
    return text
