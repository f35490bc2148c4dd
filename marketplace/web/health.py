"""Whether the process lives, and whether it can do its work."""

from functools import lru_cache

from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Blueprint, Flask, Response, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from marketplace.config import ROOT
from marketplace.database import session
from marketplace.web.access import PUBLIC, access

room = Blueprint("health", __name__)


def register(app: Flask) -> None:
    """Publish /healthz and /readyz."""
    app.register_blueprint(room)


@room.get("/healthz")
@access(PUBLIC)
def healthz() -> Response:
    """Answer as long as the process lives."""
    return jsonify(status="ok")


@room.get("/readyz")
@access(PUBLIC)
def readyz() -> tuple[Response, int]:
    """Answer 200 when the database is there and its migrations are those of this code, else 503 with the reason."""
    try:
        found = session().scalar(text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError:
        session().rollback()
        return jsonify(status="unavailable", reason="database"), 503
    if found != newest_migration():
        return jsonify(status="unavailable", reason="migrations"), 503
    return jsonify(status="ok"), 200


@lru_cache(maxsize=1)
def newest_migration() -> str | None:
    """Return the id of the newest migration of this code."""
    configuration = Config()
    configuration.set_main_option("script_location", str(ROOT / "migrations"))
    return ScriptDirectory.from_config(configuration).get_current_head()
