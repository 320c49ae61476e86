"""`pmctl config`: contexts, settings and secrets. Needs no backend."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from pmctl import configfile, output
from pmctl.cli.common import Command, Printing, context_of, group, known_contexts
from pmctl.config import Config, load
from pmctl.configfile import change, save
from pmctl.errors import ConfigError, Conflict, NotFound, UsageError
from pmctl.paths import config_home, is_there
from pmctl.settings import BY_PATH, KEYS, Key, check, from_text
from pmctl.text import did_you_mean

app = group(
    "Contexts, settings and secrets.\n\n"
    "Examples:\n"
    "  pmctl config init                           describe your servers once\n"
    "  pmctl config set-secret mautic.password     keep a password\n"
    "  pmctl config doctor                         is everything in place?"
)

KeyName = Annotated[str, typer.Argument(metavar="KEY", help="A setting, like mautic.url.")]


class _Discreet(Command):
    """A command that never repeats its words: one of them may be a secret."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Raise UsageError without the words that are wrong."""
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException:
            raise UsageError(
                f"wrong arguments for `{ctx.command_path}`",
                hint="--help shows how; a secret is never an argument: type it at the prompt of "
                "`pmctl config set-secret`, or pipe it in",
            ) from None


@app.command("init", cls=Command)
def init(
    ctx: typer.Context,
    hostname: Annotated[
        str | None, typer.Option(metavar="HOST", help="The mail server; builds every address.")
    ] = None,
    mautic_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Address of Mautic, if it is another.")
    ] = None,
    mautic_client_id: Annotated[
        str | None, typer.Option(metavar="ID", help="OAuth2 client of Mautic.")
    ] = None,
    mautic_user: Annotated[
        str | None, typer.Option(metavar="NAME", help="User of Mautic, without an OAuth2 client.")
    ] = None,
    hestia_access_key: Annotated[
        str | None, typer.Option(metavar="ID", help="Access key of HestiaCP, without its secret.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Write a first configuration file; asks at a terminal.

    Examples:
      pmctl config init
      pmctl config init --hostname mail.example.com --mautic-client-id 1_abc
      pmctl config init --context test --mautic-url https://mtc.test.example.com
      pmctl config init --hostname mx.test --hestia-access-key AbCdEfGhIjKlMnOpQrSt
    """
    from pmctl import configedit

    given = {
        "server.hostname": hostname,
        "mautic.url": mautic_url,
        "mautic.client_id": mautic_client_id,
        "mautic.user": mautic_user,
        "hestia.access_key": hestia_access_key,
    }
    options = _options(ctx)
    path = _new_path(options, force=force)
    name = _context_name(options.get("context") or "production")
    if not any(given.values()):
        given |= _asked()
    values = {p: _value(BY_PATH[p], text, path) for p, text in given.items() if text}
    save(path, configedit.new_file(name, values), mode=0o600)
    _record(name, "init", str(path))
    output.note(f"wrote {path}")
    for secret in _secrets_of(values):
        output.note(f"next: `pmctl config set-secret {secret}`")


@app.command("list", cls=Printing)
def list_(ctx: typer.Context) -> None:
    """List the contexts and say which is in force.

    Examples:
      pmctl config list
      pmctl config list -o json
    """
    file = configfile.read(configfile.find(_options(ctx).get("config")))
    try:
        in_force = Config(file, _options(ctx)).context
    except ConfigError as exc:
        output.warn(f"no context is in force: {exc.message}")
        in_force = ""
    names = list(file.contexts) or [in_force or "default"]
    rows = [
        {
            "context": name,
            "in_force": name == in_force,
            "default": name == file.data.get("default_context"),
        }
        for name in names
    ]
    output.show(rows, ["context", "in_force", "default"])


@app.command("show", cls=Printing)
def show(ctx: typer.Context) -> None:
    """Show the settings in force and where each comes from; secrets as ***.

    Examples:
      pmctl config show
      pmctl --context staging config show -o json
    """
    from pmctl.explain import setting

    config = context_of(ctx).config
    rows = [row for key in KEYS if (row := setting(config, key))["value"] or row["error"]]
    wrong = ["error"] if any(row["error"] for row in rows) else []
    output.show(rows, ["key", "value", "source", *wrong])


@app.command("use", cls=Command)
def use(
    ctx: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="CONTEXT", help="A context of the file.", autocompletion=known_contexts
        ),
    ],
) -> None:
    """Make a context the default.

    Examples:
      pmctl config use staging
    """
    path, file = _file(_options(ctx))
    if name not in file.contexts:
        raise NotFound(
            f"there is no context {name} in {path}", hint=did_you_mean(name, file.contexts)
        )
    change(path, (), "default_context", name)
    _record(name, "use", name)
    output.note(f"{name} is now the default context")


@app.command("get", cls=Printing)
def get(ctx: typer.Context, key: KeyName) -> None:
    """Print one setting in force.

    Examples:
      pmctl config get mautic.url
    """
    found = _key(key)
    if found.kind == "secret":
        raise UsageError(
            f"{key} is a secret and is not printed",
            hint=f"`pmctl config explain {key}` says where it is",
        )
    value = context_of(ctx).config.source(found).value
    if value is None:
        raise NotFound(f"{key} is not set", hint=f"`pmctl config set {key} VALUE`")
    output.show_text(output.cell(value), lambda: {"key": key, "value": value})


@app.command("set", cls=_Discreet)
def set_(
    ctx: typer.Context,
    key: KeyName,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="Its new value.")],
) -> None:
    """Change one setting in the file; comments and order stay.

    `defaults.timeout_seconds` is for every context, `timeout_seconds` for the one in force.

    Examples:
      pmctl config set mautic.url https://mtc.example.com
      pmctl config set mautic.password_command 'pass show pmctl/mautic'
      pmctl --context staging config set timeout_seconds 60
    """
    general = key.removeprefix("defaults.")
    found = _key(general)
    if found.kind == "secret" or (general != key and found.section):
        raise UsageError(f"{key} cannot be set here", hint=_instead(found))
    path, file = _file(_options(ctx))
    new = _value(found, value, path)
    name = Config(file, _options(ctx)).context
    if general == key:
        table = tuple(filter(None, ("contexts", name, found.section)))
    else:
        table = ("defaults",)
    change(path, table, found.name, new)
    _record(name, "set", key)


@app.command("explain", cls=Printing)
def explain(ctx: typer.Context, key: KeyName) -> None:
    """Show every place where a setting is looked for, and which one won.

    Examples:
      pmctl config explain mautic.url
      pmctl config explain mautic.password
    """
    from pmctl.explain import places

    found, config = _key(key), context_of(ctx).config
    output.note(f"{found.path}: {found.help}")
    output.show(places(config, found), ["place", "value", "state"])


@app.command("set-secret", cls=_Discreet)
def set_secret(
    ctx: typer.Context,
    key: KeyName,
    in_file: Annotated[
        bool, typer.Option("--file", help="Keep it in a file (0600), not in the keyring.")
    ] = False,
) -> None:
    """Keep a secret; it is asked for at a terminal, or read from stdin.

    Examples:
      pmctl config set-secret mautic.client_secret
      pass show mautic | pmctl config set-secret mautic.password --file
    """
    found = _key(key)
    if found.kind != "secret":
        raise UsageError(f"{key} is no secret", hint=f"`pmctl config set {key} VALUE`")
    if in_file:
        name, place = _keep_in_file(_options(ctx), found)
    else:
        name, place = _keep_in_keyring(context_of(ctx).config, found)
    _record(name, "set-secret", key)
    _say_where(load(_options(ctx)), found, place)


@app.command("doctor", cls=Printing)
def doctor(ctx: typer.Context) -> None:
    """Check everything that can be checked without a server.

    Examples:
      pmctl config doctor
      pmctl config doctor -o json
    """
    from pmctl.doctor import checks

    results = list(checks(_options(ctx)))
    output.show(results, ["check", "ok", "detail"])
    if not all(result.ok for result in results):
        raise typer.Exit(ConfigError.exit_code)


@app.command("audit", cls=Printing)
def audit(
    ctx: typer.Context,  # noqa: ARG001
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="Only the newest N.")
    ] = None,
) -> None:
    """Show who changed what with pmctl, newest last.

    Examples:
      pmctl config audit --limit 20
      pmctl config audit -o jsonl
    """
    from pmctl.audit import entries

    output.show(entries(limit), ["time", "user", "context", "command", "target", "outcome"])


def _options(ctx: typer.Context) -> Mapping[str, Any]:
    """Return the shared options; the configuration itself may be missing or broken."""
    return context_of(ctx).options


def _key(path: str) -> Key:
    if path not in BY_PATH:
        raise NotFound(f"there is no setting {path}", hint=did_you_mean(path, BY_PATH))
    return BY_PATH[path]


def _instead(key: Key) -> str:
    if key.kind == "secret":
        return f"`pmctl config set-secret {key.path}`, or set {key.path}_command or {key.path}_file"
    return f"`pmctl config set {key.path} VALUE` sets it for one context"


def _file(options: Mapping[str, Any]) -> tuple[Path, configfile.File]:
    """Return the file to change. Raises ConfigError when there is none or it is broken."""
    path = configfile.find(options.get("config"))
    if path is None:
        raise ConfigError("there is no configuration file yet", hint="`pmctl config init`")
    return path, configfile.read(path)


def _new_path(options: Mapping[str, Any], *, force: bool) -> Path:
    path = configfile.chosen_file(options.get("config")) or configfile.user_file()
    if is_there(path) and not force:
        raise Conflict(
            f"{path} exists", hint="`pmctl config set` changes it; --force starts afresh"
        )
    return path


def _context_name(name: str) -> str:
    if not configfile.CONTEXT_NAME.fullmatch(name):
        raise UsageError(
            "a context's name is made of letters, digits and . _ -", hint="like production"
        )
    return name


def _secrets_of(values: Mapping[str, Any]) -> list[str]:
    """Return the secrets that go with what a first file says."""
    of_hestia = ["hestia.secret_key"] * ("hestia.access_key" in values)
    if of_hestia and not any(path.startswith("mautic.") for path in values):
        return of_hestia
    kind = "password" if "mautic.user" in values else "client_secret"
    return [f"mautic.{kind}", *of_hestia]


def _asked() -> dict[str, str | None]:
    """Return answers from the terminal. Raises UsageError without one."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("there is no terminal to ask at", hint="give --hostname, or --mautic-url")
    host = typer.prompt("Host name of the mail server", err=True)
    user = typer.prompt("OAuth2 client id of Mautic (empty: none)", default="", err=True)
    return {"server.hostname": host, "mautic.client_id": user}


def _value(key: Key, text: str, path: Path) -> Any:
    """Return text from the command line as it will stand in the file. Raises UsageError."""
    try:
        value = from_text(key, text)
        check(key, value, path.parent)
    except ValueError as exc:
        raise UsageError(f"{key.path} {exc}", hint="config.example.toml shows every key") from None
    return value


def _keep_in_keyring(config: Config, key: Key) -> tuple[str, str]:
    from pmctl import keychain, secrets

    account = secrets.account(config.context, key.path)
    try:
        keychain.get(account, secrets.KEYRING_SECONDS)  # before a person has typed it twice
        keychain.put(account, _typed(key), secrets.KEYRING_SECONDS)
    except keychain.Unavailable as exc:
        raise ConfigError(
            f"the keyring cannot be used: {exc}",
            hint=f"`pmctl config set-secret {key.path} --file` keeps it in a file of mode 0600",
        ) from None
    return config.context, "keyring"


def _keep_in_file(options: Mapping[str, Any], key: Key) -> tuple[str, str]:
    path, file = _file(options)
    name = Config(file, options).context
    target = config_home() / "secrets" / f"{name}.{key.path}"
    save(target, _typed(key), mode=0o600)
    change(path, ("contexts", name, key.section), f"{key.name}_file", str(target))
    return name, f"{key.path}_file"


def _typed(key: Key) -> str:
    """Return the secret from the prompt (twice) or from stdin. Raises UsageError or ConfigError."""
    from pmctl import secrets

    if not sys.stdin.isatty():
        return secrets.usable(sys.stdin.read().removesuffix("\n"), key.path, "stdin")
    value = secrets.ask(f"{key.path}: ")
    if secrets.ask("again: ") != value:
        raise UsageError("the two do not match", hint="nothing was changed; try again")
    return secrets.usable(value, key.path, "what was typed")


def _say_where(config: Config, key: Key, place: str) -> None:
    from pmctl.secrets import where

    first = where(config.secret(key))
    output.note(f"{key.path} is kept: {place}")
    if first != place:
        output.warn(f"{first} comes first and is what will be used")


def _record(context: str, command: str, target: str) -> None:
    from pmctl.audit import record

    record(context, ["config", command, target], target, "ok")
