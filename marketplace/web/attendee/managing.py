"""One's own registrations: the list, one of them, changing it, taking an offered place, cancelling, who else comes."""

from typing import Any

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from marketplace.errors import Conflict, Invalid
from marketplace.i18n import gettext as _
from marketplace.i18n import in_language
from marketplace.models import (
    LIVE_STATES,
    EventState,
    QuestionKind,
    Registration,
    RegistrationConsentKind,
    RegistrationState,
)
from marketplace.services import (
    answer_files,
    attendees,
    events,
    invites,
    memberships,
    needs,
    questions,
    registration,
    sign_ups,
    terms,
    waiting_list,
    wallclock,
)
from marketplace.services.meetings import assignments, partners
from marketplace.services.seen import Overtaken
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.account.blueprint import reader, secret_page
from marketplace.web.attendee.blueprint import Way, both_ways, room
from marketplace.web.attendee.registering import LARGEST_FORM
from marketplace.web.forms.attendee import EditForm


@room.get("/account/registrations")
@access(SIGNED_IN)
def own_list() -> ResponseReturnValue:
    """List the reader's registrations, and the calendar that holds them all."""
    feed = invites.known_feed(reader())
    return secret_page(
        render_template(
            "attendee/own_list.html",
            registrations=attendees.own(reader()),
            feed_url=invites.personal_feed_url(feed) if feed else "",
        )
    )


@both_ways("")
def overview(way: Way) -> str:
    """Show the registration: its state, what to do next, and everything that was told."""
    mine = way.registration
    return render_template(
        "attendee/overview.html",
        **frame(way),
        answers=[(answer, questions.words(answer)) for answer in mine.answers],
        programme=sign_ups.own(mine),
        clashes=sign_ups.own_clashes(mine),
        link=sign_ups.links(mine, way.event).get(way.event.uid),
        offer_is_open=mine.state is RegistrationState.OFFERED and not wallclock.is_past(mine.offer_expires_at),
        readers=needs.readers(way.event),
        consents=[(kind, mine.has_consent(kind)) for kind in RegistrationConsentKind],
    )


def frame(way: Way) -> dict[str, Any]:
    """Return what the frame of all pages of one registration needs."""
    event = way.event
    return {
        "way": way,
        "mine": way.registration,
        "event": event,
        "window": events.window(event),
        "is_live": way.registration.state in LIVE_STATES
        and event.state is EventState.PUBLISHED
        and not wallclock.is_past(event.ends_at),
        "is_confirmed": way.registration.state is RegistrationState.CONFIRMED,
        "cancel_words": cancel_words(way.registration),
        "has_meetings": partners.takes_part(event, way.by),
        "interprets": bool(assignments.known_as(way.registration)),
        "spans": wallclock.spans(event.starts_at, event.ends_at, event.timezone, way.registration.timezone),
    }


@both_ways("/edit", ("GET", "POST"), largest=LARGEST_FORM)
def edit(way: Way) -> ResponseReturnValue:
    """Change what one told."""
    if not frame(way)["is_live"]:
        raise Conflict
    form, known = _edit_form(way), registration.application_of(way.registration)
    form.show(known)
    if request.method == "GET":
        _fill(form, way.registration)
        return _edit_page(way, form)
    if not form.validate():
        return _edit_page(way, form, 422)
    told = form.told(
        email=known.email,
        ticket=known.ticket,
        locale=form.locale.data,
        # Sessions that are not asked here (over, or without sign-up) stay as they are.
        sessions=_all_sessions(way.registration, form),
    )
    uid = way.registration.uid
    try:
        uploads = form.uploads()
        registration.edit(uid, told, by=way.by, seen=form.seen.data or "")
        answer_files.keep(uid, uploads, by=way.by)
    except Invalid as refusal:
        form.refuse(refusal)
        return _edit_page(way, form, refusal.status)
    except Overtaken as refusal:
        form.catch_up(told, registration.application_of(way.registration))
        return _edit_page(way, form, refusal.status)
    except Conflict as refusal:
        form.form_errors.append(str(refusal))
        return _edit_page(way, form, refusal.status)
    flash(_("Your registration was changed."), "success")
    return redirect(way.url("overview"), code=303)


def _edit_form(way: Way) -> EditForm:
    mine = way.registration
    organisations = memberships.choices(way.by) if way.by else []
    if mine.organisation is not None and mine.organisation.id not in {one.id for one in organisations}:
        organisations = [mine.organisation, *organisations]
    form = EditForm.of(terms.of(way.event.slug), organisations=organisations)
    assert isinstance(form, EditForm)
    return form


def _all_sessions(mine: Registration, form: EditForm) -> tuple[str, ...]:
    asked = {choice.value for choice in form.sessions.choices} if "sessions" in form else set()
    chosen = set(form.sessions.data or ()) if "sessions" in form else set()
    return tuple(sorted(chosen | {entry.uid for entry in sign_ups.own(mine) if entry.uid not in asked}))


def _fill(form: EditForm, mine: Registration) -> None:
    told = registration.application_of(mine)
    for name in (
        "name",
        "job_title",
        "badge_name",
        "country",
        "interpretation",
        "access",
        "dietary",
        "photo_consent",
        "is_listed",
        "timezone",
        "locale",
    ):
        form[name].data = getattr(told, name)
    form.category.data = told.category.value
    form.languages.data = list(told.languages)
    form.organisation_name.data = "" if told.organisation else told.organisation_name
    for name, value in (
        ("organisation", told.organisation),
        ("attendance", mine.attendance.value),
        ("sessions", list(told.sessions)),
    ):
        if name in form:
            form[name].data = value
    for question, field in form.answer_fields():
        given = told.answers.get(question.uid, "")
        if question.kind is QuestionKind.CONSENT:
            field.data = given == questions.YES
        elif question.kind is QuestionKind.CHOICES:
            field.data = list(given) if isinstance(given, tuple) else []
        elif question.kind is not QuestionKind.FILE:
            field.data = given


def _edit_page(way: Way, form: EditForm, status: int = 200) -> ResponseReturnValue:
    files = {answer.question.uid: answer.file.name for answer in way.registration.answers if answer.file}
    page = render_template(
        "attendee/edit.html", **frame(way), form=form, readers=needs.readers(way.event), kept_files=files
    )
    return page, status


def cancel_words(mine: Registration) -> str:
    """Say what cancelling does: to a place somebody has, or to their being on the list."""
    event = in_language(mine.event.titles)
    if mine.state in {RegistrationState.CONFIRMED, RegistrationState.OFFERED}:
        return _("Your place at “%(event)s” goes to somebody who waits for it.", event=event)
    return _("You are no longer on the list for “%(event)s”.", event=event)


@both_ways("/cancel", ("GET", "POST"))
def cancel(way: Way) -> ResponseReturnValue:
    """Ask, then cancel; the place goes to whoever waits."""
    if request.method == "POST":
        registration.cancel(way.registration.uid, by=way.by)
        flash(_("Your registration is cancelled. We have sent you a letter that takes it out of your calendar."))
        return redirect(way.url("overview"), code=303)
    if not frame(way)["is_live"]:
        raise Conflict
    return render_template(
        "confirm.html",
        title=_("Cancel your registration?"),
        text=cancel_words(way.registration),
        action=way.url("cancel"),
        confirm_label=_("Cancel my registration"),
        cancel_url=way.url("overview"),
    )


@both_ways("/accept", ("POST",))
def accept(way: Way) -> ResponseReturnValue:
    """Take the place that was offered."""
    waiting_list.accept_offer(way.registration.uid, by=way.by)
    flash(_("The place is yours. We have sent you the confirmation."), "success")
    return redirect(way.url("overview"), code=303)


@both_ways("/link", ("POST",))
def renew_link(way: Way) -> ResponseReturnValue:
    """Make the links sent so far worthless and send a new one."""
    registration.renew_link(way.registration.uid, by=way.by)
    flash(_("A new link is on its way to your mailbox; the old one no longer works."), "success")
    if way.by is None:
        return render_template("attendee/link_renewed.html")
    return redirect(way.url("overview"), code=303)


@both_ways("/participants")
def participants(way: Way) -> str:
    """List those who take part and agreed to be seen by the others."""
    return render_template(
        "attendee/participants.html", **frame(way), people=attendees.participants(way.event, way.registration)
    )
