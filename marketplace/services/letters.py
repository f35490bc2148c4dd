"""Letters about events: the platform's words for each kind, the organisers' own words instead, and who gets which.

A letter to one person is queued with the act that causes it. A letter to many is a job that writes them in batches.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import joinedload

from marketplace import clock, i18n
from marketplace.database import atomic, session
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.gateways import mail
from marketplace.gateways.calendar import Method
from marketplace.i18n import LazyText, in_language, lazy_gettext
from marketplace.models import (
    LIVE_STATES,
    Attendance,
    AttendeeCategory,
    Event,
    EventState,
    Letter,
    LetterText,
    ProgrammeSession,
    Registration,
    RegistrationState,
    SessionSignUp,
    SessionState,
    User,
)
from marketplace.models.base import new_uid
from marketplace.services import (
    attendees,
    audit,
    events,
    invites,
    jobs,
    outbox,
    policies,
    registration_links,
    terms,
    texts,
    wallclock,
)

BATCH = 50
REMINDER = timedelta(hours=48)
"""How long before the beginning of an event its participants are reminded."""

TOLD = ("starts_at", "ends_at", "timezone", "venue", "address", "places", "mode", "online_link", "titles")
"""The changes of an event about which everybody registered gets a letter."""

TOLD_OF_REGISTRATION = ("attendance", "name", "organisation_name", "category", "answers", "needs", "interpretation")
"""The changes of one's own registration that a letter confirms."""


@dataclass(frozen=True)
class Words:
    """Subject and body of a kind of letter; `{name}` and the other variables are replaced for each reader."""

    title: LazyText
    subject: LazyText
    body: LazyText


VARIABLES: dict[str, LazyText] = {
    "name": lazy_gettext("the reader's name"),
    "event": lazy_gettext("the title of the event"),
    "when": lazy_gettext("the time of the event, with its zone"),
    "place": lazy_gettext("the place of the event"),
    "ticket": lazy_gettext("the name of the ticket"),
    "programme": lazy_gettext("the name of the programme"),
}

KINDS: dict[str, Words] = {
    "confirmed": Words(
        lazy_gettext("Registration confirmed"),
        lazy_gettext("You are registered: {event}"),
        lazy_gettext("Hello {name},\n\nyour place at {event} is confirmed. We look forward to seeing you."),
    ),
    "pending": Words(
        lazy_gettext("Registration received, to be approved"),
        lazy_gettext("We have your registration: {event}"),
        lazy_gettext(
            "Hello {name},\n\nthank you for registering for {event}. The organisers look at each registration for this "
            "ticket; you will hear from us by e-mail."
        ),
    ),
    "approved": Words(
        lazy_gettext("Registration approved"),
        lazy_gettext("Your registration is approved: {event}"),
        lazy_gettext(
            "Hello {name},\n\nthe organisers have approved your registration. Your place at {event} is confirmed."
        ),
    ),
    "waiting": Words(
        lazy_gettext("On the waiting list"),
        lazy_gettext("You are on the waiting list: {event}"),
        lazy_gettext(
            "Hello {name},\n\nall places at {event} are taken at the moment. You are on the waiting list. When a place "
            "becomes free for you, we offer it to you by e-mail."
        ),
    ),
    "offered": Words(
        lazy_gettext("A place is offered"),
        lazy_gettext("A place is free for you: {event}"),
        lazy_gettext(
            "Hello {name},\n\na place at {event} has become free, and it is kept for you for a while. Please take it "
            "or leave it to somebody else."
        ),
    ),
    "offer_ended": Words(
        lazy_gettext("The offer has ended"),
        lazy_gettext("Your offer has ended: {event}"),
        lazy_gettext(
            "Hello {name},\n\nthe time to take the place at {event} is over, and it was offered to the next person. If "
            "you still want to come, please register again."
        ),
    ),
    "declined": Words(
        lazy_gettext("Registration declined"),
        lazy_gettext("About your registration: {event}"),
        lazy_gettext("Hello {name},\n\nwe are sorry that we cannot offer you a place at {event}."),
    ),
    "cancelled": Words(
        lazy_gettext("Registration cancelled"),
        lazy_gettext("Your registration is cancelled: {event}"),
        lazy_gettext(
            "Hello {name},\n\nyour registration for {event} is cancelled. If you had a place, it passes on to somebody "
            "else."
        ),
    ),
    "edited": Words(
        lazy_gettext("Registration changed by the participant"),
        lazy_gettext("Your registration has changed: {event}"),
        lazy_gettext("Hello {name},\n\nwe have noted the changes to your registration for {event}."),
    ),
    "again": Words(
        lazy_gettext("The link to a registration, sent again"),
        lazy_gettext("Your registration: {event}"),
        lazy_gettext(
            "Hello {name},\n\nthis address has a registration for {event}. Here is the link to see how it stands and "
            "to change it."
        ),
    ),
    "reminder": Words(
        lazy_gettext("Reminder before the event"),
        lazy_gettext("Soon: {event}"),
        lazy_gettext("Hello {name},\n\n{event} begins soon. Your ticket and the programme are on your page."),
    ),
    "event_changed": Words(
        lazy_gettext("The event has changed"),
        lazy_gettext("Please note a change: {event}"),
        lazy_gettext("Hello {name},\n\nsomething about {event} has changed. Only this is new:"),
    ),
    "event_cancelled": Words(
        lazy_gettext("The event is cancelled"),
        lazy_gettext("Cancelled: {event}"),
        lazy_gettext("Hello {name},\n\nwe are sorry: {event} does not take place."),
    ),
    "session_signed_up": Words(
        lazy_gettext("Signed up for a session"),
        lazy_gettext("You are signed up for a session: {event}"),
        lazy_gettext("Hello {name},\n\nyour place in this session is confirmed."),
    ),
    "session_withdrawn": Words(
        lazy_gettext("No longer in a session"),
        lazy_gettext("You are no longer signed up for a session: {event}"),
        lazy_gettext("Hello {name},\n\nthis session is no longer in your programme."),
    ),
    "session_changed": Words(
        lazy_gettext("A session has changed"),
        lazy_gettext("A session has changed: {event}"),
        lazy_gettext("Hello {name},\n\na session of your programme has changed. Only this is new:"),
    ),
    "session_cancelled": Words(
        lazy_gettext("A session is cancelled"),
        lazy_gettext("A session is cancelled: {event}"),
        lazy_gettext("Hello {name},\n\na session of your programme does not take place."),
    ),
}

_APPROVED = lazy_gettext("The organisers have approved your registration.")

_FIRST = {
    RegistrationState.CONFIRMED: "confirmed",
    RegistrationState.PENDING_APPROVAL: "pending",
    RegistrationState.WAITING: "waiting",
    RegistrationState.OFFERED: "offered",
}


def tell_state(
    about: Registration,
    *,
    approved: bool = False,
    wished: bool = True,
    missed: Sequence[ProgrammeSession] = (),
) -> None:
    """Tell somebody where their registration stands now; a confirmed one comes with an invitation.

    It names the sessions they have a place in (not looked for unless they `wished` any), and those they `missed`.
    """
    kind = _FIRST[about.state]
    is_confirmed = about.state is RegistrationState.CONFIRMED
    with i18n.speaking(about.locale):
        # Approved, but not confirmed: the letter about the waiting list says both.
        message = str(_APPROVED) if approved and not is_confirmed else ""
    _write(
        about,
        "approved" if approved and is_confirmed else kind,
        message=message,
        calendar=Method.REQUEST if is_confirmed else None,
        offer_ends=about.offer_expires_at.isoformat() if about.offer_expires_at else None,
        sessions=[_session(entry) for entry in _places_in(about)] if is_confirmed and wished else [],
        missed=[_session(entry) for entry in missed],
    )


def _places_in(about: Registration) -> list[ProgrammeSession]:
    """Return the sessions in which somebody holds a place; others in their programme are open to all."""
    from marketplace.services import sign_ups

    return [entry for entry in sign_ups.own(about) if entry.needs_sign_up and entry.state is SessionState.PUBLISHED]


def _session(entry: ProgrammeSession) -> dict[str, Any]:
    return {"titles": entry.titles, "moments": _moments(entry)}


def tell_ended(about: Registration, kind: str, was: RegistrationState, message: str = "") -> None:
    """Tell somebody that their registration is over; what was in their calendar is taken out."""
    calendar = Method.CANCEL if was is RegistrationState.CONFIRMED else None
    _write(about, kind.removeprefix("registration."), calendar=calendar, message=message)


def tell_edited(about: Registration, changed: list[str]) -> None:
    """Confirm what somebody changed; where it changes their place, their calendar learns of it."""
    calendar = Method.REQUEST if "attendance" in changed else None
    _write(about, "edited", calendar=calendar, changed_facts=changed)


def tell_again(about: Registration) -> None:
    """Send the link to a registration to its mailbox again."""
    _write(about, "again")


def tell_sign_up(sign_up: SessionSignUp, kind: str, reason: LazyText | str = "") -> None:
    """Tell somebody about their place in a session, with an invitation or its withdrawal, and why that is."""
    _write_about_session(sign_up, kind.removeprefix("registration."), {}, reason)


def tell_changes(event: Event, before: dict[str, Any]) -> None:
    """Tell everybody registered what changed about an event, and only that."""
    _announce(event, "event_changed", {"before": before})


def tell_event_cancelled(event: Event) -> None:
    """Tell everybody registered that an event does not take place."""
    _announce(event, "event_cancelled", {})


def tell_session(entry: ProgrammeSession, kind: str, before: dict[str, Any]) -> None:
    """Tell everybody who has a session in their programme what changed about it, or that it is cancelled."""
    _announce(entry.event, kind.removeprefix("registration."), {"session": entry.id, "before": before})


def _announce(event: Event, kind: str, detail: dict[str, Any], dedupe_key: str | None = None) -> bool:
    job = jobs.enqueue(
        "letters.announce",
        {"campaign": new_uid(), "event": event.id, "kind": kind, "after": 0, "detail": detail},
        dedupe_key=dedupe_key,
    )
    return job is not None


class _AlreadyWritten(Exception):
    """Another worker wrote this batch; what this one wrote is taken back."""


@jobs.handler("letters.announce")
def _announce_batch(run: jobs.Run) -> None:
    """Write one batch of letters and enqueue the next in the same transaction, so that nobody gets two."""
    payload = run.payload
    try:
        with atomic() as current:
            event = current.get(Event, payload["event"])
            if event is None or _is_overtaken(event, payload):
                return
            batch = list(current.scalars(_readers(event, payload).limit(BATCH)))
            if not batch:
                return
            for reader in batch:
                _write_announcement(reader, payload["kind"], payload["detail"])
            after = batch[-1].id
            key = f"{payload['campaign']}-{after}"
            if jobs.enqueue("letters.announce", {**payload, "after": after}, dedupe_key=key) is None:
                raise _AlreadyWritten
    except _AlreadyWritten:
        return


def _is_overtaken(event: Event, payload: dict[str, Any]) -> bool:
    """Tell whether what changed does not matter any more, because it was called off before this was written."""
    if payload["kind"] == "session_changed":
        entry = session().get(ProgrammeSession, payload["detail"]["session"])
        return entry is None or entry.state is SessionState.CANCELLED
    return payload["kind"] in {"event_changed", "reminder", "session_cancelled"} and (
        event.state is EventState.CANCELLED
    )


def _readers(event: Event, payload: dict[str, Any]) -> Select[Registration]:
    kind, detail = payload["kind"], payload["detail"]
    if kind == "message":
        statement = attendees.filtered(event, _stored_filter(detail["filter"])).where(_WANT_MESSAGES)
    else:
        statement = select(Registration).where(Registration.event_id == event.id)
        if kind in {"event_changed", "event_cancelled"}:
            statement = statement.where(Registration.state.in_(LIVE_STATES))
        else:
            statement = statement.where(Registration.state == RegistrationState.CONFIRMED)
    if "session" in detail:
        statement = statement.where(
            Registration.sign_ups.any(
                (SessionSignUp.session_id == detail["session"]) & SessionSignUp.withdrawn_at.is_(None)
            )
        )
    return (
        statement.where(Registration.id > payload["after"])
        .order_by(None)
        .order_by(Registration.id)
        .options(joinedload(Registration.event), joinedload(Registration.ticket_type))
    )


_WANT_MESSAGES = Registration.messages_ended_at.is_(None)


def _write_announcement(reader: Registration, kind: str, detail: dict[str, Any]) -> None:
    is_confirmed = reader.state is RegistrationState.CONFIRMED
    event = reader.event
    if "session" in detail:
        sign_up = session().scalar(
            select(SessionSignUp).where(
                SessionSignUp.session_id == detail["session"], SessionSignUp.registration_id == reader.id
            )
        )
        if sign_up is not None:
            _write_about_session(sign_up, kind, detail["before"])
    elif kind == "event_changed":
        before = detail["before"]
        noticed = bool(set(before) & set(events.NOTICED))
        calendar = Method.REQUEST if is_confirmed and noticed else None
        changes = _event_changes(event, before, reader)
        if changes:
            _write(reader, kind, calendar=calendar, changes=changes)
    elif kind == "event_cancelled":
        note = in_language(event.cancellation_notes, reader.locale)
        _write(reader, kind, calendar=Method.CANCEL if is_confirmed else None, message=note)
    elif kind == "message":
        subject, body = _chosen_words(detail["words"], reader.locale)
        _write(reader, kind, own=(subject, body), unsubscribe=reader.uid)
    else:
        _write(reader, kind)


def _chosen_words(words: dict[str, list[str]], locale: str) -> tuple[str, str]:
    subject, body = words.get(locale) or words.get("en") or next(iter(words.values()))
    return subject, body


def _event_changes(event: Event, before: dict[str, Any], reader: Registration) -> list[dict[str, Any]]:
    """Return what changed for this reader, as plain values: time, place, manner, link, title; with what was before.

    A text that changed in another language only is no change to them.
    """
    changes: list[dict[str, Any]] = []
    if set(before) & {"starts_at", "ends_at", "timezone"}:
        old = [before.get(name, getattr(event, name).isoformat()) for name in ("starts_at", "ends_at")]
        changes.append(
            {
                "what": "time",
                "before": {"moments": old, "zone": before.get("timezone", event.timezone)},
                "after": {"moments": _moments(event), "zone": event.timezone},
            }
        )
    if set(before) & {"venue", "address", "places"}:
        old_places = before.get("places", event.places)
        with i18n.speaking(reader.locale):
            parts = (before.get("venue", event.venue), before.get("address", event.address), in_language(old_places))
            after = ", ".join(part for part in (event.venue, event.address, in_language(event.places)) if part)
        place = ", ".join(part for part in parts if part)
        if place != after:
            changes.append({"what": "place", "before": place, "after": after})
    if "mode" in before:
        changes.append({"what": "mode", "before": before["mode"], "after": event.mode.value})
    if "online_link" in before:
        changes.append({"what": "link"})
    if "titles" in before and in_language(before["titles"], reader.locale) != in_language(event.titles, reader.locale):
        changes.append({"what": "title", "before": before["titles"], "after": event.titles})
    return changes


def _moments(thing: Event | ProgrammeSession) -> list[str]:
    return [thing.starts_at.isoformat(), thing.ends_at.isoformat()]


def _write_about_session(
    sign_up: SessionSignUp, kind: str, before: dict[str, Any], reason: LazyText | str = ""
) -> None:
    entry, reader = sign_up.session, sign_up.registration
    event = reader.event
    changes: list[dict[str, Any]] = []
    if set(before) & {"starts_at", "ends_at"}:
        old = [before.get(name, getattr(entry, name).isoformat()) for name in ("starts_at", "ends_at")]
        changes.append(
            {
                "what": "time",
                "before": {"moments": old, "zone": event.timezone},
                "after": {"moments": _moments(entry), "zone": event.timezone},
            }
        )
    if "room_id" in before:
        room = entry.room.names if entry.room else {}
        with i18n.speaking(reader.locale):
            changes.append({"what": "room", "before": in_language(before["room_id"]), "after": in_language(room)})
    if "online_link" in before:
        changes.append({"what": "link"})
    if "state" in before:
        changes.append({"what": "revived"})
    is_off = kind in {"session_cancelled", "session_withdrawn"}
    with i18n.speaking(reader.locale):
        message = str(reason)
        invited = invites.of_session(entry, event, sign_up, reader)
        # What was only noted in one's programme was never sent to the calendar by mail; the feed has it.
        calendar = invites.stored(invited, Method.CANCEL if is_off else Method.REQUEST) if entry.needs_sign_up else None
    _write(
        reader,
        kind,
        calendar=calendar,
        changes=changes,
        message=message,
        session={
            **_session(entry),
            "rooms": entry.room.names if entry.room else {},
            "url": invites.session_url(event, entry),
        },
    )


def _write(
    reader: Registration,
    kind: str,
    *,
    calendar: Method | dict[str, Any] | None = None,
    own: tuple[str, str] | None = None,
    **context: Any,
) -> None:
    """Queue one letter in its reader's language."""
    event = reader.event
    with i18n.speaking(reader.locale):
        subject, body = _filled(own or _words_of(event, kind, reader.locale), reader)
        if isinstance(calendar, Method):
            calendar = invites.stored(invites.of_event(event, reader), calendar)
        outbox.queue(
            f"registration.{kind}",
            to=reader.user,
            email=reader.email,
            name=reader.name,
            locale=reader.locale,
            **_facts(reader),
            subject=subject,
            paragraphs=_paragraphs(body),
            calendar=calendar,
            **{
                "changes": [],
                "message": "",
                "offer_ends": None,
                "changed_facts": [],
                "session": None,
                "unsubscribe": None,
                **context,
            },
        )


def _facts(reader: Registration) -> dict[str, Any]:
    event = reader.event
    here, there = event.timezone, reader.timezone
    same = wallclock.local(event.starts_at, here).utcoffset() == wallclock.local(event.starts_at, there).utcoffset()
    return {
        "registration": reader.uid,
        # What can still be done: with an event that is called off, no more than with a registration that is.
        "state": (RegistrationState.CANCELLED if event.state is EventState.CANCELLED else reader.state).value,
        "link": registration_links.link_value(reader),
        "event_url": invites.event_url(event),
        "titles": event.titles,
        "moments": _moments(event),
        "zones": [here] if same else [here, there],
        "place": invites.place_of(event, reader.attendance),
        "ticket": reader.ticket_type.names,
        "is_online": reader.attendance is Attendance.ONLINE,
    }


def _paragraphs(body: str) -> list[str]:
    return [part.strip() for part in re.split(r"\n\s*\n", body.replace("\r\n", "\n")) if part.strip()]


_OWN_WORDS = select(LetterText).where(
    LetterText.event_id == bindparam("event_id"),
    LetterText.kind == bindparam("kind"),
    LetterText.language == bindparam("language"),
)


def _words_of(event: Event, kind: str, language: str) -> tuple[str, str]:
    kept = terms.known(event)
    if kept is not None:
        return kept.words.get((kind, language)) or default_words(kind, language)
    own = session().scalar(_OWN_WORDS, {"event_id": event.id, "kind": kind, "language": language})
    return (own.subject, own.body) if own else default_words(kind, language)


def default_words(kind: str, language: str) -> tuple[str, str]:
    """Return the platform's own subject and body of one kind of letter in one language."""
    with i18n.speaking(language):
        return str(KINDS[kind].subject), str(KINDS[kind].body)


_VARIABLE = re.compile(r"\{([^{}]*)\}")


def _filled(words: tuple[str, str], reader: Registration) -> tuple[str, str]:
    event = reader.event
    values = {
        "name": reader.name,
        "event": in_language(event.titles),
        "when": wallclock.span(event.starts_at, event.ends_at, event.timezone),
        "place": invites.place_of(event, reader.attendance),
        "ticket": in_language(reader.ticket_type.names),
        "programme": i18n.programme_name(),
    }
    # Replaced once, in one pass: what stands in a name is never taken for a variable.
    subject, body = (_VARIABLE.sub(lambda found: values.get(found[1], found[0]), text) for text in words)
    return subject, body


@dataclass(frozen=True)
class OwnWords:
    """One kind of letter in one language as an event's organisers see it; `is_own` where they wrote it themselves."""

    kind: str
    language: str
    subject: str
    body: str
    is_own: bool


def all_words(slug: str, by: User) -> list[OwnWords]:
    """Return the words of every kind of letter in every language, for the organisers of an event."""
    event = events.managed(slug, by)
    own = {
        (text.kind, text.language): text
        for text in session().scalars(select(LetterText).where(LetterText.event_id == event.id))
    }
    found = []
    for kind in KINDS:
        for language in i18n.LANGUAGES:
            text = own.get((kind, language))
            subject, body = (text.subject, text.body) if text else default_words(kind, language)
            found.append(OwnWords(kind, language, subject, body, text is not None))
    return found


def save_words(slug: str, kind: str, language: str, subject: str, body: str, by: User) -> LetterText:
    """Keep the organisers' own words; raises `Invalid` for a variable that does not exist."""
    if kind not in KINDS or language not in i18n.LANGUAGES:
        raise NotFound
    subject, body = _checked_words(subject, body)
    with atomic() as current:
        event = events.editable(slug, by)
        text = current.scalar(
            select(LetterText).where(
                LetterText.event_id == event.id, LetterText.kind == kind, LetterText.language == language
            )
        ) or LetterText(event_id=event.id, kind=kind, language=language)
        text.subject, text.body, text.changed_at, text.changed_by_id = subject, body, clock.now(), by.id
        current.add(text)
        current.flush()
        events.touch(event)
        audit.record("letter_text.saved", by, event, kind=kind, language=language)
        return text


def reset_words(slug: str, kind: str, language: str, by: User) -> None:
    """Use the platform's own words again."""
    with atomic() as current:
        event = events.editable(slug, by)
        for text in current.scalars(
            select(LetterText).where(
                LetterText.event_id == event.id, LetterText.kind == kind, LetterText.language == language
            )
        ):
            current.delete(text)
        events.touch(event)
        audit.record("letter_text.reset", by, event, kind=kind, language=language)


def _checked_words(subject: str, body: str, suffix: str = "") -> tuple[str, str]:
    subject = texts.line(subject, f"subject{suffix}", 200, is_required=True)
    body = texts.within(texts.clean(body), f"body{suffix}", 5000)
    if not body:
        raise Invalid(f"body{suffix}", lazy_gettext("Please fill in this field."))
    for name, text in ((f"subject{suffix}", subject), (f"body{suffix}", body)):
        for variable in _VARIABLE.findall(text):
            if variable not in VARIABLES:
                raise Invalid(name, lazy_gettext("There is no variable {%(variable)s}.", variable=variable[:40]))
        if set("{}") & set(_VARIABLE.sub("", text)):
            raise Invalid(name, lazy_gettext("A brace is missing: variables are written like {name}."))
    return subject, body


def preview(slug: str, kind: str, language: str, by: User, words: tuple[str, str] | None = None) -> mail.Content:
    """Return a letter as a reader would get it, with an invented reader; `words` are those not saved yet.

    Raises `Invalid` for words that could not be saved, `Conflict` for an event that has no ticket to write about.
    """
    event = events.managed(slug, by)
    if kind not in KINDS and kind != "message":
        raise NotFound
    if words is not None:
        words = _checked_words(*words)
    example = _example(event, language)
    with i18n.speaking(language):
        subject, body = _filled(words or _words_of(event, kind, language), example)
        letter = Letter(
            kind=f"registration.{kind}",
            recipient=example.email,
            recipient_name=example.name,
            locale=language,
            queued_at=clock.now(),
            context={
                **_facts(example),
                "subject": subject,
                "paragraphs": _paragraphs(body),
                "changes": [],
                "message": "",
                "offer_ends": (clock.now() + timedelta(hours=48)).isoformat() if kind == "offered" else None,
                "changed_facts": [],
                "session": None,
                "calendar": None,
                "unsubscribe": example.uid if kind == "message" else None,
            },
        )
        return outbox.render(letter, secrets=False)


def _example(event: Event, language: str) -> Registration:
    """Return an invented reader, who is never stored."""
    from marketplace.services import tickets

    ticket = next(iter(tickets.types(event)), None)
    if ticket is None:
        raise Conflict(lazy_gettext("Please add a ticket first."))
    example = Registration(
        uid="example",
        link_version=1,
        state=RegistrationState.CONFIRMED,
        email="reader@cities.example",
        name="Ana Example",
        attendance=Attendance.IN_PERSON,
        locale=language,
        timezone=event.timezone,
    )
    with session().no_autoflush:
        example.event, example.ticket_type = event, ticket
        if example in session():
            session().expunge(example)
    return example


@dataclass(frozen=True)
class Message:
    """What organisers write to a group: subject and body by language, and who gets it.

    `attempt` is the number of the form: the same form sent twice is one message.
    """

    words: dict[str, tuple[str, str]]
    readers: attendees.Filter = field(default_factory=lambda: attendees.Filter(states=(RegistrationState.CONFIRMED,)))
    attempt: str = ""


def count_readers(slug: str, readers: attendees.Filter, by: User) -> int:
    """Return how many people a message to this group reaches: all of it who want messages."""
    event = events.managed(slug, by)
    rows = attendees.filtered(event, readers).where(_WANT_MESSAGES).order_by(None).subquery()
    return session().scalar(select(func.count()).select_from(rows)) or 0


def send_message(slug: str, message: Message, by: User) -> int:
    """Write to a group, to each in their language (else English, else what there is); returns how many are reached."""
    words = {
        code: _checked_words(subject, body, f"_{code}")
        for code, (subject, body) in message.words.items()
        if code in i18n.LANGUAGES and (subject.strip() or body.strip())
    }
    if not words:
        raise Invalid("subject_en", lazy_gettext("Please write this in at least one language."))
    with atomic():
        event = events.locked(slug, by)
        policies.require(by, "registration.manage", event)
        number = count_readers(slug, message.readers, by)
        key = f"message-{event.uid}-{message.attempt}" if message.attempt else None
        if number and not _announce(
            event, "message", {"words": words, "filter": _filter_to_store(message.readers)}, dedupe_key=key
        ):
            return number
        audit.record("registration.message", by, event, readers=number, languages=sorted(words))
        return number


def _filter_to_store(wanted: attendees.Filter) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(wanted).items()}


def _stored_filter(stored: dict[str, Any]) -> attendees.Filter:
    values = dict(stored)
    values["states"] = tuple(RegistrationState(state) for state in stored["states"])
    values["category"] = AttendeeCategory(stored["category"]) if stored["category"] else None
    values["attendance"] = Attendance(stored["attendance"]) if stored["attendance"] else None
    return attendees.Filter(**values)


@jobs.handler("letters.remind", every=timedelta(minutes=30))
def _remind(_: jobs.Run) -> None:
    """Remind the participants of every event that begins within two days, once for each beginning."""
    now = clock.now()
    with atomic() as current:
        for event in current.scalars(
            select(Event).where(
                Event.state == EventState.PUBLISHED, Event.starts_at > now, Event.starts_at <= now + REMINDER
            )
        ):
            _announce(event, "reminder", {}, dedupe_key=f"reminder-{event.uid}-{int(event.starts_at.timestamp())}")


def copy(source: Event, twin: Event) -> None:
    """Give one event the organisers' own words of another."""
    with atomic() as current:
        for text in current.scalars(select(LetterText).where(LetterText.event_id == source.id)):
            current.add(
                LetterText(
                    event_id=twin.id,
                    kind=text.kind,
                    language=text.language,
                    subject=text.subject,
                    body=text.body,
                    changed_at=clock.now(),
                    changed_by_id=text.changed_by_id,
                )
            )
        current.flush()


def kinds() -> Iterable[tuple[str, LazyText]]:
    """Return every kind of letter whose words can be changed, with what it is called."""
    return [(kind, words.title) for kind, words in KINDS.items()]
