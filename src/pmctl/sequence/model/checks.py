"""What `if` can ask about a contact."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from pmctl.sequence.kinds import FIELD_TESTS, POINT_TESTS
from pmctl.sequence.model.types import Alias, Key, Line, OneOrMore, Shape

SUBJECTS = (
    "tag", "segment", "field", "points", "stage", "owner", "dnc", "in_campaign", "email_valid",
)  # fmt: skip
Value = Line | int | float


def kept(tag: str) -> str:
    """Refuse what Mautic stores as `&#38;` and so on, and then never finds again."""
    if re.search("[&'\"]", tag):
        raise ValueError(f"a tag with & or quotes is never found again by Mautic: {tag!r}")
    return tag


TagName = Annotated[Line, AfterValidator(kept)]
Keys = Annotated[list[Key], Field(min_length=1)]


class Points(Shape):
    """One test of a contact's points."""

    is_: int | None = Field(None, alias="is")
    is_not: int | None = None
    more_than: int | None = None
    at_least: int | None = None
    less_than: int | None = None
    at_most: int | None = None

    @model_validator(mode="after")
    def _one_test(self) -> Points:
        if len(self.model_fields_set) != 1:
            raise ValueError(f"points need exactly one test: {', '.join(POINT_TESTS)}")
        return self

    @property
    def test(self) -> tuple[str, int]:
        """The test as (Mautic's operator, score)."""
        name = next(iter(self.model_fields_set))
        return FIELD_TESTS[name.rstrip("_")], getattr(self, name)


class Check(Shape):
    """A condition, checked the moment a contact comes by."""

    tag: Annotated[list[TagName], Field(min_length=1)] | TagName | None = None
    segment: OneOrMore | Line | None = None
    field: Alias | None = None
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
    points: Points | None = None
    stage: OneOrMore | Line | None = None
    # Mautic compares with the first of several owners only
    # (mautic/mautic 5.1.1, app/bundles/LeadBundle/Entity/LeadRepository.php, checkLeadOwner).
    owner: Line | None = None
    dnc: Literal["email"] | None = None
    reason: Literal["unsubscribed", "bounced", "manual"] | None = None
    in_campaign: Keys | Key | None = None
    email_valid: Literal[True] | None = None

    @model_validator(mode="after")
    def _one_question(self) -> Check:
        said = self.model_fields_set
        subjects = said.intersection(SUBJECTS)
        tests = said - subjects - {"reason"}
        if len(subjects) != 1:
            raise ValueError(f"`if` asks about exactly one of {', '.join(SUBJECTS)}")
        if "field" in subjects and len(tests) != 1:
            raise ValueError(f"a field needs exactly one test: {', '.join(FIELD_TESTS)}")
        if "field" not in subjects and tests:
            raise ValueError(f"`{min(tests).rstrip('_')}` belongs to a field")
        if "reason" in said and "dnc" not in subjects:
            raise ValueError("`reason` belongs to `dnc`")
        return self

    @property
    def test(self) -> tuple[str, Any]:
        """The field test as (Mautic's operator, value)."""
        name = next(iter(self.model_fields_set - {"field"}))
        value = getattr(self, name)
        if name == "empty":
            return ("empty" if value else "!empty"), None
        return FIELD_TESTS[name.rstrip("_")], value
