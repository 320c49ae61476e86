"""List what all users of a HestiaCP have: databases four calls at a time, users in one call.

Prints how long `db list --all-users` takes against the calls that it makes, 270 ms each and four
at a time (what the panel's workers can do), how `panel-user list` grows with the users, and what
one row that is no JSON costs it, which is then read line by line. The stand-in is in this process.
Run: python tests/bench/inventory.py [USERS]
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "src")]

from pmctl.main import main as pmctl  # noqa: E402
from pmctl.sandbox.hestia_sandbox import HestiaSandbox  # noqa: E402
from pmctl.sandbox.hestia_store import new_user  # noqa: E402

LATENCY_MS = 270
AT_ONCE = 4
PACE, GROWTH, ODD = 1.3, 1.5, 4.0  # the bars: the most that each ratio may be


def seconds(*argv: str) -> float:
    """Run a command; return how long it took."""
    began = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = pmctl(list(argv))
    if code:
        raise SystemExit(f"{' '.join(argv)} ended with {code}")
    return time.perf_counter() - began


def peopled(panel: HestiaSandbox, count: int) -> None:
    """Let the panel have so many users besides its administrator, a database each."""
    for number in range(len(panel.store.users) - 1, count):
        name = f"user{number}"
        new_user(panel.store, name, "a-password", f"{name}@example.test")
        panel.do("v-add-database", name, "blog", "blog", "a-password")


def pace(panel: HestiaSandbox, users: int) -> float:
    """Return the time of a list of all databases by that of its calls, four at a time."""
    peopled(panel, users)
    panel.latency_ms = LATENCY_MS
    panel.reset_requests()
    took = seconds("db", "list", "--all-users", "-o", "json")
    calls = len(panel.commands)
    panel.latency_ms = 0
    ideal = calls * LATENCY_MS / 1000 / AT_ONCE
    print(
        f"db list --all-users: {users + 1} users, {calls} calls: {took:.2f} s, "
        f"{took / ideal:.2f} times what {AT_ONCE} workers need (at most {PACE})"
    )
    return took / ideal


def listing(panel: HestiaSandbox, users: int) -> tuple[float, float]:
    """Return how a list of users grows with four times as many, and with an odd row in it."""
    words = ("panel-user", "list", "-o", "json")
    peopled(panel, users)
    few = min(seconds(*words) for _ in range(3))
    peopled(panel, 4 * users)
    many = min(seconds(*words) for _ in range(3))
    panel.store.users["user3"].conf["NAME"] = "Back\\slash"
    odd = min(seconds(*words) for _ in range(3))
    print(f"panel-user list: {users} users {few:.2f} s, {4 * users} users {many:.2f} s, "
          f"{many / few / 4:.2f} times as long a user (at most {GROWTH}); "
          f"with an odd row {odd / many:.2f} times (at most {ODD})")  # fmt: skip
    return many / few / 4, odd / many


def main() -> int:
    """Measure; return 1 when a bar is missed."""
    users = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    with tempfile.TemporaryDirectory() as home, HestiaSandbox() as panel:
        os.environ.update(panel.settings(), HOME=home, XDG_STATE_HOME=home, XDG_CACHE_HOME=home)
        os.environ["XDG_CONFIG_HOME"] = str(Path(home) / "config")
        kept = pace(panel, users)
        grown, odd = listing(panel, 10 * users)
    return int(kept > PACE or grown > GROWTH or odd > ODD)


if __name__ == "__main__":
    sys.exit(main())
