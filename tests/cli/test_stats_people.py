"""`pmctl stats contacts|domains|export|campaign --compare`: persons, events, Mautic's figures."""

from __future__ import annotations

import csv
import io
import sys
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmctl.backends.niledb import Niledb
from pmctl.clients import stats_export, stats_steps
from pmctl.clients.stats_export import guarded
from pmctl.clients.stats_periods import Period
from pmctl.clients.stats_steps import StepRow
from pmctl.sandbox.server import MauticSandbox
from tests.conftest import Run
from tests.mailings import BEGIN, ROWS, Event, event, history, recount, rows, store

ALL = ["--since", "2026-09-01"]


def addressed(one: Event) -> Event:
    """The event with the address where the webhook of its type has it."""
    address = f"c{one['contact_id']}@{'Gmail.com' if one['contact_id'] % 3 else 'web.de'}"
    core = {"fields": {"core": {"email": {"value": address}}}}
    shapes: dict[str, Any] = {
        "sent": {"contact": {"email": address}}, "opened": {"stat": {"emailAddress": address}},
        "clicked": {"hit": {"lead": core}}, "bounced": {"contact": core},
        "unsubscribed": {"contact": core},
    }  # fmt: skip
    return one | {"payload": shapes.get(one["event_type"], {})}


@pytest.fixture
def events(niledb: Niledb) -> list[Event]:
    made = [addressed(one) for one in history()]
    store(niledb, made)
    stats_steps.write(niledb, ROWS)
    return made


def test_contacts_have_what_each_of_them_did(pmctl: Run, events: list[Event]) -> None:
    found = rows(pmctl, "contacts", "--limit", "1000")

    assert len(found) == len({one["contact_id"] for one in events})
    for row in found:
        mine = [one for one in events if one["contact_id"] == row["contact_id"]]
        for type_ in ("sent", "opened", "clicked", "replied"):
            assert row[type_] == recount(mine, type_)[0]
        assert row["bounced"] == (recount(mine, "bounced")[0] > 0)
        assert row["email"].startswith(f"c{row['contact_id']}@")
        assert row["last_at"].endswith("+00:00")
    assert [row["clicked"] for row in found] == sorted(
        (row["clicked"] for row in found), reverse=True
    )


@pytest.mark.parametrize("human", [False, True])
def test_only_those_who_clicked(pmctl: Run, events: list[Event], human: bool) -> None:
    agent = ["--agent", "human"] if human else []

    found = rows(pmctl, "contacts", "--did", "clicked", "--limit", "1000", *agent)

    assert {row["contact_id"] for row in found} == {
        one["contact_id"] for one in events
        if one["event_type"] == "clicked" and (not human or one["agent_class"] == "human")
    }  # fmt: skip


def test_more_contacts_than_the_limit_are_said(pmctl: Run, events: list[Event]) -> None:
    code, out, err = pmctl("stats", "contacts", "--limit", "3", "-o", "csv")

    assert code == 0
    assert len(out.splitlines()) == 4
    assert "the first 3 contacts" in err


def test_contacts_of_another_campaign_are_none(
    pmctl: Run, niledb: Niledb, events: list[Event]
) -> None:
    stats_steps.write(niledb, [StepRow(77, 9, "other", "Other", "s", "email.send", 78, "", 0)])

    assert rows(pmctl, "contacts", "--campaign", "other") == []
    assert rows(pmctl, "domains", "--campaign", "other", *ALL) == []
    assert rows(pmctl, "export", "--campaign", "other") == []


def test_domains_equal_a_recount(pmctl: Run, events: list[Event]) -> None:
    found = {row["domain"]: row for row in rows(pmctl, "domains", *ALL)}

    for domain, ours in (("gmail.com", 1), ("web.de", 0)):
        mine = [one for one in events if bool(one["contact_id"] % 3) == bool(ours)]
        for type_ in ("sent", "opened", "clicked", "bounced", "unsubscribed"):
            assert found[domain][type_] == recount(mine, type_)[0], type_
        human = rows(pmctl, "domains", *ALL, "--agent", "human")
        opened = {row["domain"]: row["opened"] for row in human}
        assert opened[domain] == recount(mine, "opened", human=True)[0]


def test_an_export_has_every_event_once_in_order_with_its_step(
    pmctl: Run, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stats_export, "PAGE", 37)  # many pages, some ending within a second

    found = rows(pmctl, "export")

    assert Counter(row["id"] for row in found) == Counter(one["id"] for one in events)
    assert [row["occurred_at"] for row in found] == sorted(row["occurred_at"] for row in found)
    steps = {row["campaign_event_id"]: (row["campaign"], row["step"]) for row in found}
    assert steps[11] == ("welcome", "offer")
    assert {row["step"] for row in found if row["event_type"] == "unsubscribed"} == {"offer"}
    assert {row["campaign"] for row in found if row["event_type"] == "bounced"} == {""}
    assert "payload" not in found[0]


def test_events_of_the_same_moment_are_not_lost_between_pages(
    pmctl: Run, niledb: Niledb, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(niledb, [event(n, "sent", BEGIN, n) for n in range(1, 21)])
    monkeypatch.setattr(stats_export, "PAGE", 5)

    assert sorted(row["contact_id"] for row in rows(pmctl, "export")) == list(range(1, 21))


def test_an_export_in_json_holds_no_more_than_a_page(
    pmctl: Run, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is asked for next is asked for when what came is written."""
    monkeypatch.setattr(stats_export, "PAGE", 50)
    execute, written = Niledb.execute, []

    def noted(self: Niledb, statement: Any, *args: Any, **more: Any) -> Any:
        if statement == stats_export._EVENTS:
            assert isinstance(sys.stdout, io.StringIO)
            written.append(sys.stdout.getvalue().count('"received_at"'))
        return execute(self, statement, *args, **more)

    monkeypatch.setattr(Niledb, "execute", noted)
    assert len(rows(pmctl, "export")) == len(events)
    assert written[:4] == [0, 50, 100, 150]


def test_a_limit_of_an_export_says_that_it_cut(pmctl: Run, events: list[Event]) -> None:
    code, out, err = pmctl("stats", "export", "--limit", "3", "-o", "jsonl")

    assert (code, len(out.splitlines())) == (0, 3)
    assert "stopped after 3 events" in err
    everything = pmctl("stats", "export", "--limit", str(len(events)), "-o", "jsonl")
    assert "stopped" not in everything[2]


def test_an_export_of_a_type_a_period_and_with_what_mautic_sent(
    pmctl: Run, events: list[Event]
) -> None:
    words = ["--type", "opened", "--since", "2026-10-08", "--until", "2026-10-20", "--payload"]

    found = rows(pmctl, "export", *words)

    assert {row["event_type"] for row in found} == {"opened"}
    assert len(found) == recount(events, "opened", since="2026-10-08", until="2026-10-20")[1]
    assert all("emailAddress" in row["payload"]["stat"] for row in found)


def test_an_export_takes_no_more_memory_for_more_events(niledb: Niledb) -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        for _ in stats_export.events(niledb, Period(), (), payload=True):
            count -= 1
        assert count == 0
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    made = [event(n, "sent", BEGIN, n, payload={"x": "y" * 300}) for n in range(1, 20_001)]
    store(niledb, made[:5000])
    few = peak(5000)
    store(niledb, made[5000:])
    assert peak(20_000) < few * 1.5


def test_csv_holds_no_formula_whatever_a_step_is_called(
    pmctl: Run, niledb: Niledb, events: list[Event]
) -> None:
    evil = '=HYPERLINK("https://evil.example","x")'
    stats_steps.write(niledb, [StepRow(11, 5, "welcome", "W", evil, "email.send", 31, "", 0)])

    _, out, _ = pmctl("stats", "export", "-o", "csv")
    steps = {row["step"] for row in csv.DictReader(io.StringIO(out))}
    assert f"'{evil}" in steps
    assert not any(step.startswith("=") for step in steps)
    _, out, _ = pmctl("stats", "steps", "welcome", "-o", "csv")
    assert not any(row["step"].startswith("=") for row in csv.DictReader(io.StringIO(out)))
    assert evil in {row["step"] for row in rows(pmctl, "export")}  # JSON has it as it is


@given(st.text(), st.integers())
def test_a_guarded_text_begins_with_nothing_that_a_spreadsheet_evaluates(
    text: str, number: int
) -> None:
    found = guarded({"text": text, "number": number})
    assert found["number"] == number
    assert found["text"] in (text, f"'{text}")
    assert found["text"].lstrip(" ")[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n")


def test_an_export_of_nothing_is_a_sentence(pmctl: Run, database: str) -> None:
    for command in ("export", "contacts", "domains"):
        code, out, err = pmctl("stats", command)
        assert (code, out) == (0, "")
        assert "no events yet" in err
    assert pmctl("stats", "export", "-o", "json")[1] == "[]\n"


def test_mautics_own_figures_stand_beside_ours(
    pmctl: Run, sandbox: MauticSandbox, niledb: Niledb, file: Path
) -> None:
    segment = next(k for k, one in sandbox.store.segments.items() if one["alias"] == "trial-day-2")
    for n in range(5):
        key = sandbox.store.add_contact(f"c{n}@example.org")
        sandbox.store.contacts[key]["segments"].append(segment)
    assert pmctl("campaign", "apply", file)[0] == 0
    sandbox.cron()
    mails = [one for one in sandbox.sent if one.event]
    assert len(mails) >= 5
    sandbox.open(mails[0].contact, "offer")
    sandbox.click(mails[1].contact, "offer")  # an open too
    about = {"campaign_event_id": mails[0].event, "email_id": mails[0].email}
    store(niledb, [event(n, "sent", BEGIN, n, **about) for n in range(1, 4)])
    store(niledb, [event(50, "opened", BEGIN, 1, **about)])

    found = {
        (row["step"], row["metric"]): (row["ours"], row["mautic"], row["missing"])
        for row in rows(pmctl, "campaign", "nudge", "--compare", "mautic")
    }

    assert found["offer", "sent"] == (3, len(mails), len(mails) - 3)
    assert found["offer", "opened"] == (1, 2, 1)
    assert found["offer", "clicks"] == (0, 1, 1)
    assert found["resend", "sent"] == (0, 0, 0)
    assert "pmctl webhook backfill" in pmctl("stats", "campaign", "nudge", "--compare", "mautic")[2]


def test_only_all_of_time_can_be_compared(pmctl: Run) -> None:
    code, _, err = pmctl("stats", "campaign", "nudge", "--compare", "mautic", "--since", "7d")

    assert code == 64
    assert "all time" in err
