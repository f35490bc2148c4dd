"""Registration for an event: in, edited, approved, waiting, offered, out. Places are counted under the event's lock.

A freed place is offered at once to whoever waits longest and fits; the offer ends after a while and passes on.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload, selectinload

from marketplace import clock, i18n, keys
from marketplace.database import atomic, lock, session
from marketplace.errors import AlreadyRegistered, Conflict, Gone, Invalid, NotFound, NotOpen, SoldOut
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
    SessionSignUp,
    SessionState,
    TicketType,
    User,
)
from marketplace.services import (
    addresses,
    audit,
    events,
    jobs,
    needs,
    outbox,
    places,
    policies,
    questions,
    search,
    seats,
    sign_ups,
    texts,
    throttle,
    tickets,
    wallclock,
)
from marketplace.services.search import fold

MOVES: dict[RegistrationState, frozenset[RegistrationState]] = {
    RegistrationState.PENDING_APPROVAL: frozenset(
        {
            RegistrationState.CONFIRMED,
            RegistrationState.WAITING,
            RegistrationState.DECLINED,
            RegistrationState.CANCELLED,
        }
    ),
    RegistrationState.WAITING: frozenset(
        {RegistrationState.OFFERED, RegistrationState.CANCELLED, RegistrationState.DECLINED}
    ),
    RegistrationState.OFFERED: frozenset(
        {RegistrationState.CONFIRMED, RegistrationState.CANCELLED, RegistrationState.EXPIRED}
    ),
    RegistrationState.CONFIRMED: frozenset({RegistrationState.CANCELLED}),
    RegistrationState.CANCELLED: frozenset(),
    RegistrationState.DECLINED: frozenset(),
    RegistrationState.EXPIRED: frozenset(),
}
"""Which state may follow which. Who is out may register again: that is a new registration."""

CONSENT_VERSION = "2026-01"
"""The version of the texts below; other words need another."""

CONSENT_TEXTS = {
    RegistrationConsentKind.PHOTO: lazy_gettext(
        "Photographs and recordings of the event in which I can be seen may be published by the organisers."
    ),
    RegistrationConsentKind.DIRECTORY: lazy_gettext(
        "Other participants of this event may see my name, organisation, category and languages."
    ),
}

TICKET = "ticket"
"""The purpose of the code on a ticket."""

NOBODY = "—"
"""What stands in the place of a name after deletion, in every language."""

LINK_LIVES = timedelta(days=60)
"""How long after the event the link of a letter opens the registration."""

LONGEST_OFFER = timedelta(hours=48)
SHORTEST_OFFER = timedelta(hours=1)


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


def register(slug: str, application: Application, by: User | None = None) -> Registration:
    """Register somebody for a published event, with or without an account.

    The result is confirmed where a place is free, else waiting, or pending where the ticket needs approval. Whoever
    is signed in with the address they register becomes its owner. Raises `Invalid` for a field, `NotOpen` outside the
    window (both ends belong to it), `SoldOut` without a waiting list, `AlreadyRegistered` for an address that is (its
    mailbox gets the link). The same form sent again returns the same registration.
    """
    return _register(slug, application, by, at_desk=False)


def walk_in(slug: str, application: Application, by: User) -> Registration:
    """Register somebody who stands at the desk: confirmed at once, also after the window, or `SoldOut`."""
    policies.require(by, "registration.manage", events.managed(slug, by))
    return _register(slug, application, by, at_desk=True)


def _register(slug: str, application: Application, by: User | None, *, at_desk: bool) -> Registration:
    from marketplace.services import letters

    address = addresses.normalise(application.email)
    event = events.managed(slug, by) if at_desk and by is not None else events.public(slug)
    values = _checked(application, event)
    try:
        with atomic() as current:
            (event,) = lock(Event, event.id)
            known = _live(event, address.key)
            if known is not None:
                if application.attempt and known.attempt == application.attempt:
                    return known
                raise AlreadyRegistered
            _check_open(event)
            ticket = tickets.choose(
                event, application.ticket, application.category, application.access_code, at_desk=at_desk
            )
            answers = questions.check(event, application.answers, application.files) if not at_desk else {}
            counted = pass_on(event)
            state = _first_state(event, ticket, values["attendance"], counted, at_desk=at_desk)
            now = clock.now()
            registration = Registration(
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
                calendar_sequence=_next_sequence(event, address.key),
                calendar_changed_at=now,
            )
            registration.answers = list(answers.values())
            registration.consents = [_consent(kind, application.locale) for kind in _agreed(application)]
            current.add(registration)
            current.flush()
            needs.note(registration, application.access, application.dietary)
            _wish(registration, application.sessions, by)
            audit.record(
                "registration.walked_in" if at_desk else "registration.made",
                by,
                registration,
                event=event.slug,
                state=state.value,
            )
            letters.tell_state(registration)
            return registration
    except AlreadyRegistered:
        _remind_of_link(slug, address.key)
        raise
    except IntegrityError as error:
        # The partial unique index decided between two forms sent by way of two events' locks or a repeated attempt.
        raise AlreadyRegistered from error


def _remind_of_link(slug: str, email_key: str) -> None:
    from marketplace.services import letters

    with atomic():
        registration = _live(events.public(slug), email_key)
        if registration is None:
            return
        if throttle.count("registration.reminded", registration.uid) < 3:
            throttle.hit("registration.reminded", registration.uid, 3, timedelta(days=1))
            letters.tell_again(registration)


def _check_open(event: Event) -> None:
    if event.state is not EventState.PUBLISHED:
        raise NotOpen(lazy_gettext("Registration is closed."))


def _live(event: Event, email_key: str) -> Registration | None:
    return session().scalar(
        select(Registration).where(
            Registration.event_id == event.id,
            Registration.email_key == email_key,
            Registration.state.in_(LIVE_STATES),
        )
    )


def _next_sequence(event: Event, email_key: str) -> int:
    """Go on counting where an earlier registration of the same person ended, whose entry was cancelled."""
    last = session().scalar(
        select(func.max(Registration.calendar_sequence)).where(
            Registration.event_id == event.id, Registration.email_key == email_key
        )
    )
    return 0 if last is None else last + 1


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


def _consent(kind: RegistrationConsentKind, language: str) -> RegistrationConsent:
    language = language if language in i18n.LANGUAGES else "en"
    return RegistrationConsent(kind=kind, version=CONSENT_VERSION, language=language, given_at=clock.now())


def _wish(registration: Registration, uids: tuple[str, ...], by: User | None) -> None:
    """Note the sessions somebody wants; those that are full or over meanwhile are left out."""
    for uid in sorted(set(uids)):
        try:
            sign_ups.sign_up(registration, uid, by, tell=False)
        except (Conflict, NotFound):
            continue


def edit(uid: str, application: Application, by: User | None = None) -> Registration:
    """Change what somebody told; e-mail address and ticket stay. `by` is None for the holder of the signed link.

    Raises `SoldOut` where somebody wants to come to a venue that is full, `Conflict` once the registration is over.
    """
    from marketplace.services import letters

    with atomic() as current:
        registration = _locked(uid, by)
        event = registration.event
        if registration.state not in LIVE_STATES or wallclock.is_past(event.ends_at):
            raise Conflict
        values = _checked(application, event)
        answers = questions.check(event, application.answers, _kept_files(registration) | application.files)
        before = {name: getattr(registration, name) for name in values}
        moves = values["attendance"] is not registration.attendance
        if moves and registration.state in {RegistrationState.CONFIRMED, RegistrationState.OFFERED}:
            counted = pass_on(event)
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
        pass_on(event)
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
            registration.consents.append(_consent(kind, application.locale))
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


def cancel(uid: str, by: User | None = None) -> Registration:
    """End a registration until the end of the event; its place passes on. `by` is None for the holder of the link."""
    from marketplace.services import letters

    with atomic():
        registration = _locked(uid, by)
        if registration.state not in LIVE_STATES or wallclock.is_past(registration.event.ends_at):
            raise Conflict
        was = registration.state
        _end(registration, RegistrationState.CANCELLED)
        audit.record("registration.cancelled", by, registration, event=registration.event.slug)
        letters.tell_ended(registration, "registration.cancelled", was)
        pass_on(registration.event)
        return registration


def _move(registration: Registration, state: RegistrationState) -> None:
    if state not in MOVES[registration.state]:
        raise Conflict
    now = clock.now()
    registration.state, registration.changed_at = state, now
    registration.offer_expires_at = None
    if state is RegistrationState.CONFIRMED:
        registration.confirmed_at = now
        registration.calendar_changed_at = now
        session().flush()
        sign_ups.settle(registration)
    if state is RegistrationState.WAITING:
        registration.waiting_since = now


def _end(registration: Registration, state: RegistrationState) -> None:
    _move(registration, state)
    registration.ended_at = clock.now()
    registration.calendar_sequence += 1
    registration.calendar_changed_at = clock.now()
    sign_ups.end_all(registration)
    # Who does not come needs nothing.
    needs.forget(registration)


def approve(slug: str, uids: list[str], by: User) -> list[Registration]:
    """Approve those of the registrations that wait for it, in the order in which they came.

    Each is confirmed while places last; the others go to the waiting list, and all are told.
    """
    from marketplace.services import letters

    with atomic():
        event = events.locked(slug, by)
        _check_open(event)
        approved = _pending(event, uids, by)
        for registration in approved:
            counted = pass_on(event)
            has_place = counted.has_place(registration.ticket_type, registration.attendance)
            _move(registration, RegistrationState.CONFIRMED if has_place else RegistrationState.WAITING)
            session().flush()
            audit.record("registration.approved", by, registration, event=slug, state=registration.state.value)
            letters.tell_state(registration, approved=True)
        return approved


def decline(slug: str, uids: list[str], by: User, message: str = "") -> list[Registration]:
    """Decline those of the registrations that wait for approval or for a place; `message` goes into their letter."""
    from marketplace.services import letters

    message = texts.within(texts.clean(message), "message", 1000)
    with atomic():
        event = events.locked(slug, by)
        declined = _pending(event, uids, by, RegistrationState.PENDING_APPROVAL, RegistrationState.WAITING)
        for registration in declined:
            was = registration.state
            _end(registration, RegistrationState.DECLINED)
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


def accept_offer(uid: str, by: User | None = None) -> Registration:
    """Take the place that was offered, until the last second of the offer; raises `Gone` after it."""
    from marketplace.services import letters

    with atomic():
        registration = _locked(uid, by)
        if registration.state is RegistrationState.CONFIRMED:
            return registration
        if registration.state is not RegistrationState.OFFERED or wallclock.is_past(registration.offer_expires_at):
            late = registration
        else:
            late = None
            _move(registration, RegistrationState.CONFIRMED)
            session().flush()
            audit.record("registration.accepted", by, registration, event=registration.event.slug)
            letters.tell_state(registration)
        pass_on(registration.event)
    if late is not None:
        raise Gone(lazy_gettext("This offer has ended and the place was passed on."))
    return registration


def offer_ends(event: Event) -> datetime:
    """Return when an offer made now ends: after 48 hours, near the event after a quarter of the time that is left.

    It is never shorter than an hour, unless the event begins earlier.
    """
    now = clock.now()
    period = min(LONGEST_OFFER, max(SHORTEST_OFFER, (event.starts_at - now) / 4))
    return min(now + period, event.starts_at).replace(microsecond=0)


def pass_on(event: Event) -> seats.Tally:
    """End offers that are over and offer every free place to whoever waits longest and fits; returns the new count.

    The caller holds the lock of the event. From the beginning of the event on nothing is offered any more: a place
    is then given at the desk.
    """
    counted = seats.tally(event)
    if event.state is not EventState.PUBLISHED:
        return counted
    if wallclock.is_past(counted.first_expiry):
        _expire_offers(event)
        counted = seats.tally(event)
    if clock.now() >= event.starts_at:
        return counted
    while (fitting := _who_fits(counted)) and (following := _first_waiting(event, fitting)) is not None:
        _offer_place(following)
        key = (following.ticket_type_id, following.attendance)
        counted.waiting[key] -= 1
        counted.held[key] += 1
    return counted


def _who_fits(counted: seats.Tally) -> list[tuple[int, Attendance]]:
    return [
        (ticket_id, attendance)
        for (ticket_id, attendance), number in counted.waiting.items()
        if number > 0 and counted.has_place(counted.tickets[ticket_id], attendance)
    ]


def _first_waiting(event: Event, fitting: list[tuple[int, Attendance]]) -> Registration | None:
    return session().scalar(
        select(Registration)
        .where(
            Registration.event_id == event.id,
            Registration.state == RegistrationState.WAITING,
            or_(
                *(
                    (Registration.ticket_type_id == ticket_id) & (Registration.attendance == attendance)
                    for ticket_id, attendance in fitting
                )
            ),
        )
        .order_by(Registration.waiting_since, Registration.id)
        .limit(1)
        .execution_options(populate_existing=True)
    )


def _offer_place(registration: Registration) -> None:
    from marketplace.services import letters

    ends = offer_ends(registration.event)
    _move(registration, RegistrationState.OFFERED)
    registration.offer_expires_at = ends
    session().flush()
    audit.record("registration.offered", None, registration, event=registration.event.slug, until=ends.isoformat())
    letters.tell_state(registration)
    jobs.enqueue(
        "registration.pass_on",
        {"event": registration.event_id},
        # The offer holds to the end of its last second.
        run_at=ends + timedelta(seconds=1),
        dedupe_key=f"{registration.uid}-{int(ends.timestamp())}",
    )


def _expire_offers(event: Event) -> None:
    from marketplace.services import letters

    for registration in session().scalars(
        select(Registration)
        .where(Registration.event_id == event.id, Registration.state == RegistrationState.OFFERED)
        .order_by(Registration.offer_expires_at, Registration.id)
        .execution_options(populate_existing=True)
    ):
        if wallclock.is_past(registration.offer_expires_at):
            _end(registration, RegistrationState.EXPIRED)
            session().flush()
            audit.record("registration.offer_ended", None, registration, event=event.slug)
            letters.tell_ended(registration, "registration.offer_ended", RegistrationState.OFFERED)


@jobs.handler("registration.pass_on")
def _pass_on(run: jobs.Run) -> None:
    with atomic():
        for event in lock(Event, run.payload["event"]):
            pass_on(event)


@jobs.handler("registration.look_after_offers", every=timedelta(minutes=10))
def _look_after_offers(_: jobs.Run) -> None:
    """Pass on what was left lying: offers that ended while no worker ran."""
    statement = (
        select(Registration.event_id)
        .where(Registration.state == RegistrationState.OFFERED, Registration.offer_expires_at < clock.now())
        .distinct()
    )
    for event_id in session().scalars(statement).all():
        with atomic():
            for event in lock(Event, event_id):
                pass_on(event)


def _locked(uid: str, by: User | None) -> Registration:
    """Lock the event of a registration and return it as it is now; who may not edit it finds nothing."""
    found = session().execute(select(Registration.id, Registration.event_id).where(Registration.uid == uid)).first()
    if found is None:
        raise NotFound
    lock(Event, found.event_id)
    (registration,) = lock(Registration, found.id)
    if by is not None and not policies.can(by, "registration.edit", registration):
        raise NotFound
    return registration


def link_value(registration: Registration) -> str:
    """Return what the signed link in a letter carries; `outbox` signs it for the purpose `REGISTRATION`."""
    return f"{registration.uid}.{registration.link_version}"


def manage_token(registration: Registration) -> str:
    """Return the token with which a registration is managed without an account; for its own letters only."""
    return keys.sign(outbox.REGISTRATION, link_value(registration))


def by_link(token: str) -> Registration:
    """Return the registration of a signed link; raises `NotFound`, or `Gone` for one that was replaced or is old."""
    value = keys.unsign(outbox.REGISTRATION, token)
    uid, _, version = (value or "").rpartition(".")
    registration = _whole(Registration.uid == uid) if uid else None
    if registration is None:
        raise NotFound
    if str(registration.link_version) != version or clock.now() > registration.event.ends_at + LINK_LIVES:
        raise Gone
    return registration


def renew_link(uid: str, by: User | None = None) -> Registration:
    """Make all links sent so far worthless and send a new one to the mailbox."""
    from marketplace.services import letters

    with atomic():
        registration = _locked(uid, by)
        registration.link_version += 1
        session().flush()
        audit.record("registration.link_renewed", by, registration, event=registration.event.slug)
        letters.tell_again(registration)
        return registration


def ticket_code(registration: Registration) -> str:
    """Return the code on a ticket: derived from the installation's key, so that it can be checked and not guessed."""
    return keys.sign(TICKET, registration.uid)


def by_ticket(code: str) -> Registration:
    """Return the registration a ticket's code belongs to; raises `NotFound`. Whether it is confirmed is its state."""
    uid = keys.unsign(TICKET, code)
    registration = _whole(Registration.uid == uid) if uid else None
    if registration is None:
        raise NotFound
    return registration


def own(user: User) -> list[Registration]:
    """Return all registrations of a person with an account, the latest event first."""
    statement = (
        select(Registration)
        .join(Event)
        .where(Registration.user_id == user.id)
        .options(joinedload(Registration.event), joinedload(Registration.ticket_type))
        .order_by(Event.starts_at.desc(), Registration.id.desc())
    )
    return list(session().scalars(statement))


def mine(event: Event, user: Any) -> Registration | None:
    """Return the live registration of whoever is signed in for this event, if there is one."""
    if not isinstance(user, User):
        return None
    return session().scalar(
        select(Registration).where(
            Registration.event_id == event.id,
            Registration.user_id == user.id,
            Registration.state.in_(LIVE_STATES),
        )
    )


def find(uid: str, by: User) -> Registration:
    """Return one registration with all that belongs to it, to its owner or an organiser; raises `NotFound`."""
    registration = _whole(Registration.uid == uid)
    if registration is None or not policies.can(by, "registration.edit", registration):
        raise NotFound
    return registration


def _whole(condition: Any) -> Registration | None:
    return session().scalar(
        select(Registration)
        .where(condition)
        .options(
            joinedload(Registration.event), joinedload(Registration.ticket_type), selectinload(Registration.answers)
        )
    )


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
                _end(registration, RegistrationState.CANCELLED)
            registration.email = registration.email_key = f"{registration.uid}@deleted.invalid"
            registration.name, registration.badge_name, registration.search_text = NOBODY, "", ""
            registration.job_title, registration.organisation_name, registration.organisation_id = "", "", None
            registration.languages, registration.interpretation, registration.timezone = [], "", "UTC"
            registration.link_version += 1
            registration.answers.clear()
            needs.forget(registration)
            for consent in registration.consents:
                consent.withdrawn_at = consent.withdrawn_at or clock.now()
            current.flush()
            audit.record("registration.forgotten", user, registration)
        for event in {registration.event_id: registration.event for registration in found}.values():
            pass_on(event)


@dataclass(frozen=True)
class Filter:
    """Which registrations a list, an export or a message is about; empty values mean no restriction."""

    query: str = ""
    states: tuple[RegistrationState, ...] = ()
    category: AttendeeCategory | None = None
    ticket: str = ""
    attendance: Attendance | None = None
    locale: str = ""
    country: str = ""
    session: str = ""
    has_needs: bool = False


def listing(slug: str, wanted: Filter, by: User) -> Select[Registration]:
    """Return the statement that lists an event's registrations to its organisers, the newest first."""
    event = events.managed(slug, by)
    return filtered(event, wanted).options(joinedload(Registration.ticket_type), joinedload(Registration.organisation))


def filtered(event: Event, wanted: Filter) -> Select[Registration]:
    """Return the statement that selects registrations of one event; the caller asked whether that is allowed."""
    statement = select(Registration).where(Registration.event_id == event.id)
    for column, value in (
        (Registration.category, wanted.category),
        (Registration.attendance, wanted.attendance),
        (Registration.locale, wanted.locale),
        (Registration.country, wanted.country),
    ):
        if value:
            statement = statement.where(column == value)
    if wanted.states:
        statement = statement.where(Registration.state.in_(wanted.states))
    if wanted.query:
        statement = statement.where(search.matches(Registration.search_text, wanted.query))
    if wanted.ticket:
        statement = statement.where(Registration.ticket_type.has(TicketType.uid == wanted.ticket))
    if wanted.session:
        statement = statement.where(
            Registration.sign_ups.any(
                SessionSignUp.withdrawn_at.is_(None) & SessionSignUp.session.has(ProgrammeSession.uid == wanted.session)
            )
        )
    if wanted.has_needs:
        statement = statement.where(Registration.needs.has())
    return statement.order_by(Registration.created_at.desc(), Registration.id.desc())


def participants(event: Event, reader: Registration | User) -> list[Registration]:
    """Return the confirmed people who agreed to be seen by other participants; for a confirmed one or an organiser."""
    is_participant = isinstance(reader, Registration) and sign_ups.may_join(reader, event)
    if not is_participant and not policies.can(reader, "event.manage", event):
        raise NotFound
    statement = (
        select(Registration)
        .where(
            Registration.event_id == event.id,
            Registration.state == RegistrationState.CONFIRMED,
            Registration.consents.any(
                (RegistrationConsent.kind == RegistrationConsentKind.DIRECTORY)
                & RegistrationConsent.withdrawn_at.is_(None)
            ),
        )
        .order_by(Registration.name, Registration.id)
    )
    return list(session().scalars(statement))


def wishes(event: Event) -> list[ProgrammeSession]:
    """Return the sessions the form offers to sign up for."""
    statement = (
        select(ProgrammeSession)
        .where(
            ProgrammeSession.event_id == event.id,
            ProgrammeSession.state == SessionState.PUBLISHED,
            ProgrammeSession.needs_sign_up,
            ProgrammeSession.ends_at > clock.now(),
        )
        .options(joinedload(ProgrammeSession.room))
        .order_by(ProgrammeSession.starts_at, ProgrammeSession.id)
    )
    return list(session().scalars(statement))
