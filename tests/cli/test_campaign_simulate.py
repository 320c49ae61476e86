"""`campaign simulate`: time lines, offline, and what is said when an option is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run
from tests.shell import ROOT

FILE = ROOT / "campaigns" / "trial-nudge.yaml"
HEAD = (
    "version: 1\nkey: k\nname: K\naudience: {segments: [s]}\n"
    "send: {from: {name: Ana, address: ana@mail.example.com}}\nsteps:\n"
)
MAIL = "  - email: {}\n    subject: Hello\n    body: Hello {{unsubscribe_text}}\n"
RAW = (
    "  - raw: {type: lead.device, kind: condition, name: By phone, properties: {}}\n"
    "    id: phone\n    then: [{tag: {add: [mobile]}}]\n    else: [{tag: {add: [desk]}}]\n"
)
FORM = "  - on: submitted\n    form: Demo\n    within: 3d\n    then: [{tag: {add: [asked]}}]\n"
ROOT_PAGE = (
    "  - raw: {type: page.pagehit, kind: decision, name: Looked, properties: {url: '*/price'},\n"
    "      trigger: {mode: immediate}}\n"
    "    id: looked\n    then: [{tag: {add: [looked]}}]\n"
    "    else: [{wait: 2d}, {tag: {add: [silent]}}]\n"
)
PAGE = "  - on: visited\n    url: ['*/price']\n    within: 3d\n    then: [{tag: {add: [looked]}}]\n"


def events(out: str) -> list[dict[str, Any]]:
    """The time line of the only contact in a JSON document."""
    (contact,) = json.loads(out)["contacts"]
    found: list[dict[str, Any]] = contact["events"]
    return found


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], Path]:
    def write(steps: str) -> Path:
        path = tmp_path / "k.yaml"
        path.write_text(HEAD + steps)
        return path

    return write


def test_an_open_leads_to_what_the_file_says_for_it(pmctl: Run):
    code, out, err = pmctl(
        "campaign", "simulate", FILE, "--opens", "first-answer@+2h", "-o", "json"
    )

    assert code == 0, err
    seen = [(one["at"], one["step"]) for one in events(out) if one["kind"] == "mail"]
    assert seen == [
        ("Mon 23 Nov 09:00", "first-answer"),
        ("Tue 24 Nov 11:00", "case-study"),
        ("Mon 30 Nov 11:00", "trial-end"),
    ]


def test_mail_waits_for_the_morning_of_the_contacts_zone(pmctl: Run):
    code, out, _ = pmctl(
        "campaign", "simulate", FILE, "--contact", "city=Boston",
        "--zone", "America/New_York", "--start",
        "2026-11-23T09:00:00", "-o", "json",
    )  # fmt: skip

    first = next(one for one in events(out) if one["kind"] == "mail")
    assert (code, first["at"], first["time"]) == (
        0, "Mon 23 Nov 09:00", "2026-11-23T14:00:00+00:00",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (("--opens", "frst-answer@+2h"), "did you mean first-answer?"),
        (("--opens", "first-answer@+2q"), "--opens first-answer@+2h"),
        (("--contact", "warm"), "--contact tag=warm"),
        (("--assume", "stop=yes"), "this sequence has none"),
        (("--assume", "stop"), "--assume STEP=yes"),
        (("--submits", "Demo@+1d"), "no step of this sequence waits for a form"),
        (("--visits", "https://example.com/@+1q"), "--visits https://example.com/@+2h"),
        (("--variant", "b"), "no email of this sequence has variants"),
        (("--zone", "Lisbon"), "--zone Europe/Lisbon"),
    ],
)
def test_a_wrong_option_is_one_error_with_a_hint(pmctl: Run, options: tuple[str, ...], hint: str):
    code, out, err = pmctl("campaign", "simulate", FILE, *options)

    assert (code, out) == (64, "")
    assert err.count("error:") == 1
    assert f"hint: {hint}" in err


def test_typical_contacts_stand_side_by_side_with_what_they_say_together(pmctl: Run):
    code, out, err = pmctl("campaign", "simulate", FILE)

    assert code == 0, err
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["never", "opens", "opens", "clicks", "replies", "unsubscribes"]
    assert lines[1].split() == ["23", "Nov", "09:00", *["first-answer"] * 5]
    assert lines[5].split() == ["26", "Nov", "09:05", "stuck", "stuck", "(stuck)"]
    assert "unreachable for these contacts: stop" in lines
    assert "last mail: after 7.1 days" in lines


def test_typical_contacts_stand_one_below_the_other_when_their_table_is_too_wide(
    pmctl: Run, file: Callable[[str], Path]
):
    _, out, _ = pmctl("campaign", "simulate", file(MAIL.format("a-name-of-many-letters")))

    names = [line for line in out.splitlines() if line and line[0] != " "][:5]
    assert names == ["never opens", "opens", "clicks", "replies", "unsubscribes"]
    assert out.count("  Mon 23 Nov 09:00  a-name-of-many-letters\n") == 5


def test_the_json_document_has_every_contact_and_the_summary(
    pmctl: Run, file: Callable[[str], Path]
):
    two = MAIL.format("one") + "  - wait: 30m\n" + MAIL.format("two")
    _, out, _ = pmctl("campaign", "simulate", file(two), "-o", "json")

    said = json.loads(out)
    assert (said["version"], said["key"], len(said["contacts"])) == (1, "k", 5)
    assert said["summary"]["unreachable"] == []
    assert said["summary"]["last_mail_after_days"] == 0.0
    assert said["summary"]["most_mails_in_7_days"]["opens"] == 2
    close = [one for one in said["summary"]["closer_than_an_hour"] if one["contact"] == "opens"]
    assert close == [{"contact": "opens", "steps": ["one", "two"], "minutes": 30}]


def test_a_list_of_every_contacts_events_is_csv(pmctl: Run):
    code, out, _ = pmctl("campaign", "simulate", FILE, "-o", "csv", "--columns", "contact,step")

    assert code == 0
    assert "unsubscribes,first-answer" in out.splitlines()


@pytest.mark.parametrize(("options", "way"), [((), "no"), (("--assume", "phone=yes"), "yes")])
def test_a_raw_condition_goes_the_way_that_is_assumed(
    pmctl: Run, file: Callable[[str], Path], options: tuple[str, ...], way: str
):
    _, out, err = pmctl(
        "campaign", "simulate", file(RAW), "--contact", "points=1", *options, "-o", "json"
    )

    ways = [one["note"] for one in events(out) if one["step"] == "phone"]
    assert ways == [way], err


@pytest.mark.parametrize(
    ("step", "option"),
    [(FORM, ("--submits", "Demo@+1d")), (PAGE, ("--visits", "https://example.com/price@+1d"))],
    ids=["form", "page"],
)
def test_what_a_contact_does_on_the_site_takes_its_path(
    pmctl: Run, file: Callable[[str], Path], step: str, option: tuple[str, str]
):
    path = file(MAIL.format("one") + step)
    _, out, err = pmctl("campaign", "simulate", path, *option, "-o", "json")
    _, other, _ = pmctl("campaign", "simulate", path, "--contact", "points=1", "-o", "json")

    taken = [one["time"] for one in events(out) if one["note"] == "yes"]
    assert taken == ["2026-11-24T09:00:00+00:00"], err
    assert [one for one in events(other) if one["note"] == "yes"] == []


@pytest.mark.parametrize(
    ("option", "ways"),
    [
        (("--visits", "https://example.com/price@+1d"), ["yes 2026-11-24T09:00:00+00:00"]),
        (("--visits", "https://example.com/other@+1d"), ["no 2026-11-25T09:00:00+00:00"]),
    ],
    ids=["looked", "silent"],
)
def test_a_question_with_nothing_above_it_is_answered_from_the_start(
    pmctl: Run, file: Callable[[str], Path], option: tuple[str, str], ways: list[str]
):
    _, out, err = pmctl("campaign", "simulate", file(ROOT_PAGE), *option, "-o", "json")

    asked = [one for one in events(out) if one["step"] == "looked"]
    assert [f"{one['note']} {one['time']}" for one in asked] == ways, err


def test_a_mistyped_form_or_condition_is_guessed(pmctl: Run, file: Callable[[str], Path]):
    path = file(MAIL.format("one") + FORM + RAW)

    assert "did you mean Demo?" in pmctl("campaign", "simulate", path, "--submits", "Deno")[2]
    assert "did you mean phone?" in pmctl("campaign", "simulate", path, "--assume", "phon=no")[2]


BY_FORM = HEAD.replace("audience: {segments: [s]}", "audience: {forms: [Demo]}")


def test_a_form_of_the_audience_lets_a_contact_in_when_it_is_sent(pmctl: Run, tmp_path: Path):
    path = tmp_path / "k.yaml"
    path.write_text(BY_FORM + MAIL.format("one"))

    words = ("campaign", "simulate", path, "-o", "json")
    code, out, err = pmctl(*words, "--submits", "Demo@+3d")
    assert code == 0, err
    seen = [(one["at"], one["kind"]) for one in events(out)]
    assert seen[:2] == [("Thu 26 Nov 09:00", "act"), ("Thu 26 Nov 09:00", "joined")]
    assert [one for one in seen if one[1] == "mail"] == [("Thu 26 Nov 09:05", "mail")]  # the cron


def test_where_only_a_form_lets_in_the_typical_contacts_send_it_at_the_start(
    pmctl: Run, tmp_path: Path
):
    path = tmp_path / "k.yaml"
    path.write_text(BY_FORM + MAIL.format("one"))

    code, out, err = pmctl("campaign", "simulate", path, "-o", "json")
    assert code == 0, err
    document = json.loads(out)
    assert document["summary"]["unreachable"] == []
    for contact in document["contacts"]:
        begins = [one["kind"] for one in contact["events"][:3]]
        assert begins == ["act", "joined", "mail"], contact["name"]


def test_a_form_that_is_neither_asked_for_nor_of_the_audience_is_an_error(
    pmctl: Run, tmp_path: Path
):
    path = tmp_path / "k.yaml"
    path.write_text(BY_FORM + MAIL.format("one"))

    code, _, err = pmctl("campaign", "simulate", path, "--submits", "Dmo")
    assert code == 64
    assert "did you mean Demo?" in err
