"""Whether the database has the shape this code expects."""

from functools import lru_cache

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from marketplace.config import ROOT
from marketplace.database import session

FOLDER = str(ROOT / "migrations")


@lru_cache(maxsize=1)
def newest() -> str | None:
    """Return the id of the newest migration of this code."""
    configuration = Config()
    configuration.set_main_option("script_location", FOLDER)
    return ScriptDirectory.from_config(configuration).get_current_head()


def applied() -> str | None:
    """Return the id of the last migration the database has seen; None for a database that has seen none."""
    connection = session().connection()
    found = None
    if inspect(connection).has_table("alembic_version"):
        found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    session().rollback()
    return str(found) if found else None
