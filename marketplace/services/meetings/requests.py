"""Requests: one side asks for a meeting and says why; the other accepts, declines or proposes another time.

An open request blocks nothing: whether the time is still free is decided when it is accepted, inside that transaction.
"""

from datetime import timedelta

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import joinedload

from marketplace import clock
from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict, Invalid, NotFound, NotOpen
from marketplace.i18n import lazy_gettext
from marketplace.models import (
    Event,
    Meeting,
    MeetingParty,
    MeetingRequest,
    MeetingSetup,
    MeetingSlot,
    MeetingSource,
    MeetingState,
    RequestState,
    User,
)
from marketplace.services import audit, jobs, policies, texts
from marketplace.services.meetings import (
    availability,
    booking,
    pairings,
    parties,
    partners,
    rules,
    settling,
    setup,
    slots,
)
from marketplace.services.meetings.booking import AlreadyMeeting, SlotGone, Wanted

LONGEST_MESSAGE = 1000

MOST_OPEN = 20
"""Open requests one party may have sent."""


class NoCommonTime(Conflict):
    """The two have no slot in which both could still meet."""

    message = lazy_gettext("There is no time left in which both of you are free.")


def send(slug: str, party_uid: str, other_uid: str, message: str, by: User, slot_uid: str = "") -> MeetingRequest:
    """Ask another party for a meeting, with a message that says why, and perhaps a time.

    Raises `Invalid` for a message that is missing, `NotOpen` outside the window, `Conflict` where a request of the two
    is open already or one side has no meeting left. It expires after the hours the organisers set, or when the event's
    bookings close, whichever is first.
    """
    from marketplace.services.meetings import letters

    def act() -> MeetingRequest:
        with atomic() as current:
            event, set_up, party = acting(slug, party_uid, by)
            other = partners.find(event, set_up, party, other_uid)
            text = texts.within(texts.clean(message), "message", LONGEST_MESSAGE)
            if not text:
                raise Invalid("message", lazy_gettext("Please say in a few words why you would like to meet."))
            slot = _proposed(event, set_up, slot_uid)
            lock(MeetingParty, party.id, other.id)
            _check_room(set_up, party, other)
            common_slots(set_up, party, other)
            now = clock.now()
            expires_at = now + timedelta(hours=set_up.request_hours)
            if set_up.booking_closes_at is not None:
                expires_at = min(expires_at, set_up.booking_closes_at)
            low, high = sorted((party.id, other.id))
            request = MeetingRequest(
                event_id=event.id,
                from_party_id=party.id,
                to_party_id=other.id,
                low_party_id=low,
                high_party_id=high,
                awaiting_id=other.id,
                message=text,
                slot_id=slot.id if slot else None,
                by_id=by.id,
                sent_at=now,
                expires_at=expires_at,
            )
            current.add(request)
            current.flush()
            audit.record("meeting_request.sent", by, request, event=event.slug)
            letters.tell_request(request)
            return request

    return booking.again(act)


def acting(slug: str, party_uid: str, by: User) -> tuple[Event, MeetingSetup, MeetingParty]:
    """Return event, rules and the party the person acts for; raises `NotFound` for others', `NotOpen` for one that
    left, `Conflict` for an event that is not held."""
    event = parties.changeable(slug, by)
    set_up = setup.needed(event.id)
    party = parties.find_mine(event, party_uid, by)
    check_takes_part(party)
    return event, set_up, party


def check_takes_part(party: MeetingParty) -> None:
    """Raise `NotOpen` for a party that left."""
    if party.withdrawn_at is not None:
        raise NotOpen(lazy_gettext("This side does not take part any more."))


def common_slots(set_up: MeetingSetup, party: MeetingParty, other: MeetingParty) -> list[MeetingSlot]:
    """Return the slots in which two sides could meet; raises `NoCommonTime` where there is none.

    So it is, too, where one of them does not want to: that is not to be told apart.
    """
    found = availability.free_slots(party, other) if pairings.may_meet(set_up, party, other) else []
    if not found:
        raise NoCommonTime
    return found


def chosen_slot(event: Event, uid: str) -> MeetingSlot:
    """Return a slot in use; raises `SlotGone`, as slots go while a page is open."""
    try:
        return slots.find_slot(event.id, uid)
    except NotFound:
        raise SlotGone from None


def _proposed(event: Event, set_up: MeetingSetup, slot_uid: str) -> MeetingSlot | None:
    if not slot_uid:
        if not any(rules.can_ask(set_up, slot) for slot in slots.all_slots(event.id)):
            raise NotOpen
        return None
    slot = chosen_slot(event, slot_uid)
    if not rules.can_ask(set_up, slot):
        raise NotOpen
    return slot


def _check_room(set_up: MeetingSetup, party: MeetingParty, other: MeetingParty) -> None:
    pair = (party.id, other.id)
    if session().scalar(
        select(Meeting.id).where(
            Meeting.first_party_id.in_(pair),
            Meeting.second_party_id.in_(pair),
            Meeting.state == MeetingState.SCHEDULED,
        )
    ):
        raise AlreadyMeeting
    if session().scalar(
        select(MeetingRequest.id).where(
            MeetingRequest.from_party_id.in_(pair),
            MeetingRequest.to_party_id.in_(pair),
            MeetingRequest.state == RequestState.SENT,
        )
    ):
        raise Conflict(lazy_gettext("There is an open request between you already."))
    open_now = session().scalar(
        select(func.count()).where(MeetingRequest.from_party_id == party.id, MeetingRequest.state == RequestState.SENT)
    )
    if (open_now or 0) >= MOST_OPEN:
        raise Conflict(lazy_gettext("You have %(count)s open requests. Please wait for answers.", count=MOST_OPEN))
    for side in (party, other):
        cap = booking.cap_of(set_up, side)
        if cap is not None and booking.count(side) >= cap:
            raise booking.CapReached


def accept(uid: str, by: User, slot_uid: str = "") -> Meeting:
    """Accept a request whose turn is one's own, at the time proposed or another one; the meeting is made at once.

    Raises `NotFound` for a request of others, `Conflict` for one that is over, and whatever `booking.make` raises: then
    the request stays open.
    """
    from marketplace.services.meetings import letters

    def act() -> Meeting:
        with atomic():
            request, event, set_up, party = _answering(uid, by)
            slot = _agreed(event, request, slot_uid)
            if not rules.can_ask(set_up, slot):
                raise NotOpen
            asker = request.from_party if party.id == request.to_party_id else request.to_party
            if not pairings.may_meet(set_up, party, asker):
                raise settling.NobodyFree
            first, second = pairings.ordered(set_up, request.from_party, request.to_party)
            meeting = booking.make(Wanted(first, second, slot, MeetingSource.REQUEST), by)
            audit.record("meeting_request.accepted", by, request, event=event.slug)
            letters.tell_made(meeting)
            return meeting

    return booking.again(act)


def _agreed(event: Event, request: MeetingRequest, slot_uid: str) -> MeetingSlot:
    if slot_uid:
        return chosen_slot(event, slot_uid)
    if request.slot is not None and request.slot.retired_at is None:
        return slots.find_slot(event.id, request.slot.uid)
    found = availability.free_slots(request.from_party, request.to_party)
    set_up = setup.needed(event.id)
    found = [slot for slot in found if rules.can_ask(set_up, slot)]
    if not found:
        raise NoCommonTime
    return found[0]


def decline(uid: str, by: User, reason: str = "") -> MeetingRequest:
    """Decline a request whose turn is one's own; the reason is for the other side."""
    from marketplace.services.meetings import letters

    with atomic():
        request, event, _, _ = _answering(uid, by)
        request.answer = texts.within(texts.clean(reason), "reason", LONGEST_MESSAGE)
        _close(request, RequestState.DECLINED, by)
        audit.record("meeting_request.declined", by, request, event=event.slug)
        letters.tell_answer(request)
        return request


def propose(uid: str, by: User, slot_uid: str, message: str = "") -> MeetingRequest:
    """Answer a request with another time: then it is the other side's turn, with the full time to answer."""
    from marketplace.services.meetings import letters

    with atomic() as current:
        request, event, set_up, party = _answering(uid, by)
        slot = chosen_slot(event, slot_uid)
        if not rules.can_ask(set_up, slot):
            raise NotOpen
        other = request.to_party if party.id == request.from_party_id else request.from_party
        request.slot_id, request.awaiting_id = slot.id, other.id
        request.answer = texts.within(texts.clean(message), "message", LONGEST_MESSAGE)
        request.expires_at = clock.now() + timedelta(hours=set_up.request_hours)
        if set_up.booking_closes_at is not None:
            request.expires_at = min(request.expires_at, set_up.booking_closes_at)
        current.flush()
        audit.record("meeting_request.proposed", by, request, event=event.slug, slot=slot.uid)
        letters.tell_request(request)
        return request


def withdraw(uid: str, by: User) -> MeetingRequest:
    """Take back a request one's own side has sent and that is still open."""
    from marketplace.services.meetings import letters

    with atomic():
        request, event = _locked(uid)
        parties.find_mine(event, request.from_party.uid, by)
        if request.state is not RequestState.SENT:
            raise Conflict
        _close(request, RequestState.WITHDRAWN, by)
        audit.record("meeting_request.withdrawn", by, request, event=event.slug)
        letters.tell_answer(request)
        return request


def _answering(uid: str, by: User) -> tuple[MeetingRequest, Event, MeetingSetup, MeetingParty]:
    request, event = _locked(uid)
    own = {party.id: party for party in parties.mine(by, event)}
    if not own.keys() & {request.from_party_id, request.to_party_id}:
        raise NotFound
    parties.changeable(event.slug, by)
    if request.state is not RequestState.SENT or clock.now() >= request.expires_at:
        raise Conflict(lazy_gettext("This request is over."))
    if request.awaiting_id not in own:
        raise Conflict(lazy_gettext("It is the other side's turn to answer."))
    return request, event, setup.needed(event.id), own[request.awaiting_id]


def _locked(uid: str) -> tuple[MeetingRequest, Event]:
    identity = session().scalar(select(MeetingRequest.id).where(MeetingRequest.uid == uid))
    if identity is None:
        raise NotFound
    (request,) = lock(MeetingRequest, identity)
    return request, request.event


def _close(request: MeetingRequest, state: RequestState, by: User | None) -> None:
    request.state, request.answered_at = state, clock.now()
    request.answered_by_id = by.id if by else None
    session().flush()


def end_all(party: MeetingParty, by: User | None) -> None:
    """End the open requests of a party that leaves; the other sides are told."""
    from marketplace.services.meetings import letters

    for request in (
        session()
        .scalars(
            select(MeetingRequest).where(
                or_(MeetingRequest.from_party_id == party.id, MeetingRequest.to_party_id == party.id),
                MeetingRequest.state == RequestState.SENT,
            )
        )
        .all()
    ):
        _close(
            request,
            RequestState.WITHDRAWN if request.from_party_id == party.id else RequestState.DECLINED,
            by,
        )
        letters.tell_answer(request)


def of_parties(event: Event, mine: list[MeetingParty]) -> Select[MeetingRequest]:
    """Return the statement that lists the requests to and from parties, open ones first, the newest first."""
    own = [party.id for party in mine]
    return (
        select(MeetingRequest)
        .where(
            MeetingRequest.event_id == event.id,
            or_(MeetingRequest.from_party_id.in_(own), MeetingRequest.to_party_id.in_(own)),
        )
        .options(
            joinedload(MeetingRequest.from_party).joinedload(MeetingParty.organisation),
            joinedload(MeetingRequest.from_party).joinedload(MeetingParty.project),
            joinedload(MeetingRequest.to_party).joinedload(MeetingParty.organisation),
            joinedload(MeetingRequest.to_party).joinedload(MeetingParty.project),
            joinedload(MeetingRequest.slot),
        )
        .order_by(MeetingRequest.state != RequestState.SENT, MeetingRequest.sent_at.desc(), MeetingRequest.id.desc())
    )


def find(uid: str, by: User) -> MeetingRequest:
    """Return a request to or from a party the person acts for, or of an event they organise; raises `NotFound`."""
    request = session().scalar(select(MeetingRequest).where(MeetingRequest.uid == uid))
    if request is None:
        raise NotFound
    own = {party.id for party in parties.mine(by, request.event)}
    if not own & {request.from_party_id, request.to_party_id} and not policies.can(by, "event.manage", request.event):
        raise NotFound
    return request


@jobs.handler("meeting_requests.expire", every=timedelta(minutes=5))
def expire(_: jobs.Run) -> None:
    """End the requests nobody answered in time; both sides are told, each once."""
    from marketplace.services.meetings import letters

    for identity in (
        session()
        .scalars(
            select(MeetingRequest.id).where(
                MeetingRequest.state == RequestState.SENT, MeetingRequest.expires_at <= clock.now()
            )
        )
        .all()
    ):
        with atomic() as current:
            ended = current.execute(
                update(MeetingRequest)
                .where(MeetingRequest.id == identity, MeetingRequest.state == RequestState.SENT)
                .values(state=RequestState.EXPIRED, answered_at=clock.now())
            )
            if not ended.rowcount:  # type: ignore[attr-defined]
                continue
            request = current.get_one(MeetingRequest, identity, populate_existing=True)
            audit.record("meeting_request.expired", None, request)
            letters.tell_answer(request)
