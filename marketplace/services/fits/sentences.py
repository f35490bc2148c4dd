"""What every code of the compatibility model says, in plain sentences: the declarations that `words` fills in.

The sentences are read by cities, funders and vendors alike: they say "the project" and "this funder", and never "you".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from marketplace.compatibility import Code, Rule, Term
from marketplace.i18n import LazyText
from marketplace.i18n import lazy_gettext as _
from marketplace.services.sheets.mandate import MANDATE
from marketplace.services.sheets.pitch import PITCH
from marketplace.services.sheets.solution import SOLUTION


@dataclass(frozen=True)
class Sentence:
    """A sentence with its parameters as placeholders; `tails` are sentences that follow where their parameter has a
    value. `unsaid` names parameters that another one already tells of."""

    text: LazyText | None
    tails: Mapping[str, LazyText] = field(default_factory=dict)
    unsaid: frozenset[str] = frozenset()


COMPOUNDS: dict[str, tuple[str, ...]] = {
    "claim": ("amount_usd", "basis"),
    "ticket": ("minimum_usd", "maximum_usd", "basis"),
    "declared": ("certificates", "policy", "owner"),
}
"""Placeholders that are made of several parameters."""

_SHARE = frozenset({"share"})

SENTENCES: dict[Code, Sentence] = {
    Code.PROJECT_SILENT: Sentence(_("Not stated in the project: %(field)s")),
    Code.COUNTERPARTY_SILENT: Sentence(_("Not stated in the profile: %(field)s")),
    # Place
    Code.PLACE_ELIGIBLE: Sentence(_("Projects in this country are taken: %(country)s.")),
    Code.COUNTRY_NOT_ELIGIBLE: Sentence(_("This funder does not work in %(country)s.")),
    Code.OUTSIDE_AREA: Sentence(_("The place lies outside the area in which this funder works.")),
    Code.INCOME_GROUP_NOT_ELIGIBLE: Sentence(
        _("Income group of %(country)s: %(income_group)s. This funder takes: %(accepted)s.")
    ),
    Code.NOT_ODA_ELIGIBLE: Sentence(
        _("Only for countries that may receive official development assistance; %(country)s may not.")
    ),
    # Exclusions
    Code.NOT_EXCLUDED: Sentence(_("Nothing in the project is excluded.")),
    Code.SECTOR_EXCLUDED: Sentence(_("This funder excludes the sector: %(sector)s.")),
    Code.ACTIVITY_EXCLUDED: Sentence(_("This funder excludes what the project involves: %(activities)s.")),
    # Instruments
    Code.INSTRUMENTS_OFFERED: Sentence(
        _("This funder offers what the project seeks: %(offered)s."), {"missing": _("Not offered: %(missing)s.")}
    ),
    Code.INSTRUMENTS_NONE: Sentence(_("This funder offers none of what the project seeks: %(sought)s.")),
    # Amount
    Code.TICKET_INSIDE: Sentence(_("%(claim)s; %(ticket)s.")),
    Code.TICKET_SYNDICATED: Sentence(_("%(claim)s; %(ticket)s. With others it could carry %(share)s of it.")),
    Code.TICKET_BUNDLED: Sentence(
        _("%(claim)s; %(ticket)s. It may be put together with other small projects (%(share)s of the smallest amount).")
    ),
    Code.TICKET_ABOVE: Sentence(_("%(claim)s; %(ticket)s. That is too much for this funder."), unsaid=_SHARE),
    Code.TICKET_BELOW: Sentence(_("%(claim)s; %(ticket)s. That is too little for this funder."), unsaid=_SHARE),
    # Stage
    Code.STAGE_INSIDE: Sentence(_("This funder takes projects at this stage: %(stage)s.")),
    Code.STAGE_ONE_STEP: Sentence(
        _("The project's stage (%(stage)s) is one step away from those this funder takes: %(stages)s.")
    ),
    Code.STAGE_OUTSIDE: Sentence(_("The project's stage (%(stage)s) is far from those this funder takes: %(stages)s.")),
    # Borrower
    Code.BORROWER_ACCEPTED: Sentence(_("The applicant meets the conditions.")),
    Code.BORROWER_TYPE_NOT_ACCEPTED: Sentence(
        _("The applicant is: %(borrower_type)s. This funder takes: %(accepted)s.")
    ),
    Code.SOVEREIGN_GUARANTEE_MISSING: Sentence(
        _("This funder needs a guarantee of the national government. Available: %(guarantee)s.")
    ),
    Code.SUBNATIONAL_GUARANTEE_MISSING: Sentence(
        _("This funder needs a guarantee of a regional or the national government. Available: %(guarantee)s.")
    ),
    Code.GUARANTEE_MISSING: Sentence(_("This funder needs a guarantee. Available: %(guarantee)s.")),
    Code.GUARANTEE_UNKNOWN: Sentence(
        _("This funder needs a guarantee (%(required)s), and the project does not say which there is.")
    ),
    Code.NO_POWER_TO_BORROW: Sentence(_("The applicant may not borrow, and this funder lends only to those who may.")),
    Code.BORROWING_NEEDS_AUTHORISATION: Sentence(
        _("The applicant may borrow only with an authorisation: ask this funder whether that is enough.")
    ),
    Code.BORROWING_POWER_UNKNOWN: Sentence(_("The project does not say whether the applicant may borrow.")),
    Code.RATING_BELOW_MINIMUM: Sentence(_("The rating is %(rating)s, and this funder needs at least %(minimum)s.")),
    Code.RATING_UNKNOWN: Sentence(
        _("This funder needs a rating of at least %(minimum)s, and the project states none.")
    ),
    Code.RATING_NATIONAL_SCALE: Sentence(
        _("The rating %(rating)s is on a national scale and cannot be compared with what this funder needs.")
    ),
    Code.RATING_UNREADABLE: Sentence(_("The rating %(rating)s is on no scale we know.")),
    Code.SPONSOR_MISSING: Sentence(_("This funder needs a private sponsor, and the project has none.")),
    # Use of the money
    Code.USE_FUNDED: Sentence(_("This funder pays for %(uses)s.")),
    Code.USE_NOT_FUNDED: Sentence(_("The money is for %(uses)s; this funder pays for %(funded)s.")),
    Code.SUPPLIERS_TIED: Sentence(_("Goods and services must come from %(countries)s.")),
    # Co-financing
    Code.COFINANCE_ENOUGH: Sentence(
        _("The city's own share is large enough."), {"offered_pct": _("It is %(offered_pct)s.")}
    ),
    Code.COFINANCE_BELOW_MINIMUM: Sentence(
        _("The city pays %(offered_pct)s itself, and this funder asks for at least %(minimum_pct)s.")
    ),
    Code.SHARE_ABOVE_MAXIMUM: Sentence(
        _("The project asks for %(share_pct)s of its cost, and this funder pays at most %(maximum_pct)s.")
    ),
    # Safeguards and integrity
    Code.SAFEGUARDS_MET: Sentence(_("Documents and integrity are in order.")),
    Code.DOCUMENTS_MISSING: Sentence(_("This funder needs documents that are not there yet: %(documents)s.")),
    Code.RISK_CATEGORY_NOT_ACCEPTED: Sentence(
        _("Environmental and social risk: %(category)s. This funder takes: %(accepted)s.")
    ),
    Code.DEBARRED: Sentence(_("The organisation is on a list of excluded suppliers.")),
    Code.NOT_DEBARRED: Sentence(_("The organisation is on no list of excluded suppliers.")),
    Code.SAME_ORGANISATION: Sentence(_("Both sides are the same organisation.")),
    Code.SAME_MAIL_DOMAIN: Sentence(_("People of both sides have addresses of the same domain: %(domains)s.")),
    Code.CONFLICT_DECLARED: Sentence(_("The company has declared a conflict of interest.")),
    Code.NO_CONFLICT: Sentence(_("No conflict of interest is known.")),
    Code.BLOCKED_BY_CITY: Sentence(_("The city does not want to meet this organisation.")),
    Code.BLOCKED_BY_COUNTERPARTY: Sentence(_("The organisation does not want to meet this city.")),
    # Language and meeting
    Code.LANGUAGE_SHARED: Sentence(_("Both speak %(languages)s.")),
    Code.LANGUAGE_INTERPRETED: Sentence(_("They share no language, but both meet with an interpreter.")),
    Code.LANGUAGE_NOT_SHARED: Sentence(
        _("They share no language: the city speaks %(project)s, the other side %(counterparty)s.")
    ),
    Code.SLOT_SHARED: Sentence(_("A meeting is possible.")),
    Code.NO_COMMON_SLOT: Sentence(_("No time is free on both sides.")),
    Code.PROJECT_FULL: Sentence(_("The project has no meetings left.")),
    Code.COUNTERPARTY_FULL: Sentence(_("The other side has no meetings left.")),
    # What vendors offer
    Code.CATEGORIES_NEEDED: Sentence(
        _("Offers what the project needs: %(categories)s."), {"missing": _("Needed as well: %(missing)s.")}
    ),
    Code.CATEGORIES_NOT_NEEDED: Sentence(
        _("Offers nothing that the project needs."), {"needs": _("Needed: %(needs)s.")}
    ),
    Code.MARKET_SOUNDING_ACCEPTED: Sentence(_("Accepts the market-sounding rules.")),
    Code.MARKET_SOUNDING_REFUSED: Sentence(_("Does not accept the market-sounding rules.")),
    # Terms of a funder's score
    Code.SECTOR_PRIMARY: Sentence(_("The main sector is one this funder finances: %(sector)s.")),
    Code.SECTOR_SECONDARY: Sentence(_("Only a further sector is one this funder finances: %(sectors)s.")),
    Code.SECTOR_GENERALIST: Sentence(_("This funder finances any sector.")),
    Code.SECTOR_NOT_LISTED: Sentence(_("The main sector is not one this funder finances: %(sector)s.")),
    Code.CLIMATE_SHARED: Sentence(_("The climate objective fits. Project: %(objective)s; funder: %(focus)s.")),
    Code.CLIMATE_COBENEFIT: Sentence(
        _("The climate objective fits in part. Project: %(objective)s; funder: %(focus)s.")
    ),
    Code.CLIMATE_OTHER: Sentence(_("The climate objective is another. Project: %(objective)s; funder: %(focus)s.")),
    Code.COUNTRY_PRIORITY: Sentence(_("%(country)s comes first for this funder.")),
    Code.COUNTRY_ELIGIBLE: Sentence(_("%(country)s is possible, but does not come first for this funder.")),
    Code.COUNTRY_OUTSIDE: Sentence(_("%(country)s lies outside where this funder works.")),
    Code.INCLUSION: Sentence(
        _("Gender equality: %(marker)s (asked for: %(required)s). People of low income: %(low_income_pct)s.")
    ),
    Code.INCLUSION_MARKER: Sentence(_("Gender equality: %(marker)s (asked for: %(required)s).")),
    Code.INCLUSION_LOW_INCOME: Sentence(_("People of low income: %(low_income_pct)s.")),
    Code.READINESS_INSIDE: Sentence(_("Readiness %(readiness)s, as expected (%(low)s to %(high)s).")),
    Code.READINESS_OUTSIDE: Sentence(_("Readiness %(readiness)s; expected are %(low)s to %(high)s.")),
    Code.CURRENCY_OFFERED: Sentence(_("This funder pays out in %(currency)s.")),
    Code.CURRENCY_NOT_OFFERED: Sentence(_("This funder does not pay out in %(currency)s, but in %(offered)s.")),
    # Terms of a vendor's score
    Code.REFERENCES: Sentence(
        _("Comparable references: %(comparable)s; of them in the same country: %(same_country)s.")
    ),
    Code.REFERENCES_NONE: Sentence(_("No comparable references.")),
    Code.PRESENCE: Sentence(
        None, {"country": _("Has people in %(country)s."), "languages": _("Both speak %(languages)s.")}
    ),
    Code.PRESENCE_NONE: Sentence(_("Neither people in the country nor a shared language.")),
    Code.COMPLIANCE: Sentence(_("Declared: %(declared)s.")),
    Code.SCALE_INSIDE: Sentence(_("The cost of %(cost_usd)s is of a size this company delivers.")),
    Code.SCALE_ABOVE: Sentence(
        _("The cost of %(cost_usd)s is above the largest project of this company, %(maximum_usd)s.")
    ),
    Code.SCALE_BELOW: Sentence(
        _("The cost of %(cost_usd)s is below the smallest project of this company, %(minimum_usd)s.")
    ),
    Code.VENDOR_FINANCE: Sentence(_("Can finance the purchase.")),
    Code.VENDOR_FINANCE_NONE: Sentence(_("Cannot finance the purchase.")),
    # Terms of the city's preference
    Code.WANTED: Sentence(_("The city wants to meet this organisation.")),
    Code.NOT_WANTED: Sentence(_("The city has named others it wants to meet.")),
    Code.FIRST_CHOICE_OFFERED: Sentence(_("Offers the instrument the city would like best: %(instrument)s.")),
    Code.FIRST_CHOICE_NOT_OFFERED: Sentence(
        _("Does not offer the instrument the city would like best: %(instrument)s.")
    ),
    Code.TENOR_MET: Sentence(_("Lends for up to %(maximum_years)s years; the project needs %(years)s.")),
    Code.TENOR_TOO_SHORT: Sentence(_("Lends for only %(maximum_years)s years; the project needs %(years)s.")),
}

RULES: dict[Rule, LazyText] = {
    Rule.H1: _("Place"),
    Rule.H2: _("Exclusions"),
    Rule.H3: _("Instruments"),
    Rule.H4: _("Amount"),
    Rule.H5: _("Stage"),
    Rule.H6: _("Borrower"),
    Rule.H7: _("Use of the money"),
    Rule.H8: _("Co-financing"),
    Rule.H9: _("Safeguards and integrity"),
    Rule.H10: _("Language"),
    Rule.H11: _("Time for a meeting"),
    Rule.V1: _("Lists of excluded suppliers"),
    Rule.V2: _("Conflict of interest"),
    Rule.V3: _("What is needed"),
    Rule.V4: _("Market-sounding rules"),
}

TERMS: dict[Term, LazyText] = {
    Term.SECTOR: _("Sector"),
    Term.INSTRUMENT: _("Instruments"),
    Term.TICKET: _("Amount"),
    Term.STAGE: _("Stage"),
    Term.CLIMATE: _("Climate objective"),
    Term.GEOGRAPHY: _("Country"),
    Term.INCLUSION: _("Inclusion and gender"),
    Term.READINESS: _("Readiness"),
    Term.LANGUAGE: _("Language"),
    Term.CURRENCY: _("Currency"),
    Term.CATEGORY: _("What is needed"),
    Term.REFERENCES: _("References"),
    Term.PRESENCE: _("Presence and language"),
    Term.COMPLIANCE: _("Certificates and integrity"),
    Term.SCALE: _("Size of the project"),
    Term.VENDOR_FINANCE: _("Finance of the purchase"),
    Term.WANTED: _("Wanted by the city"),
    Term.FIRST_CHOICE: _("First choice of instrument"),
    Term.TENOR: _("Term of a loan"),
    Term.SHARED_LANGUAGE: _("Shared language"),
}


def _labels(sheet: object, names: Mapping[str, str]) -> dict[str, LazyText]:
    return {field: sheet.by_name[name].label for field, name in names.items()}  # type: ignore[attr-defined]


PROJECT_FIELDS: dict[str, LazyText] = {
    **_labels(
        PITCH,
        {
            "latitude": "location",
            "sector_primary": "sector_primary",
            "sectors_secondary": "sectors_secondary",
            "instruments": "instruments_sought",
            "ask_usd": "ask_amount",
            "total_cost_usd": "capex",
            "stage": "stage",
            "borrower_type": "applicant_type",
            "uses": "uses_sought",
            "cofinance_pct": "cofinance_pct_city",
            "es_category": "es_category",
            "languages": "understands",
            "climate_objective": "climate_objective",
            "low_income_pct": "pct_low_income",
            "currency": "currency",
            "wanted_organisations": "wanted_funders",
            "tenor_years": "tenor_years",
            "technology_needs": "technology_needs",
        },
    ),
    "country": _("Country"),
    "income_group": _("Income group of the country"),
    "oda_eligible": _("whether the country may receive official development assistance"),
    "activities": _("whether it involves something that funders exclude"),
    "private_sponsor": _("whether a private sponsor takes part"),
    "supplier_countries": _("from where it may buy goods and services"),
    "es_documents": _("Documents on environment and society"),
    "interpreter": _("whether an interpreter comes along"),
    "capacity_left": _("how many more meetings are possible"),
    "free_slots": _("free times"),
    "readiness": _("Readiness, as reviewed"),
}

COUNTERPARTY_FIELDS: dict[str, LazyText] = {
    **_labels(
        MANDATE,
        {
            name: {
                "areas": "area",
                "ticket_min_usd": "ticket_min",
                "ticket_max_usd": "ticket_max",
                "uses": "uses_funded",
                "es_documents": "min_es_documents",
                "tenor_max_years": "tenor_max",
            }.get(name, name)
            for name in (
                *("countries", "areas", "income_groups", "oda_only", "excluded_sectors", "excluded_activities"),
                *("instruments", "ticket_min_usd", "ticket_max_usd", "allows_syndication", "allows_bundling", "stages"),
                *("borrower_types", "guarantee_required", "borrowing_capacity_required", "min_rating"),
                *("private_sponsor_required", "uses", "supplier_countries", "min_cofinance_pct", "max_share_pct"),
                *("es_documents", "languages", "interpreter_ok", "sectors", "climate_focus", "priority_countries"),
                *("currencies", "tenor_max_years"),
            )
        },
    ),
    **_labels(
        SOLUTION,
        {
            "conflict_declared": "has_conflict",
            "categories": "categories",
            "accepts_market_sounding": "market_sounding",
            "references": "references",
            "local_presence": "local_presence",
            "certifications": "certifications",
            "project_min_usd": "project_min",
            "project_max_usd": "project_max",
            "vendor_finance": "vendor_finance",
        },
    ),
    "organisation": _("Organisation"),
    "es_categories": _("which environmental and social risk is accepted"),
    "debarred": _("a check of the organisation by the organisers that is still valid"),
    "capacity_left": _("how many more meetings are possible"),
    "free_slots": _("free times"),
    "readiness_band": _("which readiness is expected"),
}
