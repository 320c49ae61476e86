"""`pmctl domain dns`: records listed, added once, deleted, and made a set."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pmctl.sandbox.hestia_sandbox import HestiaSandbox
from tests.conftest import Run

ZONE = "example.test"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pmctl.clients.panel.PAUSES", (0.0, 0.0))


def _there(panel: HestiaSandbox, record: str, type_: str) -> list[str]:
    rows = panel.store.users["alice"].dns[ZONE].records.values()
    return [f"{r['PRIORITY']} {r['VALUE']}".strip()
            for r in rows if (r["RECORD"], r["TYPE"]) == (record, type_)]  # fmt: skip


def _rows(out: str) -> list[tuple[str, str]]:
    return [(row["action"], row["value"]) for row in json.loads(out)]


def test_list_shows_the_records_with_their_ids(pmctl: Run, panel: HestiaSandbox) -> None:
    code, out, _ = pmctl("domain", "dns", "list", ZONE, "-o", "json")

    rows: list[dict[str, Any]] = json.loads(out)
    spf = next(row for row in rows if row["value"].startswith("v=spf1"))
    assert code == 0
    assert spf == {"id": 15, "record": "@", "type": "TXT", "priority": None,
                   "value": "v=spf1 a mx ip4:192.0.2.10 -all", "ttl_seconds": 14400,
                   "suspended": False}  # fmt: skip
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)


def test_a_record_is_added_with_three_reads_and_one_write(pmctl: Run, panel: HestiaSandbox) -> None:
    pmctl("domain", "dns", "add", ZONE, "x", "A", "192.0.2.9")

    assert [command for command, _ in panel.commands] == [
        "v-search-domain-owner", "v-list-dns-records", "v-add-dns-record", "v-list-dns-records",
    ]  # fmt: skip


def test_the_zone_of_a_name_beyond_ascii_takes_records(pmctl: Run, panel: HestiaSandbox) -> None:
    pmctl("domain", "add", "bücher.test", "--user", "alice", "--dns")

    code, _, _ = pmctl("domain", "dns", "add", "xn--bcher-kva.test", "x", "CNAME", "Größe.test")
    again, _, err = pmctl("domain", "dns", "add", "bücher.test", "X", "CNAME", "größe.test.")

    assert (code, again) == (0, 5)
    assert "already, as record" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["exampel.test"], "did you mean example.test?"),
        ([ZONE, "--user", "bob"], "it is alice's: --user alice"),
        ([ZONE, "--user", "nobody"], "user nobody doesn't exist"),
    ],
)
def test_a_zone_that_is_not_there_is_not_found(
    words: list[str], said: str, pmctl: Run, panel: HestiaSandbox
) -> None:
    code, _, err = pmctl("domain", "dns", "list", *words)

    assert code == 3
    assert said in err


def test_list_of_one_type(pmctl: Run, panel: HestiaSandbox) -> None:
    _, out, _ = pmctl("domain", "dns", "list", ZONE, "--type", "ns", "-o", "json")

    assert {row["type"] for row in json.loads(out)} == {"NS"}


def test_a_domain_without_dns_has_no_records(pmctl: Run, panel: HestiaSandbox) -> None:
    code, _, err = pmctl("domain", "dns", "list", "shop.test")

    assert code == 3
    assert "has no DNS part on this panel" in err
    assert "--dns` adds it" in err


@pytest.mark.parametrize(
    ("words", "sent", "stored"),
    [
        (["www2", "a", "192.0.2.9"], ["www2", "A", "192.0.2.9"], "192.0.2.9"),
        (["x", "MX", "mail.a.test"], ["x", "MX", "mail.a.test.", "10"], "10 mail.a.test."),
        (["x", "MX", "5 mail.a.test."], ["x", "MX", "mail.a.test.", "5"], "5 mail.a.test."),
        (["_x._tcp", "SRV", "5 443 a.b.test", "--priority", "1"],
         ["_x._tcp", "SRV", "1 5 443 a.b.test.", "1"], "1 5 443 a.b.test."),
        (["x", "TXT", "a b; c"], ["x", "TXT", "a b; c"], '"a b; c"'),
        (["x.example.test.", "A", "192.0.2.9", "--ttl", "300"],
         ["x", "A", "192.0.2.9", "", "", "", "300"], "192.0.2.9"),
    ],
)  # fmt: skip
def test_add_sends_what_the_panel_understands(
    words: list[str], sent: list[str], stored: str, pmctl: Run, panel: HestiaSandbox
) -> None:
    code, out, _ = pmctl("domain", "dns", "add", ZONE, *words, "-o", "json")

    assert code == 0
    assert panel.written == [("v-add-dns-record", ["alice", ZONE, *sent])]
    assert _there(panel, sent[0], sent[1]) == [stored]
    assert json.loads(out)[0]["id"] == 23


def test_an_equal_record_is_a_conflict_and_fine_where_that_is_said(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    words = ["domain", "dns", "add", ZONE, "@", "TXT", '"v=spf1 a mx ip4:192.0.2.10 -all"']

    refused, _, err = pmctl(*words)
    accepted, out, _ = pmctl(*words, "--if-not-exists", "-o", "json")

    assert (refused, accepted, panel.written) == (5, 0, [])
    assert (json.loads(out)[0]["action"], json.loads(out)[0]["id"]) == ("keep", 15)
    assert "already, as record 15" in err


def test_an_equal_record_that_is_suspended_is_told_so_and_set_makes_it_anew(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.store.users["alice"].dns[ZONE].records[12]["SUSPENDED"] = "yes"

    refused, _, err = pmctl("domain", "dns", "add", ZONE, "mail", "A", "192.0.2.10")
    code, out, _ = pmctl(
        "domain", "dns", "set", ZONE, "mail", "A", "192.0.2.10", "--yes", "-o", "json"
    )

    assert (refused, code) == (5, 0)
    assert "as record 12 (suspended)" in err
    assert [row["action"] for row in json.loads(out)] == ["add", "delete"]


def test_a_lost_answer_is_looked_up_so_that_there_are_never_two(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.fail("POST:/api/v-add-dns-record:1:cut-after")

    code, out, _ = pmctl("domain", "dns", "add", ZONE, "x", "A", "192.0.2.9", "-o", "json")

    assert (code, json.loads(out)[0]["id"]) == (0, 23)
    assert len(panel.written) == 1
    assert _there(panel, "x", "A") == ["192.0.2.9"]


def test_a_request_that_did_not_arrive_is_told_as_unknown(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.fail("POST:/api/v-add-dns-record:1:cut-before")

    code, _, err = pmctl("domain", "dns", "add", ZONE, "x", "A", "192.0.2.9")

    assert code == 75
    assert "nothing was repeated" in err
    assert _there(panel, "x", "A") == []


def test_a_cname_beside_something_else_is_refused_as_a_name_server_would(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    beside, _, err = pmctl("domain", "dns", "add", ZONE, "mail", "CNAME", "a.b.test")
    under, _, _ = pmctl("domain", "dns", "add", ZONE, "www", "A", "192.0.2.9")

    assert (beside, under, panel.written) == (5, 5, [])
    assert "mail in example.test has A 192.0.2.10" in err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["x", "AX", "1"], "did you mean"),
        (["x", "A", "mail.a.test"], "AAAA is for IPv6"),
        (["x", "MX", "mail"], "as in mail.example.com"),
        (["www.other.test.", "A", "192.0.2.1"], "is example.test itself"),
    ],
)
def test_a_wrong_record_changes_nothing(
    words: list[str], hint: str, pmctl: Run, panel: HestiaSandbox
) -> None:
    code, _, err = pmctl("domain", "dns", "add", ZONE, *words)

    assert (code, panel.written) == (64, [])
    assert hint in err


def test_a_dry_run_of_add_sends_nothing(pmctl: Run, panel: HestiaSandbox) -> None:
    code, out, _ = pmctl("domain", "dns", "add", ZONE, "x", "A", "192.0.2.9", "--dry-run")

    assert (code, panel.written) == (0, [])
    assert "add\t\tx\tA\t\t192.0.2.9" in out


# Deleting


@pytest.mark.parametrize(
    "words", [["15"], ["@", "TXT"], ["@", "TXT", "v=spf1 a mx ip4:192.0.2.10 -all"]]
)
def test_delete_by_id_by_name_or_by_value(
    words: list[str], pmctl: Run, panel: HestiaSandbox
) -> None:
    code, _, _ = pmctl("domain", "dns", "delete", ZONE, *words, "--yes")

    assert code == 0
    assert panel.written == [("v-delete-dns-record", ["alice", ZONE, "15"])]


def test_a_value_with_a_priority_may_be_deleted_without_it(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    code, _, _ = pmctl("domain", "dns", "delete", ZONE, "@", "MX", f"mail.{ZONE}", "--yes")

    assert (code, _there(panel, "@", "MX")) == (0, [])


def test_delete_asks_and_names_the_records(pmctl: Run, panel: HestiaSandbox) -> None:
    code, _, err = pmctl("domain", "dns", "delete", ZONE, "@", "TXT")

    assert (code, panel.written) == (64, [])
    assert "@ TXT v=spf1 a mx ip4:192.0.2.10 -all" in err


def test_a_record_that_is_not_there_is_not_found_unless_that_is_fine(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    nowhere, _, err = pmctl("domain", "dns", "delete", ZONE, "wwww", "A", "--yes")
    fine, _, _ = pmctl("domain", "dns", "delete", ZONE, "999", "--if-exists", "--yes")
    unclear, _, _ = pmctl("domain", "dns", "delete", ZONE, "www", "--yes")

    assert (nowhere, fine, unclear, panel.written) == (3, 0, 64, [])
    assert "did you mean www?" in err


def test_the_last_name_server_stays(pmctl: Run, panel: HestiaSandbox) -> None:
    code, out, err = pmctl("domain", "dns", "delete", ZONE, "@", "NS", "--yes", "-o", "json")

    assert code == 1
    assert _rows(out) == [("delete", "ns1.hestia.test.")]
    assert "at least one NS record should remain active" in err
    assert _there(panel, "@", "NS") == ["ns2.hestia.test."]


def test_a_delete_without_an_answer_is_looked_up(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.fail("POST:/api/v-delete-dns-record:1:cut-after")

    code, _, _ = pmctl("domain", "dns", "delete", ZONE, "15", "--yes")

    assert (code, len(panel.written)) == (0, 1)


# Setting


def test_set_keeps_adds_and_then_deletes(pmctl: Run, panel: HestiaSandbox) -> None:
    for value in ("192.0.2.1", "192.0.2.2", "192.0.2.2"):
        _put(panel, "x", value)

    code, out, _ = pmctl(
        "domain", "dns", "set", ZONE, "x", "A", "192.0.2.2", "192.0.2.3", "--yes", "-o", "json"
    )

    assert code == 0
    assert _rows(out) == [("keep", "192.0.2.2"), ("add", "192.0.2.3"), ("delete", "192.0.2.1"),
                          ("delete", "192.0.2.2")]  # fmt: skip
    assert [command for command, _ in panel.written] == [
        "v-add-dns-record", "v-delete-dns-record", "v-delete-dns-record",
    ]  # fmt: skip
    assert _there(panel, "x", "A") == ["192.0.2.2", "192.0.2.3"]


def _put(panel: HestiaSandbox, record: str, value: str) -> None:
    records = panel.store.users["alice"].dns[ZONE].records
    number = max(records) + 1
    records[number] = {**records[9], "RECORD": record, "VALUE": value, "ID": str(number)}


def test_set_of_what_is_there_already_sends_nothing(pmctl: Run, panel: HestiaSandbox) -> None:
    code, out, _ = pmctl("domain", "dns", "set", ZONE, "@", "MX", f"0 mail.{ZONE}", "-o", "json")

    assert (code, panel.written) == (0, [])
    assert _rows(out) == [("keep", f"mail.{ZONE}.")]


def test_set_with_another_priority_or_ttl_is_another_record(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    code, out, _ = pmctl(
        "domain", "dns", "set", ZONE, "@", "MX", "10 mail.example.test", "mx2.a.test",
        "--priority", "20", "--ttl", "600", "--yes", "-o", "json",
    )  # fmt: skip

    assert code == 0
    assert [action for action, _ in _rows(out)] == ["add", "add", "delete"]
    assert _there(panel, "@", "MX") == ["10 mail.example.test.", "20 mx2.a.test."]


def test_set_of_a_cname_changes_it_in_one_step(pmctl: Run, panel: HestiaSandbox) -> None:
    code, out, _ = pmctl("domain", "dns", "set", ZONE, "www", "CNAME", "a.b.test", "-o", "json")

    assert (code, _rows(out)) == (0, [("change", "a.b.test.")])
    assert [command for command, _ in panel.written] == ["v-change-dns-record"]
    assert _there(panel, "www", "CNAME") == ["a.b.test."]


def test_set_asks_before_it_deletes_and_not_when_it_only_adds(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    refused, _, err = pmctl("domain", "dns", "set", ZONE, "@", "TXT", "only this")
    assert (refused, panel.written) == (64, [])
    assert "v=spf1 a mx ip4:192.0.2.10 -all" in err

    code, _, _ = pmctl("domain", "dns", "set", ZONE, "new", "TXT", "only this")
    assert (code, len(panel.written)) == (0, 1)


def test_set_that_fails_in_the_middle_deletes_nothing_and_says_what_it_did(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.fail("POST:/api/v-add-dns-record:2:exit-20")

    code, out, err = pmctl(
        "domain", "dns", "set", ZONE, "@", "TXT", "one", "two", "--yes", "-o", "json"
    )

    assert code == 1
    assert _rows(out) == [("add", "one")]
    assert "2 changes not done; run it again to finish" in err
    assert _there(panel, "@", "TXT") == ['"v=spf1 a mx ip4:192.0.2.10 -all"', "one"]


def test_a_dry_run_of_set_shows_all_that_it_would_do(pmctl: Run, panel: HestiaSandbox) -> None:
    code, out, err = pmctl("domain", "dns", "set", ZONE, "@", "TXT", "one", "--dry-run")

    assert (code, panel.written) == (0, [])
    assert "add\t\t@\tTXT\t\tone" in out
    assert "delete\t15\t@\tTXT" in out
    assert "nothing was changed" in err


def test_a_row_that_is_no_json_is_listed_and_named(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.store.users["alice"].dns[ZONE].records[12]["RECORD"] = "mail\t2"

    code, out, err = pmctl("domain", "dns", "list", ZONE)

    assert code == 0
    assert len(out.splitlines()) == 17
    assert "warning: " in err
    assert "12" in err
