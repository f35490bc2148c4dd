"""The list of events: what is to come, and what was held."""

from flask import render_template, request

from marketplace.models import EventKind, EventLevel, EventMode
from marketplace.services import events, labels, paging
from marketplace.web.access import PUBLIC, access
from marketplace.web.events.blueprint import room


@room.get("/events", endpoint="listing")
@access(PUBLIC)
def list_events() -> str:
    """List what is to come, or what was held."""
    is_over = request.args.get("when") == "past"
    wanted = events.Filter(
        query=request.args.get("q", "")[:200],
        kind=labels.read(EventKind, request.args.get("kind")),
        level=labels.read(EventLevel, request.args.get("level")),
        mode=labels.read(EventMode, request.args.get("mode")),
        is_over=is_over,
    )
    number = request.args.get("page", 1, type=int)
    return render_template(
        "events/listing.html",
        found=paging.page(events.listing(wanted), number, 24),
        wanted=wanted,
        is_filtered=any((wanted.query, wanted.kind, wanted.level, wanted.mode)),
        kinds=labels.choices(EventKind),
        levels=labels.choices(EventLevel),
        modes=labels.choices(EventMode),
    )
