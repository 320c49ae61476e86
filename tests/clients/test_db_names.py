"""Names of databases: the owner's prefix is put there once, whatever is given."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmctl.clients.db_names import checked, full_name, owners, short_name
from pmctl.errors import UsageError

OWNERS = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,8}[A-Za-z0-9]", fullmatch=True)
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_]{0,10}", fullmatch=True)
TYPES = st.sampled_from(["mysql", "pgsql"])


@settings(max_examples=100)
@given(OWNERS, NAMES, TYPES)
def test_a_whole_name_is_the_whole_name_of_itself(owner: str, name: str, kind: str) -> None:
    whole = full_name(owner, name, kind)

    assert full_name(owner, whole, kind) == whole
    assert whole.lower().startswith(f"{owner}_".lower())
    # what the panel makes of the short name is the whole name again
    made = f"{owner}_{short_name(owner, whole)}"
    assert (made.lower() if kind == "pgsql" else made) == whole


@settings(max_examples=100)
@given(OWNERS, NAMES, TYPES)
def test_the_owner_of_a_whole_name_is_found(owner: str, name: str, kind: str) -> None:
    whole = full_name(owner, name, kind)

    assert owner in owners(whole, ["nobody-else", owner])


def test_the_longest_owner_comes_first() -> None:
    assert owners("bob_jr_wiki", ["bob", "alice", "bob_jr"]) == ["bob_jr", "bob"]


@pytest.mark.parametrize("name", ["a b", "a;b", "a'b", "a\\b", "a\nb", "a`b", "ä\x00", "a|b"])
def test_a_name_that_the_panel_refuses_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        checked(f"alice_{name}", "alice", "mysql")


@pytest.mark.parametrize("name", ["blog", "my-db", "a.b", "blög", "x" * 57])
def test_a_name_that_the_panel_takes_is_taken(name: str) -> None:
    assert checked(f"alice_{name}", "alice", "mysql") == f"alice_{name}"
