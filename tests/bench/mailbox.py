"""List and import mailboxes over a stand-in HestiaCP, as pmctl does it in a process of its own.

Prints the time of `mailbox list --all-users` with 3 users, 30 domains and 270 ms a call, against
what four calls at a time take at least; and of `mailbox import` the CPU of pmctl for each row, and
the memory of 4,000 rows against 1,000.
Run: python tests/bench/mailbox.py [ROWS]
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "src")]

from pmctl.sandbox.hestia_sandbox import HestiaSandbox  # noqa: E402

LATENCY_MS = 270
WORKERS = 4
USERS, DOMAINS = 3, 30
LIST_BAR = 1.3  # times calls x latency / workers
CPU_BAR_MS = 2.0
MEMORY_BAR = 1.1
TIMES = 4  # the longer import against the shorter


def run(panel: HestiaSandbox, home: str, *argv: str) -> tuple[float, resource.struct_rusage]:
    """Run pmctl; return the seconds it took and what it used."""
    environment = {**os.environ, **panel.settings(), "PYTHONPATH": str(ROOT / "src"), "HOME": home}
    command = [sys.executable, "-m", "pmctl", "mailbox", *argv]
    began = time.monotonic()
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True) as process:  # fmt: skip
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, said
    return time.monotonic() - began, usage


def listing(home: str) -> float:
    """Return the time of a list of everybody's mailboxes, over what four workers need at least."""
    with HestiaSandbox(latency_ms=LATENCY_MS) as panel:
        for user in range(USERS):
            panel.do("v-add-user", f"user{user}", "password-of-all", f"user{user}@example.net")
        for number in range(DOMAINS):
            owner, domain = f"user{number % USERS}", f"domain{number}.test"
            panel.do("v-add-mail-domain", owner, domain)
            panel.do("v-add-mail-account", owner, domain, "info", "password-of-all")
        tries = [run(panel, home, "list", "--all-users")[0] for _ in range(2)]
        took, calls = min(tries), len(panel.commands) // len(tries)
    least = calls * LATENCY_MS / 1000 / WORKERS
    print(f"list of {USERS} users and {DOMAINS} domains, {calls} calls of {LATENCY_MS} ms: "
          f"{took:.2f} s, {took / least:.2f} times what {WORKERS} workers need")  # fmt: skip
    return took / least


def imported(home: str, count: int) -> tuple[float, float, int]:
    """Import so many mailboxes; return seconds, seconds of CPU, and the peak memory in KiB."""
    path = Path(home) / f"accounts{count}.csv"
    with path.open("w") as file:
        file.write("email,password,quota\n")
        for number in range(count):
            file.write(f"box{number}@example.com,generated,1024\n")
    with HestiaSandbox() as panel:
        panel.do("v-add-user", "alice", "password-of-all", "alice@example.net")
        panel.do("v-add-mail-domain", "alice", "example.com")
        took, used = run(panel, home, "-q", "import", str(path), "--generate-passwords",
                         f"{path}.passwords")  # fmt: skip
        assert len(panel.written) == count
        assert panel.most_writes_at_once == 1
    return took, used.ru_utime + used.ru_stime, used.ru_maxrss


def main() -> int:
    """Print the figures; return 1 when one misses its bar."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    with tempfile.TemporaryDirectory() as home:
        ratio = listing(home)
        _, start, _ = imported(home, 1)
        took, used, memory = imported(home, rows)
        _, _, more = imported(home, rows * TIMES)
    each = (used - start) / (rows - 1) * 1000
    print(f"import of {rows:,} rows: {took:.1f} s, {each:.2f} ms of CPU a row, writes one by one")
    print(f"memory of {rows * TIMES:,} rows against {rows:,}: {more / memory:.2f} times "
          f"({memory / 1024:.0f} MiB, {more / 1024:.0f} MiB)")  # fmt: skip
    return int(ratio > LIST_BAR or each > CPU_BAR_MS or more > memory * MEMORY_BAR)


if __name__ == "__main__":
    sys.exit(main())
