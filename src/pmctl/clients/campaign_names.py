"""What the names in a sequence file mean in one Mautic: segments, forms, stages, users, …"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pmctl.errors import Conflict, NotFound
from pmctl.text import did_you_mean

if TYPE_CHECKING:
    from pmctl.backends.mautic import Mautic
    from pmctl.sequence.payload import Desired

# kind -> (path of its listing, key of the rows in the answer, what it is called by)
LISTINGS = {
    "segment": ("segments", "lists", "alias"),
    "form": ("forms", "forms", "alias"),
    "stage": ("stages", "stages", "name"),
    "user": ("users", "users", "user name or address"),
    "company": ("companies", "companies", "name"),
    "asset": ("assets", "assets", "alias"),
}


class Directory:
    """The ids of named things in Mautic; each kind is asked for once, when first needed."""

    def __init__(self, mautic: Mautic) -> None:
        self.mautic = mautic
        self._lock = threading.Lock()
        self._known: dict[str, dict[str, list[int]]] = {}

    def ids(self, kind: str) -> dict[str, list[int]]:
        """Return name -> ids, more than one where two share it; from any thread."""
        with self._lock:
            if kind not in self._known:
                path, key, _ = LISTINGS[kind]
                found: dict[str, list[int]] = {}
                for row in self.mautic.rows(path, key):
                    for name in called(kind, row):
                        found.setdefault(name, []).append(int(row["id"]))
                self._known[kind] = found
            return self._known[kind]

    def id(self, want: Desired, kind: str, name: str) -> int:
        """Return the id of a name.

        Raises NotFound, with the place in the file, for one that Mautic lacks, Conflict for one
        that two share.
        """
        known = self.ids(kind)
        found = known.get(name, [])
        word = LISTINGS[kind][2]
        if len(found) == 1:
            return found[0]
        if found:
            raise Conflict(
                f"{want.place(kind, name)}: two {_several(kind)} of Mautic have the {word} {name}: "
                + " and ".join(map(str, sorted(found))),
                hint=f"change the {word} of one of them in Mautic",
            )
        raise NotFound(
            f"{want.place(kind, name)}: Mautic has no {kind} with the {word} {name}",
            hint=did_you_mean(name, known, f"create the {kind} in Mautic first"),
        )


def _several(kind: str) -> str:
    return LISTINGS[kind][0]


def called(kind: str, row: Mapping[str, Any]) -> list[str]:
    """Return the names by which a file may call what a row of a listing shows.

    The rows of companies were read in the answer to creating one and in the source: their name
    lies in `fields`, grouped or under `all`, and in `name` where the listing is a minimal one.
    """
    if kind == "user":
        names = [row.get("username"), row.get("email")]
    elif kind == "company":
        names = [_company(row)]
    else:
        names = [row.get(LISTINGS[kind][2])]
    return list(dict.fromkeys(str(name) for name in names if name))


def _company(row: Mapping[str, Any]) -> Any:
    fields = row.get("fields")
    groups = fields.values() if isinstance(fields, Mapping) else ()
    for group in groups:
        value = group.get("companyname") if isinstance(group, Mapping) else None
        if isinstance(value, Mapping):
            value = value.get("value")
        if value:
            return value
    return row.get("companyname") or row.get("name")
