"""A live email -> the email step that would make it, its body kept as it is in a file beside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pmctl.sequence import body_tokens, live
from pmctl.sequence.payload import read_mail_marker, read_share

Step = dict[str, Any]
Bodies = dict[str, str]  # file beside the sequence -> text
_UTM = {"utmSource": "source", "utmMedium": "medium", "utmCampaign": "campaign",
        "utmContent": "content"}  # fmt: skip
FOLDER = "bodies"


def step_of(mail: Mapping[str, Any], base: str, bodies: Bodies) -> Step:
    """Return the email step without its id; put its parts into `bodies`."""
    fields = live.mail_fields(mail)
    html = f"{FOLDER}/{base}.html"
    bodies[html] = fields["customHtml"] or ""
    text = fields["plainText"] or ""
    step: Step = {
        "subject": body_tokens.ours(str(fields["subject"] or "")).replace("${", "$${"),
        "body": {"file": html, "verbatim": True},
    }
    if text.strip():
        bodies[f"{FOLDER}/{base}.txt"] = text
        step["text"] = {"file": f"{FOLDER}/{base}.txt"}
    if fields["fromAddress"]:
        step["from"] = {
            "name": fields["fromName"] or fields["fromAddress"],
            "address": fields["fromAddress"],
        }
    if fields["replyToAddress"]:
        step["reply_to"] = fields["replyToAddress"]
    utm = {_UTM[name]: value for name, value in fields["utmTags"].items() if name in _UTM}
    if utm:
        step["utm"] = utm
    if fields["headers"]:
        step["headers"] = dict(fields["headers"])
    if fields["language"] not in (None, "en"):
        step["language"] = fields["language"]
    if not fields["isPublished"]:
        step["published"] = False
    return step


def notice_of(mail: Mapping[str, Any], base: str, bodies: Bodies) -> tuple[Step, Step]:
    """Return what a notification says, out of its email, and what only `send` can say of it."""
    step = step_of(mail, base, bodies)
    own = {word: step[word] for word in _TEXT if word in step}
    return own, {word: step[word] for word in _OF_NOTICES if word in step}


def variants_of(
    number: int, step: Step, mails: Mapping[int, Mapping[str, Any]], base: str, bodies: Bodies
) -> Step:
    """Return `variants` and `winner` of an A/B email, its own text the first; {} for another.

    The text is taken out of `step`. A child's share stands in its name only; one without it, made
    in Mautic, cannot be said, and a child that is not published has none.
    """
    children = {
        key: mail
        for key, mail in sorted(mails.items())
        if _parent(mail) == number and mail.get("isPublished")
    }
    if not children:
        return {}
    ids = [read_mail_marker(str(mail.get("name")) or "") for mail in children.values()]
    names = [marker[2].partition("~")[2] if marker else "" for marker in ids]
    first = next(letter for letter in ("a", "first", "original") if letter not in names)
    variants = [{"id": first, **{word: step.pop(word) for word in _TEXT if word in step}}]
    winner = "opens"
    for (key, mail), name in zip(children.items(), names, strict=True):
        share = read_share(str(mail.get("name") or ""))
        winner = share.winner if share else winner
        text = step_of(mail, f"{base}-{name or key}", bodies)
        own = {word: text[word] for word in _TEXT if word in text}
        variants.append(
            {"id": name or f"mail-{key}", "weight": share.weight if share else 1, **own}
        )
    return {"variants": variants, "winner": {"criteria": winner}}


def _parent(mail: Mapping[str, Any]) -> int | None:
    parent = mail.get("variantParent")
    found = parent.get("id") if isinstance(parent, Mapping) else parent
    return int(found) if found else None


_TEXT = ("subject", "body", "text")
_OF_NOTICES = ("from", "reply_to", "language")


def shared(emails: Sequence[Step], notices: Sequence[Step]) -> dict[str, Any]:
    """Take what all emails say alike out of them; return it as `{"send": …}`, maybe empty.

    `notices` are what notifications have of it: they cannot say it themselves, so theirs it is.
    """
    send: dict[str, Any] = {}
    for word in ("from", "reply_to", "utm", "headers", "language"):
        all_ = [email.get(word) for email in emails]
        decide = [notice.get(word) for notice in notices] if word in _OF_NOTICES else []
        first, *others = (decide or all_) or [None]
        # an email cannot say that it has none of what `send` says
        if first and all(one == first for one in others) and all(all_):
            send[word] = first
            for email in emails:
                if email[word] == first:
                    del email[word]
    usual = _usual_window(emails)
    if usual:
        send["window"] = usual
    for email in emails:
        window = email.pop("window", None)
        if window != usual:
            email["window"] = window or "anytime"
    return {"send": send} if send else {}


def _usual_window(emails: Sequence[Step]) -> dict[str, Any] | None:
    """The window that most emails have, if it is one."""
    found = Counter(repr(email.get("window")) for email in emails)
    if not found:
        return None
    most = found.most_common(1)[0][0]
    return next(email.get("window") for email in emails if repr(email.get("window")) == most)
