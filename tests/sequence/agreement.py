"""One sequence, run by the simulator and by the stand-in's engine: what each of them did.

The stand-in is used in memory, below its sockets; the two share no code.
"""

from __future__ import annotations

import datetime
import json
from typing import Any

from hypothesis import strategies as st

from pmctl.sandbox import campaign, decisions, mail
from pmctl.sandbox.acts import Acts
from pmctl.sandbox.store import Store
from pmctl.sequence.compile import Compiled, compile_text
from pmctl.sequence.payload import Names, campaign_body, mail_body
from pmctl.sequence.simulate import Act, Run
from pmctl.sequence.split import Share
from pmctl.sequence.synthetic import Contact
from tests.sequence.strategies import sequences

MONDAY = datetime.datetime(2026, 11, 23, 8, 0, 0, tzinfo=datetime.UTC)
ZONES = ("", "Europe/Lisbon", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")
KINDS = ("opens", "clicks", "replies", "unsubscribes")
FORM = "sign-up"
AUDIENCES: tuple[dict[str, list[str]], ...] = (
    {"segments": ["everybody"]},
    {"segments": ["everybody"], "forms": [FORM]},
    {"segments": ["trial"], "forms": [FORM]},  # the contact is not in it
    {"forms": [FORM]},
)
AFTER = [datetime.timedelta(minutes=m) for m in (1, 61, 1447, 4001)]
WATCHES_AT_ROOT: tuple[tuple[str, dict[str, Any]], ...] = (
    ("page.pagehit", {"url": "https://example.com/pricing*"}),
    ("page.pagehit", {}),
)
URLS = (
    "https://example.com/",
    "https://example.com/book/me",
    "https://example.com/pricing",
    "https://example.com/buy",
)
LINKS = st.sampled_from(URLS)
Did = list[tuple[str, str]]  # "2026-11-23 09:00:00", what


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """A sequence with a contact, what it does, and how often the cron runs."""
    said = {**draw(sequences()), "published": True, "environments": {}}
    names = [f"mail-{number}" for number in range(1, 9)]
    if draw(st.integers(0, 7)) == 0:  # seldom: most of these begin nothing
        said["steps"] = _at_root(draw, said["steps"])
    said["audience"] = draw(st.sampled_from((*AUDIENCES, *3 * AUDIENCES[:1])))
    of_mail = st.builds(
        Act, st.sampled_from(KINDS), st.sampled_from(AFTER), st.sampled_from(names), LINKS
    )
    visit = st.builds(Act, st.just("visits"), st.sampled_from(AFTER), url=LINKS)
    submit = st.builds(
        Act, st.just("submits"), st.sampled_from(AFTER), form=st.sampled_from((FORM, "other"))
    )
    acts = draw(
        st.lists(of_mail | visit | submit, max_size=6, unique_by=lambda act: (act.step, act.after))
    )
    if said["reentry"] == "allowed" and "forms" in said["audience"]:
        # beginning anew in the middle has two rotations at once; nobody has seen what Mautic does
        acts = [act for act in acts if act.form != FORM]
    if "everybody" not in said["audience"].get("segments", ()):
        comes_in = Act("submits", AFTER[0], form=FORM)
        acts = [comes_in, *(act for act in acts if (act.step, act.after) != ("", AFTER[0]))]
    more = {
        "zone": draw(st.sampled_from(ZONES)),
        "tags": draw(st.sets(st.sampled_from(("customer", "Warm")))),
        "points": draw(st.integers(-1, 5)),
        "country": draw(st.sampled_from(("", "germany", "Spain"))),
        "city": draw(st.sampled_from(("", "Rome", "Paris"))),
        "stage": draw(st.sampled_from((None, "Trial"))),
        "dnc": draw(st.sampled_from((*[{}] * 8, {"email": 1}, {"email": 2}))),
        "cron": draw(st.sampled_from((15, 60))),
        "days": 12,
    }
    return {"said": said, "acts": acts, **more}


def _at_root(draw: st.DrawFn, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The steps under a decision with nothing above it, as a pulled campaign may begin."""
    kind, given = draw(st.sampled_from(WATCHES_AT_ROOT))
    raw = {"type": kind, "kind": "decision", "name": "At the root", "properties": given}
    exact = {"raw": {**raw, "trigger": {"mode": "immediate"}}, "id": "root"}
    other = [{"wait": "2d"}, {"tag": {"add": ["silent"]}}]
    return [{**exact, "then": steps, **draw(st.sampled_from(({}, {"else": other})))}]


def compiled(said: dict[str, Any]) -> Compiled:
    """The compiled sequence."""
    return compile_text("f.yaml", json.dumps(said), lambda name: "", {})


def simulated(one: Compiled, case: dict[str, Any]) -> tuple[Did, list[str], int]:
    """What the simulator says: mails and steps by time, the tags, the points at the end."""
    contact = Contact(
        zone=case["zone"],
        tags=set(case["tags"]),
        segments={"everybody"},
        fields={name: case[name] for name in ("country", "city")},
        points=case["points"],
        stage=case["stage"],
        dnc=dict(case["dnc"]),
    )
    cron = datetime.timedelta(minutes=case["cron"])
    run = Run(one.graph, contact, MONDAY, cron, case["acts"])
    entries = run.until(MONDAY + datetime.timedelta(days=case["days"]))
    did = []
    for entry in entries:
        at = f"{entry.at:%Y-%m-%d %H:%M:%S}"
        if entry.kind == "mail":
            did.append((at, f"mail {entry.step}"))
        if entry.kind in ("mail", "skipped", "ran"):
            no = entry.note == "no" and entry.kind == "ran"
            did.append((at, f"{entry.step} {entry.path}{' no' if no else ''}"))
    return sorted(did), sorted(contact.tags), contact.points


def engine(one: Compiled, case: dict[str, Any]) -> tuple[Did, list[str], int]:
    """What the stand-in did with the same campaign, contact, clock and cron."""
    stand = _Stand(one, case)
    stand.run()
    return stand.did()


class _Stand:
    """The stand-in's store with one campaign and one contact in it."""

    def __init__(self, one: Compiled, case: dict[str, Any]) -> None:
        self.case, self.store, want = case, Store(), one.desired
        self.acts = Acts(self.store)
        self.acts.clock.set(MONDAY)
        ids: dict[str, dict[str, int | str]] = {
            "segment": {name: self.store.add_segment(name) for name in ("everybody", "trial")}
        }
        for kind, names in want.needs.items():
            known = ids.setdefault(kind, {})
            for number, name in enumerate(names, 900):
                if name not in known and kind == "segment":
                    known[name] = self.store.add_segment(name)
                elif name not in known:
                    known[name] = self.store.add_form(name) if kind == "form" else number
        self.stages = ids.setdefault("stage", {})
        self.stages.setdefault("Trial", 950)
        self.forms = ids.get("form", {})
        self.mails = self._mails(one, ids)
        ids["event"] = {" ".join(event.identity): 1 for event in want.events}
        body = campaign_body(want, "test", Names(ids), ids={}, published=True)
        made = campaign.create(self.store, body).body["campaign"]
        self.key = made["id"]
        self.events = self.store.campaigns[self.key]["events"]
        self._aim(one)
        self.who = self._contact(ids)

    def _mails(self, one: Compiled, ids: dict[str, dict[str, int | str]]) -> dict[int, str]:
        steps: dict[int, str] = {}
        known = ids.setdefault("email", {})
        for each in one.desired.mails:
            body = mail_body(one.desired, each, "test")
            step = each.step.partition("~")[0]
            share = getattr(each, "share", None)
            if isinstance(share, Share):
                parent = int(known[step])
                settings = {"weight": share.weight, "winnerCriteria": "email.openrate"}
                body |= {"variantParent": parent, "variantSettings": settings}
            key = int(mail.create(self.store, body).body["email"]["id"])
            known.setdefault(each.step, key)
            steps[key] = step
        return steps

    def _aim(self, one: Compiled) -> None:
        places = {event.identity: number for number, event in enumerate(one.desired.events)}
        for node in one.graph.nodes():
            if node.kind == "goto":
                target = tuple(node.data["to"].split(" ", 1))
                event = self.events[places[node.identity]]
                event["properties"]["jumpToEvent"] = self.events[places[target]]["id"]

    def _contact(self, ids: dict[str, dict[str, int | str]]) -> int:
        case = self.case
        values = {name: case[name] for name in ("country", "city", "points")}
        who = self.store.add_contact("ann@example.com", timezone=case["zone"], **values)
        contact = self.store.contacts[who]
        contact["tags"] = sorted(case["tags"])
        contact["segments"] = [ids["segment"]["everybody"]]
        contact["stage"] = self.stages.get(case["stage"])
        contact["dnc"] = {on: {"reason": why, "comments": ""} for on, why in case["dnc"].items()}
        return who

    def run(self) -> None:
        """Let the days pass: the cron, and in between what the contact does."""
        end = MONDAY + datetime.timedelta(days=self.case["days"])
        acts = enumerate(self.case["acts"])
        todo = [(MONDAY + act.after, place, act) for place, act in acts if not act.step]
        tick, seen, planned = MONDAY, 0, len(self.case["acts"])
        while min(tick, *(when for when, _, _ in todo), end) < end or tick == end:
            if todo and min(todo)[0] < tick:
                first = min(todo, key=lambda one: one[:2])
                todo.remove(first)
                self.acts.clock.set(first[0])
                self._do(first[2])
            else:
                self.acts.clock.set(tick)
                self.acts.cron()
                tick += datetime.timedelta(minutes=self.case["cron"])
            for left in self.acts.sent[seen:]:
                seen += 1
                for act in self.case["acts"]:
                    if act.step == self.mails[left.email]:
                        planned += 1
                        todo.append((left.at + act.after, planned, act))

    def _do(self, act: Act) -> None:
        if act.kind == "unsubscribes":
            self.store.contacts[self.who]["dnc"]["email"] = {"reason": 1, "comments": ""}
            return
        if act.kind == "visits":
            decisions.visited(self.store, self.who, act.url)
            return
        if act.kind == "submits":
            decisions.submitted(self.store, self.who, self._form(act.form))
            return
        own = {str(key) for key, step in self.mails.items() if step == act.step}
        stat = next(row for row in reversed(self.store.sent) if row["email_id"] in own)
        if act.kind == "opens":
            decisions.opened(self.store, stat)
        elif act.kind == "clicks":
            decisions.clicked(self.store, stat, act.url)
        else:
            decisions.replied(self.store, stat)

    def _form(self, name: str) -> int:
        if name not in self.forms:
            self.forms[name] = self.store.add_form(name)
        return int(self.forms[name])

    def did(self) -> tuple[Did, list[str], int]:
        """What happened, in the words of `simulated`."""
        names = {str(event["id"]): event for event in self.events}
        found: Did = []
        for left in self.acts.sent:
            found.append((f"{left.at:%Y-%m-%d %H:%M:%S}", f"mail {self.mails[left.email]}"))
        for row in self.store.log:
            if (
                row["is_scheduled"] == "1"
                or "cancelled" in row
                or row["campaign_id"] != str(self.key)
            ):
                continue
            event = names[row["event_id"]]
            step, path = event["description"].split()[1:3]
            decided = event["eventType"] != "action" and row["non_action_path_taken"] == "1"
            text = f"{step.removeprefix('step=')} {path.removeprefix('path=')}"
            found.append((row["date_triggered"], f"{text}{' no' if decided else ''}"))
        contact = self.store.contacts[self.who]
        return sorted(found), sorted(contact["tags"]), int(contact["values"].get("points") or 0)
