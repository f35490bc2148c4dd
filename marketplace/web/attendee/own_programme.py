"""My programme: the sessions somebody chose, what clashes among them, and the others they can add."""

from flask import flash, redirect, render_template
from flask.typing import ResponseReturnValue

from marketplace.errors import Conflict
from marketplace.i18n import gettext as _
from marketplace.models import SessionKind, SessionState
from marketplace.services import invites, sign_ups, wallclock
from marketplace.services import programme as programmes
from marketplace.web.attendee.blueprint import Way, both_ways
from marketplace.web.attendee.managing import frame
from marketplace.web.events.calendars import download


@both_ways("/programme")
def programme(way: Way) -> str:
    """Show the sessions that were chosen, by day, then those that can be added."""
    return _page(way)


def _page(way: Way) -> str:
    event, mine = way.event, sign_ups.own(way.registration)
    chosen = {entry.uid for entry in mine}
    taken = sign_ups.taken(event.id)
    others = [
        (entry, entry.capacity - taken[entry.id] if entry.needs_sign_up and entry.capacity is not None else None)
        for entry in programmes.sessions(event)
        if entry.uid not in chosen
        and entry.kind is not SessionKind.BREAK
        and entry.state is SessionState.PUBLISHED
        and not wallclock.is_past(entry.ends_at)
    ]
    return render_template(
        "attendee/programme.html",
        **frame(way),
        entries=mine,
        others=others,
        clashes=sign_ups.own_clashes(way.registration),
        links=sign_ups.links(way.registration, event),
    )


@both_ways("/programme/<session>/add", ("POST",))
def sign_up(way: Way, session: str) -> ResponseReturnValue:
    """Take a session into one's programme, whose page says what it clashes with; else show what there is now."""
    if not frame(way)["is_live"]:
        raise Conflict
    try:
        sign_ups.sign_up(way.registration, session, by=way.by)
    except Conflict as refusal:
        flash(str(refusal), "warning")
        return _page(way), refusal.status
    flash(_("The session is in your programme."), "success")
    return redirect(way.url("programme"), code=303)


@both_ways("/programme/<session>/remove", ("POST",))
def withdraw(way: Way, session: str) -> ResponseReturnValue:
    """Take a session out of one's programme."""
    sign_ups.withdraw(way.registration, session, by=way.by)
    flash(_("The session is no longer in your programme."), "success")
    return redirect(way.url("programme"), code=303)


@both_ways("/programme.ics")
def programme_file(way: Way) -> ResponseReturnValue:
    """Return the event and the chosen sessions as a file for one's calendar."""
    return download(invites.programme_file(way.registration), f"{way.event.slug}-programme")
