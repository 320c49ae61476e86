"""`pmctl webhook tail`: the newest events by name, each that comes once, and a clean end."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from pmctl.backends import niledb_schema
from pmctl.backends.niledb import Niledb
from pmctl.cli import webhook_tail
from pmctl.clients import stats_steps
from pmctl.clients import webhook_tail as client
from pmctl.clients.webhook_tail import Tail, Wanted
from pmctl.errors import Unreachable
from tests.backends.test_niledb import at
from tests.conftest import Run
from tests.mailings import BEGIN, ROWS, STEPS, Event, event, store
from tests.postgres import Server
from tests.shell import PMCTL, at_a_terminal, environment

OFFER = {"campaign_event_id": STEPS["offer"][0], "email_id": STEPS["offer"][1]}


def opened(number: int, minutes: int = 0, **more: Any) -> Event:
    at_ = BEGIN + timedelta(minutes=minutes or number)
    return event(number, "opened", at_, number, agent_class="human", **{**OFFER, **more})


@pytest.fixture
def follow(pmctl: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[dict[str, Any]]]:
    """Follow through some turns, then press Ctrl-C; return what was shown."""

    def followed(*turns: Callable[[], object], words: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        left = list(turns)

        def wait() -> None:
            if not left:
                raise KeyboardInterrupt
            left.pop(0)()

        monkeypatch.setattr(webhook_tail, "_wait", wait)
        code, out, err = pmctl("webhook", "tail", "-f", "-o", "jsonl", *words)
        assert code == 130, err
        return [json.loads(line) for line in out.splitlines()]

    return followed


def contacts(found: list[dict[str, Any]]) -> list[int]:
    return [one["contact_id"] for one in found]


def nothing() -> None:
    """A turn in which nothing comes."""


def test_the_newest_are_shown_by_name_the_last_one_at_the_end(pmctl: Run, niledb: Niledb) -> None:
    stats_steps.write(niledb, ROWS)
    store(niledb, [opened(n) for n in (3, 1, 2, 12)])
    store(niledb, [event(20, "unsubscribed", BEGIN + timedelta(days=1), 5, email_id=31),
                   event(21, "test", BEGIN, 0, metadata={"test": "sent"}),
                   opened(22, 4, campaign_event_id=77, email_id=0)])  # fmt: skip

    code, out, _ = pmctl("webhook", "tail", "-n", "5", "-o", "json")
    found = json.loads(out)
    assert code == 0
    assert contacts(found) == [2, 3, 22, 12, 5]
    assert [(one["campaign"], one["step"]) for one in found[2:]] == [
        ("", ""), ("welcome", "offer"), ("welcome", "offer"),
    ]  # fmt: skip
    assert json.loads(pmctl("webhook", "tail", "--type", "test", "-o", "json")[1])[0]["test"] == (
        "sent"
    )
    of_it = pmctl("webhook", "tail", "--campaign", "welcome", "--type", "opened", "-o", "json")[1]
    assert contacts(json.loads(of_it)) == [1, 2, 3, 12]
    assert len(pmctl("webhook", "tail", "-n", "2")[1].splitlines()) == 3


def test_nothing_is_no_error_and_a_campaign_that_is_not_known_is(
    pmctl: Run, niledb: Niledb
) -> None:
    code, out, err = pmctl("webhook", "tail", "-o", "json")
    assert (code, json.loads(out)) == (0, [])
    assert "no events yet" in err
    assert pmctl("webhook", "tail", "--campaign", "nope")[0] == 3


def test_what_comes_is_shown_once_also_when_it_happened_long_ago(
    follow: Any, niledb: Niledb
) -> None:
    store(niledb, [opened(1), opened(2)])
    found = follow(
        lambda: store(niledb, [opened(3), opened(4, 1)]),
        nothing,
        lambda: store(niledb, [opened(3), event(5, "sent", BEGIN - timedelta(days=400), 5)]),
        nothing,
        words=("-n", "1"),
    )
    assert contacts(found) == [2, 4, 3, 5]


def test_many_at_once_are_read_in_pages(
    follow: Any, niledb: Niledb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAGE", 7)

    def more() -> None:
        store(niledb, [opened(n) for n in range(100, 121)])  # three full pages
        store(niledb, [opened(n) for n in range(200, 230)])

    found = follow(more, nothing, words=("-n", "0"))
    assert sorted(contacts(found)) == [*range(100, 121), *range(200, 230)]


def test_a_transaction_that_ends_later_than_a_younger_one_is_not_missed(
    follow: Any, niledb: Niledb, server: Server, database: str
) -> None:
    with server.connect(database) as other:
        other.execute("begin")
        other.execute(
            "insert into marketing_events (tenant_id, id, event_type, contact_id, occurred_at, "
            "received_at, payload, metadata) select %s, gen_random_uuid(), 'opened', 99, now(), "
            "now(), '{}', '{}'", (niledb.tenant,)
        )  # fmt: skip
        found = follow(
            lambda: store(niledb, [opened(1)]),
            nothing,
            lambda: other.execute("commit"),
            nothing,
            words=("-n", "0"),
        )
    assert contacts(found) == [1, 99]


def test_types_and_campaigns_hold_for_what_comes_too(follow: Any, niledb: Niledb) -> None:
    stats_steps.write(niledb, ROWS)

    def more() -> None:
        store(niledb, [opened(1), event(2, "sent", BEGIN, 2, **OFFER),
                       opened(3, campaign_event_id=0, email_id=0)])  # fmt: skip

    words = ("--type", "opened", "--campaign", "welcome")
    assert contacts(follow(more, nothing, words=words)) == [1]


def test_a_step_that_is_named_meanwhile_is_shown_by_its_name(follow: Any, niledb: Niledb) -> None:
    def named() -> None:
        stats_steps.write(niledb, ROWS)
        store(niledb, [opened(1)])

    (found,) = follow(named)
    assert (found["campaign"], found["step"]) == ("welcome", "offer")


def test_a_database_that_is_away_is_waited_for_and_said_once(
    pmctl: Run, follow: Any, niledb: Niledb, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute, away = Niledb.execute, [False]
    said: list[str] = []

    def broken(self: Niledb, *args: Any, **more: Any) -> Any:
        if away[0]:
            raise Unreachable("the database is gone")
        return execute(self, *args, **more)

    def goes() -> None:
        store(niledb, [opened(1)])
        away[0] = True

    def comes() -> None:
        away[0] = False
        store(niledb, [opened(2)])

    monkeypatch.setattr(Niledb, "execute", broken)
    monkeypatch.setattr("pmctl.output.warn", said.append)
    assert contacts(follow(goes, nothing, nothing, comes, nothing)) == [1, 2]
    assert said == ["the database is gone; waiting for it"]


def test_a_look_that_breaks_off_in_the_middle_is_gone_on_with(
    follow: Any, niledb: Niledb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAGE", 2)
    execute, pages = Niledb.execute, []

    def breaks(self: Niledb, statement: Any, *args: Any, **more: Any) -> Any:
        if statement == client._STORED:
            pages.append(1)
            if len(pages) == 2:
                raise Unreachable("the database is gone")
        return execute(self, statement, *args, **more)

    monkeypatch.setattr(Niledb, "execute", breaks)
    found = follow(lambda: store(niledb, [opened(n) for n in range(1, 6)]), nothing, nothing)
    assert sorted(contacts(found)) == [1, 2, 3, 4, 5]


def test_only_the_batches_of_the_last_minute_are_remembered(
    niledb: Niledb, server: Server, database: str
) -> None:
    store(niledb, [opened(n) for n in range(1, 50)])
    tail = Tail(niledb, Wanted())
    tail.newest(5)
    assert list(tail._batches.values()) == [49]

    with server.connect(database) as other:
        other.execute("update marketing_events set stored_at = stored_at - interval '2 minutes'")
    assert list(tail._looked()) == []
    assert tail._batches == {}


def test_a_document_cannot_be_followed(pmctl: Run) -> None:
    code, _, err = pmctl("webhook", "tail", "-f", "-o", "json")
    assert (code, "never ends" in err) == (64, True)


def started(niledb: Niledb, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PMCTL, "webhook", "tail", "-f", "-o", "jsonl", *words], env=environment(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_as_a_program_it_writes_each_line_at_once_and_ends_with_ctrl_c_or_its_reader(
    niledb: Niledb,
) -> None:
    now = datetime.now(UTC)
    store(niledb, [event(1, "sent", now, 1)])
    with started(niledb) as first, started(niledb) as second:
        for child in (first, second):
            assert child.stdout is not None
            assert json.loads(child.stdout.readline())["contact_id"] == 1
        store(niledb, [event(2, "sent", now, 2)])
        for child in (first, second):
            assert json.loads(child.stdout.readline())["contact_id"] == 2  # type: ignore[union-attr]
        first.send_signal(signal.SIGINT)
        second.stdout.close()  # type: ignore[union-attr]
        assert first.wait(20) == 130
        assert second.wait(20) == 141  # although nothing came that it could have written
        for child in (first, second):
            assert child.stderr.read() == ""  # type: ignore[union-attr]


def test_it_fits_a_terminal(server: Server, niledb: Niledb) -> None:
    stats_steps.write(niledb, ROWS)
    store(niledb, [opened(10**8 + 1), event(2, "segment_changed", BEGIN, 1),
                   event(3, "test", BEGIN, 0, metadata={"test": "company_changed"})])  # fmt: skip
    shown = at_a_terminal(*PMCTL, "webhook", "tail", NO_COLOR="1")
    assert "welcome/offer" in shown
    only = at_a_terminal(*PMCTL, "webhook", "tail", "--columns", "step,id", NO_COLOR="1")
    assert only.splitlines()[:1] == ["step  id"]
    assert f"offer  {UUID(int=10**8 + 1)}" in only
    assert "no column 'nope'" in at_a_terminal(*PMCTL, "webhook", "tail", "--columns", "nope")
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= 80


def test_rows_from_before_the_column_was_there_are_kept(server: Server, database: str) -> None:
    niledb = at(server, database=database)
    niledb.define(niledb_schema._VERSIONS)
    for statement in niledb_schema.MIGRATIONS[0]:
        niledb.define(statement)
    niledb.execute(niledb_schema._NOTE, (niledb.tenant, 1))
    store(niledb, [opened(1)])

    assert niledb_schema.prepare(niledb) == niledb_schema.VERSION - 1
    assert contacts(Tail(niledb, Wanted()).newest(5)) == [1]
    niledb.close()
