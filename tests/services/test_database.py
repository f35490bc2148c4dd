from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Event

import pytest
from psycopg.pq import TransactionStatus
from sqlalchemy import event, select, text
from sqlalchemy.exc import InternalError, NotSupportedError, OperationalError, StatementError

from marketplace import clock
from marketplace.database import WriteOutsideTransaction, atomic, db, lock, put, put_new, session
from marketplace.errors import Unavailable
from marketplace.models import InstallationFact, Letter, LetterState

ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def facts() -> list[str]:
    return list(session().scalars(select(InstallationFact.name).order_by(InstallationFact.name)))


def test_atomic_commits_everything_or_nothing(app):
    with atomic() as current:
        current.add(InstallationFact(name="kept", value="1"))
    with pytest.raises(ZeroDivisionError), atomic() as current:
        current.add(InstallationFact(name="lost", value="1"))
        current.flush()
        raise ZeroDivisionError

    assert facts() == ["kept"]


def test_inner_atomic_joins_the_outer(app):
    with pytest.raises(ZeroDivisionError), atomic():
        with atomic() as current:
            current.add(InstallationFact(name="inner", value="1"))
        raise ZeroDivisionError

    assert facts() == []


def test_object_changed_outside_atomic_is_refused(app):
    session().add(InstallationFact(name="stray", value="1"))

    with pytest.raises(WriteOutsideTransaction):
        session().commit()
    session().rollback()


def test_statement_outside_atomic_is_refused(app):
    with pytest.raises(WriteOutsideTransaction):
        session().execute(InstallationFact.__table__.delete())
    session().rollback()


@ON_POSTGRESQL
def test_postgresql_refuses_what_is_written_past_the_session(app):
    with pytest.raises(InternalError, match="read-only transaction"):
        session().connection().execute(text("DELETE FROM installation_fact"))
    session().rollback()


@ON_POSTGRESQL
def test_reading_opens_no_transaction_and_writing_does(app):
    """Decision 0009."""
    driver = session().connection().connection.dbapi_connection
    facts()
    reading = driver.info.transaction_status
    with atomic() as current:
        facts()
        writing = current.connection().connection.dbapi_connection.info.transaction_status
    facts()

    assert (reading, writing) == (TransactionStatus.IDLE, TransactionStatus.INTRANS)
    assert session().connection().connection.dbapi_connection.info.transaction_status is TransactionStatus.IDLE


def test_standby_is_a_named_refusal(app):
    """C04: a server that only follows another refuses the very beginning of a transaction that writes."""

    class Standby(Exception):
        sqlstate = "0A000"

    refusal = Standby("cannot set transaction read-write mode during recovery")
    with pytest.raises(Unavailable), atomic():
        raise NotSupportedError("BEGIN READ WRITE", {}, refusal)


@ON_POSTGRESQL
def test_postgresql_keeps_what_it_prepared_over_the_end_of_a_request(app):
    for _ in range(3):
        facts()
        session().rollback()
    prepared = session().scalars(text("SELECT statement FROM pg_prepared_statements")).all()

    assert [statement for statement in prepared if "FROM installation_fact ORDER BY" in statement]


def test_ids_are_known_in_a_transaction_without_reading_again(app):
    with atomic() as current:
        current.add(InstallationFact(name="known", value="1"))
    fact = session().scalar(select(InstallationFact))
    identity = fact.id
    statements: list[str] = []

    def note(_connection, _cursor, statement, *_):
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    with atomic():
        again = fact.id
    event.remove(db.engine, "before_cursor_execute", note)

    assert again == identity
    assert not [statement for statement in statements if "SELECT" in statement]


def test_lock_outside_atomic_is_refused(app):
    with pytest.raises(WriteOutsideTransaction):
        lock(InstallationFact, 1)


def test_lock_reads_the_row_as_it_is_now(app):
    with atomic() as current:
        current.add(InstallationFact(name="seen", value="old"))
    fact = session().scalar(select(InstallationFact))

    with atomic() as current:
        current.connection().execute(InstallationFact.__table__.update().values(value="new"))
        (found,) = lock(InstallationFact, fact.id, 999_999)

        assert found.value == "new"


def test_moment_without_zone_is_refused(app, make):
    with pytest.raises(StatementError, match="needs its time zone"):
        make.event(created_at=datetime(2026, 1, 1))


def test_waiting_too_long_for_the_lock_is_a_named_refusal(app):
    """B11: a writer that cannot have the lock hears so; it does not crash."""
    with pytest.raises(Unavailable), atomic():
        raise OperationalError("UPDATE", {}, Exception("database is locked"))


def test_new_object_is_written_by_one_statement_and_known_without_another(app, count_queries):
    with atomic(), count_queries() as statements:
        (letter,) = put_new(Letter(kind="x", recipient="ana@example.org", locale="es", queued_at=clock.now()))
        found = (letter.state, letter.user_id, letter.attempts, letter.context, letter.sent_at)
        same = session().get(Letter, letter.id)
        letter.attempts = 3

    assert len(statements) == 1
    assert found == (LetterState.QUEUED, None, 0, {}, None)
    assert same is letter
    assert session().scalars(select(Letter.attempts)).all() == [3]


def test_new_objects_written_together_know_which_of_them_they_are(app, count_queries):
    names = [f"person{number}@example.org" for number in range(40)]
    with atomic(), count_queries() as statements:
        letters = put_new(*(Letter(kind="x", recipient=name, locale="es", queued_at=clock.now()) for name in names))
        letters[7].attempts = 3

    assert len(statements) == (1 if db.engine.dialect.name == "postgresql" else 40)
    session().expire_all()
    assert [letter.recipient for letter in letters] == names
    assert letters[7].attempts == 3
    assert len({letter.uid for letter in letters}) == 40


def test_new_object_outside_a_transaction_is_a_bug(app):
    with pytest.raises(WriteOutsideTransaction):
        put_new(Letter(kind="x", recipient="ana@example.org", locale="es", queued_at=clock.now()))


def test_threads_of_one_process_write_one_after_the_other(app, monkeypatch):
    """Whoever waits for another thread goes on as soon as that has written, and is told where it takes too long."""
    begun, go = Event(), Event()

    def write(name):
        with app.app_context(), atomic():
            begun.set()
            go.wait(10)
            put(Letter, {"kind": name, "recipient": "ana@example.org", "locale": "es", "queued_at": clock.now()})

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(write, "first")
        begun.wait(10)
        if db.engine.dialect.name == "sqlite":
            with monkeypatch.context() as hasty:
                hasty.setattr("marketplace.database.LOCK_WAIT", 0.05)
                with pytest.raises(Unavailable), atomic():
                    pass
        second = threads.submit(write, "second")
        go.set()
        first.result(10)
        second.result(10)

    assert sorted(session().scalars(select(Letter.kind))) == ["first", "second"]
