"""An email as somebody gets it: from a sequence file or from Mautic, filled in for one contact."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pmctl.sequence.fill import fill, has_fields, others

if TYPE_CHECKING:
    from pmctl.clients.campaign_email import Shown
    from pmctl.sequence.emails import Mail

# A preview runs nothing of what a contact's field or the email itself brings along.
_POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "img-src https: http: data:; font-src https: data:; style-src 'unsafe-inline' https:; "
    "base-uri 'none'; form-action 'none'\">"
)
_DOCTYPE = re.compile(r"\s*(?:<!--.*?-->\s*)*<!doctype[^>]*>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Letter:
    """One email; `sender` is empty where Mautic's own sender applies."""

    subject: str
    sender: str
    reply_to: str
    headers: Mapping[str, str]
    text: str
    html: str

    def head(self) -> list[tuple[str, str]]:
        """Return the lines above the text: name and value."""
        lines = [("From", self.sender or "(as set up in Mautic)"), ("Reply-To", self.reply_to)]
        lines += [("Subject", self.subject), *self.headers.items()]
        return [(name, value) for name, value in lines if value]

    def filled(self, values: Mapping[str, str]) -> Letter:
        """Return it with the contact's fields in it."""
        return replace(
            self,
            subject=fill(self.subject, values),
            sender=fill(self.sender, values),
            reply_to=fill(self.reply_to, values),
            headers={name: fill(value, values) for name, value in self.headers.items()},
            text=fill(self.text, values),
            html=fill(self.html, values),
        )

    @property
    def needs_contact(self) -> bool:
        """Whether it has fields of a contact in it."""
        return any(map(has_fields, (self.subject, self.text, self.html, *self.headers.values())))

    def left_to_mautic(self) -> list[str]:
        """Return the tokens that nobody but Mautic fills in."""
        return others("\n".join([self.subject, *self.headers.values(), self.text]))

    def page(self) -> str:
        """Return the HTML for a browser: no script runs, images are loaded."""
        found = _DOCTYPE.match(self.html)
        at = found.end() if found else 0
        return self.html[:at] + _POLICY + self.html[at:]


def of_mail(mail: Mail) -> Letter:
    """Return the email that a sequence file describes."""
    return Letter(
        subject=mail.subject,
        sender=_sender(mail.from_name or "", mail.from_address or ""),
        reply_to=mail.reply_to or "",
        headers=dict(mail.headers),
        text=mail.text,
        html=mail.html,
    )


def of_live(one: Shown) -> Letter:
    """Return the email that Mautic has; without a plain-text part, the HTML in words."""
    from pmctl.sequence.plain import plain

    return Letter(
        subject=one.subject,
        sender=_sender(one.from_name, one.from_address),
        reply_to=one.reply_to,
        headers=one.headers,
        text=one.text or plain(one.html),
        html=one.html,
    )


def _sender(name: str, address: str) -> str:
    return f"{name} <{address}>" if name and address else address
