"""How many mails leave within the hour after an apply: an upper bound, in whole mails."""

from __future__ import annotations

from collections.abc import Mapping

from pmctl.sequence import migration
from pmctl.sequence.live import LiveCampaign, LiveEvent
from pmctl.sequence.payload import Desired
from pmctl.sequence.people import People, Sends


def at_once(want: Desired, number: int) -> int:
    """Return how many emails a contact gets without a wait once the event of that number runs."""
    below: dict[int, list[int]] = {}
    for child, event in enumerate(want.events):
        below.setdefault(event.parent, []).append(child)

    def emails(event: int) -> int:
        ways = {"yes": 0, "no": 0, "bottom": 0}
        for child in below.get(event, ()):
            if want.events[event].role != "decision" and not _waits(want, child):
                ways[want.events[child].anchor] += emails(child)
        own = want.events[event].type == "email.send"
        return own + ways["bottom"] + max(ways["yes"], ways["no"])

    return emails(number)


def _waits(want: Desired, number: int) -> bool:
    trigger = want.events[number].trigger
    # an interval of minutes may be over within the hour
    amount, unit = int(trigger.get("triggerInterval") or 0), trigger.get("triggerIntervalUnit")
    return trigger.get("triggerMode") == "interval" and amount > 0 and (unit != "i" or amount > 60)


def first_mails(want: Desired) -> int:
    """Return how many emails somebody who enters gets without a wait."""
    roots = [n for n, event in enumerate(want.events) if event.parent < 0]
    return sum(at_once(want, root) for root in roots if not _waits(want, root))


def of_change(
    want: Desired,
    live: LiveCampaign,
    ids: Mapping[tuple[str, str], LiveEvent],
    people: People,
    joining: int | None,
) -> Sends:
    """Return the mails of a change to a campaign that is there.

    `joining` counts the contacts of segments that are new to it; None when nobody could count.
    """
    if not want.published:
        return Sends()
    numbers = {event.identity: n for n, event in enumerate(want.events)}
    due = sum(
        people.due(event.id) * at_once(want, numbers[identity]) for identity, event in ids.items()
    )
    moving = migration.moves(want, live, ids)
    due += sum(people.due(m.gone.id) * at_once(want, numbers[m.to.identity]) for m in moving)
    due += people.not_begun() * first_mails(want)
    kept = {event.id for event in ids.values()}
    gone = {event.id for event in live.events} - kept
    caused = people.only_at(gone, {m.gone.id for m in moving}) * first_mails(want) if gone else 0
    caused += sum(_no_path(want, number, ids, people) for number in numbers.values())
    if joining is None:
        return Sends(due if live.published else 0, None)
    caused += joining * first_mails(want)
    return Sends(due, caused) if live.published else Sends(0, caused + due)


def _no_path(
    want: Desired, number: int, ids: Mapping[tuple[str, str], LiveEvent], people: People
) -> int:
    """A new path for those who did not: it runs for everybody past the email long enough."""
    event = want.events[number]
    if event.anchor != "no" or event.identity in ids or event.parent < 0:
        return 0
    fork = want.events[event.parent]
    email = want.events[fork.parent] if fork.parent >= 0 else None
    if fork.role != "decision" or email is None or email.identity not in ids:
        return 0
    decision = ids.get(fork.identity)
    past = people.undecided(ids[email.identity].id, decision.id if decision else None)
    return past * at_once(want, number)
