"""`campaign simulate`: time lines, offline, and what is said when an option is wrong."""

from __future__ import annotations

import json

import pytest

from tests.conftest import Run
from tests.shell import ROOT

FILE = ROOT / "campaigns" / "trial-nudge.yaml"


def test_an_open_leads_to_what_the_file_says_for_it(pmctl: Run):
    code, out, err = pmctl(
        "campaign", "simulate", FILE, "--opens", "first-answer@+2h", "-o", "json"
    )

    assert code == 0, err
    seen = [(one["at"], one["step"]) for one in json.loads(out) if one["kind"] == "mail"]
    assert seen == [
        ("Mon 23 Nov 09:00", "first-answer"),
        ("Tue 24 Nov 11:00", "case-study"),
        ("Mon 30 Nov 11:00", "trial-end"),
    ]


def test_mail_waits_for_the_morning_of_the_contacts_zone(pmctl: Run):
    code, out, _ = pmctl(
        "campaign", "simulate", FILE, "--zone", "America/New_York", "--start",
        "2026-11-23T09:00:00", "-o", "json",
    )  # fmt: skip

    first = next(one for one in json.loads(out) if one["kind"] == "mail")
    assert (code, first["at"], first["time"]) == (
        0, "Mon 23 Nov 09:00", "2026-11-23T14:00:00+00:00",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (("--opens", "frst-answer@+2h"), "did you mean first-answer?"),
        (("--opens", "first-answer@+2q"), "--opens first-answer@+2h"),
        (("--contact", "warm"), "--contact tag=warm"),
        (("--variant", "b"), "no email of this sequence has variants"),
        (("--zone", "Lisbon"), "--zone Europe/Lisbon"),
    ],
)
def test_a_wrong_option_is_one_error_with_a_hint(pmctl: Run, options: tuple[str, ...], hint: str):
    code, out, err = pmctl("campaign", "simulate", FILE, *options)

    assert (code, out) == (64, "")
    assert err.count("error:") == 1
    assert f"hint: {hint}" in err
