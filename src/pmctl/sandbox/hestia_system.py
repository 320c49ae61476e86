"""Commands of the panel itself: its settings, its services, what it is made of."""

from __future__ import annotations

from collections.abc import Callable

from pmctl.sandbox import hestia_config
from pmctl.sandbox.hestia_commands import INVALID, RESTART, Call, ExitError, command, failed
from pmctl.sandbox.hestia_lists import listed

_SERVICES = {  # what each is, its CPU in percent, its memory in MB, how long it is up in minutes
    "apache2": ("web server", "0", "446", "1"),
    "php8.2-fpm": ("php interpreter", "0", "11", "3"),
    "nginx": ("reverse proxy", "0", "16", "14"),
    "bind9": ("dns server", "0", "105", "1"),
    "exim4": ("mail server", "0", "16", "13"),
    "dovecot": ("imap/pop3 server", "0", "0", "14"),
    "spamd": ("email spam filter", "0.1", "338", "17"),
    "postgresql": ("database server", "0", "12", "14"),
    "mariadb": ("database server", "19.5", "496", "0"),
    "vsftpd": ("ftp server", "0", "0", "17"),
    "cron": ("job scheduler", "0", "20", "17"),
    "ssh": ("ssh server", "0", "0", "9"),
}
_SERVICE_FIELDS = ("SYSTEM", "STATE", "CPU", "MEM", "RTIME")
_INFO_FIELDS = ("HOSTNAME", "OS", "VERSION", "ARCH", "HESTIA", "RELEASE", "UPTIME", "LOADAVERAGE")
_UPDATE_FIELDS = ("VERSION", "ARCH", "UPDATED", "DESCR", "TIME", "DATE")
_IP_FIELDS = ("OWNER", "STATUS", "NAME", "U_SYS_USERS", "U_WEB_DOMAINS", "INTERFACE", "NETMASK",
              "NAT", "TIME", "DATE")  # fmt: skip


@command("v-list-sys-config", "[FORMAT]")
def _config(call: Call) -> str:
    config = call.store.config
    if call.given(1, "shell") == "json":
        return hestia_config.echoed(config)
    return "\n".join(f"{name}: {value}" for name, value in config.items())


@command("v-change-sys-api", "STATUS")
def _api(call: Call) -> str:
    states = {"enable": "open", "disable": "disabled", "remove": "removed"}
    if call.args[0] not in states:
        raise failed(INVALID, f"invalid status format :: {call.args[0]}")
    call.store.door = states[call.args[0]]
    return ""


@command("v-list-sys-services", "[FORMAT]")
def _services(call: Call) -> str:
    rows = []
    for name, (what, cpu, memory, minutes) in _SERVICES.items():
        figures = ("running", cpu, memory, minutes)
        if name in call.store.stopped:
            figures = ("stopped", "0", "0", "0")
        rows.append((name, dict(zip(_SERVICE_FIELDS, (what, *figures), strict=True))))
    return listed(call.given(1, "shell"), rows, _SERVICE_FIELDS)


@command("v-restart-service", "SERVICE [RESTART]")
def _restart(call: Call) -> str:
    if call.args[0] not in _SERVICES:
        raise failed(RESTART, f"ERROR: Restart of {call.args[0]} failed.")
    call.store.stopped.discard(call.args[0])
    return ""


@command("v-list-sys-info", "[FORMAT]")
def _info(call: Call) -> str:
    version = call.store.config["VERSION"]
    row = dict(zip(_INFO_FIELDS, ("panel.hestia.test", "Debian", "12", "x86_64", version,
                                  "release", "48", "0.25 / 0.46 / 0.92"), strict=True))  # fmt: skip
    return listed(call.given(1, "shell"), [("sysinfo", row)], _INFO_FIELDS, "        }")


@command("v-list-sys-hestia-updates", "[FORMAT]")
def _updates(call: Call) -> str:
    if call.given(1, "shell") == "plain":
        raise ExitError(127, "")  # the script calls a function that it lacks
    rows = [
        (name, {"VERSION": call.store.config["VERSION"], "ARCH": "amd64", "UPDATED": "yes",
                "DESCR": what, "TIME": "23:01:00", "DATE": "2026-11-22"})
        for name, what in (("hestia", "core package"), ("hestia-php", "php interpreter"),
                           ("hestia-nginx", "internal web server"))
    ]  # fmt: skip
    return listed(call.given(1, "shell"), rows, _UPDATE_FIELDS)


@command("v-list-sys-ips", "[FORMAT]")
def _ips(call: Call) -> str:
    users = list(call.store.users.values())
    rows = []
    for ip in call.store.ips:
        there = [(user.name, row) for user in users for row in user.web.values() if row["IP"] == ip]
        names = ",".join(dict.fromkeys(name for name, _ in there))
        values = (call.store.root, "shared", "", names, str(len(there)), "eth0", "255.255.255.0",
                  "", "22:59:03", "2026-11-22")  # fmt: skip
        rows.append((ip, dict(zip(_IP_FIELDS, values, strict=True))))
    return listed(call.given(1, "shell"), rows, _IP_FIELDS, "        }")


def _array(name: str, indent: str, values: Callable[[Call], list[str]]) -> None:
    """Register a list that is an array of texts."""

    @command(name, "[FORMAT]")
    def _listed(call: Call) -> str:
        if call.given(1, "shell") != "json":
            return "\n".join(values(call))
        return "[\n" + ",\n".join(f'{indent}"{one}"' for one in values(call)) + "\n]"


_array("v-list-sys-php", "\t", lambda _: ["8.2"])
_array("v-list-sys-webmail", "\t", lambda call: call.store.config["WEBMAIL_SYSTEM"].split(","))
_array("v-list-sys-interfaces", "    ", lambda _: ["eth0p", "eth0"])
_array("v-list-web-templates", "\t", lambda _: ["default"])
_array("v-list-dns-templates", "    ", lambda _: ["zoho", "office365", "gmail", "default",
                                                  "default-nomail", "child-ns"])  # fmt: skip


@command("v-list-sys-rrd", "[FORMAT]")
def _rrd(call: Call) -> str:
    return "{\n}" if call.given(1, "shell") == "json" else ""
