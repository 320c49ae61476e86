"""Room for what comes: what is done goes first, and reading takes a bounded piece of memory."""

from __future__ import annotations

import shutil
import subprocess
import tracemalloc
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from pmctl.webhook import spool as spools
from pmctl.webhook.spool import Buried, Spool, SpoolFull
from pmctl.webhook.spools import Spools, spool_at
from tests.conftest import Run
from tests.shell import PMCTL, environment


def test_many_large_bodies_are_read_a_few_at_a_time(
    kept: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spools, "READ_BYTES", 1000)
    kept.append([(1.0, b"x" * size) for size in (400, 400, 400, 5000, 10, 10)])
    after, read = 0, []
    while found := kept.waiting(after, 100):
        after = found[-1].id
        read.append([len(one.body) for one in found])
    assert read == [[400, 400, 400], [5000], [10, 10]]


@pytest.mark.parametrize("page", [1, 3, 500])
def test_dead_letters_are_told_the_oldest_first_whatever_the_page_and_without_their_bodies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(spools, "DEAD", page)
    moments = {1: [5.0, 1.0, 3.0, 3.0], 2: [2.0, 3.0, 9.0]}
    for number, times in moments.items():
        spool = spool_at(tmp_path, number)
        spool.append([(moment, b"x" * 2_000_000) for moment in times])
        dead = [Buried(n, moment, "bad", b"x" * 2_000_000) for n, moment in enumerate(times, 1)]
        spool.done(range(1, len(times) + 1), dead)
        spool.close()
    whole = Spools(tmp_path)
    tracemalloc.start()
    letters = list(whole.dead())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    share = 10**9
    assert [(one.received_at, one.id) for one in letters] == [
        (1.0, 2), (2.0, share + 1), (3.0, 3), (3.0, 4), (3.0, share + 2), (5.0, 1), (9.0, share + 3)
    ]  # fmt: skip
    assert {one.bytes for one in letters} == {2_000_000}
    assert (whole.dead_count(), peak < 1_000_000) == (7, True)
    assert whole.dead_letter(share + 2) == letters[4]
    assert [whole.dead_letter(one) for one in (5, share, share + 4, 7 * share, 0, -1)] == [None] * 6
    assert (len(whole.dead_body(3)), whole.dead_body(99)) == (2_000_000, b"")
    whole.close()


def test_what_is_done_makes_room_for_what_comes_and_free_pages_count_as_room(
    kept: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full but for what is in the file itself, and nobody drains."""
    kept.append([(1.0, bytes(10_000)) for _ in range(50)])
    kept.done(range(1, 41))
    monkeypatch.setattr("shutil.disk_usage", lambda _: Namespace(free=0))
    monkeypatch.setattr(spools, "STOP_BYTES", 300_000)
    assert (kept.forget(), kept.kept(0, 9), kept.free_bytes() < 300_000) == (0, 40, True)
    kept.append([(2.0, b"new")])
    assert (kept.kept(0, 9), kept.backlog()[0]) == (0, 11)
    with suppress(SpoolFull):
        for _ in range(40):
            kept.append([(3.0, bytes(10_000))])
    assert 15 < kept.backlog()[0] < 30


def test_a_spool_that_failed_is_tried_when_somebody_asks_and_leaves_no_trace(
    kept: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept._sql.execute("pragma max_page_count=1")
    with pytest.raises(SpoolFull):
        kept.append([(1.0, bytes(100_000))])
    assert "takes nothing" in kept.trouble()
    kept._sql.execute("pragma max_page_count=1000000")
    assert (kept.trouble(), kept.backlog()[0], kept.kept(0, 9)) == ("", 0, 0)


def test_an_append_that_breaks_for_another_reason_holds_no_later_one_up(kept: Spool) -> None:
    def bodies() -> Iterator[tuple[float, bytes]]:
        yield (1.0, b"x")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        kept.append(bodies())  # type: ignore[arg-type]
    kept.append([(1.0, b"y")])
    assert [one.body for one in kept.waiting(0, 9)] == [b"y"]


def test_a_replay_into_a_full_disk_is_a_plain_error_and_keeps_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "small")
    spool.append([(1.0, bytes(100_000)) for _ in range(3)])
    spool.done([1, 2, 3])
    ((pages,),) = spool._sql.execute("pragma page_count")
    spool._sql.execute(f"pragma max_page_count={pages + 1}")
    with pytest.raises(SpoolFull):
        spool.replay(0, 9)
    assert spool.backlog()[0] == 0
    spool.close()


@pytest.mark.parametrize("how", ["no folder", "no database", "no rights", "a folder"])
def test_a_spool_that_cannot_be_used_is_a_plain_error_and_stays_as_it_is(
    pmctl: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    folder = tmp_path / "spool"
    file = folder / "spool.sqlite3"
    if how == "no folder":
        folder.write_text("words")
    else:
        folder.mkdir()
    if how == "no database":
        file.write_bytes(b"words" * 1000)
    if how == "a folder":
        file.mkdir()
    if how == "no rights":
        folder = Path("/proc/pmctl")  # nobody may make one there
    monkeypatch.setenv("PMCTL_WEBHOOK_SPOOL", str(folder))
    monkeypatch.setenv("PMCTL_WEBHOOK_SECRET", "s3cr3t")
    for words in (["serve", "--listen", "127.0.0.1:0"], ["dead", "list"]):
        code, out, err = pmctl("webhook", *words)
        assert (code, out) == (78, "")
        assert f"the spool in {folder} cannot be used" in err
    if how == "no database":
        assert file.read_bytes() == b"words" * 1000


def test_a_replay_keeps_nobody_out_and_takes_nothing_twice_that_is_stored_meanwhile(
    kept: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A week of bodies takes longer than a receiver waits for its turn."""
    monkeypatch.setattr(spools, "MARK", 4)
    monkeypatch.setattr(spools, "READ_BYTES", 1000)
    sizes = [10, 10, 10, 10, 600, 600, 5000, 10, 10, 10, 10]
    kept.append([(float(n), bytes(size)) for n, size in enumerate(sizes)])
    kept.done(range(1, 12))
    other = Spool(kept.folder)
    again: list[int] = []

    def meanwhile(_: float) -> None:
        again.append(len(other.waiting(0, 99)))
        other.append([(99.0, b"new")])
        monkeypatch.setattr(spools, "MARK", 99)
        other.done([one.id for one in other.waiting(0, 99)])
        monkeypatch.setattr(spools, "MARK", 4)

    monkeypatch.setattr("time.sleep", meanwhile)
    assert kept.replay(1.0, 50.0) == 10
    assert again == [4, 1, 1, 5]  # with one that came, behind the largest
    assert (kept.kept(0.0, 50.0), kept.kept(90.0, 100.0), kept.backlog()[0]) == (11, 4, 0)
    other.close()


def test_a_command_that_looks_and_leaves_takes_nothing_from_a_worker_that_goes_on(
    tmp_path: Path,
) -> None:
    """A worker has its spool open twice, and nobody drains just now.

    Who closes a file of SQLite's loses the locks that this process has of it: then the command
    would be the last one there, for all it knows, and delete the log that the worker writes into.
    """
    worker = Spool(tmp_path)
    whole = Spools(tmp_path)
    worker.append([(1.0, b"before")])
    assert dead_list(tmp_path) == "[]\n"
    worker.append([(2.0, b"after")])
    found = tmp_path / "copy"
    shutil.copytree(tmp_path, found)  # what others see; this process sees what it has open
    copy = Spool(found)
    assert [one.body for one in copy.waiting(0, 9)] == [b"before", b"after"]
    for one in (copy, whole, worker):
        one.close()


def dead_list(folder: Path) -> str:
    words = [*PMCTL, "webhook", "dead", "list", "-o", "json"]
    env = environment(PMCTL_WEBHOOK_SPOOL=str(folder))
    return subprocess.run(words, env=env, capture_output=True, text=True, check=True).stdout


def test_figures_are_read_while_somebody_writes(kept: Spool) -> None:
    kept.append([(1.0, b"x"), (2.0, b"y")])
    kept.done([1])
    with kept._transaction() as sql:
        sql.execute("delete from bodies")
        count, seconds = kept.backlog()
        assert count == 1
        assert seconds > 2
    assert kept.backlog() == (0, 0.0)


def test_marks_that_stop_halfway_are_made_again_and_bury_each_dead_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spools, "MARK", 4)

    class Failing(Spool):
        writes = 0

        def _write(self, statements: Sequence[tuple[str, Sequence[tuple[object, ...]]]]) -> None:
            self.writes += 1
            if self.writes == 3:
                raise SpoolFull("the disk is full")
            super()._write(statements)

    spool = Failing(tmp_path / "spool", appends=False)
    Spool.append(spool, [(float(n), b"%d" % n) for n in range(1, 11)])
    dead = [Buried(n, float(n), "bad", b"%d" % n) for n in (2, 6, 10)]
    with pytest.raises(SpoolFull):
        spool.done(range(1, 11), dead)
    assert [one.id for one in spool.waiting(0, 99)] == [5, 6, 7, 8, 9, 10]
    spool.done(range(1, 11), dead)
    buried = [spool.dead_body(one.id) for one in spool.dead()]
    assert (spool.waiting(0, 99), buried) == ([], [b"2", b"6", b"10"])
    spool.close()
