"""The project and the funder of the domain document's test vectors, complete where the document is silent."""

from dataclasses import replace

from marketplace.compatibility import ANYTIME, NO_RATING, Mandate, Project, Reference, Solution

PROJECT = Project(
    key="p1",
    version="3",
    organisation="cali",
    mail_domains=frozenset({"cali.gov.co"}),
    country="CO",
    latitude=3.4516,
    longitude=-76.532,
    sector_primary="nbs",
    sectors_secondary=frozenset({"flood"}),
    activities=frozenset(),
    stage="feasibility",
    climate_objective="adaptation",
    ask_usd=12e6,
    total_cost_usd=20e6,
    instruments=("conc_loan", "grant"),
    uses=frozenset({"works"}),
    borrower_type="local_government",
    guarantee="sovereign",
    borrowing_capacity="yes",
    rating="BB+",
    private_sponsor=False,
    cofinance_pct=20,
    supplier_countries=frozenset({"CO", "US"}),
    es_documents=frozenset({"screening", "esia"}),
    es_category="B",
    gender_marker=1,
    low_income_pct=60,
    readiness=68,
    languages=frozenset({"es"}),
    interpreter=True,
    currency="COP",
    tenor_years=15,
    technology_needs=frozenset({"nbs", "monitoring"}),
    wanted_organisations=frozenset({"andean-bank"}),
    free_slots=ANYTIME,
    capacity_left=10,
)
MANDATE = Mandate(
    key="f1",
    version="1",
    organisation="andean-bank",
    mail_domains=frozenset({"andean.example"}),
    sectors=frozenset({"nbs", "water"}),
    generalist=False,
    excluded_sectors=frozenset(),
    excluded_activities=frozenset(),
    instruments=frozenset({"conc_loan", "guarantee"}),
    ticket_min_usd=5e6,
    ticket_max_usd=50e6,
    allows_syndication=False,
    allows_bundling=False,
    stages=frozenset({"feasibility", "structuring", "transaction"}),
    climate_focus="both",
    countries=frozenset({"CO", "PE", "EC"}),
    priority_countries=frozenset({"CO"}),
    areas=(),
    income_groups=frozenset(),
    oda_only=False,
    borrower_types=frozenset(),
    guarantee_required="none",
    borrowing_capacity_required=False,
    min_rating=NO_RATING,
    private_sponsor_required=False,
    min_cofinance_pct=10,
    max_share_pct=100,
    uses=frozenset({"works", "equipment"}),
    supplier_countries=frozenset(),
    es_documents=frozenset(),
    es_categories=frozenset(),
    gender_marker_min=1,
    readiness_band=(55, 100),
    currencies=frozenset({"USD"}),
    tenor_max_years=20,
    languages=frozenset({"en", "es"}),
    interpreter_ok=True,
    debarred=False,
    free_slots=ANYTIME,
    capacity_left=10,
)
SOLUTION = Solution(
    key="v1",
    version="2",
    organisation="sensores",
    mail_domains=frozenset({"sensores.example"}),
    categories=frozenset({"monitoring", "digital"}),
    references=(Reference("monitoring", "CO"), Reference("digital", "PE"), Reference(None, "EC")),
    local_presence=frozenset({"CO"}),
    languages=frozenset({"es"}),
    certifications=frozenset({"iso_9001", "iso_14001"}),
    anti_corruption_policy=True,
    beneficial_owner_declared=True,
    project_min_usd=1e5,
    project_max_usd=1e7,
    vendor_finance=False,
    debarred=False,
    conflict_declared=False,
    accepts_market_sounding=True,
)


def project(**changes):
    """The vectors' project with some fields changed."""
    return replace(PROJECT, **changes)


def mandate(**changes):
    """The vectors' funder with some fields changed."""
    return replace(MANDATE, **changes)


def solution(**changes):
    """A vendor that fits the vectors' project, with some fields changed."""
    return replace(SOLUTION, **changes)
