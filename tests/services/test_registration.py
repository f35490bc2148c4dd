from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from marketplace.database import session
from marketplace.errors import AlreadyRegistered, Gone, Invalid, NotFound, NotOpen, SoldOut
from marketplace.models import (
    Attendance,
    AttendeeCategory,
    AuditEntry,
    Event,
    EventMode,
    PrivateNeeds,
    Registration,
    RegistrationState,
    Role,
)
from marketplace.services import attendees, events, registration, registration_links, seats, tickets, waiting_list
from marketplace.services.registration import Application

CONFIRMED, WAITING, OFFERED = RegistrationState.CONFIRMED, RegistrationState.WAITING, RegistrationState.OFFERED


def application(ticket, email="ana@example.org", **values):
    values = {"name": "Ana Muñoz", "category": AttendeeCategory.CITY, **values}
    return Application(email=email, ticket=ticket.uid, **values)


def states(event) -> list[str]:
    statement = select(Registration.state).where(Registration.event_id == event.id).order_by(Registration.id)
    return [state.value for state in session().scalars(statement)]


def fill(event, ticket, number, first=1):
    return [registration.register(event.slug, application(ticket, f"p{first + n}@example.org")) for n in range(number)]


def test_register_confirms_while_places_last_and_then_waits(app, make, clock):
    event = make.event(capacity=2)
    ticket = make.ticket(event)

    fill(event, ticket, 3)

    assert states(event) == ["confirmed", "confirmed", "waiting"]


def test_register_without_waiting_list_says_sold_out(app, make, clock):
    event = make.event(capacity=1, has_waiting_list=False)
    ticket = make.ticket(event)
    fill(event, ticket, 1)

    with pytest.raises(SoldOut):
        fill(event, ticket, 1, first=2)

    assert states(event) == ["confirmed"]


@pytest.mark.parametrize(
    ("second", "is_open"),
    [(-1, False), (0, True), (3600, True), (3601, False)],
    ids=["before", "first", "last", "after"],
)
def test_window_is_open_from_its_first_to_its_last_second(app, make, clock, second, is_open):
    """B09"""
    opens = datetime(2026, 3, 10, 12, tzinfo=UTC)
    event = make.event(registration_opens_at=opens, registration_closes_at=opens + timedelta(hours=1))
    ticket = make.ticket(event)
    clock.move_to(opens + timedelta(seconds=second, milliseconds=400))

    try:
        registered = registration.register(event.slug, application(ticket)).state
    except NotOpen:
        registered = None

    assert registered == (CONFIRMED if is_open else None)


def test_same_form_sent_again_is_the_same_registration(app, make, clock):
    """B03"""
    event = make.event()
    ticket = make.ticket(event)
    form = application(ticket, attempt="a" * 22)

    uids = {registration.register(event.slug, form).uid for _ in range(3)}

    assert len(uids) == 1
    assert states(event) == ["confirmed"]


def test_address_registers_once_and_its_mailbox_gets_the_link(app, make, clock, deliver):
    """S07: addresses are compared by one rule."""
    event = make.event()
    ticket = make.ticket(event)
    fill(event, ticket, 1)

    for _ in range(5):
        with pytest.raises(AlreadyRegistered):
            registration.register(event.slug, application(ticket, "P1@Example.ORG"))

    kinds = [(letter.kind, letter.recipient) for letter in deliver()]
    assert kinds == [("registration.confirmed", "p1@example.org")] + [("registration.again", "p1@example.org")] * 3


def test_who_cancelled_may_register_again_and_the_sequence_goes_on(app, make, clock):
    """I02: a calendar that got CANCEL takes the next REQUEST only with a higher SEQUENCE."""
    event = make.event()
    ticket = make.ticket(event)
    (first,) = fill(event, ticket, 1)
    registration.cancel(first.uid)

    (second,) = fill(event, ticket, 1)

    assert states(event) == ["cancelled", "confirmed"]
    assert (first.calendar_sequence, second.calendar_sequence) == (1, 2)


def test_freed_place_is_offered_expires_and_passes_on(app, make, clock, deliver):
    event = make.event(capacity=1)
    ticket = make.ticket(event)
    first, second, third = fill(event, ticket, 3)

    registration.cancel(first.uid)
    after_cancel = states(event)
    until = second.offer_expires_at
    third_uid, event_id = third.uid, event.id
    clock.move_to(until)
    deliver()
    event = session().get(Event, event_id)
    at_last_second = states(event)
    clock.shift(timedelta(seconds=2))
    letters = deliver()
    event = session().get(Event, event_id)
    third = session().scalar(select(Registration).where(Registration.uid == third_uid))

    assert after_cancel == ["cancelled", "offered", "waiting"]
    assert until == datetime(2026, 3, 4, 12, tzinfo=UTC)
    assert at_last_second == after_cancel
    assert states(event) == ["cancelled", "expired", "offered"]
    assert [letter.kind.partition(".")[2] for letter in letters] == [
        *("confirmed", "waiting", "waiting"),
        *("cancelled", "offered"),
        *("offer_ended", "offered"),
    ]
    assert third.offer_expires_at > until


def test_offer_is_taken_until_its_last_second_and_not_after(app, make, clock):
    event = make.event(capacity=1)
    ticket = make.ticket(event)
    first, second, third = fill(event, ticket, 3)
    registration.cancel(first.uid)

    clock.move_to(second.offer_expires_at + timedelta(milliseconds=900))
    waiting_list.accept_offer(second.uid)
    registration.cancel(second.uid)
    clock.move_to(third.offer_expires_at + timedelta(seconds=1))
    with pytest.raises(Gone):
        waiting_list.accept_offer(third.uid)

    assert states(event) == ["cancelled", "cancelled", "expired"]


@pytest.mark.parametrize(
    ("before_start", "period"),
    [(timedelta(days=30), 48), (timedelta(hours=40), 10), (timedelta(hours=2), 1), (timedelta(minutes=30), 0.5)],
    ids=["long before", "soon", "today", "at the door"],
)
def test_offer_is_shorter_near_the_event(app, make, clock, before_start, period):
    event = make.event()
    clock.move_to(event.starts_at - before_start)

    ends = waiting_list.offer_ends(event)

    assert ends == event.starts_at - before_start + timedelta(hours=period)


def test_free_place_is_never_given_to_a_newcomer_while_people_wait(app, make, clock):
    event = make.event(capacity=1)
    ticket = make.ticket(event)
    first, _second = fill(event, ticket, 2)

    registration.cancel(first.uid)
    fill(event, ticket, 1, first=9)

    assert states(event) == ["cancelled", "offered", "waiting"]


def test_more_places_go_to_who_waits(app, make, clock):
    event, organiser = make.event(), make.organiser()
    ticket = make.ticket(event, capacity=1)
    fill(event, ticket, 4)

    tickets.save(event.slug, tickets.Details(names={"en": "Delegate"}, capacity=3), organiser, ticket.uid)

    assert states(event) == ["confirmed", "offered", "offered", "waiting"]


def test_shared_places_hold_for_all_ticket_types_that_share_them(app, make, clock):
    event = make.event()
    pool = make.pool(event, capacity=2)
    one, other = make.ticket(event, pool_id=pool.id), make.ticket(event, pool_id=pool.id)

    fill(event, one, 1)
    fill(event, other, 2, first=5)

    assert states(event) == ["confirmed", "confirmed", "waiting"]


def test_hybrid_event_that_is_full_at_the_venue_takes_people_online(app, make, clock):
    event = make.event(capacity=1, mode=EventMode.HYBRID)
    ticket = make.ticket(event)
    fill(event, ticket, 2)

    online = registration.register(event.slug, application(ticket, "far@example.org", attendance=Attendance.ONLINE))

    assert states(event) == ["confirmed", "waiting", "confirmed"]
    with pytest.raises(SoldOut):
        registration.edit(online.uid, application(ticket, attendance=Attendance.IN_PERSON))


def test_approval_confirms_in_order_while_places_last(app, make, clock, deliver):
    event, organiser = make.event(capacity=1), make.organiser()
    ticket = make.ticket(event, needs_approval=True)
    asked = fill(event, ticket, 3)

    registration.approve(event.slug, [one.uid for one in reversed(asked[:2])], organiser)
    registration.decline(event.slug, [asked[2].uid], organiser, "We are full of cities.")

    assert states(event) == ["confirmed", "waiting", "declined"]
    assert [(letter.kind, letter.context["message"]) for letter in deliver()] == [
        *[("registration.pending", "")] * 3,
        ("registration.approved", ""),
        ("registration.waiting", "The organisers have approved your registration."),
        ("registration.declined", "We are full of cities."),
    ]


def test_organiser_of_another_event_finds_nothing(app, make, clock):
    """A04"""
    mine, other = make.event(), make.event()
    ticket = make.ticket(other, needs_approval=True)
    (asked,) = fill(other, ticket, 1)
    organiser = make.user(totp_nonce="n", totp_confirmed_at=mine.created_at)
    make.role(organiser, Role.ORGANISER, mine)
    session().refresh(organiser)

    for act in (
        lambda: registration.approve(other.slug, [asked.uid], organiser),
        lambda: registration.decline(other.slug, [asked.uid], organiser),
        lambda: attendees.listing(other.slug, attendees.Filter(), organiser),
        lambda: attendees.find(asked.uid, organiser),
        lambda: registration.cancel(asked.uid, organiser),
        lambda: registration.walk_in(other.slug, application(ticket, "x@example.org"), organiser),
    ):
        with pytest.raises(NotFound):
            act()

    # The uid of another event's registration does nothing at one's own event either.
    assert registration.approve(mine.slug, [asked.uid], organiser) == []
    assert states(other) == ["pending_approval"]


def test_walk_in_is_confirmed_after_the_window_but_never_beyond_capacity(app, make, clock):
    organiser = make.organiser()
    event = make.event(capacity=1, registration_closes_at=datetime(2026, 3, 1, tzinfo=UTC))
    ticket = make.ticket(event, access_code="VIP", needs_approval=True)

    registration.walk_in(event.slug, application(ticket), organiser)
    with pytest.raises(SoldOut):
        registration.walk_in(event.slug, application(ticket, "two@example.org"), organiser)

    assert states(event) == ["confirmed"]


def test_ticket_is_kept_from_the_wrong_group_code_and_from_payment(app, make, clock):
    event = make.event()
    for_cities = make.ticket(event, categories=["city"])
    hidden = make.ticket(event, access_code="Jaguar")
    paid = make.ticket(event, price=5000)

    for ticket, values in (
        (for_cities, {"category": AttendeeCategory.PRESS}),
        (hidden, {"access_code": "puma"}),
        (hidden, {}),
        (paid, {}),
    ):
        with pytest.raises(Invalid) as refusal:
            registration.register(event.slug, application(ticket, **values))
        assert refusal.value.field == "ticket"
    registration.register(event.slug, application(hidden, access_code=" jaguar "))

    assert states(event) == ["confirmed"]
    assert [offer.ticket.uid for offer in tickets.offers(event)] == [for_cities.uid, paid.uid]
    assert [offer.availability.value for offer in tickets.offers(event)] == ["open", "payment_not_open"]


def test_signed_link_opens_one_registration_until_it_is_renewed(app, make, clock):
    """A08"""
    event = make.event()
    (mine,) = fill(event, make.ticket(event), 1)
    token = registration_links.manage_token(mine)

    opened = registration_links.by_link(token).uid
    registration.renew_link(mine.uid)

    assert opened == mine.uid
    with pytest.raises(Gone):
        registration_links.by_link(token)
    with pytest.raises(NotFound):
        registration_links.by_link(token[:-2] + "xx")
    with pytest.raises(NotFound):
        registration_links.by_link(registration_links.ticket_code(mine))
    assert registration_links.by_link(registration_links.manage_token(mine)).uid == mine.uid
    assert registration_links.by_ticket(registration_links.ticket_code(mine)).uid == mine.uid


def test_link_ends_some_time_after_the_event(app, make, clock):
    event = make.event()
    (mine,) = fill(event, make.ticket(event), 1)
    token = registration_links.manage_token(mine)

    clock.move_to(event.ends_at + timedelta(days=61))

    with pytest.raises(Gone):
        registration_links.by_link(token)


def test_edit_changes_what_was_told_and_confirms_only_that(app, make, clock, deliver):
    event = make.event()
    ticket = make.ticket(event)
    (mine,) = fill(event, ticket, 1)

    registration.edit(mine.uid, application(ticket, name="Ana María Muñoz", dietary="No nuts", photo_consent=True))
    registration.edit(mine.uid, application(ticket, name="Ana María Muñoz", dietary="No nuts"))

    uid, letters = mine.uid, deliver()
    mine = session().scalar(select(Registration).where(Registration.uid == uid))
    assert mine.name == "Ana María Muñoz"
    assert [(letter.kind, letter.context["changed_facts"]) for letter in letters[1:]] == [
        ("registration.edited", ["name", "needs"])
    ]
    assert [(consent.kind.value, consent.withdrawn_at is None) for consent in mine.consents] == [("photo", False)]
    assert mine.calendar_sequence == 0


def test_group_a_ticket_is_not_meant_for_is_refused_later_too(app, make, clock):
    event = make.event()
    ticket = make.ticket(event, categories=["city", "ngo"])
    (mine,) = fill(event, ticket, 1)

    with pytest.raises(Invalid) as refusal:
        registration.edit(mine.uid, application(ticket, category=AttendeeCategory.VENDOR))
    registration.edit(mine.uid, application(ticket, category=AttendeeCategory.NGO))

    assert refusal.value.field == "category"
    assert session().scalar(select(Registration.category)) is AttendeeCategory.NGO


def test_needs_go_with_the_registration(app, make, clock):
    event = make.event()
    ticket = make.ticket(event)
    mine = registration.register(event.slug, application(ticket, access="A wheelchair", dietary="Vegan"))

    registration.cancel(mine.uid)

    assert session().scalar(select(func.count()).select_from(PrivateNeeds)) == 0


def test_registrations_of_an_address_are_claimed_by_its_account(app, make, clock):
    event = make.event()
    (mine, _other) = fill(event, make.ticket(event), 2)
    user = make.user(email="p1@example.org")

    number = registration.claim(user)

    assert number == 1
    assert [one.uid for one in attendees.own(user)] == [mine.uid]
    assert attendees.mine(event, user).uid == mine.uid


def test_acts_are_in_the_audit_trail_without_names(app, make, clock):
    event = make.event(capacity=1)
    ticket = make.ticket(event)
    mine, _ = fill(event, ticket, 2)
    registration.cancel(mine.uid)

    entries = session().execute(select(AuditEntry.action, AuditEntry.label).order_by(AuditEntry.id)).all()

    assert [tuple(entry) for entry in entries] == [
        ("registration.made", ""),
        ("registration.made", ""),
        ("registration.cancelled", ""),
        ("registration.offered", ""),
    ]


def test_without_a_limit_only_who_waits_is_counted_and_offered_a_place(app, make, clock):
    event, by = make.event(capacity=1), make.organiser()
    ticket = make.ticket(event)
    _first, second = fill(event, ticket, 2)
    key = (ticket.id, second.attendance)

    limited = seats.scarce(event)
    events.edit(event.slug, replace(events.details_of(event), capacity=None), by)
    free = seats.scarce(event)
    registration.register(event.slug, application(ticket, "third@example.org"))

    assert (limited.held[key], limited.waiting[key]) == (1, 1)
    assert (free.held[key], free.waiting[key]) == (1, 0)
    assert free.first_expiry == second.offer_expires_at
    assert seats.tally(event).held[key] == 3
    assert seats.glimpse(event).left(ticket, second.attendance) is None
