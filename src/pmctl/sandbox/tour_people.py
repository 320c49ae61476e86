"""The people of the tour: they come, time passes, and some read what they get."""

from __future__ import annotations

import http.client
import json
import urllib.parse
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pmctl.sandbox.server import MauticSandbox

PEOPLE = 40
HOURS = 50  # a good two days
GATEWAY = "BarracudaCentral/1.0 link scan"  # follows every link of a mail; no person has looked


def come(sandbox: MauticSandbox) -> None:
    """Put new contacts into every segment that a campaign starts from; Mautic's cron runs."""
    store = sandbox.store
    with store.lock:
        sources = [key for campaign in store.campaigns.values() for key in campaign["lists"]]
        for number in range(1, PEOPLE + 1):
            who = store.add_contact(f"visitor-{number}@example.org", firstname=f"Visitor {number}")
            store.contacts[who]["segments"] = list(dict.fromkeys(sources))
    ask(sandbox.url, "cron", {})


def live(url: str) -> Counter[str]:
    """Let the cron run every hour, and people read; return what was `sent`, `opened`, `clicked`.

    By its id a contact clicks in each mail, opens it, has a gateway click in it, or does nothing.
    """
    done: Counter[str] = Counter()
    seen = 0
    for _ in range(HOURS):
        sent = ask(url, "sent")["sent"]
        new, seen = sent[seen:], len(sent)
        ask(url, "clock", {"minutes": 20})
        for mail in new:
            done.update(_read(url, mail["contact"], mail["email"]))
        ask(url, "clock", {"minutes": 40})
        ask(url, "cron", {})
    done["sent"] = len(ask(url, "sent")["sent"])
    return done


def _read(url: str, contact: int, email: int) -> list[str]:
    given = {"contact": contact, "email": email}
    kind = contact % 4
    if kind == 3:
        return []
    if kind == 1:
        ask(url, "open", given)
        return ["opened"]
    ask(url, "click", {**given, **({"agent": GATEWAY} if kind == 2 else {})})
    return ["opened", "clicked"]  # who clicks has loaded the mail


def ask(url: str, what: str, given: dict[str, Any] | None = None) -> Any:
    """Ask the stand-in at /sandbox/…; with something given it is a POST. Raises OSError."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
    try:
        method, body = ("GET", None) if given is None else ("POST", json.dumps(given))
        connection.request(method, f"/sandbox/{what}", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = json.load(answer)
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise OSError(f"/sandbox/{what}: {said['errors'][0]['message']}")
    return said
