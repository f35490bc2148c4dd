"""The page an invitation leads to. Everybody with the link may look; the invited person may accept or decline."""

from flask import Response, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.i18n import gettext as _
from marketplace.services import invitations
from marketplace.web.access import PUBLIC, SIGNED_IN, access
from marketplace.web.organisations.blueprint import reader, room


@room.get("/invitations/<token>")
@access(PUBLIC)
def invitation(token: str) -> Response:
    """Show an invitation, to somebody with or without an account alike."""
    user = reader() if current_user.is_authenticated else None
    response = make_response(render_template("organisations/invitation.html", invitation=invitations.find(token, user)))
    # The address is a secret of the letter's reader: no other site learns it.
    response.headers["Referrer-Policy"] = "strict-origin"
    return response


@room.post("/invitations/<token>/accept")
@access(SIGNED_IN)
def accept_invitation(token: str) -> ResponseReturnValue:
    """Accept an invitation."""
    organisation = invitations.accept(token, reader()).organisation
    flash(_("Welcome to %(organisation)s.", organisation=organisation.name), "success")
    return redirect(url_for("organisations.overview", slug=organisation.slug), code=303)


@room.post("/invitations/<token>/decline")
@access(SIGNED_IN)
def decline_invitation(token: str) -> ResponseReturnValue:
    """Decline an invitation."""
    organisation = invitations.decline(token, reader())
    flash(_("You have declined the invitation to %(organisation)s.", organisation=organisation.name), "success")
    return redirect(url_for("organisations.mine"), code=303)
