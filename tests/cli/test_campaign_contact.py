"""`pmctl campaign contact`, against a stand-in Mautic over a socket."""

from __future__ import annotations

import json

import pytest

from tests.campaigns import in_two_lines, written
from tests.sandboxes import ask
from tests.shell import PMCTL, at_a_terminal


@pytest.fixture
def contact(pmctl, sandbox):
    """Run `pmctl campaign contact …`."""

    def run(*words, stdin=""):
        return pmctl("campaign", "contact", *words, stdin=stdin)

    return run


def seen(sandbox, key=1):
    """A contact as Mautic shows it."""
    return ask(sandbox, f"contacts/{key}")["contact"]


def lines(out):
    return [line.split("\t") for line in out.strip().splitlines()]


# list


def test_list_shows_everybody_by_id_over_all_pages(contact, sandbox):
    for n in range(450):
        sandbox.store.add_contact(f"p{n}@example.org")

    code, out, err = contact("list", "-o", "jsonl", "--columns", "id")

    ids = [json.loads(line)["id"] for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert ids == list(range(1, 455))


def test_list_takes_tag_segment_and_text_together(contact, sandbox):
    contacts = sandbox.store.contacts
    contacts[1].update(tags=["hot lead"], segments=[4])
    contacts[2].update(tags=["hot lead"])
    contacts[3].update(segments=[4])

    def ids(*words):
        code, out, _ = contact("list", *words, "--no-header", "--columns", "id")
        assert code == 0
        return out.split()

    assert ids("--tag", "hot lead") == ["1", "2"]
    assert ids("--segment", "customers") == ["1", "3"]
    assert ids("--tag", "hot lead", "--segment", "customers") == ["1"]
    assert ids("--search", "okafor", "--tag", "hot lead") == ["2"]
    assert ids("--search", "nobody") == []


def test_a_segment_that_is_not_there_is_an_error_not_an_empty_list(contact):
    code, out, err = contact("list", "--segment", "customer")

    assert (code, out) == (3, "")
    assert "did you mean customers?" in err


def test_list_says_that_it_was_cut(contact):
    code, out, err = contact("list", "--limit", "2")

    assert code == 0
    assert len(lines(out)) == 3
    assert err == "showing the first 2 contacts (--limit)\n"
    assert contact("list", "--limit", "4")[2] == ""


# show


def test_show_has_fields_tags_segments_campaigns_and_why_not_to_mail(contact, sandbox, pmctl, file):
    assert pmctl("campaign", "apply", file)[0] == 0
    sandbox.store.contacts[1].update(tags=["vip"], segments=[4])
    sandbox.store.contacts[1]["dnc"] = {"email": {"reason": 2, "comments": "550"}}
    sandbox.store.put_member(1, 1, manually=True)

    code, out, _ = contact("show", "ANA@example.com", "-o", "json")

    found = json.loads(out)
    assert code == 0
    assert (found["id"], found["fields"]["firstname"], found["tags"]) == (1, "Ana", ["vip"])
    assert found["segments"] == ["customers"]
    assert found["dnc"] == [{"channel": "email", "reason": "bounced", "comment": "550"}]
    (place,) = found["campaigns"]
    assert (place["name"], place["state"], place["by_hand"]) == ("Nudge", "member", True)
    assert json.loads(contact("show", "1", "-o", "json")[1]) == found


def test_show_reads_a_contact_of_every_shape_alike(contact, sandbox):
    sandbox.store.add_field("pm_plan", "select", values=["free", "pro"])
    assert contact("add", "new@example.org", "--field", "pm_plan=pro")[0] == 0

    found = json.loads(contact("show", "new@example.org", "-o", "json")[1])

    assert found["fields"]["pm_plan"] == "pro"


@pytest.mark.parametrize("name", ["nobody@example.org", "99"])
def test_nobody_is_not_found(contact, name):
    code, _, err = contact("show", name)

    assert code == 3
    assert in_two_lines(err) == f"Mautic has no contact {name}"


def test_two_contacts_with_one_email_are_told_apart_by_id_alone(contact, sandbox):
    twin = sandbox.store.add_contact("ana@example.com")

    code, _, err = contact("show", "ana@example.com")

    assert code == 5
    assert f"1 and {twin}" in err
    assert contact("show", str(twin))[0] == 0


def test_an_underscore_in_an_email_stands_for_itself(contact, sandbox):
    sandbox.store.add_contact("axb@example.org")

    assert contact("show", "a_b@example.org")[0] == 3


def test_names_with_control_characters_and_markup_do_not_reach_a_terminal_raw(sandbox, contact):
    sandbox.store.contacts[1]["values"].update(firstname="\x1b[31m[red]x[/red]", lastname="\x07")

    shown = at_a_terminal(*PMCTL, "campaign", "contact", "list", "--color", "never")

    assert "\\x1b[31m[red]x[/red]" in shown.replace("\n", "")
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "\x1b" not in contact("show", "1")[1]


# add


def test_add_makes_a_contact_with_fields_and_tags(contact, sandbox):
    code, out, _ = contact("add", "new@example.org", "--field", "city=Lima", "--tag", "vip")

    assert code == 0
    assert lines(out)[1] == ["new@example.org", "5", "created"]
    assert seen(sandbox, 5)["fields"]["all"]["city"] == "Lima"
    assert seen(sandbox, 5)["tags"][0]["tag"] == "vip"


def test_add_does_not_touch_one_that_exists_although_mautic_would_merge_it(contact, sandbox):
    code, _, err = contact("add", "ANA@example.com", "--field", "city=Lima")

    assert code == 5
    assert "already (1)" in in_two_lines(err)
    assert written(sandbox) == []
    code, out, _ = contact("add", "ANA@example.com", "--field", "city=Lima", "--if-not-exists")
    assert (code, lines(out)[1][1:]) == (0, ["1", "exists already"])
    assert written(sandbox) == []


def test_add_says_updated_when_somebody_was_faster(contact, sandbox, monkeypatch):
    from pmctl.clients.campaign_contact import Contacts
    from pmctl.errors import NotFound

    monkeypatch.setattr(Contacts, "looked_up", lambda *_: NotFound("nobody"))

    assert "updated" in contact("add", "ana@example.com")[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["no-address"], "'no-address' is no email address"),
        (["a@example.org", "--field", "town=x"], "Mautic has no contact field 'town'"),
        (["a@example.org", "--field", "city"], "--field 'city' is not ALIAS=VALUE"),
        (["a@example.org", "--field", "email=x"], "--field 'email=x' is not ALIAS=VALUE"),
        (["a@example.org", "--tag", "-"], "'-' is no tag"),
        (["a@example.org", "--field", "city=\x1b"], "city holds a control character (U+001B)"),
    ],
)
def test_a_wrong_contact_is_never_sent(contact, sandbox, words, said):
    code, _, err = contact("add", *words)

    assert (code, written(sandbox)) == (64, [])
    assert said in err


@pytest.mark.parametrize("how", ["500-stored", "cut-after", "html"])
def test_an_add_without_an_answer_is_looked_up_not_repeated(contact, sandbox, how):
    sandbox.fail(f"POST:/api/contacts/batch/new:1:{how}")

    code, out, _ = contact("add", "new@example.org")

    if how == "html":  # a page from something in between: Mautic has nothing
        assert code == 75
    else:
        assert (code, lines(out)[1]) == (0, ["new@example.org", "5", "created"])
    assert len(written(sandbox)) == 1


def test_a_dry_run_of_any_command_writes_nothing(contact, sandbox, pmctl, file):
    assert pmctl("campaign", "apply", file)[0] == 0
    sandbox.store.put_member(1, 2)
    sandbox.reset_requests()
    for words in (
        ["add", "new@example.org"],
        ["tag", "ana@example.com", "--add", "x"],
        ["edit", "ana@example.com", "--field", "city=Lima"],
        ["dnc", "add", "ana@example.com"],
        ["dnc", "remove", "ana@example.com"],
        ["delete", "ana@example.com"],
        ["enroll", "nudge", "ana@example.com"],
        ["remove", "nudge", "ben@example.com"],
    ):
        code, out, _ = contact(*words, "--dry-run")
        assert (code, "would" in out) == (0, True), words
    assert written(sandbox) == []


# tag


def test_tags_are_added_and_taken_away_and_the_rest_stays(contact, sandbox):
    sandbox.store.contacts[1]["tags"] = ["trial", "kept"]
    sandbox.store.contacts[1]["values"]["city"] = "Lima"

    code, out, _ = contact("tag", "ana@example.com", "2", "--add", "vip", "--remove", "trial")

    assert code == 0
    assert [row[2] for row in lines(out)[1:]] == ["+vip -trial", "+vip"]
    assert {tag["tag"] for tag in seen(sandbox)["tags"]} == {"vip", "kept"}
    assert seen(sandbox)["fields"]["all"]["city"] == "Lima"


def test_what_a_contact_has_already_is_not_sent(contact, sandbox):
    sandbox.store.contacts[1]["tags"] = ["vip"]

    assert contact("tag", "1", "--add", "vip", "--remove", "gone")[0] == 0

    assert written(sandbox) == []


def test_one_who_is_missing_does_not_stop_the_others_and_is_named(contact, sandbox):
    code, out, err = contact("tag", "nobody@example.org", "ana@example.com", "--add", "vip")

    assert code == 1
    assert "Mautic has no contact nobody@example.org" in out
    assert "1 contact of 2 failed: nobody@example.org" in err
    assert seen(sandbox)["tags"][0]["tag"] == "vip"


@pytest.mark.parametrize("words", [[], ["--add", "x", "--remove", "x"], ["--add", "a\x07"]])
def test_no_tag_or_a_wrong_one_is_wrong_usage(contact, sandbox, words):
    assert contact("tag", "ana@example.com", *words)[0] == 64
    assert sandbox.requests == []


@pytest.mark.parametrize("how", ["500-stored", "cut-after"])
def test_a_tag_without_an_answer_is_looked_up(contact, sandbox, how):
    sandbox.fail(f"PATCH:/api/contacts/1/edit:1:{how}")

    assert contact("tag", "1", "--add", "vip")[0] == 0
    assert len(written(sandbox)) == 1


def test_who_is_deleted_between_look_and_write_is_not_made_anew(contact, sandbox, monkeypatch):
    from pmctl.clients.campaign_contact import Contacts

    gone = {}
    look = Contacts.looked_up

    def late(client, name):
        found = look(client, name)
        gone.update(sandbox.store.contacts.pop(1))
        return found

    monkeypatch.setattr(Contacts, "looked_up", late)

    code, _, err = contact("tag", "ana@example.com", "--add", "vip")

    assert (code, gone["id"], 1 in sandbox.store.contacts) == (3, 1, False)
    assert "ana@example.com" in err


def test_emails_come_from_stdin_and_each_counts_once(contact, sandbox):
    emails = "ana@example.com\n\n  ben@example.com \nANA@example.com\n1\n"

    code, out, _ = contact("tag", "-", "--add", "vip", stdin=emails)

    assert code == 0
    assert [row[1] for row in lines(out)[1:]] == ["1", "2"]
    assert contact("tag", "-", "--add", "vip", stdin="\n")[0] == 64


# do not contact


def test_a_reason_is_a_word_and_one_that_is_overwritten_is_told_before(contact, sandbox):
    code, _, err = contact("dnc", "add", "ana@example.com", "--reason", "bounced",
                           "--comment", "550")  # fmt: skip
    assert (code, err) == (0, "")

    code, out, err = contact("dnc", "add", "ana@example.com", "--reason", "unsubscribed")

    assert code == 0
    assert "the reason bounced (550) is overwritten by unsubscribed" in err
    assert "blocked: unsubscribed (was bounced)" in out
    assert seen(sandbox)["doNotContact"][0]["reason"] == 1


def test_the_same_reason_again_is_not_sent(contact, sandbox):
    contact("dnc", "add", "1", "--reason", "bounced", "--comment", "550")
    sandbox.reset_requests()

    code, out, err = contact("dnc", "add", "1", "--reason", "bounced")

    assert (code, err, written(sandbox)) == (0, "", [])
    assert "is blocked already: bounced" in out
    assert seen(sandbox)["doNotContact"][0]["comments"] == "550"


def test_who_unsubscribed_is_mailed_again_only_when_somebody_agrees(contact, sandbox):
    contact("dnc", "add", "1", "--reason", "unsubscribed")
    sandbox.reset_requests()

    code, _, err = contact("dnc", "remove", "1")

    assert (code, written(sandbox)) == (64, [])
    assert "1 contact unsubscribed (ana@example.com)" in err
    assert contact("dnc", "remove", "1", "--yes")[0] == 0
    assert seen(sandbox)["doNotContact"] == []
    assert "is not blocked" in contact("dnc", "remove", "1")[1]


@pytest.mark.parametrize("how", ["500-stored", "cut-after"])
@pytest.mark.parametrize("command", ["add", "remove"])
def test_a_block_without_an_answer_is_looked_up(contact, sandbox, command, how):
    if command == "remove":
        contact("dnc", "add", "1")
    sandbox.reset_requests()
    sandbox.fail(f"POST:/api/contacts/1/dnc/email/{command}:1:{how}")

    assert contact("dnc", command, "1")[0] == 0
    assert len(written(sandbox)) == 1


# delete


def test_delete_asks_and_without_a_terminal_needs_yes(contact, sandbox):
    code, _, err = contact("delete", "ana@example.com")

    assert (code, written(sandbox)) == (64, [])
    assert "Delete 1 contact (ana@example.com) with their history?" in err
    code, out, _ = contact("delete", "ana@example.com", "2", "--yes")
    assert (code, out.count("deleted")) == (0, 2)
    assert sorted(sandbox.store.contacts) == [3, 4]


def test_who_is_gone_is_an_error_unless_it_does_not_matter(contact):
    assert contact("delete", "nobody@example.org", "--yes")[0] == 3
    assert contact("delete", "nobody@example.org", "--yes", "--if-exists")[0] == 0
    assert contact("delete", "x@example.org", "y@example.org", "--if-exists")[0] == 0
    code, out, _ = contact("delete", "nobody@example.org", "1", "--yes", "--if-exists")
    assert (code, len(lines(out))) == (0, 3)


@pytest.mark.parametrize("how", ["500-stored", "cut-after"])
def test_a_delete_without_an_answer_is_looked_up(contact, sandbox, how):
    sandbox.fail(f"DELETE:/api/contacts/1/delete:1:{how}")

    assert contact("delete", "1", "--yes")[0] == 0
    assert 1 not in sandbox.store.contacts
    assert len(written(sandbox)) == 1


def test_a_delete_that_did_not_happen_is_told(contact, sandbox):
    sandbox.fail("DELETE:/api/contacts/1/delete:1:500")

    code, _, err = contact("delete", "1", "--yes")

    assert code == 75
    assert "ana@example.com" in err
    assert 1 in sandbox.store.contacts


# campaigns


@pytest.fixture
def nudge(pmctl, file, sandbox):
    """A published campaign of two mails."""
    assert pmctl("campaign", "apply", file)[0] == 0
    sandbox.reset_requests()


@pytest.mark.usefixtures("nudge")
def test_a_contact_is_enrolled_once(contact, sandbox):
    code, out, err = contact("enroll", "nudge", "ana@example.com", "2")

    assert (code, err, out.count("enrolled")) == (0, "", 2)
    assert len(written(sandbox)) == 2
    assert "is a member already" in contact("enroll", "1", "ana@example.com")[1]
    assert len(written(sandbox)) == 2


@pytest.mark.usefixtures("nudge")
def test_who_was_removed_is_not_added_again_without_a_word(contact, sandbox):
    contact("enroll", "nudge", "ana@example.com")
    assert contact("remove", "nudge", "ana@example.com", "--yes")[0] == 0
    sandbox.reset_requests()

    code, _, err = contact("enroll", "nudge", "ana@example.com", "ben@example.com")

    assert (code, written(sandbox)) == (7, [])
    assert "1 contact would begin nudge anew and get its first mail again: ana@example.com" in err
    code, out, _ = contact("enroll", "nudge", "ana@example.com", "--again")
    assert code == 0
    assert "enrolled again: it starts with the first step" in out
    assert sandbox.store.member(1, 1)["rotation"] == "2"


@pytest.mark.usefixtures("nudge")
def test_a_history_without_a_membership_counts_as_having_been_there(contact, sandbox):
    event = sandbox.store.campaigns[1]["events"][0]["id"]
    sandbox.store.put_passed(event, 1)
    sandbox.store.members.clear()

    assert contact("enroll", "nudge", "ana@example.com")[0] == 7


@pytest.mark.usefixtures("nudge")
def test_removing_says_what_it_cancels_and_asks(contact, sandbox):
    first, second = (one["id"] for one in sandbox.store.campaigns[1]["events"][:2])
    sandbox.store.put_waiting(first, 1)
    sandbox.store.put_waiting(second, 1)
    sandbox.store.put_passed(first, 2)

    code, _, err = contact("remove", "nudge", "1", "2")
    assert code == 64
    assert "Remove 2 contacts from nudge? 2 scheduled steps will be cancelled." in err
    assert written(sandbox) == []

    code, out, _ = contact("remove", "nudge", "1", "2", "3", "--yes")

    assert code == 0
    assert "removed, 2 scheduled steps cancelled" in out
    assert "removed, 0 scheduled steps cancelled" in out
    assert "is no member" in out
    assert not any(row["is_scheduled"] == "1" for row in sandbox.store.log)


@pytest.mark.usefixtures("nudge")
@pytest.mark.parametrize("how", ["500-stored", "cut-after", "500", "cut-before"])
@pytest.mark.parametrize("command", ["enroll", "remove"])
def test_a_membership_without_an_answer_is_looked_up_not_repeated(contact, sandbox, command, how):
    what = "add" if command == "enroll" else "remove"
    if command == "remove":
        sandbox.store.put_member(1, 1)
    sandbox.fail(f"POST:/api/campaigns/1/contact/1/{what}:1:{how}")

    yes = ["--yes"] if command == "remove" else []
    code, _, _ = contact(command, "nudge", "1", *yes)

    assert code == (0 if how in ("500-stored", "cut-after") else 75)
    assert len(written(sandbox)) == 1


def test_a_campaign_that_sends_nothing_yet_is_told(contact, sandbox, pmctl, file):
    pmctl("campaign", "apply", file)
    pmctl("campaign", "unpublish", "nudge")

    code, _, err = contact("enroll", "nudge", "ana@example.com")

    assert code == 0
    assert "nudge is not published: nothing is sent until it is" in err
    assert contact("enroll", "nothing", "ana@example.com")[0] == 3


def test_every_write_is_in_the_audit_log(contact, pmctl):
    contact("tag", "ana@example.com", "--add", "vip")

    entries = json.loads(pmctl("config", "audit", "-o", "json")[1])

    assert entries[-1]["target"] == "PATCH contacts/1/edit"
    assert entries[-1]["outcome"] == "ok"


def test_without_permission_it_is_told_and_nothing_is_written(contact, sandbox):
    sandbox.access.forbidden = frozenset({"contacts"})

    assert contact("list")[0] == 4
    assert contact("tag", "ana@example.com", "--add", "x")[0] == 4
    assert written(sandbox) == []


@pytest.mark.parametrize("word", ["enroll", "remove"])
def test_an_address_before_the_campaign_is_told_apart_from_a_campaign(word, contact):
    code, out, err = contact(word, "ana@example.com", "welcome")

    assert (code, out) == (3, "")
    assert "hint: ana@example.com is an address: the campaign comes first" in err
