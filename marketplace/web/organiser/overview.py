"""The first page of the desk."""

from flask import render_template
from flask_login import current_user

from marketplace.services import overview, policies
from marketplace.web.access import access
from marketplace.web.organiser.desk import room


@room.get("/")
@access("desk.enter")
def dashboard() -> str:
    """Show what waits for a decision, what is stuck and what comes next; of one event only, to its organisers."""
    is_platform = policies.can(current_user, "desk.platform")
    return render_template(
        "organiser/dashboard.html",
        figures=overview.figures() if is_platform else None,
        requests=overview.join_requests() if is_platform else [],
        events=overview.upcoming_events(current_user),
    )
