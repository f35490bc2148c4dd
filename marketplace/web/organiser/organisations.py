"""Organisations at the desk: the list, one organisation, what it says about itself, and whether it is verified."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from marketplace.errors import Invalid, NotFound
from marketplace.i18n import country_name, ngettext
from marketplace.i18n import gettext as _
from marketplace.models import OrganisationKind
from marketplace.services import bulk, cities, labels, memberships, organisations, paging
from marketplace.web.access import access
from marketplace.web.forms.organiser import NewOrganisationForm, OrganisationForm
from marketplace.web.forms.organiser_city import OrganisersCityForm
from marketplace.web.organiser.desk import ask, download, page_number, room
from marketplace.web.public import local_target

_YES_NO = {"yes": True, "no": False}


@room.get("/organisations", endpoint="organisations")
@access("desk.platform")
def listing() -> str:
    """List organisations, searched and filtered."""
    wanted = _filter(request.args)
    page = paging.page(organisations.listing(wanted), page_number())
    return render_template(
        "organiser/organisations.html",
        page=page,
        wanted=wanted,
        members=memberships.counts(page.items),
        kinds=labels.choices(OrganisationKind),
        countries=[(code, country_name(code)) for code in organisations.countries()],
    )


def _filter(values: MultiDict[str, str]) -> organisations.Filter:
    sort = values.get("sort", "")
    return organisations.Filter(
        query=values.get("q", "")[:200],
        kind=labels.read(OrganisationKind, values.get("kind")),
        country=values.get("country", "")[:2],
        is_verified=_YES_NO.get(values.get("verified", "")),
        is_active=_YES_NO.get(values.get("active", "")),
        sort=sort if sort in organisations.SORTS else "name",
    )


@room.post("/organisations/export", endpoint="organisations_export")
@access("desk.platform")
def export() -> Response:
    """Download the organisations of the list as it is filtered."""
    return download("organisations", organisations.export(_filter(request.form), by=current_user))


@room.post("/organisations/verify", endpoint="organisations_verify_several")
@access("desk.platform")
def verify_several() -> ResponseReturnValue:
    """Verify the organisations that were ticked."""
    number = bulk.verify_organisations(request.form.getlist("slug"), by=current_user)
    if number:
        flash(ngettext("%(num)s organisation is verified.", "%(num)s organisations are verified.", number), "success")
    else:
        flash(_("Please tick the organisations to verify first."), "warning")
    return redirect(local_target(request.form.get("next"), "organiser.organisations"), code=303)


@room.route("/organisations/new", endpoint="organisations_new", methods=["GET", "POST"])
@access("desk.platform")
def create() -> ResponseReturnValue:
    """Enter an organisation."""
    form = NewOrganisationForm()
    if form.validate_on_submit():
        try:
            body = organisations.create(OrganisationKind(form.kind.data), form.profile(), by=current_user)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("%(name)s is entered. It is not verified yet.", name=body.name), "success")
            return _to(body.slug)
    return render_template(
        "organiser/organisation_form.html", form=form, body=None
    ), 422 if form.is_submitted() else 200


@room.get("/organisations/<slug>", endpoint="organisations_body")
@access("desk.platform")
def body(slug: str) -> str:
    """Show one organisation and its people."""
    found = organisations.find(slug)
    return render_template("organiser/organisation.html", body=found, people=memberships.people(found, current_user))


@room.route("/organisations/<slug>/edit", endpoint="organisations_edit", methods=["GET", "POST"])
@access("desk.platform")
def edit(slug: str) -> ResponseReturnValue:
    """Change what an organisation tells about itself."""
    found = organisations.find(slug)
    form = OrganisationForm.of(found)
    if form.validate_on_submit():
        try:
            organisations.edit(slug, form.profile(), by=current_user)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("The changes are saved."), "success")
            return _to(slug)
    status = 422 if form.is_submitted() else 200
    return render_template("organiser/organisation_form.html", form=form, body=found), status


@room.route("/organisations/<slug>/city", endpoint="organisations_city", methods=["GET", "POST"])
@access("desk.platform")
def city(slug: str) -> ResponseReturnValue:
    """Write down the facts of a city, or change them."""
    found = organisations.find(slug)
    if found.kind is not OrganisationKind.CITY:
        raise NotFound
    form = OrganisersCityForm(obj=found.city)
    if form.validate_on_submit():
        try:
            cities.describe(slug, form.facts(), by=current_user)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("The facts are saved."), "success")
            return _to(slug)
    status = 422 if form.is_submitted() else 200
    return render_template("organiser/city_form.html", form=form, body=found), status


def _to(slug: str) -> ResponseReturnValue:
    return redirect(url_for("organiser.organisations_body", slug=slug), code=303)


@room.post("/organisations/<slug>/verify", endpoint="organisations_verify")
@access("desk.platform")
def verify(slug: str) -> ResponseReturnValue:
    """Verify an organisation."""
    found = organisations.verify(slug, by=current_user)
    flash(_("%(name)s is verified.", name=found.name), "success")
    return _to(slug)


@room.get("/organisations/<slug>/unverify", endpoint="organisations_unverify_ask")
@access("desk.platform")
def ask_unverify(slug: str) -> str:
    """Ask before a verification is taken back."""
    found = organisations.find(slug)
    return ask(
        _("Take the verification of %(name)s back?", name=found.name),
        _("Others see at once that it is not verified. You can verify it again."),
        _("Take it back"),
        url_for("organiser.organisations_body", slug=slug),
    )


@room.post("/organisations/<slug>/unverify", endpoint="organisations_unverify")
@access("desk.platform")
def unverify(slug: str) -> ResponseReturnValue:
    """Take a verification back."""
    found = organisations.unverify(slug, by=current_user)
    flash(_("%(name)s is not verified any more.", name=found.name), "success")
    return _to(slug)


@room.get("/organisations/<slug>/deactivate", endpoint="organisations_deactivate_ask")
@access("desk.platform")
def ask_deactivate(slug: str) -> str:
    """Ask before an organisation is taken out of service."""
    found = organisations.find(slug)
    return ask(
        _("Deactivate %(name)s?", name=found.name),
        _("It leaves the public pages and nobody can act for it any more. Its people stay; you can reactivate it."),
        _("Deactivate"),
        url_for("organiser.organisations_body", slug=slug),
    )


@room.post("/organisations/<slug>/deactivate", endpoint="organisations_deactivate")
@access("desk.platform")
def deactivate(slug: str) -> ResponseReturnValue:
    """Take an organisation out of service."""
    found = organisations.deactivate(slug, by=current_user)
    flash(_("%(name)s is deactivated.", name=found.name), "success")
    return _to(slug)


@room.post("/organisations/<slug>/reactivate", endpoint="organisations_reactivate")
@access("desk.platform")
def reactivate(slug: str) -> ResponseReturnValue:
    """Put an organisation back into service."""
    found = organisations.reactivate(slug, by=current_user)
    flash(_("%(name)s is active again.", name=found.name), "success")
    return _to(slug)
