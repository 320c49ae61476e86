"""Step -> the event it becomes: its kind, its title in Mautic's builder, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from pmctl.sequence import body_tokens, model

Said = tuple[str, str, dict[str, Any]]  # kind, title, data as `kinds.properties` takes it
_LABELS = {"tag": "Has tag", "segment": "In segment", "stage": "In stage", "owner": "Owned by",
           "in_campaign": "In campaign"}  # fmt: skip
_ASKED = {"opened": "Opened", "clicked": "Clicked in", "replied": "Replied to"}


def question(check: model.Check) -> Said:
    """Return what a condition asks."""
    for word, label in _LABELS.items():
        names = model.names_of(getattr(check, word))
        if names:
            kind = f"if-{word.removeprefix('in_')}"
            return kind, f"{label} {' or '.join(names)}?", {"names": names}
    if check.points is not None:
        operator, score = check.points.test
        word = next(iter(check.points.model_fields_set)).rstrip("_").replace("_", " ")
        data = {"operator": operator, "score": score}
        return "if-points", f"Points {word} {score}?", data
    if check.dnc is not None:
        title = f"Do not contact by {check.dnc}{f' ({check.reason})' if check.reason else ''}?"
        return "if-dnc", title, {"channel": check.dnc, "reason": check.reason}
    if check.email_valid:
        return "if-email", "Valid email address?", {}
    operator, value = check.test
    shown = "" if value is None else f" {_shown(value)}"
    data = {"field": check.field, "operator": operator, "value": value}
    return "if-field", f"{check.field} {operator}{shown}?", data


def _shown(value: Any) -> str:
    return " or ".join(value) if isinstance(value, list) else str(value)


def asked(kind: str, email: str) -> str:
    """Return the title of a decision about an email: `Opened offer`."""
    return f"{_ASKED[kind]} {email}"


def happening(step: model.On | model.Raw, email: str) -> Said:
    """Return what a decision waits for; `email` is the step that it is about, if any."""
    if isinstance(step, model.Raw):
        kind, title, said = action(step, "")
        return kind, title, {**said, "within": step.within}
    urls = model.names_of(step.url)
    if step.on in model.EMAIL_EVENTS:
        data = {"email": email, "urls": urls, "within": step.within}
        return step.on, f"{asked(step.on, email)}?", data
    if step.on == "visited":
        title = f"Visited {' or '.join(urls) or 'any page'}?"
        return step.on, title, {"urls": urls, "within": step.within}
    names = model.names_of(step.form if step.on == "submitted" else step.asset)
    anything = "any form" if step.on == "submitted" else "anything"
    title = f"{step.on.capitalize()} {' or '.join(names) or anything}?"
    return step.on, title, {"names": names, "within": step.within}


def action(step: Any, name: str) -> Said:
    """Return what a step does; `name` is its id, under which Mautic keeps its email."""
    return _ACTIONS[type(step)](step, name)


def _email(step: model.Email, name: str) -> Said:
    data: dict[str, Any] = {"email": name, "transactional": not isinstance(step.consent, str)}
    if step.variants:
        data["shares"] = step.shares
    return "email", body_tokens.in_one_way(step.subject or ""), data


def _field(step: model.FieldStep, _: str) -> Said:
    values = step.field.set_
    shown = ", ".join(f"{alias} = {_as_sent(value)}" for alias, value in values.items())
    return "field", f"Set {shown}", {"values": dict(values)}


def _as_sent(value: Any) -> str:
    return str(int(value) if isinstance(value, bool) else value)


def _dnc(step: model.DncStep, _: str) -> Said:
    said = step.dnc
    if said.add:
        data = {"channels": list(said.add), "reason": said.reason}
        return "dnc-add", f"Do not contact by {', '.join(said.add)}", data
    data = {"channels": list(said.remove)}
    return "dnc-remove", f"Contact by {', '.join(said.remove)} again", data


def _notify(step: model.NotifyStep, name: str) -> Said:
    said = step.notify
    data = {"email": name, "to": list(said.to), "owner": said.owner, "users": list(said.users)}
    return "notify", f"Notify: {body_tokens.in_one_way(said.subject)}", data


def _webhook(step: model.WebhookStep, _: str) -> Said:
    said = step.webhook
    data = {
        "url": said.url,
        "method": said.method,
        "headers": dict(said.headers),
        "data": dict(said.data),
        "timeout": said.timeout,
    }
    return "webhook", f"{said.method.upper()} {address(said.url)}", data


def address(url: str) -> str:
    """Return where a webhook goes, without what may be secret: user, password, query."""
    parts = urlsplit(url)
    return f"{parts.netloc.rpartition('@')[2]}{parts.path}" or url.partition("?")[0]


def _raw(step: model.Raw, _: str) -> Said:
    said = step.raw
    return f"raw-{said.kind}", said.name, {"type": said.type, "properties": said.properties}


def both(word: str, names: model.AddRemove) -> str:
    """Return `Tag +a -b`."""
    parts = [f"+{name}" for name in names.add] + [f"-{name}" for name in names.remove]
    return f"{word} {' '.join(parts)}"


_ACTIONS: dict[type, Callable[[Any, str], Said]] = {
    model.Email: _email,
    model.TagStep: lambda step, _: (
        "tag", both("Tag", step.tag), {"add": step.tag.add, "remove": step.tag.remove}
    ),
    model.SegmentStep: lambda step, _: (
        "segment", both("Segment", step.segment),
        {"add": step.segment.add, "remove": step.segment.remove},
    ),
    model.FieldStep: _field,
    model.PointsStep: lambda step, _: (
        "points", f"Points {step.points.add:+d}", {"add": step.points.add}
    ),
    model.StageStep: lambda step, _: ("stage", f"Stage {step.stage}", {"stage": step.stage}),
    model.OwnerStep: lambda step, _: ("owner", f"Owner {step.owner}", {"owner": step.owner}),
    model.CompanyStep: lambda step, _: (
        "company", f"Company {step.company}", {"company": step.company}
    ),
    model.DncStep: _dnc,
    model.NotifyStep: _notify,
    model.WebhookStep: _webhook,
    model.Enroll: lambda step, _: (
        "enroll", f"Enroll into {', '.join(step.enroll)}", {"campaigns": step.enroll}
    ),
    model.Leave: lambda step, _: (
        "leave", f"Leave {', '.join(step.leave)}", {"campaigns": step.leave}
    ),
    model.Goto: lambda step, _: ("goto", f"Go to {step.goto}", {"step": step.goto, "to": ""}),
    model.Stop: lambda _step, _name: ("stop", "Stop", {}),
    model.Raw: _raw,
}  # fmt: skip
