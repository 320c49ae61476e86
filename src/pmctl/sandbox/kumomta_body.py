"""The body of a request: compressed or not, JSON, and not too long."""

from __future__ import annotations

import zlib

from pmctl.sandbox.kumomta_refusal import Refused
from pmctl.sandbox.request import Request

LIMIT = 2 * 1024 * 1024  # bytes, after decompression
ENCODINGS = ("gzip", "deflate")


def check_encoding(request: Request) -> None:
    """Raise the 415 of a compression that is not known: it comes before everything else."""
    encoding = request.headers.get("content-encoding", "identity")
    if encoding not in {*ENCODINGS, "identity"}:
        raise Refused(415, "", {"Accept-Encoding": ",".join(ENCODINGS)})


def read_body(request: Request, limit: int = LIMIT) -> bytes:
    """Return the JSON as it was before compression. Raises Refused: 400, 413 or 415."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )
    if not is_json:
        raise Refused(415, "Expected request with `Content-Type: application/json`")
    encoding = request.headers.get("content-encoding", "identity")
    body = request.body if encoding == "identity" else _unpacked(request.body, encoding, limit)
    if len(body) > limit:
        raise Refused(413, "Failed to buffer the request body: length limit exceeded")
    return body


def _unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    """Return at most a byte more than `limit`."""
    unpacking = zlib.decompressobj(31 if encoding == "gzip" else 15)
    try:
        data = unpacking.decompress(body, limit + 1)
    except zlib.error as exc:
        raise Refused(400, f"Failed to buffer the request body: {exc}") from None
    if len(data) <= limit and not unpacking.eof:
        raise Refused(400, "Failed to buffer the request body: unexpected end of file")
    return data
