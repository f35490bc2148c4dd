"""Who may enter: every route declares it, and a route that does not keeps the application from starting.

What may be done to one object (this organisation, this letter) is asked of `services.policies` by the services.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.errors import NotAllowed, NotFound
from marketplace.services import installation, policies

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = "public"
SIGNED_IN = "signed_in"
SAMPLE = "sample"
MACHINE = "machine"
"""MACHINE routes check a credential of their own (a token, a signature)."""


def access(rule: str) -> Callable[[View], View]:
    """Declare who may enter a view: PUBLIC, SIGNED_IN, SAMPLE, MACHINE, or a policy such as `desk.enter`."""

    def declare(view: View) -> View:
        view.access = rule  # type: ignore[attr-defined]
        return view

    return declare


def rule_of(app: Flask, endpoint: str) -> str | None:
    """Return the declared rule of an endpoint."""
    return getattr(app.view_functions[endpoint], "access", None)


def register(app: Flask) -> None:
    """Ask before every request."""
    app.before_request(_gate)


def refuse_undeclared(app: Flask) -> None:
    """Raise where a route forgot to say who may enter, or names a policy that does not exist."""
    for endpoint in app.view_functions:
        rule = rule_of(app, endpoint)
        if rule is None or (rule not in {PUBLIC, SIGNED_IN, SAMPLE, MACHINE} and rule not in policies.names()):
            raise RuntimeError(f"route {endpoint!r} does not declare who may enter (found {rule!r})")


def _gate() -> ResponseReturnValue | None:
    if request.endpoint is None:
        return None
    rule = rule_of(current_app, request.endpoint)
    if rule in {PUBLIC, MACHINE}:
        return None
    if rule == SAMPLE:
        if not installation.is_sample():
            raise NotFound
        return None
    if not current_user.is_authenticated:
        target = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("account.sign_in", next=target), code=303)
    if rule != SIGNED_IN and not policies.can(current_user, str(rule)):
        if policies.needs_second_factor(current_user, str(rule)):
            return redirect(url_for("account.two_factor", needed=1), code=303)
        raise NotAllowed
    return None
