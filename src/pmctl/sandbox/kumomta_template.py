"""The three dialects of KumoMTA's templates.

Jinja is minijinja, the engine that KumoMTA itself uses, in its version. Of Handlebars only
`{{ a.b }}` is known here.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from pmctl.sandbox.kumomta_refusal import Refused, RejectedError


class Templates(Protocol):
    """Named templates; `.html` at the end of a name escapes what is put in."""

    def add(self, name: str, source: str, field: str) -> None:
        """Parse one. Raises Refused, which names the `field` of the request."""

    def render(self, name: str, values: Mapping[str, Any]) -> str:
        """Return its text with the values. Raises RejectedError."""


def templates(dialect: str) -> Templates:
    """Return an empty set in this dialect."""
    known: dict[str, Callable[[], Templates]] = {
        "Jinja": Jinja, "Static": Static, "Handlebars": Handlebars,
    }  # fmt: skip
    return known[dialect]()


class Static:
    """Text as it is."""

    def __init__(self) -> None:
        self._sources: dict[str, str] = {}

    def add(self, name: str, source: str, field: str) -> None:  # noqa: ARG002  never refused
        """Keep it."""
        self._sources[name] = source

    def render(self, name: str, values: Mapping[str, Any]) -> str:  # noqa: ARG002  none are used
        """Return it."""
        return self._sources[name]


class Jinja:
    """minijinja; a missing name is empty text, an attribute of a missing name is an error."""

    def __init__(self) -> None:
        from minijinja import Environment

        self._environment = Environment()

    def add(self, name: str, source: str, field: str) -> None:
        """Parse one."""
        from minijinja import TemplateError

        try:
            self._environment.add_template(name, source)
        except TemplateError as exc:
            words = str(exc.args[0]).removesuffix(f" (in {name}:{exc.line})")
            line = source.splitlines()[exc.line - 1] if exc.line else ""
            raise _unparsed(
                field, f"{words} (in template '{name}' line {exc.line}: '{line}')"
            ) from None

    def render(self, name: str, values: Mapping[str, Any]) -> str:
        """Return its text."""
        from minijinja import TemplateError

        try:
            return self._environment.render_template(name, **values)
        except TemplateError as exc:
            raise RejectedError(str(exc.args[0])) from None


_PUT_IN = re.compile(r"\{\{\{?\s*([^{}]*?)\s*\}?\}\}")
_PATH = re.compile(r"\w+(?:\.\w+)*")


class Handlebars:
    """`{{ a.b }}` and `{{{ a.b }}}` (not escaped); helpers, blocks and partials are refused."""

    def __init__(self) -> None:
        self._sources: dict[str, str] = {}

    def add(self, name: str, source: str, field: str) -> None:
        """Look that only paths are put in."""
        odd = [path for path in _PUT_IN.findall(source) if not _PATH.fullmatch(path)]
        if odd or "{{" in _PUT_IN.sub("", source):
            shown = odd[0] if odd else "{{ without its end"
            raise _unparsed(field, f"this stand-in knows only paths of Handlebars, not {shown!r}")
        self._sources[name] = source

    def render(self, name: str, values: Mapping[str, Any]) -> str:
        """Return its text; what is missing is empty."""
        escapes = name.endswith(".html")

        def put(found: re.Match[str]) -> str:
            value: Any = values
            for key in found[1].split("."):
                value = value.get(key) if isinstance(value, Mapping) else None
            shown = "" if value is None else str(value)
            return html.escape(shown) if escapes and not found[0].startswith("{{{") else shown

        return _PUT_IN.sub(put, self._sources[name])


def _unparsed(field: str, words: str) -> Refused:
    return Refused(422, f"Error: failed parsing field {field} as template: {words}")
