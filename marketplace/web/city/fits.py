"""Who could fund a project, and who could deliver what it needs: the lists of a city, and one pair in full."""

from flask import render_template, request

from marketplace.services import labels
from marketplace.services.fits import reading
from marketplace.services.fits.reading import Shown, Side
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.city.blueprint import reader, room


@room.get("/my/projects/<slug>/funders", endpoint="funders")
@access(SIGNED_IN)
def funders(slug: str) -> str:
    """List who could fund the project."""
    return _listing(slug, Side.FUNDERS)


@room.get("/my/projects/<slug>/vendors", endpoint="vendors")
@access(SIGNED_IN)
def vendors(slug: str) -> str:
    """List who could deliver what the project needs."""
    return _listing(slug, Side.VENDORS)


def _listing(slug: str, side: Side) -> str:
    shown = labels.read(Shown, request.args.get("show")) or Shown.OFFERED
    found = reading.for_city(slug, side, shown, reader(), request.args.get("page", 1, type=int))
    return render_template("city/fits.html", found=found, project=found.project, side=side, shown=shown)


@room.get("/my/projects/<slug>/funders/<organisation>", endpoint="funder")
@access(SIGNED_IN)
def funder(slug: str, organisation: str) -> str:
    """Show one funder with every rule and term."""
    return _pair(slug, organisation, Side.FUNDERS)


@room.get("/my/projects/<slug>/vendors/<organisation>", endpoint="vendor")
@access(SIGNED_IN)
def vendor(slug: str, organisation: str) -> str:
    """Show one vendor with every rule and term."""
    return _pair(slug, organisation, Side.VENDORS)


def _pair(slug: str, organisation: str, side: Side) -> str:
    project, other = reading.city_pair(slug, organisation, reader())
    return render_template("city/fit.html", project=project, other=other, side=side)
