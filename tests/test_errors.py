from __future__ import annotations

import pytest

from pmctl import errors
from pmctl.errors import EXIT_CODES, InputProblems, PmctlError, Problem, hide, redact


def kinds(base: type[PmctlError] = PmctlError) -> list[type[PmctlError]]:
    return [base, *(kind for below in base.__subclasses__() for kind in kinds(below))]


@pytest.mark.parametrize("kind", [k for k in kinds() if k.__module__ == "pmctl.errors"])
def test_every_kind_has_a_documented_code_and_says_when_to_raise_it(kind):
    assert kind.exit_code in EXIT_CODES
    assert kind.__doc__


def test_the_exit_codes_are_those_that_scripts_rely_on():
    assert list(EXIT_CODES) == [0, 1, 2, 3, 4, 5, 6, 7, 64, 65, 69, 70, 75, 78, 130, 141, 143]


def test_one_error_may_have_a_code_of_its_own():
    assert PmctlError("x", exit_code=70).exit_code == 70
    assert PmctlError("x").exit_code == 1


def test_an_unknown_outcome_is_temporary_but_told_apart():
    assert issubclass(errors.OutcomeUnknown, errors.Temporary)
    assert errors.OutcomeUnknown.exit_code == 75


def test_a_problem_stands_where_an_editor_can_jump():
    assert Problem("a.yaml", 3, 5, "wrong").where == "a.yaml:3:5"
    assert Problem("a.yaml", 0, 0, "wrong").where == "a.yaml"


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (["a.yaml"], "1 problem in a.yaml"),
        (["a.yaml", "a.yaml"], "2 problems in a.yaml"),
        (["a.yaml", "b.yaml"], "2 problems in 2 files"),
    ],
)
def test_problems_are_counted(paths, message):
    error = InputProblems([Problem(path, 1, 1, "wrong") for path in paths])
    assert error.message == message
    assert error.exit_code == 65
    assert len(error.problems) == len(paths)


def test_a_secret_is_replaced_wherever_it_stands_and_the_longer_one_first():
    hide(["errors-canary", "errors-canary-longer"])
    assert redact("a errors-canary-longer b errors-canary") == "a *** b ***"


def test_a_very_short_secret_does_not_make_everything_unreadable():
    hide(["", "a", "abc"])
    assert redact("abc a") == "abc a"


def test_of_many_passing_secrets_the_last_ones_are_hidden_and_lasting_ones_always():
    errors.hide(["lasting-secret"])
    errors.hide((f"passing-{n}!" for n in range(100)), passing=True)

    said = errors.redact("lasting-secret passing-99! passing-90! passing-0!")

    assert said == "*** *** *** passing-0!"
