"""Ending pmctl with SIGKILL in the middle of its work."""

from __future__ import annotations

import signal
import subprocess
import threading

from pmctl.sandbox.answers import Answer
from pmctl.sandbox.request import Request
from pmctl.sandbox.server import MauticSandbox
from tests.sandboxes import Do, answering
from tests.shell import PMCTL, environment


def kill_at(sandbox: MauticSandbox, words: list[str], number: int, *, done: bool) -> bool:
    """Kill a `campaign` command with SIGKILL at its n-th request; return whether it came.

    `done`: the request is still carried out, as Mautic does when the client is gone.
    """
    running = threading.Event()
    process: list[subprocess.Popen[bytes]] = []
    seen = 0

    def kill(request: Request, do: Do) -> Answer:
        nonlocal seen
        seen += 1
        running.wait()
        if seen == number:
            process[0].kill()
            process[0].wait()
            if not done:
                return Answer(500, {})
        return do(request)

    real = sandbox.mautic.answer
    answering(sandbox, kill)
    command = [*PMCTL, "campaign", *words]
    process.append(subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL))
    running.set()
    code = process[0].wait(60)
    sandbox.mautic.answer = real  # type: ignore[method-assign]
    return code == -signal.SIGKILL
