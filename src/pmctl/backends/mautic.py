"""Mautic's REST API as a wire: login, encoding, paging and errors; no wishes of our own.

Shapes, statuses and headers as seen on Mautic 5.1.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from pmctl.backends.mautic_auth import Basic, ClientCredentials
from pmctl.backends.mautic_errors import (
    LOOK_UP,
    MauticNotAllowed,
    error_of,
    refusal_in,
)
from pmctl.errors import ConfigError, OutcomeUnknown, Unreachable
from pmctl.http import Answer, Busy, Http

Pairs = Iterable[tuple[str, str | int]]
BATCH_PATIENCE = 4  # a new contact takes Mautic 50 ms and more, a batch has 200
Condition = tuple[str, str, str | int]  # column, expression (eq, neq, gt, gte, lt, like…), value


def where(*conditions: Condition) -> list[tuple[str, str | int]]:
    """Return the parameters `where[0][col]=…` and so on, which Mautic joins with AND."""
    return [
        (f"where[{number}][{name}]", value)
        for number, condition in enumerate(conditions)
        for name, value in zip(("col", "expr", "val"), condition, strict=True)
    ]


class Mautic:
    """One Mautic. Paths are those under /api/; threads may share it.

    With `client_id` it logs in by OAuth2, else by user and password. Secrets are asked for when
    the first request is sent. `version` is what the last answer named, None before.
    """

    def __init__(
        self,
        http: Http,
        *,
        user: str = "",
        password: Callable[[], str] | None = None,
        client_id: str = "",
        client_secret: Callable[[], str] | None = None,
        token_file: Path | None = None,
    ) -> None:
        self._http = http
        self.version: str | None = None
        self._login: Basic | ClientCredentials
        if client_id and client_secret is not None:
            self._login = ClientCredentials(http, client_id, client_secret, token_file)
        elif user and password is not None:
            self._login = Basic(user, password)
        else:
            raise ConfigError(
                "no login for Mautic is configured",
                hint="set mautic.client_id and its secret (fast), or mautic.user and its password",
            )

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        return self._http.base_url

    def get(self, path: str, params: Pairs | None = None) -> Any:
        """Return the decoded answer. Raises the errors of mautic_errors, as all methods do."""
        return self._send("GET", path, params=list(params or ()))

    def post(self, path: str, body: Any) -> Any:
        """Create or act; return the decoded answer. Sent once, whatever happens."""
        return self._send("POST", path, body=body)

    def put(self, path: str, body: Any) -> Any:
        """Replace: what `body` leaves out is emptied, and an unknown id is created."""
        return self._send("PUT", path, body=body)

    def patch(self, path: str, body: Any) -> Any:
        """Change what `body` names."""
        return self._send("PATCH", path, body=body)

    def delete(self, path: str) -> Any:
        """Delete; return what Mautic says it was."""
        return self._send("DELETE", path)

    def batch(self, method: str, path: str, body: Any) -> Any:
        """Create or change many; the refusals of single ones stay inside of the answer.

        Sent once. A refusal of the whole batch is raised as everywhere else. It may take
        BATCH_PATIENCE times as long as another call.
        """
        return self._send(method, path, body=body, many=True)

    def rows(
        self, path: str, key: str, params: Pairs | None = None, page: int = 500
    ) -> Iterator[dict[str, Any]]:
        """Yield each entity of a listing once, page after page. `key` is where rows lie.

        Pass `orderBy=id` where names may repeat: the order of equal names is not stable.
        """
        seen = _Ids()
        for rows in self._pages(path, key, list(params or ()), page):
            fresh = [row for row in rows if row.get("id") is None or seen.is_new(row["id"])]
            if not fresh:
                raise self._repeats(path)
            yield from fresh

    def page(self, path: str, key: str, params: Pairs = ()) -> list[dict[str, Any]]:
        """Return one page of a listing; `params` say which."""
        return self._rows_in(self.get(path, params), key, path)

    def total(self, path: str, key: str, params: Pairs = ()) -> int:
        """Return how many entities a listing has, fetching one of them at most."""
        return self._counted(path, key, [*params, ("limit", 1)])

    def stats(
        self,
        table: str,
        conditions: Iterable[Condition] = (),
        *,
        order: str = "",
        descending: bool = False,
        limit: int | None = None,
        page: int = 1000,
    ) -> Iterator[dict[str, str]]:
        """Yield rows of a statistics table, at most `limit`; `order` names a column.

        Values are strings, columns that are NULL are left out, times are UTC without a zone.
        """
        params = where(*conditions)
        if order:
            way = "desc" if descending else "asc"
            params += [("order[0][col]", order), ("order[0][dir]", way)]
        size = page if limit is None else min(page, limit)
        left = limit
        for rows in self._pages(f"stats/{table}", "stats", params, size) if size else ():
            yield from rows[:left]
            if left is not None:
                left -= len(rows)
                if left <= 0:
                    return

    def stats_total(self, table: str, conditions: Iterable[Condition] = ()) -> int:
        """Return how many rows of a statistics table meet the conditions, without fetching them."""
        return self._counted(f"stats/{table}", "stats", [*where(*conditions), ("limit", 0)])

    def _counted(self, path: str, key: str, params: Pairs) -> int:
        answer = self.get(path, params)
        self._rows_in(answer, key, path)
        total = _total(answer)
        if total is None:
            raise self._shape(path, "a total")
        return total

    def _pages(
        self, path: str, key: str, params: list[tuple[str, str | int]], page: int
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield pages that are not empty, until the total is reached or an empty one comes."""
        start, before = 0, None
        while True:
            answer = self.get(path, [*params, ("start", start), ("limit", page)])
            rows = self._rows_in(answer, key, path)
            if not rows:
                return
            if rows == before:
                raise self._repeats(path)
            yield rows
            start, before = start + len(rows), rows
            total = _total(answer)
            if total is not None and start >= total:
                return

    def _rows_in(self, answer: Any, key: str, path: str) -> list[dict[str, Any]]:
        """Return the rows of one page: a list, or an object by id; `[]` or `{}` when empty."""
        rows = answer.get(key) if isinstance(answer, dict) else None
        if key == "stats" and rows is None and isinstance(answer, dict):
            # an unknown or forbidden table is answered with the list of all tables, HTTP 200
            raise MauticNotAllowed(
                f"Mautic gives no rows of {path}",
                hint="the table does not exist, or this user may not see it",
            )
        listed = list(rows.values()) if isinstance(rows, dict) else rows
        if not isinstance(listed, list) or not all(isinstance(row, dict) for row in listed):
            raise self._shape(path, f"a list of {key}")
        return listed

    def _shape(self, path: str, missing: str) -> Unreachable:
        seen = self.version or "of an unknown version"
        return Unreachable(
            f"Mautic answered {path} without {missing}",
            hint=f"this is Mautic {seen}; --trace shows the answer",
        )

    def _repeats(self, path: str) -> Unreachable:
        return Unreachable(
            f"Mautic lists the same page of {path} again and again",
            hint="does a cache in front of Mautic ignore the query string?",
        )

    def _send(
        self,
        method: str,
        path: str,
        *,
        params: list[tuple[str, str | int]] | None = None,
        body: Any = None,
        many: bool = False,
    ) -> Any:
        write = method != "GET"
        what = f"{method} {path}"
        header = self._login.header()
        patience = BATCH_PATIENCE if many else 1
        answer = self._ask(method, path, header, params, body, patience)
        if isinstance(self._login, ClientCredentials) and _token_refused(answer):
            # nothing was done, so a write may be sent again with a new token
            header = self._login.renewed(header)
            answer = self._ask(method, path, header, params, body, patience)
        self.version = answer.headers.get("mautic-version", self.version)
        good = 200 <= answer.status < 300
        each_apart = many and good and '"statusCodes"' in answer.text
        if not each_apart and (not good or refusal_in(answer)):
            raise error_of(answer, what, write=write, login_hint=self._login.login_hint)
        try:
            return answer.json()
        except Unreachable as exc:
            if not write:
                raise
            raise OutcomeUnknown(f"{exc.message} to {what}", hint=LOOK_UP) from exc

    def _ask(
        self,
        method: str,
        path: str,
        header: str,
        params: list[tuple[str, str | int]] | None,
        body: Any,
        patience: float,
    ) -> Answer:
        try:
            return self._http.request(
                method,
                f"api/{path.lstrip('/')}",
                params=params,
                json=body,
                headers={"Authorization": header},
                patience=patience,
            )
        except Busy as exc:
            raise error_of(
                exc.answer,
                f"{method} {path}",
                write=method != "GET",
                login_hint=self._login.login_hint,
                when=exc.when,
            ) from exc


class _Ids:
    """The ids seen so far. Numbers take a bit each, so that a listing of a million stays flat."""

    def __init__(self) -> None:
        self._bits = bytearray()
        self._others: set[Any] = set()

    def is_new(self, key: Any) -> bool:
        """Remember an id; return whether it was not there before."""
        if type(key) is not int or not 0 <= key < _LARGEST_BIT:
            known = key in self._others
            self._others.add(key)
            return not known
        place, bit = key >> 3, 1 << (key & 7)
        if place >= len(self._bits):
            self._bits.extend(bytes(place + 1 - len(self._bits)))
        known = bool(self._bits[place] & bit)
        self._bits[place] |= bit
        return not known


_LARGEST_BIT = 1 << 27  # 16 MiB of bits


def _token_refused(answer: Answer) -> bool:
    said = refusal_in(answer) if answer.status == 401 else None
    return said is not None and said.type == "invalid_grant"


def _total(answer: Any) -> int | None:
    """Return the total of a listing: an int for some entities, a string of digits for others."""
    total = answer.get("total") if isinstance(answer, dict) else None
    text = str(total)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
