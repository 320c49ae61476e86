"""KumoMTA over HTTP: what is sent exactly, and what each of its answers means."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from pmctl.backends.kumomta import Injection, Kumomta, Recipient, request_of
from pmctl.backends.kumomta_errors import (
    KumoBusy,
    KumoFailed,
    KumoNotAllowed,
    KumoRefused,
    KumoTooLarge,
)
from pmctl.errors import OutcomeUnknown, PmctlError, Unreachable
from pmctl.http import Http, HttpOptions

BASE = "http://kumo.test:8000"
URL = f"{BASE}/api/inject/v1"
DATA = Path(__file__).parents[1] / "data" / "kumomta"
GOOD = {"success_count": 1, "fail_count": 0, "failed_recipients": [], "errors": []}
MAIL = "Subject: hello\r\n\r\nHello there\r\n"


def kumo(user: str = "", password: str = "tiger-of-the-test") -> Kumomta:
    http = Http("KumoMTA", BASE, HttpOptions(retries=0))
    return Kumomta(http, user=user, password=(lambda: password) if user else None)


def injection(*names: str, content: str = MAIL) -> Injection:
    return Injection(
        "noreply@example.com",
        content,
        tuple(Recipient(name, {"send_id": "s1"}) for name in names or ("ana@example.com",)),
    )


def example(name: str) -> httpx.Response:
    """The answer of an example, as it would come over the wire."""
    said = json.loads((DATA / f"{name}.json").read_text())["response"]
    headers = {"content-type": said.get("content_type", "text/plain"), **said.get("headers", {})}
    if "body" in said:
        return httpx.Response(said["status"], json=said["body"])
    return httpx.Response(said["status"], text=said["body_text"], headers=headers)


def posted(call: Any) -> Any:
    return json.loads(call.request.content)


def failing(answer: httpx.Response, user: str = "") -> PmctlError:
    """The error that an answer becomes; it was asked exactly once."""
    route = respx.post(URL).mock(return_value=answer)
    with pytest.raises(PmctlError) as caught:
        kumo(user).inject(injection())
    assert route.call_count == 1
    return caught.value


@respx.mock
def test_the_request_has_exactly_the_fields_of_the_schema() -> None:
    route = respx.post(URL).mock(return_value=httpx.Response(200, json=GOOD))

    rows = kumo().inject(injection())

    assert [(row.recipient, row.outcome) for row in rows] == [("ana@example.com", "accepted")]
    assert posted(route.calls.last) == {
        "envelope_sender": "noreply@example.com",
        "recipients": [{"email": "ana@example.com", "metadata": {"send_id": "s1"}}],
        "content": MAIL,
        "trace_headers": {"received_header": False, "supplemental_header": True},
        "template_dialect": "Static",
    }
    assert route.calls.last.request.headers["content-type"] == "application/json"


@respx.mock
def test_no_login_is_sent_unasked() -> None:
    route = respx.post(URL).mock(return_value=httpx.Response(200, json=GOOD))
    kumo().inject(injection())
    assert "authorization" not in route.calls.last.request.headers


@respx.mock
def test_a_user_logs_in_with_each_request() -> None:
    route = respx.post(URL).mock(return_value=httpx.Response(200, json=GOOD))
    one = kumo("daniel", "tiger")
    one.inject(injection())
    one.inject(injection())
    pair = base64.b64encode(b"daniel:tiger").decode()
    assert [call.request.headers["authorization"] for call in route.calls] == [f"Basic {pair}"] * 2


def test_an_injection_for_nobody_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="no recipients"):
        request_of(Injection("a@example.com", MAIL, ()))


@respx.mock
def test_letters_beyond_ascii_arrive_as_they_are() -> None:
    route = respx.post(URL).mock(return_value=httpx.Response(200, json=GOOD))
    kumo().inject(injection(content="Subject: Grüße\r\n\r\n"))
    assert "Grüße".encode() in route.calls.last.request.content


# --- 200 ---


@respx.mock
def test_failures_inside_of_a_200_are_told_recipient_by_recipient() -> None:
    said = {
        "success_count": 1,
        "fail_count": 2,
        "failed_recipients": ["c@x.test", "a@x.test"],
        "errors": ["c@x.test: full", "a@x.test: gone"],
    }
    respx.post(URL).mock(return_value=httpx.Response(200, json=said))

    rows = kumo().inject(injection("a@x.test", "ba@x.test", "c@x.test"))

    assert [(row.recipient, row.outcome, row.reason) for row in rows] == [
        ("a@x.test", "refused", "gone"),
        ("ba@x.test", "accepted", ""),
        ("c@x.test", "refused", "full"),
    ]


@respx.mock
def test_the_example_of_a_refusal_by_policy_is_a_failure_of_that_recipient() -> None:
    respx.post(URL).mock(return_value=example("inject/22-policy-reject"))
    [row] = kumo().inject(injection("recipient@example.com"))
    assert row.outcome == "refused"
    assert row.reason == "<error raised by the http_message_generated event>"


@pytest.mark.parametrize(
    "said",
    [
        {**GOOD, "success_count": 0},  # deferred generation, or nobody
        {**GOOD, "success_count": 2},
        {**GOOD, "fail_count": 1},
        {**GOOD, "success_count": 0, "fail_count": 1, "failed_recipients": ["x@y"], "errors": []},
    ],
)
@respx.mock
def test_counts_that_do_not_add_up_are_an_unknown_outcome(said: dict[str, Any]) -> None:
    respx.post(URL).mock(return_value=httpx.Response(200, json=said))
    [row] = kumo().inject(injection())
    assert row.outcome == "unknown"
    assert "counted" in row.reason


@respx.mock
def test_a_failure_without_its_reason_is_a_failure() -> None:
    said = {**GOOD, "success_count": 0, "fail_count": 1, "failed_recipients": ["ana@example.com"]}
    respx.post(URL).mock(return_value=httpx.Response(200, json=said))
    [row] = kumo().inject(injection())
    assert (row.outcome, row.reason) == ("refused", "no reason was given")


@pytest.mark.parametrize("body", ["", "<html>", "{}", "[]", "null", '{"success_count": "x"}'])
@respx.mock
def test_a_200_that_is_no_result_is_an_unknown_outcome(body: str) -> None:
    assert isinstance(failing(httpx.Response(200, text=body)), OutcomeUnknown)


# --- every other status ---


@pytest.mark.parametrize(
    ("name", "kind", "words", "hint"),
    [
        ("30-error-413-too-large", KumoTooLarge, "length limit exceeded", "2 MiB"),
        ("32-error-422-bad-from", KumoRefused, 'expected "@" but found "b"', "nothing was sent"),
        ("33-error-422-no-body", KumoRefused, "at least one of text_body", "nothing was sent"),
        ("35-error-422-recipients-as-strings", KumoRefused, "recipients[0]", "nothing was sent"),
        ("36-error-422-unknown-content-field", KumoRefused, "content: data", "nothing was sent"),
        ("37-error-400-malformed-json", KumoRefused, "as JSON", "nothing was sent"),
        ("38-error-415-content-type", KumoRefused, "application/json", "nothing was sent"),
        ("39-error-415-content-encoding", KumoRefused, "this kind", "2025.10.06"),
        ("40-error-500-envelope-sender", KumoRefused, "envelope_sender", "is no address"),
        ("50-error-503", KumoBusy, "shutting down", "nothing was accepted"),
        ("51-error-503", KumoBusy, "load shedding", "nothing was accepted"),
        ("52-error-503", KumoBusy, "disk is too full", "nothing was accepted"),
        ("53-error-503", KumoBusy, "waiting for spool startup", "nothing was accepted"),
        ("63-error-400-auth-scheme", KumoNotAllowed, "Malformed or unsupported", "Basic"),
        ("64-error-500-auth-handler", KumoBusy, "try again later", "policy failed"),
    ],
)
@respx.mock
def test_each_example_of_a_refusal_is_an_error_of_its_kind(
    name: str, kind: type[PmctlError], words: str, hint: str
) -> None:
    error = failing(example(f"inject/{name}"))
    assert type(error) is kind
    assert words in error.message
    assert hint in error.hint


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("32-error-422-bad-from", "content.from"),
        ("35-error-422-recipients-as-strings", "recipients[0]"),
        ("36-error-422-unknown-content-field", "content"),
        ("40-error-500-envelope-sender", "envelope_sender"),
        ("33-error-422-no-body", ""),
    ],
)
@respx.mock
def test_a_refusal_names_the_field(name: str, field: str) -> None:
    error = failing(example(f"inject/{name}"))
    assert isinstance(error, KumoRefused)
    assert error.field == field


@pytest.mark.parametrize(
    ("text", "user", "hint"),
    [
        ("HttpBasicAuth Authentication Failed for daniel", "daniel", "validate_auth_basic"),
        (("<Unauthenticated>@ ip=203.0.113.9 not permitted POST on http_listener/0.0.0.0:8000"
         "/api/inject/v1"), "", "trusted_hosts"),
        (("<Unauthenticated>@ ip=203.0.113.9 denied POST on http_listener/0.0.0.0:8000"
         "/api/inject/v1"), "", "kumomta.user"),
        (("id=[daniel]@ ip=203.0.113.9 not permitted POST on http_listener/0.0.0.0:8000"
         "/api/inject/v1"), "daniel", "get_acl_definition"),
        ("Missing Authorization header", "", "trusted_hosts"),
        ("Invalid Authorization", "daniel", "check kumomta.user"),
        ("Trusted IP required", "daniel", "a login does not open it"),
    ],
)  # fmt: skip
@respx.mock
def test_each_meaning_of_a_401_has_its_advice(text: str, user: str, hint: str) -> None:
    error = failing(httpx.Response(401, text=text), user)
    assert isinstance(error, KumoNotAllowed)
    assert text in error.message
    assert hint in error.hint
    assert error.exit_code == 4


@respx.mock
def test_admin_needs_a_trusted_address_and_the_hint_says_so() -> None:
    respx.get(f"{BASE}/api/check-liveness/v1").mock(
        return_value=example("inject/62-error-401-metrics-with-basic-auth")
    )
    with pytest.raises(KumoNotAllowed) as caught:
        kumo("daniel").liveness()
    assert "needs a trusted IP" in caught.value.hint


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500, text="Error: the spool said something"),
        httpx.Response(500, text=""),
        httpx.Response(502, text="<html>Bad Gateway</html>"),
        httpx.Response(503, text="<html>Service Unavailable</html>"),
        httpx.Response(504, text="<html>Gateway Timeout</html>"),
    ],
)
@respx.mock
def test_what_may_have_been_accepted_is_an_unknown_outcome(answer: httpx.Response) -> None:
    error = failing(answer)
    assert isinstance(error, OutcomeUnknown)
    assert "<html>" not in error.message
    assert "not sent again" in error.hint


@pytest.mark.parametrize("fault", [httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError])
@respx.mock
def test_a_missing_answer_is_an_unknown_outcome_and_never_repeated(fault: Any) -> None:
    route = respx.post(URL).mock(side_effect=fault("gone"))
    http = Http("KumoMTA", BASE, HttpOptions(retries=3))
    with pytest.raises(OutcomeUnknown):
        Kumomta(http).inject(injection())
    assert route.call_count == 1


@respx.mock
def test_a_server_that_is_not_there_took_nothing() -> None:
    respx.post(URL).mock(side_effect=httpx.ConnectError("refused"))
    with pytest.raises(Unreachable):
        kumo().inject(injection())


@pytest.mark.parametrize("status", [404, 405])
@respx.mock
def test_another_server_at_that_address_is_told(status: int) -> None:
    error = failing(httpx.Response(status, text="<html>nothing here</html>"))
    assert isinstance(error, KumoFailed)
    assert "kumomta.url" in error.hint


# --- servers that are older ---


def unknown(path: str, name: str) -> httpx.Response:
    words = f"target type: {path}: unknown field `{name}`, expected one of `email`, `name`"
    return httpx.Response(422, text=f"Failed to deserialize the JSON body into the {words}")


@respx.mock
def test_an_older_server_gets_the_message_without_what_it_does_not_know() -> None:
    answers = [
        unknown("recipients[0].metadata", "metadata"),
        unknown("template_dialect", "template_dialect"),
        *[httpx.Response(200, json=GOOD)] * 2,
    ]
    route = respx.post(URL).mock(side_effect=answers)
    one = kumo()

    assert one.inject(injection())[0].outcome == "accepted"
    assert one.inject(injection())[0].outcome == "accepted"

    last = posted(route.calls.last)
    assert route.call_count == 4  # the second injection asks no more
    assert last["recipients"] == [{"email": "ana@example.com"}]
    assert "template_dialect" not in last
    assert [words.split(" and ")[0] for words in one.warnings] == [
        "this KumoMTA is older than 2026.05.12",
        "this KumoMTA is older than 2025.12.02",
    ]


@pytest.mark.parametrize("content", ["{{ x }}", "{% if %}", "a{#id{color:red}}"])
@respx.mock
def test_a_message_that_an_older_server_would_take_for_a_template_is_not_sent(content: str) -> None:
    route = respx.post(URL).mock(return_value=unknown("template_dialect", "template_dialect"))
    with pytest.raises(KumoRefused) as caught:
        kumo().inject(injection(content=content))
    assert "needs KumoMTA 2025.12.02" in caught.value.hint
    assert route.call_count == 1


@respx.mock
def test_another_field_that_a_server_does_not_know_is_refused_and_named() -> None:
    error = failing(unknown("trace_headers", "trace_headers"))
    assert isinstance(error, KumoRefused)
    assert error.field == "trace_headers"
    assert "2024.11.08" in error.hint


@respx.mock
def test_a_server_that_refuses_a_field_for_ever_is_not_asked_for_ever() -> None:
    route = respx.post(URL).mock(return_value=unknown("recipients[0].metadata", "metadata"))
    with pytest.raises(KumoRefused):
        kumo().inject(injection())
    assert route.call_count == 2


# --- liveness ---


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("check-liveness-ok", ""),
        ("check-liveness-503-0", "shutting down"),
        ("check-liveness-503-1", "load shedding"),
        ("check-liveness-503-2", "waiting for spool startup"),
        ("check-liveness-503-3", "storage is too full"),
    ],
)
@respx.mock
def test_liveness_is_the_reason_not_to_take_mail(name: str, reason: str) -> None:
    respx.get(f"{BASE}/api/check-liveness/v1").mock(return_value=example(f"admin/{name}"))
    assert kumo().liveness() == reason


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>hello</html>"),
        httpx.Response(404, text="nothing"),
        httpx.Response(500, text="oh"),
        httpx.Response(502, text="oh"),
    ],
)
@respx.mock
def test_something_else_at_that_address_is_no_kumomta(answer: httpx.Response) -> None:
    respx.get(f"{BASE}/api/check-liveness/v1").mock(return_value=answer)
    with pytest.raises(KumoFailed):
        kumo().liveness()
