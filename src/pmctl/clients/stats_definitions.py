"""What each figure means, for `--explain` and the report. Pure."""

from __future__ import annotations

from pmctl.clients.stats_math import ENOUGH

# metric -> (how it is counted, what to know about it)
DEFINITIONS: dict[str, tuple[str, str]] = {
    "sent": (
        "mails that Mautic handed to its mailer, from email_on_send",
        "attempted: Mautic says so before SMTP, so a refused mail counts; contacts once a step",
    ),
    "delivered": (
        "mails that the receiving server took",
        "Mautic does not know; unknown unless a mail server has written such events here",
    ),
    "opened": (
        "contacts with at least one open of a mail / contacts sent to",
        "once for each step, on the day of the first open; who blocks pictures is never seen",
    ),
    "opened_human": (
        "contacts with an open that looks like a person's / contacts sent to",
        "by user agent, seconds after the send, and whether all links went at once",
    ),
    "opened_other": (
        "opened minus opened_human",
        "privacy proxies, security scanners, and what could not be told",
    ),
    "clicked": (
        "contacts with at least one click on a link of a mail / contacts sent to",
        "scanners follow links too: compare clicked_human",
    ),
    "clicked_human": ("contacts with a click that looks like a person's / contacts sent to", ""),
    "clicked_other": ("clicked minus clicked_human", ""),
    "click_to_open": (
        "contacts who clicked / contacts who opened (CTOR)",
        "of humans only with --agent human",
    ),
    "replied": ("contacts who answered a mail / contacts sent to", "where Mautic reads the inbox"),
    "bounced": (
        "contacts whose address Mautic marked as bounced / contacts sent to",
        "Mautic does not always name the mail: of one campaign it may be a lower bound",
    ),
    "hard_bounced": ("bounces for good (5.x.x)", "Mautic does not tell hard from soft; as above"),
    "soft_bounced": ("bounces for now (4.x.x) that stayed so", "as hard_bounced"),
    "unsubscribed": (
        "contacts who unsubscribed / contacts sent to",
        "a link scanner may do it for them; resubscribing is not taken off",
    ),
    "complained": (
        "contacts who marked a mail as spam / contacts sent to",
        "Mautic does not know; Gmail wants it below 0.10 %, never 0.30 % or more",
    ),
    "time_to_open": (
        "from the send to the first open of each contact: median and 90th percentile",
        "only of those whose send and open are both known",
    ),
    "rate": (
        "a share of contacts, with its 95 % Wilson interval",
        f"`too few` when it is of fewer than {ENOUGH}; `more than sent` when sends are missing",
    ),
}
