"""The `campaign` commands as a person and as a program use them, against a stand-in Mautic."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import yaml

from pmctl.sandbox.server import MauticSandbox
from tests.campaigns import NUDGE, OTHER, in_two_lines, marker_of, written
from tests.conftest import Run
from tests.sandboxes import campaigns_in
from tests.shell import PMCTL, at_a_terminal, environment, typed

SENDER = NUDGE.replace(
    "steps:", "send: {from: {name: '${SENDER}', address: ana@mail.example.com}}\nsteps:"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "campaigns"
    (place / "deep").mkdir(parents=True)
    (place / "nudge.yaml").write_text(NUDGE)
    (place / "deep" / "other.yml").write_text(OTHER)
    (place / "notes.txt").write_text("no sequence")
    return place


# Files only: validate, explain, graph, schema, fmt.


def test_validate_says_what_each_file_comes_to(folder: Path, pmctl: Run) -> None:
    code, out, err = pmctl("campaign", "validate", folder)

    assert (code, err) == (0, "")
    assert [line.split("\t")[1:] for line in out.splitlines()] == [
        ["key", "emails", "events"],
        ["other", "1", "1"],
        ["nudge", "2", "8"],
    ]


def test_validate_reads_a_sequence_from_stdin_once(pmctl: Run) -> None:
    code, out, _ = pmctl("campaign", "validate", "-", "-", "-o", "json", stdin=NUDGE)

    assert code == 0
    assert [(row["path"], row["key"]) for row in json.loads(out)] == [("<stdin>", "nudge")]


def test_a_body_file_of_stdin_lies_in_the_working_folder(
    tmp_path: Path, pmctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "offer.md").write_text("Hello")
    monkeypatch.chdir(tmp_path)
    text = NUDGE.replace("body: Hello\n", "body: {file: offer.md}\n")

    assert pmctl("campaign", "validate", "-", stdin=text)[0] == 0


@pytest.mark.parametrize("form", ["json", "jsonl", "yaml", "csv"])
def test_validate_prints_documents_for_programs(form: str, folder: Path, pmctl: Run) -> None:
    code, out, _ = pmctl("campaign", "validate", folder, "-o", form)

    assert code == 0
    rows = _rows(form, out)
    assert [row["key"] for row in rows] == ["other", "nudge"]
    assert [int(row["emails"]) for row in rows] == [1, 2]
    if form != "csv":
        assert {"path", "key", "emails", "events", "warnings"} == set(rows[0])


def _rows(form: str, text: str) -> list[dict[str, Any]]:
    if form == "csv":
        return list(csv.DictReader(io.StringIO(text)))
    if form == "jsonl":
        return [json.loads(line) for line in text.splitlines()]
    rows: list[dict[str, Any]] = json.loads(text) if form == "json" else yaml.safe_load(text)
    return rows


def test_explain_says_it_in_words_and_as_a_value(file: Path, pmctl: Run) -> None:
    code, words, _ = pmctl("campaign", "explain", file)
    assert code == 0
    assert "trial-day-2" in words
    assert "3 days" in words

    code, out, _ = pmctl("campaign", "explain", file, "-o", "json")
    (value,) = json.loads(out)
    assert (code, value["key"]) == (0, "nudge")
    assert {node["step"] for node in value["nodes"]} >= {"offer", "resend"}


def test_explain_is_no_list_for_csv(file: Path, pmctl: Run) -> None:
    code, out, err = pmctl("campaign", "explain", file, "-o", "csv")

    assert (code, out) == (64, "")
    assert "csv is for lists" in in_two_lines(err)


def test_graph_draws_a_tree_without_escapes_in_a_pipe(file: Path, pmctl: Run) -> None:
    code, out, _ = pmctl("campaign", "graph", file)

    assert code == 0
    assert "offer" in out
    assert "\x1b" not in out


def test_graph_draws_an_svg_that_an_xml_parser_reads(file: Path, pmctl: Run) -> None:
    file.write_text(NUDGE.replace("A question", "Fish & chips"))

    code, out, _ = pmctl("campaign", "graph", file, "-o", "svg")

    assert code == 0
    root = ET.fromstring(out)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert any("Fish & chips" in words for words in root.itertext())


@pytest.mark.parametrize(
    ("picture", "begin"),
    [("html", "<!doctype html>"), ("mermaid", "---\ntitle:"), ("dot", 'digraph "nudge" {')],
)
def test_graph_draws_for_others(file: Path, picture: str, begin: str, pmctl: Run) -> None:
    code, out, err = pmctl("campaign", "graph", file, "-o", picture)

    assert (code, err) == (0, "")
    assert out.startswith(begin)
    assert "offer" in out


def test_graph_writes_a_png_with_letters_into_a_file(
    file: Path, tmp_path: Path, pmctl: Run
) -> None:
    blank = NUDGE.replace("name: Nudge", 'name: "_"').replace("A question", "_")
    sizes = []
    for text in (NUDGE, blank):
        file.write_text(text)
        code, out, err = pmctl("campaign", "graph", file, "-o", "png", "--to", tmp_path / "a.png")
        assert (code, out) == (0, ""), err
        sizes.append(len((tmp_path / "a.png").read_bytes()))

    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert "a.png" in err
    assert sizes[0] > sizes[1]  # a letter more is a dot more


def test_a_png_goes_through_a_pipe_as_it_is(file: Path) -> None:
    command = [*PMCTL, "campaign", "graph", str(file), "-o", "png"]
    done = subprocess.run(command, env=environment(), capture_output=True, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"\x89PNG")


def test_a_png_is_nothing_for_a_terminal(file: Path) -> None:
    shown = at_a_terminal(*PMCTL, "campaign", "graph", str(file), "-o", "png", NO_COLOR="1")

    assert shown.startswith("error: a PNG is nothing for a terminal\nhint: --to FILE")


def test_a_picture_that_cannot_be_written_is_one_error(file: Path, pmctl: Run) -> None:
    code, _, err = pmctl("campaign", "graph", file, "-o", "svg", "--to", "/nowhere/a.svg")

    assert code == 1
    assert in_two_lines(err).startswith("/nowhere/a.svg cannot be written")


def test_graph_prints_the_tree_as_json(pmctl: Run) -> None:
    code, out, _ = pmctl("campaign", "graph", "-", "-o", "json", stdin=NUDGE)

    assert code == 0
    nodes = json.loads(out)["nodes"]
    assert [node["parent"] for node in nodes].count(None) == 1


def test_graph_draws_one_sequence_not_the_first_of_many(folder: Path, pmctl: Run) -> None:
    code, out, err = pmctl("campaign", "graph", folder)

    assert (code, out) == (64, "")
    assert "2 sequences" in in_two_lines(err)
    assert pmctl("campaign", "graph", folder / "deep")[0] == 0


def test_schema_is_a_draft_of_json_schema(pmctl: Run) -> None:
    code, out, _ = pmctl("campaign", "schema")

    assert code == 0
    schema = json.loads(out)
    assert {"version", "key", "name", "audience", "steps"} <= set(schema["properties"])


UNTIDY = NUDGE.replace("key: nudge\n", "key:   'nudge'   # for ever\n")


def test_fmt_writes_the_canonical_form_and_keeps_comments_and_mode(file: Path, pmctl: Run) -> None:
    file.write_text(UNTIDY)
    file.chmod(0o640)

    code, out, _ = pmctl("campaign", "fmt", file)

    assert (code, out) == (0, f"{file}\n")
    assert "key: nudge" in file.read_text()
    assert "# for ever" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o640
    assert pmctl("campaign", "fmt", file) == (0, "", "")


def test_fmt_check_changes_nothing_and_ends_with_2(file: Path, pmctl: Run) -> None:
    file.write_text(UNTIDY)

    assert pmctl("campaign", "fmt", "--check", file)[:2] == (2, f"{file}\n")
    assert file.read_text() == UNTIDY

    pmctl("campaign", "fmt", file)
    assert pmctl("campaign", "fmt", "--check", file)[:2] == (0, "")


def test_fmt_of_stdin_goes_to_stdout(pmctl: Run) -> None:
    code, out, _ = pmctl("campaign", "fmt", "-", stdin=UNTIDY)

    assert code == 0
    assert "key: nudge" in out
    assert pmctl("campaign", "fmt", "--check", "-", stdin=out)[0] == 0
    assert pmctl("campaign", "fmt", "--check", "-", stdin=UNTIDY)[:2] == (2, "<stdin>\n")


def test_fmt_writes_nothing_when_one_of_the_files_is_broken(folder: Path, pmctl: Run) -> None:
    (folder / "deep" / "other.yml").write_text(UNTIDY)
    (folder / "nudge.yaml").write_text(UNTIDY.replace("name:", "nmae:"))
    (folder / "third.yaml").write_text(UNTIDY.replace("steps:", "stops:"))

    code, out, err = pmctl("campaign", "fmt", folder)

    assert (code, out) == (65, "")
    assert "nudge.yaml:3:1" in err
    assert "third.yaml" in err
    assert (folder / "deep" / "other.yml").read_text() == UNTIDY


# Variables.


def test_a_variable_comes_from_the_environment_and_var_overrules_it(
    file: Path, pmctl: Run, sandbox: MauticSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(SENDER)
    monkeypatch.setenv("SENDER", "Ana")
    assert pmctl("campaign", "apply", file)[0] == 0
    assert [one["fromName"] for one in sandbox.store.emails.values()] == ["Ana", "Ana"]

    assert pmctl("campaign", "apply", file, "--var", "SENDER=Bo=b")[0] == 0
    assert [one["fromName"] for one in sandbox.store.emails.values()] == ["Bo=b", "Bo=b"]


def test_a_variable_that_nobody_set_is_an_error_in_the_file(file: Path, pmctl: Run) -> None:
    file.write_text(SENDER)

    code, _, err = pmctl("campaign", "validate", file)

    assert code == 65
    assert f"{file}:7:21" in err
    assert "SENDER" in err


def test_the_variables_of_pmctl_itself_never_get_into_a_campaign(
    file: Path, pmctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PMCTL_MAUTIC_PASSWORD", "a-secret-of-ours")
    file.write_text(SENDER.replace("SENDER", "PMCTL_MAUTIC_PASSWORD"))

    code, out, err = pmctl("campaign", "explain", file, "-o", "json")

    assert code == 65
    assert "a-secret-of-ours" not in out + err


@pytest.mark.parametrize("pair", ["SENDER", "=Ana"])
def test_a_variable_is_written_with_a_name_and_a_value(pair: str, file: Path, pmctl: Run) -> None:
    code, _, err = pmctl("campaign", "validate", file, "--var", pair)

    assert code == 64
    assert "NAME=VALUE" in in_two_lines(err)


# plan and apply.


def test_plan_ends_with_2_only_when_asked_and_only_with_changes(
    folder: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    code, out, _ = pmctl("campaign", "plan", folder)
    assert code == 0
    assert out.splitlines() == [
        "other (new) will be created",
        "  + 1 email and 1 event",
        "nudge (new) will be created",
        "  + 2 emails and 8 events",
        "2 campaigns: 2 to create",
    ]
    assert pmctl("campaign", "plan", folder, "--detailed-exitcode")[0] == 2

    assert pmctl("campaign", "apply", folder, "--detailed-exitcode")[0] == 2
    assert pmctl("campaign", "apply", folder, "--detailed-exitcode")[0] == 0
    assert pmctl("campaign", "plan", folder, "--detailed-exitcode")[:2] == (
        0,
        "2 campaigns: 2 up to date\n",
    )


@pytest.mark.parametrize("command", [["plan"], ["apply", "--dry-run"]])
def test_a_look_ahead_sends_nothing_but_reads(
    command: list[str], folder: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    code, out, _ = pmctl("campaign", *command, folder, "--detailed-exitcode")

    assert code == 2
    assert "2 campaigns: 2 to create" in out
    assert len(sandbox.requests) > 3
    assert written(sandbox) == []


@pytest.mark.parametrize("form", ["json", "jsonl", "yaml", "csv"])
def test_a_plan_is_a_document_for_programs(
    form: str, folder: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    assert pmctl("campaign", "apply", folder / "nudge.yaml")[0] == 0
    (folder / "nudge.yaml").write_text(NUDGE.replace("A question", "An answer"))

    code, out, _ = pmctl("campaign", "plan", folder, "-o", form)

    assert code == 0
    other, nudge = _rows(form, out)
    assert (other["action"], nudge["action"]) == ("create", "update")
    assert int(nudge["campaign_id"]) == 1
    if form != "csv":
        assert set(nudge) == {
            "version", "key", "name", "path", "campaign_id", "action", "changes", "dangers",
            "notes", "people", "sends", "seen", "desired",
        }  # fmt: skip
        subject = next(change for change in nudge["changes"] if change["kind"] == "email")
        assert subject["fields"][0] == {
            "field": "subject",
            "before": "A question",
            "after": "An answer",
            "by": "you",
        }


def test_an_apply_is_a_document_for_programs(
    folder: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    code, out, err = pmctl("campaign", "apply", folder, "-o", "json")

    assert (code, err) == (0, "")
    rows = json.loads(out)
    assert [(row["key"], row["action"], row["published"]) for row in rows] == [
        ("other", "create", False),
        ("nudge", "create", True),
    ]
    for row in rows:
        assert (row["not_applied"], row["unexpected"]) == ([], [])
        assert row["campaign_id"] in sandbox.store.campaigns


def test_an_apply_with_nothing_to_do_is_an_empty_list(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    assert pmctl("campaign", "apply", file)[0] == 0

    assert pmctl("campaign", "apply", file, "-o", "json")[:2] == (0, "[]\n")


def test_apply_takes_a_sequence_from_stdin(pmctl: Run, sandbox: MauticSandbox) -> None:
    code, out, _ = pmctl("campaign", "apply", "-", stdin=NUDGE)

    assert code == 0
    assert out == "nudge: created, published (campaign 1)\n1 campaign: 1 created\n"
    assert pmctl("campaign", "apply", "-", stdin=NUDGE)[1] == "1 campaign: 1 up to date\n"


def test_more_files_than_are_kept_are_planned_in_their_order(
    tmp_path: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    for number in range(35):
        text = OTHER.replace("other", f"other-{number:02}").replace("Other", f"Other {number}")
        (tmp_path / f"{number:02}.yaml").write_text(text)

    assert pmctl("campaign", "apply", tmp_path)[0] == 0
    sandbox.latency_ms = 5
    sandbox.reset_requests()
    code, out, _ = pmctl("campaign", "plan", tmp_path, "-o", "csv", "--columns", "key,action")

    assert code == 0
    rows = out.splitlines()
    assert rows[:2] == ["key,action", "other-00,nothing"]
    assert rows[-1] == "other-34,nothing"
    assert len(sandbox.store.campaigns) == 35
    assert sandbox.most_at_once > 1
    # campaigns, segments, the emails of all (their total and a page), then one a campaign
    assert len(sandbox.requests) == 4 + 35


# One bad file among several.


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_one_bad_file_stops_all_and_every_problem_is_listed(
    command: str, folder: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    (folder / "bad.yaml").write_text(OTHER.replace("name:", "nmae:").replace("body:", "bdoy:"))
    (folder / "worse.yaml").write_text("steps: [")

    code, out, err = pmctl("campaign", command, folder)

    assert (code, out) == (65, "")
    assert sandbox.requests == []
    for place in ("bad.yaml:3:1: unknown key", "bad.yaml:9:5: unknown key", "worse.yaml:1:"):
        assert place in err
    assert err.splitlines()[-2:] == [
        "error: 3 problems in 2 files",
        "hint: mend and run again",
    ]


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        (("key: other", "key: nudge"), "nudge.yaml:2:6", "has the same key, 'nudge'"),
        (("name: Other", "name: Nudge"), "nudge.yaml:3:7", "has the same name, 'Nudge'"),
    ],
)
def test_two_files_cannot_be_the_same_campaign(
    change: tuple[str, str],
    place: str,
    words: str,
    folder: Path,
    pmctl: Run,
    sandbox: MauticSandbox,
) -> None:
    (folder / "deep" / "other.yml").write_text(OTHER.replace(*change))

    code, _, err = pmctl("campaign", "apply", folder)

    assert code == 65
    assert f"{place}: {folder}/deep/other.yml {words}" in err
    assert sandbox.requests == []


def test_a_file_named_twice_is_one_file(folder: Path, pmctl: Run, sandbox: MauticSandbox) -> None:
    code, out, _ = pmctl(
        "campaign", "apply", folder, folder / "nudge.yaml", f"{folder}/deep/../nudge.yaml"
    )

    assert code == 0
    assert "2 campaigns: 2 created" in out


# list, show, publish, unpublish.


@pytest.fixture
def applied(folder: Path, pmctl: Run, sandbox: MauticSandbox) -> MauticSandbox:
    """A stand-in with two campaigns of ours and one that somebody clicked together."""
    assert pmctl("campaign", "apply", folder)[0] == 0
    clicked = {**sandbox.store.campaigns[1], "id": 9, "name": "By hand", "description": None}
    sandbox.store.campaigns[9] = {**clicked, "events": []}
    sandbox.reset_requests()
    return sandbox


def test_list_shows_every_campaign_and_ours_alone_with_ours(
    applied: MauticSandbox, pmctl: Run
) -> None:
    assert pmctl("campaign", "list")[1].splitlines() == [
        "id\tkey\tname\tpublished\tenv\tretired",
        "1\tother\tOther\tno\tdefault\t",
        "2\tnudge\tNudge\tyes\tdefault\t",
        "9\t\tBy hand\tno\t\t",
    ]
    code, out, _ = pmctl("campaign", "list", "--ours", "-o", "json")
    assert code == 0
    assert [row["key"] for row in json.loads(out)] == ["other", "nudge"]
    assert set(json.loads(out)[0]) == {
        *("id", "key", "name", "published", "env", "hash", "modified", "retired")
    }


@pytest.mark.parametrize("form", ["json", "jsonl", "yaml", "csv"])
def test_list_prints_the_columns_asked_for(form: str, applied: MauticSandbox, pmctl: Run) -> None:
    code, out, _ = pmctl("campaign", "list", "-o", form, "--columns", "key,hash")

    assert code == 0
    rows = _rows(form, out)
    assert [list(row) for row in rows] == [["key", "hash"]] * 3
    assert len(rows[0]["hash"]) == 12


def test_a_column_that_does_not_exist_is_wrong_usage(applied: MauticSandbox, pmctl: Run) -> None:
    code, out, err = pmctl("campaign", "list", "--columns", "key,colour")

    assert (code, out) == (64, "")
    assert "colour" in in_two_lines(err)


def test_a_limit_is_said_on_stderr_unless_quiet(applied: MauticSandbox, pmctl: Run) -> None:
    code, out, err = pmctl("campaign", "list", "--limit", "1", "--no-header")
    assert (code, out) == (0, "1\tother\tOther\tno\tdefault\t\n")
    assert err == "showing 1 of 3 campaigns (--limit)\n"

    assert pmctl("campaign", "list", "--limit", "1", "--quiet")[2] == ""
    assert pmctl("campaign", "list", "--limit", "3")[2] == ""
    assert pmctl("campaign", "list", "--limit", "0")[0] == 64


def test_an_empty_list_is_no_error(pmctl: Run, sandbox: MauticSandbox) -> None:
    assert pmctl("campaign", "list", "-o", "json") == (0, "[]\n", "no campaigns\n")


def test_show_counts_members_and_who_waits_where(applied: MauticSandbox, pmctl: Run) -> None:
    steps = {marker_of(e): e["id"] for e in applied.store.campaigns[2]["events"]}
    resend = steps["pmctl step=resend path=main/offer.opened=no"]
    applied.store.put_waiting(resend, 1)
    applied.store.put_waiting(resend, 2)
    applied.store.put_passed(steps["pmctl step=offer path=main"], 3)

    code, out, _ = pmctl("campaign", "show", "nudge", "-o", "json")

    assert code == 0
    shown = json.loads(out)
    assert (shown["id"], shown["members"], shown["segments"]) == (2, 3, ["trial-day-2"])
    waiting = {step["step"]: step["waiting"] for step in shown["steps"]}
    assert (waiting["resend"], waiting["offer"]) == (2, 0)
    assert {step["step"]: step["when"] for step in shown["steps"]}["resend"] == "after 3 d"


def test_show_by_id_is_readable_in_a_pipe(applied: MauticSandbox, pmctl: Run) -> None:
    code, out, _ = pmctl("campaign", "show", "2")

    assert code == 0
    assert "key\tnudge\n" in out
    assert "resend\tmain/offer.opened=no\tafter 3 d\t0\n" in out


def test_publish_and_unpublish_change_nothing_else(applied: MauticSandbox, pmctl: Run) -> None:
    before = {**applied.store.campaigns[1]}

    code, _, err = pmctl("campaign", "publish", "other")

    assert (code, err) == (0, "other is published\n")
    after = applied.store.campaigns[1]
    assert after["isPublished"] is True
    assert [after[name] for name in ("events", "lists", "name", "description")] == [
        before[name] for name in ("events", "lists", "name", "description")
    ]
    assert pmctl("campaign", "unpublish", "1")[2] == "other is unpublished\n"
    assert applied.store.campaigns[1]["isPublished"] is False


def test_publishing_what_is_published_already_writes_nothing(
    applied: MauticSandbox, pmctl: Run
) -> None:
    code, _, err = pmctl("campaign", "publish", "nudge")

    assert (code, err) == (0, "nudge is published already\n")
    assert written(applied) == []


@pytest.mark.parametrize(("how", "code"), [("cut-after", 0), ("500-stored", 0), ("500", 75)])
def test_an_unsure_answer_to_publishing_is_looked_up(
    how: str, code: int, applied: MauticSandbox, pmctl: Run
) -> None:
    applied.fail(f"PATCH:*:*:{how}")

    said, _, err = pmctl("campaign", "publish", "other")

    assert said == code
    assert written(applied) == ["PATCH /api/campaigns/1/edit"]
    if code:
        assert "campaign 1" in in_two_lines(err)
        assert "hint: run the same command again" in err


def test_publish_dry_run_writes_nothing(applied: MauticSandbox, pmctl: Run) -> None:
    code, _, err = pmctl("campaign", "unpublish", "nudge", "--dry-run")

    assert (code, err) == (0, "nudge would be unpublished\n")
    assert written(applied) == []


@pytest.mark.parametrize("command", ["show", "publish", "unpublish"])
def test_a_campaign_that_is_not_there_is_3(
    command: str, applied: MauticSandbox, pmctl: Run
) -> None:
    code, _, err = pmctl("campaign", command, "nudg")
    assert code == 3
    assert "did you mean nudge?" in err
    assert "nudg" in in_two_lines(err)

    assert pmctl("campaign", command, "77")[0] == 3
    assert pmctl("campaign", command, "２")[0] == 3  # a digit, but no id
    assert written(applied) == []


def test_errors_are_json_where_results_are(applied: MauticSandbox, pmctl: Run) -> None:
    code, out, err = pmctl("campaign", "show", "nudg", "-o", "json")

    assert (code, out) == (3, "")
    assert json.loads(err)["error"]["exit_code"] == 3


def test_names_of_campaigns_never_reach_a_terminal_raw(applied: MauticSandbox, pmctl: Run) -> None:
    applied.store.campaigns[9]["name"] = "\x1b[31mred\x1b[0m [bold]x[/bold]"

    _, out, _ = pmctl("campaign", "list")

    assert "\x1b" not in out
    assert "[bold]x[/bold]" in out


def test_what_was_listed_can_be_completed(applied: MauticSandbox, pmctl: Run, home: Path) -> None:
    pmctl("campaign", "list")

    names = home / ".cache" / "pmctl" / "names" / "campaigns"
    assert names.read_text() == "nudge\nother\n"


@pytest.mark.parametrize(
    ("answer", "said", "made"),
    [("n", "nothing was changed", 0), ("y", "nudge: created, published", 1)],
)
def test_apply_asks_at_a_terminal(
    answer: str,
    said: str,
    made: int,
    file: Path,
    sandbox: MauticSandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    shown = typed([*PMCTL, "campaign", "apply", str(file)], f"{answer}\n")

    assert "nudge (new) will be created" in shown
    assert "1 campaign: 1 to create; apply? [y/N] " in shown
    assert said in shown
    assert len(campaigns_in(sandbox)) == made


def test_yes_answers_the_question_at_a_terminal(file: Path, sandbox: MauticSandbox) -> None:
    shown = typed([*PMCTL, "campaign", "apply", str(file), "--yes"], "")

    assert "apply?" not in shown
    assert len(campaigns_in(sandbox)) == 1


def test_slips_in_bodies_and_in_the_order_of_steps_are_told_together(
    tmp_path: Path, pmctl: Run
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(
        NUDGE.replace("subject: A question", "subject: '{{ firstname | there'").replace(
            "    else:\n", "    else:\n      - stop: true\n"
        )
    )

    code, _, err = pmctl("campaign", "validate", path)

    assert code == 65
    assert "without its `}}`" in err
    assert "never reached" in err


def test_a_changed_wait_is_told_in_words(applied: MauticSandbox, file: Path, pmctl: Run) -> None:
    file.write_text(NUDGE.replace("within: 3d", "within: 2d"))

    out = pmctl("campaign", "plan", file)[1]

    assert "when: after 3 d → after 2 d" in out
    assert "nothing, nothing" not in out


def test_another_context_is_named_with_the_way_to_use_it(
    applied: MauticSandbox, file: Path, pmctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PMCTL_CONTEXT", "production")

    code, _, err = pmctl("campaign", "plan", file)

    assert code == 5
    assert "belongs to context default, not to production" in err
    assert "hint: --context default or PMCTL_CONTEXT=default uses that context" in err
    assert pmctl("campaign", "plan", file, "--context", "default")[0] == 0


def test_an_apply_that_is_stopped_says_how_to_go_on(
    file: Path, sandbox: MauticSandbox, pmctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pmctl.clients.campaign_apply.publish", stopped)

    code, out, err = pmctl("campaign", "apply", file)

    assert (code, out) == (130, "")
    assert err == (
        "warning: stopped in the middle; run the same command again: it finishes the rest\n"
    )


def test_a_campaign_larger_than_the_builders_canvas_is_named(tmp_path: Path, pmctl: Run) -> None:
    tags = "".join(f"  - tag: {{add: [t{n}]}}\n" for n in range(200))
    path = tmp_path / "long.yaml"
    path.write_text(OTHER + tags)

    code, out, err = pmctl("campaign", "validate", path)

    assert (code, err.count("\n")) == (0, 1)
    assert "larger than the canvas of Mautic's builder" in err
    assert "\t201" in out


def test_showing_a_campaign_of_another_context_names_it(
    applied: MauticSandbox, pmctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PMCTL_CONTEXT", "production")

    code, _, err = pmctl("campaign", "show", "nudge")

    assert code == 3
    assert "hint: context default has one: --context default" in err
