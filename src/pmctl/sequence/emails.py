"""Email steps -> the emails that Mautic will hold, with their bodies rendered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from pmctl.sequence import body, model, split
from pmctl.sequence.graph import Issue, Loc

Said = model.Email | model.Variant | model.Notify  # what has a subject and a body
Read = Callable[[str], str]  # path of a body file, relative to the sequence -> its text
_KINDS: dict[str, Literal["markdown", "html"]] = {
    "md": "markdown",
    "markdown": "markdown",
    "html": "html",
    "htm": "html",
}
_BESIDE = ("content", "variant", "share")  # what an email without variants says nothing of


# Where a contact's field would land in an HTML attribute, if Markdown makes a tag of it; and the
# characters that the renderer refuses. Such bodies are rendered at once, to say what is wrong.
_DOUBTFUL = re.compile(r"(?:\]\([^)]*|\]:[^\n]*|<[^>]*)\{contactfield=|[\ufdd0\ufdd1]")


@dataclass
class Content:
    """What an email says; rendered when it is first asked for, checked before."""

    source: str
    kind: Literal["markdown", "html"]
    subject: str
    preheader: str | None
    given_text: str | None
    verbatim: bool = False  # the parts are as they stand

    def check(self) -> None:
        """Raise BodyError for what rendering would refuse, without rendering when it can."""
        if self.verbatim:
            return
        converted = body.tokens(self.source)
        for part in (self.preheader, self.given_text):
            body.tokens(part or "")
        if _DOUBTFUL.search(converted):
            _ = self.rendered

    @cached_property
    def rendered(self) -> body.Rendered:
        """Both parts of the mail."""
        if self.verbatim:
            return body.Rendered(self.source, self.given_text or "")
        return body.render(
            self.source,
            self.kind,
            subject=self.subject,
            preheader=self.preheader,
            text=self.given_text,
        )


@dataclass(frozen=True)
class Mail:
    """An email as Mautic will hold it; None where Mautic's own default applies."""

    step: str  # its step's id; `offer~b` for a variant beside the first, a child in Mautic
    subject: str
    content: Content
    language: str
    from_name: str | None
    from_address: str | None
    reply_to: str | None
    utm: tuple[tuple[str, str], ...]  # ("utmSource", "mautic"), …
    headers: tuple[tuple[str, str], ...]
    published: bool = True
    variant: str = ""  # the id of the variant whose text it is; a child's `step` has it too
    share: split.Share | None = None  # of a child

    @property
    def mark(self) -> str:
        """The last part of the marker in its name."""
        return split.mark(self.step, self.share)

    @property
    def parent(self) -> str | None:
        """The step of the email whose child it is."""
        return split.parent_of(self.step)

    @property
    def html(self) -> str:
        """The HTML part, with Mautic's tokens in it."""
        return _kept_whole(self.content.rendered.html.strip())

    @property
    def text(self) -> str:
        """The plain-text part."""
        return _without_tags(self.content.rendered.text.strip())

    def said(self) -> list[Any]:
        """Return all that the file says of it, for the hash."""
        own = [value for name, value in vars(self).items() if name not in _BESIDE]
        what = self.content
        parts = [what.source, what.kind, what.preheader, what.given_text, what.verbatim]
        return [*own, *(self.share or ()), *parts]


def mails(sequence: model.Sequence, read: Read) -> tuple[list[Mail], list[Issue]]:
    """Check every email step; return the emails, in the file's order, and what is wrong."""
    done: list[Mail] = []
    issues: list[Issue] = []
    for step, loc in _steps(sequence.steps, ("steps",)):
        for said, place in _texts(step, loc):
            try:
                if isinstance(step, model.NotifyStep):
                    done.append(_notice(sequence.send, step, place, read))
                    continue
                mail = _mail(sequence.send, step, loc, said, place, read)
            except _Wrong as wrong:
                issues.append(wrong.issue)
                continue
            done.append(_variant(mail, step, int(place[-1])) if step.variants else mail)
    return done, issues


def _texts(step: model.Email | model.NotifyStep, loc: Loc) -> Iterator[tuple[Said, Loc]]:
    """Yield what each email of a step says, and where it stands."""
    if isinstance(step, model.NotifyStep):
        yield step.notify, (*loc, "notify")
    elif step.variants:
        for number, variant in enumerate(step.variants):
            yield variant, (*loc, "variants", number)
    else:
        yield step, loc


def _variant(mail: Mail, step: model.Email, number: int) -> Mail:
    """The email of a variant; the first is the parent and keeps the step's own name."""
    variant = step.variants[number].id
    if not number:
        return replace(mail, variant=variant)
    winner = step.winner.criteria if step.winner else "opens"
    share = split.Share(step.shares[number], winner)
    name = split.identity(step.email, variant)
    return replace(mail, step=name, variant=variant, share=share)


def _steps(steps: list[Any], loc: Loc) -> Iterator[tuple[model.Email | model.NotifyStep, Loc]]:
    for n, step in enumerate(steps):
        if isinstance(step, model.Email | model.NotifyStep):
            yield step, (*loc, n)
        for word, inner in model.inside(step):
            yield from _steps(inner, (*loc, n, word))


class _Wrong(Exception):
    def __init__(self, loc: Loc, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.issue = Issue(loc, message, hint)


def _mail(
    send: model.Send, step: model.Email, loc: Loc, said: Said, place: Loc, read: Read
) -> Mail:
    """One email of a step; `said` at `place` is its text, the step's own or that of a variant."""
    subject = _subject(said.subject, (*place, "subject"))
    content = _content(said, subject, place, read)
    sender = step.from_ or send.from_
    return Mail(
        step=step.email,
        subject=subject,
        content=content,
        language=step.language or send.language,
        from_name=sender.name if sender else None,
        from_address=sender.address if sender else None,
        reply_to=step.reply_to or send.reply_to,
        utm=_utm(step.utm, send.utm),
        headers=_headers({**send.headers, **step.headers}, loc),
        published=step.published,
    )


def _notice(send: model.Send, step: model.NotifyStep, loc: Loc, read: Read) -> Mail:
    """The email of a notification: to people of our own, so without utm and headers."""
    said = step.notify
    subject = _subject(said.subject, (*loc, "subject"))
    return Mail(
        step=step.id,
        subject=subject,
        content=_content(said, subject, loc, read),
        language=send.language,
        from_name=send.from_.name if send.from_ else None,
        from_address=send.from_.address if send.from_ else None,
        reply_to=send.reply_to,
        utm=(),
        headers=(),
    )


def _content(said: Said, subject: str, loc: Loc, read: Read) -> Content:
    source, kind = _body(said, (*loc, "body"), read)
    verbatim = getattr(said.body, "verbatim", False)
    text = _given_text(said, (*loc, "text"), read)
    if verbatim and (kind == "markdown" or said.preheader):
        hint = "the preheader of HTML that is taken as it is stands in the HTML"
        raise _Wrong((*loc, "body"), "`verbatim` takes HTML without a `preheader`", hint)
    content = Content(source, kind, subject, said.preheader, text, verbatim)
    try:
        content.check()
    except ValueError as exc:
        raise _Wrong((*loc, "body"), _in_file(said.body, exc)) from exc
    return content


def _subject(text: str, loc: Loc) -> str:
    if "<" in text:
        raise _Wrong(loc, "`<` in a subject: Mautic strips tags from it", "use words or ‹ ›")
    try:
        return body.tokens(text)
    except ValueError as exc:
        raise _Wrong(loc, str(exc)) from exc


def _body(step: Said, loc: Loc, read: Read) -> tuple[str, Literal["markdown", "html"]]:
    said = step.body
    if isinstance(said, str):
        return said, "markdown"
    if isinstance(said, model.Inline):
        return (said.html, "html") if said.html is not None else (said.markdown or "", "markdown")
    kind = _KINDS.get(said.file.rpartition(".")[2].lower())
    if kind is None:
        raise _Wrong((*loc, "file"), f"{said.file}: a body is a .md or .html file")
    return _read(said.file, (*loc, "file"), read), kind


def _given_text(step: Said, loc: Loc, read: Read) -> str | None:
    if step.text is None:
        return None
    text = step.text
    if isinstance(text, model.FromFile):
        text = _read(text.file, (*loc, "file"), read)
    if "<" in text:
        raise _Wrong(loc, "`<` in a plain-text part: Mautic takes it for a tag and strips it")
    return text


def _read(file: str, loc: Loc, read: Read) -> str:
    if file.startswith(("/", "~")):
        raise _Wrong(loc, f"{file}: body files are named relative to the sequence file")
    try:
        return read(file)
    except FileNotFoundError as exc:
        raise _Wrong(loc, f"{file}: there is no such file") from exc
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or "not UTF-8 text"
        raise _Wrong(loc, f"{file}: cannot be read: {reason}") from exc


def _in_file(said: Any, exc: ValueError) -> str:
    line = getattr(exc, "line", 0)
    if isinstance(said, model.FromFile):
        return f"{said.file}:{line}: {exc}" if line else f"{said.file}: {exc}"
    return f"line {line} of the body: {exc}" if line else str(exc)


def _utm(own: model.Utm | None, send: model.Utm) -> tuple[tuple[str, str], ...]:
    pairs = []
    for name in ("source", "medium", "campaign", "content"):
        value = getattr(own, name, None) or getattr(send, name)
        if value:
            pairs.append((f"utm{name.capitalize()}", value))
    return tuple(pairs)


def _headers(said: dict[str, str], loc: Loc) -> tuple[tuple[str, str], ...]:
    for name, value in said.items():
        if re.search("[<>&\"']", value):
            # Mautic's form cleaner stores these characters as &#60; and so on.
            message = f"header {name}: Mautic cannot keep < > & or quotes in a header"
            raise _Wrong((*loc, "headers"), message)
    try:
        return tuple((name, body.tokens(value)) for name, value in said.items())
    except ValueError as exc:
        raise _Wrong((*loc, "headers"), str(exc)) from exc


def _kept_whole(html: str) -> str:
    """Return HTML that Mautic stores as it is.

    Its form filter rewrites the tags of pure ASCII documents and leaves others alone
    (mautic/mautic, app/bundles/CoreBundle/Helper/InputHelper.php), so an ASCII one gets a sign.
    """
    if not html.isascii():
        return html
    head, found, tail = html.rpartition("</body>")
    return f"{head}<!--·-->{found}{tail}" if found else f"{html}<!--·-->"


def _without_tags(text: str) -> str:
    """Plain text goes through Mautic's tag stripper: `<` would take the rest of the line along."""
    return text.replace("<", "‹")
