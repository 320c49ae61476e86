"""`pmctl mailbox count`: how many mailboxes there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import output
from pmctl.cli.common import Printing, group
from pmctl.cli.mailbox import OptionalDomain, counted_boxes, scope, told
from pmctl.cli.panel_words import AllUsers, User, panel_of, unlimited
from pmctl.errors import PmctlError

if TYPE_CHECKING:
    from pmctl.clients.mailbox import Trouble
    from pmctl.clients.mailbox_count import DomainCount, UserCount
    from pmctl.clients.panel import Panel

app = group("Counting mailboxes.")


@app.command(cls=Printing)
def count(
    ctx: typer.Context,
    domain: OptionalDomain = "",
    user: User = "",
    all_users: AllUsers = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare the panel's counters with its lists.")
    ] = False,
) -> None:
    """Count mailboxes by user or domain.

    Examples:
      pmctl mailbox count
      pmctl mailbox count --user alice
      pmctl mailbox count example.com --verify

    The panel keeps counters, so this takes one call or two. Two writes at once make them wrong:
    --verify reads the lists too and ends with 1 where they differ.
    """
    from pmctl.clients.mailbox import Trouble

    scope(domain, user, all_users=all_users)
    trouble = Trouble()
    with panel_of(ctx) as panel:
        counts = (_domains if domain or user else _users)(panel, domain, user, trouble, verify)
    more = ["listed"] if verify else []
    if domain or user:
        output.show(counts, ["domain", "mailboxes", *more])
    else:
        columns = ["user", "domains", "mailboxes", "limit_each_domain", *more]
        output.show(unlimited(counts, "limit_each_domain"), columns)
    if len(counts) > 1:
        output.note(f"{counted_boxes(sum(one.mailboxes for one in counts))} in all")
    told(trouble)
    _compare(counts)


def _domains(
    panel: Panel, domain: str, user: str, trouble: Trouble, verify: bool
) -> list[DomainCount] | list[UserCount]:
    from pmctl.clients import mailbox, mailbox_count, panel_owner
    from pmctl.clients.panel_names import domain_name

    name = domain_name(domain) if domain else ""
    owner = user or panel_owner.owner_of(panel, name)
    if name:
        one = mailbox.check_domain(panel, owner, name)
        counts = [mailbox_count.DomainCount(name, owner, one.mailboxes)]
    else:
        counts = mailbox_count.of_domains(panel, [owner], trouble)
    return mailbox_count.verified_domains(panel, counts, trouble) if verify else counts


def _users(
    panel: Panel, domain: str, user: str, trouble: Trouble, verify: bool
) -> list[DomainCount] | list[UserCount]:
    from pmctl.clients import mailbox_count

    del domain, user
    counts = mailbox_count.of_users(panel, trouble)
    return mailbox_count.verified_users(panel, counts, trouble) if verify else counts


def _compare(counts: list[DomainCount] | list[UserCount]) -> None:
    """Raise PmctlError where the panel's counter is not what its lists hold."""
    wrong = [one for one in counts if one.listed not in (None, one.mailboxes)]
    if wrong:
        whose = ", ".join(dict.fromkeys(one.user for one in wrong))
        raise PmctlError(
            f"the panel's counters are wrong for {whose}",
            hint="`v-update-user-counters USER` on the server counts anew; the lists are right",
        )
