"""`pmctl stats report`: one file that needs nothing else, seen in a real browser."""

from __future__ import annotations

import html.parser
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pmctl.backends.niledb import Niledb
from pmctl.charts.page import Section, Table, page
from pmctl.charts.svg import STYLE, lines
from pmctl.clients import stats_steps
from pmctl.clients.stats_steps import StepRow
from tests import chromium
from tests.chromium import Chromium, Picture
from tests.conftest import Run
from tests.mailings import BEGIN, ROWS, Event, event, history, recount, store

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="session")
def browser() -> Chromium:
    return chromium.find()


@pytest.fixture
def events(niledb: Niledb) -> list[Event]:
    made = history()
    store(niledb, made)
    stats_steps.write(niledb, ROWS)
    return made


def report(pmctl: Run, to: Path, *words: str) -> Path:
    code, out, err = pmctl("stats", "report", "-o", to, *words)
    assert (code, out) == (0, ""), err
    assert f"wrote {to}" in err
    return to


class Outline(html.parser.HTMLParser):
    """What stands in a page: each section's charts, tables and references."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("words", [(), ("--campaign", "welcome")], ids=["all", "campaign"])
def test_a_browser_shows_the_report_light_and_dark(
    pmctl: Run, events: list[Event], browser: Chromium, tmp_path: Path, words: tuple[str, ...]
) -> None:
    made = report(pmctl, tmp_path / "report.html", *words)

    light = browser.screenshot(made, tmp_path / "light.png")
    dark = browser.screenshot(made, tmp_path / "dark.png", dark=True)

    assert (light.width, light.height) == (860, 1200)
    assert light.corner == (255, 255, 255)
    assert sum(dark.corner) < 120
    assert min(light.values, dark.values) > 50  # neither is empty


def test_what_the_browser_sees_has_the_figures(
    pmctl: Run, events: list[Event], browser: Chromium, tmp_path: Path
) -> None:
    made = report(pmctl, tmp_path / "report.html", "--campaign", "welcome")

    seen = re.sub(r"<[^>]+>", "\n", browser.run(made, "--dump-dom"))

    for type_ in ("sent", "opened", "clicked"):
        assert f"{recount(events, type_)[0]:,}" in seen
    assert "offer" in seen
    assert "What the figures mean" in seen


def test_the_report_prints(
    pmctl: Run, events: list[Event], browser: Chromium, tmp_path: Path
) -> None:
    made = report(pmctl, tmp_path / "report.html")
    to = tmp_path / "report.pdf"

    browser.run(made, "--no-pdf-header-footer", f"--print-to-pdf={to}")

    assert to.read_bytes().startswith(b"%PDF")


def test_whatever_a_name_says_the_browser_asks_nobody(browser: Chromium, tmp_path: Path) -> None:
    asked: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *words: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    evil = f"</title></style></svg><img src='{url}a'><script>fetch('{url}b')</script>"
    chart = lines(evil, [evil, "b"], [("sent", [1, 2])])
    table = Table(evil, [evil, "n"], [[evil, "1"]], (1,))
    made = tmp_path / "evil.html"
    made.write_text(page(evil, [evil], [Section(evil, chart, table, evil)], [(evil, evil)]))
    control = tmp_path / "control.html"
    control.write_text(f"<img src='{url}control'>")
    try:
        browser.screenshot(made, tmp_path / "evil.png")
        assert asked == []
        browser.screenshot(control, tmp_path / "control.png")
        assert asked == ["/control"]  # the listener does hear a page that asks
    finally:
        server.shutdown()
        server.server_close()


def test_every_chart_is_told_in_words_and_as_a_table(
    pmctl: Run, events: list[Event], tmp_path: Path
) -> None:
    text = report(pmctl, tmp_path / "report.html", "--campaign", "welcome").read_text()

    sections = text.split("<section")[1:]
    with_chart = [one for one in sections if "<svg" in one]
    assert len(with_chart) == 3
    for one in with_chart:
        assert "<table" in one
        assert re.search(r"<caption>[^<]+</caption>", one)
    outline = Outline(text)
    ids = [attrs["id"] for _, attrs in outline.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for tag, attrs in outline.tags:
        for name in (attrs.get("aria-labelledby") or "").split():
            assert name in ids, tag
    said = [tag for tag, attrs in outline.tags if tag == "svg" and attrs["role"] == "img"]
    assert len(said) == text.count("<desc ")
    assert 'lang="en"' in text


def test_the_report_has_no_script_and_no_address(
    pmctl: Run, events: list[Event], tmp_path: Path
) -> None:
    text = report(pmctl, tmp_path / "report.html").read_text()

    assert "<script" not in text
    assert "@import" not in text
    assert set(re.findall(r"https?://[^\"' ]+", text)) == {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in text


def _luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_the_colours_can_be_told_from_their_background(dark: bool) -> None:
    light_part, _, dark_part = STYLE.partition("@media")
    found = dict(re.findall(r"\.(\w+)\{fill:(#[0-9a-f]{6})\}", dark_part if dark else light_part))

    for name in ("ink", "quiet"):
        for behind in ("paper", "tile"):
            assert _contrast(found[name], found[behind]) >= 4.5, (name, behind)
    for name in ("sent", "opened", "clicked", "replied"):
        for behind in ("paper", "track"):
            assert _contrast(found[name], found[behind]) >= 3, (name, behind)


def test_svg_is_one_picture_with_title_and_description(
    pmctl: Run, events: list[Event], tmp_path: Path
) -> None:
    made = report(pmctl, tmp_path / "report.svg", "--campaign", "welcome", "--title", "A & <B>")

    tree = ElementTree.fromstring(made.read_text())
    assert tree.findtext(f"{SVG}title", "").startswith("A & <B>")
    assert "offer" in tree.findtext(f"{SVG}desc", "")
    assert tree.get("width") == "760"


def test_png_is_drawn_with_its_letters(
    pmctl: Run, events: list[Event], tmp_path: Path, browser: Chromium
) -> None:
    """A browser brings the font that the picture needs, where there was none."""
    made = report(pmctl, tmp_path / "report.png", "--since", "2026-10-01")

    picture = Picture.of(made.read_bytes())
    assert picture.width == 1520
    assert picture.values > 50


def test_a_report_on_stdout_is_html(pmctl: Run, events: list[Event]) -> None:
    code, out, _ = pmctl("stats", "report", "-o", "-")

    assert code == 0
    assert out.startswith("<!doctype html>")


@pytest.mark.parametrize("name", ["report", "report.docx"])
def test_another_kind_of_file_is_refused(pmctl: Run, name: str, tmp_path: Path) -> None:
    code, _, err = pmctl("stats", "report", "-o", tmp_path / name)

    assert code == 64
    assert "report.html" in err


def test_a_place_that_cannot_be_written_is_said(
    pmctl: Run, events: list[Event], tmp_path: Path
) -> None:
    code, _, err = pmctl("stats", "report", "-o", tmp_path / "nowhere" / "report.html")

    assert code == 1
    assert "cannot be written" in err


def test_without_events_there_is_no_report_but_a_sentence(
    pmctl: Run, database: str, tmp_path: Path
) -> None:
    code, out, err = pmctl("stats", "report", "-o", tmp_path / "report.html")

    assert (code, out) == (0, "")
    assert "no events yet" in err
    assert not (tmp_path / "report.html").exists()


def test_a_line_of_one_day_and_one_of_nothing_can_be_drawn() -> None:
    for values in ([0.0], [5.0], [0.0, 0.0]):
        chart = lines("t", ["2026-11-01"] * len(values), [("sent", values)])
        drawn = ElementTree.fromstring(f"<svg>{''.join(chart.parts)}</svg>")
        assert "2026-11-01" in {element.text for element in drawn.iter("text")}


def test_a_report_of_everything_sets_the_campaigns_beside_each_other(
    pmctl: Run, niledb: Niledb, events: list[Event], tmp_path: Path
) -> None:
    other = StepRow(77, 9, "other", "Another & more", "s", "email.send", 78, "", 0)
    stats_steps.write(niledb, [other])
    store(niledb, [event(90_000 + n, "sent", BEGIN, n, campaign_event_id=77) for n in range(7)])

    text = report(pmctl, tmp_path / "report.html").read_text()

    cells = re.findall(r'<th scope="row">([^<]+)</th><td class="number">([\d,]+)</td>', text)
    found = dict(cells)
    assert found["Welcome"] == f"{recount(events, 'sent')[0]:,}"
    assert found["Another &amp; more"] == "6"  # contact 0 is nobody
    assert [name for name, _ in cells].index("Welcome") < [n for n, _ in cells].index(
        "Another &amp; more"
    )
