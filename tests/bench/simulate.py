"""How often the simulator and the stand-in's engine agree, on 500 generated sequences.

Run: python tests/bench/simulate.py [SEED]
"""

from __future__ import annotations

import collections
import sys
import time
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from tests.sequence.agreement import cases, compiled, engine, simulated  # noqa: E402

CASES = 500


def main(which: int = 1) -> int:
    """Print how many agree and what they went through; 1 if any differs."""
    seen: collections.Counter[str] = collections.Counter()

    @seed(which)
    @settings(
        max_examples=CASES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases())
    def compare(case: dict[str, Any]) -> None:
        one = compiled(case["said"])
        began = time.perf_counter()
        mine = simulated(one, case)
        seen["simulator ms"] += int(1e6 * (time.perf_counter() - began)) // 1000
        began = time.perf_counter()
        theirs = engine(one, case)
        seen["engine ms"] += int(1e6 * (time.perf_counter() - began)) // 1000
        seen["agree" if mine == theirs else "differ"] += 1
        mails = sum(what.startswith("mail ") for _, what in theirs[0])
        seen["with mail"] += mails > 0
        seen["mails"] += mails
        seen["steps run"] += len(theirs[0]) - mails
        seen["decisions and conditions with a yes or no"] += sum(
            what.endswith((" no", "=yes", "=no")) for _, what in theirs[0]
        )

    compare()
    for name, number in seen.items():
        print(f"{name:45}{number:>8}")
    return int(seen["differ"] > 0 or seen["agree"] < CASES)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1))
