"""The stand-in's wires: HTTP/1.1 on loopback, with latency, faults and a record of requests."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self

from pmctl.sandbox import directory
from pmctl.sandbox.access import Access
from pmctl.sandbox.acts import Acts
from pmctl.sandbox.answers import Answer, crash
from pmctl.sandbox.faults import Fault, Faults
from pmctl.sandbox.mautic import Mautic, Request
from pmctl.sandbox.store import seeded

PAGE = b"<!doctype html>\n<html><head><title>Mautic</title></head><body>Sign in</body></html>\n"


class Seen(NamedTuple):
    """One request that came; times are seconds of time.monotonic()."""

    method: str
    path: str  # with its query
    status: int | None  # None: no whole answer was sent
    started: float
    ended: float


class MauticSandbox(Acts):
    """A stand-in Mautic; use it with `with`, or call start() and stop().

    `latency_ms` is slept before every answer, `faults` are texts as `--fail` takes them, and
    `segments` are aliases beside those that are always there. `store.put_*` puts people into
    steps; `access` has the credentials, switches and limits. `clock`, `cron`, `open`, `sent` and
    what else Acts has let time pass and people act.
    """

    def __init__(
        self,
        *,
        latency_ms: float = 0,
        faults: Iterable[str | Fault] = (),
        segments: Iterable[str] = (),
        port: int = 0,
    ) -> None:
        self.latency_ms = latency_ms
        self.faults = Faults(faults)
        super().__init__(seeded(segments))
        directory.seed(self.store)
        self.access = Access()
        self.mautic = Mautic(self.store, self.access)
        self.requests: list[Seen] = []
        self.most_at_once = 0
        self.stopping = threading.Event()
        self._at_once = 0
        self._lock = threading.Lock()
        self._port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Listen and serve in a thread. Raises OSError if the port is taken."""
        self._server = _Server(self, self._port)
        self._port = self._server.server_address[1]
        self.store.site_url = self.url
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close every connection and wait for every thread. Safe to call twice."""
        self.stopping.set()
        if self._server and self._thread:
            self._server.shutdown()
            self._thread.join()
            self._server.close_all()
            self._server = None

    def __enter__(self) -> Self:
        return self if self._server else self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def user(self) -> str:
        """The user of Basic authentication."""
        return self.access.user

    @property
    def password(self) -> str:
        """The password of Basic authentication."""
        return self.access.password

    @property
    def client_id(self) -> str:
        """The OAuth2 client."""
        return self.access.client_id

    @property
    def client_secret(self) -> str:
        """The secret of the OAuth2 client."""
        return self.access.client_secret

    def settings(self) -> dict[str, str]:
        """Return the environment variables that lead pmctl here."""
        return {
            "PMCTL_MAUTIC_URL": self.url,
            "PMCTL_MAUTIC_CLIENT_ID": self.client_id,
            "PMCTL_MAUTIC_CLIENT_SECRET": self.client_secret,
        }

    def fail(self, fault: str | None) -> None:
        """Add a fault, `METHOD:PATH:N:how`, that counts from now on; None forgets them all.

        Raises ValueError for a wrong text.
        """
        if fault is None:
            self.faults.clear()
        else:
            self.faults.add(fault)

    def reset_requests(self) -> None:
        """Forget the requests seen so far, and how many there were at once."""
        with self._lock:
            self.requests.clear()
            self.most_at_once = self._at_once

    def enter(self) -> float:
        """Count a request in; return the time."""
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        return time.monotonic()

    def leave(self, method: str, path: str, status: int | None, started: float) -> None:
        """Record a request. Called before the last byte is sent, so that whoever has the answer
        also finds its record."""
        with self._lock:
            self._at_once -= 1
            self.requests.append(Seen(method, path, status, started, time.monotonic()))


class _Reply(NamedTuple):
    """What goes over the wire; `cut`: then the connection ends in the middle."""

    status: int | None
    sent: bytes
    cut: bool = False


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, sandbox: MauticSandbox, port: int) -> None:
        self.sandbox = sandbox
        self._open: dict[threading.Thread, socket.socket] = {}
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        arguments = (request, client_address)
        thread = threading.Thread(target=self.process_request_thread, args=arguments, daemon=True)
        self._open[thread] = request
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self._open.pop(threading.current_thread(), None)

    def close_all(self) -> None:
        """Wake and end the threads of all connections, then close the listening socket."""
        for thread, connection in list(self._open.items()):
            close(connection)
            thread.join(5)
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def close(connection: socket.socket) -> None:
    """End a connection in both directions, whoever is reading from it."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was faster


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def __getattr__(self, name: str) -> Any:
        """Handle every method alike: http.server looks for do_GET, do_POST and so on."""
        if name.startswith("do_"):
            return self._do
        raise AttributeError(name)

    def log_message(self, *_: Any) -> None:
        """Say nothing: `MauticSandbox.requests` has it all."""

    def _do(self) -> None:
        sandbox = self.server.sandbox
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, body)
        started = sandbox.enter()
        reply = _Reply(None, b"", cut=True)
        try:
            reply = self._reply(request, sandbox.faults.of(self.command, request.path))
        finally:
            sandbox.leave(self.command, self.path, None if reply.cut else reply.status, started)
        self.wfile.write(reply.sent)
        if reply.cut:
            self.close_connection = True
            close(self.connection)

    def _reply(self, request: Request, fault: Fault | None) -> _Reply:
        sandbox = self.server.sandbox
        sandbox.stopping.wait((fault.seconds if fault else 0) + sandbox.latency_ms / 1000)
        how = fault.how if fault else ""
        if how == "hang":
            sandbox.stopping.wait()
        if how in {"hang", "cut-before"}:
            return _Reply(None, b"", cut=True)
        if how == "html":
            return _Reply(200, encoded(200, {}, PAGE, "text/html; charset=UTF-8"))
        if fault and fault.status:
            answer = crash(fault.status).answer
        else:
            answer = sandbox.mautic.answer(request)
        if how == "500-stored":
            answer = crash().answer
        whole = encoded(answer.status, answer.headers, _json(answer), "application/json")
        if fault and fault.cut_at is not None:
            return _Reply(answer.status, whole[: fault.cut_at], cut=True)
        return _Reply(answer.status, whole)


def _json(answer: Answer) -> bytes:
    """Write the body as PHP does: slashes escaped, nothing but ASCII."""
    return json.dumps(answer.body, separators=(",", ":")).replace("/", "\\/").encode()


def encoded(status: int, headers: Mapping[str, str], body: bytes, content_type: str) -> bytes:
    """Return the bytes of a whole HTTP/1.1 answer."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = {
        **headers,
        "Content-Type": content_type,
        "Content-Length": str(len(body)),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} {phrase}\r\n{head}\r\n".encode() + body
