"""One's own programme: sessions signed up for, under the session's lock, and what clashes in it."""

from collections import Counter, defaultdict

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import joinedload

from marketplace import clock
from marketplace.database import atomic, lock, rows, session
from marketplace.errors import Conflict, NotFound, SoldOut
from marketplace.i18n import in_language, lazy_gettext
from marketplace.models import (
    LIVE_STATES,
    Event,
    EventState,
    ProgrammeSession,
    Registration,
    RegistrationState,
    SessionSignUp,
    SessionState,
    User,
)
from marketplace.services import audit, events, programme, wallclock
from marketplace.services.meetings import holds
from marketplace.services.programme import Clash, ClashKind


def sign_up(registration: Registration, uid: str, by: User | None, *, tell: bool = True) -> list[Clash]:
    """Take a session into somebody's own programme and return what it clashes with there.

    Raises `SoldOut` where all places are taken, `Conflict` for a session that is over, not held, or at the time of a
    meeting of theirs. Only confirmed registrations hold a place in a session, and its time; others keep their wish
    until they are confirmed.
    """
    from marketplace.services import letters

    with atomic() as current:
        entry = _locked(registration, uid)
        if entry.state is not SessionState.PUBLISHED or wallclock.is_past(entry.ends_at):
            raise Conflict
        known = current.scalar(
            select(SessionSignUp).where(
                SessionSignUp.session_id == entry.id, SessionSignUp.registration_id == registration.id
            )
        )
        if known is not None and known.withdrawn_at is None:
            return own_clashes(registration, entry)
        if registration.state is RegistrationState.CONFIRMED and places_left(entry) == 0:
            raise SoldOut
        now = clock.now()
        if known is None:
            known = SessionSignUp(session_id=entry.id, registration_id=registration.id, created_at=now)
            current.add(known)
        else:
            known.withdrawn_at = None
            known.calendar_sequence += 1
        known.calendar_changed_at = now
        current.flush()
        if known in holds.follow_sessions([registration.id]):
            raise Conflict(lazy_gettext("You have a meeting at this time. Move or cancel it first."))
        audit.record("session.signed_up", by, entry, registration=registration.uid)
        if tell and entry.needs_sign_up and registration.state is RegistrationState.CONFIRMED:
            letters.tell_sign_up(known, "registration.session_signed_up")
        return own_clashes(registration, entry)


def withdraw(registration: Registration, uid: str, by: User | None, *, tell: bool = True) -> None:
    """Take a session out of somebody's own programme; nothing happens where it is not in it."""
    from marketplace.services import letters

    with atomic() as current:
        entry = _locked(registration, uid)
        known = current.scalar(
            select(SessionSignUp).where(
                SessionSignUp.session_id == entry.id,
                SessionSignUp.registration_id == registration.id,
                SessionSignUp.withdrawn_at.is_(None),
            )
        )
        if known is None:
            return
        _end(known)
        current.flush()
        holds.follow_sessions([registration.id])
        audit.record("session.withdrawn", by, entry, registration=registration.uid)
        if (
            tell
            and entry.needs_sign_up
            and entry.state is SessionState.PUBLISHED
            and not wallclock.is_past(entry.ends_at)
        ):
            letters.tell_sign_up(known, "registration.session_withdrawn")


def choose(registration: Registration, uids: set[str], by: User | None) -> tuple[list[str], list[Clash]]:
    """Make these the sessions of somebody's own programme; returns the uids that were full, and the clashes."""
    full = []
    with atomic():
        mine = {entry.uid for entry in own(registration)}
        for uid in sorted(mine - uids):
            withdraw(registration, uid, by)
        for uid in sorted(uids - mine):
            try:
                sign_up(registration, uid, by)
            except SoldOut:
                full.append(uid)
        return full, own_clashes(registration)


def _end(known: SessionSignUp) -> None:
    known.withdrawn_at = clock.now()
    known.calendar_sequence += 1
    known.calendar_changed_at = clock.now()


def end_all(registration: Registration) -> None:
    """Free the places of somebody who does not take part any more; the letter about it tells of all of them."""
    ended = list(
        session().scalars(
            select(SessionSignUp).where(
                SessionSignUp.registration_id == registration.id, SessionSignUp.withdrawn_at.is_(None)
            )
        )
    )
    for known in ended:
        _end(known)
    if ended:
        session().flush()
        holds.follow_sessions([registration.id])


def follow(entries: list[ProgrammeSession]) -> None:
    """Let the people of sessions whose time or state has changed hold the new time.

    Where it is the time of a meeting of theirs, the meeting stays and the session leaves their programme; they are
    told. The caller has flushed the change.
    """
    from marketplace.services import letters

    known = list(
        session().scalars(
            select(SessionSignUp).where(
                SessionSignUp.session_id.in_([entry.id for entry in entries]), SessionSignUp.withdrawn_at.is_(None)
            )
        )
    )
    changed = {entry.id for entry in entries}
    for sign_up in holds.follow_sessions(sign_up.registration_id for sign_up in known):
        if sign_up.session_id in changed:
            _end(sign_up)
            session().flush()
            letters.tell_sign_up(
                sign_up,
                "registration.session_withdrawn",
                lazy_gettext("It takes place at the time of a meeting of yours now. The meeting stays."),
            )


def settle(registration: Registration) -> list[ProgrammeSession]:
    """Give a registration that was just confirmed its places in sessions.

    Returns those it lets go: they are full, or during a meeting.
    """
    gone, kept = [], []
    for known in session().scalars(
        select(SessionSignUp)
        .where(SessionSignUp.registration_id == registration.id, SessionSignUp.withdrawn_at.is_(None))
        .order_by(SessionSignUp.session_id)
    ):
        (entry,) = lock(ProgrammeSession, known.session_id)
        # The person's own wish is among those counted already.
        left = places_left(entry)
        if left is not None and left < 0:
            _end(known)
            gone.append(entry)
        else:
            kept.append(known)
    session().flush()
    if kept:
        for known in holds.follow_sessions([registration.id]):
            _end(known)
            gone.append(known.session)
    return gone


def places_left(entry: ProgrammeSession) -> int | None:
    """Return how many places a session has left; None where it takes everybody. Count under the session's lock."""
    if not entry.needs_sign_up or entry.capacity is None:
        return None
    return entry.capacity - taken(entry.event_id, entry.id)[entry.id]


def taken(event_id: int, session_id: int | None = None) -> Counter[int]:
    """Count the confirmed people in each session of an event, by session id, in one statement."""
    statement = (
        select(SessionSignUp.session_id, func.count())
        .join(Registration, Registration.id == SessionSignUp.registration_id)
        .where(
            Registration.event_id == event_id,
            Registration.state == RegistrationState.CONFIRMED,
            SessionSignUp.withdrawn_at.is_(None),
        )
        .group_by(SessionSignUp.session_id)
    )
    if session_id is not None:
        statement = statement.where(SessionSignUp.session_id == session_id)
    return Counter({row[0]: row[1] for row in session().execute(statement)})


def own(registration: Registration) -> list[ProgrammeSession]:
    """Return the sessions in somebody's own programme in order of time, cancelled ones too, with their rooms."""
    statement = (
        select(ProgrammeSession)
        .join(SessionSignUp, SessionSignUp.session_id == ProgrammeSession.id)
        .where(SessionSignUp.registration_id == registration.id, SessionSignUp.withdrawn_at.is_(None))
        .where(ProgrammeSession.state != SessionState.DRAFT)
        .options(joinedload(ProgrammeSession.room), joinedload(ProgrammeSession.track))
        .order_by(ProgrammeSession.starts_at, ProgrammeSession.id)
    )
    return list(session().scalars(statement))


_OWN_UIDS = (
    select(ProgrammeSession.uid)
    .join(SessionSignUp, SessionSignUp.session_id == ProgrammeSession.id)
    .where(SessionSignUp.registration_id == bindparam("registration_id"), SessionSignUp.withdrawn_at.is_(None))
)


def own_uids(registration: Registration | None) -> set[str]:
    """Return the uids of the sessions in somebody's own programme; none where nobody is registered."""
    if registration is None:
        return set()
    return set(session().scalars(_OWN_UIDS, {"registration_id": registration.id}))


_OWN_AT = (
    select(*events.STANDING, Registration.uid, func.aggregate_strings(ProgrammeSession.uid, " "))
    .outerjoin(
        Registration,
        (Registration.event_id == Event.id)
        & (Registration.user_id == bindparam("user_id"))
        & Registration.state.in_(LIVE_STATES),
    )
    .outerjoin(SessionSignUp, (SessionSignUp.registration_id == Registration.id) & SessionSignUp.withdrawn_at.is_(None))
    .outerjoin(ProgrammeSession, ProgrammeSession.id == SessionSignUp.session_id)
    .where(Event.slug == bindparam("slug"))
    .group_by(Event.id, Registration.id)
)


def own_at(slug: str, user: User) -> tuple[events.Standing, tuple[str | None, ...]]:
    """Return how a public event stands, and a person's live registration for it with the sessions in it, as uids.

    By one statement; raises `NotFound` like `events.standing`.
    """
    found = rows(_OWN_AT, {"slug": slug, "user_id": user.id})
    row = found[0] if found else None
    standing = events.stands(row)
    assert row is not None
    # The last two columns: both texts, or nothing.
    return standing, (row[-2], row[-1])


def titles_by_registration(event: Event) -> dict[int, list[str]]:
    """Return what is in everybody's own programme at an event, in the reader's language, by id of the registration."""
    found: dict[int, list[str]] = defaultdict(list)
    for registration_id, titles in session().execute(
        select(SessionSignUp.registration_id, ProgrammeSession.titles)
        .join(ProgrammeSession, ProgrammeSession.id == SessionSignUp.session_id)
        .where(ProgrammeSession.event_id == event.id, SessionSignUp.withdrawn_at.is_(None))
        .order_by(ProgrammeSession.starts_at, ProgrammeSession.id)
    ):
        found[registration_id].append(in_language(titles))
    return found


def own_clashes(registration: Registration, about: ProgrammeSession | None = None) -> list[Clash]:
    """Return the pairs in somebody's own programme that overlap; with `about`, only those this session is part of."""
    live = [entry for entry in own(registration) if entry.state is SessionState.PUBLISHED]
    return [
        Clash(ClashKind.OWN, first, second)
        for first, second in programme.overlapping(live)
        if about is None or about.id in {first.id, second.id}
    ]


def may_join(registration: Registration | None, event: Event) -> bool:
    """Tell whether somebody is entitled to the event's online link: confirmed, for an event that is not called off."""
    return (
        registration is not None
        and registration.event_id == event.id
        and registration.state is RegistrationState.CONFIRMED
        and event.state is EventState.PUBLISHED
    )


def links(registration: Registration | None, event: Event) -> dict[str, str]:
    """Return the online links this person is entitled to, by uid of the session; the event's own under its uid.

    Whoever attends online gets the links of all sessions that need no signing up; the others, too, as people move
    between hall and screen. A session with sign-up shows its link to those who signed up.
    """
    if registration is None or not may_join(registration, event):
        return {}
    mine = {entry.uid for entry in own(registration)}
    found = {
        entry.uid: entry.online_link
        for entry in programme.sessions(event)
        if entry.online_link
        and entry.state is SessionState.PUBLISHED
        and (not entry.needs_sign_up or entry.uid in mine)
    }
    if event.online_link:
        found[event.uid] = event.online_link
    return found


def _locked(registration: Registration, uid: str) -> ProgrammeSession:
    identity = session().scalar(
        select(ProgrammeSession.id).where(
            ProgrammeSession.uid == uid,
            ProgrammeSession.event_id == registration.event_id,
            ProgrammeSession.state != SessionState.DRAFT,
        )
    )
    if identity is None:
        raise NotFound
    return lock(ProgrammeSession, identity)[0]
