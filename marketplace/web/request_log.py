"""One log line per request, as JSON, with the request's id and without personal data: the route, never the address."""

import logging
import re
import secrets
import sys
import time

import structlog
from flask import Flask, Response, g, request

from marketplace.config import Settings
from marketplace.services import audit

log = structlog.get_logger()
HEADER = "X-Request-Id"
_ID = re.compile(r"[A-Za-z0-9-]{8,32}\Z")


def register(app: Flask) -> None:
    """Number every request and write down how it ended."""
    settings: Settings = app.config["SETTINGS"]
    configure(settings.log_level, testing=settings.testing)
    app.before_request(_begin)
    app.after_request(_end)


def configure(level: str, *, testing: bool = False) -> None:
    """Write structured lines to standard error, one JSON object each."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level, logging.INFO)),
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
        # Tests look at lines by exchanging the processors, which a kept logger would not notice.
        cache_logger_on_first_use=not testing,
    )


def _begin() -> None:
    g.request_id = number(request.headers.get(HEADER, ""))
    g.began = time.perf_counter()
    audit.request_id.set(g.request_id)
    audit.acting_for_id.set(None)


def number(proposed: str) -> str:
    """Return the id of a request: what came with it, where that is one, or else a new one."""
    return proposed if _ID.match(proposed) else secrets.token_hex(8)


def _end(response: Response) -> Response:
    response.headers[HEADER] = g.get("request_id", "")
    if request.endpoint not in {"health.healthz", "health.readyz", "metrics.metrics"}:
        route = str(request.url_rule) if request.url_rule else "(none)"
        seconds = time.perf_counter() - g.get("began", time.perf_counter())
        write(g.get("request_id", ""), request.method, route, response.status_code, seconds)
    return response


def write(request_id: str, method: str, route: str, status: int, seconds: float) -> None:
    """Write the line of one request."""
    log.info(
        "request",
        request_id=request_id,
        method=method,
        route=route,
        status=status,
        milliseconds=round(seconds * 1000, 1),
    )
