"""`pmctl help`: the exit codes, and the whole command tree for programs."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from pmctl.cli.common import SETTINGS, Command, Group, split_help
from pmctl.errors import EXIT_CODES, UsageError
from pmctl.text import did_you_mean


class Topics(Group):
    """`help exit-codes`, and `help GROUP [COMMAND]` for those who type it that way."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in self.commands:
            self._show(ctx.find_root(), list(args))
        return super().resolve_command(ctx, args)

    def _show(self, top: Any, words: list[str]) -> None:
        command, above = top.command, top
        for word in words:
            if not isinstance(command, Group):
                hint = f"`pmctl help {' '.join(words[:-1])}` is as far as it goes"
                raise UsageError(f"{above.command_path} has no command {word!r}", hint=hint)
            known = command.list_commands(above)
            found = command.child(word)
            if found is None:
                hint = did_you_mean(word, known, "`pmctl --help` lists the groups")
                raise UsageError(f"no such command {word!r}", hint=hint)
            command = found
            above = command.context_class(command, info_name=word, parent=above)
        sys.stdout.write(command.get_help(above) + "\n")
        raise typer.Exit(0)


app = typer.Typer(
    cls=Topics,
    help="Exit codes, and the whole command tree as JSON.\n\n"
    "Examples:\n  pmctl help exit-codes\n  pmctl help campaign apply\n"
    "  pmctl help --json | jq '.commands[].name'",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=SETTINGS,
    invoke_without_command=True,
)


@app.callback()
def help_(
    ctx: typer.Context,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the whole command tree as JSON.")
    ] = False,
) -> None:
    if ctx.invoked_subcommand:
        return
    if as_json:
        described = tree(ctx.find_root().command)
        sys.stdout.write(json.dumps(described, indent=2) + "\n")
    else:
        sys.stdout.write(ctx.find_root().get_help() + "\n")


@app.command("exit-codes", cls=Command)
def exit_codes() -> None:
    """Print what each exit code means.

    Examples:
      pmctl help exit-codes
    """
    for code, meaning in EXIT_CODES.items():
        sys.stdout.write(f"{code:>4}  {meaning}\n")


def tree(top: Any) -> dict[str, Any]:
    """Return the command tree, every group loaded: names, helps, examples, parameters."""
    return _described(top, "pmctl")


def _described(command: Any, path: str) -> dict[str, Any]:
    summary, examples, detail = split_help(command.help or "")
    described: dict[str, Any] = {
        "name": path.rpartition(" ")[2],
        "path": path,
        "summary": " ".join(summary.split()),
        "examples": [line.strip() for line in examples.splitlines() if line.strip()],
        "detail": detail,
        "parameters": [_parameter(p) for p in command.params if not getattr(p, "hidden", False)],
    }
    if isinstance(command, Group):
        names = command.list_commands(typer.Context(command))
        children = [(name, command.child(name)) for name in names]
        described["commands"] = [
            _described(child, f"{path} {name}") for name, child in children if not child.hidden
        ]
    return described


def _parameter(param: Any) -> dict[str, Any]:
    choices = getattr(param.type, "choices", None)
    return {
        "name": param.name,
        "kind": param.param_type_name,
        "flags": list(param.opts) if param.param_type_name == "option" else [],
        "metavar": param.metavar,
        "takes_value": not getattr(param, "is_flag", False),
        "choices": [getattr(c, "value", c) for c in choices] if choices else [],
        "required": param.required,
        "several": param.nargs != 1 or getattr(param, "multiple", False),
        "help": getattr(param, "help", None) or "",
    }
