"""Who changed it is found from one digest, whatever changed on whichever side."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmctl.sequence import body, threeway
from pmctl.sequence.payload import read_event_marker, read_marker, read_records, without_marker

FIELDS = ("name", "when", "path", "properties.add_tags", "properties.value", "customHtml")
VALUES = st.one_of(st.text(max_size=4), st.lists(st.integers(0, 3), max_size=2), st.none())


@settings(max_examples=200, deadline=None)
@given(
    st.fixed_dictionaries(dict.fromkeys(FIELDS, VALUES)),
    st.sets(st.sampled_from(FIELDS)),
    st.sets(st.sampled_from(FIELDS)),
)
def test_each_field_is_given_to_the_side_that_moved_it(
    base: dict[str, Any], by_file: set[str], by_builder: set[str]
) -> None:
    was = threeway.digest(base)
    mine = {**base, **{name: f"<p>file {name}</p>" for name in by_file}}
    theirs = {**base, **{name: f"<p>builder {name}</p>" for name in by_builder}}
    apart = by_file | by_builder

    found = threeway.who(was, mine, theirs, apart)

    if by_file & by_builder:
        assert found == dict.fromkeys(apart, "both")
    else:
        assert found == {name: "you" if name in by_file else "builder" for name in apart}


@settings(max_examples=100, deadline=None)
@given(st.sets(st.sampled_from("abcdefgh")), st.sets(st.sampled_from("abcdefgh")))
def test_a_missing_event_is_new_in_the_file_or_deleted_in_the_builder(
    there: set[str], deleted: set[str]
) -> None:
    noted = threeway.present((one, "main") for one in there)
    live = [(one, "main") for one in there - deleted]
    new = [("new", "main"), ("newer", "main")]
    missing = [(one, "main") for one in there & deleted]

    found = threeway.lost_ones(noted, [*new, *missing], live)

    assert found == {**dict.fromkeys(missing, "builder"), **dict.fromkeys(new, "you")}


def test_without_a_note_nobody_is_named() -> None:
    assert threeway.who("", {"a": 1}, {"a": 2}, ["a"]) == {"a": "unknown"}
    assert threeway.lost_ones("", [("a", "main")], []) == {("a", "main"): "unknown"}


def test_more_differences_than_can_be_mixed_are_told_when_one_side_made_them_all() -> None:
    base = {f"f{n}": n for n in range(30)}
    moved = {name: value + 100 for name, value in base.items()}
    was = threeway.digest(base)

    assert set(threeway.who(was, moved, base, base).values()) == {"you"}
    assert set(threeway.who(was, base, moved, base).values()) == {"builder"}


def test_what_a_form_leaves_empty_or_adds_does_not_count() -> None:
    was = threeway.digest({"name": "Tag", "properties.add_tags": ["x"], "properties.rest": []})
    theirs = {"name": "By hand", "properties.add_tags": ["x"], "properties.more": 3}

    found = threeway.who(was, {"name": "Tag", "properties.add_tags": ["x"]}, theirs, ["name"])

    assert found == {"name": "builder"}


def test_a_property_that_the_file_gave_up_is_yours() -> None:
    was = threeway.digest({"properties.city": "Rome", "properties.country": "Italy"})

    found = threeway.who(
        was,
        {"properties.city": "Oslo"},
        {"properties.city": "Rome", "properties.country": "Italy"},
        ["properties.city"],
    )

    assert found == {"properties.city": "you"}


@pytest.mark.parametrize(
    ("sides", "whole"),
    [
        (["you", "you"], "you"),
        (["builder"], "builder"),
        (["you", "builder"], "both"),
        (["both", "you"], "both"),
        (["you", "unknown"], "unknown"),
        (["mautic", "builder"], "builder"),
        ([], "unknown"),
    ],
)
def test_an_object_is_of_whoever_changed_its_fields(
    sides: list[threeway.By], whole: threeway.By
) -> None:
    assert threeway.together(sides) == whole


MARKER = "pmctl:v1 key=welcome env=prod hash=0123456789ab"


@pytest.mark.parametrize(
    "wrapped",
    [
        "Text\n{0}",
        "<p>Text</p><p>{0}</p>",
        "<p>Text<br />{0}</p>",
        "<p>Text</p>\n<p>&nbsp;{0}&nbsp;</p>",
        "<div>Text</div><div><span>{0}</span></div>",
    ],
)
def test_a_marker_survives_the_tags_of_an_editor(wrapped: str) -> None:
    description = wrapped.format(f"{MARKER} own=01234567.89abcdef")

    assert read_marker(description) == ("welcome", "prod", "0123456789ab")
    assert read_records(description) == {"own": "01234567.89abcdef"}
    assert without_marker(description).replace("\xa0", "").replace("&nbsp;", "").strip() == "Text"


def test_markers_without_notes_are_read_as_before() -> None:
    assert read_records(MARKER) == {}
    assert read_records("pmctl step=offer path=main/offer.opened=no") == {}
    noted = "pmctl step=offer path=main/offer.opened=no was=01234567 mail=0a.3.0b"
    assert read_event_marker(noted) == ("offer", "main/offer.opened=no")
    assert read_records(noted) == {"was": "01234567", "mail": "0a.3.0b"}


def test_who_changes_how_a_body_is_rendered_raises_the_number_of_the_rendering() -> None:
    """An email is not rendered while its source is as noted; RENDERING is part of that note."""
    source = (
        "Hello {{ firstname | there }},\n\n# A *head*\n\n- one\n- [two](https://example.com/?a=1)"
        "\n\n> said\n\n{unsubscribe_text}\n"
    )
    done = body.render(source, "markdown", subject="News", preheader="Two minutes", text=None)
    digest = hashlib.sha256(f"{done.html}\0{done.text}".encode()).hexdigest()[:12]

    assert (threeway.RENDERING, digest) == (1, "4fbec8af3c6f")
