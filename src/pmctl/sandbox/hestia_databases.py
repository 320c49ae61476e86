"""Commands of databases."""

from __future__ import annotations

from pmctl.sandbox import hestia_checks as check
from pmctl.sandbox import hestia_json as shown
from pmctl.sandbox.hestia_commands import CONNECT, EXISTS, INVALID, Call, command, failed

DAEMONS = {"pgsql": "postgresql", "mysql": "mariadb"}


@command("v-add-database", "USER DATABASE DBUSER DBPASS [TYPE] [HOST] [CHARSET]")
def _add(call: Call) -> str:
    owner, base, login, password = call.take(4)
    kind, host = call.given(5, "mysql"), call.given(6, "") or "localhost"
    name, dbuser = f"{owner}_{base}", f"{owner}_{login}"
    if kind == "pgsql":
        name, dbuser = name.lower(), dbuser.lower()
    check.user_format(owner)
    check.database_format(name, "database")
    check.database_format(dbuser, "dbuser")
    if kind not in DAEMONS:
        raise failed(INVALID, f"{kind} type is invalid")
    user = check.user(call.store, owner, active=True)
    if name in user.db:
        raise failed(EXISTS, f"DB={name} already exists")
    if any(row["DBUSER"] == dbuser for row in user.db.values()):
        raise failed(EXISTS, f"DBUSER={dbuser} already exists")
    check.room(user, "DATABASES", len(user.db))
    if kind == "pgsql" and "-" in f"{base}{login}":
        raise failed(INVALID, "invalid database user format")
    if DAEMONS[kind] in call.store.stopped:
        raise failed(CONNECT, f"Connection to {host} failed")
    user.db[name] = {"DATABASE": name, "DBUSER": dbuser, "HOST": host, "TYPE": kind,
                     "CHARSET": call.given(7, "UTF8MB4").upper(), "U_DISK": "0", "SUSPENDED": "no",
                     **call.store.stamp(), "password": call.store.secret(password)}  # fmt: skip
    users = call.store.host_users.setdefault(kind, [])
    if owner not in users:
        users.append(owner)
    call.bump(user, "U_DATABASES")
    return ""


@command("v-change-database-password", "USER DATABASE DBPASS")
def _password(call: Call) -> str:
    owner, name, password = call.take(3)
    row = check.database(check.user(call.store, owner, active=True), name, active=True)
    row["password"] = call.store.secret(password)
    return ""


@command("v-delete-database", "USER DATABASE")
def _delete(call: Call) -> str:
    owner, name = call.take(2)
    user = check.user(call.store, owner)
    row = check.database(user, name)
    if row["SUSPENDED"] == "yes":
        call.bump(user, "SUSPENDED_DB", -1)
    del user.db[name]
    users = call.store.host_users[row["TYPE"]]
    if owner in users:
        users.remove(owner)  # although others of theirs may be there still
    call.bump(user, "U_DATABASES", -1)
    return ""


@command("v-list-database-hosts", "[FORMAT]")
def _hosts(call: Call) -> str:
    root = call.store.users[call.store.root].conf
    users = list(call.store.users.values())
    rows = []
    for kind, port in (("pgsql", "5432"), ("mysql", "3306")):
        held = [row for user in users for row in user.db.values() if row["TYPE"] == kind]
        row = {"HOST": "localhost", "PORT": port, "TYPE": kind,
               "CHARSETS": "UTF8,LATIN1,WIN1250,WIN1251,WIN1252,WIN1256,WIN1258,KOI8",
               "MAX_DB": "500", "U_SYS_USERS": ",".join(call.store.host_users.get(kind, [])),
               "U_DB_BASES": str(len(held)), "TPL": "template1", "SUSPENDED": "no",
               "TIME": root["TIME"], "DATE": root["DATE"]}  # fmt: skip
        rows.append(row)
    if call.given(1, "shell") != "json":
        return shown.plain([("", row) for row in rows], list(rows[0]))
    objects = (shown.row("", row, list(row)).partition("{")[2] for row in rows)
    return "[\n" + ",\n".join(f"    {{{one}" for one in objects) + "\n]"
