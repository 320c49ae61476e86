"""Routes under /sandbox/ that no Mautic has: the clock, the cron and people, for other processes.

They need no login. What a contact does is a POST with its id or address:

    POST /sandbox/clock {"hours": 3} | {"set": "2026-11-23T09:00:00"} | {"run": true}
    POST /sandbox/cron
    POST /sandbox/webhooks                 what is queued goes out; {"mode": "command_process"}
    POST /sandbox/open {"contact": "ana@example.com", "email": "offer"}    click, reply likewise;
                           "agent" is the program that opens or clicks, else a browser
    POST /sandbox/visit {"contact": 1, "url": "https://example.com/pricing"}
    POST /sandbox/submit {"contact": 1, "form": "Sign up"}
    POST /sandbox/download {"contact": 1, "asset": 2}
    POST /sandbox/reject {"address": "gone@example.com"}
    GET  /sandbox/clock, /sandbox/sent
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from pmctl.sandbox import hook_sender
from pmctl.sandbox.acts import LINK, Acts
from pmctl.sandbox.answers import Answer
from pmctl.sandbox.clock import iso
from pmctl.sandbox.died import CronDiedError, FatalError, GivenUpError
from pmctl.sandbox.hook_items import AGENT

PREFIX = "/sandbox/"
Given = dict[str, Any]


def answer(acts: Acts, method: str, path: str, given: Given) -> Answer:
    """Answer a request to /sandbox/…: 404 for what is not there, 400 for a wrong body.

    A cron that died is a 500 that says why.
    """
    do = _ROUTES.get((method, path.removeprefix(PREFIX)))
    if do is None:
        return _problem(404, f"there is no {method} {path}")
    try:
        return Answer(200, do(acts, given), {})
    except LookupError as exc:
        words = exc.args[0] if not isinstance(exc, KeyError) else f"{exc.args[0]} is missing"
        return _problem(400 if isinstance(exc, KeyError) else 404, str(words))
    except (ValueError, TypeError, OverflowError) as exc:
        return _problem(400, str(exc))
    except (CronDiedError, FatalError, GivenUpError) as exc:
        return _problem(500, str(exc))


def _problem(code: int, message: str) -> Answer:
    return Answer(code, {"errors": [{"code": code, "message": message}]}, {})


def _clock(acts: Acts, given: Given) -> Given:
    unknown = set(given) - {"days", "hours", "minutes", "seconds", "set", "run"}
    if unknown:
        raise ValueError(f"the clock knows no {', '.join(sorted(unknown))}")
    if "set" in given:
        acts.clock.set(datetime.datetime.fromisoformat(str(given["set"])))
    if given.get("run"):
        acts.clock.run()
    acts.clock.move(**{name: float(given[name]) for name in given if name not in {"set", "run"}})
    return {"now": iso(acts.clock.now())}


def _cron(acts: Acts, _: Given) -> Given:
    before = len(acts.sent)
    acts.cron()
    return {"sent": len(acts.sent) - before, "now": iso(acts.clock.now())}


def _webhooks(acts: Acts, given: Given) -> Given:
    mode = str(given.get("mode") or acts.store.queue_mode)
    if mode not in {hook_sender.IMMEDIATE, hook_sender.QUEUED}:
        raise ValueError(f"there is no queue mode {mode}")
    acts.store.queue_mode = mode
    return {"mode": mode, "deleted": acts.process_webhooks()}


def _sent(acts: Acts, _: Given) -> Given:
    return {"sent": [{**mail._asdict(), "at": iso(mail.at)} for mail in acts.sent]}


def _agent(given: Given) -> str:
    return str(given.get("agent", AGENT))


def _done(act: Callable[[Acts, Given], None]) -> Callable[[Acts, Given], Given]:
    def do(acts: Acts, given: Given) -> Given:
        before = len(acts.sent)
        act(acts, given)
        return {"sent": len(acts.sent) - before}

    return do


_ROUTES: dict[tuple[str, str], Callable[[Acts, Given], Given]] = {
    ("GET", "clock"): lambda acts, _: {"now": iso(acts.clock.now())},
    ("POST", "clock"): _clock,
    ("POST", "cron"): _cron,
    ("POST", "webhooks"): _webhooks,
    ("GET", "sent"): _sent,
    ("POST", "open"): _done(lambda a, g: a.open(g["contact"], g["email"], agent=_agent(g))),
    ("POST", "click"): _done(
        lambda a, g: a.click(g["contact"], g["email"], g.get("url", LINK), agent=_agent(g))
    ),
    ("POST", "reply"): _done(lambda a, g: a.reply(g["contact"], g["email"])),
    ("POST", "visit"): _done(lambda a, g: a.visit(g["contact"], g["url"], page=g.get("page"))),
    ("POST", "submit"): _done(lambda a, g: a.submit(g["contact"], g["form"])),
    ("POST", "download"): _done(lambda a, g: a.download(g["contact"], g["asset"])),
    ("POST", "reject"): _done(lambda a, g: a.reject(g["address"])),
}
