"""The answers of pitches, mandates and solutions as the plain values that are compared.

An answer that is missing, or lies where its question does not allow it, is unknown: it neither passes nor fails.
Some silences say something all the same, because another answer to the same question stands beside them: a funder that
says where it works in one way (countries, area, income groups, official development assistance) has no further limit of
place, one that names what it excludes excludes nothing else, one that says what it pays for or whose safeguards it
applies and leaves the list beside it empty asks for nothing on it, and a city that names the help it needs needs no
other.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from marketplace.compatibility import ANYTIME, NO_RATING, Area, Border, Circle, Mandate, Project, Reference, Solution
from marketplace.compatibility.profiles import BORROWING, CLIMATE, ES_CATEGORIES, GUARANTEES, STAGES, TICKET_BASES
from marketplace.models import Activity, Answer, EsDocument, GuaranteeRequired, IncomeGroup, Need, UseOfFunds
from marketplace.services.projects import figures
from marketplace.services.sheets.fields import Content
from marketplace.services.sheets.mandate import BORDER

Codes = frozenset[str]

_NO_GRADE = frozenset({"none", "no", "n/a", "ninguna", "ninguno", "nenhuma", "nenhum"})
_PLACES = ("countries", "priority_countries", "income_groups", "oda_only", "area")
_EXCLUSIONS = ("excluded_sectors", "excluded_activities")
_SETTLED = {"done", "not_needed"}

COMPARED_TEXTS = frozenset({"inclusion_measures", "studies", "references"})
"""The texts and tables of the sheets that are compared; the others are for people."""

# More than any amount of money there is; what is beyond was not meant.
_LARGEST = 1e18

# Until there is an agenda, everybody is free at all times and can hold one more meeting.
_FREE = 1


def project(
    content: Content,
    *,
    key: str,
    version: str,
    organisation: str,
    country: str,
    place: tuple[float, float] | None,
    mail_domains: Codes,
    readiness: float | None,
    per_usd: Decimal | None,
) -> Project:
    """Return a pitch as it is compared. `per_usd` is how much of its currency one US dollar costs (None: not known),
    `place` where the city lies, used where the site is not said, `readiness` that of the last completed review."""
    site = content.get("location") or {}
    latitude, longitude = (site.get("lat"), site.get("lon")) if site else place or (None, None)
    languages = {content.get("pitch_language"), *(content.get("understands") or ())} - {None}
    marker = content.get("gender_marker")
    return Project(
        key=key,
        version=version,
        organisation=organisation,
        mail_domains=mail_domains,
        country=country or None,
        latitude=latitude,
        longitude=longitude,
        sector_primary=content.get("sector_primary"),
        # The question was passed over where the one before it was answered: there are no further sectors.
        sectors_secondary=_codes(content, "sectors_secondary", none=bool(content.get("sector_primary"))),
        activities=_activities(content),
        stage=_one(content, "stage", STAGES),
        climate_objective=_one(content, "climate_objective", CLIMATE),
        ask_usd=_usd(content, "ask_amount", per_usd),
        total_cost_usd=_usd(content, "capex", per_usd),
        instruments=tuple(dict.fromkeys(content["instruments_sought"])) if content.get("instruments_sought") else None,
        uses=_codes(content, "uses_sought"),
        borrower_type=content.get("applicant_type"),
        guarantee=_best_guarantee(content.get("guarantee_available") or ()),
        borrowing_capacity=_one(content, "borrowing_capacity", BORROWING),
        rating=_text(content, "rating_grade"),
        private_sponsor=_sponsor(content),
        cofinance_pct=_number(content, "cofinance_pct_city", 100),
        es_documents=_documents(content),
        es_category=_one(content, "es_category", ES_CATEGORIES),
        gender_marker=int(marker) if marker in {"0", "1", "2"} else None,
        low_income_pct=_number(content, "pct_low_income", 100),
        readiness=readiness,
        languages=frozenset(languages) if languages else None,
        # The programme brings an interpreter where one is asked for.
        interpreter=True if content.get("interpreter_needed") else None,
        currency=content.get("currency"),
        tenor_years=_number(content, "tenor_years"),
        technology_needs=_technology(content),
        wanted_organisations=_codes(content, "wanted_funders"),
        blocked_organisations=frozenset(content.get("blocked_orgs") or ()),
        free_slots=ANYTIME,
        capacity_left=_FREE,
    )


def mandate(
    content: Content,
    *,
    key: str,
    version: str,
    mail_domains: Codes,
    is_verified: bool,
    per_usd: Decimal | None,
) -> Mandate:
    """Return a funder's mandate as it is compared. `per_usd` is today's rate of the currency its amounts are in;
    `is_verified` whether the organisers' check of the organisation holds now."""
    has_place = any(content.get(name) for name in _PLACES)
    has_exclusions = any(content.get(name) for name in _EXCLUSIONS)
    is_generalist = True if content.get("is_generalist") else (False if content.get("sectors") else None)
    least, most = _usd(content, "ticket_min", per_usd), _usd(content, "ticket_max", per_usd)
    if least is not None and most is not None and least > most:
        least = most = None
    grade = _text(content, "min_rating")
    marker = content.get("gender_marker_min")
    return Mandate(
        key=key,
        version=version,
        organisation=key,
        mail_domains=mail_domains,
        sectors=_codes(content, "sectors"),
        generalist=is_generalist,
        # "Any sector, except those excluded below": with none below, none.
        excluded_sectors=_codes(content, "excluded_sectors", none=has_exclusions or is_generalist is not None),
        excluded_activities=_codes(content, "excluded_activities", none=has_exclusions, among=Activity),
        instruments=_codes(content, "instruments"),
        ticket_min_usd=least,
        ticket_max_usd=most,
        ticket_basis=_one(content, "ticket_basis", TICKET_BASES) or "ask",
        allows_syndication=_yes(content, "allows_syndication"),
        allows_bundling=_yes(content, "allows_bundling"),
        stages=_codes(content, "stages", among=STAGES),
        climate_focus=_one(content, "climate_focus", CLIMATE),
        countries=_codes(content, "countries", none=has_place),
        priority_countries=_codes(content, "priority_countries", none=has_place),
        areas=_areas(content.get("area"), has_place),
        income_groups=_codes(content, "income_groups", none=has_place, among=IncomeGroup),
        oda_only=_yes(content, "oda_only", otherwise=False if has_place else None),
        borrower_types=_codes(content, "borrower_types"),
        guarantee_required=_one(content, "guarantee_required", tuple(GuaranteeRequired)),
        borrowing_capacity_required=_yes(content, "borrowing_capacity_required"),
        min_rating=NO_RATING if grade is not None and grade.casefold() in _NO_GRADE else grade,
        private_sponsor_required=_yes(content, "private_sponsor_required"),
        min_cofinance_pct=_number(content, "min_cofinance_pct", 100),
        max_share_pct=_number(content, "max_share_pct", 100),
        uses=_codes(content, "uses_funded", among=UseOfFunds),
        # Asked beside what the money may be used for: who answered that and named no country ties nobody.
        supplier_countries=_codes(content, "supplier_countries", none=bool(content.get("uses_funded"))),
        es_documents=_codes(content, "min_es_documents", none=bool(content.get("safeguards"))),
        # No question of the sheet limits the risk category.
        es_categories=frozenset(),
        gender_marker_min=int(marker) if marker in {"0", "1", "2"} else None,
        readiness_band=_band(content),
        currencies=_codes(content, "currencies"),
        tenor_max_years=_number(content, "tenor_max"),
        languages=_codes(content, "languages"),
        interpreter_ok=_yes(content, "interpreter_ok"),
        debarred=False if is_verified else None,
        blocked_organisations=frozenset(content.get("blocked_orgs") or ()),
        free_slots=ANYTIME,
        capacity_left=_FREE,
    )


def solution(content: Content, *, key: str, version: str, mail_domains: Codes, is_verified: bool) -> Solution:
    """Return what a vendor can do as it is compared. What it declares of itself to its disadvantage counts at once, to
    its advantage only while the organisers' check holds.

    A conflict of interest with cities it names keeps it apart from those alone, and nobody is told.
    """
    listed = _yes(content, "is_debarred")
    conflict, cities = _yes(content, "has_conflict"), frozenset(content.get("conflict_cities") or ())
    least, most = _number(content, "project_min"), _number(content, "project_max")
    if least is not None and most is not None and least > most:
        least = most = None
    presence = _codes(content, "local_presence")
    home = content.get("legal_country")
    rows = content.get("references")
    return Solution(
        key=key,
        version=version,
        organisation=key,
        mail_domains=mail_domains,
        categories=_codes(content, "categories"),
        references=tuple(Reference(row.get("category"), row.get("country")) for row in rows) if rows else None,
        local_presence=frozenset({*(presence or ()), home} - {None}) if presence or home else None,
        languages=_codes(content, "languages"),
        certifications=_codes(content, "certifications"),
        anti_corruption_policy=_yes(content, "anti_corruption"),
        beneficial_owner_declared=True if _text(content, "beneficial_owner") else None,
        project_min_usd=least,
        project_max_usd=most,
        vendor_finance=_yes(content, "vendor_finance"),
        debarred=True if listed else (False if listed is False and is_verified else None),
        conflict_declared=False if conflict and cities else conflict,
        accepts_market_sounding=_yes(content, "market_sounding"),
        blocked_organisations=frozenset({*(content.get("blocked_orgs") or ()), *(cities if conflict else ())}),
    )


def _codes(content: Content, name: str, *, none: bool = False, among: Iterable[str] | None = None) -> Codes | None:
    """Return a list of codes; what is missing is unknown, or (`none`) known to be nothing."""
    found = content.get(name)
    if not found:
        return frozenset() if none else None
    return frozenset(found) if among is None else frozenset(found) & frozenset(among)


def _one(content: Content, name: str, among: Iterable[str]) -> str | None:
    value = content.get(name)
    return value if value in tuple(among) else None


def _yes(content: Content, name: str, otherwise: bool | None = None) -> bool | None:
    return {Answer.YES.value: True, Answer.NO.value: False}.get(content.get(name, ""), otherwise)


def _text(content: Content, name: str) -> str | None:
    return str(content.get(name) or "").strip() or None


def _number(content: Content, name: str, most: float = _LARGEST) -> float | None:
    found = figures.number(content, name)
    return float(found) if found is not None and 0 <= found <= most else None


def _usd(content: Content, name: str, per_usd: Decimal | None) -> float | None:
    amount = figures.number(content, name)
    if amount is None or not 0 <= amount <= _LARGEST:
        return None
    found = figures.in_usd(amount, per_usd)
    return None if found is None else float(found)


def _activities(content: Content) -> Codes | None:
    """What funders exclude: nothing where the city has declared so, but for people who would have to move."""
    moved = figures.number(content, "resettled_people")
    if moved is not None and moved > 0:
        return frozenset({Activity.RESETTLEMENT.value})
    return frozenset() if content.get("exclusion_list_ack") else None


def _best_guarantee(available: Iterable[str]) -> str | None:
    """The guarantee that serves most; the codes stand in that order."""
    return next((code for code in GUARANTEES if code in set(available)), None)


def _sponsor(content: Content) -> bool | None:
    """A private party takes part in a PPP, in a concession, and where it is itself the applicant."""
    if content.get("applicant_type") == "private_endorsed":
        return True
    delivery = content.get("delivery_mode")
    return None if delivery is None else delivery in {"ppp", "concession"}


def _documents(content: Content) -> Codes | None:
    """The documents on environment and society that exist, or that the project does not need.

    Known once the risk category or the state of the assessment is. A management plan comes with the assessment (as in
    the readiness rubric), and nobody needs a resettlement plan where nobody has to move. The pitch asks for no
    stakeholder plan by that name: the measures for the groups it reaches stand for it.
    """
    assessment, category = content.get("esia_status"), content.get("es_category")
    if assessment is None and category is None:
        return None
    found: set[str] = set()
    if category is not None:
        found.add(EsDocument.SCREENING)
    studied = any(
        row.get("type") == "environmental" and row.get("status") == "done" for row in content.get("studies") or ()
    )
    if assessment in _SETTLED or studied:
        found |= {EsDocument.SCREENING, EsDocument.ESIA, EsDocument.ESMP}
    if content.get("grievance_mechanism"):
        found.add(EsDocument.GRIEVANCE)
    if figures.number(content, "resettled_people") == 0:
        found.add(EsDocument.RESETTLEMENT_PLAN)
    if content.get("inclusion_measures"):
        found.add(EsDocument.STAKEHOLDER_PLAN)
    return frozenset(str(one.value if isinstance(one, EsDocument) else one) for one in found)


def _technology(content: Content) -> Codes | None:
    if content.get("technology_needs"):
        return frozenset(content["technology_needs"])
    needs = content.get("support_needs")
    return frozenset() if needs and Need.TECHNOLOGY not in needs else None


def _areas(value: Any, has_place: bool) -> tuple[Area, ...] | None:
    if not value:
        return () if has_place else None
    try:
        if value["kind"] == "border":
            if value["border"] != BORDER:
                return None
            return (Border(north_km=float(value["north_km"]), south_km=float(value["south_km"])),)
        return (Circle(float(value["lat"]), float(value["lon"]), float(value["km"])),)
    except (KeyError, TypeError, ValueError):
        return None


def _band(content: Content) -> tuple[float, float] | None:
    low, high = _number(content, "readiness_min", 100), _number(content, "readiness_max", 100)
    if low is None and high is None:
        return None
    least, most = low or 0.0, 100.0 if high is None else high
    return (least, most) if least <= most else None
