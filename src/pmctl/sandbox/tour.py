"""The guided tour: the real program against the stand-in, one command after the other."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pmctl.sandbox import tour_home, tour_people

if TYPE_CHECKING:
    from pmctl.sandbox.server import MauticSandbox

Say = Callable[[str], None]

# Words to say, and a command of pmctl, or the name of a method of _Tour.
STEPS: tuple[tuple[str, str], ...] = (
    ("A sequence is a YAML file. Checking needs no server:", "campaign validate {campaigns}"),
    ("This is one of them, drawn:", "campaign graph {campaigns}/{first}"),
    ("What would change in Mautic? Nothing is written:", "campaign plan {campaigns}"),
    ("Mautic shall tell of each send, open and click:",
     "webhook register http://127.0.0.1:{port}/webhooks/mautic --quiet"),
    ("A receiver keeps them, in a PostgreSQL of its own where none is configured:", "!receive"),
    ("Now the campaigns. They are made unpublished, read back, and published last:",
     "campaign apply {campaigns} --yes"),
    ("A second apply finds nothing to do; CI may run it on every merge:",
     "campaign apply {campaigns} --yes"),
    ("", "!live"),
    ("Who is in, and how many wait for something:", "campaign status {campaigns}"),
    ("What came of it. A gateway that follows links is no person; opens name no program:",
     "stats summary"),
    ("One campaign:", "stats campaign {key}"),
    ("And the whole way is well: nothing waits, nothing is dead:", "webhook status"),
)  # fmt: skip

NEXT = """
That was it; nothing is left running. Next: `pmctl config init` describes your own servers,
`pmctl sandbox serve` keeps such a stand-in running, `pmctl --help` lists what else there is."""


def shipped_campaigns() -> Path:
    """Return the folder of the example sequences: in the package, or beside it in a checkout."""
    inside = Path(__file__).parent / "campaigns"
    return inside if inside.is_dir() else Path(__file__).parents[3] / "campaigns"


def run(sandbox: MauticSandbox, campaigns: Path, say: Say) -> int:
    """Run the tour; return 0, or the exit code of the first command that failed.

    `sandbox` listens. The person's own configuration, data, caches and logs are left alone; the
    receiver and its database end with the tour. Raises PmctlError when the receiver fails.
    """
    folder = campaigns.resolve()
    say(f"A stand-in Mautic runs at {sandbox.url}, on this machine only.")
    say("Nothing is sent to anybody.")
    tour_people.ask(sandbox.url, "clock", {"hours": -tour_people.HOURS})  # so that it ends today
    with (
        _hangup_as_sigterm(),
        tour_home.home(sandbox.settings()) as environment,
        tour_home.Receiver(environment) as receiver,
    ):
        environment["PMCTL_WEBHOOK_LISTEN"] = f"127.0.0.1:{receiver.port}"  # `status` asks there
        tour = _Tour(sandbox, folder, environment, receiver, say)
        for words, what in STEPS:
            code = tour.step(words, what)
            if code:
                say(f"\nthis should have worked, but ended with {code}")
                return code
    say(NEXT)
    return 0


class _Tour:
    def __init__(
        self,
        sandbox: MauticSandbox,
        folder: Path,
        environment: Mapping[str, str],
        receiver: tour_home.Receiver,
        say: Say,
    ) -> None:
        self._sandbox, self._folder, self._receiver, self._say = sandbox, folder, receiver, say
        self._environment = environment
        usual = "trial-nudge.yaml"
        first = usual if (folder / usual).exists() else _first(folder)
        self._names = {"campaigns": folder.name, "first": first, "port": str(receiver.port)}

    def step(self, words: str, what: str) -> int:
        """Do one step; return its exit code."""
        if what == "!live":
            self._live()
        elif what == "!receive":
            self._say(f"\n{words}\n$ pmctl {shlex.join(self._receiver.argv)} &")
            self._receiver.start()
        elif "{key}" not in what or self._key():
            return self._command(words, [one.format(**self._names) for one in what.split()])
        return 0

    def _command(self, words: str, argv: list[str]) -> int:
        self._say(f"\n{words}\n$ pmctl {shlex.join(argv)}\n")
        return subprocess.run(  # noqa: S603  our own program, words of ours
            [sys.executable, "-m", "pmctl", *argv],
            env=dict(self._environment),
            cwd=self._folder.parent,  # so that the commands read as a person would type them
            check=False,
            stdin=subprocess.DEVNULL,
        ).returncode

    def _live(self) -> None:
        people, hours, url = tour_people.PEOPLE, tour_people.HOURS, self._sandbox.url
        self._say(f"\n{people} people come into the segments, and {hours} hours pass, in seconds:")
        self._say(f"$ curl --json '{{\"hours\": 1}}' {url}/sandbox/clock")
        tour_people.come(self._sandbox)
        done = tour_people.live(url)
        self._receiver.drain()
        self._say(f"{done['sent']} mails left; {done['opened']} opens, {done['clicked']} clicks.")

    def _key(self) -> str:
        """Note and return the key of the first campaign that has sent something, or ""."""
        store = self._sandbox.store
        with store.lock:
            sent = {row["source_id"] for row in store.sent}
            for number in sorted(store.campaigns):
                campaign = store.campaigns[number]
                found = re.search(r"\bkey=(\S+)", campaign["description"] or "")
                if found and any(str(event["id"]) in sent for event in campaign["events"]):
                    return self._names.setdefault("key", found[1])
        return ""


def _first(folder: Path) -> str:
    """The first sequence of a folder, by name; those in the folder itself before others."""
    files = [file.relative_to(folder) for file in folder.rglob("*.y*ml")]
    return str(min(files, key=lambda file: (len(file.parts), file), default=""))


@contextmanager
def _hangup_as_sigterm() -> Iterator[None]:
    """Clean up also when the terminal is closed: as main does at SIGTERM."""
    if not hasattr(signal, "SIGHUP") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGHUP, signal.getsignal(signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)
