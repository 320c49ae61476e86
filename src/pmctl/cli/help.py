"""`pmctl help`: the exit codes, and the whole command tree for programs."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from pmctl.cli.common import SETTINGS, Command, Group, split_help
from pmctl.errors import EXIT_CODES

app = typer.Typer(
    cls=Group,
    help="Exit codes, and the whole command tree as JSON.\n\n"
    "Examples:\n  pmctl help exit-codes\n  pmctl help --json | jq '.commands[].name'",
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
