"""Registration for an event: made, edited, approved or declined, cancelled, claimed by an account, forgotten with it.

Places are counted under the event's lock.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from marketplace import clock, i18n
from marketplace.database import atomic, lock, put_new, session
from marketplace.errors import (
    AlreadyRegistered,
    Conflict,
    Invalid,
    NotFound,
    NotOpen,
    Refusal,
    SoldOut,
    TooManyAttempts,
    Unavailable,
)
from marketplace.i18n import lazy_gettext
from marketplace.models import (
    LIVE_STATES,
    Attendance,
    AttendeeCategory,
    Event,
    EventState,
    Organisation,
    ProgrammeSession,
    Registration,
    RegistrationConsent,
    RegistrationConsentKind,
    RegistrationState,
    TicketType,
    User,
)
from marketplace.services import (
    addresses,
    attendees,
    audit,
    events,
    jobs,
    letters,
    needs,
    places,
    policies,
    programme,
    questions,
    registration_state,
    seats,
    sign_ups,
    terms,
    texts,
    throttle,
    tickets,
    waiting_list,
    wallclock,
)
from marketplace.services.search import fold
from marketplace.services.seen import require

CONSENT_VERSION = "2026-01"
"""The version of the texts that are asked now; other words need another, and the words of each stay below."""

CONSENT_WORDS = {
    "2026-01": {
        RegistrationConsentKind.PHOTO: lazy_gettext(
            "Photographs and recordings of the event in which I can be seen may be published by the organisers."
        ),
        RegistrationConsentKind.DIRECTORY: lazy_gettext(
            "Other participants of this event may see my name, organisation, category and languages."
        ),
    },
}
"""What was asked, by version: whoever agreed, agreed to the words of the time."""

CONSENT_TEXTS = CONSENT_WORDS[CONSENT_VERSION]


def agreed_words(consent: RegistrationConsent) -> str:
    """Return what somebody agreed to, in the words of the time and the language they read them in."""
    with i18n.speaking(consent.language):
        return str(CONSENT_WORDS[consent.version][consent.kind])


NOBODY = "—"
"""What stands in the place of a name after deletion, in every language."""


@dataclass(frozen=True)
class Application:
    """What somebody tells when they register, or changes later.

    `ticket` and `sessions` are uids, `organisation` a slug (or nothing, with a name in words), `answers` and `files`
    are by uid of the question. `attempt` is the number of the form: the same form sent twice is one registration.
    """

    name: str
    email: str
    category: AttendeeCategory
    ticket: str
    badge_name: str = ""
    job_title: str = ""
    organisation_name: str = ""
    organisation: str = ""
    country: str = ""
    attendance: Attendance | None = None
    languages: tuple[str, ...] = ()
    interpretation: str = ""
    sessions: tuple[str, ...] = ()
    answers: dict[str, str | tuple[str, ...]] = field(default_factory=dict)
    files: frozenset[str] = frozenset()
    access: str = ""
    dietary: str = ""
    photo_consent: bool = False
    is_listed: bool = False
    locale: str = "en"
    timezone: str = "UTC"
    access_code: str = ""
    attempt: str = ""


@dataclass(frozen=True)
class Receipt:
    """What became of a form, as it was when it was decided: read after the commit it would cost one more statement."""

    uid: str
    state: RegistrationState
    email: str
    is_own: bool

    @classmethod
    def of(cls, registration: Registration, by: User | None) -> "Receipt":
        """Return the receipt for whoever sent the form."""
        is_own = by is not None and registration.user_id == by.id
        return cls(registration.uid, registration.state, registration.email, is_own)


PER_NETWORK = 300
"""Registrations an hour from one network without signing in; a whole city hall may share one."""


def register(slug: str, application: Application, by: User | None = None, network: str = "") -> Registration:
    """Register somebody for a published event, with or without an account.

    The result is confirmed where a place is free, else waiting, or pending where the ticket needs approval. Whoever
    is signed in with the address they register becomes its owner. Raises `Invalid` for a field, `NotOpen` outside the
    window (both ends belong to it), `SoldOut` without a waiting list, `AlreadyRegistered` for an address that is (its
    mailbox gets the link). The same form sent again returns the same registration. With a `network` it is one of those
    that may be tried from there in an hour; raises `TooManyAttempts` above that.
    """
    return _counted(slug, application, by, network)[0]


def send(slug: str, application: Application, by: User | None = None, network: str = "") -> Receipt:
    """Register somebody like `register`, and return only what became of it."""
    return _counted(slug, application, by, network)[1]


def _counted(slug: str, application: Application, by: User | None, network: str) -> tuple[Registration, Receipt]:
    try:
        return _register(slug, application, by, network=network)
    except (TooManyAttempts, Unavailable):
        raise
    except Refusal:
        # What was counted went back with the rest; an attempt that failed counts nevertheless.
        if network:
            _count(network)
        raise


def _count(network: str) -> None:
    throttle.hit("registration", network, PER_NETWORK, timedelta(hours=1))


def walk_in(slug: str, application: Application, by: User) -> Registration:
    """Register somebody who stands at the desk: confirmed at once, also after the window, or `SoldOut`."""
    policies.require(by, "registration.manage", events.managed(slug, by))
    return _register(slug, application, by, at_desk=True)[0]


def _register(
    slug: str, application: Application, by: User | None, *, at_desk: bool = False, network: str = ""
) -> tuple[Registration, Receipt]:
    address = addresses.normalise(application.email)
    try:
        with atomic() as current:
            event = events.locked(slug, by) if at_desk and by is not None else terms.locked(slug)
            if network:
                _count(network)
            values = _checked(application, event)
            known, sequence = attendees.history(event, address.key)
            if known is not None:
                if application.attempt and known.attempt == application.attempt:
                    return known, Receipt.of(known, by)
                raise AlreadyRegistered
            _check_open(event)
            answers = questions.check(event, application.answers, application.files) if not at_desk else {}
            counted = waiting_list.pass_on(event)
            ticket = tickets.choose(
                event,
                counted.tickets.values(),
                application.ticket,
                application.category,
                application.access_code,
                at_desk=at_desk,
            )
            state = _first_state(event, ticket, values["attendance"], counted, at_desk=at_desk)
            now = clock.now()
            # Kept tickets belong to no session: this one gets its own, without a statement.
            ticket = current.merge(ticket, load=False)
            new = Registration(
                **values,
                event_id=event.id,
                ticket_type_id=ticket.id,
                user_id=by.id if by is not None and by.email_key == address.key else None,
                email=address.email,
                email_key=address.key,
                search_text=_search_text(values, address.email),
                attempt=application.attempt or None,
                state=state,
                is_walk_in=at_desk,
                created_at=now,
                changed_at=now,
                waiting_since=now if state is RegistrationState.WAITING else None,
                confirmed_at=now if state is RegistrationState.CONFIRMED else None,
                calendar_sequence=sequence,
                calendar_changed_at=now,
            )
            (registration,) = put_new(new)
            for answer in answers.values():
                answer.registration_id = registration.id
            consents = [_consent(kind, application.locale, registration.id) for kind in _agreed(application)]
            current.add_all([*answers.values(), *consents])
            if application.access or application.dietary:
                needs.note(registration, application.access, application.dietary)
            missed = _wish(registration, application.sessions, by)
            letters.tell_state(registration, wished=bool(application.sessions), missed=missed)
            audit.record(
                "registration.walked_in" if at_desk else "registration.made",
                by,
                registration,
                event=event.slug,
                state=state.value,
            )
            return registration, Receipt.of(registration, by)
    except AlreadyRegistered:
        _remind_of_link(slug, address.key)
        raise
    except IntegrityError as error:
        # The partial unique index decided between two forms sent by way of two events' locks or a repeated attempt.
        raise AlreadyRegistered from error


def _remind_of_link(slug: str, email_key: str) -> None:
    with atomic():
        registration, _sequence = attendees.history(events.public(slug), email_key)
        if registration is None:
            return
        if throttle.count("registration.reminded", registration.uid) < 3:
            throttle.hit("registration.reminded", registration.uid, 3, timedelta(days=1))
            letters.tell_again(registration)


def _check_open(event: Event) -> None:
    if event.state is not EventState.PUBLISHED:
        raise NotOpen(lazy_gettext("Registration is closed."))


def _first_state(
    event: Event, ticket: TicketType, attendance: Attendance, counted: seats.Tally, *, at_desk: bool
) -> RegistrationState:
    if ticket.needs_approval and not at_desk:
        return RegistrationState.PENDING_APPROVAL
    if counted.has_place(ticket, attendance):
        return RegistrationState.CONFIRMED
    if at_desk or not event.has_waiting_list:
        raise SoldOut
    return RegistrationState.WAITING


def _checked(application: Application, event: Event) -> dict[str, Any]:
    """Return the columns a person fills; raises `Invalid` for the first field that cannot be taken."""
    manners = tickets.attendances(event)
    attendance = application.attendance or manners[0]
    if attendance not in manners:
        raise Invalid("attendance", lazy_gettext("Please choose from the list."))
    for name, codes in (("languages", application.languages), ("interpretation", (application.interpretation,))):
        if not set(codes) - {""} <= {*i18n.LANGUAGES, "fr"}:
            raise Invalid(name, lazy_gettext("Please choose from the list."))
    if application.country and application.country not in places.countries():
        raise Invalid("country", lazy_gettext("Please choose from the list."))
    organisation = None
    if application.organisation:
        organisation = session().scalar(select(Organisation).where(Organisation.slug == application.organisation))
        if organisation is None or organisation.deactivated_at is not None:
            raise Invalid("organisation", lazy_gettext("Please choose from the list."))
    words = texts.line(application.organisation_name, "organisation_name", 160)
    return {
        "name": texts.line(application.name, "name", 120, is_required=True),
        "badge_name": texts.line(application.badge_name, "badge_name", 120),
        "job_title": texts.line(application.job_title, "job_title", 160),
        "organisation_name": organisation.name if organisation else words,
        "organisation_id": organisation.id if organisation else None,
        "country": application.country,
        "category": application.category,
        "attendance": attendance,
        "languages": list(application.languages),
        "interpretation": application.interpretation,
        "locale": application.locale if application.locale in i18n.LANGUAGES else "en",
        "timezone": application.timezone if places.is_zone(application.timezone) else event.timezone,
    }


def _search_text(values: dict[str, Any], email: str) -> str:
    return fold(values["name"], values["badge_name"], values["organisation_name"], email)


def _agreed(application: Application) -> list[RegistrationConsentKind]:
    wanted = {
        RegistrationConsentKind.PHOTO: application.photo_consent,
        RegistrationConsentKind.DIRECTORY: application.is_listed,
    }
    return [kind for kind, is_given in wanted.items() if is_given]


def _consent(kind: RegistrationConsentKind, language: str, registration_id: int) -> RegistrationConsent:
    return RegistrationConsent(
        registration_id=registration_id,
        kind=kind,
        version=CONSENT_VERSION,
        language=language if language in i18n.LANGUAGES else "en",
        given_at=clock.now(),
    )


def _wish(registration: Registration, uids: tuple[str, ...], by: User | None) -> list[ProgrammeSession]:
    """Note the sessions somebody wants, and return those they cannot have: they are full or over meanwhile."""
    missed = []
    for uid in sorted(set(uids)):
        try:
            sign_ups.sign_up(registration, uid, by, tell=False)
        except Conflict:
            missed.append(programme.public_session(registration.event, uid))
        except NotFound:
            continue
    return missed


def edit(uid: str, application: Application, by: User | None = None, *, seen: str = "") -> Registration:
    """Change what somebody told; e-mail address and ticket stay. `by` is None for the holder of the signed link.

    Raises `SoldOut` where somebody wants to come to a venue that is full, `Conflict` once the registration is over.
    With the mark of what was `seen`, raises `Overtaken` where it was changed since, in another window for instance.
    """
    with atomic() as current:
        registration = registration_state.locked(uid, by)
        if seen:
            current.expire(registration, ["answers", "needs", "consents"])
            require(application_of(registration), seen)
        event = registration.event
        if registration.state not in LIVE_STATES or wallclock.is_past(event.ends_at):
            raise Conflict
        values = _checked(application, event)
        if values["category"] is not registration.category and not tickets.is_for(
            registration.ticket_type, values["category"]
        ):
            raise Invalid("category", lazy_gettext("Your ticket is not meant for this group."))
        answers = questions.check(event, application.answers, _kept_files(registration) | application.files)
        before = {name: getattr(registration, name) for name in values}
        moves = values["attendance"] is not registration.attendance
        if moves and registration.state in {RegistrationState.CONFIRMED, RegistrationState.OFFERED}:
            counted = waiting_list.pass_on(event)
            # The place held now is in another count: at the venue instead of from elsewhere, or the reverse.
            counted.held[registration.ticket_type_id, registration.attendance] -= 1
            if not counted.has_place(registration.ticket_type, values["attendance"]):
                raise SoldOut(lazy_gettext("All places at the venue are taken."))
        for name, value in values.items():
            setattr(registration, name, value)
        registration.search_text = _search_text(values, registration.email)
        changed = [name for name, value in values.items() if value != before[name]]
        changed += _replace_answers(registration, answers)
        changed += _set_consents(registration, application)
        if needs.note(registration, application.access, application.dietary):
            changed.append("needs")
        current.flush()
        full, _clashes = sign_ups.choose(registration, set(application.sessions), by)
        if changed:
            registration.changed_at = clock.now()
            audit.record("registration.edited", by, registration, event=event.slug, changed=changed)
        if moves:
            # Hall or screen: the place of the calendar entry is another.
            registration.calendar_sequence += 1
            registration.calendar_changed_at = clock.now()
        told = [name for name in letters.TOLD_OF_REGISTRATION if name in changed]
        if told and registration.state is RegistrationState.CONFIRMED:
            letters.tell_edited(registration, told)
        waiting_list.pass_on(event)
        if full:
            raise SoldOut(lazy_gettext("A session you chose is full now. Please look at your sessions again."))
        return registration


def _kept_files(registration: Registration) -> frozenset[str]:
    return frozenset(answer.question.uid for answer in registration.answers if answer.file is not None)


def _replace_answers(registration: Registration, wanted: dict[int, Any]) -> list[str]:
    changed = False
    for answer in list(registration.answers):
        new = wanted.pop(answer.question_id, None)
        if new is None and answer.file is None:
            registration.answers.remove(answer)
            changed = True
        elif new is not None and (new.text, new.choices) != (answer.text, answer.choices):
            answer.text, answer.choices, answer.wording = new.text, new.choices, new.wording
            answer.answered_at = new.answered_at
            changed = True
    for new in wanted.values():
        registration.answers.append(new)
        changed = True
    return ["answers"] if changed else []


def _set_consents(registration: Registration, application: Application) -> list[str]:
    wanted, changed = _agreed(application), []
    for kind in RegistrationConsentKind:
        has = registration.has_consent(kind)
        if kind in wanted and not has:
            registration.consents.append(_consent(kind, application.locale, registration.id))
            changed.append(f"consent_{kind.value}")
        elif kind not in wanted and has:
            for consent in registration.consents:
                if consent.kind is kind and consent.withdrawn_at is None:
                    consent.withdrawn_at = clock.now()
            changed.append(f"consent_{kind.value}")
    return changed


def application_of(registration: Registration) -> Application:
    """Return what somebody told, to fill the form again."""
    return Application(
        name=registration.name,
        email=registration.email,
        category=registration.category,
        ticket=registration.ticket_type.uid,
        badge_name=registration.badge_name,
        job_title=registration.job_title,
        organisation_name=registration.organisation_name,
        organisation=registration.organisation.slug if registration.organisation else "",
        country=registration.country,
        attendance=registration.attendance,
        languages=tuple(registration.languages),
        interpretation=registration.interpretation,
        sessions=tuple(entry.uid for entry in sign_ups.own(registration)),
        answers={
            answer.question.uid: tuple(answer.choices) if answer.choices else answer.text
            for answer in registration.answers
        },
        files=_kept_files(registration),
        access=registration.needs.access if registration.needs else "",
        dietary=registration.needs.dietary if registration.needs else "",
        photo_consent=registration.has_consent(RegistrationConsentKind.PHOTO),
        is_listed=registration.has_consent(RegistrationConsentKind.DIRECTORY),
        locale=registration.locale,
        timezone=registration.timezone,
    )


def cancel(uid: str, by: User | None = None, message: str = "") -> Registration:
    """End a registration until the end of the event; its place passes on. `by` is None for the holder of the link.

    `message` is what an organiser says about it in the letter.
    """
    message = texts.within(texts.clean(message), "message", 1000)
    with atomic():
        registration = registration_state.locked(uid, by)
        if registration.state not in LIVE_STATES or wallclock.is_past(registration.event.ends_at):
            raise Conflict
        was = registration.state
        registration_state.end(registration, RegistrationState.CANCELLED)
        audit.record("registration.cancelled", by, registration, event=registration.event.slug)
        letters.tell_ended(registration, "registration.cancelled", was, message=message)
        waiting_list.pass_on(registration.event)
        return registration


def approve(slug: str, uids: list[str], by: User) -> list[Registration]:
    """Approve those of the registrations that wait for it, in the order in which they came.

    Each is confirmed while places last; the others go to the waiting list, and all are told.
    """
    with atomic():
        event = events.locked(slug, by)
        _check_open(event)
        approved = _pending(event, uids, by)
        for registration in approved:
            counted = waiting_list.pass_on(event)
            has_place = counted.has_place(registration.ticket_type, registration.attendance)
            missed = registration_state.move(
                registration, RegistrationState.CONFIRMED if has_place else RegistrationState.WAITING
            )
            session().flush()
            audit.record("registration.approved", by, registration, event=slug, state=registration.state.value)
            letters.tell_state(registration, approved=True, missed=missed)
        return approved


def decline(slug: str, uids: list[str], by: User, message: str = "") -> list[Registration]:
    """Decline those of the registrations that wait for approval or for a place; `message` goes into their letter."""
    message = texts.within(texts.clean(message), "message", 1000)
    with atomic():
        event = events.locked(slug, by)
        declined = _pending(event, uids, by, RegistrationState.PENDING_APPROVAL, RegistrationState.WAITING)
        for registration in declined:
            was = registration.state
            registration_state.end(registration, RegistrationState.DECLINED)
            audit.record("registration.declined", by, registration, event=slug)
            letters.tell_ended(registration, "registration.declined", was, message=message)
        return declined


def _pending(event: Event, uids: list[str], by: User, *states: RegistrationState) -> list[Registration]:
    policies.require(by, "registration.manage", event)
    return list(
        session().scalars(
            select(Registration)
            .where(
                Registration.event_id == event.id,
                Registration.uid.in_(sorted(set(uids))[:500]),
                Registration.state.in_(states or [RegistrationState.PENDING_APPROVAL]),
            )
            .order_by(Registration.created_at, Registration.id)
            .execution_options(populate_existing=True)
        )
    )


def renew_link(uid: str, by: User | None = None) -> Registration:
    """Make all links sent so far worthless and send a new one to the mailbox."""
    with atomic():
        registration = registration_state.locked(uid, by)
        registration.link_version += 1
        session().flush()
        audit.record("registration.link_renewed", by, registration, event=registration.event.slug)
        letters.tell_again(registration)
        return registration


def want_messages(uid: str, is_wanted: bool, by: User | None = None) -> Registration:
    """Note whether somebody wants what organisers write to groups of this event; `by` is None for a signed link."""
    with atomic():
        registration = registration_state.locked(uid, by)
        if (registration.messages_ended_at is None) is not is_wanted:
            registration.messages_ended_at = None if is_wanted else clock.now()
            act = "registration.messages_wanted" if is_wanted else "registration.messages_ended"
            audit.record(act, by, registration, event=registration.event.slug)
        return registration


def claim(user: User) -> int:
    """Bind the registrations made with a person's address to their account, once the address is confirmed."""
    with atomic() as current:
        found = current.scalars(
            select(Registration)
            .where(Registration.email_key == user.email_key, Registration.user_id.is_(None))
            .order_by(Registration.id)
        ).all()
        for registration in found:
            registration.user_id = user.id
            audit.record("registration.claimed", user, registration)
        return len(found)


def forget(user: User) -> None:
    """End what a person who deletes their account is registered for, and empty what the registrations tell of them.

    Group, country and state stay for the numbers. Places pass on; no letter is written, as there is nobody to write to.
    """
    theirs = (Registration.user_id == user.id) | (Registration.email_key == user.email_key)
    with atomic() as current:
        lock(Event, *current.scalars(select(Registration.event_id).where(theirs).distinct()))
        found = current.scalars(select(Registration).where(theirs).order_by(Registration.id)).all()
        for registration in found:
            if registration.state in LIVE_STATES and not wallclock.is_past(registration.event.ends_at):
                registration_state.end(registration, RegistrationState.CANCELLED)
            _empty(registration)
            current.flush()
            audit.record("registration.forgotten", user, registration)
        for event in {registration.event_id: registration.event for registration in found}.values():
            waiting_list.pass_on(event)


def _empty(registration: Registration) -> None:
    """Take out what tells who it was; group, country, state and dates stay for the numbers."""
    registration.email = registration.email_key = f"{registration.uid}@deleted.invalid"
    registration.name, registration.badge_name, registration.search_text = NOBODY, "", ""
    registration.job_title, registration.organisation_name, registration.organisation_id = "", "", None
    registration.languages, registration.interpretation, registration.timezone = [], "", "UTC"
    registration.link_version += 1
    registration.answers.clear()
    needs.forget(registration)
    for consent in registration.consents:
        consent.withdrawn_at = consent.withdrawn_at or clock.now()


KEPT = timedelta(days=730)
"""How long after its event a registration without an account tells who it was; with one, the account decides."""


def _old() -> Select[Registration]:
    return (
        select(Registration)
        .join(Event, Event.id == Registration.event_id)
        .where(
            Registration.user_id.is_(None),
            Registration.is_illustrative.is_(False),
            Registration.name != NOBODY,
            Event.ends_at < clock.now() - KEPT,
        )
    )


def due() -> dict[str, int]:
    """Count, by event, what the job below would empty now."""
    counted = _old().with_only_columns(Event.slug, func.count()).group_by(Event.slug).order_by(Event.slug)
    return dict(session().execute(counted).all())


@jobs.handler("registration.forget", every=timedelta(days=1))
def forget_old(_: jobs.Run) -> None:
    """Empty the registrations that are older than `KEPT`, some hundred a day; nobody holds a place any more."""
    with atomic() as current:
        oldest = _old().options(selectinload(Registration.answers), selectinload(Registration.consents))
        for registration in current.scalars(oldest.order_by(Registration.id).limit(500)).all():
            _empty(registration)
            current.flush()
            audit.record("registration.forgotten", None, registration)
