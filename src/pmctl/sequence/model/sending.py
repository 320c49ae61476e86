"""How emails are sent and what they say: sender, window, consent, bodies."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from pmctl.sequence.model.types import Clock, Day, HeaderName, Line, MailAddress, Shape, Text


class From(Shape):
    """Name and address together: Mautic ignores a name without an address."""

    name: Line
    address: MailAddress


class Utm(Shape):
    """What Mautic appends to the tracked links of an email."""

    source: Line | None = None
    medium: Line | None = None
    campaign: Line | None = None
    content: Line | None = None


class Window(Shape):
    """When an email may leave, in the contact's time zone."""

    days: Annotated[list[Day], Field(min_length=1)] = [
        "mon", "tue", "wed", "thu", "fri", "sat", "sun",
    ]  # fmt: skip
    from_: Clock = Field(alias="from")
    to: Clock

    @model_validator(mode="after")
    def _by_day(self) -> Window:
        if self.to <= self.from_:
            # Mautic swaps the two and sends by day what was meant for the night (seen on 5.1.1).
            raise ValueError(
                f"the window {self.from_} to {self.to} goes over midnight, "
                "which Mautic turns into its opposite; use a window within one day"
            )
        return self


class Transactional(Shape):
    """Mail that goes out even to people who unsubscribed; the reason is for the reviewer."""

    transactional: Annotated[str, Field(min_length=10)]


def with_reason(said: Any) -> Any:
    """Refuse the bare word for mail that reaches people who unsubscribed."""
    if said == "transactional":
        raise ValueError(
            "transactional mail goes to people who unsubscribed: say why, "
            'consent: {transactional: "receipt of a payment"}'
        )
    return said


def _per_email(said: Any) -> Any:
    if said == "transactional":
        raise ValueError("only a single email can be transactional, with its reason")
    return said


Language = Annotated[str, Field(pattern=r"^[a-z]{2}(_[A-Z]{2})?$")]
# HTML as Mautic has it: no `{{ }}`, no checks, no text part made of it; for what was built there
Verbatim = bool


class Send(Shape):
    """Defaults for every email of the sequence."""

    from_: From | None = Field(None, alias="from")
    reply_to: MailAddress | None = None
    consent: Annotated[Literal["marketing"], BeforeValidator(_per_email)] = "marketing"
    utm: Utm = Utm()
    window: Window | None = None
    headers: dict[HeaderName, Line] = {}
    language: Language = "en"


class FromFile(Shape):
    """Text that lies in a file beside the sequence."""

    file: Line


class BodyFile(FromFile):
    """A body in a file beside the sequence: .md or .html."""

    verbatim: Verbatim = False


class Inline(Shape):
    """A body written here, with its kind said."""

    markdown: Text | None = None
    html: Text | None = None
    verbatim: Verbatim = False

    @model_validator(mode="after")
    def _one(self) -> Inline:
        if (self.markdown is None) == (self.html is None):
            raise ValueError("a body is one of file, markdown or html")
        if self.verbatim and self.html is None:
            raise ValueError("`verbatim` belongs to HTML")
        return self


def _by_shape(body: Any) -> str:
    if isinstance(body, str):
        return "string"
    keys = body if isinstance(body, dict) else getattr(body, "model_fields_set", ())
    return "file" if "file" in keys else "inline"


Body = Annotated[
    Annotated[Text, Tag("string")]
    | Annotated[BodyFile, Tag("file")]
    | Annotated[Inline, Tag("inline")],
    Discriminator(_by_shape),
]
PlainText = Annotated[
    Annotated[Text, Tag("string")] | Annotated[FromFile, Tag("file")],
    Discriminator(lambda text: "string" if isinstance(text, str) else "file"),
]


class Audience(Shape):
    """Who enters: segments by alias, forms by alias."""

    segments: list[Line] = []
    forms: list[Line] = []

    @model_validator(mode="after")
    def _somebody(self) -> Audience:
        if not self.segments and not self.forms:
            raise ValueError("an audience needs at least one segment or form; Mautic refuses none")
        return self
