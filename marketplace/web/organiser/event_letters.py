"""Letters about an event at the desk: the organisers' own words, how they look, and messages to a group."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from markupsafe import escape

from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.gateways.mail import Content
from marketplace.i18n import LANGUAGES, language_name, ngettext
from marketplace.i18n import gettext as _
from marketplace.models import Event, RegistrationState
from marketplace.models.base import new_uid
from marketplace.services import attendees, events, letters
from marketplace.web.access import access
from marketplace.web.forms.organiser_letters import LetterForm, MessageForm
from marketplace.web.organiser.desk import ask, room
from marketplace.web.organiser.event_registrations import filter_choices, wanted_registrations


@room.get("/events/<slug>/letters", endpoint="events_letters")
@access("desk.enter")
def listing(slug: str) -> str:
    """List every kind of letter, and in which languages the organisers wrote it themselves."""
    event = events.managed(slug, current_user)
    own = {(words.kind, words.language) for words in letters.all_words(slug, current_user) if words.is_own}
    return render_template("organiser/events/letters.html", event=event, kinds=list(letters.kinds()), own=own)


@room.route("/events/<slug>/letters/<kind>/<language>", endpoint="events_letter", methods=["GET", "POST"])
@access("desk.enter")
def edit(slug: str, kind: str, language: str) -> ResponseReturnValue:
    """Show and change the words of one kind of letter in one language."""
    event = events.managed(slug, current_user)
    words = _words(slug, kind, language)
    form = LetterForm(data={"subject": words.subject, "body": words.body})
    if form.validate_on_submit():
        try:
            letters.save_words(slug, kind, language, form.subject.data, form.body.data, by=current_user)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("Your words are saved. Letters of this kind use them from now on."), "success")
            return _to(slug, kind, language)
    page = render_template(
        "organiser/events/letter.html",
        form=form,
        event=event,
        words=words,
        title=dict(letters.kinds())[kind],
        variables=letters.VARIABLES,
    )
    return page, 422 if form.is_submitted() else 200


def _words(slug: str, kind: str, language: str) -> letters.OwnWords:
    for words in letters.all_words(slug, current_user):
        if (words.kind, words.language) == (kind, language):
            return words
    raise NotFound


def _to(slug: str, kind: str, language: str) -> ResponseReturnValue:
    return redirect(url_for("organiser.events_letter", slug=slug, kind=kind, language=language), code=303)


@room.get("/events/<slug>/letters/<kind>/<language>/preview", endpoint="events_letter_saved")
@access("desk.enter")
def saved(slug: str, kind: str, language: str) -> Response:
    """Return a letter as its reader would get it, to be framed."""
    _words(slug, kind, language)
    return _framed(slug, kind, language, None)


@room.post("/events/<slug>/letters/<kind>/<language>/preview", endpoint="events_letter_preview")
@access("desk.enter")
def preview(slug: str, kind: str, language: str) -> Response:
    """Return a letter with the words now in the form, not saved yet, to be framed."""
    events.managed(slug, current_user)
    if language not in LANGUAGES:
        raise NotFound
    # A message holds its words in every language; any other letter in one.
    suffix = f"_{language}" if kind == "message" else ""
    words = (request.form.get(f"subject{suffix}", ""), request.form.get(f"body{suffix}", ""))
    return _framed(slug, kind, language, words)


def _framed(slug: str, kind: str, language: str, words: tuple[str, str] | None) -> Response:
    try:
        html, status = letters.preview(slug, kind, language, by=current_user, words=words).html, 200
    except (Invalid, Conflict) as refusal:
        # The frame shows what is wrong in place of the letter.
        html, status = f"<!doctype html><title>{escape(_('Preview'))}</title><p>{escape(str(refusal))}</p>", 422
    response = Response(html, status)
    # A letter brings its own style, and is shown inside a page of ours, where its links lead nowhere.
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'; sandbox"
    )
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


@room.get("/events/<slug>/letters/<kind>/<language>/reset", endpoint="events_letter_reset_ask")
@access("desk.enter")
def ask_reset(slug: str, kind: str, language: str) -> str:
    """Ask before the organisers' own words are forgotten."""
    _words(slug, kind, language)
    return ask(
        _("Use the platform's own words again?"),
        _(
            "Your words for “%(letter)s” in %(language)s are deleted.",
            letter=dict(letters.kinds())[kind],
            language=language_name(language),
        ),
        _("Use the platform's words"),
        url_for("organiser.events_letter", slug=slug, kind=kind, language=language),
    )


@room.post("/events/<slug>/letters/<kind>/<language>/reset", endpoint="events_letter_reset")
@access("desk.enter")
def reset(slug: str, kind: str, language: str) -> ResponseReturnValue:
    """Use the platform's own words again."""
    _words(slug, kind, language)
    letters.reset_words(slug, kind, language, by=current_user)
    flash(_("Letters of this kind use the platform's words again."), "success")
    return _to(slug, kind, language)


@room.get("/events/<slug>/message", endpoint="events_message")
@access("desk.enter")
def write(slug: str) -> str:
    """Write to a group; the address names the group as the list of registrations does."""
    event = events.managed(slug, current_user)
    wanted = wanted_registrations(request.args)
    if not request.args:
        wanted = attendees.Filter(states=(RegistrationState.CONFIRMED,))
    return _message_page(event, MessageForm(formdata=None), wanted)


@room.post("/events/<slug>/message", endpoint="events_message_send")
@access("desk.enter")
def send(slug: str) -> ResponseReturnValue:
    """Check a message and show whom it reaches and how it reads (`act=check`), go back to it, or send it."""
    event = events.managed(slug, current_user)
    wanted, form, act = wanted_registrations(request.form), MessageForm(), request.form.get("act")
    if act == "change":
        return _message_page(event, form, wanted)
    if form.validate():
        try:
            if not letters.count_readers(slug, wanted, current_user):
                raise Invalid("", _("Nobody is in this group."))
            if act == "send":
                number = letters.send_message(slug, form.message(wanted), by=current_user)
                words = ngettext("The message goes to %(num)s person.", "The message goes to %(num)s people.", number)
                flash(words, "success")
                return redirect(url_for("organiser.events_registrations", slug=slug), code=303)
            return _check_page(event, form, wanted)
        except Invalid as refusal:
            form.refuse(refusal)
    return _message_page(event, form, wanted), 422


def _message_page(event: Event, form: MessageForm, wanted: attendees.Filter) -> str:
    return render_template(
        "organiser/events/message.html",
        event=event,
        form=form,
        wanted=wanted,
        number=letters.count_readers(event.slug, wanted, current_user),
        states=list(RegistrationState),
        variables=letters.VARIABLES,
        **filter_choices(event),
    )


def _check_page(event: Event, form: MessageForm, wanted: attendees.Filter) -> str:
    """Show the message as it reads in each language it is written in, and how many people it reaches."""
    if not form.words():
        raise Invalid("subject_en", _("Please write this in at least one language."))
    form.attempt.data = new_uid()
    return render_template(
        "organiser/events/message_check.html",
        event=event,
        form=form,
        wanted=wanted,
        number=letters.count_readers(event.slug, wanted, current_user),
        contents={code: _content(event.slug, code, words) for code, words in form.words().items()},
    )


def _content(slug: str, language: str, words: tuple[str, str]) -> Content:
    try:
        return letters.preview(slug, "message", language, by=current_user, words=words)
    except Invalid as refusal:
        # A letter of one language names the field without it.
        raise Invalid(f"{refusal.field}_{language}", refusal.message) from None
