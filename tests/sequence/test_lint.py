"""Lint: each rule finds what it is for and nothing else, and what is meant can be said."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import pytest
from hypothesis import given, settings

from pmctl.sequence.compile import Compiled, compile_text
from pmctl.sequence.findings import Finding
from pmctl.sequence.lint import ABOUT, RULES, lint
from pmctl.sequence.lint_rules_links import site
from tests.sequence.lint_cases import CASES, OUT, WORDS, ab, clicked, html, mail, receipt, sequence
from tests.sequence.strategies import sequences
from tests.shell import ROOT

FILES = {"bodies/offer.md": f"Hi there,\n\n[a](https://example.com)\n[b](/b)\n\n{OUT}\n"}


def compiled(data: dict[str, Any] | str) -> Compiled:
    text = data if isinstance(data, str) else json.dumps(data, indent=1)
    return compile_text("trial.yaml", text, lambda name: FILES[name], {})


def found(data: dict[str, Any] | str) -> list[Finding]:
    return lint(compiled(data))


def names(data: dict[str, Any] | str) -> list[str]:
    return [finding.rule for finding in found(data)]


def test_every_rule_has_a_case():
    assert set(CASES) == {rule.id for rule in RULES}


@pytest.mark.parametrize("rule", sorted(CASES))
def test_a_rule_finds_its_breach_and_no_other_rule_does(rule: str):
    assert set(names(CASES[rule][0])) == {rule}


@pytest.mark.parametrize("rule", sorted(CASES))
def test_a_near_miss_is_none(rule: str):
    assert [finding.problem.message for finding in found(CASES[rule][1])] == []


def test_every_rule_says_in_a_line_why_it_is_there():
    for about in ABOUT:
        assert len(about.why) <= 100
        assert about.why.endswith(".")
        assert about.hint
    assert len({about.id for about in ABOUT}) == len(ABOUT)


@settings(max_examples=60)
@given(sequences())
def test_lint_finds_its_way_through_any_sequence(data: dict[str, Any]):
    one = compiled(data)
    last = len(one.document.lines)

    for finding in lint(one):
        assert finding.rule in {about.id for about in ABOUT}
        assert 1 <= finding.problem.line <= last


@pytest.mark.parametrize("name", ["welcome", "trial-nudge", "outbound", "hot-trials"])
def test_the_examples_lint_clean(name: str):
    folder = ROOT / "campaigns"
    text = (folder / f"{name}.yaml").read_text()

    one = compile_text(name, text, lambda body: (folder / body).read_text(), {})

    assert [f.problem.message for f in lint(one)] == []


def test_a_finding_of_a_body_file_names_its_line():
    data = sequence(mail(body={"file": "bodies/offer.md"}))

    (finding,) = found(data)

    assert finding.problem.message == "bodies/offer.md:4: the link /b leads nowhere"
    assert finding.problem.source.strip().startswith('"body"')


def test_a_mail_that_is_copied_under_two_branches_is_found_once():
    fork = {"if": {"tag": "vip"}, "then": [{"tag": {"add": ["a"]}}]}

    assert names(sequence(fork, mail(preheader=None))) == ["no-preheader"]


@pytest.mark.parametrize(
    ("wait", "said"), [("2h", "2 hours"), ("90m", "1 hour 30 minutes"), ("45m", "45 minutes")]
)
def test_how_close_two_mails_are_is_said_in_words(wait: str, said: str):
    (finding,) = found(sequence(mail("one"), {"wait": wait}, mail("two")))

    assert finding.problem.message == f"two leaves {said} after one"


def test_mails_of_branches_that_exclude_each_other_are_not_added_up():
    def three(name: str) -> list[Any]:
        return [s for n in range(3) for s in (mail(f"{name}{n}"), {"wait": "1d"})]

    fork = {"if": {"tag": "vip"}, "then": [*three("a"), {"stop": True}],
            "else": [*three("b"), {"stop": True}]}  # fmt: skip

    assert names(sequence(fork)) == []


def test_mails_of_a_listener_come_on_top_of_the_line():
    line = [s for n in range(4) for s in (mail(f"m{n}"), {"wait": "1d"})]
    listening = {"on": "replied", "then": [mail("thanks")]}

    assert names(sequence(line[0], listening, *line[1:-1])) == ["many-mails"]
    assert names(sequence(*line[:-1])) == []


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        (f"<!doctype html><html><body>{WORDS}</body></html>", ["no-unsubscribe"]),
        (f'<html><body>{WORDS}<a href="{{dnc_url}}">Enough</a></body></html>', []),
        (f"<html><body>{WORDS}<!-- {{unsubscribe_url}} --></body></html>", ["text-unsubscribe"]),
    ],
)
def test_whole_documents_are_read_too(body: str, rules: list[str]):
    assert names(sequence(mail(body={"html": body}))) == rules


def test_each_variant_is_read_at_its_own_place():
    data = sequence(ab("About numbers", "READ THIS NOW"))

    (finding,) = found(data)

    assert finding.rule == "subject-shouts"
    assert "READ THIS NOW" in finding.problem.source


def test_a_form_is_an_action_too_and_asks_for_its_mail():
    by_form = {"audience": {"forms": ["order"]}}

    assert names(sequence(receipt(), **by_form)) == []
    assert names(sequence({"wait": "3d"}, receipt(), **by_form)) == ["transactional-unasked"]
    opened = [mail(), {"on": "opened", "then": [receipt()]}]
    assert "transactional-unasked" in names(sequence(*opened))


def test_what_happens_at_a_click_needs_no_guard():
    assert names(sequence(*clicked({"segment": {"add": ["hot"]}}))) == []
    later = [{"wait": "2d"}, {"segment": {"add": ["hot"]}}]
    assert names(sequence(*clicked(*later))) == ["dnc-flows-on"]


@pytest.mark.parametrize(
    "step",
    [{"webhook": {"url": "https://crm.example.com/x"}}, {"enroll": ["other"]},
     {"id": "told", "notify": {"to": ["ops@example.com"], "subject": "Look", "body": "Hot"}}],
)  # fmt: skip
def test_who_has_unsubscribed_is_not_handed_on_unless_asked(step: dict[str, Any]):
    waited = [mail(), {"wait": "2d"}]
    guard = {"if": {"dnc": "email"}, "then": ["stop"]}
    raw = {"raw": {"type": "lead.dnc", "kind": "condition", "name": "DNC?",
                   "properties": {"channels": ["email"]}}, "then": ["stop"]}  # fmt: skip

    assert names(sequence(*waited, step)) == ["dnc-flows-on"]
    assert names(sequence(*waited, guard, step)) == []
    assert names(sequence(*waited, raw, step)) == []
    assert names(sequence(step, *waited[:1])) == []


@pytest.mark.parametrize(
    "address",
    ["", "#", "www.example.com", "example.com/x", "javascript:go()", "https://",
     "http://localhost:8000/x", "https://192.168.1.4/", "data:image/png;base64,AAAA"],
)  # fmt: skip
def test_addresses_that_lead_nowhere_from_a_mail(address: str):
    assert names(sequence(html(f'Hello <a href="{address}">all</a>'))) == ["dead-link"]


@pytest.mark.parametrize(
    ("domain", "own"),
    [("example.com", "example.com"), ("mail.example.com", "example.com"),
     ("a.b.example.co.uk", "example.co.uk"), ("news.example.de", "example.de"),
     ("com", "com"), ("example.com.", "example.com")],
)  # fmt: skip
def test_a_site_is_what_somebody_registered(domain: str, own: str):
    assert site(domain) == own


# Comments that skip a rule.

PLAIN = f"""\
version: 1
key: trial
name: Trial
audience: {{segments: [trials]}}
send:
  from: {{name: Ana, address: ana@example.com}}
  window: {{from: "09:00", to: "17:00"}}
steps:
  - email: one
    subject: First
    body: |
      Hello [all](https://example.com).
      # lint: skip no-preheader this is a heading of the mail
      {OUT}
  - email: two
    subject: Second
    body: Hello {OUT}
"""


def skipping(comment: str, above: str) -> str:
    """PLAIN with a comment on a line of its own, as far in as the line below it."""
    line = next(line for line in PLAIN.split("\n") if line.lstrip().startswith(above))
    indent = line[: len(line) - len(line.lstrip())]
    return PLAIN.replace(line, f"{indent}{comment}\n{line}", 1)


def test_a_heading_in_a_body_is_no_comment():
    assert names(PLAIN) == ["close-mails", "no-preheader", "no-preheader"]


def test_a_comment_above_a_step_skips_a_rule_there_only():
    text = skipping("# lint: skip no-preheader the inbox shows the greeting", "- email: two")

    assert names(text) == ["close-mails", "no-preheader"]
    assert found(text)[1].problem.line == 9


@pytest.mark.parametrize("line", ["  - email: two", "    subject: Second", "    body: Hello"])
def test_a_comment_at_the_end_of_a_line_belongs_to_its_step(line: str):
    whole = next(one for one in PLAIN.split("\n") if one.startswith(line))
    text = PLAIN.replace(whole, f"{whole}  # lint: skip close-mails both are short", 1)

    assert names(text) == ["no-preheader", "no-preheader"]


def test_a_comment_on_top_skips_a_rule_in_the_whole_file():
    text = f"# A trial.\n# lint: skip no-preheader the inbox shows the greeting\n{PLAIN}"

    assert names(text) == ["close-mails"]


def test_a_comment_above_a_key_covers_what_is_below_the_key():
    text = PLAIN.replace('to: "17:00"', 'to: "09:10"').replace(
        "  window:", "  # lint: skip narrow-window a small list\n  window:"
    )
    top = text.replace("  # lint: skip narrow-window a small list\n", "").replace(
        "send:", "# lint: skip narrow-window a small list\nsend:"
    )

    assert "narrow-window" not in names(top)
    assert "unused-skip" not in names(top)


def test_a_comment_above_a_fork_covers_its_branches():
    text = textwrap.dedent("""\
        version: 1
        key: trial
        name: Trial
        audience: {segments: [trials]}
        steps:
          # lint: skip dnc-flows-on the segment is for our own lists
          - if: {tag: vip}
            then:
              - email: one
                subject: First
                preheader: Two minutes
                body: Hello {unsubscribe_text}
              - wait: 2d
              - segment: {add: [cold]}
          - segment: {add: [all]}
        """)

    assert names(text) == ["dnc-flows-on"]
    assert found(text)[0].problem.line == 15


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# lint: skip no-preheader", "why is no-preheader to be skipped?"),
        ("# lint: skip no-preheder it is short", "there is no lint rule no-preheder"),
        ("# lint: skip", "which rule is to be skipped?"),
        ("# lint: ignore no-preheader it is short", "`lint: ignore` means nothing"),
    ],
)
def test_a_skip_without_its_reason_skips_nothing(comment: str, message: str):
    text = skipping(comment, "- email: two")

    *rest, wrong = found(text)

    assert [one.rule for one in rest] == names(PLAIN)
    assert (wrong.rule, wrong.severity, wrong.problem.message) == ("bad-skip", "error", message)
    assert (wrong.problem.line, wrong.problem.column) == (15, 3)


def test_a_skip_that_hides_nothing_is_named():
    text = skipping("# lint: skip mail-size a long letter", "- email: two")

    finding = found(text)[-1]

    assert (finding.rule, finding.problem.line) == ("unused-skip", 15)
    assert "unused-skip" not in [one.rule for one in lint(compiled(text), ["no-preheader"])]
