"""A plan as a comment: short enough, well-formed, and nothing of others is read as markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pmctl.sequence.people import Group, Sends
from pmctl.sequence.plan import Change, FieldChange, Plan
from pmctl.sequence.plan_markdown import LONGEST, markdown, text

NASTY = "a|b <b>c</b> `d` *e* _f_ [g](h) @ana #1 \n## i\n</details>"


def a_plan(key: str = "nudge", *changes: Change, **more: object) -> Plan:
    return Plan(key, key, f"campaigns/{key}.yaml", 1, changes, **more)  # type: ignore[arg-type]


def changed(name: str, *fields: FieldChange, **more: object) -> Change:
    return Change("update", "event", name, fields, 4, **more)  # type: ignore[arg-type]


class _Balance(HTMLParser):
    """Whether what opens is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in ("br", "hr", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def rendered(source: str) -> _Balance:
    reader = _Balance()
    reader.feed(MarkdownIt("commonmark", {"html": True}).enable("table").render(source))
    reader.close()
    assert reader.open == []
    return reader


def rows(source: str) -> list[str]:
    return [line for line in source.splitlines() if line.startswith("|")]


def test_a_summary_comes_first_and_only_what_changes_is_told() -> None:
    plan = a_plan("nudge", changed("offer main"), sends=Sends(2, 3))

    said = markdown([plan, a_plan("quiet")])

    assert said.startswith("## Campaign plan\n\n2 campaigns: 1 to change, 1 up to date\n")
    assert "| nudge | change | ✏️ 1 | up to 5 |" in said
    assert said.count("<details>") == 1
    assert "quiet" not in said


def test_nothing_to_do_is_a_comment_of_two_lines() -> None:
    assert markdown([a_plan()]) == "## Campaign plan\n\n1 campaign: 1 up to date\n"


def test_dangers_stand_in_bold_above_the_fold() -> None:
    said = markdown([a_plan("nudge", changed("x"), dangers=("3 contacts are dropped",))])

    assert "- **nudge: 3 contacts are dropped**" in said
    assert said.index("dropped") < said.index("<details>")


def test_authors_people_notes_and_a_picture_are_in_the_fold() -> None:
    field = FieldChange("name", "Old", "New", "both")
    plan = a_plan(
        "nudge",
        changed("offer main", field, by="both"),
        notes=("Mautic unpublished it: 2 of 9 mails failed",),
        people=(Group("offer", "main", 4, 1, 2, 3, ("2 contacts waiting wait on",)),),
    )

    said = markdown([plan], "https://ci.example.com/p/{key}.svg?x=1")

    assert "**(conflict: changed here and in Mautic)**" in said
    assert "1 conflict: changed here and in Mautic" in said
    assert "  - name: Old → New\n" in said
    assert "| offer main | 1 | 2 | 3 | 2 contacts waiting wait on |" in said
    assert "Mautic unpublished it: 2 of 9 mails failed" in said
    assert "[Picture](https://ci.example.com/p/nudge.svg?x=1)" in said


def test_names_of_others_are_words() -> None:
    plan = a_plan(
        NASTY,
        changed(NASTY, FieldChange("name", NASTY, "New")),
        dangers=(NASTY,),
        people=(Group(NASTY, "x", 4, 1, 0, 0, (NASTY,)),),
    )

    said = markdown([plan], "https://example.com/{key}")

    reader = rendered(said)
    assert {line.count("|") for line in rows(said)} == {5, 6}
    assert "</details>" in "".join(reader.texts)  # as words, beside the real one
    assert said.count("<details>") == said.count("</details>") == 1
    assert "@ana" not in said  # nobody is called


def test_a_comment_is_never_too_long_and_never_cut_in_a_fold() -> None:
    fields = [FieldChange(f"properties.{n}", "x" * 60, "y" * 60) for n in range(40)]
    many = [
        a_plan(
            f"sequence-{n}",
            *(changed(f"step-{m} main", *fields) for m in range(9)),
            dangers=tuple(f"danger {m} of many, which takes some words" for m in range(9)),
        )
        for n in range(900)
    ]

    said = markdown(many)

    assert len(said) <= LONGEST
    assert "more sequences are not shown: the comment would be too long" in said
    assert "more dangers are not shown" in said
    assert said.count("<details>") == said.count("</details>") > 0
    rendered(said)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.text(max_size=30), min_size=3, max_size=3))
def test_any_text_keeps_the_comment_whole(words: list[str]) -> None:
    key, name, value = words
    plan = a_plan(key, changed(name, FieldChange("name", value, "x")), dangers=(value,))

    said = markdown([plan])

    rendered(said)
    assert said.count("<details>") == said.count("</details>") == 1
    assert not re.search(r"[|`<>]", text(value))


def test_a_picture_is_folded_into_its_sequence_and_a_large_one_only_named() -> None:
    plan = a_plan("nudge", changed("offer main"))

    drawn = markdown([plan], pictures={"nudge": "flowchart TD\n  a --> b\n"})
    named = markdown([plan], pictures={"nudge": "x" * 20_000})

    assert "```mermaid\nflowchart TD\n  a --> b\n```\n" in drawn
    assert drawn.count("<details>") == 2
    rendered(drawn)
    assert "x" * 100 not in named
    assert "pmctl campaign graph campaigns/nudge.yaml --changes" in " ".join(rendered(named).texts)
