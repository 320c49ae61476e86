"""The names of steps: noted by `campaign apply`, learnt by `stats sync`, kept when steps go."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pmctl.backends.niledb import Niledb
from pmctl.clients import stats_steps
from pmctl.clients.stats_steps import StepRow
from pmctl.sandbox.server import MauticSandbox
from tests.campaigns import NUDGE
from tests.conftest import Run
from tests.mailings import BEGIN, Event, event, store
from tests.postgres import Server
from tests.sandboxes import call, campaigns_in

AB = """\
version: 1
key: ab
name: AB
audience: {segments: [trial-day-2]}
steps:
  - email: offer
    variants:
      - {id: a, subject: One, body: One}
      - {id: b, subject: Two, body: Two, weight: 30}
"""


def known(niledb: Niledb) -> dict[str, StepRow]:
    return {row.step + row.variant: row for row in stats_steps.read(niledb)}


def test_apply_notes_the_steps_that_it_wrote(
    pmctl: Run, sandbox: MauticSandbox, niledb: Niledb, file: Path, statements: list[str]
) -> None:
    statements.clear()

    code, _, err = pmctl("campaign", "apply", file)

    assert (code, "stats" in err) == (0, False)
    noted = [one for one in statements if "insert into campaign_steps" in one]
    assert len(noted) == 1
    live = campaigns_in(sandbox)[0]
    ids = {
        e["properties"].get("email"): e["id"] for e in live["events"] if e["type"] == "email.send"
    }
    found = known(niledb)
    assert found["offer"].key == "nudge"
    assert found["offer"].campaign_event_id == ids[found["offer"].email_id]
    assert found["resend"].campaign_event_id == ids[found["resend"].email_id]
    assert found["offer"].position < found["resend"].position


def test_figures_go_by_the_step_of_the_file_after_an_apply(
    pmctl: Run, sandbox: MauticSandbox, niledb: Niledb, file: Path
) -> None:
    assert pmctl("campaign", "apply", file)[0] == 0
    row = known(niledb)["offer"]
    about = {"campaign_event_id": row.campaign_event_id, "email_id": row.email_id}
    store(niledb, [event(n, "sent", BEGIN, n, **about) for n in range(1, 41)])

    _, out, _ = pmctl("stats", "steps", "nudge", "-o", "json")

    assert [(one["step"], one["sent"]) for one in json.loads(out)] == [("offer", 40), ("resend", 0)]


def test_the_variants_of_an_ab_step_are_noted(
    pmctl: Run, sandbox: MauticSandbox, niledb: Niledb, file: Path
) -> None:
    file.write_text(AB)

    assert pmctl("campaign", "apply", file)[0] == 0

    found = known(niledb)
    assert found["offer"].email_id != found["offerb"].email_id
    assert found["offer"].campaign_event_id == found["offerb"].campaign_event_id
    by_sync = {(row.step, row.variant, row.email_id) for row in found.values()}
    assert pmctl("stats", "sync")[0] == 0
    assert {(row.step, row.variant, row.email_id) for row in known(niledb).values()} == by_sync


def test_apply_makes_the_tables_where_there_are_none(
    pmctl: Run, sandbox: MauticSandbox, server: Server, database: str, file: Path
) -> None:
    code, _, err = pmctl("campaign", "apply", file)

    assert (code, "stats" in err) == (0, False)
    with server.connect(database) as connection:
        assert connection.execute("select count(*) from campaign_steps").fetchone() != (0,)


def test_an_apply_succeeds_when_the_names_cannot_be_noted(
    pmctl: Run, sandbox: MauticSandbox, server: Server, database: str, file: Path
) -> None:
    with server.connect(database) as connection:  # another program's table
        connection.execute("create table campaign_steps (id int)")
        connection.execute("create table marketing_events (id int)")

    code, out, err = pmctl("campaign", "apply", file)

    assert code == 0
    assert "nudge" in out
    assert "stats cannot name these steps yet" in err
    assert "pmctl stats sync" in err


def test_without_a_database_apply_says_nothing_of_one(
    pmctl: Run, sandbox: MauticSandbox, file: Path
) -> None:
    code, _, err = pmctl("campaign", "apply", file)

    assert (code, "stats" in err) == (0, False)


def test_sync_learns_campaigns_that_were_there_before(
    pmctl: Run, sandbox: MauticSandbox, niledb: Niledb, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        for name in ("HOST", "DATABASE", "USER", "PASSWORD", "TENANT_ID"):
            patch.delenv(f"PMCTL_NILEDB_{name}")
        assert pmctl("campaign", "apply", file)[0] == 0
    assert known(niledb) == {}

    code, out, _ = pmctl("stats", "sync", "--dry-run", "-o", "json")
    assert (code, json.loads(out)[0]["emails"]) == (0, 2)
    assert known(niledb) == {}

    assert pmctl("stats", "sync")[0] == 0
    assert {"offer", "resend"} <= set(known(niledb))


def test_a_campaign_of_the_builder_goes_by_its_id_and_the_names_of_its_events(
    pmctl: Run, sandbox: MauticSandbox, niledb: Niledb, file: Path
) -> None:
    assert pmctl("campaign", "apply", file)[0] == 0
    made = campaigns_in(sandbox)[0]
    call(sandbox, f"campaigns/{made['id']}/edit", "PATCH", {"description": "mine now"})
    with_events = stats_steps.read(niledb)
    assert with_events

    code, out, _ = pmctl("stats", "sync", "-o", "json")

    assert code == 0
    assert json.loads(out)[0]["key"] == str(made["id"])


def test_a_step_that_left_the_file_keeps_its_name(
    pmctl: Run, sandbox: MauticSandbox, niledb: Niledb, file: Path
) -> None:
    assert pmctl("campaign", "apply", file)[0] == 0
    file.write_text(NUDGE.replace("      - email: resend\n        subject: Again\n"
                                  "        body: Hello again\n",
                                  "      - tag: {add: [cold]}\n"))  # fmt: skip

    assert pmctl("campaign", "apply", file)[0] == 0

    found = known(niledb)
    assert (found["offer"].live, found["resend"].live) == (True, False)


def test_renaming_a_step_takes_its_figures_along(
    pmctl: Run, sandbox: MauticSandbox, niledb: Niledb, file: Path
) -> None:
    assert pmctl("campaign", "apply", file)[0] == 0
    row = known(niledb)["resend"]
    about = {"campaign_event_id": row.campaign_event_id, "email_id": row.email_id}
    store(niledb, [event(n, "sent", BEGIN, n, **about) for n in range(1, 6)])
    file.write_text(NUDGE.replace("email: resend", "email: reminder")
                    + "moved: [{from: resend, to: reminder}]\n")  # fmt: skip

    assert pmctl("campaign", "apply", file)[0] == 0

    _, out, _ = pmctl("stats", "steps", "nudge", "-o", "json")
    assert {one["step"]: one["sent"] for one in json.loads(out)} == {"offer": 0, "reminder": 5}


def test_a_rollback_notes_the_events_that_it_made_anew(
    pmctl: Run, sandbox: MauticSandbox, niledb: Niledb, file: Path
) -> None:
    assert pmctl("campaign", "apply", file)[0] == 0
    before = known(niledb)["resend"].campaign_event_id
    file.write_text(NUDGE.replace("      - email: resend\n        subject: Again\n"
                                  "        body: Hello again\n",
                                  "      - tag: {add: [cold]}\n"))  # fmt: skip
    assert pmctl("campaign", "apply", file)[0] == 0

    code, _, err = pmctl("campaign", "rollback", "nudge", "--yes")

    assert code == 0, err
    rows = [row for row in stats_steps.read(niledb) if row.step == "resend"]
    assert {row.campaign_event_id for row in rows if not row.live} == {before}
    assert len([row for row in rows if row.live]) == 1


def test_adopting_a_campaign_names_its_steps_for_stats(
    pmctl: Run, sandbox: MauticSandbox, niledb: Niledb, tmp_path: Path, file: Path
) -> None:
    assert pmctl("campaign", "apply", file)[0] == 0
    made = campaigns_in(sandbox)[0]
    call(sandbox, f"campaigns/{made['id']}/edit", "PATCH", {"description": ""})
    pulled = tmp_path / "pulled"
    code, _, err = pmctl("campaign", "pull", "--id", made["id"], "--as", "taken", "--dir", pulled)
    assert code == 0, err

    code, _, err = pmctl("campaign", "adopt", pulled / "taken.yaml", "--id", made["id"], "--yes")

    assert code == 0, err
    assert {row.key for row in stats_steps.read(niledb) if row.live} == {"taken"}


def rows_of(campaign: int, event_id: int, env: str, step: str = "offer") -> StepRow:
    return StepRow(
        event_id, campaign, "welcome", f"Welcome {campaign}", step, "email.send", event_id, "", 0,
        env,
    )  # fmt: skip


def sends(step: int, count: int) -> list[Event]:
    return [
        event(100 * step + n, "sent", BEGIN, n, campaign_event_id=step, email_id=step)
        for n in range(1, count + 1)
    ]


def sent_by_step(pmctl: Run, *argv: str) -> dict[str, int]:
    code, out, err = pmctl("stats", "steps", "welcome", "-o", "json", *argv)
    assert code == 0, err
    return {row["step"]: row["sent"] for row in json.loads(out)}


def test_a_campaign_of_the_same_key_in_another_context_has_figures_of_its_own(
    pmctl: Run, niledb: Niledb
) -> None:
    stats_steps.write(niledb, [rows_of(5, 11, "default"), rows_of(6, 21, "staging", "test")])
    store(niledb, sends(11, 2))
    store(niledb, sends(21, 3))

    assert sent_by_step(pmctl) == {"offer": 2}
    code, out, _ = pmctl("stats", "steps", "6", "-o", "json")
    assert (code, [row["sent"] for row in json.loads(out)]) == (0, [3])


def test_a_campaign_that_only_another_context_has_is_not_shown_for_ours(
    pmctl: Run, niledb: Niledb
) -> None:
    stats_steps.write(niledb, [rows_of(6, 21, "staging")])

    code, _, err = pmctl("stats", "campaign", "welcome")

    assert code == 3
    assert "no campaign welcome of the context default" in err
    assert "staging" in err


def test_steps_noted_before_contexts_were_keep_their_figures(pmctl: Run, niledb: Niledb) -> None:
    stats_steps.write(niledb, [rows_of(5, 12, "", "old"), rows_of(5, 11, "default")])
    store(niledb, sends(11, 1) + sends(12, 1))

    assert sent_by_step(pmctl) == {"offer": 1, "old": 1}


def test_a_mail_that_is_not_noted_counts_for_the_step_that_sent_it(
    pmctl: Run, niledb: Niledb
) -> None:
    stats_steps.write(niledb, [rows_of(5, 11, "default")])
    store(niledb, [*sends(11, 2), event(9, "sent", BEGIN, 9, campaign_event_id=11, email_id=77)])

    assert sent_by_step(pmctl) == {"offer": 3}


def test_an_apply_notes_its_context(
    pmctl: Run, sandbox: MauticSandbox, niledb: Niledb, file: Path
) -> None:
    assert pmctl("campaign", "apply", file)[0] == 0
    assert {row.env for row in stats_steps.read(niledb)} == {"default"}
