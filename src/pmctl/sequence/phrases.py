"""Single steps and questions in plain words, true of what Mautic 5.1.1 does with them."""

from __future__ import annotations

from pmctl.sequence import durations, model, terms

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
    operator, value = check.test
    if operator in ("empty", "!empty"):
        return f"is the field {check.field} {'empty' if operator == 'empty' else 'filled in'}?"
    verb, remark = _TESTS[operator]
    values = value if isinstance(value, list) else [value]
    shown = terms.joined([f'"{v}"' if isinstance(v, str) else str(v) for v in values], "or")
    remark = f" ({remark})" if remark else ""
    return f"is it true that the field {check.field} {verb} {shown}{remark}?"


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


def action(step: model.Email | model.TagStep | model.SegmentStep | model.Stop) -> str:
    """Return what a step does: `the tag warm is added`."""
    if isinstance(step, model.Email):
        sender = f", from {step.from_.name} <{step.from_.address}>" if step.from_ else ""
        anyhow = "" if isinstance(step.consent, str) else ", also to those who unsubscribed"
        return f"the email {step.email} goes out, {_subjects(step)}{sender}{anyhow}"
    if isinstance(step, model.TagStep):
        return terms.joined([*_names("tag", "added", step.tag.add),
                             *_names("tag", "removed", step.tag.remove)])  # fmt: skip
    if isinstance(step, model.SegmentStep):
        put = [f"the contact is put into {_all_of('segment', step.segment.add)}"]
        taken = [f"the contact is taken out of {_all_of('segment', step.segment.remove)}"]
        return terms.joined(put * bool(step.segment.add) + taken * bool(step.segment.remove))
    return "the contact leaves the sequence"


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
