"""Exchanges recorded with a running HestiaCP 1.9.9, played again in the order of their clock.

One panel lives through all of them: what a recording changed is there for those after it, and
what was done meanwhile without being recorded is in `hestia_meanwhile`.
"""

from __future__ import annotations

import datetime
import gzip
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from pmctl.sandbox.hestia_sandbox import API_HASH, HestiaSandbox
from pmctl.sandbox.hestia_store import Key
from pmctl.sandbox.request import Request
from pmctl.sandbox.wires import Sent

FILE = Path(__file__).parents[1] / "data" / "hestia" / "recorded.jsonl"
DAY = datetime.date(2026, 11, 22)
OF_ALICE = "KeyOfAliceForTwoJobs"  # made meanwhile
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Recording:
    """One exchange as it was recorded; credentials and long runs of a letter are placeholders."""

    case: str
    at: datetime.datetime
    request: Mapping[str, Any]
    response: Mapping[str, Any]

    @property
    def group(self) -> str:
        """The first word of its name."""
        return self.case.partition("-")[0]


@cache
def recordings() -> tuple[Recording, ...]:
    """Every recording, in the order of the clock."""
    return tuple(
        _recording(json.loads(line)) for line in FILE.read_text("utf-8").split("\n") if line
    )


def _recording(row: Mapping[str, Any]) -> Recording:
    at = datetime.datetime.combine(DAY, datetime.time.fromisoformat(row["at"]))
    return Recording(row["case"], at, row["request"], row["response"])


@dataclass(frozen=True)
class Shown:
    """What of an answer is compared."""

    status: int
    code: str | None
    kind: str
    body: str


Meanwhile = Mapping[str, list[tuple[str, ...] | Callable[[HestiaSandbox], object]]]


class Play:
    """A panel that lives through the recordings."""

    def __init__(self, meanwhile: Meanwhile) -> None:
        self.panel = HestiaSandbox()
        self.meanwhile = meanwhile
        panel = self.panel
        panel.store.keys["BbsecondKeyOfTheLab0"] = Key(
            panel.secret_key, "admin", comment="full", stamp=panel.store.stamp()
        )
        panel.store.keys[panel.access_key].comment = "fullkey"
        panel.store.keys[OF_ALICE] = Key(
            OF_ALICE * 2, "alice", ("mail-accounts", "update-dns-records"), "multi",
            panel.store.stamp(),
        )  # fmt: skip
        self.known = {
            "<SECRET_alice_multi>": OF_ALICE * 2, "<KEY_alice_multi>": OF_ALICE,
            "<ACCESS_KEY>": panel.access_key, "<SECRET_KEY>": panel.secret_key,
            "<ACCESS_KEY_2>": "BbsecondKeyOfTheLab0", "<API_HASH>": API_HASH,
            "<ADMIN_PASSWORD>": panel.password,
        }  # fmt: skip

    def run(self) -> Iterator[tuple[Recording, Shown, Shown]]:
        """Yield every recording with what it says and what the stand-in says."""
        for one in recordings():
            self.panel.store.clock = lambda at=one.at: at  # type: ignore[misc]
            for step in self.meanwhile.get(one.case, []):
                if callable(step):
                    step(self.panel)
                else:
                    self.panel.do(step[0], *step[1:])
            sent = self.panel.hestia.answer(self.request(one))
            self.learn(one, sent)
            yield one, recorded(one), self.shown(one, sent)

    def request(self, one: Recording) -> Request:
        """Return a recorded request with credentials that are right here."""
        asked = one.request
        kind = asked.get("type", FORM)
        if "form" in asked:
            fields = [(name, self.filled(value)) for name, value in asked["form"]]
            body = urlencode(fields)
        elif "json" in asked:
            body = self.filled(json.dumps(asked["json"]))
        else:
            body = self.filled(asked.get("raw_body") or "", quoted=kind == FORM)
        headers = {"content-type": kind}
        if one.response.get("content-encoding"):
            headers["accept-encoding"] = one.response["content-encoding"]
        return Request(asked["method"], self.filled(asked["url"]), headers, body.encode())

    def filled(self, text: str, *, quoted: bool = False) -> str:
        """Put in what placeholders stand for."""
        for name, value in self.known.items():
            text = text.replace(name, quote(value, safe="") if quoted else value)
        return unrolled(text)

    def learn(self, one: Recording, sent: Sent) -> None:
        """Remember a key that the panel made, by the name that the recording has for it."""
        names = re.findall(r'_KEY(?:_ID)?": "(<\w+>)"', str(one.response["body"]))
        values = re.findall(r'_KEY(?:_ID)?": "([^"]+)"', sent.body.decode("utf-8", "replace"))
        for name, value in zip(names, values, strict=False):
            self.known.setdefault(name, value)

    def shown(self, one: Recording, sent: Sent) -> Shown:
        """Return what of an answer is compared."""
        body = gzip.decompress(sent.body) if "Content-Encoding" in sent.headers else sent.body
        text = "" if one.request["method"] == "HEAD" else body.decode("utf-8", "surrogateescape")
        code = sent.headers.get("Hestia-Exit-Code")
        for name, value in self.known.items():
            text = text.replace(value, name)
        if "<html" in text:
            text = _title(text)
        return Shown(sent.status, code, sent.content_type, masked(text))


def recorded(one: Recording) -> Shown:
    """Return what of a recorded answer is compared."""
    answer = one.response
    body = answer["body"]
    text = body["title"] if isinstance(body, dict) else unrolled(body or "")
    if answer.get("encoding") == "latin-1":
        text = text.encode("latin-1").decode("utf-8", "surrogateescape")
    code = answer.get("hestia-exit-code")
    return Shown(answer["status"], code, answer["content-type"], masked(text))


def _title(page: str) -> str:
    found = re.search("<title>(.*?)</title>", page)
    return found[1] if found else page


def unrolled(text: str) -> str:
    """Write out `<x*300>`, three hundred times x."""
    return re.sub(r"<(\w)\*(\d+)>", lambda found: found[1] * int(found[2]), text)


def masked(text: str) -> str:
    """Take out what no two panels have in common: times, days, generated keys."""
    text = re.sub(r"\b\d\d:\d\d:\d\d\b", "<time>", text)
    text = re.sub(r"\b20\d\d-\d\d-\d\d\b", "<day>", text)
    text = re.sub(r'"SERIAL": "\d+"', '"SERIAL": "<serial>"', text)
    text = re.sub(r"(?<=\t)([A-Za-z0-9]{16}|<RKEY>)(?=\t)", "<key>", text)
    text = re.sub(r"(?<=\trunning\t)[\d.]+", "<cpu>", text)
    text = re.sub(r'"RKEY": "[^"]*"', '"RKEY": "<key>"', text)
    text = re.sub(r"-----BEGIN (\w+) KEY-----.*?-----END", r"\1 <key> END", text)
    return re.sub(r"[A-Za-z0-9+/=]{150,}", "<long>", text)
