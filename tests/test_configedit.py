"""Text in, text out: one value changed, everything else as it was."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmctl import configfile
from pmctl.config import Config
from pmctl.configedit import example, literal, new_file, set_value
from pmctl.configfile import File
from pmctl.errors import ConfigError
from pmctl.settings import KEYS

EXAMPLE = Path(__file__).parent.parent / "config.example.toml"
MAUTIC = ("contexts", "a", "mautic")

TEXT = """\
# head
default_context = "a"   # the usual one

[contexts.a.mautic] # about Mautic
# before
url = "https://x.example/#/"  # after, "quoted"

password_command = [
  "pass",  # a comment inside
  "show",
]
# end of mautic

[contexts.b]
retries = 3
"""


def test_the_example_is_what_the_table_of_keys_says():
    assert EXAMPLE.read_text() == example()


def test_the_example_works_as_it_is_and_with_every_line_switched_on():
    on = "\n".join(
        line.removeprefix("# ") if line.startswith("# ") and " = " in line else line
        for line in example().splitlines()
    )
    for text in (example(), on):
        data = configfile.parse(text.encode(), Path("config.toml"))
        config = Config(File(Path("config.toml"), data), {})
        assert config.mautic.url == "https://mtc.mail.example.com"
    assert (config.billmanager.user, config.niledb.port) == ("ana@example.com", 5432)
    names = {name for table in data["contexts"]["production"].values() for name in table}
    assert names == {key.name for key in KEYS if key.section and key.kind != "secret"}


def test_a_changed_value_keeps_comments_order_and_all_else():
    new = set_value(TEXT, MAUTIC, "url", "https://y.example")

    before = 'url = "https://x.example/#/"  # after, "quoted"'
    assert new == TEXT.replace(before, 'url = "https://y.example"  # after, "quoted"')


def test_a_value_over_several_lines_is_replaced_as_a_whole():
    new = set_value(TEXT, MAUTIC, "password_command", ["cat", "x"])

    start, end = TEXT.index("password_command"), TEXT.index("# end of mautic")
    assert new == f'{TEXT[:start]}password_command = ["cat", "x"]\n{TEXT[end:]}'


def test_a_new_value_goes_behind_the_last_of_its_table():
    new = set_value(TEXT, MAUTIC, "user", "ana")

    assert new == TEXT.replace("# end of mautic", 'user = "ana"\n# end of mautic')


def test_a_new_table_goes_to_the_end():
    assert set_value(TEXT, ("contexts", "c d", "server"), "hostname", "h") == (
        f'{TEXT}\n[contexts."c d".server]\nhostname = "h"\n'
    )


def test_the_first_lines_are_a_table_too():
    assert set_value(TEXT, (), "default_context", "b") == TEXT.replace(
        'default_context = "a"', 'default_context = "b"'
    )
    assert set_value("# head\n[contexts.a]\n", (), "default_context", "a").startswith(
        'default_context = "a"\n# head\n'
    )


def test_a_file_without_a_last_newline_and_one_of_windows_stay_whole():
    assert set_value("[defaults]\nretries = 1", ("defaults",), "retries", 2) == (
        "[defaults]\nretries = 2\n"
    )
    assert set_value("[defaults]\r\nretries = 1\r\n", ("defaults",), "timeout_seconds", 2.5) == (
        "[defaults]\r\nretries = 1\r\ntimeout_seconds = 2.5\r\n"
    )
    assert set_value("", ("defaults",), "retries", 2) == "[defaults]\nretries = 2\n"


@pytest.mark.parametrize(
    "text",
    [
        'contexts.a.mautic.url = "x"\n',
        '[contexts.a]\nmautic = {url = "x"}\n',
        '[contexts.a]\nmautic.url = "x"\n',
        'x = """\n[contexts.a.mautic]\n"""\n',
    ],
)
def test_a_layout_that_cannot_be_edited_safely_is_refused(text):
    with pytest.raises(ConfigError, match="cannot be edited safely"):
        set_value(text, MAUTIC, "url", "https://y.example")


def test_the_name_of_a_table_may_be_written_in_any_way():
    text = '[ contexts . "a" . mautic ]\n"url" = "x"\n'

    assert tomllib.loads(set_value(text, MAUTIC, "url", "y")) == {
        "contexts": {"a": {"mautic": {"url": "y"}}}
    }


@given(st.text(), st.sampled_from(["url", "user", "password_command"]))
def test_whatever_text_is_set_is_read_back(value, name):
    if any("\ud800" <= char <= "\udfff" for char in value):
        return
    data = tomllib.loads(set_value(TEXT, MAUTIC, name, value))

    assert data["contexts"]["a"]["mautic"][name] == value
    assert data["contexts"]["b"] == {"retries": 3}


@pytest.mark.parametrize("value", [1, 2.5, 'a"b\\c\x7f\u2028', ["x", "y z"], True])
def test_a_literal_is_read_back(value):
    assert tomllib.loads(f"a = {literal(value)}") == {"a": value}


def test_a_new_file_has_what_was_given():
    text = new_file("my.ctx", {"server.hostname": "h", "mautic.user": "ana"})

    assert tomllib.loads(text) == {
        "default_context": "my.ctx",
        "contexts": {"my.ctx": {"server": {"hostname": "h"}, "mautic": {"user": "ana"}}},
    }
