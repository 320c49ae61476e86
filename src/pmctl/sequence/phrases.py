"""Single steps and questions in plain words, true of what Mautic 5.1.1 does with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pmctl.sequence import durations, events, model, terms

NO_CASE = "upper or lower case alike"
EMPTY_YES = "an empty field counts as yes"
EMPTY_NO = "an empty field counts as no"
# Seen on 5.1.1: what an empty field does to each test, and how `like` reads its value.
_TESTS = {
    "=": ("is", NO_CASE),
    "!=": ("is not", EMPTY_YES),
    "gt": ("is more than", ""),
    "gte": ("is at least", ""),
    "lt": ("is less than", EMPTY_NO),
    "lte": ("is at most", EMPTY_NO),
    "like": ("is like", "% stands for anything"),
    "!like": ("is not like", f"% stands for anything; {EMPTY_NO}"),
    "regexp": ("matches the regular expression", ""),
    "!regexp": ("does not match the regular expression", EMPTY_NO),
    "startsWith": ("starts with", ""),
    "endsWith": ("ends with", ""),
    "contains": ("contains", ""),
    "in": ("is", ""),
}


def question(check: model.Check) -> str:
    """Return what a condition asks: `does the contact have the tag customer?`"""
    if check.tag is not None:
        return f"does the contact have {any_of('tag', check.tag)}?"
    if check.segment is not None:
        return f"is the contact in {any_of('segment', check.segment)}?"
    if check.field is None:
        return _other_question(check)
    operator, value = check.test
    if operator in ("empty", "!empty"):
        return f"is the field {check.field} {'empty' if operator == 'empty' else 'filled in'}?"
    verb, remark = _TESTS[operator]
    if operator == "like" and "%" not in str(value):
        remark = "never: there is no % in it, so Mautic finds nothing"
    values = value if isinstance(value, list) else [value]
    shown = terms.joined([f'"{v}"' if isinstance(v, str) else str(v) for v in values], "or")
    remark = f" ({remark})" if remark else ""
    return f"is it true that the field {check.field} {verb} {shown}{remark}?"


_POINT_TESTS = {
    "=": "exactly", "!=": "any number but", "gt": "more than", "gte": "at least",
    "lt": "fewer than", "lte": "at most",
}  # fmt: skip
_REASONS = {"unsubscribed": "unsubscribed", "bounced": "bounced", "manual": "was marked by hand"}


def _other_question(check: model.Check) -> str:
    if check.points is not None:
        operator, score = check.points.test
        return f"does the contact have {_POINT_TESTS[operator]} {score} points?"
    if check.stage is not None:
        return f"is the contact in {any_of('stage', check.stage)}?"
    if check.owner is not None:
        return f"does the contact belong to {check.owner}?"
    if check.dnc is not None:
        why = f", because it {_REASONS[check.reason]}" if check.reason else ""
        return f"is the contact marked as do not contact by {check.dnc}{why}?"
    if check.in_campaign is not None:
        # who was taken out counts as well: Mautic does not ask for it (checkLeadInCampaigns)
        return f"is or was the contact in {any_of('sequence', check.in_campaign)}?"
    return "is the contact's email address a valid one?"


def asked(step: model.Raw) -> str:
    """Return what a condition in Mautic's own words asks."""
    return f"what Mautic calls {step.raw.type} ({step.raw.name.rstrip('?')}): is it so?"


def any_of(word: str, said: str | list[str]) -> str:
    """Return `the tag a`, or `one of the tags a or b`."""
    names = [said] if isinstance(said, str) else said
    if len(names) == 1:
        return f"the {word} {names[0]}"
    return f"one of the {word}s {terms.joined(names, 'or')}"


def happening(kind: str, email: str, url: str | list[str] | None = None) -> str:
    """Return what an `on` waits for: `the contact opens offer (a click counts as an open)`."""
    if kind == "opened":
        return f"the contact opens {email} (a click counts as an open)"
    if kind == "replied":
        return f"the contact replies to {email} (Mautic must read the mailbox of the replies)"
    if url is None:
        return f"the contact clicks a link in {email}"
    urls = [url] if isinstance(url, str) else url
    remark = " (* stands for anything)" if any("*" in one for one in urls) else ""
    return f"the contact clicks the link {terms.joined(urls, 'or')} in {email}{remark}"


def elsewhere(step: model.On | model.Raw) -> str:
    """Return what an `on` waits for that is about no email: `the contact visits https://…`."""
    if isinstance(step, model.Raw):
        return f"what Mautic calls {step.raw.type} happens ({step.raw.name})"
    urls = model.names_of(step.url)
    if step.on == "visited":
        where = terms.joined(urls, "or") or "any page that Mautic tracks"
        remark = " (* stands for anything)" if any("*" in url for url in urls) else ""
        return f"the contact visits {where}{remark}"
    if step.on == "submitted":
        return f"the contact submits {any_of('form', step.form) if step.form else 'any form'}"
    return f"the contact downloads {any_of('asset', step.asset) if step.asset else 'any asset'}"


def action(step: Any) -> str:
    """Return what a step does: `the tag warm is added`."""
    return _ACTIONS[type(step)](step)


def _email(step: model.Email) -> str:
    sender = f", from {step.from_.name} <{step.from_.address}>" if step.from_ else ""
    anyhow = "" if isinstance(step.consent, str) else ", also to those who unsubscribed"
    return f"the email {step.email} goes out, {_subjects(step)}{sender}{anyhow}"


def _tag(step: model.TagStep) -> str:
    return terms.joined([*_names("tag", "added", step.tag.add),
                         *_names("tag", "removed", step.tag.remove)])  # fmt: skip


def _segment(step: model.SegmentStep) -> str:
    put = [f"the contact is put into {_all_of('segment', step.segment.add)}"]
    taken = [f"the contact is taken out of {_all_of('segment', step.segment.remove)}"]
    return terms.joined(put * bool(step.segment.add) + taken * bool(step.segment.remove))


def _field(step: model.FieldStep) -> str:
    said = [f"{alias} becomes {_value(value)}" for alias, value in step.field.set_.items()]
    return f"in the contact's fields, {terms.joined(said)}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _points(step: model.PointsStep) -> str:
    number = abs(step.points.add)
    verb = "gets" if step.points.add > 0 else "loses"
    return f"the contact {verb} {number} point{'' if number == 1 else 's'}"


def _dnc(step: model.DncStep) -> str:
    said = step.dnc
    if said.remove:
        return f"the contact may be contacted by {terms.joined(said.remove)} again"
    why = f' ("{said.reason}")' if said.reason else ""
    return f"the contact is marked as do not contact by {terms.joined(said.add)}{why}"


def _notify(step: model.NotifyStep) -> str:
    said = step.notify
    who = [*said.to, *(f"the user {name}" for name in said.users)]
    who += ["the contact's owner"] * said.owner
    return f'a mail goes to {terms.joined(who)}, "{said.subject}"'


def _webhook(step: model.WebhookStep) -> str:
    said = step.webhook
    return f"Mautic sends a {said.method.upper()} request to {events.address(said.url)}"


_ACTIONS: dict[type, Callable[[Any], str]] = {
    model.Email: _email,
    model.TagStep: _tag,
    model.SegmentStep: _segment,
    model.FieldStep: _field,
    model.PointsStep: _points,
    model.StageStep: lambda step: (
        f"the contact moves to the stage {step.stage}, unless it is in a later one"
    ),
    model.OwnerStep: lambda step: f"{step.owner} becomes the owner of the contact",
    model.CompanyStep: lambda step: f"the contact is added to the company {step.company}",
    model.DncStep: _dnc,
    model.NotifyStep: _notify,
    model.WebhookStep: _webhook,
    model.Enroll: lambda step: f"the contact is put into {_all_of('sequence', step.enroll)}",
    model.Leave: lambda step: f"the contact is taken out of {_all_of('sequence', step.leave)}",
    model.Goto: lambda step: f"the contact goes on at the step {step.goto}",
    model.Stop: lambda _: "the contact leaves the sequence",
    model.Raw: lambda step: f"what Mautic calls {step.raw.type} ({step.raw.name})",
}


def _subjects(step: model.Email) -> str:
    if not step.variants:
        return f'"{step.subject}"'
    said = [
        f'to {share}% as {variant.id}, "{variant.subject}"'
        for variant, share in zip(step.variants, step.shares, strict=True)
    ]
    return terms.joined(said)


def _names(word: str, done: str, names: list[str]) -> list[str]:
    if not names:
        return []
    return [f"{_all_of(word, names)} {'is' if len(names) == 1 else 'are'} {done}"]


def _all_of(word: str, names: list[str]) -> str:
    return f"the {word}{'s' if len(names) > 1 else ''} {terms.joined(names)}"


def wait(delay: durations.Delay, hour: str | None, since: str = "") -> str:
    """Return `1 day later`, `at the first 09:30 that is at least 1 day later`, or nothing.

    Mautic adds the length and then goes on to the next such time of day
    (mautic/mautic, app/bundles/CampaignBundle/Executioner/Scheduler/Mode/Interval.php).
    """
    if not delay.amount:
        return f"at the next {hour}" if hour else ""
    later = f"{delay.words()} later{since}"
    return f"at the first {hour} that is at least {later}" if hour else later
