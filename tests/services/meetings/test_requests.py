"""Requests to meet: sent, accepted, declined, proposed anew, taken back, expired."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from marketplace import clock as ours
from marketplace.database import atomic, session
from marketplace.errors import Conflict, Invalid, NotFound, NotOpen
from marketplace.gateways import tables
from marketplace.models import (
    BookingRule,
    EventState,
    Hold,
    Letter,
    Meeting,
    MeetingRequest,
    MeetingSource,
    MeetingState,
    PartyRole,
    RequestState,
)
from marketplace.services.meetings import exchange, parties, requests, rules, self_booking
from marketplace.services.meetings.booking import AlreadyMeeting, CapReached
from marketplace.services.meetings.settling import NobodyFree
from tests.meetings import audit, market, user_of


@pytest.fixture
def place(clock, make, organiser):
    return market(make, organiser, rule=BookingRule.REQUEST)


def send(place, project=0, funder=0, slot=None, message="We build parks."):
    side = place.projects[project]
    return requests.send(
        place.event.slug,
        side.uid,
        place.funders[funder].uid,
        message,
        user_of(side),
        place.slots[slot].uid if slot is not None else "",
    )


def told(kind):
    return sorted(session().scalars(select(Letter.recipient).where(Letter.kind == kind)).all())


def test_request_says_why_and_blocks_nothing(place):
    request = send(place, slot=0, message="  We build\nparks. ")

    assert (request.state, request.awaiting_id) == (RequestState.SENT, place.funders[0].id)
    assert request.expires_at == request.sent_at + timedelta(hours=72)
    assert session().scalar(select(func.count(Hold.id))) == 0
    assert told("meeting.requested") == [user_of(place.funders[0]).email]


@pytest.mark.parametrize("message", ["", "  \n ", "x" * 1001])
def test_request_without_words_or_with_too_many_is_refused(place, message):
    with pytest.raises(Invalid) as refusal:
        send(place, message=message)

    assert refusal.value.field == "message"


def test_request_expires_with_the_bookings_at_the_latest(place, clock):
    clock.move_to(place.setup.booking_closes_at - timedelta(hours=5))

    assert send(place).expires_at == place.setup.booking_closes_at


def test_pair_has_one_open_request_in_either_direction(place):
    send(place)

    with pytest.raises(Conflict):
        send(place)
    with pytest.raises(Conflict):
        requests.send(place.event.slug, place.funders[0].uid, place.projects[0].uid, "Hello", user_of(place.funders[0]))


def test_accepting_makes_the_meeting_at_the_time_proposed(place):
    request = send(place, slot=3)

    meeting = requests.accept(request.uid, user_of(place.funders[0]))

    session().refresh(request)
    assert (meeting.slot_id, meeting.source) == (place.slots[3].id, MeetingSource.REQUEST)
    assert (request.state, request.meeting_id) == (RequestState.ACCEPTED, meeting.id)
    assert told("meeting.made") == sorted([user_of(place.projects[0]).email, user_of(place.funders[0]).email])
    assert audit() == []


def test_accepting_without_a_time_takes_the_next_one_free_for_both(place, organiser):
    parties.set_absences(place.event.slug, place.funders[0].uid, {place.slots[0].uid}, organiser)
    requests.accept(send(place, 0, 1, slot=1).uid, user_of(place.funders[1]))

    meeting = requests.accept(send(place).uid, user_of(place.funders[0]))

    assert meeting.slot_id == place.slots[2].id


def test_time_that_is_taken_meanwhile_leaves_the_request_open(place):
    first, second = send(place, 0, 0, slot=0), send(place, 1, 0, slot=0)
    requests.accept(first.uid, user_of(place.funders[0]))

    with pytest.raises(NobodyFree):
        requests.accept(second.uid, user_of(place.funders[0]))
    session().refresh(second)
    meeting = requests.accept(second.uid, user_of(place.funders[0]), place.slots[1].uid)

    assert meeting.slot_id == place.slots[1].id
    assert audit() == []


def test_cap_is_checked_again_when_accepted(make, organiser):
    limits = {**dict.fromkeys(PartyRole, (0, 9)), PartyRole.FUNDER: (0, 1)}
    place = market(make, organiser, rule=BookingRule.REQUEST, limits=limits)
    first, second = send(place, 0, 0), send(place, 1, 0)
    requests.accept(first.uid, user_of(place.funders[0]))

    with pytest.raises(CapReached):
        requests.accept(second.uid, user_of(place.funders[0]))
    with pytest.raises(AlreadyMeeting):
        send(place, 0, 0)

    session().refresh(second)
    assert second.state is RequestState.SENT


def test_only_the_side_whose_turn_it_is_answers(place, make):
    request = send(place, slot=0)

    with pytest.raises(Conflict):
        requests.accept(request.uid, user_of(place.projects[0]))
    for stranger in (make.user(), user_of(place.funders[1])):
        for act in (requests.accept, requests.decline, requests.withdraw, requests.find):
            with pytest.raises(NotFound):
                act(request.uid, stranger)
    with pytest.raises(NotFound):
        requests.withdraw(request.uid, user_of(place.funders[0]))
    with pytest.raises(NotFound):
        requests.accept("nothing", user_of(place.funders[0]))


def test_declining_tells_the_asker_why_and_opens_the_way_for_another(place):
    request = send(place)

    requests.decline(request.uid, user_of(place.funders[0]), "Not our region")

    session().refresh(request)
    assert (request.state, request.answer) == (RequestState.DECLINED, "Not our region")
    assert told("meeting.request_declined") == [user_of(place.projects[0]).email]
    with pytest.raises(Conflict):
        requests.accept(request.uid, user_of(place.funders[0]))
    assert send(place).state is RequestState.SENT


def test_another_time_is_proposed_and_the_turn_changes_with_the_full_time(place, clock):
    request = send(place, slot=0)
    clock.shift(timedelta(hours=70))

    requests.propose(request.uid, user_of(place.funders[0]), place.slots[4].uid, "Later is better")

    session().refresh(request)
    assert (request.awaiting_id, request.slot_id) == (place.projects[0].id, place.slots[4].id)
    assert request.expires_at == ours.now() + timedelta(hours=72)
    assert told("meeting.proposed") == [user_of(place.projects[0]).email]
    with pytest.raises(Conflict):
        requests.accept(request.uid, user_of(place.funders[0]))
    assert requests.accept(request.uid, user_of(place.projects[0])).slot_id == place.slots[4].id


def test_request_is_taken_back_while_it_is_open(place):
    request = send(place)

    requests.withdraw(request.uid, user_of(place.projects[0]))

    session().refresh(request)
    assert request.state is RequestState.WITHDRAWN
    assert told("meeting.request_withdrawn") == [user_of(place.funders[0]).email]
    with pytest.raises(Conflict):
        requests.withdraw(request.uid, user_of(place.projects[0]))


def test_request_expires_to_the_second_and_both_are_told_once(app, place, clock):
    request, other = send(place), send(place, 1, 1)
    clock.move_to(request.expires_at - timedelta(seconds=1))
    requests.expire(None)
    session().refresh(request)
    before = request.state
    requests.accept(other.uid, user_of(place.funders[1]))
    clock.move_to(request.expires_at)

    with pytest.raises(Conflict):
        requests.accept(request.uid, user_of(place.funders[0]))
    for _ in range(2):
        requests.expire(None)

    session().expire_all()
    assert (before, request.state, other.state) == (RequestState.SENT, RequestState.EXPIRED, RequestState.ACCEPTED)
    assert told("meeting.request_expired") == sorted(
        [user_of(place.projects[0]).email, user_of(place.funders[0]).email]
    )


def test_nobody_asks_outside_the_window_or_for_a_slot_of_the_engine(make, organiser, clock):
    engine = market(make, organiser, rule=BookingRule.ENGINE)
    with pytest.raises(NotOpen):
        send(engine)
    with pytest.raises(NotOpen):
        send(engine, slot=0)
    open_one = market(make, organiser, rule=BookingRule.REQUEST)
    with pytest.raises(NotOpen):
        self_booking.book(
            open_one.event.slug,
            open_one.projects[0].uid,
            open_one.funders[0].uid,
            open_one.slots[0].uid,
            user_of(open_one.projects[0]),
        )
    clock.move_to(open_one.setup.booking_closes_at)
    with pytest.raises(NotOpen):
        send(open_one)


def test_requests_until_a_date_and_then_at_once(clock, place):
    since = ours.now() + timedelta(hours=1)
    with atomic():
        place.session.booking, place.session.at_once_from = BookingRule.REQUEST_THEN_AT_ONCE, since
    slot = place.slots[0]

    early, late = since - timedelta(seconds=1), since
    assert (rules.in_force(place.session, early), rules.in_force(place.session, late)) == (
        BookingRule.REQUEST,
        BookingRule.AT_ONCE,
    )
    assert (rules.can_book(place.setup, slot, early), rules.can_book(place.setup, slot, late)) == (False, True)
    assert rules.can_ask(place.setup, slot, early)
    assert rules.can_ask(place.setup, slot, late)
    assert not rules.can_ask(place.setup, slot, slot.starts_at)


def test_open_requests_of_a_side_are_not_endless(make, organiser):
    place = market(make, organiser, projects=1, funders=requests.MOST_OPEN + 1, rule=BookingRule.REQUEST)
    for number in range(requests.MOST_OPEN):
        send(place, 0, number)

    with pytest.raises(Conflict):
        send(place, 0, requests.MOST_OPEN)


def test_who_may_not_meet_is_not_found(place):
    side = place.projects[0]
    for other in (place.projects[1].uid, "nobody", side.uid):
        with pytest.raises(NotFound):
            requests.send(place.event.slug, side.uid, other, "Hello", user_of(side))


def test_request_of_an_event_that_is_cancelled_is_not_accepted(place):
    request = send(place)
    with atomic():
        place.event.state = EventState.CANCELLED

    with pytest.raises(Conflict):
        requests.accept(request.uid, user_of(place.funders[0]))
    assert session().scalars(select(Meeting.state)).all() == []


def test_requests_of_ones_sides_are_listed_open_ones_first(place):
    first = send(place, 0, 0)
    second = send(place, 0, 1)
    requests.decline(second.uid, user_of(place.funders[1]))

    listed = session().scalars(requests.of_parties(place.event, [place.projects[0]])).all()

    assert [one.uid for one in listed] == [first.uid, second.uid]
    assert session().scalars(requests.of_parties(place.event, [place.projects[1]])).all() == []
    assert requests.find(first.uid, user_of(place.funders[0])).uid == first.uid


def test_meeting_booked_at_once_answers_the_open_request(make, organiser):
    place = market(make, organiser)
    request = send(place)

    meeting = self_booking.book(
        place.event.slug,
        place.funders[0].uid,
        place.projects[0].uid,
        place.slots[2].uid,
        user_of(place.funders[0]),
    )

    session().expire_all()
    assert (request.state, request.meeting_id) == (RequestState.ACCEPTED, meeting.id)
    assert meeting.state is MeetingState.SCHEDULED
    assert session().scalar(select(func.count(MeetingRequest.id))) == 1


def test_meeting_from_a_file_answers_the_open_request(make, organiser, place):
    request = send(place)
    at = place.slots[1].starts_at.isoformat()
    row = (place.projects[0].uid, place.funders[0].uid, at, "")
    content = tables.to_csv(("first", "second", "start", "table"), [row])

    assert exchange.apply(place.event.slug, exchange.Kind.MEETINGS, content, organiser).is_ready

    session().expire_all()
    made = session().scalars(select(Meeting)).one()
    assert (request.state, request.meeting_id, request.slot_id) == (RequestState.ACCEPTED, made.id, made.slot_id)
