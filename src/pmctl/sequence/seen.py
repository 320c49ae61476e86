"""What a plan saw of Mautic, as one short text: another text, another state."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from pmctl.sequence.alike import level
from pmctl.sequence.live import LiveCampaign, when

if TYPE_CHECKING:
    from pmctl.sequence.plan import Live


def seen(live: Live) -> str:
    """Return 16 hex digits for the campaign and the emails that a plan was made from."""
    mails = [(m.id, m.name, m.published, m.fields.get("revision")) for m in live.mails]
    return _digest([live.campaign and campaign_seen(live.campaign), sorted(mails)])


def campaign_seen(live: LiveCampaign) -> str:
    """Return 16 hex digits for a campaign: its fields, its events and its dateModified.

    dateModified alone has seconds; the fields alone would not see what a plan does not look at,
    such as the places on the canvas.
    """
    own = {name: value for name, value in vars(live).items() if name not in ("raw", "events")}
    events = [
        [
            event.id, event.trigger.get("description"), event.name, event.type, event.parent,
            event.anchor, level(event.properties), when(event.trigger),
        ]
        for event in live.events
    ]  # fmt: skip
    return _digest([own, sorted(events, key=lambda event: str(event[0]))])


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]
