"""The receiver while things break, for long: what was sent, answered, refused and found afterwards.

Everything that was answered 200 must be in the database, once, with sums that equal a recount; the
figures say how much that was. Hostile requests are in tests/webhook/test_hostile.py, whole.
Run: python tests/bench/faults.py [KILLS of the receiver, 50 when left out [WORKERS, 1]]
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from signal import SIGINT, SIGKILL, SIGTERM
from tempfile import TemporaryDirectory

import pytest

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from pmctl.backends.embedded import DATABASE, USER, Embedded  # noqa: E402
from pmctl.backends.niledb import Niledb  # noqa: E402
from tests import postgres  # noqa: E402
from tests.faulting import (  # noqa: E402
    EVENTS,
    Figures,
    Load,
    Place,
    ended_again_and_again,
    fill,
    limit_files,
    peak_since,
    small_disk,
    with_a_database,
    with_a_full_disk,
)
from tests.postgres import Machine  # noqa: E402
from tests.serving import Served, wait_until  # noqa: E402
from tests.webhook_bodies import SECRET  # noqa: E402

WORKERS = int(sys.argv[2]) if len(sys.argv) > 2 else 1
DRAINED = "pmctl_webhook_drained_total"
BREAKS = 10  # of the database
AWAY_EVENTS = 50_000
MOST_MIB = 64  # that waiting events may take
_random = Random(4)


def placed(machine: Machine) -> Place:
    return replace(Place.new(machine), options=("--workers", str(WORKERS)))


def killed(machine: Machine, home: Path, kills: int) -> Figures:
    return ended_again_and_again(placed(machine), kills, SIGKILL)


def killed_with_its_own(_: Machine, home: Path, kills: int) -> Figures:
    """The receiver runs a PostgreSQL of its own, which ends with it or goes on."""
    with own(home / "data") as place:
        return ended_again_and_again(place, max(1, kills // 5), SIGKILL)


def own_disk_full(_: Machine, home: Path, kills: int) -> Figures:
    """Spool and pmctl's own PostgreSQL have one disk, and neither can write."""

    def full(load: Load, served: Served) -> None:
        for _ in range(BREAKS // 3):
            fill(disk, 33 << 20)
            fill(disk, 0)
            wait_for_cuts(load)
            wait_until(lambda: served.readiness()[0] == 503)
            fill(disk, 1 << 40)
            load.more(100)

    with small_disk(home / "disk", 512 << 20) as disk, own(disk / "data") as place:
        return with_a_full_disk(place, full, disk / "spool", 200)


@contextmanager
def own(data: Path) -> Iterator[Place]:
    """A receiver with pmctl's own PostgreSQL, which has ended after the block."""
    embedded = Embedded(data / "pmctl")
    database = Niledb(database=DATABASE, user=USER, sslmode="disable", start=embedded.start)
    try:
        settings = {"PMCTL_WEBHOOK_SECRET": SECRET, "XDG_DATA_HOME": str(data)}
        yield Place(settings, database, ("--workers", str(WORKERS)))
    finally:
        embedded.close()
        wait_until(lambda: not list((data / "pmctl").glob("*.socket")))


def ended(machine: Machine, home: Path, kills: int) -> Figures:
    return ended_again_and_again(placed(machine), kills // 5, SIGTERM)


def database_away(machine: Machine, home: Path, kills: int) -> Figures:
    def away(load: Load, served: Served) -> None:
        machine.stop()
        load.more(2000)
        with peak_since(served) as peak:
            while len(load.answered) * EVENTS < AWAY_EVENTS:
                load.more(500)
            machine.start()
            served.stored()
        print(f"    {peak.mib} MiB of memory more")
        assert peak.mib < MOST_MIB

    return with_a_database(placed(machine), 100, away)


def database_killed(machine: Machine, home: Path, kills: int) -> Figures:
    def killed_often(load: Load, served: Served) -> None:
        for number in range(BREAKS):
            served.reaches(DRAINED, served.figure(DRAINED) + _random.randrange(1, 2000))
            machine.stop((SIGKILL, SIGINT)[number % 2])
            load.more(_random.randrange(1, 300))
            machine.start()

    return with_a_database(placed(machine), 100, killed_often)


def database_hangs(machine: Machine, home: Path, kills: int) -> Figures:
    def hanging(load: Load, served: Served) -> None:
        for _ in range(BREAKS // 3):
            with machine.held_up():
                load.more(1000)
                wait_until(lambda: served.said[-1].startswith("warning: events wait"))
            wait_until(lambda: "again" in served.said[-1])

    return with_a_database(placed(machine), 100, hanging, seconds=2)


def files_limited(machine: Machine, home: Path, kills: int) -> Figures:
    def full(load: Load, served: Served) -> None:
        for _ in range(BREAKS):
            limit_files(served, _random.choice((4096, 100_000, 1_000_000)))
            wait_for_cuts(load)
            limit_files(served, -1)
            load.more(100)

    return with_a_full_disk(placed(machine), full, home / "spool", 200)


def disk_full(machine: Machine, home: Path, kills: int) -> Figures:
    def full(load: Load, served: Served) -> None:
        for _ in range(BREAKS):
            fill(disk, 33 << 20)
            fill(disk, 0)
            wait_for_cuts(load)
            fill(disk, 1 << 40)
            load.more(100)

    with small_disk(home / "disk", 320 << 20) as disk:
        return with_a_full_disk(placed(machine), full, disk / "spool", 200)


def wait_for_cuts(load: Load) -> None:
    before = load.cut
    wait_until(lambda: load.cut > before + 20)


def ended_while_it_hangs(machine: Machine, home: Path, kills: int) -> Figures:
    """SIGTERM while the database hangs: it ends by itself, and what waited is stored later."""
    place, load = placed(machine), Load()
    with place.serving(PMCTL_WEBHOOK_SPOOL=str(home / "spool")) as served:
        load.port = served.port
        with machine.held_up():
            with load.running():
                load.more(500)
            begun = time.monotonic()
            assert served.end(30) == 143
            print(f"    ended {time.monotonic() - begun:.1f} s after SIGTERM")
    with place.serving(PMCTL_WEBHOOK_SPOOL=str(home / "spool")) as served:
        served.stored()
    return place.figures(load)


FAULTS: dict[str, Callable[[Machine, Path, int], Figures]] = {
    "the receiver is killed under load": killed,
    "the same with pmctl's own PostgreSQL, a fifth as often": killed_with_its_own,
    "the receiver is ended by SIGTERM under load, a fifth as often": ended,
    f"the database is away for {AWAY_EVENTS:,} events": database_away,
    f"the database is killed and restarted {BREAKS} times": database_killed,
    "the database hangs for longer than it is waited for": database_hangs,
    "SIGTERM while the database hangs": ended_while_it_hangs,
    f"files must not grow, {BREAKS} times": files_limited,
    f"the disk is full, {BREAKS} times": disk_full,
    "the disk of the spool and of pmctl's own PostgreSQL is full": own_disk_full,
}


@contextmanager
def home() -> Iterator[Path]:
    """A home of its own, which another user may pass: PostgreSQL does not run as root."""
    kept = dict(os.environ)
    with TemporaryDirectory(prefix="faults", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        place.chmod(0o755)
        for name in [name for name in os.environ if name.startswith(("PMCTL_", "XDG_"))]:
            del os.environ[name]
        os.environ |= {"HOME": folder, "XDG_DATA_HOME": f"{folder}/data"}
        yield place
    os.environ.clear()
    os.environ |= kept


def main() -> int:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    missed = False
    with postgres.running(mortal=True) as machine:
        for name, fault in FAULTS.items():
            with home() as place:
                begun = time.monotonic()
                try:
                    figures = fault(machine, place, kills)
                except pytest.skip.Exception as exc:
                    print(f"{name}: left out, {exc}")
                    continue
                right = figures.clean and figures.answered > 0
                missed |= not right
                print(f"{'ok ' if right else 'BAD'} {name} ({time.monotonic() - begun:.0f} s)")
                print(f"    {figures}", flush=True)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
