"""Whether the process lives, and whether it can do its work."""

from flask import Blueprint, Flask, Response, jsonify
from sqlalchemy.exc import SQLAlchemyError

from marketplace.database import session
from marketplace.services import migrations
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
        applied = migrations.applied()
    except SQLAlchemyError:
        session().rollback()
        return jsonify(status="unavailable", reason="database"), 503
    if applied != migrations.newest():
        return jsonify(status="unavailable", reason="migrations"), 503
    return jsonify(status="ok"), 200
