"""The smallest parts of a sequence file: texts, names, times, and what a mapping is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

from pmctl.sequence import durations

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


def no_tag(text: str) -> str:
    """Refuse what Mautic strips."""
    if "<" in text:
        raise ValueError("`<` has no place here: Mautic takes it for a tag and strips it")
    return text


def not_ours(text: str) -> str:
    """Refuse the line by which pmctl knows its own campaigns."""
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
Line = Annotated[OneLine, AfterValidator(no_tag)]
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
# what an author may call a step, and what pmctl calls one: tag+warm, stop~2
STEP_NAME = r"^[A-Za-z0-9]([A-Za-z0-9._+~-]*[A-Za-z0-9])?$"
StepName = Annotated[str, Field(pattern=STEP_NAME, max_length=60)]
StepId = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$", max_length=60)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$", max_length=76)]
OneOrMore = Annotated[list[Line], Field(min_length=1)]
Alias = Annotated[str, Field(pattern=r"^[a-z0-9_]+$", max_length=191)]  # of a contact field


class Shape(BaseModel):
    """A mapping in which every key is known and every type is exact."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=False)


def names_of(said: str | list[str] | None) -> list[str]:
    """Return one name or several as a list."""
    if said is None:
        return []
    return [said] if isinstance(said, str) else list(said)
