"""The sides that meet at an event: who they are, who comes for them, when they can, and whom they may meet."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Integer, Select, and_, bindparam, delete, exists, or_, select
from sqlalchemy.orm import contains_eager, defer, joinedload, selectinload

from marketplace import clock
from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.i18n import in_language, lazy_gettext
from marketplace.models import (
    Attendance,
    CounterpartyProfile,
    Event,
    EventState,
    Language,
    Meeting,
    MeetingParty,
    MeetingSlot,
    MeetingState,
    Membership,
    MembershipState,
    Organisation,
    OrganisationKind,
    PartyAbsence,
    PartyMember,
    PartyRole,
    PersonAbsence,
    Project,
    ProjectState,
    Registration,
    RegistrationState,
    User,
)
from marketplace.services import audit, events, policies, search, texts
from marketplace.services.meetings import slots

ROLE_OF_KIND = {OrganisationKind.FUNDER: PartyRole.FUNDER, OrganisationKind.VENDOR: PartyRole.VENDOR}
"""As what a counterparty meets. Other kinds of organisations meet as funders when an organiser adds them."""


@dataclass(frozen=True)
class Details:
    """What can be said of a party; `members` are registrations by uid, those in `stand_ins` come last."""

    attendance: Attendance = Attendance.IN_PERSON
    languages: tuple[str, ...] = ()
    needs_interpreter: bool = False
    needs_accessible_table: bool = False
    online_link: str = ""
    floor: int | None = None
    cap: int | None = None
    members: tuple[str, ...] = ()
    stand_ins: tuple[str, ...] = ()


def changeable(slug: str, by: User) -> Event:
    """Return an event the reader may see and whose meetings can change; raises `Conflict` for one that is off or put
    away."""
    event = events.for_reader(slug, by)
    _check_changes(event)
    return event


def _check_changes(event: Event) -> None:
    if event.state in {EventState.CANCELLED, EventState.ARCHIVED}:
        raise Conflict(lazy_gettext("Nothing about the meetings of this event changes any more."))


def title(party: MeetingParty) -> str:
    """Return how a party is called, in the reader's language: the project's title, or the organisation's name."""
    if party.project is not None:
        return in_language(party.project.known_titles) or party.project.slug
    if party.organisation is not None:
        return in_language(party.organisation.names) or party.organisation.name
    return party.label


def subtitle(party: MeetingParty) -> str:
    """Return for whom a project stands, in the reader's language; '' for all others."""
    if party.project is None or party.organisation is None:
        return ""
    return in_language(party.organisation.names) or party.organisation.name


def _whole() -> Select[MeetingParty]:
    return select(MeetingParty).options(
        joinedload(MeetingParty.organisation),
        joinedload(MeetingParty.project),
        selectinload(MeetingParty.members).joinedload(PartyMember.registration),
    )


_ACTOR = bindparam("actor", type_=Integer)
_ACTED_FOR = or_(
    MeetingParty.organisation_id.in_(
        select(Membership.organisation_id).where(
            Membership.user_id == _ACTOR, Membership.state == MembershipState.ACTIVE
        )
    ),
    exists().where(
        PartyMember.party_id == MeetingParty.id,
        PartyMember.registration_id == Registration.id,
        Registration.user_id == _ACTOR,
        Registration.state == RegistrationState.CONFIRMED,
    ),
)
"""The condition behind the policy `meeting.act`: one's own part, or one's organisation's."""

# Written once, since every booking asks it.
_PAIR = (
    select(MeetingParty, _ACTED_FOR)
    .join(MeetingParty.event)
    .where(Event.slug == bindparam("slug"), MeetingParty.uid.in_(bindparam("uids", expanding=True)))
    .options(
        # What the act and its letters need; whatever else is asked for is read then.
        contains_eager(MeetingParty.event).load_only(
            Event.uid,
            Event.slug,
            Event.state,
            Event.titles,
            Event.places,
            Event.venue,
            Event.address,
            Event.timezone,
            Event.is_illustrative,
        ),
        defer(MeetingParty.search_text),
        joinedload(MeetingParty.organisation).load_only(Organisation.slug, Organisation.name, Organisation.names),
        joinedload(MeetingParty.project).load_only(Project.slug, Project.titles, Project._book_titles),
        joinedload(MeetingParty.members)
        .joinedload(PartyMember.registration)
        .load_only(
            Registration.user_id,
            Registration.state,
            Registration.email,
            Registration.name,
            Registration.locale,
            Registration.timezone,
            Registration.attendance,
        ),
    )
)


def of_event(event_id: int, *, with_withdrawn: bool = False) -> list[MeetingParty]:
    """Return the parties of an event with their people, by role and name."""
    statement = _whole().where(MeetingParty.event_id == event_id).order_by(MeetingParty.search_text, MeetingParty.id)
    if not with_withdrawn:
        statement = statement.where(MeetingParty.withdrawn_at.is_(None))
    return list(session().scalars(statement))


@dataclass(frozen=True)
class Filter:
    """What a list of parties shows; empty values mean no restriction."""

    query: str = ""
    role: PartyRole | None = None
    is_withdrawn: bool = False


def listing(event: Event, wanted: Filter) -> Select[MeetingParty]:
    """Return the statement that lists an event's parties; the caller paginates it."""
    statement = _whole().where(MeetingParty.event_id == event.id).order_by(MeetingParty.search_text, MeetingParty.id)
    if wanted.query:
        statement = statement.where(search.matches(MeetingParty.search_text, wanted.query))
    if wanted.role is not None:
        statement = statement.where(MeetingParty.role == wanted.role)
    is_out = MeetingParty.withdrawn_at.is_not(None)
    return statement.where(is_out if wanted.is_withdrawn else ~is_out)


def find(event: Event, uid: str) -> MeetingParty:
    """Return a party of an event; raises `NotFound`."""
    found = session().scalar(_whole().where(MeetingParty.event_id == event.id, MeetingParty.uid == uid))
    if found is None:
        raise NotFound
    return found


def mine(user: User, event: Event) -> list[MeetingParty]:
    """Return the parties at an event a person may act for: those whose people they are one of, and those of their
    organisations; projects come before the city itself."""
    return list(
        session().scalars(
            _whole()
            .where(MeetingParty.event_id == event.id, _ACTED_FOR)
            .order_by(MeetingParty.role == PartyRole.CITY, MeetingParty.search_text, MeetingParty.id),
            {"actor": user.id},
        )
    )


def find_mine(event: Event, uid: str, user: User) -> MeetingParty:
    """Return one of the parties a person may act for; raises `NotFound` for every other."""
    found = session().scalar(
        _whole().where(MeetingParty.event_id == event.id, MeetingParty.uid == uid, _ACTED_FOR), {"actor": user.id}
    )
    if found is None:
        raise NotFound
    return found


def find_pair(slug: str, uid: str, other_uid: str, user: User) -> tuple[MeetingParty, MeetingParty | None]:
    """Return one of the parties a person may act for, and any other of the event (None where there is none).

    Raises `NotFound` as `find_mine` does, and `Conflict` as `changeable` does; one statement, with the event.
    """
    rows = session().execute(_PAIR, {"slug": slug, "uids": [uid, other_uid], "actor": user.id})
    found = {party.uid: (party, is_mine) for party, is_mine in rows.unique()}
    party, is_mine = found.get(uid, (None, False))
    if party is None or not is_mine or not events.is_shown(party.event, user):
        raise NotFound
    _check_changes(party.event)
    return party, found.get(other_uid, (None, False))[0]


def enrol(slug: str, by: User) -> int:
    """Bring in every published project and every counterparty with a profile whose people are registered.

    Cities come in for themselves where the rules let cities meet each other. Who is in already stays as they are, but
    for people who came since. Returns how many parties are new.
    """
    from marketplace.services.meetings import setup

    with atomic() as current:
        event = events.editable(slug, by)
        people = _people_by_organisation(event)
        known = {
            (party.role, party.project_id, party.organisation_id): party
            for party in of_event(event.id, with_withdrawn=True)
        }
        new = 0
        for project in current.scalars(
            select(Project)
            .where(Project.state == ProjectState.PUBLISHED, Project.city_id.in_(people))
            .options(joinedload(Project.city))
            .order_by(Project.id)
        ):
            new += _bring(event, known, PartyRole.PROJECT, project.city, project, people[project.city_id])
        rules = setup.of(event.id)
        if rules is not None and "city:city" in rules.pairings:
            for city in current.scalars(
                select(Organisation)
                .where(
                    Organisation.id.in_(people),
                    Organisation.kind == OrganisationKind.CITY,
                    Organisation.deactivated_at.is_(None),
                )
                .order_by(Organisation.id)
            ):
                new += _bring(event, known, PartyRole.CITY, city, None, people[city.id])
        for organisation in current.scalars(
            select(Organisation)
            .join(CounterpartyProfile, CounterpartyProfile.organisation_id == Organisation.id)
            .where(Organisation.id.in_(people), Organisation.deactivated_at.is_(None))
            .order_by(Organisation.id)
        ):
            role = ROLE_OF_KIND.get(organisation.kind, PartyRole.FUNDER)
            new += _bring(event, known, role, organisation, None, people[organisation.id])
        current.flush()
        audit.record("meeting_parties.enrolled", by, event, new=new)
        return new


def _people_by_organisation(event: Event) -> dict[int, list[Registration]]:
    """Return the confirmed registrations of an event by organisation; of members of it, and of who named it."""
    found: dict[int, list[Registration]] = defaultdict(list)
    for registration in session().scalars(
        select(Registration)
        .where(
            Registration.event_id == event.id,
            Registration.state == RegistrationState.CONFIRMED,
            Registration.organisation_id.is_not(None),
        )
        .order_by(Registration.id)
    ):
        if registration.organisation_id is not None:
            found[registration.organisation_id].append(registration)
    members = select(Registration, Membership.organisation_id).join(
        Membership, and_(Membership.user_id == Registration.user_id, Membership.state == MembershipState.ACTIVE)
    )
    for registration, organisation_id in session().execute(
        members.where(Registration.event_id == event.id, Registration.state == RegistrationState.CONFIRMED).order_by(
            Registration.id
        )
    ):
        if registration not in found[organisation_id]:
            found[organisation_id].append(registration)
    return found


def _bring(
    event: Event,
    known: dict[tuple[PartyRole, int | None, int | None], MeetingParty],
    role: PartyRole,
    organisation: Organisation,
    project: Project | None,
    people: list[Registration],
) -> int:
    party = known.get((role, project.id if project else None, organisation.id))
    is_new = party is None
    if party is None:
        party = MeetingParty(
            event_id=event.id,
            role=role,
            organisation_id=organisation.id,
            project_id=project.id if project else None,
            languages=_languages(people),
            attendance=people[0].attendance,
            created_at=clock.now(),
            is_illustrative=organisation.is_illustrative or bool(project and project.is_illustrative),
            search_text=_search_text(organisation, project),
        )
        session().add(party)
    here = {member.registration_id for member in party.members}
    for registration in people:
        if registration.id not in here:
            party.members.append(PartyMember(registration_id=registration.id, position=len(party.members)))
    return int(is_new)


def _languages(people: Iterable[Registration]) -> list[str]:
    return list(dict.fromkeys(code for person in people for code in person.languages))


def _search_text(organisation: Organisation | None, project: Project | None, label: str = "") -> str:
    titles = project.known_titles.values() if project else ()
    names = organisation.names.values() if organisation else ()
    return search.fold(*titles, *names, organisation.name if organisation else "", label)


def add(slug: str, role: PartyRole, by: User, *, organisation: str = "", project: str = "") -> MeetingParty:
    """Bring in one party by the slug of its organisation or project. Raises `Invalid` where it is in already."""
    with atomic() as current:
        event = events.editable(slug, by)
        found_project = current.scalar(select(Project).where(Project.slug == project)) if project else None
        body = (
            found_project.city
            if found_project is not None
            else current.scalar(select(Organisation).where(Organisation.slug == organisation))
        )
        if body is None or (role is PartyRole.PROJECT) != (found_project is not None):
            raise Invalid("organisation", lazy_gettext("Please choose from the list."))
        if found_project is not None and found_project.state is not ProjectState.PUBLISHED:
            raise Invalid("organisation", lazy_gettext("Only published projects can meet."))
        people = _people_by_organisation(event).get(body.id, [])
        known = {
            (party.role, party.project_id, party.organisation_id): party
            for party in of_event(event.id, with_withdrawn=True)
        }
        key = (role, found_project.id if found_project else None, body.id)
        if key in known:
            raise Invalid("organisation", lazy_gettext("This side is in already."))
        if not people:
            raise Invalid("organisation", lazy_gettext("Nobody of theirs is registered for this event yet."))
        _bring(event, known, role, body, found_project, people)
        current.flush()
        party = next(one for one in of_event(event.id) if (one.role, one.project_id, one.organisation_id) == key)
        audit.record("meeting_party.added", by, party, event=event.slug)
        return party


@dataclass(frozen=True)
class Addable:
    """Somebody who could be brought into the meetings: people of theirs are registered, and they are not in."""

    role: PartyRole
    slug: str
    title: str


def addable(event: Event) -> list[Addable]:
    """Return whom `add` would take, by role and name: published projects, and organisations by their kind."""
    people = _people_by_organisation(event)
    present = {
        (party.role, party.project_id, party.organisation_id) for party in of_event(event.id, with_withdrawn=True)
    }
    found = [
        Addable(PartyRole.PROJECT, project.slug, in_language(project.titles) or project.slug)
        for project in session().scalars(
            select(Project).where(Project.state == ProjectState.PUBLISHED, Project.city_id.in_(people))
        )
        if (PartyRole.PROJECT, project.id, project.city_id) not in present
    ]
    for body in session().scalars(
        select(Organisation).where(Organisation.id.in_(people), Organisation.deactivated_at.is_(None))
    ):
        role = PartyRole.CITY if body.kind is OrganisationKind.CITY else ROLE_OF_KIND.get(body.kind, PartyRole.FUNDER)
        if (role, None, body.id) not in present:
            found.append(Addable(role, body.slug, in_language(body.names) or body.name))
    order = list(PartyRole)
    return sorted(found, key=lambda one: (order.index(one.role), search.fold(one.title)))


def edit(slug: str, uid: str, details: Details, by: User) -> MeetingParty:
    """Change a party: its people, languages, how it takes part. Its own people may, but for floor and cap.

    Where it takes part otherwise, its meetings to come get a table or go online, and both sides are told; `Conflict`
    where no table is free. A person who holds meetings to come for it cannot be taken out: hand the meetings over first
    (`Conflict`).
    """
    from marketplace.services.meetings import booking, reseating
    from marketplace.services.meetings import self_booking as own_booking

    with atomic() as current:
        booking.hold_rules(slug)
        event = changeable(slug, by)
        organises = policies.can(by, "event.manage", event)
        party = find(event, uid) if organises else find_mine(event, uid, by)
        lock(MeetingParty, party.id)
        if party.withdrawn_at is not None:
            raise Conflict
        if organises:
            for name in ("floor", "cap"):
                value = getattr(details, name)
                if value is not None and not 0 <= value <= 200:
                    raise Invalid(name, lazy_gettext("Please give numbers from 0 to 200."))
            party.floor, party.cap = details.floor, details.cap
        party.attendance = details.attendance
        party.languages = [code.value for code in Language if code.value in details.languages]
        party.needs_interpreter = details.needs_interpreter
        party.needs_accessible_table = details.needs_accessible_table
        party.online_link = texts.web_address(details.online_link, "online_link")
        _set_members(event, party, details)
        current.flush()
        moved, left = reseating.put_right(own_booking.of_party(party), by)
        if any(meeting.table is None for meeting in left):
            raise Conflict(lazy_gettext("No table is free for one of their meetings. Move or cancel it first."))
        # Who cannot use the table they have says so in any case; the organisers see it among what cannot work.
        audit.record("meeting_party.edited", by, party, event=event.slug, moved=len(moved))
        return party


def _set_members(event: Event, party: MeetingParty, details: Details) -> None:
    wanted = {
        registration.uid: registration
        for registration in session().scalars(
            select(Registration).where(
                Registration.event_id == event.id,
                Registration.uid.in_(details.members),
                Registration.state == RegistrationState.CONFIRMED,
            )
        )
    }
    allowed = {registration.uid for registration in candidates(event, party)}
    if set(details.members) - set(wanted) or not set(wanted) <= allowed:
        raise Invalid("members", lazy_gettext("Please choose from the list."))
    if not wanted:
        raise Invalid("members", lazy_gettext("Please choose at least one person."))
    present = {member.registration.uid: member for member in party.members}
    for uid, member in present.items():
        if uid not in wanted:
            if _holds_meetings(party, member.registration_id):
                raise Conflict(lazy_gettext("This person holds meetings for the team. Hand them over first."))
            party.members.remove(member)
    for position, uid in enumerate(details.members):
        found = present.get(uid)
        if found is None:
            found = PartyMember(registration_id=wanted[uid].id)
            party.members.append(found)
        found.position, found.is_stand_in = position, uid in details.stand_ins


def withdraw(slug: str, uid: str, reason: str, by: User) -> MeetingParty:
    """Take a party out of the meetings: its meetings end and the other sides are told, its requests and wishes end.

    Its own people may, and organisers. What others had with it can then be repaired with the least change.
    """
    from marketplace.services.meetings import booking, letters, requests, wishes

    with atomic() as current:
        event = changeable(slug, by)
        party = find(event, uid) if policies.can(by, "event.manage", event) else find_mine(event, uid, by)
        lock(MeetingParty, party.id)
        if party.withdrawn_at is not None:
            return party
        party.withdrawn_at = clock.now()
        party.withdrawal_reason = texts.within(texts.clean(reason), "reason", 500)
        ended = ending(party)
        for meeting in ended:
            if booking.cancel(meeting, by, party.withdrawal_reason, party):
                letters.tell_cancelled(meeting)
        requests.end_all(party, by)
        wishes.forget(party)
        current.flush()
        audit.record("meeting_party.withdrawn", by, party, event=event.slug, meetings=len(ended))
        return party


def ending(party: MeetingParty) -> list[Meeting]:
    """Return the meetings to come that would end if a party withdrew."""
    from marketplace.services.meetings.self_booking import of_party

    now = clock.now()
    return [meeting for meeting in of_party(party) if meeting.slot.starts_at > now]


def reinstate(slug: str, uid: str, by: User) -> MeetingParty:
    """Let a party that left take part again; its meetings do not come back by themselves."""
    with atomic():
        event = events.editable(slug, by)
        party = find(event, uid)
        lock(MeetingParty, party.id)
        party.withdrawn_at, party.withdrawal_reason = None, ""
        audit.record("meeting_party.reinstated", by, party, event=event.slug)
        return party


def candidates(event: Event, party: MeetingParty) -> list[Registration]:
    """Return who may come for a party: its present people, and everybody registered who belongs to its organisation."""
    present = [member.registration for member in party.members]
    if party.organisation_id is None:
        return present
    others = _people_by_organisation(event).get(party.organisation_id, [])
    return present + [registration for registration in others if registration not in present]


def _holds_meetings(party: MeetingParty, registration_id: int) -> bool:
    from marketplace.models import MeetingPerson

    return bool(
        session().scalar(
            select(MeetingPerson.id)
            .join(Meeting, Meeting.id == MeetingPerson.meeting_id)
            .join(MeetingSlot, MeetingSlot.id == Meeting.slot_id)
            .where(
                MeetingSlot.ends_at > clock.now(),
                MeetingPerson.registration_id == registration_id,
                MeetingPerson.party_id == party.id,
                MeetingPerson.withdrawn_at.is_(None),
                Meeting.state == MeetingState.SCHEDULED,
            )
            .limit(1)
        )
    )


def set_absences(slug: str, uid: str, slot_uids: set[str], by: User, registration_uid: str = "") -> None:
    """Say in which slots a party (or, with `registration_uid`, one of its people) does not meet.

    A slot in which they meet already cannot be given up here: `Conflict` says to move or cancel the meeting first.
    """
    with atomic() as current:
        event = changeable(slug, by)
        organises = policies.can(by, "event.manage", event)
        party = find(event, uid) if organises else find_mine(event, uid, by)
        lock(MeetingParty, party.id)
        chosen = {slot.id for slot in slots.all_slots(event.id) if slot.uid in slot_uids}
        person = next(
            (member.registration for member in party.members if member.registration.uid == registration_uid), None
        )
        if registration_uid and person is None:
            raise NotFound
        if chosen & _busy_slots(party, person):
            raise Conflict(lazy_gettext("There is a meeting in one of these slots. Move or cancel it first."))
        if person is not None:
            current.execute(delete(PersonAbsence).where(PersonAbsence.registration_id == person.id))
            current.add_all(PersonAbsence(registration_id=person.id, slot_id=slot) for slot in chosen)
        else:
            current.execute(delete(PartyAbsence).where(PartyAbsence.party_id == party.id))
            current.add_all(PartyAbsence(party_id=party.id, slot_id=slot) for slot in chosen)
        audit.record("meeting_party.absences_set", by, party, event=event.slug, slots=len(chosen))


def _busy_slots(party: MeetingParty, person: Registration | None) -> set[int]:
    from marketplace.models import MeetingPerson

    statement = (
        select(Meeting.slot_id)
        .join(MeetingPerson, MeetingPerson.meeting_id == Meeting.id)
        .where(Meeting.state == MeetingState.SCHEDULED, MeetingPerson.withdrawn_at.is_(None))
    )
    if person is not None:
        return set(session().scalars(statement.where(MeetingPerson.registration_id == person.id)))
    return set(session().scalars(statement.where(MeetingPerson.party_id == party.id)))
