"""A page for every refusal and failure, in the reader's language, with an id to quote."""

import structlog
from flask import Flask, Response, current_app, g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, SecurityError

from marketplace import i18n
from marketplace.database import is_transient, session
from marketplace.errors import Refusal, TooManyAttempts, Unavailable
from marketplace.i18n import gettext as _
from marketplace.web import language

log = structlog.get_logger()


def register(app: Flask) -> None:
    """Answer refusals, HTTP errors and bugs."""
    app.register_error_handler(Refusal, _refusal)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _bug)


def page(status: int, title: str, message: str) -> ResponseReturnValue:
    """Return the error page; where even the layout fails (no database), a plain one."""
    try:
        body = render_template("errors/error.html", status=status, title=title, message=message)
    except SQLAlchemyError:
        # The layout asks who is signed in; without a database a page that asks nothing must do.
        session().rollback()
        plain = current_app.jinja_env.get_template("errors/plain.html")
        body = plain.render(
            status=status,
            title=title,
            message=message,
            locale_code=i18n.locale(),
            theme_choice=language.theme(),
            request_id=g.get("request_id", ""),
        )
    return make_response(body, status)


def title_of(status: int) -> str:
    """Name a status in the reader's words."""
    return {
        400: _("The request could not be understood"),
        403: _("Not allowed"),
        404: _("Not found"),
        405: _("This does not work here"),
        409: _("This has changed in the meantime"),
        410: _("No longer valid"),
        413: _("Too large"),
        422: _("This could not be done"),
        429: _("Too many attempts"),
        503: _("Busy at the moment"),
    }.get(status, _("Something went wrong"))


def _refusal(refusal: Refusal) -> ResponseReturnValue:
    session().rollback()
    response = make_response(page(refusal.status, title_of(refusal.status), str(refusal)))
    if isinstance(refusal, TooManyAttempts):
        response.headers["Retry-After"] = str(refusal.retry_after)
    if isinstance(refusal, Unavailable):
        response.headers["Retry-After"] = "5"
    return response


def _csrf(error: CSRFError) -> ResponseReturnValue:
    log.info("csrf_refused", reason=error.description)
    return page(
        400,
        _("Please send the form again"),
        _("The form was open for too long, or it came from another site. Go back, reload the page and send it again."),
    )


def _http(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if isinstance(error, SecurityError):
        # The request came for a host that is not ours: no address of ours can be built, and none is told.
        return Response("Bad Request\n", status, content_type="text/plain")
    if status < 400:
        return error.get_response()
    response = make_response(page(status, title_of(status), _message(status)))
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            response.headers[name] = value
    return response


def _message(status: int) -> str:
    return {
        400: _("Please check the address or go back to the form and try again."),
        404: _("There is nothing at this address, or it is not for you to see."),
        405: _("This address does not take this kind of request."),
        413: _("What you sent is larger than this page accepts."),
    }.get(status, _("Please try again. If it happens again, write to us and quote the number below."))


def _bug(error: Exception) -> ResponseReturnValue:
    if isinstance(error, PoolTimeout) or (isinstance(error, DBAPIError) and is_transient(error)):
        session().rollback()
        log.warning("database_unavailable", kind=type(error).__name__)
        return _refusal(Unavailable())
    session().rollback()
    log.exception("unexpected_error", route=str(request.url_rule), request_id=g.get("request_id"))
    if current_app.config["SETTINGS"].testing and current_app.config.get("PROPAGATE_BUGS", True):
        raise error
    return page(500, title_of(500), _message(500))
