"""Test events to a receiver: recorded bodies, each with an identity of its own, signed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pmctl.errors import PmctlError
from pmctl.parallel import side_by_side
from pmctl.webhook import events, samples
from pmctl.webhook.signature import sign

if TYPE_CHECKING:
    from pmctl.backends.receiver import Receiver
    from pmctl.webhook.samples import Sample

AGENT = "GuzzleHttp/7"  # as Mautic 5.1.1 calls itself


@dataclass(frozen=True)
class Message:
    """A body with its headers. `id` is the one that its event gets in the database."""

    sample: Sample
    id: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Sent:
    """What became of a message: `status` 0 is no answer, and `answer` says why then."""

    event_type: str
    source_type: str
    id: str
    status: int
    answer: str

    @property
    def taken(self) -> bool:
        """Whether the receiver answered that it has it."""
        return 200 <= self.status < 300


def message(sample: Sample, seed: str, secret: str, *, now: datetime | None) -> Message:
    """Return the message of a seed, signed unless the secret is empty; see `samples.body`."""
    body = samples.body(sample, seed, now)
    headers = {"Content-Type": "application/json", "User-Agent": AGENT}
    if secret:
        headers["Webhook-Signature"] = sign(body, secret)
    id_ = events.event_id(sample.source_type, events.TEST, seed)
    return Message(sample, str(id_), headers, body)


def messages(
    sample: Sample, seed: str, secret: str, count: int, *, same_times: bool = False
) -> Iterator[Message]:
    """Yield `count` messages, each of another event; as they are made, they happen.

    `same_times` keeps the times of the recording, so that a seed makes the same bytes again.
    """
    for number in range(count):
        now = None if same_times else datetime.now(UTC)
        yield message(sample, f"{seed}-{number}" if number else seed, secret, now=now)


def send(receiver: Receiver, found: Iterator[Message]) -> Iterator[Sent]:
    """Send messages; yield what became of each, in order.

    Raises what `Receiver.post` raises when the first gets no answer; of a later one it is told.
    """
    first = next(found, None)
    if first is None:
        return
    yield _posted(receiver, first)
    yield from side_by_side(lambda one: _tried(receiver, one), found)


def _posted(receiver: Receiver, one: Message) -> Sent:
    answer = receiver.post(one.body, one.headers)
    words = answer.text.strip()[:200]
    return Sent(one.sample.event_type, one.sample.source_type, one.id, answer.status, words)


def _tried(receiver: Receiver, one: Message) -> Sent:
    try:
        return _posted(receiver, one)
    except PmctlError as exc:
        return Sent(one.sample.event_type, one.sample.source_type, one.id, 0, exc.message)
