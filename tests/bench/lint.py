"""What `lint` costs beside compiling and rendering the same files, and whether memory stays flat.

    python tests/bench/lint.py [FILES]

The files are those of tests/bench/compile.py. Compiling only checks the bodies; every rule reads
them rendered, so the fair other side is compile and render. All figures are CPU time of one run.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from pmctl.sequence.compile import Compiled, compile_text  # noqa: E402
from pmctl.sequence.lint import lint  # noqa: E402
from tests.bench.compile import file, seconds  # noqa: E402

BAR = 2.0  # lint / compile and render
KEPT = 0.2  # of the peak, after the last file: nothing piles up


def compiled(text: str) -> Compiled:
    return compile_text("f.yaml", text, str, {})


def rendered(text: str) -> int:
    return sum(len(mail.html) + len(mail.text) for mail in compiled(text).desired.mails)


def memory(texts: list[str]) -> tuple[int, int]:
    """The most bytes in use at once while one text after the other is linted, and those kept."""
    tracemalloc.start()
    for text in texts:
        lint(compiled(text))
    most = tracemalloc.get_traced_memory()[1]
    gc.collect()
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return most, kept


def main(count: int) -> int:
    """Print the ratios; return 1 when one is over its bar."""
    texts = [file(number) for number in range(count)]
    memory(texts[:2])  # warm
    base = seconds(rendered, texts)
    linted = seconds(lambda text: lint(compiled(text)), texts)
    most, kept = memory(texts)
    ratio, share = linted / base, kept / most
    print(f"{'compile and render':<24}{base / count * 1000:8.2f} ms a file")
    print(f"{'compile, render, lint':<24}{linted / count * 1000:8.2f} ms a file{ratio:8.2f} x")
    print(f"{'memory at its peak':<24}{most / 1024:8.0f} KB, {share:.1%} of it kept at the end")
    held = ratio <= BAR and share <= KEPT
    print(f"bars {BAR:g} x and {KEPT:.0%}: {'held' if held else 'missed'}")
    return int(not held)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
