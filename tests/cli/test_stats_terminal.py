"""`pmctl stats` at a terminal: within 80 columns, charts below figures, plain where asked."""

from __future__ import annotations

import re

import pytest

from pmctl.backends import niledb_schema
from pmctl.backends.niledb import Niledb
from pmctl.clients import stats_steps
from tests import postgres
from tests.backends.test_niledb import at
from tests.mailings import ROWS, history, store
from tests.postgres import Server
from tests.shell import PMCTL, at_a_terminal

COMMANDS = [
    ["summary"], ["campaign", "welcome"], ["steps", "welcome"], ["steps", "welcome", "--variants"],
    ["series", "--since", "2026-10-01", "--until", "2026-12-01", "--by", "week"],
    ["series", "--since", "2026-10-01", "--until", "2026-12-01"],
    ["contacts", "--limit", "5"], ["domains", "--since", "2026-10-01"],
]  # fmt: skip


@pytest.fixture(scope="module")
def where(server: Server) -> dict[str, str]:
    """The settings of a database with a history, as variables."""
    name = server.new_database()
    niledb: Niledb = at(server, database=name)
    niledb_schema.prepare(niledb)
    store(niledb, history())
    stats_steps.write(niledb, ROWS)
    niledb.close()
    settings = {"HOST": str(server.folder), "DATABASE": name, "USER": "ana",
                "PASSWORD": postgres.PASSWORD, "TENANT_ID": postgres.TENANT}  # fmt: skip
    return {f"PMCTL_NILEDB_{key}": value for key, value in settings.items()}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_it_fits_a_terminal_of_80_columns(command: list[str], where: dict[str, str]) -> None:
    shown = at_a_terminal(*PMCTL, "stats", *command, NO_COLOR="1", **where)

    assert "error" not in shown, shown
    assert "\x1b" not in shown
    assert len(shown.splitlines()) > 2
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= 80


def test_a_campaign_has_its_funnel_below_the_figures(where: dict[str, str]) -> None:
    shown = at_a_terminal(*PMCTL, "stats", "campaign", "welcome", **where)

    assert re.search(r"sent +200 +\x1b\[36m█{34}\x1b\[0m", shown)
    assert shown.index("unsubscribed") < shown.index("█")


def test_a_series_has_its_chart_above_the_table(where: dict[str, str]) -> None:
    words = ["series", "--since", "2026-10-01", "--until", "2026-12-01", "--by", "month"]

    shown = at_a_terminal(*PMCTL, "stats", *words, NO_COLOR="1", **where)

    assert shown.index("█") < shown.index("2026-11-01 ")
    assert "sent, at most" in shown


def test_a_terminal_without_unicode_gets_plain_bars(where: dict[str, str]) -> None:
    plain = {"PYTHONIOENCODING": "ascii", "NO_COLOR": "1"}

    for words in (["campaign", "welcome"], ["series", "--since", "2026-10-01", "--by", "month"]):
        shown = at_a_terminal(*PMCTL, "stats", *words, **plain, **where)

        assert shown.isascii()
        assert "#" in shown
        assert "\\u" not in shown
