"""The audit log: whole lines, no secrets, never in the way."""

import json
import multiprocessing
import os
from datetime import UTC, datetime

import pytest

from pmctl import audit, errors


def test_an_entry_says_who_did_what_when_and_how_it_ended(monkeypatch):
    monkeypatch.setenv("SUDO_USER", "ana")

    audit.record("production", ["campaign", "apply", "a.yaml"], "welcome", "ok", changed=3)

    (entry,) = audit.entries()
    assert entry.command == ["campaign", "apply", "a.yaml"]
    assert (entry.context, entry.target, entry.outcome) == ("production", "welcome", "ok")
    assert (entry.sudo_user, entry.pid, entry.host) == ("ana", os.getpid(), os.uname().nodename)
    assert entry.detail == {"changed": 3}
    assert entry.user
    assert datetime.fromisoformat(entry.time).tzinfo is UTC


def test_the_log_is_ours_alone(home):
    audit.record("c", ["x"], "t", "ok")

    assert audit.path() == home / ".local/state/pmctl/audit.jsonl"
    assert audit.path().stat().st_mode & 0o777 == 0o600
    assert audit.path().parent.stat().st_mode & 0o777 == 0o700


def test_secrets_seen_before_are_redacted_everywhere():
    secret = 'kan"arien\\vogel'
    errors.hide([secret])

    audit.record(secret, [secret], f"t {secret}", "failed", said=[{secret: secret}], n=None)

    text = audit.path().read_text()
    assert "arien" not in text
    assert json.loads(text)["detail"] == {"said": [{"***": "***"}], "n": None}


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["add", "--password", "hunter2", "x"], ["add", "--password", "***", "x"]),
        (["add", "--api-token=abc"], ["add", "--api-token=***"]),
        (["add", "--password-stdin", "ana"], ["add", "--password-stdin", "ana"]),
        (["add", "--generate-password", "--quota", "5"], None),
        (["password", "ana"], None),
    ],
)
def test_words_that_look_like_secrets_are_left_out(words, kept):
    assert audit.without_secrets(words) == (kept or words)


def test_the_newest_come_last_and_limit_takes_them():
    for number in range(5):
        audit.record("c", ["x"], str(number), "ok")

    assert [entry.target for entry in audit.entries()] == list("01234")
    assert [entry.target for entry in audit.entries(2)] == ["3", "4"]


def test_without_a_log_there_are_no_entries():
    assert list(audit.entries()) == []


def test_a_torn_last_line_is_skipped_and_does_not_spoil_the_next():
    audit.record("c", ["x"], "first", "ok")
    with audit.path().open("ab") as file:
        file.write(b'{"time": "2026-')

    audit.record("c", ["x"], "second", "ok")

    assert [entry.target for entry in audit.entries()] == ["first", "second"]


def test_lines_that_are_not_ours_are_skipped():
    audit.record("c", ["x"], "first", "ok")
    with audit.path().open("ab") as file:
        file.write(b"[1]\n\xff\xfe\n{}\nnull\n")

    assert [entry.target for entry in audit.entries()] == ["first"]


def test_a_log_that_cannot_be_written_is_a_warning_and_no_error(home, capsys):
    (home / ".local").write_text("a file in the way")

    audit.record("c", ["x"], "t", "ok")

    assert "warning: the audit log was not written" in capsys.readouterr().err


def test_a_full_disk_is_a_warning(monkeypatch, capsys):
    monkeypatch.setattr(os, "write", lambda handle, data: 3)

    audit.record("c", ["x"], "t", "ok")

    assert "No space left" in capsys.readouterr().err


def test_a_link_in_place_of_the_log_is_not_followed(tmp_path, capsys):
    audit.path().parent.mkdir(parents=True)
    audit.path().symlink_to(tmp_path / "elsewhere")

    audit.record("c", ["x"], "t", "ok")

    assert not (tmp_path / "elsewhere").exists()
    assert "warning" in capsys.readouterr().err


def test_text_that_is_no_unicode_is_kept_in_some_form():
    audit.record("c", ["caf\udce9"], "t", "ok")

    assert len(list(audit.entries())) == 1


def write_many(number):
    for _ in range(50):
        audit.record("c", ["x"], f"{number}" * 200, "ok")


def test_lines_of_processes_side_by_side_never_mix():
    processes = [
        multiprocessing.get_context("fork").Process(target=write_many, args=(n,)) for n in range(4)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    targets = [entry.target for entry in audit.entries()]
    assert len(targets) == 200
    assert {len(set(target)) for target in targets} == {1}


def test_a_user_without_a_name_is_its_number(monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)

    audit.record("c", ["x"], "t", "ok")

    assert next(audit.entries()).user == "4000000000"
