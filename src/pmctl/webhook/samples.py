"""Bodies to try a receiver with: as a Mautic 5.1.1 sent them, each with an identity of its own.

`samples.json` has them as they were recorded. What is made here says that it is a test (see
`events.MARK`), and is stored as one: no figure counts it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from pmctl.errors import UsageError
from pmctl.text import did_you_mean

_CHANGED = "lead_channel_subscription_changed"
_UNSUBSCRIBED = f"{_CHANGED}-contactable-to-unsubscribed-1"
_READ_SECONDS = 90  # from the send of a mail to its open or click


@dataclass(frozen=True)
class Sample:
    """`event_type` is our word for it, `source_type` Mautic's; `recorded` names the recording."""

    event_type: str
    source_type: str
    recorded: str


SAMPLES = tuple(
    Sample(event_type, f"mautic.{recorded.partition('-')[0]}", recorded)
    for event_type, recorded in (
        ("sent", "email_on_send-1"),
        ("opened", "email_on_open-1"),
        ("clicked", "page_on_hit-2"),
        ("unsubscribed", _UNSUBSCRIBED),
        ("bounced", _UNSUBSCRIBED),  # with the other status: no bounce was recorded
        ("resubscribed", f"{_CHANGED}-bounced-to-contactable-1"),
        ("submitted", "form_on_submit-1"),
        ("contact_created", "lead_post_save_new-1"),
        ("contact_updated", "lead_post_save_update-1"),
        ("points_changed", "lead_points_change-1"),
        ("segment_changed", "lead_list_change-added-1"),
        ("company_changed", "lead_company_change-1"),
        ("company_changed", "company_post_save-1"),
        ("company_changed", "company_post_delete-1"),
    )
)


def find(name: str) -> Sample:
    """Return the first sample of one of our words, or of Mautic's. Raises UsageError."""
    word = name.strip()
    for sample in SAMPLES:
        if word in (sample.event_type, sample.source_type, sample.source_type[7:]):
            return sample
    known = list(dict.fromkeys(names()))
    raise UsageError(
        f"there is no sample of {name}",
        hint=did_you_mean(word, known, "`pmctl webhook trigger --list` shows them"),
    )


def names() -> Iterator[str]:
    """Yield every name that `find` takes, ours first."""
    yield from (sample.event_type for sample in SAMPLES)
    yield from (sample.source_type for sample in SAMPLES)


def body(sample: Sample, seed: str, now: datetime | None = None) -> bytes:
    """Return a body with one event. The same seed and time make the same bytes.

    `now`: when it happens, in UTC; None leaves the times as they were recorded.
    """
    from pmctl.webhook.events import MARK  # completion needs none of it

    ((name, (item,)),) = json.loads(_recorded(sample)).items()
    if now is not None:
        _set_times(item, now)
    _set_identity(item, seed)
    item[MARK] = {"test": seed}
    text = json.dumps({name: [item]}, separators=(",", ":"))
    return text.replace("/", "\\/").encode()  # as PHP writes it


@cache
def _recorded(sample: Sample) -> str:
    text = files("pmctl.webhook").joinpath("samples.json").read_text(encoding="utf-8")
    body = json.loads(text)[sample.recorded]
    if sample.event_type == "bounced":
        (item,) = body[sample.source_type]
        item["new_status"] = "bounced"
        for held in item["contact"]["doNotContact"]:
            held |= {"reason": 2, "comments": "bounced"}
    return json.dumps(body)


def _set_times(item: dict[str, Any], now: datetime) -> None:
    """Let it happen now; the mail that it is about was sent some time before."""
    moment = now.astimezone(UTC)
    sent = moment - timedelta(seconds=_READ_SECONDS)
    item["timestamp"] = _iso(moment)
    for holder, name, said in (
        ("stat", "dateSent", sent), ("stat", "dateRead", moment), ("stat", "lastOpened", moment),
        ("hit", "dateHit", moment), ("submission", "dateSubmitted", moment),
    ):  # fmt: skip
        if name in item.get(holder, {}):
            item[holder][name] = _iso(said)


def _set_identity(item: dict[str, Any], seed: str) -> None:
    """Give it the hash of a mail and ids that no event of Mautic's has."""
    digest = hashlib.sha256(seed.encode("utf-8", "surrogatepass")).hexdigest()
    moment = datetime.fromisoformat(item["timestamp"])
    sent = moment if "idHash" in item else moment - timedelta(seconds=_READ_SECONDS)
    hash_ = f"{int(sent.timestamp()):08x}{digest[:14]}"  # its time comes first, as in PHP's uniqid
    number = 2**52 + int(digest[:12], 16)  # exact in every reader's JSON
    stat, hit, submission = (item.get(name, {}) for name in ("stat", "hit", "submission"))
    for place in (item, stat, hit.get("query", {}).get("ct", {})):
        for name in ("idHash", "trackingHash", "stat"):
            if isinstance(place.get(name), str):
                place[name] = hash_
    for place in (item, hit, submission):
        if isinstance(place.get("id"), int):
            place["id"] = number


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
