"""`pmctl webhook`: what Mautic tells of each send, open and click, and who receives it."""

from __future__ import annotations

from collections.abc import Mapping

from pmctl.cli.common import Lazy, group


class WebhookGroup(Lazy):
    """The commands, each in a module that is loaded when it is named."""

    parts: Mapping[str, tuple[str, str]] = {
        "serve": (
            "pmctl.cli.webhook_serve",
            "Receive webhooks, and bring their events into the database.",
        ),
        "unit": ("pmctl.cli.webhook_serve", "Print a systemd unit that runs the receiver."),
        "status": (
            "pmctl.cli.webhook_spool",
            "Show what waits, what is dead, and whether the disk takes more.",
        ),
        "dead": ("pmctl.cli.webhook_spool", "What could not be stored: list, show, retry, purge."),
        "replay": (
            "pmctl.cli.webhook_spool",
            "Bring what was received in a stretch of time into the database again.",
        ),
    }


app = group(
    "What Mautic tells of each send, open and click, and who receives it.\n\n"
    "Examples:\n"
    "  pmctl webhook serve\n"
    "  pmctl webhook status\n"
    "  pmctl webhook dead list",
    cls=WebhookGroup,
)
