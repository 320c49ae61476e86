"""DNS records as the panel stores them."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmctl.clients.domain_idn import ascii_of, forms
from pmctl.clients.domain_record import Wanted, key, kind_of, parse, record_name, same, wanted
from pmctl.clients.domain_record import sent_value as sent
from pmctl.errors import UsageError

ZONE = "example.test"
DKIM = "v=DKIM1; k=rsa; p=" + "A" * 392


def _row(record: str, type_: str, value: str, priority: str = "") -> dict[str, str]:
    own = {"RECORD": record, "TYPE": type_, "PRIORITY": priority, "VALUE": value, "ID": "7"}
    return {**own, "SUSPENDED": "no", "TIME": "23:10:40", "DATE": "2026-11-22", "TTL": "14400"}


# What was sent to HestiaCP 1.9.9, and what v-list-dns-records showed of it.
STORED = [
    ("host1", "A", "192.0.2.55", None, ("", "192.0.2.55")),
    ("txt1", "TXT", "v=spf1 include:_spf.a.test ~all", None,
     ("", '"v=spf1 include:_spf.a.test ~all"')),
    ("txt2", "TXT", '"a quoted value"', None, ("", '"a quoted value"')),
    ("txt4", "TXT", DKIM, None, ("", f'"{DKIM}"')),
    ("txt5", "TXT", "it's", None, ("", "it's")),
    ("@", "MX", "mail.example.test.", 10, ("10", "mail.example.test.")),
    ("@", "MX", "mail2.example.test", None, ("10", "mail2.example.test.")),
    ("_imap._tcp", "SRV", "0 1 143 mail.example.test", 0, ("0", "1 143 mail.example.test.")),
    ("@", "CAA", '0 issue "letsencrypt.org"', None, ("", '0 issue "letsencrypt.org"')),
    ("cn", "CNAME", "host1.example.test", None, ("", "host1.example.test.")),
]  # fmt: skip


@pytest.mark.parametrize(("record", "type_", "value", "priority", "shown"), STORED)
def test_what_was_sent_is_known_again_in_what_the_panel_shows(
    record: str, type_: str, value: str, priority: int | None, shown: tuple[str, str]
) -> None:
    asked = wanted(ZONE, record, type_, value, priority)
    there = parse("7", _row(record, type_, shown[1], shown[0]))

    assert same(asked, there)
    assert there.id == 7
    assert there.ttl_seconds == 14400


def test_an_srv_is_sent_with_all_four_fields() -> None:
    assert sent(wanted(ZONE, "_x._tcp", "srv", "5 443 Host.Test", 1)) == "1 5 443 host.test."
    assert sent(wanted(ZONE, "_x._tcp", "SRV", "1 5 443 host.test")) == "1 5 443 host.test."


@pytest.mark.parametrize(
    ("written", "name"),
    [("@", "@"), ("WWW", "www"), ("www.example.test.", "www"), ("example.test", "@"),
     ("www.example.test", "www"), ("_dmarc", "_dmarc"), ("*", "*"), ("*.sub", "*.sub"),
     ("a.b", "a.b"), ("mail._domainkey.Example.test.", "mail._domainkey")],
)  # fmt: skip
def test_a_name_is_taken_within_its_zone(written: str, name: str) -> None:
    assert record_name(ZONE, written) == name


@pytest.mark.parametrize("written", ["www.other.test.", "", "a b", "a..b", ".a", 'a"b', "a*"])
def test_a_name_that_is_none_is_refused(written: str) -> None:
    with pytest.raises(UsageError):
        record_name(ZONE, written)


def test_a_name_beyond_ascii_is_the_same_however_it_is_written() -> None:
    assert same(Wanted("bücher", "A", "192.0.2.1"), Wanted("xn--bcher-kva", "A", "192.0.2.1"))
    assert wanted(ZONE, "x", "CNAME", "Bücher.test").value == "xn--bcher-kva.test."
    assert record_name("bücher.test", "www.xn--bcher-kva.test.") == "www"


@pytest.mark.parametrize(
    ("type_", "value", "priority", "words"),
    [
        ("A", "2001:db8::1", None, "no IPv4 address"),
        ("AAAA", "192.0.2.1", None, "no IPv6 address"),
        ("AAAA", "fe80::1%eth0", None, "no IPv6 address"),
        ("A", "999.0.0.1", None, "no IPv4 address"),
        ("MX", "mail", None, "a host with its domain"),
        ("MX", "192.0.2.1", None, "is an address"),
        ("CNAME", "a b.test", None, "a host with its domain"),
        ("MX", "10 mail.a.test", 20, "disagree"),
        ("MX", "mail.a.test", 70000, "a priority of 70000"),
        ("A", "192.0.2.1", 10, "has no priority"),
        ("SRV", "5 host.test", None, "a weight, a port and a host"),
        ("SRV", "1 5 99999 host.test", None, "a weight, a port and a host"),
        ("TXT", 'say "hi" now', None, "loses quotes and backslashes"),
        ("TXT", "back\\slash", None, "loses quotes and backslashes"),
        ("TXT", "grüße", None, "beyond ASCII"),
        ("TXT", "two\nlines", None, "no value of a record"),
        ("TXT", "", None, "no value of a record"),
        ("CAA", "letsencrypt.org", None, "a flag, a tag and a value"),
    ],
)
def test_what_the_panel_would_refuse_or_change_is_refused_here(
    type_: str, value: str, priority: int | None, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        wanted(ZONE, "x", type_, value, priority)


def test_a_domain_itself_has_no_cname_and_a_type_has_a_name() -> None:
    with pytest.raises(UsageError, match="no CNAME"):
        wanted(ZONE, "example.test.", "CNAME", "a.test")
    with pytest.raises(UsageError, match="no type of record") as caught:
        kind_of("AAA")
    assert caught.value.hint == "did you mean AAAA?"
    assert kind_of(" mx ") == "MX"


@pytest.mark.parametrize("ttl", [0, -1, 2**31])
def test_a_ttl_that_dns_does_not_have_is_refused(ttl: int) -> None:
    with pytest.raises(UsageError, match="a TTL of"):
        wanted(ZONE, "x", "A", "192.0.2.1", None, ttl)


def test_strings_in_quotes_are_one_text() -> None:
    one = wanted(ZONE, "x", "TXT", '"v=DKIM1; p=AAA" "BBB"')

    assert one.value == "v=DKIM1; p=AAABBB"


def test_an_mx_of_another_priority_is_another_record_and_a_ttl_makes_none() -> None:
    one = wanted(ZONE, "@", "MX", "10 mail.a.test")

    assert not same(one, wanted(ZONE, "@", "MX", "20 mail.a.test"))
    assert same(one, wanted(ZONE, "@", "MX", "mail.A.test.", 10, 300))


def test_a_row_of_the_panel_that_lacks_fields_is_read_nevertheless() -> None:
    there = parse("12", {"RECORD": "www"})

    assert (there.id, there.record, there.type, there.value) == (12, "www", "", "")


@given(st.ip_addresses(v=6))
def test_an_ipv6_address_is_equal_in_all_of_its_spellings(address: ipaddress.IPv6Address) -> None:
    short = wanted(ZONE, "x", "AAAA", address.compressed)
    long = wanted(ZONE, "x", "AAAA", address.exploded.upper())

    assert key(short) == key(long)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"\\'),
               min_size=1).filter(lambda text: text == text.strip()))  # fmt: skip
def test_a_text_that_is_taken_is_known_again_whichever_way_the_panel_quotes_it(text: str) -> None:
    asked = wanted(ZONE, "x", "TXT", text)
    quoted = f'"{text}"' if " " in text or ";" in text else text

    assert same(asked, parse("1", _row("x", "TXT", quoted)))
    assert wanted(ZONE, "x", "TXT", asked.value) == asked


@given(st.text(max_size=40), st.sampled_from(["A", "MX", "SRV", "TXT", "CAA", "CNAME", "DS"]))
def test_any_value_is_taken_or_refused_in_words(text: str, type_: str) -> None:
    try:
        one = wanted(ZONE, "x", type_, text)
    except UsageError:
        return  # any other error would be a bug
    again = wanted(ZONE, one.record, one.type, one.value, one.priority)
    assert key(one) == key(again)


@pytest.mark.parametrize(
    ("name", "ascii_name"),
    [("bücher.test", "xn--bcher-kva.test"), ("Faß.test", "xn--fa-hia.test"),
     ("пример.испытание", "xn--e1afmkfd.xn--80akhbyknj4f"), ("a.test", "a.test")],
)  # fmt: skip
def test_names_beyond_ascii_become_what_dns_has(name: str, ascii_name: str) -> None:
    assert ascii_of(name) == ascii_name
    assert forms(ascii_name)[-1] == ascii_name
    assert forms(name)[0] == name.lower()


def test_a_name_that_only_looks_encoded_stays() -> None:
    assert forms("xn--999999999999.test") == ["xn--999999999999.test"]
