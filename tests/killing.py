"""Ending pmctl with SIGKILL in the middle of its work."""

from __future__ import annotations

import signal
import subprocess
import threading

from pmctl.sandbox.answers import Answer
from pmctl.sandbox.hestia_commands import Call
from pmctl.sandbox.hestia_request import Asked
from pmctl.sandbox.hestia_sandbox import HestiaSandbox
from pmctl.sandbox.request import Request
from pmctl.sandbox.server import MauticSandbox
from tests.sandboxes import Do, answering
from tests.shell import PMCTL, environment


def kill_panel_at(panel: HestiaSandbox, words: list[str], asked: str, *, done: bool) -> bool:
    """Kill a command with SIGKILL at a request to HestiaCP; return whether it came.

    `asked` is the command and its number: `v-add-mail-account:2`. `done`: it is still carried out.
    """
    command, _, number = asked.partition(":")
    running = threading.Event()
    process: list[subprocess.Popen[bytes]] = []
    real = panel.hestia.run
    done_with = threading.Event()
    seen = 0

    def kill(request: Asked, call: Call) -> tuple[int, str]:
        nonlocal seen
        running.wait()
        if request.command == command:
            seen += 1
            if seen == int(number):
                process[0].kill()
                process[0].wait()
                try:
                    return real(request, call) if done else (1, "")
                finally:
                    done_with.set()
        return real(request, call)

    panel.hestia.run = kill  # type: ignore[method-assign,assignment]
    process.append(subprocess.Popen([*PMCTL, *words], env=environment(), stdout=subprocess.DEVNULL))
    running.set()
    code = process[0].wait(60)
    killed = code == -signal.SIGKILL and done_with.wait(60)
    panel.hestia.run = real  # type: ignore[method-assign]
    return killed


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
