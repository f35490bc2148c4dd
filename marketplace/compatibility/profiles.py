"""The plain values that are compared: what a project is and seeks, what a funder may finance, what a vendor can do.

Conventions for every field:

- ``None`` means unknown and is legal everywhere but in the key. It never passes and never fails a rule by itself.
- An empty collection means "none" and is knowledge. In what a party *offers* (sectors, instruments, stages, uses,
  currencies, languages, categories) none offered means that nothing fits. In what a party *restricts* (countries,
  areas, income groups, borrower types, exclusions, documents, supplier countries) none means no restriction.
- Money is US dollars at the frozen rate, as float. Percentages run from 0 to 100. Countries are ISO 3166-1 alpha-2,
  languages ISO 639-1, currencies ISO 4217. Coordinates are WGS84 degrees.
- Collections are frozensets because their order says nothing; only ``Project.instruments`` is ordered, first choice
  first.

All other codes are those of the domain document, section (a). An impossible value raises
:class:`~marketplace.compatibility.errors.ProfileError`.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from .errors import ProfileError
from .geography import Area

Codes = frozenset[str]
NONE: Codes = frozenset()

STAGES = ("scoping", "prefeasibility", "feasibility", "structuring", "transaction", "implementation", "operation")
CLIMATE = ("mitigation", "adaptation", "both", "co_benefit")
USES = ("studies", "works", "equipment", "operation")
INCOME_GROUPS = ("low", "lower_middle", "upper_middle", "high")
GUARANTEES = ("sovereign", "subnational", "third_party", "none")
GUARANTEES_REQUIRED = ("sovereign", "subnational", "any", "none")
BORROWING = ("yes", "with_authorisation", "no")
ES_CATEGORIES = ("A", "B", "C")
TICKET_BASES = ("ask", "total_cost")

# A funder that asks no rating says so; None would leave it unknown.
NO_RATING = "none"

# Free slots of a party that is not bound to an agenda, or before an agenda exists: in common with every slot.
ANYTIME: Codes = frozenset({"*"})


@dataclass(frozen=True, slots=True)
class Project:
    """A city's project, with what the platform knows about the city. One version of it.

    ``organisation`` is the key of the city, ``mail_domains`` the mail domains of its people (both for conflicts of
    interest). ``income_group`` and ``oda_eligible`` override the table of countries; leave them None to use it.
    ``activities`` are the activities of the project that exclusion lists name. ``supplier_countries`` are the
    countries whose firms and goods the city may buy for this project. ``interpreter`` says whether an interpreter
    stands by for its meetings. ``cofinance_pct`` is the city's own share of the total cost. ``rating`` is the grade
    alone on the international scale ("BB-", "Ba3"). ``capacity_left`` counts meetings that still fit.
    """

    key: str
    version: str
    organisation: str | None = None
    mail_domains: Codes = NONE
    country: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    income_group: str | None = None
    oda_eligible: bool | None = None
    sector_primary: str | None = None
    sectors_secondary: Codes | None = None
    activities: Codes | None = None
    stage: str | None = None
    climate_objective: str | None = None
    ask_usd: float | None = None
    total_cost_usd: float | None = None
    instruments: tuple[str, ...] | None = None
    uses: Codes | None = None
    borrower_type: str | None = None
    guarantee: str | None = None
    borrowing_capacity: str | None = None
    rating: str | None = None
    private_sponsor: bool | None = None
    cofinance_pct: float | None = None
    supplier_countries: Codes | None = None
    es_documents: Codes | None = None
    es_category: str | None = None
    gender_marker: int | None = None
    low_income_pct: float | None = None
    readiness: float | None = None
    languages: Codes | None = None
    interpreter: bool | None = None
    currency: str | None = None
    tenor_years: float | None = None
    technology_needs: Codes | None = None
    wanted_organisations: Codes | None = None
    blocked_organisations: Codes = NONE
    free_slots: Codes | None = None
    capacity_left: int | None = None

    def __post_init__(self) -> None:
        _forget_unknown(self, "guarantee", "borrowing_capacity")
        _codes(self, *_sets(self))
        _tuples(self, "instruments")
        if self.instruments is not None and len(set(self.instruments)) < len(self.instruments):
            raise ProfileError("instruments", "different codes, first choice first", self.instruments)
        _one_of(self, "income_group", INCOME_GROUPS)
        _one_of(self, "stage", STAGES)
        _one_of(self, "climate_objective", CLIMATE)
        _one_of(self, "guarantee", GUARANTEES)
        _one_of(self, "borrowing_capacity", BORROWING)
        _one_of(self, "es_category", ES_CATEGORIES)
        _place(self.latitude, self.longitude)
        _number(self, "ask_usd", "total_cost_usd", "tenor_years", "capacity_left")
        _number(self, "cofinance_pct", "low_income_pct", "readiness", most=100)
        _number(self, "gender_marker", most=2)


@dataclass(frozen=True, slots=True)
class Mandate:
    """What a funder may finance. One version of it.

    Offers: ``sectors``, ``instruments``, ``stages``, ``uses``, ``currencies``, ``languages``; ``generalist`` finances
    any sector. Restrictions, where an empty collection means none: ``excluded_sectors``, ``excluded_activities``,
    ``countries``, ``areas`` (a place in any of them is inside), ``income_groups``, ``borrower_types``,
    ``supplier_countries`` (goods or firms must come from one of them), ``es_documents`` (all must exist).
    ``priority_countries`` are eligible too. ``ticket_min_usd`` and ``ticket_max_usd`` bound the ask or the total cost
    (``ticket_basis``); an infinite maximum means no ceiling. ``max_share_pct`` bounds the ask as a share of the total
    cost. ``min_rating`` is a grade ("BB-", "B/B2") or :data:`NO_RATING`. ``es_categories`` are the risk categories
    accepted (empty: all). ``gender_marker_min`` 0 asks nothing. ``readiness_band`` is (low, high). ``debarred`` is the
    outcome of the platform's check of the organisation (debarment, sanctions, know your customer). ``capacity_left``
    counts meetings that still fit.
    """

    key: str
    version: str
    organisation: str | None = None
    mail_domains: Codes = NONE
    sectors: Codes | None = None
    generalist: bool | None = None
    excluded_sectors: Codes | None = None
    excluded_activities: Codes | None = None
    instruments: Codes | None = None
    ticket_min_usd: float | None = None
    ticket_max_usd: float | None = None
    ticket_basis: str = "ask"
    allows_syndication: bool | None = None
    allows_bundling: bool | None = None
    stages: Codes | None = None
    climate_focus: str | None = None
    countries: Codes | None = None
    priority_countries: Codes | None = None
    areas: tuple[Area, ...] | None = None
    income_groups: Codes | None = None
    oda_only: bool | None = None
    borrower_types: Codes | None = None
    guarantee_required: str | None = None
    borrowing_capacity_required: bool | None = None
    min_rating: str | None = None
    private_sponsor_required: bool | None = None
    min_cofinance_pct: float | None = None
    max_share_pct: float | None = None
    uses: Codes | None = None
    supplier_countries: Codes | None = None
    es_documents: Codes | None = None
    es_categories: Codes | None = None
    gender_marker_min: int | None = None
    readiness_band: tuple[float, float] | None = None
    currencies: Codes | None = None
    tenor_max_years: float | None = None
    languages: Codes | None = None
    interpreter_ok: bool | None = None
    debarred: bool | None = None
    blocked_organisations: Codes = NONE
    free_slots: Codes | None = None
    capacity_left: int | None = None

    def __post_init__(self) -> None:
        _forget_unknown(self, "guarantee_required")
        _codes(self, *_sets(self))
        _tuples(self, "areas")
        _one_of(self, "ticket_basis", TICKET_BASES)
        _one_of(self, "climate_focus", CLIMATE)
        _one_of(self, "guarantee_required", GUARANTEES_REQUIRED)
        _all_of("stages", self.stages, STAGES)
        _all_of("income_groups", self.income_groups, INCOME_GROUPS)
        _all_of("es_categories", self.es_categories, ES_CATEGORIES)
        _number(self, "ticket_min_usd", "tenor_max_years", "capacity_left")
        _number(self, "ticket_max_usd", infinite=True)
        _number(self, "min_cofinance_pct", "max_share_pct", most=100)
        _number(self, "gender_marker_min", most=2)
        _ascending("ticket_min_usd", self.ticket_min_usd, self.ticket_max_usd)
        if self.readiness_band is not None:
            low, high = self.readiness_band
            if not 0 <= low <= high <= 100:
                raise ProfileError("readiness_band", "0 <= low <= high <= 100", self.readiness_band)


@dataclass(frozen=True, slots=True)
class Reference:
    """A vendor's earlier work: what (a vendor category; None: any of the vendor's) and where."""

    category: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Solution:
    """What a vendor can do. One version of it.

    ``categories`` share the taxonomy of ``Project.technology_needs``. ``local_presence`` are the countries with an
    office or partner, the legal country included. ``certifications`` are codes such as ``iso_9001``.
    ``project_min_usd`` and ``project_max_usd`` bound the total cost of projects the vendor can deliver (the maximum may
    be infinite). ``conflict_declared`` is the vendor's own declaration of a conflict of interest.
    ``accepts_market_sounding`` says that the vendor accepts the rules of market sounding: equal information, a log, no
    promise of an award.
    """

    key: str
    version: str
    organisation: str | None = None
    mail_domains: Codes = NONE
    categories: Codes | None = None
    references: tuple[Reference, ...] | None = None
    local_presence: Codes | None = None
    languages: Codes | None = None
    certifications: Codes | None = None
    anti_corruption_policy: bool | None = None
    beneficial_owner_declared: bool | None = None
    project_min_usd: float | None = None
    project_max_usd: float | None = None
    vendor_finance: bool | None = None
    debarred: bool | None = None
    conflict_declared: bool | None = None
    accepts_market_sounding: bool | None = None
    blocked_organisations: Codes = NONE

    def __post_init__(self) -> None:
        _codes(self, *_sets(self))
        _tuples(self, "references")
        _number(self, "project_min_usd")
        _number(self, "project_max_usd", infinite=True)
        _ascending("project_min_usd", self.project_min_usd, self.project_max_usd)


def _sets(profile: Project | Mandate | Solution) -> tuple[str, ...]:
    """Names of the fields that hold a collection without an order."""
    return _SETS[type(profile)]


def _codes(profile: object, *names: str) -> None:
    """Store collections without an order as frozensets, whatever collection was given; a bare string is refused."""
    for name in names:
        value: Collection[str] | None = getattr(profile, name)
        if value is None or isinstance(value, frozenset):
            continue
        if isinstance(value, str):
            raise ProfileError(name, "a collection of codes", value)
        object.__setattr__(profile, name, frozenset(value))


def _tuples(profile: object, *names: str) -> None:
    """Store sequences as tuples; a bare string is refused."""
    for name in names:
        value = getattr(profile, name)
        if isinstance(value, str):
            raise ProfileError(name, "a sequence", value)
        if value is not None:
            object.__setattr__(profile, name, tuple(value))


def _forget_unknown(profile: object, *names: str) -> None:
    """Vocabularies spell an unknown out; here it is None."""
    for name in names:
        if getattr(profile, name) == "unknown":
            object.__setattr__(profile, name, None)


def _one_of(profile: object, name: str, codes: tuple[str, ...]) -> None:
    value = getattr(profile, name)
    if value is not None and value not in codes:
        raise ProfileError(name, f"one of {', '.join(codes)}", value)


def _all_of(name: str, values: Codes | None, codes: tuple[str, ...]) -> None:
    if values is not None and not values <= set(codes):
        raise ProfileError(name, f"some of {', '.join(codes)}", sorted(values))


def _number(profile: object, *names: str, most: float | None = None, infinite: bool = False) -> None:
    for name in names:
        value: float | None = getattr(profile, name)
        if value is None:
            continue
        if (
            math.isnan(value)
            or value < 0
            or (most is not None and value > most)
            or (math.isinf(value) and not infinite)
        ):
            raise ProfileError(name, "a number from 0" if most is None else f"a number from 0 to {most}", value)


def _ascending(name: str, least: float | None, most: float | None) -> None:
    if least is not None and most is not None and least > most:
        raise ProfileError(name, "at most the maximum", least)


def _place(latitude: float | None, longitude: float | None) -> None:
    if latitude is not None and not -90 <= latitude <= 90:
        raise ProfileError("latitude", "degrees from -90 to 90", latitude)
    if longitude is not None and not -180 <= longitude <= 180:
        raise ProfileError("longitude", "degrees from -180 to 180", longitude)


_SETS: dict[type, tuple[str, ...]] = {
    kind: tuple(name for name, hint in kind.__annotations__.items() if str(hint).startswith("Codes"))
    for kind in (Project, Mandate, Solution)
}
