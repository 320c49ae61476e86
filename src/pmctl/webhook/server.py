"""The receiver on a socket: uvicorn, with deadlines for headers that it does not have itself."""

from __future__ import annotations

import asyncio
import resource
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import socket

    from pmctl.webhook.app import Receiver

HEADER_SECONDS = 10.0  # also for a connection that says nothing
HEADER_BYTES = 64 << 10
IDLE_SECONDS = 30  # between two requests
FINISH_SECONDS = 10  # what is in flight at SIGTERM
FILES = 65_536  # connections are open files; the usual limit of 1024 is for shells


class _Protocol(HttpToolsProtocol):
    """Closes what does not say a whole head in time, or says too much that is no body."""

    _timer: asyncio.TimerHandle | None = None
    _head = 0  # bytes of this message that are no body: also trailers, which are kept like a head

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        if self._head > HEADER_BYTES:
            self.transport.abort()
            return
        self._head += len(data)
        super().data_received(data)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head = 0  # what came before was of another message
        self._watch()

    def on_headers_complete(self) -> None:
        self._calm()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._head -= 2 * len(body)  # chunks are as long as the words around them
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._head = 0
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._calm()
        super().connection_lost(exc)

    def _watch(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(HEADER_SECONDS, self.transport.abort)

    def _calm(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer, self._head = None, 0


def server(receiver: Receiver) -> uvicorn.Server:
    """Return the server; `run(sockets=[…])` ends at SIGTERM or SIGINT, which it raises again."""
    config = uvicorn.Config(
        receiver,
        http=_Protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        backlog=4096,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=FINISH_SECONDS,
    )
    return uvicorn.Server(config)


def serve(receiver: Receiver, listening: socket.socket) -> None:
    """Answer on a listening socket until SIGTERM or SIGINT."""
    _open_many()
    server(receiver).run(sockets=[listening])


def _open_many() -> None:
    """Let this process open as many files as it may, within reason."""
    with suppress(OSError, ValueError):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
        if 0 <= soft < most:  # infinity is -1
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
