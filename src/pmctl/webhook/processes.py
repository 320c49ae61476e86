"""The processes of one program: what ends is started again, and none outlives this one.

They are forked, so this process must have no threads and no connections when it starts one: what
they share is loaded before, what each works with is opened in it. When this process ends, however
it does, a pipe that it alone can write to breaks, and they end at once.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, NoReturn

from pmctl.errors import PmctlError

PAUSES_SECONDS = (0.1, 5.0)  # before one that ended is started again: the first, and the longest
STEADY_SECONDS = 10.0  # one that lived as long is started again after the first pause
AILING = 3  # ends of one, none of which lived as long: something is wrong with it
LOOK_SECONDS = 0.05
END_SECONDS = 12.0  # what has not ended by then is killed: two more than the server gives itself
_HELD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass
class _Process:
    name: str
    run: Callable[[], None]
    pid: int = 0  # 0 while there is none
    begun: float = 0.0
    ends: int = 0  # one after the other, none of which lived for STEADY_SECONDS
    how: str = ""  # it ended last

    @property
    def pause(self) -> float:
        """Seconds before it is started again."""
        first, longest = PAUSES_SECONDS
        return min(longest, first * 2.0 ** min(self.ends - 1, 16))


class Processes:
    """`say` is told of each that ended and is started again; `restarted` counts it.

    `ailing` is told which one ends again and again, and nothing when none does any more.
    `hung_up` is called at SIGHUP, from the first start on: here, so that a process that is started
    later begins with what it did, and in each process that runs.
    """

    def __init__(
        self,
        *,
        say: Callable[[str], None],
        restarted: Callable[[], None] = lambda: None,
        ailing: Callable[[str], None] = lambda _: None,
        hung_up: Callable[[], None] = lambda: None,
    ) -> None:
        self._say, self._restarted = say, restarted
        self._ailing, self._told = ailing, ""
        self._hung_up = hung_up
        self._all: list[_Process] = []
        self._watched, self._held = os.pipe()
        self._before: Any = None  # the handler of SIGHUP

    def start(self, name: str, run: Callable[[], None]) -> None:
        """Run something in a process of its own, from now on. SIGTERM raises SystemExit in it."""
        if not self._all:
            self._before = signal.signal(signal.SIGHUP, self._hand_on)
        self._all.append(_Process(name, run))
        self._begin(self._all[-1])

    def keep(self) -> NoReturn:
        """Start again what ends, until this thread is interrupted."""
        while True:
            time.sleep(LOOK_SECONDS)
            self._look()

    def _look(self) -> None:
        for one in self._all:
            lived = time.monotonic() - one.begun
            if one.pid and (how := _ended(one.pid)) is not None:
                self._gone(one, how)
            elif not one.pid and lived >= one.pause:
                self._again(one)
            elif one.pid and lived >= STEADY_SECONDS:
                one.ends = 0
        ill = next((one for one in self._all if one.ends >= AILING), None)
        text = f"the {ill.name} ends again and again ({ill.how})" if ill else ""
        if text != self._told:
            self._ailing(text)
            self._told = text

    def _hand_on(self, *_: object) -> None:
        self._hung_up()
        self._send(signal.SIGHUP)

    def end(self) -> None:
        """Let all finish what they have in hand; kill what takes too long for that."""
        try:
            self._send(signal.SIGTERM)
            until = time.monotonic() + END_SECONDS
            while self._living() and time.monotonic() < until:
                time.sleep(0.01)
        finally:
            self._send(signal.SIGKILL)
            for pid in self._living():
                with suppress(ChildProcessError):
                    os.waitpid(pid, 0)
            os.close(self._held)
            os.close(self._watched)
            if self._before is not None:
                signal.signal(signal.SIGHUP, self._before)

    def _living(self) -> Sequence[int]:
        for one in self._all:
            if one.pid and _ended(one.pid) is not None:
                one.pid = 0
        return [one.pid for one in self._all if one.pid]

    def _send(self, number: signal.Signals) -> None:
        for one in self._all:
            if one.pid:  # not waited for yet: the number is no other's
                with suppress(ProcessLookupError):
                    os.kill(one.pid, number)

    def _gone(self, one: _Process, how: str) -> None:
        steady = time.monotonic() - one.begun >= STEADY_SECONDS
        one.pid, one.begun = 0, time.monotonic()
        one.ends, one.how = 1 if steady else one.ends + 1, how
        with suppress(OSError, ValueError):  # a log that is full or closed must not end us all
            self._say(f"the {one.name} ended ({how}); it is started again")

    def _again(self, one: _Process) -> None:
        try:
            self._begin(one)
        except OSError as exc:  # no room for another process just now
            self._gone(one, exc.strerror or "no process can be made")
        else:
            self._restarted()

    def _begin(self, one: _Process) -> None:
        # Python 3.12 warns of threads: there are none here, but for those of a test run
        with _no_signals(), warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            one.begun = time.monotonic()
            one.pid = os.fork()
            if one.pid == 0:
                self._child(one)

    def _child(self, one: _Process) -> NoReturn:
        code = 1
        try:
            os.close(self._held)
            signal.signal(signal.SIGTERM, _stop)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C: the first process says when
            signal.signal(signal.SIGHUP, lambda *_: self._hung_up())
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD)
            threading.Thread(target=_end_with, args=(self._watched,), daemon=True).start()
            one.run()
            code = 0
        except SystemExit:
            code = 0
        except PmctlError as exc:
            with suppress(OSError, ValueError):
                self._say(f"the {one.name}: {exc.message}")
        except BaseException:
            traceback.print_exc()
        finally:
            with suppress(Exception):
                sys.stderr.flush()
            os._exit(code)  # what the first process has to clean up is not ours


def _stop(number: int, frame: object) -> NoReturn:
    del frame
    signal.signal(number, signal.SIG_IGN)  # a second one must not end what cleans up
    raise SystemExit


def _end_with(watched: int) -> None:
    os.read(watched, 1)
    os._exit(1)


def _ended(pid: int) -> str | None:
    """Return how a process ended, or None while it runs."""
    try:
        found, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return "unseen"
    if not found:
        return None
    code = os.waitstatus_to_exitcode(status)
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


@contextmanager
def _no_signals() -> Iterator[None]:
    """Else one that is just made could be forgotten."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
