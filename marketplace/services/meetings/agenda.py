"""What somebody has to attend at an event: the sessions of their own programme and their meetings, in one by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select

from marketplace.database import session
from marketplace.models import (
    Event,
    Meeting,
    MeetingParty,
    MeetingSetup,
    MeetingSlot,
    MeetingSource,
    MeetingState,
    ProgrammeSession,
    ProjectState,
    Publication,
    Registration,
)
from marketplace.services import sign_ups, wallclock
from marketplace.services.meetings import self_booking


@dataclass(frozen=True)
class Item:
    """A session, or a meeting with the side it is held for and the other one."""

    starts_at: datetime
    ends_at: datetime
    entry: ProgrammeSession | None = None
    meeting: Meeting | None = None
    party: MeetingParty | None = None
    other: MeetingParty | None = None

    @property
    def project(self) -> str:
        """The slug of the project whose page both sides can read; '' where none is published."""
        for side in (self.other, self.party):
            if side is not None and side.project is not None and side.project.state is ProjectState.PUBLISHED:
                return side.project.slug
        return ""

    def people(self, side: MeetingParty | None) -> list[Registration]:
        """Return who comes for one of the sides."""
        if self.meeting is None or side is None:
            return []
        return [
            person.registration
            for person in self.meeting.people
            if person.withdrawn_at is None and person.party_id == side.id
        ]


def item_of(meeting: Meeting, mine: Sequence[MeetingParty]) -> Item:
    """Return a meeting as one of its sides sees it; one of them must be among `mine`."""
    own = {party.id for party in mine}
    is_first = meeting.first_party_id in own
    party, other = (
        (meeting.first_party, meeting.second_party) if is_first else (meeting.second_party, meeting.first_party)
    )
    return Item(meeting.slot.starts_at, meeting.slot.ends_at, meeting=meeting, party=party, other=other)


def of_person(event: Event, registration: Registration | None, mine: Sequence[MeetingParty]) -> list[Item]:
    """Return somebody's sessions and meetings in order of time; without a registration their sides' meetings."""
    if registration is None:
        return of_team(mine)
    entries = [Item(entry.starts_at, entry.ends_at, entry=entry) for entry in sign_ups.own(registration)]
    meetings = [
        item_of(meeting, _sides(meeting, registration)) for meeting in self_booking.of_registration(registration)
    ]
    return sorted([*entries, *meetings], key=lambda item: (item.starts_at, item.ends_at))


def _sides(meeting: Meeting, registration: Registration) -> list[MeetingParty]:
    held = {person.party_id for person in meeting.people if person.registration_id == registration.id}
    return [side for side in (meeting.first_party, meeting.second_party) if side.id in held]


def of_team(mine: Sequence[MeetingParty]) -> list[Item]:
    """Return all meetings of some parties in order of time."""
    own = [party.id for party in mine]
    found = session().scalars(
        self_booking.whole()
        .join(MeetingSlot, MeetingSlot.id == Meeting.slot_id)
        .where(
            or_(Meeting.first_party_id.in_(own), Meeting.second_party_id.in_(own)),
            Meeting.state == MeetingState.SCHEDULED,
        )
        .order_by(MeetingSlot.starts_at, Meeting.id)
    )
    return [item_of(meeting, mine) for meeting in found.unique()]


def by_day(event: Event, items: Sequence[Item]) -> list[tuple[date, list[Item]]]:
    """Return items under the days of the event's calendar."""
    found: dict[date, list[Item]] = {}
    for item in items:
        found.setdefault(wallclock.day(item.starts_at, event.timezone), []).append(item)
    return list(found.items())


def slots_by_day(event: Event, slots: Sequence[MeetingSlot]) -> list[tuple[date, list[MeetingSlot]]]:
    """Return slots under the days of the event's calendar."""
    found: dict[date, list[MeetingSlot]] = {}
    for slot in slots:
        found.setdefault(wallclock.day(slot.starts_at, event.timezone), []).append(slot)
    return list(found.items())


def is_preliminary(set_up: MeetingSetup, meeting: Meeting) -> bool:
    """Tell whether a meeting can still change as a whole with the schedule it belongs to."""
    return set_up.publication is Publication.PRELIMINARY and meeting.source is MeetingSource.ENGINE


def cancelled(mine: Sequence[MeetingParty]) -> list[Item]:
    """Return the meetings of some parties that were cancelled, the latest first, at most twenty."""
    own = [party.id for party in mine]
    found = session().scalars(
        self_booking.whole()
        .where(
            Meeting.id.in_(
                select(Meeting.id)
                .where(
                    or_(Meeting.first_party_id.in_(own), Meeting.second_party_id.in_(own)),
                    Meeting.state == MeetingState.CANCELLED,
                )
                .order_by(Meeting.cancelled_at.desc(), Meeting.id.desc())
                .limit(20)
            )
        )
        .order_by(Meeting.cancelled_at.desc(), Meeting.id.desc())
    )
    return [item_of(meeting, mine) for meeting in found.unique()]
