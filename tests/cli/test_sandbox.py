"""`pmctl sandbox`: a server that another pmctl can use and that stops cleanly, and the tour."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.campaigns import NUDGE, in_two_lines
from tests.conftest import Run
from tests.shell import PMCTL, ROOT, environment, run


@contextmanager
def serving(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """A `sandbox serve` of its own and the settings that it printed; ended if a test has not."""
    with subprocess.Popen(
        [*PMCTL, "sandbox", "serve", *options],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout
            lines = [process.stdout.readline() for _ in range(3)]
            pairs = [line.removeprefix("export ").strip().partition("=") for line in lines]
            yield process, {name: value for name, _, value in pairs}
        finally:
            process.kill()


def test_the_printed_settings_lead_another_pmctl_there(tmp_path: Path) -> None:
    (tmp_path / "nudge.yaml").write_text(NUDGE)
    script = f"{' '.join(PMCTL)} campaign apply {tmp_path} && {' '.join(PMCTL)} campaign list"

    with serving() as (process, settings):
        assert settings["PMCTL_MAUTIC_URL"].startswith("http://127.0.0.1:")
        exports = " ".join(f"{name}={value}" for name, value in settings.items())
        answer = run("sh", "-c", f"export {exports}; {script}")
        process.terminate()
        _, talk = process.communicate(timeout=10)

    assert answer.returncode == 0, answer.stderr
    assert "nudge: created, published (campaign 1)" in answer.stdout
    assert "1\tnudge\tNudge\tyes\tdefault" in answer.stdout
    assert settings["PMCTL_MAUTIC_URL"] in talk


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_it_cleanly(number: signal.Signals, code: int) -> None:
    with serving() as (process, settings):
        process.send_signal(number)
        out, err = process.communicate(timeout=10)

    assert process.returncode == code
    assert out == ""
    assert err.splitlines()[-1] == "stopped"
    assert "Traceback" not in err
    port = int(settings["PMCTL_MAUTIC_URL"].rpartition(":")[2])
    with socket.socket() as again:
        assert again.connect_ex(("127.0.0.1", port)) != 0


def test_faults_and_latency_are_those_asked_for(tmp_path: Path) -> None:
    options = ("--latency", "150", "--fail", "GET:/api/campaigns:1:html")
    with serving(*options) as (_, settings):
        began = time.monotonic()
        first = run(*PMCTL, "campaign", "list", **settings)
        second = run(*PMCTL, "campaign", "list", "-o", "json", **settings)
        spent = time.monotonic() - began

    assert (first.returncode, second.returncode) == (69, 0)
    assert "a web page instead of JSON" in in_two_lines(first.stderr)
    assert json.loads(second.stdout) == []
    assert spent > 3 * 0.15  # a token and two calls, each at least that late


@pytest.mark.parametrize(
    "fault",
    ["nonsense", "GET:/api:1", "FETCH:/api:1:500", "GET:api:1:500", "GET:/api:0:500", "GET:/:1:x"],
)
def test_a_fault_that_is_written_wrongly_is_64(fault: str, pmctl: Run) -> None:
    code, out, err = pmctl("sandbox", "serve", "--fail", fault)

    assert (code, out) == (64, "")
    assert fault in in_two_lines(err)
    assert "for instance --fail" in err


def test_a_port_that_is_taken_is_one_error(pmctl: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        code, out, err = pmctl("sandbox", "serve", "--port", str(port))

    assert (code, out) == (1, "")
    assert f"cannot listen on 127.0.0.1:{port}" in in_two_lines(err)


@pytest.mark.parametrize("options", [("--port", "99999"), ("--latency", "-1"), ("--port", "x")])
def test_options_that_make_no_sense_are_64(options: tuple[str, str], pmctl: Run) -> None:
    code, _, err = pmctl("sandbox", "serve", *options)

    assert code == 64
    assert options[0] in in_two_lines(err)


# The tour.


def test_the_tour_ends_well_and_leaves_nothing_behind(home: Path, tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    own = {"PMCTL_MAUTIC_URL": "http://127.0.0.1:9", "PMCTL_CONTEXT": "production",
           "XDG_DATA_HOME": str(tmp_path / "data")}  # fmt: skip
    events = tmp_path / "data" / "pmctl" / "pg18" / "PG_VERSION"  # as if there were some
    events.parent.mkdir(parents=True)
    events.touch()

    tour = run(*PMCTL, "sandbox", "tour", TMPDIR=str(tmp_path / "tmp"), **own)

    assert (tour.returncode, tour.stderr) == (0, "")
    shipped = len(list((ROOT / "campaigns").glob("*.yaml")))
    said = tour.stdout
    assert f"{shipped} campaigns: {shipped} to create" in said
    assert f"{shipped} campaigns: {shipped} created" in said
    first, second = said.index("created\n"), said.index(f"{shipped} up to date")
    assert first < second
    assert "\nwelcome\tyes\t12\t12\t" in said  # twelve came, each waits for the second mail
    assert "people at first-answer main: " in said
    for command in ("validate", "graph", "plan", "apply", "list", "status"):
        assert f"$ pmctl campaign {command}" in said
    assert list(home.rglob("*")) == []
    assert list((tmp_path / "tmp").iterdir()) == []
    assert list((tmp_path / "data" / "pmctl").iterdir()) == [events.parent]


def test_the_tour_takes_a_folder_with_a_name_of_several_words(tmp_path: Path) -> None:
    folder = tmp_path / "my campaigns" / "drafts"
    folder.mkdir(parents=True)
    (folder / "nudge.yaml").write_text(NUDGE)

    tour = run(*PMCTL, "sandbox", "tour", str(folder.parent))

    assert tour.returncode == 0, tour.stdout + tour.stderr
    assert "$ pmctl campaign graph 'my campaigns/drafts/nudge.yaml'" in tour.stdout


def test_the_tour_ends_with_the_code_of_the_command_that_failed(tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(ROOT / "campaigns", folder)
    (folder / "welcome.yaml").write_text("steps: [")

    tour = run(*PMCTL, "sandbox", "tour", str(folder))

    assert tour.returncode == 65
    assert "broken/welcome.yaml:1:" in tour.stderr
    assert "this should have worked, but ended with 65" in tour.stdout
    assert "campaign plan" not in tour.stdout


def test_a_tour_needs_a_folder(tmp_path: Path, pmctl: Run) -> None:
    code, _, err = pmctl("sandbox", "tour", tmp_path / "nothing")

    assert code == 64
    assert "is no folder" in in_two_lines(err)
