"""What Mautic 5.1.1 logged when it ran campaigns, and what the stand-in logs for the same.

Each file has a campaign, what happened to it and when, and the rows of its log afterwards.
"""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from pmctl.sandbox import cron, event
from pmctl.sandbox.acts import Acts
from pmctl.sandbox.clock import from_sql
from pmctl.sandbox.died import CronDiedError
from pmctl.sandbox.store import Store

FOLDER = Path(__file__).parents[1] / "data" / "mautic" / "executed"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
SLACK = datetime.timedelta(seconds=3)  # a run of the real cron took seconds
FATAL = {"05k-schedules", "08-12-cond-misc"}  # days [-1]; an owner that is no list
VALUES: dict[int, dict[str, Any]] = {
    11: {"firstname": "C1"},
    12: {"firstname": "C2"},
    30: {"firstname": "E1"},
    31: {"firstname": "E2"},
    141: {
        "firstname": "Ann",
        "attribution": 50,
        "attribution_date": "2026-11-25",
        "points": 9,
        "country": "Germany",
    },
}


def _store(recorded: dict[str, Any]) -> Store:
    store = Store()
    store.clock.set(from_sql(recorded["at"]))
    for key in (1, 2, 4, 46):
        store.start_ids("segments", key - 1)
        store.add_segment(f"segment-{key}")
    for key in sorted({int(row["lead_id"]) for row in recorded["rows"]}):
        store.start_ids("contacts", key - 1)
        store.add_contact(f"k{key}@example.org", **VALUES.get(key, {}))
    events = [
        {**event.blank(), **one, "triggerInterval": one.get("triggerInterval", 0)}
        for one in recorded["events"]
    ]
    more = {"lists": [], "forms": [], "allowRestart": False, "isPublished": True, "name": "C"}
    store.campaigns[recorded["campaign"]] = {"id": recorded["campaign"], "events": events, **more}
    for key in store.contacts:
        store.put_member(recorded["campaign"], key)
    for one in events:
        key = one["properties"].get("email", 0) if one["type"] == "email.send" else 0
        if 0 < key < 99999:
            published = key != 29
            mail = {"id": key, "name": f"mail {key}", "subject": "", "isPublished": published}
            store.emails[key] = {**mail, "sentCount": 0, "readCount": 0}
    _people(store)
    return store


def _people(store: Store) -> None:
    """What the contacts of these campaigns were like."""
    if 141 in store.contacts:
        store.contacts[141].update(tags=["l2tagk2315"], segments=[46], owner=1, stage=1)
        store.contacts[141]["dnc"]["email"] = {"reason": 1, "comments": ""}
        store.new_member(118, 141, manually=False)
    if 30 in store.contacts:
        store.contacts[30]["segments"] = [4]
        store.contacts[32]["dnc"]["email"] = {"reason": 1, "comments": ""}
    if 57 in store.contacts:
        store.contacts[57]["dnc"]["email"] = {"reason": 1, "comments": ""}
    store.rejected.add("k46@example.org")


def _run(store: Store, acts: list[list[Any]]) -> None:
    people = Acts(store)
    for act, at, *more in acts:
        store.clock.set(from_sql(at))
        if act == "cron":
            cron.trigger(store)
        else:
            getattr(people, act)(*more)


def _differences(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    wrong = []
    for name in sorted(set(theirs) | {"trigger_date", "channel", "channel_id"}):
        one, other = ours.get(name), theirs.get(name)
        if name in {"date_triggered", "trigger_date"} and one and other:
            if abs(from_sql(one) - from_sql(other)) > SLACK:
                wrong.append(f"{name}: {one} for {other}")
        elif one != other:
            wrong.append(f"{name}: {one!r} for {other!r}")
    return wrong


def _keyed(rows: list[dict[str, Any]]) -> dict[tuple[str, ...], dict[str, Any]]:
    return {(row["event_id"], row["lead_id"], row["rotation"]): row for row in rows}


@pytest.mark.parametrize("name", NAMES)
def test_the_log_is_the_one_that_mautic_wrote(name):
    recorded = json.loads((FOLDER / f"{name}.json").read_text())
    store = _store(recorded)
    acts = recorded.get("acts", [["cron", recorded["at"]]])

    if name in FATAL:
        with pytest.raises(CronDiedError):
            _run(store, acts)
    else:
        _run(store, acts)

    key = str(recorded["campaign"])
    ours = _keyed([row for row in store.log if row["campaign_id"] == key])
    theirs = _keyed(recorded["rows"])
    assert sorted(ours) == sorted(theirs)
    wrong = {key: _differences(ours[key], row) for key, row in theirs.items()}
    assert {key: found for key, found in wrong.items() if found} == {}


def test_who_wants_no_mail_got_none_though_the_log_does_not_tell():
    recorded = json.loads((FOLDER / "05k-d976-marketing.json").read_text())
    store = _store(recorded)

    cron.trigger(store)

    assert [row["lead_id"] for row in store.sent] == ["56"]
    assert {row["metadata"] for row in recorded["rows"]} == {"a:0:{}"}
