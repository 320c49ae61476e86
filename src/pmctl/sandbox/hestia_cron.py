"""Commands of cron jobs."""

from __future__ import annotations

import re

from pmctl.sandbox import hestia_checks as check
from pmctl.sandbox.hestia_commands import INVALID, NOTEXIST, Call, command, failed
from pmctl.sandbox.hestia_lists import listed
from pmctl.sandbox.hestia_store import Row, User
from pmctl.sandbox.hestia_suspend import turn

_TIMES = {"min": 59, "hour": 23, "day": 31, "month": 12, "wday": 7}
_FIELDS = ("MIN", "HOUR", "DAY", "MONTH", "WDAY", "CMD", "JOB", "SUSPENDED", "TIME", "DATE")


@command("v-add-cron-job", "USER MIN HOUR DAY MONTH WDAY CRON_COMMAND [JOB] [RESTART]")
def _add(call: Call) -> str:
    owner, *times, line, job = call.take(8)
    for (what, most), value in zip(_TIMES.items(), times, strict=True):
        if any(int(number) > most for number in re.findall(r"\d+", value)):
            raise failed(INVALID, f"invalid {what} format :: {value}")
    user = check.user(call.store, owner, active=True)
    check.room(user, "CRON_JOBS", len(user.cron))
    number = job or str(max(map(int, user.cron), default=0) + 1)
    named = {what.upper(): value for what, value in zip(_TIMES, times, strict=True)}
    own = {"CMD": line, "JOB": number, "SUSPENDED": "no"}
    user.cron[number] = {**named, **own, **call.store.stamp()}
    call.bump(user, "U_CRON_JOBS")
    return ""


@command("v-delete-cron-job", "USER JOB [RESTART]")
def _delete(call: Call) -> str:
    user, row = _job(call)
    del user.cron[row["JOB"]]
    if row["SUSPENDED"] == "yes":
        call.bump(user, "SUSPENDED_CRON", -1)
    call.bump(user, "U_CRON_JOBS", -1)
    return ""


def _job(call: Call) -> tuple[User, Row]:
    user = check.user(call.store, call.args[0])
    if call.args[1] not in user.cron:
        raise failed(NOTEXIST, f"cron job {call.args[1]} doesn't exist")
    return user, user.cron[call.args[1]]


@command("v-suspend-cron-job", "USER JOB [RESTART]")
def _suspend(call: Call) -> str:
    user, row = _job(call)
    check.running(row, "cron", row["JOB"])
    turn(call, user, "cron", row, "yes")
    return ""


@command("v-unsuspend-cron-job", "USER JOB [RESTART]")
def _unsuspend(call: Call) -> str:
    user, row = _job(call)
    check.halted(row, "cron", row["JOB"])
    turn(call, user, "cron", row, "no")
    return ""


@command("v-list-cron-jobs", "USER [FORMAT]")
def _list(call: Call) -> str:
    user = check.user(call.store, call.args[0])
    rows = [
        (number, {**row, "CMD": row["CMD"].replace('"', '\\"')})
        for number, row in list(user.cron.items())
    ]
    return listed(call.given(2, "shell"), rows, _FIELDS)
