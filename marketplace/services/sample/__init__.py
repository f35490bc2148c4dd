"""The sample programme: the real cities and partners with their sources, and invented people, funders and vendors.

It exists to be looked at and tried out. All its accounts share a published password, so production refuses it.
"""

from dataclasses import dataclass

from sqlalchemy import select

from marketplace import clock
from marketplace.database import atomic, session
from marketplace.errors import Conflict
from marketplace.i18n import lazy_gettext as _
from marketplace.models import (
    AccountState,
    CityPair,
    CityProfile,
    Event,
    Membership,
    MembershipState,
    Organisation,
    RoleAssignment,
    User,
)
from marketplace.services import addresses, installation, labels, passwords
from marketplace.services.fits import rescoring
from marketplace.services.sample import activity, counterparties, meetings, pitches, programmes, records, reviews, trail
from marketplace.services.search import fold

PASSWORD = "demo-password-1"  # noqa: S105 - published on purpose, see above


@dataclass(frozen=True)
class SampleAccount:
    """One account to try the platform with; `role` and `organisation` are words for the reader, in their language."""

    email: str
    role: str
    name: str
    organisation: str = ""


def accounts() -> list[SampleAccount]:
    """Return the accounts that everybody may use in a sample installation, the programme's own people first."""
    bodies = {body.slug: body for body in records.bodies()}
    found = []
    for person in records.people():
        body = bodies.get(person.organisation)
        if person.role is not None:
            role = str(labels.of(person.role))
        elif person.email.startswith("attendee@"):
            role = str(_("Attendee"))
        elif body is not None:
            role = str(labels.of(body.kind))
        found.append(SampleAccount(person.email, role, person.name, body.name if body else ""))
    return found


def load() -> None:
    """Load what is missing of the sample programme; safe to repeat. Raises RuntimeError in production.

    Raises `Conflict` where real people already have accounts: the installation would become a sample around them.
    """
    # One hash for all: the password is public, and hashing it for each of them would take a minute.
    password_hash = passwords.hashed(PASSWORD)
    with atomic():
        if not installation.is_sample() and session().scalar(select(User.id).limit(1)) is not None:
            raise Conflict(_("There are accounts already: the sample programme goes into an empty installation only."))
        is_first = not installation.is_sample()
        installation.mark_as_sample()
        users = _store_people(password_hash)
        bodies = _store_bodies(users["organiser@cities.example"])
        _store_memberships(users, bodies)
        _store_pairs(bodies)
        events = _store_events(bodies)
        _store_roles(users, events)
        for event in events.values():
            programmes.fill(event, users, bodies)
        projects = pitches.load(users, bodies, events)
        reviews.load(projects, users)
        trail.write(projects.values())
        counterparties.load(users, bodies)
        if projects:
            rescoring.everything()
        if is_first:
            session().flush()
            # What the acts ask about (roles, memberships) has just been stored beside the objects that hold it.
            session().expire_all()
            activity.give_consents(list(users.values()))
            activity.begin(users)
        meetings.load(events["marketplace-washington"], users)
    installation.forget()


def _store_people(password_hash: str) -> dict[str, User]:
    now = clock.now()
    known = {user.email_key: user for user in session().scalars(select(User))}
    found = {}
    for person in records.people():
        address = addresses.normalise(person.email)
        user = known.get(address.key)
        if user is None:
            user = User(
                state=AccountState.ACTIVE,
                email=address.email,
                email_key=address.key,
                name=person.name,
                search_text=fold(person.name, address.email),
                locale=person.locale,
                timezone=person.timezone,
                spoken_languages=person.speaks,
                password_hash=password_hash,
                created_at=now,
                confirmed_at=now,
                is_illustrative=True,
            )
            session().add(user)
        found[person.email] = user
    session().flush()
    return found


def _store_bodies(verifier: User) -> dict[str, Organisation]:
    now = clock.now()
    found = {body.slug: body for body in session().scalars(select(Organisation))}
    profiles = []
    for body in records.bodies():
        if body.slug in found:
            continue
        organisation = Organisation(
            slug=body.slug,
            kind=body.kind,
            name=body.name,
            names=body.names,
            descriptions=body.descriptions,
            search_text=fold(body.name, *body.names.values()),
            country=body.country,
            website=body.website,
            timezone=body.timezone,
            created_at=now,
            verified_at=now if body.is_verified else None,
            verified_by_id=verifier.id if body.is_verified else None,
            is_illustrative=not body.is_real,
        )
        found[body.slug] = organisation
        session().add(organisation)
        if body.city is not None:
            profiles.append((organisation, body.city))
    session().flush()
    session().add_all(CityProfile(organisation_id=organisation.id, **facts) for organisation, facts in profiles)
    return found


def _store_memberships(users: dict[str, User], bodies: dict[str, Organisation]) -> None:
    now = clock.now()
    known = {(tie.user_id, tie.organisation_id) for tie in session().scalars(select(Membership))}
    session().add_all(
        Membership(
            user_id=users[person.email].id,
            organisation_id=bodies[person.organisation].id,
            role=person.membership,
            state=MembershipState.ACTIVE,
            job_title=person.job_title,
            created_at=now,
            since=now,
        )
        for person in records.people()
        if person.organisation and (users[person.email].id, bodies[person.organisation].id) not in known
    )


def _store_pairs(bodies: dict[str, Organisation]) -> None:
    known = {(pair.lac_city_id, pair.us_city_id, pair.valid_from) for pair in session().scalars(select(CityPair))}
    session().add_all(
        CityPair(
            lac_city_id=bodies[pair.lac_city].id,
            us_city_id=bodies[pair.us_city].id,
            valid_from=pair.valid_from,
            valid_until=pair.valid_until,
            source=pair.source,
            note=pair.note,
        )
        for pair in records.pairs()
        if (bodies[pair.lac_city].id, bodies[pair.us_city].id, pair.valid_from) not in known
    )


def _store_events(bodies: dict[str, Organisation]) -> dict[str, Event]:
    now = clock.now()
    found = {event.slug: event for event in session().scalars(select(Event))}
    for record in records.convenings():
        if record.slug in found:
            continue
        starts_on, ends_on = record.dates(now.date())
        found[record.slug] = Event(
            slug=record.slug,
            titles=record.titles,
            places=record.places,
            timezone=record.timezone,
            starts_on=starts_on,
            ends_on=ends_on,
            source=record.source,
            created_at=now,
            is_illustrative=record.starts_on is None,
        )
        programmes.describe(found[record.slug], bodies)
        session().add(found[record.slug])
    session().flush()
    return found


def _store_roles(users: dict[str, User], events: dict[str, Event]) -> None:
    now = clock.now()
    known = {(grant.user_id, grant.role, grant.event_id) for grant in session().scalars(select(RoleAssignment))}
    for person in records.people():
        if person.role is None:
            continue
        user = users[person.email]
        places: list[int | None] = [events[slug].id for slug in person.events]
        for event_id in places or [None]:
            if (user.id, person.role, event_id) not in known:
                session().add(RoleAssignment(user_id=user.id, role=person.role, event_id=event_id, granted_at=now))
