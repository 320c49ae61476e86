"""Text of configuration files: the example, a new one, and one value changed in place; no I/O."""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from pmctl.errors import ConfigError
from pmctl.settings import GENERAL, KEYS, SECTIONS, Key

_HEAD = """\
# Configuration of pmctl. It is looked for at --config, $PMCTL_CONFIG,
# ~/.config/pmctl/config.toml and /etc/pmctl/config.toml.
# A variable in brackets overrides the key below it. Passwords do not stand in this file:
# `pmctl config set-secret mautic.password` keeps them in the keyring or in a file of their own,
# and NAME_command or NAME_file say where else they are.
"""


def example() -> str:
    """Return config.example.toml: every key with what it means."""
    parts = [_HEAD, 'default_context = "production"\n', _section("defaults", GENERAL)]
    parts.append("# Every key of [defaults] may stand in a context too.\n[contexts.production]\n")
    parts += [_section(f"contexts.production.{name}", name) for name in SECTIONS]
    return "\n".join(parts)


def _section(table: str, section: str) -> str:
    lines = [f"[{table}]"]
    for key in KEYS:
        if key.section != section:
            continue
        if key.kind == "secret":
            lines += [f"# {key.help} [{key.env}, {key.env}_FILE]"]
        elif key.about:
            lines += [_shown(key)]
        else:
            lines += [f"# {key.help} [{key.env}]", _shown(key)]
    return "\n".join(lines) + "\n"


def _shown(key: Key) -> str:
    """Return the line of a key; commented out unless a person has to fill it in."""
    if key.from_host:
        value = literal(key.from_host.format(host="mail.example.com"))
    else:
        value = key.example or literal(key.default)
    filled_in = key.path in ("server.hostname", "mautic.client_id", "mautic.client_secret_command")
    return f"{'' if filled_in else '# '}{key.name} = {value}"


def new_file(context: str, values: Mapping[str, Any]) -> str:
    """Return a file with one context; `values` are by path, like `mautic.url`."""
    text = f"{_HEAD}\ndefault_context = {literal(context)}\n\n[contexts.{_bare(context)}]\n"
    for path, value in values.items():
        section, _, name = path.rpartition(".")
        text = set_value(text, ("contexts", context, *filter(None, [section])), name, value)
    return text


def set_value(text: str, table: Sequence[str], name: str, value: Any) -> str:
    """Return TOML with one value changed or added; comments, order and all else stay.

    Raises ConfigError when the text is laid out so that this cannot be done safely.
    """
    data = tomllib.loads(text)
    lines = text.splitlines(keepends=True)
    newline = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += newline
    entry = f"{name} = {literal(value)}"
    region = _region(lines, tuple(table))
    if region is None:
        header = ".".join(_bare(part) for part in table)
        lines += [newline if lines else "", f"[{header}]{newline}", entry + newline]
    else:
        _put(lines, region, name, entry, newline)
    result = "".join(lines)
    _must_be(result, _with(data, table, name, value))
    return result


def _region(lines: list[str], table: tuple[str, ...]) -> range | None:
    """Return the lines that belong to a table, its header left out; None without a header."""
    headers = [(n, path) for n, line in enumerate(lines) if (path := _header(line)) is not None]
    starts = [(-1, ()), *headers]
    ends = [*(n for n, _ in headers), len(lines)]
    for (start, path), end in zip(starts, ends, strict=True):
        if path == table:
            return range(start + 1, end)
    return None


def _header(line: str) -> tuple[str, ...] | None:
    """Return the path that a line like `[contexts."a b".mautic]  # comment` opens."""
    if not line.lstrip().startswith("["):
        return None
    try:
        node = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return None  # a line of a list over several lines
    path = []
    while isinstance(node, dict) and node:
        name, node = next(iter(node.items()))
        path.append(name)
    return tuple(path)


def _put(lines: list[str], region: range, name: str, entry: str, newline: str) -> None:
    """Replace the entry `name` in the region, or add it behind the last one there."""
    last = region.start
    position = region.start
    while position < region.stop:
        entries, end = _entry(lines, position, region.stop)
        if name in entries:
            comment = _comment(lines[end - 1]) if end == position + 1 else ""
            lines[position:end] = [entry + comment + newline]
            return
        position = end
        last = end if entries else last
    lines.insert(last, entry + newline)


def _entry(lines: list[str], start: int, stop: int) -> tuple[dict[str, Any], int]:
    """Return the entry that starts at a line (none: a comment), and the line behind it."""
    for end in range(start + 1, stop + 1):
        try:
            return tomllib.loads("".join(lines[start:end])), end
        except tomllib.TOMLDecodeError:
            continue  # the value goes on in the next line
    raise _by_hand()


def _comment(line: str) -> str:
    """Return the comment behind an entry, with the space before it."""
    for position, char in enumerate(line):
        if char == "#":
            try:
                tomllib.loads(line[:position])
            except tomllib.TOMLDecodeError:
                continue  # this # is inside the text
            before = line[:position]
            return (before[len(before.rstrip()) :] + line[position:]).rstrip()
    return ""


def _with(
    data: Mapping[str, Any], table: Sequence[str], name: str, value: Any
) -> Mapping[str, Any]:
    """Return a copy of `data` with one value set."""
    result = copy.deepcopy(dict(data))
    node = result
    for part in table:
        node = node.setdefault(part, {})
    node[name] = list(value) if isinstance(value, tuple) else value
    return result


def _must_be(text: str, expected: Mapping[str, Any]) -> None:
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise _by_hand() from None
    if found != expected:
        raise _by_hand()


def _by_hand() -> ConfigError:
    return ConfigError(
        "the file is laid out in a way that cannot be edited safely",
        hint="change it in an editor, then `pmctl config doctor`",
    )


def literal(value: Any) -> str:
    """Return a value as TOML. Control characters are refused before it comes here."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(literal(item) for item in value)}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)


def _bare(part: str) -> str:
    plain = part.replace("-", "").replace("_", "")
    return part if plain.isascii() and plain.isalnum() else literal(part)
