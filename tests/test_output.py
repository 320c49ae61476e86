from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import pytest
import yaml

from pmctl import output
from pmctl.errors import InputProblems, PmctlError, Problem, UsageError, hide
from pmctl.output import Color, Format, Style
from tests.shell import at_a_terminal, run


class Kind(Enum):
    small = "s"


@dataclass(frozen=True)
class Box:
    name: str
    size_bytes: int | None = None
    live: bool = True
    tags: tuple[str, ...] = ()
    kind: Kind = Kind.small


BOXES = [Box("a\tb", 1, tags=("x", "y")), Box("[red]é[/red]", live=False)]


@pytest.fixture(autouse=True)
def style() -> Iterator[None]:
    output.configure(Style())
    yield
    output.configure(Style())


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_a_pipe_gets_tab_separated_text_and_no_escape_byte(capsys, monkeypatch):
    long = "x" * 500
    output.show([*BOXES, Box(long)], ["name", "size_bytes", "live", "tags", "kind"])

    lines = shown(capsys).splitlines()
    assert lines[0] == "name\tsize_bytes\tlive\ttags\tkind"
    assert lines[1] == "a\\tb\t1\tyes\tx, y\ts"
    assert lines[2] == "[red]é[/red]\t\tno\t\ts"
    assert lines[3].startswith(long + "\t")
    assert "\x1b" not in "".join(lines)


def test_a_list_in_json_is_one_array_with_every_field(capsys):
    output.configure(Style(format=Format.json))

    output.show(BOXES, ["name"])

    assert json.loads(shown(capsys)) == [
        {"name": "a\tb", "size_bytes": 1, "live": True, "tags": ["x", "y"], "kind": "s"},
        {"name": "[red]é[/red]", "size_bytes": None, "live": False, "tags": [], "kind": "s"},
    ]


@pytest.mark.parametrize(
    ("form", "nothing"),
    [("json", "[]\n"), ("jsonl", ""), ("yaml", "[]\n"), ("csv", "name\n"), ("table", "name\n")],
)
def test_an_empty_list_is_an_empty_document(form, nothing, capsys):
    output.configure(Style(format=Format(form)))

    output.show([], ["name"])

    assert shown(capsys) == nothing


def failing_midway() -> Iterator[Box]:
    yield Box("first")
    raise PmctlError("the server went away")


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_an_error_midway_leaves_no_half_document(form, capsys):
    output.configure(Style(format=Format(form)))

    with pytest.raises(PmctlError, match="went away"):
        output.show(failing_midway(), ["name"])

    assert shown(capsys) == ""


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_long_list_of_json_is_the_same_text(count, capsys):
    output.configure(Style(format=Format.json))
    boxes = [Box(f"é{n}\n]\x1b") for n in range(count)]

    output.show(iter(boxes), ["name"], long=True)
    long = shown(capsys)
    output.show(boxes, ["name"])

    assert long == shown(capsys)


def test_a_long_list_of_json_is_written_as_it_comes_and_a_part_is_no_document(capsys):
    output.configure(Style(format=Format.json))
    written = []

    def boxes() -> Iterator[Box]:
        for name in ("first", "second"):
            yield Box(name)
            written.append(name in shown(capsys))  # before the next one is asked for
        yield Box("third")
        raise PmctlError("the server went away")

    with pytest.raises(PmctlError):
        output.show(boxes(), ["name"], long=True)
    assert written == [True, True]
    with pytest.raises(json.JSONDecodeError):
        json.loads(f"[{shown(capsys).lstrip(',')}")


def test_json_lines_are_written_as_they_come(capsys):
    output.configure(Style(format=Format.jsonl))

    with pytest.raises(PmctlError):
        output.show(failing_midway(), ["name"])

    assert json.loads(shown(capsys))["name"] == "first"


def test_yaml_says_the_same_as_json(capsys):
    output.configure(Style(format=Format.yaml))

    output.show([Box("é\x1b[31m\u202e")], ["name"])

    text = shown(capsys)
    assert yaml.safe_load(text)[0]["name"] == "é\x1b[31m\u202e"
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_csv_keeps_text_as_it_is_for_programs(capsys):
    output.configure(Style(format=Format.csv))

    output.show([Box('two\nlines, "quoted"', 3)], ["name", "size_bytes", "live"])

    rows = list(csv.reader(io.StringIO(shown(capsys))))
    assert rows == [["name", "size_bytes", "live"], ['two\nlines, "quoted"', "3", "yes"]]


def test_no_header_leaves_out_the_names(capsys):
    for form in (None, Format.csv):
        output.configure(Style(format=form, header=False))
        output.show([Box("a")], ["name"])
    assert shown(capsys) == "a\na\n"


@pytest.mark.parametrize("form", [None, Format.csv, Format.json, Format.jsonl, Format.yaml])
def test_columns_choose_in_every_format(form, capsys):
    output.configure(Style(format=form, columns=("live", "name")))

    output.show([Box("a")], ["size_bytes"])

    text = shown(capsys)
    assert text.index("live") < text.index("name")
    assert "size_bytes" not in text


@pytest.mark.parametrize("form", [None, Format.csv, Format.json, Format.jsonl, Format.yaml])
def test_an_unknown_column_is_wrong_usage_and_prints_nothing(form, capsys):
    output.configure(Style(format=form, columns=("name", "colour")))

    for printed in (lambda: output.show(BOXES, ["name"]), lambda: output.show_one(BOXES[0])):
        with pytest.raises(UsageError) as caught:
            printed()
        assert caught.value.exit_code == 64
        assert caught.value.hint == "columns: name, size_bytes, live, tags, kind"
    assert shown(capsys) == ""


def test_one_thing_is_an_object_for_programs_and_lines_for_people(capsys):
    output.show_one(Box("a", 5))
    assert shown(capsys).splitlines()[:3] == ["name\ta", "size_bytes\t5", "live\tyes"]

    output.configure(Style(format=Format.json))
    output.show_one(Box("a", 5))
    assert json.loads(shown(capsys))["size_bytes"] == 5


def test_text_is_for_people_and_its_value_for_programs(capsys):
    def value():
        return {"steps": 2}

    output.show_text("a picture", value)
    output.configure(Style(format=Format.jsonl))
    output.show_text("a picture", value)
    assert shown(capsys) == 'a picture\n{"steps": 2}\n'

    output.configure(Style(format=Format.csv))
    with pytest.raises(UsageError):
        output.show_text("a picture", value)


@pytest.mark.parametrize("evil", ["\x1b[31m", "\x9b31m", "\x7f", "\x00", "\u202e", "\u2066", "\r"])
def test_control_characters_of_data_are_spelt_out_everywhere(evil, capsys):
    for form in (None, Format.json, Format.jsonl, Format.yaml):
        output.configure(Style(format=form))
        output.show([{"name": f"a{evil}b"}], ["name"])
    output.configure(Style())
    output.note(f"a{evil}b")
    output.warn(f"a{evil}b")
    output.error(PmctlError(f"a{evil}b", hint=f"a{evil}b"))
    output.error(PmctlError(f"a{evil}b"), as_json=True)
    captured = capsys.readouterr()

    assert evil not in captured.out + captured.err
    assert captured.out.count("a\\") >= 3


def test_json_gives_back_exactly_what_went_in(capsys):
    everything = "".join(
        map(chr, [*range(0x250), 0x200D, 0x202E, 0xD800, 0xFEFF, 0x1F600, 0xE0041])
    )
    output.configure(Style(format=Format.json))

    output.show([{"name": everything}], ["name"])

    assert json.loads(shown(capsys))[0]["name"] == everything


def test_notes_go_to_stderr_and_quiet_silences_them_but_not_warnings(capsys):
    output.note("said")
    output.configure(Style(quiet=True))
    output.note("unsaid")
    output.warn("careful")

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "said\nwarning: careful\n"


def test_no_secret_is_said(capsys):
    hide(["s3cret-canary"])
    output.note("s3cret-canary")
    output.warn("s3cret-canary")
    output.error(PmctlError("x s3cret-canary", hint="y s3cret-canary"))
    output.error(PmctlError("x s3cret-canary", hint="y s3cret-canary"), as_json=True)
    problem = Problem("a.yaml", 1, 1, "bad s3cret-canary", "key: s3cret-canary", "s3cret-canary")
    output.error(InputProblems([problem]))
    output.error(InputProblems([problem]), as_json=True)

    captured = capsys.readouterr()
    assert "s3cret" not in captured.out + captured.err
    assert captured.err.count("***") >= 9


def test_an_input_problem_points_at_its_column(capsys):
    output.error(InputProblems([Problem("a.yaml", 12, 7, "unknown key", "  - emial: x", "email?")]))

    assert capsys.readouterr().err.splitlines() == [
        "a.yaml:12:7: unknown key",
        "   12 |   - emial: x",
        "              ^",
        "      email?",
        "error: 1 problem in a.yaml",
        "hint: mend and run again",
    ]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("variables", "color", "pipe", "terminal"),
    [
        ({}, Color.auto, False, True),
        ({"NO_COLOR": "1"}, Color.auto, False, False),
        ({"NO_COLOR": ""}, Color.auto, False, True),
        ({"CLICOLOR_FORCE": "1"}, Color.auto, True, True),
        ({"CLICOLOR_FORCE": "0"}, Color.auto, False, True),
        ({"TERM": "dumb"}, Color.auto, False, False),
        ({"NO_COLOR": "1"}, Color.always, True, True),
        ({"CLICOLOR_FORCE": "1"}, Color.never, False, False),
    ],
)
def test_colours_are_decided_by_option_then_environment_then_terminal(
    variables, color, pipe, terminal, monkeypatch
):
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    output.configure(Style(color=color))

    assert output.colored(io.StringIO()) is pipe
    assert output.colored(Terminal()) is terminal
    assert ("\x1b" in output.paint("x", "1", Terminal())) is terminal


TABLE = """
from pmctl import output
rows = [
    {"name": "[red]x[/red]", "used": 1, "note": "w" * 200},
    {"name": "a\\x1b[31mb", "used": None, "note": ""},
]
output.configure(output.Style(color=output.Color(%r)))
output.show(rows, ["name", "used", "note"])
"""


def test_a_table_fits_the_terminal_and_folds_long_values():
    text = at_a_terminal(sys.executable, "-c", TABLE % "never")

    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert text.count("w") == 200
    assert "[red]x[/red]" in text
    assert "a\\x1b[31mb" in text
    assert "\x1b" not in text
    assert "│" not in text


def test_a_table_has_bold_names_of_columns_when_colours_are_on():
    assert "\x1b[1mname" in at_a_terminal(sys.executable, "-c", TABLE % "auto")
    assert "\x1b" not in at_a_terminal(sys.executable, "-c", TABLE % "auto", NO_COLOR="1")


PROGRESS = """
from pmctl import output
with output.progress("sending", 3) as advance:
    for n in range(3):
        advance()
"""


def test_progress_is_a_bar_at_a_terminal_and_leaves_no_trace_in_a_pipe():
    assert "sending" in at_a_terminal(sys.executable, "-c", PROGRESS)

    piped = run(sys.executable, "-c", PROGRESS)
    assert (piped.stdout, piped.stderr) == ("", "")


def test_progress_in_ci_is_a_line_now_and_then(capsys, monkeypatch):
    clock = iter(range(0, 1000, 6))
    monkeypatch.setattr("pmctl.output.time.monotonic", lambda: next(clock))

    with output.progress("sending", 5) as advance:
        for _ in range(5):
            advance()

    assert capsys.readouterr().err == "sending: 2 of 5\nsending: 4 of 5\n"


def test_any_text_can_be_written_where_the_locale_is_ascii():
    script = (
        "from pmctl import output, main; main._streams()\n"
        "output.configure(output.Style(format=output.Format(%r)))\n"
        "output.show([{'name': 'zażółć 😀'}], ['name']); output.note('zażółć')"
    )
    for form in output.Format:
        done = run(sys.executable, "-c", script % form.value, PYTHONIOENCODING="ascii", LC_ALL="C")
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        if form is Format.json:
            assert json.loads(done.stdout) == [{"name": "zażółć 😀"}]
        if form is Format.yaml:
            assert yaml.safe_load(done.stdout) == [{"name": "zażółć 😀"}]
