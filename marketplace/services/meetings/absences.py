"""When a party or one of its people does not meet, and what keeps them besides: their sessions and meetings."""

from collections.abc import Iterable
from enum import StrEnum

from sqlalchemy import select

from marketplace.database import session
from marketplace.i18n import LazyText, lazy_gettext
from marketplace.models import (
    Hold,
    HoldKind,
    MeetingParty,
    MeetingSlot,
    PartyAbsence,
    PersonAbsence,
    Registration,
)
from marketplace.services.meetings import holds


class Block(StrEnum):
    """What takes a person's slot besides their own word."""

    SESSION = "session"
    MEETING = "meeting"


BLOCKS: dict[Block, LazyText] = {
    Block.SESSION: lazy_gettext("in a session"),
    Block.MEETING: lazy_gettext("in a meeting"),
}
"""What the blocks are called."""


def of_party(party: MeetingParty) -> set[str]:
    """Return the slots, by uid, in which a party does not meet."""
    return set(
        session().scalars(
            select(MeetingSlot.uid)
            .join(PartyAbsence, PartyAbsence.slot_id == MeetingSlot.id)
            .where(PartyAbsence.party_id == party.id)
        )
    )


def of_person(person: Registration) -> set[str]:
    """Return the slots, by uid, in which somebody cannot come."""
    return set(
        session().scalars(
            select(MeetingSlot.uid)
            .join(PersonAbsence, PersonAbsence.slot_id == MeetingSlot.id)
            .where(PersonAbsence.registration_id == person.id)
        )
    )


def blocks(person: Registration, slots: Iterable[MeetingSlot]) -> dict[str, Block]:
    """Return by uid the slots in which somebody is in a session they signed up for, or in a meeting."""
    units = {unit: slot.uid for slot in slots for unit in holds.units(slot.starts_at, slot.ends_at)}
    if not units:
        return {}
    found: dict[str, Block] = {}
    for unit, meeting_id in session().execute(
        select(Hold.unit, Hold.meeting_id).where(
            Hold.kind == HoldKind.PERSON,
            Hold.resource_id == person.id,
            Hold.unit >= min(units),
            Hold.unit <= max(units),
        )
    ):
        if unit in units:
            found[units[unit]] = Block.SESSION if meeting_id is None else Block.MEETING
    return found
