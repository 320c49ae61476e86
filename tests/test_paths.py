"""Where files are, also in cron."""

import os
import pwd
from pathlib import Path

import pytest

from pmctl import paths
from pmctl.errors import ConfigError


def test_the_xdg_variables_say_where_files_are(monkeypatch):
    for kind in ("CONFIG", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", f"/x/{kind}")

    assert paths.config_home() == Path("/x/CONFIG/pmctl")
    assert paths.state_home() == Path("/x/STATE/pmctl")
    assert paths.cache_home() == Path("/x/CACHE/pmctl")


def test_a_relative_xdg_folder_is_ignored(home, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", "state")

    assert paths.state_home() == home / ".local/state/pmctl"


def test_without_home_the_user_database_is_asked(monkeypatch):
    monkeypatch.delenv("HOME")

    assert paths.home() == Path(pwd.getpwuid(os.getuid()).pw_dir)


def test_a_user_without_any_home_is_told_what_to_set(monkeypatch):
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)

    with pytest.raises(ConfigError, match="no home folder") as caught:
        paths.config_home()

    assert "XDG_CONFIG_HOME" in caught.value.hint


def test_a_dangling_link_is_there_and_a_name_below_a_file_is_not(tmp_path):
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "file").touch()

    assert paths.is_there(tmp_path / "link")
    assert not paths.is_there(tmp_path / "file" / "below")
    assert not paths.is_there(tmp_path / "none")
