"""What participants do themselves: book at once where the rule allows it, move, cancel, hand over, note."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from marketplace import clock
from marketplace.database import atomic, session
from marketplace.errors import Conflict, Invalid, NotFound, NotOpen
from marketplace.i18n import lazy_gettext
from marketplace.models import (
    Event,
    Meeting,
    MeetingNote,
    MeetingParty,
    MeetingPerson,
    MeetingSetup,
    MeetingSlot,
    MeetingSource,
    MeetingState,
    Registration,
    User,
)
from marketplace.services import texts
from marketplace.services.meetings import (
    availability,
    booking,
    pairings,
    parties,
    partners,
    requests,
    rules,
    settling,
    setup,
)
from marketplace.services.meetings.booking import Wanted
from marketplace.services.meetings.holds import SlotTaken

NEXT = "next"
"""In place of a slot: the first one in which both sides are free."""


def bookable(set_up: MeetingSetup, first: MeetingParty, second: MeetingParty) -> list[MeetingSlot]:
    """Return the slots two parties could book at once now, in order of time."""
    return [slot for slot in availability.free_slots(first, second) if rules.can_book(set_up, slot)]


def book(slug: str, party_uid: str, other_uid: str, slot_uid: str, by: User, attempt: str = "") -> Meeting:
    """Book a meeting at once: in one slot, or with `NEXT` in the first in which both are free.

    `attempt` is the number of the form: sent again, it gives the same meeting. Raises `NotOpen` where the rule does not
    allow it, `NotFound` for whom one may not meet, and whatever `booking.make` raises, with nothing left behind.
    """
    from marketplace.services.meetings import letters

    def act() -> tuple[Meeting, str]:
        with atomic():
            party, other = parties.find_pair(slug, party_uid, other_uid, by)
            event = party.event
            requests.check_takes_part(party)
            set_up = booking.share_rules(event.id)
            if other is None or other.withdrawn_at is not None:
                raise NotFound
            may_see, may_meet = partners.may_see_and_meet(set_up, party, other)
            if not may_see:
                raise NotFound
            chosen = _chosen(event, set_up, party, other, slot_uid)
            if not all(rules.can_book(set_up, slot) for slot in chosen):
                raise NotOpen
            # Who may see the other may meet it, but for a wish not to.
            if not may_meet:
                # Word for word what a team that is busy at this time, or at all times, would answer.
                raise requests.NoCommonTime if slot_uid == NEXT else settling.NobodyFree
            first, second = pairings.ordered(set_up, party, other)
            meeting = _first_made(
                [Wanted(first, second, slot, MeetingSource.BOOKED, attempt=attempt[:22] or None) for slot in chosen],
                set_up,
                by,
            )
            letters.tell_made(meeting)
            return meeting, meeting.uid

    try:
        meeting, uid = booking.again(act)
    except Conflict:
        # What a form sent again is refused for may well be the meeting it made the first time.
        made = _made(slug, attempt, by)
        if made is None:
            raise
        return made
    # The next page is at this address: nothing has to be read again to get there.
    set_committed_value(meeting, "uid", uid)
    return meeting


def _made(slug: str, attempt: str, by: User) -> Meeting | None:
    if not attempt:
        return None
    return session().scalar(
        select(Meeting)
        .join(Event, Event.id == Meeting.event_id)
        .where(Meeting.attempt == attempt[:22], Meeting.by_id == by.id, Event.slug == slug)
    )


def _chosen(
    event: Event, set_up: MeetingSetup, party: MeetingParty, other: MeetingParty, slot_uid: str
) -> list[MeetingSlot]:
    """Return the slots to try, in order: the one that was chosen, or all in which both are free."""
    if slot_uid != NEXT:
        return [requests.chosen_slot(event, slot_uid)]
    found = bookable(set_up, party, other)
    if not found:
        raise requests.NoCommonTime
    return found


def _first_made(wanted: Sequence[Wanted], set_up: MeetingSetup, by: User) -> Meeting:
    """Make the first meeting that can be made: others book meanwhile, and an interpreter may have to rest."""
    for one in wanted[:-1]:
        try:
            with session().begin_nested():
                return booking.make(one, by, set_up)
        except (SlotTaken, settling.NobodyFree, settling.NoTable, settling.NoInterpreter):
            continue
    return booking.make(wanted[-1], by, set_up)


@dataclass(frozen=True)
class Own:
    """A meeting as one of its sides sees it."""

    meeting: Meeting
    party: MeetingParty
    other: MeetingParty


def find(uid: str, by: User) -> Own:
    """Return a meeting of a party the person acts for; raises `NotFound` for every other."""
    meeting = session().scalar(whole().where(Meeting.uid == uid))
    if meeting is None:
        raise NotFound
    own = {party.id: party for party in parties.mine(by, meeting.event)}
    for side, other in (
        (meeting.first_party, meeting.second_party),
        (meeting.second_party, meeting.first_party),
    ):
        if side.id in own:
            return Own(meeting, side, other)
    raise NotFound


def whole() -> Select[Meeting]:
    """Return the statement for meetings with all a page shows of them."""
    return select(Meeting).options(
        joinedload(Meeting.event),
        joinedload(Meeting.slot),
        joinedload(Meeting.table),
        joinedload(Meeting.interpreter),
        joinedload(Meeting.first_party).joinedload(MeetingParty.organisation),
        joinedload(Meeting.first_party).joinedload(MeetingParty.project),
        joinedload(Meeting.second_party).joinedload(MeetingParty.organisation),
        joinedload(Meeting.second_party).joinedload(MeetingParty.project),
        selectinload(Meeting.people).joinedload(MeetingPerson.registration),
    )


def of_party(party: MeetingParty, *, with_cancelled: bool = False) -> list[Meeting]:
    """Return a party's meetings in order of time."""
    statement = (
        whole()
        .join(MeetingSlot, MeetingSlot.id == Meeting.slot_id)
        .where(or_(Meeting.first_party_id == party.id, Meeting.second_party_id == party.id))
        .order_by(MeetingSlot.starts_at, Meeting.id)
    )
    if not with_cancelled:
        statement = statement.where(Meeting.state == MeetingState.SCHEDULED)
    return list(session().scalars(statement).unique())


def move(uid: str, slot_uid: str, by: User, reason: str = "") -> Meeting:
    """Give one's meeting another time in which both are free, as long as the organisers let it be changed.

    `reason` goes into the letter to the others.
    """
    from marketplace.services.meetings import letters

    words = texts.within(texts.clean(reason), "reason", 500)

    def act() -> Meeting:
        with atomic():
            own = find(uid, by)
            set_up = _changeable(own.meeting)
            slot = requests.chosen_slot(own.meeting.event, slot_uid)
            if not rules.can_ask(set_up, slot):
                raise NotOpen
            before = own.meeting.slot
            meeting = booking.move(own.meeting, slot, by)
            letters.tell_moved(meeting, before, words)
            return meeting

    return booking.again(act)


def cancel(uid: str, reason: str, by: User) -> Meeting:
    """Cancel one's meeting and say why; the other side reads it. Again changes nothing."""
    from marketplace.services.meetings import letters

    def act() -> Meeting:
        with atomic():
            own = find(uid, by)
            if own.meeting.state is MeetingState.CANCELLED:
                return own.meeting
            _changeable(own.meeting)
            text = texts.within(texts.clean(reason), "reason", 500)
            if not text:
                raise Invalid("reason", lazy_gettext("Please say why; the other side will read it."))
            if booking.cancel(own.meeting, by, text, own.party):
                letters.tell_cancelled(own.meeting)
            return own.meeting

    return booking.again(act)


def hand_over(uid: str, people: list[str], by: User) -> Meeting:
    """Let these people of one's own side (registrations by uid) hold a meeting."""
    from marketplace.services.meetings import letters

    def act() -> Meeting:
        with atomic():
            own = find(uid, by)
            _changeable(own.meeting)
            identities = [member.registration_id for member in own.party.members if member.registration.uid in people]
            before = {person.registration_id for person in own.meeting.people if person.withdrawn_at is None}
            meeting = booking.hand_over(own.meeting, own.party, identities, by)
            letters.tell_handed_over(meeting, before)
            return meeting

    return booking.again(act)


def _changeable(meeting: Meeting) -> MeetingSetup:
    set_up = setup.needed(meeting.event_id)
    if meeting.state is not MeetingState.SCHEDULED:
        raise Conflict
    if not booking.may_change_until(set_up, meeting):
        raise NotOpen(lazy_gettext("It is too late to change this meeting here. Please speak to the organisers."))
    return set_up


def note(uid: str, text: str, by: User) -> None:
    """Keep a private note about one's meeting; an empty text removes it."""
    with atomic() as current:
        own = find(uid, by)
        present = current.scalar(
            select(MeetingNote).where(MeetingNote.meeting_id == own.meeting.id, MeetingNote.user_id == by.id)
        )
        words = texts.within(texts.clean(text), "text", 4000)
        if not words:
            if present is not None:
                current.delete(present)
            return
        if present is None:
            present = MeetingNote(meeting_id=own.meeting.id, user_id=by.id)
            current.add(present)
        present.text, present.changed_at = words, clock.now()


def notes(meetings: list[Meeting], by: User) -> dict[int, str]:
    """Return one's private notes by id of the meeting."""
    return {
        found.meeting_id: found.text
        for found in session().scalars(
            select(MeetingNote).where(
                MeetingNote.meeting_id.in_([meeting.id for meeting in meetings]), MeetingNote.user_id == by.id
            )
        )
    }


def of_registration(registration: Registration) -> list[Meeting]:
    """Return the meetings a person holds, in order of time."""
    return list(
        session()
        .scalars(
            whole()
            .join(MeetingPerson, MeetingPerson.meeting_id == Meeting.id)
            .join(MeetingSlot, MeetingSlot.id == Meeting.slot_id)
            .where(
                MeetingPerson.registration_id == registration.id,
                MeetingPerson.withdrawn_at.is_(None),
                Meeting.state == MeetingState.SCHEDULED,
            )
            .order_by(MeetingSlot.starts_at, Meeting.id)
        )
        .unique()
    )
