"""What is noted beside the markers at each write, for the three-way comparison of the next plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pmctl.sequence import threeway
from pmctl.sequence.facts import Facts, wanted
from pmctl.sequence.live import LiveCampaign
from pmctl.sequence.payload import Desired, Names, Records
from pmctl.sequence.plan import Live

if TYPE_CHECKING:
    from pmctl.sequence.emails import Mail


def records(want: Desired, live: Live, env: str, names: Names) -> Records:
    """Return what to note beside the markers when the campaign is written.

    `live` holds the emails as they are after they were written, `names` their ids.
    """
    called = {name: name for name in (" ".join(event.identity) for event in want.events)}
    skip = threeway.settled(want, live.campaign, live.mails, env)
    facts = wanted(want, env, names.plus("event", called), skip)
    own = threeway.digest(facts["campaign", ""])
    which = threeway.present(event.identity for event in want.events)
    emails = {mail_id: step for step, mail_id in names.ids.get("email", {}).items()}
    notes: dict[str, list[str]] = {}  # an email's own first, then those of its variants
    for mail in want.mails:
        note = _mail_note(want, mail, live, env, facts)
        if note:
            notes.setdefault(mail.parent or mail.step, []).append(note)
    events = {}
    for event in want.events:
        said = threeway.spoken(facts["event", " ".join(event.identity)], {}, emails, {})
        events[event.identity] = f" was={threeway.digest(said)}"
        if event.type in threeway.SENDING and notes.get(event.step):
            events[event.identity] += f" mail={','.join(notes[event.step])}"
    return Records(f" own={own}.{which}", events)


def _mail_note(want: Desired, mail: Mail, live: Live, env: str, facts: Facts) -> str:
    now = next((one for one in live.mails if one.step == mail.step), None)
    if now is None:
        return ""
    fields = facts.get(("email", mail.step))
    if fields is None:  # neither side touched it
        content = threeway.noted_mail(live.campaign, mail.step)[2]
    else:
        content = threeway.digest(fields)
    origin = threeway.source(want, mail, env)
    return threeway.mail_note(mail.step, origin, now.revision, content)


def noted(live: LiveCampaign, notes: Records) -> bool:
    """Whether a campaign holds these notes."""
    own = "".join(f" {name}={value}" for name, value in live.records.items())
    have = {
        event.identity: "".join(f" {name}={value}" for name, value in event.records.items())
        for event in live.events
        if event.identity
    }
    return own == notes.own and all(have.get(key) == note for key, note in notes.events.items())
