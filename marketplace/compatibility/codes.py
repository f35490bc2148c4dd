"""Every code the model can say, with the names of its parameters: the one list that words are written for.

The fields that ``project_silent`` and ``counterparty_silent`` name are in ``PROJECT_FIELDS``, ``COUNTERPARTY_FIELDS``.
"""

from __future__ import annotations

from enum import StrEnum


class Rule(StrEnum):
    """The hard rules: H for funders (domain document, section (d)), V for vendors."""

    H1 = "H1"  # country or area, income group, ODA
    H2 = "H2"  # excluded sector or activity
    H3 = "H3"  # a common instrument
    H4 = "H4"  # ticket
    H5 = "H5"  # stage
    H6 = "H6"  # guarantee, borrower, borrowing power, rating, sponsor
    H7 = "H7"  # use of funds, origin of supplies
    H8 = "H8"  # co-financing
    H9 = "H9"  # safeguards, debarment, conflict, blocked organisation
    H10 = "H10"  # language
    H11 = "H11"  # slot and capacity
    V1 = "V1"  # debarment
    V2 = "V2"  # conflict, blocked organisation
    V3 = "V3"  # a needed category
    V4 = "V4"  # rules of market sounding


FUNDER_RULES = tuple(rule for rule in Rule if rule.startswith("H"))
VENDOR_RULES = tuple(rule for rule in Rule if rule.startswith("V"))


class Term(StrEnum):
    """The terms of the scores; the first ten are the funder's, then the vendor's, then the city's preference."""

    SECTOR = "sector"
    INSTRUMENT = "instrument"
    TICKET = "ticket"
    STAGE = "stage"
    CLIMATE = "climate"
    GEOGRAPHY = "geography"
    INCLUSION = "inclusion"
    READINESS = "readiness"
    LANGUAGE = "language"
    CURRENCY = "currency"
    CATEGORY = "category"
    REFERENCES = "references"
    PRESENCE = "presence"
    COMPLIANCE = "compliance"
    SCALE = "scale"
    VENDOR_FINANCE = "vendor_finance"
    WANTED = "wanted"
    FIRST_CHOICE = "first_choice"
    TENOR = "tenor"
    SHARED_LANGUAGE = "shared_language"


FUNDER_WEIGHTS = {
    Term.SECTOR: 20.0,
    Term.INSTRUMENT: 15.0,
    Term.TICKET: 15.0,
    Term.STAGE: 15.0,
    Term.CLIMATE: 10.0,
    Term.GEOGRAPHY: 8.0,
    Term.INCLUSION: 7.0,
    Term.READINESS: 5.0,
    Term.LANGUAGE: 3.0,
    Term.CURRENCY: 2.0,
}
VENDOR_WEIGHTS = {
    Term.CATEGORY: 30.0,
    Term.REFERENCES: 20.0,
    Term.PRESENCE: 15.0,
    Term.COMPLIANCE: 15.0,
    Term.SCALE: 10.0,
    Term.VENDOR_FINANCE: 10.0,
}
PREFERENCE_WEIGHTS = {Term.WANTED: 40.0, Term.FIRST_CHOICE: 30.0, Term.TENOR: 20.0, Term.SHARED_LANGUAGE: 10.0}


class Code(StrEnum):
    """What a finding or a term can say."""

    # A party has not said something that a rule or a term needs.
    PROJECT_SILENT = "project_silent"
    COUNTERPARTY_SILENT = "counterparty_silent"
    # H1
    PLACE_ELIGIBLE = "place_eligible"
    COUNTRY_NOT_ELIGIBLE = "country_not_eligible"
    OUTSIDE_AREA = "outside_area"
    INCOME_GROUP_NOT_ELIGIBLE = "income_group_not_eligible"
    NOT_ODA_ELIGIBLE = "not_oda_eligible"
    # H2
    NOT_EXCLUDED = "not_excluded"
    SECTOR_EXCLUDED = "sector_excluded"
    ACTIVITY_EXCLUDED = "activity_excluded"
    # H3 and the instrument term
    INSTRUMENTS_OFFERED = "instruments_offered"
    INSTRUMENTS_NONE = "instruments_none"
    # H4 and the ticket term
    TICKET_INSIDE = "ticket_inside"
    TICKET_SYNDICATED = "ticket_syndicated"
    TICKET_BUNDLED = "ticket_bundled"
    TICKET_ABOVE = "ticket_above"
    TICKET_BELOW = "ticket_below"
    # H5 and the stage term
    STAGE_INSIDE = "stage_inside"
    STAGE_ONE_STEP = "stage_one_step"
    STAGE_OUTSIDE = "stage_outside"
    # H6
    BORROWER_ACCEPTED = "borrower_accepted"
    BORROWER_TYPE_NOT_ACCEPTED = "borrower_type_not_accepted"
    SOVEREIGN_GUARANTEE_MISSING = "sovereign_guarantee_missing"
    SUBNATIONAL_GUARANTEE_MISSING = "subnational_guarantee_missing"
    GUARANTEE_MISSING = "guarantee_missing"
    GUARANTEE_UNKNOWN = "guarantee_unknown"
    NO_POWER_TO_BORROW = "no_power_to_borrow"
    BORROWING_NEEDS_AUTHORISATION = "borrowing_needs_authorisation"
    BORROWING_POWER_UNKNOWN = "borrowing_power_unknown"
    RATING_BELOW_MINIMUM = "rating_below_minimum"
    RATING_UNKNOWN = "rating_unknown"
    RATING_NATIONAL_SCALE = "rating_national_scale"
    RATING_UNREADABLE = "rating_unreadable"
    SPONSOR_MISSING = "sponsor_missing"
    # H7
    USE_FUNDED = "use_funded"
    USE_NOT_FUNDED = "use_not_funded"
    SUPPLIERS_TIED = "suppliers_tied"
    # H8
    COFINANCE_ENOUGH = "cofinance_enough"
    COFINANCE_BELOW_MINIMUM = "cofinance_below_minimum"
    SHARE_ABOVE_MAXIMUM = "share_above_maximum"
    # H9, V1 and V2
    SAFEGUARDS_MET = "safeguards_met"
    DOCUMENTS_MISSING = "documents_missing"
    RISK_CATEGORY_NOT_ACCEPTED = "risk_category_not_accepted"
    DEBARRED = "debarred"
    NOT_DEBARRED = "not_debarred"
    SAME_ORGANISATION = "same_organisation"
    SAME_MAIL_DOMAIN = "same_mail_domain"
    CONFLICT_DECLARED = "conflict_declared"
    NO_CONFLICT = "no_conflict"
    BLOCKED_BY_CITY = "blocked_by_city"
    BLOCKED_BY_COUNTERPARTY = "blocked_by_counterparty"
    # H10 and the language terms
    LANGUAGE_SHARED = "language_shared"
    LANGUAGE_INTERPRETED = "language_interpreted"
    LANGUAGE_NOT_SHARED = "language_not_shared"
    # H11
    SLOT_SHARED = "slot_shared"
    NO_COMMON_SLOT = "no_common_slot"
    PROJECT_FULL = "project_full"
    COUNTERPARTY_FULL = "counterparty_full"
    # V3 and the category term
    CATEGORIES_NEEDED = "categories_needed"
    CATEGORIES_NOT_NEEDED = "categories_not_needed"
    # V4
    MARKET_SOUNDING_ACCEPTED = "market_sounding_accepted"
    MARKET_SOUNDING_REFUSED = "market_sounding_refused"
    # Terms of the funder's score
    SECTOR_PRIMARY = "sector_primary"
    SECTOR_SECONDARY = "sector_secondary"
    SECTOR_GENERALIST = "sector_generalist"
    SECTOR_NOT_LISTED = "sector_not_listed"
    CLIMATE_SHARED = "climate_shared"
    CLIMATE_COBENEFIT = "climate_cobenefit"
    CLIMATE_OTHER = "climate_other"
    COUNTRY_PRIORITY = "country_priority"
    COUNTRY_ELIGIBLE = "country_eligible"
    COUNTRY_OUTSIDE = "country_outside"
    INCLUSION = "inclusion"
    INCLUSION_MARKER = "inclusion_marker"
    INCLUSION_LOW_INCOME = "inclusion_low_income"
    READINESS_INSIDE = "readiness_inside"
    READINESS_OUTSIDE = "readiness_outside"
    CURRENCY_OFFERED = "currency_offered"
    CURRENCY_NOT_OFFERED = "currency_not_offered"
    # Terms of the vendor's score
    REFERENCES = "references"
    REFERENCES_NONE = "references_none"
    PRESENCE = "presence"
    PRESENCE_NONE = "presence_none"
    COMPLIANCE = "compliance"
    SCALE_INSIDE = "scale_inside"
    SCALE_ABOVE = "scale_above"
    SCALE_BELOW = "scale_below"
    VENDOR_FINANCE = "vendor_finance"
    VENDOR_FINANCE_NONE = "vendor_finance_none"
    # Terms of the city's preference
    WANTED = "wanted"
    NOT_WANTED = "not_wanted"
    FIRST_CHOICE_OFFERED = "first_choice_offered"
    FIRST_CHOICE_NOT_OFFERED = "first_choice_not_offered"
    TENOR_MET = "tenor_met"
    TENOR_TOO_SHORT = "tenor_too_short"


# The names of the parameters of every code. Their values: codes and countries as text, amounts in USD, percentages from
# 0 to 100, ``share`` as a fraction of 1, years, counts; plural names hold lists. A value may be None where unknown.
PARAMETERS: dict[Code, tuple[str, ...]] = {
    **dict.fromkeys(Code, ()),
    Code.PROJECT_SILENT: ("field",),
    Code.COUNTERPARTY_SILENT: ("field",),
    Code.PLACE_ELIGIBLE: ("country",),
    Code.COUNTRY_NOT_ELIGIBLE: ("country",),
    Code.INCOME_GROUP_NOT_ELIGIBLE: ("country", "income_group", "accepted"),
    Code.NOT_ODA_ELIGIBLE: ("country",),
    Code.SECTOR_EXCLUDED: ("sector",),
    Code.ACTIVITY_EXCLUDED: ("activities",),
    Code.INSTRUMENTS_OFFERED: ("offered", "missing"),
    Code.INSTRUMENTS_NONE: ("sought",),
    Code.TICKET_INSIDE: ("amount_usd", "minimum_usd", "maximum_usd", "basis"),
    Code.TICKET_SYNDICATED: ("amount_usd", "minimum_usd", "maximum_usd", "basis", "share"),
    Code.TICKET_BUNDLED: ("amount_usd", "minimum_usd", "maximum_usd", "basis", "share"),
    Code.TICKET_ABOVE: ("amount_usd", "minimum_usd", "maximum_usd", "basis", "share"),
    Code.TICKET_BELOW: ("amount_usd", "minimum_usd", "maximum_usd", "basis", "share"),
    Code.STAGE_INSIDE: ("stage",),
    Code.STAGE_ONE_STEP: ("stage", "stages"),
    Code.STAGE_OUTSIDE: ("stage", "stages"),
    Code.BORROWER_TYPE_NOT_ACCEPTED: ("borrower_type", "accepted"),
    Code.SOVEREIGN_GUARANTEE_MISSING: ("guarantee",),
    Code.SUBNATIONAL_GUARANTEE_MISSING: ("guarantee",),
    Code.GUARANTEE_MISSING: ("guarantee",),
    Code.GUARANTEE_UNKNOWN: ("required",),
    Code.RATING_BELOW_MINIMUM: ("rating", "minimum"),
    Code.RATING_UNKNOWN: ("minimum",),
    Code.RATING_NATIONAL_SCALE: ("rating",),
    Code.RATING_UNREADABLE: ("rating",),
    Code.USE_FUNDED: ("uses",),
    Code.USE_NOT_FUNDED: ("uses", "funded"),
    Code.SUPPLIERS_TIED: ("countries",),
    Code.COFINANCE_ENOUGH: ("offered_pct",),
    Code.COFINANCE_BELOW_MINIMUM: ("offered_pct", "minimum_pct"),
    Code.SHARE_ABOVE_MAXIMUM: ("share_pct", "maximum_pct"),
    Code.DOCUMENTS_MISSING: ("documents",),
    Code.RISK_CATEGORY_NOT_ACCEPTED: ("category", "accepted"),
    Code.SAME_MAIL_DOMAIN: ("domains",),
    Code.LANGUAGE_SHARED: ("languages",),
    Code.LANGUAGE_NOT_SHARED: ("project", "counterparty"),
    Code.CATEGORIES_NEEDED: ("categories", "missing"),
    Code.CATEGORIES_NOT_NEEDED: ("needs",),
    Code.SECTOR_PRIMARY: ("sector",),
    Code.SECTOR_SECONDARY: ("sectors",),
    Code.SECTOR_NOT_LISTED: ("sector",),
    Code.CLIMATE_SHARED: ("objective", "focus"),
    Code.CLIMATE_COBENEFIT: ("objective", "focus"),
    Code.CLIMATE_OTHER: ("objective", "focus"),
    Code.COUNTRY_PRIORITY: ("country",),
    Code.COUNTRY_ELIGIBLE: ("country",),
    Code.COUNTRY_OUTSIDE: ("country",),
    Code.INCLUSION: ("marker", "required", "low_income_pct"),
    Code.INCLUSION_MARKER: ("marker", "required"),
    Code.INCLUSION_LOW_INCOME: ("low_income_pct",),
    Code.READINESS_INSIDE: ("readiness", "low", "high"),
    Code.READINESS_OUTSIDE: ("readiness", "low", "high"),
    Code.CURRENCY_OFFERED: ("currency",),
    Code.CURRENCY_NOT_OFFERED: ("currency", "offered"),
    Code.REFERENCES: ("comparable", "same_country"),
    Code.PRESENCE: ("country", "languages"),
    Code.COMPLIANCE: ("certificates", "policy", "owner"),
    Code.SCALE_INSIDE: ("cost_usd",),
    Code.SCALE_ABOVE: ("cost_usd", "maximum_usd"),
    Code.SCALE_BELOW: ("cost_usd", "minimum_usd"),
    Code.FIRST_CHOICE_OFFERED: ("instrument",),
    Code.FIRST_CHOICE_NOT_OFFERED: ("instrument",),
    Code.TENOR_MET: ("years", "maximum_years"),
    Code.TENOR_TOO_SHORT: ("years", "maximum_years"),
}

# Causes that the party they speak about must not read.
PRIVATE = frozenset({Code.BLOCKED_BY_CITY, Code.BLOCKED_BY_COUNTERPARTY})

# What a project may be silent about, by the names of ``Project``.
PROJECT_FIELDS = frozenset(
    {
        *("country", "latitude", "income_group", "oda_eligible", "sector_primary", "sectors_secondary", "activities"),
        *("instruments", "ask_usd", "total_cost_usd", "stage", "borrower_type", "private_sponsor", "uses"),
        *("supplier_countries", "cofinance_pct", "es_documents", "es_category", "languages", "interpreter"),
        *("capacity_left", "free_slots", "climate_objective", "low_income_pct", "readiness", "currency"),
        *("wanted_organisations", "tenor_years", "technology_needs"),
    }
)
# What a funder or vendor may be silent about, by the names of ``Mandate`` and ``Solution``.
COUNTERPARTY_FIELDS = frozenset(
    {
        *("organisation", "countries", "areas", "income_groups", "oda_only", "excluded_sectors", "excluded_activities"),
        *("instruments", "ticket_min_usd", "ticket_max_usd", "allows_syndication", "allows_bundling", "stages"),
        *("borrower_types", "guarantee_required", "borrowing_capacity_required", "min_rating"),
        *("private_sponsor_required", "uses", "supplier_countries", "min_cofinance_pct", "max_share_pct"),
        *("es_documents", "es_categories", "debarred", "languages", "interpreter_ok", "capacity_left", "free_slots"),
        *("sectors", "climate_focus", "priority_countries", "readiness_band", "currencies", "tenor_max_years"),
        *("conflict_declared", "categories", "accepts_market_sounding", "references", "local_presence"),
        *("certifications", "project_min_usd", "project_max_usd", "vendor_finance"),
    }
)
