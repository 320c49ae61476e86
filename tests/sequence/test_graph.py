"""The tree of events: what Mautic will run, and the refusals of what it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pmctl.sequence import durations, graph, model
from pmctl.sequence.durations import Delay
from tests.sequence.strategies import email, sequence, sequences, tag

WEEKDAYS = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00"}
X = {"tag": "x"}
OPENED: dict[str, Any] = {"on": "opened", "within": "3d"}
quick = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read(said: dict[str, Any]) -> model.Sequence:
    return model.Sequence.model_validate(said, context={"variables": {}})


def build(*steps: dict[str, Any], **others: Any) -> graph.Graph:
    return graph.build(read(sequence(*steps, **others)))


def refusals(*steps: dict[str, Any], **others: Any) -> list[graph.Issue]:
    with pytest.raises(graph.Refused) as caught:
        build(*steps, **others)
    return list(caught.value.issues)


def found(built: graph.Graph, step: str, path: str | None = None) -> graph.Node:
    nodes = [n for n in built.nodes() if n.step == step and path in (None, n.path)]
    assert len(nodes) == 1, nodes
    return nodes[0]


def parent(built: graph.Graph, node: graph.Node) -> graph.Node:
    return next(n for n in built.nodes() if any(child is node for child in n.children))


def steps_of(built: graph.Graph) -> list[str]:
    return [node.step for node in built.nodes()]


# The line


def test_steps_in_a_row_are_a_line_of_events_below_the_sources():
    built = build(email("one"), tag("seen"), {"segment": {"remove": ["trials"]}}, email("two"))

    nodes = built.nodes()

    assert [n.step for n in nodes] == ["one", "tag+seen", "segment-trials", "two"]
    assert [n.anchor for n in nodes] == ["leadsource", "bottom", "bottom", "bottom"]
    assert all(n.path == "main" and n.times.at_once for n in nodes)
    assert list(built.emails) == ["one", "two"]


def test_what_a_step_says_is_in_its_event():
    built = build(tag("a", "b"), {"segment": {"add": ["in"], "remove": ["out"]}}, email("one"))

    assert [n.data for n in built.nodes()] == [
        {"add": ["a", "b"], "remove": []},
        {"add": ["in"], "remove": ["out"]},
        {"email": "one", "transactional": False},
    ]


def test_a_transactional_email_says_so():
    consent = {"transactional": "a receipt that was asked for"}

    assert build(email("one", consent=consent)).roots[0].data["transactional"] is True


def test_a_sequence_of_waits_alone_is_refused():
    messages = [issue.message for issue in refusals({"wait": "1d"})]

    assert messages == ["a wait with nothing after it"]


# Waits


def test_a_wait_folds_into_the_next_step():
    assert build(email("one"), {"wait": "3d"}, tag("x")).roots[0].children[0].times == graph.Times(
        Delay(3, "d")
    )


def test_two_waits_add_up_to_the_largest_exact_unit():
    built = build({"wait": "20h"}, {"wait": "240m"}, email("one"))

    assert built.roots[0].times.delay == Delay(1, "d")


def test_two_waits_of_one_unit_keep_it():
    assert build({"wait": "20h"}, {"wait": "4h"}, tag("x")).roots[0].times.delay == Delay(24, "h")


def test_a_wait_before_the_first_step_delays_it():
    assert build({"wait": "90m"}, tag("x")).roots[0].times.delay == Delay(90, "i")


def test_months_and_days_cannot_be_added():
    issue = refusals({"wait": "1 month"}, {"wait": "1d"}, email("one"))[0]

    assert issue.loc == ("steps", 1, "wait")
    assert "months" in issue.message


def test_a_wait_until_a_time_of_day_takes_the_length_before_it_along():
    built = build(email("one"), {"wait": "1d"}, {"wait": {"until": "09:30"}}, email("two"))

    assert found(built, "two").times == graph.Times(Delay(1, "d"), "09:30")


def test_a_wait_after_a_time_of_day_is_refused():
    issue = refusals({"wait": {"until": "09:30"}}, {"wait": "1d"}, email("one"))[0]

    assert "until" in issue.message
    assert issue.loc == ("steps", 1, "wait")


@pytest.mark.parametrize(
    ("steps", "loc"),
    [
        ([email("one"), {"wait": "1d"}], ("steps", 1)),
        ([{"if": {"tag": "x"}, "then": [tag("y"), {"wait": "1d"}]}], ("steps", 0, "then", 1)),
        ([email("a"), {**OPENED, "else": [{"wait": "1d"}]}], ("steps", 1, "else", 0)),
    ],
)
def test_a_wait_with_nothing_after_it_is_refused_where_it_stands(steps, loc):
    issues = refusals(*steps)

    assert [(i.loc, i.message) for i in issues] == [(loc, "a wait with nothing after it")]


# Windows


def test_an_email_in_a_window_has_an_interval_because_mautic_needs_one():
    built = build(email("one"), tag("x"), send={"window": WEEKDAYS})

    assert built.roots[0].times.delay == Delay(0, "d")
    assert (
        built.roots[0].times.window
        == read(sequence(email("x"), send={"window": WEEKDAYS})).send.window
    )
    assert found(built, "tag+x").times.at_once


def test_an_email_keeps_its_wait_in_a_window():
    built = build({"wait": "4h"}, email("one"), send={"window": WEEKDAYS})

    assert built.roots[0].times.delay == Delay(4, "h")


def test_an_email_may_have_its_own_window_or_none():
    own = {"from": "18:00", "to": "20:00"}
    built = build(
        email("one", window=own), email("two", window="anytime"), send={"window": WEEKDAYS}
    )

    one, two = found(built, "one").times, found(built, "two").times
    assert one.window is not None
    assert (one.window.from_, one.window.to, len(one.window.days)) == ("18:00", "20:00", 7)
    assert two.at_once


@pytest.mark.parametrize("to", ["06:00", "22:00"])
def test_a_window_over_midnight_is_refused(to):
    with pytest.raises(ValidationError, match="over midnight"):
        build(email("one", window={"from": "22:00", "to": to}))


@pytest.mark.parametrize("hour", ["08:59", "17:00"])
def test_a_time_of_day_outside_the_window_is_refused(hour):
    steps = ({"wait": {"until": hour}}, email("one"))

    assert "outside the window" in refusals(*steps, send={"window": WEEKDAYS})[0].message
    assert (
        build({"wait": {"until": hour}}, email("one", window="anytime")).roots[0].times.hour == hour
    )


def test_a_time_of_day_at_the_start_of_the_window_is_kept():
    built = build({"wait": {"until": "09:00"}}, email("one"), send={"window": WEEKDAYS})

    assert built.roots[0].times.hour == "09:00"


# on


def test_an_on_is_a_decision_directly_under_its_email():
    built = build(email("a"), {**OPENED, "then": [tag("yes")], "else": [tag("no")]})

    decision = found(built, "a.opened")
    yes, no = decision.children
    assert parent(built, decision) is built.roots[0]
    assert (decision.kind, decision.role, decision.anchor) == ("opened", "decision", "bottom")
    assert decision.times.at_once
    assert (yes.step, yes.anchor, yes.times.at_once) == ("tag+yes", "yes", True)
    assert (no.step, no.anchor, no.times) == ("tag+no", "no", graph.Times(Delay(3, "d")))
    assert (yes.path, no.path) == ("main/a.opened=yes", "main/a.opened=no")


def test_a_wait_on_the_yes_path_counts_from_the_open():
    built = build(email("a"), {**OPENED, "then": [{"wait": "1d"}, tag("yes")]})

    assert found(built, "tag+yes").times.delay == Delay(1, "d")


def test_a_wait_on_the_no_path_begins_at_within_with_an_event_of_its_own():
    built = build(email("a"), {**OPENED, "else": [{"wait": "2d"}, tag("no")]})

    step_in = found(built, "a.opened:not")
    assert (step_in.kind, step_in.role, step_in.anchor) == ("pass", "action", "no")
    assert step_in.times.delay == Delay(3, "d")
    assert [(n.step, n.times.delay) for n in step_in.children] == [("tag+no", Delay(2, "d"))]


def test_a_wait_after_an_on_without_else_also_begins_at_within():
    built = build(email("a"), {**OPENED, "then": [tag("yes")]}, {"wait": "4d"}, email("b"))

    yes = found(built, "b", "main/a.opened=yes")
    no = found(built, "b", "main/a.opened=no")
    assert yes.times.delay == no.times.delay == Delay(4, "d")
    assert parent(built, no).step == "a.opened:not"


def test_two_waits_on_the_no_path_make_one_such_event():
    built = build(email("a"), {**OPENED, "else": [{"wait": "1d"}, {"wait": "1d"}, tag("no")]})

    assert steps_of(built).count("a.opened:not") == 1
    assert found(built, "tag+no").times.delay == Delay(2, "d")


def test_an_email_with_a_window_does_not_carry_within_itself_or_mautic_would_add_it_twice():
    built = build(email("a"), {**OPENED, "else": [email("b")]}, send={"window": WEEKDAYS})

    assert found(built, "a.opened:not").times == graph.Times(delay=Delay(3, "d"))
    times = found(built, "b").times
    assert times.delay == Delay(0, "d")
    assert times.window is not None


def test_a_within_that_nothing_follows_is_closed_all_the_same():
    last = build(email("a"), {**OPENED, "then": [tag("x")]})
    inner = build(
        email("a"),
        {"on": "clicked", "then": [email("b"), {**OPENED, "then": [tag("x")]}]},
        email("c"),
    )

    assert found(last, "a.opened:not").anchor == "no"
    assert found(inner, "b.opened:not").anchor == "no"


def test_what_stops_comes_after_what_the_sequence_does_at_the_same_reply():
    built = build(email("a"), {"on": "replied", "then": [tag("x")]}, stop_on=["reply"])

    assert [n.step for n in built.roots[0].children] == ["a.replied", "a:stop-replied"]


def test_clicks_are_told_apart_by_their_links_and_not_by_their_place():
    one = {"on": "clicked", "url": "https://x.test/1", "then": [tag("x")]}
    two = {"on": "clicked", "url": "https://x.test/2", "then": [tag("y")]}

    name = build(email("a"), one).roots[0].children[0].step
    later = build(email("a"), two, one).roots[0].children[1].step

    assert name == later
    assert name.startswith("a.clicked-")


def test_more_emails_than_the_limit_are_refused_counting_one_way_of_a_fork():
    fork = {**OPENED, "then": [email("b")], "else": [email("c"), email("d")]}
    limits = {"max_emails_per_contact": 3}

    assert build(email("a"), fork, limits=limits)
    with pytest.raises(graph.Refused, match="may get 4 emails, more than the limit 3"):
        build(email("a"), fork, {"wait": "1d"}, email("e"), limits=limits)


def test_an_on_without_within_hangs_beside_the_line():
    built = build(email("a"), {"on": "clicked", "then": [tag("yes")]}, email("b"))

    decision = found(built, "a.clicked")
    assert [n.step for n in built.roots[0].children] == ["a.clicked", "b"]
    assert decision.listens
    assert [n.step for n in decision.children] == ["tag+yes"]
    assert "b" not in [n.step for n in decision.walk()]


def test_an_on_with_within_does_not_listen_for_ever():
    assert not found(build(email("a"), {**OPENED, "then": [tag("x")]}), "a.opened").listens


def test_an_on_after_a_listener_still_belongs_to_the_email():
    built = build(email("a"), {"on": "clicked", "then": [tag("c")]}, {**OPENED, "then": [tag("o")]})

    assert [n.step for n in built.roots[0].children] == ["a.clicked", "a.opened"]


def test_an_on_may_watch_an_earlier_email_of_its_line():
    built = build(
        email("a"), tag("x"), email("b"), {"on": "replied", "of": "a", "then": [tag("r")]}
    )

    assert parent(built, found(built, "a.replied")).step == "a"


def test_the_urls_of_a_click_are_a_list():
    one = build(email("a"), {"on": "clicked", "url": "https://x.test/a", "then": [tag("x")]})
    two = build(email("a"), {"on": "clicked", "url": ["u", "v"], "then": [tag("x")]})

    assert one.roots[0].children[0].data["urls"] == ["https://x.test/a"]
    assert two.roots[0].children[0].data["urls"] == ["u", "v"]


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([{**OPENED, "then": [tag("x")]}], "no email directly above"),
        ([email("a"), tag("t"), {**OPENED, "then": [tag("x")]}], "no email directly above"),
        ([email("a"), {"wait": "1d"}, {**OPENED, "then": [tag("x")]}], "a wait before `on`"),
        ([email("a"), {**OPENED, "then": [{**OPENED, "then": [tag("x")]}]}], "no email directly"),
        ([email("a"), {"on": "opened", "of": "aa", "then": [tag("x")]}], "no email step is named"),
        (
            [email("a"), tag("t"), {**OPENED, "of": "a", "then": [tag("x")]}],
            "must come right after",
        ),
        (
            [
                email("a"),
                {"if": {"tag": "t"}, "then": [tag("u")]},
                {"on": "opened", "of": "a", "then": [tag("x")]},
            ],
            "not on this line",
        ),
    ],
)
def test_an_on_that_mautic_cannot_hang_under_its_email_is_refused(steps, said):
    assert said in refusals(*steps)[0].message


def test_a_wrong_of_names_the_nearest_email():
    issue = refusals(email("offer"), {"on": "opened", "of": "ofer", "then": [tag("x")]})[0]

    assert (issue.loc, issue.hint) == (("steps", 1, "of"), "did you mean offer?")


def test_else_without_within_is_refused():
    with pytest.raises(ValidationError, match="`else` needs `within`"):
        build(email("a"), {"on": "opened", "else": [tag("x")]})


# if


@pytest.mark.parametrize(
    ("check", "kind", "title", "data"),
    [
        ({"tag": "x"}, "if-tag", "Has tag x?", {"names": ["x"]}),
        ({"segment": ["x", "y"]}, "if-segment", "In segment x or y?", {"names": ["x", "y"]}),
        (
            {"field": "points", "at_least": 3},
            "if-field",
            "points gte 3?",
            {"field": "points", "operator": "gte", "value": 3},
        ),
        (
            {"field": "country", "in": ["DE", "AT"]},
            "if-field",
            "country in DE or AT?",
            {"field": "country", "operator": "in", "value": ["DE", "AT"]},
        ),
        (
            {"field": "company", "empty": False},
            "if-field",
            "company !empty?",
            {"field": "company", "operator": "!empty", "value": None},
        ),
    ],
)
def test_an_if_is_a_condition(check, kind, title, data):
    node = build({"if": check, "then": [tag("then")]}).roots[0]

    assert (node.role, node.kind, node.title, node.data) == ("condition", kind, title, data)


def test_a_wait_before_an_if_delays_the_check():
    built = build(email("a"), {"wait": "4d"}, {"if": {"tag": "x"}, "then": [tag("y")]})

    assert found(built, "if-tag-x").times.delay == Delay(4, "d")


def test_yes_comes_before_no_also_when_then_is_empty():
    built = build({"if": {"tag": "x"}, "else": [tag("no")]}, tag("after"))

    assert [(n.step, n.anchor) for n in built.roots[0].children] == [
        ("tag+after", "yes"), ("tag+no", "no"),
    ]  # fmt: skip


# Copies and ends


def test_steps_after_a_fork_are_copied_under_each_open_end():
    fork = {**OPENED, "then": [tag("yes")], "else": [tag("no")]}
    built = build(email("a"), fork, email("b"), tag("end"))

    ends = [n for n in built.nodes() if n.step == "tag+end"]
    assert [n.path for n in ends] == ["main/a.opened=yes", "main/a.opened=no"]
    assert all(parent(built, n).step == "b" for n in ends)
    assert list(built.emails) == ["a", "b"]


def test_a_branch_that_stops_gets_no_copy():
    built = build({"if": {"tag": "x"}, "then": [{"stop": True}]}, tag("after"))

    assert [n.path for n in built.nodes() if n.step == "tag+after"] == ["main/if-tag-x=no"]
    stop = found(built, "stop")
    assert (stop.kind, stop.children) == ("stop", [])


@pytest.mark.parametrize(
    ("steps", "loc"),
    [
        ([{"stop": True}, tag("x")], ("steps", 1)),
        ([email("a"), {"stop": True}, {"wait": "1d"}, tag("x")], ("steps", 2)),
        (
            [{"if": {"tag": "a"}, "then": [{"stop": True}], "else": [{"stop": True}]}, tag("x")],
            ("steps", 1),
        ),
        ([{"if": {"tag": "a"}, "then": [{"stop": True}, tag("x")]}], ("steps", 0, "then", 1)),
    ],
)
def test_a_step_that_nobody_reaches_is_refused(steps, loc):
    issue = refusals(*steps)[0]

    assert issue.loc == loc
    assert "never reached" in issue.message


def ifs(number: int) -> list[dict[str, Any]]:
    return [{"if": {"tag": f"t{n}"}, "then": [tag(f"y{n}")]} for n in range(number)]


def test_eight_copied_events_are_worth_a_warning_and_seven_are_not():
    fork = {"if": {"tag": "x"}, "then": [tag("y")]}

    def warnings(number: int) -> tuple[graph.Issue, ...]:
        return build(fork, *(tag(f"after-{n}") for n in range(number))).warnings

    assert warnings(7) == ()
    assert len(warnings(8)) == len(warnings(9)) == 1
    assert "8 or more" in warnings(8)[0].message


def test_300_events_are_allowed_and_301_are_not():
    assert len(build(*(tag(f"t{n}") for n in range(300))).nodes()) == 300
    assert [i.message for i in refusals(*(tag(f"t{n}") for n in range(301)))] == [
        "more than 300 events"
    ]


def test_copies_that_double_at_every_fork_end_at_300_events():
    assert (
        "more than 300 events: the steps after a fork are copied" in refusals(*ifs(60))[-1].message
    )


# stop_on

STOPS: dict[str, Any] = {"stop_on": ["reply", {"click": "https://x.test/book*"}]}


def test_every_email_has_the_stop_rules_beside_it():
    built = build(email("a"), tag("x"), email("b"), **STOPS)

    for name in ("a", "b"):
        rules = [n for n in found(built, name).children if n.loc[0] == "stop_on"]
        assert [(n.kind, n.listens, n.data["urls"]) for n in rules] == [
            ("replied", True, []), ("clicked", True, ["https://x.test/book*"]),
        ]  # fmt: skip
        assert [(c.kind, c.anchor) for n in rules for c in n.children] == [("stop", "yes")] * 2
    assert not found(built, "tag+x").children[0].listens


def test_copies_of_an_email_have_stop_rules_too():
    built = build({"if": {"tag": "x"}, "then": [tag("y")]}, email("a"), stop_on=["open"])

    assert steps_of(built).count("a:stop-opened:stop") == 2


def test_unsubscribe_and_bounce_need_no_event():
    assert steps_of(build(email("a"), stop_on=["unsubscribe", "bounce"])) == ["a"]


def test_a_stop_rule_said_twice_is_made_once():
    assert steps_of(build(email("a"), stop_on=["reply", "reply"])).count("a:stop-replied") == 1


def test_two_clicks_that_stop_are_two_rules():
    built = build(email("a"), stop_on=[{"click": "u"}, {"click": ["v", "w"]}])

    assert [n.data["urls"] for n in built.roots[0].children] == [["u"], ["v", "w"]]


# Names


@pytest.mark.parametrize(
    ("steps", "loc"),
    [
        ([email("a"), email("a")], ("steps", 1, "email")),
        ([email("a"), tag("x", id="a")], ("steps", 1, "id")),
        ([tag("x", id="a"), {"if": X, "then": [email("a")]}], ("steps", 1, "then", 0, "email")),
    ],
)  # fmt: skip
def test_two_steps_of_one_name_are_refused(steps, loc):
    issues = refusals(*steps)

    assert [(i.loc, i.message) for i in issues] == [(loc, "a second step named a")]


def test_every_reason_is_named_at_once():
    issues = refusals(email("a"), email("a"), {"stop": True}, tag("x"))

    assert len(issues) == 2


def test_a_made_name_gives_way_to_an_id_that_comes_later():
    steps = steps_of(build({"if": {"tag": "t"}, "then": [{"stop": True}]}, tag("x", id="stop")))

    assert sorted(steps) == ["if-tag-t", "stop", "stop~2"]


def test_an_id_never_meets_the_name_of_an_added_event():
    built = build(
        email("a"),
        {**OPENED, "else": [{"wait": "1d"}, tag("x", id="a.opened.not")]},
        tag("y", id="a.stop-replied"),
        stop_on=["reply"],
    )

    identities = [n.identity for n in built.nodes()]
    assert len(set(identities)) == len(identities)


def test_a_name_holds_no_space_because_a_marker_ends_at_one():
    built = build(tag("two words\u00a0here"), {"if": {"field": "city", "is": "New York"}})

    assert not any(char.isspace() for n in built.nodes() for char in n.step + n.path)


def test_ids_stay_when_an_unrelated_step_comes_before():
    steps = [email("a"), {**OPENED, "then": [tag("x")]}, {"wait": "1d"}, tag("y"), tag("x")]

    before = {n.identity for n in build(*steps, **STOPS).nodes()}
    after = {n.identity for n in build(tag("new"), *steps, **STOPS).nodes()}

    assert after - before == {("tag+new", "main")}
    assert before < after


# Random sequences, against a reading of the file from top to bottom


def attempt(said: dict[str, Any]) -> graph.Graph | None:
    """The graph, or None when it has more than 300 events; nothing else may be refused."""
    try:
        return graph.build(read(said))
    except graph.Refused as refused:
        if all("more than 300" in issue.message for issue in refused.issues):
            return None
        raise


Story = tuple[str, ...]


def stories(steps: list[dict[str, Any]]) -> Iterator[tuple[Story, bool]]:
    """What contacts may live through, read from the file: (words, still in after it)."""
    if not steps:
        yield (), True
        return
    first, rest = steps[0], steps[1:]
    for story, still_in in _of_step(first):
        if not still_in:
            yield story, False
            continue
        for later, still_in_later in stories(rest):
            yield story + later, still_in_later


def _of_step(step: dict[str, Any]) -> Iterator[tuple[Story, bool]]:
    if "wait" in step:
        said = {"for": step["wait"]} if isinstance(step["wait"], str) else step["wait"]
        length = (f"wait {minutes(durations.parse(said['for']))}",) if "for" in said else ()
        yield (*length, *([said["until"]] if "until" in said else [])), True
    elif _is_decision(step) and "within" not in step:
        yield (), True
    elif _is_decision(step):
        within, word = minutes(durations.parse(step["within"])), step.get("on", "raw")
        for story, still_in in stories(step["then"]):
            yield (f"{word} yes", *story), still_in
        for story, still_in in stories(step.get("else", [])):
            yield (f"{word} no", f"wait {within}", *story), still_in
    elif "if" in step or "then" in step:
        for answer, way in (("yes", "then"), ("no", "else")):
            for story, still_in in stories(step.get(way, [])):
                yield (f"if {answer}", *story), still_in
    elif "stop" in step:
        yield ("stop",), False
    elif "goto" in step:
        yield (f"goto {step['goto']}",), False
    elif "email" in step:
        yield (f"email {step['email']}",), True
    else:
        (kind,) = (word for word in step if word in model.KINDS)
        yield (f"{kind} {step[kind]['add'][0]}" if kind in ("tag", "segment") else kind,), True


def _is_decision(step: dict[str, Any]) -> bool:
    return "on" in step or step.get("raw", {}).get("kind") == "decision"


def minutes(delay: Delay) -> int:
    return delay.amount * {"i": 1, "h": 60, "d": 1440}[delay.unit]


def lived(node: graph.Node, before: Story = ()) -> Iterator[Story]:
    """The same stories, read from the tree; listeners and stop rules stand beside the line."""
    line = [child for child in node.children if not child.listens]
    times = node.times
    if times.delay and times.delay.amount:
        before += (f"wait {minutes(times.delay)}",)
    if times.hour:
        before += (times.hour,)
    if node.role == "action":
        if node.kind != "pass":
            before += (_word(node),)
        if not line:
            yield before
        for child in line:
            yield from lived(child, before)
        return
    for answer in ("yes", "no"):
        word = "if" if node.role == "condition" else node.kind.partition("-")[0]
        below = [child for child in line if child.anchor == answer]
        if not below:
            yield (*before, f"{word} {answer}")
        for child in below:
            yield from lived(child, (*before, f"{word} {answer}"))


def _word(node: graph.Node) -> str:
    kind = node.kind.partition("-")[0]
    told = {"email": node.step, "goto": node.data.get("step", "")}
    if kind in ("tag", "segment"):
        told[kind] = node.data["add"][0]
    return f"{kind} {told.get(kind, '')}".strip()


def settled(story: Story) -> Story:
    """Add up waits that meet, and drop those with nothing after them."""
    done: list[str] = []
    for word in story:
        if word.startswith("wait ") and done and done[-1].startswith("wait "):
            done[-1] = f"wait {int(done[-1][5:]) + int(word[5:])}"
        else:
            done.append(word)
    while done and done[-1].startswith("wait "):
        done.pop()
    return tuple(done)


@quick
@given(sequences())
def test_the_paths_of_the_tree_are_the_paths_of_the_file(said):
    built = attempt(said)
    if built is None:
        return

    from_file = sorted(settled(story) for story, _ in stories(said["steps"]))

    assert sorted(settled(story) for story in lived(built.roots[0])) == from_file


@quick
@given(sequences())
def test_every_identity_is_there_once_and_fits_into_a_marker(said):
    built = attempt(said)
    if built is None:
        return

    identities = [n.identity for n in built.nodes()]
    assert len(set(identities)) == len(identities)
    assert not any(char.isspace() for step, path in identities for char in step + path)


@quick
@given(sequences())
def test_every_random_tree_keeps_the_rules_of_mautic(said):
    built = attempt(said)
    if built is None:
        return

    for node in built.nodes():
        anchors = [child.anchor for child in node.children]
        if node.role == "action":
            assert set(anchors) <= {"bottom"}
            assert sum(not child.listens for child in node.children) <= 1
        else:
            assert anchors in ([], ["yes"], ["no"], ["yes", "no"])
        if node.role == "decision":
            above = parent(built, node)
            assert above.kind == "email" if node.kind in model.EMAIL_EVENTS else above.role
            assert above.role == "action"
            assert node.times.at_once
            yes_only = [child for child in node.children if child.anchor == "no"] == []
            assert yes_only or not node.listens
        if node.times.window or node.times.hour:
            assert node.times.delay is not None
        if node.kind in ("stop", "goto"):
            assert node.children == []


@quick
@given(sequences(), st.data())
def test_a_step_before_all_others_changes_no_identity(said, data):
    new = data.draw(st.sampled_from([email("new"), tag("new", id="new")]))
    before = attempt(said)
    after = attempt({**said, "steps": [new, *said["steps"]], "stop_on": []})
    plain = attempt({**said, "stop_on": []})
    if before is None or after is None or plain is None:
        return

    assert _identities(after) - {("new", "main")} == _identities(plain)
    assert _identities(plain) <= _identities(before)


def _identities(built: graph.Graph) -> set[tuple[str, str]]:
    """All but the event that stands in for a first step where there is none to hang under."""
    return {n.identity for n in built.nodes() if not n.step.endswith(":before")}
