"""Finding an organisation and asking to join it."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.errors import NotFound
from marketplace.i18n import gettext as _
from marketplace.models import OrganisationKind
from marketplace.services import labels, memberships, organisations, paging
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.forms.organisations import AskForm
from marketplace.web.organisations.blueprint import reader, room


@room.get("/organisations/find")
@access(SIGNED_IN)
def find() -> str:
    """List organisations one could join, searched by name."""
    wanted = organisations.Filter(
        query=request.args.get("q", "")[:200],
        kind=labels.read(OrganisationKind, request.args.get("kind")),
        is_active=True,
    )
    return render_template(
        "organisations/find.html",
        wanted=wanted,
        kinds=labels.choices(OrganisationKind),
        page=paging.page(organisations.listing(wanted), request.args.get("page", 1, type=int), size=20),
        tied={tie.organisation_id: tie for tie in memberships.of(reader())},
    )


@room.route("/organisations/<slug>/ask", methods=["GET", "POST"])
@access(SIGNED_IN)
def ask(slug: str) -> ResponseReturnValue:
    """Ask to join an organisation, with a few words to its managers."""
    organisation = organisations.find(slug)
    if organisation.deactivated_at is not None:
        raise NotFound
    form = AskForm()
    if form.validate_on_submit():
        memberships.ask(slug, reader(), message=form.message.data or "")
        flash(_("Your request is on its way. You get a letter when it is decided."), "success")
        return redirect(url_for("organisations.mine"), code=303)
    page = render_template("organisations/ask.html", form=form, organisation=organisation)
    return page, 422 if form.is_submitted() else 200


@room.post("/organisations/<slug>/take-back")
@access(SIGNED_IN)
def take_back(slug: str) -> ResponseReturnValue:
    """Take one's own request back."""
    memberships.take_back(slug, reader())
    flash(_("Your request is taken back."), "success")
    return redirect(url_for("organisations.mine"), code=303)
