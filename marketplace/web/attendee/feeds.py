"""The secret address under which one's calendar reads one's own programme: made, renewed, revoked."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from marketplace.i18n import gettext as _
from marketplace.models import Registration, User
from marketplace.services import invites
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.account.blueprint import reader
from marketplace.web.attendee.blueprint import Way, both_ways, room
from marketplace.web.attendee.managing import frame
from marketplace.web.forms.attendee import FeedForm


@both_ways("/calendar")
def calendar(way: Way) -> str:
    """Show the address, or offer to make one."""
    feed = invites.known_feed(way.owner)
    return render_template(
        "attendee/calendar.html", **frame(way), feed_url=invites.personal_feed_url(feed) if feed else ""
    )


@both_ways("/calendar", ("POST",))
def change_calendar(way: Way) -> ResponseReturnValue:
    """Make, renew or revoke the address."""
    _change(way.owner, way.by)
    return redirect(way.url("calendar"), code=303)


@room.post("/account/registrations/calendar")
@access(SIGNED_IN)
def change_own_calendar() -> ResponseReturnValue:
    """Make, renew or revoke the address of all one's events."""
    _change(reader(), reader())
    return redirect(url_for("attendee.own_list"), code=303)


def _change(owner: User | Registration, by: User | None) -> None:
    form = FeedForm()
    act = form.act.data if form.validate() else "make"
    if act == "revoke":
        invites.revoke_feed(owner, by)
        flash(_("The address no longer works."), "success")
    elif act == "renew":
        invites.renew_feed(owner, by)
        flash(_("Here is the new address; the old one no longer works."), "success")
    else:
        invites.feed_of(owner)
