"""The webhooks of Mautic: one for each receiver, with the right triggers and a secret of ours.

Never PUT: without a secret it makes a new one, without triggers it empties them. Mautic takes any
trigger, known or not, and shows every secret to whoever may read webhooks (seen on 5.1.1).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from pmctl.clients.writes import once
from pmctl.errors import Conflict, NotFound, UsageError

if TYPE_CHECKING:
    from pmctl.backends.mautic import Mautic
    from pmctl.clients.campaign import Campaigns
    from pmctl.clients.webhook_secrets import Secrets

PATH = "/webhooks/mautic"  # of a receiver of ours
TRIGGERS = tuple(
    f"mautic.{name}"
    for name in (
        "email_on_send", "email_on_open", "page_on_hit", "form_on_submit",
        "lead_channel_subscription_changed", "lead_post_save_new", "lead_post_delete",
        "lead_points_change", "lead_list_change", "lead_company_change",
    )
)  # fmt: skip
"""What figures are made of. `lead_post_save_update` is not: a click alone brings two of them."""


@dataclass(frozen=True)
class Hook:
    """A webhook as Mautic has it, without its secret; `url` without a password in it."""

    id: int
    name: str
    url: str
    published: bool
    triggers: tuple[str, ...]
    missing: tuple[str, ...]  # of TRIGGERS
    unknown: tuple[str, ...]  # triggers that this Mautic does not have
    modified_by: str

    @property
    def state(self) -> str:
        """`ok`, or what is wrong with it in two words."""
        if not self.published:
            return "switched off"
        return "wrong triggers" if self.missing or self.unknown else "ok"


@dataclass(frozen=True)
class Registered:
    """What `register` did: `created`, `repaired` (and what), or nothing."""

    hook: Hook
    created: bool
    repaired: tuple[str, ...] = ()
    twins: tuple[int, ...] = ()  # other webhooks to the same address
    previous: str = ""  # why the secret before the one in force is kept, where it is


class Webhooks:
    """The webhooks of one Mautic."""

    def __init__(self, campaigns: Campaigns, kept: Secrets) -> None:
        self.client = campaigns
        self.mautic: Mautic = campaigns.mautic
        self.kept = kept
        self._known: frozenset[str] | None = None

    def all(self) -> list[Hook]:
        """Return every webhook, by id."""
        return [self._hook(row) for row in self._rows()]

    def find(self, name: str) -> Hook:
        """Return a webhook by id or address. Raises NotFound, Conflict when two have it."""
        return self._hook(self._find(name))

    def holds_our_secret(self, hook: Hook) -> bool | None:
        """Tell whether a webhook signs with the secret kept here; None when none is kept."""
        ours = self.kept.read()
        row = self.mautic.get(f"hooks/{hook.id}")["hook"]
        return secrets.compare_digest(str(row["secret"]), ours) if ours else None

    def failures(self, hook: Hook) -> int:
        """Return how many of Mautic's log rows of a webhook are no success."""
        of_hook = ("webhook_id", "eq", hook.id)
        total = self.mautic.stats_total("webhook_logs", [of_hook])
        good = ("status_code", "like", "2%")
        return total - self.mautic.stats_total("webhook_logs", [of_hook, good])

    def log(self, hook: Hook, count: int) -> list[dict[str, str]]:
        """Return Mautic's last log rows of a webhook, newest first; `status_code` may be `N/A`."""
        of_hook = [("webhook_id", "eq", hook.id)]
        rows = self.mautic.stats("webhook_logs", of_hook, order="id", descending=True, limit=count)
        names = ("status_code", "date_added", "runtime", "note")
        return [{name: row.get(name, "") for name in names} for row in rows]

    def register(self, url: str, *, everything: bool = False, dry_run: bool = False) -> Registered:
        """Make the webhook to an address, or repair the one that is there.

        The secret of a webhook that exists is taken over where none is kept here, else it gets
        ours. The secret before it is dropped once nobody needs it. Raises UsageError for a bad
        address, OutcomeUnknown.
        """
        check_address(url)
        wanted = sorted(self._triggers()) if everything else list(TRIGGERS)
        rows = [row for row in self._rows() if _same(row["webhookUrl"], url)]
        if rows:
            row = min(rows, key=lambda one: (not one["isPublished"], one["id"]))
            twins = tuple(one["id"] for one in rows if one is not row)
            done = self._repair(row, wanted, twins, dry_run=dry_run)
        else:
            done = self._create(url, wanted, dry_run=dry_run)
        if dry_run:
            return done
        signing = {str(one["secret"]) for one in self._rows()}
        return replace(done, previous=self.kept.retire(signing))

    def rotate(self, hook: Hook, *, dry_run: bool = False) -> None:
        """Give a webhook a new secret. The receiver knows it before Mautic signs with it.

        When Mautic refuses, or it is not known whether it took it, both secrets stay kept: the
        one that is in force is among them. Raises Conflict when another webhook still signs with
        a secret that would be kept no longer, ConfigError when the secret is not ours to change.
        """
        row = self.mautic.get(f"hooks/{hook.id}")["hook"]
        lost = self.kept.known() - {str(row["secret"])}
        for other in self._rows():
            if other["id"] != hook.id and other["secret"] in lost:
                raise Conflict(
                    f"webhook {other['id']} signs with a secret that would be kept no longer",
                    hint="`pmctl webhook register` with its address gives it the one in force",
                )
        if dry_run:
            return
        self.kept.keep(str(row["secret"]))
        fresh = secrets.token_hex(32)
        self.kept.keep(fresh)
        self._patch(row, {"secret": fresh})

    def unregister(self, hook: Hook) -> None:
        """Delete a webhook. Raises NotFound when it is gone already, OutcomeUnknown."""

        def gone() -> dict[str, Any] | None:
            left = [row for row in self._rows() if row["id"] == hook.id]
            return None if left else {"id": None}

        path = f"hooks/{hook.id}/delete"
        once(self.client, "DELETE", path, None, "hook", gone, f"webhook {hook.id}")

    def _create(self, url: str, wanted: list[str], *, dry_run: bool) -> Registered:
        name = f"pmctl {self.client.env}"
        body = {"name": name, "webhookUrl": url, "isPublished": True, "triggers": wanted,
                "description": f"pmctl:v1 env={self.client.env}"}  # fmt: skip
        if dry_run:
            return Registered(self._hook({**body, "id": 0}), created=True)
        secret = self.kept.read() or secrets.token_hex(32)
        self.kept.keep(secret)  # first, so that no webhook ever signs with what nobody knows

        def made() -> dict[str, Any] | None:
            return next((r for r in self._rows() if _same(r["webhookUrl"], url)), None)

        whole = {**body, "secret": secret}
        row = once(
            self.client, "POST", "hooks/new", whole, "hook", made, f"webhook to {_bare(url)}"
        )
        return Registered(self._hook(row), created=True)

    def _repair(
        self, row: dict[str, Any], wanted: list[str], twins: tuple[int, ...], *, dry_run: bool
    ) -> Registered:
        hook = self._hook(row)
        there = [name for name in hook.triggers if name not in hook.unknown]
        triggers = [*there, *(name for name in wanted if name not in there)]
        changes: dict[str, Any] = {}
        said = []
        if triggers != list(hook.triggers):
            changes["triggers"] = triggers
            said.append("triggers")
        if not hook.published:
            changes["isPublished"] = True
            said.append("published")
        ours = self.kept.read()
        if ours and ours != row["secret"]:
            changes["secret"] = ours
            said.append("secret")
        if dry_run:
            return Registered(hook, created=False, repaired=tuple(said), twins=twins)
        if not ours:
            self.kept.keep(str(row["secret"]))
        if changes:
            hook = self._hook(self._patch(row, changes))
        return Registered(hook, created=False, repaired=tuple(said), twins=twins)

    def _patch(self, row: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
        path = f"hooks/{row['id']}"

        def done() -> dict[str, Any] | None:
            now: dict[str, Any] = self.mautic.get(path)["hook"]
            return now if all(now[name] == value for name, value in changes.items()) else None

        target = f"webhook {row['id']}"
        return once(self.client, "PATCH", f"{path}/edit", changes, "hook", done, target)

    def _rows(self) -> list[dict[str, Any]]:
        return sorted(self.mautic.rows("hooks", "hooks"), key=lambda row: int(row["id"]))

    def _find(self, name: str) -> dict[str, Any]:
        rows = self._rows()
        found = [row for row in rows if str(row["id"]) == name]
        found = found or [row for row in rows if _same(row["webhookUrl"], name)]
        if not found:
            raise NotFound(f"there is no webhook {_bare(name)}", hint="`pmctl webhook list`")
        if len(found) > 1:
            ids = ", ".join(str(row["id"]) for row in found)
            raise Conflict(f"{len(found)} webhooks go to {_bare(name)}: {ids}", hint="name an id")
        return found[0]

    def _triggers(self) -> frozenset[str]:
        if self._known is None:
            self._known = frozenset(self.mautic.get("hooks/triggers")["triggers"])
        return self._known

    def _hook(self, row: dict[str, Any]) -> Hook:
        triggers = tuple(map(str, row.get("triggers") or []))
        known = self._triggers()
        return Hook(
            id=int(row["id"]),
            name=str(row["name"] or ""),
            url=_bare(str(row["webhookUrl"] or "")),
            published=bool(row["isPublished"]),
            triggers=triggers,
            missing=tuple(name for name in TRIGGERS if name not in triggers),
            unknown=tuple(name for name in triggers if name not in known),
            modified_by=str(row.get("modifiedByUser") or row.get("createdByUser") or "").strip(),
        )


def short(triggers: Iterable[str]) -> str:
    """Return triggers as people read them, without their common beginning."""
    return ", ".join(name.removeprefix("mautic.") for name in triggers)


def _same(left: Any, right: str) -> bool:
    return str(left or "").rstrip("/") == right.rstrip("/")


def _bare(url: str) -> str:
    """Return an address without the name and password that may stand in it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def check_address(url: str) -> None:
    """Raise UsageError for what is no address of a receiver."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        hint = "for instance https://events.example.com/webhooks/mautic"
        raise UsageError(f"{_bare(url)} is no address of a receiver", hint=hint)
