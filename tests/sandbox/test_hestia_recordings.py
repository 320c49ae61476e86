"""The stand-in HestiaCP answers as a running HestiaCP 1.9.9 did, byte for byte."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

import pytest

from tests.sandbox.hestia_meanwhile import MEANWHILE
from tests.sandbox.hestia_recordings import Play, Recording, Shown, recordings

GROUPS = sorted({one.group for one in recordings()})
Played = Mapping[str, tuple[Recording, Shown, Shown]]

# Recorded exchanges that are not played, and why.
NOT_PLAYED = {
    "sys-cpu": "a text for people about the machine that was recorded",
    "sys-disk": "a text for people about the machine that was recorded",
    "sys-memory": "a text for people about the machine that was recorded",
    "sys-mail-status": "a text for people about the machine that was recorded",
    "sys-hestia-ssl-json": "the certificate of the machine that was recorded",
    "transport-plain-http-on-tls-port": "the stand-in has no TLS",
    "user-log-with-quotes-json": "the log of every command so far; its broken JSON is a test of "
    "test_hestia_json.py",
}


@pytest.fixture(scope="module")
def played() -> Played:
    """Every recording, played once, in its order."""
    return {one.case: (one, said, says) for one, said, says in Play(MEANWHILE).run()}


@pytest.mark.parametrize("group", GROUPS)
def test_it_answers_as_recorded(played, group):
    wrong = [
        f"{one.case}: {difference(said, says)}"
        for one, said, says in played.values()
        if one.group == group and said != says
    ]
    assert not wrong, "\n".join(wrong)


def difference(said: Shown, says: Shown) -> str:
    """What differs: status, exit code and type, or the lines of the body."""
    heads = [(one.status, one.code, one.kind) for one in (said, says)]
    if heads[0] != heads[1]:
        return f"recorded {heads[0]}, here {heads[1]}"
    lines = difflib.unified_diff(said.body.split("\n"), says.body.split("\n"), lineterm="", n=0)
    return "\n".join(line[:200] for line in list(lines)[2:12])


def test_a_difference_would_be_seen(played):
    one, said, says = played["mail-add-account-exists"]

    assert one.response["body"] == "Error: mail account info already exists"
    assert said == says
    for changed in (
        Shown(200, said.code, said.kind, said.body),
        Shown(said.status, "5", said.kind, said.body),
        Shown(said.status, said.code, "text/plain", said.body),
        Shown(said.status, said.code, said.kind, f"{said.body}."),
    ):
        assert changed != said
        assert difference(said, changed)


def test_nearly_all_that_was_recorded_is_played(played):
    assert len(played) == 521
    assert len(NOT_PLAYED) == 7
    assert not played.keys() & NOT_PLAYED.keys()
    assert MEANWHILE.keys() <= played.keys()


def test_the_recordings_hold_no_secret():
    told = "".join(str(one.response["body"]) for one in recordings())
    assert "PRIVATE KEY-----<REDACTED>-----END" in told
    assert "PRIVATE KEY-----\\n" not in told
    for word in ("access_key", "secret_key"):
        values = {value for one in recordings() for name, value in one.request.get("form", [])
                  if name == word}  # fmt: skip
        assert all(value.startswith("<") or len(set(value)) < 4 for value in values), values
