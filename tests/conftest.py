"""The shell as a fixture: every test talks to pmctl as a person does, through `main(argv)`."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from pmctl import errors
from pmctl.main import main
from pmctl.sandbox.hestia_people import settle
from pmctl.sandbox.hestia_sandbox import HestiaSandbox
from pmctl.sandbox.kumomta_sandbox import KumoSandbox
from pmctl.sandbox.server import MauticSandbox
from tests import guard, postgres
from tests.campaigns import NUDGE
from tests.nile_dialect import Dialect
from tests.sandboxes import use, use_panel

Run = Callable[..., tuple[int, str, str]]

# The same examples at each run, so that a red run is a change's own fault. For a search with new
# ones: `pytest --hypothesis-profile=default`.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
guard.install()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home for each test, and no pmctl variable of the machine in the environment."""
    place = tmp_path / "home"
    place.mkdir()
    for name in list(os.environ):
        if name.startswith(("PMCTL_", "XDG_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name in ("NO_COLOR", "CLICOLOR_FORCE", "CREDENTIALS_DIRECTORY", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.setenv("XDG_DATA_HOME", str(place / "data"))  # root's default is of the machine
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setattr(errors, "_hidden", set())  # a test's secret may be a word of the next one
    errors._passing.clear()
    return place


@pytest.fixture
def pmctl(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run pmctl in this process: `code, out, err = pmctl("campaign", "list")`."""

    def run(*argv: str | Path, stdin: str = "") -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            patch.setattr(sys, "stdin", io.StringIO(stdin))
            code = main([str(word) for word in argv])
        return code, out.getvalue(), err.getvalue()

    return run


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[MauticSandbox]:
    """A stand-in Mautic for one test, with the settings that lead pmctl to it."""
    with MauticSandbox() as running:
        use(running, monkeypatch)
        yield running


@pytest.fixture
def panel(monkeypatch: pytest.MonkeyPatch) -> Iterator[HestiaSandbox]:
    """A stand-in HestiaCP for one test, with alice, bob and carol, and pmctl pointed at it.

    `panel.commands` and `panel.written` are what came, `panel.store` is what it holds.
    """
    with HestiaSandbox() as running:
        settle(running.store)
        use_panel(running, monkeypatch)
        yield running


@pytest.fixture
def kumo(monkeypatch: pytest.MonkeyPatch) -> Iterator[KumoSandbox]:
    """A stand-in KumoMTA for one test, and pmctl pointed at it; no login is set.

    `kumo.accepted` is what it took, `kumo.log` the records of its log.
    """
    with KumoSandbox() as running:
        for name in ("USER", "PASSWORD"):
            monkeypatch.delenv(f"PMCTL_KUMOMTA_{name}", raising=False)
        for name, value in running.settings().items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A sequence file: two emails and a question between them."""
    path = tmp_path / "nudge.yaml"
    path.write_text(NUDGE)
    return path


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    """A PostgreSQL of this test process, started by the first test that asks for it."""
    with postgres.running() as running:
        yield running


@pytest.fixture
def database(server: postgres.Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database for one test, with the settings that lead pmctl to it."""
    name = server.new_database()
    settings = {"HOST": str(server.folder), "DATABASE": name, "USER": "ana",
                "PASSWORD": postgres.PASSWORD, "TENANT_ID": postgres.TENANT}  # fmt: skip
    for key, value in settings.items():
        monkeypatch.setenv(f"PMCTL_NILEDB_{key}", value)
    return name


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every statement that pmctl sends here; each is held against what NileDB takes."""
    import psycopg

    seen: list[str] = []
    dialects: list[Dialect] = []
    execute, rollback = psycopg.Cursor.execute, psycopg.Connection.rollback

    def noted(connection: Any, text: str) -> None:
        if connection.info.parameter_status("application_name") == "pmctl":
            if not hasattr(connection, "dialect"):
                connection.dialect = Dialect(tenant=True)
                dialects.append(connection.dialect)
            seen.extend(connection.dialect.statements(text))

    def execute_noted(self: Any, query: Any, params: Any = None, **more: Any) -> Any:
        noted(self.connection, query)
        return execute(self, query, params, **more)

    def rollback_noted(self: Any) -> None:
        noted(self, "rollback")
        rollback(self)

    monkeypatch.setattr(psycopg.Cursor, "execute", execute_noted)
    monkeypatch.setattr(psycopg.Connection, "rollback", rollback_noted)
    yield seen
    assert [problem for dialect in dialects for problem in dialect.wrong] == []
