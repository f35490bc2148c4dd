"""The projects that fit a funder's mandate or need what a vendor offers, and why."""

from flask import render_template, request

from marketplace.errors import NotFound
from marketplace.i18n import country_name
from marketplace.models import Sector
from marketplace.services import labels
from marketplace.services.fits import reading
from marketplace.services.fits.reading import Filter, Shown
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.counterparty.blueprint import own_bodies, own_body, reader, room


@room.get("/my/matches", endpoint="matches")
@access(SIGNED_IN)
def listing() -> str:
    """List the projects that fit, or nearly do."""
    body = own_body()
    if body is None:
        raise NotFound
    values = request.args
    shown = labels.read(Shown, values.get("show")) or Shown.OFFERED
    wanted = Filter(
        query=values.get("q", "")[:200],
        sector=labels.read(Sector, values.get("sector")),
        country=values.get("country", "")[:2],
    )
    return render_template(
        "counterparty/matches.html",
        body=body,
        bodies=own_bodies(),
        found=reading.for_counterparty(body, shown, reader(), wanted, values.get("page", 1, type=int)),
        shown=shown,
        wanted=wanted,
        sectors=labels.choices(Sector),
        countries=sorted(((code, country_name(code)) for code in reading.countries_of(body)), key=lambda pair: pair[1]),
    )


@room.get("/my/matches/<slug>", endpoint="matches_one")
@access(SIGNED_IN)
def show(slug: str) -> str:
    """Show one project with every rule and term, as far as it is open."""
    body = own_body()
    if body is None:
        raise NotFound
    return render_template("counterparty/match.html", body=body, match=reading.counterparty_pair(body, slug, reader()))
