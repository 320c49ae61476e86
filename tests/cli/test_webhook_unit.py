"""`pmctl webhook unit`: the text, and what systemd says of it where there is one."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pmctl.cli.webhook_unit import UNIT
from tests.conftest import Run
from tests.shell import PMCTL, environment, run

CREDENTIALS = ["webhook.secret", "webhook.previous_secret", "niledb.password"]


def lines(unit: str, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", unit, re.MULTILINE)


def printed(pmctl: Run, monkeypatch: pytest.MonkeyPatch, program: str, *options: str) -> str:
    monkeypatch.setattr(sys, "argv", [program])
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    code, out, err = pmctl(*options, "webhook", "unit")
    assert (code, err) == (0, "")
    return out


def test_the_receiver_shares_its_home_with_the_one_who_registers(
    pmctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dynamic user would see neither the secret that `register` wrote nor its rotation."""
    unit = printed(pmctl, monkeypatch, "/opt/pmctl/bin/pmctl")
    assert lines(unit, "ExecStart") == ["/opt/pmctl/bin/pmctl webhook serve"]
    assert "DynamicUser" not in unit
    assert "sudo -u pmctl -H /opt/pmctl/bin/pmctl webhook register" in unit
    (home,) = re.findall(r"--home-dir (\S+)", unit)
    assert lines(unit, "Environment") == [f"HOME={home}"]  # no XDG folder leads elsewhere
    assert [f"/var/lib/{name}" for name in lines(unit, "StateDirectory")] == [home]
    assert (lines(unit, "User"), lines(unit, "UMask")) == (["pmctl"], ["0077"])
    assert lines(unit, "ProtectSystem") == ["strict"]


def test_secrets_of_settings_come_from_files_that_only_root_can_read(
    pmctl: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each credential has the name under which pmctl looks for it; one may be missing."""
    assert lines(UNIT, "LoadCredential") == CREDENTIALS
    for name in CREDENTIALS:
        (tmp_path / name).write_text(f"the {name} of a file\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("PMCTL_NILEDB_HOST", "/nowhere")
    for name in CREDENTIALS:
        assert "$CREDENTIALS_DIRECTORY" in pmctl("config", "explain", name)[1]


def test_a_program_in_a_home_is_warned_of(pmctl: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for program, base in (("/home/ana/.local/bin/pmctl", "/usr"),
                          ("/opt/pmctl/bin/pmctl", "/root/.pyenv")):  # fmt: skip
        monkeypatch.setattr(sys, "argv", [program])
        monkeypatch.setattr(sys, "base_prefix", base)
        code, out, err = pmctl("webhook", "unit")
        assert (code, "in somebody's home" in err) == (0, True)
        assert lines(out, "ExecStart") == [f"{program} webhook serve"]


def test_context_and_configuration_are_those_it_was_printed_with(
    pmctl: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "a 100% file.toml"
    config.write_text('[contexts."my own".mautic]\nurl = "https://m.example"\n')
    options = ("--context", "my own", "--config", str(config))
    unit = printed(pmctl, monkeypatch, "/opt/pmctl/bin/pmctl", *options)
    (command,) = lines(unit, "ExecStart")
    assert "100%% file" in command
    assert shlex.split(command.replace("%%", "%")) == [
        "/opt/pmctl/bin/pmctl", *options, "webhook", "serve",
    ]  # fmt: skip


def test_a_module_that_is_run_is_a_command_that_runs(tmp_path: Path) -> None:
    unit = run(*PMCTL, "webhook", "unit").stdout
    (command,) = lines(unit, "ExecStart")
    assert shlex.split(command) == [*PMCTL, "webhook", "serve"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze")
def test_systemd_finds_nothing_wrong_with_it(tmp_path: Path) -> None:
    place = tmp_path / "pmctl-webhook.service"
    place.write_text(run(*PMCTL, "webhook", "unit").stdout)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(place)],
        env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, [line for line in done.stderr.splitlines() if place.name in line]) == (
        0, [],
    )  # fmt: skip
    place.write_text(place.read_text().replace("ProtectClock", "ProtektClock"))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(place)],
        env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "ProtektClock" in done.stderr  # it does look at the keys
