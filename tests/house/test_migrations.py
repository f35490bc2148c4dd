"""Migrations build exactly what the models say, on both databases, and can be taken back."""

from datetime import UTC, datetime

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import CheckConstraint, inspect, select, text

from marketplace.database import db, session
from marketplace.models import Base, Event, EventState, Fit, RoleAssignment
from marketplace.services import migrations


def test_migrations_from_empty_leave_no_difference_to_the_models(app):
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        difference = compare_metadata(context, Base.metadata)

    assert difference == []
    assert migrations.applied() == migrations.newest()


def test_check_constraints_of_the_models_are_in_the_database(app):
    inspector = inspect(db.engine)

    expected = {
        (table.name, db.engine.dialect.identifier_preparer.format_constraint(constraint))
        for table in Base.metadata.sorted_tables
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    found = {
        (table.name, check["name"])
        for table in Base.metadata.sorted_tables
        for check in inspector.get_check_constraints(table.name)
    }

    assert found == expected


def test_migrations_can_be_taken_back_and_applied_again(app):
    downgrade(directory=migrations.FOLDER, revision="base")
    tables = inspect(db.engine).get_table_names()
    upgrade(directory=migrations.FOLDER)

    assert tables == ["alembic_version"]
    assert migrations.applied() == migrations.newest()


def test_events_stored_before_0002_keep_everything_and_get_what_is_new(app):
    """C06: with rows, and rows of other tables that refer to them."""
    downgrade(directory=migrations.FOLDER, revision="0001")
    at = "2026-01-01 00:00:00"
    with db.engine.connect().execution_options(writes=True) as connection, connection.begin():
        for table, values in (
            (
                "app_user",
                "1, 'u', 'active', 'a@example.org', 'a@example.org', 'Ana', '', 'es', 'UTC', '[]', 0, :at, false",
            ),
            (
                "event",
                "7, 'e', 'dialogue', :titles, '{}', 'America/Sao_Paulo', '2024-06-18', '2024-06-19', 'x', :at, false",
            ),
            ("role_assignment", "1, 1, 'organiser', 7, :at"),
        ):
            statement = text(f"INSERT INTO {table} ({COLUMNS[table]}) VALUES ({values})")
            known = {name: value for name, value in {"at": at, "titles": TITLES}.items() if f":{name}" in values}
            connection.execute(statement, known)

    upgrade(directory=migrations.FOLDER)

    event = session().scalar(select(Event))
    grant = session().scalar(select(RoleAssignment))
    assert (event.slug, event.titles, event.source) == ("dialogue", {"en": "Dialogue"}, "x")
    assert (event.starts_at, event.ends_at) == (
        datetime(2024, 6, 18, 12, tzinfo=UTC),
        datetime(2024, 6, 19, 21, tzinfo=UTC),
    )
    assert (event.state, event.revision, event.calendar_sequence) == (EventState.PUBLISHED, 1, 0)
    assert event.calendar_uid.endswith("@localhost")
    assert (grant.event_id, grant.user_id, grant.event.slug) == (7, 1, "dialogue")
    if db.engine.dialect.name == "sqlite":
        assert session().connection().exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    session().rollback()


def test_pairs_stored_before_0008_keep_everything(make, app):
    project, bank = make.published(make.city()), make.organisation()
    make.fit(project, bank, score=74.5, confidence=0.8, preference=None, mutual=61.2, failed=0, unknown=8)
    columns = ", ".join(Fit.__table__.columns.keys())
    with db.engine.connect() as connection:
        before = connection.execute(text(f"SELECT {columns} FROM fit")).all()
    session().close()

    downgrade(directory=migrations.FOLDER, revision="0006")
    with db.engine.connect() as connection:
        old = connection.execute(text(f"SELECT id, {columns} FROM fit")).all()
    upgrade(directory=migrations.FOLDER)

    with db.engine.connect() as connection:
        assert connection.execute(text(f"SELECT {columns} FROM fit")).all() == before
    assert old == [(1, *before[0])]


TITLES = '{"en": "Dialogue"}'
COLUMNS = {
    "app_user": "id, uid, state, email, email_key, name, search_text, locale, timezone, spoken_languages, "
    "totp_last_step, created_at, is_illustrative",
    "event": "id, uid, slug, titles, places, timezone, starts_on, ends_on, source, created_at, is_illustrative",
    "role_assignment": "id, user_id, role, event_id, granted_at",
}
