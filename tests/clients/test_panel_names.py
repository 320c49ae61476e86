"""Names in the form in which the panel keeps them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmctl.clients import panel_names
from pmctl.errors import UsageError


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Ana@Example.COM", "ana@example.com"),
        (" ana@www.example.com ", "ana@example.com"),
        ("ana@example.com.", "ana@example.com"),
        ("a@BÜCHER.test", "a@bücher.test"),
        ("a.b-c_d@example.com", "a.b-c_d@example.com"),
        (f"{'a' * 64}@example.com", f"{'a' * 64}@example.com"),
    ],
)
def test_an_address_is_brought_into_the_form_of_the_panel(text, kept):
    assert str(panel_names.address(text)) == kept


@pytest.mark.parametrize(
    "text",
    ["ana", "@example.com", "ana@", "an a@example.com", "ana+x@example.com", "jürgen@example.com",
     "-@example.com", "ana@example", "ana@exa mple.com", "ana@ex..com", "ana@10.0.0.1", "a;b@x.com",
     f"{'a' * 65}@example.com", "ana@-x.com", "ana\n@example.com", "a\x00b@example.com"],
)  # fmt: skip
def test_what_the_panel_would_refuse_or_change_is_refused_here(text):
    with pytest.raises(UsageError):
        panel_names.address(text)


def test_an_alias_is_given_alone_or_in_the_domain_of_its_mailbox():
    assert panel_names.alias_name("Info", "example.com") == "info"
    assert panel_names.alias_name("info@Example.com", "example.com") == "info"
    with pytest.raises(UsageError, match="of another domain"):
        panel_names.alias_name("info@example.org", "example.com")


@pytest.mark.parametrize(
    ("text", "kept"),
    [("Ana+x@Example.org", "Ana+x@example.org"), (":Blackhole:", ":blackhole:"),
     ("a@bücher.com", "a@xn--bcher-kva.com")],
)  # fmt: skip
def test_mail_is_forwarded_to_any_address(text, kept):
    assert panel_names.forward_address(text) == kept


@pytest.mark.parametrize("text", ["nope", "a@b", "a b@c.com", "a@b..com", "a,b@c.com", "@c.com"])
def test_what_is_no_address_to_forward_to_is_refused(text):
    with pytest.raises(UsageError, match="no address to forward to"):
        panel_names.forward_address(text)


def test_a_quota_is_megabytes_or_unlimited():
    assert panel_names.quota_mb("2048") == 2048
    assert panel_names.quota_mb("Unlimited") is None
    for wrong in ("10G", "-5", "", "0", "1e3", "٣"):
        with pytest.raises(UsageError):
            panel_names.quota_mb(wrong)


@given(st.text(max_size=20))
@settings(max_examples=200)
def test_a_name_that_was_taken_is_taken_again_as_it_is(text):
    try:
        once = panel_names.address(f"{text}@example.com")
    except UsageError:
        return
    assert panel_names.address(str(once)) == once
