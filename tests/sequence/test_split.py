"""A/B emails in the file: shares, what is refused and where, how they are marked and shown."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmctl.errors import InputProblems
from pmctl.sequence import render, split
from pmctl.sequence.compile import Compiled, compile_text
from pmctl.sequence.drawing import drawing
from pmctl.sequence.explain import explain
from pmctl.sequence.payload import mail_name, read_mail_marker, read_share
from tests.campaigns import SPLIT

HEAD = SPLIT[: SPLIT.index("    variants")]
A = "{id: a, subject: A, body: x}"
B = "{id: b, weight: 40, subject: B, body: y}"
IDS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)


def compiled(text: str) -> Compiled:
    return compile_text("f.yaml", text, lambda name: "", {})


def problems(text: str) -> list[str]:
    with pytest.raises(InputProblems) as caught:
        compiled(text)
    return [f"{p.line}:{p.column}: {p.message}" for p in caught.value.problems]


def variants(*said: str, more: str = "") -> str:
    return HEAD + "    variants:\n" + "".join(f"      - {one}\n" for one in said) + more


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (variants(A), ["8:7: a test needs two variants or more"]),
        (HEAD + "    variants: []\n", ["7:15: a test needs two variants or more"]),
        (variants(A, B, "{id: c, weight: 60, subject: C, body: z}"),
         ["10:25: nothing is left for a: the others have 100 of 100 percent"]),
        (variants(A, B, "{id: c, weight: 90, subject: C, body: z}"),
         ["10:25: nothing is left for a: the others have 130 of 100 percent"]),
        (variants("{id: a, weight: 70, subject: A, body: x}", B),
         ["8:25: the weights add up to 110, not to 100 percent"]),
        (variants(A, "{id: b, subject: B, body: y}"),
         ["9:9: variant b needs a `weight` in percent"]),
        (variants(A, "{id: a, weight: 4, subject: B, body: y}"),
         ["9:14: a second variant named a"]),
        (variants(A, "{id: b, weight: 0, subject: B, body: y}"),
         ["9:25: `weight` is 0; 1 is the least"]),
        (variants(A, "{id: b, weight: 100, subject: B, body: y}"),
         ["9:25: `weight` is 100; 99 is the most"]),
        (variants(A, "{id: b, weight: 1.5, subject: B, body: y}"),
         ["9:25: expected a whole number, found the number 1.5"]),
        (variants(A, "{id: B~, weight: 5, subject: B, body: y}"),
         ["9:14: 'B~': lower-case letters, digits and - inside, like trial-nudge"]),
        (variants(A, "{id: b, weight: 5, subjct: B, body: y}"),
         ["9:28: unknown key `subjct` in `variants`"]),
        (variants(A, B, more="    subject: Both\n"),
         ["10:14: `subject` cannot stand beside `variants`"]),
        (variants(A, B, more="    body: Both\n"), ["10:11: `body` cannot stand beside `variants`"]),
        (variants(A, B, more="    winner: {criteria: replies}\n"),
         ["10:24: expected opens or clicks, found the text 'replies'"]),
        (HEAD + "    subject: A\n    body: B\n    winner: {}\n",
         ["9:13: `winner` belongs to `variants`"]),
        (variants(A, "{id: b, weight: 5, subject: '{{ x | true }}', body: y}"),
         ["9:37: {{ x | true }}: Mautic takes 'true' for an order, not for a fallback"]),
        (variants("{id: a, subject: A, body: {file: a.txt}}", B),
         ["8:42: a.txt: a body is a .md or .html file"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_at_its_place(text: str, said: list[str]) -> None:
    assert problems(text) == said


def test_the_first_gets_what_the_others_leave_and_may_say_so() -> None:
    said = SPLIT.replace("id: a,", "id: a, weight: 50,")

    assert compiled(SPLIT).desired.hash == compiled(said).desired.hash
    assert compiled(SPLIT).graph.emails["offer"].shares == [50, 30, 20]


@pytest.mark.parametrize(
    "change",
    [("weight: 30", "weight: 31"), ("Hello C", "Hello D"), ("{id: c", "{id: d"),
     ("Hello C}", "Hello C}\n    winner: {criteria: clicks}")],
)  # fmt: skip
def test_every_share_and_text_is_in_the_hash(change: tuple[str, str]) -> None:
    assert compiled(SPLIT.replace(*change)).desired.hash != compiled(SPLIT).desired.hash


@given(IDS, IDS, st.integers(1, 99), st.sampled_from(sorted(split.CRITERIA)))
def test_a_mark_is_read_as_it_was_written(step: str, variant: str, weight: int, by: str) -> None:
    share = split.Share(weight, by)
    name = split.identity(step, variant)

    written = f"Any [[text]] [[prod/some-key/{split.mark(name, share)}]]"

    assert read_mail_marker(written) == ("prod", "some-key", name)
    assert read_share(written) == share
    assert split.parent_of(name) == step


def test_a_plain_email_has_no_share_and_no_parent() -> None:
    assert read_mail_marker("N: a.b [[prod/n/a.b]]") == ("prod", "n", "a.b")
    assert read_share("N: a.b [[prod/n/a.b]]") is None
    assert read_share("no mark at all") is None
    assert split.parent_of("a.b") is None


def test_the_longest_name_keeps_the_whole_mark() -> None:
    want = compiled(SPLIT.replace("name: Split", f"name: {'x' * 191}")).desired

    names = [mail_name(want, mail, "prod") for mail in want.mails]

    assert [len(name) for name in names] == [191, 191, 191]
    assert [read_share(name) for name in names] == [None, (30, "opens"), (20, "opens")]


def test_the_pictures_and_the_story_say_the_shares() -> None:
    one = compiled(SPLIT)

    assert "● email offer  A/B 50/30/20  A question" in render.tree(one.graph)
    assert "email · offer · A/B 50/30/20" in render.svg(drawing(one.graph, one.layout))
    assert render.as_value(one.graph)["nodes"][0]["shares"] == [50, 30, 20]
    story = " ".join(explain(one.graph).split())
    assert 'to 50% as a, "A question", to 30% as b, "Two minutes?" and to 20% as c' in story
    assert "ranks them by opens; it goes on until the file says otherwise" in story
    assert json.dumps(render.as_value(one.graph))
