"""Pages travel compressed: half the readers are on slow lines."""

import gzip
import io
import secrets
from typing import Any

from flask import Flask, Response, request
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

SMALLEST = 1_000
"""Bytes below which compressing would gain nothing."""


def register(app: Flask) -> None:
    """Compress what is text and goes to a client that reads gzip."""
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    is_text = response.mimetype in {"text/html", "text/calendar", "text/csv", "application/json", "text/plain"}
    if not is_text or response.direct_passthrough or response.is_streamed or response.content_encoding:
        return response
    response.vary.add("Accept-Encoding")
    body = response.get_data()
    if response.status_code != 200 or len(body) < SMALLEST or request.accept_encodings["gzip"] <= 0:
        return response
    response.set_data(_packed(body))
    response.content_encoding = "gzip"
    return response


def packed(body: bytes, environ: dict[str, Any]) -> tuple[bytes, list[tuple[str, str]]]:
    """Return a page as the client of a request reads it, and the headers that say so."""
    accepted = parse_accept_header(environ.get("HTTP_ACCEPT_ENCODING", ""), Accept)
    if len(body) < SMALLEST or accepted["gzip"] <= 0:
        return body, []
    return _packed(body), [("Content-Encoding", "gzip")]


def _packed(body: bytes) -> bytes:
    """Pack with a file name of random length: the size of a page then tells nothing about a token in it (BREACH)."""
    buffer = io.BytesIO()
    name = secrets.token_hex(secrets.randbelow(50))
    with gzip.GzipFile(filename=name, mode="wb", compresslevel=5, fileobj=buffer, mtime=0) as file:
        file.write(body)
    return buffer.getvalue()
