"""What the commands of `pmctl campaign segment` share: their arguments, and the filters said."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pmctl import names
from pmctl.cli.common import context_of
from pmctl.errors import BadInput, UsageError

if TYPE_CHECKING:
    from pmctl.clients.campaign_segment import Segments

Alias = Annotated[
    str,
    typer.Argument(
        metavar="ALIAS",
        help="The segment's alias, or its id.",
        autocompletion=names.completing("segments"),
    ),
]
Limit = Annotated[
    int | None, typer.Option("--limit", metavar="N", min=1, help="At most N of them.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]


def client_of(ctx: typer.Context) -> Segments:
    """Return the segments of the Mautic in force."""
    from pmctl.clients.campaign_segment import Segments

    return Segments(context_of(ctx).campaign)


def filters_said(
    client: Segments, written: list[str] | None, file: str | None, *, static: bool
) -> list[dict[str, Any]] | None:
    """Return the filters asked for, `[]` for --static, None when nothing is said of them."""
    from pmctl.clients import campaign_segment_filters as filters

    said = [name for name, given in (("--filter", written), ("--filter-json", file)) if given]
    if len(said) + static > 1:
        raise UsageError(
            f"{' and '.join([*said, *(['--static'] if static else [])])} say different things",
            hint="one of --filter (more than once), --filter-json and --static",
        )
    if static:
        return []
    if file:
        return _from_json(file)
    return client.bodies([filters.parse(text) for text in written]) if written else None


def _from_json(file: str) -> list[dict[str, Any]]:
    import json

    from pmctl.clients.sources import Source, find

    source = Source("<stdin>", sys.stdin.read()) if file == "-" else find([file])[0]
    try:
        given = json.loads(source.read())
    except json.JSONDecodeError as exc:
        where = f"{source.path}:{exc.lineno}:{exc.colno}"
        raise BadInput(f"{where}: {exc.msg}", hint="a list of filters, in JSON") from exc
    except RecursionError:
        given = None
    if not isinstance(given, list) or not given or not all(_is_filter(one) for one in given):
        raise BadInput(
            f"{source.path}: not a list of filters with `field` and `operator`",
            hint="`raw` of `pmctl campaign segment show ALIAS -o json` is such a list",
        )
    return given


def _is_filter(one: Any) -> bool:
    return isinstance(one, dict) and all(isinstance(one.get(k), str) for k in ("field", "operator"))
