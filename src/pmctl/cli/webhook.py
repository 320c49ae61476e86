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
        "unit": ("pmctl.cli.webhook_unit", "Print a systemd unit that runs the receiver."),
        "status": (
            "pmctl.cli.webhook_status",
            "Show how everything is between Mautic and the database.",
        ),
        "tail": (
            "pmctl.cli.webhook_tail",
            "Show the newest events, and with --follow those to come.",
        ),
        "trigger": ("pmctl.cli.webhook_trigger", "Send a test event to a receiver, signed."),
        "dead": ("pmctl.cli.webhook_spool", "What could not be stored: list, show, retry, purge."),
        "replay": (
            "pmctl.cli.webhook_spool",
            "Bring what was received in a stretch of time into the database again.",
        ),
        "register": (
            "pmctl.cli.webhook_hooks",
            "Make Mautic send its events to a receiver, or put right what is there for it.",
        ),
        "list": (
            "pmctl.cli.webhook_hooks",
            "List the webhooks in Mautic, and what is wrong with them.",
        ),
        "show": (
            "pmctl.cli.webhook_hooks",
            "Show a webhook: its triggers, whether it is on, and whether it signs with our secret.",
        ),
        "unregister": (
            "pmctl.cli.webhook_hooks",
            "Delete a webhook: Mautic sends nothing to its receiver any more.",
        ),
        "rotate-secret": (
            "pmctl.cli.webhook_hooks",
            "Give a webhook a new secret; the one before it stays valid at the receiver.",
        ),
        "backfill": (
            "pmctl.cli.webhook_backfill",
            "Fill the holes that lost webhooks left, out of Mautic's own tables.",
        ),
    }


app = group(
    "What Mautic tells of each send, open and click, and who receives it.\n\n"
    "Examples:\n"
    "  pmctl webhook serve\n"
    "  pmctl webhook status\n"
    "  pmctl webhook tail -f\n"
    "  pmctl webhook trigger opened\n"
    "  pmctl webhook dead list\n"
    "  pmctl webhook register https://events.example.com/webhooks/mautic\n"
    "  pmctl webhook backfill --since 7d",
    cls=WebhookGroup,
)
