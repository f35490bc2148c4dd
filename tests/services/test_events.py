from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from marketplace.database import session
from marketplace.errors import Conflict, Invalid, NotAllowed, NotFound
from marketplace.models import (
    Event,
    EventKind,
    EventMode,
    EventState,
    ProgrammeSession,
    QuestionKind,
    Registration,
    RegistrationState,
    Role,
    SessionState,
)
from marketplace.services import events, letters, programme, questions, tickets
from marketplace.services.events import Details
from tests.services.test_registration import fill

WASHINGTON = ZoneInfo("America/New_York")


def details(**values) -> Details:
    return Details(
        **{
            "kind": EventKind.DIALOGUE,
            "titles": {"en": "Second Dialogue", "es": "Segundo Diálogo"},
            "timezone": "America/New_York",
            "starts_at": datetime(2026, 10, 20, 9, tzinfo=WASHINGTON),
            "ends_at": datetime(2026, 10, 21, 18, tzinfo=WASHINGTON),
            **values,
        }
    )


def event_organiser(make, event):
    user = make.user(totp_nonce="n", totp_confirmed_at=event.created_at)
    make.role(user, Role.ORGANISER, event)
    session().refresh(user)
    return user


def test_create_makes_a_draft_that_only_its_people_see(app, make, clock):
    organiser = make.organiser()

    event = events.create(details(), organiser)

    assert (event.slug, event.state) == ("second-dialogue-2026", EventState.DRAFT)
    assert (event.starts_on, event.ends_on) == (date(2026, 10, 20), date(2026, 10, 21))
    with pytest.raises(NotFound):
        events.public(event.slug)
    with pytest.raises(NotFound):
        events.for_reader(event.slug, make.user())
    assert events.for_reader(event.slug, organiser).id == event.id
    assert session().scalars(events.listing(events.Filter())).all() == []


def test_create_twice_gives_two_addresses(app, make, clock):
    organiser = make.organiser()

    slugs = [events.create(details(), organiser).slug for _ in range(2)]

    assert slugs == ["second-dialogue-2026", "second-dialogue-2026-2"]


def test_only_organisers_of_the_programme_create_events(app, make, clock):
    event = make.event()

    for user in (make.user(), event_organiser(make, event)):
        with pytest.raises(NotAllowed):
            events.create(details(), user)


def test_organiser_of_one_event_changes_and_lists_only_that(app, make, clock):
    """A04"""
    mine, other = make.event(), make.event()
    user = event_organiser(make, mine)

    for act in (events.publish, events.archive, events.cancel, events.withdraw):
        with pytest.raises(NotFound):
            act(other.slug, user)
    with pytest.raises(NotFound):
        programme.save_room(other.slug, programme.RoomDetails({"en": "Hall"}), user)

    assert [event.slug for event in session().scalars(events.managed_listing(events.Filter(), user))] == [mine.slug]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"titles": {"en": " "}}, "titles_en"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"ends_at": datetime(2026, 10, 20, 9, tzinfo=WASHINGTON)}, "ends_at"),
        ({"ends_at": datetime(2027, 10, 20, 9, tzinfo=WASHINGTON)}, "ends_at"),
        ({"online_link": "javascript:alert(1)"}, "online_link"),
        ({"capacity": -1}, "capacity"),
        ({"organisations": ("nobody",)}, "organisations"),
        (
            {
                "registration_opens_at": datetime(2026, 10, 2, tzinfo=UTC),
                "registration_closes_at": datetime(2026, 10, 1, tzinfo=UTC),
            },
            "registration_closes_at",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_create_refuses_what_cannot_be(app, make, clock, values, field):
    with pytest.raises(Invalid) as refusal:
        events.create(details(**values), make.organiser())

    assert refusal.value.field == field
    assert session().scalars(select(Event)).all() == []


@pytest.mark.parametrize(
    ("change", "sequence"),
    [
        ({"starts_at": datetime(2026, 10, 20, 10, tzinfo=WASHINGTON)}, 1),
        ({"venue": "Another hall"}, 1),
        ({"mode": EventMode.ONLINE}, 1),
        ({"online_link": "https://video.example/1"}, 1),
        ({"titles": {"en": "Dialogue 2"}}, 0),
        ({"descriptions": {"en": "New words"}}, 0),
        ({"capacity": 100}, 0),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_sequence_is_raised_by_what_a_calendar_must_notice_and_nothing_else(app, make, clock, change, sequence):
    """I02"""
    organiser = make.organiser()
    event = events.create(details(), organiser)
    revision = event.revision
    clock.shift(timedelta(minutes=5))

    edited = events.edit(event.slug, details(**change), organiser)

    shown = next(iter(change)) != "capacity"
    assert edited.calendar_sequence == sequence
    assert edited.revision == revision + 1
    assert (edited.calendar_changed_at > edited.created_at) is shown


def test_edit_that_changes_nothing_tells_nobody(app, make, clock, deliver):
    organiser = make.organiser()
    event = events.create(details(), organiser)
    events.publish(event.slug, organiser)
    fill(event, make.ticket(event), 1)
    before = (event.revision, event.calendar_sequence)

    events.edit(event.slug, details(), organiser)

    assert (event.revision, event.calendar_sequence) == before
    assert [letter.kind for letter in deliver()] == ["registration.confirmed"]


def test_change_of_place_is_a_change_of_its_sessions_too(app, make, clock):
    organiser = make.organiser()
    event = events.create(details(), organiser)
    make.session(event)
    draft = make.session(event, state=SessionState.DRAFT)

    events.edit(event.slug, details(venue="Another hall"), organiser)

    sequences = dict(session().execute(select(ProgrammeSession.uid, ProgrammeSession.calendar_sequence)).all())
    assert sequences.pop(draft.uid) == 0
    assert list(sequences.values()) == [1]


def test_move_keeps_the_time_of_day_when_clocks_change(app, make, clock):
    """B08: on 1 November 2026 Washington goes from UTC-4 to UTC-5."""
    organiser = make.organiser()
    event = events.create(details(registration_closes_at=datetime(2026, 10, 19, 18, tzinfo=WASHINGTON)), organiser)
    opening = make.session(event, starts_at=event.starts_at, ends_at=event.starts_at + timedelta(hours=1))

    events.move(event.slug, 14, organiser)

    session().refresh(opening)
    assert event.starts_at == datetime(2026, 11, 3, 14, tzinfo=UTC)
    assert event.starts_on == date(2026, 11, 3)
    assert event.registration_closes_at == datetime(2026, 11, 2, 23, tzinfo=UTC)
    assert (opening.starts_at, opening.calendar_sequence) == (event.starts_at, 1)


def test_states_move_as_the_table_says(app, make, clock):
    organiser = make.organiser()
    event = events.create(details(), organiser)

    with pytest.raises(Conflict):
        events.cancel(event.slug, organiser)
    events.publish(event.slug, organiser)
    with pytest.raises(Conflict):
        events.archive(event.slug, organiser)
    events.withdraw(event.slug, organiser)
    events.publish(event.slug, organiser)
    fill(event, make.ticket(event), 1)
    with pytest.raises(Conflict):
        events.withdraw(event.slug, organiser)
    clock.move_to(event.ends_at + timedelta(seconds=1))
    events.archive(event.slug, organiser)
    with pytest.raises(Conflict):
        events.edit(event.slug, details(venue="x"), organiser)

    assert event.state is EventState.ARCHIVED


def test_cancelled_event_is_taken_out_of_calendars(app, make, clock, deliver):
    """I02, C03"""
    organiser = make.organiser()
    event = events.create(details(), organiser)
    events.publish(event.slug, organiser)
    fill(event, make.ticket(event, capacity=1), 2)
    sequence = event.calendar_sequence

    events.cancel(event.slug, organiser, {"en": "The river rose."})

    letters_written = deliver()
    told = [(letter.kind, letter.context["calendar"]) for letter in letters_written[2:]]
    assert [kind for kind, _ in told] == ["registration.event_cancelled"] * 2
    assert (told[0][1]["method"], told[0][1]["sequence"]) == ("CANCEL", sequence + 1)
    assert told[1][1] is None
    assert {letter.context["message"] for letter in letters_written[2:]} == {"The river rose."}


def test_copy_has_everything_but_the_people_and_other_uids(app, make, clock):
    organiser = make.organiser()
    event = events.create(details(), organiser)
    events.publish(event.slug, organiser)
    hall = programme.save_room(event.slug, programme.RoomDetails({"en": "Hall"}, 80), organiser)
    speaker = programme.save_speaker(event.slug, programme.SpeakerDetails("Ana Ruiz"), organiser)
    programme.add_session(
        event.slug,
        programme.SessionDetails(
            kind=programme.SessionKind.PLENARY,
            titles={"en": "Opening"},
            starts_at=event.starts_at,
            ends_at=event.starts_at + timedelta(hours=1),
            room=hall.uid,
            speakers=((speaker.uid, programme.SpeakerRole.KEYNOTE),),
        ),
        organiser,
    )
    pool = tickets.save_pool(event.slug, {"en": "Seats"}, 50, organiser)
    ticket = tickets.save(event.slug, tickets.Details({"en": "Delegate"}, pool=pool.uid), organiser)
    first = questions.save(event.slug, questions.Details(QuestionKind.CONSENT, {"en": "Visit?"}), organiser)
    questions.save(
        event.slug,
        questions.Details(QuestionKind.TEXT, {"en": "Shoes"}, depends_on=first.uid, depends_on_answer="yes"),
        organiser,
    )
    letters.save_words(event.slug, "confirmed", "en", "Welcome", "Dear {name}", organiser)
    fill(event, ticket, 1)

    twin = events.copy(event.slug, organiser, first_day=date(2027, 3, 1), new_slug="third")

    (opening,) = programme.sessions(twin)
    (copied,) = tickets.types(twin)
    asked = questions.asked(twin)
    assert (twin.slug, twin.state, twin.starts_on) == ("third", EventState.DRAFT, date(2027, 3, 1))
    assert opening.starts_at == datetime(2027, 3, 1, 14, tzinfo=UTC)
    assert (opening.room.names, opening.room.event_id) == ({"en": "Hall"}, twin.id)
    assert [tie.speaker.name for tie in opening.speakers] == ["Ana Ruiz"]
    assert (copied.names, copied.pool.capacity, copied.pool.event_id) == ({"en": "Delegate"}, 50, twin.id)
    assert [(question.labels["en"], question.depends_on_id) for question in asked] == [
        ("Visit?", None),
        ("Shoes", asked[0].id),
    ]
    assert [words.subject for words in letters.all_words("third", organiser) if words.is_own] == ["Welcome"]
    assert twin.calendar_uid != event.calendar_uid
    assert session().scalars(select(Registration.state).where(Registration.event_id == twin.id)).all() == []
    assert session().scalars(select(Registration.state)).all() == [RegistrationState.CONFIRMED]


def test_change_letter_tells_only_what_changed(app, make, clock, deliver):
    organiser = make.organiser()
    event = events.create(details(venue="Old hall"), organiser)
    events.publish(event.slug, organiser)
    fill(event, make.ticket(event), 60)

    events.edit(event.slug, details(venue="New hall", capacity=500), organiser)

    told = [letter for letter in deliver() if letter.kind == "registration.event_changed"]
    assert len({letter.recipient for letter in told}) == len(told) == 60
    assert told[0].context["changes"] == [{"what": "place", "before": "Old hall", "after": "New hall"}]
    assert told[0].context["calendar"]["location"] == "New hall"
    assert told[0].context["calendar"]["method"] == "REQUEST"
