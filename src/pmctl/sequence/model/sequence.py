"""A whole sequence file: who enters, what holds for all steps, and the steps."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from pmctl.sequence.model.sending import Audience, Send
from pmctl.sequence.model.steps import Step
from pmctl.sequence.model.types import Key, Line, OneOrMore, Shape, StepId, Text, no_tag, not_ours


class Moved(Shape):
    """A step that has another id now: its event, its email and who waits there stay."""

    from_: StepId = Field(alias="from")
    to: StepId

    @model_validator(mode="after")
    def _another(self) -> Moved:
        if self.from_ == self.to:
            raise ValueError(f"{self.to} is moved to itself")
        return self


Removal = Literal["refuse", "continue", "exit"]


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
    description: Annotated[Text, AfterValidator(no_tag), AfterValidator(not_ours)] | None = None
    published: bool = True
    audience: Audience
    reentry: Literal["never", "allowed"] = "never"
    send: Send = Field(default_factory=lambda: Send.model_validate({}))
    stop_on: list[StopOn] = []
    limits: Limits = Limits()
    environments: dict[str, dict[str, Any]] = {}
    """What is otherwise in the contexts of these names; merged over the file."""
    moved: list[Moved] = []
    on_removed: Removal | dict[StepId, Removal] = "refuse"
    steps: Annotated[list[Step], Field(min_length=1)]
