from __future__ import annotations

import pytest

from pmctl.names import completing, remember, remembered


def test_names_are_remembered_sorted_and_once(home):
    remember("campaigns", ["b", "a", "b"])
    assert remembered("campaigns") == ["a", "b"]
    assert remembered("segments") == []


def test_the_newest_names_replace_the_older_ones():
    remember("campaigns", ["a"])
    remember("campaigns", ["b"])
    assert remembered("campaigns") == ["b"]


def test_names_that_would_break_a_line_are_left_out():
    remember("campaigns", ["two\nlines", "", "\x1b[31m", "fine"])
    assert remembered("campaigns") == ["fine"]


@pytest.mark.parametrize("place", ["/proc/nowhere", "/dev/null"])
def test_a_cache_that_cannot_be_written_fails_no_command(place, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", place)
    remember("campaigns", ["a"])
    assert remembered("campaigns") == []


def test_a_cache_that_is_no_text_is_an_empty_one(home):
    remember("campaigns", ["a"])
    (home / ".cache/pmctl/names/campaigns").write_bytes(b"\xff\xfe")
    assert remembered("campaigns") == []


def test_completion_offers_what_begins_like_the_word():
    remember("campaigns", ["trial", "welcome", "weekly"])
    assert completing("campaigns")("we") == ["weekly", "welcome"]
    assert completing("segments")("") == []
