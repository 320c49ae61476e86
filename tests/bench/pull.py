"""Pull 1,000 live campaigns of 20 steps into an empty folder, from a Mautic that takes 40 ms.

The stand-in runs in a process of its own. Prints requests per campaign, the wall time against
requests x latency / 8, and the memory of 1,000 campaigns against 250.
Run: python tests/bench/pull.py
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from tests.bench import plan  # noqa: E402

CAMPAIGNS, LATENCY_MS = 1000, plan.LATENCY_MS


def serve(count: int) -> None:
    """Hold `count` campaigns as an apply leaves them; say what was asked once stdin ends."""
    from pmctl.sandbox.server import MauticSandbox

    with MauticSandbox() as sandbox:
        for number in range(count):
            plan.stored(sandbox, number)
        sandbox.reset_requests()
        sandbox.latency_ms = LATENCY_MS
        print(json.dumps(sandbox.settings()), flush=True)
        sys.stdin.read()
        seen = [(r.method, r.path, r.started, r.ended) for r in sandbox.requests]
        print(json.dumps({"seen": seen, "most": sandbox.most_at_once}), flush=True)


def pulled(count: int) -> tuple[dict[str, Any], int]:
    """Pull `count` campaigns; return what was asked of Mautic, and the peak memory in KiB."""
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, __file__, "--serve", str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as server,
    ):
        assert server.stdin is not None
        assert server.stdout is not None
        environment = {
            **os.environ,
            **json.loads(server.stdout.readline()),
            "PYTHONPATH": str(ROOT / "src"),
            "HOME": folder,
        }
        files = Path(folder) / "campaigns"
        out, peak = plan.pmctl(environment, "pull", "--all", "--dir", str(files), "-o", "jsonl")
        rows = [json.loads(line) for line in out.splitlines()]
        assert [row["action"] for row in rows] == ["created"] * count, out[-400:]
        written = len(list(files.glob("*.yaml")))
        assert written == count, f"{written} files of {count}"
        assert "mail-4" in (files / "bench-7.yaml").read_text()
        server.stdin.close()
        report: dict[str, Any] = json.loads(server.stdout.readline())
    return report, peak


def main() -> int:
    """Print the figures; return 1 when one misses its bar."""
    _, small = pulled(CAMPAIGNS // 4)
    report, large = pulled(CAMPAIGNS)
    seen, most = report["seen"], report["most"]
    each = len(seen) / CAMPAIGNS
    others = [(method, path) for method, path, *_ in seen if method != "GET"]
    writes = sum("token" not in path for _, path in others)  # the login is none
    wall = max(ended for *_, ended in seen) - min(began for *_, began, _ in seen)
    ratio = wall / (len(seen) * LATENCY_MS / 1000 / 8)
    print(f"requests per campaign      {each:5.2f}   bar 3, less     ({len(seen)} in all)")
    print(f"at a time                  {most:5d}   bar 6 or more")
    print(f"writes                     {writes:5d}   bar 0")
    print(f"wall to ideal              {ratio:5.2f}   bar 1.5         ({wall:.1f} s)")
    print(
        f"memory, 1,000 to 250       {large / small:5.2f}   bar 1.15        ({large // 1024} MiB)"
    )
    good = each < 3 and most >= 6 and not writes and ratio <= 1.5 and large / small <= 1.15
    return 0 if good else 1


if __name__ == "__main__":
    if "--serve" in sys.argv:
        serve(int(sys.argv[-1]))
    else:
        sys.exit(main())
