"""The listing of the folders is the architecture: who may import whom, and what is imported when.

Every rule is a pure function over source text, so that each can be shown to fail.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.shell import ROOT, run

SRC = ROOT / "src"

# Own modules: what the modules with a prefix (the longest one counts) may import of pmctl.
# "pmctl" itself is the package with nothing but its version.
TOP = {
    "config", "configedit", "configfile", "settings", "secrets", "keychain", "capture", "audit",
    "paths", "files", "names", "doctor", "explain", "picture",
}  # fmt: skip
VALUES = {"errors", "text", "parallel"}
ALLOWED: Mapping[str, set[str]] = {
    "__main__": {"main"},
    "main": {"cli", "output", "paths", *VALUES},
    "cli": {
        "cli",
        "context",
        "output",
        "charts",
        "clients",
        "sequence",
        "webhook",
        "sandbox",
        *TOP,
        *VALUES,
    },
    "context": {"output", "clients", "backends", "http", *TOP, *VALUES},
    "clients": {
        "clients",
        "backends",
        "sequence",
        "webhook.events",
        "webhook.items",
        "webhook.samples",
        "webhook.signature",
        "files",
        "paths",
        *VALUES,
    },
    "backends": {"backends", "http", "files", "paths", *VALUES},
    "http": {"tls", "trace_words", *VALUES},
    "tls": {"tls_pin", *VALUES},
    "tls_pin": VALUES,
    "trace_words": VALUES,
    "output": VALUES,
    "sequence": {"sequence", *VALUES},
    # values in, text out; letters are as wide there as in the pictures of sequences
    "charts": {"charts", "sequence.svg", *VALUES},
    "webhook.events": {"webhook.agents", "webhook.items", "webhook.split", *VALUES},
    "webhook.items": VALUES,
    "webhook.signature": VALUES,
    "webhook.agents": {"webhook.events", *VALUES},
    "webhook.split": set(),
    "webhook.samples": {"webhook.events", *VALUES},
    "webhook": {"webhook", "backends.niledb", "backends.niledb_events", *VALUES},
    "sandbox": {"sandbox", "errors"},
    "": set(),
    "errors": set(),
    "text": set(),
    "parallel": set(),
    **dict.fromkeys(TOP, TOP | VALUES),
    # warns when a write cannot be recorded
    "audit": {"output", *TOP, *VALUES},
    # asks every backend whether it answers: on top of the rest
    "doctor": {"context", "http", "backends", *TOP, *VALUES},
}

# Libraries: the only modules that may import each (also inside of functions).
ONLY: Mapping[str, tuple[str, ...]] = {
    "typer": ("cli", "main"),
    "click": (),
    "httpx": ("http",),
    "truststore": ("tls",),
    "ssl": ("tls", "tls_pin", "http"),
    "rich": ("output",),
    "yaml": ("output", "sequence.yaml_nodes", "sequence.fmt", "sequence.pull", "sequence.splice"),
    "ruamel": ("sequence.fmt",),
    "markdown_it": ("sequence.markdown",),
    "tomllib": ("configfile", "configedit", "config"),
    "psycopg": ("backends.niledb",),
    "keyring": ("keychain",),
    "resvg_py": ("picture",),
}

# Heavy: imported where they are first used, so inside of functions, except in these modules,
# which are themselves imported late.
HEAVY = {"httpx", "pydantic", "rich", "yaml", "keyring", "asyncio", "markdown_it", "ssl", "ruamel",
         "truststore", "psycopg", "resvg_py",
         "msgspec", "uvicorn", "httptools", "uvloop"}  # fmt: skip
LATE = {
    "http",
    "tls",
    "tls_pin",
    "sequence.yaml_nodes",
    "sequence.parse",
    "sequence.model",
    "sequence.fmt",
    "sequence.pull",
    "sequence.splice",
    "backends.niledb",
    "backends.niledb_events",
    "webhook",
}

# The compiler thinks; it reads and writes nothing.
PURE = ("sequence", "charts", "webhook.events", "webhook.items", "webhook.signature",
        "webhook.agents", "webhook.split", "text", "errors")  # fmt: skip
IMPURE = {"os", "pathlib", "socket", "subprocess", "shutil", "tempfile", "urllib.request",
          "http.client", "asyncio", "httpx", "ssl", "time", "random", "sys"}  # fmt: skip

# group -> client -> backend
WIRES = {
    "campaign": "mautic",
    "domain": "hestia",
    "db": "hestia",
    "panel_user": "hestia",
    "stats": "niledb",
    "webhook": "mautic niledb receiver",
    "mailbox": "hestia",
}


@dataclass(frozen=True)
class Import:
    """One imported module. `late` means inside of a function; `typing` only for annotations."""

    name: str
    line: int
    late: bool
    typing: bool


def modules() -> dict[str, Path]:
    """Every module of the project by its dotted name below pmctl; packages by their own."""
    found = {}
    for path in sorted((SRC / "pmctl").rglob("*.py")):
        parts = path.relative_to(SRC / "pmctl").with_suffix("").parts
        found[".".join(part for part in parts if part != "__init__")] = path
    return found


def imports(source: str) -> list[Import]:
    """Every import of a source text; `from a import b` counts as `a.b` when a is our package."""
    return list(_imports(ast.parse(source), late=False, typing=False))


def _imports(node: ast.AST, *, late: bool, typing: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(alias.name, node.lineno, late, typing)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"line {node.lineno}: a relative import"
        for alias in node.names:
            yield Import(f"{node.module}.{alias.name}", node.lineno, late, typing)
    elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        for guarded in node.body:
            yield from _imports(guarded, late=late, typing=True)
        for other in node.orelse:
            yield from _imports(other, late=late, typing=typing)
    else:
        inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from _imports(child, late=late or inside, typing=typing)


def covers(prefix: str, name: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")


def rule_of(module: str) -> str | None:
    return max((rule for rule in ALLOWED if covers(rule, module)), key=len, default=None)


def upward(module: str, source: str) -> list[str]:
    """Imports of our own modules that the table does not allow."""
    rule = rule_of(module)
    if rule is None:
        return [f"{module}: no rule says what it may import"]
    wrong = []
    for found in imports(source):
        own = found.name.removeprefix("pmctl.")
        if not covers("pmctl", found.name) or own == "__version__":
            continue
        if not any(covers(allowed, own) for allowed in ALLOWED[rule]):
            wrong.append(f"{module}:{found.line} imports {own}")
    return wrong


def foreign(module: str, source: str) -> list[str]:
    """Imports of libraries that only others may know."""
    return [
        f"{module}:{found.line} imports {library}"
        for found in imports(source)
        for library, allowed in ONLY.items()
        if covers(library, found.name) and not any(covers(one, module) for one in allowed)
    ]


def eager(module: str, source: str) -> list[str]:
    """Heavy imports at module level."""
    return [
        f"{module}:{found.line} imports {found.name} for everybody"
        for found in imports(source)
        if not found.late and not found.typing and found.name.partition(".")[0] in HEAVY
        if not any(covers(one, module) for one in LATE)
    ]


def impure(module: str, source: str) -> list[str]:
    """What a module that only thinks does to the world."""
    if not any(covers(one, module) for one in PURE):
        return []
    wrong = [
        f"{module}:{found.line} imports {found.name}"
        for found in imports(source)
        if any(covers(one, found.name) for one in IMPURE) and not _pure_path(found.name)
    ]
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return wrong + [
        f"{module}:{call.lineno} calls {ast.unparse(call.func)}"
        for call in calls
        if ast.unparse(call.func) in ("open", "print", "input")
    ]


def _pure_path(name: str) -> bool:
    """Paths and text in memory are values, not files."""
    return name in ("pathlib.PurePath", "pathlib.PurePosixPath", "io.StringIO")


def undocumented(module: str, source: str) -> list[str]:
    """What a module lacks: a docstring; `from __future__ import annotations` if it has code."""
    tree = ast.parse(source)
    wrong = [] if ast.get_docstring(tree) else [f"{module} has no docstring"]
    code = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    plain = module == "__main__"  # it must import nothing to answer --version
    if code and not plain and "from __future__ import annotations" not in source:
        wrong.append(f"{module} lacks `from __future__ import annotations`")
    return wrong


def sizes(module: str, source: str) -> list[str]:
    """A module that is too long to be read at once."""
    lines = source.count("\n")
    return [f"{module} has {lines} lines"] if lines > 550 else []


RULES = {
    "downwards": upward,
    "one door each": foreign,
    "late": eager,
    "pure": impure,
    "documented": undocumented,
    "short": sizes,
}


@pytest.mark.parametrize("rule", RULES)
def test_every_module_keeps_the_rule(rule):
    wrong = [
        sentence
        for module, path in modules().items()
        for sentence in RULES[rule](module, path.read_text(encoding="utf-8"))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("rule", "module", "source"),
    [
        ("downwards", "sequence.graph", "from pmctl.clients import campaign"),
        ("downwards", "sequence.graph", "def f():\n    import pmctl.http"),
        ("downwards", "sandbox.store", "from pmctl.backends.mautic import Mautic"),
        ("downwards", "sandbox.server", "from pmctl import http"),
        ("downwards", "clients.campaign", "from pmctl import output"),
        ("downwards", "clients.campaign", "from pmctl.http import Http"),
        ("downwards", "backends.mautic", "from pmctl.clients.campaign import Listed"),
        ("downwards", "http", "from pmctl.config import load"),
        ("downwards", "errors", "from pmctl import text"),
        ("downwards", "cli.campaign", "from pmctl.backends.mautic import Mautic"),
        ("downwards", "cli.campaign", "import pmctl.http"),
        ("downwards", "somewhere", "x = 1"),
        ("downwards", "webhook.events", "from pmctl.webhook import spool"),
        ("one door each", "context", "import typer"),
        ("one door each", "clients.campaign", "def f():\n    import httpx"),
        ("one door each", "cli.campaign", "from rich.table import Table"),
        ("one door each", "cli.campaign", "import click"),
        ("one door each", "sequence.model", "import yaml"),
        ("one door each", "backends.mautic", "import psycopg"),
        ("late", "output", "import rich"),
        ("late", "cli.campaign", "from asyncio import run"),
        ("late", "cli.campaign", "try:\n    import pydantic\nexcept ImportError:\n    pass"),
        ("pure", "sequence.graph", "from pathlib import Path"),
        ("pure", "sequence.parse", "import os"),
        ("pure", "sequence.parse", "def f(path):\n    return open(path).read()"),
        ("pure", "webhook.events", "import socket"),
        ("documented", "sequence.graph", "x = 1"),
        ("documented", "sequence.graph", '"""Doc."""\ndef f():\n    return 1'),
        ("short", "sequence.graph", "x = 1\n" * 551),
    ],
)
def test_each_rule_finds_what_breaks_it(rule, module, source):
    assert len(RULES[rule](module, source)) >= 1


@pytest.mark.parametrize(
    ("rule", "module", "source"),
    [
        ("downwards", "cli.campaign", "from pmctl.clients.campaign import Listed"),
        ("downwards", "sandbox.tour", "from pmctl.sandbox import server"),
        ("one door each", "output", "def f():\n    import yaml, rich.table"),
        ("late", "output", "def f():\n    import rich"),
        ("late", "context", "if TYPE_CHECKING:\n    import httpx"),
        ("pure", "sequence.parse", "from pathlib import PurePath"),
        ("pure", "cli.campaign", "from pathlib import Path"),
    ],
)
def test_no_rule_finds_what_is_allowed(rule, module, source):
    assert RULES[rule](module, source) == []


@pytest.mark.parametrize(("group", "backend"), WIRES.items())
def test_a_group_speaks_through_the_client_of_its_name_over_one_wire(group, backend):
    found = modules()
    spoken = {
        name.removeprefix("pmctl.").split(".")[1].partition("_")[0]
        for module, path in found.items()
        if module == f"clients.{group}" or module.startswith(f"clients.{group}_")
        for name in (one.name for one in imports(path.read_text(encoding="utf-8")))
        if covers("pmctl.backends", name)
    }
    assert f"cli.{group}" in found
    assert f"clients.{group}" in found
    assert spoken == set(backend.split())
    assert {f"backends.{wire}" for wire in spoken} <= set(found)


def test_every_client_has_a_group_and_a_wire():
    clients = {name.split(".")[1] for name in modules() if name.startswith("clients.")}
    commands = {name.split(".")[1] for name in modules() if name.startswith("cli.")}
    assert set(WIRES) <= clients & commands


@pytest.mark.parametrize(
    "argv",
    [
        ["--help"],
        ["campaign", "--help"],
        ["config", "--help"],
        ["domain", "--help"],
        ["mailbox", "import", "--help"],
        ["db", "--help"],
        ["panel-user", "--help"],
        ["sandbox", "--help"],
        ["stats", "--help"],
        ["webhook", "serve", "--help"],
    ],
)
def test_help_loads_nothing_heavy(argv):
    done = run(sys.executable, "-X", "importtime", "-m", "pmctl", *argv)

    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert done.returncode == 0
    assert "typer" in loaded
    assert not loaded & HEAVY


def test_the_version_is_told_before_anything_is_imported():
    done = run(sys.executable, "-X", "importtime", "-m", "pmctl", "--version")
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert done.stdout.startswith("pmctl ")
    assert not loaded & {"typer", "pmctl.main", "re", "json", "typing"}


@pytest.mark.parametrize(
    "command",
    [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]],
    ids=["ruff check", "ruff format", "mypy"],
)
def test_the_code_is_clean(command, tmp_path):
    cache = {"RUFF_CACHE_DIR": str(tmp_path), "MYPY_CACHE_DIR": str(ROOT / ".mypy_cache")}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT, env={"PATH": "/usr/bin:/bin", **cache}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


# Written in pieces, so that this file does not name them itself.
FORBIDDEN = re.compile(
    "|".join(["/wor" + "k/", "shar" + "ed/(?:design|contracts|research)", "contr" + "acts/",
              "anthr" + "opic", "cla" + "ude", "/tm" + "p/v/", "artif" + "actory"]),
    re.IGNORECASE,
)  # fmt: skip


def strangers(text: str) -> list[str]:
    """Words of the machine or the place where the project was written."""
    return [found[0] for found in FORBIDDEN.finditer(text)]


def test_the_project_speaks_of_itself_alone():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:  # an unpacked archive has no history to ask
        pytest.skip("not a git work tree")
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    wrong = {
        str(path.relative_to(ROOT)): words
        for path in files
        if path.is_file() and (words := strangers(path.read_text(errors="replace")))
    }
    assert not wrong


def test_a_word_of_another_place_is_found():
    assert strangers("see /wor" + "k/main and contr" + "acts/mautic.md")
    assert strangers("a contract, shared by all") == []
