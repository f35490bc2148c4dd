"""Funders and vendors found: as far as each opened its profile to a reader, and all of them at the desk.

Lists for readers filter by the first part of profiles alone, and find none whose first part the reader may not read:
so no search tells more than a page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import contains_eager, joinedload

from marketplace import clock
from marketplace.database import atomic, session
from marketplace.errors import NotFound
from marketplace.i18n import LazyText, country_name, in_language
from marketplace.i18n import gettext as _
from marketplace.models import (
    Block,
    CounterpartyProfile,
    FunderType,
    Instrument,
    Organisation,
    Sector,
    Technology,
    User,
)
from marketplace.services import audit, labels, organisations, paging, policies, search
from marketplace.services.counterparties import kinds, reader_words, verification, visibility
from marketplace.services.exports import Rows
from marketplace.services.fits.inputs import holds
from marketplace.services.sheets.fields import Field, Sheet

SIZE = 24
"""Profiles on a page of the lists for readers."""

SOON = timedelta(days=30)
"""A check that ends within this time is to be given anew."""

_CONTENT = CounterpartyProfile.content


class Side(StrEnum):
    """Which of the two lists."""

    FUNDERS = "funders"
    VENDORS = "vendors"


_KINDS = {Side.FUNDERS: kinds.FUNDERS, Side.VENDORS: kinds.VENDORS}


@dataclass(frozen=True)
class Wanted:
    """What a list for readers shows; empty values mean no restriction.

    `country` is one where a funder finances or a vendor is present; of instruments and sectors only funders speak, of
    categories only vendors.
    """

    query: str = ""
    country: str = ""
    funder_type: FunderType | None = None
    instrument: Instrument | None = None
    sector: Sector | None = None
    category: Technology | None = None
    verified_only: bool = False

    @property
    def is_set(self) -> bool:
        """Whether anything is left out."""
        return self != Wanted()


@dataclass(frozen=True)
class Leaf:
    """A profile as one reader sees it: the answers they may read, and whether the organisers' check holds now."""

    profile: CounterpartyProfile
    sheet: Sheet
    content: dict[str, Any]
    blocks: frozenset[Block]
    is_verified: bool

    @property
    def organisation(self) -> Organisation:
        """Whose it is."""
        return self.profile.organisation

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return in_language(self.organisation.names) or self.organisation.name

    @staticmethod
    def label(field: Field) -> LazyText:
        """What an answer is called for its readers."""
        return reader_words.label(field)


def side_of(organisation: Organisation) -> Side:
    """Return the list an organisation stands in."""
    return Side.VENDORS if organisation.kind in kinds.VENDORS else Side.FUNDERS


def page(side: Side, wanted: Wanted, reader: User | None, number: int = 1) -> paging.Page[Leaf]:
    """Return one page of the profiles a reader may read; only the first part of each, whoever reads."""
    statement = (
        select(CounterpartyProfile)
        .join(CounterpartyProfile.organisation)
        .where(Organisation.kind.in_(_KINDS[side]), visibility.readable(reader), *_wanted(side, wanted))
        .options(contains_eager(CounterpartyProfile.organisation))
        .order_by(Organisation.search_text, Organisation.id)
    )
    found = paging.page(statement, number, SIZE)
    leaves = [_leaf(profile, visibility.FIRST) for profile in found.items]
    return paging.Page(leaves, found.total, found.number, found.pages, found.size)


def find(side: Side, slug: str, reader: User | None) -> Leaf:
    """Return one profile as far as a reader may read it; raises `NotFound` where that is nothing."""
    organisation = organisations.find(slug)
    profile = kinds.profile_of(organisation)
    if profile is None or organisation.kind not in _KINDS[side]:
        raise NotFound
    blocks = visibility.blocks(profile, reader)
    if not blocks:
        raise NotFound
    return _leaf(profile, blocks)


def preview(profile: CounterpartyProfile, blocks: frozenset[Block]) -> Leaf:
    """Return a profile as readers of these parts see it; the caller made sure that this reader may see all."""
    return _leaf(profile, blocks)


def _leaf(profile: CounterpartyProfile, blocks: frozenset[Block]) -> Leaf:
    content = visibility.shown(profile, blocks)
    return Leaf(profile, kinds.sheet(profile), content, blocks, verification.is_verified(profile))


def countries(side: Side, reader: User | None) -> list[str]:
    """Return the codes of the countries that profiles a reader may read name, for a filter."""
    name = "local_presence" if side is Side.VENDORS else "countries"
    rows = session().scalars(
        select(_CONTENT[name])
        .join(CounterpartyProfile.organisation)
        .where(Organisation.kind.in_(_KINDS[side]), visibility.readable(reader))
    )
    return sorted({code for row in rows for code in row or ()})


def _wanted(side: Side, wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.query:
        found.append(search.matches(Organisation.search_text, wanted.query))
    if wanted.verified_only:
        found.append(CounterpartyProfile.verified_until > clock.now())
    if side is Side.VENDORS:
        if wanted.category:
            found.append(_names("categories", wanted.category))
        if wanted.country:
            found.append(
                or_(_names("local_presence", wanted.country), _CONTENT["legal_country"].as_string() == wanted.country)
            )
        return found
    if wanted.funder_type:
        found.append(_CONTENT["funder_type"].as_string() == wanted.funder_type.value)
    if wanted.instrument:
        found.append(_names("instruments", wanted.instrument))
    if wanted.sector:
        takes = or_(_names("sectors", wanted.sector), _CONTENT["is_generalist"].as_boolean().is_(True))
        excluded = _names("excluded_sectors", wanted.sector)
        found.append(and_(takes, or_(_CONTENT["excluded_sectors"].as_string().is_(None), ~excluded)))
    if wanted.country:
        found.append(_names("countries", wanted.country))
    return found


def _names(name: str, code: str) -> ColumnElement[bool]:
    """Return the condition that a list of codes names one; both databases write the list as text with quotes."""
    found: ColumnElement[bool] = _CONTENT[name].as_string().contains(f'"{code}"', autoescape=True)
    return found


class Check(StrEnum):
    """What the desk filters by: how the organisers' check of a profile stands."""

    VERIFIED = "verified"
    ENDING = "ending"
    EXPIRED = "expired"
    UNVERIFIED = "unverified"


SORTS = ("name", "changed", "completeness", "until")
"""What the list of the desk may be sorted by; a minus before it means descending."""


@dataclass(frozen=True)
class Filter:
    """What the list of the desk shows; empty values mean no restriction."""

    query: str = ""
    side: Side | None = None
    check: Check | None = None
    country: str = ""
    is_incomplete: bool = False
    sort: str = "-changed"


class Entry(NamedTuple):
    """A profile as the desk lists it."""

    profile: CounterpartyProfile
    check: Check

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return in_language(self.profile.organisation.names) or self.profile.organisation.name


def at_desk(wanted: Filter, by: User, number: int = 1) -> paging.Page[Entry]:
    """Return one page of all profiles, whatever they open to whom."""
    policies.require(by, "counterparty.verify")
    found = paging.page(_statement(wanted), number)
    entries = [Entry(profile, check_of(profile)) for profile in found.items]
    return paging.Page(entries, found.total, found.number, found.pages, found.size)


def check_of(profile: CounterpartyProfile) -> Check:
    """Return how the organisers' check of a profile stands now."""
    until, now = profile.verified_until, clock.now()
    if until is None:
        return Check.UNVERIFIED
    if not holds(until, now):
        return Check.EXPIRED
    return Check.ENDING if until <= now + SOON else Check.VERIFIED


def _statement(wanted: Filter) -> Select[CounterpartyProfile]:
    return (
        select(CounterpartyProfile)
        .join(CounterpartyProfile.organisation)
        .where(Organisation.kind.in_(_KINDS[wanted.side] if wanted.side else kinds.FUNDERS | kinds.VENDORS))
        .where(*_conditions(wanted))
        .options(contains_eager(CounterpartyProfile.organisation), joinedload(CounterpartyProfile.verified_by))
        .order_by(*_order(wanted.sort))
    )


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    until, now = CounterpartyProfile.verified_until, clock.now()
    if wanted.query:
        found.append(search.matches(Organisation.search_text, wanted.query))
    if wanted.country:
        found.append(Organisation.country == wanted.country)
    if wanted.is_incomplete:
        found.append(CounterpartyProfile.completeness < 100)
    if wanted.check:
        checks: dict[Check, ColumnElement[bool]] = {
            Check.VERIFIED: until > now,
            Check.ENDING: and_(until > now, until <= now + SOON),
            Check.EXPIRED: until <= now,
            Check.UNVERIFIED: until.is_(None),
        }
        found.append(checks[wanted.check])
    return found


def _order(sort: str) -> Sequence[Any]:
    column: Any = {
        "name": Organisation.search_text,
        "completeness": CounterpartyProfile.completeness,
        "until": CounterpartyProfile.verified_until,
    }.get(sort.lstrip("-"), CounterpartyProfile.changed_at)
    # What has no value comes last, whichever way; the two databases disagree unless told.
    ordered = column.desc().nulls_last() if sort.startswith("-") else column.asc().nulls_last()
    return [ordered, CounterpartyProfile.id]


def choices() -> list[tuple[str, str]]:
    """Return the countries of organisations that have a profile, for the filter of the desk."""
    rows = session().scalars(
        select(Organisation.country)
        .join(CounterpartyProfile, CounterpartyProfile.organisation_id == Organisation.id)
        .where(Organisation.country != "")
        .distinct()
    )
    return sorted(((code, country_name(code)) for code in rows), key=lambda pair: search.fold(pair[1]))


def export(wanted: Filter, by: User, check_words: dict[Check, str]) -> Rows:
    """Return the profiles a filter finds as rows for a spreadsheet, in the reader's language; the download is recorded.

    The part for the organisers is not among it: a file goes further than a page.
    """
    policies.require(by, "counterparty.verify")
    with atomic() as current:
        profiles = list(current.scalars(_statement(wanted)))
        audit.record("counterparties.exported", by, rows=len(profiles))
    header = [
        _("Address"),
        _("Name"),
        _("Kind"),
        _("Country"),
        _("Completeness (%)"),
        _("Check"),
        _("Verified until (UTC)"),
        _("Verified by"),
        _("Instruments"),
        _("Sectors or categories"),
        _("Open to"),
        _("Changed (UTC)"),
        _("Illustrative"),
    ]
    return header, [_row(profile, check_words) for profile in profiles]


def _row(profile: CounterpartyProfile, check_words: dict[Check, str]) -> list[str]:
    organisation, content = profile.organisation, profile.content
    is_vendor = organisation.kind in kinds.VENDORS
    fields: tuple[Any, Any] = (Technology, "categories") if is_vendor else (Sector, "sectors")
    return [
        organisation.slug,
        in_language(organisation.names) or organisation.name,
        str(labels.of(organisation.kind)),
        country_name(organisation.country) if organisation.country else "",
        str(profile.completeness),
        check_words[check_of(profile)],
        _moment(profile.verified_until),
        profile.verified_by.name if profile.verified_by else "",
        _words(Instrument, content.get("instruments")),
        _words(fields[0], content.get(fields[1])),
        str(labels.of(visibility.chosen(content))),
        _moment(profile.changed_at),
        _("yes") if profile.is_illustrative else "",
    ]


def _words(enum: Any, codes: Any) -> str:
    return ", ".join(str(labels.of(member)) for code in codes or () if (member := labels.read(enum, code)))


def _moment(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M") if at else ""
