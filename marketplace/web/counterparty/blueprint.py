"""The blueprint of the room, who reads, in whose name, about whose profile, and where its pages are."""

from collections.abc import Collection
from typing import Any, cast

from flask import Blueprint, request, url_for
from flask_login import current_user

from marketplace.errors import NotFound
from marketplace.models import CounterpartyProfile, Organisation, OrganisationKind, User
from marketplace.services.counterparties import kinds, listing, profiles
from marketplace.web import signed_in

room = Blueprint("counterparty", __name__)

PATH = "/my/<any(mandate, solutions):what>/<slug>"
"""Where the pages of one profile are. The organisation stands in the address: what is typed in a page that stays open
belongs to it, whomever the person acts for meanwhile."""


def reader() -> User:
    """Return the person signed in, in views that only they enter."""
    return cast(User, current_user._get_current_object())


def anybody() -> User | None:
    """Return the person signed in, or None."""
    user = current_user._get_current_object()
    return user if isinstance(user, User) else None


def theirs(what: str, slug: str) -> CounterpartyProfile:
    """Return a profile the reader may see from inside; raises `NotFound` for all others'."""
    profile = profiles.find(slug, reader())
    if what != word(profile.organisation):
        raise NotFound
    return profile


def word(organisation: Organisation) -> str:
    """Return what the addresses of an organisation's profile call it."""
    return "solutions" if organisation.kind in kinds.VENDORS else "mandate"


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


def own(some: Collection[OrganisationKind]) -> list[Organisation]:
    """Return those of these kinds the reader may act for, the one they act for now first."""
    acting = signed_in.acting_for()
    found = [body for body in own_bodies() if body.kind in some]
    return sorted(found, key=lambda body: acting is None or body.id != acting.id)


def profile_url(organisation: Organisation, page: str = "profile", **values: Any) -> str:
    """Return the address of a page of an organisation's profile."""
    return url_for(f"counterparty.{page}", what=word(organisation), slug=organisation.slug, **values)


def public_url(organisation: Organisation) -> str:
    """Return the address of the page that shows a profile to others."""
    return url_for(f"counterparty.{listing.side_of(organisation).value}_one", slug=organisation.slug)


@room.app_context_processor
def _addresses() -> dict[str, Any]:
    return {"profile_url": profile_url, "counterparty_url": public_url}
