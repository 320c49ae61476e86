"""Names of steps that have none of their own, made of what they do; titles of what they ask."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pmctl.sequence import model


def question(check: model.Check) -> tuple[str, str, dict[str, Any]]:
    """Return (kind, title, data) of a condition."""
    for kind in ("tag", "segment"):
        said = getattr(check, kind)
        if said is not None:
            names = [said] if isinstance(said, str) else list(said)
            label = "Has tag" if kind == "tag" else "In segment"
            return f"if-{kind}", f"{label} {' or '.join(names)}?", {"names": names}
    operator, value = check.test
    shown = "" if value is None else f" {_shown(value)}"
    data = {"field": check.field, "operator": operator, "value": value}
    return "if-field", f"{check.field} {operator}{shown}?", data


def _shown(value: Any) -> str:
    return " or ".join(value) if isinstance(value, list) else str(value)


def both(word: str, names: model.AddRemove) -> str:
    """Return `Tag +a -b`."""
    parts = [f"+{name}" for name in names.add] + [f"-{name}" for name in names.remove]
    return f"{word} {' '.join(parts)}"


def made(step: Any, above: str) -> str:
    """A step id made of what the step does, so that it survives moves and edits elsewhere."""
    if isinstance(step, model.On):
        urls = [step.url] if isinstance(step.url, str) else list(step.url or [])
        return f"{step.of or above}.{step.on}{which(urls)}".lstrip(".")
    if isinstance(step, model.If):
        kind, _, data = question(step.if_)
        names = data["names"] if "names" in data else [data["field"]]
        return _slug(kind, names)
    if isinstance(step, model.Stop):
        return "stop"
    names = step.tag if isinstance(step, model.TagStep) else step.segment
    word = "tag" if isinstance(step, model.TagStep) else "segment"
    return _slug(word, [*(f"+{n}" for n in names.add), *(f"-{n}" for n in names.remove)])


def which(urls: list[str]) -> str:
    """Tell clicks on other links apart by the links, not by their place in the file."""
    return f"-{hashlib.sha256(' '.join(urls).encode()).hexdigest()[:6]}" if urls else ""


def _slug(word: str, names: list[str]) -> str:
    text = word + "".join(n if n[0] in "+-" else f"-{n}" for n in names)
    return re.sub(r"\s", "_", text)[:60]  # an event's marker holds it, and ends at a space


def own(steps: list[Any]) -> Iterator[str]:
    """Yield the ids that the authors gave, of every step below."""
    for step in steps:
        said = step.email if isinstance(step, model.Email) else getattr(step, "id", None)
        if said is not None:
            yield said
        if isinstance(step, model.On | model.If):
            yield from own([*step.then, *(step.else_ or [])])


def unused(name: str, seen: Mapping[str, object]) -> str:
    """Return the name, or `name~2` and so on when it is taken."""
    number, candidate = 1, name
    while candidate in seen:
        number += 1
        candidate = f"{name}~{number}"
    return candidate
