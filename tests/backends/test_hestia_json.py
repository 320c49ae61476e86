"""Listings as HestiaCP's scripts print them: one odd value never hides the other rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmctl.backends.hestia_json import listing

RECORDED = {
    one["case"]: one["body"]
    for one in json.loads(
        (Path(__file__).parents[1] / "data/hestia/wire.json").read_text("utf-8")
    )
}  # fmt: skip
PLAIN = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"\\'))
ANYTHING = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=20)

FIELDS = st.from_regex(r"[A-Z][A-Z_0-9]{0,8}", fullmatch=True)
ROWS = st.dictionaries(FIELDS, PLAIN, min_size=1)


def echoed(rows: dict[str, dict[str, str]]) -> str:
    """What `echo` in a shell script makes of rows: nothing is escaped."""
    printed = [
        f'    "{name}": {{\n'
        + ",\n".join(f'        "{field}": "{value}"' for field, value in row.items())
        + "\n    }"
        for name, row in rows.items()
    ]
    return "{\n" + ",\n".join(printed) + "\n}\n"


def test_the_recorded_user_with_a_backslash_hides_nobody() -> None:
    text = RECORDED["oddadd-list-users-invalid-json"]
    with pytest.raises(ValueError, match="escape"):
        json.loads(text)

    found = listing(text)

    assert found is not None
    assert {"admin", "alice", "bob"} <= set(found.rows)
    assert found.odd == ("odd0", "odd5")
    assert {len(row) for row in found.rows.values()} == {len(found.rows["admin"])}
    assert all({"\\", '"'} & set(str(found.rows[name]["NAME"])) for name in found.odd)


@pytest.mark.parametrize("case", [name for name in RECORDED if name.startswith("autoreply-get-")])
def test_every_recorded_autoreply_is_read(case: str) -> None:
    if not RECORDED[case].startswith("{"):
        pytest.skip("the command was refused")
    found = listing(RECORDED[case])

    assert found is not None
    assert set(found.rows) == {"info"}
    assert set(found.rows["info"]) == {"MSG"}


def test_a_message_with_quotes_is_read_and_named() -> None:
    found = listing(RECORDED["user-log-with-quotes-json"])

    assert found is not None
    assert found.odd
    assert all({"DATE", "TIME", "LEVEL", "CATEGORY", "MESSAGE"} == set(row)
               for row in found.rows.values())  # fmt: skip


@given(st.dictionaries(PLAIN.filter(bool), ROWS, max_size=5))
def test_what_is_plain_is_read_as_it_is(rows: dict[str, dict[str, str]]) -> None:
    found = listing(echoed(rows))

    assert found is not None
    assert found.rows == rows
    assert found.odd == ()


@given(odd=ANYTHING, last=st.booleans())
def test_whatever_one_value_holds_the_other_rows_are_whole(odd: str, last: bool) -> None:
    good = {"PACKAGE": "default", "SUSPENDED": "no"}
    spoilt = {"NAME": odd, **good} if not last else {**good, "NAME": odd}
    rows = {"alice": {"NAME": "A", **good}, "bob": spoilt, "carol": {"NAME": "C", **good}}

    found = listing(echoed(rows))

    assert found is not None
    assert list(found.rows) == ["alice", "bob", "carol"]
    assert found.rows["alice"] == rows["alice"]
    assert found.rows["carol"] == rows["carol"]
    assert found.rows["bob"]["SUSPENDED"] == "no"
    assert set(found.odd) <= {"bob"}


def test_line_ends_in_a_value_stay_in_it() -> None:
    found = listing('{\n  "1": {\n    "A": "one\ntwo",\n    "B": "x\\q"\n  },\n  "2": {\n'
                    '    "A": "y"\n  }\n}')  # fmt: skip

    assert found is not None
    assert found.rows == {"1": {"A": "one\ntwo", "B": "x\\q"}, "2": {"A": "y"}}
    assert found.odd == ("1",)


def test_a_list_of_names_has_a_row_each() -> None:
    found = listing('["ns1.example.com", "ns2.example.com"]')

    assert found is not None
    assert [row["NAME"] for row in found.rows.values()] == ["ns1.example.com", "ns2.example.com"]


@pytest.mark.parametrize("text", ["Error: user x doesn't exist", "OK", "<html>", "3", '"x"', "{x"])
def test_what_is_no_listing_is_none(text: str) -> None:
    assert listing(text) is None


def test_a_list_of_users_ends_with_both_braces_on_one_line_and_is_whole() -> None:
    row = '    "{}": {{\n        "NAME": "Back\\slash"\n        }}'
    whole = "{\n" + ",\n".join(row.format(name) for name in ("alice", "bob")) + "}"

    found = listing(whole)

    assert found is not None
    assert (list(found.rows), found.odd) == (["alice", "bob"], ("alice", "bob"))
    assert listing(whole[:-1]) is None  # cut off
