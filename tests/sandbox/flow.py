"""Campaigns for the tests of the engine: steps in a few words, made through the API."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from pmctl.sandbox.acts import Mail
from pmctl.sandbox.server import MauticSandbox

Api = Callable[..., tuple[int, Any]]
MONDAY = datetime.datetime(2026, 11, 23, 0, 24, 0, tzinfo=datetime.UTC)
DECISIONS = ("email.open", "email.click", "email.reply", "page.pagehit", "form.submit")


def step(
    key: str, kind: str, under: str = "", path: str = "", *, wait: str = "", **more: Any
) -> dict[str, Any]:
    """One step: `under` names the one above it, `wait` is like `3d`, the rest are properties.

    Words with a capital letter in them (triggerHour) are fields of the event.
    """
    decided = kind in DECISIONS or kind == "asset.download"
    conditions = ("lead.points", "lead.tags", "lead.segments", "lead.stages", "lead.owner")
    conditional = kind in (*conditions, "lead.dnc", "lead.campaigns", "lead.field_value")
    event: dict[str, Any] = {
        "id": f"new_{key}",
        "name": key,
        "type": kind,
        "eventType": "decision" if decided else "condition" if conditional else "action",
        "properties": {k: v for k, v in more.items() if not k.startswith("trigger")},
        "triggerMode": "immediate",
        "under": under,
        "path": path,
    }
    if wait:
        event.update(triggerMode="interval", triggerInterval=int(wait[:-1]))
        event["triggerIntervalUnit"] = wait[-1]
    return {**event, **{k: v for k, v in more.items() if k.startswith("trigger")}}


class Flow:
    """A stand-in whose clock stands at a Monday, its API, and contacts in segment 1."""

    def __init__(self, sandbox: MauticSandbox, api: Api, contacts: int = 3) -> None:
        self.sandbox, self.api = sandbox, api
        sandbox.clock.set(MONDAY)
        self.contacts = [self.contact(f"c{place}@example.org") for place in range(contacts)]

    def contact(self, email: str, segment: int | None = 1, **values: Any) -> int:
        """A contact in a segment."""
        key = self.sandbox.store.add_contact(email, **values)
        if segment:
            self.sandbox.store.contacts[key]["segments"].append(segment)
        return key

    def email(self, name: str, **more: Any) -> int:
        """An email of that name."""
        status, made = self.api("POST", "/emails/new", {"name": name, "subject": name, **more})
        assert status == 201, made
        return int(made["email"]["id"])

    def mail(self, key: str, under: str = "", path: str = "", **more: Any) -> dict[str, Any]:
        """A step that sends a marketing email of its own."""
        more = {"email_type": "marketing", **more}
        more.setdefault("email", self.email(key))
        return step(key, "email.send", under, path, **more)

    def campaign(self, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Make a campaign of steps; return it, as the answer shows it."""
        status, made = self.api("POST", "/campaigns/new", self.payload(*steps, **more))
        assert status == 201, made
        return dict(made["campaign"])

    def change(self, campaign: dict[str, Any], *steps: dict[str, Any], **more: Any) -> Any:
        """PUT a campaign with these steps; those whose name it knows keep their event."""
        known = {one["name"]: one["id"] for one in campaign["events"]}
        body = self.payload(*steps, known=known, **more)
        status, made = self.api("PUT", f"/campaigns/{campaign['id']}/edit", body)
        assert status == 200, made
        return made["campaign"]

    def payload(
        self, *steps: dict[str, Any], known: dict[str, int] | None = None, **more: Any
    ) -> dict[str, Any]:
        """The body of a campaign."""
        ids = {one["name"]: (known or {}).get(one["name"], one["id"]) for one in steps}
        wires = []
        for one in steps:
            source = ids.get(one["under"], "lists")
            anchor = one["path"] or ("bottom" if one["under"] else "leadsource")
            wires.append(
                {
                    "sourceId": str(source),
                    "targetId": str(ids[one["name"]]),
                    "anchors": {"source": anchor, "target": "top"},
                }
            )
        events = [
            {**{k: v for k, v in one.items() if k not in {"under", "path"}}, "id": ids[one["name"]]}
            for one in steps
        ]
        nodes = [{"id": str(key), "positionX": "1", "positionY": "1"} for key in ids.values()]
        canvas = {"nodes": nodes, "connections": wires}
        base = {"name": "Flow", "isPublished": True, "lists": [{"id": 1}], "allowRestart": 0}
        return {**base, "events": events, "canvasSettings": canvas, **more}

    def cron(self, **later: float) -> list[tuple[int, str]]:
        """Let time pass and the cron run; return who got which email in it."""
        before = len(self.sandbox.sent)
        self.sandbox.clock.move(**later)
        self.sandbox.cron()
        return self.named(self.sandbox.sent[before:])

    def named(self, mails: list[Mail]) -> list[tuple[int, str]]:
        """Mails as contact and name of the email."""
        return [(one.contact, self.sandbox.store.emails[one.email]["name"]) for one in mails]

    def log(self, name: str) -> list[dict[str, Any]]:
        """The log rows of the step of that name, in whatever campaign."""
        events = [one for of in self.sandbox.store.campaigns.values() for one in of["events"]]
        ids = {str(one["id"]) for one in events if one["name"] == name}
        return [row for row in self.sandbox.store.log if row["event_id"] in ids]

    def everybody(self, name: str) -> list[tuple[int, str]]:
        """All contacts with one email's name: what `cron` returns when all got it."""
        return [(who, name) for who in self.contacts]
