"""`pmctl sandbox`: a server that another pmctl can use and that stops cleanly, and the tour."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pmctl.sandbox import tour as guided
from pmctl.sandbox.server import MauticSandbox
from tests.campaigns import NUDGE, in_two_lines
from tests.conftest import Run
from tests.serving import wait_until
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
           "PMCTL_WEBHOOK_SECRET": "ours", "PMCTL_NILEDB_HOST": "127.0.0.9",
           "XDG_DATA_HOME": str(tmp_path / "data")}  # fmt: skip
    events = tmp_path / "data" / "pmctl" / "pg18" / "PG_VERSION"  # as if there were some
    events.parent.mkdir(parents=True)
    events.touch()

    tour = run(*PMCTL, "sandbox", "tour", TMPDIR=str(tmp_path / "tmp"), **own)

    assert tour.returncode == 0, tour.stdout + tour.stderr
    assert [line for line in tour.stderr.splitlines() if "days are UTC" not in line] == []
    shipped = len(list((ROOT / "campaigns").glob("*.yaml")))
    said = tour.stdout
    assert f"{shipped} campaigns: {shipped} to create" in said
    assert f"{shipped} campaigns: {shipped} created" in said
    first, second = said.index("created\n"), said.index(f"{shipped} up to date")
    assert first < second
    assert "\nwelcome\tyes\t40\t40\t" in said  # all have come, each waits for the third mail
    for command in ("validate", "graph", "plan", "apply", "status"):
        assert f"$ pmctl campaign {command}" in said
    sent, opens, clicks = re.findall(r"(\d+) mails left; (\d+) opens, (\d+) clicks", said)[0]
    summary = said[said.index("$ pmctl stats summary") : said.index("$ pmctl stats campaign")]
    for metric, figure in (("sent", sent), ("opened", opens), ("clicked", clicks)):
        assert f"\n{metric}\t{figure}\t{figure}\t" in summary
    for part in ("receiver", "spool\tok\t0 wait;", "secrets", "database", "mautic"):
        assert f"\n{part}" in said
    assert not re.search("\t(wrong|not configured)\t", said)
    (place,) = set(re.findall(r"/\S+/pmctl-tour-\w+", said))
    assert not Path(place).exists()
    assert _running(place) == []
    assert list(home.rglob("*")) == []
    assert list((tmp_path / "tmp").iterdir()) == []
    assert list((tmp_path / "data" / "pmctl").iterdir()) == [events.parent]


def test_the_figures_of_the_tour_are_those_of_the_stand_in(
    sandbox: MauticSandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []

    code = guided.run(sandbox, ROOT / "campaigns", said.append)

    assert code == 0, capfd.readouterr()
    events = {event["id"] for event in sandbox.store.campaigns[1]["events"]}
    shown = capfd.readouterr().out
    summary, _, campaign = shown[shown.index("metric\t") :].rpartition("metric\t")
    for table, wanted in ((summary, None), (campaign, events)):
        stats = [row for row in sandbox.store.sent
                 if wanted is None or int(row["source_id"]) in wanted]  # fmt: skip
        hits = [row for row in sandbox.store.hits if row["email_id"]
                and row["email_id"] in {stat["email_id"] for stat in stats}]  # fmt: skip
        people = [row for row in hits if "Barracuda" not in row["user_agent"]]
        opened = [row for row in stats if row["is_read"] == "1"]
        assert 0 < len(people) < len(hits) < len(opened) < len(stats)
        for metric, rows in (("sent", stats), ("opened", opened), ("clicked", hits),
                             ("clicked_human", people)):  # fmt: skip
            assert f"\n{metric}\t{len(rows)}\t{len(rows)}\t" in f"\n{table}", metric
    assert "$ pmctl stats campaign welcome" in "\n".join(said)


@pytest.mark.parametrize(
    ("at", "number", "code"),
    [
        ("webhook serve", signal.SIGINT, 130),
        ("people come", signal.SIGINT, 130),
        ("stats summary", signal.SIGHUP, 143),
    ],
)
def test_a_tour_that_is_broken_off_leaves_nothing_running(
    tmp_path: Path, at: str, number: signal.Signals, code: int
) -> None:
    places: set[str] = set()
    with subprocess.Popen(
        [*PMCTL, "sandbox", "tour"], env=environment(), stdout=subprocess.PIPE, text=True,
        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
    ) as child:  # fmt: skip
        assert child.stdout is not None
        for line in child.stdout:
            if at in line:
                wait_until(lambda: bool(_places_of(child.pid)))
                places = _places_of(child.pid)
                os.killpg(child.pid, number)  # as a terminal does: to everybody in the foreground
                break
        child.stdout.read()
        assert child.wait(40) == code
    (place,) = places
    assert not Path(place).exists()
    assert _running(place) == []
    assert _group(child.pid) == []


def _places_of(group: int) -> set[str]:
    """The folder of a tour, as its commands have it in their environment."""
    found: set[str] = set()
    for each in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.getpgid(int(each.name)) == group:
                words = (each / "environ").read_bytes().decode(errors="replace")
                found |= set(re.findall(r"XDG_STATE_HOME=(\S+?/pmctl-tour-\w+)/", words))
    return found


def _group(group: int) -> list[str]:
    """Every process of a group that has not ended; one that has may wait for its parent's look."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state = (each / "stat").read_text().rpartition(")")[2].split()[0]
            if os.getpgid(int(each.name)) == group and state not in "ZX":
                found.append((each / "cmdline").read_text())
    return found


def _running(place: str) -> list[str]:
    """Every process with the folder in its command line, as a database has."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = each.read_bytes().decode(errors="replace")
            found += [words] if place in words else []
    return found


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
