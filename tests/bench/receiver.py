"""pmctl's receiver against receivers that insert at each request, on one PostgreSQL, fsync on.

The same signed bodies over 64 and 256 connections, with 1 and with 50 events in a body, timed
until the rows are in the database. Prints what each does and the ratios; returns 1 when one misses
its bar. The bars are those to FastAPI with an insert for each event; the others are there to see
where the rest comes from. CPU is that of the receiver's processes, PostgreSQL's left out.
Run: python tests/bench/receiver.py [PYTHON that has fastapi and psycopg_pool; else it is left out]
(and NODE_PATH=FOLDER/node_modules where pg is, for the one in node)
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

import uvloop  # noqa: E402

from pmctl.backends import niledb_schema  # noqa: E402
from pmctl.backends.embedded import DATABASE, USER, Embedded  # noqa: E402
from pmctl.backends.niledb import Niledb  # noqa: E402
from pmctl.webhook.signature import sign  # noqa: E402
from tests.bench import inserts  # noqa: E402
from tests.bench.receiver_peers import SECRET, TENANT  # noqa: E402

CONNECTIONS = (64, 256)
OURS = {1: 12_000, 50: 400}  # bodies by how many events they hold
THEIRS = {1: 3_000, 50: 150}
FASTER = {1: 8.0, 50: 4.0}  # times their requests a second
P99, CPU = 0.25, 0.2  # of theirs, with one event in a body
OF_LIMIT = 0.6  # of a plain multi-row insert's rows, bodies of 50
BARS = "fastapi"  # whom the bars speak of
PEERS = Path(__file__).with_name("receiver_peers.py")
NODE = Path(__file__).with_name("receiver_node.cjs")
_numbers = count(1)


@dataclass
class Run:
    """What one receiver did."""

    bodies: int
    events: int
    seconds: float  # until the last row was in the database
    answered_seconds: float
    p99: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        return self.bodies / self.seconds

    @property
    def cpu(self) -> float:
        return self.cpu_seconds / self.events


def request(events: int) -> bytes:
    items = [
        {"idHash": f"hash{number}", "contact": {"id": str(number), "email": f"p{number}@t.example"},
         "email": {"id": number % 40 + 1, "name": "Welcome", "subject": "x" * 200},
         "source": ["campaign.event", number % 40 + 1], "lead": {"words": "y" * 1000},
         "timestamp": "2026-11-22T23:09:03+00:00"}
        for number in (next(_numbers) for _ in range(events))
    ]  # fmt: skip
    body = json.dumps({"mautic.email_on_send": items}).encode()
    head = (f"POST /webhooks/mautic HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n"
            f"Webhook-Signature: {sign(body, SECRET)}\r\n\r\n")  # fmt: skip
    return head.encode() + body


class Client(asyncio.Protocol):
    """Sends the next request when the one before is answered; `done` when none is left."""

    def __init__(self, waiting: list[bytes], latencies: list[float]) -> None:
        self._waiting, self._latencies = waiting, latencies
        self._buffer = b""
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = cast("asyncio.Transport", transport)  # uvloop's is one by its methods only

    def next(self) -> None:
        if not self._waiting:
            self.done.set_result(None)
            return
        self._began = time.perf_counter()
        self._wire.write(self._waiting.pop())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        if not found or (length and len(body) < int(length[1])):
            return
        assert head.startswith(b"HTTP/1.1 200"), head
        self._buffer = b""
        self._latencies.append(time.perf_counter() - self._began)
        self.next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionError("the receiver hung up"))


async def load(port: int, connections: int, waiting: list[bytes]) -> tuple[float, list[float]]:
    """Send everything; return when it began, and the seconds of each answer."""
    latencies: list[float] = []
    loop = asyncio.get_running_loop()
    clients = [
        (await loop.create_connection(lambda: Client(waiting, latencies), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    began = time.perf_counter()
    for client in clients:
        client.next()
    await asyncio.gather(*(client.done for client in clients))
    return began, latencies


@contextmanager
def receiver(words: list[str], env: dict[str, str]) -> Iterator[tuple[int, int]]:
    """Run a receiver; yield its port and its process."""
    child = subprocess.Popen(words, env={**os.environ, **env}, stderr=subprocess.PIPE, text=True)
    assert child.stderr is not None
    try:
        said = ""
        while not (found := re.search(r"http://127.0.0.1:(\d+)/", said)):
            line = child.stderr.readline()
            if not line:
                raise SystemExit(said or "the receiver said nothing")
            said += line
        yield int(found[1]), child.pid
    finally:
        child.terminate()
        child.wait(20)
        child.stderr.close()


def cpu_seconds(process: int) -> float:
    """What a process and its children have taken of the processors."""
    words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK") + sum(
        cpu_seconds(int(child)) for child in children
    )


def measured(words: list[str], env: dict[str, str], database: Niledb, tenant: str,
             connections: int, size: int, bodies: int) -> Run:  # fmt: skip
    requests = [request(size) for _ in range(bodies)]
    warm = [request(1) for _ in range(connections)]
    stored = rows(database, tenant)
    with receiver(words, env) as (port, process):
        uvloop.run(load(port, connections, warm[:]))
        until_drained(port)
        cpu = cpu_seconds(process)
        began, latencies = uvloop.run(load(port, connections, requests))
        answered = time.perf_counter() - began
        until_drained(port)
        seconds = time.perf_counter() - began
        cpu = cpu_seconds(process) - cpu
    if (found := rows(database, tenant) - stored) != bodies * size + len(warm):
        raise SystemExit(f"{found} rows of {bodies * size + len(warm)} came")
    latencies.sort()
    return Run(bodies, bodies * size, seconds, answered,
               latencies[int(len(latencies) * 0.99)], cpu)  # fmt: skip


def rows(database: Niledb, tenant: str) -> int:
    statement = "select count(*) from marketing_events where tenant_id = %s"
    return int(database.execute(statement, (tenant,))[0][0])


def until_drained(port: int) -> None:
    """Wait until pmctl's receiver has nothing more to store; the others have when they answer."""
    limit = time.monotonic() + 180
    while time.monotonic() < limit:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/metrics")
        told = connection.getresponse().read()
        found = re.search(rb"^pmctl_webhook_waiting (\d+)", told, re.MULTILINE)
        connection.close()
        if not found or found[1] == b"0":
            return
        time.sleep(0.02)
    raise SystemExit("the spool is not empty after three minutes")


def peers(python: str, host: str) -> Iterator[tuple[str, list[str]]]:
    """Return each with the words that run it; say which is left out."""
    where = f"host={host} dbname={DATABASE} user={USER}"
    yield "pipelined", [sys.executable, str(PEERS), "pipelined", where]
    if runs(python, "-c", "import fastapi, psycopg_pool"):
        yield "fastapi", [python, str(PEERS), "fastapi", where]
    else:
        print(f"no fastapi with psycopg_pool in {python}: left out, and with it the bars")
    node = shutil.which("node")
    if node and runs(node, "-e", "require('pg')"):
        yield "node", [node, str(NODE), host, DATABASE, USER]
    else:
        print("no node with pg: left out")


def runs(*words: str) -> bool:
    return subprocess.run(words, capture_output=True).returncode == 0


def compared(name: str, ours: Run, theirs: Run, size: int) -> bool:
    """Print the ratios; return whether all bars are kept."""
    barred = name == BARS
    faster, p99 = ours.rate / theirs.rate, ours.p99 / theirs.p99
    cpu = ours.cpu / theirs.cpu
    kept = faster >= FASTER[size] and (size > 1 or (p99 <= P99 and cpu <= CPU))
    print(f"    to {name}: {faster:.1f} times its requests, p99 {p99:.2f} and CPU {cpu:.2f} of its"
          + ("   MISSED" if barred and not kept else ""))  # fmt: skip
    return kept or not barred


def told(name: str, run: Run) -> None:
    print(f"  {name:<10}{run.rate:>8,.0f} bodies/s ({run.bodies / run.answered_seconds:,.0f} "
          f"answered) {run.events / run.seconds:>8,.0f} events/s   p99 {run.p99 * 1000:>7.1f} ms"
          f"   CPU {run.cpu * 1e6:>6.0f} us an event", flush=True)  # fmt: skip


def main() -> int:
    kept = True
    with TemporaryDirectory(prefix="bench") as folder:
        Path(folder).chmod(0o755)
        embedded = Embedded(Path(folder) / "pmctl")
        host = embedded.start()
        database = Niledb(database=DATABASE, user=USER, sslmode="disable", start=embedded.start)
        niledb_schema.prepare(database)
        ours_tenant = str(database.tenant)
        env = {"HOME": folder, "XDG_STATE_HOME": folder, "XDG_CONFIG_HOME": folder,
               "PYTHONPATH": os.environ.get("PYTHONPATH", str(Path(__file__).parents[2] / "src")),
               "PMCTL_WEBHOOK_SECRET": SECRET, "PMCTL_NILEDB_HOST": host,
               "PMCTL_NILEDB_DATABASE": DATABASE, "PMCTL_NILEDB_USER": USER,
               "PMCTL_NILEDB_SSLMODE": "disable",
               "PMCTL_NILEDB_PASSWORD": "none is asked for"}  # fmt: skip
        serve = [sys.executable, "-m", "pmctl", "webhook", "serve", "--listen", "127.0.0.1:0"]
        against = list(peers(sys.argv[1] if len(sys.argv) > 1 else sys.executable, host))
        for size in OURS:
            for connections in CONNECTIONS:
                print(f"{size} events in a body, {connections} connections")
                ours = measured(serve, env, database, ours_tenant, connections, size, OURS[size])
                told("pmctl", ours)
                for name, words in against:
                    theirs = measured(words, {}, database, TENANT, connections, size,
                                      THEIRS[size])  # fmt: skip
                    told(name, theirs)
                    kept &= compared(name, ours, theirs, size)
                if size > 1:
                    limit = inserts.rate(inserts.plain, database, 1000, 2.0)
                    share = ours.events / ours.seconds / limit
                    kept &= share >= OF_LIMIT
                    print(f"    {share:.2f} of the {limit:,.0f} rows/s of a multi-row insert"
                          + ("" if share >= OF_LIMIT else "   MISSED"))  # fmt: skip
        database.close()
        embedded.close()
        time.sleep(1)  # the server ends
    return int(not kept)


if __name__ == "__main__":
    sys.exit(main())
