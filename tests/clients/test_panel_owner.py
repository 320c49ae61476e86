"""Whose a domain is: one read, and refusals that fail2ban counts are asked for once."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs

import httpx
import pytest
import respx

from pmctl.clients import panel_owner
from pmctl.clients.panel import Panel
from pmctl.context import Context
from pmctl.errors import NotAllowed, NotFound

URL = "https://panel.example.com:8083"
KEY = "AbCdEfGhIjKlMnOpQrSt"
FORBIDDEN = f"Error: Key {KEY} don't have permission to run the command "
LISTS = {
    "v-list-users": '{"admin": {}, "alice": {}}',
    "v-list-mail-domains alice": '{"example.com": {}}',
}


class Server:
    """Answers by command; `asked` are the commands that came."""

    def __init__(self, answers: dict[str, httpx.Response]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        form = parse_qs(request.content.decode())
        words = [form[name][0] for name in ("cmd", "arg1") if name in form]
        self.asked.append(" ".join(words))
        found = self.answers.get(" ".join(words)) or self.answers.get(words[0])
        return found or httpx.Response(200, headers={"Hestia-Exit-Code": "0"}, text="{\n}")


def said(text: str, code: int = 0, status: int = 200) -> httpx.Response:
    return httpx.Response(status, headers={"Hestia-Exit-Code": str(code)}, text=text)


@pytest.fixture
def server() -> Iterator[Server]:
    """A panel of two users that knows whose example.com is."""
    known = {name: said(text) for name, text in LISTS.items()}
    server = Server({
        **known,
        "v-search-domain-owner": said("", 3, 400),
        "v-search-domain-owner example.com": said("alice"),
    })  # fmt: skip
    with respx.mock:
        respx.post(f"{URL}/api/").mock(side_effect=server)
        yield server


@pytest.fixture
def panel(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Panel]:
    monkeypatch.setenv("PMCTL_HESTIA_URL", URL)
    monkeypatch.setenv("PMCTL_HESTIA_ACCESS_KEY", KEY)
    monkeypatch.setenv("PMCTL_HESTIA_SECRET_KEY", "canary-secret")
    with Context.of({}) as context:
        yield context.panel


def test_an_owner_is_found_by_one_read(panel, server):
    assert panel_owner.owner_of(panel, "example.com") == "alice"
    assert server.asked == ["v-search-domain-owner example.com"]


def test_a_mistyped_domain_is_not_found_and_the_nearest_named(panel):
    with pytest.raises(NotFound) as caught:
        panel_owner.owner_of(panel, "exmaple.com")

    assert caught.value.message == "HestiaCP has no domain exmaple.com"
    assert caught.value.hint == "did you mean example.com?"


def test_the_users_are_those_that_are_listed(panel):
    assert panel_owner.users(panel) == ["admin", "alice"]


def test_a_key_of_one_user_is_not_asked_for_twice_what_it_may_not(panel, server):
    server.answers["v-list-users"] = said(f"{FORBIDDEN}v-list-users", 10, 401)
    server.answers["v-search-domain-owner example.com"] = said(f"{FORBIDDEN}x", 10, 401)
    panel.hestia.root = "alice"

    for _ in range(3):
        assert panel_owner.users(panel) == ["alice"]
        assert panel_owner.owner_of(panel, "example.com") == "alice"

    assert server.asked == ["v-list-users json", "v-search-domain-owner example.com"]


def test_whose_key_it_is_has_to_be_said_once(panel, server):
    server.answers["v-list-users"] = said(f"{FORBIDDEN}v-list-users", 10, 401)

    with pytest.raises(NotAllowed) as caught:
        panel_owner.users(panel)

    assert "--user USER" in caught.value.hint


def test_another_refusal_is_told_and_not_remembered(panel, server):
    server.answers["v-list-users"] = said("Error: IP is not allowed to connect with API", 10, 401)

    for _ in range(2):
        with pytest.raises(NotAllowed, match="IP is not allowed"):
            panel_owner.users(panel)

    assert len(server.asked) == 2
