"""One write to Mautic, sent once: noted before and after, looked up when its outcome is unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pmctl.backends.mautic_errors import MauticError
from pmctl.errors import OutcomeUnknown

if TYPE_CHECKING:
    from pmctl.clients.campaign import Campaigns

AGAIN = "run the same command again: it looks first and finishes what is missing"


def once(
    client: Campaigns,
    method: str,
    path: str,
    body: dict[str, Any] | None,
    key: str,
    found: Callable[[], dict[str, Any] | None],
    target: str,
) -> dict[str, Any]:
    """Send a write once; when its outcome is unknown, return what `found` sees of it.

    `key` is where the entity lies in the answer, `target` how people call it. Raises
    OutcomeUnknown when `found` returns None: then it is not done, or not yet; and LockLost,
    with nothing sent, when the lock of the change could not be kept.
    """
    client.locks.check()
    mautic = client.mautic
    send: dict[str, Callable[[], Any]] = {
        "POST": lambda: mautic.post(path, body),
        "PUT": lambda: mautic.put(path, body),
        "PATCH": lambda: mautic.patch(path, body),
        "DELETE": lambda: mautic.delete(path),
    }
    try:
        with client.journal.write(method, path, what=target):
            row: dict[str, Any] = send[method]()[key]
            return row
    except OutcomeUnknown as exc:
        seen = found()
        if seen is None:
            raise OutcomeUnknown(f"{target}: {exc.message}", hint=AGAIN) from exc
        return seen
    except MauticError as exc:
        exc.message = f"{target}: {exc.message}"  # which of many campaigns it was
        raise
