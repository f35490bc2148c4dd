"""How migrations meet the database: the application's engine, one transaction per migration, on both databases."""

from contextlib import contextmanager

from alembic import context
from flask import current_app
from sqlalchemy import JSON

from marketplace.models import Base
from marketplace.models.base import Exact, Moment


def render_item(kind, item, autogen_context):
    """Write our own column types in migrations as what they are in the database."""
    if kind == "type" and isinstance(item, Moment):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Exact):
        return "sa.String(length=40)"
    if kind == "type" and isinstance(item, JSON):
        return "sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')"
    return False


def leave_empty_out(context_, revision, directives):
    """Write no migration where nothing has changed."""
    if getattr(context.config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives[:] = []


@contextmanager
def unchecked_references(connection):
    """Let SQLite rebuild tables that others refer to: it drops the old one, and would refuse (or empty the others).

    The pragma has no effect inside a transaction, so the driver's connection is told before one begins. Afterwards
    every reference is looked at.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
        broken = driver.execute("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise RuntimeError(f"rows refer to rows that do not exist: {broken[:5]}")
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def run() -> None:
    """Run the migrations with the application's own connection."""
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect().execution_options(writes=True) as connection, unchecked_references(connection):
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_item=render_item,
            process_revision_directives=leave_empty_out,
            # An interrupted upgrade leaves the last whole migration, on SQLite as well.
            transaction_per_migration=True,
            transactional_ddl=True,
            **current_app.extensions["migrate"].configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
