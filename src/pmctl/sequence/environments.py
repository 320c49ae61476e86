"""Environments: what a sequence says otherwise in staging than in production.

The overlay of the environment in force is laid over the file: mappings are merged, lists and
single values replaced. Steps, key and version are the same everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pmctl.sequence import words
from pmctl.sequence.words import Loc, Mistake
from pmctl.text import did_you_mean

KEY = "environments"
SAME_EVERYWHERE = ("version", "key", "steps", KEY)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")  # of a context

Overlay = Mapping[str, Any]


class Values(dict[str, str]):
    """What a run puts into files: the values for `${NAME}`, and the environment in force.

    A mapping of the former, so that whoever passes it on carries the environment along. `asked`:
    it was named on the command line; `contexts` are those of the configuration, if there is one.
    """

    def __init__(
        self,
        variables: Mapping[str, str],
        env: str | None = None,
        *,
        asked: bool = False,
        contexts: tuple[str, ...] = (),
    ) -> None:
        super().__init__(variables)
        self.env = env
        self.asked = asked
        self.contexts = contexts


def env_of(variables: Mapping[str, str]) -> str | None:
    """Return the environment in force, None where there is none."""
    return variables.env if isinstance(variables, Values) else None


def doubts(names: Iterable[str], variables: Mapping[str, str]) -> Iterator[tuple[Loc, str]]:
    """Yield (place, warning) for an environment that nothing here or in the configuration has."""
    names = list(names)
    if not names or not isinstance(variables, Values):
        return
    if variables.asked and variables.env not in names:
        near = did_you_mean(str(variables.env), names)
        yield (KEY,), f"there is no environment {variables.env} here; {near}"
    for name in names if variables.contexts else ():
        if name not in variables.contexts:
            near = did_you_mean(name, variables.contexts)
            yield (KEY, name), f"the configuration has no context {name}; {near}"


def split(data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Overlay], list[Mistake]]:
    """Return the file without its environments, the overlays by name, and what is wrong there."""
    base = {name: value for name, value in data.items() if name != KEY}
    said = data.get(KEY, {})
    if not isinstance(said, dict):
        return base, {}, [Mistake((KEY,), f"expected a mapping, found {words.said(said)}")]
    overlays: dict[str, Overlay] = {}
    wrong: list[Mistake] = []
    for name, overlay in said.items():
        if not _NAME.fullmatch(name):
            message = f"{name!r} cannot be the name of a context"
            hint = "letters, digits and . _ - only"
            wrong.append(Mistake((KEY, name), message, hint, at_key=True))
        elif not isinstance(overlay, dict):
            message = f"expected a mapping, found {words.said(overlay)}"
            wrong.append(Mistake((KEY, name), message))
        else:
            wrong += _forbidden(name, overlay)
            overlays[name] = {k: v for k, v in overlay.items() if k not in SAME_EVERYWHERE}
    return base, overlays, wrong


def _forbidden(name: str, overlay: Overlay) -> Iterator[Mistake]:
    for key in SAME_EVERYWHERE:
        if key in overlay:
            message = f"`{key}` is the same in every environment"
            yield Mistake((KEY, name, key), message, "it cannot stand here", at_key=True)


def merged(base: Mapping[str, Any], overlay: Overlay) -> dict[str, Any]:
    """Return the base with the overlay over it; neither is changed."""
    found = dict(base)
    for key, value in overlay.items():
        below = found.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        found[key] = merged(below, value) if both else value  # type: ignore[arg-type]
    return found


def place(loc: Loc, env: str | None, overlay: Overlay) -> Loc:
    """Return where in the file lies what lies at `loc` of the merged sequence."""
    return (KEY, env, *loc) if env and loc and _depth(loc, overlay) == len(loc) else loc


def _depth(loc: Loc, overlay: Any) -> int:
    """How many words of the path the overlay has."""
    here = overlay
    for number, word in enumerate(loc):
        inside = (isinstance(here, dict) and word in here) or (
            isinstance(here, list) and isinstance(word, int) and word < len(here)
        )
        if not inside:
            return number
        here = here[word]
    return len(loc)


def placed(
    found: Iterable[Mistake], env: str, overlay: Overlay, known: Iterable[Mistake]
) -> Iterator[Mistake]:
    """Yield the mistakes of a merged sequence at their places in the file, without the known.

    What neither the overlay nor the base has alone is wrong where the overlay comes nearest.
    """
    seen = {(mistake.loc, mistake.message) for mistake in known}
    for mistake in found:
        depth = _depth(mistake.loc, overlay)
        whole = depth == len(mistake.loc) > 0
        if not whole and (mistake.loc, mistake.message) in seen:
            continue
        if depth:
            loc = (KEY, env, *mistake.loc[:depth])
            yield replace(mistake, loc=loc, at_key=mistake.at_key and whole)
        else:
            yield mistake
