"""What the stand-in HestiaCP does with its users, domains and databases."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmctl.sandbox.hestia_commands import ExitError
from pmctl.sandbox.hestia_people import settle
from pmctl.sandbox.hestia_sandbox import HestiaSandbox
from tests.sandbox.test_hestia import post


def refused(panel: HestiaSandbox, command: str, *args: str) -> tuple[int, str]:
    """The exit code and the words of a command that must fail."""
    with pytest.raises(ExitError) as caught:
        panel.do(command, *args)
    return caught.value.code, caught.value.text


def test_a_suspended_user_has_everything_suspended_and_takes_no_changes(panel):
    panel.do("v-suspend-user", "alice")

    alice = panel.store.users["alice"]
    assert {domain.conf["SUSPENDED"] for domain in alice.mail.values()} == {"yes"}
    assert alice.db["alice_shop"]["SUSPENDED"] == "yes"
    assert alice.conf["SUSPENDED_MAIL"] == "2"
    assert panel.store.users["admin"].conf["SUSPENDED_USERS"] == "1"
    assert refused(panel, "v-add-mail-account", "alice", "shop.test", "new", "x") == (
        5, "Error: user alice is suspended"
    )  # fmt: skip
    panel.do("v-unsuspend-user", "alice")
    assert {domain.conf["SUSPENDED"] for domain in alice.mail.values()} == {"no"}
    assert alice.conf["SUSPENDED_MAIL"] == "0"


def test_a_domain_is_made_in_parts_and_what_was_made_stays(panel):
    panel.do("v-add-mail-domain", "bob", "mail.new.test")

    code, words = refused(panel, "v-add-domain", "bob", "new.test")

    assert code == 4
    assert words.split("\n") == [
        'Error: Required subdomain "mail.new.test" already exists',
        "Error: can't add mail domain",
    ]
    bob = panel.store.users["bob"]
    assert ("new.test" in bob.web, "new.test" in bob.dns, "new.test" in bob.mail) == (
        True, True, False
    )  # fmt: skip


def test_the_mail_part_is_left_out_silently_when_the_package_is_full(panel):
    assert panel.do("v-add-domain", "carol", "second.test") == ""

    carol = panel.store.users["carol"]
    assert list(carol.web) == ["second.test"]
    assert list(carol.mail) == ["little.test"]


def test_a_domain_of_somebody_else_is_not_there(panel):
    assert refused(panel, "v-delete-mail-domain", "bob", "shop.test") == (
        3, "Error: mail domain shop.test doesn't exist"
    )  # fmt: skip
    assert refused(panel, "v-add-mail-domain", "bob", "shop.test")[0] == 4


def test_a_domain_that_is_wholly_suspended_does_not_exist_for_the_next_one(panel):
    panel.do("v-suspend-domain", "bob", "builder.test")
    assert refused(panel, "v-suspend-domain", "bob", "builder.test")[0] == 3
    panel.do("v-unsuspend-mail-domain", "bob", "builder.test")
    assert panel.do("v-unsuspend-domain", "bob", "builder.test") == ""


@pytest.mark.parametrize(
    ("noun", "name", "counter"),
    [
        ("web-domain", "example.test", "WEB"),
        ("dns-domain", "example.test", "DNS"),
        ("mail-domain", "example.test", "MAIL"),
        ("database", "alice_shop", "DB"),
    ],
)
def test_what_goes_while_it_is_suspended_is_no_longer_counted(panel, noun, name, counter):
    conf = panel.store.users["alice"].conf
    panel.do(f"v-suspend-{noun}", "alice", name)
    assert conf[f"SUSPENDED_{counter}"] == "1"
    panel.do(f"v-delete-{noun}", "alice", name)
    assert conf[f"SUSPENDED_{counter}"] == "0"


def test_a_signed_mail_domain_has_its_key_in_the_zone_until_it_goes(panel):
    zone = panel.store.users["bob"].dns["builder.test"]

    def keys() -> int:
        return sum(row["RECORD"] == "mail._domainkey" for row in zone.records.values())

    assert (keys(), len(zone.records), zone.conf["RECORDS"]) == (1, 16, "16")
    panel.do("v-delete-mail-domain", "bob", "builder.test")
    assert (keys(), zone.conf["RECORDS"]) == (0, "15")
    assert panel.store.users["bob"].conf["U_DNS_RECORDS"] == "15"


def test_the_last_record_of_a_kind_stays(panel):
    for number in ("9", "1"):
        panel.do("v-delete-dns-record", "bob", "builder.test", number)
    assert refused(panel, "v-delete-dns-record", "bob", "builder.test", "2") == (
        2, "Error: at least one NS record should remain active"
    )  # fmt: skip


def test_certificates_can_be_had_when_the_switch_says_so(panel):
    assert refused(panel, "v-add-letsencrypt-domain", "bob", "builder.test")[0] == 15
    panel.store.letsencrypt = True

    panel.do("v-add-letsencrypt-domain", "bob", "builder.test", "www.builder.test")
    panel.do("v-add-letsencrypt-domain", "bob", "builder.test", "", "yes")

    bob = panel.store.users["bob"]
    assert bob.web["builder.test"]["SSL"] == bob.mail["builder.test"].conf["SSL"] == "yes"
    assert bob.conf["U_WEB_SSL"] == "1"
    panel.do("v-delete-letsencrypt-domain", "bob", "builder.test")
    assert bob.conf["U_WEB_SSL"] == "0"


def test_a_package_must_cover_what_is_used_unless_forced(panel):
    panel.do("v-add-database", "bob", "one", "one", "x")

    assert refused(panel, "v-change-user-package", "bob", "small") == (
        8, "Error: Package doesn't cover DATABASE usage"
    )  # fmt: skip
    panel.do("v-change-user-package", "bob", "small", "yes")
    assert refused(panel, "v-add-mail-account", "bob", "builder.test", "third", "x") == (
        8, "Error: MAIL_ACCOUNTS limit is reached :: upgrade user package"
    )  # fmt: skip


def test_a_password_is_a_file_only_where_there_is_one(panel):
    post(panel, "v-make-tmp-file", "first line\nsecond", "../odd/name")
    for given_one, kept in (
        ("/tmp/name", "first line"),
        ("/tmp/other", "/tmp/other"),
        ("/tmp/../tmp/name", "/tmp/../tmp/name"),
    ):
        panel.do("v-change-mail-account-password", "bob", "builder.test", "bob", given_one)
        assert panel.store.account("bob@builder.test")["password"] == kept


def test_each_command_has_its_own_slowness(monkeypatch):
    waited: list[float] = []
    with HestiaSandbox(latency_ms=40, slow={"v-add-domain": 9000}) as panel:
        settle(panel.store)
        monkeypatch.setattr(panel.stopping, "wait", waited.append)
        post(panel, "v-add-domain", "bob", "slow.test")
        post(panel, "v-list-users", "json")
    assert waited == [9.04, 0.04]


NAMES = st.sampled_from(["a.test", "b.test", "mail.a.test", "builder.test"])
LOCALS = st.sampled_from(["ana", "ben", "bob"])
STEPS = st.one_of(
    st.tuples(st.sampled_from([
        "v-add-domain", "v-delete-domain", "v-suspend-domain", "v-unsuspend-domain",
        "v-add-mail-domain", "v-delete-mail-domain", "v-suspend-mail-domain",
        "v-unsuspend-mail-domain", "v-add-web-domain", "v-delete-web-domain",
        "v-delete-dns-domain", "v-add-mail-domain-dkim", "v-delete-mail-domain-dkim",
        "v-add-letsencrypt-domain", "v-suspend-web-domain",
    ]), st.just("bob"), NAMES),
    st.tuples(st.just("v-add-mail-account"), st.just("bob"), NAMES, LOCALS, st.just("x")),
    st.tuples(st.just("v-delete-mail-account"), st.just("bob"), NAMES, LOCALS),
    st.tuples(st.just("v-add-database"), st.just("bob"), LOCALS, LOCALS, st.just("x")),
    st.tuples(st.sampled_from(["v-delete-database", "v-suspend-database"]), st.just("bob"),
              LOCALS.map("bob_{}".format)),
    st.tuples(st.just("v-add-dns-record"), st.just("bob"), NAMES, st.just("www"), st.just("A"),
              st.just("192.0.2.7")),
    st.tuples(st.just("v-delete-dns-record"), st.just("bob"), NAMES,
              st.integers(1, 20).map(str)),
    st.tuples(st.sampled_from(["v-suspend-user", "v-unsuspend-user"]), st.just("bob")),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_one_after_another_the_counters_are_right(steps):
    panel = HestiaSandbox()
    panel.store.letsencrypt = True
    settle(panel.store)
    for step in steps:
        with suppress(ExitError):
            panel.do(*step)

    bob = panel.store.users["bob"]
    mail, zones, web = bob.mail.values(), bob.dns.values(), bob.web.values()
    assert {key: int(bob.conf[key]) for key in bob.conf if key.startswith(("U_M", "U_DNS"))} == {
        "U_MAIL_DOMAINS": len(bob.mail),
        "U_MAIL_DKIM": sum(one.conf["DKIM"] == "yes" for one in mail),
        "U_MAIL_ACCOUNTS": sum(len(one.accounts) for one in mail),
        "U_DNS_DOMAINS": len(bob.dns),
        "U_DNS_RECORDS": sum(len(zone.records) for zone in zones),
    }
    assert all(zone.conf["RECORDS"] == str(len(zone.records)) for zone in zones)
    assert all(one.conf["ACCOUNTS"] == str(len(one.accounts)) for one in mail)
    assert int(bob.conf["U_WEB_DOMAINS"]) == len(bob.web)
    assert int(bob.conf["U_WEB_SSL"]) == sum(row["SSL"] == "yes" for row in web)
    assert int(bob.conf["U_DATABASES"]) == len(bob.db)
    halted = {"MAIL": [one.conf for one in mail], "WEB": list(web),
              "DNS": [one.conf for one in zones], "DB": list(bob.db.values())}  # fmt: skip
    for key, rows in halted.items():
        assert int(bob.conf[f"SUSPENDED_{key}"]) == sum(row["SUSPENDED"] == "yes" for row in rows)
