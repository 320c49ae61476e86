"""Random sequences for hypothesis: valid ones, as the mappings that a YAML file holds."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Steps = list[dict[str, Any]]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WORDS = ("warm", "cold", "customer", "trial")
WAITS = ("30m", "4h", "1d", "3d 4h", "2 weeks")
CHECKS: tuple[dict[str, Any], ...] = (
    {"tag": "customer"},
    {"tag": ["warm", "cold"]},
    {"segment": "trial"},
    {"field": "country", "is": "Germany"},
    {"field": "company", "empty": False},
    {"field": "points", "at_least": 3},
    {"field": "city", "in": ["Bonn", "Rome"]},
    {"points": {"more_than": 0}},
    {"stage": ["Trial", "Customer"]},
    {"owner": "ana"},
    {"dnc": "email"},
    {"dnc": "email", "reason": "bounced"},
    {"in_campaign": ["welcome", "other"]},
    {"email_valid": True},
)
# Steps that do something and go on, but emails; `notify` gets an id of its own.
PLAIN: tuple[dict[str, Any], ...] = (
    {"field": {"set": {"city": "Berlin", "plan_size": 5, "is_trial": False}}},
    {"points": {"add": 5}},
    {"points": {"add": -1}},
    {"stage": "Customer"},
    {"owner": "ana"},
    {"company": "Acme"},
    {"dnc": {"add": ["email"], "reason": "asked by phone"}},
    {"dnc": {"remove": ["email"]}},
    {"notify": {"to": ["ops@example.com"], "owner": True, "subject": "Look", "body": "Hot"}},
    {"notify": {"users": ["ana"], "subject": "Look at {{firstname|them}}", "body": "Hot"}},
    {
        "webhook": {
            "url": "https://example.com/hook?x={{ email | urlencode }}",
            "headers": {"Content-Type": "application/json"},
            "data": {"who": "{{ email }}"},
        }
    },
    {"webhook": {"url": "https://example.com/ping", "method": "get", "timeout": 5}},
    {"enroll": ["other"]},
    {"leave": ["other", "welcome"]},
    {
        "raw": {
            "type": "lead.scorecontactscompanies",
            "kind": "action",
            "name": "Score",
            "properties": {"score": 3},
        }
    },
)
WATCHES: tuple[dict[str, Any], ...] = (
    {"on": "visited"},
    {"on": "visited", "url": ["https://example.com/pricing*", "https://example.com/buy"]},
    {"on": "submitted", "form": "sign-up"},
    {"on": "submitted"},
    {"on": "downloaded", "asset": ["price-list", "case-study"]},
    {
        "raw": {
            "type": "page.devicehit",
            "kind": "decision",
            "name": "On a phone?",
            "properties": {"device_type": ["smartphone"]},
        }
    },
)
RAW_CHECK: dict[str, Any] = {
    "raw": {
        "type": "lead.device",
        "kind": "condition",
        "name": "Uses a phone?",
        "properties": {"device_type": ["smartphone"]},
    },
}
STOP_RULES: tuple[Any, ...] = (
    "reply", "open", "click", "unsubscribe", "bounce", {"click": "https://example.com/book*"},
)  # fmt: skip


class _Drawing:
    """One sequence being drawn; keeps the budget of steps and the ids that are taken."""

    def __init__(self, draw: st.DrawFn, budget: int) -> None:
        self.draw = draw
        self.left = budget
        self.emails = 0
        self.notices = 0

    def pick(self, options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def email(self) -> dict[str, Any]:
        self.emails += 1
        step: dict[str, Any] = {
            "email": f"mail-{self.emails}",
            "subject": f"Subject {self.emails}{self.pick(('', '', ' for {{firstname| you }}'))}",
            "body": "Hello",
        }
        if self.pick((True, *[False] * 5)):
            step = {"email": step["email"], **self.variants()}
        if self.pick((True, *[False] * 5)):
            step["from"] = {"name": "Ana", "address": "ana@example.com"}
        window = self.pick((None, None, None, "anytime", "own"))
        if window is not None:
            step["window"] = {"from": "08:00", "to": "20:00"} if window == "own" else window
        return step

    def variants(self) -> dict[str, Any]:
        """An A/B test of two or three texts, in place of a subject and a body."""
        texts = [
            {"id": name, "weight": self.pick((1, 20, 49)), "subject": f"As {name}", "body": "Hello"}
            for name in ("a", "b", "c")[: self.pick((2, 3))]
        ]
        del texts[0]["weight"]
        test: dict[str, Any] = {"variants": texts}
        if self.pick((True, False)):
            test["winner"] = {"criteria": self.pick(("opens", "clicks"))}
        return test

    def wait(self) -> dict[str, Any]:
        """A wait; every time of day lies in every window that `sequences` makes."""
        step: dict[str, Any] = self.pick(
            [{"wait": text} for text in WAITS]
            + [{"wait": {"until": "09:30"}}, {"wait": {"for": "1d", "until": "10:00"}}]
        )
        return step

    def plain(self) -> dict[str, Any]:
        if self.pick((True, False)):
            step: dict[str, Any] = dict(self.pick(PLAIN))
            if "notify" in step:
                self.notices += 1
                step["id"] = f"notice-{self.notices}"
            return step
        names = {"add": [self.pick(WORDS)]}
        return {self.pick(("tag", "segment")): names}

    def watch(
        self, *, listening: bool, depth: int, anywhere: bool = False
    ) -> tuple[dict[str, Any], bool]:
        step: dict[str, Any] = {"on": self.pick(("opened", "clicked", "replied"))}
        if anywhere:
            step = dict(self.pick(WATCHES))
        then, open_after_then = self.steps(depth + 1, least=1 if listening else 0)
        step["then"] = then
        if listening:
            return step, True
        step["within"] = self.pick(("2d", "36h"))
        if self.pick((True, False)):
            step["else"], open_after_else = self.steps(depth + 1)
            return step, open_after_then or open_after_else
        return step, True

    def check(self, depth: int) -> tuple[dict[str, Any], bool]:
        then, open_after_then = self.steps(depth + 1)
        step: dict[str, Any] = {"if": self.pick(CHECKS), "then": then}
        if self.pick((True, *[False] * 7)):
            step = {**RAW_CHECK, "then": then}
        if self.pick((True, False)):
            step["else"], open_after_else = self.steps(depth + 1)
            return step, open_after_then or open_after_else
        return step, True

    def steps(self, depth: int, least: int = 0) -> tuple[Steps, bool]:
        """Return a list of steps and whether anybody is still in after them."""
        steps: Steps = []
        after_email = False
        for _ in range(max(least, self.draw(st.integers(0, 4 if depth else 7)))):
            if self.left <= 0 and len(steps) >= least:
                break
            self.left -= 1
            kind = self.pick(self._kinds(depth, after_email=after_email))
            waits = ("email", "plain", "page", "page listen")
            waited = kind in waits and self.pick((True, False, False))
            if waited:
                steps.append(self.wait())
            if kind == "email":
                steps.append(self.email())
            elif kind == "plain":
                steps.append(self.plain())
            elif kind == "stop":
                steps.append({"stop": True})
                return steps, False
            elif kind == "goto":
                target = f"mail-{self.draw(st.integers(1, self.emails))}"
                steps += [{"wait": "1d"}, {"goto": target}]
                return steps, False
            else:
                step, still_open = (
                    self.check(depth)
                    if kind == "if"
                    else self.watch(
                        listening="listen" in kind, depth=depth, anywhere="page" in kind
                    )
                )
                steps.append(step)
                if not still_open:
                    return steps, False
            listens = "listen" in kind and not waited
            after_email = kind == "email" or (after_email and listens)
        return steps, True

    def _kinds(self, depth: int, *, after_email: bool) -> list[str]:
        kinds = ["email", "email", "plain"]
        if depth < 3:
            kinds += ["if", "page", "page listen"]
            if after_email:
                kinds += ["watch", "watch", "listen"]
        return kinds + (["stop"] if depth else []) + (["goto"] if depth and self.emails else [])


OVERLAYS: tuple[dict[str, Any], ...] = (
    {},
    {"staging": {"name": "On staging", "published": False, "audience": {"segments": ["seeds"]}}},
    {"staging": {"send": {"from": {"name": "A", "address": "a@b.example"}}}, "live": {}},
    {"live": {"stop_on": [], "reentry": "never", "description": "Here", "limits": {}}},
)


@st.composite
def sequences(draw: st.DrawFn, budget: int = 12) -> dict[str, Any]:
    """A valid sequence of up to about `budget` steps, nested up to three deep."""
    drawing = _Drawing(draw, budget)
    steps, _ = drawing.steps(0, least=1)
    send: dict[str, Any] = {}
    if draw(st.booleans()):
        send["window"] = {"days": list(DAYS[:5]), "from": "09:00", "to": "17:00"}
    if draw(st.booleans()):
        send["from"] = {"name": "Harbor", "address": "harbor@example.com"}
    audience: dict[str, Any] = {"segments": ["everybody"]}
    if draw(st.booleans()):
        audience["forms"] = ["sign-up"]
    moved = {}
    if drawing.emails and draw(st.booleans()):
        moved = {"moved": [{"from": "an-old-name", "to": "mail-1"}], "on_removed": "continue"}
    return {
        "version": 1,
        "key": "random",
        "name": "Random",
        "published": draw(st.booleans()),
        "reentry": draw(st.sampled_from(("never", "allowed"))),
        "audience": audience,
        "send": send,
        "stop_on": draw(st.lists(st.sampled_from(STOP_RULES), max_size=2)),
        "environments": draw(st.sampled_from(OVERLAYS)),
        **moved,
        "steps": steps,
    }


def sequence(*steps: dict[str, Any], **others: Any) -> dict[str, Any]:
    """A sequence of these steps, with what every sequence needs."""
    return {
        "version": 1,
        "key": "trial",
        "name": "Trial",
        "audience": {"segments": ["trials"]},
        "steps": list(steps),
        **others,
    }


def email(name: str, **others: Any) -> dict[str, Any]:
    """An email step."""
    return {"email": name, "subject": f"About {name}", "body": "Hello", **others}


def tag(*names: str, **others: Any) -> dict[str, Any]:
    """A step that adds tags."""
    return {"tag": {"add": list(names)}, **others}
