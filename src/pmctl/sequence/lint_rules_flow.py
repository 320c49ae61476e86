"""Rules about the way through a sequence: how often, when, and who still goes along."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pmctl.sequence.durations import Delay
from pmctl.sequence.graph import Issue, Node
from pmctl.sequence.lint_look import Look, Rule
from pmctl.sequence.lint_times import DAY, HOUR, WEEK, journeys, minutes

MOST_A_WEEK = 4
CLOSE_HOURS = 12
NARROW_MINUTES = 60
# Steps that tell somebody about the contact, or hand it on, whether it unsubscribed or not.
_HANDED_ON = {
    "segment": "goes into a segment", "webhook": "goes to another system",
    "enroll": "goes into another sequence", "notify": "somebody is told of it",
}  # fmt: skip


def many_mails(look: Look) -> Iterator[Issue]:
    """Find the fullest week of all ways through the sequence, if it is too full."""
    most, at = 0, None
    for journey in journeys(look):
        times = [time for time, _ in journey]
        for last, (time, node) in enumerate(journey):
            count = sum(time - WEEK < other <= time for other in times[: last + 1])
            if count > most:
                most, at = count, node
    if at is not None and most > MOST_A_WEEK:
        yield Issue(at.loc, f"{most} mails to one contact within 7 days")


def close_mails(look: Look) -> Iterator[Issue]:
    """Find marketing mail that follows another mail closely, without a click or reply between."""
    for node in look.nodes:
        if node.kind != "email" or node.data["transactional"]:
            continue
        waited, before = _mail_before(look, node)
        if before is not None and waited < CLOSE_HOURS * HOUR:
            whole = Delay(waited // HOUR, "h") if waited % HOUR == 0 else Delay(waited, "i")
            said = whole.words() if waited else "directly"
            yield Issue(node.loc, f"{node.step} leaves {said} after {before.step}")


def _mail_before(look: Look, node: Node) -> tuple[int, Node | None]:
    """The mail above, and the minutes since; none when the contact asked for this one."""
    waited = 0
    for child in look.line(node):
        waited += minutes(child.times)
        parent = look.parents.get(id(child))
        if parent is None or parent.kind == "email":
            return waited, parent
        if parent.role == "decision" and parent.kind != "opened" and child.anchor == "yes":
            break
    return waited, None


def any_hour(look: Look) -> Iterator[Issue]:
    """Find mails that leave after a wait at whatever hour that ends."""
    for node in look.nodes:
        said = look.graph.emails.get(node.step)
        if node.kind == "email" and said and said.window != "anytime" and _drifts(look, node):
            yield Issue(node.loc, f"{node.step} may leave in the middle of the night")


def _drifts(look: Look, node: Node) -> bool:
    """Whether nothing on the way says at what hour a mail leaves, and it has waited."""
    waited = 0
    for child in look.line(node):
        if child.times.window is not None or child.times.hour is not None:
            return waited % DAY != 0  # whole days later it is the same hour
        waited += minutes(child.times)
        parent = look.parents.get(id(child))
        if parent is not None and parent.role == "decision" and child.anchor == "yes":
            break  # whoever opens or clicks is awake
    return waited > HOUR


def narrow_window(look: Look) -> Iterator[Issue]:
    """Find windows that are shorter than a busy cron needs."""
    windows = [(("send", "window"), look.sequence.send.window)]
    windows += [
        ((*letter.loc, "window"), letter.step.window)  # type: ignore[misc]
        for letter in look.letters
        if letter.step.window not in (None, "anytime")
    ]
    for loc, window in windows:
        if window is not None and _clock(window.to) - _clock(window.from_) < NARROW_MINUTES:
            yield Issue(loc, f"only {_clock(window.to) - _clock(window.from_)} minutes to send in")


def _clock(text: str) -> int:
    hours, _, rest = text.partition(":")
    return int(hours) * 60 + int(rest)


def robot_stops(look: Look) -> Iterator[Issue]:
    """Find stop rules that a mail scanner triggers."""
    for n, rule in enumerate(look.sequence.stop_on):
        if rule in ("open", "click"):
            yield Issue(("stop_on", n), f"any {rule} ends the sequence, also one of a scanner")


def reentry_once(look: Look) -> Iterator[Issue]:
    """Find re-entry into a sequence whose mails go out once in a lifetime."""
    if look.sequence.reentry == "allowed" and any(letter.marketing for letter in look.letters):
        yield Issue(("reentry",), "who comes back gets none of the marketing mails again")


def same_question(look: Look) -> Iterator[Issue]:
    """Find questions whose answer is known, as the same one has just been asked."""
    known: defaultdict[str, set[str]] = defaultdict(set)
    nodes: dict[str, Node] = {}
    for node in look.nodes:
        if node.role == "condition":
            nodes[node.step] = node
            known[node.step].add(_answer(look, node))
    for step, answers in known.items():
        if len(answers) == 1 and "" not in answers:
            message = f"the answer is always {min(answers)}: it has just been asked above"
            yield Issue(nodes[step].loc, message)


def _answer(look: Look, node: Node) -> str:
    """What a condition directly above has answered to the same question; nothing: unknown."""
    child = node
    for parent in look.above(node):
        if parent.role != "condition" or not child.times.at_once:
            break
        if (parent.kind, parent.data) == (node.kind, node.data):
            return child.anchor
        child = parent
    return ""


def like_percent(look: Look) -> Iterator[Issue]:
    """Find `like` without a wildcard."""
    for node in look.nodes:
        if node.kind != "if-field" or node.data["operator"] not in ("like", "!like"):
            continue
        value = str(node.data["value"])
        if "%" not in value and "_" not in value:
            yield Issue((*node.loc, "if"), f"`like` without %: {value}")


def empty_field(look: Look) -> Iterator[Issue]:
    """Find `is_not` that says nothing of contacts without the field."""
    for node in look.nodes:
        if node.kind == "if-field" and node.data["operator"] == "!=":
            field = node.data["field"]
            if not any(_asks_empty(above, field) for above in look.above(node)):
                message = f"also true of contacts without {field}"
                yield Issue((*node.loc, "if"), message)


def _asks_empty(node: Node, field: str) -> bool:
    data = node.data
    return node.kind == "if-field" and data["field"] == field and data["operator"].endswith("empty")


def dnc_flows_on(look: Look) -> Iterator[Issue]:
    """Find steps that hand a contact on which may have unsubscribed on the way."""
    for node in look.nodes:
        handed_on = _HANDED_ON.get(node.kind)
        if handed_on and node.data.get("add", True) and _may_have_left(look, node):
            yield Issue(node.loc, f"who has unsubscribed on the way {handed_on} all the same")


def _may_have_left(look: Look, node: Node) -> bool:
    waited = 0
    for child in look.line(node):
        waited += minutes(child.times)
        parent = look.parents.get(id(child))
        if parent is None or parent.kind == "if-dnc" or parent.data.get("type") == "lead.dnc":
            return False
        if parent.role == "decision" and child.anchor == "yes" and not waited:
            return False  # it has just done something with the mail
        if parent.kind == "email" and waited and not parent.data.get("transactional"):
            return True
    return False


def goto_rotation(look: Look) -> Iterator[Issue]:
    """Find jumps after which a question that is still open hears nothing any more."""
    for node in look.nodes:
        if node.kind != "goto":
            continue
        line = list(look.line(node))
        on_line = {id(one) for one in line}
        deaf = [
            child.step.partition(":stop-")[0] if child.loc[:1] == ("stop_on",) else child.step
            for one in line
            for child in one.children
            if child.listens and id(child) not in on_line
        ]
        if deaf:
            names = ", ".join(sorted(set(deaf)))
            yield Issue((*node.loc, "goto"), f"after the jump nobody listens to {names} any more")


RULES = (
    Rule(
        "many-mails", "warning",
        f"More than {MOST_A_WEEK} mails a week, and people unsubscribe or report spam.",
        "longer waits, or fewer mails",
        many_mails,
    ),
    Rule(
        "close-mails", "warning",
        f"Two mails within {CLOSE_HOURS} hours that nobody asked for read like one too many.",
        "put a wait of a day or more between them",
        close_mails,
    ),
    Rule(
        "any-hour", "info",
        "A wait of days ends at the hour at which the contact came: it may be three at night.",
        'send: {window: …} or wait: {for: 1d, until: "09:30"}',
        any_hour,
    ),
    Rule(
        "narrow-window", "warning",
        "Mautic sends in runs of its cron: what does not fit into the window leaves a day later.",
        f"give it {NARROW_MINUTES} minutes or more",
        narrow_window,
    ),
    Rule(
        "robot-stops", "warning",
        "Mail scanners and privacy proxies open every mail and follow its links.",
        "stop on reply, or on a click that means something: {click: https://…/book*}",
        robot_stops,
    ),
    Rule(
        "reentry-once", "warning",
        "Mautic sends a marketing mail to a contact once, in whatever round; the other steps run.",
        "reentry: never, or a sequence without marketing mail",
        reentry_once,
    ),
    Rule(
        "same-question", "warning",
        "A question that has just been answered has one branch that nobody takes.",
        "take out the question, or put a wait before it",
        same_question,
    ),
    Rule(
        "like-percent", "warning",
        "In Mautic `like` matches the whole value: without % it is no more than `is`.",
        "like: \"%word%\", or contains: word",
        like_percent,
    ),
    Rule(
        "empty-field", "info",
        "`is_not` is true of an empty field (`not_like` and `not_matches` are false of it).",
        "ask `empty: false` before it, or leave a `# lint: skip` if it is meant",
        empty_field,
    ),
    Rule(
        "dnc-flows-on", "info",
        "Unsubscribing stops marketing mail, not the contact's way through the other steps.",
        "put `if: {dnc: email}` with `then: [stop]` before it",
        dnc_flows_on,
    ),
    Rule(
        "goto-rotation", "warning",
        "Mautic counts a jump as a new round: open questions of the round before never fire.",
        "say again after the jump what is to be listened to, or repeat the steps instead",
        goto_rotation,
    ),
)  # fmt: skip
