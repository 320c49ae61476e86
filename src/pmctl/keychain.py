"""The operating system's keyring, with a time limit: on servers it may hang for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "pmctl"
T = TypeVar("T")


class Unavailable(Exception):
    """There is no keyring that can be trusted; the text says why."""


def get(user: str, seconds: float) -> str | None:
    """Return what the keyring keeps for `user`, None if nothing. Raises Unavailable."""

    def look() -> str | None:
        for backend in _backends():
            value = backend.get_password(SERVICE, user)
            if value is not None:
                return value
        return None

    return _within(seconds, look)


def put(user: str, value: str, seconds: float) -> None:
    """Keep a secret and read it back: some keyrings lose it without a word. Raises Unavailable."""

    def store() -> None:
        backend = _backends()[0]
        backend.set_password(SERVICE, user, value)
        if backend.get_password(SERVICE, user) != value:
            raise Unavailable("it did not keep the secret")

    _within(seconds, store)


def _backends() -> list[KeyringBackend]:
    """Return the keyrings in use, best first, without those that lose or show a secret."""
    import keyring

    chosen: Any = keyring.get_keyring()
    candidates = getattr(chosen, "backends", None) or [chosen]  # the chainer asks several in turn
    usable = [backend for backend in candidates if not _refused(backend)]
    if not usable:
        raise Unavailable(f"the keyring in use is {_name(candidates[0])}")
    return usable


def _refused(backend: Any) -> bool:
    # null forgets, fail has none, keyrings.alt's PlaintextKeyring writes base64 into a file
    name = _name(backend)
    return name.startswith(("keyring.backends.null.", "keyring.backends.fail.")) or (
        "Plaintext" in name
    )


def _name(backend: Any) -> str:
    return f"{type(backend).__module__}.{type(backend).__name__}"


def _within(seconds: float, work: Callable[[], T]) -> T:
    """Return `work()`; raise Unavailable when it fails in any way or takes longer."""
    results: list[T] = []
    failures: list[Exception] = []

    def run() -> None:
        try:
            results.append(work())
        except Exception as exc:
            failures.append(exc)

    # A daemon: a keyring that never answers must not keep the process alive.
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if results:
        return results[0]
    if not failures:
        raise Unavailable(f"no answer within {seconds:g} s")
    raise Unavailable(str(failures[0]) or type(failures[0]).__name__) from failures[0]
