"""Plan 1,000 live campaigns of 20 steps, with the people at each, over a Mautic that takes 40 ms.

The stand-in runs in a process of its own. Prints requests per campaign, how many ran at a time,
the wall time against requests x latency / 8, and the memory of 1,000 files against 250.
Run: python tests/bench/plan.py
"""

from __future__ import annotations

import base64
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "src")]

CAMPAIGNS, LATENCY_MS, MEMBERS = 1000, 40, 4
HEAD = """\
version: 1
key: bench-{n}
name: Bench {n}
audience: {{segments: [trial-day-2]}}
steps:
"""
# twenty steps: five rounds of an email, a wait, two tags
ROUND = """\
  - email: mail-{m}
    subject: Mail {m} of {n}
    body: |
      Hello from {n},

      this is *mail {m}* with a [link](https://example.com/{m}).
  - wait: 2d
  - tag: {{add: [t-{m}]}}
  - tag: {{remove: [u-{m}]}}
"""


def sequence(number: int) -> str:
    """The text of one sequence file."""
    rounds = "".join(ROUND.format(n=number, m=m) for m in range(5))
    return HEAD.format(n=number) + rounds


def serve() -> None:
    """Hold the campaigns as an apply leaves them; answer `reset` and `report` on stdin."""
    from pmctl.sandbox.server import MauticSandbox

    with MauticSandbox() as sandbox:
        for number in range(CAMPAIGNS):
            stored(sandbox, number)
        sandbox.latency_ms = LATENCY_MS
        print(json.dumps(sandbox.settings()), flush=True)
        for line in sys.stdin:
            if line.strip() == "reset":
                sandbox.reset_requests()
                print("{}", flush=True)
            else:
                seen = [(r.method, r.path, r.started, r.ended) for r in sandbox.requests]
                print(json.dumps({"seen": seen, "most": sandbox.most_at_once}), flush=True)


def stored(sandbox: Any, number: int) -> None:
    """Put a campaign and its emails there, with people at its first steps."""
    from pmctl.sandbox.request import Request
    from pmctl.sequence import live as live_shape
    from pmctl.sequence.compile import compile_text
    from pmctl.sequence.payload import Names, campaign_body, mail_body
    from pmctl.sequence.plan import Live
    from pmctl.sequence.records import records

    login = base64.b64encode(f"{sandbox.user}:{sandbox.password}".encode()).decode()
    headers = {"authorization": f"Basic {login}", "content-type": "application/json"}

    def post(path: str, body: Any) -> Any:
        request = Request("POST", f"/api/{path}", headers, json.dumps(body).encode())
        answer = sandbox.mautic.answer(request)
        assert answer.status == 201, answer
        return answer.body

    want = compile_text(f"{number}.yaml", sequence(number), str, {}).desired
    mails = []
    for mail in want.mails:
        row = post("emails/new", mail_body(want, mail, "default"))["email"]
        mails.append(live_shape.mail(row))
    ids = {mail.step: mail.id for mail in mails if mail}
    names = Names({"segment": {"trial-day-2": 2}, "email": ids})
    notes = records(want, Live(None, tuple(m for m in mails if m)), "default", names)
    body = campaign_body(want, "default", names, ids={}, published=True, records=notes)
    made = post("campaigns/new", body)["campaign"]
    for place in range(MEMBERS):
        event = made["events"][place]["id"]
        who = 1 + place % 4
        (sandbox.store.put_waiting if place % 2 else sandbox.store.put_passed)(event, who)


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
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, __file__, "--serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as server,
    ):
        assert server.stdin is not None
        assert server.stdout is not None

        def ask(word: str) -> Any:
            assert server.stdin is not None
            assert server.stdout is not None
            server.stdin.write(f"{word}\n")
            server.stdin.flush()
            return json.loads(server.stdout.readline())

        environment = {
            **os.environ,
            **json.loads(server.stdout.readline()),
            "PYTHONPATH": str(ROOT / "src"),
            "HOME": folder,
            "XDG_DATA_HOME": folder,
        }
        peaks = {}
        for count in (CAMPAIGNS // 4, CAMPAIGNS):
            files = Path(folder) / f"campaigns-{count}"
            files.mkdir()
            for number in range(count):
                (files / f"{number}.yaml").write_text(sequence(number))
            ask("reset")
            out, peaks[count] = pmctl(environment, "plan", str(files), "--people")
            assert f"{count} up to date" in out, out[-400:]
            assert out.count("people at") == count * 15, out[:400]
        return _figures(ask("report"), peaks)


def _figures(report: dict[str, Any], peaks: dict[int, int]) -> int:
    seen, most = report["seen"], report["most"]
    each = len(seen) / CAMPAIGNS
    writes = sum(method != "GET" for method, *_ in seen)
    wall = max(ended for *_, ended in seen) - min(began for *_, began, _ in seen)
    ratio = wall / (len(seen) * LATENCY_MS / 1000 / 8)
    small, large = peaks.values()
    print(f"requests per campaign      {each:5.2f}   bar 3, less     ({len(seen)} in all)")
    print(f"at a time                  {most:5d}   bar 6 or more")
    print(f"writes                     {writes:5d}   bar 0")
    print(f"wall to ideal              {ratio:5.2f}   bar 1.5         ({wall:.1f} s)")
    print(
        f"memory, 1,000 to 250 files {large / small:5.2f}   bar 1.15        ({large // 1024} MiB)"
    )
    good = each < 3 and most >= 6 and not writes and ratio <= 1.5 and large / small <= 1.15
    return 0 if good else 1


if __name__ == "__main__":
    if "--serve" in sys.argv:
        serve()
    else:
        sys.exit(main())
