"""When the sides of an event can meet: who of them is there, in a session, or in a meeting."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from marketplace import clock
from marketplace.database import session
from marketplace.models import (
    Hold,
    HoldKind,
    MeetingParty,
    MeetingSlot,
    PartyAbsence,
    PartyRole,
    PersonAbsence,
    RegistrationState,
)
from marketplace.services.meetings import holds, slots
from marketplace.services.meetings import parties as sides


@dataclass(frozen=True)
class Availability:
    """When the parties of an event can meet, by slot id: `people` counts who is free in each, meetings not counted
    against them; `free_now` how many of them could take one more meeting as things are."""

    people: dict[int, dict[int, int]]
    free_now: dict[int, dict[int, int]]

    def can(self, party: MeetingParty, slot: MeetingSlot) -> bool:
        """Tell whether the party could meet in a slot if it had no meetings yet."""
        return self.people.get(party.id, {}).get(slot.id, 0) > 0

    def is_free(self, party: MeetingParty, slot: MeetingSlot) -> bool:
        """Tell whether the party can take one more meeting in a slot as things are."""
        return self.free_now.get(party.id, {}).get(slot.id, 0) > 0


def of(event_id: int, parties: Iterable[MeetingParty] | None = None) -> Availability:
    """Return when the parties of an event can meet, in six statements, however many there are."""
    found = list(parties) if parties is not None else sides.of_event(event_id)
    usable = slots.all_slots(event_id)
    people = {member.registration_id for party in found for member in party.members}
    confirmed = {
        member.registration_id
        for party in found
        for member in party.members
        if member.registration.state is RegistrationState.CONFIRMED
    }
    absent = {
        (person, slot)
        for person, slot in session().execute(
            select(PersonAbsence.registration_id, PersonAbsence.slot_id).where(
                PersonAbsence.slot_id.in_([slot.id for slot in usable])
            )
        )
        if person in people
    }
    away = {
        (one, other)
        for one, other in session().execute(
            select(PartyAbsence.party_id, PartyAbsence.slot_id).where(
                PartyAbsence.slot_id.in_([slot.id for slot in usable])
            )
        )
    }
    in_sessions, in_meetings, projects = _held(usable)
    could: dict[int, dict[int, int]] = {}
    free: dict[int, dict[int, int]] = {}
    for party in found:
        could[party.id], free[party.id] = {}, {}
        members = [member.registration_id for member in party.members if member.registration_id in confirmed]
        for slot in usable:
            if (party.id, slot.id) in away:
                continue
            able = [
                person for person in members if (person, slot.id) not in absent and (person, slot.id) not in in_sessions
            ]
            could[party.id][slot.id] = len(able)
            if party.role is PartyRole.PROJECT and (party.id, slot.id) in projects:
                continue
            free[party.id][slot.id] = sum((person, slot.id) not in in_meetings for person in able)
    return Availability(could, free)


def _held(usable: list[MeetingSlot]) -> tuple[set[tuple[int, int]], set[tuple[int, int]], set[tuple[int, int]]]:
    """Return who is in sessions, who is in meetings, and which projects are, as (resource, slot)."""
    in_sessions: set[tuple[int, int]] = set()
    in_meetings: set[tuple[int, int]] = set()
    projects: set[tuple[int, int]] = set()
    if not usable:
        return in_sessions, in_meetings, projects
    slots_of: dict[int, list[int]] = defaultdict(list)
    for slot in usable:
        for unit in holds.units(slot.starts_at, slot.ends_at):
            slots_of[unit].append(slot.id)
    for kind, resource, unit, meeting_id in session().execute(
        select(Hold.kind, Hold.resource_id, Hold.unit, Hold.meeting_id).where(
            Hold.kind.in_((HoldKind.PERSON, HoldKind.PROJECT)), Hold.unit >= min(slots_of), Hold.unit <= max(slots_of)
        )
    ):
        for slot_id in slots_of.get(unit, ()):
            if kind is HoldKind.PROJECT:
                projects.add((resource, slot_id))
            elif meeting_id is None:
                in_sessions.add((resource, slot_id))
            else:
                in_meetings.add((resource, slot_id))
    return in_sessions, in_meetings, projects


def free_slots(first: MeetingParty, second: MeetingParty) -> list[MeetingSlot]:
    """Return the slots to come in which both sides can take one more meeting and there is room, in order of time."""
    from marketplace.services.meetings import seating

    known = of(first.event_id, [first, second])
    now = clock.now()
    both = [
        slot
        for slot in slots.all_slots(first.event_id)
        if slot.starts_at > now and known.is_free(first, slot) and known.is_free(second, slot)
    ]
    return seating.possible(first, second, both)
