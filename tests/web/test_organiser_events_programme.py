"""The programme at the desk: sessions, rooms, tracks, speakers, and what clashes."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from marketplace.database import session
from marketplace.models import ProgrammeSession, RegistrationState, Room, SessionState, Speaker, SpeakerRole, Track
from marketplace.services import programme, sign_ups
from marketplace.services.programme import RoomDetails, SessionDetails, SpeakerDetails


def text(answer) -> str:
    return answer.get_data(as_text=True)


@pytest.fixture
def organiser(make, clock):
    return make.organiser()


@pytest.fixture
def browser(organiser, login_as):
    return login_as(organiser)


@pytest.fixture
def event(make, clock):
    return make.event(slug="dialogue")


def entries() -> list[ProgrammeSession]:
    session().rollback()
    return list(session().scalars(select(ProgrammeSession).order_by(ProgrammeSession.id)))


def form(**answers):
    return {
        "kind": "panel",
        "titles_en": "Paying for parks",
        "starts_at": "2026-06-01T10:00",
        "ends_at": "2026-06-01T11:00",
        **answers,
    }


def test_session_is_added_with_room_speakers_and_languages(browser, organiser, event):
    hall = programme.save_room("dialogue", RoomDetails({"en": "Hall"}), organiser)
    ana = programme.save_speaker("dialogue", SpeakerDetails("Ana Muñoz"), organiser)
    ben = programme.save_speaker("dialogue", SpeakerDetails("Ben"), organiser)

    answer = browser.post(
        "/desk/events/dialogue/programme/new",
        data=form(
            **{
                "room": hall.uid,
                "speakers-0-speaker": ben.uid,
                "speakers-0-role": "moderator",
                "speakers-1-speaker": "",
                "speakers-1-role": "speaker",
                "speakers-2-speaker": ana.uid,
                "speakers-2-role": "keynote",
                "languages": ["es", "pt"],
                "interpretation": ["en"],
                "needs_sign_up": "y",
                "capacity": "25",
                "online_link": "https://meet.example/x",
            }
        ),
    )

    (entry,) = entries()
    assert answer.status_code == 303
    assert programme.details_of(entry) == SessionDetails(
        kind="panel",
        titles={"en": "Paying for parks"},
        starts_at=datetime(2026, 6, 1, 14, tzinfo=UTC),
        ends_at=datetime(2026, 6, 1, 15, tzinfo=UTC),
        room=hall.uid,
        speakers=((ben.uid, SpeakerRole.MODERATOR), (ana.uid, SpeakerRole.KEYNOTE)),
        languages=("es", "pt"),
        interpretation=("en",),
        online_link="https://meet.example/x",
        needs_sign_up=True,
        capacity=25,
    )


def test_new_session_follows_the_last_one(browser, make, event):
    make.session(event, starts_at=event.starts_at + timedelta(hours=2))

    page = text(browser.get("/desk/events/dialogue/programme/new"))

    assert 'value="2026-06-01T12:00"' in page
    assert 'value="2026-06-01T13:00"' in page


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"titles_en": ""}, "titles_en"),
        ({"ends_at": "2026-06-01T10:00"}, "ends_at"),
        ({"starts_at": "tomorrow"}, "starts_at"),
        ({"room": "nowhere"}, "room"),
        ({"languages": ["en", "xx"]}, "languages"),
        ({"capacity": "-3"}, "capacity"),
        ({"online_link": "javascript:alert(1)"}, "online_link"),
        ({"speakers-0-speaker": "nobody", "speakers-0-role": "speaker"}, "speakers-0-speaker"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_session_that_cannot_be_comes_back_with_the_error_at_its_field(browser, event, answers, field):
    answer = browser.post("/desk/events/dialogue/programme/new", data=form(descriptions_pt="Pagar parques", **answers))

    assert answer.status_code == 422
    assert f'id="{field}-error"' in text(answer)
    assert "Pagar parques" in text(answer)
    assert entries() == []


def test_clashes_are_told_at_once_and_stay_in_sight(browser, organiser, make, event):
    hall = programme.save_room("dialogue", RoomDetails({"en": "Hall"}, capacity=20), organiser)
    ana = programme.save_speaker("dialogue", SpeakerDetails("Ana Muñoz"), organiser)
    shared = {"room": hall.uid, "speakers-0-speaker": ana.uid, "speakers-0-role": "speaker"}
    browser.post("/desk/events/dialogue/programme/new", data=form(**shared))

    answer = browser.post(
        "/desk/events/dialogue/programme/new",
        data=form(
            titles_en="Rivers", starts_at="2026-06-01T10:30", ends_at="2026-06-01T11:30", capacity="21", **shared
        ),
        follow_redirects=True,
    )

    page = text(answer)
    assert "“Paying for parks” and “Rivers” are in Hall at the same time." in page
    assert "Ana Muñoz speaks in “Paying for parks” and “Rivers” at the same time." in page
    assert "“Rivers” has more places than its room may hold." in page
    assert "3 clashes" in text(browser.get("/desk/events/dialogue/programme"))
    assert "at the same time" in text(browser.get(f"/desk/events/dialogue/programme/{entries()[0].uid}"))


def test_sessions_that_touch_do_not_clash_and_a_day_outside_does(browser, make, event):
    make.session(event)
    make.session(event, starts_at=event.starts_at + timedelta(hours=1))
    quiet = text(browser.get("/desk/events/dialogue/programme"))

    make.session(event, titles={"en": "Late"}, starts_at=event.ends_at + timedelta(days=2))

    assert "clash" not in quiet
    assert "“Late” is not on a day of the event." in text(browser.get("/desk/events/dialogue/programme"))


@pytest.mark.parametrize(("tell", "letters"), [({"tell": "y"}, 1), ({}, 0)])
def test_moved_session_is_saved_and_its_people_told_if_wanted(browser, make, event, deliver, tell, letters):
    entry = make.session(event, titles={"en": "Paying for parks"}, needs_sign_up=True)
    guest = make.registration(event, make.ticket(event))
    sign_ups.sign_up(guest, entry.uid, None, tell=False)

    answer = browser.post(f"/desk/events/dialogue/programme/{entry.uid}", data=form(needs_sign_up="y", **tell))

    assert answer.status_code == 303
    assert entries()[0].starts_at == datetime(2026, 6, 1, 14, tzinfo=UTC)
    assert len([letter for letter in deliver() if letter.kind == "registration.session_changed"]) == letters


def test_session_goes_through_its_states(browser, make, event):
    entry = make.session(event, state=SessionState.DRAFT)
    address = f"/desk/events/dialogue/programme/{entry.uid}"
    states = []

    for act in ("publish", "withdraw", "publish", "cancel", "publish"):
        assert browser.post(f"{address}/{act}").status_code == 303
        states.append(entries()[0].state.value)
    again = browser.post(f"{address}/publish")
    removed = browser.post(f"{address}/remove")

    assert states == ["published", "draft", "published", "cancelled", "published"]
    assert (again.status_code, removed.status_code) == (409, 303)
    assert entries() == []


def test_session_somebody_signed_up_for_is_cancelled_not_removed(browser, make, event):
    entry = make.session(event, needs_sign_up=True)
    guest = make.registration(event, make.ticket(event))
    sign_ups.sign_up(guest, entry.uid, None, tell=False)

    removed = browser.post(f"/desk/events/dialogue/programme/{entry.uid}/remove")
    withdrawn = browser.post(f"/desk/events/dialogue/programme/{entry.uid}/withdraw")
    asked = text(browser.get(f"/desk/events/dialogue/programme/{entry.uid}/cancel"))

    assert (removed.status_code, withdrawn.status_code) == (409, 409)
    assert "get a letter" in asked
    assert len(entries()) == 1


def test_rooms_tracks_and_speakers_are_written_changed_and_removed(browser, event):
    for kind, answers in (
        ("rooms", {"names_en": "Hall", "names_es": "Sala", "capacity": "90", "position": "2"}),
        ("tracks", {"names_pt": "Água"}),
        ("speakers", {"name": "Ana Muñoz", "job_title": "Mayor", "biographies_es": "Alcaldesa."}),
    ):
        assert browser.post(f"/desk/events/dialogue/{kind}/new", data=answers).status_code == 303
    room, track = session().scalar(select(Room)), session().scalar(select(Track))
    speaker = session().scalar(select(Speaker))
    written = (room.names, room.capacity, room.position, track.names, speaker.name, speaker.biographies)
    page = text(browser.get("/desk/events/dialogue/parts"))

    browser.post(f"/desk/events/dialogue/rooms/{room.uid}", data={"names_en": "Great hall", "names_es": ""})
    removed = browser.post(f"/desk/events/dialogue/tracks/{track.uid}/remove")

    assert written == ({"en": "Hall", "es": "Sala"}, 90, 2, {"pt": "Água"}, "Ana Muñoz", {"es": "Alcaldesa."})
    assert all(words in page for words in ("Hall", "Água", "Ana Muñoz", "translation missing"))
    assert removed.status_code == 303
    session().rollback()
    assert session().scalars(select(Room)).one().names == {"en": "Great hall"}
    assert session().scalars(select(Track)).all() == []


@pytest.mark.parametrize(
    ("kind", "answers", "field"),
    [
        ("rooms", {"capacity": "5"}, "names_en"),
        ("rooms", {"names_en": "Hall", "capacity": "-5"}, "capacity"),
        ("tracks", {"names_en": "x" * 121}, "names_en"),
        ("speakers", {"name": " "}, "name"),
    ],
)
def test_part_that_cannot_be_is_refused_at_its_field(browser, event, kind, answers, field):
    answer = browser.post(f"/desk/events/dialogue/{kind}/new", data=answers)

    assert answer.status_code == 422
    assert f'id="{field}-error"' in text(answer)


def test_room_in_use_is_not_removed(browser, organiser, make, event):
    hall = programme.save_room("dialogue", RoomDetails({"en": "Hall"}), organiser)
    make.session(event, room_id=hall.id)

    answer = browser.post(f"/desk/events/dialogue/rooms/{hall.uid}/remove")

    assert answer.status_code == 409
    assert "Take it out there first." in text(answer)


def test_programme_is_filtered_and_says_so_when_nothing_is_left(browser, organiser, make, event):
    hall = programme.save_room("dialogue", RoomDetails({"en": "Hall"}), organiser)
    make.session(event, titles={"en": "Rivers"}, room_id=hall.id)
    make.session(event, titles={"en": "Forests"}, starts_at=event.starts_at + timedelta(days=1))

    pages = [
        text(browser.get(f"/desk/events/dialogue/programme?{query}"))
        for query in (f"room={hall.uid}", "day=2026-06-02", "q=forest", "kind=break")
    ]

    assert [("Rivers" in page, "Forests" in page) for page in pages] == [
        (True, False),
        (False, True),
        (False, True),
        (False, False),
    ]
    assert "No session found" in pages[3]


def test_programme_costs_the_same_for_one_and_three_sessions(browser, organiser, make, event, count_queries):
    def add(number):
        speaker = programme.save_speaker("dialogue", SpeakerDetails(f"Ana {number}"), organiser)
        entry = make.session(event, starts_at=event.starts_at + timedelta(hours=number), needs_sign_up=True)
        programme.edit_session(
            "dialogue",
            entry.uid,
            SessionDetails(
                **{**programme.details_of(entry).__dict__, "speakers": ((speaker.uid, SpeakerRole.SPEAKER),)}
            ),
            organiser,
            tell=False,
        )

    add(0)
    make.registration(event, make.ticket(event), state=RegistrationState.CONFIRMED)
    browser.get("/desk/events/dialogue/programme")
    with count_queries() as one:
        browser.get("/desk/events/dialogue/programme")
    add(1)
    add(2)
    with count_queries() as three:
        browser.get("/desk/events/dialogue/programme")

    assert len(three) == len(one) <= 14
