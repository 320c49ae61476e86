"""The stand-in KumoMTA answers as KumoMTA's documentation, tests and source say."""

from __future__ import annotations

import json

import pytest

from pmctl.sandbox.kumomta_sandbox import KumoSandbox
from tests.kumo_asking import Answer, ask
from tests.sandbox.kumo_examples import FOLDER, NOT_PLAYED, Example, differs, examples, play

EXCHANGES = [one for group in ("inject", "admin") for one in examples(group)]
PLAYED = [one for one in EXCHANGES if one.name not in NOT_PLAYED]


@pytest.mark.parametrize("example", PLAYED, ids=lambda one: one.name)
def test_it_answers_as_it_is_written(kumo: KumoSandbox, example: Example) -> None:
    assert differs(example, play(kumo, example)) == ""


def test_nearly_all_that_is_written_is_played() -> None:
    assert len(PLAYED) == 39
    assert {one.name for one in EXCHANGES} - {one.name for one in PLAYED} == set(NOT_PLAYED)


def test_a_difference_would_be_seen(kumo: KumoSandbox) -> None:
    example = next(one for one in EXCHANGES if one.name == "32-error-422-bad-from")
    had = play(kumo, example)

    assert differs(example, had) == ""
    for changed in (
        had._replace(status=500),
        had._replace(body=had.body + b"."),
        had._replace(headers={"Content-Type": "application/json"}),  # type: ignore[arg-type]
    ):
        assert differs(example, changed)
    listed = next(one for one in EXCHANGES if one.name == "bounce-list")
    had = play(kumo, listed)
    for odd in ([], [{**had.json[0], "reason": "else"}], [{"id": had.json[0]["id"]}]):
        assert differs(listed, Answer(200, had.headers, json.dumps(odd).encode()))


def test_handlebars_and_a_to_header_render_as_written(kumo: KumoSandbox) -> None:
    example = next(one for one in EXCHANGES if one.name == "09-custom-to-header")
    wanted = json.loads((FOLDER / "inject" / "09-custom-to-header.json").read_text("utf-8"))

    play(kumo, example)

    assert [one.headers["To"] for one in kumo.accepted] == wanted["rendered_to"]
    assert [one.headers["Subject"] for one in kumo.accepted] == [
        "hello James Smythe",
        "hello Second User",
    ]


def test_metrics_have_the_shapes_that_are_written(kumo: KumoSandbox) -> None:
    wanted = json.loads((FOLDER / "metrics" / "metrics-json.json").read_text("utf-8"))
    kinds = wanted["response"]["body"]

    had = ask(kumo, "GET", "/metrics.json")

    assert had.headers["Content-Type"] == wanted["response"]["content_type"]
    assert kinds.keys() <= had.json.keys()
    for name, family in kinds.items():
        assert had.json[name].keys() == family.keys()
        assert (had.json[name]["type"], had.json[name]["help"]) == (family["type"], family["help"])
        shown = had.json[name]["value"]
        assert shown is None or type(shown) is type(family["value"])


def test_metrics_as_text_are_lines_that_prometheus_reads(kumo: KumoSandbox) -> None:
    written = (FOLDER / "metrics" / "metrics-text.txt").read_text("utf-8")

    had = ask(kumo, "GET", "/metrics?prefix=disk_")

    lines = [line for line in written.splitlines() if "disk_free" in line]
    assert had.text.splitlines() == lines


def test_the_log_has_the_fields_that_are_written(kumo: KumoSandbox) -> None:
    wanted = {
        "Reception": "reception-http",
        "Bounce": "bounce",
        "Delivery": "delivery",
        "AdminBounce": "admin-bounce",
        "TransientFailure": "transient-failure-suspended",
    }
    from tests.kumo_asking import inject, post

    inject(kumo, recipients=[
        {"email": f"{local}@example.org", "metadata": {"send_id": local}}
        for local in ("ana", "bounce")
    ])  # fmt: skip
    inject(kumo, recipients=[{"email": "late@example.com"}])
    post(kumo, "/api/admin/suspend/v1", {"domain": "example.com", "reason": "testing"})
    kumo.deliver()
    post(kumo, "/api/admin/bounce/v1", {"domain": "example.com", "reason": "Cleaning up"})

    had = {record["type"]: record for record in kumo.log}
    assert had.keys() == wanted.keys()
    for kind, name in wanted.items():
        row = json.loads((FOLDER / "log" / f"{name}.json").read_text("utf-8"))["record"]
        optional = {"tls_cipher", "tls_protocol_version", "tls_peer_subject_name", "session_id"}
        assert had[kind].keys() == row.keys() - optional, kind
        assert had[kind]["response"].keys() == row["response"].keys()
        for field in ("type", "bounce_classification", "reception_protocol", "delivery_protocol"):
            assert had[kind][field] == row[field], (kind, field)
    assert had["Bounce"]["meta"] == {"extra": {"send_id": "bounce"}}
    assert had["TransientFailure"]["response"] == {
        "code": 451, "enhanced_code": {"class": 4, "subject": 4, "detail": 4},
        "content": "KumoMTA internal: scheduled queue is suspended: testing", "command": None,
    }  # fmt: skip
