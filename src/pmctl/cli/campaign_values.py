"""What a run puts into sequence files: `--var`, `--vars`, `--env`, and the environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pmctl.cli.common import context_of
from pmctl.errors import BadInput, ConfigError, UsageError

if TYPE_CHECKING:
    from pmctl.context import Context
    from pmctl.sequence.environments import Values

Variables = Annotated[
    list[str] | None,
    typer.Option("--var", metavar="NAME=VALUE", help="A value for ${NAME}; the environment else."),
]
VarsFiles = Annotated[
    list[Path] | None,
    typer.Option("--vars", metavar="FILE", help="Values: a YAML mapping, or lines NAME=value."),
]
Env = Annotated[
    str | None,
    typer.Option("--env", metavar="NAME", help="The environment; the context in force else."),
]


def values(
    ctx: typer.Context,
    said: list[str] | None,
    vars_files: list[Path] | None = None,
    env: str | None = None,
) -> Values:
    """Return the values for ${NAME} and the environment in force.

    --var beats --vars, of which the last file wins, which beats the process environment. pmctl's
    own variables are left out: a secret among them has no place in a campaign. Raises UsageError,
    BadInput, and InputProblems for what is wrong in the files.
    """
    from pmctl.sequence.environments import Values
    from pmctl.sequence.variable_file import why_not

    known = {name: value for name, value in os.environ.items() if not name.startswith("PMCTL_")}
    for path in vars_files or ():
        known.update(_file(path))
    for pair in said or ():
        name, found, value = pair.partition("=")
        if not found or not name:
            raise UsageError(f"--var {pair}: write it as NAME=VALUE", hint="--var CITY=Lisbon")
        if why_not(name):
            raise UsageError(f"--var {name}: {why_not(name)}", hint="--var CITY=Lisbon")
        known[name] = value
    context, contexts = _in_force(context_of(ctx))
    return Values(known, env or context, asked=bool(env), contexts=contexts)


def _file(path: Path) -> dict[str, str]:
    from pmctl.sequence.parse import decode
    from pmctl.sequence.variable_file import read

    try:
        data = path.read_bytes()
    except OSError as exc:
        raise BadInput(
            f"--vars {path}: cannot be read: {exc.strerror}", hint="check its name and its mode"
        ) from exc
    return read(str(path), decode(str(path), data))


def _in_force(context: Context) -> tuple[str | None, tuple[str, ...]]:
    """The context in force, and all there are; none when the configuration cannot say."""
    try:
        config = context.config
    except ConfigError:
        if context.options.get("context"):
            raise
        return None, ()  # what needs a server says so itself
    return config.context, tuple(config.file.contexts)
