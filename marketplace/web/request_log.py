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
    proposed = request.headers.get("X-Request-Id", "")
    g.request_id = proposed if _ID.match(proposed) else secrets.token_hex(8)
    g.began = time.perf_counter()
    audit.request_id.set(g.request_id)
    audit.acting_for_id.set(None)


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.get("request_id", "")
    if request.endpoint not in {"health.healthz", "health.readyz", "metrics.metrics"}:
        log.info(
            "request",
            request_id=g.get("request_id"),
            method=request.method,
            route=str(request.url_rule) if request.url_rule else "(none)",
            status=response.status_code,
            milliseconds=round((time.perf_counter() - g.get("began", time.perf_counter())) * 1000, 1),
        )
    return response
