"""One mouth: results to stdout in the asked format, talk to stderr; the only user of rich.

A program gets JSON, JSON lines, YAML, CSV or tab-separated text; a person at a terminal gets a
table. Data is never read as markup, and its control characters never reach anybody raw.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from enum import Enum, StrEnum
from typing import IO, Any, Protocol

from pmctl.errors import InputProblems, PmctlError, UsageError, redact
from pmctl.text import any_character, clean, json_text

__all__ = [
    "Color",
    "Format",
    "Style",
    "asked",
    "cell",
    "clean",
    "colored",
    "configure",
    "error",
    "note",
    "paint",
    "plain",
    "progress",
    "show",
    "show_one",
    "show_text",
    "style",
    "warn",
]


class Format(StrEnum):
    """What `--output` may be."""

    table = "table"
    json = "json"
    jsonl = "jsonl"
    yaml = "yaml"
    csv = "csv"


class Color(StrEnum):
    """What `--color` may be."""

    auto = "auto"
    always = "always"
    never = "never"


class Style:
    """How this run of pmctl writes; set once by the shell from the shared options."""

    def __init__(
        self,
        format: Format | None = None,  # noqa: A002  as the option means it
        columns: tuple[str, ...] = (),
        *,
        header: bool = True,
        quiet: bool = False,
        color: Color = Color.auto,
    ) -> None:
        self.format = format
        self.columns = columns
        self.header = header
        self.quiet = quiet
        self.color = color


style = Style()


def configure(new: Style) -> None:
    """Take over the output options of the command that runs."""
    vars(style).update(vars(new))


def colored(stream: IO[str]) -> bool:
    """Whether ANSI colours may be written to `stream` (NO_COLOR, CLICOLOR_FORCE, --color)."""
    if style.color is not Color.auto:
        return style.color is Color.always
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def paint(text: str, code: str, stream: IO[str] | None = None) -> str:
    """Return `text` in an ANSI style such as "1" (bold) or "31" (red), if colours are on."""
    return f"\x1b[{code}m{text}\x1b[0m" if colored(stream or sys.stdout) else text


def plain(value: Any) -> Any:
    """Return `value` as JSON types: dataclasses as objects, enums as values, tuples as lists."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def cell(value: Any) -> str:
    """Return one value as the text of a table cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(cell(item) for item in value)
    if isinstance(value, Mapping):
        return clean(json.dumps(value, ensure_ascii=False))
    return clean(str(value.value if isinstance(value, Enum) else value))


def asked() -> Format | None:
    """The format a program asked for with --output; None when a person reads."""
    return None if style.format in (None, Format.table) else style.format


def show(rows: Iterable[Any], columns: Sequence[str], *, long: bool = False) -> None:
    """Print a list of dataclasses or mappings; `columns` are those a table shows by default.

    Rows may be a generator: JSON lines, CSV and tab-separated text are written as they come. So is
    a JSON list that is `long`, for flat memory: where an error ends it, it lacks its `]`, so that
    nobody takes a part for the whole. Another JSON or YAML list is written when all have come.
    """
    records = (plain(row) for row in rows)
    if asked() is Format.json and long:
        _json_list(map(_chosen, records))
    elif asked() is Format.json:
        _json([_chosen(record) for record in records])
    elif asked() is Format.jsonl:
        for record in records:
            _json(_chosen(record), compact=True)
    elif asked() is Format.yaml:
        _yaml([_chosen(record) for record in records])
    else:
        _tabular(records, style.columns or tuple(columns))


def show_one(value: Any) -> None:
    """Print one dataclass or mapping: an object for programs, one `name value` line each."""
    record = plain(value)
    if asked() in (Format.json, Format.jsonl):
        _json(_chosen(record), compact=asked() is Format.jsonl)
    elif asked() is Format.yaml:
        _yaml(_chosen(record))
    elif asked() is Format.csv:
        _tabular(iter([record]), style.columns or tuple(record))
    else:
        names = tuple(_chosen(record))
        rows = ({"key": name, "value": record[name]} for name in names)
        _tabular(rows, ("key", "value"), header=False)


def show_text(text: str, value: Callable[[], Any]) -> None:
    """Print `text` for people, or `value()` when a program asked for a structured format."""
    if asked() is None:
        sys.stdout.write(text if text.endswith("\n") or not text else text + "\n")
    elif asked() is Format.csv:
        raise UsageError("csv is for lists", hint="use -o json or -o yaml here")
    else:
        record = plain(value())
        if asked() is Format.yaml:
            _yaml(record)
        else:
            _json(record, compact=asked() is Format.jsonl)


def _chosen(record: dict[str, Any]) -> dict[str, Any]:
    if not style.columns:
        return record
    for name in style.columns:
        _known(name, record)
    return {name: record[name] for name in style.columns}


def _known(name: str, record: Mapping[str, Any]) -> None:
    if name not in record:
        raise UsageError(f"there is no column {name!r}", hint=f"columns: {', '.join(record)}")


def _tabular(
    records: Iterator[dict[str, Any]], columns: tuple[str, ...], *, header: bool = True
) -> None:
    records = _checked(records, columns)
    header = header and style.header
    if asked() is Format.csv:
        _csv(records, columns, header=header)
    elif sys.stdout.isatty():
        _table(records, columns, header=header)
    else:
        if header:
            _line("\t".join(columns))
        for record in records:
            _line("\t".join(cell(record[name]) for name in columns))


def _checked(
    records: Iterator[dict[str, Any]], columns: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    """Return the records; refuse unknown --columns by the first, before anything is written."""
    first = next(records, None)
    if first is None:
        return records
    for name in columns if style.columns else ():
        _known(name, first)
    return itertools.chain([first], records)


def _table(records: Iterator[dict[str, Any]], columns: tuple[str, ...], *, header: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=header, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name.replace("_", " "), overflow="fold")
    for record in records:
        table.add_row(*(Text(cell(record[name])) for name in columns))
    if table.row_count:
        _console(sys.stdout).print(table)


def _console(stream: IO[str]) -> Any:
    from rich.console import Console

    return Console(
        file=stream,
        highlight=False,
        markup=False,
        emoji=False,
        # None leaves out bold too, not only colours
        color_system="auto" if colored(stream) else None,
        force_terminal=True,
    )


def _csv(records: Iterator[dict[str, Any]], columns: tuple[str, ...], *, header: bool) -> None:
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    if header:
        writer.writerow(columns)
    for record in records:
        writer.writerow([_csv_cell(record[name]) for name in columns])


def _csv_cell(value: Any) -> str:
    """Return a value as CSV has it: text as it is, unless a terminal would read it."""
    return value if isinstance(value, str) and not sys.stdout.isatty() else cell(value)


def _json(value: Any, *, compact: bool = False) -> None:
    _line(json_text(value, sys.stdout, None if compact else 2))


def _json_list(records: Iterator[Any]) -> None:
    """Write what `_json` would of the whole list, each as it comes."""
    begin = "["
    for record in records:
        text = json_text([record], sys.stdout, 2)
        sys.stdout.write(begin + text[1:-2])  # without its brackets
        begin = ","
    _line("[]" if begin == "[" else "\n]")


def _yaml(value: Any) -> None:
    import yaml

    text = yaml.safe_dump(value, allow_unicode=any_character(sys.stdout), sort_keys=False)
    if any(clean(line) != line for line in text.splitlines()):
        text = yaml.safe_dump(value, sort_keys=False)
    sys.stdout.write(text)


def _line(text: str) -> None:
    sys.stdout.write(text + "\n")


def note(message: str) -> None:
    """Tell the person something that is not the result: to stderr, silent with --quiet."""
    if not style.quiet:
        sys.stderr.write(f"{_talk(message)}\n")


def warn(message: str) -> None:
    """Tell the person something they must not miss: to stderr, also with --quiet."""
    sys.stderr.write(f"{paint('warning:', '33', sys.stderr)} {_talk(message)}\n")


def _talk(message: str) -> str:
    """Return what is said without secrets and control characters; it may have several lines."""
    return "\n".join(clean(line) for line in redact(message).split("\n"))


def error(exc: PmctlError, *, as_json: bool = False) -> None:
    """Write an error as two lines, or as one JSON object; input problems before it."""
    if as_json:
        sys.stderr.write(json_text({"error": _error_record(exc)}, sys.stderr) + "\n")
        return
    if isinstance(exc, InputProblems):
        for problem in exc.problems:
            sys.stderr.write(_problem(problem))
    words = clean(redact(exc.message))
    sys.stderr.write(f"{paint('error:', '1;31', sys.stderr)} {words}\n")
    if exc.hint:
        sys.stderr.write(f"{paint('hint:', '36', sys.stderr)} {clean(redact(exc.hint))}\n")


def _error_record(exc: PmctlError) -> dict[str, Any]:
    record: dict[str, Any] = {
        "message": redact(exc.message),
        "hint": redact(exc.hint),
        "exit_code": exc.exit_code,
    }
    if isinstance(exc, InputProblems):
        record["problems"] = [_redacted(problem) for problem in plain(exc.problems)]
    return record


def _redacted(record: dict[str, Any]) -> dict[str, Any]:
    return {name: redact(v) if isinstance(v, str) else v for name, v in record.items()}


def _problem(problem: Any) -> str:
    where = paint(clean(problem.where), "1", sys.stderr)
    lines = [f"{where}: {clean(redact(problem.message))}"]
    if problem.source.strip():
        number = f"{problem.line:>5} | "
        lines.append(f"{number}{clean(redact(problem.source.expandtabs(1)))}")
        pad = " " * (len(number) + max(problem.column - 1, 0))
        lines.append(f"{pad}{paint('^', '1;31', sys.stderr)}")
    if problem.hint:
        lines.append(f"      {clean(redact(problem.hint))}")
    return "\n".join(lines) + "\n"


class Advance(Protocol):
    """Says that one more item is done, or several."""

    def __call__(self, count: int = 1) -> None: ...


def _unseen(count: int = 1) -> None:
    del count


@contextmanager
def progress(label: str, total: int, *, rate: bool = False) -> Iterator[Advance]:
    """Yield a function to call after each item: a bar at a terminal, a line now and then in CI.

    With `rate` it says how many items a second there are, and how long it will take.
    """
    if style.quiet or total < 2:
        yield _unseen
    elif sys.stderr.isatty():
        with _bar(label, total, rate=rate) as advance:
            yield advance
    else:
        yield _ticker(label, total, rate=rate)


@contextmanager
def _bar(label: str, total: int, *, rate: bool) -> Iterator[Advance]:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = [TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn()]
    if rate:
        columns += [TextColumn("{task.fields[rate]}"), TimeRemainingColumn()]
    began, done = time.monotonic(), 0
    with Progress(*columns, console=_console(sys.stderr), transient=True) as bar:
        task = bar.add_task(clean(label), total=total, rate="")

        def advance(count: int = 1) -> None:
            nonlocal done
            done += count
            bar.update(task, advance=count, rate=f"{_rate(done, began):,.0f}/s")

        yield advance


def _rate(done: int, began: float) -> float:
    return done / max(time.monotonic() - began, 0.001)


def _ticker(label: str, total: int, *, rate: bool) -> Advance:
    began = last = time.monotonic()
    done = 0

    def advance(count: int = 1) -> None:
        nonlocal done, last
        done += count
        if time.monotonic() - last >= 10:  # a log wants a sign of life, not a line per item
            last = time.monotonic()
            speed = f", {_rate(done, began):,.0f} a second" if rate else ""
            note(f"{label}: {done} of {total}{speed}")

    return advance
