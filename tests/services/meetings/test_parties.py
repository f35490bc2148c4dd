"""The sides that meet: brought in, changed, absent, gone and back; and who may meet whom."""

import pytest
from sqlalchemy import select

from marketplace.database import atomic, session
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.models import (
    Attendance,
    EventState,
    Fit,
    Letter,
    MeetingParty,
    MeetingState,
    Membership,
    MembershipState,
    PartyRole,
    RegistrationState,
    RequestState,
    WishKind,
)
from marketplace.services import sign_ups
from marketplace.services.meetings import (
    absences,
    availability,
    pairings,
    parties,
    requests,
    self_booking,
    setup,
    wishes,
)
from marketplace.services.meetings.absences import Block
from marketplace.services.meetings.parties import Details, Filter
from marketplace.services.meetings.settling import NobodyFree
from marketplace.services.meetings.setup import Rules
from tests.meetings import audit, market, party, user_of


def book(place, project=0, funder=0, slot=0):
    side = place.projects[project]
    return self_booking.book(
        place.event.slug, side.uid, place.funders[funder].uid, place.slots[slot].uid, user_of(side)
    )


def people_of(side):
    return tuple(member.registration.uid for member in side.members)


@pytest.fixture
def fair(clock, make, organiser):
    """An event with rules, a city with a published project, a funder and a vendor, all with somebody registered."""
    event = make.event(slug="fair")
    ticket = make.ticket(event)
    setup.save(event.slug, Rules(), organiser, is_confirmed=True)
    city, bank = make.city(name="Manaus", slug="manaus"), make.organisation(name="Bank", slug="bank")
    firm = make.organisation(name="Sensors", slug="sensors", kind="vendor")
    project = make.published(city, slug="parks", titles={"en": "Parks"})
    for body in (bank, firm):
        make.profile(body)
    for body in (city, bank, firm):
        make.registration(event, ticket, organisation_id=body.id, languages=["es", "en"])
    event.project, event.ticket_type = project, ticket
    return event


# Brought in


def test_all_who_can_meet_and_are_registered_are_brought_in_once(fair, organiser):
    first = parties.enrol(fair.slug, organiser)
    again = parties.enrol(fair.slug, organiser)

    found = parties.of_event(fair.id)
    assert (first, again) == (3, 0)
    assert {(one.role, parties.title(one)) for one in found} == {
        (PartyRole.PROJECT, "Linear park along the Mindu stream"),
        (PartyRole.FUNDER, "Bank"),
        (PartyRole.VENDOR, "Sensors"),
    }
    assert {tuple(one.languages) for one in found} == {("es", "en")}
    assert parties.subtitle(next(one for one in found if one.role is PartyRole.PROJECT)) == "Manaus"


def test_cities_are_brought_in_for_themselves_where_they_may_meet_each_other(fair, organiser):
    parties.enrol(fair.slug, organiser)
    setup.save(fair.slug, Rules(pairings=("project:funder", "city:city"), revision=1), organiser, is_confirmed=True)

    assert [parties.enrol(fair.slug, organiser) for _ in range(2)] == [1, 0]

    (city,) = [one for one in parties.of_event(fair.id) if one.role is PartyRole.CITY]
    assert (parties.title(city), city.project_id, len(city.members)) == ("Manaus", None, 1)


def test_people_who_register_later_join_their_side(fair, make, organiser):
    parties.enrol(fair.slug, organiser)
    bank = next(one for one in parties.of_event(fair.id) if one.role is PartyRole.FUNDER)
    member = make.user()
    make.membership(member, bank.organisation)
    late = make.registration(fair, fair.ticket_type, user_id=member.id)

    parties.enrol(fair.slug, organiser)

    session().expire_all()
    assert late.uid in people_of(parties.find(fair, bank.uid))


def test_who_is_not_confirmed_is_not_brought_in(fair, make, organiser):
    other = make.organisation(name="Other bank")
    make.profile(other)
    make.registration(fair, fair.ticket_type, organisation_id=other.id, state=RegistrationState.CANCELLED)

    parties.enrol(fair.slug, organiser)

    assert "Other bank" not in {parties.title(one) for one in parties.of_event(fair.id)}


def test_one_side_is_brought_in_by_hand(fair, organiser):
    offered = {(one.role, one.slug) for one in parties.addable(fair)}

    city = parties.add(fair.slug, PartyRole.CITY, organiser, organisation="manaus")
    project = parties.add(fair.slug, PartyRole.PROJECT, organiser, project="parks")

    assert offered == {
        (PartyRole.PROJECT, "parks"),
        (PartyRole.CITY, "manaus"),
        (PartyRole.FUNDER, "bank"),
        (PartyRole.VENDOR, "sensors"),
    }
    assert (city.role, project.role) == (PartyRole.CITY, PartyRole.PROJECT)
    assert {one.slug for one in parties.addable(fair)} == {"bank", "sensors"}


@pytest.mark.parametrize(
    ("role", "keys"),
    [
        (PartyRole.FUNDER, {"organisation": "nobody"}),
        (PartyRole.PROJECT, {"organisation": "manaus"}),
        (PartyRole.FUNDER, {"project": "parks"}),
        (PartyRole.FUNDER, {"organisation": "unregistered"}),
        (PartyRole.PROJECT, {"project": "draft"}),
        (PartyRole.CITY, {"organisation": "present"}),
    ],
)
def test_side_that_cannot_be_brought_in_is_refused(fair, make, organiser, role, keys):
    make.organisation(slug="unregistered")
    make.project(fair.project.city, slug="draft")
    present = make.city(slug="present")
    make.registration(fair, fair.ticket_type, organisation_id=present.id)
    parties.add(fair.slug, PartyRole.CITY, organiser, organisation="present")

    with pytest.raises(Invalid):
        parties.add(fair.slug, role, organiser, **keys)


def test_participants_bring_nobody_in(fair, make):
    for act in (parties.enrol, lambda slug, by: parties.add(slug, PartyRole.FUNDER, by, organisation="bank")):
        with pytest.raises(NotFound):
            act(fair.slug, make.user())


# Changed


def test_own_people_change_everything_but_the_numbers(make, organiser):
    place = market(make, organiser, people=2)
    side = place.projects[0]
    first, second = people_of(side)
    wanted = Details(
        Attendance.ONLINE, ("pt", "es"), True, True, "https://meet.example.org/a", 3, 4, (second, first), (first,)
    )

    own = parties.edit(place.event.slug, side.uid, wanted, user_of(side))
    numbers = (own.floor, own.cap)
    by_organiser = parties.edit(place.event.slug, side.uid, wanted, organiser)

    assert numbers == (None, None)
    assert (by_organiser.floor, by_organiser.cap) == (3, 4)
    assert (own.attendance, own.languages, own.online_link) == (
        Attendance.ONLINE,
        ["es", "pt"],
        "https://meet.example.org/a",
    )
    assert [(member.registration.uid, member.is_stand_in) for member in own.members] == [(second, False), (first, True)]


def test_people_of_others_cannot_be_taken_into_a_side(place, organiser):
    side = place.projects[0]

    with pytest.raises(Invalid) as refusal:
        parties.edit(place.event.slug, side.uid, Details(members=people_of(place.funders[0])), organiser)

    assert refusal.value.field == "members"


def test_who_left_the_organisation_acts_for_it_no_more_but_for_their_own_part(make, organiser):
    place = market(make, organiser, people=1)
    side = place.projects[0]
    colleague = make.user()
    tie = make.membership(colleague, side.organisation)
    session().refresh(colleague)
    before = [one.uid for one in parties.mine(colleague, place.event)]
    with atomic() as current:
        current.get_one(Membership, tie.id).state = MembershipState.ENDED
    session().refresh(colleague)

    assert before == [side.uid]
    assert parties.mine(colleague, place.event) == []
    with pytest.raises(NotFound):
        parties.find_mine(place.event, side.uid, colleague)
    assert parties.find_mine(place.event, side.uid, user_of(side)) is not None


def test_person_with_meetings_to_come_stays_in_the_side_until_they_are_over(clock, make, organiser):
    place = market(make, organiser, people=2)
    meeting = book(place)
    side = place.projects[0]
    others = Details(members=people_of(side)[1:])

    with pytest.raises(Conflict):
        parties.edit(place.event.slug, side.uid, others, organiser)
    clock.move_to(meeting.slot.ends_at)

    assert len(parties.edit(place.event.slug, side.uid, others, organiser).members) == 1


def test_stand_in_meets_only_where_nobody_else_can(make, organiser):
    place = market(make, organiser, people=2)
    side = place.projects[0]
    first, second = people_of(side)
    parties.edit(place.event.slug, side.uid, Details(members=(second, first), stand_ins=(first,)), organiser)
    parties.set_absences(place.event.slug, side.uid, {place.slots[1].uid}, organiser, second)

    def comes(meeting):
        return {person.registration.uid for person in meeting.people if person.party_id == side.id}

    assert comes(book(place, slot=0)) == {second}
    assert comes(book(place, funder=1, slot=1)) == {first}


# Absent


def test_absence_of_a_side_or_of_its_only_person_keeps_the_slot_free(place, organiser):
    side, slug = place.projects[0], place.event.slug
    parties.set_absences(slug, side.uid, {place.slots[0].uid, "elsewhere"}, user_of(side))
    parties.set_absences(slug, side.uid, {place.slots[1].uid}, user_of(side), people_of(side)[0])

    for slot in (0, 1):
        with pytest.raises(NobodyFree):
            book(place, slot=slot)
    assert (absences.of_party(side), absences.of_person(side.members[0].registration)) == (
        {place.slots[0].uid},
        {place.slots[1].uid},
    )
    assert [slot.uid for slot in availability.free_slots(side, place.funders[0])] == [
        slot.uid for slot in place.slots[2:]
    ]


def test_absence_cannot_undo_a_meeting(place, organiser):
    book(place)
    side = place.projects[0]

    for person in ("", people_of(side)[0]):
        with pytest.raises(Conflict):
            parties.set_absences(place.event.slug, side.uid, {place.slots[0].uid}, organiser, person)
    with pytest.raises(NotFound):
        parties.set_absences(place.event.slug, side.uid, set(), organiser, people_of(place.funders[0])[0])


def test_sessions_and_meetings_block_by_themselves_and_say_so(place, make):
    book(place, slot=1)
    person = place.projects[0].members[0].registration
    entry = make.session(
        place.event, starts_at=place.slots[3].starts_at, ends_at=place.slots[4].starts_at, needs_sign_up=True
    )
    sign_ups.sign_up(person, entry.uid, person.user)

    found = absences.blocks(person, place.slots)

    assert found == {place.slots[1].uid: Block.MEETING, place.slots[3].uid: Block.SESSION}
    assert set(absences.BLOCKS) == set(Block)
    assert absences.blocks(person, []) == {}


def test_availability_counts_people_with_and_without_their_meetings(make, organiser):
    place = market(make, organiser, people=2)
    book(place)
    side = place.funders[0]

    known = availability.of(place.event.id)

    assert known.people[side.id][place.slots[0].id] == 2
    assert known.free_now[side.id][place.slots[0].id] == 1
    assert known.is_free(side, place.slots[0])
    assert not known.is_free(place.projects[0], place.slots[0])
    assert known.can(place.projects[0], place.slots[0])


# Gone and back


def test_side_that_leaves_ends_its_meetings_requests_and_wishes_and_tells_the_others(place, organiser):
    meeting = book(place)
    side = place.projects[0]
    request = requests.send(place.event.slug, side.uid, place.funders[1].uid, "Because", user_of(side))
    wishes.save(place.event.slug, side.uid, place.funders[0].uid, WishKind.WANT, user_of(side))
    ending = [one.uid for one in parties.ending(side)]

    parties.withdraw(place.event.slug, side.uid, "No flight", user_of(side))
    parties.withdraw(place.event.slug, side.uid, "Again", user_of(side))

    session().expire_all()
    assert ending == [meeting.uid]
    assert (meeting.state, request.state) == (MeetingState.CANCELLED, RequestState.WITHDRAWN)
    assert (side.withdrawal_reason, meeting.reason) == ("No flight", "No flight")
    letters = session().scalars(select(Letter).where(Letter.recipient == user_of(place.funders[0]).email)).all()
    assert [letter.kind for letter in letters].count("meeting.cancelled") == 1
    assert audit() == []


def test_meeting_that_is_over_stays_when_a_side_leaves(place, organiser, clock):
    meeting = book(place)
    clock.move_to(meeting.slot.ends_at)

    parties.withdraw(place.event.slug, place.projects[0].uid, "", organiser)

    session().refresh(meeting)
    assert meeting.state is MeetingState.SCHEDULED


def test_side_that_left_does_nothing_until_it_is_back(place, organiser):
    side = place.projects[0]
    parties.withdraw(place.event.slug, side.uid, "", organiser)

    with pytest.raises(Conflict):
        book(place)
    with pytest.raises(Conflict):
        parties.edit(place.event.slug, side.uid, Details(members=people_of(side)), organiser)
    with pytest.raises(Conflict):
        wishes.save(place.event.slug, side.uid, place.funders[0].uid, WishKind.WANT, user_of(side))
    parties.reinstate(place.event.slug, side.uid, organiser)

    assert book(place).state is MeetingState.SCHEDULED


@pytest.mark.parametrize("state", [EventState.CANCELLED, EventState.ARCHIVED])
def test_sides_of_an_event_that_is_off_stay_as_they_are(place, organiser, state):
    side, slug = place.projects[0], place.event.slug
    with atomic():
        place.event.state = state

    for act in (
        lambda: parties.edit(slug, side.uid, Details(members=people_of(side)), organiser),
        lambda: parties.withdraw(slug, side.uid, "", user_of(side)),
        lambda: parties.set_absences(slug, side.uid, set(), user_of(side)),
        lambda: book(place),
        lambda: requests.send(slug, side.uid, place.funders[0].uid, "Because", user_of(side)),
    ):
        with pytest.raises(Conflict):
            act()


def test_strangers_find_no_side(place, make):
    stranger, side, slug = make.user(), place.projects[0], place.event.slug

    for act in (
        lambda: parties.edit(slug, side.uid, Details(), stranger),
        lambda: parties.withdraw(slug, side.uid, "", stranger),
        lambda: parties.withdraw(slug, side.uid, "", user_of(place.funders[0])),
        lambda: parties.set_absences(slug, side.uid, set(), stranger),
        lambda: parties.reinstate(slug, side.uid, user_of(side)),
        lambda: parties.find(make.event(), side.uid),
    ):
        with pytest.raises(NotFound):
            act()


# Who may meet whom


def test_pairs_follow_the_rules_the_fits_and_the_vetoes(place, organiser):
    everybody = len(pairings.eligible(place.setup))
    with atomic() as current:
        current.scalars(select(Fit).order_by(Fit.project_id, Fit.organisation_id)).first().is_offered = False
    without_fit = len(pairings.eligible(place.setup))
    wishes.save(place.event.slug, place.funders[1].uid, place.projects[1].uid, WishKind.NOT, organiser)

    assert (everybody, without_fit, len(pairings.eligible(place.setup))) == (4, 3, 2)
    assert not pairings.may_meet(place.setup, place.projects[1], place.funders[1])
    assert not pairings.may_meet(place.setup, place.funders[1], place.projects[1])
    assert not pairings.may_meet(place.setup, place.funders[0], place.funders[1])


def test_cities_meet_cities_but_not_themselves_where_the_rules_say_so(make, organiser):
    place = market(make, organiser, pairings=("city:city",))
    one = party(make, place.event, place.ticket, PartyRole.CITY, make.city())
    two = party(make, place.event, place.ticket, PartyRole.CITY, make.city())

    (pair,) = pairings.eligible(place.setup)

    assert (pair.first.id, pair.second.id, pair.score) == (one.id, two.id, pairings.PEER_SCORE)
    assert not pairings.allowed(place.setup, one, one)
    assert not pairings.may_meet(place.setup, place.projects[0], place.funders[0])


def test_meeting_names_the_side_first_that_the_rules_name_first(place):
    project, funder = place.projects[0], place.funders[0]

    assert pairings.ordered(place.setup, funder, project) == (project, funder)
    assert pairings.ordered(place.setup, project, funder) == (project, funder)


def test_list_is_filtered_and_tells_who_left(place, organiser):
    parties.withdraw(place.event.slug, place.funders[1].uid, "", organiser)

    def found(**wanted):
        return {one.uid for one in session().scalars(parties.listing(place.event, Filter(**wanted)))}

    assert found(role=PartyRole.FUNDER) == {place.funders[0].uid}
    assert found(is_withdrawn=True) == {place.funders[1].uid}
    assert found(query="CITY 1") == {place.projects[1].uid}
    assert found(query="%") == set()
    assert session().scalar(select(MeetingParty.id)) is not None
