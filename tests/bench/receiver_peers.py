"""What pmctl's receiver is measured against: receivers as they are written in an afternoon.

Each checks the signature, reads the JSON, inserts its events in one transaction over a pool of
connections, and answers: `fastapi` with an insert for each event, as its manual and psycopg's show
it; `pipelined` without a framework, and with all inserts of a body in one trip.
Run as a program: receiver_peers.py fastapi|pipelined CONNECTION_STRING_OF_POSTGRES.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import socket
import sys
from importlib import import_module
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import psycopg
import uvicorn

SECRET = "s3cr3t"
TENANT = "00000000-0000-0000-0000-00000000beef"
POOL = 20
INSERT = """insert into marketing_events (tenant_id, id, event_type, source_type, contact_id,
campaign_event_id, campaign_id, email_id, occurred_at, received_at, agent_class, payload, metadata)
values (%s, %s, 'sent', 'mautic.email_on_send', %s, 0, 0, %s, %s, now(), '', %s, '{}')
on conflict do nothing"""


def rows_of(body: bytes, signature: str) -> list[tuple[Any, ...]]:
    """Return what to insert. Raises PermissionError."""
    right = base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()
    if not hmac.compare_digest(right, signature):
        raise PermissionError
    return [
        (TENANT, uuid5(NAMESPACE_URL, item["idHash"]), int(item["contact"]["id"]),
         item["email"]["id"], item["timestamp"], json.dumps(item))
        for item in json.loads(body)["mautic.email_on_send"]
    ]  # fmt: skip


class Pipelined:
    """No framework, no pool's own code, one trip: as fast as an insert at each request can be."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._free: asyncio.Queue[psycopg.AsyncConnection[Any]] = asyncio.Queue()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            for _ in range(POOL):
                self._free.put_nowait(
                    await psycopg.AsyncConnection.connect(self._where, autocommit=True)
                )
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        rows = rows_of(body, dict(scope["headers"])[b"webhook-signature"].decode())
        connection = await self._free.get()
        try:
            async with connection.transaction(), connection.cursor() as cursor:
                await cursor.executemany(INSERT, rows)  # psycopg pipelines it
        finally:
            self._free.put_nowait(connection)
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def fastapi_app(where: str) -> Any:
    """FastAPI and psycopg's pool, as their manuals show them."""
    from contextlib import asynccontextmanager

    fastapi = import_module("fastapi")  # neither is a dependency of pmctl or of its tests
    pool = import_module("psycopg_pool").AsyncConnectionPool(
        where, min_size=POOL, max_size=POOL, open=False, timeout=60, kwargs={"autocommit": True}
    )

    @asynccontextmanager
    async def opened(_: Any) -> Any:
        await pool.open(wait=True)
        yield
        await pool.close()

    app = fastapi.FastAPI(lifespan=opened)

    async def webhook(request: Any) -> dict[str, str]:
        rows = rows_of(await request.body(), request.headers["webhook-signature"])
        async with pool.connection() as connection, connection.transaction():
            for row in rows:
                await connection.execute(INSERT, row)
        return {"status": "ok"}

    webhook.__annotations__["request"] = fastapi.Request
    app.post("/webhooks/mautic")(webhook)
    return app


def main() -> None:
    kind, where = sys.argv[1:]
    app = Pipelined(where) if kind == "pipelined" else fastapi_app(where)
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listening:
        print(f"http://127.0.0.1:{listening.getsockname()[1]}/", file=sys.stderr, flush=True)
        config = uvicorn.Config(app, access_log=False, log_level="error", backlog=4096)
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
