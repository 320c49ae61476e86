"""Who opened or clicked: a person, a proxy that fetches for one, or a scanner. Pure.

No rule is certain. Each answer carries its reason, is made from what is kept of the event, and so
can be made again when the rules change.

Sources: Google's and Yahoo's image proxies name themselves; Apple's Mail Privacy Protection sends
a bare "Mozilla/5.0"; security gateways follow the links of a mail as it arrives, also with HEAD,
and Mautic counts that as a click (seen on 5.1.1).
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pmctl.webhook.events import Event

FAST_SECONDS = 2  # nobody reads a mail sooner after it was handed to the mail server
ALL_AT_ONCE_LINKS = 3  # of one mail to one contact,
ALL_AT_ONCE_SECONDS = 2  # within

_PROXY = re.compile(r"googleimageproxy|ggpht|yahoomailproxy|yahoocachesystem", re.IGNORECASE)
_SCANNER = re.compile(
    r"bot\b|bot/|crawl|spider|scan|barracuda|proofpoint|mimecast|safelinks|fireeye|symantec"
    r"|sophos|trendmicro|cloudmark|preview|headless|phantomjs|python|curl|wget|libwww|okhttp"
    r"|go-http-client|java/|httpclient|guzzle|^node|axios",
    re.IGNORECASE,
)
_PERSON = re.compile(r"^mozilla/5\.0 \(.+\) .*(?:gecko|webkit|trident)|outlook|thunderbird",
                     re.IGNORECASE)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Agent:
    """`name`: human, proxy, scanner or unknown; empty where nobody acted. And why."""

    name: str
    reason: str


def agent_class(user_agent: str, seconds_after_send: float | None) -> Agent:
    """Return who opened or clicked, from the program's name and how soon it came."""
    if found := _PROXY.search(user_agent):
        return Agent("proxy", f"user agent names {found[0]}")
    if user_agent.strip() == "Mozilla/5.0":
        return Agent("proxy", "bare Mozilla/5.0, as Apple's proxy says")
    if found := _SCANNER.search(user_agent):
        return Agent("scanner", f"user agent names {found[0]}")
    if seconds_after_send is not None and 0 <= seconds_after_send < FAST_SECONDS:
        return Agent("scanner", f"{seconds_after_send:.0f} s after the send")
    if not user_agent:
        return Agent("unknown", "no user agent")
    if _PERSON.search(user_agent):
        return Agent("human", "a browser or mail program")
    return Agent("unknown", "user agent not known")


def all_at_once(events: list[Event]) -> list[Event]:
    """Return the events; clicks on three links of one mail within two seconds are a scanner's.

    Only what stands in the list is compared: call it with as much as is at hand.
    """
    mails: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.event_type == "clicked" and (mail := event.metadata.get("tracking_hash")):
            mails[mail].append(event)
    scanned = {event.id for clicks in mails.values() for event in _burst(clicks)}
    return [_scanner(event) if event.id in scanned else event for event in events]


def _burst(clicks: list[Event]) -> list[Event]:
    for first in clicks:
        near = [one for one in clicks if 0 <= _apart(first, one) <= ALL_AT_ONCE_SECONDS]
        if len({one.metadata.get("url") for one in near}) >= ALL_AT_ONCE_LINKS:
            return near
    return []


def _apart(first: Event, other: Event) -> float:
    return (other.occurred_at - first.occurred_at).total_seconds()


def _scanner(event: Event) -> Event:
    reason = {"agent_reason": f"{ALL_AT_ONCE_LINKS} links or more at once"}
    return replace(event, agent_class="scanner", metadata={**event.metadata, **reason})
