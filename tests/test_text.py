from __future__ import annotations

import io
import json

import pytest

from pmctl.text import any_character, clean, did_you_mean, json_text


def test_letters_and_signs_of_all_languages_stay(capsys):
    text = "zażółć 50\u00a0000\u202f€ ایران\u200cها 👩\u200d💻"
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b\x7f\x00", "\\x9b\\x7f\\x00"),
        ("\u202eevil", "\\u202eevil"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\udb40\\udc41"),
        ("plain", "plain"),
    ],
)
def test_what_could_fool_a_reader_is_spelt_out(text, spelt):
    assert clean(text) == spelt


def stream(encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
@pytest.mark.parametrize("indent", [None, 2])
def test_json_is_the_same_value_in_every_encoding(encoding, indent):
    value = {"é\x7f": ["zażółć\n", "\x9b\u2066\ud83d", {"😀": None}]}
    written = json_text(value, stream(encoding), indent)

    assert json.loads(written.encode(encoding)) == value
    assert clean(written.replace("\n", "")) == written.replace("\n", "")


def test_a_stream_without_an_encoding_takes_every_character():
    assert any_character(io.StringIO())
    assert any_character(stream("utf-8"))
    assert not any_character(stream("ascii"))


def test_the_nearest_word_is_offered_or_what_is_known():
    assert did_you_mean("wellcome", ["welcome", "trial"]) == "did you mean welcome?"
    assert did_you_mean("zzz", ["welcome", "trial"]) == "known: welcome, trial"
    assert did_you_mean("zzz", ["welcome"], "look it up") == "look it up"
    assert did_you_mean("zzz", []) == ""
