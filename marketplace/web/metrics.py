"""Counters and durations for Prometheus, guarded by a token or, without one, by coming from this machine."""

import os
import time

from flask import Blueprint, Flask, Response, current_app, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import func, select

from marketplace import keys
from marketplace.database import session
from marketplace.errors import NotFound
from marketplace.models import Job, JobState, Letter, LetterState
from marketplace.web.access import MACHINE, access

room = Blueprint("metrics", __name__)

_requests = Counter("http_requests_total", "Requests answered", ["method", "route", "status"])
_seconds = Histogram("http_request_seconds", "Time to answer", ["route"])


def register(app: Flask) -> None:
    """Measure every request and publish the figures at /metrics."""
    app.register_blueprint(room)
    app.after_request(_count)


def _count(response: Response) -> Response:
    route = str(request.url_rule) if request.url_rule else "(none)"
    count(request.method, route, response.status_code, time.perf_counter() - g.began if "began" in g else None)
    return response


def count(method: str, route: str, status: int, seconds: float | None) -> None:
    """Count one answer and, where it is known, how long it took."""
    _requests.labels(method, route, status).inc()
    if seconds is not None:
        _seconds.labels(route).observe(seconds)


@room.get("/metrics")
@access(MACHINE)
def metrics() -> Response:
    """Answer in Prometheus' text format; 404 without the right to see it."""
    token = current_app.config["SETTINGS"].metrics_token
    if token is not None:
        allowed = keys.same(request.headers.get("Authorization", ""), f"Bearer {token}")
    else:
        allowed = request.remote_addr in {"127.0.0.1", "::1"} and "X-Forwarded-For" not in request.headers
    if not allowed:
        raise NotFound
    return Response(generate_latest(_web_figures()) + generate_latest(_queues()), content_type=CONTENT_TYPE_LATEST)


def _web_figures() -> CollectorRegistry:
    """Return the figures of all web workers where they share a folder, else of this process."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _queues() -> CollectorRegistry:
    """Count what waits and what was given up, straight from the tables."""
    registry = CollectorRegistry()
    jobs = Gauge("jobs", "Background jobs by state", ["state"], registry=registry)
    letters = Gauge("letters", "Letters by state", ["state"], registry=registry)
    for state in JobState:
        jobs.labels(state.value).set(0)
    for job_state, number in session().execute(select(Job.state, func.count()).group_by(Job.state)):
        jobs.labels(job_state.value).set(number)
    for letter_kind in LetterState:
        letters.labels(letter_kind.value).set(0)
    for letter_state, number in session().execute(select(Letter.state, func.count()).group_by(Letter.state)):
        letters.labels(letter_state.value).set(number)
    return registry
