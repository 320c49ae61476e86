"""Pages that the panel's web server sends instead of an answer."""

from __future__ import annotations

from http import HTTPStatus

from pmctl.sandbox.wires import Sent

HTML = "text/html; charset=UTF-8"
_PAGE = """<!doctype html>
<html lang="en">
\t<head>
\t\t<meta charset="utf-8" />
\t\t<meta name="viewport" content="width=device-width, initial-scale=1" />
\t\t<title>{title}</title>
\t</head>
\t<body>
\t\t<h1>{status}</h1>
\t\t<p>{title}</p>
\t</body>
</html>
"""


def page(status: int) -> Sent:
    """A page for people: 404, 403 and 500; a 403 is titled as a 404 is."""
    known = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"
    title = "Page Not Found" if status in {403, 404} else known
    body = _PAGE.format(title=title, status=status).encode()
    return Sent(status, body, "text/html; charset=utf-8")


def moved() -> Sent:
    """What `/api` without its slash gets: most clients then GET, and lose what they posted."""
    return _nginx(301, "301 Moved Permanently", {"Location": "/api/"})


def not_allowed() -> Sent:
    """What a PUT gets, from nginx itself."""
    return _nginx(405, "405 Not Allowed", {}, "text/html; charset=utf-8")


def _nginx(status: int, title: str, headers: dict[str, str], kind: str = "text/html") -> Sent:
    lines = (
        "<html>", f"<head><title>{title}</title></head>", "<body>",
        f"<center><h1>{title}</h1></center>", "<hr><center>nginx</center>", "</body>", "</html>",
    )  # fmt: skip
    return Sent(status, "".join(f"{line}\r\n" for line in lines).encode(), kind, headers)
