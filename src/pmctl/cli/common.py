"""What every group shares: the options of all commands, and help with the examples first."""

from __future__ import annotations

import functools
import gc
import importlib
import sys
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_params_convertors_ctx_param_name_from_function

from pmctl import output as out
from pmctl.output import Color, Format

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pmctl.context import Context

# color: whether help has colours is decided by `output.paint`, so nothing is to be stripped later
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100, "color": True}


def known_contexts(incomplete: str) -> list[str]:
    """Return the contexts of the configuration file for completion; none if it is unreadable."""
    from pmctl.configfile import find, read
    from pmctl.errors import PmctlError

    try:
        names = read(find()).contexts
    except (PmctlError, OSError):
        return []
    return [name for name in names if name.startswith(incomplete)]


def _version(value: bool) -> None:
    if value:
        from pmctl import __version__

        sys.stdout.write(f"pmctl {__version__}\n")
        raise typer.Exit(0)


def everywhere(
    context: Annotated[
        str | None,
        typer.Option(
            "--context", metavar="NAME", help="The context to use.", autocompletion=known_contexts
        ),
    ] = None,
    config: Annotated[
        str | None, typer.Option("--config", metavar="FILE", help="The configuration file.")
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout", metavar="SECONDS", min=0.1, help="Limit of one call, with its retries."
        ),
    ] = None,
    retries: Annotated[
        int | None,
        typer.Option("--retries", metavar="N", min=0, help="How often a read is repeated."),
    ] = None,
    ca_file: Annotated[
        str | None, typer.Option("--ca-file", metavar="FILE", help="Trust this CA file.")
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Do not verify TLS certificates.")
    ] = False,
    trace: Annotated[
        bool, typer.Option("--trace", help="Show each request and answer, secrets redacted.")
    ] = False,
    color: Annotated[Color | None, typer.Option("--color", help="When to use colours.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Results and errors only.")] = False,
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", is_eager=True, callback=_version),
    ] = False,
) -> None: ...


def printing(
    output: Annotated[
        Format | None, typer.Option("--output", "-o", help="How results are written.")
    ] = None,
    columns: Annotated[
        str | None, typer.Option("--columns", metavar="A,B", help="Only these columns.")
    ] = None,
    no_header: Annotated[bool, typer.Option("--no-header", help="No line of names.")] = False,
) -> None: ...


@functools.cache
def options_of(function: Callable[..., None]) -> tuple[Any, ...]:
    """Return the parameters that a function's annotations declare."""
    params, _, _ = get_params_convertors_ctx_param_name_from_function(function)
    return tuple(params)


class _Helpful:
    """Help in the order people read: usage, what it does, examples, the rest."""

    shared: tuple[Callable[..., None], ...] = ()

    def format_help(self, ctx: Any, formatter: Any) -> None:
        command = cast(Any, self)
        formatter.write_usage(
            ctx.command_path,
            # Typer writes {FILES...} for what is required; people know FILES...
            " ".join(piece.strip("{}") for piece in command.collect_usage_pieces(ctx)),
            prefix=f"{_title('Usage')} ",
        )
        summary, examples, detail = split_help(command.help or "")
        _paragraph(formatter, summary)
        if examples:
            formatter.write(f"\n{_title('Examples')}\n{examples}\n")
        for text in filter(None, detail.split("\n\n")):
            _paragraph(formatter, text)
        command.format_options(ctx, formatter)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        command = cast(Any, self)
        later = {id(p): title for title, f in _SECTIONS.items() for p in options_of(f)}
        sections: dict[str, list[Any]] = {"Arguments": [], "Options": []}
        for param in command.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is None:
                continue
            kind = "Arguments" if param.param_type_name == "argument" else "Options"
            sections.setdefault(later.get(id(param), kind), []).append(record)
        if isinstance(self, Group):
            _section(formatter, "Commands", self.summaries(ctx))
        for title, records in sections.items():
            _section(formatter, title, records)

    def taken(self, ctx: Any) -> dict[str, Any]:
        """Take the shared options out of the parameters: those given, also before the group."""
        given = {p.name: ctx.params.pop(p.name, None) for f in self.shared for p in options_of(f)}
        return {**(ctx.obj or {}), **said(given)}


def _title(text: str) -> str:
    return out.paint(f"{text}:", "1")


def _section(formatter: Any, title: str, records: list[Any]) -> None:
    if records:
        formatter.write(f"\n{_title(title)}\n")
        with formatter.indentation():
            formatter.write_dl(records)


def _paragraph(formatter: Any, text: str) -> None:
    formatter.write("\n")
    with formatter.indentation():
        formatter.write_text(text)


_SECTIONS = {"Options of output": printing, "Options of every command": everywhere}


def split_help(text: str) -> tuple[str, str, str]:
    """Return (summary, examples, detail) of a help text.

    The summary is the first paragraph; the examples are the indented lines after `Examples:`.
    """
    summary, _, rest = text.strip().partition("\n\n")
    before, found, after = rest.partition("Examples:\n")
    if not found:
        return summary, "", rest
    lines = after.split("\n")
    count = next((n for n, line in enumerate(lines) if line and line[0] != " "), len(lines))
    detail = "\n".join([before.strip(), *lines[count:]]).strip()
    return summary, "\n".join(lines[:count]).rstrip(), detail


class Command(_Helpful, TyperCommand):
    """A command that takes the options of every command."""

    shared: tuple[Callable[..., None], ...] = (everywhere,)

    def __init__(self, *args: Any, params: list[Any] | None = None, **kwargs: Any) -> None:
        more = [param for function in self.shared for param in options_of(function)]
        super().__init__(*args, params=[*(params or []), *more], **kwargs)

    def invoke(self, ctx: Any) -> Any:
        from pmctl.context import Context

        gc.enable()  # off since the start, for speed
        with Context.of(self.taken(ctx)) as context:
            ctx.obj = context
            return super().invoke(ctx)


class Printing(Command):
    """A command that prints data and so takes --output and its companions too."""

    shared = (printing, everywhere)


class Group(_Helpful, TyperGroup):
    """A group of commands; takes the options of every command too, for the one that follows."""

    shared: tuple[Callable[..., None], ...] = (everywhere,)

    def __init__(self, *args: Any, params: list[Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, params=[*(params or []), *options_of(everywhere)], **kwargs)

    def invoke(self, ctx: Any) -> Any:
        ctx.obj = self.taken(ctx)
        return super().invoke(ctx)

    def child(self, name: str) -> Any:
        """Return one command of the group, None if there is none of that name."""
        return self.commands.get(name)

    def summaries(self, ctx: Any) -> list[tuple[str, str]]:
        """Return the name and the summary of each command that is not hidden."""
        named = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        return [
            (name, " ".join(split_help(command.help or "")[0].split()))
            for name, command in named
            if command and not command.hidden
        ]


class Lazy(Group):
    """A group that knows some of its children by name and imports one only when it is used.

    `parts` is name -> (module, summary). The module's `app` has a command of that name, or is the
    group of that name.
    """

    parts: Mapping[str, tuple[str, str]] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the commands of its own, then the parts, each in the order of the source."""
        own = [name for name in super().list_commands(ctx) if name not in self.parts]
        return [*own, *self.parts]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command if it is loaded, else a stand-in that has its help."""
        del ctx
        if cmd_name in self.parts and cmd_name not in self.commands:
            return TyperCommand(cmd_name, help=self.parts[cmd_name][1])
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if self.child(args[0]) is None:
            # the nearest name is looked for among `commands`, so let it see the lazy ones
            lazy = {name: TyperCommand(name) for name in self.parts if name not in self.commands}
            self.commands.update(lazy)
        return super().resolve_command(ctx, args)

    def child(self, name: str) -> Any:
        """Import a part and return its command tree; None if there is nothing of that name."""
        if name in self.parts and name not in self.commands:
            found: Any = typer.main.get_group(importlib.import_module(self.parts[name][0]).app)
            command = found.commands.get(name, found)
            command.name = name
            self.commands[name] = command
        return super().child(name)


def said(given: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were really given."""
    # not `in (None, False)`: --retries 0 is an answer, and 0 equals False
    return {n: value for n, value in given.items() if value is not None and value is not False}


def group(help_text: str, cls: type[Group] = Group) -> typer.Typer:
    """Return the Typer app of a group; `help_text` is its summary and examples."""
    return typer.Typer(
        cls=cls,
        help=help_text,
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=SETTINGS,
    )


def context_of(ctx: typer.Context) -> Context:
    """The Context that the shell made for this command."""
    return cast("Context", ctx.obj)
