"""The steps of a sequence, one class a kind; `KINDS` holds them by their word."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeGuard

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from pmctl.sequence import body_tokens, durations, split
from pmctl.sequence.kinds import EMAIL_DECISIONS
from pmctl.sequence.model.checks import Check, kept
from pmctl.sequence.model.raw import RawEvent
from pmctl.sequence.model.sending import (
    Body,
    From,
    Language,
    PlainText,
    Transactional,
    Utm,
    Window,
    with_reason,
)
from pmctl.sequence.model.types import (
    Alias,
    Duration,
    HeaderName,
    Key,
    Line,
    MailAddress,
    OneLine,
    OneOrMore,
    Shape,
    StepId,
    StepName,
    Until,
    VariantId,
    names_of,
)
from pmctl.sequence.placed import placed


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
    # a plain [] as a default would be copied deep for each email
    variants: list[Variant] = Field(default_factory=list)
    winner: Winner | None = None
    from_: From | None = Field(None, alias="from")
    reply_to: MailAddress | None = None
    consent: Annotated[Literal["marketing"] | Transactional, BeforeValidator(with_reason)] = (
        "marketing"
    )
    utm: Utm | None = None
    window: Window | Literal["anytime"] | None = None
    headers: dict[HeaderName, Line] = Field(default_factory=dict)
    language: Language | None = None
    published: bool = True  # Mautic passes contacts by an email that is not

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
            raise placed("`winner` belongs to `variants`", "winner")
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


EMAIL_EVENTS = ("opened", "clicked", "replied")  # what happens to an email, not elsewhere
_OWNERS = {"url": ("clicked", "visited"), "form": ("submitted",), "asset": ("downloaded",),
           "of": EMAIL_EVENTS}  # fmt: skip


class On(Shape):
    """What the contact does: fires the moment it happens."""

    on: Literal["opened", "clicked", "replied", "visited", "submitted", "downloaded"]
    id: StepName | None = None
    of: StepId | None = None
    url: OneOrMore | Line | None = None
    form: OneOrMore | Line | None = None
    asset: OneOrMore | Line | None = None
    within: Duration | None = None
    then: list[Step] = []
    else_: list[Step] | None = Field(None, alias="else")

    @model_validator(mode="after")
    def _sensible(self) -> On:
        for word, owners in _OWNERS.items():
            if getattr(self, word) is not None and self.on not in owners:
                belongs = " and ".join(f"`on: {owner}`" for owner in owners)
                raise ValueError(f"`{word}` belongs to {belongs}, not to `on: {self.on}`")
        if self.on == "visited" and any("," in url for url in names_of(self.url)):
            raise ValueError("a comma in the url of a visit: Mautic takes it for two addresses")
        _check_ways(self, "`on`")
        return self


class If(Shape):
    """A fork on what is true of the contact when it comes by."""

    if_: Check = Field(alias="if")
    id: StepName | None = None
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
        kept(name)
    return names


class TagStep(Shape):
    """Add and remove tags of the contact."""

    tag: Annotated[AddRemove, AfterValidator(_names_only)]
    id: StepName | None = None


class SegmentStep(Shape):
    """Add the contact to segments, or remove it from them."""

    segment: AddRemove
    id: StepName | None = None


class FieldSet(Shape):
    """The fields of the contact and what they shall be."""

    set_: Annotated[dict[Alias, bool | int | float | Line], Field(min_length=1)] = Field(
        alias="set"
    )

    @model_validator(mode="after")
    def _no_points(self) -> FieldSet:
        if "points" in self.set_:
            raise placed("points are no field to set", "set", "points", hint="points: {add: 5}")
        return self


class FieldStep(Shape):
    """Write into fields of the contact. An empty value is no word for it: Mautic keeps the old."""

    field: FieldSet
    id: StepName | None = None


class PointsAdd(Shape):
    """How many points the contact gets; fewer than 0 takes away."""

    add: int

    @model_validator(mode="after")
    def _some(self) -> PointsAdd:
        if not self.add:
            raise ValueError("no points to add")
        return self


class PointsStep(Shape):
    """Give the contact points."""

    points: PointsAdd
    id: StepName | None = None


class StageStep(Shape):
    """Move the contact to a stage, by its name; Mautic never moves to one of less weight."""

    stage: Line
    id: StepName | None = None


class OwnerStep(Shape):
    """Make a user of Mautic, by name or address, the owner of the contact."""

    owner: Line
    id: StepName | None = None


class CompanyStep(Shape):
    """Add the contact to a company, by its name."""

    company: Line
    id: StepName | None = None


class Dnc(Shape):
    """The channels in which the contact must, or may again, be left alone."""

    add: list[Literal["email"]] = []
    remove: list[Literal["email"]] = []
    reason: Line | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Dnc:
        if bool(self.add) == bool(self.remove):
            raise ValueError("`dnc` says either `add` or `remove`")
        if self.reason is not None and not self.add:
            raise ValueError("`reason` belongs to `add`")
        return self


class DncStep(Shape):
    """Mark the contact as do not contact, or take the mark away."""

    dnc: Dnc
    id: StepName | None = None


class Notify(Shape):
    """A mail to people of your own, about the contact."""

    to: list[MailAddress] = []
    owner: bool = False
    users: list[Line] = []
    subject: Line
    preheader: OneLine | None = None
    body: Body
    text: PlainText | None = None

    @model_validator(mode="after")
    def _somebody(self) -> Notify:
        if not self.to and not self.owner and not self.users:
            raise ValueError("nobody is notified: say `to`, `owner: true` or `users`")
        return self


class NotifyStep(Shape):
    """Send a mail to people of your own. It is an email of its own in Mautic, so it has an id."""

    notify: Notify
    id: StepId


# {{ field }} may stand in it; a line is long enough for a token of an API
HookText = Annotated[OneLine, AfterValidator(body_tokens.tokens)]


def _web_address(text: str) -> str:
    if not re.match(r"https?://[^/\s]", text):
        raise ValueError("a webhook goes to an address that begins with https:// or http://")
    return text


class Webhook(Shape):
    """A request that Mautic sends; only 200 and 201 count as an answer."""

    url: Annotated[HookText, AfterValidator(_web_address)]
    method: Literal["get", "post", "put", "patch", "delete"] = "post"
    headers: dict[HeaderName, HookText] = {}
    data: dict[Annotated[str, Field(min_length=1, max_length=191)], HookText] = {}
    timeout: Annotated[int, Field(ge=1, le=60)] = 10  # seconds


class WebhookStep(Shape):
    """Tell another program."""

    webhook: Webhook
    id: StepName | None = None


def _no_word_of_mautic(key: str) -> str:
    if key == "this":
        raise ValueError("`this` is Mautic's word for the campaign itself; `stop` leaves it")
    return key


Keys = Annotated[list[Annotated[Key, AfterValidator(_no_word_of_mautic)]], Field(min_length=1)]


class Enroll(Shape):
    """Put the contact into other sequences, by their keys."""

    enroll: Keys
    id: StepName | None = None


class Leave(Shape):
    """Take the contact out of other sequences, by their keys."""

    leave: Keys
    id: StepName | None = None


class Goto(Shape):
    """Go on at another step of this sequence."""

    goto: StepId
    id: StepName | None = None


class Stop(Shape):
    """The contact leaves the campaign here."""

    stop: Annotated[Literal[True], BeforeValidator(lambda said: True if said is None else said)]
    id: StepName | None = None

    @model_validator(mode="before")
    @classmethod
    def _in_a_word(cls, said: Any) -> Any:
        return {"stop": True} if said == "stop" else said


class Raw(Shape):
    """Any event of Mautic, as it is."""

    raw: RawEvent
    id: StepName | None = None
    within: Duration | None = None
    then: list[Step] = []
    else_: list[Step] | None = Field(None, alias="else")
    below: list[Step] = []

    @model_validator(mode="after")
    def _ways(self) -> Raw:
        kind = self.raw.kind
        if kind != "decision" and self.within is not None:
            raise ValueError("`within` belongs to a decision")
        if kind == "action" and (self.then or self.else_ is not None or self.below):
            raise ValueError("an action has no `then` and no `else`: the next step follows it")
        if self.raw.trigger is not None:
            if self.within is not None:
                raise ValueError("`within` cannot stand beside `trigger`, which says it all")
            return self
        if self.below:
            raise ValueError("`below` belongs to an event with a `trigger`")
        if kind == "decision":
            _check_ways(self, "a decision")
        return self


class Also(Shape):
    """Steps beside the line: they begin here as well, and the line goes on without them."""

    also: Annotated[list[Step], Field(min_length=1)]
    id: StepName | None = None


Fork = On | If | Raw | Also  # steps with steps inside


def inside(step: Any) -> list[tuple[str, list[Any]]]:
    """Return the lists of steps within a step, by their words; empty for one that has none."""
    if isinstance(step, Also):
        return [("also", step.also)]
    if not isinstance(step, On | If | Raw):
        return []
    ways = [("then", step.then), ("else", step.else_ or [])]
    return [*ways, ("below", step.below)] if isinstance(step, Raw) else ways


def is_decision(step: Any) -> TypeGuard[On | Raw]:
    """Whether a step waits for what a contact does."""
    return isinstance(step, On) or (isinstance(step, Raw) and step.raw.kind == "decision")


def is_condition(step: Any) -> TypeGuard[If | Raw]:
    """Whether a step asks what is true of a contact."""
    return isinstance(step, If) or (isinstance(step, Raw) and step.raw.kind == "condition")


def about_email(step: On | Raw) -> bool:
    """Whether a decision is about the email above it."""
    if isinstance(step, On):
        return step.on in EMAIL_EVENTS
    return step.raw.type in EMAIL_DECISIONS


def _check_ways(step: On | Raw, word: str) -> None:
    if step.else_ is not None and step.within is None:
        raise ValueError("`else` needs `within`: how long to wait before it did not happen")
    if step.within is None and not step.then:
        raise ValueError(f"{word} needs `then`: what happens when it does")


KINDS: dict[str, type[Shape]] = {
    "email": Email, "wait": Wait, "on": On, "if": If, "tag": TagStep, "segment": SegmentStep,
    "field": FieldStep, "points": PointsStep, "stage": StageStep, "owner": OwnerStep,
    "company": CompanyStep, "dnc": DncStep, "notify": NotifyStep, "webhook": WebhookStep,
    "enroll": Enroll, "leave": Leave, "goto": Goto, "stop": Stop, "raw": Raw,
    "also": Also,
}  # fmt: skip
_BY_TYPE = {shape: word for word, shape in KINDS.items()}


def kind_of(step: Any) -> str | None:
    """Return the word that says what a step is, or None when there is none or more than one."""
    if isinstance(step, Shape):
        return _BY_TYPE.get(type(step))
    if step == "stop":
        return "stop"
    if not isinstance(step, dict):
        return None
    said = KINDS.keys() & step.keys()
    return said.pop() if len(said) == 1 else None


Step = Annotated[
    Annotated[Email, Tag("email")]
    | Annotated[Wait, Tag("wait")]
    | Annotated[On, Tag("on")]
    | Annotated[If, Tag("if")]
    | Annotated[TagStep, Tag("tag")]
    | Annotated[SegmentStep, Tag("segment")]
    | Annotated[FieldStep, Tag("field")]
    | Annotated[PointsStep, Tag("points")]
    | Annotated[StageStep, Tag("stage")]
    | Annotated[OwnerStep, Tag("owner")]
    | Annotated[CompanyStep, Tag("company")]
    | Annotated[DncStep, Tag("dnc")]
    | Annotated[NotifyStep, Tag("notify")]
    | Annotated[WebhookStep, Tag("webhook")]
    | Annotated[Enroll, Tag("enroll")]
    | Annotated[Leave, Tag("leave")]
    | Annotated[Goto, Tag("goto")]
    | Annotated[Stop, Tag("stop")]
    | Annotated[Raw, Tag("raw")]
    | Annotated[Also, Tag("also")],
    Discriminator(kind_of),
]

On.model_rebuild()
If.model_rebuild()
Raw.model_rebuild()
Also.model_rebuild()
