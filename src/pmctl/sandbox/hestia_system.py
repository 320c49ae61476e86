"""Commands of the panel itself: its settings, keys, services, and where a domain is."""

from __future__ import annotations

from pmctl.sandbox.hestia_commands import NOTEXIST, Call, ExitError, command


@command("v-list-sys-config", "[FORMAT]")
def _config(call: Call) -> str:
    config = dict(sorted(call.store.config.items()))
    if call.given(1, "shell") == "json":
        lines = ",\n".join(f'\t\t\t"{name}": "{value}"' for name, value in config.items())
        return f'{{\n\t\t"config": {{\n{lines}\n\t\t}}\n}}'
    return "\n".join(f"{name}: {value}" for name, value in config.items())


@command("v-search-domain-owner", "DOMAIN [TYPE]")
def _owner(call: Call) -> str:
    name, kind = call.take(2)
    for user in list(call.store.users.values()):
        held = {"web": set(user.web), "dns": set(user.dns), "mail": set(user.mail)}
        if any(name in domains for key, domains in held.items() if kind in {"", "any", key}):
            return user.name
    raise ExitError(NOTEXIST, "")
