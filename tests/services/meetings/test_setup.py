"""The rules of meetings, their phases, and what cannot work, said before it is saved."""

from dataclasses import replace
from datetime import time, timedelta

import pytest
from sqlalchemy import select

from marketplace import clock
from marketplace.database import session
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.models import Attendance, AuditEntry, EventMode, EventState, MeetingSetup, PartyRole
from marketplace.services import events
from marketplace.services.meetings import interpreters, parties, setup, slots, tables
from marketplace.services.meetings.setup import Phase, Rules
from tests.meetings import market


def words(problems):
    return " ".join(map(str, problems))


def test_rules_are_kept_and_counted(make, organiser):
    event = make.event()

    saved = setup.save(event.slug, Rules(musts=2, pairings=("city:city", "project:funder")), organiser)
    again = setup.save(event.slug, replace(setup.rules_of(saved), musts=4), organiser)

    assert (again.id, again.musts, again.revision) == (saved.id, 4, 2)
    assert again.pairings == ["project:funder", "city:city"]
    assert setup.rules_of(again).limits[PartyRole.PROJECT] == (4, 10)
    assert session().scalars(select(AuditEntry.action)).all().count("meeting_setup.saved") == 2


def test_second_save_from_an_old_form_is_refused(make, organiser):
    event = make.event()
    setup.save(event.slug, Rules(), organiser)

    with pytest.raises(Conflict) as refusal:
        setup.save(event.slug, Rules(musts=9), organiser)

    assert not isinstance(refusal.value, setup.Impossible)
    assert setup.needed(event.id).musts == 3


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"pairings": ()}, "pairings"),
        ({"pairings": ("project:project",)}, "pairings"),
        ({"limits": {PartyRole.CITY: (-1, None)}}, "limits_city"),
        ({"limits": {PartyRole.CITY: (0, 201)}}, "limits_city"),
        ({"limits": {PartyRole.FUNDER: (3, 2)}}, "limits_funder"),
        ({"musts": 21}, "musts"),
        ({"musts": -1}, "musts"),
        ({"request_hours": 0}, "request_hours"),
        ({"request_hours": 721}, "request_hours"),
        ({"change_until_minutes": -1}, "change_until_minutes"),
    ],
)
def test_rules_that_cannot_be_are_refused_at_their_field(make, organiser, changes, field):
    event = make.event()

    with pytest.raises(Invalid) as refusal:
        setup.save(event.slug, Rules(**changes), organiser)

    assert refusal.value.field == field
    session().rollback()
    assert session().scalar(select(MeetingSetup)) is None


@pytest.mark.parametrize("name", ["wishes", "booking"])
def test_window_that_ends_before_it_begins_is_refused(make, organiser, name):
    event, now = make.event(), clock.now()
    opens, closes = ("open_at", "close_at") if name == "wishes" else ("opens_at", "closes_at")

    with pytest.raises(Invalid) as refusal:
        setup.save(event.slug, Rules(**{f"{name}_{opens}": now, f"{name}_{closes}": now}), organiser)

    assert refusal.value.field == f"{name}_{closes}"


def test_others_cannot_see_or_change_rules(make, organiser):
    event = make.event()

    with pytest.raises(NotFound):
        setup.save(event.slug, Rules(), make.user())
    with pytest.raises(NotFound):
        setup.needed(event.id)


def test_rules_of_an_archived_event_stay(make, organiser):
    event = make.event(state=EventState.ARCHIVED)

    with pytest.raises(Conflict):
        setup.save(event.slug, Rules(), organiser)


def test_phases_follow_the_clock_and_windows_end_at_their_last_moment(make, organiser, clock):
    from marketplace import clock as ours

    event, now = make.event(), ours.now()
    found = setup.save(
        event.slug,
        Rules(
            wishes_open_at=now + timedelta(days=1),
            wishes_close_at=now + timedelta(days=2),
            booking_opens_at=now + timedelta(days=3),
            booking_closes_at=now + timedelta(days=4),
        ),
        organiser,
    )
    second = timedelta(seconds=1)

    def at(days, shift=timedelta()):
        return setup.phase(found, now + timedelta(days=days) + shift)

    assert setup.phase(None) is Phase.NOT_SET_UP
    assert [at(1, -second), at(1), at(2, -second)] == [Phase.BEFORE, Phase.WISHES, Phase.WISHES]
    assert [at(2), at(3, -second), at(3)] == [Phase.MATCHING, Phase.MATCHING, Phase.BOOKING]
    assert [at(4, -second), at(4)] == [Phase.BOOKING, Phase.CLOSED]
    assert set(setup.PHASES) == set(Phase)


def test_window_that_never_opens_is_closed(make, organiser):
    found = setup.save(make.event().slug, Rules(wishes_close_at=clock.now() + timedelta(days=1)), organiser)

    assert not setup.wishes_are_open(found)
    assert not setup.booking_is_open(found)


def test_floors_above_the_slots_are_told_before_they_are_saved(place, organiser):
    rules = replace(setup.rules_of(place.setup), limits={PartyRole.PROJECT: (7, 9)})

    with pytest.raises(setup.Impossible) as refusal:
        setup.save(place.event.slug, rules, organiser)
    session().rollback()
    before = setup.needed(place.event.id).revision
    saved = setup.save(place.event.slug, rules, organiser, is_confirmed=True)

    assert "Some are promised 7 meetings, but there are only 6 slots." in words(refusal.value.problems)
    assert (before, saved.revision) == (1, 2)


def test_floors_above_the_seats_are_told(make, organiser):
    place = market(make, organiser, projects=4, tables=1, limits={PartyRole.PROJECT: (2, 9), PartyRole.FUNDER: (0, 9)})

    found = setup.problems(place.event)

    assert "The least numbers promise 8 meetings in person, but the tables hold 6." in words(found)


def test_online_sides_need_no_seat(make, organiser):
    place = market(make, organiser, projects=4, tables=1, limits={PartyRole.PROJECT: (2, 9)})
    for side in place.projects:
        people = tuple(member.registration.uid for member in side.members)
        parties.edit(
            place.event.slug, side.uid, parties.Details(attendance=Attendance.ONLINE, members=people), organiser
        )

    assert setup.problems(place.event) == []


def test_seats_leave_out_closed_tables_closures_and_online_sessions(place, organiser):
    slug, event = place.event.slug, place.event
    first, _second = tables.of_event(event.id)
    full = setup.seats(event)
    tables.close(slug, first.uid, organiser, {place.slots[0].uid})
    one_less = setup.seats(event)
    tables.close(slug, first.uid, organiser)
    half = setup.seats(event)
    day = event.starts_on
    slots.save(slug, slots.Details({"en": "Online"}, day, time(14), time(16), EventMode.ONLINE), organiser)

    assert (full, one_less, half, setup.seats(event)) == (12, 11, 6, 6)


def test_sides_without_a_session_are_told_so(make, organiser):
    place = market(make, organiser)
    slots.remove(place.event.slug, place.session.uid, organiser)

    assert "There is no meeting session yet" in words(setup.problems(place.event))


def test_project_nobody_understands_is_told_until_somebody_interprets(place, organiser):
    def speak(side, code):
        people = tuple(member.registration.uid for member in side.members)
        parties.edit(place.event.slug, side.uid, parties.Details(languages=(code,), members=people), organiser)

    for side in place.projects:
        speak(side, "pt")
    for side in place.funders:
        speak(side, "en")
    alone = setup.problems(place.event)
    everywhen = frozenset(slot.uid for slot in place.slots)
    interpreters.save(place.event.slug, interpreters.Details("Ana", ("en", "pt"), slot_uids=everywhen), organiser)

    assert "2 projects share no language with any funder or vendor" in words(alone)
    assert setup.problems(place.event) == []


def test_event_without_rules_has_no_problems(make):
    assert setup.problems(make.event()) == []


def test_rules_are_part_of_what_makes_an_event_new(make, organiser):
    event = make.event()
    before = events.managed(event.slug, organiser).revision

    setup.save(event.slug, Rules(), organiser)

    assert events.managed(event.slug, organiser).revision > before
