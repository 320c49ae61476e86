"""The guided tour: the real program against the stand-in, one command after the other."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pmctl.sandbox.server import MauticSandbox

Say = Callable[[str], None]
HOURS = 50  # a good two days


def _people_come(sandbox: MauticSandbox) -> None:
    """Put twelve contacts into every segment that a campaign starts from; Mautic's cron runs."""
    store = sandbox.store
    with store.lock:
        sources = [key for campaign in store.campaigns.values() for key in campaign["lists"]]
        for number in range(1, 13):
            who = store.add_contact(f"visitor-{number}@example.org", firstname=f"Visitor {number}")
            store.contacts[who]["segments"] = list(dict.fromkeys(sources))
    sandbox.cron()


def _time_passes(sandbox: MauticSandbox) -> None:
    """Let the cron run every hour; every third contact opens what comes."""
    seen = 0
    for _ in range(HOURS):
        sandbox.clock.move(hours=1)
        new = sandbox.sent[seen:]
        seen += len(new)
        for mail in new:
            if mail.contact % 3 == 0:
                sandbox.open(mail.contact, mail.email)
        sandbox.cron()


# Words to say, and a command of pmctl or what happens in the stand-in meanwhile.
STEPS: tuple[tuple[str, str | Callable[[MauticSandbox], None]], ...] = (
    ("A sequence is a YAML file. Checking needs no server:", "campaign validate {campaigns}"),
    ("This is one of them, drawn:", "campaign graph {campaigns}/{first}"),
    ("What would change in Mautic? Nothing is written:", "campaign plan {campaigns}"),
    ("Do it. Campaigns are made unpublished, read back, and published last:",
     "campaign apply {campaigns} --yes"),
    ("What Mautic holds now:", "campaign list"),
    ("A second apply finds nothing to do; CI may run it on every merge:",
     "campaign apply {campaigns} --yes"),
    ("Now twelve people come into the segments, and the stand-in runs the campaigns ...",
     _people_come),
    ("... for two days, hour by hour; some people open what they get.", _time_passes),
    ("Who is in, and how many wait for something:", "campaign status {campaigns}"),
    ("And where they are. A change of a step would say what it does to them:",
     "campaign plan {campaigns}/{first} --people"),
)  # fmt: skip


NEXT = """
That was it. Next: `pmctl config init` describes your own servers, `pmctl sandbox serve` keeps
such a stand-in running, and `pmctl campaign --help` lists what else there is."""


def shipped_campaigns() -> Path:
    """Return the folder of the example sequences: in the package, or beside it in a checkout."""
    inside = Path(__file__).parent / "campaigns"
    return inside if inside.is_dir() else Path(__file__).parents[3] / "campaigns"


def run(sandbox: MauticSandbox, campaigns: Path, say: Say) -> int:
    """Run the tour; return 0, or the exit code of the first command that failed.

    `sandbox` listens. The person's own configuration, caches, logs and events are left alone.
    """
    folder = campaigns.resolve()
    first = "trial-nudge.yaml" if (folder / "trial-nudge.yaml").exists() else _first(folder)
    say(f"A stand-in Mautic runs at {sandbox.url}, on this machine only.")
    say("Nothing is sent to anybody.")
    with _fresh_home(sandbox.settings()) as environment:
        for words, command in STEPS:
            if not isinstance(command, str):
                say(f"\n{words}")
                command(sandbox)
                continue
            argv = [word.format(campaigns=folder.name, first=first) for word in command.split()]
            say(f"\n{words}\n$ pmctl {shlex.join(argv)}\n")
            code = subprocess.run(  # noqa: S603  our own program, words of ours
                [sys.executable, "-m", "pmctl", *argv],
                env=environment,
                cwd=folder.parent,  # so that the commands read as a person would type them
                check=False,
                stdin=subprocess.DEVNULL,
            ).returncode
            if code:
                say(f"\nthis should have worked, but ended with {code}")
                return code
    say(NEXT)
    return 0


def _first(folder: Path) -> str:
    """The first sequence of a folder, by name; those in the folder itself before others."""
    files = [file.relative_to(folder) for file in folder.rglob("*.y*ml")]
    return str(min(files, key=lambda file: (len(file.parts), file), default=""))


@contextmanager
def _fresh_home(settings: Mapping[str, str]) -> Iterator[dict[str, str]]:
    with TemporaryDirectory(prefix="pmctl-tour-") as home:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PMCTL_")}
        folders = {
            f"XDG_{kind}_HOME": f"{home}/{kind}" for kind in ("CONFIG", "STATE", "CACHE", "DATA")
        }
        yield {**kept, **folders, **settings, "PYTHONUNBUFFERED": "1"}
