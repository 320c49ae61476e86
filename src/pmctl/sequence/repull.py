"""What changed in Mautic -> the author's own file with these changes, and nothing else touched.

The file is taken as it is where it still says what is live: its words, comments, variables, and
the choice between text in the file and beside it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pmctl.errors import InputProblems
from pmctl.sequence import model, parse
from pmctl.sequence.compare import compare
from pmctl.sequence.compile import Compiled, compile_text
from pmctl.sequence.decompile import Unpullable
from pmctl.sequence.emails import Read
from pmctl.sequence.payload import Names
from pmctl.sequence.plan import Change
from pmctl.sequence.pull import Exact, real
from pmctl.sequence.splice import splice

Loc = tuple[str | int, ...]
_WAYS = ("then", "else", "also", "below")
_NOT_OWN = (*_WAYS, "id")
# fields of an email in Mautic -> the words of a file that say them
_WORDS = {
    "subject": ("subject",), "customHtml": ("body", "text", "preheader"), "plainText": ("text",),
    "fromName": ("from",), "fromAddress": ("from",), "replyToAddress": ("reply_to",),
    "utmTags": ("utm",), "headers": ("headers",), "language": ("language",),
    "isPublished": ("published",),
}  # fmt: skip
_HEAD = {
    "name": "name", "description": "description", "published": "published",
    "reentry": "reentry", "segments": "audience", "forms": "audience",
}  # fmt: skip
_STRUCTURE = {"under", "path", "type"}
_AUTHORS = ("send", "limits", "moved", "on_removed", "environments")  # what Mautic knows nothing of


@dataclass(frozen=True)
class Into:
    """An author's file: its name, its text, what it compiles to, and how its bodies are read."""

    path: str
    text: str
    compiled: Compiled
    read: Read
    variables: Mapping[str, str]


def brought_up(
    into: Into, found: Exact, names: Names, env: str
) -> tuple[str, Mapping[str, str]] | None:
    """Return the file and the bodies beside it that now say what is live; None: as it is.

    First only the steps that changed are touched. Where that does not say it (a step that stands
    once in the file and twice in Mautic was changed there in one place), the steps are laid out
    anew, each in the author's words where they hold. Raises Unpullable when neither does.
    """
    changes = real(compare(into.compiled.desired, found.live, env, names))
    if not changes:
        return None
    old = parse.check(into.path, into.text)
    for rebuild in (False, True):
        data = _target(old, into.compiled, found, changes, rebuild=rebuild)
        text = splice(into.text, data)
        bodies = {name: body for name, body in found.bodies.items() if _named(data, name)}
        try:
            left = _left(into, text, bodies, found, names, env)
        except InputProblems as exc:
            left = exc.problems[0].message
        if not left:
            return text, bodies
    raise Unpullable(left)


def _left(
    into: Into, text: str, bodies: Mapping[str, str], found: Exact, names: Names, env: str
) -> str:
    """What the new text still does not say, in words."""

    def read(name: str) -> str:
        return bodies[name] if name in bodies else into.read(name)

    after = compile_text(into.path, text, read, into.variables).desired
    return ", ".join(
        f"{one.kind} {one.name}" for one in real(compare(after, found.live, env, names))
    )


def _named(said: Any, name: str) -> bool:
    if isinstance(said, Mapping):
        return said.get("file") == name or any(_named(value, name) for value in said.values())
    return isinstance(said, list) and any(_named(item, name) for item in said)


def _target(
    old: Mapping[str, Any],
    compiled: Compiled,
    found: Exact,
    changes: list[Change],
    *,
    rebuild: bool,
) -> dict[str, Any]:
    """Return what the file shall say: plain values, `old` where it still holds."""
    changed = {(change.kind, change.name): change for change in changes}
    moved = any(
        change.kind == "event"
        and (change.op != "update" or _STRUCTURE & {f.field for f in change.fields})
        for change in changes
    )
    if moved or rebuild:
        data = _rebuilt(old, compiled, found, changed)
    else:
        data = copy.deepcopy(dict(old))
        _update(data, compiled, found, changed)
    for field in changed.get(("campaign", ""), Change("update", "campaign", "")).fields:
        _set(data, _HEAD.get(field.field, ""), found.data)
    return data


def _locs(compiled: Compiled) -> dict[str, Loc]:
    """Where the step of each event stands in its file, by the event's name."""
    return {" ".join(node.identity): node.loc for node in compiled.graph.nodes()}


def _at(data: Any, loc: Loc) -> Any:
    for word in loc:
        data = data[word]
    return data


def _set(into: dict[str, Any], word: str, source: Mapping[str, Any]) -> None:
    """Let `into` say of one word what `source` says, or nothing."""
    if word in source:
        into[word] = source[word]
    else:
        into.pop(word, None)


# The same steps, some of them changed


def _update(
    data: dict[str, Any], compiled: Compiled, found: Exact, changed: Mapping[Any, Change]
) -> None:
    ours, theirs = _locs(compiled), _locs(found.compiled)
    late: list[tuple[Loc, Loc]] = []
    for (kind, name), change in changed.items():
        if kind == "email":
            _update_mail(data, found, name, change)
        if kind != "event" or name not in ours or name not in theirs:
            continue
        loc, new = ours[name], theirs[name]
        fields = {field.field for field in change.fields} - {"name", "marker"}
        if "when" in fields and loc[0] == "steps":
            late.append((loc, new))
        if fields - {"when"} and "email" not in _at(data, loc):
            _replace(_at(data, loc), _at(found.data, new))
    for loc, new in sorted(late, reverse=True):  # from below: the places above stay right
        _retime(data, loc, found.data, new)


def _replace(step: dict[str, Any], new: Mapping[str, Any]) -> None:
    """Let a step say what another says, but for the steps within it."""
    for word in [word for word in step if word not in _NOT_OWN]:
        del step[word]
    step.update({word: value for word, value in new.items() if word not in _NOT_OWN})


def _retime(data: Any, loc: Loc, source: Any, new: Loc) -> None:
    """Take the waits, the window and the `within` before a step from where it stands in another."""
    steps, at = _at(data, loc[:-1]), int(loc[-1])
    others, there = _at(source, new[:-1]), int(new[-1])
    if "email" in steps[at]:
        _set_window(steps[at], others[there], source)
    first = at
    while first and _is_wait(steps[first - 1]):
        first -= 1
    begin = there
    while begin and _is_wait(others[begin - 1]):
        begin -= 1
    steps[first:at] = others[begin:there]
    if first == 0 and len(loc) > 2 and loc[-2] == "else":
        _set(_at(data, loc[:-2]), "within", _at(source, new[:-2]))


def _set_window(step: dict[str, Any], new: Mapping[str, Any], source: Mapping[str, Any]) -> None:
    """Let an email leave when another does; said here, whatever the rest of the file says."""
    window = new.get("window") or source.get("send", {}).get("window") or "anytime"
    if window != "anytime" or "window" in step:
        step["window"] = window


def _is_wait(step: Any) -> bool:
    return isinstance(step, dict) and "wait" in step


def _update_mail(data: dict[str, Any], found: Exact, name: str, change: Change) -> None:
    """Let an email step say what its email says now, where they differ."""
    owner = name.partition("~")[0]  # of a variant: its step
    step = next((one for one in _emails(data["steps"]) if one.get("email") == owner), None)
    new = next((one for one in _emails(found.data["steps"]) if one.get("email") == owner), None)
    if step is None or new is None:
        return
    if "variants" in new:
        for word in ("variants", "winner", "subject", "body", "text", "preheader"):
            _set(step, word, new)
        return
    whole = {**found.data.get("send", {}), **new}
    for field in change.fields:
        for word in _WORDS.get(field.field, ()):
            _set(step, word, whole)


def _emails(steps: list[Any]) -> Iterator[dict[str, Any]]:
    for step in steps:
        if not isinstance(step, dict):
            continue
        if "email" in step:
            yield step
        for way in _WAYS:
            yield from _emails(step.get(way) or [])


# Other steps, or in another order


def _rebuilt(
    old: Mapping[str, Any], compiled: Compiled, found: Exact, changed: Mapping[Any, Change]
) -> dict[str, Any]:
    """The steps as they are live, each in the author's words where those still hold."""
    head = {word: value for word, value in old.items() if word != "steps"}
    kept = _kept(old, compiled, changed)
    names = {loc: name for name, loc in reversed(_locs(found.compiled).items())}
    steps = _steps(found.data["steps"], ("steps",), names, kept, found.data.get("send", {}))
    for word in ("stop_on", *(word for word in _AUTHORS if word == "send" and word not in old)):
        _set(head, word, found.data)
    return {**head, "steps": steps}


def _kept(
    old: Mapping[str, Any], compiled: Compiled, changed: Mapping[Any, Change]
) -> dict[str, dict[str, Any]]:
    """The author's steps that still say what is live, by the name of their step."""
    kept: dict[str, dict[str, Any]] = {}
    for name, loc in _locs(compiled).items():
        step = name.partition(" ")[0]
        change = changed.get(("event", name))
        fields = {f.field for f in change.fields} if change else set()
        said = _at(old, loc)
        moved = {"name", "marker", "under", "path"} | ({"when"} if "email" not in said else set())
        same = (change is None or change.op == "update") and not fields - moved
        if loc[0] == "steps" and same and isinstance(said, dict):
            mails = {name.partition("~")[0] for kind, name in changed if kind == "email"}
            if said.get("email") in mails:
                continue
            kept.setdefault(step, said)
    return kept


def _steps(
    steps: list[Any],
    loc: Loc,
    names: Mapping[Loc, str],
    kept: Mapping[str, dict[str, Any]],
    send: Mapping[str, Any],
) -> list[Any]:
    done = []
    for number, step in enumerate(steps):
        here = (*loc, number)
        name = names.get(here, "").partition(" ")[0]
        own = kept.get(name)
        if own is not None and not _stands_alike(own, step):
            own = None
        made = {**send, **step} if "email" in step and own is None else dict(step)
        if own is not None:
            made = {word: value for word, value in own.items() if word not in _WAYS}
            _set(made, "within", step)
            if "id" in step:  # without it the step would have another's name here
                made["id"] = step["id"]
        for way in _WAYS:
            if way in step:
                made[way] = _steps(step[way], (*here, way), names, kept, send)
        done.append(made)
    return done


def _stands_alike(own: dict[str, Any], step: dict[str, Any]) -> bool:
    """Whether the author's step can stand where the live one does.

    It cannot where its time or its ways have no words of ours: what `within` says of an `on` is
    said in the steps of a `raw` one.
    """
    kind = model.kind_of(own)
    if kind != model.kind_of(step):
        return False
    return kind != "raw" or ("trigger" in own["raw"]) == ("trigger" in step["raw"])
