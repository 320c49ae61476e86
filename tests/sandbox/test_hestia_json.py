"""What the stand-in's echoed JSON does to odd values, as HestiaCP's does."""

from __future__ import annotations

import json

import pytest

from pmctl.sandbox.hestia_json import is_json
from tests.sandbox.test_hestia import post, send

BROKEN = "text/html; charset=UTF-8"  # PHP could not read its own JSON
RIGHT = "application/json; charset=utf-8"


def test_one_backslash_in_a_name_breaks_the_whole_list_of_users(panel):
    panel.do("v-add-user", "odd", "x", "odd@example.test", "default", "Back\\slash")

    got = post(panel, "v-list-users", "json")

    assert (got.status, got.code, got.kind) == (200, "0", BROKEN)
    assert '"NAME": "Back\\slash",' in got.body
    with pytest.raises(json.JSONDecodeError):
        json.loads(got.body)
    assert post(panel, "v-list-user", "alice", "json").kind == RIGHT


def test_bytes_that_are_no_utf8_stay_in_a_name_for_ever(panel):
    key = f"access_key={panel.access_key}&secret_key={panel.secret_key}"
    form = f"{key}&cmd=v-change-user-name&arg1=bob&arg2=%ff%fe".encode()

    assert send(panel, form)[:2] == (204, "0")
    assert post(panel, "v-change-user-name", "bob", "Bob")[:2] == (204, "0")

    got = post(panel, "v-list-user", "bob", "json")
    assert got.kind == BROKEN
    assert got.body.encode("utf-8", "surrogateescape").count(b'"NAME": "\xff\xfe"') == 1
    assert post(panel, "v-change-user-contact", "bob", "new@builder.test").code == "0"
    assert panel.store.users["bob"].conf["CONTACT"] == "new@builder.test"


@pytest.mark.parametrize(
    ("message", "shown", "kind"),
    [
        ("plain", "plain", RIGHT),
        ('say "hi"', '\\"', RIGHT),
        ("a\tb", "a\tb", BROKEN),
        ("one\ntwo", "one\\\\ntwo", RIGHT),
        ("literal \\n", "literal", RIGHT),
        ("bell\x07", "bell\x07", BROKEN),
        ("100%quote% done", "100' done", RIGHT),
    ],
)
def test_an_autoreply_comes_back_changed(panel, message, shown, kind):
    panel.do("v-add-mail-account-autoreply", "alice", "example.test", "info", message)

    got = post(panel, "v-list-mail-account-autoreply", "alice", "example.test", "info", "json")

    assert shown in got.body
    assert got.kind == kind


def test_a_quote_or_a_backslash_breaks_logs_and_notices(panel):
    panel.do("v-log-action", "bob", "Info", "Test", 'He said "hi"')
    assert post(panel, "v-list-user-log", "bob", "json").kind == RIGHT
    panel.do("v-log-action", "bob", "Info", "Test", "it \\ broke")
    assert post(panel, "v-list-user-log", "bob", "json").kind == BROKEN

    panel.do("v-add-user-notification", "bob", 'Topic "q"')
    assert post(panel, "v-list-user-notifications", "bob", "json").kind == BROKEN
    assert post(panel, "v-list-user", "bob", "json").body.count('"NOTIFICATIONS": "yes"') == 1


def test_a_record_loses_its_backslashes_and_gets_quotes_where_there_is_a_blank(panel):
    for value in ("back\\slash x", 'say "hi" to', "it's", "v=1;p"):
        panel.do("v-add-dns-record", "bob", "builder.test", "odd", "TXT", value)

    records = json.loads(post(panel, "v-list-dns-records", "bob", "builder.test", "json").body)

    values = [row["VALUE"] for row in records.values() if row["RECORD"] == "odd"]
    assert values == ['"backslash x"', '"say hi to"', "it's", '"v=1;p"']


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"a": "1"}', True),
        (b"{\n}", False),
        (b"[]", False),
        (b"0", False),
        (b"admin", False),
        (b'{"a": "\xff"}', False),
        (b'{"a": "\t"}', False),
    ],
)
def test_php_finds_json_only_where_something_is(body, said):
    assert is_json(body) is said


def test_every_list_is_empty_in_the_same_way(panel):
    panel.do("v-add-user", "dora", "x", "dora@example.test")
    for name in ("mail-domains", "web-domains", "dns-domains", "databases", "cron-jobs"):
        assert post(panel, f"v-list-{name}", "dora", "json") == (200, "0", "{\n}", BROKEN)
        assert post(panel, f"v-list-{name}", "dora", "plain")[:3] == (204, "0", "")
        assert post(panel, f"v-list-{name}", "dora", "yaml")[:3] == (204, "0", "")
