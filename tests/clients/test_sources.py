"""Which files a command line names, what is wrong with them, and that memory stays flat."""

from __future__ import annotations

import errno
import os
import tracemalloc
from pathlib import Path

import pytest

from pmctl.clients import sources
from pmctl.clients.sources import Source
from pmctl.errors import BadInput, InputProblems
from tests.campaigns import NUDGE, OTHER


def _named(*arguments: Path | str) -> list[str]:
    return [source.path for source in sources.find([str(argument) for argument in arguments])]


def test_a_folder_stands_for_the_yaml_files_below_it_in_order(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", "deep/c.yaml", "notes.md", ".hidden.yaml", ".git/d.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "folder.yaml").mkdir()

    assert _named(tmp_path) == [f"{tmp_path}/{name}" for name in ("a.yml", "b.yaml", "deep/c.yaml")]


def test_a_hidden_folder_that_is_named_itself_is_read(tmp_path: Path) -> None:
    (tmp_path / ".drafts").mkdir()
    (tmp_path / ".drafts" / "a.yaml").write_text("")

    assert _named(tmp_path / ".drafts") == [f"{tmp_path}/.drafts/a.yaml"]


def test_a_file_is_taken_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "sequence").write_text(NUDGE)

    assert _named(tmp_path / "sequence") == [f"{tmp_path}/sequence"]


def test_a_file_is_taken_once_however_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.yaml").write_text("")
    (tmp_path / "link.yaml").symlink_to("a.yaml")
    monkeypatch.chdir(tmp_path)

    assert _named("a.yaml", "./a.yaml", tmp_path / "a.yaml", "link.yaml") == ["a.yaml"]


def test_the_order_of_the_command_line_is_kept(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("")

    assert _named(tmp_path / "b.yaml", tmp_path) == [f"{tmp_path}/b.yaml", f"{tmp_path}/a.yaml"]


@pytest.mark.parametrize("name", ["nothing", "a.yaml/below", "nothing/below"])
def test_what_is_not_there_is_bad_input(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("")

    with pytest.raises(BadInput, match=f"there is no file or folder {tmp_path}/{name}"):
        _named(tmp_path / name)


def test_a_name_that_no_file_can_have_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")

    for name in ("x" * 300, "loop"):
        with pytest.raises(BadInput, match="cannot be read"):
            _named(tmp_path / name)


def test_a_folder_without_sequences_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("")

    with pytest.raises(BadInput, match=r"no \.yaml file in"):
        _named(tmp_path)


def test_a_file_that_cannot_be_read_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    (tmp_path / "a.yaml").write_text(NUDGE)
    monkeypatch.setattr(Path, "read_bytes", refuse)

    with pytest.raises(BadInput, match=r"a\.yaml cannot be read: Permission denied"):
        Source(str(tmp_path / "a.yaml")).read()


def test_a_file_of_more_than_4_mib_is_no_sequence(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    with path.open("wb") as file:
        file.truncate(sources.LARGEST_FILE + 1)

    with pytest.raises(BadInput, match="larger than 4 MiB"):
        Source(str(path)).read()
    with pytest.raises(ValueError, match="larger than 4 MiB"):
        Source(str(tmp_path / "b.yaml")).body("a.yaml")


def test_a_body_lies_beside_its_sequence_and_has_plain_line_ends(tmp_path: Path) -> None:
    (tmp_path / "bodies").mkdir()
    (tmp_path / "bodies" / "a.md").write_bytes(b"\xef\xbb\xbfHello\r\nthere")

    assert Source(str(tmp_path / "a.yaml")).body("bodies/a.md") == "Hello\nthere"


def test_every_problem_of_every_file_is_raised_at_the_end(tmp_path: Path) -> None:
    texts = {
        "a": NUDGE,
        "b": OTHER.replace("name:", "nmae:"),
        "c": NUDGE.replace("name: Nudge", "name: Third"),
        "d": OTHER.replace("name: Other", "name: Nudge"),
        "e": OTHER,
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    compiled: list[str] = []

    def compile_all() -> None:
        for source, _ in sources.compile_all(sources.find([str(tmp_path)]), {}):
            compiled.append(Path(source.path).stem)

    with pytest.raises(InputProblems) as caught:
        compile_all()

    assert compiled == ["a"]
    assert [(Path(one.path).stem, one.message.split()[-1]) for one in caught.value.problems] == [
        ("b", "level"),
        ("c", "'nudge'"),
        ("d", "'Nudge'"),
        ("e", "'other'"),
    ]


def test_memory_stays_flat_in_the_number_of_files(tmp_path: Path) -> None:
    found = []
    for number in range(40):
        path = tmp_path / f"{number}.yaml"
        path.write_text(NUDGE.replace("udge", f"udge-{number}").replace("Hello", "Hello " * 5000))
        found.append(Source(str(path)))

    def peak(files: list[Source]) -> int:
        tracemalloc.start()
        for _ in sources.compile_all(files, {}):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(found[:2])  # imports and caches

    assert peak(found) < 1.5 * peak(found[:4])
