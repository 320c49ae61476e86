"""What is unwise in a sequence: every rule over a compiled file, without what its author means."""

from __future__ import annotations

from collections.abc import Iterable

from pmctl.errors import Problem
from pmctl.sequence import (
    lint_rules_body,
    lint_rules_consent,
    lint_rules_flow,
    lint_rules_links,
    lint_rules_subject,
    lint_skips,
)
from pmctl.sequence.compile import Compiled
from pmctl.sequence.findings import About, Finding
from pmctl.sequence.graph import Issue
from pmctl.sequence.lint_look import Look, Rule

RULES: tuple[Rule, ...] = (
    *lint_rules_consent.RULES,
    *lint_rules_flow.RULES,
    *lint_rules_subject.RULES,
    *lint_rules_body.RULES,
    *lint_rules_links.RULES,
)
BAD_SKIP = About(
    "bad-skip",
    "error",
    "A comment that skips a rule names the rule and the reason, or nobody knows it later.",
    "# lint: skip RULE why it is meant",
)
UNUSED_SKIP = About(
    "unused-skip",
    "info",
    "A skip that hides nothing any more would hide the next mistake.",
    "take it out",
)
ABOUT: tuple[About, ...] = (*(rule.about for rule in RULES), BAD_SKIP, UNUSED_SKIP)
NAMES = frozenset(about.id for about in ABOUT)


def lint(compiled: Compiled, only: Iterable[str] = NAMES) -> list[Finding]:
    """Return what the rules named in `only` find in one file, in the order of the rules."""
    chosen = frozenset(only)
    document = compiled.document
    look = Look(compiled)
    skips, wrong = lint_skips.read(document, NAMES)
    used: set[lint_skips.Skip] = set()
    found: list[Finding] = []
    for rule in RULES:
        if rule.id not in chosen:
            continue
        for issue in dict.fromkeys(rule.check(look)):
            meant = [skip for skip in skips if skip.covers(rule.id, issue.loc)]
            used.update(meant)
            if not meant:
                found.append(_finding(compiled, rule, issue))
    if BAD_SKIP.id in chosen:
        found += [Finding(BAD_SKIP.id, BAD_SKIP.severity, problem) for problem in wrong]
    if UNUSED_SKIP.id in chosen:
        found += [
            _unused(document.path, skip)
            for skip in skips
            if skip not in used and skip.rule in chosen
        ]
    return found


def _finding(compiled: Compiled, rule: Rule, issue: Issue) -> Finding:
    problem = compiled.document.problem(issue.loc, issue.message, issue.hint or rule.hint)
    return Finding(rule.id, rule.severity, problem)


def _unused(path: str, skip: lint_skips.Skip) -> Finding:
    message = f"{skip.rule} finds nothing here to skip"
    problem = Problem(path, skip.line, skip.column, message, skip.text, UNUSED_SKIP.hint)
    return Finding(UNUSED_SKIP.id, UNUSED_SKIP.severity, problem)
