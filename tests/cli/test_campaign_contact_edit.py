"""`pmctl campaign contact edit`, against a stand-in Mautic over a socket."""

from __future__ import annotations

import pytest

from tests.campaigns import in_two_lines, written
from tests.sandboxes import ask


@pytest.fixture
def edit(pmctl, sandbox):
    """Run `pmctl campaign contact edit …`."""

    def run(*words, stdin=""):
        return pmctl("campaign", "contact", "edit", *words, stdin=stdin)

    return run


def fields(sandbox, key=1):
    return ask(sandbox, f"contacts/{key}")["contact"]["fields"]["all"]


def results(out):
    return [line.split("\t")[2] for line in out.strip().splitlines()[1:]]


def test_only_the_fields_that_are_named_change(edit, sandbox):
    sandbox.store.contacts[1]["values"].update(city="Lima", company="Acme")
    sandbox.store.contacts[1]["tags"] = ["vip"]
    before = fields(sandbox)

    code, out, _ = edit("ana@example.com", "--field", "city=Cusco", "--field", "company=")

    assert (code, results(out)) == (0, ["city=Cusco company="])
    after = fields(sandbox)
    assert (after["city"], after["company"] or "") == ("Cusco", "")
    same = {"city", "company"}
    assert {k: v for k, v in after.items() if k not in same} == {
        k: v for k, v in before.items() if k not in same
    }
    assert sandbox.store.contacts[1]["tags"] == ["vip"]


def test_what_a_contact_has_already_is_not_sent(edit, sandbox):
    sandbox.store.contacts[1]["values"]["city"] = "Lima"

    code, out, _ = edit("1", "2", "--field", "city=Lima")

    assert (code, results(out)) == (0, ["has them already", "city=Lima"])
    assert len(written(sandbox)) == 1


def test_several_from_stdin_and_one_who_is_missing_is_named(edit, sandbox):
    emails = "ana@example.com\nnobody@example.org\nBEN@example.com\n"

    code, _, err = edit("-", "--field", "company=Acme", stdin=emails)

    assert code == 1
    assert "nobody@example.org" in err
    assert [fields(sandbox, key)["company"] for key in (1, 2)] == ["Acme", "Acme"]


def test_an_address_changes_and_one_that_another_has_is_refused(edit, sandbox):
    assert edit("ana@example.com", "--email", "ana@example.org")[0] == 0
    assert fields(sandbox)["email"] == "ana@example.org"

    code, _, err = edit("ana@example.org", "--email", "ben@example.com")

    assert code != 0
    assert "must be unique" in in_two_lines(err)
    assert fields(sandbox)["email"] == "ana@example.org"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["1"], "no field to change"),
        (["1", "--field", "town=x"], "Mautic has no contact field 'town'"),
        (["1", "--field", "city"], "--field 'city' is not ALIAS=VALUE"),
        (["1", "--field", "email=x@example.org"], "is not ALIAS=VALUE"),
        (["1", "2", "--email", "x@example.org"], "--email is for one contact"),
        (["-", "--email", "x@example.org"], "--email is for one contact"),
        (["1", "--email", "nowhere"], "'nowhere' is no email address"),
        (["1", "--field", "city=\x1b"], "city holds a control character (U+001B)"),
        (["1", "--field", "city=" + "x" * 192], "city has 192 characters, 191 fit"),
    ],
)
def test_wrong_words_send_nothing(edit, sandbox, words, said):
    code, _, err = edit(*words)

    assert (code, written(sandbox)) == (64, [])
    assert said in err


@pytest.mark.parametrize("how", ["500-stored", "cut-after"])
def test_an_edit_without_an_answer_is_looked_up_not_repeated(edit, sandbox, how):
    sandbox.fail(f"PATCH:/api/contacts/1/edit:1:{how}")

    code, out, _ = edit("1", "--field", "city=Lima")

    assert (code, results(out)) == (0, ["city=Lima"])
    assert len(written(sandbox)) == 1


def test_an_edit_that_did_not_happen_is_told(edit, sandbox):
    sandbox.fail("PATCH:/api/contacts/1/edit:1:cut-before")

    code, _, err = edit("1", "--field", "city=Lima")

    assert code == 75
    assert "ana@example.com" in in_two_lines(err)
    assert fields(sandbox)["city"] in (None, "")


def test_a_value_that_mautic_did_not_take_is_a_failure(edit, sandbox, monkeypatch):
    from pmctl.sandbox import people

    write = people._write

    def without_city(store, contact, given):
        write(store, contact, {k: v for k, v in given.items() if k != "city"})

    monkeypatch.setattr(people, "_write", without_city)

    code, out, err = edit("1", "--field", "city=Lima", "--field", "company=Acme")

    assert (code, results(out)) == (1, ["Mautic did not take city"])
    assert "ana@example.com" in err


def test_a_dry_run_says_what_would_change_and_sends_nothing(edit, sandbox):
    sandbox.store.contacts[2]["values"]["city"] = "Lima"

    code, out, _ = edit("1", "2", "--field", "city=Lima", "--dry-run")

    assert (code, results(out)) == (0, ["would get city=Lima", "has them already"])
    assert written(sandbox) == []


def test_the_edit_is_in_the_audit_log(edit, pmctl):
    edit("1", "--field", "city=Lima")

    assert "PATCH contacts/1/edit\tok" in pmctl("config", "audit")[1]
