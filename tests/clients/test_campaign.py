"""plan and apply against a stand-in Mautic: what is written, in which order, and what is not."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from pmctl.sandbox import answers
from pmctl.sandbox.answers import Answer
from pmctl.sandbox.request import Request
from pmctl.sandbox.server import MauticSandbox
from tests.campaigns import NUDGE, OTHER, event_ids, in_two_lines, mail_ids, marker_of, written
from tests.conftest import Run
from tests.killing import kill_at
from tests.sandboxes import Do, answering, ask, call, campaigns_in, emails_in, stock, use
from tests.sequence.strategies import sequences
from tests.shell import PMCTL, run

OFFER = "pmctl step=offer path=main"
RESEND = "pmctl step=resend path=main/offer.opened=no"
NOTHING = "1 campaign: 1 up to date\n"


@pytest.fixture
def live(file: Path, pmctl: Run, sandbox: MauticSandbox) -> MauticSandbox:
    """A stand-in that holds the campaign of `file`; what was asked for it is forgotten."""
    code, _, err = pmctl("campaign", "apply", file)
    assert code == 0, err
    sandbox.reset_requests()
    return sandbox


# The first apply, and the one after it.


def test_a_campaign_is_made_unpublished_and_published_last(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    published: list[tuple[str, Any]] = []

    def look(request: Request, do: Do) -> Answer:
        answer = do(request)
        if request.method != "GET" and "token" not in request.path:
            states = [one["isPublished"] for one in sandbox.store.campaigns.values()]
            published.append((f"{request.method} {request.path}", states))
        return answer

    answering(sandbox, look)

    assert pmctl("campaign", "apply", file)[0] == 0
    assert published == [
        ("POST /api/emails/new", []),
        ("POST /api/emails/new", []),
        ("POST /api/campaigns/new", [False]),
        ("PATCH /api/campaigns/1/edit", [True]),
    ]


def test_it_is_read_back_before_it_is_published(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    assert pmctl("campaign", "apply", file)[0] == 0

    sent = [f"{seen.method} {seen.path}" for seen in sandbox.requests]
    made, shown = sent.index("POST /api/campaigns/new"), sent.index("PATCH /api/campaigns/1/edit")
    assert "GET /api/campaigns/1" in sent[made:shown]
    assert "GET /api/campaigns/1" in sent[shown:]


def test_a_sequence_that_says_so_stays_unpublished(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    file.write_text(OTHER)

    code, out, _ = pmctl("campaign", "apply", file)

    assert (code, out.splitlines()[0]) == (0, "other: created, not published (campaign 1)")
    assert written(sandbox) == ["POST /api/emails/new", "POST /api/campaigns/new"]
    assert pmctl("campaign", "apply", file)[1] == NOTHING


def test_an_unchanged_campaign_costs_two_reads_beyond_the_listings(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    assert pmctl("campaign", "apply", file)[:2] == (0, NOTHING)

    paths = [seen.path.partition("?")[0] for seen in live.requests]
    assert sorted(paths) == [
        "/api/campaigns",
        "/api/campaigns/1",
        "/api/emails",
        "/api/segments",
    ]
    assert written(live) == []


# Changes: in place, by numeric ids.


def test_a_change_keeps_every_id_and_is_sent_by_numeric_ids(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    events, mails = event_ids(live), mail_ids(live)
    sent: list[dict[str, Any]] = []

    def note(request: Request, do: Do) -> Answer:
        if request.method == "PUT":
            sent.append(json.loads(request.body))
        return do(request)

    answering(live, note)
    file.write_text(
        NUDGE.replace("A question", "Another question")
        .replace("body: Hello again", "body: Hello once more")
        .replace("within: 3d", "within: 36h")
    )

    assert pmctl("campaign", "apply", file)[0] == 0
    assert written(live) == [
        "PATCH /api/emails/1/edit",
        "PATCH /api/emails/2/edit",
        "PUT /api/campaigns/1/edit",
    ]
    assert sorted(event["id"] for event in sent[0]["events"]) == sorted(events.values())
    assert (sent[0]["isPublished"], sent[0]["lists"]) == (True, [{"id": 2}])
    assert (event_ids(live), mail_ids(live)) == (events, mails)
    assert pmctl("campaign", "plan", file)[1] == NOTHING


def test_a_new_step_gets_a_new_id_and_leaves_the_others_alone(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    before = event_ids(live)
    file.write_text(f"{NUDGE}      - segment: {{add: [cold-trials]}}\n")

    assert pmctl("campaign", "apply", file)[0] == 0
    after = event_ids(live)
    assert {marker: after[marker] for marker in before} == before
    assert set(after) - set(before) == {
        "pmctl step=segment+cold-trials path=main/offer.opened=no",
    }


def test_a_change_of_an_email_alone_writes_the_campaign_too_to_note_it(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    file.write_text(NUDGE.replace("body: Hello again", "body: Bye"))

    assert pmctl("campaign", "apply", file)[0] == 0
    assert written(live) == ["PATCH /api/emails/2/edit", "PUT /api/campaigns/1/edit"]
    assert pmctl("campaign", "plan", file)[1] == NOTHING


def test_what_is_unpublished_in_the_file_is_unpublished_in_one_write(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    file.write_text(NUDGE.replace("name: Nudge\n", "name: Nudge\npublished: false\n"))

    code, out, _ = pmctl("campaign", "apply", file)

    assert (code, out.splitlines()[0]) == (0, "nudge: changed, not published (campaign 1)")
    assert written(live) == ["PUT /api/campaigns/1/edit"]
    assert campaigns_in(live)[0]["isPublished"] is False


def test_what_somebody_unpublished_is_changed_first_and_published_last(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    live.store.campaigns[1]["isPublished"] = False
    file.write_text(NUDGE.replace("within: 3d", "within: 2d"))

    assert pmctl("campaign", "apply", file)[0] == 0
    assert written(live) == ["PUT /api/campaigns/1/edit", "PATCH /api/campaigns/1/edit"]
    assert campaigns_in(live)[0]["isPublished"] is True


def test_a_missing_file_never_deletes_a_campaign(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    file.write_text(OTHER)

    assert pmctl("campaign", "apply", file)[0] == 0
    assert sorted(one["name"] for one in campaigns_in(live)) == ["Nudge", "Other"]


# What others do in Mautic.


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("subject", "By hand", "subject: By hand → A question"),
        ("customHtml", "<p>By hand</p>", "HTML body: "),
        ("plainText", "By hand", "plain text: 1 lines added, 1 removed"),
        ("isPublished", False, "published: no → yes"),
        ("utmTags", {"utmSource": "x"}, "utm: {'utmSource': 'x'} → "),
        ("headers", {"X-A": "b"}, "headers: {'X-A': 'b'} → "),
    ],
)
def test_an_email_edited_by_hand_is_shown_and_restored(
    field: str, value: Any, words: str, live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    before = emails_in(live)[0][field]
    live.store.emails[1][field] = value
    live.store.emails[1]["revision"] += 1  # as every write does

    code, out, _ = pmctl("campaign", "plan", file, "--detailed-exitcode")
    assert code == 2
    assert "email offer" in out
    assert words in out

    assert pmctl("campaign", "apply", file)[0] == 0
    assert emails_in(live)[0][field] == before
    assert pmctl("campaign", "plan", file)[1] == NOTHING


def test_an_event_edited_in_the_builder_is_restored_under_its_id(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    ids = event_ids(live)
    _, event = live.store.event(ids[RESEND])
    event.update(triggerInterval=9, name="Renamed")

    _, out, _ = pmctl("campaign", "plan", file)
    assert "when: after 9 d → after 3 d" in out

    assert pmctl("campaign", "apply", file)[0] == 0
    assert event_ids(live) == ids
    assert live.store.event(ids[RESEND])[1]["triggerInterval"] == 3
    assert live.store.event(ids[RESEND])[1]["name"] == "Again"


def test_an_event_added_in_the_builder_is_removed(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    events = live.store.campaigns[1]["events"]
    extra = {**events[0], "id": 99, "description": None, "name": "By hand", "parentId": 1}
    events.append({**extra, "decisionPath": None})

    _, out, _ = pmctl("campaign", "plan", file)
    assert "- event 'By hand' (made in the builder)" in out

    assert pmctl("campaign", "apply", file)[0] == 0
    assert 99 not in event_ids(live).values()


def test_an_email_deleted_in_mautic_is_made_again(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    ids = event_ids(live)
    del live.store.emails[2]

    assert pmctl("campaign", "apply", file)[0] == 0
    assert event_ids(live) == ids
    assert live.store.event(ids[RESEND])[1]["properties"]["email"] == mail_ids(live)["resend"]
    assert pmctl("campaign", "plan", file)[1] == NOTHING


# Reading back.


def test_what_mautic_did_not_take_over_is_named_and_not_published(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    def forget(request: Request, do: Do) -> Answer:
        answer = do(request)
        for campaign in sandbox.store.campaigns.values():
            campaign["allowRestart"] = False
        return answer

    answering(sandbox, forget)
    file.write_text(NUDGE.replace("steps:", "reentry: allowed\nsteps:"))

    code, out, err = pmctl("campaign", "apply", file)

    assert code == 1
    assert "nudge: created, not published" in out
    assert "  not applied:\n  ~ campaign\n" in out
    assert "      reentry: no → yes\n" in out
    assert "nudge" in in_two_lines(err)
    assert campaigns_in(sandbox)[0]["isPublished"] is False


def test_not_applied_and_unexpected_are_in_the_document(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    def renumber(request: Request, do: Do) -> Answer:
        """Keep an old subject, and make one event anew, as an id that is not numeric would."""
        answer = do(request)
        live.store.emails[1]["subject"] = "A question"
        if request.method == "PUT":
            events = live.store.campaigns[1]["events"]
            events[-1]["id"] = 77
        return answer

    answering(live, renumber)
    file.write_text(NUDGE.replace("A question", "News").replace("within: 3d", "within: 2d"))

    code, out, _ = pmctl("campaign", "apply", file, "-o", "json")

    assert code == 1
    (outcome,) = json.loads(out)
    assert [(c["kind"], c["name"]) for c in outcome["not_applied"]] == [("email", "offer")]
    assert outcome["not_applied"][0]["fields"][0]["field"] == "subject"
    assert ("email", "offer") not in [(c["kind"], c["name"]) for c in outcome["changes"]]
    (anew,) = [c for c in outcome["unexpected"] if c["kind"] == "event"]
    assert [(f["field"], f["after"]) for f in anew["fields"]] == [("id", 77)]


def test_the_title_of_a_document_whose_subject_changes_is_no_surprise(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    before = live.store.emails[1]["customHtml"]
    file.write_text(NUDGE.replace("A question", "News"))

    code, out, err = pmctl("campaign", "apply", file)

    assert (code, "unexpected" in out) == (0, False), out + err
    assert live.store.emails[1]["customHtml"] == before.replace("A question", "News") != before


@pytest.mark.parametrize(
    ("field", "stored"),
    [
        ("customHtml", lambda text: text.replace("<p>", "<p >").replace("\n", "\r\n")),
        ("plainText", lambda text: f"{text}\r\n" if text else None),
    ],
)
def test_what_mautic_only_spells_otherwise_is_no_surprise(
    field: str, stored: Callable[[Any], Any], live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    def respell(request: Request, do: Do) -> Answer:
        answer = do(request)
        if request.method == "PUT":
            live.store.emails[1][field] = stored(live.store.emails[1][field])
        return answer

    before = live.store.emails[1][field]
    answering(live, respell)
    file.write_text(NUDGE.replace("within: 3d", "within: 2d"))

    code, out, err = pmctl("campaign", "apply", file)

    assert (code, "unexpected" in out) == (0, False), out + err
    assert live.store.emails[1][field] != before


PERCENT = NUDGE.replace(
    "body: Hello\n",
    'body: "Größe: [here](https://example.com/?a=b%20c%2Fd) 100%25 and 5% off"\n',
)


def _decoding(sandbox: MauticSandbox) -> None:
    """Do as Mautic's form filter: rawurldecode documents with non-ASCII characters."""

    def decode(request: Request, do: Do) -> Answer:
        if "emails" in request.path and request.method != "GET":
            body = json.loads(request.body)
            html = body.get("customHtml", "")
            if not html.isascii():
                body["customHtml"] = unquote(html)
                data = json.dumps(body).encode()
                request = Request(request.method, request.target, request.headers, data)
        return do(request)

    answering(sandbox, decode)


def test_percent_signs_survive_mautics_decoding(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    file.write_text(PERCENT)
    _decoding(sandbox)

    code, _, err = pmctl("campaign", "apply", file)

    assert (code, err) == (0, "")
    html = emails_in(sandbox)[0]["customHtml"]
    assert "https://example.com/?a=b%20c%2Fd" in html
    assert written(sandbox)[:2] == ["POST /api/emails/new", "PATCH /api/emails/1/edit"]
    assert pmctl("campaign", "plan", file)[1] == NOTHING

    file.write_text(PERCENT.replace("Größe", "Länge"))
    assert pmctl("campaign", "apply", file)[0] == 0
    assert "Länge" in emails_in(sandbox)[0]["customHtml"]
    assert "b%20c%2Fd" in emails_in(sandbox)[0]["customHtml"]
    assert pmctl("campaign", "plan", file)[1] == NOTHING


def test_a_document_without_percent_signs_is_sent_once(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    file.write_text(NUDGE.replace("body: Hello\n", "body: Größe\n"))
    _decoding(sandbox)

    assert pmctl("campaign", "apply", file)[0] == 0
    assert "PATCH /api/emails/1/edit" not in written(sandbox)


@pytest.mark.parametrize("how", ["cut-before", "cut-after", "500-stored"])
@pytest.mark.parametrize("request_", ["POST:/api/emails/new:1", "PATCH:/api/emails/1/edit:1"])
def test_decoded_percent_signs_are_mended_by_the_next_apply(
    how: str, request_: str, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    file.write_text(PERCENT)
    _decoding(sandbox)
    sandbox.fail(f"{request_}:{how}")
    pmctl("campaign", "apply", file)
    sandbox.fail(None)

    assert pmctl("campaign", "apply", file)[0] == 0
    assert "b%20c%2Fd" in emails_in(sandbox)[0]["customHtml"]
    assert pmctl("campaign", "plan", file)[1] == NOTHING


# Whose campaign it is.


def _in_context(name: str, home: Path) -> list[str]:
    """The options that make `name` the context in force; both lead to the same Mautic."""
    config = home / "contexts.toml"
    config.write_text("[contexts.staging]\n[contexts.production]\n")
    return ["--config", str(config), *(["--context", name] if name else [])]


@pytest.fixture
def staged(
    file: Path, pmctl: Run, home: Path, sandbox: MauticSandbox, monkeypatch: pytest.MonkeyPatch
) -> MauticSandbox:
    """A stand-in that holds the campaign of another context; the one in force is production."""
    options = _in_context("", home)
    monkeypatch.setenv("PMCTL_CONFIG", options[1])
    monkeypatch.setenv("PMCTL_CONTEXT", "staging")
    assert pmctl("campaign", "apply", file)[0] == 0
    monkeypatch.setenv("PMCTL_CONTEXT", "production")
    sandbox.reset_requests()
    return sandbox


def test_a_campaign_that_pmctl_did_not_make_is_never_touched(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    live.store.campaigns[1]["description"] = "made by hand"

    code, _, err = pmctl("campaign", "apply", file)

    assert code == 5
    assert "a campaign named 'Nudge' already (1), which pmctl did not make" in in_two_lines(err)
    assert written(live) == []


def test_a_name_that_another_of_our_campaigns_has_is_refused(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    file.write_text(NUDGE.replace("key: nudge", "key: nudge-2"))

    code, _, err = pmctl("campaign", "apply", file)

    assert code == 5
    assert "already (1), which is nudge of context default" in in_two_lines(err)
    assert written(live) == []


def test_the_campaign_of_another_context_is_left_alone(
    staged: MauticSandbox, file: Path, pmctl: Run
) -> None:
    code, _, err = pmctl("campaign", "apply", file)

    assert code == 5
    assert "campaign 1 (nudge) belongs to context staging" in in_two_lines(err)
    assert "--takeover" in err
    assert written(staged) == []


def test_a_takeover_keeps_every_id_and_then_there_is_nothing_to_do(
    staged: MauticSandbox, file: Path, pmctl: Run
) -> None:
    events, mails = event_ids(staged), mail_ids(staged)

    code, out, _ = pmctl("campaign", "apply", file, "--takeover")

    assert code == 0
    assert "owner: nudge staging → nudge production" in out
    assert (event_ids(staged), mail_ids(staged)) == (events, mails)
    assert all("[[production/nudge/" in one["name"] for one in emails_in(staged))
    assert pmctl("campaign", "plan", file, "--detailed-exitcode")[:2] == (0, NOTHING)


@pytest.mark.parametrize("request_", ["PATCH:*:1", "PATCH:*:2", "PUT:*:1"])
@pytest.mark.parametrize("how", ["cut-before", "cut-after", "500-stored"])
def test_a_takeover_that_is_cut_is_finished_and_makes_no_twins(
    request_: str, how: str, staged: MauticSandbox, file: Path, pmctl: Run
) -> None:
    mails = mail_ids(staged)
    staged.fail(f"{request_}:{how}")
    pmctl("campaign", "apply", file, "--takeover")
    staged.fail(None)

    code, _, err = pmctl("campaign", "apply", file, "--takeover")

    assert code == 0, err
    assert mail_ids(staged) == mails
    assert len(emails_in(staged)) == 2
    assert pmctl("campaign", "plan", file)[1] == NOTHING


def test_two_campaigns_with_one_marker_are_refused(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    live.store.campaigns[2] = {**live.store.campaigns[1], "id": 2}

    for command in ("plan", "apply"):
        code, _, err = pmctl("campaign", command, file)
        assert code == 5
        assert "two campaigns of Mautic are marked nudge of default: 1 and 2" in in_two_lines(err)
    assert pmctl("campaign", "publish", "nudge")[0] == 5
    assert written(live) == []


def test_two_emails_of_one_step_are_refused(live: MauticSandbox, file: Path, pmctl: Run) -> None:
    live.store.emails[3] = {**live.store.emails[1], "id": 3}

    code, _, err = pmctl("campaign", "apply", file)

    assert code == 5
    assert "two emails of Mautic are step offer of nudge: 1 and 3" in in_two_lines(err)
    assert written(live) == []


def test_applies_on_two_machines_at_once_never_publish_two_campaigns(
    file: Path, tmp_path: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    others: list[subprocess.CompletedProcess[str]] = []

    def meanwhile(request: Request, do: Do) -> Answer:
        if request.path == "/api/emails/new" and not others:
            del sandbox.mautic.answer
            # a file lock of one machine is none of another
            elsewhere = str(tmp_path / "another machine")
            others.append(run(*PMCTL, "campaign", "apply", str(file), XDG_STATE_HOME=elsewhere))
        return do(request)

    answering(sandbox, meanwhile)

    code, _, err = pmctl("campaign", "apply", file)

    assert others[0].returncode == 0, others[0].stderr
    assert code == 5
    assert "two " in in_two_lines(err)
    assert [one["isPublished"] for one in campaigns_in(sandbox)] == [True, False]
    assert pmctl("campaign", "apply", file)[0] == 5


def test_every_file_that_cannot_be_planned_is_named(
    live: MauticSandbox, file: Path, tmp_path: Path, pmctl: Run
) -> None:
    live.store.campaigns[1]["description"] = None
    (tmp_path / "other.yaml").write_text(OTHER.replace("newsletter", "newsletters"))

    code, _, err = pmctl("campaign", "apply", tmp_path)

    assert code == 3
    assert [line.split(":")[0] for line in err.splitlines()] == ["error", "hint"] * 2
    assert "'Nudge'" in err
    assert "newsletters" in err
    assert written(live) == []


def test_when_mautic_refuses_one_campaign_the_others_are_reported_as_done(
    file: Path, tmp_path: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    (tmp_path / "other.yaml").write_text(OTHER)
    sandbox.fail("POST:/api/campaigns/new:2:400")

    code, out, err = pmctl("campaign", "apply", tmp_path)

    assert code == 1
    assert out == "nudge: created, published (campaign 1)\n1 campaign: 1 created\n"
    assert in_two_lines(err).startswith("other: Mautic: ")
    sandbox.fail(None)
    assert "1 created, 1 up to date" in pmctl("campaign", "apply", tmp_path)[1]


# The safety guard.

WITHOUT_ELSE = NUDGE[: NUDGE.index("    else:")]
REASON = "Ana said so"


def _waits(sandbox: MauticSandbox) -> None:
    sandbox.store.put_waiting(event_ids(sandbox)[RESEND], 1)


def _passed(sandbox: MauticSandbox) -> None:
    sandbox.store.put_passed(event_ids(sandbox)[OFFER], 1)


def _member(sandbox: MauticSandbox) -> None:
    sandbox.store.put_member(1, 1)
    sandbox.store.put_member(1, 2)


MAIL = """\
  - email: {0}
    subject: About {0}
    body: Hello
"""
CHAIN = NUDGE[: NUDGE.index("  - on:")] + MAIL.format("middle") + MAIL.format("last")


def _had_the_middle(sandbox: MauticSandbox) -> None:
    sandbox.store.put_passed(event_ids(sandbox)["pmctl step=middle path=main"], 1)


HARM = {
    "a step that moves": (
        CHAIN,
        CHAIN.replace(MAIL.format("middle"), "") + MAIL.format("middle"),
        _had_the_middle,
        "1 contact who had it come to it again",
    ),
    "a removed question": (
        NUDGE,
        NUDGE[: NUDGE.index("  - on:")],
        _passed,
        "up to 1 contact still within it go no further",
    ),
    "a removed step": (NUDGE, WITHOUT_ELSE, _waits, "1 contact waiting there are dropped"),
    "another first step": (
        NUDGE,
        OTHER.replace("other", "nudge").replace("steps:\n", "steps:\n  - tag: {add: [new]}\n"),
        _passed,
        "1 contact start again and are mailed again",
    ),
    "a new no path": (
        NUDGE[: NUDGE.index("  - on:")],
        NUDGE,
        _passed,
        "fires at once for 1 contact past it",
    ),
    "a smaller audience": (
        NUDGE,
        NUDGE.replace("trial-day-2", "newsletter"),
        _member,
        "up to 2 contacts leave the campaign",
    ),
    "transactional": (
        NUDGE,
        NUDGE.replace("    body: Hello\n", "    body: Hello\n    consent: transactional\n").replace(
            "consent: transactional", "consent: {transactional: an invoice}"
        ),
        _member,
        "2 contacts get it even if they unsubscribed",
    ),
}


@pytest.mark.parametrize("change", sorted(HARM))
def test_a_change_that_harms_people_is_refused_until_it_is_forced(
    change: str, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    before, after, put_people, words = HARM[change]
    file.write_text(before)
    assert pmctl("campaign", "apply", file)[0] == 0
    put_people(sandbox)
    file.write_text(after)
    sandbox.reset_requests()

    _, planned, _ = pmctl("campaign", "plan", file)
    assert "  ! " in planned
    assert words in planned
    code, out, err = pmctl("campaign", "apply", file)
    assert (code, out) == (7, "")
    assert words in in_two_lines(err)
    assert written(sandbox) == []

    code, _, err = pmctl("campaign", "apply", file, "--force", REASON)
    assert (code, err) == (0, "")
    assert pmctl("campaign", "plan", file)[1] == NOTHING


def test_the_reason_to_force_is_in_the_audit_log(
    live: MauticSandbox, file: Path, home: Path, pmctl: Run
) -> None:
    _waits(live)
    file.write_text(WITHOUT_ELSE)

    assert pmctl("campaign", "apply", file, "--force", REASON)[0] == 0

    log = (home / ".local" / "state" / "pmctl" / "audit.jsonl").read_text().splitlines()
    entry = json.loads(log[-1])
    assert entry["target"] == "PUT campaigns/1/edit"
    assert entry["command"][-2:] == ["--force", REASON]


@pytest.mark.parametrize("change", sorted(HARM))
def test_the_same_change_harms_nobody_when_nobody_is_there(
    change: str, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    before, after, _, _ = HARM[change]
    file.write_text(before)
    assert pmctl("campaign", "apply", file)[0] == 0
    file.write_text(after)

    assert pmctl("campaign", "apply", file)[0] == 0


def test_more_immediate_sends_than_the_limit_are_refused_until_forced(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    file.write_text(NUDGE.replace("steps:", "limits: {force_above_immediate_sends: 1}\nsteps:"))
    sandbox.store.contacts[1]["segments"].append(2)
    assert "  ! " not in pmctl("campaign", "plan", file)[1]
    sandbox.store.contacts[2]["segments"].append(2)

    code, _, err = pmctl("campaign", "apply", file)

    assert code == 7
    assert "up to 2 mails leave at once, the limit is 1" in in_two_lines(err)
    assert written(sandbox) == []
    assert pmctl("campaign", "apply", file, "--force", REASON)[0] == 0
    assert pmctl("campaign", "plan", file)[1] == NOTHING


def test_one_unsafe_change_stops_the_others_too(
    live: MauticSandbox, file: Path, tmp_path: Path, pmctl: Run
) -> None:
    _waits(live)
    file.write_text(WITHOUT_ELSE)
    (tmp_path / "other.yaml").write_text(OTHER)

    assert pmctl("campaign", "apply", tmp_path)[0] == 7
    assert written(live) == []


# Killed, and run again.


@pytest.mark.parametrize("number", range(1, 17))
def test_an_apply_that_is_killed_is_finished_by_the_next(
    number: int, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    assert kill_at(sandbox, ["apply", str(file)], number, done=number % 3 > 0)

    code, _, err = pmctl("campaign", "apply", file)

    assert code == 0, err
    assert [one["isPublished"] for one in campaigns_in(sandbox)] == [True]
    assert sorted(mail_ids(sandbox)) == ["offer", "resend"]
    assert len(emails_in(sandbox)) == 2
    assert pmctl("campaign", "plan", file)[1] == NOTHING


# Any sequence.


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(first=sequences(), second=sequences())
def test_after_an_apply_the_plan_is_empty_and_what_stays_keeps_its_ids(
    first: dict[str, Any],
    second: dict[str, Any],
    file: Path,
    pmctl: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with MauticSandbox() as sandbox:
        use(sandbox, monkeypatch)
        stock(sandbox)
        before = _applied(sandbox, file, pmctl, first)
        after = _applied(sandbox, file, pmctl, second)

    kept = {identity: before[identity] for identity in before.keys() & after.keys()}
    assert {identity: after[identity] for identity in kept} == kept


def _applied(
    sandbox: MauticSandbox, file: Path, pmctl: Run, sequence: dict[str, Any]
) -> dict[tuple[str, str], int]:
    """Apply a sequence; return the ids of its events by marker and type."""
    file.write_text(yaml.safe_dump(sequence, sort_keys=False))
    code, _, err = pmctl("campaign", "apply", file, "--force", REASON, "--quiet")
    assert code == 0, err
    code, out, err = pmctl("campaign", "plan", file, "--detailed-exitcode", "--quiet")
    assert (code, out) == (0, NOTHING), err
    (campaign,) = (one for one in campaigns_in(sandbox) if one["name"] == sequence["name"])
    return {(marker_of(event), event["type"]): event["id"] for event in campaign["events"]}


def test_another_mautic_than_the_known_one_is_named(
    file: Path, pmctl: Run, sandbox: MauticSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "this is Mautic" not in pmctl("campaign", "plan", file)[2]

    monkeypatch.setitem(answers.VERSION, "Mautic-Version", "7.0.2")

    code, _, err = pmctl("campaign", "plan", file)

    assert code == 0
    assert err == "this is Mautic 7.0.2; pmctl is checked against 5.1, so look twice\n"


LIMITED = NUDGE.replace("steps:", "limits: {force_above_immediate_sends: 1}\nsteps:")


def test_more_first_mails_at_once_than_the_limit_need_a_reason(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    file.write_text(LIMITED)
    segment = ask(sandbox, "segments?limit=100")["lists"]
    number = next(one["id"] for one in segment.values() if one["alias"] == "trial-day-2")
    for contact in (1, 2):
        call(sandbox, f"segments/{number}/contact/{contact}/add")

    code, _, err = pmctl("campaign", "apply", file)

    assert code == 7
    assert "up to 2 mails leave at once, the limit is 1" in err
    assert written(sandbox)[2:] == []  # the two contacts of this test, and nothing else
    assert pmctl("campaign", "apply", file, "--force", "launch day")[0] == 0
