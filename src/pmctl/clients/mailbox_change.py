"""Changes of mailboxes: each is one command of the panel, looked up when its answer is lost.

What is so already is not written again. Callers look at a mailbox first, so that a change whose
answer is lost is told from what was there before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pmctl.backends.hestia import Message, Password
from pmctl.backends.hestia_errors import HestiaConflict
from pmctl.clients import mailbox
from pmctl.errors import BadInput, Conflict

if TYPE_CHECKING:
    from collections.abc import Callable

    from pmctl.clients.mailbox import Mailbox
    from pmctl.clients.panel import Panel
    from pmctl.clients.panel_names import Address

LONGEST_REPLY = 10_239  # characters; from 10240 on HestiaCP says that the format is wrong


def add(panel: Panel, user: str, address: Address, password: str, quota_mb: int | None) -> None:
    """Make a mailbox that was not there a moment ago. Raises Conflict when it is."""
    panel.write(
        "v-add-mail-account", user, address.domain, address.name, Password(password),
        quota(quota_mb), target=str(address),
        done=lambda: mailbox.exists(panel, user, address),
    )  # fmt: skip


def delete(panel: Panel, user: str, address: Address) -> None:
    """Delete a mailbox with all its mail."""
    spare_others(panel, user, address)
    panel.write(
        "v-delete-mail-account", user, address.domain, address.name, target=str(address),
        done=lambda: not mailbox.exists(panel, user, address),
    )  # fmt: skip


def set_password(panel: Panel, user: str, address: Address, password: str) -> None:
    """Give a mailbox another password. Whether an unanswered one was set cannot be read."""
    spare_others(panel, user, address)
    panel.write(
        "v-change-mail-account-password", user, address.domain, address.name, Password(password),
        target=str(address), done=None,
    )  # fmt: skip


def set_quota(panel: Panel, user: str, address: Address, quota_mb: int | None) -> bool:
    """Set a quota in MB, None for unlimited. Returns False when it is so already."""
    spare_others(panel, user, address)
    command = "v-change-mail-account-quota"
    return _change(
        panel, user, address, command, (quota(quota_mb),), lambda box: box.quota_mb == quota_mb
    )


def add_alias(panel: Panel, user: str, address: Address, alias: str) -> bool:
    """Give a mailbox a second name. Returns False when it has it. Raises Conflict if taken."""
    if alias == address.name:
        raise Conflict(f"{address}: {alias} is the mailbox itself")
    command = "v-add-mail-account-alias"
    return _change(panel, user, address, command, (alias,), lambda box: alias in box.aliases)


def delete_alias(panel: Panel, user: str, address: Address, alias: str) -> bool:
    """Take a second name away. Returns False when it is not there."""
    command = "v-delete-mail-account-alias"
    return _change(panel, user, address, command, (alias,), lambda box: alias not in box.aliases)


def add_forward(panel: Panel, user: str, address: Address, to: str) -> bool:
    """Have mail sent on to another address too. Returns False when it is."""
    spare_others(panel, user, address)
    command = "v-add-mail-account-forward"
    return _change(panel, user, address, command, (to,), lambda box: to in box.forwards)


def delete_forward(panel: Panel, user: str, address: Address, to: str) -> bool:
    """Stop sending mail on to an address. Returns False when it is not."""
    spare_others(panel, user, address)
    command = "v-delete-mail-account-forward"
    return _change(panel, user, address, command, (to,), lambda box: to not in box.forwards)


def forward_only(panel: Panel, user: str, address: Address, *, only: bool) -> bool:
    """Keep no mail that is sent on, or keep it. Returns False when it is so already."""
    command = f"v-{'add' if only else 'delete'}-mail-account-fwd-only"
    return _change(panel, user, address, command, (), lambda box: box.forward_only == only)


def suspend(panel: Panel, user: str, address: Address, suspended: bool) -> bool:
    """Shut a mailbox or open it again. Returns False when it is so already."""
    spare_others(panel, user, address)
    command = f"v-{'suspend' if suspended else 'unsuspend'}-mail-account"
    return _change(panel, user, address, command, (), lambda box: box.suspended == suspended)


def spare_others(panel: Panel, user: str, address: Address) -> None:
    """Raise Conflict where the panel would change or delete another mailbox with this one.

    To write the line of `a.b` in its files of passwords and forwards HestiaCP takes out what
    `/^a.b:/` finds, and so that of `axb`: bin/v-change-mail-account-password and others, 1.9.9.
    """
    if "." not in address.name:
        return
    alike = re.compile(address.name)  # a name has no other sign that a pattern reads
    boxes = mailbox.of_domain(panel, user, address.domain, mailbox.Trouble())
    for box in boxes:
        name = box.address.rpartition("@")[0]
        if name != address.name and alike.fullmatch(name):
            raise Conflict(
                f"{address}: HestiaCP would change {box.address} too",
                hint="it takes the dot for any sign; this has to be done on the server, by hand",
            )


def reply_text(text: str) -> str:
    """Return the text of an automatic reply as the panel can keep it. Raises BadInput.

    A tab or a carriage return in it makes the panel's listing invalid (seen on HestiaCP 1.9.9),
    and a backslash before a letter is taken for something else.
    """
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept = "\n".join(line.expandtabs(4).rstrip() for line in lines).strip()
    if not kept:
        raise BadInput("the automatic reply is empty", hint="`pmctl mailbox autoreply off` ends it")
    if any(not sign.isprintable() and sign != "\n" and sign < "\xa0" for sign in kept):
        raise BadInput("the automatic reply holds a control character", hint="plain text is taken")
    if "\\" in kept:
        raise BadInput(
            "the automatic reply holds a backslash, which HestiaCP turns into something else",
            hint="write a slash, or leave it out",
        )
    if len(kept) > LONGEST_REPLY:
        raise BadInput(f"the automatic reply has {len(kept):,} characters, {LONGEST_REPLY:,} fit")
    return kept


def set_reply(panel: Panel, user: str, address: Address, text: str) -> bool:
    """Answer mails by a text of `reply_text`. Returns False when it is so already."""

    def so() -> bool:
        box = mailbox.look(panel, user, address)
        return box.autoreply and mailbox.autoreply_text(panel, user, address) == text

    box = mailbox.look(panel, user, address)
    if box.autoreply and not box.suspended and so():
        return False
    panel.write(
        "v-add-mail-account-autoreply", user, address.domain, address.name, Message(text),
        target=str(address), done=so,
    )  # fmt: skip
    return True


def end_reply(panel: Panel, user: str, address: Address) -> bool:
    """Answer mails no longer. Returns False when it is so already."""
    command = "v-delete-mail-account-autoreply"
    return _change(panel, user, address, command, (), lambda box: not box.autoreply)


def quota(quota_mb: int | None) -> str:
    """Return a quota as the panel takes it."""
    return "unlimited" if quota_mb is None else str(quota_mb)


def _change(
    panel: Panel,
    user: str,
    address: Address,
    command: str,
    args: tuple[str, ...],
    so: Callable[[Mailbox], bool],
) -> bool:
    """Run a command of a mailbox unless it is so already; tell whether it was run."""
    if so(mailbox.look(panel, user, address)):
        return False
    try:
        panel.write(
            command, user, address.domain, address.name, *args, target=str(address),
            done=lambda: so(mailbox.look(panel, user, address)),
        )  # fmt: skip
    except HestiaConflict:
        if not so(mailbox.look(panel, user, address)):
            raise
        return False  # somebody else was faster, or a run that was killed
    return True
