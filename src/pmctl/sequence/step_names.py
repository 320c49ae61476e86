"""Names of steps that have none of their own, made of what they do."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pmctl.sequence import events, model


def made(step: Any, above: str) -> str:
    """A step id made of what the step does, so that it survives moves and edits elsewhere."""
    if isinstance(step, model.On):
        return _of_on(step, above)
    if isinstance(step, model.If):
        kind, _, data = events.question(step.if_)
        return _slug(kind, [data["field"]] if kind == "if-field" else data.get("names", []))
    kind, _, data = events.action(step, "")
    if kind in ("tag", "segment"):
        return _slug(kind, [*(f"+{n}" for n in data["add"]), *(f"-{n}" for n in data["remove"])])
    if kind == "webhook":
        return f"webhook{which([data['method'], data['url']])}"
    if kind.startswith("raw-"):
        return _slug("raw", [data["type"]])
    if kind == "points":
        return f"points{data['add']:+d}"
    return _slug(kind, _SAID[kind](data))


# kind -> what tells a step from others of its kind
_SAID: dict[str, Callable[[Any], list[str]]] = {
    "field": lambda data: list(data["values"]),
    "stage": lambda data: [data["stage"]],
    "owner": lambda data: [data["owner"]],
    "company": lambda data: [data["company"]],
    "dnc-add": lambda data: data["channels"],
    "dnc-remove": lambda data: data["channels"],
    "enroll": lambda data: data["campaigns"],
    "leave": lambda data: data["campaigns"],
    "goto": lambda data: [data["step"]],
    "stop": lambda _: [],
}


def _of_on(step: model.On, above: str) -> str:
    if step.on in model.EMAIL_EVENTS:
        return f"{step.of or above}.{step.on}{which(model.names_of(step.url))}".lstrip(".")
    if step.on == "visited":
        return f"visited{which(model.names_of(step.url))}"
    return _slug(step.on, model.names_of(step.form) + model.names_of(step.asset))


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
        for _, steps in model.inside(step):
            yield from own(steps)


def unused(name: str, seen: Mapping[str, object]) -> str:
    """Return the name, or `name~2` and so on when it is taken."""
    number, candidate = 1, name
    while candidate in seen:
        number += 1
        candidate = f"{name}~{number}"
    return candidate
