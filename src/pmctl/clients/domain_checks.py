"""What must be so before Let's Encrypt can give a certificate, looked at from this machine.

Let's Encrypt asks http://NAME/.well-known/acme-challenge/… from outside, and allows five failures
an hour and name (letsencrypt.org/docs/rate-limits), so it pays to look first.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TypeVar

from pmctl.clients.domain_idn import ascii_of
from pmctl.parallel import side_by_side

Result = TypeVar("Result")

SECONDS = 5.0  # for a name to be resolved, and for a port to answer


@dataclass(frozen=True)
class Check:
    """What was seen of one name; `problem` is "" when Let's Encrypt should get through."""

    name: str
    addresses: tuple[str, ...]
    problem: str = ""


def check(names: Iterable[str], expected: Iterable[str]) -> list[Check]:
    """Return what was seen of each name; `expected` are the panel's addresses, the best first."""
    wanted = list(dict.fromkeys(expected))
    return list(side_by_side(lambda name: _check(name, wanted), names, at_once=4))


def addresses_of(name: str) -> list[str]:
    """Return the addresses that this machine's resolver has for a name; none when it has none."""
    with suppress(OSError, UnicodeError):
        found = socket.getaddrinfo(ascii_of(name), 80, type=socket.SOCK_STREAM)
        return sorted({str(where[4][0]) for where in found})
    return []


def answers(address: str, name: str) -> bool:
    """Whether something speaks HTTP at port 80 of an address."""
    with suppress(OSError), socket.create_connection((address, 80), timeout=SECONDS) as wire:
        wire.sendall(f"HEAD / HTTP/1.0\r\nHost: {ascii_of(name)}\r\n\r\n".encode())
        return wire.recv(5) == b"HTTP/"
    return False


def _check(name: str, wanted: list[str]) -> Check:
    found = _within(SECONDS, lambda: addresses_of(name)) or []
    seen = tuple(found)
    if not found:
        target = f" A {_outer(wanted)}" if wanted else ""
        return Check(name, seen, f"{name} does not resolve; it wants a record{target}")
    if wanted and not set(found) & set(wanted):
        there = f"points to {', '.join(found)}"
        return Check(name, seen, f"{name} {there}, and the panel is at {', '.join(wanted)}")
    silent = [one for one in found if not answers(one, name)]
    if silent:
        return Check(name, seen, f"{', '.join(silent)} does not answer at port 80 for {name}")
    return Check(name, seen)


def _outer(addresses: list[str]) -> str:
    """Return the address to point a name to: rather one that the world can reach."""
    outside = [one for one in addresses if ipaddress.ip_address(one).is_global]
    beyond = [one for one in addresses if not ipaddress.ip_address(one).is_loopback]
    return (outside or beyond or addresses)[0]


def _within(seconds: float, work: Callable[[], Result]) -> Result | None:
    """Return what `work` does, None when it takes longer: a resolver may hang for minutes."""
    done: SimpleQueue[Result] = SimpleQueue()
    threading.Thread(target=lambda: done.put(work()), daemon=True).start()
    try:
        return done.get(timeout=seconds)
    except Empty:
        return None
