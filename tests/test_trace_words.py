"""Private keys within traced answers, whole, broken and cut off."""

from __future__ import annotations

import json

import pytest

from pmctl.trace_words import body_shown

LINES = "MIIEvQIBADANBgkqhkiG9w0BAQ\\nEFAASCBKcwggSjAgEAAoIBAQC7"


@pytest.mark.parametrize("kind", ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"])
@pytest.mark.parametrize("end", ['\\n-----END {}-----", "OK": "a\\x"}}', ""])
def test_a_private_key_is_not_shown_also_where_the_answer_is_no_json(kind: str, end: str) -> None:
    body = f'{{"FIELD": "-----BEGIN {kind}-----\\n{LINES}{end.format(kind)}'

    shown = body_shown(body, "application/json")

    assert "MIIEv" not in shown
    assert "EFAAS" not in shown
    assert shown.startswith('{"FIELD": "***')


def test_a_private_key_under_a_harmless_name_is_not_shown() -> None:
    key = f"-----BEGIN PRIVATE KEY-----\n{LINES}\n-----END PRIVATE KEY-----"

    shown = body_shown(json.dumps({"note": key, "next": "kept"}), "application/json")

    assert shown == '{"note": "***", "next": "kept"}'
