"""How long compiling takes, next to what PyYAML's C loader needs to read the same files.

    PYTHONPATH=src python tests/bench/compile.py [FILES]

Every file has 20 steps, ten of them emails with a Markdown body of their own. All figures are CPU
time of one run; the bar is a ratio, so that the machine does not matter. Compiling checks every
body; it is rendered when it is compared with Mautic or sent, which has a line of its own here.
"""

from __future__ import annotations

import random
import sys
import textwrap
import time
from collections.abc import Callable, Iterable

import yaml

from pmctl.sequence import body
from pmctl.sequence.compile import compile_text
from pmctl.sequence.parse import parse

BAR = 3.0
WORDS = (
    *("the", "quick", "answer", "to", "your", "question", "about", "numbers", "is", "in", "this"),
    *("mail", "and", "takes", "ten", "minutes", "on", "Monday", "when", "the", "team", "has"),
    *("read", "what", "visitors", "look", "for", "before", "they", "leave", "our", "page"),
)


def sentence(dice: random.Random) -> str:
    said = [dice.choice(WORDS) for _ in range(dice.randint(14, 26))]
    if dice.random() < 0.3:
        said[5] = "**bold**"
    if dice.random() < 0.3:
        said[8] = f"[this page](https://example.com/docs/{dice.randrange(10_000)})"
    return " ".join(said).capitalize() + "."


def markdown(dice: random.Random) -> str:
    parts = ["Hi {{ firstname | there }},", *(sentence(dice) for _ in range(6))]
    parts[3] = "\n".join(f"- {dice.choice(WORDS)} {dice.choice(WORDS)}" for _ in range(3))
    return "\n\n".join(
        [*parts, "---", "You get this mail because you signed up. {unsubscribe_text}"]
    )


def file(number: int) -> str:
    dice = random.Random(number)
    steps: list[str] = []
    for mail in range(10):
        steps.append(
            f"  - email: mail-{mail}\n    subject: About {mail}, {{{{ firstname | there }}}}\n"
            "    preheader: Two minutes\n    body: |\n"
            f"{textwrap.indent(markdown(dice), '      ')}\n"
        )
        steps.append("  - wait: 3d\n" if mail < 9 else "  - tag: {add: [done]}\n")
    return (
        f"version: 1\nkey: bench-{number}\nname: Bench {number}\naudience: {{segments: [all]}}\n"
        "send:\n  from: {name: Ana, address: ana@mail.example.com}\n"
        "  window: {days: [mon, tue, wed], from: '09:00', to: '17:00'}\n"
        f"steps:\n{''.join(steps)}"
    )


def seconds(work: Callable[[str], object], texts: Iterable[str]) -> float:
    """CPU seconds to do the work on every text."""
    start = time.process_time()
    for text in texts:
        work(text)
    return time.process_time() - start


def bodies(text: str) -> list[str]:
    return [step["body"] for step in yaml.safe_load(text)["steps"] if "body" in step]


def main(count: int) -> int:
    """Print the ratios; return 1 when the whole is over the bar."""
    texts = [file(number) for number in range(count)]
    mails = [mail for text in texts[: max(1, count // 10)] for mail in bodies(text)]
    seconds(lambda text: compile_text("warm.yaml", text, str, {}), texts[:3])
    read = seconds(lambda text: yaml.load(text, yaml.CSafeLoader), texts)
    stages = {
        "parse": seconds(lambda text: parse("f.yaml", text), texts),
        "rendering the bodies": (len(texts) * 10 / len(mails))
        * seconds(
            lambda mail: body.render(
                mail, "markdown", subject="About", preheader="Two minutes", text=None
            ),
            mails,
        ),
        "compile": seconds(lambda text: compile_text("f.yaml", text, str, {}), texts),
    }
    print(f"{'yaml.load, C loader':<24}{read / count * 1000:8.2f} ms a file")
    for name, took in stages.items():
        print(f"{name:<24}{took / count * 1000:8.2f} ms a file{took / read:8.2f} x")
    ratio = stages["compile"] / read
    print(f"bar {BAR:g}: {'held' if ratio <= BAR else 'missed'}")
    return int(ratio > BAR)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
