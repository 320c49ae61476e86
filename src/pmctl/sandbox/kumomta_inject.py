"""POST /api/inject/v1: a request, many messages."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

from pmctl.sandbox.kumomta_address import local_and_domain, of_envelope
from pmctl.sandbox.kumomta_log import Reply
from pmctl.sandbox.kumomta_message import Accepted
from pmctl.sandbox.kumomta_mime import Part, attachments, build, mailbox, ready
from pmctl.sandbox.kumomta_refusal import Refused, RejectedError
from pmctl.sandbox.kumomta_schema import Trace
from pmctl.sandbox.kumomta_store import GENERATOR, Store, refuse_by_policy
from pmctl.sandbox.kumomta_template import Templates, templates

Given = Mapping[str, Any]
_BODIES = {
    "text_body": ("text_body.txt", "text/plain"),
    "amp_html_body": ("amp_html_body.html", "text/x-amp-html"),
    "html_body": ("html_body.html", "text/html"),
}


def inject(store: Store, given: Given, who: str) -> dict[str, Any]:
    """Do what a checked request asks for; return the answer. Raises Refused for all of it."""
    if store.closed:
        raise Refused(503, f"Error: {store.closed}")
    try:
        of_envelope(given["envelope_sender"])
    except RejectedError as exc:
        raise Refused(500, f"Error: envelope_sender: {exc}") from None
    compiled = _Compiled(given)
    if not given["deferred_generation"]:
        return _each(store, given, compiled, who)
    _later(store, given, compiled, who)
    return {"success_count": 0, "fail_count": 0, "failed_recipients": [], "errors": []}


def _later(store: Store, given: Given, compiled: _Compiled, who: str) -> None:
    """Queue the request, and run it; what fails then is told nobody."""
    shown = {name: value for name, value in given.items() if name != "trace_headers"}
    meta = {**_meta(store, who), "queue": GENERATOR}
    request = store.new(given["envelope_sender"], "", json.dumps(shown).encode(), meta)
    with store.lock:
        peer = {"name": "", "addr": store.peer}
        store.log.add("Reception", request, Reply(250), request.created, peer_address=peer)
        _each(store, given, compiled, who)
        more = {"site": GENERATOR, "delivery_protocol": "HttpInjectionGenerator"}
        store.log.add("Delivery", request, Reply(200), store.clock.now(), **more)


def _each(store: Store, given: Given, compiled: _Compiled, who: str) -> dict[str, Any]:
    failed: dict[str, list[str]] = {"failed_recipients": [], "errors": []}
    done = 0
    for recipient in given["recipients"]:
        store.count("total_messages_received", "http_listener")
        try:
            _one(store, given, compiled, recipient, who)
            done += 1
        except RejectedError as exc:
            failed["failed_recipients"].append(recipient["email"])
            failed["errors"].append(f"{recipient['email']}: {exc}")
    return {"success_count": done, "fail_count": len(failed["errors"]), **failed}


def _one(store: Store, given: Given, compiled: _Compiled, recipient: Given, who: str) -> None:
    """Make, trace and queue the message of one recipient. Raises RejectedError."""
    email = recipient["email"]
    try:
        of_envelope(email)
    except RejectedError as exc:
        raise RejectedError(f"recipient email {email}: {exc}") from None
    trace: Trace = given["trace_headers"]
    message = store.new(given["envelope_sender"], email, b"", _meta(store, who))
    data = compiled.message(recipient)
    if recipient["metadata"]:
        message.meta["extra"] = recipient["metadata"]
    if trace.received_header:
        domain = of_envelope(message.sender)[1]
        data = (
            f"Received: from {domain} ({store.peer})\r\n  by sandbox.invalid (KumoMTA)\r\n"
            f"  with HTTP id {message.id} for <{email}>;\r\n  {formatdate()}\r\n"
        ).encode() + data
    message.data = data
    refuse_by_policy(store, email)
    message.meta |= policy_meta(message)
    if trace.supplemental_header:
        message.data = _reference(message, trace) + message.data
    store.insert(message)


def policy_meta(message: Accepted) -> dict[str, str]:
    """Return what the queues helper of KumoMTA takes from X-Tenant and X-Campaign."""
    if b"\nx-" not in (head := message.data.partition(b"\r\n\r\n")[0].lower()) and (
        not head.startswith(b"x-")
    ):
        return {}
    names = {"X-Tenant": "tenant", "X-Campaign": "campaign"}
    found = {name.title(): value for name, value in message.headers.items()}
    return {key: found[name] for name, key in names.items() if found.get(name)}


def _meta(store: Store, who: str) -> dict[str, Any]:
    return {
        "http_auth": who or store.peer,
        "reception_protocol": "HTTP",
        "received_from": store.peer,
    }


def _reference(message: Accepted, trace: Trace) -> bytes:
    """Return the header by which a complaint is led back to its recipient."""
    told: dict[str, Any] = {"_@_": "\\_/", "recipient": message.recipient}
    told |= {name: message.meta[name] for name in trace.include_meta_names if name in message.meta}
    value = base64.b64encode(json.dumps(told, separators=(",", ":")).encode()).decode()
    return f"{trace.header_name}: {value}\r\n".encode()


class _Compiled:
    """The templates and attachments of a request, parsed once. Raises Refused: 422."""

    def __init__(self, given: Given) -> None:
        self._content = given["content"]
        self._shared = given["substitutions"]
        self._templates: Templates = templates(given["template_dialect"])
        self._headers: list[str] = []
        self._attached: list[Part] = []
        if isinstance(self._content, str):
            self._templates.add("content", self._content, "'content'")
        else:
            self._compile(self._content)

    def _compile(self, content: Given) -> None:
        headers = _with_shortcuts(content)
        if content["text_body"] is None and content["html_body"] is None:
            raise Refused(422, "Error: at least one of text_body and/or html_body must be given")
        for field, (name, _) in _BODIES.items():
            if content[field] is not None:
                self._templates.add(name, content[field], f"'content.{field}'")
        for name, source in sorted(headers.items()):
            self._templates.add(f"headers[{name}]", source, f"headers['{name}']")
            self._headers.append(name)
        self._attached = attachments(content["attachments"])

    def message(self, recipient: Given) -> bytes:
        """Return the mail of one recipient. Raises RejectedError."""
        values = {**self._shared, "email": recipient["email"]}
        if recipient["name"] is not None:
            values["name"] = recipient["name"]
        to = mailbox(recipient["email"], recipient["name"])
        values = {**values, "to_header": to, **recipient["substitutions"]}
        if isinstance(self._content, str):
            return ready(self._templates.render("content", values))
        bodies = {
            kind: self._templates.render(name, values)
            for field, (name, kind) in _BODIES.items()
            if self._content[field] is not None
        }
        headers = [(name, self._templates.render(f"headers[{name}]", values))
                   for name in self._headers]  # fmt: skip
        if "to" not in {name.lower() for name in self._headers}:
            headers.append(("To", to))
        return build(headers, bodies, self._attached)


def _with_shortcuts(content: Given) -> dict[str, str]:
    """Return the headers with from, reply_to and subject put over those of the same name."""
    headers = dict(content["headers"])
    for field, name in (("from", "From"), ("reply_to", "Reply-To")):
        person = content[field]
        if person is None:
            continue
        try:
            local_and_domain(person["email"])
        except RejectedError as exc:
            raise Refused(422, f"Error: failed parsing content.{field}: {exc}") from None
        headers[name] = mailbox(person["email"], person["name"])
    if content["subject"] is not None:
        headers["Subject"] = content["subject"]
    return headers
