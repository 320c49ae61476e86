"""A plan in a file: what was looked at, so that apply does exactly that or nothing.

The file holds digests of both sides and no text of a campaign, no value of a variable, no secret.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pmctl import __version__
from pmctl.errors import BadInput, PmctlError
from pmctl.files import save

if TYPE_CHECKING:
    from pmctl.sequence.payload import Desired
    from pmctl.sequence.plan import Plan

KIND, VERSION = "pmctl campaign plan", 1
LARGEST = 16 * 1024 * 1024  # bytes
AGAIN = "plan again with --out, look at it, then apply that"


@dataclass(frozen=True)
class Entry:
    """One campaign that was to be changed: its file, and digests of both sides."""

    path: str
    key: str
    action: str
    campaign_id: int | None
    desired: str  # of what the file said
    seen: str  # of what Mautic held, with its dateModified
    dangers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Saved:
    """A plan as it was saved."""

    url: str
    context: str
    takeover: bool
    campaigns: tuple[Entry, ...]
    tool: str = __version__


class Stale(PmctlError):
    """What the plan was made of is no more so."""

    exit_code = 6


def entry(plan: Plan) -> Entry:
    """Return what is saved of one campaign's plan."""
    return Entry(
        plan.path,
        plan.key,
        plan.action,
        plan.campaign_id,
        plan.desired,
        plan.seen,
        plan.dangers,
    )


def write(path: Path, saved: Saved) -> None:
    """Save a plan, readable by its owner only. Raises PmctlError when it cannot be written."""
    record = {"kind": KIND, "version": VERSION, **asdict(saved)}
    record["checksum"] = _checksum(record)
    hint = "is the folder there, and yours?"
    save(path, json.dumps(record, indent=1) + "\n", hint=hint, mode=0o600)


def read(path: Path) -> Saved:
    """Return a saved plan. Raises BadInput for a file that is damaged or no plan."""
    record = _record(path)
    if record.get("kind") != KIND:
        raise BadInput(f"{path} is no saved plan", hint="`campaign plan --out FILE` makes one")
    if record.get("version") != VERSION:
        raise BadInput(f"{path} is a plan of another pmctl", hint=AGAIN)
    if record.pop("checksum", None) != _checksum(record):
        raise BadInput(f"{path} is damaged: it is not as it was saved", hint=AGAIN)
    try:
        campaigns = tuple(
            Entry(**{**one, "dangers": tuple(one["dangers"])}) for one in record["campaigns"]
        )
        return Saved(
            record["url"], record["context"], record["takeover"], campaigns, record["tool"]
        )
    except (KeyError, TypeError) as exc:
        raise BadInput(f"{path} is damaged: it lacks what a plan holds", hint=AGAIN) from exc


def _record(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > LARGEST:
            raise BadInput(f"{path} is too large for a plan", hint="is it another file?")
        record = json.loads(path.read_bytes())
    except OSError as exc:
        hint = "`campaign plan --out FILE` makes one"
        raise BadInput(f"{path} cannot be read: {exc.strerror}", hint=hint) from exc
    except (ValueError, RecursionError) as exc:
        raise BadInput(f"{path} is damaged: it is no JSON", hint=AGAIN) from exc
    if not isinstance(record, dict):
        raise BadInput(f"{path} is no saved plan", hint="`campaign plan --out FILE` makes one")
    return record


def _checksum(record: dict[str, Any]) -> str:
    kept = {name: value for name, value in record.items() if name != "checksum"}
    text = json.dumps(kept, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def elsewhere(saved: Saved, url: str, context: str) -> list[str]:
    """Return why a plan is not for here."""
    reasons = []
    if saved.url != url:
        reasons.append(f"it was made for {saved.url}, not for {url}")
    if saved.context != context:
        reasons.append(f"it was made in context {saved.context}, not in {context}")
    if saved.tool != __version__:
        reasons.append(f"it was made by pmctl {saved.tool}, this is {__version__}")
    return reasons


def changed_files(saved: Saved, wanted: Iterable[Desired]) -> list[str]:
    """Return which files say something else than when the plan was made."""
    now = {want.path: want.fingerprint for want in wanted}
    return [
        f"{one.path} says something else now (were there other --var, --vars or --env?)"
        for one in saved.campaigns
        if now.get(one.path) != one.desired
    ]


def changed_live(saved: Saved, plans: Iterable[Plan]) -> list[str]:
    """Return which campaigns Mautic holds in another state than when the plan was made."""
    now = {plan.path: plan for plan in plans}
    reasons = []
    for one in saved.campaigns:
        plan = now.get(one.path)
        if plan is not None and (plan.seen, plan.campaign_id) != (one.seen, one.campaign_id):
            what = f"campaign {plan.campaign_id}" if plan.campaign_id else "it is not in Mautic"
            said = "was changed in Mautic" if plan.campaign_id else "any more"
            reasons.append(f"{one.key}: {what} {said}")
    return reasons
