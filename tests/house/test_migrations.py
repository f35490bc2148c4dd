"""Migrations build exactly what the models say, on both databases, and can be taken back."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import CheckConstraint, inspect

from marketplace.database import db
from marketplace.models import Base
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
