"""The blueprint of the room, who reads, and in whose name."""

from typing import cast

from flask import Blueprint, request
from flask_login import current_user

from marketplace.models import Organisation, User
from marketplace.services.counterparties import kinds
from marketplace.web import signed_in

room = Blueprint("counterparty", __name__)


def reader() -> User:
    """Return the person signed in, in views that only they enter."""
    return cast(User, current_user._get_current_object())


def own_bodies() -> list[Organisation]:
    """Return the funders and vendors in whose name the reader may act."""
    return [body for body in signed_in.bodies() if kinds.sheet_of(body) is not None]


def own_body() -> Organisation | None:
    """Return the one this page is about: the one the address names (`?organisation=`), the one the reader acts for, or
    the first; None for somebody who belongs to none."""
    bodies = own_bodies()
    acting = signed_in.acting_for()
    for slug in (request.args.get("organisation", ""), acting.slug if acting else ""):
        for body in bodies:
            if body.slug == slug:
                return body
    return bodies[0] if bodies else None
