"""The project book: the published projects, found by words, sector, stage, place, climate, money and needs.

Lists select columns, and their number of statements does not grow with the projects. What belongs to a block that not
everybody may read is filtered, sorted and shown only where this reader may read it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select

from marketplace.database import session
from marketplace.i18n import LANGUAGES, LazyText, country_name, in_language, speaking
from marketplace.i18n import lazy_gettext as _
from marketplace.models import (
    ClimateObjective,
    Facet,
    Hazard,
    Instrument,
    Organisation,
    Project,
    ProjectFacet,
    ProjectListing,
    Sdg,
    Sector,
    Stage,
    Technology,
    User,
)
from marketplace.services import labels, paging, search
from marketplace.services.projects import visibility
from marketplace.services.sheets.fields import Content

SIZE = 24
"""Projects on a page."""


class Sort(StrEnum):
    """The order of the book."""

    NEWEST = "newest"
    TITLE = "title"
    CITY = "city"
    ASK = "ask"


class AskRange(StrEnum):
    """How much is asked for, in millions of US dollars at the frozen rate."""

    UP_TO_1 = "0-1"
    FROM_1 = "1-5"
    FROM_5 = "5-20"
    FROM_20 = "20-50"
    FROM_50 = "50"

    @property
    def bounds(self) -> tuple[int, int | None]:
        """The least amount in dollars, and the first that is too much."""
        low, _, high = self.value.partition("-")
        return int(low) * 1_000_000, int(high) * 1_000_000 if high else None


SORTS: list[tuple[str, LazyText]] = [
    (Sort.NEWEST.value, _("Newest first")),
    (Sort.TITLE.value, _("By title")),
    (Sort.CITY.value, _("By city")),
    (Sort.ASK.value, _("By amount asked for")),
]
ASK_RANGES: list[tuple[str, LazyText]] = [
    (AskRange.UP_TO_1.value, _("Less than US$ 1 million")),
    (AskRange.FROM_1.value, _("US$ 1 to 5 million")),
    (AskRange.FROM_5.value, _("US$ 5 to 20 million")),
    (AskRange.FROM_20.value, _("US$ 20 to 50 million")),
    (AskRange.FROM_50.value, _("US$ 50 million and more")),
]


@dataclass(frozen=True)
class Filter:
    """What the book shows; empty values mean no restriction."""

    query: str = ""
    sector: Sector | None = None
    stage: Stage | None = None
    climate: ClimateObjective | None = None
    hazard: Hazard | None = None
    sdg: Sdg | None = None
    country: str = ""
    technology: Technology | None = None
    instrument: Instrument | None = None
    ask: AskRange | None = None
    sort: Sort = Sort.NEWEST

    @property
    def is_set(self) -> bool:
        """Whether anything but the order was chosen."""
        return any((self.query, self.sector, self.stage, self.climate, self.hazard, self.sdg, self.country)) or any(
            (self.technology, self.asks_finance)
        )

    @property
    def asks_finance(self) -> bool:
        """Whether projects are told apart by facts of their finance block."""
        return bool(self.instrument or self.ask)


class Entry(NamedTuple):
    """A project as it stands in the book. `ask_usd` is None too where this reader may not read it."""

    slug: str
    titles: dict[str, str]
    summaries: dict[str, str]
    city: str
    city_slug: str
    country: str
    sector: Sector
    stage: Stage
    climate_objective: ClimateObjective
    ask_usd: int | None
    published_at: datetime
    is_illustrative: bool


@dataclass(frozen=True)
class Listing:
    """One page of the book, how many projects there are by country, and how many a filter left out unseen.

    `countries` counts what fits all filters but the country. `closed` are projects that fit the open filters but whose
    finance (or needs) this reader may not read, so that the other filters pass them over.
    """

    page: paging.Page[Entry]
    countries: dict[str, int]
    closed: int


def listing(wanted: Filter, reader: User | None, number: int = 1, size: int = SIZE) -> Listing:
    """Return one page of the book for somebody (or for everybody)."""
    open_to_all, guarded = _conditions(wanted, reader)
    if wanted.sort is Sort.TITLE:
        page = _by_title([*open_to_all, *guarded], reader, number, size)
    else:
        statement = _entries(reader).where(*open_to_all, *guarded).order_by(*_order(wanted.sort, reader))
        rows = paging.page_of_rows(statement, number, size)
        page = paging.Page([_entry(row) for row in rows], rows.total, rows.number, rows.pages, rows.size)
    without_country, guarded_too = _conditions(_anywhere(wanted), reader)
    counted = _joined(ProjectListing.country, func.count()).where(*without_country, *guarded_too)
    countries: dict[str, int] = dict(session().execute(counted.group_by(ProjectListing.country)).all())
    return Listing(page, countries, _closed(wanted, open_to_all, reader))


def search_text(content: Content, city: Organisation) -> str:
    """Return the words a published project is found by: only what everybody may read, in all languages.

    Titles, summaries, the names of the city, its country and the sectors.
    """
    found = [*(content.get("title") or {}).values(), *(content.get("summary") or {}).values()]
    found += [city.name, *(city.names or {}).values()]
    codes = [content.get("sector_primary"), *(content.get("sectors_secondary") or ())]
    for language in LANGUAGES:
        with speaking(language):
            found += [
                country_name(city.country),
                *(str(labels.of(Sector(code))) for code in codes if code in set(Sector)),
            ]
    return search.fold(*found)


def of_city(organisation: Organisation) -> list[Entry]:
    """Return the published projects of a city as everybody may read them, newest first."""
    statement = _entries(None).where(visibility.in_book(), Project.city_id == organisation.id)
    return [_entry(row) for row in session().execute(statement.order_by(*_order(Sort.NEWEST, None)))]


def _joined(*columns: Any) -> Select[Any]:
    statement: Select[Any] = (
        select(*columns)
        .select_from(ProjectListing)
        .join(Project, Project.id == ProjectListing.project_id)
        .join(Organisation, Organisation.id == Project.city_id)
    )
    return statement


def _entries(reader: User | None) -> Select[Any]:
    return _joined(
        ProjectListing.project_id,
        Project.slug,
        ProjectListing.titles,
        ProjectListing.summaries,
        Organisation.names,
        Organisation.name,
        Organisation.slug,
        ProjectListing.country,
        ProjectListing.sector,
        ProjectListing.stage,
        ProjectListing.climate_objective,
        _ask(reader),
        ProjectListing.published_at,
        Project.is_illustrative,
    )


def _entry(row: Any) -> Entry:
    _identity, slug, titles, summaries, city_names, city_name, *rest = row
    return Entry(slug, titles, summaries, in_language(city_names) or city_name, *rest)


def _ask(reader: User | None) -> ColumnElement[Any]:
    return case((visibility.may_read_finance(reader), ProjectListing.ask_usd), else_=None).label("ask_usd")


def _order(sort: Sort, reader: User | None) -> list[Any]:
    newest = [ProjectListing.published_at.desc(), ProjectListing.project_id.desc()]
    if sort is Sort.CITY:
        return [Organisation.search_text, Organisation.id, *newest]
    if sort is Sort.ASK:
        # Whose amount this reader may not read stands at the end, in an order that tells nothing about it.
        return [_ask(reader).desc().nulls_last(), *newest]
    return newest


def _by_title(conditions: list[ColumnElement[bool]], reader: User | None, number: int, size: int) -> paging.Page[Entry]:
    """Return a page in the order of the titles this reader sees, which no index of the database knows."""
    titles = session().execute(_joined(ProjectListing.project_id, ProjectListing.titles).where(*conditions))
    order = sorted((_folded(in_language(texts)), identity) for identity, texts in titles)
    pages = max(1, -(-len(order) // size))
    number = min(max(1, number), pages)
    wanted = [identity for _title, identity in order[(number - 1) * size : number * size]]
    rows = session().execute(_entries(reader).where(ProjectListing.project_id.in_(wanted))) if wanted else ()
    found = {row[0]: _entry(row) for row in rows}
    return paging.Page([found[identity] for identity in wanted], len(order), number, pages, size)


_folded = lru_cache(maxsize=8192)(search.fold)


def _conditions(wanted: Filter, reader: User | None) -> tuple[list[ColumnElement[bool]], list[ColumnElement[bool]]]:
    """Return the conditions on what everybody may know, and those on facts that only some may read."""
    found: list[ColumnElement[bool]] = [visibility.in_book()]
    if wanted.query:
        found.append(search.matches(ProjectListing.search_text, wanted.query))
    if wanted.sector:
        found.append(or_(ProjectListing.sector == wanted.sector, _has(Facet.SECTOR, wanted.sector)))
    if wanted.stage:
        found.append(ProjectListing.stage == wanted.stage)
    if wanted.climate:
        found.append(ProjectListing.climate_objective == wanted.climate)
    if wanted.hazard:
        found.append(_has(Facet.HAZARD, wanted.hazard))
    if wanted.sdg:
        found.append(_has(Facet.SDG, wanted.sdg))
    if wanted.country:
        found.append(ProjectListing.country == wanted.country)
    return found, _guarded(wanted, reader)


def _guarded(wanted: Filter, reader: User | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.technology:
        found += [visibility.may_read_needs(reader), _has(Facet.TECHNOLOGY, wanted.technology)]
    if wanted.asks_finance:
        found.append(visibility.may_read_finance(reader))
    if wanted.instrument:
        found.append(_has(Facet.INSTRUMENT, wanted.instrument))
    if wanted.ask:
        low, high = wanted.ask.bounds
        found.append(ProjectListing.ask_usd >= low)
        if high is not None:
            found.append(ProjectListing.ask_usd < high)
    return found


def _closed(wanted: Filter, open_to_all: Iterable[ColumnElement[bool]], reader: User | None) -> int:
    """Return how many projects the open filters find of which this reader may not read what the others ask."""
    needed = []
    if wanted.technology:
        needed.append(visibility.may_read_needs(reader))
    if wanted.asks_finance or wanted.sort is Sort.ASK:
        needed.append(visibility.may_read_finance(reader))
    if not needed:
        return 0
    statement = _joined(func.count()).where(*open_to_all, ~and_(*needed))
    return session().scalar(statement) or 0


def _has(facet: Facet, code: StrEnum) -> ColumnElement[bool]:
    return ProjectListing.project_id.in_(
        select(ProjectFacet.project_id).where(ProjectFacet.facet == facet, ProjectFacet.code == code.value)
    )


def _anywhere(wanted: Filter) -> Filter:
    return Filter(**{**vars(wanted), "country": ""})
