"""Several Mautics and contexts on one database: each has figures of its own, and none is lost."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pmctl import audit
from pmctl.backends import niledb_mautics, niledb_schema, niledb_verify
from pmctl.backends.niledb import NO_TENANT, Niledb
from pmctl.clients import stats_steps
from pmctl.context import Context
from pmctl.errors import PmctlError
from tests.backends.test_niledb import at
from tests.cli.test_stats_sync import rows_of, sends
from tests.conftest import Run
from tests.mailings import BEGIN, ROWS, event, history, store
from tests.postgres import Server

ONE, TWO = "https://one.example.com", "https://two.example.com/m"


@pytest.fixture
def here(server: Server, database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Niledb]:
    """A database without tenants of NileDB's, as it was before Mautics had names."""
    monkeypatch.delenv("PMCTL_NILEDB_TENANT_ID")
    monkeypatch.setenv("PMCTL_NILEDB_SSLMODE", "disable")
    made = at(server, database=database, tenant_id="", connections=4)
    niledb_schema.prepare(made)
    yield made
    made.close()


@pytest.fixture
def sent(pmctl: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """The number of mails that a context sees, and what is said; "" is one without an address."""

    def sent(url: str) -> tuple[int, str]:
        monkeypatch.setenv("PMCTL_MAUTIC_URL", url)
        if not url:
            monkeypatch.delenv("PMCTL_MAUTIC_URL")
        code, out, err = pmctl("stats", "summary", "-o", "json")
        assert code == 0, err
        found = {row["metric"]: row["events"] for row in json.loads(out)}
        return found.get("sent", 0), err

    return sent


def everything(database: Niledb) -> dict[str, set[tuple[Any, ...]]]:
    """Every row of a Mautic, but when it was stored."""
    what = {
        "marketing_events": "id, event_type, contact_id, occurred_at, agent_class, payload::text",
        "event_counts": "day, campaign_event_id, email_id, event_type, agent, total, contacts",
        "event_firsts": "campaign_event_id, email_id, event_type, agent, contact_id, first_at",
        "campaign_steps": "campaign_event_id, campaign_key, step, email_id, env",
    }
    return {
        table: set(database.execute(
            f"select {names} from {table} where tenant_id = %s", (database.tenant,)
        ))
        for table, names in what.items()
    }  # fmt: skip


def test_two_mautics_in_one_database_without_tenants_share_no_figure(
    pmctl: Run, here: Niledb, sent: Any
) -> None:
    for url, count in ((ONE, 2), (TWO, 3)):
        of = here.of_mautic(url)
        niledb_schema.prepare(of)
        # what is the same in both Mautics has the same ids
        store(of, sends(11, count))

    for url, count in (("http://ONE.example.com/", 2), ("https://two.example.com/m/", 3)):
        assert sent(url)[0] == count
        assert pmctl("stats", "verify")[0] == 0
    count, said = sent("https://three.example.com")
    assert count == 0
    assert "of three.example.com yet; the database has those of one.example.com, two.ex" in said
    assert "without mautic.url yet" in sent("")[1]


def test_what_came_before_mautic_had_a_name_is_taken_over_once_and_whole(
    pmctl: Run, here: Niledb, sent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(niledb_mautics, "BATCH", 97)
    store(here, history())
    stats_steps.write(here, ROWS)
    before = everything(here)
    monkeypatch.setenv("PMCTL_MAUTIC_URL", ONE)
    found = json.loads(pmctl("webhook", "status", "-o", "json")[1])["database"]
    assert (found["nameless"], found["seen"]) == (True, [])  # a look takes nothing
    assert everything(here) == before

    count, said = sent(ONE)
    assert count == 400
    assert f"{len(before['marketing_events']):,} events came without mautic.url" in said
    assert "one.example.com" in said
    one = here.of_mautic(ONE)
    assert everything(one) == before
    assert not any(everything(here).values())
    assert niledb_verify.differences(one) == []
    (entry,) = audit.entries()
    assert (entry.target, entry.detail["adopted_events"]) == (
        "one.example.com", len(before["marketing_events"]),
    )  # fmt: skip
    assert sent(ONE) == (400, "all time; days are UTC\n")
    assert sent(TWO)[0] == 0
    assert everything(one) == before


def test_an_adoption_that_another_program_made_meanwhile_is_not_told_as_ours(
    here: Niledb, sent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both saw events of no Mautic; one waited for the other, and found none left."""
    store(here, sends(11, 2))
    standing = niledb_mautics.standing

    def seen(database: Niledb) -> niledb_mautics.Standing:
        found = standing(database)
        if found.nameless:
            niledb_mautics.adopt(database)
        return found

    monkeypatch.setattr(niledb_mautics, "standing", seen)
    assert sent(ONE) == (2, "all time; days are UTC\n")
    assert list(audit.entries()) == []


def test_a_second_mautic_takes_nothing_by_itself_and_nothing_is_hidden_in_silence(
    pmctl: Run, here: Niledb, sent: Any
) -> None:
    """A receiver without mautic.url, beside contexts that have one: nobody says whose it is."""
    one = here.of_mautic(ONE)
    niledb_schema.prepare(one)
    store(one, sends(11, 2))
    store(here, [*sends(11, 2), *sends(21, 3)])  # two of them came to both

    for url, count in ((ONE, 2), (TWO, 0)):
        found, said = sent(url)
        assert found == count
        assert "without mautic.url are not counted here; `pmctl stats adopt` takes" in said
    found, said = sent("")
    assert (found, "not counted" in said) == (5, False)

    sent(ONE)
    database = json.loads(pmctl("webhook", "status", "-o", "json")[1])["database"]
    assert (database["mautic"], database["nameless"]) == ("one.example.com", True)
    assert "5 events would become" in pmctl("stats", "adopt", "--dry-run")[2]
    assert pmctl("stats", "adopt")[0] == 64
    assert sent(ONE)[0] == 2
    code, _, said = pmctl("stats", "adopt", "--yes")
    assert (code, said) == (0, "5 events are those of one.example.com now\n")
    assert sent(ONE) == (5, "all time; days are UTC\n")
    assert pmctl("stats", "verify")[0] == 0
    assert "there are none" in pmctl("stats", "adopt", "--yes")[2]
    assert sent("")[0] == 0


def test_an_adoption_that_breaks_off_takes_nothing(
    here: Niledb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(niledb_mautics, "BATCH", 50)
    store(here, history(50))
    before, one = everything(here), here.of_mautic(ONE)
    niledb_schema.prepare(one)
    monkeypatch.setattr(niledb_mautics, "_LEFT", ("select 1 / 0",))
    with pytest.raises(PmctlError):
        niledb_mautics.adopt(one)

    assert everything(here) == before
    assert not any(everything(one).values())


def test_two_that_adopt_at_once_and_a_receiver_that_goes_on_lose_and_double_nothing(
    here: Niledb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(niledb_mautics, "BATCH", 20)
    store(here, history(40))
    of = len(everything(here)["marketing_events"])
    one = here.of_mautic(ONE)
    niledb_schema.prepare(one)
    start = threading.Barrier(3)
    failed: list[BaseException] = []

    def run(what: Callable[[], object]) -> None:
        start.wait(20)
        try:
            what()
        except BaseException as exc:
            failed.append(exc)

    def receive() -> None:
        for n in range(20):
            moment = BEGIN + timedelta(minutes=n)
            store(here, [event(10_000 + n, "sent", moment, n + 1)])

    whats = [lambda: niledb_mautics.adopt(one), lambda: niledb_mautics.adopt(one), receive]
    threads = [threading.Thread(target=run, args=(what,)) for what in whats]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failed == []
    niledb_mautics.adopt(one)

    assert len(everything(one)["marketing_events"]) == of + 20
    assert not any(everything(here).values())
    assert niledb_verify.differences(one) == []


def test_a_tenant_of_niledbs_sees_itself_alone_and_takes_nothing(
    pmctl: Run, niledb: Niledb, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`niledb` holds every statement against what NileDB takes: one tenant, and no other."""
    store(niledb, sends(11, 2))
    monkeypatch.setenv("PMCTL_MAUTIC_URL", ONE)
    code, out, err = pmctl("stats", "summary", "-o", "json")
    assert (code, json.loads(out)[0]["events"], err) == (0, 2, "all time; days are UTC\n")
    assert niledb.of_mautic(ONE) is niledb
    code, _, err = pmctl("stats", "adopt", "--yes")
    assert (code, "niledb.tenant_id" in err) == (78, True)


@pytest.mark.parametrize(
    ("url", "other"),
    [
        ("https://m.example.com", "http://M.example.com/"),
        ("https://m.example.com:443/x", "https://m.example.com/x/"),
    ],
)
def test_one_mautic_is_one_however_its_address_is_written(
    here: Niledb, url: str, other: str
) -> None:
    assert here.of_mautic(url).tenant == here.of_mautic(other).tenant != NO_TENANT
    assert here.of_mautic(url).tenant != here.of_mautic(f"{url}/y").tenant
    assert here.of_mautic("").tenant == NO_TENANT


def test_contexts_that_share_the_database_of_this_machine_do_not_share_figures(
    here: Niledb, pmctl: Run, home: Path, database: str, server: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    folder = home / ".config/pmctl"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(
        f'[contexts.production.mautic]\nurl = "{ONE}"\n[contexts.staging.mautic]\nurl = "{TWO}"\n'
    )
    for name, count in (("production", 4), ("staging", 1)):
        with Context({"context": name}) as context:
            found = context.database()
            stats_steps.write(found, [rows_of(5, 11, name)])
            store(found, sends(11, count))
    for name, count in (("production", 4), ("staging", 1)):
        code, out, _ = pmctl("--context", name, "stats", "steps", "welcome", "-o", "json")
        assert (code, [row["sent"] for row in json.loads(out)]) == (0, [count])
