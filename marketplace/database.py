"""The session, the transaction and the lock: the same promises on SQLite and PostgreSQL.

Reading needs nothing. Writing happens inside `with atomic():` and nowhere else; the block commits as a whole, an inner
block joins the outer one. On SQLite a writing transaction begins with BEGIN IMMEDIATE (a deferred one that reads first
and writes later is refused or oversells), while readers use WAL snapshots and never queue behind a writer.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, Executable, event, insert, inspect, make_url, select
from sqlalchemy import Row as AnyRow
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.orm import ORMExecuteState, Session, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.pool import ConnectionPoolEntry

from marketplace.errors import Unavailable
from marketplace.models.base import Base

LOCK_WAIT = 5
"""Seconds a writer waits for another before the reader is told that the service is busy."""

RESTED = 1.0
"""Seconds after which a connection of the pool is asked whether its server is still there."""

db: Any = SQLAlchemy(model_class=Base, disable_autonaming=True)

Row = TypeVar("Row", bound=Base)


class WriteOutsideTransaction(RuntimeError):
    """A bug: something was written without `atomic()`."""


def session() -> Session:
    """Return the session of this request or task."""
    current: Session = db.session()
    return current


@contextmanager
def atomic() -> Iterator[Session]:
    """Run the block in one writing transaction: all of it is committed, or nothing.

    What was read before is read again inside, so a decision never rests on an older snapshot. Raises `Unavailable`
    when the database stays locked or cannot be reached.
    """
    current = session()
    if current.info.get("atomic"):
        yield current
        return
    if current.in_transaction():
        current.rollback()
        _keep_ids(current)
    with _turn():
        current.info["atomic"] = True
        try:
            current.info["connection"] = current.connection(execution_options={"writes": True})
            yield current
            current.commit()
        except DBAPIError as error:
            current.rollback()
            if is_transient(error):
                raise Unavailable from error
            raise
        except BaseException:
            current.rollback()
            raise
        finally:
            current.info["atomic"] = False
            current.info.pop("connection", None)


@contextmanager
def _turn() -> Iterator[None]:
    """Wait until no other thread of this process writes, where only one can.

    SQLite makes whoever finds it locked sleep, up to a tenth of a second at a time, while the lock is free again; only
    those of other processes need to wait in that way.
    """
    if db.engine.dialect.name != "sqlite":
        yield
        return
    if not _writer.acquire(timeout=LOCK_WAIT):
        raise Unavailable
    try:
        yield
    finally:
        _writer.release()


_writer = Lock()


def rows(statement: Executable, values: dict[str, Any] | None = None) -> Sequence[AnyRow[*tuple[Any, ...]]]:
    """Read plain rows of columns in the session's transaction, with what was changed in it, and make no objects."""
    current = session()
    current.flush()
    return _connection(current).execute(statement, values).all()


def _connection(current: Session) -> Connection:
    # Inside `atomic()` it is known already; to ask the session again takes as long as a small statement.
    found: Connection | None = current.info.get("connection")
    return found if found is not None else current.connection()


def put(model: type[Base], *rows: dict[str, Any]) -> None:
    """Write rows that nobody needs as objects, by one statement; all of them name the same columns.

    Joins the caller's transaction; ids they name must be written.
    """
    current = session()
    if not current.info.get("atomic"):
        raise WriteOutsideTransaction("put() is only possible inside atomic()")
    if rows:
        _connection(current).execute(_insert(model), list(rows))


def put_new(*new: Row) -> list[Row]:
    """Write new objects of one kind by one statement (on SQLite one each), and return them as the session's own.

    Only their columns are looked at, so nothing may be related to them yet. What a session does to find out which
    objects belong together, and which of them is written first, takes several times as long as the statement.
    """
    current = session()
    if not current.info.get("atomic"):
        raise WriteOutsideTransaction("put_new() is only possible inside atomic()")
    model, connection = type(new[0]), _connection(current)
    told = [{column.key: _told(one, column) for column in model.__table__.columns if column.key != "id"} for one in new]
    for one, values in zip(new, told, strict=True):
        vars(one).update(values)
    identities: Any
    if len(new) == 1:
        # The driver of SQLite knows the id of a single row without asking for it.
        identities = connection.execute(_insert(model), told[0]).inserted_primary_key
    else:
        identities = connection.execute(_insert_in_order(model), told).scalars().all()
    for one, identity in zip(new, identities, strict=True):
        vars(one)["id"] = identity
        make_transient_to_detached(one)
        current.add(one)
    return list(new)


def _told(one: Base, column: Any) -> Any:
    """Return what an object says of a column, or else what is written where nothing is said."""
    value = vars(one).get(column.key)
    if value is not None or column.default is None:
        return value
    return column.default.arg(None) if column.default.is_callable else column.default.arg


# Put together once for each table: that takes longer than sending them.
@cache
def _insert(model: type[Base]) -> Any:
    return insert(model.__table__)  # type: ignore[arg-type]


@cache
def _insert_in_order(model: type[Base]) -> Any:
    return _insert(model).returning(model.__table__.c.id, sort_by_parameter_order=True)


def _keep_ids(current: Session) -> None:
    """Leave everything that was read its id: ids never change, and often they are all that an act needs to know."""
    for one in current.identity_map.values():
        state = inspect(one)
        if state.key is not None and state.mapper.has_property("id"):
            set_committed_value(one, "id", state.key[1][0])


def glance(statement: Executable, values: dict[str, Any] | None = None) -> AnyRow[*tuple[Any, ...]] | None:
    """Read one row as it is committed at this moment, beside the session and without a transaction of its own.

    For the cheap look that decides whether something made earlier is still right; never read before writing with it.
    """
    with db.engine.connect().execution_options(glances=True) as connection:
        found: AnyRow[*tuple[Any, ...]] | None = connection.execute(statement, values).first()
        return found


def lock(model: type[Row], *identities: int) -> list[Row]:
    """Lock rows until the transaction ends and return them as they are now, in the order of their ids.

    Always lock a row that exists (the event, the person, the slot), before counting what must not run out. SQLite has
    one writer at a time, so there the rows are simply read again. Rows that do not exist are left out.
    """
    current = session()
    if not current.info.get("atomic"):
        raise WriteOutsideTransaction("lock() is only of use inside atomic()")
    statement = (
        select(model)
        .where(model.id.in_(identities))
        .order_by(model.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(current.scalars(statement))


def is_transient(error: DBAPIError) -> bool:
    """Tell whether the same statement may succeed later: lock waits, deadlocks, lost or read-only databases."""
    state, words = getattr(error.orig, "sqlstate", None), str(error.orig).lower()
    if state is not None:
        is_standby = state == "0A000" and "recovery" in words
        return state[:2] in {"08", "53", "57"} or state in {"40001", "40P01", "55P03", "25006"} or is_standby
    return error.connection_invalidated or any(
        hint in words
        for hint in ("locked", "busy", "readonly", "disk is full", "disk i/o", "unable to open", "connection", "server")
    )


@event.listens_for(Session, "before_flush")
def _refuse_stray_flush(current: Session, *_: object) -> None:
    if not current.info.get("atomic") and (current.new or current.dirty or current.deleted):
        raise WriteOutsideTransaction("objects were changed outside atomic()")


@event.listens_for(Session, "do_orm_execute")
def _refuse_stray_statement(state: ORMExecuteState) -> None:
    if (state.is_insert or state.is_update or state.is_delete) and not state.session.info.get("atomic"):
        raise WriteOutsideTransaction("a writing statement was sent outside atomic()")


def engine_options(url: str) -> dict[str, Any]:
    """Return the engine options for a database URL; makes the folder of an SQLite file."""
    if url.startswith("sqlite"):
        path = make_url(url).database
        if path and path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        return {}
    # The connection used last is used next: it has prepared what is asked again and again.
    return {"pool_size": 10, "max_overflow": 10, "pool_timeout": LOCK_WAIT, "pool_use_lifo": True}


def prepare_engine(engine: Engine) -> None:
    """Give an engine the manners described at the top of this file."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _connect_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        # Many rows are one statement and one answer, not one for each row.
        engine.dialect.use_insertmanyvalues_wo_returning = True
        event.listen(engine, "connect", _connect_postgresql)
        event.listen(engine, "begin", _begin_postgresql)
        event.listen(engine, "checkin", _note_return)
        event.listen(engine, "checkout", partial(_check_rested, engine))


def _note_return(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["returned"] = time.monotonic()


def _check_rested(engine: Engine, connection: DBAPIConnection, record: ConnectionPoolEntry, _: object) -> None:
    """Replace a connection that died with its server instead of showing a reader the error.

    Only one that has rested is asked; to ask before every transaction would cost a tenth of a booking.
    """
    if time.monotonic() - record.info.get("returned", 0.0) < RESTED:
        return
    try:
        is_alive = engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error:
        is_alive = False
    if not is_alive:
        raise DisconnectionError


def _connect_sqlite(connection: Any, _: object) -> None:
    # The driver must not open transactions by itself: it would do so too late.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        # An acknowledged booking survives a power cut; NORMAL could lose the last ones.
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={LOCK_WAIT * 1000}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("glances"):
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")


def _connect_postgresql(connection: Any, _: object) -> None:
    # What is asked once stays unprepared, and so much is kept at most: every plan takes memory of the server.
    connection.prepared_max, connection.prepare_threshold = 300, 1
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{LOCK_WAIT}s'")
        cursor.execute("SET statement_timeout = '30s'")
        cursor.execute("SET idle_in_transaction_session_timeout = '60s'")
        # Whatever is not in a transaction of `atomic()` is refused by the server itself; one that takes nothing at all,
        # because it was told so, is left as it is.
        cursor.execute("SHOW default_transaction_read_only")
        is_closed = cursor.fetchone() == ("on",)
        cursor.execute("SET default_transaction_read_only = on")
    connection.commit()
    connection.read_only = is_closed


def _begin_postgresql(connection: Connection) -> None:
    # Reading needs no transaction: each statement sees what is committed when it begins, as it would within one.
    driver: Any = connection.connection.dbapi_connection
    is_reading = not connection.get_execution_options().get("writes")
    if driver.autocommit is not is_reading:
        driver.autocommit = is_reading
