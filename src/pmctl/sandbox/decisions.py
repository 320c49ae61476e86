"""What a contact does, and the campaigns that were waiting for it: opens, clicks, replies, visits.

The yes-path of a decision runs in the same moment, before the caller has its answer.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from typing import Any

from pmctl.sandbox import membership
from pmctl.sandbox.clock import sql
from pmctl.sandbox.engine import Run
from pmctl.sandbox.hook_items import AGENT
from pmctl.sandbox.journal import Journal
from pmctl.sandbox.php import serialize
from pmctl.sandbox.sending import family, published
from pmctl.sandbox.store import Entity, Store
from pmctl.sandbox.urls import matches

Given = dict[str, Any]
# the properties of a decision and those of the step above it (None: a root)
Applies = Callable[[Given, Entity | None], bool]


def opened(store: Store, stat: Entity, agent: str = AGENT) -> None:
    """The tracking pixel of a mail was loaded: every time an open, and a decision's chance."""
    with store.lock:
        moment = sql(store.clock.now())
        stat["open_count"] = str(int(stat["open_count"]) + 1)
        stat["date_read"] = stat["date_read"] or moment
        if stat["is_read"] == "0":
            store.emails[int(stat["email_id"])]["readCount"] += 1
        stat.update(is_read="1", last_opened=moment)
        details = store.opens.setdefault(stat["id"], [])
        details.append({"datetime": moment, "useragent": agent, "inBrowser": False})
        stat["open_details"] = serialize(details)
        store.tell("email_on_open", stat=stat)
        _decide(store, int(stat["lead_id"]), "email.open", _of_mail(store, stat))


def clicked(store: Store, stat: Entity, url: str, agent: str = AGENT) -> None:
    """A link of a mail was followed; who has not opened the mail has done so now."""
    with store.lock:
        if stat["is_read"] == "0":
            opened(store, stat, agent)
        under = _of_mail(store, stat)

        def applies(given: Given, parent: Entity | None) -> bool:
            urls = [str(one) for one in (given.get("urls") or {}).get("list") or []]
            return under(given, parent) and (not urls or any(matches(one, url) for one in urls))

        _hit(store, int(stat["lead_id"]), url, _through(stat), agent, email_id=stat["email_id"])
        _decide(store, int(stat["lead_id"]), "email.click", applies)
        _visited(store, int(stat["lead_id"]), url, page=None)


def replied(store: Store, stat: Entity) -> None:
    """A reply came in: the mail counts as read, and every reply is a row of its own."""
    with store.lock:
        moment = sql(store.clock.now())
        stat.update(is_read="1", date_read=stat["date_read"] or moment)
        message = f"api-{secrets.token_hex(5)}"
        reply = {"id": str(uuid.uuid4()), "stat_id": stat["id"], "date_replied": moment}
        store.replies.append({**reply, "message_id": message})
        _decide(store, int(stat["lead_id"]), "email.reply", _of_mail(store, stat))


def visited(store: Store, contact: int, url: str, *, page: int | None = None) -> None:
    """A contact looked at a page, tracked by its address or as a landing page of Mautic."""
    with store.lock:
        _hit(store, contact, url, page_id=None if page is None else str(page))
        _visited(store, contact, url, page)


def _visited(store: Store, contact: int, url: str, page: int | None) -> None:
    def applies(given: Given, _: Entity | None) -> bool:
        pages, address = _ids(given.get("pages")), str(given.get("url") or "")
        if not pages and not address:
            return True
        return (page is not None and page in pages) or bool(address and matches(address, url))

    _decide(store, contact, "page.pagehit", applies)


def submitted(store: Store, contact: int, form: int) -> None:
    """A contact sent a form: it joins the campaigns that the form is a source of."""
    with store.lock:
        row = {"id": str(store.next_id("submissions")), "form_id": str(form)}
        moment = sql(store.clock.now())
        store.submissions.append({**row, "lead_id": str(contact), "date_submitted": moment})
        store.tell("form_on_submit", submission=store.submissions[-1])
        for campaign in list(store.campaigns.values()):
            if form in campaign["forms"] and published(campaign, store.clock.now()):
                membership.join(Journal(store, contact), campaign, contact, manually=True)

        def applies(given: Given, _: Entity | None) -> bool:
            forms = _ids(given.get("forms"))
            return not forms or form in forms

        _decide(store, contact, "form.submit", applies)


def downloaded(store: Store, contact: int, asset: int) -> None:
    """A contact fetched an asset."""

    def applies(given: Given, _: Entity | None) -> bool:
        assets = _ids(given.get("assets"))
        return not assets or asset in assets

    with store.lock:
        _decide(store, contact, "asset.download", applies)


def _of_mail(store: Store, stat: Entity) -> Applies:
    """A decision about a mail must hang under the step that sends it, or one of its variants."""

    def applies(_: Given, parent: Entity | None) -> bool:
        if parent is None or parent["type"] != "email.send":
            return False
        properties = parent["properties"] if isinstance(parent["properties"], dict) else {}
        sent = properties.get("email")
        return str(sent).isdecimal() and int(stat["email_id"]) in family(store, int(str(sent)))

    return applies


def _decide(store: Store, contact: int, kind: str, applies: Applies) -> None:
    """Run the yes-paths of the open decisions of a kind that apply.

    Open is a decision of a published campaign that the contact is in, without a row of its own in
    this rotation, under a step that ran. All of them are found before the first one runs, so one
    that takes the contact out of the campaign does not stop the others.
    """
    journal = Journal(store, contact)
    for run, event in _open(journal, contact, kind):
        parent = run.by_id.get(event["parentId"])
        given = event["properties"] if isinstance(event["properties"], dict) else {}
        if run.on_path(event, contact) and applies(given, parent):
            channel = _channel(parent) if kind.startswith("email.") else {}
            member = run.member(contact)
            journal.write(event, member, system_triggered="0", **channel)
            run.go_on(run.below(event, "yes"), [contact])


def _open(journal: Journal, contact: int, kind: str) -> list[tuple[Run, Entity]]:
    found = []
    for campaign in list(journal.store.campaigns.values()):
        member = journal.store.member(campaign["id"], contact)
        if member is None or member["manually_removed"] == "1":
            continue
        run = Run(journal, campaign, system=False)
        if published(campaign, run.now):
            found += [(run, event) for event in run.events if _is_open(run, event, contact, kind)]
    return found


def _is_open(run: Run, event: Entity, contact: int, kind: str) -> bool:
    if event["type"] != kind or run.row(event, contact) is not None:
        return False
    parent = run.by_id.get(event["parentId"])
    row = None if parent is None else run.row(parent, contact)
    return parent is None or (row is not None and row["is_scheduled"] == "0")


def _channel(parent: Entity | None) -> dict[str, str]:
    key = None if parent is None else parent["channelId"]
    return {} if key is None else {"channel": "email", "channel_id": str(key)}


def _through(stat: Entity) -> Entity:
    """What a tracked link carries about its mail; numbers are texts in a query."""
    source = [stat["source"] or "email", stat["source_id"] or stat["email_id"]]
    mail = {"source": source, "email": stat["email_id"], "stat": stat["tracking_hash"]}
    return {**mail, "lead": stat["lead_id"], "channel": {"email": stat["email_id"]}}


def _hit(
    store: Store,
    contact: int,
    url: str,
    through: Entity | None = None,
    agent: str = AGENT,
    **more: str | None,
) -> None:
    moment = sql(store.clock.now())
    query: Entity = {"page_url": url} if through is None else {"ct": through, "page_url": url}
    email = more.get("email_id")
    row = {
        "id": str(store.next_id("hits")),
        "lead_id": str(contact),
        "url": url,
        "date_hit": moment,
        "code": "200",
        "user_agent": agent,
        "tracking_id": secrets.token_hex(12)[:23],
        "source": None if email is None else "email",
        "source_id": email,
        "query": serialize(query),
        **more,
    }
    store.hits.append(row)
    store.tell("page_on_hit", hit=row, query=query)
    if email is not None:
        store.tell("lead_post_save_update", contact=contact)


def _ids(values: Any) -> list[int]:
    several = values if isinstance(values, list) else [values]
    return [int(value) for value in several if str(value).isdecimal()]
