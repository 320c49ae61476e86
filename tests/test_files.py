"""A file is the old or the new one, whatever goes wrong."""

import errno
import os
import stat
from pathlib import Path

import pytest

from pmctl import files
from pmctl.files import write_atomic


def test_a_new_file_is_ours_alone(tmp_path):
    write_atomic(tmp_path / "new", "text ü")

    assert (tmp_path / "new").read_text() == "text ü"
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o600


def test_the_mode_asked_for_does_not_depend_on_the_umask(tmp_path):
    before = os.umask(0o077)
    try:
        write_atomic(tmp_path / "new", b"x", mode=0o644)
    finally:
        os.umask(before)

    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("call", ["fsync", "fchmod"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, call):
    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "folder" / "file"
    path.parent.mkdir()
    path.write_text("old")
    monkeypatch.setattr(os, call, full)

    with pytest.raises(OSError, match="No space"):
        write_atomic(path, "new")

    assert path.read_text() == "old"
    assert sorted(p.name for p in path.parent.iterdir()) == ["file"]


def test_an_interrupt_leaves_no_temporary_file(tmp_path, monkeypatch):
    def interrupted(handle):
        raise KeyboardInterrupt

    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.setattr(os, "fsync", interrupted)

    with pytest.raises(KeyboardInterrupt):
        write_atomic(folder / "file", "new")

    assert list(folder.iterdir()) == []


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")

    write_atomic(tmp_path / "link", "new")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_several_files_are_written_in_order_and_their_folders_synced_once(tmp_path, monkeypatch):
    synced: list[Path] = []
    monkeypatch.setattr(files, "_sync_folder", synced.append)
    (tmp_path / "bodies").mkdir()
    many = [(tmp_path / "bodies" / f"{n}.md", f"body {n}", 0o644) for n in range(3)]

    files.write_several([*many, (tmp_path / "a.yaml", b"key: a", 0o600)])

    assert [path.read_text() for path, *_ in many] == ["body 0", "body 1", "body 2"]
    assert stat.S_IMODE((tmp_path / "a.yaml").stat().st_mode) == 0o600
    assert sorted(synced) == [tmp_path, tmp_path / "bodies"]


def test_those_before_a_file_that_cannot_be_written_are_whole_and_synced(tmp_path, monkeypatch):
    synced: list[Path] = []
    monkeypatch.setattr(files, "_sync_folder", synced.append)

    with pytest.raises(OSError, match="nowhere"):
        files.write_several([(tmp_path / "a", b"a", 0o600), (tmp_path / "nowhere" / "b", b"", 0o6)])

    assert (tmp_path / "a").read_bytes() == b"a"
    assert synced == [tmp_path]
