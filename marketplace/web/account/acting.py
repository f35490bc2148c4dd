"""Choosing in whose name one acts, from the menu of every page."""

from typing import Any

from flask import redirect, request
from flask.typing import ResponseReturnValue

from marketplace.services import sessions
from marketplace.web import signed_in
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.account.blueprint import room
from marketplace.web.public import local_target


@room.app_context_processor
def _acting_choices() -> dict[str, Any]:
    """Give the account menu the organisations the reader may act for."""
    return {"acting_choices": signed_in.bodies()}


@room.post("/account/act-for")
@access(SIGNED_IN)
def act_for() -> ResponseReturnValue:
    """Act for one of one's organisations from here on, or (without one) for nobody but oneself."""
    found = signed_in.current_session()
    if found is not None:
        sessions.act_for(found, request.form.get("organisation") or None)
    return redirect(local_target(request.form.get("next"), "account.home"), code=303)
