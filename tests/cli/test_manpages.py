from __future__ import annotations

import re
import shutil

import pytest

from pmctl.cli.completion import files
from pmctl.cli.manpages import pages as manual
from pmctl.cli.manpages import text
from pmctl.main import GROUPS, root
from tests.shell import ROOT, run


@pytest.mark.parametrize(
    ("words", "roff"),
    [
        (".TH is no request here", "\\&.TH is no request here"),
        ("'quoted'", "\\&'quoted'"),
        ("C:\\path", "C:\\epath"),
        ("--dry-run", "\\-\\-dry\\-run"),
        ("plain", "plain"),
    ],
)
def test_text_of_a_man_page_is_printed_as_it_is(words, roff):
    assert text(words) == roff


def test_every_man_page_names_every_option_and_every_exit_code():
    pages = {name: page for name, page in files(root()).items() if name.startswith("man/")}
    assert set(pages) >= {"man/pmctl.1", *(f"man/pmctl-{name}.1" for name in GROUPS)}
    assert "\\-\\-output" in pages["man/pmctl-config.1"]
    for code in ("0", "64", "78", "141"):
        assert f".TP\n{code}\n" in pages["man/pmctl.1"]


def test_a_group_within_a_group_has_a_page_of_its_own_that_the_outer_page_names():
    inner = {"path": "pmctl mail box", "summary": "Boxes.", "examples": [], "detail": "",
             "parameters": [], "commands": []}  # fmt: skip
    outer = {**inner, "path": "pmctl mail", "summary": "Mail.", "commands": [inner]}
    top = {**inner, "path": "pmctl", "summary": "All.", "commands": [outer]}

    found = manual(top)

    assert list(found) == ["pmctl.1", "pmctl-mail.1", "pmctl-mail-box.1"]
    assert ".BR pmctl\\-mail\\-box (1)." in found["pmctl-mail.1"]


def test_groff_has_nothing_to_complain_about_in_any_page():
    pages = sorted((ROOT / "completions/man").glob("*.1"))
    if shutil.which("groff"):
        done = run("groff", "-man", "-ww", "-Tutf8", "-Kutf8", *map(str, pages))
        assert done.stderr == ""
        assert "EXIT STATUS" in re.sub(".\b", "", done.stdout)  # bold is overstruck
    for page in pages:
        known = (".TH", ".SH", ".SS", ".TP", ".PP", ".B ", ".BR", ".nf", ".fi")
        requests = [line for line in page.read_text().splitlines() if line.startswith(".")]
        assert all(line.startswith(known) for line in requests)
