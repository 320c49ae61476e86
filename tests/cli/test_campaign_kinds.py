"""Every kind of step through the commands: from a file into Mautic, and in words and pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pmctl.sandbox.server import MauticSandbox
from pmctl.sequence import cron_safe
from tests.campaigns import NUDGE, event_ids, in_two_lines, mail_ids, written
from tests.conftest import Run
from tests.sandboxes import campaigns_in, emails_in, stock
from tests.shell import ROOT

HEAD = """\
version: 1
key: every
name: Every kind
audience: {segments: [everybody]}
"""
EVERY = f"""\
{HEAD}steps:
  - on: visited
    url: https://example.com/pricing*
    then:
      - points: {{add: 5}}
  - email: offer
    subject: An offer
    body: Hello
  - on: clicked
    within: 3d
    then:
      - stage: Customer
      - owner: ana
    else:
      - wait: 1d
      - company: Acme
  - field: {{set: {{city: Berlin, vip: true}}}}
  - id: tell
    notify: {{to: [ops@example.com], owner: true, users: [ana], subject: Look, body: Hot}}
  - webhook: {{url: "https://example.com/hook?token=abc", headers: {{X-Key: hush}}, data: {{a: b}}}}
  - if: {{points: {{at_least: 50}}}}
    then:
      - dnc: {{add: [email], reason: enough}}
      - enroll: [welcome]
      - stop
    else:
      - leave: [welcome, other]
  - raw:
      type: lead.device
      kind: condition
      name: On a phone?
      properties: {{device_type: [smartphone]}}
    then:
      - wait: 2d
      - goto: offer
"""


@pytest.fixture
def stocked(sandbox: MauticSandbox) -> MauticSandbox:
    """A stand-in with everything that the files here name."""
    stock(sandbox)
    return sandbox


@pytest.fixture
def every(tmp_path: Path) -> Path:
    """A file with every kind of step."""
    path = tmp_path / "every.yaml"
    path.write_text(EVERY)
    return path


def put(path: Path, *steps: str) -> Path:
    """Write a sequence of these lines of steps."""
    path.write_text(HEAD + "steps:\n" + "".join(f"  {line}\n" for line in steps))
    return path


MAIL = "- {email: offer, subject: S, body: B}"


def raw(type_: str, kind: str, properties: str) -> str:
    """A step in Mautic's own words."""
    return f"- {{raw: {{type: {type_}, kind: {kind}, name: N, properties: {properties}}}}}"


def place(path: Path, text: str) -> str:
    """Where a text stands in a file for the first time: `6:10`."""
    before = path.read_text().partition(text)[0]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def events(sandbox: MauticSandbox, name: str = "Every kind") -> dict[str, dict[str, Any]]:
    """The events of a campaign by the first word of their step."""
    (campaign,) = (one for one in campaigns_in(sandbox) if one["name"] == name)
    return {event["description"].split()[1][5:]: event for event in campaign["events"]}


# Into Mautic.


def test_every_kind_goes_into_mautic_and_then_nothing_is_left_to_do(
    every: Path, pmctl: Run, stocked: MauticSandbox
) -> None:
    code, out, err = pmctl("campaign", "apply", every)
    assert code == 0, err
    assert "not applied" not in out

    code, out, err = pmctl("campaign", "plan", every, "--detailed-exitcode")
    assert (code, out) == (0, "1 campaign: 1 up to date\n"), err

    for event in (found := events(stocked)).values():
        assert cron_safe.flaws(event["type"], dict(event["properties"] or {})) == []
    store = stocked.store
    stage = next(key for key, one in store.stages.items() if one["name"] == "Customer")
    ana = next(key for key, one in store.users.items() if one["username"] == "ana")
    other = {one["name"]: key for key, one in store.campaigns.items()}
    assert found["stage-Customer"]["properties"] == {"stage": stage}
    assert found["owner-ana"]["properties"] == {"owner": ana}
    assert found["tell"]["properties"] == {
        "useremail": {"email": mail_ids(stocked)["tell"]}, "user_id": [ana], "to_owner": True,
        "to": "ops@example.com", "cc": "", "bcc": "",
    }  # fmt: skip
    assert found["enroll-welcome"]["properties"] == {"addTo": [other["welcome"]], "removeFrom": []}
    assert found["leave-welcome-other"]["properties"] == {
        "addTo": [], "removeFrom": [other["welcome"], other["other"]]
    }  # fmt: skip
    assert found["goto-offer"]["properties"] == {
        "jumpToEvent": event_ids(stocked)["pmctl step=offer path=main"]
    }


def test_a_new_jump_aims_at_the_new_step_and_not_at_one_that_was_once_called_so(
    tmp_path: Path, pmctl: Run, stocked: MauticSandbox
) -> None:
    path = put(tmp_path / "a.yaml", *[f"- points: {{add: {number}}}" for number in range(1, 9)])
    assert pmctl("campaign", "apply", path)[0] == 0
    steps = [f"- points: {{add: {number}}}" for number in range(1, 7)]
    put(path, *steps, MAIL, "- wait: 1d", "- goto: offer")

    code, out, err = pmctl("campaign", "apply", path)

    assert code == 0, out + err
    found = events(stocked)
    assert found["goto-offer"]["properties"] == {"jumpToEvent": found["offer"]["id"]}
    assert pmctl("campaign", "plan", path)[1] == "1 campaign: 1 up to date\n"


def test_a_listing_is_asked_for_only_when_a_sequence_needs_it(
    file: Path, every: Path, pmctl: Run, stocked: MauticSandbox
) -> None:
    def asked() -> set[str]:
        return {seen.path.partition("?")[0].split("/")[2] for seen in stocked.requests} - {"v2"}

    pmctl("campaign", "plan", file)
    assert not asked() & {"stages", "users", "companies", "assets", "forms"}

    pmctl("campaign", "plan", every)
    assert asked() >= {"stages", "users", "companies"}
    assert not asked() & {"assets", "forms"}


@pytest.mark.parametrize(
    ("step", "at", "message", "hint"),
    [
        ("- stage: Custmer", "Custmer", "no stage with the name Custmer", "did you mean Customer?"),
        ("- owner: anna", "anna", "no user with the user name or address anna", "ana"),
        ("- company: Acne", "Acne", "no company with the name Acne", "did you mean Acme?"),
        ("- {on: downloaded, asset: [price-lst], within: 1d}", "price-lst",
         "no asset with the alias price-lst", "did you mean price-list?"),
        ("- {on: submitted, form: [sign-up, sign-upp], within: 1d}", "sign-upp",
         "no form with the alias sign-upp", "did you mean sign-up?"),
        ("- enroll: [welcom]", "welcom", "no campaign welcom of context default",
         "did you mean welcome?"),
        ("- {if: {in_campaign: q9}}", "q9", "no campaign q9 of context default",
         "apply its file first, or name both in one run"),
        ("- {if: {stage: [Trial, Nobody]}}", "Nobody", "no stage with the name Nobody", ""),
        ("- {id: t, notify: {users: [bob], subject: S, body: B}}", "bob", "no user", "bob"),
    ],
)  # fmt: skip
def test_what_mautic_lacks_is_said_at_its_place_in_the_file(
    step: str, at: str, message: str, hint: str, tmp_path: Path, pmctl: Run,
    stocked: MauticSandbox,
) -> None:  # fmt: skip
    path = put(tmp_path / "a.yaml", MAIL, step)

    code, _, err = pmctl("campaign", "apply", path)

    assert code == 3
    line = in_two_lines(err)
    assert line.startswith(f"{path}:{place(path, at)}: Mautic has ")
    assert message in line
    assert hint in err
    assert written(stocked) == []


def test_two_companies_of_one_name_are_no_choice(
    tmp_path: Path, pmctl: Run, stocked: MauticSandbox
) -> None:
    first = next(iter(stocked.store.companies.values()))
    stocked.store.companies[77] = {**first, "id": 77}
    path = put(tmp_path / "a.yaml", "- company: Acme")

    code, _, err = pmctl("campaign", "plan", path)

    assert code == 5
    assert "two companies of Mautic have the name Acme: 1 and 77" in in_two_lines(err)


def test_a_changed_list_of_names_is_one_change(
    tmp_path: Path, pmctl: Run, stocked: MauticSandbox
) -> None:
    path = put(tmp_path / "a.yaml", "- {if: {stage: Trial}, id: check}")
    assert pmctl("campaign", "apply", path)[0] == 0
    put(path, "- {if: {stage: [Trial, Customer]}, id: check}")

    _, out, _ = pmctl("campaign", "plan", path)

    assert "~ event check main" in out
    assert "stages:" in out


def test_a_field_that_the_file_no_longer_sets_is_taken_out(
    tmp_path: Path, pmctl: Run, stocked: MauticSandbox
) -> None:
    path = put(tmp_path / "a.yaml", "- {id: set, field: {set: {city: Berlin, zipcode: 10115}}}")
    assert pmctl("campaign", "apply", path)[0] == 0
    put(path, "- {id: set, field: {set: {city: Berlin}}}")

    _, out, _ = pmctl("campaign", "plan", path)
    assert "zipcode: 10115 → nothing" in out

    assert pmctl("campaign", "apply", path)[0] == 0
    assert events(stocked)["set"]["properties"] == {"city": "Berlin"}
    assert pmctl("campaign", "plan", path)[1] == "1 campaign: 1 up to date\n"


def test_what_somebody_changed_in_mautic_is_told_of_notices_and_jumps_too(
    tmp_path: Path, pmctl: Run, stocked: MauticSandbox
) -> None:
    notice = "- {id: tell, notify: {to: [ops@example.com], subject: Look, body: Hot}}"
    path = put(tmp_path / "a.yaml", MAIL, notice, "- {wait: 1d}", "- goto: offer")
    assert pmctl("campaign", "apply", path)[0] == 0
    mail, found = mail_ids(stocked)["tell"], events(stocked)
    stocked.store.emails[mail].update(subject="By hand", revision=9)
    campaign = next(one for one in stocked.store.campaigns.values() if one["events"])
    jump = next(event for event in campaign["events"] if event["id"] == found["goto-offer"]["id"])
    jump["properties"] = {"jumpToEvent": found["tell"]["id"]}

    plan = json.loads(pmctl("campaign", "plan", path, "-o", "json")[1])[0]

    fields = [(change["name"], field["field"], field["by"])
              for change in plan["changes"] for field in change["fields"]]  # fmt: skip
    assert fields == [
        ("tell", "subject", "builder"),
        ("goto-offer main", "properties.jumpToEvent", "builder"),
    ]


# Sequences that name each other.


def chain(folder: Path, *keys: str, last: str = "- stop") -> None:
    """Write a file for each key, which enrolls into the next one."""
    for number, key in enumerate(keys):
        after = keys[number + 1 : number + 2]
        step = f"- enroll: [{after[0]}]" if after else last
        path = put(folder / f"{key}.yaml", step)
        path.write_text(path.read_text().replace("every", key, 1).replace("Every kind", key))


def test_what_another_sequence_names_is_made_before_it(
    tmp_path: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    sandbox.store.add_segment("everybody")
    chain(tmp_path, "a-first", "b-second", "c-third", last="- points: {add: 1}")

    code, out, err = pmctl("campaign", "plan", tmp_path)
    assert code == 0, err
    assert "3 campaigns: 3 to create" in out

    code, _, err = pmctl("campaign", "apply", tmp_path)
    assert code == 0, err
    ids = {one["name"]: one["id"] for one in campaigns_in(sandbox)}
    assert sorted(ids, key=ids.__getitem__) == ["c-third", "b-second", "a-first"]
    assert events(sandbox, "a-first")["enroll-b-second"]["properties"]["addTo"] == [ids["b-second"]]
    assert pmctl("campaign", "plan", tmp_path)[1] == "3 campaigns: 3 up to date\n"


def test_a_circle_of_new_sequences_is_named_before_anything_is_written(
    tmp_path: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    sandbox.store.add_segment("everybody")
    chain(tmp_path, "one", "two", last="- {leave: [one]}")

    code, _, err = pmctl("campaign", "apply", tmp_path)

    assert code == 5
    assert "in a circle, and none is in Mautic yet: one → two → one" in in_two_lines(err)
    assert "apply one without the step that names two first" in err
    assert written(sandbox) == []


def test_a_circle_that_mautic_has_already_is_none(
    tmp_path: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    sandbox.store.add_segment("everybody")
    chain(tmp_path, "one", last="- points: {add: 1}")
    assert pmctl("campaign", "apply", tmp_path)[0] == 0
    chain(tmp_path, "one", "two", last="- {leave: [one]}")

    code, _, err = pmctl("campaign", "apply", tmp_path)

    assert code == 0, err
    assert pmctl("campaign", "plan", tmp_path)[1] == "2 campaigns: 2 up to date\n"


def test_what_could_not_be_made_is_not_named_by_a_made_up_id(
    tmp_path: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    sandbox.store.add_segment("everybody")
    chain(tmp_path, "one", "two", last="- points: {add: 1}")
    sandbox.fail("POST:/api/campaigns/new:1:422")

    code, _, err = pmctl("campaign", "apply", tmp_path)

    assert code != 0
    assert "Mautic has no campaign two of context default" in err
    assert "a new campaign" not in json.dumps(campaigns_in(sandbox))


def test_the_sequences_that_ship_go_into_a_fresh_mautic_together(
    pmctl: Run, sandbox: MauticSandbox
) -> None:
    code, out, err = pmctl("campaign", "apply", ROOT / "campaigns")

    assert code == 0, out + err
    assert len(campaigns_in(sandbox)) == 4
    assert pmctl("campaign", "plan", ROOT / "campaigns")[1] == "4 campaigns: 4 up to date\n"


# Renames.


def test_a_step_that_is_moved_keeps_its_event_and_its_email(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    assert pmctl("campaign", "apply", file)[0] == 0
    ids, mails = event_ids(sandbox), mail_ids(sandbox)
    text = NUDGE.replace("email: offer", "email: pitch")
    file.write_text(text.replace("steps:", "moved: [{from: offer, to: pitch}]\nsteps:"))

    code, _, err = pmctl("campaign", "apply", file)

    assert code == 0, err
    assert sorted(event_ids(sandbox).values()) == sorted(ids.values())
    now = {name.replace("pitch", "offer"): one for name, one in event_ids(sandbox).items()}
    assert now == ids
    assert mail_ids(sandbox) == {"pitch": mails["offer"], "resend": mails["resend"]}
    assert len(emails_in(sandbox)) == 2
    assert pmctl("campaign", "plan", file)[1] == "1 campaign: 1 up to date\n"


def test_without_moved_a_rename_is_said_to_be_what_it_is(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    assert pmctl("campaign", "apply", file)[0] == 0
    file.write_text(NUDGE.replace("email: offer", "email: pitch"))

    _, out, _ = pmctl("campaign", "plan", file)

    assert "+ email pitch" in out


def test_a_rename_that_was_cut_is_finished_by_the_next_apply(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    assert pmctl("campaign", "apply", file)[0] == 0
    mails = mail_ids(sandbox)
    text = NUDGE.replace("email: offer", "email: pitch")
    file.write_text(text.replace("steps:", "moved: [{from: offer, to: pitch}]\nsteps:"))
    sandbox.fail("PUT:/api/campaigns/1/edit:1:503")

    assert pmctl("campaign", "apply", file)[0] != 0
    assert pmctl("campaign", "apply", file)[0] == 0

    assert mail_ids(sandbox) == {"pitch": mails["offer"], "resend": mails["resend"]}
    assert len(event_ids(sandbox)) == 8


# People in it, as the stand-in lets Mautic's cron run.


def test_people_go_through_every_kind_of_step(
    every: Path, pmctl: Run, stocked: MauticSandbox
) -> None:
    assert pmctl("campaign", "apply", every)[0] == 0
    store = stocked.store
    everybody = next(key for key, one in store.segments.items() if one["alias"] == "everybody")
    for contact in (1, 2):
        store.contacts[contact]["segments"].append(everybody)
    stocked.cron()
    stocked.visit(1, "https://example.com/pricing/team")
    stocked.click(1, "offer")
    for _ in range(9):
        stocked.clock.move(hours=12)
        stocked.cron()

    clicked, silent = store.contacts[1], store.contacts[2]
    assert clicked["values"]["points"] == 5
    assert store.stages[clicked["stage"]]["name"] == "Customer"
    assert store.users[clicked["owner"]]["username"] == "ana"
    acme = next(key for key, one in store.companies.items() if one["companyname"] == "Acme")
    assert (clicked["companies"], silent["companies"]) == ([], [acme])
    assert [one["values"]["city"] for one in (clicked, silent)] == ["Berlin", "Berlin"]
    assert len(store.notices) == 2
    assert len(store.webhooks) == 2
    assert len(store.sent) == 2  # the offer, once each


# In words and pictures.


def test_explain_says_every_kind_in_english(every: Path, pmctl: Run) -> None:
    code, out, err = pmctl("campaign", "explain", every)

    assert code == 0, err
    text = " ".join(out.split())
    for said in (
        "the contact visits https://example.com/pricing* (* stands for anything)",
        "the contact gets 5 points",
        "the contact moves to the stage Customer, unless it is in a later one",
        "ana becomes the owner of the contact",
        "the contact is added to the company Acme",
        'in the contact\'s fields, city becomes "Berlin" and vip becomes yes',
        'a mail goes to ops@example.com, the user ana and the contact\'s owner, "Look"',
        "Mautic sends a POST request to example.com/hook",
        "does the contact have at least 50 points?",
        'the contact is marked as do not contact by email ("enough")',
        "the contact is put into the sequence welcome",
        "the contact is taken out of the sequences welcome and other",
        "what Mautic calls lead.device (On a phone): is it so?",
        "the contact goes on at the step offer",
        "Who goes back to a step goes through what follows it again.",
        "2. As soon as a contact is in: the email offer goes out",
        "Mautic sees a visit, a submitted form or a download only of contacts whom it knows",
    ):
        assert said.lower() in text.lower(), said
    assert "token=abc" not in out
    assert "hush" not in out


def test_the_tree_and_the_picture_show_every_kind(every: Path, pmctl: Run) -> None:
    _, out, _ = pmctl("campaign", "graph", every)
    for line in (
        "○ pass visited-", "+ points+5", "◆ on visited-", "● email offer", "+ stage-Customer",
        "+ owner-ana", "+ company-Acme", "+ field-city-vip", "○ notify tell", "→ webhook-",
        "◆ if-points", "+ dnc-add-email", "+ enroll-welcome", "■ stop", "◆ raw-lead.device",
        "↩ goto-offer",
    ):  # fmt: skip
        assert line in out, line

    code, svg, _ = pmctl("campaign", "graph", every, "-o", "svg")
    assert code == 0
    assert "token=abc" not in svg

    nodes = json.loads(pmctl("campaign", "graph", every, "-o", "json")[1])["nodes"]
    assert {node["kind"] for node in nodes} >= {
        "visited", "points", "stage", "owner", "company", "field", "notify", "webhook", "if-points",
        "dnc-add", "enroll", "leave", "stop", "raw-condition", "goto", "pass",
    }  # fmt: skip


def test_a_plan_keeps_the_headers_of_a_webhook_to_itself(
    every: Path, pmctl: Run, stocked: MauticSandbox
) -> None:
    assert pmctl("campaign", "apply", every)[0] == 0
    every.write_text(EVERY.replace("hush", "secret"))

    out = "".join(pmctl("campaign", "plan", every, *form)[1] for form in ((), ("-o", "json")))

    assert "headers: X-Key: …" in out
    assert "hush" not in out
    assert "secret" not in out


def test_validate_counts_a_notification_among_the_emails(every: Path, pmctl: Run) -> None:
    rows = json.loads(pmctl("campaign", "validate", every, "-o", "json")[1])

    assert rows[0]["emails"] == 2


def test_fmt_orders_the_keys_of_every_kind(tmp_path: Path, pmctl: Run) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"""\
{HEAD}steps:
  - id: tell
    notify:
      body: Hot
      subject: Look
      to: [ops@example.com]
  - then:
      - stop
    within: 1d
    raw:
      properties:
        zeta: 1
        alpha: 2
      name: Visits
      kind: decision
      type: page.devicehit
moved:
  - to: tell
    from: old
""")

    assert pmctl("campaign", "fmt", path)[0] == 0

    assert (
        path.read_text()
        == f"""\
{HEAD}moved:
  - from: old
    to: tell
steps:
  - notify:
      to: [ops@example.com]
      subject: Look
      body: Hot
    id: tell
  - raw:
      type: page.devicehit
      kind: decision
      name: Visits
      properties:
        zeta: 1
        alpha: 2
    within: 1d
    then:
      - stop
"""
    )


# What is refused.


@pytest.mark.parametrize(
    ("steps", "at", "message", "hint"),
    [
        ("- {on: visited, url: 'https://a/,b', within: 1d}", "{on", "a comma", ""),
        ("- {on: submitted, url: x, within: 1d}", "{on", "`url` belongs to", ""),
        ("- {on: visted, within: 1d}", "visted", "expected opened, clicked", "visited"),
        ("- {on: visited, then: [stop], else: [stop]}", "{on", "`else` needs `within`", ""),
        ("- {points: {add: 0}}", "{add", "no points to add", ""),
        ("- {points: {ad: 1}}", "ad:", "unknown key `ad`", "did you mean `add`?"),
        ("- {field: {set: {points: 1}}}", "1}", "points are no field", "points: {add: 5}"),
        ("- {field: {set: {}}}", "{}", "`set` cannot be empty", ""),
        ("- {field: {set: {Fax: 1}}}", "Fax", "a field's alias is lower-case", ""),
        ("- {dnc: {add: [email], remove: [email]}}", "{add", "either `add` or `remove`", ""),
        ("- {dnc: {add: [sms]}}", "sms", "expected email", ""),
        ("- {notify: {subject: S, body: B, to: [a@b.example]}}", "{notify", "`id` is missing", ""),
        ("- {id: t, notify: {subject: S, body: B}}", "{subject", "nobody is notified", ""),
        ("- {id: t, notify: {subject: '{{ x', body: B, owner: true}}", "'{{", "`{{`", ""),
        ("- {webhook: {url: example.com}}", "example", "begins with https://", ""),
        ("- {webhook: {url: 'https://a.example', methd: get}}", "methd", "unknown key `methd`",
         "did you mean `method`?"),
        ("- {webhook: {url: 'https://a.example', timeout: 99}}", "99", "60 is the most", ""),
        ("- {webhook: {url: 'https://a.example', data: {a: '{{ b | }}'}}}", "'{{", "one fallback",
         ""),
        ("- enroll: [every]", "every]", "every is this sequence itself", "goto"),
        ("- leave: [every]", "every]", "every is this sequence itself", "`stop`"),
        ("- leave: [this]", "this", "Mautic's word", ""),
        ((MAIL, "- wait: 1d", "- goto: ofer"), "ofer", "no step is named ofer", "offer"),
        ((MAIL, "- goto: offer"), "offer\n", "a circle without a wait never ends", "`wait`"),
        ((MAIL, "- {on: opened, within: 1d, id: q}", "- goto: q"), "q\n", "cannot jump to what",
         ""),
        ((MAIL, "- wait: 1d", "- goto: offer", "- stop"), "stop", "never reached", ""),
        ("- {if: {points: {at_least: 1, at_most: 5}}}", "{at", "exactly one test", ""),
        ("- {if: {points: {atleast: 1}}}", "atleast", "unknown key `atleast`", "at_least"),
        ("- {if: {stage: a, owner: b}}", "{stage", "exactly one of tag", ""),
        ("- {if: {dnc: email, reason: bouncd}}", "bouncd", "expected unsubscribed", "bounced"),
        ("- {if: {reason: bounced, tag: a}}", "{reason", "`reason` belongs to `dnc`", ""),
        ("- {if: {owner: [a, b]}}", "[a", "expected text, found a list", ""),
        ("- {if: {in_campaign: A B}}", "A B", "lower-case letters", ""),
        (raw("lead.tags", "condition", "{tags: [18]}"), "18", "a tag is given by its name", ""),
        (raw("lead.owner", "condition", "{owner: 1}"), "1}", "expected a list", ""),
        (raw("lead.dnc", "condition", "{channels: [email], reason: '1'}"), "'1'", "is never met",
         "1 unsub"),
        (raw("email.send", "action", "{email: 1}"), "{email", "mails people who unsubscribed",
         "email_type: marketing"),
        (raw("a.b", "action", "{triggerRestrictedDaysOfWeek: [-1]}"), "-1", "for ever",
         "0 is Sunday"),
        (raw("a.b", "action", "{triggerIntervalUnit: days}"), "days", "never runs the event", ""),
        (raw("a.b", "action", "{triggerMode: date}"), "date", "cannot be written", "`wait`"),
        ("- {raw: {type: a.b, kind: action, name: N}, then: [stop]}", "{raw",
         "an action has no `then`", ""),
        ("- {raw: {type: a.b, kind: acton, name: N}}", "acton", "expected action", "action"),
        ("- {raw: {type: email.open, kind: decision, name: N}, within: 1d}", "{raw",
         "email.open has no email directly above it", ""),
        ("- {raw: {type: tags, kind: action, name: N}}", "tags", "Mautic's own word", ""),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_at_its_place(
    steps: str | tuple[str, ...], at: str, message: str, hint: str, tmp_path: Path, pmctl: Run
) -> None:
    lines = (steps,) if isinstance(steps, str) else steps
    path = put(tmp_path / "a.yaml", *lines)

    code, out, err = pmctl("campaign", "validate", path)

    assert (code, out) == (65, "")
    assert f"{path}:{place(path, at)}: " in err, err
    assert message in err
    assert hint in err


@pytest.mark.parametrize(
    ("top", "at", "message", "hint"),
    [
        ("moved: [{from: a, to: ofer}]", "ofer}", "no step is named ofer", "did you mean offer?"),
        ("moved: [{from: offer, to: offer}]", "{from", "moved to itself", ""),
        ("moved: [{from: a, to: offer}, {from: a , to: offer}]", "a ,", "a is moved twice", ""),
        ("moved: [{from: offer, to: b}, {from: b, to: offer}]", "offer,", "has that id still", ""),
        ("moved: [{form: a, to: offer}]", "form", "unknown key `form`", "did you mean `from`?"),
        ("on_removed: contnue", "contnue", "expected refuse, continue or exit", "continue"),
        ("on_removed: {offer: exit}", "exit", "offer is a step of this sequence", ""),
        ("limits: {max_emails_per_contact: 0}", "0}", "1 is the least", ""),
    ],
)
def test_what_cannot_be_at_the_top_is_said_at_its_place(
    top: str, at: str, message: str, hint: str, tmp_path: Path, pmctl: Run
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"{HEAD}{top}\nsteps:\n  {MAIL}\n")

    code, _, err = pmctl("campaign", "validate", path)

    assert code == 65
    assert f"{path}:{place(path, at)}: " in err, err
    assert message in err
    assert hint in err


def test_transactional_mail_in_a_circle_has_no_limit_and_says_so(
    tmp_path: Path, pmctl: Run
) -> None:
    path = tmp_path / "a.yaml"
    consent = "consent: {transactional: receipt of a payment}"
    mail = MAIL.replace("body: B", f"body: B, {consent}")
    path.write_text(
        f"{HEAD}limits: {{max_emails_per_contact: 3}}\nsteps:\n"
        f"  {mail}\n  - wait: 1d\n  - goto: offer\n"
    )

    code, _, err = pmctl("campaign", "validate", path)

    assert code == 65
    assert f"{path}:5:34: offer goes out again at every round" in err
