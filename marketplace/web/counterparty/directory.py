"""The lists of funders and vendors, and the page of each, as far as each opened its profile to the reader."""

from flask import render_template, request
from werkzeug.datastructures import MultiDict

from marketplace.i18n import country_name
from marketplace.models import FunderType, Instrument, Sector, Technology, Visibility
from marketplace.services import labels
from marketplace.services.counterparties import kinds, listing, visibility
from marketplace.services.counterparties.listing import Side
from marketplace.services.search import fold
from marketplace.services.sheets import words
from marketplace.web.access import PUBLIC, access
from marketplace.web.counterparty.blueprint import anybody, room


@room.get("/funders", endpoint="funders")
@access(PUBLIC)
def funders() -> str:
    """List the funders, searched and filtered."""
    return _list(Side.FUNDERS)


@room.get("/vendors", endpoint="vendors")
@access(PUBLIC)
def vendors() -> str:
    """List the vendors, searched and filtered."""
    return _list(Side.VENDORS)


def _list(side: Side) -> str:
    wanted = _wanted(side, request.args)
    countries = listing.countries(side, anybody())
    return render_template(
        "counterparty/directory.html",
        side=side,
        wanted=wanted,
        page=listing.page(side, wanted, anybody(), request.args.get("page", 1, type=int)),
        countries=sorted(((code, country_name(code)) for code in countries), key=lambda pair: fold(pair[1])),
        types=labels.choices(FunderType),
        instruments=labels.choices(Instrument),
        sectors=labels.choices(Sector),
        categories=labels.choices(Technology),
        words=words,
    )


def _wanted(side: Side, asked: MultiDict[str, str]) -> listing.Wanted:
    is_funders = side is Side.FUNDERS
    return listing.Wanted(
        query=asked.get("q", "")[:200],
        country=asked.get("country", "")[:2],
        funder_type=labels.read(FunderType, asked.get("type")) if is_funders else None,
        instrument=labels.read(Instrument, asked.get("instrument")) if is_funders else None,
        sector=labels.read(Sector, asked.get("sector")) if is_funders else None,
        category=None if is_funders else labels.read(Technology, asked.get("category")),
        verified_only=asked.get("checked") == "yes",
    )


@room.get("/funders/<slug>", endpoint="funders_one")
@access(PUBLIC)
def funder(slug: str) -> str:
    """Show one funder."""
    return _one(Side.FUNDERS, slug)


@room.get("/vendors/<slug>", endpoint="vendors_one")
@access(PUBLIC)
def vendor(slug: str) -> str:
    """Show one vendor."""
    return _one(Side.VENDORS, slug)


def _one(side: Side, slug: str) -> str:
    leaf = listing.find(side, slug, anybody())
    return render_template(
        "counterparty/page.html",
        side=side,
        leaf=leaf,
        words=words,
        currency_of=kinds.currency_of,
        is_whole=leaf.blocks >= visibility.MATCHED,
        is_open=visibility.chosen(leaf.profile.content) is not Visibility.PRIVATE,
    )
