"""`pmctl db`: databases on the panel."""

from __future__ import annotations

from collections.abc import Mapping

from pmctl.cli.common import Lazy, group

_LIST, _CHANGE, _END = (f"pmctl.cli.db_{part}" for part in ("list", "change", "end"))


class DbGroup(Lazy):
    """The commands, each in a module that is loaded when it is named."""

    parts: Mapping[str, tuple[str, str]] = {
        "list": (_LIST, "List the databases of a user, or of all."),
        "show": (_LIST, "Show a database."),
        "add": (_CHANGE, "Create a database and its user."),
        "passwd": (_CHANGE, "Give the user of a database another password."),
        "delete": (_END, "Delete databases and their users."),
        "suspend": (_END, "Shut the users of databases out."),
        "unsuspend": (_END, "Let the users of databases in again."),
    }


app = group(
    "Databases of HestiaCP, by their short names or whole.\n\n"
    "Examples:\n"
    "  pmctl db list --all-users                          what there is, and whose\n"
    "  pmctl db add blog --user alice --generate-password makes alice_blog\n"
    "  pmctl db passwd alice_blog --generate-password\n"
    "  pmctl db delete alice_blog",
    cls=DbGroup,
)
