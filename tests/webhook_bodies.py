"""Bodies that a Mautic 5.1.1 really sent, with their signatures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SECRET = "s3cr3t"
FOLDER = Path(__file__).parent / "data" / "webhook"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


def recorded(name: str) -> dict[str, Any]:
    """`body` as text, `signature`, `path`."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def body(name: str) -> bytes:
    return str(recorded(name)["body"]).encode()


def send(number: int, email: int = 9) -> bytes:
    """A body with one send of its own, to the contact with this number."""
    item = {"idHash": f"hash{number}", "contact": {"id": str(number)}, "email": {"id": email},
            "timestamp": "2026-11-22T23:09:03+00:00"}  # fmt: skip
    return json.dumps({"mautic.email_on_send": [item]}).encode()
