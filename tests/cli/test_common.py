from __future__ import annotations

from typing import Any, cast

import typer

from pmctl.cli.common import (
    Command,
    Lazy,
    Printing,
    context_of,
    everywhere,
    group,
    options_of,
    printing,
    said,
    split_help,
)
from pmctl.context import Context
from pmctl.main import root


def command(cls: type[Command]) -> Command:
    app = group("A group.")
    seen: list[Context] = []

    @app.command("act", cls=cls)
    def act(ctx: typer.Context, name: str, force: bool = False) -> None:
        """Act on one thing.

        Some detail before.

        Examples:
          pmctl things act one
          pmctl things act two   # again

        Detail after the examples, a whole
        paragraph of it.
        """
        seen.append(context_of(ctx))

    @app.command("other", cls=cls)
    def other() -> None:
        """Another one, so that the app is a group."""

    built: Any = typer.main.get_command(app)
    built.commands["act"].seen = seen
    return cast(Command, built.commands["act"])


def test_help_is_in_the_order_that_people_read():
    text = command(Printing).get_help(typer.Context(command(Printing), info_name="act"))

    order = [
        "Usage: act", "Act on one thing.", "Examples:", "  pmctl things act one",
        "Some detail before.", "Detail after", "Arguments:", "Options:", "--force",
        "Options of output:", "--columns", "Options of every command:", "--context",
    ]  # fmt: skip
    places = [text.index(words) for words in order]
    assert places == sorted(places)


def test_only_commands_that_print_data_take_options_of_output():
    def flags(cls: type[Command]) -> set[str]:
        return {flag for param in command(cls).params for flag in param.opts}

    assert flags(Printing) - flags(Command) == {"--output", "-o", "--columns", "--no-header"}
    assert {"--context", "--timeout", "--trace", "--version", "-q"} <= flags(Command)


def test_a_command_gets_a_context_and_only_its_own_parameters():
    built = command(Printing)
    with built.make_context("act", ["one", "--context", "test", "-o", "json", "-q"]) as ctx:
        built.invoke(ctx)

    (context,) = built.seen  # type: ignore[attr-defined]
    assert context.options == {"context": "test", "output": "json", "quiet": True}


def test_shared_options_are_declared_once():
    assert options_of(everywhere) is options_of(everywhere)
    assert [param.name for param in options_of(printing)] == ["output", "columns", "no_header"]


def test_options_that_were_not_given_are_not_said():
    assert said({"a": None, "b": False, "c": 0.5, "d": "x", "e": True}) == {
        "c": 0.5,
        "d": "x",
        "e": True,
    }


def test_a_help_text_has_three_parts():
    text = "Summary\nof two lines.\n\nDetail.\n\nExamples:\n  one\n\n  two\n\nMore detail."
    assert split_help(text) == ("Summary\nof two lines.", "  one\n\n  two", "Detail.\nMore detail.")
    assert split_help("Only a summary.") == ("Only a summary.", "", "")
    assert split_help("Summary.\n\nDetail.") == ("Summary.", "", "Detail.")


def test_limits_that_make_no_sense_are_wrong_usage(pmctl):
    for option, value in (("--retries", "-1"), ("--timeout", "0")):
        code, _, err = pmctl("config", "list", option, value)

        assert code == 64
        assert option in err


def _lazy(group, path):
    if isinstance(group, Lazy):
        for name, (_, summary) in group.parts.items():
            yield f"{path} {name}", group, name, summary
            yield from _lazy(group.child(name), f"{path} {name}")


def test_what_a_lazy_group_says_of_its_parts_is_what_they_say_of_themselves():
    for path, lazy, name, summary in _lazy(root(), "pmctl"):
        own = split_help(lazy.child(name).help)[0]
        assert " ".join(own.split()) == summary, path
