"""HTML with percent signs, which Mautic decodes when it stores some documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pmctl.clients.writes import once
from pmctl.sequence.alike import lost_percent, same_html

if TYPE_CHECKING:
    from pmctl.clients.campaign import Campaigns


def keep_percent(
    client: Campaigns, email_id: int, html: str, row: dict[str, Any]
) -> dict[str, Any]:
    """Send HTML again with its percent signs encoded when Mautic decoded them; return the email.

    `row` is the email as Mautic answered. Its filters run rawurldecode over documents with
    non-ASCII characters, once or twice (mautic/mautic,
    app/bundles/CoreBundle/Helper/InputHelper.php, called by the API and the form).
    """

    def found() -> dict[str, Any] | None:
        now: dict[str, Any] = client.mautic.get(f"emails/{email_id}")["email"]
        return now if same_html(html, str(now.get("customHtml") or "")) else None

    for sign in ("%25", "%2525"):
        if not lost_percent(html, str(row.get("customHtml") or "")):
            break
        body = {"customHtml": html.replace("%", sign)}
        path = f"emails/{email_id}/edit"
        row = once(client, "PATCH", path, body, "email", found, f"email {email_id}")
    return row
