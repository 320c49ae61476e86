"""Segments in Mautic: what is there, who uses it, and changing it by what is said only.

Never PUT: it empties the filters, unpublishes, and makes a new alias (seen on Mautic 5.1.1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pmctl.backends.mautic_errors import Rejected
from pmctl.clients import campaign_segment_filters as filters
from pmctl.clients.campaign_segment_filters import Field, Filter, Known
from pmctl.clients.writes import once
from pmctl.errors import Conflict, NotAllowed, NotFound, PmctlError
from pmctl.parallel import side_by_side
from pmctl.sequence.live import items
from pmctl.text import did_you_mean

if TYPE_CHECKING:
    from pmctl.clients.campaign import Campaigns


@dataclass(frozen=True)
class Listed:
    """A segment in a listing."""

    alias: str
    name: str
    id: int
    published: bool


@dataclass(frozen=True)
class Use:
    """What needs a segment: `how` in words; `people` are the members of a campaign it feeds."""

    how: str
    id: int
    name: str
    published: bool
    people: int | None = None


@dataclass(frozen=True)
class Shown:
    """A segment in full. `filters` are in the words of --filter, `raw` as Mautic keeps them."""

    id: int
    alias: str
    name: str
    published: bool
    description: str
    members: int
    filters: list[str]
    raw: list[Mapping[str, Any]]
    used_by: list[Use] = field(default_factory=list)


class Segments:
    """The segments of one Mautic. Reads are made when they are first needed."""

    def __init__(self, campaigns: Campaigns) -> None:
        self.client = campaigns
        self.mautic = campaigns.mautic

    @cached_property
    def all(self) -> list[Listed]:
        """Every segment, by alias; asked for once a run."""
        rows = self.mautic.rows("segments", "lists", [("minimal", 1), ("orderBy", "id")])
        return sorted((_listed(row) for row in rows), key=lambda one: (one.alias, one.id))

    def find(self, name: str) -> Listed:
        """Return a segment by alias or id. Raises NotFound, Conflict when two have the alias."""
        found = [one for one in self.all if one.alias == name]
        found = found or [one for one in self.all if str(one.id) == name]
        if len(found) == 1:
            return found[0]
        if not found:
            aliases = [one.alias for one in self.all]
            hint = did_you_mean(name, aliases, "`pmctl campaign segment list` shows them")
            raise NotFound(f"Mautic has no segment {name}", hint=hint)
        ids = " and ".join(str(one.id) for one in found)
        raise Conflict(
            f"two segments of Mautic have the alias {name}: {ids}",
            hint="change the alias of one of them in Mautic, or name it by its id",
        )

    def count(self, segment: Listed) -> int:
        """Return how many contacts are in a segment."""
        conditions = [("leadlist_id", "eq", segment.id), ("manually_removed", "eq", 0)]
        try:
            return self.mautic.stats_total("lead_lists_leads", conditions)
        except NotAllowed:  # this user sees contacts, but not that table
            return self.client.members_of_segment(segment.alias)

    def counts(self, segments: Iterable[Listed]) -> Iterator[int]:
        """Yield the numbers of members, in order, asked for side by side."""
        return side_by_side(self.count, segments)

    def members(self, segment: Listed) -> Iterator[dict[str, Any]]:
        """Yield the contacts of a segment as Mautic has them, page after page."""
        if sum(one.alias == segment.alias for one in self.all) > 1:
            self.find(segment.alias)  # Mautic finds members by alias only
        params: list[tuple[str, str | int]] = [("search", f"segment:{segment.alias}")]
        params += [("minimal", 1), ("orderBy", "id")]
        return self.mautic.rows("contacts", "contacts", params, page=200)

    def show(self, segment: Listed) -> Shown:
        """Return a segment with its members and what uses it, asked for side by side."""
        asks: list[Callable[[], Any]] = [
            lambda: self.mautic.get(f"segments/{segment.id}")["list"],
            lambda: self.count(segment),
            lambda: self.uses([segment])[segment.id],
        ]
        row, members, uses = side_by_side(lambda ask: ask(), asks)
        raw = items(row.get("filters"))
        known = self.known((), {str(one.get("field")) for one in raw})
        return Shown(
            id=segment.id,
            alias=str(row.get("alias") or ""),
            name=str(row.get("name") or ""),
            published=bool(row.get("isPublished")),
            description=str(row.get("description") or ""),
            members=members,
            filters=[filters.words(one, known, first=not n) for n, one in enumerate(raw)],
            raw=list(raw),
            used_by=uses,
        )

    def known(self, asked: Iterable[str], named: Iterable[str]) -> Known:
        """Return what names mean: contact fields if any are `asked`, tags if they are `named`."""
        fields: dict[str, Field] = {}
        if asked:
            rows = self.mautic.rows("fields/contact", "fields", [("orderBy", "id")])
            fields = {one.alias: one for one in map(_field, rows)}
        tags: dict[str, int] = {}
        if "tags" in named:
            rows = self.mautic.rows("tags", "tags", [("orderBy", "id")])
            tags = {str(row["tag"]): int(row["id"]) for row in rows}
        return Known(fields, tags, {one.alias: one.id for one in self.all})

    def bodies(self, said: Sequence[Filter]) -> list[dict[str, Any]]:
        """Return written filters as Mautic takes them; see filters.body for what is raised."""
        known = self.known(filters.fields_asked(said), {one.field for one in said})
        return [filters.body(one, known) for one in said]

    def uses(self, segments: Sequence[Listed]) -> dict[int, list[Use]]:
        """Return by id what needs each segment: campaigns, filters of others, segment emails.

        Mautic has no way to ask for it, so all campaigns, segments and emails are looked at.
        """
        ids = {one.id for one in segments}
        found: dict[int, list[Use]] = {key: [] for key in ids}
        looks: list[Callable[[set[int]], list[tuple[int, Use]]]] = [
            self._in_campaigns, self._in_segments, self._in_emails,
        ]  # fmt: skip
        for pairs in side_by_side(lambda look: look(ids), looks):
            for key, use in pairs:
                found[key].append(use)
        return found

    def _in_campaigns(self, ids: set[int]) -> list[tuple[int, Use]]:
        found: list[tuple[int, Use]] = []
        for row in self.mautic.rows("campaigns", "campaigns", [("orderBy", "id")], page=200):
            campaign = (int(row["id"]), str(row.get("name") or ""), bool(row.get("isPublished")))
            sources = {int(one["id"]) for one in items(row.get("lists"))} & ids
            if sources:
                rows = [("campaign_id", "eq", campaign[0]), ("manually_removed", "eq", 0)]
                people = self.mautic.stats_total("campaign_leads", rows)
                found += [(key, Use("source of campaign", *campaign, people)) for key in sources]
            for event in items(row.get("events")):
                said = f"step {str(event.get('name') or '')!r} of campaign"
                found += [(key, Use(said, *campaign)) for key in _named_by(event) & ids]
        return found

    def _in_segments(self, ids: set[int]) -> list[tuple[int, Use]]:
        found: list[tuple[int, Use]] = []
        for row in self.mautic.rows("segments", "lists", [("orderBy", "id")]):
            named: set[int] = set()
            for one in items(row.get("filters")):
                if one.get("field") == "leadlist":
                    named |= _numbers(filters.value_of(one))
            other = _listed(row)
            use = Use("filter of segment", other.id, other.alias, other.published)
            found += [(key, use) for key in named & ids if key != other.id]
        return found

    def _in_emails(self, ids: set[int]) -> list[tuple[int, Use]]:
        found: list[tuple[int, Use]] = []
        for row in self.mautic.rows("emails", "emails", [("orderBy", "id")], page=200):
            lists = {int(one["id"]) for one in items(row.get("lists"))} & ids
            name, published = str(row.get("name") or ""), bool(row.get("isPublished"))
            use = Use("audience of email", int(row["id"]), name, published)
            found += [(key, use) for key in lists]
        return found

    def create(
        self, alias: str, name: str, raw: list[dict[str, Any]], *, published: bool
    ) -> Listed:
        """Make a segment. Raises Conflict when the alias is taken."""
        body = {"name": name, "alias": alias, "isPublished": published, "filters": raw}

        def found() -> dict[str, Any] | None:
            rows = self.mautic.rows("segments", "lists", [("orderBy", "id")])
            return next((row for row in rows if row.get("alias") == alias), None)

        try:
            row = once(self.client, "POST", "segments/new", body, "list", found, alias)
        except Rejected as exc:
            if "alias" in exc.details:
                raise taken(alias) from exc
            raise
        self._taken_over(alias, body, row)
        return _listed(row)

    def change(self, segment: Listed, body: dict[str, Any]) -> None:
        """Set what `body` says of a segment and nothing else."""

        def found() -> dict[str, Any] | None:
            row: dict[str, Any] = self.mautic.get(f"segments/{segment.id}")["list"]
            return None if _missing(body, row) else row

        path = f"segments/{segment.id}/edit"
        row = once(self.client, "PATCH", path, body, "list", found, segment.alias)
        self._taken_over(segment.alias, body, row)

    def _taken_over(self, alias: str, body: dict[str, Any], row: Mapping[str, Any]) -> None:
        missing = _missing(body, row)
        if missing:
            raise PmctlError(
                f"{alias}: Mautic answered yes, but did not take over {', '.join(missing)}",
                hint=f"`pmctl campaign segment show {row.get('alias') or alias}` shows what it has",
            )

    def delete(self, segment: Listed) -> None:
        """Delete a segment; when the outcome is unknown it is looked for."""

        def gone() -> dict[str, Any] | None:
            try:
                self.mautic.get(f"segments/{segment.id}")
            except NotFound:
                return {}
            return None

        path = f"segments/{segment.id}/delete"
        once(self.client, "DELETE", path, None, "list", gone, segment.alias)


def taken(alias: str) -> Conflict:
    """Return the error that says that there is such a segment already."""
    return Conflict(
        f"Mautic has a segment with the alias {alias} already",
        hint=f"`pmctl campaign segment show {alias}` shows it; --if-not-exists accepts it",
    )


def _missing(body: Mapping[str, Any], row: Mapping[str, Any]) -> list[str]:
    """Return the fields that a segment does not have as they were sent."""
    missing = [name for name in ("name", "alias") if body.get(name, row.get(name)) != row.get(name)]
    if "isPublished" in body and bool(row.get("isPublished")) is not body["isPublished"]:
        missing.append("published")
    if "filters" in body and not filters.same(items(row.get("filters")), body["filters"]):
        missing.append("filters")
    return missing


def _listed(row: Mapping[str, Any]) -> Listed:
    name, published = str(row.get("name") or ""), bool(row.get("isPublished"))
    return Listed(str(row.get("alias") or ""), name, int(row["id"]), published)


def _field(row: Mapping[str, Any]) -> Field:
    """A list of choices is of objects with `value`, or of words."""
    properties = row.get("properties")
    listed = properties.get("list") if isinstance(properties, Mapping) else None
    choices = [one.get("value") if isinstance(one, Mapping) else one for one in listed or ()]
    kind = str(row.get("type") or "")
    only = kind in ("select", "multiselect")
    return Field(str(row.get("alias")), kind, tuple(map(str, choices)) if only else ())


def _named_by(event: Mapping[str, Any]) -> set[int]:
    """Return the segments that a campaign event adds to, removes from or asks about."""
    properties = event.get("properties")
    if not isinstance(properties, Mapping):
        return set()
    keys = {"lead.changelist": ("addToLists", "removeFromLists"), "lead.segments": ("segments",)}
    named = [_numbers(properties.get(key)) for key in keys.get(str(event.get("type")), ())]
    return set().union(*named)


def _numbers(value: Any) -> set[int]:
    """Ids come as numbers or as text, in a list, an object by number, or alone."""
    many = value.values() if isinstance(value, Mapping) else value
    many = many if isinstance(value, list | Mapping) else [value]
    return {int(one) for one in many if str(one).isdecimal()}
