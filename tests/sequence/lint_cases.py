"""For each lint rule a sequence that breaks it and nothing else, and a near miss."""

from __future__ import annotations

from typing import Any

Case = tuple[dict[str, Any], dict[str, Any]]  # (breaks the rule, near miss)

SENDER = {"name": "Ana", "address": "ana@mail.example.com"}
WINDOW = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00"}
SEND = {"from": SENDER, "reply_to": "ana@example.com", "window": WINDOW}
OUT = "{unsubscribe_text}"
GUIDE = "Read [the guide](https://example.com/guide) first.\n\n"
WORDS = "one two three four five six seven eight nine ten " * 3
HTML = '<p>{}</p><p><a href="{{unsubscribe_url}}">Unsubscribe</a></p>'


def sequence(*steps: Any, **others: Any) -> dict[str, Any]:
    """A sequence in which no rule finds anything, unless the steps bring it."""
    return {
        "version": 1,
        "key": "trial",
        "name": "Trial",
        "audience": {"segments": ["trials"]},
        "send": SEND,
        "steps": list(steps),
        **others,
    }


def mail(name: str = "offer", more: str = "", **others: Any) -> dict[str, Any]:
    """An email step that no rule minds; `more` stands between greeting and way out."""
    return {
        "email": name,
        "subject": f"About {name}",
        "preheader": "What is new this week",
        "body": f"Hi {{{{ firstname | there }}}},\n\n{GUIDE}{more}\n\n{OUT}",
        **others,
    }


def html(inner: str, **others: Any) -> dict[str, Any]:
    """An email step with an HTML body."""
    return mail(body={"html": HTML.format(inner)}, **others)


def receipt(**others: Any) -> dict[str, Any]:
    """A transactional email step."""
    consent = {"transactional": "receipt of a payment"}
    return mail("receipt", body=GUIDE, consent=consent, **others)


def clicked(*then: Any) -> list[Any]:
    """A marketing mail, and what happens at a click in it."""
    return [mail(), {"on": "clicked", "url": "https://example.com/buy", "then": list(then)}]


def send(**others: Any) -> dict[str, Any]:
    """The defaults of a sequence that no rule minds, with others in place."""
    return {"send": {**SEND, **others}}


def field(**test: Any) -> dict[str, Any]:
    """A question about the city, with something on its yes-branch."""
    return {"if": {"field": "city", **test}, "then": [{"tag": {"add": ["local"]}}]}


def ab(one: str, two: str) -> dict[str, Any]:
    """An A/B email whose variants differ in the subject, if at all."""
    text = {key: value for key, value in mail().items() if key in ("preheader", "body")}
    variants = [
        {"id": "a", "subject": one, **text},
        {"id": "b", "weight": 50, "subject": two, **text},
    ]
    return {"email": "offer", "variants": variants}


VIP = {"if": {"tag": "vip"}, "then": [{"tag": {"add": ["a"]}}]}


VIP_LEAVES = {"if": {"tag": "vip"}, "then": [{"stop": True}]}
LIMITED = {"limits": {"max_emails_per_contact": 3}}


def asked_twice(between: list[Any]) -> dict[str, Any]:
    """The question VIP, and in its no-branch, after some steps, the same once more."""
    return {"if": {"tag": "vip"}, "else": [*between, VIP]}


CASES: dict[str, Case] = {
    "no-unsubscribe": (
        sequence(mail(body=GUIDE)),
        sequence(mail(body=f"{GUIDE}[Enough]({{unsubscribe_url}})")),
    ),
    "text-unsubscribe": (
        sequence(mail(text="Read the guide.")),
        sequence(mail(text="Read the guide. {unsubscribe_url}")),
    ),
    "transactional-unasked": (
        sequence(receipt()),
        sequence(*clicked(receipt())),
    ),
    "transactional-marketing": (
        sequence(*clicked(receipt(utm={"source": "mautic"}))),
        sequence(*clicked(receipt(), {"wait": "2d"}, mail("more", utm={"source": "mautic"}))),
    ),
    "transactional-promise": (
        sequence(*clicked(receipt(text="Enough? {unsubscribe_url}") | {"body": f"{GUIDE}{OUT}"})),
        sequence(*clicked(receipt(text="Paid."))),
    ),
    "many-mails": (
        sequence(*(s for n in range(5) for s in (mail(f"m{n}"), {"wait": "1d"})), VIP),
        sequence(*(s for n in range(5) for s in (mail(f"m{n}"), {"wait": "2d"})), VIP),
    ),
    "close-mails": (
        sequence(mail("one"), {"wait": "2h"}, mail("two")),
        sequence(*clicked({"wait": "2h"}, mail("two"))),
    ),
    "any-hour": (
        sequence(mail("one"), {"wait": "3h"}, {"tag": {"add": ["a"]}}, {"wait": "2d"},
                 mail("two"), **send(window=None)),
        sequence(mail("one"), {"wait": {"for": "2d", "until": "09:30"}}, mail("two"),
                 {"wait": "2d"}, mail("three"), **send(window=None)),
    ),
    "narrow-window": (
        sequence(mail(), **send(window={"from": "09:00", "to": "09:30"})),
        sequence(mail(), **send(window={"from": "09:00", "to": "10:00"})),
    ),
    "robot-stops": (
        sequence(mail(), stop_on=["open"]),
        sequence(mail(), stop_on=[{"click": "https://example.com/book*"}]),
    ),
    "reentry-once": (
        sequence(mail(), reentry="allowed"),
        sequence({"tag": {"add": ["a"]}}, reentry="allowed"),
    ),
    "same-question": (
        sequence(asked_twice([])),
        sequence(asked_twice([{"wait": "1d"}])),
    ),
    "like-percent": (sequence(field(like="Berlin")), sequence(field(like="Berl%"))),
    "empty-field": (
        sequence(field(is_not="Berlin")),
        sequence({"if": {"field": "city", "empty": False}, "then": [field(is_not="Berlin")]}),
    ),
    "dnc-flows-on": (
        sequence(mail(), {"wait": "2d"}, {"segment": {"add": ["cold"]}}),
        sequence(mail(), {"wait": "2d"}, {"segment": {"remove": ["cold"]}}),
    ),
    "goto-rotation": (
        sequence(mail(), {"wait": "2d"}, VIP_LEAVES, {"goto": "offer"}, **LIMITED,
                 stop_on=["reply"]),
        sequence(mail(), {"wait": "2d"}, VIP_LEAVES, {"goto": "offer"}, **LIMITED),
    ),
    "subject-empty": (
        sequence(mail(subject="{{ email }}!")),
        sequence(mail(subject="{{ firstname | You }}!")),
    ),
    "subject-long": (
        sequence(mail(subject="Ten words " * 8)),
        sequence(mail(subject="{{ company_that_has_a_field_of_a_very_long_name | You }} " * 3)),
    ),
    "subject-shouts": (
        sequence(mail(subject="READ THIS NOW")),
        sequence(mail(subject="NASA and ESA!")),
    ),
    "subject-reply": (
        sequence(mail(subject="Re: your question")),
        sequence(mail(subject="Regarding your question")),
    ),
    "subject-twice": (
        sequence(mail("one"), {"wait": "2d"}, mail("two", subject="About one")),
        sequence(mail("one"), {"wait": "2d"}, mail("two", subject="About one, again")),
    ),
    "no-preheader": (sequence(mail(preheader=None)), sequence(mail(preheader="Two minutes"))),
    "preheader-repeats": (
        sequence(mail(preheader="About offer.")),
        sequence(mail(preheader="About offers, for you")),
    ),
    "same-variants": (
        sequence(ab("About numbers", "About numbers")),
        sequence(ab("About numbers", "About figures")),
    ),
    "mail-size": (
        sequence(mail(more="word " * 21_000)),
        sequence(mail(more="word " * 19_000)),
    ),
    "image-only": (
        sequence(html('<img src="https://example.com/a.png" alt="Our offer">')),
        sequence(html(f'<img src="https://example.com/a.png" alt="Our offer">{WORDS}')),
    ),
    "no-text": (
        sequence(mail(text="{unsubscribe_url}")),
        sequence(mail(text="Enough? {unsubscribe_url}")),
    ),
    "no-alt": (
        sequence(html(f'{WORDS}<img src="https://example.com/a.png">')),
        sequence(html(f'{WORDS}<img src="https://example.com/a.png" alt="">'
                      '<img src="https://example.com/b.png" width="1">')),
    ),
    "active-content": (
        sequence(html('Hello <form action="https://example.com/"></form>')),
        sequence(html("Hello &lt;form&gt;")),
    ),
    "no-fallback": (
        sequence(mail(more="Dear {{ lastname }},")),
        sequence(mail(more="You are {{ email }}, "
                           "[see](https://example.com/?n={{ lastname | urlencode }}).")),
    ),
    "encoded-text": (
        sequence(mail(more="Dear {{ lastname | urlencode }},")),
        sequence(mail(more="[see](https://example.com/?n={{ lastname | urlencode }})")),
    ),
    "unknown-token": (
        sequence(mail(more="Dear {firstname},")),
        sequence(mail(more="Write `{firstname}`. {webview_text} {ownerfield=firstname}")),
    ),
    "dead-link": (
        sequence(mail(more="[here](/pricing)")),
        sequence(mail(more="[here](https://example.com/pricing) [call](tel:+491234)")),
    ),
    "http-link": (
        sequence(mail(more="[here](http://example.com/pricing)")),
        sequence(mail(more="[here](https://example.com/?to=http://example.com)")),
    ),
    "link-shortener": (
        sequence(mail(more="[here](https://bit.ly/x)")),
        sequence(mail(more="[here](https://rabbit.ly/x)")),
    ),
    "http-webhook": (
        sequence({"webhook": {"url": "http://crm.example.com/x"}}),
        sequence({"webhook": {"url": "http://10.0.0.7/x"}},
                 {"webhook": {"url": "https://crm.example.com/x"}}),
    ),
    "many-links": (
        sequence(mail(more="[x](https://example.com/a) " * 20)),
        sequence(mail(more="[x](https://example.com/a) " * 19)),
    ),
    "links-elsewhere": (
        sequence(mail(body=f"[x](https://example.net/a)\n\n{OUT}")),
        sequence(mail(body=f"[x](https://www.example.com/a) [y](https://example.net)\n\n{OUT}")),
    ),
    "reply-elsewhere": (
        sequence(mail(), **send(reply_to="ana@example.net")),
        sequence(mail(), **send(reply_to="ana@help.example.com")),
    ),
    "freemail-from": (
        sequence(mail(), **send(**{"from": {"name": "Ana", "address": "ana@gmail.com"}},
                                reply_to="ana@gmail.com")),
        sequence(mail(), **send(reply_to=None)),
    ),
}  # fmt: skip
