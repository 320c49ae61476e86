"""`pmctl campaign segment` as it is used, against a stand-in Mautic."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pmctl.sandbox.server import MauticSandbox
from tests.campaigns import in_two_lines, written
from tests.conftest import Run

NEWSLETTER = 5  # its id in the stand-in
TRIAL = 2


@pytest.fixture
def used(file: Path, pmctl: Run, sandbox: MauticSandbox) -> MauticSandbox:
    """A stand-in with a campaign that lives on trial-day-2, with two people in it."""
    assert pmctl("campaign", "apply", file)[0] == 0
    sandbox.store.put_member(1, 1)
    sandbox.store.put_member(1, 2)
    sandbox.reset_requests()
    return sandbox


def _segment(sandbox: MauticSandbox, alias: str) -> dict[str, Any]:
    return next(one for one in sandbox.store.segments.values() if one["alias"] == alias)


def _filter(field: str, value: Any, operator: str = "in") -> dict[str, Any]:
    more = {"glue": "and", "object": "lead", "type": field}
    return {**more, "field": field, "operator": operator, "properties": {"filter": value}}


# Reading.


def test_the_list_is_by_alias_and_asks_once(pmctl: Run, sandbox: MauticSandbox) -> None:
    code, out, _ = pmctl("campaign", "segment", "list", "-o", "json")

    rows = json.loads(out)
    assert code == 0
    assert rows[0] == {"alias": "beta-testers", "name": "Beta testers", "id": 10, "published": True}
    assert [row["alias"] for row in rows] == sorted(row["alias"] for row in rows)
    assert [seen.path for seen in sandbox.requests if "segments" in seen.path] == [
        "/api/segments?minimal=1&orderBy=id&start=0&limit=500"
    ]


def test_members_are_counted_side_by_side_without_fetching_them(
    pmctl: Run, sandbox: MauticSandbox
) -> None:
    sandbox.store.contacts[1]["segments"] = [NEWSLETTER]
    sandbox.latency_ms = 5

    code, out, _ = pmctl("campaign", "segment", "list", "--count", "-o", "json")

    counts = {row["alias"]: row["members"] for row in json.loads(out)}
    assert (code, counts["newsletter"], counts["trials"]) == (0, 1, 0)
    assert sandbox.most_at_once > 3
    assert not [seen for seen in sandbox.requests if "/contacts" in seen.path]


def test_a_user_who_may_not_see_the_statistics_still_gets_the_count(
    pmctl: Run, sandbox: MauticSandbox
) -> None:
    sandbox.store.contacts[1]["segments"] = [NEWSLETTER]
    sandbox.access.forbidden = frozenset({"stats"})

    code, out, _ = pmctl("campaign", "segment", "list", "--count", "-o", "json")

    counts = {row["alias"]: row["members"] for row in json.loads(out)}
    assert (code, counts["newsletter"]) == (0, 1)


def test_show_says_the_filters_in_words_and_who_uses_it(pmctl: Run, used: MauticSandbox) -> None:
    used.store.tags[3] = {"id": 3, "tag": "vip", "description": None}
    used.store.segments[TRIAL]["filters"] = [
        _filter("tags", ["3"]),
        {**_filter("country", "Chile", "="), "glue": "or"},
    ]
    used.store.segments[NEWSLETTER]["filters"] = [_filter("leadlist", [str(TRIAL)])]
    used.store.contacts[1]["segments"] = [TRIAL]

    code, out, _ = pmctl("campaign", "segment", "show", "trial-day-2", "-o", "json")

    shown = json.loads(out)
    assert code == 0
    assert shown["filters"] == ["tag in vip", "or country = Chile"]
    assert shown["members"] == 1
    uses = [(use["how"], use["id"], use["name"], use["people"]) for use in shown["used_by"]]
    assert uses == [
        ("source of campaign", 1, "Nudge", 2),
        ("filter of segment", NEWSLETTER, "newsletter", None),
    ]
    text = pmctl("campaign", "segment", "show", str(TRIAL))[1]
    assert "filters\ttag in vip or country = Chile\n" in text


def test_show_finds_the_steps_and_segment_emails_that_name_it(
    pmctl: Run, used: MauticSandbox
) -> None:
    first, second = used.store.campaigns[1]["events"][:2]
    properties = {"addToLists": ["5"], "removeFromLists": []}
    first.update(type="lead.changelist", properties=properties, name="Move on")
    second.update(type="lead.segments", properties={"segments": [5]}, name="Reader?")
    used.store.emails[1].update(emailType="list", lists=[NEWSLETTER])

    out = pmctl("campaign", "segment", "show", "newsletter", "-o", "json")[1]

    assert [(use["how"], use["id"]) for use in json.loads(out)["used_by"]] == [
        ("step 'Move on' of campaign", 1),
        ("step 'Reader?' of campaign", 1),
        ("audience of email", 1),
    ]


def test_members_are_streamed_over_all_pages(pmctl: Run, sandbox: MauticSandbox) -> None:
    for number in range(450):
        key = sandbox.store.add_contact(f"{number}@example.com")
        sandbox.store.contacts[key]["segments"] = [NEWSLETTER]

    code, out, _ = pmctl("campaign", "segment", "members", "newsletter", "-o", "jsonl")
    assert (code, len(out.splitlines())) == (0, 450)
    code, out, err = pmctl("campaign", "segment", "members", "newsletter", "--limit", "3")
    assert out == (
        "email\tfirstname\tlastname\tid\n"
        "0@example.com\t\t\t5\n1@example.com\t\t\t6\n2@example.com\t\t\t7\n"
    )
    assert err == "showing 3 members, there are more (--limit)\n"


def test_a_limit_that_is_no_cut_says_nothing(pmctl: Run, sandbox: MauticSandbox) -> None:
    sandbox.store.contacts[1]["segments"] = [NEWSLETTER]
    assert pmctl("campaign", "segment", "members", "newsletter", "--limit", "1")[2] == ""
    assert pmctl("campaign", "segment", "members", "trials")[::2] == (0, "nobody is in it\n")


@pytest.mark.parametrize("command", ["show", "members", "delete", "add-contacts", "edit"])
def test_an_unknown_alias_asks_whether_another_is_meant(
    command: str, pmctl: Run, sandbox: MauticSandbox
) -> None:
    more = {"add-contacts": ["a@example.com"], "edit": ["--name", "X"]}.get(command, [])

    code, _, err = pmctl("campaign", "segment", command, "trail-day-2", *more)

    assert code == 3
    assert in_two_lines(err) == "Mautic has no segment trail-day-2"
    assert "did you mean trial-day-2?" in err
    assert written(sandbox) == []


def test_two_segments_with_one_alias_are_told_apart_by_id(
    pmctl: Run, sandbox: MauticSandbox
) -> None:
    twin = sandbox.store.add_segment("newsletter")

    code, _, err = pmctl("campaign", "segment", "show", "newsletter")
    assert (code, in_two_lines(err)) == (
        5,
        f"two segments of Mautic have the alias newsletter: {NEWSLETTER} and {twin}",
    )
    assert pmctl("campaign", "segment", "show", str(twin))[0] == 0
    # Mautic would find the members of both
    assert pmctl("campaign", "segment", "members", str(twin))[0] == 5


def test_an_alias_of_digits_goes_before_an_id(pmctl: Run, sandbox: MauticSandbox) -> None:
    key = sandbox.store.add_segment("5", "Fifth")
    out = pmctl("campaign", "segment", "show", "5", "-o", "json")[1]
    assert json.loads(out)["id"] == key


def test_names_never_reach_a_terminal_as_escapes(pmctl: Run, sandbox: MauticSandbox) -> None:
    sandbox.store.segments[NEWSLETTER]["name"] = "\x1b[31mred [bold]x"
    out = pmctl("campaign", "segment", "show", "newsletter")[1]
    assert "name\t\\x1b[31mred [bold]x\n" in out


# Making and changing.


def test_a_segment_is_made_with_its_filters(pmctl: Run, sandbox: MauticSandbox) -> None:
    sandbox.store.tags[3] = {"id": 3, "tag": "vip", "description": None}
    sandbox.store.add_field("plan", "select", values=["free", "pro"])

    code, _, err = pmctl(
        "campaign", "segment", "add", "warm", "--name", "Warm leads",
        "--filter", "tag = vip", "--filter", "or plan in free, pro", "--filter", "points > 3",
        "--filter", "segment = trials", "--unpublish",
    )  # fmt: skip

    made = _segment(sandbox, "warm")
    assert (code, made["name"], made["isPublished"]) == (0, "Warm leads", False)
    asked = [(f["glue"], f["field"], f["operator"], f["properties"]) for f in made["filters"]]
    assert asked == [
        ("and", "tags", "in", {"filter": ["3"]}),
        ("or", "plan", "in", {"filter": ["free", "pro"]}),
        ("and", "points", "gt", {"filter": "3"}),
        ("and", "leadlist", "in", {"filter": [7]}),
    ]
    assert err.startswith("warm is made (segment 13)")


def test_what_show_prints_as_raw_is_taken_back(
    pmctl: Run, sandbox: MauticSandbox, tmp_path: Path
) -> None:
    odd = {**_filter("date_added", "anniversary", "date"), "type": "date"}
    sandbox.store.segments[NEWSLETTER]["filters"] = [odd]
    raw = json.loads(pmctl("campaign", "segment", "show", "newsletter", "-o", "json")[1])["raw"]
    file = tmp_path / "filters.json"
    file.write_text(json.dumps(raw))

    code = pmctl(
        "campaign", "segment", "add", "two", "--name", "Two", "--filter-json", str(file)
    )[0]  # fmt: skip

    assert code == 0
    assert _segment(sandbox, "two")["filters"] == [odd]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("{", ":1:2: Expecting property name"),
        ("{}", ": not a list of filters"),
        ("[]", ": not a list of filters"),
        ('[{"field": 1, "operator": "="}]', ": not a list of filters"),
        ("[" * 100_000, ": not a list of filters"),
    ],
)
def test_a_file_that_holds_no_filters_is_refused(
    text: str, where: str, pmctl: Run, sandbox: MauticSandbox, tmp_path: Path
) -> None:
    file = tmp_path / "filters.json"
    file.write_text(text)

    code, _, err = pmctl(
        "campaign", "segment", "add", "two", "--name", "Two", "--filter-json", str(file)
    )  # fmt: skip

    assert code == 65
    assert f"{file}{where}" in in_two_lines(err)
    assert written(sandbox) == []


def test_an_alias_that_is_taken_is_a_conflict_unless_that_is_fine(
    pmctl: Run, sandbox: MauticSandbox
) -> None:
    asked = ("campaign", "segment", "add", "newsletter", "--name", "X", "--static")

    code, _, err = pmctl(*asked)
    assert (code, in_two_lines(err)) == (
        5,
        "Mautic has a segment with the alias newsletter already",
    )
    assert "--if-not-exists" in err
    code, _, err = pmctl(*asked, "--if-not-exists")
    assert (code, err) == (0, "newsletter is there already (segment 5); it was left as it is\n")
    assert written(sandbox) == []


def test_an_alias_that_somebody_takes_in_between_is_a_conflict_too(
    pmctl: Run, sandbox: MauticSandbox
) -> None:
    real = sandbox.mautic.answer

    def answer(request: Any) -> Any:
        if request.method == "POST" and request.path == "/api/segments/new":
            sandbox.store.add_segment("warm")
        return real(request)

    sandbox.mautic.answer = answer  # type: ignore[method-assign]
    code, _, err = pmctl("campaign", "segment", "add", "warm", "--name", "W", "--static")
    assert (code, in_two_lines(err)) == (5, "Mautic has a segment with the alias warm already")


@pytest.mark.parametrize(
    ("said", "code", "why"),
    [
        ((), 64, "a segment needs filters"),
        (("--static", "--filter", "city = x"), 64, "say different things"),
        (("--filter", "cty = x"), 3, "Mautic has no contact field cty"),
        (("--filter", "tag = vop"), 3, "Mautic has no tag vop"),
        (("--filter", "city >> x"), 64, "knows no '>'"),
        (("--static", "--name", "a\x07b"), 64, "control characters"),
        (("--static", "--name", " "), 64, "is empty"),
    ],
)
def test_a_segment_that_makes_no_sense_is_refused_in_two_lines(
    said: tuple[str, ...], code: int, why: str, pmctl: Run, sandbox: MauticSandbox
) -> None:
    got, _, err = pmctl("campaign", "segment", "add", "warm", "--name", "Warm", *said)

    assert got == code
    assert why in in_two_lines(err)
    assert written(sandbox) == []


@pytest.mark.parametrize("alias", ["War m", "Warm", "wärm/", "a\x1bb", ""])
def test_an_alias_is_plain(alias: str, pmctl: Run, sandbox: MauticSandbox) -> None:
    code, _, err = pmctl("campaign", "segment", "add", alias, "--name", "W", "--static")
    assert code == 64
    assert in_two_lines(err)
    assert written(sandbox) == []


def test_what_mautic_did_not_take_over_is_an_error(pmctl: Run, sandbox: MauticSandbox) -> None:
    real = sandbox.mautic.answer

    def answer(request: Any) -> Any:
        made = real(request)
        if request.path == "/api/segments/new":
            made.body["list"].update(alias="warm1", filters=[])
        return made

    sandbox.mautic.answer = answer  # type: ignore[method-assign]
    code, _, err = pmctl(
        "campaign", "segment", "add", "warm", "--name", "W", "--filter", "city = x"
    )  # fmt: skip
    assert code == 1
    assert in_two_lines(err) == "warm: Mautic answered yes, but did not take over alias, filters"


def test_an_edit_patches_what_is_said_and_nothing_else(pmctl: Run, sandbox: MauticSandbox) -> None:
    sandbox.store.segments[NEWSLETTER]["filters"] = [_filter("country", "Chile", "=")]

    assert pmctl("campaign", "segment", "edit", "newsletter", "--name", "News")[0] == 0

    now = sandbox.store.segments[NEWSLETTER]
    assert (now["name"], now["alias"], now["isPublished"]) == ("News", "newsletter", True)
    assert now["filters"] == [_filter("country", "Chile", "=")]
    assert written(sandbox) == ["PATCH /api/segments/5/edit"]


def test_new_filters_replace_the_old_ones(pmctl: Run, sandbox: MauticSandbox) -> None:
    sandbox.store.segments[NEWSLETTER]["filters"] = [_filter("country", "Chile", "=")]
    edit = ("campaign", "segment", "edit", "newsletter")

    assert pmctl(*edit, "--filter", "city = Lima")[0] == 0
    fields = [one["field"] for one in sandbox.store.segments[NEWSLETTER]["filters"]]
    assert fields == ["city"]
    assert pmctl(*edit, "--static")[0] == 0
    assert sandbox.store.segments[NEWSLETTER]["filters"] == []


def test_an_edit_that_takes_people_out_of_campaigns_asks_first(
    pmctl: Run, used: MauticSandbox
) -> None:
    edit = ("campaign", "segment", "edit", "trial-day-2", "--filter", "city = Lima")

    code, _, err = pmctl(*edit)
    assert code == 64
    assert "in use as the source of campaign Nudge (1) with 2 members" in err
    assert pmctl(*edit, "--dry-run")[0] == 0
    assert written(used) == []
    assert pmctl(*edit, "--yes")[0] == 0
    assert written(used) == ["PATCH /api/segments/2/edit"]


def test_a_new_name_asks_nobody(pmctl: Run, used: MauticSandbox) -> None:
    assert pmctl("campaign", "segment", "edit", "trial-day-2", "--name", "Day 2")[0] == 0
    assert not [seen for seen in used.requests if "campaigns" in seen.path]


def test_an_edit_of_nothing_is_wrong_usage(pmctl: Run, sandbox: MauticSandbox) -> None:
    code, _, err = pmctl("campaign", "segment", "edit", "newsletter")
    assert (code, in_two_lines(err)) == (64, "nothing to change is said")


# Deleting.


def test_a_segment_that_a_campaign_lives_on_is_not_deleted(pmctl: Run, used: MauticSandbox) -> None:
    code, _, err = pmctl("campaign", "segment", "delete", "newsletter", "trial-day-2", "--yes")

    assert code == 7
    assert in_two_lines(err) == (
        "refused, the segment is in use: "
        "trial-day-2 is the source of campaign Nudge (1) with 2 members"
    )
    assert written(used) == []  # not even the other one


def test_with_a_reason_it_is_deleted_and_the_reason_is_kept(
    pmctl: Run, used: MauticSandbox
) -> None:
    code, _, err = pmctl(
        "campaign", "segment", "delete", "trial-day-2", "--force", "the trial ended", "--yes"
    )  # fmt: skip

    assert code == 0
    assert "in use as the source of campaign Nudge (1) with 2 members\n" in err
    assert used.store.campaigns[1]["lists"] == []  # what the refusal is for
    audit = pmctl("config", "audit", "-o", "json")[1]
    assert "the trial ended" in json.loads(audit)[-1]["command"]


def test_segments_that_only_need_each_other_go_together(pmctl: Run, sandbox: MauticSandbox) -> None:
    sandbox.store.segments[NEWSLETTER]["filters"] = [_filter("leadlist", [7])]

    assert pmctl("campaign", "segment", "delete", "trials", "--yes")[0] == 7
    assert pmctl("campaign", "segment", "delete", "trials", "newsletter", "--yes")[0] == 0
    assert not {5, 7} & set(sandbox.store.segments)


def test_a_delete_needs_a_yes_and_a_dry_run_writes_nothing(
    pmctl: Run, sandbox: MauticSandbox
) -> None:
    code, _, err = pmctl("campaign", "segment", "delete", "newsletter")
    assert code == 64
    assert in_two_lines(err).startswith("Delete newsletter (0 members)? Nobody is there")
    code, _, err = pmctl("campaign", "segment", "delete", "newsletter", "--dry-run")
    assert (code, err) == (0, "would delete newsletter (0 members)\n")
    assert written(sandbox) == []


def test_names_that_are_not_there_are_skipped_if_that_is_asked_for(
    pmctl: Run, sandbox: MauticSandbox
) -> None:
    code, _, err = pmctl(
        "campaign", "segment", "delete", "nosuch", "newsletter", "5", "--if-exists", "--yes"
    )  # fmt: skip
    assert (code, err) == (0, "there is no segment nosuch\nnewsletter is deleted\n")
    assert written(sandbox) == ["DELETE /api/segments/5/delete"]
    code, _, err = pmctl("campaign", "segment", "delete", "nosuch", "--if-exists", "--yes")
    assert (code, err.splitlines()[-1]) == (0, "nothing to delete")


# People in and out.


def _people(sandbox: MauticSandbox, segment: int = NEWSLETTER) -> list[int]:
    return [key for key, one in sandbox.store.contacts.items() if segment in one["segments"]]


def test_contacts_are_put_in_by_email_in_one_request(pmctl: Run, sandbox: MauticSandbox) -> None:
    code, out, _ = pmctl(
        "campaign", "segment", "add-contacts", "newsletter", "ana@example.com", "BEN@example.com"
    )

    assert (code, _people(sandbox)) == (0, [1, 2])
    assert out == ("email\tid\tresult\nana@example.com\t1\tadded\nBEN@example.com\t2\tadded\n")
    assert written(sandbox) == ["POST /api/segments/5/contacts/add"]
    # again: nothing changes
    code = pmctl("campaign", "segment", "add-contacts", "newsletter", "ana@example.com")[0]
    assert (code, _people(sandbox)) == (0, [1, 2])


def test_emails_come_from_stdin_and_unknown_ones_are_named(
    pmctl: Run, sandbox: MauticSandbox
) -> None:
    code, out, err = pmctl(
        "campaign", "segment", "add-contacts", "newsletter", "-", "-o", "json",
        stdin="ana@example.com\n\nzoe@example.com\nana@example.com\n",
    )  # fmt: skip

    assert code == 1
    assert json.loads(out) == [
        {"email": "ana@example.com", "id": 1, "result": "added"},
        {"email": "zoe@example.com", "id": None, "result": "no contact has it"},
    ]
    assert json.loads(err)["error"]["message"] == "not done for zoe@example.com"
    assert _people(sandbox) == [1]


def test_many_emails_go_in_batches_and_are_looked_up_side_by_side(
    pmctl: Run, sandbox: MauticSandbox
) -> None:
    emails = [f"{number}@example.com" for number in range(450)]
    for email in emails:
        sandbox.store.add_contact(email)

    code = pmctl(
        "campaign", "segment", "add-contacts", "newsletter", "-", stdin="\n".join(emails)
    )[0]  # fmt: skip

    assert (code, len(_people(sandbox))) == (0, 450)
    assert written(sandbox) == ["POST /api/segments/5/contacts/add"] * 3


def test_an_email_that_two_contacts_have_is_left_alone(pmctl: Run, sandbox: MauticSandbox) -> None:
    twin = sandbox.store.add_contact("ana@example.com")

    code, out, _ = pmctl("campaign", "segment", "add-contacts", "newsletter", "ana@example.com")

    assert (code, _people(sandbox)) == (1, [])
    assert f"several contacts have it: 1 and {twin}" in out


def test_what_mautic_did_not_add_is_named(pmctl: Run, sandbox: MauticSandbox) -> None:
    real = sandbox.mautic.answer

    def answer(request: Any) -> Any:
        if request.path.endswith("/contacts/add"):
            sandbox.store.contacts.pop(1)  # deleted in between
        return real(request)

    sandbox.mautic.answer = answer  # type: ignore[method-assign]
    code, out, _ = pmctl(
        "campaign", "segment", "add-contacts", "newsletter", "ana@example.com", "ben@example.com"
    )
    assert (code, _people(sandbox)) == (1, [2])
    assert "ana@example.com\t1\tMautic did not add it" in out


def test_contacts_are_taken_out_by_email(pmctl: Run, sandbox: MauticSandbox) -> None:
    for key in (1, 2, 3):
        sandbox.store.contacts[key]["segments"] = [NEWSLETTER]

    code, out, _ = pmctl(
        "campaign", "segment", "remove-contacts", "newsletter",
        "ana@example.com", "ben@example.com", "zoe@example.com",
    )  # fmt: skip

    assert (code, _people(sandbox)) == (1, [3])
    assert [line.split("\t")[2] for line in out.splitlines()[1:]] == [
        "removed", "removed", "no contact has it",
    ]  # fmt: skip


@pytest.mark.parametrize("command", ["add-contacts", "remove-contacts"])
def test_a_dry_run_only_finds_the_contacts(
    command: str, pmctl: Run, sandbox: MauticSandbox
) -> None:
    code, out, _ = pmctl(
        "campaign", "segment", command, "newsletter", "ana@example.com", "--dry-run"
    )
    assert (code, out.splitlines()[1]) == (0, "ana@example.com\t1\tfound")
    assert written(sandbox) == []


@pytest.mark.parametrize("email", ["ana", "@x", "a b@x.example", "a\x1b@x.example", "a@x, b@x"])
def test_what_is_no_email_changes_nothing(email: str, pmctl: Run, sandbox: MauticSandbox) -> None:
    add = ("campaign", "segment", "add-contacts", "newsletter")

    code, _, err = pmctl(*add, "ana@example.com", email)
    assert code == 64
    assert "is no email address" in in_two_lines(err)
    code, _, err = pmctl(*add, "-", stdin=f"ana@example.com\n{email}\n")
    assert code == 65
    assert in_two_lines(err).startswith("<stdin>:2:1: ")
    assert sandbox.requests == []
