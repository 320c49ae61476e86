"""Which commands a change of a domain's parts comes to, for every combination of them."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from pmctl.clients.domain import PARTS, Dns, Domain, Mail, Part, Web
from pmctl.clients.domain_change import (
    adding,
    chosen_parts,
    deleting,
    refuse_what_is_there,
    turning,
)
from pmctl.errors import Conflict

SETS: list[tuple[Part, ...]] = [
    parts for size in range(4) for parts in itertools.combinations(PARTS, size)
]
KINDS: dict[str, Any] = {"web": Web, "mail": Mail, "dns": Dns}


def _domain(parts: tuple[Part, ...], suspended: tuple[Part, ...] = ()) -> Domain:
    rows = {p: KINDS[p].parse({"SUSPENDED": "yes" if p in suspended else "no"}) for p in parts}
    return Domain("example.test", "alice", **rows)


@pytest.mark.parametrize("there", SETS)
@pytest.mark.parametrize("wanted", SETS[1:])
def test_exactly_what_is_missing_is_added(
    there: tuple[Part, ...], wanted: tuple[Part, ...]
) -> None:
    steps = adding(_domain(there), wanted, "192.0.2.10")

    made = [part for step in steps for part in step.parts]
    assert sorted(made) == sorted(set(wanted) - set(there))
    assert ("v-add-domain" in [step.command for step in steps]) is (len(made) == 3)
    for step in steps:
        assert step.args[:2] == ("alice", "example.test")
        assert step.command in ("v-add-domain", *(f"v-add-{part}-domain" for part in made))
        if step.command == "v-add-dns-domain":
            assert step.args[2] == "192.0.2.10"  # the panel refuses it without an address


@pytest.mark.parametrize("there", SETS)
@pytest.mark.parametrize("chosen", SETS[1:])
def test_exactly_what_is_chosen_and_there_is_deleted(
    there: tuple[Part, ...], chosen: tuple[Part, ...]
) -> None:
    steps = deleting(_domain(there), chosen)

    gone = {part for step in steps for part in step.parts}
    assert gone == set(there) & set(chosen)
    if any(step.command == "v-delete-domain" for step in steps):
        assert gone == set(there)  # it takes all that there is


@pytest.mark.parametrize("suspended", SETS)
def test_only_what_is_not_yet_so_is_turned(suspended: tuple[Part, ...]) -> None:
    found = _domain(PARTS, suspended)

    off = {step.command for step in turning(found, PARTS, on=True)}
    on = {step.command for step in turning(found, PARTS, on=False)}

    assert off == {f"v-suspend-{part}-domain" for part in PARTS if part not in suspended}
    assert on == {f"v-unsuspend-{part}-domain" for part in suspended}


@pytest.mark.parametrize("there", SETS)
@pytest.mark.parametrize("wanted", SETS[1:])
def test_an_add_beside_what_is_wanted_and_there_is_a_conflict_unless_it_repairs(
    there: tuple[Part, ...], wanted: tuple[Part, ...]
) -> None:
    found = _domain(there)
    both, all_there = set(there) & set(wanted), set(wanted) <= set(there)

    if both:
        with pytest.raises(Conflict):
            refuse_what_is_there(found, wanted, repair=False)
    else:
        refuse_what_is_there(found, wanted, repair=False)
    if all_there:
        with pytest.raises(Conflict, match="exists with"):
            refuse_what_is_there(found, wanted, repair=True)
    else:
        refuse_what_is_there(found, wanted, repair=True)


def test_no_option_means_all_parts() -> None:
    assert chosen_parts(web=False, mail=False, dns=False) == PARTS
    assert chosen_parts(web=False, mail=True, dns=True) == ("mail", "dns")
