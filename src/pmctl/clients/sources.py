"""The sequence files that a command line names: files, folders, and `-` for stdin."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pmctl.errors import BadInput, InputProblems, Problem

if TYPE_CHECKING:
    from pmctl.sequence.compile import Compiled

LARGEST_FILE = 4 * 1024 * 1024  # bytes; a sequence is text that people review


@dataclass(frozen=True)
class Source:
    """One sequence file; `path` as it was named, `text` only for what came from stdin."""

    path: str
    text: str | None = None

    def read(self) -> str:
        """Return the text. Raises InputProblems when it is not UTF-8, BadInput when unreadable."""
        from pmctl.sequence.parse import decode

        return self.text if self.text is not None else decode(self.path, _bytes(Path(self.path)))

    def body(self, name: str) -> str:
        """Return a body file that lies beside the sequence. Raises OSError or ValueError."""
        folder = Path() if self.text is not None else Path(self.path).parent
        data = (folder / name).read_bytes()
        if len(data) > LARGEST_FILE:
            raise ValueError("larger than 4 MiB")
        return data.decode("utf-8-sig").replace("\r\n", "\n")

    def compile(self, variables: Mapping[str, str]) -> Compiled:
        """Compile it. Raises InputProblems with every mistake of the file."""
        from pmctl.sequence.compile import compile_text

        return compile_text(self.path, self.read(), self.body, variables)


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise BadInput(f"{path} is larger than 4 MiB", hint="is it a sequence file?")
        return path.read_bytes()
    except OSError as exc:
        raise _unreadable(path, exc) from exc


def _unreadable(path: Path, exc: OSError) -> BadInput:
    return BadInput(f"{path} cannot be read: {exc.strerror}", hint="check its name and its mode")


def find(arguments: Iterable[str]) -> list[Source]:
    """Return the sequence files that the arguments name, each once, in a stable order.

    A folder stands for every .yaml and .yml file below it. Raises BadInput for what is not there.
    """
    found: dict[str, Source] = {}
    for argument in arguments:
        if argument == "-":
            if "-" not in found:  # stdin can be read once
                found["-"] = Source("<stdin>", _stdin())
            continue
        for path in _files(Path(argument)):
            found.setdefault(str(path.resolve()), Source(str(path)))
    return list(found.values())


def _stdin() -> str:
    from pmctl.sequence.parse import decode

    stream = getattr(sys.stdin, "buffer", None)
    return decode("<stdin>", stream.read()) if stream else sys.stdin.read()


def _files(path: Path) -> list[Path]:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError) as exc:
        hint = "name a .yaml file or a folder"
        raise BadInput(f"there is no file or folder {path}", hint=hint) from exc
    except OSError as exc:
        raise _unreadable(path, exc) from exc
    if not path.is_dir():
        return [path]
    files = sorted(
        file
        for file in path.rglob("*")
        if file.suffix in (".yaml", ".yml")
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
    )
    if not files:
        raise BadInput(f"no .yaml file in {path}", hint="a folder stands for the .yaml files in it")
    return files


def compile_all(
    sources: Iterable[Source], variables: Mapping[str, str]
) -> Iterator[tuple[Source, Compiled]]:
    """Compile one after the other, so that memory stays flat in the number of files.

    Raises InputProblems after the last file, with the mistakes of all of them, two files with
    one key or one name among them.
    """
    problems: list[Problem] = []
    keys: dict[str, str] = {}
    names: dict[str, str] = {}
    for source in sources:
        try:
            compiled = source.compile(variables)
        except InputProblems as exc:
            problems.extend(exc.problems)
            continue
        sequence = compiled.document.sequence
        twice = [
            compiled.document.problem((field,), f"{seen[value]} has the same {field}, {value!r}")
            for field, value, seen in (("key", sequence.key, keys), ("name", sequence.name, names))
            if value in seen
        ]
        keys.setdefault(sequence.key, source.path)
        names.setdefault(sequence.name, source.path)
        if twice:
            problems.extend(twice)
        else:
            yield source, compiled
    if problems:
        raise InputProblems(problems)
