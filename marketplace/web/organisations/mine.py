"""The organisations one belongs to, with invitations and requests, and one organisation from inside."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.i18n import gettext as _
from marketplace.services import invitations, memberships
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.organisations.blueprint import question, reader, room, theirs


@room.get("/organisations")
@access(SIGNED_IN)
def mine() -> str:
    """List one's organisations, invitations and requests."""
    user = reader()
    return render_template("organisations/mine.html", ties=memberships.of(user), invitations=invitations.of(user))


@room.get("/organisations/<slug>")
@access(SIGNED_IN)
def overview(slug: str) -> str:
    """Show one organisation to those who belong to it."""
    organisation = theirs(slug)
    user = reader()
    return render_template(
        "organisations/overview.html",
        organisation=organisation,
        tie=memberships.own(organisation, user),
        people=memberships.people(organisation, user),
    )


@room.route("/organisations/<slug>/leave", methods=["GET", "POST"])
@access(SIGNED_IN)
def leave(slug: str) -> ResponseReturnValue:
    """Ask, then leave an organisation."""
    organisation = theirs(slug)
    if request.method == "GET":
        return question(
            _("Leave %(organisation)s?", organisation=organisation.name),
            _("You will no longer act in its name. To come back, ask to join or be invited."),
            _("Leave"),
            url_for("organisations.overview", slug=slug),
            url_for("organisations.leave", slug=slug),
        )
    memberships.leave(slug, reader())
    flash(_("You have left %(organisation)s.", organisation=organisation.name), "success")
    return redirect(url_for("organisations.mine"), code=303)
