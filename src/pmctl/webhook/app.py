"""The receiver over HTTP: limits, signature, spool, and only then 200.

Mautic forgets a batch after any answer, also an error. So what cannot be made durable gets no
answer: its connection is dropped, and in queue mode Mautic sends it again. Never 410 (it switches
the webhook off) and never 5xx.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from pmctl.webhook.metrics import Metrics
    from pmctl.webhook.spool import Spool
    from pmctl.webhook.spools import Spools
    from pmctl.webhook.trust import Trust

PATHS = ("/webhooks/mautic", "/api/webhooks/mautic")
MEND_SECONDS = 0.5  # between two looks at a spool that takes nothing
T = TypeVar("T")
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class Limits:
    """What one sender, and all together, may take."""

    body_bytes: int = 10 << 20
    all_bytes: int = 64 << 20  # bodies in memory at once
    requests: int = 1024  # at once
    body_seconds: float = 20


class _Refused(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class Receiver:
    """The ASGI application. `trust`: None means that nobody's signature is asked for.

    `whole`: the spools of all workers, whose figures are told. What is wrong here is noted in
    `metrics`, so that every worker can tell it.
    """

    def __init__(
        self,
        spool: Spool,
        trust: Trust | None,
        metrics: Metrics,
        *,
        came: Callable[[], None] = lambda: None,
        whole: Spools | None = None,
        limits: Limits = Limits(),
    ) -> None:
        self._spool, self._trust, self._metrics = spool, trust, metrics
        self._came, self._whole, self._limits = came, whole or spool, limits
        self._requests = self._bytes = 0
        self._reading: dict[asyncio.Timeout, None] = {}  # bodies under way, the oldest first
        self._queue: list[tuple[float, bytes, asyncio.Future[bool]]] = []
        self._committing: asyncio.Task[None] | None = None
        self._mending: asyncio.Task[None] | None = None
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="spool")

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        path = scope["path"]
        if path in PATHS:
            await self._webhook(scope, receive, send)
        elif path == "/healthz":
            await _answer(send, 200, "ok\n")
        elif path == "/readyz":
            reason = await _aside(self._spool.trouble) or self._metrics.trouble()
            await _answer(send, 503 if reason else 200, (reason or "ready") + "\n")
        elif path == "/metrics":
            await _answer(send, 200, self._metrics.text(*await _aside(self._whole.backlog)))
        else:
            await _answer(send, 404, "not found\n")

    async def _webhook(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        held = [0]
        self._requests += 1
        try:
            headers = self._checked(scope)
            body = await self._body(receive, held)
            signature = headers.get(b"webhook-signature", b"").decode("latin-1")
            if self._trust is not None and not self._trust.believes(body, signature):
                raise _Refused(401, "signature")
            self._metrics.add("received")
            if not await self._kept(body):
                raise _Refused(0, "spool")
        except _Refused as refused:
            self._metrics.add(f'refused{{reason="{refused.reason}"}}')
            if refused.status:
                await _answer(send, refused.status, refused.reason + "\n", close=True)
            else:
                await _drop(receive, send)
        except Exception:
            self._metrics.add('refused{reason="unforeseen"}')
            await _drop(receive, send)
            raise  # the server writes down where it was
        else:
            await _answer(send, 200, "")
        finally:
            self._requests -= 1
            self._bytes -= held[0]

    def _checked(self, scope: dict[str, Any]) -> dict[bytes, bytes]:
        """Return the headers of a request whose body may be read. Raises _Refused."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        length = headers.get(b"content-length", b"0")
        if self._requests > self._limits.requests and not self._made_way():
            raise _Refused(0, "busy")
        if scope["method"] != "POST":
            raise _Refused(405, "method")
        if headers.get(b"content-type", b"").split(b";")[0].strip().lower() != b"application/json":
            raise _Refused(415, "content type")
        if headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
            raise _Refused(415, "content encoding")
        if self._trust is not None and not headers.get(b"webhook-signature"):
            raise _Refused(401, "no signature")
        if not length.isdigit() or int(length) > self._limits.body_bytes:
            raise _Refused(413, "size")
        return headers

    async def _body(self, receive: Receive, held: list[int]) -> bytes:
        """Return the whole body; `held` says what it takes of the memory for all."""
        parts: list[bytes] = []
        deadline = asyncio.timeout(self._limits.body_seconds)
        try:
            async with deadline:
                self._reading[deadline] = None
                more = True
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _Refused(0, "disconnected")
                    part = message.get("body", b"")
                    held[0] += len(part)
                    self._bytes += len(part)
                    if held[0] > self._limits.body_bytes:
                        raise _Refused(413, "size")
                    if self._bytes > self._limits.all_bytes and not self._made_way(deadline):
                        raise _Refused(0, "memory")
                    parts.append(part)
                    more = message.get("more_body", False)
        except TimeoutError:
            raise _Refused(408, "slow") from None
        finally:
            self._reading.pop(deadline, None)
        return b"".join(parts)

    def _made_way(self, asking: asyncio.Timeout | None = None) -> bool:
        """Give up the body that has been coming for the longest; False when there is no other.

        Else whoever sends many of them slowly, unsigned, would keep everybody out.
        """
        oldest = next((one for one in self._reading if one is not asking), None)
        if oldest is None:
            return False
        del self._reading[oldest]
        oldest.reschedule(asyncio.get_running_loop().time())
        return True

    async def _kept(self, body: bytes) -> bool:
        """Return whether the body is durable: one commit takes everything that waits."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._queue.append((time.time(), body, future))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit())
        return await asyncio.shield(future)

    async def _commit(self) -> None:
        loop = asyncio.get_running_loop()
        while self._queue:
            group, self._queue = self._queue, []
            bodies = [(moment, body) for moment, body, _ in group]
            began = time.perf_counter()
            try:
                await loop.run_in_executor(self._disk, self._spool.append, bodies)
                durable = True
                self._metrics.sync(time.perf_counter() - began)
                self._metrics.add("spooled", len(group))
                self._came()
            except Exception:  # also what nobody foresaw: somebody waits for each of them
                durable = False
                if self._mending is None:
                    self._mending = asyncio.create_task(self._mend())
            for _, _, future in group:
                if not future.done():
                    future.set_result(durable)
        self._committing = None

    async def _mend(self) -> None:
        """Say what is wrong with the spool until it takes something again.

        Whoever asks another worker whether we are ready, and sends nothing, would never learn it.
        """
        while reason := await _aside(self._spool.trouble):
            self._metrics.say(reason)
            await asyncio.sleep(MEND_SECONDS)
        self._metrics.say("")
        self._mending = None


async def _aside(read: Callable[[], T]) -> T:
    """Return what is read from a disk that may be slow, while others are answered."""
    return await asyncio.get_running_loop().run_in_executor(None, read)


async def _answer(send: Send, status: int, text: str, *, close: bool = False) -> None:
    body = text.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"),
               (b"content-length", str(len(body)).encode())]  # fmt: skip
    if close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _drop(receive: Receive, send: Send) -> None:
    """End the connection without an answer: `send` is a method of uvicorn's request."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass
