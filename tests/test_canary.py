"""A canary secret is given to every command, traced; it must never come out anywhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pmctl.sandbox.hestia_sandbox import HestiaSandbox
from pmctl.sandbox.server import MauticSandbox
from tests.conftest import Run
from tests.sandboxes import use, use_panel

SEQUENCE = """\
version: 1
key: canary
name: Canary
audience: {segments: [trial-day-2]}
steps:
  - email: hello
    subject: Hello
    body: Hello
"""
CONFIG = """\
default_context = "production"
[contexts.production.mautic]
url = "https://mautic.example.com"
user = "ana"
"""
# what each command is given; FILE stands for a sequence, PEOPLE for a file of contacts
COMMANDS: dict[str, list[str]] = {
    "campaign validate": ["FILE"],
    "campaign lint": ["FILE"],
    "campaign explain": ["FILE"],
    "campaign simulate": ["FILE"],
    "campaign graph": ["FILE"],
    "campaign schema": [],
    "campaign fmt": ["--check", "FILE"],
    "campaign plan": ["FILE"],
    "campaign forecast": ["--all"],
    "campaign diff": ["FILE", "--all"],
    "campaign pull": ["canary", "--dir", "PEOPLE-of-nobody", "--dry-run"],
    "campaign adopt": ["FILE", "--id", "1", "--yes"],
    "campaign status": [],
    "campaign snapshots": ["canary"],
    "campaign rollback": ["canary", "--yes"],
    "campaign destroy": ["canary", "--purge", "--yes"],
    "campaign apply": ["FILE", "--yes"],
    "campaign list": [],
    "campaign show": ["canary"],
    "campaign publish": ["canary"],
    "campaign unpublish": ["canary"],
    "campaign segment list": ["--count"],
    "campaign segment show": ["trials"],
    "campaign segment add": ["warm", "--name", "Warm", "--filter", "city = Lima"],
    "campaign segment edit": ["trials", "--name", "Trials"],
    "campaign segment delete": ["trials", "--yes"],
    "campaign segment members": ["trials"],
    "campaign segment add-contacts": ["trials", "ana@example.com"],
    "campaign segment remove-contacts": ["trials", "ana@example.com"],
    "campaign contact list": [],
    "campaign contact show": ["ana@example.com"],
    "campaign contact add": ["new@example.com"],
    "campaign contact delete": ["ana@example.com", "--yes"],
    "campaign contact tag": ["ana@example.com", "--add", "vip"],
    "campaign contact edit": ["ana@example.com", "--field", "city=Lima"],
    "campaign contact upsert": ["PEOPLE", "-o", "json"],
    "campaign contact enroll": ["canary", "ana@example.com"],
    "campaign contact remove": ["canary", "ana@example.com", "--yes"],
    "campaign contact dnc add": ["ana@example.com"],
    "campaign contact dnc remove": ["ana@example.com", "--yes"],
    "campaign email list": [],
    "campaign email show": ["1"],
    "campaign email preview": ["1", "--contact", "ana@example.com"],
    "campaign email test-send": ["1", "--to", "ana@example.com", "--yes"],
    "campaign test-send": ["FILE", "hello", "--to", "ana@example.com", "--yes"],
    "stats summary": [],
    "stats campaign": ["canary"],
    "stats steps": ["canary"],
    "stats series": [],
    "stats sync": [],
    "stats contacts": [],
    "stats domains": [],
    "stats export": [],
    "stats report": ["-o", "-"],
    "stats verify": [],
    "stats adopt": ["--yes"],
    "webhook register": ["http://127.0.0.1:9/webhooks/mautic"],
    "webhook list": [],
    "webhook show": ["1"],
    "webhook unregister": ["1", "--yes"],
    "webhook rotate-secret": ["1"],
    "webhook backfill": ["--since", "7d"],
    "webhook serve": ["--listen", "nowhere"],
    "webhook unit": [],
    "webhook status": [],
    "webhook tail": [],
    "webhook trigger": ["opened", "--to", "http://127.0.0.1:9/webhooks/mautic"],
    "webhook dead list": [],
    "webhook dead show": ["1"],
    "webhook dead retry": ["1"],
    "webhook dead purge": ["1", "--yes"],
    "webhook replay": ["--from", "2026-11-24"],
    "domain list": [],
    "domain show": ["example.test"],
    "domain add": ["new.test", "--user", "alice"],
    "domain delete": ["example.test", "--yes"],
    "domain suspend": ["example.test"],
    "domain unsuspend": ["example.test"],
    "domain dkim": ["example.test", "--disable", "--yes"],
    "domain ssl show": ["example.test"],
    "domain ssl enable": ["example.test", "--no-check"],
    "domain records": ["example.test"],
    "domain dns list": ["example.test"],
    "domain dns add": ["example.test", "x", "A", "192.0.2.9"],
    "domain dns delete": ["example.test", "15", "--yes"],
    "domain dns set": ["example.test", "x", "A", "192.0.2.9"],
    "mailbox list": [],
    "mailbox show": ["info@example.test"],
    "mailbox add": ["new@example.test", "--password-stdin"],
    "mailbox delete": ["info@example.test", "--yes"],
    "mailbox passwd": ["info@example.test", "--password-stdin"],
    "mailbox quota": ["info@example.test", "--set", "100"],
    "mailbox suspend": ["info@example.test"],
    "mailbox unsuspend": ["info@example.test"],
    "mailbox count": ["--verify"],
    "mailbox import": ["-"],
    "mailbox export": [],
    "mailbox alias add": ["info@example.test", "sales"],
    "mailbox alias delete": ["info@example.test", "sales"],
    "mailbox alias list": ["info@example.test"],
    "mailbox forward add": ["info@example.test", "a@example.org"],
    "mailbox forward delete": ["info@example.test", "a@example.org"],
    "mailbox forward list": ["info@example.test"],
    "mailbox autoreply set": ["info@example.test"],
    "mailbox autoreply show": ["info@example.test"],
    "mailbox autoreply off": ["info@example.test"],
    "db list": [],
    "db show": ["shop"],
    "db add": ["blog", "--user", "alice", "--password-stdin"],
    "db passwd": ["shop", "--password-stdin"],
    "db delete": ["shop", "--yes"],
    "db suspend": ["shop"],
    "db unsuspend": ["shop"],
    "panel-user list": [],
    "panel-user show": ["alice"],
    "panel-user packages": [],
    "panel-user add": ["dave", "d@example.test", "--password-stdin"],
    "panel-user passwd": ["alice", "--password-stdin"],
    "panel-user contact": ["alice", "new@example.test"],
    "panel-user package": ["bob", "small", "--force"],
    "panel-user delete": ["alice", "--yes"],
    "panel-user suspend": ["bob", "--yes"],
    "panel-user unsuspend": ["bob"],
    "config init": ["--force"],
    "config list": [],
    "config show": [],
    "config use": ["production"],
    "config get": ["mautic.url"],
    "config set": ["mautic.user", "bo"],
    "config explain": ["mautic.password"],
    "config set-secret": ["mautic.password"],
    "config doctor": [],
    "config audit": [],
    "help": [],
    "help exit-codes": [],
    "completion bash": [],
    "completion zsh": [],
    "completion fish": [],
}
# groups that speak to HestiaCP
PANEL = ("domain", "mailbox", "db", "panel-user")
# They speak to a stand-in that they start themselves, with secrets that they made up and print.
OWN_SECRETS = {"sandbox serve", "sandbox tour"}


def _of_panel(command: str) -> bool:
    return command.split()[0] in PANEL


def _commands() -> Iterator[str]:
    from pmctl.cli.help import tree
    from pmctl.main import root

    def below(node: dict[str, Any]) -> Iterator[str]:
        if "commands" not in node:
            yield node["path"].removeprefix("pmctl ")
        for child in node.get("commands", ()):
            yield from below(child)

    yield from below(tree(root()))


def test_every_command_is_tried() -> None:
    ours = {c for c in _commands() if not c.startswith("completion write")}

    assert ours - set(COMMANDS) - OWN_SECRETS == set()


def _everything(home: Path, out: str, err: str) -> str:
    """All that a run left behind but the caches of tokens and the secrets that were stored."""
    files = [
        file.read_text(errors="replace")
        for file in home.rglob("*")
        if file.is_file() and "token" not in file.name
    ]
    return "\n".join([out, err, *files])


def _forms(secret: str) -> list[str]:
    """The secret as it is, and as Basic auth and URLs would show it."""
    pair = base64.b64encode(f"admin:{secret}".encode()).decode()
    return [secret, base64.b64encode(secret.encode()).decode().rstrip("="), pair]


@pytest.mark.parametrize("trouble", ["none", "wrong", "cut", "html", "500"])
@pytest.mark.parametrize("basic", [False, True])
@pytest.mark.parametrize("command", [one for one in sorted(COMMANDS) if not _of_panel(one)])
def test_no_command_shows_a_secret(
    command: str,
    basic: bool,
    trouble: str,
    pmctl: Run,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    talks = command.startswith("campaign") and "FILE" not in command
    if trouble != "none" and not talks:
        return
    file = tmp_path / "canary.yaml"
    file.write_text(SEQUENCE)
    config = home / ".config" / "pmctl" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(CONFIG)
    config.chmod(0o600)
    with MauticSandbox() as sandbox:
        use(sandbox, monkeypatch, basic=basic)
        secrets = [sandbox.password if basic else sandbox.client_secret]
        if trouble == "wrong":
            secrets = ["canary-Zx81-wrong-secret"]
            name = "PASSWORD" if basic else "CLIENT_SECRET"
            monkeypatch.setenv(f"PMCTL_MAUTIC_{name}", secrets[0])
        elif trouble != "none":
            faults = {"cut": "cut-after", "html": "html", "500": "500"}
            sandbox.fail(f"*:*:*:{faults[trouble]}")
        if command.startswith("stats"):  # a database that nobody answers for
            secrets.append("canary-Zx81-of-the-database")
            where = {"HOST": "127.0.0.1", "PORT": "1", "DATABASE": "d", "USER": "ana"}
            for name, value in {**where, "PASSWORD": secrets[-1]}.items():
                monkeypatch.setenv(f"PMCTL_NILEDB_{name}", value)
        monkeypatch.setattr("pmctl.clients.campaign_contact_upsert.PAUSES", (0, 0))
        people = tmp_path / "people.csv"
        people.write_text("email,city\nana@example.com,Lima\n")
        paths = {"FILE": str(file), "PEOPLE": str(people)}
        words = [paths.get(word, word) for word in COMMANDS[command]]
        reads = ["--retries", "0"] if command.startswith("campaign") else []

        _, out, err = pmctl(*command.split(), *words, "--trace", *reads, stdin="a-new-secret\n")

        seen = _everything(home, out, err)
        tokens = [
            json.loads(cache.read_text()).get("token", "")
            for cache in home.rglob("*token*")
            if cache.is_file()
        ]
        for secret in [*secrets, *filter(None, tokens)]:
            for form in _forms(secret):
                assert form not in seen, f"{command} shows {form}"
        assert "a-new-secret" not in out + err


@pytest.mark.parametrize("trouble", ["none", "wrong", "cut", "html", "500"])
@pytest.mark.parametrize("by_key", [True, False])
@pytest.mark.parametrize("command", [one for one in sorted(COMMANDS) if _of_panel(one)])
def test_no_command_of_the_panel_shows_a_secret(
    command: str,
    by_key: bool,
    trouble: str,
    pmctl: Run,
    home: Path,
    panel: HestiaSandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pmctl.clients.panel.PAUSES", (0,))
    use_panel(panel, monkeypatch, key=by_key)
    if trouble not in ("none", "wrong") and not by_key:
        return
    canaries = [panel.secret_key if by_key else panel.password, "a-new-secret"]
    if trouble == "wrong":
        canaries[0] = "canary-Zx81-wrong-secret-of-40-characters"[:40]
        monkeypatch.setenv(f"PMCTL_HESTIA_{'SECRET_KEY' if by_key else 'PASSWORD'}", canaries[0])
    elif trouble != "none":
        faults = {"cut": "cut-after", "html": "html", "500": "500"}
        panel.fail(f"*:*:*:{faults[trouble]}")
    own = panel.store.users["alice"].conf
    own |= {"TWOFA": "canary-Zx81-of-the-second-factor", "QRCODE": "canary-Zx81-picture"}
    canaries += [own["RKEY"], own["TWOFA"], own["QRCODE"]]
    argv = [*command.split(), *COMMANDS[command], "--trace", "--retries", "0"]

    stdin = "a-new-secret\n"
    if command == "mailbox import":
        stdin = "email,password\nnew@example.test,a-new-secret\n"

    code, out, err = pmctl(*argv, stdin=stdin)

    seen = _everything(home, out, err)
    assert panel.requests
    assert trouble in ("cut", "html", "500") or (code == 4) is (trouble == "wrong")
    assert "PRIVATE KEY" not in seen
    for form in [form for canary in canaries for form in _forms(canary)]:
        if "autoreply" not in command or form != "a-new-secret":  # there it is a text
            assert form not in seen, f"{command} shows {form}"
