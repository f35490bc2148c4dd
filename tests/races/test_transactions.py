"""The lock that everything scarce relies on, tried by real processes; and the proof that without it things go wrong."""

import time
from datetime import timedelta

from sqlalchemy import func, select

from marketplace import clock
from marketplace.database import atomic, db, lock, session
from marketplace.errors import TooManyAttempts
from marketplace.models import Event, InstallationFact, Role, RoleAssignment
from marketplace.services import throttle
from tests.races.actors import PROCESSES, together

SEATS = 30
TRIES = 12


def take_seats(number: int, event_id: int, user_ids: list[int]) -> str:
    """Count under the lock, then take."""
    answers = []
    for user_id in user_ids[number * TRIES : (number + 1) * TRIES]:
        with atomic() as current:
            lock(Event, event_id)
            taken = current.scalar(select(func.count()).select_from(RoleAssignment))
            if taken >= SEATS:
                answers.append("full")
                continue
            current.add(
                RoleAssignment(user_id=user_id, role=Role.INTERPRETER, event_id=event_id, granted_at=clock.now())
            )
            answers.append("taken")
    return " ".join(answers)


def take_seats_carelessly(number: int, event_id: int, user_ids: list[int]) -> str:
    """Count, think, take: what the lock is there to prevent."""
    answers = []
    for user_id in user_ids[number * TRIES : (number + 1) * TRIES]:
        taken = session().scalar(select(func.count()).select_from(RoleAssignment))
        session().rollback()
        if taken >= SEATS:
            answers.append("full")
            continue
        time.sleep(0.01)
        with atomic() as current:
            current.add(
                RoleAssignment(user_id=user_id, role=Role.INTERPRETER, event_id=event_id, granted_at=clock.now())
            )
        answers.append("taken")
    return " ".join(answers)


def test_seats_are_never_sold_twice(app, make, database_url):
    event = make.event()
    people = [make.user().id for _ in range(PROCESSES * TRIES)]

    answers = together(database_url, take_seats, event.id, people)

    assert answers == {"taken": SEATS, "full": PROCESSES * TRIES - SEATS}
    assert session().scalar(select(func.count()).select_from(RoleAssignment)) == SEATS


def test_without_the_lock_it_oversells(app, make, database_url):
    """B07: if this ever passes unsold, the race test above has stopped testing anything."""
    event = make.event()
    people = [make.user().id for _ in range(PROCESSES * TRIES)]

    answers = together(database_url, take_seats_carelessly, event.id, people)

    assert answers["taken"] > SEATS


def knock(number: int, limit: int) -> str:
    """Try one thing ten times."""
    answers = []
    for _ in range(10):
        try:
            throttle.hit("knock", "somebody", limit, timedelta(hours=12))
            answers.append("passed")
        except TooManyAttempts:
            answers.append("refused")
    return " ".join(answers)


def test_limit_holds_across_processes(app, database_url):
    """S03: four processes together pass no more than the limit."""
    answers = together(database_url, knock, 25)

    assert answers == {"passed": 25, "refused": PROCESSES * 10 - 25}


def read_while_writing(number: int) -> str:
    """One process holds the write lock; the others read meanwhile."""
    if number == 0:
        with atomic() as current:
            current.add(InstallationFact(name="slow", value="1"))
            current.flush()
            time.sleep(1.0)
        return "wrote"
    time.sleep(0.2)
    began = time.monotonic()
    seen = session().scalar(select(func.count()).select_from(InstallationFact))
    return "read" if seen == 0 and time.monotonic() - began < 0.7 else "waited"


def test_readers_do_not_queue_behind_a_writer(app, database_url):
    answers = together(database_url, read_while_writing)

    assert answers == {"wrote": 1, "read": PROCESSES - 1}


def test_sqlite_stays_sound(app):
    """C08"""
    if db.engine.dialect.name == "sqlite":
        connection = session().connection()
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        session().rollback()
