"""What somebody interprets at an event: when, where, for whom, between which languages, and when they rest."""

from flask import render_template

from marketplace.errors import NotFound
from marketplace.services.meetings import agenda, assignments, parties, setup
from marketplace.web.attendee.blueprint import Way, both_ways
from marketplace.web.attendee.managing import frame


@both_ways("/interpreting")
def interpreting(way: Way) -> str:
    """Show the meetings somebody interprets by day; raises `NotFound` for those who interpret at no meeting."""
    known = assignments.known_as(way.registration)
    if not known:
        raise NotFound
    found = assignments.of(known)
    return render_template(
        "attendee/interpreting.html",
        **frame(way),
        known=known[0],
        days=assignments.days(found, way.event.timezone),
        number=len(found),
        set_up=setup.of(way.event.id),
        title_of=parties.title,
        subtitle_of=parties.subtitle,
        is_preliminary=agenda.is_preliminary,
    )
