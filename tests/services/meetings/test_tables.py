"""Tables and interpreters of an event."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from marketplace.database import session
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.models import Attendance, Letter, Meeting, MeetingState, MeetingTable
from marketplace.services.meetings import availability, interpreters, interpreting, parties, self_booking, slots, tables
from marketplace.services.meetings.interpreters import Details
from marketplace.services.meetings.settling import NoInterpreter, NoTable
from marketplace.services.meetings.slots import WouldCancel
from tests.meetings import audit, market, user_of


def book(place, project=0, funder=0, slot=0):
    side = place.projects[project]
    return self_booking.book(
        place.event.slug, side.uid, place.funders[funder].uid, place.slots[slot].uid, user_of(side)
    )


def told(kind):
    return session().scalars(select(Letter.recipient).where(Letter.kind == kind)).all()


def speak(place, side, codes, organiser, **values):
    people = tuple(member.registration.uid for member in side.members)
    parties.edit(place.event.slug, side.uid, parties.Details(languages=codes, members=people, **values), organiser)


# Tables


def test_tables_are_numbered_on(place, organiser):
    tables.add(place.event.slug, 2, organiser, zone=" Hall A ", is_accessible=True)

    found = tables.of_event(place.event.id)

    assert [table.number for table in found] == [1, 2, 3, 4]
    assert (found[3].zone, found[3].is_accessible) == ("Hall A", True)


@pytest.mark.parametrize("count", [0, -1, 501])
def test_senseless_numbers_of_tables_are_refused(place, organiser, count):
    with pytest.raises(Invalid):
        tables.add(place.event.slug, count, organiser)


def test_table_gets_a_new_number_and_those_who_meet_there_are_told(place, organiser):
    meeting = book(place)
    sequence = meeting.calendar_sequence

    tables.edit(place.event.slug, meeting.table.uid, 30, "Hall B", True, organiser)

    session().refresh(meeting)
    assert (meeting.table.number, meeting.calendar_sequence) == (30, sequence + 1)
    assert set(told("meeting.moved")) == {user_of(place.projects[0]).email, user_of(place.funders[0]).email}


def test_accessibility_of_a_table_is_no_news_for_calendars(place, organiser):
    meeting = book(place)

    tables.edit(place.event.slug, meeting.table.uid, meeting.table.number, "", True, organiser)

    assert told("meeting.moved") == []


def test_meeting_that_is_over_is_not_told_a_new_number(place, organiser, clock):
    meeting = book(place)
    clock.move_to(meeting.slot.ends_at)

    tables.edit(place.event.slug, meeting.table.uid, 30, "", False, organiser)

    assert told("meeting.moved") == []


@pytest.mark.parametrize("number", [0, 3001, 2])
def test_table_number_that_cannot_be_is_refused(place, organiser, number):
    with pytest.raises(Invalid) as refusal:
        tables.edit(place.event.slug, tables.of_event(place.event.id)[0].uid, number, "", False, organiser)

    assert refusal.value.field == "number"


def test_closing_moves_meetings_to_free_tables(place, organiser):
    meeting = book(place)
    first, second = tables.of_event(place.event.id)

    moved = tables.close(place.event.slug, first.uid, organiser)

    session().refresh(meeting)
    assert (moved, meeting.table_id) == (1, second.id)
    assert meeting.slot_id == place.slots[0].id
    assert audit() == []


def test_closing_where_nothing_is_free_asks_and_then_cancels(place, organiser):
    one, two = book(place, 0, 0), book(place, 1, 1)
    first, _second = tables.of_event(place.event.id)

    with pytest.raises(WouldCancel) as refusal:
        tables.close(place.event.slug, first.uid, organiser)
    concerned = {meeting.uid for meeting in refusal.value.meetings}
    still_open = session().get_one(MeetingTable, first.id).closed_at
    tables.close(place.event.slug, first.uid, organiser, is_confirmed=True)

    assert (concerned, still_open) == ({one.uid}, None)
    assert session().get_one(Meeting, one.id).state is MeetingState.CANCELLED
    assert session().get_one(Meeting, two.id).state is MeetingState.SCHEDULED
    assert user_of(place.funders[0]).email in told("meeting.cancelled")
    assert audit() == []


def test_table_closed_in_one_slot_takes_meetings_in_others(make, organiser):
    place = market(make, organiser, tables=1)
    (only,) = tables.of_event(place.event.id)
    tables.close(place.event.slug, only.uid, organiser, {place.slots[0].uid})

    with pytest.raises(NoTable):
        book(place, slot=0)
    assert book(place, slot=1).table_id == only.id


def test_closures_are_exactly_what_was_said_last(place, organiser):
    first, _second = tables.of_event(place.event.id)
    tables.close(place.event.slug, first.uid, organiser, {place.slots[0].uid, place.slots[1].uid})
    tables.close(place.event.slug, first.uid, organiser, {place.slots[1].uid, "elsewhere"})

    assert tables.closures(place.event.id) == {(first.id, place.slots[1].id)}
    tables.reopen(place.event.slug, first.uid, organiser)
    assert tables.closures(place.event.id) == set()


def test_table_with_a_past_is_closed_not_removed(place, organiser):
    meeting = book(place)

    with pytest.raises(Conflict):
        tables.remove(place.event.slug, meeting.table.uid, organiser)
    tables.remove(place.event.slug, tables.of_event(place.event.id)[1].uid, organiser)

    assert [table.number for table in tables.of_event(place.event.id)] == [1]
    assert tables.counts(place.event.id) == {meeting.table_id: (1, 1)}


def test_tables_of_another_event_are_not_found(make, place, organiser):
    other, uid = make.event(), tables.of_event(place.event.id)[0].uid

    with pytest.raises(NotFound):
        tables.close(other.slug, uid, organiser)
    with pytest.raises(NotFound):
        tables.find(other, uid)
    with pytest.raises(NotFound):
        tables.add(place.event.slug, 1, user_of(place.projects[0]))


def test_who_needs_an_accessible_table_gets_one(place, organiser):
    _first, second = tables.of_event(place.event.id)
    tables.edit(place.event.slug, second.uid, second.number, "", True, organiser)
    speak(place, place.projects[0], (), organiser, needs_accessible_table=True)

    assert book(place).table_id == second.id


def test_side_that_is_online_needs_no_table(make, organiser):
    place = market(make, organiser, tables=0)
    speak(
        place, place.projects[0], (), organiser, attendance=Attendance.ONLINE, online_link="https://meet.example.org/x"
    )

    meeting = book(place)

    assert (meeting.table_id, meeting.online_link) == (None, "https://meet.example.org/x")


# Interpreters


@pytest.fixture
def babel(place, organiser):
    """A market whose first project and first funder share no language."""
    speak(place, place.projects[0], ("pt",), organiser)
    speak(place, place.funders[0], ("en",), organiser)
    return place


def everywhen(place):
    return frozenset(slot.uid for slot in place.slots)


def test_interpreter_is_kept_with_pairs_of_languages_and_slots(place, organiser):
    wanted = Details("Ana", ("pt", "es", "en"), 2, everywhen(place))

    saved = interpreters.save(place.event.slug, wanted, organiser)

    assert saved.pairs == ["en-es", "en-pt", "es-pt"]
    assert interpreters.details_of(saved) == replace(wanted, languages=("en", "es", "pt"))
    assert len(interpreters.shifts(place.event.id)) == 6


@pytest.mark.parametrize(
    ("details", "field"),
    [
        (Details(" ", ("en", "es")), "name"),
        (Details("Ana", ("en",)), "languages"),
        (Details("Ana", ("en", "xx")), "languages"),
        (Details("Ana", ("en", "es"), 0), "rest_after"),
        (Details("Ana", ("en", "es"), registration_uid="nobody"), "registration"),
    ],
)
def test_interpreter_that_cannot_be_is_refused(place, organiser, details, field):
    with pytest.raises(Invalid) as refusal:
        interpreters.save(place.event.slug, details, organiser)

    assert refusal.value.field == field


def test_meeting_without_a_common_language_needs_an_interpreter(babel, organiser):
    with pytest.raises(NoInterpreter):
        book(babel)
    ana = interpreters.save(babel.event.slug, Details("Ana", ("en", "pt"), slot_uids=everywhen(babel)), organiser)

    assert book(babel).interpreter_id == ana.id
    assert audit() == []


def test_interpreter_of_other_languages_or_hours_does_not_help(babel, organiser):
    interpreters.save(babel.event.slug, Details("Ana", ("en", "es"), slot_uids=everywhen(babel)), organiser)
    interpreters.save(
        babel.event.slug, Details("Rui", ("en", "pt"), slot_uids=frozenset({babel.slots[3].uid})), organiser
    )

    with pytest.raises(NoInterpreter):
        book(babel, slot=0)
    assert book(babel, slot=3).interpreter.name == "Rui"


def test_interpreter_rests_after_so_many_slots_in_a_row(make, organiser):
    place = market(make, organiser, projects=3, funders=3)
    for side in place.projects:
        speak(place, side, ("pt",), organiser)
    for side in place.funders:
        speak(place, side, ("en",), organiser)
    interpreters.save(place.event.slug, Details("Ana", ("en", "pt"), 2, everywhen(place)), organiser)
    book(place, 0, 0, 0)
    book(place, 0, 1, 1)

    with pytest.raises(NoInterpreter):
        book(place, 0, 2, 2)
    assert book(place, 0, 2, 3).interpreter is not None


def test_work_that_is_planned_cannot_be_taken_away(babel, organiser, clock):
    slug, wanted = babel.event.slug, Details("Ana", ("en", "pt"), slot_uids=everywhen(babel))
    ana = interpreters.save(slug, wanted, organiser)
    meeting = book(babel)

    for changed in (replace(wanted, slot_uids=frozenset()), replace(wanted, languages=("en", "es"))):
        with pytest.raises(Conflict):
            interpreters.save(slug, changed, organiser, ana.uid)
    with pytest.raises(Conflict):
        interpreters.retire(slug, ana.uid, organiser)

    assert interpreters.details_of(interpreters.find(babel.event, ana.uid)) == wanted
    clock.move_to(meeting.slot.ends_at)
    interpreters.retire(slug, ana.uid, organiser)
    assert interpreters.of_event(babel.event.id) == []
    assert interpreters.of_event(babel.event.id, with_retired=True) == [ana]


def test_interpreter_keeps_working_when_sessions_change(babel, organiser):
    ana = interpreters.save(babel.event.slug, Details("Ana", ("en", "pt"), slot_uids=everywhen(babel)), organiser)

    slots.remove(babel.event.slug, babel.session.uid, organiser)

    assert interpreters.details_of(interpreters.find(babel.event, ana.uid)).slot_uids == frozenset()


@pytest.mark.parametrize(
    ("first", "second", "shared", "needed"),
    [
        (["pt", "en"], ["en", "pt"], "pt", False),
        (["pt"], ["en"], "", True),
        ([], ["en"], "en", False),
        (["pt"], [], "pt", False),
        ([], [], "", False),
    ],
)
def test_shared_language_is_the_first_of_the_first_side(place, first, second, shared, needed):
    one, other = place.projects[0], place.funders[0]
    one.languages, other.languages = first, second

    with session().no_autoflush:
        assert interpreting.shared_language(one, other) == shared
        assert interpreting.is_needed(one, other) is needed
    session().rollback()


def test_times_at_which_the_interpreter_must_rest_are_not_offered(make, organiser):
    place = market(make, organiser, projects=3, funders=3)
    for side in place.projects:
        speak(place, side, ("pt",), organiser)
    for side in place.funders:
        speak(place, side, ("en",), organiser)
    interpreters.save(place.event.slug, Details("Ana", ("en", "pt"), 2, everywhen(place)), organiser)
    book(place, 0, 0, 0)
    book(place, 0, 1, 1)

    offered = availability.free_slots(place.projects[0], place.funders[2])

    assert [place.slots.index(slot) for slot in offered] == [3, 4, 5]
