"""What everybody may see: the front page, the cities, what the programme is, language and theme."""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, cast
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from markupsafe import Markup

from marketplace import clock
from marketplace.config import Settings
from marketplace.i18n import LANGUAGES, country_name, language_name, locale
from marketplace.models import CitySide, User
from marketplace.services import accounts, audit, cities, events, labels
from marketplace.services.cities import City
from marketplace.services.projects import book
from marketplace.services.search import fold
from marketplace.web import kept, language
from marketplace.web.access import PUBLIC, access

room = Blueprint("public", __name__)

_QUIET_PATHS = (
    "/account",
    "/calendar",
    "/dev",
    "/desk",
    "/invitations",
    "/organisations",
    "/registrations",
    "/sign-in",
)


@room.get("/")
@access(PUBLIC)
def home() -> Response:
    """Say what the programme is, for whom, and what to do next."""
    return _kept(_home_page)


def _state() -> tuple[object, ...]:
    """Return what differs when the programme's cities, pairs or events do: pairs and events begin and end by date."""
    return (*audit.newest(), clock.now().date())


def _kept(make: Callable[[], str], state: Callable[[], tuple[object, ...]] = _state) -> Response:
    # Builders of tests write around the services, so tests keep pages only where they say so.
    return kept.page(state, make) if current_app.config["KEEP_PAGES"] else make_response(make())


def _home_page() -> str:
    found = cities.directory().cities
    return render_template(
        "public/home.html",
        calendar=events.calendar(limit=4),
        map=_part("public/home_map.html", locale(), tuple(found)) if found else "",
    )


@room.get("/cities", endpoint="cities")
@access(PUBLIC)
def city_directory() -> Response:
    """List the cities of the programme, by side, with the map."""
    return _kept(_directory_page)


def _directory_page() -> str:
    wanted = cities.Filter(
        query=request.args.get("q", "")[:200],
        side=labels.read(CitySide, request.args.get("side")),
        country=request.args.get("country", "")[:2],
        language=request.args.get("language", "")[:2],
    )
    found = cities.directory(wanted)
    return render_template(
        "public/cities.html",
        wanted=wanted,
        found=found,
        sides=labels.choices(CitySide),
        countries=sorted(((code, country_name(code)) for code in found.countries), key=lambda pair: fold(pair[1])),
        languages_spoken=[(code, language_name(code)) for code in found.languages],
        listed=_part("public/city_cards.html", locale(), tuple(found.cities)) if found.cities else "",
    )


@room.get("/cities/<slug>")
@access(PUBLIC)
def city(slug: str) -> Response:
    """Show one city: facts with their sources, and its pairs."""
    return _kept(lambda: _city_page(slug), _state_of_this_minute)


def _state_of_this_minute() -> tuple[object, ...]:
    # The page of a city says what time it is there.
    return (*audit.newest(), clock.now().replace(second=0, microsecond=0))


def _city_page(slug: str) -> str:
    page = cities.page(slug)
    return render_template(
        "public/city.html",
        page=page,
        projects=book.of_city(page.organisation),
        stated=labels.stated,
        city_membership=labels.city_membership,
    )


@room.get("/about")
@access(PUBLIC)
def about() -> str:
    """Say what is known about the programme, with sources."""
    return render_template("public/about.html")


@room.get("/privacy")
@access(PUBLIC)
def privacy() -> str:
    """Say what is kept about people, why, for how long, and how to get it changed or deleted."""
    return render_template("public/privacy.html", contact=_contact())


@room.get("/accessibility")
@access(PUBLIC)
def accessibility() -> str:
    """State how accessible these pages are, and whom to tell where they are not."""
    return render_template("public/accessibility.html", contact=_contact())


@room.get("/robots.txt")
@access(PUBLIC)
def robots() -> Response:
    """Tell search engines which pages are for everybody."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _QUIET_PATHS), ""]
    return Response("\n".join(lines), content_type="text/plain; charset=utf-8")


@room.get("/favicon.ico")
@access(PUBLIC)
def favicon() -> Response:
    """Answer programs that ask for the icon where it once always was."""
    asset = cast(Callable[[str], str], current_app.jinja_env.globals["asset"])
    return make_response(redirect(asset("img/favicon.svg"), code=302))


@room.post("/language")
@access(PUBLIC)
def set_language() -> Response:
    """Keep the chosen language in this browser (and with the account) and go back to the page."""
    response = make_response(redirect(local_target(request.form.get("next")), code=303))
    code = request.form.get("language", "")
    if code not in LANGUAGES:
        return response
    if current_user.is_authenticated:
        accounts.set_language(cast(User, current_user._get_current_object()), code)
    return language.remember(response, code)


@room.post("/theme")
@access(PUBLIC)
def set_theme() -> Response:
    """Keep the chosen theme in this browser and go back to the page."""
    response = make_response(redirect(local_target(request.form.get("next")), code=303))
    theme = request.form.get("theme", "")
    return language.remember_theme(response, theme) if theme in language.THEMES else response


def local_target(address: str | None, default: str = "public.home") -> str:
    """Return the address if it is a path of ours, else the default page: no form can send a reader elsewhere."""
    if address and address.startswith("/") and not address.startswith(("//", "/\\")) and "\\" not in address:
        parts = urlsplit(address)
        if not parts.scheme and not parts.netloc and address.isprintable():
            return address
    return url_for(default)


def _contact() -> str | None:
    settings: Settings = current_app.config["SETTINGS"]
    return settings.mail_reply_to


class Tiles(NamedTuple):
    """What the map shows, each by the code of a country: number of cities, address of their list, name, cities."""

    counts: dict[str, int]
    urls: dict[str, str]
    names: dict[str, str]
    cities: dict[str, list[City]]


@lru_cache(maxsize=64)
def _part(template: str, language: str, found: tuple[City, ...]) -> Markup:
    """Return the part of a page that depends on nothing but these cities and the language, so it is never stale."""
    by_country: dict[str, list[City]] = {}
    for one in found:
        by_country.setdefault(one.country, []).append(one)
    here = url_for("public.cities")
    tiles = Tiles(
        counts={code: len(those) for code, those in by_country.items()},
        urls={code: f"{here}?country={code}" for code in by_country},
        names={code: country_name(code) for code in by_country},
        cities=by_country,
    )
    part = current_app.jinja_env.get_template(template)
    return Markup(part.render(tiles=tiles, cities=found, here=here, sides=labels.choices(CitySide)))  # noqa: S704
