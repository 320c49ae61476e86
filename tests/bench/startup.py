"""CPU time of a whole pmctl process, as a ratio to `python -c pass` in the same run.

CPU time, not the clock: it is what a start costs, whatever else the machine does. The runs are
interleaved and the median counts. Run: python tests/bench/startup.py
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROUNDS = 11
PMCTL = ("-m", "pmctl")


@dataclass(frozen=True)
class Case:
    """One command line and how many times the CPU of an empty Python it may take."""

    name: str
    arguments: tuple[str, ...]
    bar: float
    more: Mapping[str, str] = field(default_factory=dict)


TAB = {"_PMCTL_COMPLETE": "complete_bash", "COMP_WORDS": "pmctl\ncampaign\n", "COMP_CWORD": "2"}
CASES = (
    Case("--version", (*PMCTL, "--version"), 2),
    Case("--help", (*PMCTL, "--help"), 8),
    Case("campaign --help", (*PMCTL, "campaign", "--help"), 8),
    Case("config get timeout_seconds", (*PMCTL, "config", "get", "timeout_seconds"), 8),
    Case("campaign <TAB>", PMCTL, 8, TAB),
    Case("campaign list -o json", (*PMCTL, "campaign", "list", "-q", "-o", "json"), 17),
)

# The stand-in runs in a process of its own: its CPU is not ours.
STAND_IN = """
import sys
from pmctl.sandbox.server import MauticSandbox
with MauticSandbox() as sandbox:
    for name, value in sandbox.settings().items():
        print(f"{name}={value}")
    print(flush=True)
    sys.stdin.read()
"""


def cpu_ms(case: Case, environment: Mapping[str, str]) -> float:
    """Run a command line; return its CPU time in milliseconds. It must succeed."""
    with subprocess.Popen(
        [sys.executable, *case.arguments],
        env={**environment, **case.more},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{case.name} ended with {process.returncode}")
    return (usage.ru_utime + usage.ru_stime) * 1000


@contextlib.contextmanager
def stand_in(environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yield the settings that lead to a stand-in Mautic."""
    with subprocess.Popen(
        [sys.executable, "-c", STAND_IN],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "\n")
        yield dict(line.rstrip("\n").split("=", 1) for line in lines)
        process.stdin.close()


def measured(environment: Mapping[str, str]) -> tuple[float, dict[str, float]]:
    """Return the CPU of an empty Python in milliseconds, and the ratio of each case to it."""
    empty = Case("python -c pass", ("-c", "pass"), 1)
    everything = (empty, *CASES)
    for case in everything:  # the first run writes byte code and fetches a token
        cpu_ms(case, environment)
    spent: dict[str, list[float]] = {case.name: [] for case in everything}
    for _ in range(ROUNDS):
        for case in everything:
            spent[case.name].append(cpu_ms(case, environment))
    base = statistics.median(spent.pop(empty.name))
    return base, {name: statistics.median(times) / base for name, times in spent.items()}


def main() -> int:
    """Print the ratios; return 1 when one is over its bar."""
    with tempfile.TemporaryDirectory() as home:
        mine = {name: value for name, value in os.environ.items() if name.startswith("LC_")}
        environment = {"PATH": os.environ["PATH"], "HOME": home, "XDG_DATA_HOME": home,
                       **mine}  # fmt: skip
        environment["PYTHONPATH"] = str(ROOT / "src")
        with stand_in(environment) as settings:
            base, ratios = measured({**environment, **settings})
    print(f"python -c pass: {base:.1f} ms of CPU, the median of {ROUNDS}")
    for case in CASES:
        ratio = ratios[case.name]
        verdict = "PASS" if ratio <= case.bar else "over"
        print(f"{case.name:<28} {ratio:5.1f} x   at most {case.bar:2}   {verdict}")
    return int(any(ratios[case.name] > case.bar for case in CASES))


if __name__ == "__main__":
    sys.exit(main())
