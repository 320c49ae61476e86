"""Ways in and arguments of the stand-in HestiaCP that no recording has."""

from __future__ import annotations

import json

import pytest

from pmctl.sandbox.hestia_sandbox import API_HASH
from pmctl.sandbox.hestia_store import Key
from tests.sandbox.test_hestia import post, send

OF_ALICE = "KeyOfAlice0123456789"


@pytest.fixture
def limited(panel):
    """A key of alice for her mailboxes."""
    panel.store.keys[OF_ALICE] = Key(OF_ALICE * 2, "alice", ("mail-accounts",))
    return {"access_key": OF_ALICE, "secret_key": OF_ALICE * 2}


def form(panel, rest: str) -> bytes:
    return f"access_key={panel.access_key}&secret_key={panel.secret_key}&{rest}".encode()


def test_a_malformed_secret_is_not_compared(panel):
    got = post(
        panel, "v-list-users", access_key=panel.access_key, secret_key=f"{panel.secret_key}!"
    )
    assert got[:3] == (401, "9", "Error: invalid secret_access_key format")


def test_the_last_of_equal_arguments_counts_and_gaps_close(panel):
    got = send(panel, form(panel, "cmd=v-list-user&arg1=bob&arg1=alice&arg4=json"))
    assert list(json.loads(got.body)) == ["alice"]


def test_a_list_or_a_nul_byte_where_a_text_must_be_breaks_php(panel):
    for rest in ("cmd=v-list-user&arg1[]=bob", "cmd=v-list-user&arg1=b%00ob"):
        got = send(panel, form(panel, rest))
        assert (got.status, got.code) == (500, None)
        assert "Internal Server Error" in got.body
    body = {"access_key": panel.access_key, "secret_key": panel.secret_key,
            "cmd": "v-list-user", "arg1": ["bob"]}  # fmt: skip
    assert send(panel, json.dumps(body).encode(), "application/json").status == 500


def test_letters_need_no_percent_signs(panel):
    got = send(panel, form(panel, "cmd=v-change-user-name&arg1=bob&arg2=Bücher"))
    assert got.code == "0"
    assert panel.store.users["bob"].conf["NAME"] == "Bücher"


def test_nul_bytes_around_an_argument_are_trimmed(panel):
    assert send(panel, form(panel, "cmd=v-list-user&arg1=bob%00&arg2=json")).status == 200


def test_a_form_in_parts_is_read_too(panel):
    fields = {"access_key": panel.access_key, "secret_key": panel.secret_key,
              "cmd": "v-list-users", "arg1": "list"}  # fmt: skip
    parts = "".join(
        f'--cut\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    got = send(panel, f"{parts}--cut--\r\n".encode(), "multipart/form-data; boundary=cut")
    assert got[:3] == (200, "0", "admin\nalice\nbob\ncarol")


def test_a_key_and_secret_in_the_hash_are_a_key_and_nothing_else_is(panel):
    right = f"{panel.access_key}:{panel.secret_key}"
    assert post(panel, "v-list-users", "list", hash=right).code == "0"
    assert post(panel, "v-list-users", "list", hash=f"{right}:")[:2] == (401, "9")
    assert post(panel, "v-list-users", "list", hash=API_HASH)[:2] == (200, None)


def test_a_key_of_a_user_is_for_their_things_and_the_commands_of_its_profile(panel, limited):
    assert post(panel, "v-list-mail-domains", "alice", "json", **limited).code == "0"
    assert post(panel, "v-list-mail-domains", "bob", "json", **limited)[:3] == (
        401, "10",
        f'Error: Key {OF_ALICE} - the "user" argument doesn\\\'t match the key\\\'s user',
    )  # fmt: skip
    for command in ("v-list-user", "v-make-tmp-file", "v-add-mail-domain"):
        said = f"Error: Key {OF_ALICE} don't have permission to run the command {command}"
        assert post(panel, command, "alice", **limited)[:3] == (401, "10", said)
    assert panel.store.files == {}


def test_a_key_without_a_profile_is_the_administrators_alone(panel):
    panel.store.keys[OF_ALICE] = Key(OF_ALICE * 2, "alice")
    got = post(panel, "v-list-user", "alice", access_key=OF_ALICE, secret_key=OF_ALICE * 2)
    assert got[:2] == (401, "10")


def test_refused_logins_are_counted_as_fail2ban_does(panel):
    post(panel, "v-list-users", access_key=panel.access_key, secret_key="x" * 40)
    post(panel, "v-no-such-command")
    post(panel, "v-list-users", user="admin", password="wrong")
    post(panel, "v-list-users", "json")
    post(panel, "v-list-user", "nobody")
    assert panel.access.refused == 3


def test_what_is_no_address_of_the_api_is_a_page(panel):
    assert send(panel, b"", path="/login/").status == 404
    assert send(panel, b"", path="/api").status == 301
    assert send(panel, b"", path="/api/", method="PUT").status == 405
    assert send(panel, form(panel, "cmd=v-list-users"), path="/api/index.php").code == "0"


def test_more_than_the_system_takes_in_one_line_is_never_started(panel):
    got = post(panel, "v-change-user-name", "bob", "L" * 131_072)
    assert got[:3] == (204, "-1", "")
    assert panel.store.users["bob"].conf["NAME"] == "Bob Builder"
