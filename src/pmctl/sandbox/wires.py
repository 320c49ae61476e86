"""The wires of every stand-in: HTTP/1.1 on loopback, latency, faults and a record of requests."""

from __future__ import annotations

import socket
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self

from pmctl.sandbox.faults import Fault, Faults
from pmctl.sandbox.request import Request


class Seen(NamedTuple):
    """One request that came; times are seconds of time.monotonic()."""

    method: str
    path: str  # with its query
    status: int | None  # None: no whole answer was sent
    started: float
    ended: float


@dataclass(frozen=True)
class Sent:
    """One HTTP answer as it goes out."""

    status: int
    body: bytes
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Sandbox(ABC):
    """A stand-in that listens; use it with `with`, or call start() and stop().

    `latency_ms` is slept before every answer and `faults` are texts as `--fail` takes them. What
    answers is a subclass: it has `answer`, `broken` and `page`, and may have `path_of` and `work`.
    """

    name = ""  # of what it stands in for

    def __init__(
        self, *, latency_ms: float = 0, faults: Iterable[str | Fault] = (), port: int = 0
    ) -> None:
        self.latency_ms = latency_ms
        self.faults = Faults(faults)
        self.requests: list[Seen] = []
        self.most_at_once = 0
        self.stopping = threading.Event()
        self._at_once = 0
        self._lock = threading.Lock()
        self._port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @abstractmethod
    def answer(self, request: Request) -> Sent:
        """Do what a request asks for and return the answer."""

    @abstractmethod
    def broken(self, fault: Fault, request: Request) -> Sent:
        """Return the answer of a fault that says a status, or another refusal."""

    @abstractmethod
    def page(self) -> Sent:
        """Return a page that no program asked for."""

    def path_of(self, request: Request) -> str:
        """Return what the record of requests says."""
        return request.target

    def fault_path(self, request: Request) -> str:
        """Return the path that faults are held against."""
        return request.path

    def work(self, request: Request, seconds: float) -> Sent:
        """Take `seconds` and answer."""
        self.stopping.wait(seconds)
        return self.answer(request)

    def start(self) -> Self:
        """Listen and serve in a thread. Raises OSError if the port is taken."""
        self._server = _Server(self, self._port)
        self._port = self._server.server_address[1]
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

    @abstractmethod
    def settings(self) -> dict[str, str]:
        """Return the environment variables that lead pmctl here."""

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

    def __init__(self, sandbox: Sandbox, port: int) -> None:
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
        """Say nothing: `Sandbox.requests` has it all."""

    def _do(self) -> None:
        sandbox = self.server.sandbox
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, body)
        path = sandbox.path_of(request)
        started = sandbox.enter()
        reply = _Reply(None, b"", cut=True)
        try:
            fault = sandbox.faults.of(self.command, sandbox.fault_path(request))
            reply = self._reply(request, fault)
        finally:
            sandbox.leave(self.command, path, None if reply.cut else reply.status, started)
        self.wfile.write(reply.sent)
        if reply.cut:
            self.close_connection = True
            close(self.connection)

    def _reply(self, request: Request, fault: Fault | None) -> _Reply:
        sandbox = self.server.sandbox
        seconds = (fault.seconds if fault else 0) + sandbox.latency_ms / 1000
        if fault and fault.prevents:
            return self._prevented(fault, request, seconds)
        answer = sandbox.work(request, seconds)
        if fault and fault.how == "hang-after":
            sandbox.stopping.wait()
            return _Reply(None, b"", cut=True)
        if fault and fault.how == "500-stored":
            answer = sandbox.broken(fault, request)
        whole = encoded(answer, head=request.method == "HEAD")
        if fault and fault.cut_at is not None:
            return _Reply(answer.status, whole[: fault.cut_at], cut=True)
        return _Reply(answer.status, whole)

    def _prevented(self, fault: Fault, request: Request, seconds: float) -> _Reply:
        """Answer without the work."""
        sandbox = self.server.sandbox
        sandbox.stopping.wait(seconds)
        if fault.how == "hang":
            sandbox.stopping.wait()
        if fault.how in {"hang", "cut-before"}:
            return _Reply(None, b"", cut=True)
        answer = sandbox.page() if fault.how == "html" else sandbox.broken(fault, request)
        return _Reply(answer.status, encoded(answer))


def encoded(answer: Sent, *, head: bool = False) -> bytes:
    """Return the bytes of a whole HTTP/1.1 answer; `head`: the answer to a HEAD."""
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = {**answer.headers, "Content-Type": answer.content_type}
    if answer.status != 204:
        lines["Content-Length"] = str(len(answer.body))
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    start = f"HTTP/1.1 {answer.status} {phrase}\r\n{text}\r\n".encode()
    return start if head else start + answer.body
