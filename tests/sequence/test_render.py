"""Pictures of a sequence: the terminal tree, the SVG, the value for JSON."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings

from pmctl.sequence import graph, layout, model, render, svg, terms
from tests.sequence.strategies import email, sequence, sequences, tag

quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
WEEKDAYS = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00"}
FORK: dict[str, Any] = {
    "on": "opened", "within": "3d",
    "then": [tag("warm"), {"wait": "1d"}, email("case")],
    "else": [email("again")],
}  # fmt: skip


def built(*steps: dict[str, Any], **others: Any) -> graph.Graph:
    said = sequence(*steps, **others)
    return graph.build(model.Sequence.model_validate(said, context={"variables": {}}))


def attempt(said: dict[str, Any]) -> graph.Graph | None:
    try:
        return graph.build(model.Sequence.model_validate(said, context={"variables": {}}))
    except graph.Refused:
        return None  # more than 300 events


def body(tree: graph.Graph) -> list[str]:
    """The lines of the tree without those at its head."""
    return render.tree(tree).partition("\n\n")[2].split("\n")


def picture(tree: graph.Graph) -> str:
    return render.svg(render.drawing(tree, layout.layout(tree)))


def drawn(tree: graph.Graph) -> ET.Element:
    return ET.fromstring(picture(tree))


def texts(tree: graph.Graph) -> list[str]:
    return [e.text or "" for e in drawn(tree).iter("{http://www.w3.org/2000/svg}text")]


# The tree


def test_the_tree_of_a_line_stands_upright_with_its_waits_between():
    steps = (email("a"), {"wait": {"for": "1d", "until": "09:30"}}, email("b"), tag("x"))

    assert render.tree(built(*steps)).split("\n") == [
        "Trial  trial",
        "from      segment trials · once per contact",
        "",
        "● email a  About a",
        "│  1 day later, at 09:30",
        "● email b  About b",
        "+ tag+x",
    ]


def test_forks_are_indented_and_copies_marked():
    assert body(built(email("a"), FORK, {"wait": "4d"}, tag("end", id="end"))) == [
        "● email a  About a",
        "◆ on a.opened  Opened a?",
        "├─ yes",
        "│  + tag+warm",
        "│  │  1 day later",
        "│  ● email case  About case",
        "│  │  4 days later",
        "│  + tag end  Tag +end",
        "└─ no, 3 days later",
        "   ● email again  About again",
        "   │  4 days later",
        "   + tag end  (copy)  Tag +end",
    ]


def test_a_way_without_steps_says_so():
    assert body(built({"if": {"tag": "x"}, "then": [{"stop": True}]}))[-3:] == [
        "├─ yes",
        "│  ■ stop",
        "└─ no: nothing more",
    ]


def test_a_listener_hangs_beside_the_line():
    listener = {"on": "clicked", "then": [tag("x")]}

    assert body(built(email("a"), listener, {"wait": "1d"}, email("b"))) == [
        "● email a  About a",
        "├─ ◆ on a.clicked  Clicked in a?",
        "│  + tag+x",
        "│  1 day later",
        "● email b  About b",
    ]
    assert body(built(email("a"), listener))[1:] == [
        "└─ ◆ on a.clicked  Clicked in a?",
        "   + tag+x",
    ]


def test_stop_rules_stand_at_the_head_and_not_at_every_email():
    tree = render.tree(
        built(email("a"), email("b"), stop_on=["reply", {"click": ["https://x.test/a", "v"]}])
    )

    assert "stops on  reply\n          click on https://x.test/a or v\n" in tree
    assert "stop-" not in tree


def test_the_usual_window_is_said_once_and_others_where_they_are():
    own = {"days": ["sat"], "from": "10:00", "to": "12:00"}
    tree = built(
        email("a"), email("b", window=own), email("c", window="anytime"),
        send={"window": WEEKDAYS}, reentry="allowed", published=False,
    )  # fmt: skip

    head, _, rest = render.tree(tree).partition("\n\n")

    assert "emails    Mon–Fri 09:00–17:00" in head
    assert "Trial  trial  not published" in head
    assert "may enter again" in head
    assert rest.split("\n") == [
        "● email a  About a",
        "│  Sat 10:00–12:00",
        "● email b  About b",
        "│  at any time",
        "● email c  About c",
    ]


def test_the_event_that_opens_a_no_path_is_explained():
    lines = body(built(email("a"), {**FORK, "else": [{"wait": "2d"}, tag("cold")]}))

    assert lines[-4:] == [
        "└─ no, 3 days later",
        "   ○ pass a.opened:not  the no-path begins",
        "   │  2 days later",
        "   + tag+cold",
    ]


def test_paint_gets_the_text_and_a_code_and_is_put_in_as_it_is():
    plain = render.tree(built(email("a"), FORK))

    coloured = render.tree(built(email("a"), FORK), lambda text, code: f"<{code}>{text}</>")

    assert "<1;36>a</>" in coloured
    assert "<32>yes</>" in coloured
    assert re.sub(r"<[\d;]+>|</>", "", coloured) == plain


def test_long_and_wide_text_is_cut_at_80_columns():
    wide = body(built(email("a", subject="寄" * 60)))[0]
    long = body(built(email("a", subject="x" * 60 + " " + "y" * 60)))[0]

    assert wide == "● email a  " + "寄" * 34 + "…"
    assert len(long) == 80
    assert long.endswith("y…")


def test_deep_forks_stay_within_80_columns():
    step: dict[str, Any] = tag("deepest")
    for n in range(30):
        step = {"if": {"tag": f"t{n}"}, "then": [{"stop": True}], "else": [step]}

    lines = render.tree(built(step)).split("\n")

    assert max(map(len, lines)) <= 80
    assert lines[-1].endswith("+ tag+deepest")


@quick
@given(sequences())
def test_every_step_stands_in_the_tree_and_no_line_is_too_long(said):
    tree = attempt(said)
    if tree is None:
        return

    lines = body(tree)

    assert max(map(len, lines)) <= 80
    # Every event is one line that begins with its sign, behind the branches.
    shown = [line for line in lines if re.match(r"^[…│├└─ ]*[●◆■○+↩→] ", line)]
    events = [node for node in tree.nodes() if not terms.of_stop_rule(node)]
    assert len(shown) == len(events)
    assert sum("(copy)" in line for line in shown) == len(
        {n.identity for n in events} & terms.copies(tree)
    )


# Words


@pytest.mark.parametrize(
    ("said", "short", "long"),
    [
        (["mon", "tue", "wed", "thu", "fri"], "Mon–Fri", "Monday to Friday"),
        (["sun", "mon"], "Mon, Sun", "Monday and Sunday"),
        (["fri", "mon", "tue", "wed"], "Mon–Wed, Fri", "Monday to Wednesday and Friday"),
        (["sat", "sun"], "Sat, Sun", "Saturday and Sunday"),
        (["mon", "mon"], "Mon", "Monday"),
        (list(terms.DAY_NAMES), "daily", "every day"),
    ],
)
def test_days_are_said_as_people_say_them(said, short, long):
    assert terms.days(said, short=True) == short
    assert terms.days(said) == long


# The SVG


def test_the_boxes_stand_where_the_layout_says():
    tree = built(email("a"), FORK, audience={"segments": ["s"], "forms": ["f"]})
    placed = layout.layout(tree)

    rects = [r.attrib for r in drawn(tree).iter("{http://www.w3.org/2000/svg}rect")]

    boxes = {(int(r["x"]), int(r["y"])) for r in rects if r["width"] == "200"}
    assert boxes == {*placed.nodes.values(), *placed.sources.values()}


def test_the_picture_names_itself_and_says_what_it_shows():
    tree = built(email("a"), FORK, send={"window": WEEKDAYS}, stop_on=["reply"], published=False)

    root = drawn(tree)

    assert root.attrib["role"] == "img"
    assert root[0].tag.endswith("title")
    assert root[0].text == "Trial (trial)"
    shown = texts(tree)
    assert "trial · not published · emails Mon–Fri 09:00–17:00" in shown
    assert "stops on reply" in shown
    assert {"3 days later", "1 day later", "yes", "no", "email · case"} <= set(shown)


def test_text_is_escaped_and_cut_to_its_box():
    subject = 'alert("&") > ' + "and more " * 10
    tree = built(email("a", subject=subject), name="A & B > c")

    assert 'alert("&") >' not in picture(tree)
    assert drawn(tree)[0].text == "A & B > c (trial)"
    [cut] = [text for text in texts(tree) if text.startswith("alert")]
    assert cut.endswith("…")
    assert svg.text_width(cut, 12.5) <= layout.WIDTH


def test_what_xml_cannot_hold_is_replaced():
    tree = built(email("a", subject="odd \ufffe sign"))

    assert "odd � sign" in texts(tree)


def test_copies_are_marked_in_the_picture():
    tree = built(email("a"), FORK, tag("end"))

    assert texts(tree).count("tag+end · copy") == 1


def test_clip_keeps_what_fits():
    assert svg.clip("short", 200, 12) == "short"
    assert svg.clip("寄" * 40, 200, 12).endswith("寄…")
    assert svg.clip("anything", 1, 12) == "…"


@quick
@given(sequences())
def test_every_picture_is_well_formed_and_holds_every_event_once(said):
    tree = attempt(said)
    if tree is None:
        return

    placed = layout.layout(tree)
    text = picture(tree)

    rects = [r.attrib for r in ET.fromstring(text).iter("{http://www.w3.org/2000/svg}rect")]
    assert sum(r["width"] == "200" for r in rects) == len(placed.nodes) + len(placed.sources)
    assert text == picture(tree)


# The value


def test_the_value_holds_the_tree_by_index():
    value = render.as_value(built(email("a"), FORK, send={"window": WEEKDAYS}))

    assert json.loads(json.dumps(value)) == value
    assert value["key"] == "trial"
    first, decision, warm = value["nodes"][:3]
    assert (first["parent"], first["children"]) == (None, [1])
    assert first["window"] == WEEKDAYS
    assert first["delay"] == {"amount": 0, "unit": "d"}
    assert (decision["role"], decision["kind"], decision["children"]) == (
        "decision",
        "opened",
        [2, 4],
    )
    assert warm == {
        "step": "tag+warm", "path": "main/a.opened=yes", "kind": "tag", "role": "action",
        "title": "Tag +warm", "anchor": "yes", "delay": None, "hour": None, "window": None,
        "copy": False, "parent": 1, "children": [3], "shares": [],
    }  # fmt: skip


def test_the_value_marks_copies_and_keeps_hours():
    steps = (email("a"), {**FORK, "else": []}, {"wait": {"until": "09:30"}}, tag("end"))

    nodes = render.as_value(built(*steps))["nodes"]

    ends = [node for node in nodes if node["step"] == "tag+end"]
    assert [node["copy"] for node in ends] == [False, True]
    assert {node["hour"] for node in ends} == {"09:30"}
