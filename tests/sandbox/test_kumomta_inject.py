"""What the stand-in KumoMTA takes over HTTP, what of it it refuses, and what it makes of it."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from email import policy
from email.parser import BytesParser
from typing import Any

import pytest

from pmctl.sandbox.kumomta_sandbox import KumoSandbox
from tests.kumo_asking import BASIC, INJECT, ask, inject, post

PATH = "/api/inject/v1"
WRONG = "Failed to deserialize the JSON body into the target type: "


def parsed(kumo: KumoSandbox, number: int = 0) -> Any:
    """One accepted mail, by a parser that is not the stand-in's."""
    return BytesParser(policy=policy.default).parsebytes(kumo.accepted[number].data)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"envelop_sender": "a@b.c"}, ("envelop_sender: unknown field `envelop_sender`, expected "
         "one of `envelope_sender`, `recipients`, `content`, `substitutions`, `deferred_spool`, "
         "`deferred_generation`, `trace_headers`, `template_dialect` at line 1 column ")),
        ({"envelope_sender": None}, "missing field `envelope_sender` at line 1 column "),
        ({"recipients": None}, "missing field `recipients` at line 1 column "),
        ({"recipients": {}}, "recipients: invalid type: map, expected a sequence at"),
        ({"recipients": [{"name": "x"}]}, "recipients[0]: missing field `email` at"),
        ({"recipients": [{"email": "a@b.c", "x": 1}]}, ("recipients[0].x: unknown field `x`, "
         "expected one of `email`, `name`, `substitutions`, `metadata` at")),
        ({"recipients": [{"email": 3}]}, ("recipients[0].email: invalid type: integer `3`, expected"
         " a string at")),
        ({"deferred_spool": "yes"}, ('deferred_spool: invalid type: string "yes", expected a '
         "boolean at")),
        ({"substitutions": []}, "substitutions: invalid type: sequence, expected a map at"),
        ({"template_dialect": "jinja"}, ("template_dialect: unknown variant `jinja`, expected one "
         "of `Jinja`, `Static`, `Handlebars` at")),
        ({"trace_headers": {"include_meta_names": {}}}, ("trace_headers.include_meta_names: "
         "invalid type: map, expected a sequence at")),
        ({"trace_headers": {"received": True}}, "trace_headers.received: unknown field"),
        ({"content": {"html": "x"}}, ("content: data did not match any variant of untagged enum "
         "Content at")),
        ({"content": {"text_body": "x", "attachments": [{"data": "x"}]}}, "content: data did not"),
        ({"content": 1.5}, "content: data did not match any variant"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_a_422_that_names_it(
    kumo: KumoSandbox, changes: dict[str, Any], words: str
) -> None:
    answer = inject(kumo, **changes)

    assert answer.status == 422
    assert answer.text.startswith(WRONG + words)
    assert kumo.accepted == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "EOF while parsing a value at line 1 column 0"),
        (b'{"content": "a', "EOF while parsing a string at line 1 column 14"),
        (b"{'a': 1}", "expected value at line 1 column 2"),
        (b'{"a":\n nope}', "expected value at line 2 column 2"),
        (b'{"content": NaN}', ""),
        (b"\xff", "invalid unicode"),
    ],
)
def test_what_is_no_json_is_a_400(kumo: KumoSandbox, body: bytes, words: str) -> None:
    answer = ask(kumo, "POST", PATH, body, {"Content-Type": "application/json"})

    assert answer.status == 400
    assert answer.text.startswith(f"Failed to parse the request body as JSON: {words}")


def test_a_recipient_fails_alone_and_errors_go_by_their_order(kumo: KumoSandbox) -> None:
    names = ["ana@example.org", "no address", "permfail@example.org", "bo@example.org", "@x", "c@"]
    answer = inject(kumo, recipients=[{"email": name} for name in names])

    assert answer.status == 200
    assert (answer.json["success_count"], answer.json["fail_count"]) == (2, 4)
    assert answer.json["failed_recipients"] == [names[1], names[2], names[4], names[5]]
    assert [error.partition(": ")[0] for error in answer.json["errors"]] == [
        names[1], names[2], names[4], names[5],
    ]  # fmt: skip
    assert answer.json["errors"][1] == "permfail@example.org: permfail requested"
    assert [one.recipient for one in kumo.accepted] == ["ana@example.org", "bo@example.org"]


def test_a_template_error_is_a_422_with_its_line(kumo: KumoSandbox) -> None:
    """The text is that of KumoMTA's own test."""
    answer = inject(kumo, content={"text_body": "Hello {{name}}, your code is {{code"})

    assert (answer.status, answer.text) == (
        422,
        (
            "Error: failed parsing field 'content.text_body' as template: syntax error: unexpected "
            "end of input, expected end of variable block (in template 'text_body.txt' line 1: "
            "'Hello {{name}}, your code is {{code')"
        ),
    )
    header = inject(kumo, content={"text_body": "x", "headers": {"X-Woot": "{{ First Name }}"}})
    assert header.text == (
        "Error: failed parsing field headers['X-Woot'] as template: syntax error: unexpected "
        "identifier, expected end of variable block (in template 'headers[X-Woot]' line 1: "
        "'{{ First Name }}')"
    )
    assert kumo.accepted == []


def test_css_in_a_ready_message_is_a_template_unless_static(kumo: KumoSandbox) -> None:
    content = "Subject: x\n\n<style>{#id{color:red}}</style>"

    assert inject(kumo, content=content).status == 422
    assert inject(kumo, content=content, template_dialect="Static").status == 200
    assert b"{#id{color:red}}" in kumo.accepted[0].data


def test_what_is_missing_is_empty_and_an_attribute_of_it_fails_its_recipient(
    kumo: KumoSandbox,
) -> None:
    answer = inject(
        kumo,
        content="Subject: {{ nme }}!\n\n{{ user.plan }}",
        recipients=[{"email": "a@example.org"},
                    {"email": "b@example.org", "substitutions": {"user": {"plan": "gold"}}}],
    )  # fmt: skip

    assert answer.json["errors"] == ["a@example.org: undefined value (in content:3)"]
    assert kumo.accepted[0].headers["Subject"] == "!"
    assert kumo.accepted[0].data.endswith(b"\r\n\r\ngold")


def test_values_of_a_recipient_win_over_names_and_those_over_shared_ones(
    kumo: KumoSandbox,
) -> None:
    shared = {"name": "Shared", "email": "shared", "plan": "free", "none": None, "yes": True}
    inject(
        kumo,
        substitutions=shared,
        content="Subject: {{name}} {{email}} {{plan}} {{none}} {{yes}} {{to_header}}\n\n",
        recipients=[{"email": "a@example.org", "name": "Ana"},
                    {"email": "b@example.org", "substitutions": {"plan": 3, "email": "mine"}}],
    )  # fmt: skip

    assert [one.headers["Subject"] for one in kumo.accepted] == [
        'Ana a@example.org free none true "Ana" <a@example.org>',
        "Shared mine 3 none true b@example.org",
    ]


def test_a_builder_makes_a_whole_mail(kumo: KumoSandbox) -> None:
    pixel = base64.b64encode(b"GIF89a").decode()
    inject(
        kumo,
        recipients=[{"email": "ana@example.org", "name": "Ana Ñandú", "metadata": {"id": "7"}}],
        content={
            "text_body": "Hola {{ name }}\n", "html_body": "<p>{{ x }}</p><img src='cid:p'>",
            "subject": "¡Hola {{ name }}!",
            "from": {"email": "news@example.com", "name": "Noticias"},
            "reply_to": {"email": "help@example.com"},
            "headers": {"X-Tenant": "acme", "X-Campaign": "may", "From": "other@example.com"},
            "attachments": [
                {"data": pixel, "base64": True, "content_type": "image/gif", "content_id": "p"},
                {"data": "ñ,1", "content_type": "text/csv", "file_name": "año.csv"},
            ],
        },
        substitutions={"x": "a < b"},
    )  # fmt: skip

    mail = parsed(kumo)
    assert mail["From"] == "Noticias <news@example.com>"
    assert mail["To"] == "Ana Ñandú <ana@example.org>"
    assert mail["Subject"] == "¡Hola Ana Ñandú!"
    assert mail["Reply-To"] == "help@example.com"
    assert mail["Date"]
    assert mail["Mime-Version"] == "1.0"
    assert mail["Message-ID"] is None  # the server never makes one
    assert mail.get_body(("plain",)).get_content() == "Hola Ana Ñandú\r\n"
    assert "<p>a &lt; b</p>" in mail.get_body(("html",)).get_content()
    (attached,) = mail.iter_attachments()
    assert (attached.get_filename(), attached.get_payload(decode=True)) == (
        "año.csv",
        "ñ,1".encode(),
    )
    inline = next(part for part in mail.walk() if part["Content-ID"])
    assert (inline["Content-ID"], inline.get_content()) == ("<p>", b"GIF89a")
    assert b"\n" not in kumo.accepted[0].data.replace(b"\r\n", b"")
    assert kumo.accepted[0].metadata == {"id": "7"}
    assert kumo.accepted[0].queue.name == "may:acme@example.org"


def test_trace_headers_that_are_half_said_show_the_injector(kumo: KumoSandbox) -> None:
    inject(kumo)
    inject(kumo, trace_headers={"supplemental_header": False})
    inject(kumo, trace_headers={"received_header": False, "supplemental_header": False})
    inject(
        kumo,
        recipients=[{"email": "a@example.org", "metadata": {"k": 1}}],
        trace_headers={"received_header": False, "header_name": "X-Ref",
                       "include_meta_names": ["extra", "absent"]},
    )  # fmt: skip

    names = [sorted({"Received", "X-KumoRef", "X-Ref"} & set(one.headers)) for one in kumo.accepted]
    assert names == [["X-KumoRef"], ["Received"], [], ["X-Ref"]]
    reference = base64.b64decode(kumo.accepted[0].headers["X-KumoRef"])
    assert reference == b'{"_@_":"\\\\_/","recipient":"ana@example.org"}'
    assert json.loads(base64.b64decode(kumo.accepted[3].headers["X-Ref"]))["extra"] == {"k": 1}
    assert "(127.0.0.1)" in kumo.accepted[1].headers["Received"]
    assert kumo.accepted[1].id in kumo.accepted[1].headers["Received"]


def test_deferred_generation_hides_what_fails(kumo: KumoSandbox) -> None:
    people = [{"email": "ana@example.org"}, {"email": "nobody"}]
    answer = inject(kumo, recipients=people, deferred_generation=True)

    blank = {"success_count": 0, "fail_count": 0, "failed_recipients": [], "errors": []}
    assert (answer.status, answer.json) == (200, blank)
    assert [one.recipient for one in kumo.accepted] == ["ana@example.org"]
    queues = [(row["type"], row["queue"], row["delivery_protocol"]) for row in kumo.log]
    assert queues == [
        ("Reception", "generator.kumomta.internal", None),
        ("Reception", "example.org", None),
        ("Delivery", "generator.kumomta.internal", "HttpInjectionGenerator"),
    ]
    assert inject(kumo, content="{{", deferred_generation=True).status == 422


def test_the_limit_counts_what_was_unpacked(kumo: KumoSandbox) -> None:
    head = {"Content-Type": "application/json"}
    for size, status in ((2 * 1024 * 1024, 200), (2 * 1024 * 1024 + 1, 413)):
        empty = json.dumps({**INJECT, "content": "S: x\n\n"}).encode()
        body = json.dumps({**INJECT, "content": "S: x\n\n" + "a" * (size - len(empty))}).encode()
        assert len(body) == size
        for encoding, pack in (
            ("identity", bytes),
            ("gzip", gzip.compress),
            ("deflate", zlib.compress),
        ):
            answer = ask(kumo, "POST", PATH, pack(body), {**head, "Content-Encoding": encoding})
            assert answer.status == status, (size, encoding, answer.text)
    cut = ask(kumo, "POST", PATH, gzip.compress(body)[:100], {**head, "Content-Encoding": "gzip"})
    assert cut.status == 400


def test_checks_come_in_the_order_of_the_server(kumo: KumoSandbox) -> None:
    kumo.close("load shedding")
    kumo.store.peer = "203.0.113.9"
    bad = {"Content-Encoding": "br", "Authorization": "Digest x", "Content-Type": "text/plain"}
    statuses = []
    for repaired in ({}, {"Content-Encoding": "identity"}, {"Authorization": BASIC},
                     {"Content-Type": "application/json"}):  # fmt: skip
        bad |= repaired
        statuses.append(ask(kumo, "POST", PATH, b"{", bad).status)
    statuses.append(ask(kumo, "POST", PATH, b"{}", bad).status)
    statuses.append(
        ask(kumo, "POST", PATH, json.dumps({**INJECT, "envelope_sender": "x"}), bad).status
    )
    kumo.close(None)
    statuses.append(
        ask(kumo, "POST", PATH, json.dumps({**INJECT, "envelope_sender": "x"}), bad).status
    )
    wrong = {**INJECT, "content": "{{"}
    statuses.append(ask(kumo, "POST", PATH, json.dumps(wrong), bad).status)
    statuses.append(ask(kumo, "POST", PATH, json.dumps(INJECT), bad).status)

    assert statuses == [415, 400, 415, 400, 422, 503, 500, 422, 200]


@pytest.mark.parametrize(
    ("peer", "given", "path", "status"),
    [
        ("127.0.0.1", None, "inject", 200),
        ("127.0.0.1", BASIC, "inject", 200),
        ("127.0.0.1", "Basic " + base64.b64encode(b"daniel:lion").decode(), "inject", 401),
        ("127.0.0.1", "Basic !", "inject", 400),
        ("127.0.0.1", "basic " + BASIC[6:], "inject", 400),
        ("127.0.0.1", "Bearer secret", "inject", 401),
        ("127.0.0.1", None, "metrics", 200),
        ("203.0.113.9", None, "inject", 401),
        ("203.0.113.9", BASIC, "inject", 200),
        ("203.0.113.9", BASIC, "metrics", 401),
        ("203.0.113.9", None, "metrics", 401),
        ("203.0.113.9", None, "live", 200),
        ("203.0.113.9", "Digest x", "live", 400),
    ],
)
def test_who_may_do_what(
    kumo: KumoSandbox, peer: str, given: str | None, path: str, status: int
) -> None:
    kumo.store.peer = peer
    headers = {"Content-Type": "application/json"} | ({"Authorization": given} if given else {})
    method, target = {"inject": ("POST", PATH), "metrics": ("GET", "/metrics"),
                      "live": ("GET", "/api/check-liveness/v1")}[path]  # fmt: skip

    assert ask(kumo, method, target, json.dumps(INJECT), headers).status == status


def test_credentials_that_no_policy_asks_for_are_refused_even_from_a_trusted_address(
    kumo: KumoSandbox,
) -> None:
    kumo.access.users = None

    answer = post(kumo, PATH, INJECT, Authorization=BASIC)

    assert (answer.status, answer.text) == (
        401,
        "HttpBasicAuth Authentication Failed for daniel",
    )
    kumo.access.tokens = {"t0ken"}
    assert post(kumo, PATH, INJECT, Authorization="Bearer t0ken").status == 200


@pytest.mark.parametrize("method", ["OPTIONS", "HEAD", "PUT", "GET"])
def test_other_methods_are_401_as_the_access_list_has_them_not(
    kumo: KumoSandbox, method: str
) -> None:
    assert ask(kumo, method, PATH).status == 401


def test_a_cut_answer_has_been_done_and_the_next_request_is_well(kumo: KumoSandbox) -> None:
    kumo.fail(f"POST:{PATH}:1:cut-after")
    kumo.fail(f"POST:{PATH}:2:503")

    with pytest.raises(ConnectionError):
        inject(kumo)
    refused = inject(kumo)

    assert (refused.status, refused.text) == (503, "Error: load shedding")
    assert len(kumo.accepted) == 1
    assert inject(kumo).status == 200
    assert [(one.method, one.path, one.status) for one in kumo.requests] == [
        ("POST", PATH, None), ("POST", PATH, 503), ("POST", PATH, 200),
    ]  # fmt: skip
