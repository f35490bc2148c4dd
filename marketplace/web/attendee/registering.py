"""Registering for an event: one form in the reader's language, and what became of it."""

from collections.abc import Hashable
from typing import NamedTuple

from flask import Response, flash, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf
from markupsafe import escape

from marketplace import i18n
from marketplace.errors import Conflict, Invalid
from marketplace.i18n import gettext as _
from marketplace.models import Event, RegistrationState, User
from marketplace.models.base import new_uid
from marketplace.services import (
    answer_files,
    attendees,
    events,
    labels,
    memberships,
    needs,
    registration,
    terms,
    tickets,
)
from marketplace.services.registration import Receipt
from marketplace.services.terms import Terms
from marketplace.services.tickets import Offer
from marketplace.web import csrf, kept
from marketplace.web.access import PUBLIC, access
from marketplace.web.attendee.blueprint import room, somebody
from marketplace.web.forms.attendee import AVAILABILITY, RegistrationForm, ticket_words
from marketplace.web.security import takes_files

LARGEST_FORM = 21_000_000
"""Bytes of a form: four files of the largest size, and the words."""

_MADE = "registered"


@room.get("/events/<slug>/register")
@access(PUBLIC)
def register(slug: str) -> ResponseReturnValue:
    """Ask who comes, in which manner, and what they need."""
    user = somebody()
    if user is None and not request.args and "_flashes" not in session:
        return _private(_form_for_everybody(slug))
    event = events.public(slug)
    known = attendees.mine(event, user)
    if known is not None:
        return redirect(url_for("attendee.own_overview", uid=known.uid), code=303)
    form = _form(terms.of(slug), user)
    form.access_code.data = request.args.get("code", "")[:40]
    if user is not None:
        form.name.data, form.email.data = user.name, user.email
        form.timezone.data = user.timezone
        if "organisation" in form:
            form.organisation.data = form.organisation.choices[0].value
    else:
        form.timezone.data = event.timezone
    form.languages.data = [i18n.locale()]
    return _page(event, form)


class _Asked(NamedTuple):
    """What the form for everybody shows."""

    terms: Terms
    offers: list[Offer]
    readers: list[str]

    @property
    def state(self) -> Hashable:
        """Return what tells one such form from another."""
        event = self.terms.event
        return (
            (event.uid, event.revision, events.window(event)),
            tuple((offer.ticket.uid, offer.availability, offer.left) for offer in self.offers),
            tuple(entry.uid for entry in self.terms.wishes()),
            tuple(self.readers),
        )


def _asked(slug: str) -> _Asked:
    of_event, readers = terms.of_form(slug)
    return _Asked(of_event, tickets.offers(of_event.event), readers)


def _form_for_everybody(slug: str) -> str:
    """Return the form for who is not signed in and brings no code, made anew where something about it has changed."""
    asked, attempt, token = _asked(slug), new_uid(), generate_csrf()
    event = asked.terms.event

    def make() -> str:
        form = _form(asked.terms, None)
        form.timezone.data, form.languages.data, form.attempt.data = event.timezone, [i18n.locale()], attempt
        return _html(events.public(event.slug), form, asked.offers, asked.readers)

    return kept.form(lambda: _asked(slug).state, asked.state, {attempt: attempt, token: token}, make, _of_another)


def _of_another() -> tuple[list[str], list[tuple[str, str]]]:
    token, cookie = csrf.begin()
    return [new_uid(), token], cookie


@room.post("/events/<slug>/register")
@access(PUBLIC)
@takes_files(LARGEST_FORM)
def send_registration(slug: str) -> ResponseReturnValue:
    """Take the registration. The same form sent again leads to the same one."""
    user = somebody()
    form = _form(terms.of(slug), user)
    if not form.validate():
        return _page(events.public(slug), form, 422)
    try:
        uploads = form.uploads()
        network = request.remote_addr or "" if user is None else ""
        made = registration.send(slug, form.application(i18n.locale()), by=user, network=network)
        answer_files.keep(made.uid, uploads, by=None)
    except Invalid as refusal:
        form.refuse(refusal)
        return _page(events.public(slug), form, refusal.status)
    except Conflict as refusal:
        form.form_errors.append(str(refusal))
        return _page(events.public(slug), form, refusal.status)
    return _made(slug, made)


def _form(of_event: Terms, user: User | None) -> RegistrationForm:
    form = RegistrationForm.of(of_event, organisations=memberships.choices(user) if user else [])
    assert isinstance(form, RegistrationForm)
    return form


def _page(event: Event, form: RegistrationForm, status: int = 200) -> Response:
    return _private(
        _html(event, form, tickets.offers(event, form.access_code.data or ""), needs.readers(event)), status
    )


def _html(event: Event, form: RegistrationForm, offers: list[Offer], readers: list[str]) -> str:
    form.offer(offers)
    return render_template(
        "attendee/register.html",
        event=event,
        mine=None,
        form=form,
        window=events.window(event),
        open_offers=[offer for offer in offers if offer.can_be_taken],
        closed_offers=[ticket_words(event, offer) for offer in offers if not offer.can_be_taken],
        availability=AVAILABILITY,
        is_code_wrong=bool(form.access_code.data) and not any(offer.ticket.access_code for offer in offers),
        readers=readers,
    )


def _private(page: str, status: int = 200) -> Response:
    response = make_response(page, status)
    # What is typed here is about a person, and how many places are left is true only now.
    response.headers["Cache-Control"] = "no-store"
    return response


def _made(slug: str, made: Receipt) -> Response:
    if made.is_own:
        flash(_outcome(made.state), "success")
        return make_response(redirect(url_for("attendee.own_overview", uid=made.uid), code=303))
    session[_MADE] = {"event": slug, "state": made.state.value, "email": made.email}
    # The page to come has forms: with their token in it now, the cookie need not be sent a second time.
    generate_csrf()
    return make_response(redirect(url_for("attendee.registered", slug=slug), code=303))


def _outcome(state: RegistrationState) -> str:
    return {
        RegistrationState.CONFIRMED: _("You are registered. We look forward to seeing you."),
        RegistrationState.WAITING: _("All places are taken at the moment. You are on the waiting list."),
        RegistrationState.PENDING_APPROVAL: _("The organisers will look at your registration and write to you."),
        RegistrationState.OFFERED: _("A place is offered to you. Please take it in time."),
    }.get(state, _("You are no longer registered."))


@room.get("/events/<slug>/registered")
@access(PUBLIC)
def registered(slug: str) -> ResponseReturnValue:
    """Say what became of the registration this browser has just sent, and where the link to it is."""
    made = session.get(_MADE) or {}
    if made.get("event") != slug:
        return redirect(url_for("attendee.register", slug=slug), code=303)
    state = labels.read(RegistrationState, made.get("state")) or RegistrationState.CONFIRMED
    if somebody() is not None or "_flashes" in session:
        return _registered_page(slug, state, made["email"])
    mark, token = new_uid(), generate_csrf()
    return kept.filled(
        (events.standing(slug), state),
        {mark: str(escape(made["email"])), token: token},
        lambda: _registered_page(slug, state, mark),
    )


def _registered_page(slug: str, state: RegistrationState, email: str) -> str:
    event = events.public(slug)
    return render_template(
        "attendee/registered.html",
        event=event,
        mine=None,
        window=events.window(event),
        state=state,
        outcome=_outcome(state),
        email=email,
    )
