"""`pmctl panel-user` and `pmctl db` against answers that a HestiaCP 1.9.9 really gave."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import parse_qsl

import httpx
import pytest
import respx

from tests.conftest import Run
from tests.sandbox.hestia_recordings import recordings

URL = "https://panel.test:8083"
NOTHING = httpx.Response(204, headers={"Hestia-Exit-Code": "0"})
Served = Callable[..., None]
RECORDED = {one.case: one for one in recordings()}


def recorded(case: str) -> httpx.Response:
    """A recorded answer."""
    answer = RECORDED[case].response
    headers = {name: str(value) for name, value in answer.items()
               if name in ("content-type", "hestia-exit-code")}  # fmt: skip
    body = answer.get("body") or ""
    if isinstance(body, dict):  # of a page only its title was kept
        body = f"<!doctype html><title>{body['title']}</title>"
    return httpx.Response(answer["status"], headers=headers, text=body)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Served:
    """Let each command be answered by a recording; those that hand passwords over are done."""
    monkeypatch.setattr("pmctl.clients.panel.PAUSES", (0.0,))
    monkeypatch.setenv("PMCTL_HESTIA_URL", URL)
    monkeypatch.setenv("PMCTL_HESTIA_ACCESS_KEY", "k" * 20)
    monkeypatch.setenv("PMCTL_HESTIA_SECRET_KEY", "s" * 40)

    def serve(**cases: str) -> None:
        def answer(request: httpx.Request) -> httpx.Response:
            command = dict(parse_qsl(request.content.decode()))["cmd"]
            case = cases.get(command.replace("-", "_"))
            return recorded(case) if case else NOTHING

        respx.post(f"{URL}/api/").mock(side_effect=answer)

    return serve


@respx.mock
@pytest.mark.parametrize(
    ("case", "names", "odd"),
    [
        ("user-list-json", ["admin"], []),
        ("user-list-two-json", ["admin", "alice", "bob"], []),
        ("oddadd-list-users-invalid-json", None, ["odd0", "odd5"]),
        ("oddadd-list-users-after", None, []),
    ],
)
def test_every_recorded_list_of_users_is_shown_whole(
    case: str, names: list[str] | None, odd: list[str], pmctl: Run, served: Served
) -> None:
    served(v_list_users=case)

    code, out, err = pmctl("panel-user", "list", "-o", "json")

    rows = {row["user"]: row for row in json.loads(out)}
    body = RECORDED[case].response["body"]
    assert code == 0
    assert len(rows) == body.count('"CONTACT"')
    assert names is None or list(rows) == names
    assert all("@" in row["contact"] for row in rows.values())
    assert [name for name, row in rows.items() if row["odd"]] == odd
    assert ("cannot be trusted for" in err) is bool(odd)
    assert "RKEY" not in out


@respx.mock
def test_the_recorded_suspended_user_is_suspended(pmctl: Run, served: Served) -> None:
    served(v_list_user="user-suspended-list")

    code, out, _ = pmctl("panel-user", "show", "alice", "-o", "json")

    row = json.loads(out)
    assert code == 0
    assert (row["suspended"], row["name"]) == (True, "Alice Renamed")
    assert (row["created"], row["two_factor"]) == ("2026-11-22T23:03:18", False)
    assert "<RKEY>" not in out


@respx.mock
@pytest.mark.parametrize("case", [one for one in RECORDED if one.startswith("oddadd-readback")])
def test_every_recorded_odd_name_is_shown(case: str, pmctl: Run, served: Served) -> None:
    served(v_list_user=case)

    code, out, _ = pmctl("panel-user", "show", "someone", "-o", "json")

    assert code == (3 if case.endswith("odd8") else 0)
    assert code == 3 or json.loads(out)["contact"].startswith("odd")


@respx.mock
def test_the_recorded_packages_have_their_limits(pmctl: Run, served: Served) -> None:
    served(v_list_user_packages="user-packages-json")

    code, out, _ = pmctl("panel-user", "packages", "-o", "json")

    limits = {row["package"]: row["mailboxes_limit_each_domain"] for row in json.loads(out)}
    assert (code, limits) == (0, {"system": 1, "default": None})


@respx.mock
@pytest.mark.parametrize(
    ("case", "code", "words"),
    [
        ("perm-nonadmin-key-forbidden-command", 4, "give the key the command"),
        ("ip-not-allowed-key", 4, "Allowed IP addresses"),
        ("api-disabled-API_SYSTEM-0-key", 4, "Enable API access"),
        ("api-disabled-by-v-change-sys-api-key", 4, "switched off"),
        ("api-file-removed", 69, "web page"),
        ("auth-wrong-secret", 4, "fail2ban"),
        ("auth-wrong-access-key", 4, "fail2ban"),
        ("demo-mode-key", 1, "security restrictions"),
    ],
)
def test_every_recorded_refusal_is_told_apart(
    case: str, code: int, words: str, pmctl: Run, served: Served
) -> None:
    served(v_list_users=case)

    found, out, err = pmctl("panel-user", "list")

    assert (found, out) == (code, "")
    assert words in err
    assert len(respx.calls) == 1


@respx.mock
def test_the_recorded_databases_are_listed_also_when_their_server_is_down(
    pmctl: Run, served: Served
) -> None:
    for case in ("db-list-json", "db-list-server-down", "db-list-empty"):
        served(v_list_databases=case)
        code, out, _ = pmctl("db", "list", "--user", "alice", "-o", "json")
        body = RECORDED[case].response["body"]
        rows = json.loads(out)
        assert code == 0
        assert len(rows) == body.count('"DATABASE"')
        assert {row["owner"] for row in rows} <= {"alice"}
        assert all(row["database"].startswith("alice_") for row in rows)


NEW = ["add", "shop2", "--user", "alice", "--password-stdin"]
OLD = ["alice_shop", "--user", "alice"]


@respx.mock
@pytest.mark.parametrize(
    ("argv", "command", "case", "code", "words"),
    [
        (NEW, "v_add_database", "db-add-exists", 5, "DB=alice_shop already exists"),
        (NEW, "v_add_database", "db-add-user-exists", 5, "choose with --db-user"),
        (NEW, "v_add_database", "db-add-bad-type", 1, "oracle type is invalid"),
        (NEW, "v_add_database", "db-add-server-down", 75, "cannot reach its database server"),
        (NEW, "v_add_database", "limit-database", 1, "DATABASES limit is reached"),
        (["delete", *OLD, "--yes"], "v_delete_database", "db-delete-again", 3, "doesn't exist"),
        (["passwd", *OLD, "--password-stdin"], "v_change_database_password",
         "db-change-password-missing", 3, "doesn't exist"),
        (["suspend", *OLD], "v_suspend_database", "db-suspend-again", 5, "is suspended"),
    ],
)  # fmt: skip
def test_every_recorded_refusal_of_a_database_has_its_words_and_code(
    argv: list[str], command: str, case: str, code: int, words: str, pmctl: Run, served: Served
) -> None:
    there = "db-list-one-unprefixed" if argv[0] == "add" else "db-list-one-json"
    served(**{command: case, "v_list_database": there})

    found, out, err = pmctl("db", *argv, stdin="Cold-Water-9-Stones\n")

    assert (found, out) == (code, "")
    assert words in err
    sent = [dict(parse_qsl(call.request.content.decode()))["cmd"] for call in respx.calls]
    assert sent.count(command.replace("_", "-")) == 1


ADD = ["add", "dave", "dave@example.test", "--password-stdin"]


@respx.mock
@pytest.mark.parametrize(
    ("argv", "command", "case", "code", "words"),
    [
        (ADD, "v_add_user", "user-add-exists", 5, "user alice exists"),
        (ADD, "v_add_user", "user-add-systemuser", 5, "user www-data exists"),
        (ADD, "v_add_user", "user-add-reserved", 1, "is reserved"),
        (ADD, "v_add_user", "user-add-badname", 1, "invalid user format"),
        (ADD, "v_add_user", "user-add-invalid-email", 1, "invalid email format"),
        (ADD, "v_add_user", "user-add-too-few-args", 1, "Usage: v-add-user"),
    ],
)
def test_every_recorded_refusal_of_a_user_has_its_words_and_code(
    argv: list[str], command: str, case: str, code: int, words: str, pmctl: Run, served: Served
) -> None:
    served(**{command: case, "v_list_user": "user-list-one-nonexistent"})

    found, out, err = pmctl("panel-user", *argv, stdin="Cold-Water-9-Stones\n")

    assert (found, out) == (code, "")
    assert words in err


@respx.mock
def test_the_recorded_delete_of_the_root_user_that_did_nothing_is_noticed(
    pmctl: Run, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PMCTL_HESTIA_USER", "chief")
    served(v_delete_user="user-delete-admin-silently-nothing", v_list_user="user-suspended-list",
           v_list_web_domains="web-list-empty", v_list_dns_domains="web-list-empty",
           v_list_mail_domains="web-list-empty", v_list_databases="db-list-empty")  # fmt: skip

    code, _, err = pmctl("panel-user", "delete", "alice", "--yes")

    assert code == 1
    assert "said that v-delete-user was done, but nothing changed" in err
