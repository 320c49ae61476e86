"""The shape of a sequence file: pydantic models that judge it; the JSON schema comes from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    model_validator,
)

from pmctl.sequence import durations, split

_VARIABLE = re.compile(r"\$(?:(\$)\{|\{([A-Z_][A-Z0-9_]*)\}|\{([^}]*)\}?)")


def expand(text: str, info: ValidationInfo) -> str:
    """Put in `${VAR}` from the values of this run; `$${` stands for a plain `${`."""
    if "${" not in text:
        return text
    known: Mapping[str, str] = (info.context or {}).get("variables", {})

    def value(match: re.Match[str]) -> str:
        if match[1]:
            return "${"
        name = match[2]
        if name is None:
            raise ValueError(f"{match[0]!r} is no variable; names are upper case: ${{NAME}}")
        if name not in known:
            raise ValueError(f"${{{name}}} has no value; set it in the environment or by --var")
        return known[name]

    return _VARIABLE.sub(value, text)


def _address(text: str) -> str:
    if not re.fullmatch(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+\.[^@\s<>,;\".]+", text):
        raise ValueError(f"{text!r} is no email address")
    return text


def _one_line(text: str) -> str:
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise ValueError("a line break or control character has no place here")
    return text


def _no_tag(text: str) -> str:
    if "<" in text:
        raise ValueError("`<` has no place here: Mautic takes it for a tag and strips it")
    return text


def _not_ours(text: str) -> str:
    if re.search(r"^\s*pmctl:v\d", text, re.MULTILINE):
        raise ValueError("a line that begins with pmctl:v1 is the mark that pmctl itself writes")
    return text


def _clock(text: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise ValueError(f'{text!r} is no time of day; write it like "09:30"')
    return text


def _some_day_left(text: str) -> str:
    if text > "23:50":
        raise ValueError(f"{text} is too close to midnight: a step needs some minutes of that day")
    return text


def _duration(text: str) -> str:
    durations.parse(text)
    return text


_MARK = {"x-pmctl-variables": True}  # the schema says where ${VAR} may stand
Text = Annotated[str, AfterValidator(expand), Field(min_length=1, json_schema_extra=_MARK)]
OneLine = Annotated[Text, AfterValidator(_one_line)]
Line = Annotated[OneLine, AfterValidator(_no_tag)]
MailAddress = Annotated[Line, AfterValidator(_address)]
Clock = Annotated[str, AfterValidator(_clock), Field(examples=["09:30"])]
Until = Annotated[Clock, AfterValidator(_some_day_left)]
Duration = Annotated[
    str,
    AfterValidator(expand),
    AfterValidator(_duration),
    Field(examples=["3d", "2 weeks"], json_schema_extra=_MARK),
]
Key = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=50)]
VariantId = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=20)]
StepId = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$", max_length=60)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$", max_length=76)]
OneOrMore = Annotated[list[Line], Field(min_length=1)]


class Shape(BaseModel):
    """A mapping in which every key is known and every type is exact."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=False)


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


def _with_reason(said: Any) -> Any:
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


class Send(Shape):
    """Defaults for every email of the sequence."""

    from_: From | None = Field(None, alias="from")
    reply_to: MailAddress | None = None
    consent: Annotated[Literal["marketing"], BeforeValidator(_per_email)] = "marketing"
    utm: Utm = Utm()
    window: Window | None = None
    headers: dict[HeaderName, Line] = {}
    language: Annotated[str, Field(pattern=r"^[a-z]{2}(_[A-Z]{2})?$")] = "en"


class Audience(Shape):
    """Who enters: segments by alias, forms by alias."""

    segments: list[Line] = []
    forms: list[Line] = []

    @model_validator(mode="after")
    def _somebody(self) -> Audience:
        if not self.segments and not self.forms:
            raise ValueError("an audience needs at least one segment or form; Mautic refuses none")
        return self


class FromFile(Shape):
    """Text that lies in a file beside the sequence."""

    file: Line


class Inline(Shape):
    """A body written here, with its kind said."""

    markdown: Text | None = None
    html: Text | None = None

    @model_validator(mode="after")
    def _one(self) -> Inline:
        if (self.markdown is None) == (self.html is None):
            raise ValueError("a body is one of file, markdown or html")
        return self


def _by_shape(body: Any) -> str:
    if isinstance(body, str):
        return "string"
    keys = body if isinstance(body, dict) else getattr(body, "model_fields_set", ())
    return "file" if "file" in keys else "inline"


Body = Annotated[
    Annotated[Text, Tag("string")]
    | Annotated[FromFile, Tag("file")]
    | Annotated[Inline, Tag("inline")],
    Discriminator(_by_shape),
]
PlainText = Annotated[
    Annotated[Text, Tag("string")] | Annotated[FromFile, Tag("file")],
    Discriminator(lambda text: "string" if isinstance(text, str) else "file"),
]


class Variant(Shape):
    """One of the texts that an A/B email tries; the first of them gets what the others leave."""

    id: VariantId
    weight: Annotated[int, Field(ge=1, le=99)] | None = None
    subject: Line
    preheader: OneLine | None = None
    body: Body
    text: PlainText | None = None


class Winner(Shape):
    """By what Mautic's own report ranks the variants; pmctl never switches to one by itself."""

    criteria: Literal["opens", "clicks"] = "opens"


class Email(Shape):
    """Send an email. The word after `email:` is the step's id for ever."""

    email: StepId
    subject: Line
    preheader: OneLine | None = None
    body: Body
    text: PlainText | None = None
    variants: list[Variant] = []
    winner: Winner | None = None
    from_: From | None = Field(None, alias="from")
    reply_to: MailAddress | None = None
    consent: Annotated[Literal["marketing"] | Transactional, BeforeValidator(_with_reason)] = (
        "marketing"
    )
    utm: Utm | None = None
    window: Window | Literal["anytime"] | None = None
    headers: dict[HeaderName, Line] = {}

    @model_validator(mode="before")
    @classmethod
    def _one_text_or_several(cls, said: Any) -> Any:
        return split.stand_in(said) if isinstance(said, dict) and "variants" in said else said

    @model_validator(mode="after")
    def _shares(self) -> Email:
        if "variants" in self.model_fields_set:
            split.check(self.variants)
            first = self.variants[0]  # the parent's text is the email's own
            self.subject, self.preheader = first.subject, first.preheader
            self.body, self.text = first.body, first.text
            self.model_fields_set.difference_update(split.OWN)  # the file does not say them here
        elif self.winner is not None:
            raise split.placed("`winner` belongs to `variants`", "winner")
        return self

    @property
    def shares(self) -> list[int]:
        """The whole percents of each variant, the first's too; empty for a plain email."""
        return split.shares([variant.weight for variant in self.variants])


class WaitFor(Shape):
    """A length of time, a time of day, or the time of day after that length."""

    for_: Duration | None = Field(None, alias="for")
    until: Until | None = None

    @model_validator(mode="after")
    def _something(self) -> WaitFor:
        if self.for_ is None and self.until is None:
            raise ValueError("a wait needs `for`, `until` or both")
        return self


class Wait(Shape):
    """Wait before the next step."""

    wait: Annotated[
        Annotated[Duration, Tag("string")] | Annotated[WaitFor, Tag("mapping")],
        Discriminator(lambda wait: "string" if isinstance(wait, str) else "mapping"),
    ]
    until: Until | None = None

    @property
    def delay(self) -> durations.Delay:
        """How long; `durations.NOW` when only a time of day is given."""
        said = self.wait if isinstance(self.wait, str) else self.wait.for_
        return durations.parse(said) if said else durations.NOW

    @property
    def hour(self) -> str | None:
        """The time of day to wait for, if any."""
        inner = None if isinstance(self.wait, str) else self.wait.until
        return inner or self.until


class On(Shape):
    """What the contact does with the email above: fires the moment it happens."""

    on: Literal["opened", "clicked", "replied"]
    id: StepId | None = None
    of: StepId | None = None
    url: OneOrMore | Line | None = None
    within: Duration | None = None
    then: list[Step] = []
    else_: list[Step] | None = Field(None, alias="else")

    @model_validator(mode="after")
    def _sensible(self) -> On:
        if self.url is not None and self.on != "clicked":
            raise ValueError(f"`url` belongs to `on: clicked`, not to `on: {self.on}`")
        if self.else_ is not None and self.within is None:
            raise ValueError("`else` needs `within`: how long to wait before it did not happen")
        if self.within is None and not self.then:
            raise ValueError("`on` needs `then`: what happens when it does")
        return self


FIELD_TESTS = {
    "is": "=", "is_not": "!=", "more_than": "gt", "at_least": "gte", "less_than": "lt",
    "at_most": "lte", "like": "like", "not_like": "!like", "matches": "regexp",
    "not_matches": "!regexp", "starts_with": "startsWith", "ends_with": "endsWith",
    "contains": "contains", "in": "in", "empty": "empty",
}  # fmt: skip
Value = Line | int | float


def _kept(tag: str) -> str:
    """Refuse what Mautic stores as `&#38;` and so on, and then never finds again."""
    if re.search("[&'\"]", tag):
        raise ValueError(f"a tag with & or quotes is never found again by Mautic: {tag!r}")
    return tag


TagName = Annotated[Line, AfterValidator(_kept)]


class Check(Shape):
    """A condition, checked the moment a contact comes by."""

    tag: Annotated[list[TagName], Field(min_length=1)] | TagName | None = None
    segment: OneOrMore | Line | None = None
    field: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")] | None = None
    is_: Value | None = Field(None, alias="is")
    is_not: Value | None = None
    more_than: Value | None = None
    at_least: Value | None = None
    less_than: Value | None = None
    at_most: Value | None = None
    like: Line | None = None
    not_like: Line | None = None
    matches: Line | None = None
    not_matches: Line | None = None
    starts_with: Line | None = None
    ends_with: Line | None = None
    contains: Line | None = None
    in_: Annotated[list[Line], Field(min_length=1)] | None = Field(None, alias="in")
    empty: bool | None = None

    @model_validator(mode="after")
    def _one_question(self) -> Check:
        said = self.model_fields_set
        subjects = said & {"tag", "segment", "field"}
        tests = said - {"tag", "segment", "field"}
        if len(subjects) != 1:
            raise ValueError("`if` asks about exactly one of tag, segment, field")
        if "field" in subjects and len(tests) != 1:
            raise ValueError(f"a field needs exactly one test: {', '.join(FIELD_TESTS)}")
        if "field" not in subjects and tests:
            raise ValueError(f"`{tests.pop().rstrip('_')}` belongs to a field")
        return self

    @property
    def test(self) -> tuple[str, Any]:
        """The field test as (Mautic's operator, value)."""
        name = next(iter(self.model_fields_set - {"field"}))
        value = getattr(self, name)
        if name == "empty":
            return ("empty" if value else "!empty"), None
        return FIELD_TESTS[name.rstrip("_")], value


class If(Shape):
    """A fork on what is true of the contact when it comes by."""

    if_: Check = Field(alias="if")
    id: StepId | None = None
    then: list[Step] = []
    else_: list[Step] = Field([], alias="else")


class AddRemove(Shape):
    """Names to add and names to remove."""

    add: list[Line] = []
    remove: list[Line] = []

    @model_validator(mode="after")
    def _some(self) -> AddRemove:
        if not self.add and not self.remove:
            raise ValueError("nothing to add and nothing to remove")
        both = set(self.add) & set(self.remove)
        if both:
            raise ValueError(f"{min(both)!r} is added and removed at once")
        return self


def _names_only(names: AddRemove) -> AddRemove:
    for name in [*names.add, *names.remove]:
        # Mautic reads "-x" as "remove x" and splits at commas.
        if name.startswith("-") or "," in name:
            raise ValueError(f"a tag cannot begin with - or hold a comma: {name!r}")
        _kept(name)
    return names


class TagStep(Shape):
    """Add and remove tags of the contact."""

    tag: Annotated[AddRemove, AfterValidator(_names_only)]
    id: StepId | None = None


class SegmentStep(Shape):
    """Add the contact to segments, or remove it from them."""

    segment: AddRemove
    id: StepId | None = None


class Stop(Shape):
    """The contact leaves the campaign here."""

    stop: Annotated[Literal[True], BeforeValidator(lambda said: True if said is None else said)]
    id: StepId | None = None

    @model_validator(mode="before")
    @classmethod
    def _in_a_word(cls, said: Any) -> Any:
        return {"stop": True} if said == "stop" else said


KINDS: dict[str, type[Shape]] = {
    "email": Email, "wait": Wait, "on": On, "if": If, "tag": TagStep,
    "segment": SegmentStep, "stop": Stop,
}  # fmt: skip
_BY_TYPE = {shape: word for word, shape in KINDS.items()}


def kind_of(step: Any) -> str | None:
    """Return the word that says what a step is, or None when there is none or more than one."""
    if isinstance(step, Shape):
        return _BY_TYPE.get(type(step))
    if step == "stop":
        return "stop"
    said = [word for word in KINDS if isinstance(step, dict) and word in step]
    return said[0] if len(said) == 1 else None


Step = Annotated[
    Annotated[Email, Tag("email")]
    | Annotated[Wait, Tag("wait")]
    | Annotated[On, Tag("on")]
    | Annotated[If, Tag("if")]
    | Annotated[TagStep, Tag("tag")]
    | Annotated[SegmentStep, Tag("segment")]
    | Annotated[Stop, Tag("stop")],
    Discriminator(kind_of),
]


class StopOnClick(Shape):
    """Stop at a click on one of these addresses (`*` stands for anything)."""

    click: OneOrMore | Line


class Limits(Shape):
    """What this sequence must not exceed."""

    max_emails_per_contact: Annotated[int, Field(ge=1)] | None = None
    force_above_immediate_sends: Annotated[int, Field(ge=0)] | None = None


StopOn = Annotated[
    Annotated[Literal["reply", "open", "click", "unsubscribe", "bounce"], Tag("word")]
    | Annotated[StopOnClick, Tag("click")],
    Discriminator(lambda said: "word" if isinstance(said, str) else "click"),
]


class Sequence(Shape):
    """A campaign as its authors write it."""

    version: Literal[1]
    key: Key
    name: Annotated[Line, Field(max_length=191)]
    description: Annotated[Text, AfterValidator(_no_tag), AfterValidator(_not_ours)] | None = None
    published: bool = True
    audience: Audience
    reentry: Literal["never", "allowed"] = "never"
    send: Send = Field(default_factory=lambda: Send.model_validate({}))
    stop_on: list[StopOn] = []
    limits: Limits = Limits()
    environments: dict[str, dict[str, Any]] = {}
    """What is otherwise in the contexts of these names; merged over the file."""
    steps: Annotated[list[Step], Field(min_length=1)]


On.model_rebuild()
If.model_rebuild()
Sequence.model_rebuild()
