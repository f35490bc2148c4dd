"""The list of the published projects: search, filters, countries, cards or rows."""

from typing import Any
from urllib.parse import urlencode

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.i18n import country_name
from marketplace.models import ClimateObjective, Hazard, Instrument, Sdg, Sector, Stage, Technology
from marketplace.services import labels
from marketplace.services.projects import book
from marketplace.services.search import fold
from marketplace.web.access import PUBLIC, access
from marketplace.web.book.blueprint import page, reader, room

# What a tile of the map keeps of the present view.
_KEPT = ("q", "sector", "stage", "climate", "hazard", "sdg", "technology", "instrument", "ask", "sort", "view")


@room.get("/projects", endpoint="listing")
@access(PUBLIC)
def list_projects() -> ResponseReturnValue:
    """List the published projects that fit the search and the filters."""
    return page(_listing_page)


def _listing_page() -> str:
    wanted = _wanted()
    found = book.listing(wanted, reader(), request.args.get("page", 1, type=int))
    by_name = sorted(found.countries, key=lambda code: fold(country_name(code)))
    return render_template(
        "book/listing.html",
        wanted=wanted,
        found=found,
        is_list=request.args.get("view") == "list",
        countries=[(code, country_name(code)) for code in by_name],
        tiles=_tiles(found.countries),
        further=sum(bool(value) for value in (wanted.climate, wanted.hazard, wanted.sdg, wanted.technology)),
        choices={
            "sector": labels.choices(Sector),
            "stage": labels.choices(Stage),
            "climate": labels.choices(ClimateObjective),
            "hazard": labels.choices(Hazard),
            "sdg": labels.choices(Sdg),
            "technology": labels.choices(Technology),
            "instrument": labels.choices(Instrument),
            "ask": book.ASK_RANGES,
            "sort": book.SORTS,
        },
    )


def _wanted() -> book.Filter:
    asked = request.args
    return book.Filter(
        query=asked.get("q", "")[:200],
        sector=labels.read(Sector, asked.get("sector")),
        stage=labels.read(Stage, asked.get("stage")),
        climate=labels.read(ClimateObjective, asked.get("climate")),
        hazard=labels.read(Hazard, asked.get("hazard")),
        sdg=labels.read(Sdg, asked.get("sdg")),
        country=asked.get("country", "")[:2],
        technology=labels.read(Technology, asked.get("technology")),
        instrument=labels.read(Instrument, asked.get("instrument")),
        ask=labels.read(book.AskRange, asked.get("ask")),
        sort=labels.read(book.Sort, asked.get("sort")) or book.Sort.NEWEST,
    )


def _tiles(counts: dict[str, int]) -> dict[str, Any]:
    """Return what the map of countries needs; a tile keeps the other filters."""
    kept = [(name, value) for name in _KEPT if (value := request.args.get(name))]
    here = url_for("book.listing")
    return {
        "counts": counts,
        "urls": {code: f"{here}?{urlencode([*kept, ('country', code)])}" for code in counts},
        "names": {code: country_name(code) for code in counts},
    }
