"""What the panel tells a user: log, notices, figures of the month."""

from __future__ import annotations

import calendar

from pmctl.sandbox import hestia_checks as check
from pmctl.sandbox.hestia_commands import Call, command
from pmctl.sandbox.hestia_lists import listed
from pmctl.sandbox.hestia_store import Row, User

_LOG = ("DATE", "TIME", "LEVEL", "CATEGORY", "MESSAGE")
_NOTICE = ("TOPIC", "NOTICE", "TYPE", "ACK", "PRIORITY", "TIME", "DATE")
_FIGURES = ("TIME", "PACKAGE", "IP_OWNED", "DISK_QUOTA", "U_DISK", "U_DISK_DIRS", "U_DISK_WEB",
            "U_DISK_MAIL", "U_DISK_DB", "BANDWIDTH", "U_BANDWIDTH", "U_WEB_DOMAINS", "U_WEB_SSL",
            "U_WEB_ALIASES", "U_DNS_DOMAINS", "U_DNS_RECORDS", "U_MAIL_DOMAINS", "U_MAIL_DKIM",
            "U_MAIL_ACCOUNTS", "U_DATABASES", "U_CRON_JOBS", "U_BACKUPS")  # fmt: skip


def noted(call: Call, user: User, category: str, message: str, level: str = "Info") -> None:
    """Write a line into a user's log."""
    row = {"LEVEL": level, "CATEGORY": category, "MESSAGE": message}
    user.log.append({**call.store.stamp(), **row})


@command("v-log-action", "USER LEVEL CATEGORY MESSAGE")
def _log(call: Call) -> str:
    name, level, category, message = call.take(4)
    if name in call.store.users:
        noted(call, call.store.users[name], category, message, level)
    return ""


@command("v-list-user-log", "USER [FORMAT]")
def _list_log(call: Call) -> str:
    user = check.user(call.store, call.args[0])
    return listed(call.given(2, "shell"), _numbered(user.log, {"MESSAGE"}), _LOG)


def _numbered(rows: list[Row], escaped: set[str]) -> list[tuple[str, Row]]:
    """Rows by their number; quotes are escaped in some fields, backslashes in none."""
    return [
        (str(number), {k: v.replace('"', '\\"') if k in escaped else v for k, v in row.items()})
        for number, row in enumerate(list(rows), start=1)
    ]


@command("v-add-user-notification", "USER TOPIC [NOTICE] [TYPE] [PRIORITY]")
def _notify(call: Call) -> str:
    name, topic, _, kind = call.take(4)
    user = check.user(call.store, name)
    row = {"TOPIC": topic, "NOTICE": "", "TYPE": kind, "ACK": "no", "PRIORITY": "0"}
    user.notices.append({**row, **call.store.stamp()})
    user.conf["NOTIFICATIONS"] = "yes"
    return ""


@command("v-list-user-notifications", "USER [FORMAT]")
def _list_notices(call: Call) -> str:
    user = check.user(call.store, call.args[0])
    return listed(call.given(2, "shell"), _numbered(user.notices, set()), _NOTICE)


@command("v-list-user-stats", "USER [FORMAT]")
def _figures(call: Call) -> str:
    user = check.user(call.store, call.args[0])
    now = call.store.clock()
    end = f"{now:%Y-%m}-{calendar.monthrange(now.year, now.month)[1]}"
    return listed(call.given(2, "shell"), [(end, user.conf)], _FIGURES)


def _empty(name: str) -> None:
    """Register a list of what nobody has here."""

    @command(name, "USER [FORMAT]")
    def _none(call: Call) -> str:
        check.user(call.store, call.args[0])
        return listed(call.given(2, "shell"), [], ["NONE"]) if call.given(2, "") == "json" else ""


_empty("v-list-user-auth-log")
_empty("v-list-user-backups")


@command("v-list-user-ssh-key", "USER [FORMAT]")
def _ssh_keys(call: Call) -> str:
    check.user(call.store, call.args[0])
    return ""
