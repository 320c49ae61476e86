"""What guards the machine's own folders from the tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pmctl.backends.embedded import Embedded
from pmctl.errors import ConfigError
from tests.guard import FORBIDDEN
from tests.shell import PMCTL, environment, run


@pytest.mark.parametrize("own", FORBIDDEN, ids=str)
def test_no_file_of_the_machine_is_opened_or_made(own: Path) -> None:
    with pytest.raises(PermissionError, match="a test touches the machine's own"):
        (own / "anything").write_text("")
    with pytest.raises(PermissionError, match="a test touches the machine's own"):
        (own / "anything").mkdir()


def test_no_database_of_the_machine_is_started() -> None:
    with pytest.raises((ConfigError, PermissionError), match="/var/lib/pmctl"):
        Embedded(Path("/var/lib/pmctl")).start()


def test_no_pmctl_is_started_that_would_use_them(tmp_path: Path) -> None:
    bare = {name: word for name, word in environment().items() if name != "XDG_DATA_HOME"}
    with pytest.raises(PermissionError, match="a test starts pmctl"):
        subprocess.run([*PMCTL, "--version"], env=bare, check=False)
    assert run(*PMCTL, "--version").returncode == 0
    assert subprocess.run([sys.executable, "-V"], env=bare, check=False).returncode == 0
