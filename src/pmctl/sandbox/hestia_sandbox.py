"""The stand-in HestiaCP on its wires."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from pmctl.sandbox.faults import Fault
from pmctl.sandbox.hestia import Hestia, by_key, by_password
from pmctl.sandbox.hestia_access import TMP_FILE, Access
from pmctl.sandbox.hestia_commands import COMMANDS, Call
from pmctl.sandbox.hestia_pages import page
from pmctl.sandbox.hestia_request import Asked, read
from pmctl.sandbox.hestia_store import Key, seeded
from pmctl.sandbox.request import Request
from pmctl.sandbox.wires import Sandbox, Sent

ACCESS_KEY = "Ab3dEf6hIj9kLm2nOp5q"
SECRET_KEY = "s3cr3t-0f-th3-Sandb0x_k33p-1t-t0-y0urs31"  # noqa: S105  of this stand-in alone
API_HASH = "oLdH4sh0fTheSandb0xOfPmctl012345"
WORKERS = 4  # php-fpm's pm.max_children: further requests wait


class HestiaSandbox(Sandbox):
    """A stand-in HestiaCP; use it with `with`, or call start() and stop().

    `latency_ms` is slept before every answer, `slow` adds milliseconds by command
    (`{"v-add-domain": 9000}`), and `faults` are texts as `--fail` takes them, where a path is
    `/api/` and the command and may go on with arguments: `/api/v-list-user/bob`. `store` holds the
    panel, keys and passwords too; `access` has old hashes and where requests come from. Parallel
    writes are not kept apart, as they are not there: counters get lost.
    """

    name = "HestiaCP"

    def __init__(
        self,
        *,
        latency_ms: float = 0,
        slow: Mapping[str, float] | None = None,
        faults: Iterable[str | Fault] = (),
        port: int = 0,
    ) -> None:
        super().__init__(latency_ms=latency_ms, faults=faults, port=port)
        self.store = seeded()
        self.access = Access(self.store)
        self.store.keys[ACCESS_KEY] = Key(SECRET_KEY, self.store.root, stamp=self.store.stamp())
        self.access.hashes.add(API_HASH)
        self.hestia = Hestia(self.store, self.access)
        self.slow = dict(slow or {})
        # What was run, in order. A call that a fault kept from that is in `requests` alone.
        self.commands: list[tuple[str, list[str]]] = []
        self.most_writes_at_once = 0
        self._writes_at_once = 0
        self._workers = threading.BoundedSemaphore(WORKERS)

    @property
    def access_key(self) -> str:
        """The id of the administrator's access key."""
        return ACCESS_KEY

    @property
    def secret_key(self) -> str:
        """The secret of that key."""
        return SECRET_KEY

    @property
    def user(self) -> str:
        """The administrator, who may log in with a password too."""
        return self.store.root

    @property
    def password(self) -> str:
        """The administrator's password."""
        return self.store.users[self.store.root].password

    @property
    def written(self) -> list[tuple[str, list[str]]]:
        """The commands that came and change the panel; a hand-over by v-make-tmp-file is none."""
        return [one for one in self.commands if _writes(one[0])]

    def do(self, command: str, *args: str) -> str:
        """Run a command as the panel's root would, unseen; return what it prints.

        Raises ExitError when it fails.
        """
        return COMMANDS[command].run(Call(self.store, args))

    def settings(self) -> dict[str, str]:
        """Return the environment variables that lead pmctl here."""
        return {
            "PMCTL_HESTIA_URL": self.url,
            "PMCTL_HESTIA_ACCESS_KEY": self.access_key,
            "PMCTL_HESTIA_SECRET_KEY": self.secret_key,
        }

    def reset_requests(self) -> None:
        """Forget what came so far, and how much of it at once."""
        super().reset_requests()
        with self._lock:
            self.commands.clear()
            self.most_writes_at_once = self._writes_at_once

    def path_of(self, request: Request) -> str:
        """Return the path and, for a call of the API, its command."""
        command = self._asked(request).command
        return f"/api/{command}" if command else request.target

    def fault_path(self, request: Request) -> str:
        """Return `/api/COMMAND/ARGUMENT/ARGUMENT`, so that a fault may be for one user alone."""
        asked = self._asked(request)
        return "/".join(["/api", asked.command, *asked.given]) if asked.command else request.path

    def _asked(self, request: Request) -> Asked:
        return read(request) if request.path.startswith("/api/") else Asked(None)

    def work(self, request: Request, seconds: float) -> Sent:
        """Wait for a free worker, take the time of the command, and answer."""
        asked = read(request)
        writes = _writes(asked.command)
        with self._workers:
            before = {name: dict(user.conf) for name, user in self.store.users.items()}
            call = Call(self.store, asked.given, before)
            with self._lock:
                self.commands.append((asked.command, asked.given))
                self._writes_at_once += writes
                self.most_writes_at_once = max(self.most_writes_at_once, self._writes_at_once)
            try:
                self.stopping.wait(seconds + self.slow.get(asked.command, 0) / 1000)
                return self.hestia.answer(request, call)
            finally:
                with self._lock:
                    self._writes_at_once -= writes

    def answer(self, request: Request) -> Sent:
        """Answer at once."""
        return self.hestia.answer(request)

    def broken(self, fault: Fault, request: Request) -> Sent:
        """Return what a fault says: a command that failed, or a page of the web server."""
        if fault.exit_code is None:
            return page(fault.status or 500)
        asked = read(request)
        shape = by_key if asked.by_key else by_password
        text = f"Error: {asked.command} failed" if fault.exit_code > 0 else ""
        return shape(fault.exit_code, text, asked)

    def page(self) -> Sent:
        """Return a page that no program asked for."""
        return page(403)


def _writes(command: str) -> bool:
    return command != TMP_FILE and command in COMMANDS and COMMANDS[command].writes
