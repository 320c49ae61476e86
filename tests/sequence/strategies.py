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
)
STOP_RULES: tuple[Any, ...] = (
    "reply", "open", "click", "unsubscribe", "bounce", {"click": "https://example.com/book*"},
)  # fmt: skip


class _Drawing:
    """One sequence being drawn; keeps the budget of steps and the ids that are taken."""

    def __init__(self, draw: st.DrawFn, budget: int) -> None:
        self.draw = draw
        self.left = budget
        self.emails = 0

    def pick(self, options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def email(self) -> dict[str, Any]:
        self.emails += 1
        step: dict[str, Any] = {
            "email": f"mail-{self.emails}",
            "subject": f"Subject {self.emails}",
            "body": "Hello",
        }
        if self.pick((True, *[False] * 5)):
            step = {"email": step["email"], **self.variants()}
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
        names = {"add": [self.pick(WORDS)]}
        return {self.pick(("tag", "segment")): names}

    def watch(self, *, listening: bool, depth: int) -> tuple[dict[str, Any], bool]:
        step: dict[str, Any] = {"on": self.pick(("opened", "clicked", "replied"))}
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
            if kind in ("email", "wait", "plain") and self.pick((True, False, False)):
                steps.append(self.wait())
            if kind == "email":
                steps.append(self.email())
            elif kind == "plain":
                steps.append(self.plain())
            elif kind == "stop":
                steps.append({"stop": True})
                return steps, False
            else:
                step, still_open = (
                    self.check(depth)
                    if kind == "if"
                    else self.watch(listening=kind == "listen", depth=depth)
                )
                steps.append(step)
                if not still_open:
                    return steps, False
            after_email = kind == "email" or (after_email and kind == "listen")
        return steps, True

    def _kinds(self, depth: int, *, after_email: bool) -> list[str]:
        kinds = ["email", "email", "plain"]
        if depth < 3:
            kinds.append("if")
            if after_email:
                kinds += ["watch", "watch", "listen"]
        return kinds + (["stop"] if depth else [])


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
    audience: dict[str, Any] = {"segments": ["everybody"]}
    if draw(st.booleans()):
        audience["forms"] = ["sign-up"]
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
