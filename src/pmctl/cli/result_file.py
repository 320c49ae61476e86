"""`--results FILE`: a row for each item of a long run, written as they come."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from pmctl.errors import PmctlError, UsageError


def check_target(results: str, path: str) -> None:
    """Raise UsageError for a file of results that is none, or that is the file that is read."""
    if results and not results.endswith((".csv", ".jsonl")):
        raise UsageError(f"--results {results}: .csv or .jsonl?", hint="the ending says which")
    if results and path != "-" and Path(results).resolve() == Path(path).resolve():
        raise UsageError("--results would overwrite the file that is sent", hint="name another")


@contextmanager
def writing(results: str, columns: Sequence[str]) -> Iterator[Callable[[Any], None]]:
    """Yield what writes a dataclass as a row; nothing is written without a file."""
    if not results:
        yield lambda _: None
        return
    try:
        file = Path(results).open("w", encoding="utf-8", newline="")  # noqa: SIM115  closed below
    except OSError as exc:
        raise PmctlError(
            f"{results} cannot be written: {exc.strerror}", hint="nothing was sent"
        ) from exc
    with file:
        yield _csv_writer(file, columns) if results.endswith(".csv") else _jsonl_writer(file)


def _csv_writer(file: IO[str], columns: Sequence[str]) -> Callable[[Any], None]:
    writer = csv.DictWriter(file, columns, lineterminator="\n")
    writer.writeheader()

    def write(one: Any) -> None:
        writer.writerow(asdict(one))

    return write


def _jsonl_writer(file: IO[str]) -> Callable[[Any], None]:
    def write(one: Any) -> None:
        file.write(json.dumps(asdict(one), ensure_ascii=False) + "\n")

    return write
