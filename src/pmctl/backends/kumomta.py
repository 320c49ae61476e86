"""KumoMTA's HTTP listener as a wire: login, injection, liveness; no wishes of our own.

`POST /api/inject/v1` has no message id in its answer and no key against doing it twice, and its 200
may hold failures. So an injection is sent once, and a missing answer is an unknown outcome. Fields
and statuses as in the source of KumoMTA 2026.06; it refuses fields that it does not know.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pmctl.backends.kumomta_errors import SINCE, KumoFailed, error_of, is_unknown_field
from pmctl.errors import ConfigError, OutcomeUnknown, hide
from pmctl.http import Answer, Busy, Http

INJECT = "/api/inject/v1"
MOST_BYTES = 2 * 1024 * 1024  # request_body_limit of a listener that says nothing else
PATIENCE = 2.0  # times the time-out: the server lets a request sleep when its rate is reached
# A part of it would turn received_header on, and show the address of this machine to everybody.
TRACE_HEADERS = {"received_header": False, "supplemental_header": True}
_JINJA = ("{{", "{%", "{#")

Outcome = Literal["accepted", "refused", "unknown"]


@dataclass(frozen=True)
class Recipient:
    """One recipient. `metadata` goes into KumoMTA's log records (from 2026.05.12 on)."""

    email: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Injection:
    """One finished message (RFC 5322) for several recipients, with one envelope sender."""

    envelope_sender: str
    content: str
    recipients: tuple[Recipient, ...]


@dataclass(frozen=True)
class Injected:
    """What became of one recipient. Accepted means that it is in the queue of KumoMTA."""

    recipient: str
    outcome: Outcome
    reason: str = ""


class Kumomta:
    """One KumoMTA; threads may share it. Without a `user` no login is sent: it is refused unasked.

    `warnings` are what was left out for a server that is too old for it.
    """

    def __init__(
        self, http: Http, *, user: str = "", password: Callable[[], str] | None = None
    ) -> None:
        self._http = http
        self.user = user
        self._password = password
        self._login = ""
        self._lock = threading.Lock()
        self._lacks: set[str] = set()  # fields that this server does not know
        self.warnings: list[str] = []

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        return self._http.base_url

    def inject(self, injection: Injection) -> list[Injected]:
        """Hand over a message, once; return what became of each recipient, in their order.

        Raises KumoError when nothing was accepted, Unreachable when it was not even sent,
        OutcomeUnknown when it may have been accepted.
        """
        while True:
            body = request_of(injection, frozenset(self._lacks))
            answer = self._post(body)
            # a field that it does not know is refused before anything is done
            name = is_unknown_field(answer.text) if answer.status == 422 else ""
            if name not in ("metadata", "template_dialect") or name not in _names(body):
                return _outcomes(answer, injection, self.user)
            self._leave_out(name, injection, answer)

    def liveness(self) -> str:
        """Return "" when it takes mail, else its reason not to. Raises Unreachable, KumoError."""
        path = "/api/check-liveness/v1"
        try:
            answer = self._http.request("GET", path)
        except Busy as exc:
            answer = exc.answer
        said = answer.text.strip()
        if answer.status == 503 and said and not said.startswith("<"):
            return said.removeprefix("Error: ")
        if answer.status != 200:
            error = error_of(answer, user=self.user, what=f"GET {path}")
            if isinstance(error, OutcomeUnknown):  # nothing was to be done
                raise KumoFailed(f"{self._http.name} did not answer {path} (HTTP {answer.status})")
            raise error
        if said != "OK":
            raise KumoFailed(
                f"{self.url} answered {path} with something else than OK",
                hint="is kumomta.url the HTTP listener of a KumoMTA?",
            )
        return ""

    def _post(self, body: Mapping[str, Any]) -> Answer:
        data = encoded(body)
        headers = {"Content-Type": "application/json", **self._authorization()}
        return self._http.request(
            "POST", INJECT, content=data, headers=headers, safe=False, patience=PATIENCE
        )

    def _authorization(self) -> dict[str, str]:
        if not self.user:
            return {}
        with self._lock:
            if not self._login:
                self._login = f"Basic {self._pair()}"
            return {"Authorization": self._login}

    def _pair(self) -> str:
        import base64

        if self._password is None:
            raise ConfigError("kumomta.user is set, but no password")
        password = self._password()
        pair = base64.b64encode(f"{self.user}:{password}".encode()).decode()
        hide([password, pair])
        return pair

    def _leave_out(self, name: str, injection: Injection, answer: Answer) -> None:
        """Go on without a field that the server does not know, where that is harmless."""
        if name == "template_dialect" and any(mark in injection.content for mark in _JINJA):
            raise error_of(answer, user=self.user, what=f"POST {INJECT}")
        self._lacks.add(name)
        left = {
            "metadata": "its log has no send_id; the header X-Send-ID is there",
            "template_dialect": "the message holds nothing that it would take for a template",
        }
        self.warnings.append(
            f"this KumoMTA is older than {SINCE[name]} and does not know {name}: {left[name]}"
        )


def request_of(injection: Injection, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the body of the request, exactly the fields of its schema; `without` some of them."""
    if not injection.recipients:
        raise ValueError("no recipients: KumoMTA would say 200 and send nothing")
    recipients: list[dict[str, Any]] = [
        {"email": one.email}
        | ({"metadata": dict(one.metadata)} if one.metadata and "metadata" not in without else {})
        for one in injection.recipients
    ]
    body = {
        "envelope_sender": injection.envelope_sender,
        "recipients": recipients,
        "content": injection.content,
        "trace_headers": dict(TRACE_HEADERS),
        "template_dialect": "Static",
    }
    return {name: value for name, value in body.items() if name not in without}


def encoded(body: Mapping[str, Any]) -> bytes:
    """Return the request as it goes over the wire: JSON in UTF-8."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _names(body: Mapping[str, Any]) -> set[str]:
    return {*body, *(name for one in body["recipients"] for name in one)}


def _outcomes(answer: Answer, injection: Injection, user: str) -> list[Injected]:
    """Return what a 200 says of each recipient; raise the error of any other status."""
    what = f"POST {INJECT}"
    if answer.status != 200:
        raise error_of(answer, user=user, what=what)
    wanted = [one.email for one in injection.recipients]
    try:
        said = json.loads(answer.text)
        good, bad = int(said["success_count"]), int(said["fail_count"])
        failed, errors = list(said["failed_recipients"]), list(said["errors"])
    except (ValueError, TypeError, KeyError, RecursionError) as exc:
        raise OutcomeUnknown(
            f"{answer.source} answered {what} with HTTP 200 and something else than its result",
            hint="is kumomta.url right? nothing was sent again; --trace shows the answer",
        ) from exc
    return _rows(wanted, good, bad, failed, errors)


def _rows(
    wanted: Sequence[str], good: int, bad: int, failed: list[Any], errors: list[Any]
) -> list[Injected]:
    """Pair the failures with the recipients: `failed[i]` has the reason `errors[i]`."""
    reasons: dict[str, list[str]] = {}
    for number, name in enumerate(failed):
        reason = str(errors[number]) if number < len(errors) else "no reason was given"
        reasons.setdefault(str(name), []).append(reason.removeprefix(f"{name}: "))
    rows = []
    for name in wanted:
        if reasons.get(name):
            rows.append(Injected(name, "refused", reasons[name].pop(0)))
        else:
            rows.append(Injected(name, "accepted"))
    named = not any(reasons.values())  # every failure is one of ours
    if named and good == len(wanted) - len(failed) and bad == len(failed):
        return rows
    why = f"KumoMTA counted {good} accepted and {bad} refused of {len(wanted)}"
    return [
        row if row.outcome == "refused" else Injected(row.recipient, "unknown", why) for row in rows
    ]
