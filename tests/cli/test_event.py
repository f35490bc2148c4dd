"""Brokerage events from data files, and the records for audits."""

import json

import pytest
from sqlalchemy import func, select

from marketplace.database import session
from marketplace.models import BookingRule, Event, Letter, Meeting, MeetingParty, Schedule
from marketplace.services.meetings import requests, self_booking
from tests.meetings import audit, market, user_of

DZN = """
% four people, four meetings, one table; the second cannot come first, and the last meeting comes after the first
nBusiness = 4; nMeetings = 4; nTables = 1; nTotalSlots = 6; nMorningSlots = 3;
requested = [| 1, 2, 3 | 2, 3, 3 | 1, 4, 3 | 3, 4, 3 |];
forbidden = [{}, {1}, {}, {}];
fixed = [0, 0, 0, 0];
precedences = [{}, {}, {}, {1}];
"""


@pytest.fixture
def run(app):
    def invoke(*arguments):
        session().rollback()
        return app.test_cli_runner().invoke(args=[str(one) for one in arguments])

    return invoke


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "four.original.dzn"
    path.write_text(DZN, encoding="utf-8")
    return path


def count(kind) -> int:
    return session().scalar(select(func.count(kind.id)))


def test_brokerage_event_is_brought_in_timed_and_published(run, file):
    result = run("event", "import-b2b", file, "--event", "four", "--seconds", "10")

    assert result.exit_code == 0, result.output
    assert "four: 4 participants, 4 meetings published" in result.output
    assert (count(MeetingParty), count(Meeting), count(Schedule)) == (4, 4, 1)
    assert audit() == []
    records = [json.loads(line) for line in run("export", "meetings", "--event", "four").output.splitlines()]
    assert {one["state"] for one in records} == {"scheduled"}
    assert len({one["start"] for one in records}) == 4
    assert all(len(one["people"]) == 2 and one["table"] == 1 for one in records)


def test_event_that_has_meetings_is_not_overwritten(run, file):
    run("event", "import-b2b", file, "--event", "four", "--seconds", "10")

    again = run("event", "import-b2b", file, "--event", "four", "--seconds", "10")

    assert again.exit_code == 1
    assert "This event has meetings already" in again.output
    assert (count(Event), count(Meeting)) == (1, 4)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", 2),
        ("nBusiness = 4;", 2),
        (DZN.replace("| 2, 3, 3 |", "| 2, 9, 3 |"), 2),
        (DZN.replace("nTotalSlots = 6", "nTotalSlots = 3"), 1),
    ],
    ids=["empty", "half a file", "nobody of that number", "fewer slots than meetings"],
)
def test_bad_file_writes_nothing(run, file, text, code):
    file.write_text(text, encoding="utf-8")

    result = run("event", "import-b2b", file, "--event", "four", "--seconds", "5")

    assert result.exit_code == code, result.output
    assert (count(Event), count(Meeting), count(Letter)) == (0, 0, 0)


@pytest.mark.parametrize("slug", ["Four", "../four", "", "f" * 81, "four meetings"])
def test_address_that_is_none_is_refused(run, file, slug):
    assert run("event", "import-b2b", file, "--event", slug).exit_code == 2
    assert count(Event) == 0


def test_file_that_is_not_there_is_refused(run, tmp_path):
    assert run("event", "import-b2b", tmp_path / "none.dzn", "--event", "four").exit_code == 2


def test_meetings_of_an_unknown_event_are_refused(run):
    result = run("export", "meetings", "--event", "nowhere")

    assert result.exit_code == 1
    assert result.output.startswith("Error:")


def test_records_tell_what_was_booked_moved_and_cancelled(app, make, run):
    here = market(make, make.organiser())
    one, by = here.projects[0], user_of(here.projects[0])
    kept = self_booking.book(here.event.slug, one.uid, here.funders[0].uid, here.slots[0].uid, by)
    ended = self_booking.book(here.event.slug, one.uid, here.funders[1].uid, here.slots[1].uid, by)
    self_booking.move(kept.uid, here.slots[2].uid, by)
    self_booking.cancel(ended.uid, "Illness", by)
    expected = {
        kept.uid: ("scheduled", here.slots[2].starts_at.isoformat(), 1),
        ended.uid: ("cancelled", here.slots[1].starts_at.isoformat(), 1),
    }

    meetings = [json.loads(line) for line in run("export", "meetings", "--event", here.event.slug).output.splitlines()]
    letters = [json.loads(line) for line in run("export", "outbox").output.splitlines()]

    assert {one["id"]: (one["state"], one["start"], one["sequence"]) for one in meetings} == expected
    assert {one["about"] for one in letters} == set(expected)
    assert sorted(one["kind"] for one in letters) == sorted(
        2 * ["meeting.made", "meeting.made", "meeting.moved", "meeting.cancelled"]
    )
    assert {one["state"] for one in letters} == {"queued"}


def test_letters_about_requests_say_which(app, make, run):
    here = market(make, make.organiser(), rule=BookingRule.REQUEST)
    side = here.projects[0]
    asked = requests.send(here.event.slug, side.uid, here.funders[0].uid, "We would fit.", user_of(side))
    requests.decline(asked.uid, user_of(here.funders[0]), "Not now")

    told = [json.loads(line) for line in run("export", "outbox").output.splitlines()]

    assert [(one["kind"], one["about"]) for one in told] == [
        ("meeting.requested", asked.uid),
        ("meeting.request_declined", asked.uid),
    ]
