"""What Mautic's cron does: segments:update, campaigns:update, campaigns:trigger."""

from __future__ import annotations

from pmctl.sandbox import membership
from pmctl.sandbox.died import CronDiedError, FatalError, GivenUpError
from pmctl.sandbox.engine import Run
from pmctl.sandbox.journal import Journal
from pmctl.sandbox.sending import published
from pmctl.sandbox.store import Store


def cron(store: Store) -> None:
    """Run the three commands one after the other. Raises CronDiedError as `trigger` does.

    Segments have static members here, so that `segments:update` finds nothing to do.
    """
    with store.lock:
        update(store)
        trigger(store)


def update(store: Store) -> None:
    """`campaigns:update`: who is in a source segment comes in, who is in none any more goes."""
    with store.lock:
        journal, people = Journal(store), _people(store)
        for campaign in list(store.campaigns.values()):
            if published(campaign, store.clock.now()):
                membership.update(journal, campaign, people)


def _people(store: Store) -> dict[int, set[int]]:
    """The contacts of every segment that is still there."""
    found: dict[int, set[int]] = {key: set() for key in store.segments}
    for who, contact in store.contacts.items():
        for key in contact["segments"]:
            if key in found:
                found[key].add(who)
    return found


def trigger(store: Store) -> None:
    """`campaigns:trigger`: every published campaign, the newest first.

    Raises CronDiedError when a campaign kills the command: those with lower ids get nothing then,
    run after run, until somebody repairs that campaign. An error of a milder kind ends the pass of
    its own campaign only.
    """
    with store.lock:
        journal = Journal(store)
        for key in sorted(store.campaigns, reverse=True):
            campaign = store.campaigns.get(key)
            if campaign is None or not published(campaign, store.clock.now()):
                continue
            try:
                run = Run(journal, campaign)
                run.kick_off()
                run.wake_up()
                run.close_decisions()
            except GivenUpError:
                continue
            except FatalError as exc:
                raise CronDiedError(key, str(exc)) from exc
