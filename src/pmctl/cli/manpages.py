"""Man pages as roff, made from the command tree of `pmctl help --json`: values in, text out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pmctl import __version__
from pmctl.errors import EXIT_CODES

Tree = Mapping[str, Any]


def pages(tree: Tree) -> dict[str, str]:
    """Return the pages by file name: pmctl.1, and one for each group: pmctl-campaign.1."""
    groups = [tree, *_groups(tree)]
    names = [_name(group) for group in groups]
    bodies = [_top(tree), *map(_group, groups[1:])]
    return {
        f"{name}.1": _page(group, body, names)
        for name, group, body in zip(names, groups, bodies, strict=True)
    }


def _groups(tree: Tree) -> Iterator[Tree]:
    for child in tree["commands"]:
        if "commands" in child:
            yield child
            yield from _groups(child)


def _name(command: Tree) -> str:
    return str(command["path"]).replace(" ", "-")


def _page(command: Tree, body: Iterator[str], names: list[str]) -> str:
    name = _name(command)
    lines = [
        f'.TH "{name.upper()}" 1 "" "pmctl {__version__}" "pmctl manual"',
        ".SH NAME",
        f"{text(name)} \\- {text(command['summary'].rstrip('.'))}",
        ".SH SYNOPSIS",
        f".B {text(command['path'])}",
        "[OPTIONS] COMMAND [ARGS]...",
        *_examples(command, ".SH EXAMPLES"),
        *_detail(command, ".SH DESCRIPTION"),
        *body,
        ".SH SEE ALSO",
        ",\n".join(f".BR {text(other)} (1)" for other in names if other != name),
    ]
    return "\n".join(lines) + "\n"


def _top(tree: Tree) -> Iterator[str]:
    yield ".SH COMMANDS"
    for child in tree["commands"]:
        yield from _item(f"\\fB{text(child['path'])}\\fR", child["summary"])
    yield ".SH OPTIONS"
    yield from _parameters(tree)
    yield ".SH EXIT STATUS"
    for code, meaning in EXIT_CODES.items():
        yield from _item(str(code), meaning)


def _group(group: Tree) -> Iterator[str]:
    yield ".SH COMMANDS"
    everywhere = {p["name"] for p in group["parameters"]}
    for command in group["commands"]:
        if "commands" in command:
            yield f".SS {text(command['path'])} COMMAND"
            yield text(command["summary"])
            yield from ("See", f".BR {text(_name(command))} (1).")
            continue
        arguments = " ".join(_argument(p) for p in command["parameters"] if not p["flags"])
        yield f".SS {text(command['path'])} {text(arguments)}".rstrip()
        yield text(command["summary"])
        yield from _detail(command, ".PP")
        yield from _parameters(command, everywhere)
        yield from _examples(command, ".PP")
    yield ".SH OPTIONS OF EVERY COMMAND"
    yield from _parameters(group)


def _parameters(command: Tree, known: set[str] | None = None) -> Iterator[str]:
    for parameter in command["parameters"]:
        if parameter["name"] in (known or ()):
            continue
        flags = [f"\\fB{text(flag)}\\fR" for flag in parameter["flags"]]
        words = [", ".join(flags) or _italic(_argument(parameter))]
        if flags and parameter["takes_value"]:
            words.append(_italic("|".join(parameter["choices"]) or _value(parameter)))
        yield from _item(" ".join(words), parameter["help"])


def _argument(parameter: Tree) -> str:
    name = _value(parameter)
    return name if parameter["required"] else f"[{name}]"


def _value(parameter: Tree) -> str:
    return str(parameter["metavar"] or parameter["name"].upper())


def _italic(word: str) -> str:
    return f"\\fI{text(word)}\\fR"


def _item(term: str, description: str) -> Iterator[str]:
    yield ".TP"
    yield term
    yield text(description) or "\\&"


def _examples(command: Tree, title: str) -> Iterator[str]:
    if command["examples"]:
        yield from (title, ".nf", *(text(line) for line in command["examples"]), ".fi")


def _detail(command: Tree, title: str) -> Iterator[str]:
    paragraphs = [" ".join(part.split()) for part in command["detail"].split("\n\n") if part]
    for number, paragraph in enumerate(paragraphs):
        yield ".PP" if number else title
        yield text(paragraph)


def text(words: str) -> str:
    """Return text that roff prints as it is: no requests, no escapes, hyphens to copy."""
    safe = words.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{safe}" if safe.startswith((".", "'")) else safe
