"""One door for HTTP: a deadline for each call, repeats of what is safe, tracing with redaction.

Every function raises PmctlErrors only. httpx is imported when the first request is sent.
"""

from __future__ import annotations

import itertools
import json as jsonlib
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Never
from urllib.parse import urlsplit

from pmctl import __version__, tls
from pmctl.errors import ConfigError, OutcomeUnknown, PmctlError, Temporary, Unreachable, redact
from pmctl.trace_words import body_shown, escaped, shown, url_shown

if TYPE_CHECKING:
    import httpx

Params = Mapping[str, str | int] | Sequence[tuple[str, str | int]]

READS = frozenset({"GET", "HEAD"})
MAX_ANSWER_BYTES = 64 * 1024 * 1024
CONNECTIONS = 32
CONNECT_SECONDS = 10.0  # so that one lost packet does not use up the deadline of a read

# 429: the limiter answers before anything is done, so a write may be repeated too
BUSY_FOR_WRITES = frozenset({429})
BUSY_FOR_READS = BUSY_FOR_WRITES | {502, 503, 504}


@dataclass(frozen=True)
class HttpOptions:
    """How every call is made. `timeout_seconds` is the deadline of one call with its repeats."""

    timeout_seconds: float = 30.0
    retries: int = 3
    ca_file: str | None = None
    insecure: bool = False
    fingerprint: str = ""  # SHA-256 of the only certificate to be trusted
    trace: Callable[[str], None] | None = None


@dataclass(frozen=True)
class Answer:
    """What a server said, whatever the status. Header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    text: str
    source: str = "the server"

    def json(self) -> Any:
        """Return the decoded body; Unreachable when it is a web page or anything but JSON."""
        return self._decoded

    @cached_property
    def _decoded(self) -> Any:
        try:
            return jsonlib.loads(self.text, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            start = self.text.strip()[:1]
        what = "a web page" if start == "<" else "something else" if start else "nothing"
        raise Unreachable(
            f"{self.source} answered with {what} instead of JSON (HTTP {self.status})",
            hint="is the base URL right? the login page of a proxy looks like this too",
        )


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")


class Busy(Temporary):
    """The server asks to wait for longer than the deadline allows, or again and again.

    `answer` is its last word, `when` says when to come back ("" when it did not say).
    """

    def __init__(self, message: str, answer: Answer, when: str) -> None:
        super().__init__(message, hint=f"try again {when or 'in a minute'}")
        self.answer = answer
        self.when = when


class Http:
    """The connections to one server; threads may share it. `name` is how errors call it."""

    def __init__(self, name: str, base_url: str, options: HttpOptions) -> None:
        self.name = name
        self.base_url = _checked_url(name, base_url)
        self._options = options
        self._client: httpx.Client | None = None
        self._lock = threading.Lock()
        self._tracing = threading.Lock()
        self._sleep: Callable[[float], None] = time.sleep
        self._clock: Callable[[], float] = time.monotonic
        self._now: Callable[[], float] = time.time

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = None

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        safe: bool | None = None,
        patience: float = 1,
    ) -> Answer:
        """Send one request, return the answer of any status but redirects.

        GET and HEAD are reads and repeated when that may help; anything else is a write and sent
        once, unless `safe` says that doing it twice does no harm. Raises Unreachable when it
        surely was not done, OutcomeUnknown when a write may have been, Busy when told to wait.
        A call with much to do in it may take `patience` times as long as another.
        """
        write = method not in READS if safe is None else not safe
        limit = self._options.timeout_seconds * patience
        deadline = self._clock() + limit
        client = self._opened()
        url = f"{self.base_url}/{path.lstrip('/')}"
        pairs: list[tuple[str, Any]] = list(
            params.items() if isinstance(params, Mapping) else params or ()
        )
        request = client.build_request(
            method, url, params=pairs, json=json, data=form, content=content, headers=headers
        )
        for attempt in itertools.count():
            answer = self._attempt(client, request, deadline, limit, write=write)
            final = attempt >= self._options.retries
            if isinstance(answer, PmctlError):
                if final or not self._waited(_backoff(attempt), deadline):
                    raise answer
                continue
            if answer.status not in (BUSY_FOR_WRITES if write else BUSY_FOR_READS):
                return self._usable(answer, request, write=write)
            asked = _asked_seconds(answer, self._now())
            if final or not self._waited(max(asked or 0.0, _backoff(attempt)), deadline):
                return self._given_up(answer, asked)
        raise AssertionError("unreachable")

    def _attempt(
        self,
        client: httpx.Client,
        request: httpx.Request,
        deadline: float,
        limit: float,
        *,
        write: bool,
    ) -> Answer | PmctlError:
        """Return the answer, or the error after which a repeat may help; raise the others."""
        import httpx

        try:
            return self._exchange(client, request, deadline)
        # UnicodeError: a host name with a label over 63 characters
        except (httpx.RequestError, UnicodeError) as exc:
            words, hint, hopeless = self._words(exc, limit)
            self._trace("!", words, {}, "")
            if not write or _unsent(exc):
                error = Unreachable(f"{self.name} gave no usable answer: {words}", hint=hint)
                error.__cause__ = exc
                if write or hopeless:
                    raise error from exc
                return error
            raise OutcomeUnknown(
                f"{self.name} may or may not have done {request.method} {request.url.path}: "
                f"{words}",
                hint="it was not sent again; look it up before you do",
            ) from exc

    def _exchange(self, client: httpx.Client, request: httpx.Request, deadline: float) -> Answer:
        import httpx

        began = self._clock()
        left = max(deadline - began, 0.001)
        connect = min(left, CONNECT_SECONDS)
        request.extensions["timeout"] = httpx.Timeout(left, connect=connect).as_dict()
        self._trace(">", f"{request.method} {url_shown(str(request.url))}",
                    request.headers, request.content.decode("utf-8", "replace"))  # fmt: skip
        response = client.send(request, stream=True)
        body = bytearray()
        try:
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise httpx.DecodingError("the answer is larger than 64 MB", request=request)
                # each read has a timeout of its own: a trickle would outlast the deadline
                if self._clock() > deadline:
                    raise httpx.ReadTimeout("the answer trickles", request=request)
        finally:
            response.close()
        text = body.decode("utf-8", "replace")
        spent = (self._clock() - began) * 1000
        self._trace("<", f"{response.status_code} in {spent:.0f} ms to {request.method} "
                    f"{url_shown(str(request.url))}", response.headers, text)  # fmt: skip
        return Answer(response.status_code, dict(response.headers), text, self.name)

    def _waited(self, seconds: float, deadline: float) -> bool:
        """Sleep, or return False at once when that would pass the deadline."""
        if self._clock() + seconds >= deadline:
            return False
        self._sleep(seconds)
        return True

    def _given_up(self, answer: Answer, asked: float | None) -> Answer:
        """A bad gateway is the caller's to explain; being told to wait is an error of its own."""
        if answer.status in (502, 504):
            return answer
        why = "too many requests" if answer.status == 429 else "not available now"
        when = "" if asked is None else _when(asked, self._now())
        raise Busy(f"{self.name} answered HTTP {answer.status}, {why}", answer, when)

    def _usable(self, answer: Answer, request: httpx.Request, *, write: bool) -> Answer:
        """Refuse what is no answer of the server itself. Redirects would carry the password off."""
        if answer.status == 407:
            raise Unreachable(
                f"the proxy before {self.name} asks for a login",
                hint="set HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT, or NO_PROXY for this host",
            )
        if not 300 <= answer.status < 400:
            return answer
        target = url_shown(answer.headers.get("location", "")) or "an unnamed place"
        # 302 and 303 may follow a write that was done; 301, 307 and 308 ask to send it elsewhere
        kind = OutcomeUnknown if write and answer.status in (302, 303) else Unreachable
        raise kind(
            f"{self.name} redirects {request.method} {request.url.path} to {target} "
            f"(HTTP {answer.status})",
            hint=f"correct the base URL: it is {self.base_url} now, and redirects are not followed",
        )

    def _words(self, exc: Exception, limit: float) -> tuple[str, str, bool]:
        """Return what happened, what to do, and whether a repeat is hopeless."""
        import socket
        import ssl

        import httpx

        hint = f"is {self.base_url} up, and the address right?"
        for cause in _causes(exc):
            if isinstance(cause, ssl.SSLCertVerificationError):
                words = tls.CERTIFICATE_WORDS.get(cause.verify_code, cause.verify_message)
                advice = "correct the certificate, or trust the authority with --ca-file FILE"
                return f"its TLS certificate {words}", advice, True
            if isinstance(cause, ssl.SSLError):
                return f"TLS failed: {cause.reason or cause}", "does this port speak HTTPS?", False
            if isinstance(cause, socket.gaierror):
                host = urlsplit(self.base_url).hostname
                return f"the name {host} is not known ({cause.strerror})", hint, False
        if isinstance(exc, httpx.ProxyError):
            return f"the proxy refused: {exc}", "see HTTPS_PROXY and NO_PROXY", False
        if isinstance(exc, httpx.ConnectTimeout):
            return "no connection in time", hint, False
        if isinstance(exc, httpx.TimeoutException):
            return (
                f"no answer within {limit:g} s",
                f"{hint} (--timeout)",
                False,
            )
        if isinstance(exc, httpx.ReadError | httpx.WriteError | httpx.RemoteProtocolError):
            return f"the connection was cut ({exc or type(exc).__name__})", hint, False
        hopeless = not isinstance(exc, httpx.NetworkError)
        return str(exc) or type(exc).__name__, hint, hopeless

    def _opened(self) -> httpx.Client:
        with self._lock:
            if self._client is None:
                self._client = self._open()
            return self._client

    def _open(self) -> httpx.Client:
        from http.cookiejar import CookieJar, DefaultCookiePolicy

        # None lets httpx do without its own command line, which loads all of rich and click
        sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
        import httpx

        secure = self.base_url.startswith("https://")
        try:
            return httpx.Client(
                verify=tls.context(
                    self._options.ca_file,
                    insecure=self._options.insecure,
                    fingerprint=self._options.fingerprint,
                )
                if secure
                else False,
                limits=httpx.Limits(
                    max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS
                ),
                headers={"User-Agent": f"pmctl/{__version__}", "Accept": "application/json"},
                # a session cookie would be one more credential, shared by all threads
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            )
        except (ValueError, ImportError, httpx.InvalidURL) as exc:
            raise ConfigError(
                f"the proxy named by the environment cannot be used: {url_shown(str(exc))}",
                hint="HTTPS_PROXY, HTTP_PROXY and ALL_PROXY look like http://HOST:PORT",
            ) from exc

    def _trace(self, mark: str, title: str, headers: Mapping[str, str], body: str) -> None:
        trace = self._options.trace
        if trace is None:
            return
        lines = [
            title,
            *(f"{name}: {shown(name, value)}" for name, value in headers.items()),
        ]
        if body:
            lines.append(body_shown(body, headers.get("content-type", "")))
        with self._tracing:  # the lines of one message stay together
            for line in lines:
                trace(f"{mark} {escaped(redact(line))}")


def _checked_url(name: str, url: str) -> str:
    """Return `url` without its last slash; ConfigError when it is not a plain base URL."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.query or parts.fragment or re.search(r"[\s\x00-\x1f\x7f]", url):
        raise ConfigError(
            f"the address of {name} is not usable: {url_shown(url) or '(empty)'}",
            hint="it looks like https://HOST or https://HOST:PORT/FOLDER",
        )
    if parts.username is not None:
        raise ConfigError(
            f"the address of {name} holds a user name or password: {url_shown(url)}",
            hint="keep the address plain; `pmctl config set-secret` stores passwords",
        )
    return url.rstrip("/")


def _unsent(exc: Exception) -> bool:
    """Whether the failure came before the first byte of the request was sent."""
    import httpx

    connecting = httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.ProxyError
    refused = httpx.UnsupportedProtocol | httpx.LocalProtocolError | UnicodeError
    return isinstance(exc, connecting | refused)


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    while exc is not None:
        yield exc
        exc = exc.__cause__ or exc.__context__


def _backoff(attempt: int) -> float:
    """Return the seconds to wait after attempt 0, 1, 2…; jittered, so that callers spread out."""
    import random

    return min(0.25 * 2.0**attempt, 8.0) * random.uniform(0.5, 1.0)  # noqa: S311


def _asked_seconds(answer: Answer, now: float) -> float | None:
    """Return how long the server asks to wait; None when it does not say.

    Retry-After is seconds or a date (RFC 9110, 10.2.3). Mautic 5.1.1 sends only
    X-RateLimit-Reset, in epoch seconds, and sends it with good answers as well.
    """
    from email.utils import parsedate_to_datetime

    after = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", after):
        return float(after)
    reset = answer.headers.get("x-ratelimit-reset", "").strip()
    try:
        if after:
            return max(0.0, parsedate_to_datetime(after).timestamp() - now)
    except (ValueError, OverflowError):
        pass
    if answer.status == 429 and re.fullmatch(r"[0-9]{1,12}", reset):
        return max(0.0, float(reset) - now)
    return None


def _when(seconds: float, now: float) -> str:
    """Return `in 90 s (after 14:03 UTC)`."""
    clock = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now + seconds + 59))
    amount = f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
    return f"in {amount} (after {clock})"
