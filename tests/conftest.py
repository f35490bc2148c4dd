"""What all tests share: an application on each database, a browser-like client, a clock, and the letters sent."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import time_machine
from flask import Flask, g, has_app_context
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import event, select, text

from marketplace import create_app, i18n
from marketplace.cli.worker import work
from marketplace.config import ROOT, Settings
from marketplace.database import db, session
from marketplace.models import Base, Letter, User
from marketplace.services import audit, installation, sessions
from tests.make import Make

POSTGRESQL = os.environ.get("TEST_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
UPLOADS = Path(tempfile.gettempdir()) / f"marketplace-test-uploads-{os.getpid()}"
"""Where files sent in tests lie, for each process its own; emptied after each test."""
NO_POSTGRESQL = (
    "PostgreSQL was not found: start one on 127.0.0.1:5432 (apt-get install postgresql) "
    "or name one in TEST_DATABASE_URL"
)


def test_settings(database_url: str, **changes: object) -> Settings:
    """Return settings for a test installation."""
    values = {
        "database_url": database_url,
        "secret_key": "a key for tests that is long enough",
        "public_url": "http://localhost",
        "smtp_url": None,
        "build_dir": Path(tempfile.gettempdir()) / "marketplace-test-build",
        "upload_dir": UPLOADS,
        "log_level": "INFO",
        "testing": True,
        **changes,
    }
    return Settings(**values)


test_settings.__test__ = False


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, worker_id: str) -> Iterator[str]:
    """An empty database of each kind, one per test process."""
    if request.param == "sqlite":
        memory = Path("/dev/shm")
        with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
            yield f"sqlite:///{folder}/test.db"
        return
    # Two runs of the suite at once must not drop each other's database.
    with postgresql_database(f"marketplace_test_{os.getpid()}_{worker_id}") as url:
        yield url


@contextmanager
def postgresql_database(name: str) -> Iterator[str]:
    """Create an empty PostgreSQL database and drop it afterwards; skips the test where there is no server."""
    try:
        server = psycopg.connect(POSTGRESQL, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError:
        if os.environ.get("REQUIRE_POSTGRESQL"):
            pytest.fail(NO_POSTGRESQL, pytrace=False)
        pytest.skip(NO_POSTGRESQL)
    with server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        server.execute(f'CREATE DATABASE "{name}"')
        head, _, _ = POSTGRESQL.rpartition("/")
        yield head.replace("postgresql://", "postgresql+psycopg://", 1) + f"/{name}"
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    server.close()


@pytest.fixture(scope="session")
def migrated_app(database_url: str) -> Iterator[Flask]:
    """The application on a database that the migrations built."""
    app = create_app(test_settings(database_url))
    with app.app_context():
        upgrade(directory=str(ROOT / "migrations"))
        session().close()
    yield app
    with app.app_context():
        session().close()
        db.engine.dispose()


@pytest.fixture
def other_app(app: Flask, database_url: str) -> Iterator[Callable[..., Flask]]:
    """Build the application once more on the same database, with other settings: `other_app(metrics_token="x")`."""
    built = []

    def build(**changes: object) -> Flask:
        other = create_app(test_settings(database_url, **changes))
        other.test_client_class = Browser
        built.append(other)
        return other

    yield build
    for other in built:
        with other.app_context():
            db.engine.dispose()


@pytest.fixture
def app(migrated_app: Flask) -> Iterator[Flask]:
    """The application with an empty database and its context; rows a test made are deleted after it."""
    from marketplace import config

    config.use(migrated_app.config["SETTINGS"])
    installation.forget()
    i18n.set_locale("en")
    audit.request_id.set("")
    audit.acting_for_id.set(None)
    with migrated_app.app_context():
        yield migrated_app
        empty_database()
    shutil.rmtree(UPLOADS, ignore_errors=True)


def empty_database() -> None:
    """Delete every row, of the tables that have any: a TRUNCATE of all of them takes longer than most tests."""
    session().rollback()
    session().close()
    tables = [table for table in Base.metadata.sorted_tables if table.name != "alembic_version"]
    with db.engine.connect().execution_options(writes=True) as connection, connection.begin():
        filled = set(
            connection.scalars(
                text(
                    " UNION ALL ".join(
                        f"SELECT '{table.name}' WHERE EXISTS (SELECT 1 FROM \"{table.name}\")" for table in tables
                    )
                )
            )
        )
        for table in reversed(tables):
            if table.name in filled:
                connection.execute(table.delete())
        if connection.dialect.name == "postgresql" and filled - {"fit"}:
            counted = sorted(table.name for table in tables if table.name in filled and "id" in table.columns)
            sequences = (f"setval(pg_get_serial_sequence('{name}', 'id'), 1, false)" for name in counted)
            connection.execute(text("SELECT " + ", ".join(sequences)))
    installation.forget()


class Browser(FlaskClient):
    """A client that tells where a request comes from, as browsers do."""

    def open(self, *args: object, **kwargs: object) -> object:
        headers = dict(kwargs.pop("headers", None) or {})
        headers.setdefault("Sec-Fetch-Site", "same-origin")
        kwargs["headers"] = {name: value for name, value in headers.items() if value is not None}
        # Requests of a test share its application context; on a server each begins with an empty one.
        for name in list(g) if has_app_context() else ():
            g.pop(name)
        return super().open(*args, **kwargs)


@pytest.fixture
def new_client(app: Flask) -> Callable[[], Browser]:
    """Make browsers that share nothing."""
    app.test_client_class = Browser
    return lambda: app.test_client()


@pytest.fixture
def client(new_client: Callable[[], Browser]) -> Browser:
    """A browser in which nobody is signed in."""
    return new_client()


@pytest.fixture
def login_as(new_client: Callable[[], Browser]) -> Callable[[User], Browser]:
    """Return a browser in which the given person is signed in."""

    def login(user: User, *, with_second_factor: bool = True) -> Browser:
        browser = new_client()
        token = sessions.begin(user, browser="", network="127.0.0.1", with_second_factor=with_second_factor)
        with browser.session_transaction() as cookie:
            cookie["_user_id"] = token
        return browser

    return login


@pytest.fixture
def make(app: Flask) -> Make:
    """Builders of nouns with sensible values."""
    return Make()


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Stop the time at noon UTC on 2 March 2026; `clock.shift(...)` and `clock.move_to(...)` move it."""
    with time_machine.travel(datetime(2026, 3, 2, 12, tzinfo=UTC), tick=False) as traveller:
        yield traveller


@pytest.fixture
def deliver(app: Flask) -> Callable[[], list[Letter]]:
    """Do all background work that is due and return every letter written so far, oldest first."""

    def run() -> list[Letter]:
        while work(app):
            pass
        return list(session().scalars(select(Letter).order_by(Letter.id)))

    return run


@pytest.fixture
def count_queries(app: Flask) -> Callable[[], object]:
    """Count the statements sent inside a block: `with count_queries() as statements: ...; len(statements)`."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        statements: list[str] = []

        def note(_connection, _cursor, statement, *_rest) -> None:
            if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
                statements.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            yield statements
        finally:
            event.remove(db.engine, "before_cursor_execute", note)

    return counting
