"""`pmctl webhook serve` as a program of its own."""

from __future__ import annotations

import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from pmctl.webhook.signature import sign
from tests.shell import PMCTL, environment


class Served:
    """One that listens; `said` is what it wrote to stderr so far."""

    def __init__(self, child: subprocess.Popen[str], words: list[str], env: dict[str, str]) -> None:
        self.child, self.words, self.env = child, words, env
        self.said: list[str] = []
        assert child.stderr is not None
        lines = child.stderr
        found = None
        while not found:
            line = lines.readline()
            assert line, "".join(self.said)
            self.said.append(line)
            found = re.search(r"http://127.0.0.1:(\d+)/", line)
        self.port = int(found[1])
        self._reader = threading.Thread(target=lambda: self.said.extend(lines), daemon=True)
        self._reader.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/webhooks/mautic"

    def status_of(self, body: bytes, secret: str, timeout: float = 10) -> int:
        """Send a body signed with a secret; return what it was answered with."""
        signed = {"Content-Type": "application/json", "Webhook-Signature": sign(body, secret)}
        return self.asked("POST", "/webhooks/mautic", body, signed, timeout)[0]

    def figure(self, name: str) -> int:
        """Return a figure of /metrics."""
        found = re.search(rf"^{name} (\d+)$", self.asked("GET", "/metrics")[1], re.MULTILINE)
        assert found, name
        return int(found[1])

    def reaches(self, name: str, figure: int) -> None:
        """Wait until a figure of /metrics is at least as high."""
        wait_until(lambda: self.figure(name) >= figure)

    def readiness(self) -> tuple[int, str]:
        """Return what /readyz says."""
        return self.asked("GET", "/readyz")

    def stored(self) -> None:
        """Wait until everything that came is in the database."""
        wait_until(lambda: self.figure("pmctl_webhook_waiting") == 0)

    def children(self) -> list[int]:
        """Return the processes that it runs just now: one that drains, then the workers."""
        pid = self.child.pid
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def worker(self) -> int:
        """Return the first process that answers."""
        return self.children()[1]

    def refused(self) -> dict[str, int]:
        """Return how many were refused, by reason."""
        text = self.asked("GET", "/metrics")[1]
        found = re.findall(
            r'^pmctl_webhook_refused_total{reason="(.*)"} (\d+)$', text, re.MULTILINE
        )
        return {reason: int(count) for reason, count in found}

    def asked(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        timeout: float = 10,
    ) -> tuple[int, str]:
        """Send a request; return the status and the text of the answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def end(self, within: float = 20) -> int:
        """Let it finish within so many seconds; return its exit code."""
        self.child.send_signal(signal.SIGTERM)
        code = self.child.wait(within)
        self._reader.join(5)
        return code


@contextmanager
def serving(*options: str, ends: int = 143, **changes: str) -> Iterator[Served]:
    """Run it in the environment of the test; it is ended with the block.

    `ends`: its exit code; any other than 143 says that the block ends it itself.
    """
    words = [*PMCTL, "webhook", "serve", "--listen", "127.0.0.1:0", *options]
    env = environment(**changes)
    with subprocess.Popen(words, env=env, stderr=subprocess.PIPE, text=True) as child:
        try:
            served = Served(child, words, env)
            yield served
            assert (served.end() if ends == 143 else child.wait(20)) == ends
        finally:
            if child.poll() is None:
                child.kill()


def wait_until(true: Callable[[], bool]) -> None:
    """Wait until something is so, for at most a minute."""
    never = threading.Event()
    for _ in range(3000):
        if true():
            return
        never.wait(0.02)
    raise AssertionError("it did not come to be")
