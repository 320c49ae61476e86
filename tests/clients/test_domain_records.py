"""Records for another provider, and the zone file that has them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmctl.clients.domain import Dns, Domain, Mail, Web
from pmctl.clients.domain_record import Record
from pmctl.clients.domain_records import Needed, Needs, of_facts, of_zone, strings, zone_file

WEB = Web.parse({"IP": "192.0.2.10", "IP6": "2001:db8::1",
                 "ALIAS": "www.example.test,mail.example.test,other.test"})  # fmt: skip
MAIL = Mail.parse({"DKIM": "yes", "WEBMAIL": "roundcube", "WEBMAIL_ALIAS": "webmail.example.test"})
BOTH = Domain("example.test", "alice", WEB, MAIL, Dns.parse({}))
KEY = "v=DKIM1; k=rsa; p=" + "A" * 392


def _record(host: str, type_: str, value: str, *, suspended: bool = False) -> Record:
    return Record(1, host, type_, None, value, 14400, suspended)


def test_facts_make_a_whole_set_of_records_without_a_cname_beside_something() -> None:
    rows = {(r.host, r.type): r.value for r in of_facts(BOTH, "192.0.2.10", KEY).records}

    assert rows["@", "A"] == "192.0.2.10"
    assert rows["@", "AAAA"] == "2001:db8::1"
    assert rows["www", "CNAME"] == "example.test"
    assert rows["mail", "A"] == "192.0.2.10"
    assert ("mail", "CNAME") not in rows
    assert ("other", "CNAME") not in rows
    assert rows["@", "TXT"] == "v=spf1 a mx ip4:192.0.2.10 -all"
    assert rows["mail._domainkey", "TXT"] == KEY


def test_a_suspended_record_is_none_that_must_be() -> None:
    needs = of_zone(BOTH, [_record("old", "A", "192.0.2.3", suspended=True)], "")

    assert needs.records == ()


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ([_record("@", "TXT", "v=spf1 -all")] * 2, "2 SPF records; only one may be"),
        ([_record("mail._domainkey", "TXT", "v=DKIM1; p=BBBB")], "is not of the key"),
        ([], "lacks the record of its DKIM key"),
    ],
)
def test_what_is_wrong_with_a_zone_is_said(records: list[Record], words: str) -> None:
    assert any(words in said for said in of_zone(BOTH, records, KEY).warnings)


def test_a_signed_zone_wants_its_ds_record_where_it_is_registered() -> None:
    signed = Domain("example.test", "alice", WEB, None, Dns.parse({"DNSSEC": "yes"}))

    assert any("DS record" in said for said in of_zone(signed, [], "").warnings)


def test_a_domain_without_mail_is_not_blamed_for_lacking_it() -> None:
    assert of_zone(Domain("example.test", "alice", WEB), [], "").warnings == ()


def test_most_records_ttl_is_the_zones_and_the_others_say_their_own() -> None:
    rows = [Needed("a", "a.t", "A", None, "192.0.2.1", ttl, "", "zone") for ttl in (60, 300, 300)]

    lines = zone_file(Needs("t.test", tuple(rows))).splitlines()

    assert lines[2] == "$TTL 300"
    assert lines[3] == "a 60 IN A 192.0.2.1"
    assert lines[4] == "a IN A 192.0.2.1"


def test_a_srv_without_a_service_keeps_its_dot() -> None:
    record = Record(1, "_pop3._tcp", "SRV", 0, "0 0 .", 14400, suspended=False)

    needs = of_zone(Domain("example.test", "alice"), [record], "")

    assert "_pop3._tcp IN SRV 0 0 0 .\n" in zone_file(needs)


@given(st.text(max_size=700))
def test_a_text_comes_back_from_its_strings_which_are_never_too_long(text: str) -> None:
    written = strings(text)

    pieces = [_read(piece) for piece in re.findall(r'"((?:[^"\\]|\\.)*)"', written)]
    assert b"".join(pieces) == text.encode()
    assert all(len(piece) <= 255 for piece in pieces)
    assert written.isascii()


def _read(piece: str) -> bytes:
    """Read one string as RFC 1035, 5.1 says: a backslash with three digits, or one sign."""
    found = re.findall(r"\\(\d{3})|\\(.)|(.)", piece)
    return bytes(int(code) if code else ord(sign or plain) for code, sign, plain in found)
