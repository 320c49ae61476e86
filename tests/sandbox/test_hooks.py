"""/api/hooks, and what a webhook says: as Mautic 5.1.1 was seen to do it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.receiving import Receiver

DATA = Path(__file__).parents[1] / "data/mautic/webhooks"
RECORDED = {file.stem: json.loads(file.read_text()) for file in sorted(DATA.glob("*.json"))}
ANA = "c0@example.org"


@pytest.fixture
def receiver():
    with Receiver() as it:
        yield it


@pytest.fixture
def hook(flow, receiver) -> dict[str, Any]:
    _, body = flow.api("GET", "/hooks/triggers")
    given = {"name": "all", "webhookUrl": receiver.url, "secret": "s3cr3t"}
    status, answer = flow.api("POST", "/hooks/new", {**given, "triggers": list(body["triggers"])})
    assert status == 201
    made: dict[str, Any] = answer["hook"]
    return made


def test_fourteen_triggers_and_none_of_them_is_a_click_or_a_bounce(flow):
    _, body = flow.api("GET", "/hooks/triggers")

    assert len(body["triggers"]) == 14
    assert {"mautic.page_on_hit", "mautic.email_on_send"} < set(body["triggers"])
    assert not [name for name in body["triggers"] if "click" in name or "bounce" in name]


def test_a_hook_takes_any_trigger_and_a_secret_is_made_and_shown(flow):
    given = {"name": "h", "webhookUrl": "http://127.0.0.1:9/x", "triggers": ["mautic.nope"]}
    status, made = flow.api("POST", "/hooks/new", given)
    bare, none = flow.api("POST", "/hooks/new", {k: given[k] for k in ("name", "webhookUrl")})

    assert (status, bare) == (201, 201)
    assert made["hook"]["triggers"] == ["mautic.nope"]
    assert none["hook"]["triggers"] == []
    assert len(made["hook"]["secret"]) == 64
    shown = flow.api("GET", f"/hooks/{made['hook']['id']}")[1]["hook"]
    assert shown["secret"] == made["hook"]["secret"]


def test_a_bad_url_is_refused_in_mautics_words(flow):
    status, body = flow.api("POST", "/hooks/new", {"name": "h0", "webhookUrl": "nota url"})

    assert status == 400
    assert body["errors"][0]["message"] == "webhookUrl: A valid URL is required."


def test_patch_keeps_what_put_replaces(flow, hook):
    path = f"/hooks/{hook['id']}/edit"
    patched = flow.api("PATCH", path, {"name": "other"})[1]["hook"]
    given = {"name": "other", "webhookUrl": hook["webhookUrl"], "isPublished": 1}
    put = flow.api("PUT", path, given)[1]["hook"]

    assert (patched["secret"], len(patched["triggers"])) == ("s3cr3t", 14)
    assert put["triggers"] == []
    assert put["secret"] not in ("s3cr3t", None)


def test_deleting_answers_with_the_hook_and_then_404(flow, hook):
    path = f"/hooks/{hook['id']}/delete"

    status, body = flow.api("DELETE", path)

    assert (status, body["hook"]["id"], body["hook"]["name"]) == (200, None, "all")
    assert flow.api("DELETE", path)[0] == 404
    assert flow.api("GET", "/hooks")[1] == {"total": 0, "hooks": []}


def _everything(flow) -> None:
    """Let one event of every type happen."""
    ana = flow.contacts[0]
    flow.campaign(flow.mail("offer"))
    flow.cron()
    flow.sandbox.open(ANA, "offer")
    flow.sandbox.click(ANA, "offer", "https://shop.example/welcome")
    flow.sandbox.submit(ANA, 1)
    flow.api("POST", "/contacts/new", {"email": "new@example.org"})
    flow.api("PATCH", f"/contacts/{ana}/edit", {"firstname": "Hook2"})
    flow.api("POST", f"/contacts/{ana}/points/plus/5")
    segment = next(iter(flow.sandbox.store.segments))
    for way in ("remove", "add", "remove"):
        flow.api("POST", f"/segments/{segment}/contact/{ana}/{way}")
    for reason in (3, 0, 1, 0, 2, 0):
        if reason:
            flow.api("POST", f"/contacts/{ana}/dnc/email/add", {"reason": reason})
        else:
            flow.api("POST", f"/contacts/{ana}/dnc/email/remove")
    made = flow.api("POST", "/companies/new", {"companyname": "ACME"})[1]["company"]["id"]
    flow.api("POST", f"/companies/{made}/contact/{ana}/add")
    flow.api("DELETE", f"/companies/{made}/delete")


def _same(ours: Any, theirs: Any, where: str) -> list[str]:
    """Return where the shapes differ: other keys, or another type of a value.

    Null stands beside everything; so does an empty list beside an object, as PHP writes it.
    """
    if ours is None or theirs is None:
        return []
    if [] in (ours, theirs) and isinstance(ours, dict | list) and isinstance(theirs, dict | list):
        return []
    if type(ours) is not type(theirs):
        return [f"{where}: {type(ours).__name__} for {type(theirs).__name__}"]
    if isinstance(ours, list):
        return _same(ours[0], theirs[0], f"{where}[]")
    if not isinstance(ours, dict):
        return []
    mine, known = _keys(ours, where), _keys(theirs, where)
    wrong = [f"{where}: {key} is one too many" for key in sorted(mine - known)]
    wrong += [f"{where}: {key} is missing" for key in sorted(known - mine)]
    for key in mine & known:
        wrong += _same(ours[key], theirs[key], f"{where}.{key}")
    return wrong


def _keys(value: dict[str, Any], where: str) -> set[str]:
    """The keys, but for fields that the recorded Mautic had beside its own, and mail tails."""
    if where.endswith(".properties"):
        return set()  # the choices of a select
    if where.endswith(("query", "results")):
        return set(value) & {"ct", "page_url", "email"}
    return set(value) - {"pm_stage", "pm_plan"}


def test_every_type_has_the_recorded_shape(flow, hook, receiver):
    _everything(flow)

    wrong, seen = [], set()
    for name, recorded in RECORDED.items():
        for trigger, items in json.loads(recorded["body"]).items():
            theirs = items[0]
            kind = trigger.removeprefix("mautic.")
            told = receiver.items(kind)
            if "new_status" in theirs:
                told = [one for one in told if one["new_status"] == theirs["new_status"]]
            assert told, f"nothing was told like {name}"
            seen.add(kind)
            wrong += _same(told[-1], theirs, name)
    assert wrong == []
    assert len(seen) == 12  # all but a deleted contact and a text message, which nobody recorded


def test_each_body_is_signed_and_tells_where_it_comes_from(flow, hook, receiver):
    flow.api("PATCH", f"/contacts/{flow.contacts[0]}/edit", {"firstname": "Eve"})

    came = receiver.came[-1]
    assert came.signed_with("s3cr3t")
    assert not came.signed_with("other")
    assert came.headers["User-Agent"] == "GuzzleHttp/7"
    assert came.headers["X-Origin-Base-URL"] == flow.sandbox.url
    assert came.path == "/webhooks/mautic"


def test_a_recorded_body_carries_a_signature_made_the_same_way():
    from pmctl.sandbox.hook_sender import _signature

    recorded = RECORDED["email_on_open"]

    assert _signature(recorded["body"].encode(), "s3cr3t") == recorded["signature"]


def test_what_changes_nothing_is_no_event(flow, hook, receiver):
    ana = flow.contacts[0]
    flow.api("PATCH", f"/contacts/{ana}/edit", {"firstname": "Eve"})
    before = len(receiver.came)

    flow.api("PATCH", f"/contacts/{ana}/edit", {"firstname": "Eve"})

    assert len(receiver.came) == before


def test_a_mail_that_the_server_refuses_was_told_of_as_sent(flow, hook, receiver):
    flow.sandbox.reject(ANA)
    flow.campaign(flow.mail("offer"))
    flow.cron()

    told = {one["idHash"] for one in receiver.items("email_on_send")}
    kept = {row["tracking_hash"] for row in flow.sandbox.store.sent}
    assert len(told - kept) == 1
    assert kept < told


def test_each_open_counts_on_and_says_its_step(flow, hook, receiver):
    flow.campaign(flow.mail("offer"))
    flow.cron()
    for _ in range(3):
        flow.sandbox.open(ANA, "offer")

    stats = [one["stat"] for one in receiver.items("email_on_open")]
    event = flow.sandbox.sent[0].event
    assert [(one["openCount"], one["sourceId"]) for one in stats] == [
        (count, event) for count in (1, 2, 3)
    ]
