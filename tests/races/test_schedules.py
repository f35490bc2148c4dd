"""B03, C01: publication beside bookings, cancellations beside bookings, and processes killed in the middle of both."""

import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from marketplace import create_app
from marketplace.database import db, session
from marketplace.models import (
    BookingRule,
    Hold,
    Meeting,
    MeetingSource,
    MeetingState,
    PartyRole,
    Publication,
    Schedule,
    ScheduleKind,
    ScheduleState,
)
from marketplace.services import jobs
from marketplace.services.meetings import self_booking, setup
from marketplace.services.meetings.scheduling import publishing, runs
from tests.conftest import test_settings
from tests.meetings import audit, market, user_of
from tests.races.actors import PROCESSES, together
from tests.races.test_kill import let_leases_expire, start_worker
from tests.races.test_meetings import book_share, person, tried


def drafted(place, by) -> str:
    """Let the engine make a draft in this process; returns its uid."""
    uid = runs.start(place.event.slug, ScheduleKind.SOLVE, by, seconds=2).uid
    runs.perform(jobs.Run(0, 1, {"schedule": uid}))
    return uid


def every_wish(place) -> list[tuple[int, str, str, str]]:
    wanted = [
        (user_of(one).id, one.uid, other.uid, slot.uid)
        for one in place.projects
        for other in place.funders
        for slot in place.slots
    ]
    random.Random(3).shuffle(wanted)
    return wanted


def publish_or_book(number: int, slug: str, uid: str, boss: int, wanted: list[tuple[int, str, str, str]]) -> str:
    """The first process publishes a draft; the others book, after as long as each of them takes."""
    if number:
        return book_share(number, slug, wanted)
    time.sleep(random.random() / 20)
    return tried("published", publishing.publish, slug, uid, person(boss))


@pytest.mark.parametrize("attempt", range(3))
def test_publication_beside_bookings_is_whole_or_stale(app, make, database_url, attempt):
    boss = make.organiser()
    place = market(make, boss, projects=6, funders=5, tables=4, hours=2)
    uid = drafted(place, boss)

    answers = together(
        database_url, publish_or_book, place.event.slug, uid, boss.id, every_wish(place)[: 20 * PROCESSES]
    )

    session().expire_all()
    planned = session().scalar(
        select(func.count(Meeting.id)).where(
            Meeting.source == MeetingSource.ENGINE, Meeting.state == MeetingState.SCHEDULED
        )
    )
    state = session().scalar(select(Schedule.state).where(Schedule.uid == uid))
    assert not [word for word in answers if word.startswith("error") or word == "Unavailable"], answers
    assert answers["published"] + answers["StaleDraft"] == 1
    if answers["published"]:
        assert (state, setup.of(place.event.id).publication) == (ScheduleState.PUBLISHED, Publication.FINAL)
        assert planned > 0
    else:
        assert (state, planned) == (ScheduleState.DRAFT, 0)
    assert audit() == []


def cancel_or_book(number: int, slug: str, mine: list[tuple[int, str]], wanted: list[tuple[int, str, str, str]]) -> str:
    """Half of the processes cancel what there is while the other half books, again and again, what is full."""
    if number % 2:
        return " ".join(
            tried("cancelled", self_booking.cancel, uid, "race", person(user)) for user, uid in mine[number // 2 :: 2]
        )
    half = wanted[number // 2 :: 2]
    return " ".join(
        tried("booked", self_booking.book, slug, party, other, slot, person(user)) for user, party, other, slot in half
    )


def test_what_is_cancelled_can_be_booked_in_the_same_moment(app, make, database_url):
    place = market(make, make.organiser(), projects=6, funders=6, tables=3, hours=1)
    mine = []
    for slot in place.slots:
        for one, other in zip(place.projects[:3], place.funders[:3], strict=True):
            index = (place.funders.index(other) + place.slots.index(slot)) % 3
            by = user_of(one)
            made = self_booking.book(place.event.slug, one.uid, place.funders[index].uid, slot.uid, by)
            mine.append((by.id, made.uid))
    late = [row for row in every_wish(place) if row[1] in {one.uid for one in place.projects[3:]}]

    answers = together(database_url, cancel_or_book, place.event.slug, mine, late)

    session().expire_all()
    assert not [word for word in answers if word.startswith("error") or word == "Unavailable"], answers
    assert answers["cancelled"] == len(mine)
    assert audit() == []
    # Whoever was refused comes again: all three tables of all slots are taken now, so nothing stayed held.
    for user, party, other, slot in late:
        tried("booked", self_booking.book, place.event.slug, party, other, slot, person(user))
    live = session().scalar(select(func.count(Meeting.id)).where(Meeting.state == MeetingState.SCHEDULED))
    assert live == 3 * len(place.slots)
    assert audit() == []


def test_run_whose_worker_is_killed_begins_again_and_ends(app, make, database_url, tmp_path):
    boss = make.organiser()
    limits = dict.fromkeys(PartyRole, (1, 12))
    place = market(make, boss, projects=30, funders=30, tables=12, hours=6, limits=limits)
    run = runs.start(place.event.slug, ScheduleKind.SOLVE, boss, seconds=20)
    uid, url = run.uid, db.engine.url.render_as_string(hide_password=False)

    killed = start_worker(url, "", tmp_path)
    try:
        assert state_of(uid, {ScheduleState.RUNNING, ScheduleState.DRAFT}, 60) is ScheduleState.RUNNING
    finally:
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    let_leases_expire()
    second = start_worker(url, "", tmp_path)
    try:
        ended = state_of(uid, {ScheduleState.DRAFT, ScheduleState.FAILED}, 90)
    finally:
        second.terminate()
        second.wait(30)

    assert ended is ScheduleState.DRAFT
    publishing.publish(place.event.slug, uid, person(boss.id))
    assert session().scalar(select(func.count(Meeting.id))) > 0
    assert audit() == []


def state_of(uid: str, wanted: set[ScheduleState], seconds: float) -> ScheduleState | None:
    """Wait until a run has one of these states; returns it, or None after so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        session().rollback()
        found = session().scalar(select(Schedule.state).where(Schedule.uid == uid))
        if found in wanted:
            session().rollback()
            return found
        time.sleep(0.1)
    return None


def book_and_tell(database_url: str, path: str, slug: str, wanted: list[tuple[int, str, str, str]]) -> None:
    """Book one after the other; each that was acknowledged is written down at once."""
    app = create_app(test_settings(database_url))
    with app.app_context(), Path(path).open("a", encoding="utf-8", buffering=1) as told:
        for user, party, other, slot in wanted:
            if tried("booked", self_booking.book, slug, party, other, slot, person(user)) == "booked":
                told.write(f"{party} {other}\n")
                told.flush()
                os.fsync(told.fileno())


def test_acknowledged_bookings_survive_kill_minus_nine(app, make, database_url, tmp_path):
    place = market(make, make.organiser(), projects=10, funders=8, tables=12, hours=4, rule=BookingRule.AT_ONCE)
    wanted = every_wish(place)
    url = db.engine.url.render_as_string(hide_password=False)
    session().rollback()
    context = multiprocessing.get_context("forkserver")
    files = [tmp_path / f"{number}.txt" for number in range(4)]
    for turn, file in enumerate(files):
        writer = context.Process(target=book_and_tell, args=(url, str(file), place.event.slug, wanted[turn::4]))
        writer.start()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and (not file.exists() or file.read_text().count("\n") < 4):
            time.sleep(0.01)
        time.sleep(random.Random(turn).random() / 30)
        os.kill(writer.pid, signal.SIGKILL)
        writer.join(30)

    session().rollback()
    told = {tuple(line.split()) for file in files for line in file.read_text().splitlines() if len(line.split()) == 2}
    kept = {
        (one.first_party.uid, one.second_party.uid)
        for one in session().scalars(select(Meeting).where(Meeting.state == MeetingState.SCHEDULED))
    }
    assert len(told) >= 16
    assert told <= kept
    # What was not acknowledged is there as a whole or not at all: with its people, holds and letters.
    assert session().scalar(select(func.count(func.distinct(Hold.meeting_id)))) == len(kept)
    assert session().scalar(text("SELECT count(*) FROM letter")) == 2 * len(kept)
    assert audit() == []
