"""The pages: rooms by audience over one gate, one set of headers, one look."""

from flask import Flask

from marketplace.web import (
    access,
    assets,
    compression,
    csrf,
    errors,
    health,
    kept,
    language,
    metrics,
    presentation,
    request_log,
    rooms,
    security,
    signed_in,
)


def register(app: Flask) -> None:
    """Put the web on the application. Order matters: what is registered first looks at a request first.

    Static files and kept answers come first of all, so that the headers are wrapped around them too.
    """
    assets.register(app)
    kept.register(app)
    compression.register(app)
    security.register(app)
    request_log.register(app)
    metrics.register(app)
    language.register(app)
    signed_in.register(app)
    csrf.register(app)
    access.register(app)
    errors.register(app)
    presentation.register(app)
    health.register(app)
    rooms.register(app)
    access.refuse_undeclared(app)
