"""`pmctl panel-user`: who may use the panel, and how much of it."""

from __future__ import annotations

from collections.abc import Mapping

from pmctl.cli.common import Lazy, group

_LIST, _CHANGE, _END = (f"pmctl.cli.panel_user_{part}" for part in ("list", "change", "end"))


class PanelUserGroup(Lazy):
    """The commands, each in a module that is loaded when it is named."""

    parts: Mapping[str, tuple[str, str]] = {
        "list": (_LIST, "List the users, and what each uses of what the package allows."),
        "show": (_LIST, "Show all that the panel says of a user, but no secret."),
        "packages": (_LIST, "List the packages and their limits."),
        "add": (_CHANGE, "Create a user of the panel."),
        "passwd": (_CHANGE, "Give a user another password."),
        "contact": (_CHANGE, "Change the address that the panel writes to."),
        "package": (_CHANGE, "Give a user another package; shows first what that means."),
        "delete": (_END, "Delete users with all that is theirs."),
        "suspend": (_END, "Shut users out, with their domains, mailboxes and databases."),
        "unsuspend": (_END, "Let users in again."),
    }


app = group(
    "Users of HestiaCP, their packages and what they use.\n\n"
    "Examples:\n"
    "  pmctl panel-user list                          who uses how much\n"
    "  pmctl panel-user add alice alice@example.com --generate-password\n"
    "  pmctl panel-user package alice small --dry-run what would be over its limits\n"
    "  pmctl panel-user suspend alice bob",
    cls=PanelUserGroup,
)
