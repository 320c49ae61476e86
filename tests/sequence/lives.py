"""Campaigns as Mautic would hold them: compiled sequences put into the stand-in's store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from pmctl.errors import InputProblems
from pmctl.sandbox import campaign as campaigns
from pmctl.sandbox import mail as emails
from pmctl.sandbox.store import Store, seeded
from pmctl.sequence import live, payload, split
from pmctl.sequence.compile import Compiled, compile_text
from pmctl.sequence.live import LiveCampaign
from pmctl.sequence.payload import Desired, Names

ENV = "production"


def no_file(name: str) -> str:
    raise FileNotFoundError(name)


def compiled(said: Mapping[str, Any]) -> Compiled | None:
    """The sequence, compiled; None for one that is refused (more than 300 events)."""
    text = yaml.safe_dump(dict(said), sort_keys=False, allow_unicode=True)
    try:
        return compile_text("random.yaml", text, no_file, {})
    except InputProblems:
        return None


class Held:
    """What a stand-in holds of one sequence after it was applied."""

    def __init__(self, want: Desired) -> None:
        self.store = seeded()
        self.names = _named(self.store, want)
        mails: dict[str, int | str] = {}
        for mail in want.mails:
            body = payload.mail_body(want, mail, ENV)
            if mail.share and mail.parent:
                body |= split.settings(mail.share, int(mails[mail.parent]))
            mails[mail.step] = emails.create(self.store, body).body["email"]["id"]
        names = self.names.plus("email", mails)
        body = payload.campaign_body(want, ENV, names, ids={}, published=want.published)
        self.id: int = campaigns.create(self.store, body).body["campaign"]["id"]

    @property
    def raw(self) -> dict[str, Any]:
        """The campaign as a GET shows it."""
        found: dict[str, Any] = campaigns.one(self.store, self.id).body["campaign"]
        return found

    @property
    def campaign(self) -> LiveCampaign:
        """The campaign as it is."""
        return live.campaign(self.raw)

    @property
    def mails(self) -> dict[int, Mapping[str, Any]]:
        """Every email by id."""
        return {key: emails.one(self.store, key).body["email"] for key in self.store.emails}

    def edit(self, **fields: Any) -> None:
        """Save the campaign as the builder does: what was read, with some fields changed."""
        campaigns.edit(self.store, self.id, {**self.raw, **fields}, "PUT")


def _named(store: Store, want: Desired) -> Names:
    """Give everything that the sequence names an id; segments and forms really exist."""
    ids: dict[str, dict[str, int | str]] = {}
    number = 1000
    for kind, names in want.needs.items():
        for name in names:
            number += 1
            ids.setdefault(kind, {})[name] = number
            table = {"segment": store.segments, "form": store.forms}.get(kind)
            if table is not None:
                first = next(iter(table.values()))
                table[number] = {**first, "id": number, "alias": name, "name": name}
    return Names(ids)
