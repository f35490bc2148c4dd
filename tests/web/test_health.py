from contextlib import contextmanager
from functools import partial

import psycopg
import pytest
from sqlalchemy import event, text

from marketplace import create_app
from marketplace.database import db, session
from marketplace.services import migrations
from tests.conftest import POSTGRESQL, Browser, test_settings


def test_alive_and_ready(client):
    assert client.get("/healthz").json == {"status": "ok"}
    assert client.get("/readyz").json == {"status": "ok"}


def test_not_ready_while_migrations_are_missing(app, client):
    with db.engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    try:
        answer = client.get("/readyz")
    finally:
        with db.engine.connect().execution_options(writes=True) as connection, connection.begin():
            connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": migrations.newest()})

    assert (answer.status_code, answer.json["reason"]) == (503, "migrations")


@pytest.mark.parametrize(
    "database_url", ["postgresql+psycopg://postgres@127.0.0.1:1/nowhere", "sqlite:////nowhere/at/all.db"]
)
def test_lost_database_is_a_clean_503(database_url, monkeypatch):
    """C04: pages say so in a page of ours, and only that."""
    if database_url.startswith("sqlite"):
        # The folder is made at start; a database whose folder went away is what is wanted here.
        monkeypatch.setattr("pathlib.Path.mkdir", lambda *_, **__: None)
    lost = create_app(test_settings(database_url))
    lost.test_client_class = Browser
    client = lost.test_client()

    ready, page = client.get("/readyz"), client.get("/cities")

    assert (ready.status_code, ready.json) == (503, {"status": "unavailable", "reason": "database"})
    assert page.status_code == 503
    assert page.headers["Retry-After"] == "5"
    assert "Busy at the moment" in page.get_data(as_text=True)
    assert "Traceback" not in page.get_data(as_text=True)


@contextmanager
def read_only():
    """Let the database refuse every write, as its keeper would have it."""
    engine = db.engine
    if engine.dialect.name == "sqlite":

        def refuse_writes(connection, *_):
            connection.execute("PRAGMA query_only=ON")

        event.listen(engine, "connect", refuse_writes)
        end = partial(event.remove, engine, "connect", refuse_writes)
    else:
        server = psycopg.connect(POSTGRESQL, autocommit=True)
        name = f'"{engine.url.database}"'
        server.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")

        def end():
            with server:
                server.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")

    session().close()
    engine.dispose()
    try:
        yield
    finally:
        end()
        session().close()
        engine.dispose()


def test_read_only_database_answers_503_and_recovers(app, client):
    """C04"""
    with read_only():
        refused = client.post("/register", data=REGISTRATION)
        shown = client.get("/register")
    accepted = client.post("/register", data=REGISTRATION)

    assert shown.status_code == 200
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert accepted.status_code == 303


REGISTRATION = {"name": "Ana", "email": "ana@example.org", "locale": "en", "timezone": "UTC", "terms": "y"}
