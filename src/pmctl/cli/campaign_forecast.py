"""`pmctl campaign forecast`: how many mails leave on which day."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pmctl import names, output
from pmctl.cli.common import Printing, context_of, group
from pmctl.cli.zones import named_zone
from pmctl.errors import UsageError

if TYPE_CHECKING:
    from pmctl.clients.campaign import Campaigns, Listed
    from pmctl.sequence.forecast import Days

app = group("Mails to come.")
WIDTH = 40  # of the longest bar


@app.command("forecast", cls=Printing)
def forecast(
    ctx: typer.Context,
    keys: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEYS...]",
            help="Keys of campaigns, or their ids.",
            autocompletion=names.completing("campaigns"),
        ),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every campaign of this context.")] = False,
    days: Annotated[int, typer.Option(min=1, max=366, help="How many, with today.")] = 30,
    by_campaign: Annotated[
        bool, typer.Option("--by-campaign", help="Rows for each campaign, not their sum.")
    ] = False,
    timezone: Annotated[
        str, typer.Option("--timezone", metavar="NAME", help="Whose days, as Europe/Lisbon.")
    ] = "UTC",
) -> None:
    """Say how many mails leave on each of the next days, from who waits now.

    Examples:
      pmctl campaign forecast welcome
      pmctl campaign forecast --all --days 14
      pmctl campaign forecast --all --by-campaign -o csv
      pmctl campaign forecast welcome --timezone America/New_York

    low is the fewest mails over all ways that contacts may take through conditions and decisions,
    high the most, for each day by itself: the highs of several days do not add up.

    Counted is who waits for a step, and who has an open, a click, a reply or another question
    open that closes by itself (`within:` with a no-path): each in high on every day on which the
    yes-path, taken any day until then, or the no-path may mail them; in low only where every way
    does. Not counted: who is yet to come in, whose question has no no-path and so stays open for
    ever, who leaves or unsubscribes. Only published campaigns count.

    JSON and YAML are {"version": 1, "timezone", "from", "days"}: from is the moment of asking
    (UTC); a day has date (YYYY-MM-DD in timezone), low and high, and key with --by-campaign.
    JSON lines and CSV are the days alone. Hours of steps are taken as UTC.
    """
    if bool(keys) is all_:
        raise UsageError("name campaigns, or --all", hint="pmctl campaign forecast welcome")
    from pmctl.clients.campaign_forecast import forecasts

    zone = named_zone("--timezone", timezone)
    client = context_of(ctx).campaign
    running = _running(_asked(client, keys))
    now = datetime.datetime.now(datetime.UTC)
    today = now.astimezone(zone).date()
    dates = [today + datetime.timedelta(days=number) for number in range(days)]
    found: list[tuple[str, Days]] = []
    with output.progress("looking", len(running)) as advance:
        for listed, mails in forecasts(client, running, days, now, zone):
            found.append((_called(listed), mails))
            advance()
    output.note(f"days are those of {timezone}")
    output.note("who is yet to come in, or whose question never closes, is not counted")
    rows = _rows(found, dates, by_campaign=by_campaign)
    if output.asked() in (output.Format.json, output.Format.yaml) and not output.style.columns:
        asked_at = now.isoformat(timespec="seconds")
        output.show_one({"version": 1, "timezone": timezone, "from": asked_at, "days": rows})
        return
    output.show(*_drawn(rows, by_campaign=by_campaign))


def _asked(client: Campaigns, keys: list[str] | None) -> list[Listed]:
    if keys:
        return list({one.id: one for one in map(client.get, keys)}.values())
    return [one for one in client.marked if one.env == client.env and not one.retired]


def _running(asked: list[Listed]) -> list[Listed]:
    still = [_called(one) for one in asked if not one.published]
    if still:
        output.note(f"not published, left out: {', '.join(still)}")
    return [one for one in asked if one.published]


def _called(listed: Listed) -> str:
    return listed.key or str(listed.id)


def _rows(
    found: list[tuple[str, Days]], dates: list[datetime.date], *, by_campaign: bool
) -> list[dict[str, Any]]:
    from pmctl.sequence.forecast import added

    parts = found if by_campaign else [("", added(mails for _, mails in found))]
    rows: list[dict[str, Any]] = []
    for key, mails in parts:
        for date in dates:
            low, high = mails.get(date, (0, 0))
            row: dict[str, Any] = {"date": date.isoformat(), "low": low, "high": high}
            rows.append({"key": key, **row} if by_campaign else row)
    return rows


def _drawn(
    rows: list[dict[str, Any]], *, by_campaign: bool
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the rows and their columns; the bars only where a table is shown."""
    columns = [*(["key"] if by_campaign else []), "date", "low", "high"]
    if output.asked() is not None:
        return rows, columns
    most = max((row["high"] for row in rows), default=0)
    width = WIDTH // 2 if by_campaign else WIDTH
    for row in rows:
        row["bar"] = _bar(row["low"], row["high"], most, width)
    return rows, [*columns, "bar"]


def _bar(low: int, high: int, most: int, width: int) -> str:
    """Return `###..`: `#` is what leaves at least, the dots what may come to it."""
    sure, whole = (-(-number * width // most) if most else 0 for number in (low, high))
    return "#" * sure + "." * (whole - sure)
