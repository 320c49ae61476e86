"""Domains made, finished, deleted, suspended: each part looked at before and after.

v-add-domain is three commands one after another. It stops at the first that fails, and leaves
out without a word what the package has no room for (seen on HestiaCP 1.9.9), so only what is
read back counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pmctl.backends.hestia_errors import SUSPENDED, UNSUSPENDED, HestiaError, HestiaNotAllowed
from pmctl.clients.domain import PARTS, Domain, Part, look, number
from pmctl.errors import Conflict, OutcomeUnknown, PmctlError

if TYPE_CHECKING:
    from pmctl.clients.panel import Panel

State = Literal["added", "there", "missing", "deleted", "kept", "suspended", "active", "failed"]

ORDER: tuple[Part, ...] = ("web", "dns", "mail")  # as v-add-domain and v-delete-domain go
_LIMITS = {"web": "WEB_DOMAINS", "mail": "MAIL_DOMAINS", "dns": "DNS_DOMAINS"}
_NOUNS = {"web": "web domain", "mail": "mail domain", "dns": "DNS domain"}


@dataclass(frozen=True)
class Step:
    """One command of the panel and the parts that it is for."""

    command: str
    args: tuple[str, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Done:
    """What became of one part; `reason` says why where it is not as it was wanted."""

    domain: str
    owner: str
    part: Part
    state: State
    reason: str = ""

    @property
    def ok(self) -> bool:
        """Whether it is as it was wanted."""
        return self.state not in ("missing", "kept", "failed")


def adding(found: Domain, wanted: Sequence[Part], ip: str) -> list[Step]:
    """Return the commands that add what is missing of `wanted`; none when nothing is."""
    missing = [part for part in ORDER if part in wanted and part not in found.parts]
    who = (found.owner, found.domain)
    address = (ip,) if ip else ()
    if len(missing) == len(PARTS):
        return [Step("v-add-domain", (*who, *address), PARTS)]
    rest = {"web": address, "dns": (ip,), "mail": ()}
    return [Step(f"v-add-{part}-domain", (*who, *rest[part]), (part,)) for part in missing]


def add(panel: Panel, found: Domain, wanted: Sequence[Part], ip: str = "") -> list[Done]:
    """Add the parts of `wanted` that a domain does not have; say what became of each.

    Raises the panel's error when nothing came of it, OutcomeUnknown when it cannot be told.
    """
    failures: dict[Part, PmctlError] = {}
    for step in adding(found, wanted, ip):
        try:
            _write(panel, found, step, there=True)
        except OutcomeUnknown as exc:
            raise _half_known(panel, found, wanted, exc) from exc
        except HestiaError as exc:
            failures.update(dict.fromkeys(step.parts, exc))
            if isinstance(exc, HestiaNotAllowed):  # the server's fail2ban counts each refusal
                failures.update(dict.fromkeys([p for p in wanted if p not in found.parts], exc))
                break
    now = look(panel, found.owner, found.domain)
    missing = [part for part in wanted if part not in now.parts]
    if missing and failures and now.parts == found.parts:
        raise failures[missing[0]]
    reasons = {part: failures[part].message if part in failures else _full(panel, found, part)
               for part in missing}  # fmt: skip
    return [
        Done(found.domain, found.owner, part, _added(part, found, now), reasons.get(part, ""))
        for part in wanted
    ]


def _added(part: Part, before: Domain, now: Domain) -> State:
    if part not in now.parts:
        return "missing"
    return "there" if part in before.parts else "added"


def _half_known(
    panel: Panel, found: Domain, wanted: Sequence[Part], exc: OutcomeUnknown
) -> OutcomeUnknown:
    """Return the error of an add without an answer, with what is there by now."""
    try:
        now = look(panel, found.owner, found.domain)
    except PmctlError:
        return exc
    here = ", ".join(part for part in wanted if part in now.parts) or "nothing"
    rest = ", ".join(part for part in wanted if part not in now.parts)
    return OutcomeUnknown(
        f"{exc.message}; by now there is {here}, and not, or not yet, {rest}",
        hint=f"look again with `pmctl domain show {found.domain} --user {found.owner}`; "
        "`add --repair` adds what is missing",
    )


def _full(panel: Panel, found: Domain, part: Part) -> str:
    """Return why the panel left a part out although it said nothing."""
    key = _LIMITS[part]
    try:
        row = panel.hestia.row("v-list-user", found.owner)
    except PmctlError:
        return "HestiaCP left it out, and does not say why"
    most, used = number(row, key), number(row, f"U_{key}") or 0
    if most is not None and used >= most:
        noun = _NOUNS[part] if most == 1 else f"{_NOUNS[part]}s"
        return f"the package of {found.owner} allows {most} {noun} ({used} in use)"
    return "HestiaCP left it out, and does not say why: does the server have that service?"


def deleting(found: Domain, chosen: Sequence[Part]) -> list[Step]:
    """Return the commands that delete these parts of a domain, of those that it has."""
    gone = [part for part in ORDER if part in chosen and part in found.parts]
    who = (found.owner, found.domain)
    if len(gone) > 1 and len(gone) == len(found.parts):
        return [Step("v-delete-domain", who, tuple(gone))]
    return [Step(f"v-delete-{part}-domain", who, (part,)) for part in gone]


def delete(panel: Panel, found: Domain, chosen: Sequence[Part]) -> list[Done]:
    """Delete parts of a domain; say what became of each.

    Raises the panel's error when nothing came of it, OutcomeUnknown when it cannot be told.
    """
    failures: dict[Part, PmctlError] = {}
    steps = deleting(found, chosen)
    for step in steps:
        try:
            _write(panel, found, step, there=False)
        except HestiaError as exc:
            failures.update(dict.fromkeys(step.parts, exc))
    now = look(panel, found.owner, found.domain)
    asked = [part for step in steps for part in step.parts]
    left = [part for part in asked if part in now.parts]
    if failures and now.parts == found.parts:
        raise failures[left[0]]
    silent = "HestiaCP said that it was deleted, and shows it still"
    return [
        Done(found.domain, found.owner, part, "kept",
             failures[part].message if part in failures else silent)
        if part in left
        else Done(found.domain, found.owner, part, "deleted")
        for part in asked
    ]  # fmt: skip


def turning(found: Domain, chosen: Sequence[Part], *, on: bool) -> list[Step]:
    """Return the commands that suspend parts of a domain, or unsuspend them; only what is not."""
    command = "v-suspend-{}-domain" if on else "v-unsuspend-{}-domain"
    return [
        Step(command.format(part), (found.owner, found.domain), (part,))
        for part in chosen
        if part in found.parts and (part in found.suspended_parts) is not on
    ]


def suspend(panel: Panel, found: Domain, chosen: Sequence[Part], *, on: bool) -> list[Done]:
    """Suspend parts of a domain, or unsuspend them; a part that is so already is left alone.

    What fails at one part does not stop the others; each is in the answer with its reason.
    """
    return [_turn(panel, found, part, on=on) for part in chosen if part in found.parts]


def _turn(panel: Panel, found: Domain, part: Part, *, on: bool) -> Done:
    wanted: State = "suspended" if on else "active"
    done = Done(found.domain, found.owner, part, wanted)

    def so() -> bool:
        return (part in look(panel, found.owner, found.domain).suspended_parts) is on

    if (part in found.suspended_parts) is on:
        return Done(found.domain, found.owner, part, wanted, "it was already")
    command = f"v-{'' if on else 'un'}suspend-{part}-domain"
    target = f"{found.domain} ({part})"
    try:
        panel.write(command, found.owner, found.domain, target=target, done=so)
    except HestiaError as exc:
        # the same two codes tell of the part itself and of its owner
        if exc.code in (SUSPENDED, UNSUSPENDED) and so():
            return Done(found.domain, found.owner, part, wanted, "it was already")
        return Done(found.domain, found.owner, part, "failed", exc.message)
    except PmctlError as exc:
        return Done(found.domain, found.owner, part, "failed", exc.message)
    return done


def chosen_parts(*, web: bool, mail: bool, dns: bool) -> tuple[Part, ...]:
    """Return the parts that options name; all of them where none is named."""
    asked = {"web": web, "mail": mail, "dns": dns}
    return tuple(part for part in PARTS if asked[part]) or PARTS


def there(found: Domain, wanted: Sequence[Part]) -> list[Done]:
    """Return the parts of `wanted` that a domain has, for nothing that was done."""
    return [Done(found.domain, found.owner, p, "there") for p in wanted if p in found.parts]


def refuse_what_is_there(found: Domain, wanted: Sequence[Part], *, repair: bool) -> None:
    """Raise Conflict when a domain has all of `wanted`, or some of it without `repair`."""
    there = [part for part in wanted if part in found.parts]
    missing = [part for part in wanted if part not in found.parts]
    if there and not missing:
        raise Conflict(
            f"{found.domain} of {found.owner} exists with {', '.join(there)}",
            hint="nothing was changed; --if-not-exists accepts it",
        )
    if there and not repair:
        raise Conflict(
            f"{found.domain} of {found.owner} has {', '.join(there)} and lacks "
            f"{', '.join(missing)}",
            hint="--repair adds what is missing",
        )


def _write(panel: Panel, found: Domain, step: Step, *, there: bool) -> None:
    def done() -> bool:
        parts = look(panel, found.owner, found.domain).parts
        return all((part in parts) is there for part in step.parts)

    panel.write(step.command, *step.args, target=found.domain, done=done)
