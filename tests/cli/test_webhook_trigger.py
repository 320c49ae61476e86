"""`pmctl webhook trigger` against receivers: ours, and one that answers at will."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pmctl import audit
from pmctl.backends.niledb import Niledb
from pmctl.webhook import events, signature
from pmctl.webhook.samples import SAMPLES
from tests.conftest import Run
from tests.sandbox.receiving import Receiver
from tests.serving import serving

SECRET = "kanarien-geheim"


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PMCTL_WEBHOOK_SECRET", SECRET)


def test_test_events_come_into_the_database_and_into_no_figure(
    pmctl: Run, niledb: Niledb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PMCTL_NILEDB_SSLMODE", "disable")
    with serving() as served:
        for name in dict.fromkeys(one.source_type for one in SAMPLES):
            code, _, err = pmctl("webhook", "trigger", name, "--to", served.url)
            assert (code, err) == (0, f"{served.url} took it\n")
        for _ in range(2):
            assert pmctl("webhook", "trigger", "sent", "--count", "20", "--seed", "again",
                         "--to", served.url)[0] == 0  # fmt: skip
        served.stored()
        assert served.figure("pmctl_webhook_duplicates_total") == 20
        monkeypatch.setenv("PMCTL_WEBHOOK_SECRET", "another-one")
        code, out, err = pmctl("webhook", "trigger", "sent", "--to", served.url, "-o", "json")
        assert (code, json.loads(out)[0]["status"]) == (4, 401)
        assert "another secret" in err

    rows = niledb.execute(
        "select event_type, contact_id, metadata ->> 'test', count(*) from marketing_events "
        "where tenant_id = %s group by 1, 2, 3", (niledb.tenant,)
    )  # fmt: skip
    assert {row[:2] for row in rows} == {("test", 0)}
    assert {row[2]: row[3] for row in rows}["sent"] == 21
    assert sum(row[3] for row in rows) == len({one.source_type for one in SAMPLES}) + 20
    code, out, err = pmctl("stats", "summary")
    assert (code, out) == (0, "")
    assert "no events yet" in err
    assert pmctl("stats", "verify")[0] == 0


def test_what_is_sent_is_signed_new_each_time_and_written_down(pmctl: Run) -> None:
    with Receiver() as receiver:
        code, out, _ = pmctl("webhook", "trigger", "clicked", "--to", receiver.url, "--count", "30",
                             "-o", "json")  # fmt: skip
        pmctl("webhook", "trigger", "clicked", "--to", receiver.url)

    assert code == 0
    assert all(came.signed_with(SECRET) for came in receiver.came)
    ids = [str(event.id) for came in receiver.came
           for event in events.parse(came.body, events._LATEST).events]  # fmt: skip
    assert len(set(ids)) == 31
    assert sorted(row["id"] for row in json.loads(out)) == sorted(ids[:30])
    entry, _ = audit.entries()
    assert (entry.command, entry.target, entry.outcome) == (
        ["webhook", "trigger"], receiver.url, "ok",
    )  # fmt: skip
    assert entry.detail == {"event_type": "clicked", "count": 30}


def test_the_same_seed_sends_the_same_bytes(pmctl: Run) -> None:
    with Receiver() as receiver:
        for _ in range(2):
            pmctl("webhook", "trigger", "opened", "--seed", "x", "--to", receiver.url)
    first, second = receiver.came
    assert first.body == second.body


def test_dry_run_prints_the_request_without_the_secret_and_sends_nothing(pmctl: Run) -> None:
    with Receiver() as receiver:
        words = ("webhook", "trigger", "sent", "--to", receiver.url, "--dry-run", "--seed", "x")
        code, out, err = pmctl(*words)
        _, record, _ = pmctl(*words, "-o", "json")
    assert (code, receiver.came, list(audit.entries())) == (0, [], [])
    head, _, body = out.partition("\n\n")
    assert f"Webhook-Signature: {signature.sign(body.strip().encode(), SECRET)}" in head
    assert json.loads(record)["body"] == body.strip()
    assert SECRET not in out + err + record


def test_without_a_secret_it_is_said_and_sent_unsigned(
    pmctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PMCTL_WEBHOOK_SECRET")
    with Receiver() as receiver:
        code, _, err = pmctl("webhook", "trigger", "sent", "--to", receiver.url)
    assert code == 0
    assert "there is no secret here" in err
    assert "Webhook-Signature" not in receiver.came[0].headers


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [(500, 1, "HTTP 500"), (401, 4, "HTTP 401"), (0, 75, "may or may not have done POST")],
)
def test_a_receiver_that_does_not_take_it_is_told(
    pmctl: Run, status: int, code: int, words: str
) -> None:
    with Receiver() as receiver:
        receiver.status = status
        done = pmctl("webhook", "trigger", "sent", "--to", receiver.url)
    assert (done[0], words in done[2]) == (code, True)
    assert len(receiver.came) == 1  # not sent again


def test_what_fails_in_a_run_of_many_does_not_stop_the_others(pmctl: Run) -> None:
    with Receiver() as receiver:
        came = receiver.came

        class Fails(list):  # type: ignore[type-arg]
            def append(self, one: object) -> None:
                super().append(one)
                receiver.status = 200 if len(self) != 5 else 503

        receiver.came = Fails(came)
        code, out, err = pmctl("webhook", "trigger", "sent", "--to", receiver.url, "--count", "20")
    assert code == 1
    assert len(out.splitlines()) == 21
    assert len(receiver.came) == 20
    assert "of 20" in err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["sent", "--to", "nowhere"], 64, "no address"),
        (["sent", "--to", "http://127.0.0.1:9/"], 69, "no usable answer"),
        (["sent", "--count", "0"], 64, "count"),
        (["moved"], 64, "no sample"),
        ([], 64, "of which type?"),
    ],
)
def test_bad_words_are_refused(pmctl: Run, words: list[str], code: int, said: str) -> None:
    done = pmctl("webhook", "trigger", *words)
    assert (done[0], said in done[2]) == (code, True)


def test_the_receiver_of_this_machine_is_meant_without_an_address(
    pmctl: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Receiver() as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        monkeypatch.setenv("PMCTL_WEBHOOK_LISTEN", f"0.0.0.0:{port}")
        assert pmctl("webhook", "trigger", "sent")[0] == 0
    assert receiver.came[0].path == "/webhooks/mautic"


def test_the_types_are_listed(pmctl: Run) -> None:
    code, out, _ = pmctl("webhook", "trigger", "--list", "-o", "json")
    assert code == 0
    assert {"event_type": "opened", "source_type": "mautic.email_on_open"}.items() <= json.loads(
        out
    )[1].items()
