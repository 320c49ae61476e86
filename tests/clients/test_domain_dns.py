"""What makes the records of a name and type a set that was named."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pmctl.clients.domain_dns import Change, Zone, setting
from pmctl.clients.domain_record import Record, Wanted, key

VALUES = [f"192.0.2.{number}" for number in range(1, 5)]
RECORDS = st.lists(st.tuples(st.sampled_from(VALUES), st.sampled_from([300, 600]), st.booleans()))
WANTED = st.lists(st.tuples(st.sampled_from(VALUES), st.sampled_from([None, 300])), min_size=1)
OTHER = Record(99, "mail", "A", None, "192.0.2.1", 300, suspended=False)


def _zone(rows: list[tuple[str, int, bool]]) -> Zone:
    records = [Record(n, "x", "A", None, value, ttl, suspended=suspended)
               for n, (value, ttl, suspended) in enumerate(rows, 1)]  # fmt: skip
    return Zone("example.test", "alice", (*records, OTHER))


def _after(zone: Zone, changes: list[Change]) -> Zone:
    """Return a zone as the panel has it when every change is done."""
    gone = {change.id for change in changes if change.action == "delete"}
    new = [
        Record(100 + n, one.record, one.type, one.priority, one.value, one.ttl_seconds or 600,
               suspended=False)
        for n, one in enumerate(c.record for c in changes if c.action == "add")
    ]  # fmt: skip
    return Zone(zone.domain, zone.owner, (*(r for r in zone.records if r.id not in gone), *new))


@given(RECORDS, WANTED)
def test_afterwards_there_is_each_wanted_record_once_and_nothing_else_is_touched(
    rows: list[tuple[str, int, bool]], asked: list[tuple[str, int | None]]
) -> None:
    zone = _zone(rows)
    wanted = [Wanted("x", "A", value, None, ttl) for value, ttl in asked]

    changes = setting(zone, "x", "A", wanted)
    after = _after(zone, changes)

    assert sorted(key(r) for r in after.of("x", "A")) == sorted({key(one) for one in wanted})
    assert not any(record.suspended for record in after.of("x", "A"))
    assert OTHER in after.records
    actions = [change.action for change in changes]
    assert actions == sorted(actions, key=["keep", "add", "delete"].index)
    assert all(change.action == "keep" for change in setting(after, "x", "A", wanted))
