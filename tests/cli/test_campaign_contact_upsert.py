"""`pmctl campaign contact upsert`: files of contacts, cut and resumed, against a stand-in."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmctl.clients import campaign_contact_batch, campaign_contact_upsert
from pmctl.main import main
from pmctl.sandbox.server import MauticSandbox
from tests.campaigns import written
from tests.shell import PMCTL, at_a_terminal, environment

BATCH = "POST /api/contacts/batch/new"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    """Batches that fail are sent again at once."""
    monkeypatch.setattr(campaign_contact_upsert, "PAUSES", (0, 0))


@pytest.fixture
def small(monkeypatch):
    """Batches of three rows."""
    monkeypatch.setattr(campaign_contact_batch, "MOST", 3)


@pytest.fixture
def people(tmp_path):
    """Write a file: `people("email\\n…")`, or so many rows of somebody."""

    def write(text, name="people.csv"):
        if isinstance(text, int):
            text = "email,city\n" + "".join(f"p{n}@example.org,City {n}\n" for n in range(text))
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.fixture
def upsert(pmctl, sandbox):
    """Run `pmctl campaign contact upsert …`."""

    def run(*words, stdin=""):
        return pmctl("campaign", "contact", "upsert", *words, stdin=stdin)

    return run


def cities(sandbox):
    """Email -> city of everybody who came from a file."""
    return {
        contact["email"]: contact["values"].get("city")
        for contact in sandbox.store.contacts.values()
        if contact["email"].endswith("@example.org")
    }


def expected(count):
    return {f"p{n}@example.org": f"City {n}" for n in range(count)}


def rows(out):
    return [json.loads(line) for line in out.splitlines()]


def test_a_row_each_says_what_became_of_it(upsert, sandbox, people):
    path = people("email,firstname,tags\nnew@example.org,New,vip\nANA@example.com,,x|y\n")

    code, out, err = upsert(path, "-o", "jsonl")

    assert code == 0
    assert rows(out) == [
        {"line": 2, "email": "new@example.org", "id": 5, "outcome": "created", "reason": ""},
        {"line": 3, "email": "ANA@example.com", "id": 1, "outcome": "updated", "reason": ""},
    ]
    assert "2 contacts: 1 created, 1 updated" in err
    assert sandbox.store.contacts[1]["tags"] == ["x", "y"]


def test_an_empty_cell_empties_nothing_unless_it_is_asked_for(upsert, sandbox, people):
    values = sandbox.store.contacts[1]["values"]
    values.update(city="Lima", firstname="Ana")
    path = people("email,firstname,city\nana@example.com,,\n")

    assert upsert(path)[0] == 0
    assert sandbox.store.contacts[1]["values"]["city"] == "Lima"

    assert upsert(path, "--blank")[0] == 0
    assert not sandbox.store.contacts[1]["values"]["city"]
    assert not sandbox.store.contacts[1]["values"]["firstname"]


def test_what_the_file_does_not_name_stays_and_put_is_never_used(upsert, sandbox, people):
    sandbox.store.contacts[1].update(tags=["kept", "trial"])
    sandbox.store.contacts[1]["values"]["city"] = "Lima"

    upsert(people('email,tags\nana@example.com,"vip,-trial"\n'))

    assert sandbox.store.contacts[1]["values"]["city"] == "Lima"
    assert sandbox.store.contacts[1]["tags"] == ["kept", "vip"]
    assert written(sandbox) == [BATCH]


def test_rows_go_in_batches_of_200_side_by_side(upsert, sandbox, people):
    sandbox.latency_ms = 30

    code, _, _ = upsert(people(1001))

    assert code == 0
    assert written(sandbox) == [BATCH] * 6
    assert 2 <= sandbox.most_at_once <= 4
    assert cities(sandbox) == expected(1001)


def test_one_batch_at_a_time_when_that_is_asked_for(upsert, sandbox, people, small):
    sandbox.latency_ms = 5

    assert upsert(people(10), "--concurrency", "1")[0] == 0
    assert sandbox.most_at_once == 1


def test_one_mistake_and_nothing_is_sent(upsert, sandbox, people):
    path = people("email,city\na@example.org,x\nbad,y\nA@Example.org,z\n")

    code, out, err = upsert(path)

    assert (code, out, written(sandbox)) == (65, "", [])
    assert f"{path}:3:1: 'bad' is no email address" in err
    assert f"{path}:4:1: A@Example.org is in line 2 already" in err
    assert "2 problems" in err


def test_a_file_full_of_mistakes_shows_the_first_and_counts_the_rest(upsert, people):
    code, _, err = upsert(people("email\n" + "bad\n" * 250))

    assert code == 65
    assert err.count("is no email address") == 100
    assert "150 more problems" in err


def test_a_field_that_mautic_would_lose_without_a_word_is_a_mistake(upsert, sandbox, people):
    code, _, err = upsert(people("email,pm_stage\na@example.org,trial\n"))
    assert code == 65
    assert "Mautic has no contact field 'pm_stage'" in err

    sandbox.store.add_field("pm_stage")

    assert upsert(people("email,pm_stage\na@example.org,trial\n"))[0] == 0
    assert sandbox.store.contacts[5]["values"]["pm_stage"] == "trial"


@pytest.mark.parametrize("how", ["403", "404", "500"])
def test_without_the_listing_of_fields_it_goes_on_and_says_so(upsert, sandbox, people, how):
    sandbox.fail(f"GET:/api/fields/contact:*:{how}")

    code, _, err = upsert(people("email,town\na@example.org,Lima\n"))

    assert code == 0
    assert "contact fields cannot be read" in err


def test_who_is_refused_is_named_and_the_others_are_stored(upsert, sandbox, people, monkeypatch):
    from pmctl.sandbox import people as stand_in
    from pmctl.sandbox.answers import invalid

    check = stand_in._check

    def picky(given):
        if given.get("city") == "City 4":
            raise invalid({"city": "City 4 is \x1b[31m invalid."})
        check(given)

    monkeypatch.setattr(stand_in, "_check", picky)

    code, out, err = upsert(people(7))

    assert code == 1
    (row,) = [line.split("\t") for line in out.splitlines()[1:]]
    assert row == ["6", "p4@example.org", "", "refused", "city: City 4 is \\x1b[31m invalid."]
    assert "1 of 7 contacts failed" in err
    assert len(cities(sandbox)) == 6


def test_jsonl_and_stdin_are_read(upsert, sandbox, people):
    line = json.dumps({"email": "p0@example.org", "city": "City 0"}) + "\n"

    assert upsert(people(line, "people.jsonl"))[0] == 0
    assert cities(sandbox) == expected(1)
    assert upsert("-", stdin=line.replace("p0", "p1").replace("City 0", "City 1"))[0] == 0
    assert upsert("-", stdin="email,city\np2@example.org,City 2\n")[0] == 0
    assert cities(sandbox) == expected(3)


@pytest.mark.parametrize("text", ["email,city\n", "\n", ""])
def test_a_file_without_rows_never_makes_the_empty_contact_of_an_empty_request(
    upsert, sandbox, people, text
):
    code, _, _ = upsert(people(text))

    assert code == (0 if "email" in text else 65)
    assert written(sandbox) == []


def test_a_dry_run_checks_and_sends_nothing(upsert, sandbox, people):
    code, out, err = upsert(people(5), "--dry-run")

    assert (code, out, written(sandbox)) == (0, "", [])
    assert "5 contacts would be sent" in err
    assert upsert(people("email\nbad\n"), "--dry-run")[0] == 65


@pytest.mark.parametrize("name", ["outcome.csv", "outcome.jsonl"])
def test_results_go_to_a_file(upsert, people, tmp_path, name):
    target = tmp_path / name

    code, out, _ = upsert(people(3), "--results", target)

    assert (code, out) == (0, "")
    text = target.read_text()
    found = rows(text) if name.endswith("jsonl") else list(csv.DictReader(io.StringIO(text)))
    assert [(str(one["line"]), one["outcome"]) for one in found] == [
        ("2", "created"), ("3", "created"), ("4", "created")
    ]  # fmt: skip


def test_results_never_take_the_place_of_the_file(upsert, sandbox, people, tmp_path):
    path = people(3)

    assert upsert(path, "--results", path)[0] == 64
    assert upsert(path, "--results", tmp_path / "x.txt")[0] == 64
    assert upsert(path, "--results", tmp_path / "none" / "x.csv")[0] == 1
    assert written(sandbox) == []
    assert path.read_text().startswith("email")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda tmp: tmp / "none.csv", "cannot be read"),
        (lambda tmp: tmp, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(upsert, sandbox, tmp_path, make, said):
    code, _, err = upsert(make(tmp_path))

    assert (code, written(sandbox)) == (65, [])
    assert said in err


def test_a_file_of_one_endless_line_is_refused_not_swallowed(upsert, people):
    code, _, err = upsert(people("email\n" + "x" * 2_000_000))

    assert code == 65
    assert ":2:1: a line of more than 1 MiB" in err


# failures


@pytest.mark.parametrize(
    "how", ["500", "500-stored", "cut-before", "cut-after", "cut-at-300", "html"]
)
def test_a_batch_that_fails_is_sent_again_and_nobody_is_there_twice(
    upsert, sandbox, people, small, how
):
    sandbox.fail(f"POST:/api/contacts/batch/new:2:{how}")

    code, out, _ = upsert(people(10), "-o", "jsonl", "--concurrency", "1")

    assert code == 0
    assert cities(sandbox) == expected(10)
    assert len(sandbox.store.contacts) == 14
    assert written(sandbox) == [BATCH] * 5
    lost = [one for one in rows(out) if one["reason"]]
    stored = how in ("500-stored", "cut-after", "cut-at-300")
    assert [one["line"] for one in lost] == ([5, 6, 7] if stored else [])
    assert all("may be a new contact" in one["reason"] for one in lost)


def test_a_row_that_mautic_always_fails_at_is_found_and_the_rest_is_stored(
    upsert, sandbox, people, monkeypatch
):
    from pmctl.sandbox import people as stand_in
    from pmctl.sandbox.answers import Answer, crash

    create = stand_in.create

    def breaks(store, given) -> Answer:
        if given.get("city") == "City 77":
            raise TypeError  # as Mautic: the whole request is a 500
        return create(store, given)

    monkeypatch.setattr(stand_in, "create", breaks)
    assert crash(500)

    code, out, _ = upsert(people(200), "--concurrency", "1")

    assert code == 1
    (row,) = [line.split("\t") for line in out.splitlines()[1:]]
    assert (row[1], row[3]) == ("p77@example.org", "unknown")
    assert len(cities(sandbox)) == 199
    assert len(written(sandbox)) < 24


def test_a_mautic_that_is_broken_ends_it_with_what_was_done(upsert, sandbox, people, small):
    for n in range(3, 40):
        sandbox.fail(f"POST:/api/contacts/batch/new:{n}:500")

    code, out, err = upsert(people(12), "-o", "jsonl", "--concurrency", "1")

    assert code == 75
    assert [one["outcome"] for one in rows(out)][:6] == ["created"] * 6
    assert {one["outcome"] for one in rows(out)[6:]} <= {"unknown"}
    assert "run it again with --resume" in err


def test_a_mautic_that_is_away_ends_it_and_the_rest_is_sent_later(upsert, sandbox, people, small):
    for n in range(3, 6):
        sandbox.fail(f"POST:/api/contacts/batch/new:{n}:cut-before")
    path = people(12)

    code, out, err = upsert(path, "-o", "jsonl", "--concurrency", "1")

    assert code == 75
    assert [one["outcome"] for one in rows(out)] == ["created"] * 6 + ["unknown"] * 3
    assert "stopped after 9 of 12" in err
    assert cities(sandbox) == expected(6)
    sandbox.reset_requests()

    code, out, err = upsert(path, "-o", "jsonl", "--resume")

    assert code == 0
    assert written(sandbox) == [BATCH] * 2
    assert [one["outcome"] for one in rows(out)] == ["created"] * 12
    assert "done in an earlier run: 2 of its batches" in err
    assert cities(sandbox) == expected(12)


def test_a_login_that_is_refused_in_the_middle_keeps_its_exit_code(upsert, sandbox, people, small):
    sandbox.fail("POST:/api/contacts/batch/new:2:403")

    code, _, err = upsert(people(9), "--concurrency", "1")

    assert code == 4
    assert "stopped after 3 of 9" in err


def test_a_finished_file_is_not_sent_again_with_resume_and_its_rows_are_told(
    upsert, sandbox, people
):
    path = people(5)
    first = upsert(path, "-o", "jsonl")[1]
    sandbox.reset_requests()

    code, out, _ = upsert(path, "-o", "jsonl", "--resume")

    assert (code, out, written(sandbox)) == (0, first, [])


def test_without_resume_it_begins_anew(upsert, sandbox, people):
    path = people(5)
    upsert(path)
    sandbox.reset_requests()

    code, _, err = upsert(path)

    assert (code, written(sandbox)) == (0, [BATCH])
    assert "this file was sent before" in err


def test_a_file_with_other_content_or_another_mautic_is_another_upload(upsert, sandbox, people):
    upsert(people(5))
    sandbox.reset_requests()

    upsert(people(6), "--resume")
    assert written(sandbox) == [BATCH]
    upsert(people(6), "--resume", "--blank")
    assert written(sandbox) == [BATCH] * 2


def test_another_mautic_is_not_taken_for_the_first(upsert, people, pmctl, monkeypatch):
    from tests.sandboxes import use

    path = people(5)
    upsert(path)
    with MauticSandbox() as other:
        use(other, monkeypatch)
        assert pmctl("campaign", "contact", "upsert", path, "--resume")[0] == 0
        assert cities(other) == expected(5)


def test_rows_that_are_unknown_are_sent_again_with_resume(upsert, sandbox, people, monkeypatch):
    from pmctl.sandbox import people_batch

    path = people(3)
    create = people_batch.create

    def silent(store, given):
        answer = create(store, given)
        answer.body["statusCodes"] = []
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(people_batch, "create", silent)
        code, out, _ = upsert(path, "-o", "jsonl")
    assert (code, {one["outcome"] for one in rows(out)}) == (1, {"unknown"})

    code, out, _ = upsert(path, "-o", "jsonl", "--resume")

    assert (code, {one["outcome"] for one in rows(out)}) == (0, {"updated"})


def test_two_at_once_with_one_file_are_refused(upsert, sandbox, people, home):
    import fcntl

    path = people(3)
    upsert(path)
    (notes,) = (home / ".local/state/pmctl/contacts").iterdir()
    with notes.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        code, _, err = upsert(path)

    assert code == 5
    assert "being sent by another pmctl" in err


def test_the_notes_are_ours_alone_and_hold_no_email(upsert, people, home):
    upsert(people(3))

    (notes,) = (home / ".local/state/pmctl/contacts").iterdir()
    assert notes.stat().st_mode & 0o777 == 0o600
    assert "example.org" not in notes.read_text()


def test_notes_that_nobody_will_go_on_with_are_deleted(upsert, people, home):
    upsert(people(3))
    folder = home / ".local/state/pmctl/contacts"
    (old,) = folder.iterdir()
    os.utime(old, (0, 0))

    upsert(people(4))

    assert old not in list(folder.iterdir())
    assert len(list(folder.iterdir())) == 1


def test_a_batch_may_take_longer_than_another_call(pmctl, sandbox, people):
    sandbox.fail("POST:/api/contacts/batch/new:1:slow-0.6")

    code, _, _ = pmctl("campaign", "contact", "upsert", people(3), "--timeout", "0.3")

    assert code == 0
    assert written(sandbox) == [BATCH]


def test_without_a_place_for_notes_nothing_is_sent(upsert, sandbox, people, home):
    (home / ".local/state/pmctl").mkdir(parents=True)
    (home / ".local/state/pmctl/contacts").write_text("in the way")

    code, _, err = upsert(people(3))

    assert (code, written(sandbox)) == (1, [])
    assert "nothing was sent" in err


@pytest.mark.parametrize(
    "torn", [b"\x00\xff", b'{"batch":0,"state":"done","rows":[["crea', b"[]\n", b"{}\n"]
)
def test_notes_that_were_torn_by_a_crash_are_no_harm(upsert, sandbox, people, home, small, torn):
    path = people(6)
    upsert(path)
    (notes,) = (home / ".local/state/pmctl/contacts").iterdir()
    whole = notes.read_bytes().splitlines(keepends=True)
    notes.write_bytes(b"".join(line for line in whole if b'"batch":0' in line) + torn)
    sandbox.reset_requests()

    assert upsert(path, "--resume")[0] == 0
    assert written(sandbox) == [BATCH]
    sandbox.reset_requests()
    assert upsert(path, "--resume")[0] == 0
    assert written(sandbox) == []


def test_kill_9_in_the_middle_loses_nothing_and_doubles_nothing(sandbox, people, upsert):
    sandbox.latency_ms = 20
    path = people(2000)
    command = [*PMCTL, "campaign", "contact", "upsert", str(path), "--concurrency", "2"]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)  # fmt: skip
    while sum(seen.method == "POST" and "batch" in seen.path for seen in sandbox.requests) < 3:
        assert process.poll() is None
        os.sched_yield()
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = sum("batch" in seen.path for seen in sandbox.requests)
    assert len(cities(sandbox)) < 2000

    code, _, _ = upsert(path, "--resume")

    assert code == 0
    assert cities(sandbox) == expected(2000)
    assert len(sandbox.store.contacts) == 2004
    assert sum("batch" in seen.path for seen in sandbox.requests) - before < 10


def test_ctrl_c_says_how_to_go_on(sandbox, people):
    sandbox.latency_ms = 30
    command = [*PMCTL, "campaign", "contact", "upsert", str(people(3000)), "--concurrency", "1"]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)  # fmt: skip
    while not any("batch" in seen.path for seen in sandbox.requests):
        assert process.poll() is None
        os.sched_yield()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)

    assert process.returncode == 143
    assert "run it again with --resume" in err


def test_a_bar_shows_how_fast_it_goes(sandbox, people):
    sandbox.latency_ms = 60

    shown = at_a_terminal(*PMCTL, "campaign", "contact", "upsert", str(people(600)))

    assert "sending" in shown
    assert "/s" in shown
    assert "600 contacts: 600 created" in shown


# any file, cut anywhere


files = st.lists(
    st.tuples(
        st.from_regex(r"[a-z0-9]{1,6}@[a-z]{1,4}\.org", fullmatch=True),
        st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=12),
    ),
    max_size=25,
    unique_by=lambda pair: pair[0],
)
hows = st.sampled_from(["500", "500-stored", "cut-before", "cut-after", "cut-at-90", "html"])
faults = st.lists(st.tuples(st.integers(1, 14), hows), max_size=14)


@settings(max_examples=25, deadline=None)
@given(files, faults, st.integers(1, 4))
def test_cut_anywhere_and_resumed_the_stand_in_has_exactly_the_rows_of_the_file(
    tmp_path_factory, given_rows, cuts, at_once
):
    folder = tmp_path_factory.mktemp("cut")
    path = folder / "people.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("email", "city"), *given_rows])
    with pytest.MonkeyPatch.context() as patch, MauticSandbox() as sandbox:
        patch.setattr(campaign_contact_upsert, "PAUSES", (0, 0))
        patch.setattr(campaign_contact_batch, "MOST", 3)
        patch.setattr(sys, "stdout", io.StringIO())
        patch.setattr(sys, "stderr", io.StringIO())
        patch.setenv("XDG_STATE_HOME", str(folder))
        for name, value in sandbox.settings().items():
            patch.setenv(name, value)
        sandbox.store.contacts.clear()
        for number, how in cuts:
            sandbox.fail(f"POST:/api/contacts/batch/new:{number}:{how}")
        words = ["campaign", "contact", "upsert", str(path), "--concurrency", str(at_once)]
        code, runs = main(words), 1
        while code and runs < 20:
            code, runs = main([*words, "--resume"]), runs + 1
        sandbox.reset_requests()
        again = main([*words, "--resume"])

        assert (code, again, written(sandbox)) == (0, 0, [])
        stored = [
            (c["email"], c["values"].get("city") or "") for c in sandbox.store.contacts.values()
        ]
        assert sorted(stored) == sorted(
            (email, city if city.strip() else "") for email, city in given_rows
        )
