from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError, StatementError

from marketplace.database import WriteOutsideTransaction, atomic, lock, session
from marketplace.errors import Unavailable
from marketplace.models import InstallationFact


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
