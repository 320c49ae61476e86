"""A plan as a document for programs. Fields are only ever added; the README lists them."""

from __future__ import annotations

from typing import Any

from pmctl.sequence.plan import Change, FieldChange, Plan

VERSION = 1


def document(plan: Plan) -> dict[str, Any]:
    """Return a plan under its documented names, as JSON types but for the values of fields."""
    return {
        "version": VERSION,
        "key": plan.key,
        "name": plan.name,
        "path": plan.path,
        "campaign_id": plan.campaign_id,
        "action": plan.action,
        "desired": plan.desired,
        "seen": plan.seen,
        "changes": [_change(change) for change in plan.changes],
        "dangers": list(plan.dangers),
        "notes": list(plan.notes),
        "people": [{**vars(group), "effects": list(group.effects)} for group in plan.people],
        "sends": {
            "within_hour": plan.sends.total,
            "anyway": plan.sends.anyway,
            "caused": plan.sends.caused,
        },
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "op": change.op,
        "kind": change.kind,
        "name": change.name,
        "live_id": change.live_id,
        "by": change.by,
        "fields": [_field(field) for field in change.fields],
    }


def _field(field: FieldChange) -> dict[str, Any]:
    return {
        "field": field.field, "before": field.before, "after": field.after, "by": field.by,
    }  # fmt: skip
