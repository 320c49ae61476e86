"""plan names who changed what, after random changes of the file and in the builder."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pmctl.clients.campaign_names import LISTINGS
from pmctl.clients.sources import Source
from pmctl.sandbox.server import MauticSandbox
from pmctl.sequence import live as live_shape
from pmctl.sequence.facts import Facts, held, wanted
from pmctl.sequence.graph import Refused
from pmctl.sequence.matching import match
from pmctl.sequence.payload import Desired, Names
from pmctl.sequence.plan import Live
from tests.campaigns import NUDGE, event_ids
from tests.conftest import Run
from tests.sandboxes import call, campaigns_in, emails_in, stock, use
from tests.sequence.strategies import sequences
from tests.sequence.test_payload import compiled

NOTHING = "1 campaign: 1 up to date\n"
Edit = Callable[[Any, st.DataObject], None]


def builder_saves(sandbox: MauticSandbox, change: Callable[[dict[str, Any]], None]) -> None:
    """Save the only campaign as the builder does: all of it as it was read, but for a change."""
    (campaign,) = [one for one in campaigns_in(sandbox) if one["events"]]
    body = {key: campaign[key] for key in (
        "name", "description", "isPublished", "allowRestart", "lists", "forms", "events",
        "canvasSettings",
    )}  # fmt: skip
    change(body)
    call(sandbox, f"campaigns/{campaign['id']}/edit", "PUT", body)


def somebody_edits(sandbox: MauticSandbox, number: int, **fields: Any) -> None:
    """Save an email by hand."""
    call(sandbox, f"emails/{number}/edit", "PATCH", fields)


def the_plan(pmctl: Run, file: Path) -> dict[str, Any]:
    code, out, err = pmctl("campaign", "plan", file, "-o", "json")
    assert code == 0, err
    (row,) = json.loads(out)
    assert isinstance(row, dict)
    return row


def by_object(row: dict[str, Any]) -> dict[str, str]:
    return {f"{c['op']} {c['kind']} {c['name']}".rstrip(): c["by"] for c in row["changes"]}


@pytest.fixture
def live(file: Path, pmctl: Run, sandbox: MauticSandbox) -> MauticSandbox:
    code, _, err = pmctl("campaign", "apply", file)
    assert code == 0, err
    return sandbox


def test_what_the_file_changed_is_yours(live: MauticSandbox, file: Path, pmctl: Run) -> None:
    file.write_text(
        NUDGE.replace("A question", "News").replace("within: 3d", "within: 2d")
        + "      - tag: {add: [cold]}\n"
    )

    row = the_plan(pmctl, file)

    assert set(by_object(row).values()) == {"you"}
    assert "create event tag+cold main/offer.opened=no" in by_object(row)


def test_what_the_builder_changed_is_named_and_only_then_overwritten(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    ids = event_ids(live)

    def change(body: dict[str, Any]) -> None:
        body["name"] = "Renamed in Mautic"
        event = next(e for e in body["events"] if e["name"] == "Again")
        event.update(triggerInterval=9)

    builder_saves(live, change)
    somebody_edits(live, 1, subject="By hand")

    row = the_plan(pmctl, file)
    assert by_object(row) == {
        "update campaign": "builder",
        "update email offer": "builder",
        "update event resend main/offer.opened=no": "builder",
    }
    _, out, _ = pmctl("campaign", "plan", file)
    assert out.count("(changed in Mautic)") == 3

    code, _, err = pmctl("campaign", "apply", file, "--yes")
    assert code == 0
    assert err.splitlines() == [
        "warning: nudge: campaign is overwritten (changed in Mautic)",
        "warning: nudge: email offer is overwritten (changed in Mautic)",
        "warning: nudge: event resend main/offer.opened=no is overwritten (changed in Mautic)",
    ]
    assert event_ids(live) == ids
    assert pmctl("campaign", "plan", file)[1] == NOTHING


def test_one_field_changed_on_both_sides_is_a_conflict(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    somebody_edits(live, 1, subject="By hand")
    file.write_text(NUDGE.replace("A question", "In the file"))

    _, out, _ = pmctl("campaign", "plan", file)

    assert "email offer  (conflict: changed here and in Mautic)" in out


def test_different_fields_of_one_email_are_told_apart(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    somebody_edits(live, 1, plainText="By hand")
    file.write_text(NUDGE.replace("steps:", "send: {reply_to: ana@example.com}\nsteps:"))

    (mail,) = [c for c in the_plan(pmctl, file)["changes"] if c["name"] == "offer"]

    assert {f["field"]: f["by"] for f in mail["fields"]} == {
        "plainText": "builder",
        "replyToAddress": "you",
    }
    assert mail["by"] == "both"


def test_a_save_without_a_change_is_no_difference(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    def fill_in(body: dict[str, Any]) -> None:
        """The form leaves all of itself in the properties; the editor wraps the description."""
        lines = body["description"].split("\n")
        body["description"] = "".join(f"<p>{line}</p>" for line in lines)
        for place, event in enumerate(body["events"]):
            form = {"canvasSettings": {"droppedX": "1"}, "anchor": "bottom", "_token": "x"}
            event["properties"] = {**(event["properties"] or {}), **form, "name": event["name"]}
            event["order"] = 9 - place
        for node in body["canvasSettings"]["nodes"]:
            node["positionX"] = str(int(node["positionX"]) + 300)

    builder_saves(live, fill_in)
    somebody_edits(live, 1, subject="A question")  # the revision moves, nothing else
    assert emails_in(live)[0]["revision"] > 1

    assert pmctl("campaign", "plan", file)[1] == NOTHING

    # and what changes then is still told right
    somebody_edits(live, 2, subject="By hand")
    assert set(by_object(the_plan(pmctl, file)).values()) == {"builder"}


def test_an_event_deleted_in_the_builder_is_not_yours(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    gone = event_ids(live)["pmctl step=tag+warm path=main/offer.opened=yes"]

    def delete(body: dict[str, Any]) -> None:
        body["events"] = [e for e in body["events"] if e["id"] != gone]
        canvas = body["canvasSettings"]
        canvas["connections"] = [
            c for c in canvas["connections"] if str(gone) not in (c["sourceId"], c["targetId"])
        ]

    builder_saves(live, delete)

    found = by_object(the_plan(pmctl, file))

    assert found["create event tag+warm main/offer.opened=yes"] == "builder"


def test_an_event_of_the_builder_is_shown_as_such(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    def add(body: dict[str, Any]) -> None:
        last = next(e for e in body["events"] if e["name"] == "Again")
        body["events"].append({
            "id": "new1", "name": "By hand", "type": "lead.changetags", "eventType": "action",
            "properties": {"add_tags": ["x"]}, "triggerMode": "immediate",
        })  # fmt: skip
        body["canvasSettings"]["connections"].append({
            "sourceId": str(last["id"]), "targetId": "new1",
            "anchors": {"source": "bottom", "target": "top"},
        })  # fmt: skip

    builder_saves(live, add)

    assert by_object(the_plan(pmctl, file)) == {
        "delete event 'By hand' (made in the builder)": "builder"
    }


def test_an_email_deleted_by_hand_is_not_yours(live: MauticSandbox, file: Path, pmctl: Run) -> None:
    call(live, "emails/2/delete", "DELETE")

    found = by_object(the_plan(pmctl, file))

    assert found["create email resend"] == "builder"
    assert found["update event resend main/offer.opened=no"] == "builder"


def test_without_notes_nobody_is_named(live: MauticSandbox, file: Path, pmctl: Run) -> None:
    for event in live.store.campaigns[1]["events"]:
        event["description"] = " ".join(event["description"].split(" ")[:3])
    campaign = live.store.campaigns[1]
    campaign["description"] = campaign["description"].rpartition(" own=")[0]
    assert pmctl("campaign", "plan", file)[1] == NOTHING  # notes alone are no difference
    somebody_edits(live, 1, subject="By hand")
    file.write_text(NUDGE.replace("within: 3d", "within: 2d") + "      - tag: {add: [cold]}\n")

    row = the_plan(pmctl, file)

    assert set(by_object(row).values()) == {"unknown"}
    assert pmctl("campaign", "apply", file)[0] == 0
    file.write_text(NUDGE)
    assert set(by_object(the_plan(pmctl, file)).values()) == {"you"}


def test_what_mautic_unpublished_itself_is_named_with_the_figures(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    event = event_ids(live)["pmctl step=offer path=main"]
    for contact in (1, 2, 3, 4):
        live.store.put_member(1, contact)
        live.store.put_passed(event, contact)
        live.store.put_sent(1, contact, event)
    live.store.sent[0]["is_failed"] = "1"
    call(live, "campaigns/1/edit", "PATCH", {"isPublished": False})

    _, out, _ = pmctl("campaign", "plan", file)

    assert "~ campaign  (by Mautic itself)" in out
    assert "Mautic unpublished it: 1 of 4 mails failed" in out


def test_what_somebody_unpublished_without_failures_is_theirs(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    call(live, "campaigns/1/edit", "PATCH", {"isPublished": False})

    assert by_object(the_plan(pmctl, file)) == {"update campaign": "builder"}


def test_an_email_that_nobody_touched_is_not_rendered(
    live: MauticSandbox, file: Path, pmctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("rendered")

    monkeypatch.setattr("pmctl.sequence.body.render", refuse)

    assert pmctl("campaign", "plan", file)[1] == NOTHING
    somebody_edits(live, 1, subject="By hand")
    assert pmctl("campaign", "plan", file)[0] == 70  # now it has to be: the patch was in force


# Random sequences, random changes on both sides.


def _texts(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for step in steps:
        found.append(step)
        found += _texts(step.get("then", []))
        found += _texts(step.get("else", []))
    return found


def _file_edits(value: dict[str, Any], data: st.DataObject) -> None:
    emails = [step for step in _texts(value["steps"]) if "email" in step]
    for edit in data.draw(st.sets(st.sampled_from(("subject", "body", "name", "reentry", "end")))):
        if edit in ("subject", "body") and emails:
            step = data.draw(st.sampled_from(emails))
            (step["variants"][-1] if "variants" in step else step)[edit] = f"{edit} of the file"
        elif edit == "name":
            value["name"] = "Name of the file"
        elif edit == "reentry":
            value["reentry"] = "allowed" if value["reentry"] == "never" else "never"
        elif edit == "end":
            _put_at_the_end(value)


def _put_at_the_end(value: dict[str, Any]) -> None:
    value["steps"].append({"email": "last", "subject": "New", "body": "New"})
    try:
        compiled(value)
    except Refused:  # nobody comes there
        value["steps"].pop()


def _builder_edits(sandbox: MauticSandbox, data: st.DataObject) -> None:
    def change(body: dict[str, Any]) -> None:
        kinds = ("event", "when", "name", "text", "published")
        for edit in data.draw(st.sets(st.sampled_from(kinds))):
            event = data.draw(st.sampled_from(body["events"]))
            if edit == "event":
                event["name"] = "Name of the builder"
            elif edit == "when":
                event.update(triggerMode="interval", triggerInterval=77, triggerIntervalUnit="d")
            elif edit == "name":
                body["name"] = "Name of the builder"
            elif edit == "text":
                body["description"] = f"By hand\n{body['description']}"
            else:
                body["isPublished"] = not body["isPublished"]

    if data.draw(st.booleans()):
        builder_saves(sandbox, change)
    for mail in emails_in(sandbox):
        if data.draw(st.sampled_from((True, False, False))):
            field = data.draw(st.sampled_from(("subject", "plainText", "same")))
            value = {"subject": mail["subject"]} if field == "same" else {field: "By hand"}
            somebody_edits(sandbox, mail["id"], **value)


def _live(sandbox: MauticSandbox) -> Live:
    (campaign,) = [one for one in campaigns_in(sandbox) if one["events"]]
    mails = [mail for row in emails_in(sandbox) if (mail := live_shape.mail(row))]
    return Live(live_shape.campaign(campaign), tuple(mails))


def _names(sandbox: MauticSandbox, live: Live) -> Names:
    store = sandbox.store
    word = {"segment": "alias", "form": "alias", "stage": "name", "user": "username",
            "company": "companyname", "asset": "alias"}  # fmt: skip
    tables = {kind: getattr(store, LISTINGS[kind][0]) for kind in word}
    ids: dict[str, dict[str, int | str]] = {
        kind: {row[word[kind]]: key for key, row in table.items()} for kind, table in tables.items()
    }
    ids["user"] |= {row["email"]: key for key, row in store.users.items()}
    ids["campaign"] = {row["name"]: key for key, row in store.campaigns.items()}
    ids["email"] = {mail.step: mail.id for mail in live.mails}
    return Names(ids)


def _moved(before: Facts, after: Facts) -> set[tuple[str, str, str]]:
    return {
        (*subject, field)
        for subject, fields in before.items()
        for field, value in fields.items()
        if subject in after and after[subject].get(field) != value
    }


def _expected(change: dict[str, Any], mine: set[Any], theirs: set[Any]) -> dict[str, str]:
    """Who moved each field, known from what was done and not from any note."""
    fields = [(change["kind"], change["name"], f["field"]) for f in change["fields"]]
    of_object = [one for one in mine & theirs if one[:2] == (change["kind"], change["name"])]
    if of_object:
        return {field[2]: "both" for field in fields}
    return {field[2]: "you" if field in mine else "builder" for field in fields}


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_every_difference_is_given_to_who_made_it_and_is_gone_after_an_apply(
    data: st.DataObject, tmp_path: Path, pmctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = data.draw(sequences(budget=6))
    file = tmp_path / "random.yaml"
    shutil.rmtree(tmp_path / "home" / ".cache", ignore_errors=True)  # the token of another Mautic
    file.write_text(yaml.safe_dump(value, sort_keys=False))
    with MauticSandbox() as sandbox:
        use(sandbox, monkeypatch)
        stock(sandbox)
        code, _, err = pmctl("campaign", "apply", file, "--quiet")
        assert code == 0, err
        asked = Source(str(file)).compile({}).desired
        stood = _live(sandbox)
        names = _names(sandbox, stood)

        edited = copy.deepcopy(value)
        _file_edits(edited, data)
        _builder_edits(sandbox, data)
        file.write_text(yaml.safe_dump(edited, sort_keys=False))

        mine = _moved(wanted(asked, "default", names), _wanted(file, names))
        theirs = _moved(_held(asked, stood), _held(asked, _live(sandbox)))
        row = the_plan(pmctl, file)
        for change in row["changes"]:
            if change["op"] == "update":
                found = {field["field"]: field["by"] for field in change["fields"]}
                assert found == _expected(change, mine, theirs), (change, mine, theirs)
            else:
                assert change["by"] == "you"  # a step was put at the end of the file
        code, _, err = pmctl("campaign", "apply", file, "--quiet", "--force", "a test")
        assert code == 0, err
        assert pmctl("campaign", "plan", file, "--quiet")[1] == NOTHING


def _wanted(file: Path, names: Names) -> Facts:
    return wanted(Source(str(file)).compile({}).desired, "default", names)


def _held(want: Desired, live: Live) -> Facts:
    assert live.campaign is not None
    return held(live, want, match(want, live.campaign))
