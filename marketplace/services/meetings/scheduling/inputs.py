"""An event's wishes, availability and meetings as a problem for the engine, and the way back from its indices.

The engine counts people: a city's delegation and a counterparty's representatives are numbers. Who is there differs
from slot to slot, so a side is called available in a slot only where a person can be named for it whatever the others
of the delegation do (a matching of projects to people decides); then every schedule the engine finds can be staffed.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import select

from marketplace import clock
from marketplace.database import session
from marketplace.matching import Problem
from marketplace.models import (
    Attendance,
    Event,
    EventMode,
    Hold,
    HoldKind,
    Interpreter,
    Meeting,
    MeetingParty,
    MeetingPerson,
    MeetingSetup,
    MeetingSlot,
    MeetingSource,
    MeetingState,
    MeetingTable,
    PartyRole,
    PersonAbsence,
    ScheduleKind,
    WishKind,
)
from marketplace.services.meetings import (
    availability,
    booking,
    holds,
    interpreters,
    pairings,
    parties,
    setup,
    slots,
    tables,
    wishes,
)
from marketplace.services.meetings.scheduling import pools

AGREED = frozenset({MeetingSource.REQUEST, MeetingSource.BOOKED, MeetingSource.ORGANISER, MeetingSource.IMPORT})
"""Meetings that people agreed on or set by hand: the engine never moves them."""

WISH_BONUS = (0.35, 0.25, 0.15, 0.1)
"""What a wish adds to a pair's value, as a share of 100 points: a first, second, third rank, and any other."""


@dataclass(frozen=True)
class Inputs:
    """A problem with what its indices mean: projects, counterparties and slots by position."""

    problem: Problem
    projects: list[MeetingParty]
    counterparties: list[MeetingParty]
    slots: list[MeetingSlot]
    meetings: dict[tuple[int, int, int], Meeting]

    def keys(self) -> dict[str, list[str]]:
        """Return the uids behind the indices, to be kept with the problem."""
        return {
            "projects": [party.uid for party in self.projects],
            "counterparties": [party.uid for party in self.counterparties],
            "slots": [slot.uid for slot in self.slots],
        }


PLANNED = (PartyRole.PROJECT, PartyRole.PARTICIPANT)
"""The first sides of meetings the engine plans; cities meet cities by request only."""


@dataclass(frozen=True)
class Present:
    """The scheduled meetings of an event in short: the ids of the planned ones, and what differs once these change.

    `tables` and `interpreters` are those that the others hold, as (id, slot). The others leave `digest` as it is: a
    draft is staffed anew around them whenever it is read, so only what they take from it matters (`drafts.touched`).
    """

    digest: str
    planned: frozenset[int]
    tables: frozenset[tuple[int, int]]
    interpreters: frozenset[tuple[int, int]]


def present(event_id: int) -> Present:
    """Return which meetings are scheduled, and how often each changed, in one statement."""
    rows = (
        session()
        .execute(
            select(
                Meeting.uid,
                Meeting.slot_id,
                Meeting.table_id,
                Meeting.is_locked,
                Meeting.calendar_sequence,
                Meeting.id,
                Meeting.interpreter_id,
                MeetingParty.role,
            )
            .join(MeetingParty, MeetingParty.id == Meeting.first_party_id)
            .where(Meeting.event_id == event_id, Meeting.state == MeetingState.SCHEDULED)
            .order_by(Meeting.uid)
        )
        .all()
    )
    told = "\n".join("|".join(map(str, row[:5])) for row in rows if row.role in PLANNED)
    others = [row for row in rows if row.role not in PLANNED]
    return Present(
        sha256(told.encode()).hexdigest(),
        frozenset(row.id for row in rows if row.role in PLANNED),
        frozenset((row.table_id, row.slot_id) for row in others if row.table_id is not None),
        frozenset((row.interpreter_id, row.slot_id) for row in others if row.interpreter_id is not None),
    )


def digest(event_id: int) -> str:
    """Return what differs after every change of the meetings that the engine plans at an event."""
    return present(event_id).digest


def build(event: Event, kind: ScheduleKind, options: Mapping[str, Any] | None = None) -> Inputs:
    """Read everything once and return the engine's problem.

    SOLVE locks what people agreed on and what organisers locked; FILL locks all meetings there are; what has begun is
    locked in any case. Both sides' wishes raise a pair's score; a must of either side makes it a must meeting.
    `options` may change the numbers for a what-if: {"tables": n, "cap": {role: n}, "without_floors": true}.
    """
    options, now = options or {}, clock.now()
    rules = setup.needed(event.id)
    here = [party for party in parties.of_event(event.id) if party.role is not PartyRole.CITY]
    projects = [party for party in here if party.role is PartyRole.PROJECT]
    others = [party for party in here if party.role in {PartyRole.FUNDER, PartyRole.VENDOR}]
    usable = slots.all_slots(event.id)
    scheduled = _scheduled(event)
    staff = _Staff([*projects, *others], usable, scheduled)
    pairs = _pairs(event, rules, here)
    place_p = {party.id: index for index, party in enumerate(projects)}
    place_f = {party.id: index for index, party in enumerate(others)}
    place_t = {slot.id: index for index, slot in enumerate(usable)}
    present = {
        (place_p[one.first_party_id], place_f[one.second_party_id], place_t[one.slot_id]): one
        for one in scheduled
        if one.first_party_id in place_p and one.second_party_id in place_f and one.slot_id in place_t
    }
    known = {(place_p[one["first"].id], place_f[one["second"].id]) for one in pairs}
    for p, f, _ in sorted(present):
        if (p, f) not in known:
            # What is agreed stays, though the rules would not offer it any more.
            pairs.append({"first": projects[p], "second": others[f], "score": 1, "must": 0, "rank_p": 0, "rank_f": 0})
            known.add((p, f))
    pairs.sort(key=lambda one: (place_p[one["first"].id], place_f[one["second"].id]))
    locked = {
        key: one
        for key, one in present.items()
        if kind is ScheduleKind.FILL or one.is_locked or one.source in AGREED or usable[key[2]].starts_at <= now
    }
    inside = {one.id for one in present.values()}
    outside = [one for one in scheduled if one.id not in inside]
    open_tables = [table for table in tables.of_event(event.id) if table.closed_at is None]
    closed = tables.closures(event.id) | {(one.table_id, one.slot_id) for one in outside if one.table_id is not None}
    pooled = pools.build(
        usable,
        [(one["first"], one["second"]) for one in pairs],
        [
            pools.Locked(projects[p], others[f], one.slot_id, one.table_id, one.interpreter_id)
            for (p, f, _), one in sorted(locked.items())
        ],
        pools.Supply(open_tables, closed, *_interpreters(event, staff.absent, outside)),
    )
    held = Counter(side for one in locked.values() for side in (one.first_party_id, one.second_party_id))
    cities = sorted({party.organisation_id or -party.id for party in projects})
    document = {
        "format": "cm-match/1",
        "name": event.slug,
        "slots": {
            "day": _numbers(slot.starts_at.date() for slot in usable),
            "session": _numbers(slot.session_id for slot in usable),
            "tables": _tables(usable, open_tables, closed, options.get("tables")),
        },
        "delegations": {"cap": [max(1, staff.delegation(city)) for city in cities]},
        "projects": {
            "delegation": [cities.index(party.organisation_id or -party.id) for party in projects],
            **_side(projects, rules, staff, usable, held, options),
        },
        "counterparties": {
            "vendor": [int(party.role is PartyRole.VENDOR) for party in others],
            "reps": [staff.representatives(party) for party in others],
            **_side(others, rules, staff, usable, held, options),
        },
        "interpreters": {"pool": [need.name for need in pooled.needs], "cap": pooled.capacity},
        "pairs": {
            "p": [place_p[one["first"].id] for one in pairs],
            "f": [place_f[one["second"].id] for one in pairs],
            "score": [one["score"] for one in pairs],
            "interp": [pooled.of(one["first"], one["second"]) for one in pairs],
            "must": [one["must"] for one in pairs],
            "rank_p": [one["rank_p"] for one in pairs],
            "rank_f": [one["rank_f"] for one in pairs],
        },
        "locked": [list(key) for key in sorted(locked)],
        "published": [list(key) for key in sorted(present)],
    }
    return Inputs(Problem.from_json(document), projects, others, usable, present)


def _scheduled(event: Event) -> list[Meeting]:
    return list(
        session().scalars(
            select(Meeting)
            .where(Meeting.event_id == event.id, Meeting.state == MeetingState.SCHEDULED)
            .order_by(Meeting.id)
        )
    )


def _numbers(values: Iterable[Any]) -> list[int]:
    """Number values from 0 in the order in which they come."""
    seen: dict[Any, int] = {}
    return [seen.setdefault(value, len(seen)) for value in values]


def _tables(
    usable: list[MeetingSlot], every: list[MeetingTable], closed: set[tuple[int, int]], wanted: int | None
) -> list[int]:
    """Return how many tables each slot has for the engine: open, less those of meetings it does not know.

    In an online session nobody needs a table, so there are always enough.
    """
    identities = {table.id for table in every}
    shut = Counter(slot_id for table_id, slot_id in closed if table_id in identities)
    total = len(every) if wanted is None else wanted
    return [
        pools.UNLIMITED if slot.session.mode is EventMode.ONLINE else max(0, total - shut[slot.id]) for slot in usable
    ]


def _interpreters(
    event: Event, absent: Set[tuple[int, int]], outside: list[Meeting]
) -> tuple[list[Interpreter], set[tuple[int, int]]]:
    """Return the interpreters and when they can come: on shift, and neither away nor in a meeting outside the plan."""
    every = interpreters.of_event(event.id)
    busy = {(one.interpreter_id, one.slot_id) for one in outside}
    person = {one.id: one.registration_id for one in every}
    return every, {
        (one, slot_id)
        for one, slot_id in interpreters.shifts(event.id)
        if (one, slot_id) not in busy and (person.get(one), slot_id) not in absent
    }


def _side(
    side: list[MeetingParty],
    rules: MeetingSetup,
    staff: "_Staff",
    usable: list[MeetingSlot],
    held: Mapping[int, int],
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what the engine knows of one side; `held` are locked meetings, which no cap takes back."""
    without, caps = bool(options.get("without_floors")), options.get("cap", {})
    most = len(usable) * 20
    limits = [booking.cap_of(rules, party) for party in side]
    return {
        "in_person": [int(party.attendance is Attendance.IN_PERSON) for party in side],
        "avail": ["".join(str(int(staff.is_available(party, slot))) for slot in usable) for party in side],
        "min": [0 if without else booking.floor_of(rules, party) for party in side],
        "max": [
            max(held.get(party.id, 0), caps.get(party.role.value, most if limit is None else limit))
            for party, limit in zip(side, limits, strict=True)
        ],
    }


def _pairs(event: Event, rules: MeetingSetup, here: list[MeetingParty]) -> list[dict[str, Any]]:
    """Return the eligible pairs with their scores, 1 to 1000: ten per point of fit, and a bonus for either's wish."""
    wished = {(wish.from_party_id, wish.to_party_id): wish for wish in wishes.of_event(event.id)}
    found = []
    for pair in pairings.eligible(rules, here):
        if pair.first.role is not PartyRole.PROJECT:
            continue
        own = wished.get((pair.first.id, pair.second.id))
        theirs = wished.get((pair.second.id, pair.first.id))
        bonus = 0.0
        for wish in (own, theirs):
            if wish is not None and wish.kind is not WishKind.NOT:
                bonus += WISH_BONUS[min(max(wish.rank, 1), len(WISH_BONUS)) - 1] * 100
        musts = [wish for wish in (own, theirs) if wish is not None and wish.kind is WishKind.MUST]
        found.append(
            {
                "first": pair.first,
                "second": pair.second,
                "score": max(1, min(1000, round((pair.score + bonus) / 1.7 * 10))),
                "must": int(bool(musts)),
                "rank_p": own.rank if own is not None and own.kind is not WishKind.NOT else 0,
                "rank_f": theirs.rank if theirs is not None and theirs.kind is not WishKind.NOT else 0,
            }
        )
    return found


class _Staff:
    """Who can be named for whom in which slot."""

    def __init__(self, sides: list[MeetingParty], usable: list[MeetingSlot], scheduled: list[Meeting]) -> None:
        self.people = {
            party.id: [
                member.registration_id
                for member in sorted(party.members, key=lambda one: (one.is_stand_in, one.position))
            ]
            for party in sides
        }
        self.cities: dict[int, list[MeetingParty]] = defaultdict(list)
        for party in sides:
            if party.role is PartyRole.PROJECT:
                self.cities[party.organisation_id or -party.id].append(party)
        inside = {party.id for party in sides}
        scheduled = [one for one in scheduled if {one.first_party_id, one.second_party_id} <= inside]
        known = availability.of(sides[0].event_id, sides) if sides else None
        self.could = known.people if known else {}
        self.absent = away(usable, {one.id for one in scheduled})
        self.begun = clock.now()
        self.scheduled = Counter(
            (side, one.slot_id) for one in scheduled for side in (one.first_party_id, one.second_party_id)
        )
        self.available: dict[int, set[int]] = defaultdict(set)
        self.reps: dict[int, int] = {}
        for slot in usable:
            for members in self.cities.values():
                for party in self._staffed(members, slot):
                    self.available[party.id].add(slot.id)
        for party in sides:
            if party.role is not PartyRole.PROJECT:
                self._count_representatives(party, usable)

    def delegation(self, city: int) -> int:
        """Return how many different people a city has."""
        return len({person for party in self.cities[city] for person in self.people[party.id]})

    def representatives(self, party: MeetingParty) -> int:
        """Return how many meetings a counterparty can hold at once in every slot in which it is available."""
        return self.reps.get(party.id, 1)

    def is_available(self, party: MeetingParty, slot: MeetingSlot) -> bool:
        """Tell whether the engine may use a side in a slot."""
        return slot.id in self.available[party.id]

    def _free(self, party: MeetingParty, slot: MeetingSlot) -> list[int]:
        is_offered = slot.starts_at > self.begun and self.could.get(party.id, {}).get(slot.id, 0) > 0
        if not is_offered and (party.id, slot.id) not in self.scheduled:
            return []
        return [person for person in self.people[party.id] if (person, slot.id) not in self.absent]

    def _staffed(self, members: list[MeetingParty], slot: MeetingSlot) -> list[MeetingParty]:
        """Return the largest set of projects of a city that can all be staffed in a slot.

        Projects that meet in it already come first, with their own people; the others take turns from slot to slot.
        """
        turn = slot.id % len(members)
        order = sorted(
            members,
            key=lambda party: ((party.id, slot.id) not in self.scheduled, (members.index(party) - turn) % len(members)),
        )
        taken: dict[int, MeetingParty] = {}
        for party in order:
            self._name(party, slot, taken, set())
        return list({party.id: party for party in taken.values()}.values())

    def _name(self, party: MeetingParty, slot: MeetingSlot, taken: dict[int, MeetingParty], seen: set[int]) -> bool:
        """Find a person for a project, asking others to take another one (augmenting paths, Kuhn 1955)."""
        for person in self._free(party, slot):
            if person in seen:
                continue
            seen.add(person)
            other = taken.get(person)
            if other is None or self._name(other, slot, taken, seen):
                taken[person] = party
                return True
        return False

    def _count_representatives(self, party: MeetingParty, usable: list[MeetingSlot]) -> None:
        """Choose how many meetings at once, and the slots in which so many people are there, for the most meetings."""
        free = {slot.id: len(self._free(party, slot)) for slot in usable}
        busy = [slot for slot in usable if (party.id, slot.id) in self.scheduled]
        most = max([*free.values(), 1])
        # As many as meet at once already, in any case.
        least = max((self.scheduled[party.id, slot.id] for slot in busy), default=1)
        best = max(range(1, most + 1), key=lambda count: count * sum(n >= count for n in free.values()))
        best = max(best, least)
        self.reps[party.id] = best
        self.available[party.id] = {slot_id for slot_id, n in free.items() if n >= best} | {slot.id for slot in busy}


def away(usable: list[MeetingSlot], planned: Set[int]) -> set[tuple[int, int]]:
    """Return who cannot be named in which slot, as (registration, slot): absent, in a session, or in a meeting that is
    not among the planned ones (by id)."""
    ids = [slot.id for slot in usable]
    found = {
        (one, other)
        for one, other in session().execute(
            select(PersonAbsence.registration_id, PersonAbsence.slot_id).where(PersonAbsence.slot_id.in_(ids))
        )
    }
    if not usable:
        return found
    slots_of: dict[int, list[int]] = defaultdict(list)
    for slot in usable:
        for unit in holds.units(slot.starts_at, slot.ends_at):
            slots_of[unit].append(slot.id)
    for person, unit, meeting_id in session().execute(
        select(Hold.resource_id, Hold.unit, Hold.meeting_id).where(
            Hold.kind == HoldKind.PERSON, Hold.unit >= min(slots_of), Hold.unit <= max(slots_of)
        )
    ):
        if meeting_id not in planned:
            found.update((person, slot_id) for slot_id in slots_of.get(unit, ()))
    return found


def people_of(meetings: Iterable[int]) -> dict[int, list[MeetingPerson]]:
    """Return who holds meetings now, by id of the meeting."""
    found: dict[int, list[MeetingPerson]] = defaultdict(list)
    identities = list(meetings)
    for person in session().scalars(
        select(MeetingPerson).where(MeetingPerson.meeting_id.in_(identities), MeetingPerson.withdrawn_at.is_(None))
    ):
        found[person.meeting_id].append(person)
    return found
