"""Plan 200 unchanged campaigns over a Mautic that takes 40 ms to answer.

Prints requests per campaign, how many ran at a time, and the memory of 200 against 50.
Run: python tests/bench/plan.py
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "src")]

from pmctl.sandbox.server import MauticSandbox  # noqa: E402

SEQUENCE = """\
version: 1
key: bench-{n}
name: Bench {n}
audience: {{segments: [trial-day-2]}}
steps:
  - email: first
    subject: First of {n}
    body: Hello from {n}
  - wait: 2d
  - email: second
    subject: Second of {n}
    body: Hello again from {n}
"""
LATENCY_MS = 40


def pmctl(environment: dict[str, str], *words: str) -> tuple[str, int]:
    """Run pmctl in a process of its own; return its output and its peak memory in KiB."""
    with subprocess.Popen(
        [sys.executable, "-m", "pmctl", "campaign", *words],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, out
    assert isinstance(usage, resource.struct_rusage)
    return out, usage.ru_maxrss


def main() -> int:
    """Print the figures; return 1 when one misses its bar."""
    with tempfile.TemporaryDirectory() as folder, MauticSandbox() as sandbox:
        home = Path(folder)
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "src"),
            "HOME": folder,
            "PMCTL_MAUTIC_URL": sandbox.url,
            "PMCTL_MAUTIC_CLIENT_ID": sandbox.client_id,
            "PMCTL_MAUTIC_CLIENT_SECRET": sandbox.client_secret,
        }
        peaks = {}
        for count in (50, 200):
            files = home / f"campaigns-{count}"
            files.mkdir()
            for n in range(count):
                (files / f"{n}.yaml").write_text(SEQUENCE.format(n=n))
            sandbox.latency_ms = 0
            pmctl(environment, "apply", str(files), "--yes")
            sandbox.latency_ms = LATENCY_MS
            sandbox.reset_requests()
            out, peaks[count] = pmctl(environment, "plan", str(files))
            assert f"{count} up to date" in out, out
        requests = list(sandbox.requests)
        writes = [r for r in requests if r[0] != "GET"]
        each = sum("/api/campaigns/" in r[1] or "/api/emails" in r[1] for r in requests) / 200
        wall = max(r[4] for r in requests) - min(r[3] for r in requests)
        ideal = len(requests) * LATENCY_MS / 1000 / 8
        grown = peaks[200] / peaks[50]
        print(f"requests per campaign   {each:5.2f}   bar 2      ({len(requests)} in all)")
        print(f"at a time               {sandbox.most_at_once:5d}   bar 6 or more")
        print(f"writes                  {len(writes):5d}   bar 0")
        print(f"memory, 200 to 50 files {grown:5.2f}   bar 1.1    ({peaks[200] / 1024:.0f} MiB)")
        print(f"wall to ideal           {wall / ideal:5.2f}   (requests x latency / 8)")
        good = each <= 2 and sandbox.most_at_once >= 6 and not writes and grown <= 1.1
        return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
