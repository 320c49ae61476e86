"""The shape of a sequence file: pydantic models that judge it; the JSON schema comes from them.

types.py: texts, names, times · sending.py: sender, window, bodies · checks.py: what `if` asks ·
steps.py: one class a kind of step · raw.py: Mautic's own words · sequence.py: the file as a whole.
"""

from pmctl.sequence.model.checks import (
    SUBJECTS,
    Check,
    Points,
    kept,
)
from pmctl.sequence.model.raw import EventType, RawEvent, Trigger
from pmctl.sequence.model.sending import (
    Audience,
    Body,
    From,
    FromFile,
    Inline,
    PlainText,
    Send,
    Transactional,
    Utm,
    Window,
)
from pmctl.sequence.model.sequence import Limits, Moved, Sequence, StopOn, StopOnClick
from pmctl.sequence.model.steps import (
    EMAIL_EVENTS,
    KINDS,
    AddRemove,
    Also,
    CompanyStep,
    Dnc,
    DncStep,
    Email,
    Enroll,
    FieldSet,
    FieldStep,
    Fork,
    Goto,
    If,
    Leave,
    Notify,
    NotifyStep,
    On,
    OwnerStep,
    PointsStep,
    Raw,
    SegmentStep,
    StageStep,
    Step,
    Stop,
    TagStep,
    Variant,
    Wait,
    WaitFor,
    Webhook,
    WebhookStep,
    Winner,
    about_email,
    inside,
    is_condition,
    is_decision,
    kind_of,
)
from pmctl.sequence.model.types import (
    Alias,
    Clock,
    Day,
    Duration,
    HeaderName,
    Key,
    Line,
    MailAddress,
    OneLine,
    Shape,
    StepId,
    StepName,
    Text,
    VariantId,
    expand,
    names_of,
)

__all__ = [
    "EMAIL_EVENTS", "KINDS", "SUBJECTS", "AddRemove", "Alias", "Also", "Audience", "Body",
    "Check", "Clock", "CompanyStep", "Day", "Dnc", "DncStep", "Duration", "Email", "Enroll",
    "EventType", "FieldSet", "FieldStep", "Fork", "From", "FromFile", "Goto", "HeaderName",
    "If", "Inline", "Key", "Leave", "Limits", "Line", "MailAddress", "Moved", "Notify",
    "NotifyStep", "On", "OneLine", "OwnerStep", "PlainText", "Points", "PointsStep", "Raw",
    "RawEvent", "SegmentStep", "Send", "Sequence", "Shape", "StageStep", "Step", "StepId",
    "StepName", "Stop", "StopOn", "StopOnClick", "TagStep", "Text", "Transactional", "Trigger",
    "Utm", "Variant", "VariantId", "Wait", "WaitFor", "Webhook", "WebhookStep", "Window",
    "Winner", "about_email", "expand", "inside", "is_condition", "is_decision", "kept",
    "kind_of", "names_of",
]  # fmt: skip
