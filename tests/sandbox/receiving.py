"""A receiver of webhooks that answers as a test says, and keeps what came."""

from __future__ import annotations

import base64
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self


class Came(NamedTuple):
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def types(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = json.loads(self.body)
        return found

    def signed_with(self, secret: str) -> bool:
        right = base64.b64encode(hmac.digest(secret.encode(), self.body, "sha256")).decode()
        return hmac.compare_digest(right, self.headers["Webhook-Signature"])


class Receiver:
    """Use it with `with`; `status` 0 closes the connection without an answer."""

    def __init__(self) -> None:
        self.status = 200
        self.came: list[Came] = []
        self.release = threading.Event()
        self.release.set()

    def __enter__(self) -> Self:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.came.append(Came(self.path, dict(self.headers.items()), body))
                receiver.release.wait(20)
                if receiver.status:
                    self.send_response(receiver.status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/webhooks/mautic"

    def kinds(self) -> list[list[str]]:
        """What each request held: Mautic's types, one for each item."""
        return [
            [kind.removeprefix("mautic.") for kind, items in came.types.items() for _ in items]
            for came in self.came
        ]

    def items(self, kind: str) -> list[dict[str, Any]]:
        return [one for came in self.came for one in came.types.get(f"mautic.{kind}", [])]
