"""An event at which people meet, and an audit of its tables that shares no code with the product."""

from collections import Counter, defaultdict
from datetime import date, time, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

from sqlalchemy import text

from marketplace import clock
from marketplace.database import atomic, session
from marketplace.models import (
    BookingRule,
    Event,
    MeetingParty,
    MeetingTable,
    PartyMember,
    PartyRole,
)
from marketplace.services.meetings import setup, slots
from marketplace.services.meetings.setup import Rules


def market(
    make,
    by,
    *,
    projects: int = 2,
    funders: int = 2,
    tables: int = 2,
    hours: int = 2,
    rule: BookingRule = BookingRule.AT_ONCE,
    on_day: date | None = None,
    people: int = 1,
    **rules: Any,
) -> SimpleNamespace:
    """An event with a meeting session of twenty-minute slots, tables, projects and funders that all fit each other.

    Booking is open. `people` is how many come for each side; everybody has an account.
    """
    day = on_day or (clock.now() + timedelta(days=30)).date()
    event = make.event(starts_on=day, ends_on=day)
    ticket = make.ticket(event)
    now = clock.now()
    values = {
        "wishes_open_at": now - timedelta(days=2),
        "wishes_close_at": now + timedelta(days=20),
        "booking_opens_at": now - timedelta(days=1),
        "booking_closes_at": now + timedelta(days=29),
        "limits": dict.fromkeys(PartyRole, (0, 20)),
        **rules,
    }
    set_up = setup.save(event.slug, Rules(**values), by, is_confirmed=True)
    meeting_session = slots.save(
        event.slug,
        slots.Details({"en": "Morning"}, day, time(10), time(10 + hours), turnover_minutes=0, booking=rule),
        by,
    )
    with atomic() as current:
        for number in range(1, tables + 1):
            current.add(MeetingTable(event_id=event.id, number=number))
    sides: dict[PartyRole, list[MeetingParty]] = defaultdict(list)
    for number in range(projects):
        city = make.city(name=f"City {number}", slug=f"market-city-{event.id}-{number}")
        project = make.project(city)
        sides[PartyRole.PROJECT].append(party(make, event, ticket, PartyRole.PROJECT, city, project, people))
    for number in range(funders):
        body = make.organisation(name=f"Funder {number}", slug=f"market-funder-{event.id}-{number}")
        sides[PartyRole.FUNDER].append(party(make, event, ticket, PartyRole.FUNDER, body, None, people))
        for one in sides[PartyRole.PROJECT]:
            make.fit(one.project, body)
    return SimpleNamespace(
        event=event,
        ticket=ticket,
        setup=set_up,
        session=meeting_session,
        slots=slots.all_slots(event.id),
        projects=sides[PartyRole.PROJECT],
        funders=sides[PartyRole.FUNDER],
    )


def party(make, event: Event, ticket, role: PartyRole, body, project=None, people: int = 1) -> MeetingParty:
    """A side that meets, with so many people who have accounts and belong to its organisation."""
    found = MeetingParty(
        event_id=event.id,
        role=role,
        organisation_id=body.id if body else None,
        project_id=project.id if project else None,
        search_text=(body.name if body else "").casefold(),
        created_at=clock.now(),
    )
    for position in range(people):
        user = make.user()
        if body is not None:
            make.membership(user, body)
        registration = make.registration(
            event, ticket, user_id=user.id, email=user.email, name=user.name, organisation_id=body.id if body else None
        )
        found.members.append(PartyMember(registration_id=registration.id, position=position))
    return make.store(found)


def user_of(side: MeetingParty):
    """The first person of a side, with their account."""
    return side.members[0].registration.user


def audit() -> list[str]:
    """Look at the tables by hand: whoever and whatever is in two places at once, and holds that do not agree.

    Sessions of one's own programme count as places to be. An empty list means that all is well.
    """
    found = []
    rows = (
        session()
        .execute(
            text(
                "SELECT m.id, s.starts_at, s.ends_at, m.table_id, m.interpreter_id, m.first_party_id, "
                "m.second_party_id FROM meeting m JOIN meeting_slot s ON s.id = m.slot_id WHERE m.state = 'scheduled'"
            )
        )
        .all()
    )
    people = defaultdict(list)
    for meeting, person in session().execute(
        text("SELECT meeting_id, registration_id FROM meeting_person WHERE withdrawn_at IS NULL")
    ):
        people[meeting].append(person)
    projects = {row[0] for row in session().execute(text("SELECT id FROM meeting_party WHERE role = 'project'"))}
    spans = defaultdict(list)
    pairs: Counter[Any] = Counter()
    for meeting, starts, ends, table, interpreter, first, second in rows:
        here = [("person", person) for person in people[meeting]]
        here += [("project", side) for side in (first, second) if side in projects]
        here += [("table", table)] if table else []
        here += [("interpreter", interpreter)] if interpreter else []
        for thing in here:
            spans[thing].append((str(starts), str(ends), meeting))
        sides = {
            side
            for (side,) in session().execute(
                text("SELECT DISTINCT party_id FROM meeting_person WHERE meeting_id = :one AND withdrawn_at IS NULL"),
                {"one": meeting},
            )
        }
        if sides != {first, second}:
            found.append(f"meeting {meeting} lacks somebody of one side")
        pairs[frozenset((first, second))] += 1
    for starts, ends, person in session().execute(
        text(
            "SELECT s.starts_at, s.ends_at, p.registration_id FROM session_sign_up p "
            "JOIN programme_session s ON s.id = p.session_id JOIN registration r ON r.id = p.registration_id "
            "WHERE p.withdrawn_at IS NULL AND s.state = 'published' AND r.state = 'confirmed'"
        )
    ):
        spans["person", person].append((str(starts), str(ends), "session"))
    for thing, times in spans.items():
        times.sort(key=lambda span: (span[0], span[1]))
        for (_, ends, one), (starts, _, other) in pairwise(times):
            if starts < ends and not one == other == "session":
                found.append(f"{thing} is in {one} and {other} at once")
    found += [f"{sorted(pair)} meet {count} times" for pair, count in pairs.items() if count > 1]
    stray = session().scalar(
        text("SELECT count(*) FROM hold h JOIN meeting m ON m.id = h.meeting_id WHERE m.state <> 'scheduled'")
    )
    if stray:
        found.append(f"{stray} holds of meetings that do not take place")
    bare = session().scalar(
        text(
            "SELECT count(*) FROM meeting m WHERE m.state = 'scheduled' "
            "AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.meeting_id = m.id)"
        )
    )
    if bare:
        found.append(f"{bare} meetings hold nothing")
    out_of_reach = session().scalar(
        text(
            "SELECT count(*) FROM meeting m JOIN meeting_table t ON t.id = m.table_id "
            "JOIN meeting_party p ON p.id IN (m.first_party_id, m.second_party_id) "
            "WHERE m.state = 'scheduled' AND p.needs_accessible_table AND NOT t.is_accessible"
        )
    )
    if out_of_reach:
        found.append(f"{out_of_reach} meetings are at tables that a side cannot use")
    return found
