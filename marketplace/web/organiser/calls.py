"""Calls for projects at the desk: when and for whom they are open, and which city answered."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace import i18n
from marketplace.errors import Invalid, NotFound
from marketplace.i18n import gettext as _
from marketplace.i18n import in_language
from marketplace.models import Call, Event
from marketplace.services import cities, events, paging, wallclock
from marketplace.services.projects import calls, reminders
from marketplace.web.access import access
from marketplace.web.forms.organiser_calls import CallForm
from marketplace.web.language import reader_zone
from marketplace.web.organiser.desk import ask, page_number, room


@room.get("/calls", endpoint="calls")
@access("desk.platform")
def listing() -> str:
    """List all calls, the last to close first."""
    page = paging.page(calls.listing(), page_number())
    return render_template(
        "organiser/calls/list.html",
        page=page,
        counts=calls.counts(page.items),
        phase=calls.phase,
        phases=calls.PHASES,
    )


@room.route("/calls/new", endpoint="calls_new", methods=["GET", "POST"])
@access("desk.platform")
def create() -> ResponseReturnValue:
    """Enter a call."""
    form = _form(None)
    if form.validate_on_submit():
        try:
            call = calls.create(form.details(_event(form)), by=current_user)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("The call is entered. It opens and closes by itself."), "success")
            return redirect(url_for("organiser.calls_call", slug=call.slug), code=303)
    return render_template("organiser/calls/new.html", form=form), 422 if form.is_submitted() else 200


@room.get("/calls/<slug>", endpoint="calls_call")
@access("desk.platform")
def call(slug: str) -> str:
    """Show one call, and the projects that were begun for it."""
    found = calls.find(slug)
    names = {city.slug: city.name for city in cities.directory().cities}
    return render_template(
        "organiser/calls/call.html",
        call=found,
        page=paging.page(calls.answers(found), page_number()),
        counts=calls.counts([found])[found.id],
        phase=calls.phase(found),
        phases=calls.PHASES,
        countries=[i18n.country_name(code) for code in found.countries],
        cities=[names.get(slug, slug) for slug in found.city_slugs],
        reminder_days=reminders.DAYS,
        has_leave=calls.has_leave,
        span=wallclock.span,
    )


@room.route("/calls/<slug>/edit", endpoint="calls_edit", methods=["GET", "POST"])
@access("desk.platform")
def edit(slug: str) -> ResponseReturnValue:
    """Change what is decided about a call."""
    found = calls.find(slug)
    form = _form(found)
    if form.validate_on_submit():
        try:
            calls.edit(slug, form.details(_event(form), found), by=current_user)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("The changes are saved."), "success")
            return redirect(url_for("organiser.calls_call", slug=slug), code=303)
    status = 422 if form.is_submitted() else 200
    return render_template("organiser/calls/edit.html", form=form, call=found), status


@room.get("/calls/<slug>/retire", endpoint="calls_retire_ask")
@access("desk.platform")
def retire_ask(slug: str) -> str:
    """Ask before a call is taken out of use."""
    found = calls.find(slug)
    return ask(
        _("Take “%(call)s” out of use?", call=calls.title(found)),
        _("Nobody can answer it any more. What was submitted stays."),
        _("Take out of use"),
        url_for("organiser.calls_call", slug=slug),
    )


@room.post("/calls/<slug>/retire", endpoint="calls_retire")
@access("desk.platform")
def retire(slug: str) -> ResponseReturnValue:
    """Take a call out of use."""
    calls.retire(slug, by=current_user)
    flash(_("The call is out of use."), "success")
    return redirect(url_for("organiser.calls_call", slug=slug), code=303)


def _form(found: Call | None) -> CallForm:
    """Return the form with what can be chosen: coming events, the cities of the programme and their countries."""
    form = CallForm.of(found, found.timezone if found else reader_zone())
    directory = cities.directory()
    coming = paging.page(events.managed_listing(events.Filter(is_over=False), current_user), 1, 100)
    offered = {event.slug: in_language(event.titles) for event in coming}
    countries = {code: i18n.country_name(code) for code in directory.countries}
    named = {city.slug: city.name for city in directory.cities}
    if found is not None:
        # What was chosen once stays among the choices.
        if found.event is not None:
            offered.setdefault(found.event.slug, in_language(found.event.titles))
        countries |= {code: i18n.country_name(code) for code in found.countries}
        named |= {slug: slug for slug in found.city_slugs if slug not in named}
    form.offer(offered.items(), sorted(countries.items(), key=lambda pair: pair[1]), named.items())
    return form


def _event(form: CallForm) -> Event | None:
    """Return the event that was chosen."""
    if not form.event.data:
        return None
    try:
        return events.managed(form.event.data, current_user)
    except NotFound:
        return None
