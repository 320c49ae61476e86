"""The stand-in HestiaCP over its socket: contracts, faults, the record of what came."""

from __future__ import annotations

import http.client
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from urllib.parse import urlencode

import pytest

from pmctl.sandbox.hestia_sandbox import API_HASH, HestiaSandbox


class Got(NamedTuple):
    """One answer."""

    status: int
    code: str | None
    body: str
    kind: str | None


def post(panel: HestiaSandbox, command: str, *args: str, **fields: str) -> Got:
    """Call a command; with the administrator's key unless `fields` say another way in."""
    key = {"access_key": panel.access_key, "secret_key": panel.secret_key}
    form = {**(key if not fields.keys() & {"user", "hash", "access_key"} else {}), **fields}
    form |= {"cmd": command, **{f"arg{n}": value for n, value in enumerate(args, start=1)}}
    return send(panel, urlencode(form).encode())


def send(
    panel: HestiaSandbox,
    body: bytes,
    kind: str = "application/x-www-form-urlencoded",
    method: str = "POST",
    path: str = "/api/",
) -> Got:
    connection = http.client.HTTPConnection(panel.url.removeprefix("http://"), timeout=5)
    try:
        connection.request(method, path, body, {"Content-Type": kind})
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "surrogateescape")
        exit_code = answer.getheader("Hestia-Exit-Code")
        return Got(answer.status, exit_code, text, answer.getheader("Content-Type"))
    finally:
        connection.close()


def test_a_list_is_json_of_texts(panel):
    got = post(panel, "v-list-mail-accounts", "alice", "example.test", "json")

    assert got[:2] == (200, "0")
    assert got.kind == "application/json; charset=utf-8"
    accounts = json.loads(got.body)
    assert list(accounts) == ["info", "sales"]
    assert accounts["info"]["ALIAS"] == "contact"
    assert accounts["info"]["QUOTA"] == "500"
    assert accounts["sales"]["QUOTA"] == "unlimited"


def test_what_was_set_can_be_looked_at(panel):
    assert post(panel, "v-make-tmp-file", "S3cret!", "hand-over").status == 204
    made = post(panel, "v-add-mail-account", "alice", "shop.test", "new", "/tmp/hand-over", "10")

    assert made[:3] == (204, "0", "")
    assert panel.store.account("new@shop.test")["password"] == "S3cret!"
    assert panel.store.users["alice"].conf["U_MAIL_ACCOUNTS"] == "4"
    assert panel.written == [
        ("v-add-mail-account", ["alice", "shop.test", "new", "/tmp/hand-over", "10"])
    ]
    assert [name for name, _ in panel.commands] == ["v-make-tmp-file", "v-add-mail-account"]


@pytest.mark.parametrize("way", ["password", "hash"])
def test_the_old_contract_says_200_whatever_happens(panel, way):
    login = {"user": "admin", "password": panel.password} if way == "password" else {}
    login = login or {"hash": API_HASH}

    assert post(panel, "v-list-user", "nobody", "json", **login) == (
        200, None, "Error: user nobody doesn't exist\n", "text/html; charset=UTF-8"
    )  # fmt: skip
    assert post(panel, "v-no-such-command", **login)[:3] == (200, None, "OK")
    assert post(panel, "v-no-such-command", **login, returncode="yes")[:3] == (200, None, "1")
    assert post(panel, "v-delete-user", "bob", **login, returncode="yes")[:3] == (200, None, "0")
    assert "bob" not in panel.store.users


def test_the_administrator_is_never_deleted_and_nobody_says_so(panel):
    assert post(panel, "v-delete-user", "admin")[:3] == (204, "0", "")
    assert "admin" in panel.store.users


def test_a_fault_meets_the_nth_call_of_one_command(panel):
    panel.fail("POST:/api/v-add-mail-account:2:exit-15")

    codes = [
        post(panel, "v-add-mail-account", "alice", "shop.test", name, "x").code
        for name in ("one", "two", "three")
    ]

    assert codes == ["0", "15", "0"]
    assert sorted(panel.store.users["alice"].mail["shop.test"].accounts) == [
        "one", "orders", "three"
    ]  # fmt: skip
    assert [seen.path for seen in panel.requests] == ["/api/v-add-mail-account"] * 3


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("exit-5", (401, "5", "Error: v-delete-user failed")),
        ("exit-0", (204, "0", "")),  # says that it did, and did nothing
        ("504", (504, None)),
        ("599", (599, None)),
        ("html", (403, None)),
    ],
)
def test_a_fault_answers_instead_of_the_command(panel, how, said):
    panel.fail(f"POST:/api/v-delete-user:1:{how}")
    assert post(panel, "v-delete-user", "bob")[: len(said)] == said
    assert "bob" in panel.store.users
    assert panel.commands == []


def test_a_fault_may_be_for_one_user_and_one_command_alone(panel):
    panel.fail("POST:/api/v-list-user/bob:*:exit-14")
    panel.fail("POST:/api/v-list-user-ns/:1:exit-14")

    codes = [post(panel, *call).code for call in (
        ("v-list-user", "alice"), ("v-list-user", "bob"), ("v-list-users",),
        ("v-list-user-ns", "carol"), ("v-list-user-ns", "carol"),
    )]  # fmt: skip

    assert codes == ["0", "14", "0", "14", "0"]
    assert [seen.path for seen in panel.requests][:2] == ["/api/v-list-user"] * 2


def test_a_page_says_500_after_the_work(panel):
    panel.fail("POST:/api/v-delete-user:1:500-stored")
    assert post(panel, "v-delete-user", "bob")[:2] == (500, None)
    assert "bob" not in panel.store.users


def test_a_command_goes_on_when_its_client_went(panel):
    panel.slow["v-delete-user"] = 200
    got = threading.Event()
    leave = panel.leave

    def left(*args: object) -> None:
        leave(*args)
        got.set()

    panel.leave = left
    connection = http.client.HTTPConnection(panel.url.removeprefix("http://"), timeout=5)
    connection.request(
        "POST",
        "/api/",
        urlencode({"user": "admin", "password": panel.password, "cmd": "v-delete-user",
                   "arg1": "bob"}),
        {"Content-Type": "application/x-www-form-urlencoded"},
    )  # fmt: skip
    connection.close()

    assert got.wait(5)
    assert "bob" not in panel.store.users


def test_a_command_is_done_although_its_answer_never_comes(panel):
    panel.fail("POST:/api/v-add-mail-account:1:cut-after")

    with pytest.raises(http.client.HTTPException):
        post(panel, "v-add-mail-account", "alice", "shop.test", "one", "x")

    assert panel.store.account("one@shop.test")["password"] == "x"


def test_a_command_is_done_while_its_answer_hangs(panel):
    panel.fail("POST:/api/v-add-mail-account:1:hang-after")
    body = urlencode({
        "access_key": panel.access_key, "secret_key": panel.secret_key,
        "cmd": "v-add-mail-account", "arg1": "alice", "arg2": "shop.test", "arg3": "one",
        "arg4": "x",
    })  # fmt: skip
    connection = http.client.HTTPConnection(panel.url.removeprefix("http://"), timeout=0.3)
    connection.request("POST", "/api/", body, {"Content-Type": "application/x-www-form-urlencoded"})
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()

    assert panel.store.account("one@shop.test")["password"] == "x"


def test_no_more_than_four_are_served_at_once_and_writes_are_counted(panel, monkeypatch):
    inside, most = 0, 0
    lock, four = threading.Lock(), threading.Barrier(4)

    def counted(_seconds: float) -> None:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        four.wait(5)
        with lock:
            inside -= 1
        four.wait(5)

    monkeypatch.setattr(panel.stopping, "wait", counted)
    with ThreadPoolExecutor(8) as pool:
        made = pool.map(lambda n: post(panel, "v-add-mail-account", "bob", "builder.test",
                                       f"a{n}", "x").code, range(8))  # fmt: skip

    assert list(made) == ["0"] * 8
    assert most == 4
    assert panel.most_writes_at_once == 4
    assert len(panel.store.users["bob"].mail["builder.test"].accounts) == 9
    # nothing is locked: what was counted meanwhile is lost
    assert int(panel.store.users["bob"].conf["U_MAIL_ACCOUNTS"]) < 9
