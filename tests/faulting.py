"""A receiver under load while something breaks: what was sent, answered and found afterwards.

The same faults serve short tests and the long run of tests/bench/faults.py, which prints figures.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from random import Random
from signal import SIGKILL, Signals

import pytest

from pmctl.backends import niledb_verify
from pmctl.backends.niledb import Niledb
from pmctl.webhook.signature import sign
from tests.postgres import PASSWORD, TENANT, Server
from tests.serving import Served, serving, wait_until
from tests.webhook_bodies import SECRET

EVENTS = 3  # in a body


def body_of(number: int, events: int = EVENTS) -> bytes:
    """A body of sends that no other number has; contact n * 1000 + m for its m-th event."""
    items = [
        {"idHash": f"hash{number}-{one}", "contact": {"id": str(number * 1000 + one)},
         "email": {"id": 9}, "timestamp": "2026-11-22T23:09:03+00:00", "words": "x" * 300}
        for one in range(events)
    ]  # fmt: skip
    return json.dumps({"mautic.email_on_send": items}).encode()


def headers_of(body: bytes) -> dict[str, str]:
    return {"Content-Type": "application/json", "Webhook-Signature": sign(body, SECRET)}


@dataclass
class Figures:
    """What became of the bodies. `stored` counts events, `lost` those of bodies answered 200."""

    sent: int = 0
    answered: int = 0
    refused: dict[int, int] = field(default_factory=dict)
    cut: int = 0
    stored: int = 0
    lost: int = 0
    doubled: int = 0
    strange: int = 0  # stored, and never sent
    wrong_sums: int = 0

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.strange or self.wrong_sums)

    def __str__(self) -> str:
        refused = sum(self.refused.values())
        return (
            f"{self.sent} bodies sent, {self.answered} answered 200, {refused} refused, {self.cut} "
            f"cut off; {self.stored} events stored, {self.lost} lost, {self.doubled} doubled"
        )


class Load:
    """Threads that send body after body, each once, to wherever `port` says just now."""

    def __init__(self, *, threads: int = 4, events: int = EVENTS) -> None:
        self.port = 0
        self.answered: set[int] = set()
        self.refused: Counter[int] = Counter()
        self.cut = 0
        self._events = events
        self._numbers = count(1)
        self._sent = 0
        self._over, self._lock = threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]

    @contextmanager
    def running(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join()

    def more(self, bodies: int) -> None:
        """Wait until so many more are answered with 200."""
        want = len(self.answered) + bodies
        wait_until(lambda: len(self.answered) >= want)

    def _run(self) -> None:
        connection: HTTPConnection | None = None
        port = 0
        while not self._over.is_set():
            if connection is None or port != self.port:
                port = self.port
                connection = HTTPConnection("127.0.0.1", port, timeout=20)
            with self._lock:
                number = next(self._numbers)
                self._sent = number
            body = body_of(number, self._events)
            try:
                connection.request("POST", "/webhooks/mautic", body, headers_of(body))
                answer = connection.getresponse()
                answer.read()
            except (OSError, HTTPException):
                connection.close()
                connection = None
                with self._lock:
                    self.cut += 1
                self._over.wait(0.002)
                continue
            if answer.status == 200:
                self.answered.add(number)
            else:
                with self._lock:
                    self.refused[answer.status] += 1
        if connection is not None:
            connection.close()

    def figures(self, database: Niledb) -> Figures:
        """Compare with what is in the database, and its sums with a recount."""
        rows = database.execute(
            "select contact_id from marketing_events where tenant_id = %s", (database.tenant,)
        )
        stored = Counter(row[0] for row in rows)
        wanted = {n * 1000 + one for n in self.answered for one in range(self._events)}
        able = range(1000, (self._sent + 1) * 1000)
        return Figures(
            sent=self._sent, answered=len(self.answered), refused=dict(self.refused), cut=self.cut,
            stored=len(stored), lost=len(wanted - stored.keys()),
            doubled=sum(times - 1 for times in stored.values()),
            strange=sum(contact not in able for contact in stored),
            wrong_sums=len(niledb_verify.differences(database)),
        )  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where a receiver works: an empty database, and the settings that lead there."""

    settings: dict[str, str]
    niledb: Niledb
    options: tuple[str, ...] = ()  # of `webhook serve`

    @classmethod
    def new(cls, server: Server, **more: str) -> Place:
        name = server.new_database()
        settings = {
            "PMCTL_NILEDB_HOST": str(server.folder), "PMCTL_NILEDB_DATABASE": name,
            "PMCTL_NILEDB_USER": "ana", "PMCTL_NILEDB_PASSWORD": PASSWORD,
            "PMCTL_NILEDB_TENANT_ID": TENANT, "PMCTL_NILEDB_SSLMODE": "disable",
            "PMCTL_WEBHOOK_SECRET": SECRET, **more,
        }  # fmt: skip
        database = Niledb(host=str(server.folder), database=name, user="ana",
                          password=lambda: PASSWORD, tenant_id=TENANT)  # fmt: skip
        return cls(settings, database)

    def serving(
        self, *options: str, ends: int = 143, **more: str
    ) -> AbstractContextManager[Served]:
        return serving(*self.options, *options, ends=ends, **{**self.settings, **more})

    def figures(self, load: Load) -> Figures:
        try:
            return load.figures(self.niledb)
        finally:
            self.niledb.close()


def ended_again_and_again(place: Place, rounds: int, how: Signals) -> Figures:
    """The receiver is sent a signal under load, and a new one takes the spool over."""
    random, load = Random(1), Load()
    ends = -SIGKILL if how == SIGKILL else 143
    with load.running():
        for _ in range(rounds):
            with place.serving(ends=ends) as served:
                load.port = served.port
                load.more(random.randrange(1, 200))
                served.child.send_signal(how)
    with place.serving() as served:
        served.stored()
    return place.figures(load)


def with_a_database(
    place: Place,
    bodies: int,
    breaks: Callable[[Load, Served], None],
    *,
    events: int = EVENTS,
    seconds: int = 30,
) -> Figures:
    """Send, let `breaks` break and mend the database meanwhile, and wait for everything.

    `events`: in a body; `seconds`: how long a statement is waited for.
    """
    load = Load(events=events)
    with place.serving(PMCTL_TIMEOUT_SECONDS=str(seconds)) as served:
        load.port = served.port
        with load.running():
            load.more(bodies)
            breaks(load, served)
            load.more(bodies)
        served.stored()
        assert served.readiness() == (200, "ready\n")
    return place.figures(load)


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """Mount a file system of so many bytes; skips where this process may not."""
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "pmctl-test", str(folder)]
    try:
        subprocess.run(words, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as exc:
        pytest.skip(f"a small file system cannot be mounted here: {exc}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, left: int) -> None:
    """Take all room of a file system but `left` bytes, while others write there too."""
    filler = folder / "filler"
    filler.unlink(missing_ok=True)
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while (size := shutil.disk_usage(folder).free - left) > 0:
            os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), min(size, 16 << 20))


def limit_files(served: Served, size: int) -> None:
    """Let no file of a receiver grow beyond so many bytes; -1 takes the limit away."""
    for pid in (served.child.pid, *served.children()):
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        soft = hard if size < 0 else size
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


def with_a_full_disk(
    place: Place, breaks: Callable[[Load, Served], None], spool: Path, bodies: int
) -> Figures:
    """Send while `breaks` fills the disk of the spool and makes room again."""
    load = Load()
    with place.serving(PMCTL_WEBHOOK_SPOOL=str(spool)) as served:
        load.port = served.port
        with load.running():
            load.more(bodies)
            breaks(load, served)
            load.more(bodies)
        served.stored()
        wait_until(lambda: served.readiness() == (200, "ready\n"))
    return place.figures(load)


@dataclass
class Peak:
    mib: int = 0


@contextmanager
def peak_since(served: Served) -> Iterator[Peak]:
    """Measure how much more memory than at the begin a receiver takes within the block, at most.

    That of its processes together, each at its worst.
    """
    processes = [Path(f"/proc/{pid}") for pid in served.children()]
    try:
        for process in processes:
            (process / "clear_refs").write_text("5")  # the peak begins anew: proc(5)
    except OSError as exc:
        pytest.skip(f"the memory of a process cannot be measured here: {exc}")
    before, peak = sum(_kib(process, "VmRSS") for process in processes), Peak()
    yield peak
    peak.mib = (sum(_kib(process, "VmHWM") for process in processes) - before) >> 10


def _kib(process: Path, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB$", (process / "status").read_text(), re.MULTILINE)
    assert found, name
    return int(found[1])


def connect_many(port: int, number: int, open_: ExitStack) -> list[socket.socket]:
    return [
        open_.enter_context(socket.create_connection(("127.0.0.1", port), 10))
        for _ in range(number)
    ]
