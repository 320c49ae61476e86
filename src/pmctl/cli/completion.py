"""`pmctl completion SHELL` prints the completion script; `complete` answers its questions.

The scripts ask `pmctl` itself, as those of Typer do: `_PMCTL_COMPLETE=complete_SHELL`, the words
of the line in `COMP_WORDS` (here one a line, so that blanks in a word survive) and the place of
the word to complete in `COMP_CWORD`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from pmctl import output
from pmctl.cli.common import Command, Group, group
from pmctl.errors import PmctlError

app = group(
    "Print the completion script of a shell.\n\n"
    "Examples:\n"
    "  pmctl completion bash > /etc/bash_completion.d/pmctl\n"
    '  pmctl completion zsh > "${fpath[1]}/_pmctl"\n'
    "  pmctl completion fish > ~/.config/fish/completions/pmctl.fish"
)

BASH = """\
# bash completion of pmctl
_pmctl_completion() {
    local answer
    COMPREPLY=()
    while IFS= read -r answer; do
        COMPREPLY+=("$answer")
    done < <(
        IFS=$'\\n'
        env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD="$COMP_CWORD" \\
            _PMCTL_COMPLETE=complete_bash "$1" 2>/dev/null
    )
}

complete -o default -F _pmctl_completion pmctl
"""

ZSH = """\
#compdef pmctl
# zsh completion of pmctl
_pmctl() {
    local answer
    local -a answers
    answer="$(env COMP_WORDS="${(pj:\\n:)words[1,CURRENT]}" COMP_CWORD=$((CURRENT - 1)) \\
        _PMCTL_COMPLETE=complete_zsh "${words[1]}" 2>/dev/null)"
    if [[ -n $answer ]]; then
        answers=("${(@f)answer}")
        _describe pmctl answers
    else
        _files
    fi
}

if [[ $funcstack[1] == _pmctl ]]; then
    _pmctl "$@"
else
    compdef _pmctl pmctl
fi
"""

FISH = """\
# fish completion of pmctl
function __pmctl_answers
    set -lx COMP_CWORD (count (commandline -opc))
    set -lx COMP_WORDS (string join \\n -- (commandline -opc) (commandline -ct) | string collect)
    set -lx _PMCTL_COMPLETE complete_fish
    set -l answers (pmctl 2>/dev/null)
    if test (count $answers) -gt 0
        printf '%s\\n' $answers
    else
        __fish_complete_path (commandline -ct)
    end
end

complete --command pmctl --no-files --arguments '(__pmctl_answers)'
"""


@app.command("bash", cls=Command)
def bash() -> None:
    """Print the completion script of bash.

    Examples:
      eval "$(pmctl completion bash)"
      pmctl completion bash > /etc/bash_completion.d/pmctl
    """
    sys.stdout.write(BASH)


@app.command("zsh", cls=Command)
def zsh() -> None:
    """Print the completion script of zsh.

    Examples:
      pmctl completion zsh > "${fpath[1]}/_pmctl"
    """
    sys.stdout.write(ZSH)


@app.command("fish", cls=Command)
def fish() -> None:
    """Print the completion script of fish.

    Examples:
      pmctl completion fish > ~/.config/fish/completions/pmctl.fish
    """
    sys.stdout.write(FISH)


@app.command("write", cls=Command)
def write(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Made when it is missing.")],
) -> None:
    """Write the completion scripts and the man pages into a folder.

    Examples:
      pmctl completion write completions
      pmctl completion write /tmp/p && man -l /tmp/p/man/pmctl.1
    """
    for name, text in files(ctx.find_root().command).items():
        try:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        except OSError as exc:
            raise PmctlError(
                f"cannot write {folder / name}: {exc.strerror}", hint="name another folder"
            ) from exc
        output.note(f"wrote {folder / name}")


def files(top: Any) -> dict[str, str]:
    """Return every generated file by its path below `completions/`."""
    from pmctl.cli.help import tree
    from pmctl.cli.manpages import pages

    manuals = {f"man/{name}": text for name, text in pages(tree(top)).items()}
    return {"pmctl.bash": BASH, "_pmctl": ZSH, "pmctl.fish": FISH, **manuals}


def _zsh_item(value: str, help_: str) -> str:
    escaped = value.replace(":", "\\:")
    return f"{escaped}:{help_}" if help_ else escaped


def _fish_item(value: str, help_: str) -> str:
    return f"{value}\t{help_}" if help_ else value


_WRITTEN: Mapping[str, Callable[[str, str], str]] = {
    "complete_bash": lambda value, _: value,
    "complete_zsh": _zsh_item,
    "complete_fish": _fish_item,
}


def complete(top: Any, instruction: str) -> int:
    """Answer a completion script on stdout; return 0, or 1 when it asks for nothing we know.

    No answer means that the shell may offer files.
    """
    written = _WRITTEN.get(instruction)
    if written is None:
        return 1
    before, incomplete = asked_words(os.environ)
    for item in answers(top, before, incomplete):
        sys.stdout.write(written(item.value, " ".join((item.help or "").split())) + "\n")
    return 0


def asked_words(environ: Mapping[str, str]) -> tuple[list[str], str]:
    """Return the complete words after `pmctl`, and the one to complete (maybe empty)."""
    words = [word.strip("'\"") for word in environ.get("COMP_WORDS", "").split("\n")]
    place = int(environ.get("COMP_CWORD", "1"))
    incomplete = words[place] if place < len(words) else ""
    return words[1:place], incomplete


def answers(top: Any, before: list[str], incomplete: str) -> list[Any]:
    """Return what may stand in place of the incomplete word: items with a value and a help."""
    command, waiting, count = _walk(top, before)
    if command is None:
        return []
    if incomplete.startswith("-") and "=" in incomplete and not waiting:
        flag, _, incomplete = incomplete.partition("=")
        waiting = _option(command, flag)
    ctx = typer.Context(command, resilient_parsing=True)
    if waiting:
        # bash breaks `--output=json` into three words
        return _items(waiting, ctx, incomplete.lstrip("="))
    if incomplete.startswith("-") or isinstance(command, Group):
        return list(command.shell_complete(ctx, incomplete))
    argument = _argument(command, count)
    return _items(argument, ctx, incomplete) if argument else []


def _walk(top: Any, words: list[str]) -> tuple[Any, Any, int]:
    """Return the command that the words lead to, its option that waits for a value, and how many
    arguments it has already. The command is None when there is none of that name."""
    command, waiting, count, options = top, None, 0, True
    for word in words:
        if waiting:
            waiting = waiting if word == "=" else None
        elif word == "--":
            options = False
        elif options and word.startswith("-"):
            found = _option(command, word)
            waiting = found if found and not found.is_flag else None
        elif isinstance(command, Group):
            below = command.child(word)
            if below is None:
                return None, None, 0
            command = below
        else:
            count += 1
    return command, waiting, count


def _option(command: Any, flag: str) -> Any:
    named = (p for p in command.params if flag in [*p.opts, *p.secondary_opts])
    return next((p for p in named if p.param_type_name == "option"), None)


def _argument(command: Any, count: int) -> Any:
    for param in command.params:
        if param.param_type_name == "argument":
            if param.nargs == -1 or count < param.nargs:
                return param
            count -= param.nargs
    return None


def _items(param: Any, ctx: Any, incomplete: str) -> list[Any]:
    """What a parameter offers; nothing for files, which the shell knows better."""
    return [item for item in param.shell_complete(ctx, incomplete) if item.type == "plain"]
