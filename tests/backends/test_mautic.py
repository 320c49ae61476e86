"""The wire to Mautic, against answers that Mautic 5.1.1 gave."""

from __future__ import annotations

import base64
import json
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from pmctl.backends.mautic import Mautic, where
from pmctl.backends.mautic_errors import (
    MauticBusy,
    MauticConflict,
    MauticError,
    MauticFailed,
    MauticNotAllowed,
    MauticNotFound,
    MauticUnsure,
    Rejected,
)
from pmctl.errors import (
    ConfigError,
    NotAllowed,
    NotFound,
    OutcomeUnknown,
    Temporary,
    Unreachable,
    redact,
)
from pmctl.http import Http, HttpOptions

BASE = "http://mautic.test"
DATA = Path(__file__).parents[1] / "data" / "mautic"
EXPIRED = {
    "errors": [
        {"message": "The access token provided is invalid.", "code": 401, "type": "invalid_grant"}
    ]
}


def recorded(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text())
    return data


def answer_of(name: str) -> httpx.Response:
    answer = recorded(name)["response"]
    return httpx.Response(answer["status"], headers=answer["headers"], json=answer["body"])


@pytest.fixture
def mock() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url=BASE, assert_all_called=False) as router:
        yield router


@pytest.fixture
def http() -> Iterator[Http]:
    door = Http("Mautic", BASE, HttpOptions(retries=0))
    yield door
    door.close()


@pytest.fixture
def mautic(http: Http) -> Mautic:
    return Mautic(http, user="api", password=lambda: "geheim77")


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "token.json"


@pytest.fixture
def oauth(http: Http, token_file: Path) -> Callable[[], Mautic]:
    """A new run of pmctl at each call, with the same cache."""

    def run(client_id: str = "1_abc") -> Mautic:
        return Mautic(
            http, client_id=client_id, client_secret=lambda: "sekret123", token_file=token_file
        )

    return run


def tokens(mock: respx.MockRouter, *names: str, lifetime: Any = 3600) -> respx.Route:
    """The token endpoint hands these out in turn."""
    return mock.post("/oauth/v2/token").mock(
        side_effect=[
            httpx.Response(200, json={"access_token": name, "expires_in": lifetime})
            for name in names
        ]
    )


def accepts(mock: respx.MockRouter, token: str) -> respx.Route:
    """Mautic answers requests with this bearer token and refuses the others."""

    def answer(request: httpx.Request) -> httpx.Response:
        good = request.headers["authorization"] == f"Bearer {token}"
        return httpx.Response(200, json={"id": 7}) if good else httpx.Response(401, json=EXPIRED)

    return mock.route(path__startswith="/api/").mock(side_effect=answer)


# Login


def test_basic_auth_is_sent_and_the_password_asked_for_once_and_late(
    mock: respx.MockRouter, http: Http
) -> None:
    route = mock.get("/api/users/self").mock(return_value=answer_of("auth-user-self"))
    asked: list[int] = []

    def password() -> str:
        asked.append(1)
        return "geheim77"

    mautic = Mautic(http, user="api", password=password)
    assert asked == []

    mautic.get("users/self")
    mautic.get("users/self")

    pair = base64.b64encode(b"api:geheim77").decode()
    assert route.calls.last.request.headers["authorization"] == f"Basic {pair}"
    assert asked == [1]
    assert redact(f"x {pair} geheim77") == "x *** ***"
    assert "geheim77" not in repr(vars(mautic)["_login"])


@pytest.mark.parametrize("given", [{}, {"user": "api"}, {"client_id": "1_abc"}])
def test_no_login_is_a_matter_of_configuration(http: Http, given: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        Mautic(http, **given)

    assert "mautic.client_id" in caught.value.hint
    assert "mautic.user" in caught.value.hint


def test_oauth_wins_over_a_user_and_the_token_is_got_as_recorded(
    mock: respx.MockRouter, http: Http
) -> None:
    case = recorded("auth-oauth2-token")
    route = mock.post("/oauth/v2/token").mock(return_value=answer_of("auth-oauth2-token"))
    get = mock.get("/api/contacts").mock(return_value=answer_of("auth-oauth2-get"))
    secrets: Any = {"client_id": "1_rndid123", "client_secret": lambda: "sekret123"}

    Mautic(http, user="api", password=lambda: "x", **secrets).get("contacts", [("limit", 1)])

    sent = dict(httpx.QueryParams(route.calls.last.request.content.decode()))
    assert sent == case["request"]["body"]
    token = case["response"]["body"]["access_token"]
    assert get.calls.last.request.headers["authorization"] == f"Bearer {token}"
    assert redact(token) == "***"


def test_the_token_is_kept_privately_for_the_next_run(
    mock: respx.MockRouter, oauth: Callable[..., Mautic], token_file: Path
) -> None:
    route = tokens(mock, "token-1")
    accepts(mock, "token-1")

    oauth().get("campaigns/7")
    oauth().get("campaigns/7")

    assert route.call_count == 1
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
    assert json.loads(token_file.read_text())["base_url"] == BASE
    assert [file.name for file in token_file.parent.iterdir()] == ["token.json"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.chmod(0o640),
        lambda file: file.write_text("{"),
        lambda file: file.write_text("[]"),
        lambda file: file.write_text(file.read_text().replace("mautic.test", "other.test")),
        lambda file: file.write_text(file.read_text().replace("1_abc", "2_def")),
        lambda file: file.write_text(
            json.dumps({**json.loads(file.read_text()), "expires_at": time.time() + 50})
        ),
        lambda file: file.write_text(
            json.dumps({**json.loads(file.read_text()), "token": "a\r\nX-Evil: 1"})
        ),
        lambda file: file.unlink(),
    ],
    ids=["readable", "broken", "list", "other-url", "other-client", "ends", "injected", "gone"],
)
def test_a_cache_that_cannot_be_trusted_is_ignored(
    mock: respx.MockRouter,
    oauth: Callable[..., Mautic],
    token_file: Path,
    spoil: Callable[[Path], object],
) -> None:
    route = tokens(mock, "token-1", "token-2")
    accepted = mock.route(path__startswith="/api/").respond(json={})
    oauth().get("x")

    spoil(token_file)
    oauth().get("x")

    assert route.call_count == 2
    assert accepted.calls.last.request.headers["authorization"] == "Bearer token-2"


def test_a_cache_that_cannot_be_written_is_no_error(
    mock: respx.MockRouter, http: Http, tmp_path: Path
) -> None:
    tokens(mock, "token-1")
    accepts(mock, "token-1")
    (tmp_path / "file").write_text("")
    nowhere = tmp_path / "file" / "token.json"

    mautic = Mautic(http, client_id="1", client_secret=lambda: "sekret123", token_file=nowhere)

    assert mautic.get("x") == {"id": 7}


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_token_that_is_refused_is_renewed_once_and_the_request_repeated(
    mock: respx.MockRouter, oauth: Callable[..., Mautic], method: str
) -> None:
    route = tokens(mock, "token-1", "token-2")
    api = accepts(mock, "token-2")

    assert getattr(oauth(), method)("x", *([] if method == "get" else [{}])) == {"id": 7}

    assert route.call_count == 2
    assert api.call_count == 2


def test_a_renewed_token_that_is_refused_again_ends_it(
    mock: respx.MockRouter, oauth: Callable[..., Mautic]
) -> None:
    route = tokens(mock, "token-1", "token-2", "token-3")
    accepts(mock, "none")

    with pytest.raises(MauticNotAllowed, match=r"The access token provided is invalid\.") as caught:
        oauth().post("x", {})

    assert route.call_count == 2
    assert caught.value.type == "invalid_grant"
    assert "set-secret mautic.client_secret" in caught.value.hint


def test_threads_that_are_refused_together_share_one_renewal(
    mock: respx.MockRouter, oauth: Callable[..., Mautic]
) -> None:
    route = tokens(mock, "token-1", "token-2", "token-3")
    together = threading.Barrier(6, timeout=10)
    refused = threading.local()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.headers["authorization"] == "Bearer token-2":
            return httpx.Response(200, json={"id": 7})
        if not getattr(refused, "once", False):
            refused.once = True
            together.wait()
        return httpx.Response(401, json=EXPIRED)

    mock.get("/api/x").mock(side_effect=answer)
    mautic, got = oauth(), []
    threads = [threading.Thread(target=lambda: got.append(mautic.get("x"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert got == [{"id": 7}] * 6
    assert route.call_count == 2


def test_a_wrong_client_secret_is_not_allowed_and_says_how_to_mend_it(
    mock: respx.MockRouter, oauth: Callable[..., Mautic]
) -> None:
    mock.post("/oauth/v2/token").mock(return_value=answer_of("error-oauth2-token-bad"))

    with pytest.raises(MauticNotAllowed, match="The client credentials are invalid") as caught:
        oauth().get("x")

    assert "mautic.client_secret" in caught.value.hint
    assert "sekret123" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    "body", [{}, [], {"access_token": 7}, {"access_token": ""}, {"access_token": "a\nb"}]
)
def test_an_answer_without_a_token_is_no_mautic(
    mock: respx.MockRouter, oauth: Callable[..., Mautic], body: Any
) -> None:
    mock.post("/oauth/v2/token").respond(json=body)

    with pytest.raises(Unreachable, match="no access token"):
        oauth().get("x")


@pytest.mark.parametrize("lifetime", [None, "soon", -1, 30])
def test_a_token_with_an_odd_lifetime_serves_the_run(
    mock: respx.MockRouter, oauth: Callable[..., Mautic], lifetime: Any
) -> None:
    route = tokens(mock, "token-1", "token-2", lifetime=lifetime)
    accepts(mock, "token-1")
    mautic = oauth()

    mautic.get("x")
    mautic.get("x")

    assert route.call_count == 1


# Errors

KINDS: dict[str, tuple[type[MauticError], int, str]] = {
    "error-404-entity": (MauticNotFound, 3, "list"),
    "error-404-route": (MauticFailed, 69, "base URL"),
    "error-405-get-on-new": (MauticFailed, 69, "base URL"),
    "error-api-disabled": (MauticNotAllowed, 4, "API enabled"),
    "error-api-disabled-wrongpw": (MauticNotAllowed, 4, "API enabled"),
    "error-auth-no-accept-header": (MauticNotAllowed, 4, "set-secret mautic.password"),
    "error-auth-none": (MauticNotAllowed, 4, "Authorization header"),
    "error-auth-unknown-user": (MauticNotAllowed, 4, "mautic.user"),
    "error-contact-batch-over-limit": (MauticUnsure, 75, "look it up"),
    "error-contact-list-bad-orderby": (MauticFailed, 69, "var/logs"),
    "error-contact-patch-other-email": (Rejected, 1, "nothing was stored"),
    "error-oauth2-token-bad": (MauticNotAllowed, 4, "check"),
    "error-permission-campaign-new": (MauticNotAllowed, 4, "Roles"),
    "error-permission-campaigns-list": (MauticNotAllowed, 4, "Roles"),
    "error-permission-contact-other": (MauticNotAllowed, 4, "Roles"),
    "error-permission-hooks": (MauticNotAllowed, 4, "Roles"),
    "error-rate-limit-cc-5": (MauticBusy, 75, "try again"),
    "error-rate-limit-cc-6": (MauticBusy, 75, "try again"),
    "error-rate-limit-cc-7": (MauticBusy, 75, "try again"),
    "error-rate-limit-cc-post": (MauticBusy, 75, "try again"),
    "error-stats-in": (MauticFailed, 69, "var/logs"),
    "error-stats-order-badcol": (Rejected, 1, ""),
    "error-stats-unknown-col": (Rejected, 1, ""),
    "error-validation-campaign-noname": (Rejected, 1, "nothing was stored"),
    "error-validation-email-empty": (Rejected, 1, "nothing was stored"),
}
ERRORS = sorted(f.stem for f in DATA.glob("error-*.json") if f.stem != "error-stats-unknown-table")


def ask(mautic: Mautic, request: dict[str, Any]) -> Any:
    """Send what was recorded, through the method of its name."""
    path = request["path"].removeprefix("/api/")
    method = request["method"].lower()
    return getattr(mautic, method)(path, *([] if method == "get" else [request["body"]]))


@pytest.mark.parametrize("name", ERRORS)
def test_every_recorded_refusal_is_an_error_of_its_kind_in_mautics_words(
    mock: respx.MockRouter, mautic: Mautic, name: str
) -> None:
    case = recorded(name)
    kind, code, hint = KINDS[name]
    mock.route().mock(return_value=answer_of(name))

    with pytest.raises(MauticError) as caught:
        ask(mautic, case["request"])

    said = case["response"]["body"]["errors"][0]
    assert type(caught.value) is kind
    assert caught.value.exit_code == code
    assert said["message"] in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.status in (case["response"]["status"], said["code"])
    assert caught.value.type == (said.get("type") or "")
    assert "geheim77" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("name", sorted(f.stem for f in DATA.glob("auth-*.json")))
def test_every_recorded_success_comes_back_as_it_was_sent(
    mock: respx.MockRouter, mautic: Mautic, name: str
) -> None:
    case = recorded(name)
    route = mock.route().mock(return_value=answer_of(name))

    assert ask(mautic, case["request"]) == case["response"]["body"]
    assert route.calls.last.request.method == case["request"]["method"]


def test_the_kinds_are_those_of_the_whole_program() -> None:
    pairs = [(MauticNotAllowed, NotAllowed), (MauticNotFound, NotFound), (MauticBusy, Temporary),
             (MauticFailed, Unreachable), (MauticUnsure, OutcomeUnknown)]  # fmt: skip

    assert all(issubclass(ours, kind) for ours, kind in pairs)


def test_a_rejection_names_the_fields(mock: respx.MockRouter, mautic: Mautic) -> None:
    mock.post("/api/emails/new").mock(return_value=answer_of("error-validation-email-empty"))

    with pytest.raises(Rejected) as caught:
        mautic.post("emails/new", {})

    assert caught.value.details == {
        "name": ["A name is required."],
        "subject": ["A subject is required."],
    }


def test_basic_auth_that_is_switched_off_is_said_so(mock: respx.MockRouter, mautic: Mautic) -> None:
    said = {"message": "Basic Auth disabled.", "code": 403, "type": "access_denied"}
    mock.get("/api/x").respond(403, json={"errors": [said]})

    with pytest.raises(MauticNotAllowed, match="Basic Auth disabled") as caught:
        mautic.get("x")

    assert "mautic.client_id" in caught.value.hint


@pytest.mark.parametrize("body", [b"", b"<html>oops", b'{"campaign": {"id"', b"null x"])
def test_a_write_with_an_answer_that_cannot_be_read_is_unknown(
    mock: respx.MockRouter, mautic: Mautic, body: Any
) -> None:
    mock.post("/api/x").respond(201, content=body)

    with pytest.raises(OutcomeUnknown, match="POST x"):
        mautic.post("x", {})


def test_a_read_with_a_web_page_as_its_answer_is_unreachable(
    mock: respx.MockRouter, mautic: Mautic
) -> None:
    mock.get("/api/x").respond(200, html="<!DOCTYPE html>Sign in")

    with pytest.raises(Unreachable, match="web page instead of JSON"):
        mautic.get("x")


@pytest.mark.parametrize(
    ("status", "method", "kind"),
    [(500, "get", MauticFailed), (500, "post", MauticUnsure), (503, "get", MauticBusy),
     (503, "post", MauticUnsure), (502, "get", MauticFailed), (502, "put", MauticUnsure),
     (404, "get", MauticFailed), (403, "get", MauticNotAllowed), (413, "post", Rejected)],
)  # fmt: skip
def test_a_web_page_with_an_error_status_is_judged_by_the_status(
    mock: respx.MockRouter, mautic: Mautic, status: int, method: str, kind: type[Exception]
) -> None:
    mock.route().respond(status, html="<html><h1>nginx</h1>")

    with pytest.raises(kind, match="web page instead of JSON"):
        getattr(mautic, method)("x", *([] if method == "get" else [{}]))


@pytest.mark.parametrize("errors", [
    [{"code": 409, "message": "already been executed"}],
    {"0": {"code": 409, "message": "already been executed", "details": []}},
])  # fmt: skip
def test_errors_inside_a_200_are_errors(
    mock: respx.MockRouter, mautic: Mautic, errors: Any
) -> None:
    mock.put("/api/x").respond(200, json={"events": {}, "errors": errors})

    with pytest.raises(MauticConflict, match="already been executed") as caught:
        mautic.put("x", {})

    assert caught.value.status == 409


@pytest.mark.parametrize(
    "body", ['{"errors": "no"}', '{"errors": ["no"]}', '{"error": "no"}', '{"errors": [[]]}', "7"]
)
def test_refusals_of_an_unknown_shape_are_still_errors(
    mock: respx.MockRouter, mautic: Mautic, body: Any
) -> None:
    mock.post("/api/x").respond(400, text=body)

    with pytest.raises(Rejected):
        mautic.post("x", {})


def test_a_rate_limit_says_in_mautics_words_when_it_ends(
    mock: respx.MockRouter, mautic: Mautic
) -> None:
    answer = answer_of("error-rate-limit-cc-post")
    answer.headers["X-RateLimit-Reset"] = str(int(time.time()) + 1800)
    route = mock.post("/api/segments/new").mock(return_value=answer)

    with pytest.raises(MauticBusy, match="rate limit of 5 API calls per hour") as caught:
        mautic.post("segments/new", {"name": "rl"})

    assert "try again in 30 min" in caught.value.hint
    assert route.call_count == 1


def test_the_version_is_that_of_the_last_answer_that_names_one(
    mock: respx.MockRouter, mautic: Mautic
) -> None:
    mock.get("/api/a").respond(json={}, headers={"Mautic-Version": "5.1.1"})
    mock.get("/api/b").respond(json={})
    assert mautic.version is None

    mautic.get("a")
    mautic.get("b")

    assert mautic.version == "5.1.1"


def test_each_method_sends_its_own_verb_and_body(mock: respx.MockRouter, mautic: Mautic) -> None:
    route = mock.route(path="/api/campaigns/12").respond(json={"id": 12})

    for call in (mautic.post, mautic.put, mautic.patch):
        assert call("campaigns/12", {"name": "é"}) == {"id": 12}
    mautic.delete("campaigns/12")

    sent = [(call.request.method, call.request.content) for call in route.calls]
    body = '{"name":"é"}'.encode()
    assert sent == [("POST", body), ("PUT", body), ("PATCH", body), ("DELETE", b"")]


# Listings


def paged(mock: respx.MockRouter, count: int, *, total: Any = None, as_list: bool = False) -> Any:
    """A listing of campaigns that honours start and limit."""

    def answer(request: httpx.Request) -> httpx.Response:
        start, limit = (int(request.url.params[name]) for name in ("start", "limit"))
        rows = [{"id": number} for number in range(count)][start : start + limit]
        shape: Any = rows if as_list or not rows else {str(row["id"]): row for row in rows}
        said = total(start) if callable(total) else total
        body = {"campaigns": shape} | ({} if said is None else {"total": said})
        return httpx.Response(200, json=body)

    return mock.get("/api/campaigns").mock(side_effect=answer)


@pytest.mark.parametrize("total", [5, "5", None])
@pytest.mark.parametrize("as_list", [True, False])
def test_rows_of_all_pages_come_in_order(
    mock: respx.MockRouter, mautic: Mautic, total: Any, as_list: bool
) -> None:
    route = paged(mock, 5, total=total, as_list=as_list)

    rows = list(mautic.rows("campaigns", "campaigns", [("orderBy", "id")], page=2))

    assert [row["id"] for row in rows] == [0, 1, 2, 3, 4]
    assert route.call_count == (4 if total is None else 3)
    assert route.calls.last.request.url.params["orderBy"] == "id"


@pytest.mark.parametrize("total", [lambda start: start + 100, 99, lambda start: 5 - start])
def test_a_total_that_is_wrong_or_changes_does_not_loop(
    mock: respx.MockRouter, mautic: Mautic, total: Any
) -> None:
    route = paged(mock, 6, total=total)

    list(mautic.rows("campaigns", "campaigns", page=2))

    assert route.call_count <= 4


@pytest.mark.parametrize("pages", [[[1, 2], [1, 2]], [[1, 2], [3, 4], [1, 2], [3, 4]]])
def test_pages_that_repeat_are_an_error_and_not_a_short_list(
    mock: respx.MockRouter, mautic: Mautic, pages: list[list[int]]
) -> None:
    answers = [
        httpx.Response(200, json={"total": 99, "campaigns": [{"id": number} for number in page]})
        for page in pages
    ]
    mock.get("/api/campaigns").mock(side_effect=answers)

    with pytest.raises(Unreachable, match="the same page"):
        list(mautic.rows("campaigns", "campaigns", page=2))


def test_a_row_that_moved_to_the_next_page_is_yielded_once(
    mock: respx.MockRouter, mautic: Mautic
) -> None:
    pages = [[1, 2], [2, 3]]
    answers = [
        httpx.Response(200, json={"total": 4, "campaigns": [{"id": number} for number in page]})
        for page in pages
    ]
    mock.get("/api/campaigns").mock(side_effect=answers)

    assert [row["id"] for row in mautic.rows("campaigns", "campaigns", page=2)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("name", "key"),
    [("list-contacts-empty", "contacts"), ("list-contacts-start-beyond", "contacts"),
     ("list-emails-empty", "emails")],
)  # fmt: skip
def test_a_recorded_listing_with_nothing_in_it_has_no_rows(
    mock: respx.MockRouter, mautic: Mautic, name: str, key: str
) -> None:
    mock.route().mock(return_value=answer_of(name))

    assert list(mautic.rows(key, key)) == []


def test_a_recorded_listing_keyed_by_id_has_its_rows(
    mock: respx.MockRouter, mautic: Mautic
) -> None:
    mock.route().mock(side_effect=[answer_of("list-segments"), httpx.Response(200, json={
        "total": 5, "lists": []})])  # fmt: skip
    wanted = recorded("list-segments")["response"]["body"]["lists"]

    assert list(mautic.rows("segments", "lists")) == list(wanted.values())


@pytest.mark.parametrize("body", ["[]", "{}", "7", '{"lists": 7}', '{"lists": [7]}', "null"])
def test_a_listing_of_another_shape_is_a_clear_error(
    mock: respx.MockRouter, mautic: Mautic, body: Any
) -> None:
    mock.get("/api/segments").respond(text=body, content_type="application/json")

    with pytest.raises(Unreachable, match="Mautic answered segments without a list of lists"):
        list(mautic.rows("segments", "lists"))


def test_conditions_are_spelt_as_mautic_reads_them() -> None:
    assert where(("id", "gte", 7), ("source", "eq", "campaign.event")) == [
        ("where[0][col]", "id"), ("where[0][expr]", "gte"), ("where[0][val]", 7),
        ("where[1][col]", "source"), ("where[1][expr]", "eq"), ("where[1][val]", "campaign.event"),
    ]  # fmt: skip


# Statistics


def test_statistics_are_asked_for_with_conditions_order_and_limit(
    mock: respx.MockRouter, mautic: Mautic
) -> None:
    route = mock.get("/api/stats/email_stats").respond(
        json={"total": "22", "stats": [{"id": "1"}, {"id": "2"}]}
    )

    rows = list(mautic.stats("email_stats", [("id", "gt", 0)], order="id", limit=2))

    assert rows == [{"id": "1"}, {"id": "2"}]
    assert route.call_count == 1
    assert dict(route.calls.last.request.url.params) == {
        "where[0][col]": "id", "where[0][expr]": "gt", "where[0][val]": "0",
        "order[0][col]": "id", "order[0][dir]": "asc", "start": "0", "limit": "2",
    }  # fmt: skip


def test_statistics_of_several_pages_stop_at_the_limit(
    mock: respx.MockRouter, mautic: Mautic
) -> None:
    answers = [
        httpx.Response(200, json={"total": "9", "stats": [{"id": f"{n}"}, {"id": f"{n + 1}"}]})
        for n in (0, 2)
    ]
    mock.get("/api/stats/email_stats").mock(side_effect=answers)

    rows = mautic.stats("email_stats", limit=3, page=2)

    assert [row["id"] for row in rows] == ["0", "1", "2"]


def test_a_limit_of_nothing_asks_nothing(mock: respx.MockRouter, mautic: Mautic) -> None:
    assert list(mautic.stats("email_stats", limit=0)) == []


def test_the_total_of_a_table_is_asked_for_without_rows(
    mock: respx.MockRouter, mautic: Mautic
) -> None:
    route = mock.get("/api/stats/email_stats").mock(return_value=answer_of("list-stats-limit0"))

    assert mautic.stats_total("email_stats", [("email_id", "eq", 3)]) == 22
    assert route.calls.last.request.url.params["limit"] == "0"


def test_an_empty_table_has_no_rows(mock: respx.MockRouter, mautic: Mautic) -> None:
    mock.get("/api/stats/asset_downloads").mock(return_value=answer_of("list-stats-empty"))

    assert list(mautic.stats("asset_downloads")) == []


@pytest.mark.parametrize("total", [None, "many", -1, "²"])
def test_a_total_that_is_no_number_is_a_clear_error(
    mock: respx.MockRouter, mautic: Mautic, total: Any
) -> None:
    mock.get("/api/stats/email_stats").respond(json={"total": total, "stats": []})

    with pytest.raises(Unreachable, match="without a total"):
        mautic.stats_total("email_stats")


def test_an_unknown_or_forbidden_table_is_not_taken_for_an_empty_one(
    mock: respx.MockRouter, mautic: Mautic
) -> None:
    mock.get("/api/stats/nosuch").mock(return_value=answer_of("error-stats-unknown-table"))

    with pytest.raises(NotAllowed, match="stats/nosuch"):
        list(mautic.stats("nosuch"))
    with pytest.raises(NotAllowed, match="stats/nosuch"):
        mautic.stats_total("nosuch")


def test_a_trace_of_both_logins_shows_no_secret(mock: respx.MockRouter, tmp_path: Path) -> None:
    lines: list[str] = []
    http = Http("Mautic", BASE, HttpOptions(retries=0, trace=lines.append))
    mock.post("/oauth/v2/token").mock(return_value=answer_of("auth-oauth2-token"))
    mock.route().respond(401, json=EXPIRED)
    token = recorded("auth-oauth2-token")["response"]["body"]["access_token"]

    for mautic in (
        Mautic(http, user="api", password=lambda: "geheim/77&"),
        Mautic(http, client_id="1_abc", client_secret=lambda: "sekret/123&"),
    ):
        with pytest.raises(MauticNotAllowed) as caught:
            mautic.get("x")
        lines.append(str(caught.value) + repr(mautic) + repr(vars(mautic)))
    http.close()

    text = "\n".join(lines)
    assert "POST http://mautic.test/oauth/v2/token" in text
    secrets = ["geheim/77&", "sekret/123&", "geheim%2F77", "sekret%2F123", token]
    secrets.append(base64.b64encode(b"api:geheim/77&").decode())
    assert [secret for secret in secrets if secret in text] == []


def test_ids_of_any_kind_are_new_once():
    from pmctl.backends.mautic import _LARGEST_BIT, _Ids

    seen = _Ids()
    keys = [0, 7, 8, 5_000, _LARGEST_BIT, -1, "7", "x", True]

    assert [seen.is_new(key) for key in keys] == [True] * len(keys)
    assert [seen.is_new(key) for key in reversed(keys)] == [False] * len(keys)
