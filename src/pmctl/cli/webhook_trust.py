"""Where the secrets of webhooks are: in the settings, else in files that `register` wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pmctl import output
from pmctl.errors import ConfigError
from pmctl.paths import is_there, state_home
from pmctl.secrets import read_file, usable, where
from pmctl.settings import BY_PATH

if TYPE_CHECKING:
    from pathlib import Path

    from pmctl.clients.webhook_secrets import SecretFiles, Secrets
    from pmctl.context import Context
    from pmctl.webhook.trust import Trust

SECRET, PREVIOUS = "webhook.secret", "webhook.previous_secret"


def kept(context: Context) -> Secrets:
    """Return the secret that Mautic is to sign with: the setting's, else that in a file."""
    from pmctl.clients.webhook_secrets import GivenSecret

    given = context.config.secret(BY_PATH[SECRET])
    place = where(given)
    return GivenSecret(given.reveal, place) if place else files_of(context)


def files_of(context: Context) -> SecretFiles:
    """Return the files of this context's secrets."""
    from pmctl.clients.webhook_secrets import SecretFiles

    return SecretFiles(state_home() / "webhook", context.config.context)


def trust_of(context: Context) -> Trust:
    """Return whom a receiver of this context believes. Raises ConfigError without a secret."""
    from pmctl.webhook.trust import Trust

    files = files_of(context)
    return Trust(
        lambda: _secrets(context, files),
        stamp=files.stamp,
        say=output.warn,
        used=files.note_use,
    )


def places(context: Context) -> dict[str, str]:
    """Return where the secret in force and the one before it are, "" for nowhere."""
    files = files_of(context)
    found = {}
    for path, file in ((SECRET, files.current), (PREVIOUS, files.previous)):
        there = str(file) if is_there(file) else ""
        found[path] = where(context.config.secret(BY_PATH[path])) or there
    return found


def _secrets(context: Context, files: SecretFiles) -> list[str]:
    current = _secret(context, SECRET, files.current)
    if not current:
        raise ConfigError(
            f"{SECRET} is not set, and there is no {files.current}: anybody could send events",
            hint="`pmctl webhook register URL` makes one, `pmctl config set-secret webhook.secret` "
            "takes yours; --insecure-no-signature for a trial",
        )
    previous = _secret(context, PREVIOUS, files.previous)
    return [current, *([previous] if previous else [])]


def _secret(context: Context, path: str, file: Path) -> str:
    """Return a secret as it is now, "" for none. Raises ConfigError for one that is unusable."""
    given = context.config.secret(BY_PATH[path])  # a new one each time: it remembers what it found
    if where(given):
        return given.reveal()
    return usable(read_file(file), path, str(file)) if is_there(file) else ""
