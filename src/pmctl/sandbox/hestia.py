"""The API of the stand-in HestiaCP: one request in, one answer out; no sockets here."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, replace

from pmctl.sandbox import (  # noqa: F401  each brings its commands
    hestia_certificates,
    hestia_cron,
    hestia_databases,
    hestia_dns,
    hestia_keys,
    hestia_lists,
    hestia_logs,
    hestia_mail,
    hestia_mailboxes,
    hestia_search,
    hestia_suspend,
    hestia_system,
    hestia_users,
    hestia_web,
)
from pmctl.sandbox.hestia_access import NO_DATA, TMP_FILE, Access, LegacyOffError, named
from pmctl.sandbox.hestia_commands import COMMANDS, Call, ExitError
from pmctl.sandbox.hestia_json import is_json
from pmctl.sandbox.hestia_pages import HTML, moved, not_allowed, page
from pmctl.sandbox.hestia_request import BLANKS, Asked, read
from pmctl.sandbox.hestia_store import Store
from pmctl.sandbox.request import Request
from pmctl.sandbox.wires import Sent

ZIPPED = 1024  # bytes of an answer from which on nginx packs it
MAX_LINE = 131072  # bytes of a command line that the system still starts
_HTTP = {1: 400, 2: 422, 5: 401, 6: 401, 9: 401, 10: 401, 21: 401, 405: 405}
_HARDENING = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "SAMEORIGIN",
              "X-XSS-Protection": "1; mode=block"}  # fmt: skip


class BrokenError(Exception):
    """PHP itself fails: a list or a NUL byte where a text must be."""


@dataclass
class Hestia:
    """One panel and the ways into it."""

    store: Store
    access: Access

    def answer(self, request: Request, call: Call | None = None) -> Sent:
        """Answer a request; `call` is what it runs, if that was begun before."""
        path = request.path
        if path == "/api":
            return moved()
        if path not in {"/api/", "/api/index.php"}:
            return page(404)
        if request.method not in {"GET", "HEAD", "POST"}:
            return not_allowed()
        if self.store.door == "disabled":
            return Sent(200, b"Error: Disabled", HTML, _HARDENING)
        if self.store.door == "removed":
            return page(403)
        asked = read(request)
        try:
            sent = self._answer(asked, call or Call(self.store, asked.given))
        except BrokenError:
            return page(500)
        wanted = "gzip" in request.headers.get("accept-encoding", "")
        return zipped(sent) if wanted and len(sent.body) >= ZIPPED else sent

    def _answer(self, asked: Asked, call: Call) -> Sent:
        data = asked.data
        if data is None or not (asked.by_key or "user" in data or "hash" in data):
            return said(405, NO_DATA)
        if any("\0" in value for value in (asked.command, *asked.given)):
            raise BrokenError
        try:
            if asked.by_key:
                self.access.by_key(data, asked.command, dict(asked.args))
            else:
                self.access.by_password(data)
                named(asked.command)
        except ExitError as exc:
            first = "Error: API has been disabled" if isinstance(exc, LegacyOffError) else ""
            return said(exc.code, str(exc.code) if asked.wants_code else exc.text, first)
        code, text = self.run(asked, call)
        return by_key(code, text, asked) if asked.by_key else by_password(code, text, asked)

    def run(self, asked: Asked, call: Call) -> tuple[int, str]:
        """Run the command; return its exit code and what it printed."""
        if asked.command == TMP_FILE:
            text, name = call.take(2)
            self.store.files[f"/tmp/{name.rpartition('/')[2]}"] = f"{text}\n"  # noqa: S108
            return 0, ""
        line = " ".join([f"/usr/bin/sudo {asked.command}", *(f"'{one}'" for one in asked.given)])
        if len(line.encode("utf-8", "surrogateescape")) >= MAX_LINE:
            return -1, ""
        if asked.command not in COMMANDS:
            return 1, ""  # sudo says so where nobody listens
        try:
            return 0, COMMANDS[asked.command].run(call)
        except ExitError as exc:
            return exc.code, exc.text


def zipped(sent: Sent) -> Sent:
    """Pack an answer."""
    headers = {**sent.headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return replace(sent, body=gzip.compress(sent.body, 6), headers=headers)


def said(code: int, text: str, first: str = "") -> Sent:
    """An answer of the API itself, before any command: its own exit code, a header always."""
    status = code if code >= 100 else _HTTP.get(code, 400)
    body = (first + text).encode("utf-8", "surrogateescape")
    return Sent(status, body, HTML, {"Hestia-Exit-Code": str(code)})


def by_key(code: int, text: str, asked: Asked) -> Sent:
    """The answer to a call with an access key."""
    header = {"Hestia-Exit-Code": str(code)}
    if asked.wants_code:
        return Sent(200, str(code).encode(), HTML, {**header, **_HARDENING})
    body = text.strip(BLANKS).encode("utf-8", "surrogateescape")
    if code > 0:
        return Sent(_HTTP.get(code, 400), body, HTML, header)
    kind = "application/json; charset=utf-8" if is_json(body) else HTML
    return Sent(200 if body else 204, body, kind, {**header, **_HARDENING})


def by_password(code: int, text: str, asked: Asked) -> Sent:
    """The answer of the old contract: 200 whatever happens, and OK when nothing was printed."""
    if asked.wants_code:
        told = "" if asked.command == TMP_FILE else str(code)
    else:
        told = f"{text}\n" if text else "OK"
    return Sent(200, told.encode("utf-8", "surrogateescape"), HTML, _HARDENING)
