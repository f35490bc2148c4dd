"""Two organisers write in the same form at once: the second is told, and nothing of either is lost unawares."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from marketplace.models import QuestionKind
from marketplace.services import events, programme, questions, tickets


@pytest.fixture
def event(make, clock):
    return make.event(slug="dialogue")


def _event(event, by):
    def change():
        events.edit("dialogue", replace(events.details_of(event), venue="Casa das Rosas"), by)

    return "/edit", "venue", "Memorial", "Venue", change, lambda: events.details_of(event).venue


def _session(event, by):
    details = programme.SessionDetails(
        programme.SessionKind.PANEL, {"en": "Rivers"}, event.starts_at, event.starts_at + timedelta(hours=1)
    )
    entry = programme.add_session("dialogue", details, by)

    def change():
        programme.edit_session("dialogue", entry.uid, replace(details, titles={"en": "Lakes"}), by)

    return (
        f"/programme/{entry.uid}",
        "titles_en",
        "Seas",
        "Title (English)",
        change,
        lambda: programme.details_of(entry).titles["en"],
    )


def _ticket(event, by):
    uid = tickets.save("dialogue", tickets.Details({"en": "Delegate"}), by).uid

    def change():
        tickets.save("dialogue", tickets.Details({"en": "Delegate"}, capacity=7), by, uid)

    return f"/tickets/{uid}", "capacity", "9", "Places", change, lambda: str(tickets.find("dialogue", uid, by).capacity)


def _question(event, by):
    uid = questions.save("dialogue", questions.Details(QuestionKind.TEXT, {"en": "Hotel?"}), by).uid

    def change():
        questions.save("dialogue", questions.Details(QuestionKind.TEXT, {"en": "Which hotel?"}), by, uid)

    return (
        f"/questions/{uid}",
        "labels_en",
        "Whose hotel?",
        "Question (English)",
        change,
        lambda: questions.find("dialogue", uid, by).labels["en"],
    )


def _room(event, by):
    uid = programme.save_room("dialogue", programme.RoomDetails({"en": "Hall"}), by).uid

    def change():
        programme.save_room("dialogue", programme.RoomDetails({"en": "Hall"}, capacity=7), by, uid)

    return (
        f"/rooms/{uid}",
        "capacity",
        "9",
        "People it may hold",
        change,
        lambda: str(programme.rooms(event)[0].capacity),
    )


def _track(event, by):
    uid = programme.save_track("dialogue", programme.TrackDetails({"en": "Water"}), by).uid

    def change():
        programme.save_track("dialogue", programme.TrackDetails({"en": "Rivers"}), by, uid)

    return (
        f"/tracks/{uid}",
        "names_en",
        "Lakes",
        "Name (English)",
        change,
        lambda: programme.tracks(event)[0].names["en"],
    )


def _speaker(event, by):
    uid = programme.save_speaker("dialogue", programme.SpeakerDetails("Ana"), by).uid

    def change():
        programme.save_speaker("dialogue", programme.SpeakerDetails("Ana", job_title="Mayor"), by, uid)

    return f"/speakers/{uid}", "job_title", "Chair", "Position", change, lambda: programme.speakers(event)[0].job_title


def fields(page: str) -> dict[str, str]:
    """Read the form as a browser would send it."""
    page = page[page.index('name="seen"') - 80 :]
    found = {}
    for tag in re.findall(r"<input[^>]*>", page):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and not ('type="checkbox"' in tag and "checked" not in tag):
            found[name[1]] = value[1] if value else ""
    for name, inside in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'<option selected value="([^"]*)"', inside)
        found[name] = chosen[1] if chosen else ""
    return found


@pytest.mark.parametrize(
    "thing",
    [_event, _session, _ticket, _question, _room, _track, _speaker],
    ids=["event", "session", "ticket", "question", "room", "track", "speaker"],
)
def test_second_of_two_editors_is_told_and_decides(make, login_as, event, thing):
    make.ticket(event)
    organiser = make.organiser()
    address, field, mine, label, change, present = thing(event, organiser)
    browser, address = login_as(organiser), f"/desk/events/dialogue{address}"
    form = {**fields(browser.get(address).get_data(as_text=True)), field: mine}
    change()
    theirs = present()

    answer = browser.post(address, data=form)

    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "Somebody else has saved changes meanwhile." in page
    assert f"It differs from theirs in: {label}." in page
    again = fields(page)
    assert again[field] == mine
    assert present() == theirs

    answer = browser.post(address, data=again)

    assert answer.status_code == 303
    assert present() == mine
