"""Bringing an organisation, and what it tells about itself."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from marketplace.errors import Invalid, NotFound
from marketplace.i18n import gettext as _
from marketplace.models import OrganisationKind
from marketplace.services import cities, organisations, policies
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.forms.organisations import CityFactsForm, NewOrganisationForm
from marketplace.web.forms.organiser import OrganisationForm
from marketplace.web.organisations.blueprint import reader, room, theirs


@room.route("/organisations/new", methods=["GET", "POST"])
@access(SIGNED_IN)
def new() -> ResponseReturnValue:
    """Bring an organisation that is not on the platform yet."""
    form = NewOrganisationForm()
    if not form.is_submitted():
        form.timezone.data = reader().timezone
    elif form.validate():
        try:
            organisation = organisations.create(OrganisationKind(form.kind.data), form.profile(), reader())
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(
                _("Thank you. The organisers will look at %(name)s and verify it.", name=organisation.name), "success"
            )
            return redirect(url_for("organisations.overview", slug=organisation.slug), code=303)
    return render_template("organisations/new.html", form=form), 422 if form.is_submitted() else 200


@room.route("/organisations/<slug>/edit", methods=["GET", "POST"])
@access(SIGNED_IN)
def edit(slug: str) -> ResponseReturnValue:
    """Change what an organisation tells about itself."""
    organisation = theirs(slug)
    policies.require(reader(), "organisation.manage", organisation)
    form = OrganisationForm.of(organisation)
    if form.validate_on_submit():
        try:
            organisations.edit(slug, form.profile(), reader())
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("The profile is saved."), "success")
            return redirect(url_for("organisations.overview", slug=slug), code=303)
    page = render_template("organisations/edit.html", form=form, organisation=organisation)
    return page, 422 if form.is_submitted() else 200


@room.route("/organisations/<slug>/city", methods=["GET", "POST"])
@access(SIGNED_IN)
def city(slug: str) -> ResponseReturnValue:
    """Change the facts of a city."""
    organisation = theirs(slug)
    policies.require(reader(), "organisation.manage", organisation)
    profile = organisation.city
    if profile is None:
        raise NotFound
    form = CityFactsForm(obj=profile)
    if form.validate_on_submit():
        try:
            cities.describe(slug, form.facts(profile), reader())
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("The facts are saved."), "success")
            return redirect(url_for("organisations.overview", slug=slug), code=303)
    page = render_template("organisations/city.html", form=form, organisation=organisation)
    return page, 422 if form.is_submitted() else 200
