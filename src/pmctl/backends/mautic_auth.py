"""How Mautic is told who we are: Basic auth, or an OAuth2 token that is cached between runs."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from pmctl.backends.mautic_errors import error_of
from pmctl.errors import Unreachable, hide
from pmctl.files import write_atomic
from pmctl.http import Answer, Busy, Http

MARGIN_SECONDS = 60.0  # a token that ends sooner is not used: the request might come too late
LIFETIME_SECONDS = 3600.0  # Mautic's default, where the answer does not say
TOKEN = re.compile(r"[\x21-\x7e]+")  # what a header can carry


class Basic:
    """User and password with every request: about 500 ms each on Mautic 5.1.1 (bcrypt)."""

    login_hint = "check mautic.user; `pmctl config set-secret mautic.password` stores the password"

    def __init__(self, user: str, password: Callable[[], str]) -> None:
        self._user = user
        self._password = password
        self._header = ""
        self._lock = threading.Lock()

    def header(self) -> str:
        """Return the Authorization header; asks for the password at the first call."""
        with self._lock:
            if not self._header:
                password = self._password()
                pair = base64.b64encode(f"{self._user}:{password}".encode()).decode()
                _hide(password, pair)
                self._header = f"Basic {pair}"
            return self._header


class ClientCredentials:
    """OAuth2 client credentials: one token for an hour, 36 ms a request on Mautic 5.1.1."""

    login_hint = (
        "check mautic.client_id; `pmctl config set-secret mautic.client_secret` stores the secret"
    )

    def __init__(
        self, http: Http, client_id: str, secret: Callable[[], str], file: Path | None
    ) -> None:
        self._http = http
        self._client_id = client_id
        self._secret = secret
        self._file = file
        self._token = ""
        self._good_until = 0.0
        self._lock = threading.Lock()

    def header(self) -> str:
        """Return the Authorization header, with a token of the cache or a new one."""
        with self._lock:
            if not self._token:
                self._load()
            if time.time() >= self._good_until:
                self._fetch()
            return f"Bearer {self._token}"

    def renewed(self, refused: str) -> str:
        """Return another header than `refused`. Threads that ask at once share one renewal."""
        with self._lock:
            if f"Bearer {self._token}" == refused:
                self._fetch()
            return f"Bearer {self._token}"

    def _fetch(self) -> None:
        secret = self._secret()
        _hide(secret)
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": secret,
        }
        try:
            # one token more does no harm: this POST may be repeated
            answer = self._http.request("POST", "oauth/v2/token", form=form, safe=True)
        except Busy as exc:
            raise self._error(exc.answer, exc.when) from exc
        if answer.status != 200:
            raise self._error(answer)
        said = answer.json()
        token = said.get("access_token") if isinstance(said, dict) else None
        if not isinstance(token, str) or not TOKEN.fullmatch(token):
            raise Unreachable(
                "Mautic gave no access token", hint="is the base URL that of a Mautic?"
            )
        _hide(token)
        lifetime = _seconds(said.get("expires_in"))
        self._token = token
        self._good_until = time.time() + max(lifetime - MARGIN_SECONDS, lifetime / 2)
        self._save(time.time() + lifetime)

    def _error(self, answer: Answer, when: str = "") -> Exception:
        return error_of(
            answer, "asking for a token", write=False, login_hint=self.login_hint, when=when
        )

    def _load(self) -> None:
        """Take the token of the cache file when it is ours, private, and good for a while."""
        try:
            if self._file is None or self._file.stat().st_mode & 0o077:
                return
            kept = json.loads(self._file.read_bytes())
            if (kept["base_url"], kept["client_id"]) == (self._http.base_url, self._client_id):
                token, good_until = str(kept["token"]), float(kept["expires_at"]) - MARGIN_SECONDS
                if TOKEN.fullmatch(token):
                    _hide(token)
                    self._token, self._good_until = token, good_until
        except (OSError, ValueError, TypeError, LookupError, RecursionError):
            return  # as good as no cache

    def _save(self, expires_at: float) -> None:
        kept = {
            "base_url": self._http.base_url,
            "client_id": self._client_id,
            "token": self._token,
            "expires_at": expires_at,
        }
        try:
            if self._file is not None:
                self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                write_atomic(self._file, json.dumps(kept))
        except OSError:
            return  # a disk that is full or read-only costs time, not the work


def _seconds(value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return LIFETIME_SECONDS
    return seconds if 0 < seconds < 1e9 else LIFETIME_SECONDS


def _hide(*secrets: str) -> None:
    """Hide the secrets, also as they look in a form and in JSON."""
    for secret in secrets:
        hide((secret, quote_plus(secret), json.dumps(secret)[1:-1]))
