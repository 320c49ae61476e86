"""Send contacts to a Mautic that takes 40 ms to answer: in batches, and one request per row.

Both go to one stand-in, a process of its own. Prints the rows a second of `contact upsert`
against those of one request per row, one after the other and as many side by side as the batches
are, and the memory of 100,000 rows against 25,000, sent and listed: by then every thread has met
a full batch and a full answer, so what grows from there on grows with the rows.
Run: python tests/bench/contacts.py [ROWS]
"""

from __future__ import annotations

import contextlib
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "src")]

from pmctl.context import Context  # noqa: E402
from pmctl.parallel import side_by_side  # noqa: E402

LATENCY_MS = 40
AT_ONCE = 4
SINGLE = 400  # rows of the slow ways; their rate does not depend on the number


def row(name: str, number: int) -> dict[str, str]:
    """Return one contact."""
    place = {"city": f"City {number % 997}", "country": "Peru"}
    return {"email": f"{name}{number}@example.org", "firstname": f"First {number}", **place}


def written(folder: Path, name: str, count: int) -> Path:
    """Write a file of so many contacts."""
    path = folder / f"{name}.csv"
    with path.open("w") as file:
        file.write("email,firstname,city,country,tags\n")
        for number in range(count):
            file.write(",".join(row(name, number).values()) + ',"vip,bench"\n')
    return path


@contextlib.contextmanager
def stand_in(environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """Serve a stand-in in a process of its own; yield the settings that lead to it."""
    command = [
        sys.executable,
        "-m",
        "pmctl",
        "-q",
        "sandbox",
        "serve",
        "--latency",
        str(LATENCY_MS),
    ]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        try:
            yield dict(re.findall(r"export (\w+)='?([^'\n]+)", "".join(lines)))
        finally:
            process.terminate()


def listed(environment: dict[str, str], least: int) -> tuple[float, int]:
    """List everybody; return the seconds it took and the peak memory in KiB."""
    command = [sys.executable, "-m", "pmctl", "campaign", "contact", "list", "-o", "jsonl"]
    began = time.monotonic()
    with subprocess.Popen([*command, "--columns", "id,email"], env=environment,
                          stdout=subprocess.PIPE) as process:  # fmt: skip
        assert process.stdout is not None
        lines = sum(1 for _ in process.stdout)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    assert lines >= least
    assert isinstance(usage, resource.struct_rusage)
    return time.monotonic() - began, usage.ru_maxrss


def upsert(environment: dict[str, str], path: Path) -> tuple[float, int]:
    """Send a file; return the seconds it took and the peak memory in KiB."""
    command = [sys.executable, "-m", "pmctl", "campaign", "contact", "upsert", str(path)]
    began = time.monotonic()
    with subprocess.Popen([*command, "--concurrency", str(AT_ONCE)], env=environment,
                          stderr=subprocess.PIPE, text=True) as process:  # fmt: skip
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, said
    assert isinstance(usage, resource.struct_rusage)
    return time.monotonic() - began, usage.ru_maxrss


def one_by_one(name: str, at_once: int) -> float:
    """Send single requests; return rows a second."""
    with Context({}) as context:
        mautic = context.mautic
        mautic.get("contacts", [("limit", 1)])  # logged in before the clock starts
        began = time.monotonic()
        bodies = [row(name, number) for number in range(SINGLE)]
        for _ in side_by_side(lambda body: mautic.post("contacts/new", body), bodies, at_once):
            pass
        return SINGLE / (time.monotonic() - began)


def main() -> int:
    """Print the figures; return 1 when one misses its bar."""
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        base = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "HOME": place,
                "XDG_DATA_HOME": place}  # fmt: skip
        base.pop("XDG_STATE_HOME", None)
        with stand_in(base) as settings:
            environment = {**base, **settings}
            os.environ.update(environment)
            slow = one_by_one("single", 1)
            wide = one_by_one("wide", AT_ONCE)
            _, small = upsert(environment, written(folder, "small", many // 4))
            _, few = listed(environment, many // 4)
            seconds, large = upsert(environment, written(folder, "large", many))
            spent, all_of_them = listed(environment, many)
    rate, grown, longer = many / seconds, large / small, all_of_them / few
    print(f"one request per row          {slow:8,.0f} rows/s")
    print(f"the same, {AT_ONCE} side by side      {wide:8,.0f} rows/s")
    print(f"upsert of {many:,} rows       {rate:8,.0f} rows/s  ({seconds:.1f} s)")
    print(f"to one request per row       {rate / slow:8.1f}   bar 8")
    print(f"to {AT_ONCE} of them side by side    {rate / wide:8.1f}")
    print(f"memory, {many:,} to {many // 4:,} {grown:8.2f}   bar 1.1  ({large / 1024:.0f} MiB)")
    print(f"list, {many:,} to {many // 4:,}   {longer:8.2f}   bar 1.1   ({spent:.1f} s)")
    return 0 if rate / slow >= 8 and grown <= 1.1 and longer <= 1.1 else 1


if __name__ == "__main__":
    sys.exit(main())
