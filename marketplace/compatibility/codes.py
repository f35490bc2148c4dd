"""Every code the model can say, with the names of its parameters: the one list that words are written for."""

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


# Causes that the party they speak about must not read.
PRIVATE = frozenset({Code.BLOCKED_BY_CITY, Code.BLOCKED_BY_COUNTERPARTY})
