"""Commands of the panel: how one is written down, called and refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pmctl.sandbox.hestia_store import Row, Store, User

ARGS, INVALID, NOTEXIST, EXISTS, SUSPENDED, UNSUSPENDED = 1, 2, 3, 4, 5, 6
LIMIT, PASSWORD, FORBIDDEN, DISABLED, CONNECT, RESTART, API_DISABLED = 8, 9, 10, 11, 15, 20, 21
DEMO = "ERROR: Unable to perform operation due to security restrictions that are in place."


class ExitError(Exception):
    """Raised by a command: its exit code, and what it printed."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


def failed(code: int, words: str) -> ExitError:
    """An exit that says what is wrong."""
    return ExitError(code, f"Error: {words}")


@dataclass
class Call:
    """One call of a command: the panel and the arguments as they came."""

    store: Store
    args: Sequence[str]
    before: dict[str, Row] = field(default_factory=dict)  # users' counters when the call began

    def take(self, count: int) -> list[str]:
        """Return that many arguments, empty ones for those that are missing."""
        return [*self.args[:count], *[""] * (count - len(self.args))]

    def given(self, number: int, default: str) -> str:
        """Return the argument of a number, counted from 1; the default only where none is."""
        return self.args[number - 1] if len(self.args) >= number else default

    def bump(self, user: User, counter: str, by: int = 1) -> None:
        """Count. As the panel has no lock, what a parallel call counted meanwhile is lost."""
        seen = self.before.setdefault(user.name, dict(user.conf))
        seen[counter] = user.conf[counter] = str(max(0, int(seen[counter]) + by))


Do = Callable[[Call], str]


@dataclass(frozen=True)
class Command:
    """A script of the panel."""

    name: str
    usage: str
    do: Do

    @property
    def least(self) -> int:
        """How many arguments it needs."""
        return sum(not word.startswith("[") for word in self.usage.split())

    @property
    def writes(self) -> bool:
        """Tell whether it changes the panel."""
        return not self.name.startswith(("v-list-", "v-check-", "v-search-", "v-get-"))

    @property
    def of_user(self) -> bool:
        """Tell whether its first argument is a user."""
        return self.usage.split(" ")[0] == "USER"

    def run(self, call: Call) -> str:
        """Run it; return what it prints. Raises ExitError."""
        if len(call.args) < self.least:
            raise ExitError(ARGS, f"Usage: {self.name} {self.usage}".rstrip())
        if self.writes and call.store.config["DEMO_MODE"] == "yes":
            raise ExitError(ARGS, DEMO)
        return self.do(call)


COMMANDS: dict[str, Command] = {}


def command(name: str, usage: str = "") -> Callable[[Do], Do]:
    """Register a function as the script of that name; `usage` names its arguments."""

    def register(do: Do) -> Do:
        COMMANDS[name] = Command(name, usage, do)
        return do

    return register
