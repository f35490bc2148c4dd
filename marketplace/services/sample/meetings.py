"""The meetings of the sample Marketplace: rules, half days, tables, interpreters, who meets, and what they wish.

No schedule is made: that is the organiser's part. Which wishes there are follows from what the pairs are worth, with
some shuffling that is the same in every installation, so that not everybody wants the same few.
"""

import tomllib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from marketplace import clock
from marketplace.database import session
from marketplace.models import (
    BookingRule,
    CityPair,
    Event,
    MeetingParty,
    MeetingSlot,
    PartyAbsence,
    PartyRole,
    PersonAbsence,
    Registration,
    SessionSignUp,
    User,
    Wish,
    WishKind,
)
from marketplace.services.fits import inputs, rescoring
from marketplace.services.meetings import holds, interpreters, parties, setup, slots, tables

_FILE = Path(__file__).parent / "data" / "meetings.toml"

LIMITS = {
    PartyRole.PROJECT: (4, 10),
    PartyRole.CITY: (0, 3),
    PartyRole.FUNDER: (2, 14),
    PartyRole.VENDOR: (1, 10),
    PartyRole.PARTICIPANT: (0, None),
}
"""Floor and cap by role."""

MUSTS = 3
"""Musts a party may have."""

_BY_ROLE = {PartyRole.PROJECT: 7, PartyRole.FUNDER: 6, PartyRole.VENDOR: 4}
"""Wishes of a party, where it has so many possible partners."""


def load(event: Event, users: dict[str, User]) -> None:
    """Set up the meetings of an event that has none yet. What the organiser may do must be stored by now."""
    if setup.of(event.id) is not None:
        return
    by = users["organiser@cities.example"]
    facts = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    setup.save(event.slug, _rules(event), by)
    for entry in facts["session"]:
        slots.save(event.slug, _half_day(event, entry), by)
    for row in facts["tables"]:
        tables.add(event.slug, row["count"], by, zone=row["zone"], is_accessible=row.get("accessible", False))
    usable = slots.all_slots(event.id)
    for entry in facts["interpreter"]:
        working = {slot.uid for slot in usable if _day(event, slot) in entry["days"]}
        interpreters.save(
            event.slug, interpreters.Details(entry["name"], tuple(entry["languages"]), 4, frozenset(working)), by
        )
    _hold_sessions(event)
    parties.enrol(event.slug, by)
    here = parties.of_event(event.id)
    _Wishes(event, here).store()
    _store_absences(here, usable)
    for role in (PartyRole.PROJECT, PartyRole.FUNDER):
        next(party for party in here if party.role is role).needs_accessible_table = True
    session().flush()


def _rules(event: Event) -> setup.Rules:
    now = clock.now()
    return setup.Rules(
        pairings=setup.PAIRINGS[:3],
        limits=dict(LIMITS),
        musts=MUSTS,
        wishes_open_at=now - timedelta(days=10),
        wishes_close_at=event.starts_at - timedelta(days=45),
        booking_opens_at=event.starts_at - timedelta(days=30),
        booking_closes_at=event.ends_at - timedelta(hours=4),
    )


def _half_day(event: Event, entry: dict[str, Any]) -> slots.Details:
    starts, ends = (time.fromisoformat(hour) for hour in entry["hours"])
    rule = BookingRule(entry["booking"])
    is_later = rule is BookingRule.REQUEST_THEN_AT_ONCE
    return slots.Details(
        names=entry["names"],
        day=event.starts_on + timedelta(days=entry["day"] - 1),
        starts=starts,
        ends=ends,
        breaks=((time.fromisoformat(entry["break"][0]), time.fromisoformat(entry["break"][1])),),
        booking=rule,
        at_once_from=event.starts_at - timedelta(days=14) if is_later else None,
    )


def _day(event: Event, slot: MeetingSlot) -> int:
    return 1 if slot.starts_at - event.starts_at < timedelta(hours=12) else 2


def _hold_sessions(event: Event) -> None:
    """Let people hold the time of the workshops they signed up for, as signing up by hand does."""
    signed_up = session().scalars(
        select(SessionSignUp.registration_id)
        .join(Registration, Registration.id == SessionSignUp.registration_id)
        .where(Registration.event_id == event.id, SessionSignUp.withdrawn_at.is_(None))
    )
    holds.follow_sessions(signed_up)


@dataclass
class _Wishes:
    """Who wishes what of whom, decided from the worth of the pairs."""

    event: Event
    here: list[MeetingParty]
    made: dict[tuple[int, int], Wish] = field(default_factory=dict)

    def store(self) -> None:
        """Decide for every party in turn, vetoes last: nobody refuses whom the other side wishes to see."""
        now = clock.now()
        partners = self._partners()
        for number, party in enumerate(self.here):
            order = sorted(
                partners[party.id], key=lambda pair: (-pair[0] + (number * 7 + pair[1].id * 13) % 12, pair[1].id)
            )
            # Every fourth funder or vendor has not said anything yet.
            if party.role is not PartyRole.PROJECT and number % 4 == 3:
                continue
            for rank, (_worth, other) in enumerate(order[: _BY_ROLE.get(party.role, 0)], start=1):
                is_must = rank <= (number % 3 if party.role is PartyRole.PROJECT else number % 2)
                self._wish(party, other, WishKind.MUST if is_must else WishKind.WANT, rank, now)
        self._city_wishes(now)
        for number, party in enumerate(self.here):
            if number % 9 == 4 and partners[party.id]:
                _worth, other = min(partners[party.id], key=lambda pair: (pair[0], pair[1].id))
                if (party.id, other.id) not in self.made and (other.id, party.id) not in self.made:
                    self._wish(party, other, WishKind.NOT, 0, now)
        session().add_all(self.made.values())
        session().flush()

    def _wish(self, party: MeetingParty, other: MeetingParty, kind: WishKind, rank: int, at: Any) -> None:
        self.made[party.id, other.id] = Wish(
            event_id=self.event.id,
            from_party_id=party.id,
            to_party_id=other.id,
            kind=kind,
            rank=rank,
            by_id=party.members[0].registration.user_id,
            changed_at=at - timedelta(hours=party.id % 200 + 1),
        )

    def _partners(self) -> dict[int, list[tuple[float, MeetingParty]]]:
        """Return whom each party may meet and what that is worth, by id. The stored fits are made later, by a job."""
        projects = {party.project_id: party for party in self.here if party.role is PartyRole.PROJECT}
        others = {
            party.organisation_id: party for party in self.here if party.role in {PartyRole.FUNDER, PartyRole.VENDOR}
        }
        pitches = inputs.projects([identity for identity in projects if identity is not None])
        known = inputs.others([identity for identity in others if identity is not None])
        found: dict[int, list[tuple[float, MeetingParty]]] = defaultdict(list)
        for side in (known.funders, known.vendors):
            for row in rescoring.rows_of(pitches, side):
                if row.is_offered:
                    project, other = projects[row.project_id], others[row.organisation_id]
                    worth = row.score if row.mutual is None else row.mutual
                    found[project.id].append((worth, other))
                    found[other.id].append((worth, project))
        return found

    def _city_wishes(self, at: Any) -> None:
        """Let the cities of a pair wish to meet."""
        cities = {party.organisation_id: party for party in self.here if party.role is PartyRole.CITY}
        for pair in session().scalars(select(CityPair).where(CityPair.valid_until.is_(None)).order_by(CityPair.id)):
            one, other = cities.get(pair.lac_city_id), cities.get(pair.us_city_id)
            if one is not None and other is not None:
                self._wish(one, other, WishKind.WANT, 1, at)
                self._wish(other, one, WishKind.WANT, 1, at)


def _store_absences(here: list[MeetingParty], usable: list[MeetingSlot]) -> None:
    """Let some come late, leave early, or be elsewhere for a slot; some of them a whole side, some one person."""
    first, last = usable[:3], usable[-4:]
    people = set()
    for number, party in enumerate(here):
        if party.role is PartyRole.CITY:
            continue
        if number % 10 == 2:
            session().add_all(PartyAbsence(party_id=party.id, slot_id=slot.id) for slot in first)
        elif number % 10 == 7:
            session().add_all(PartyAbsence(party_id=party.id, slot_id=slot.id) for slot in last)
        elif number % 5 == 1:
            person = party.members[-1].registration_id
            if person not in people:
                people.add(person)
                session().add(PersonAbsence(registration_id=person, slot_id=usable[number % len(usable)].id))
