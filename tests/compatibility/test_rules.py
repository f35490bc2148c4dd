"""Each hard rule between a project and a funder: passes, fails and stays open, with its causes."""

import pytest

from marketplace.compatibility import (
    ANYTIME,
    NO_RATING,
    Border,
    Code,
    Outcome,
    Rule,
    Status,
    explain_funder,
    explain_vendor,
)
from tests.compatibility.samples import mandate, project, solution

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN


def codes(*values):
    return frozenset(values)


def found(explanation, rule):
    return next(one for one in explanation.findings if one.rule is rule)


def check(rule, of_project, of_mandate, outcome, *expected):
    got = found(explain_funder(project(**of_project), mandate(**of_mandate)), rule)

    assert (got.outcome, tuple(message.code for message in got.messages)) == (outcome, expected)


HERMOSILLO = {"country": "MX", "latitude": 29.073, "longitude": -110.955}
MERIDA = {"country": "MX", "latitude": 20.9674, "longitude": -89.5926}
BORDER = {"countries": codes(), "areas": (Border(),)}
ODA = {"countries": codes(), "oda_only": True}
POOR = {"countries": codes(), "income_groups": codes("low", "lower_middle")}


@pytest.mark.parametrize(
    ("of_project", "of_mandate", "outcome", "expected"),
    [
        ({}, {}, PASS, [Code.PLACE_ELIGIBLE]),
        ({"country": "PE"}, {}, PASS, [Code.PLACE_ELIGIBLE]),
        ({"country": "BR"}, {}, FAIL, [Code.COUNTRY_NOT_ELIGIBLE]),
        ({"country": "BR"}, {"priority_countries": codes("BR")}, PASS, [Code.PLACE_ELIGIBLE]),
        ({"country": "BR"}, {"countries": codes()}, PASS, [Code.PLACE_ELIGIBLE]),
        ({"country": None}, {"countries": codes()}, PASS, [Code.PLACE_ELIGIBLE]),
        ({"country": None}, {}, UNKNOWN, [Code.PROJECT_SILENT]),
        ({"country": "BR"}, {"countries": None}, UNKNOWN, [Code.COUNTERPARTY_SILENT]),
        ({}, {"countries": None}, PASS, [Code.PLACE_ELIGIBLE]),  # a priority country is an eligible one
        ({}, {"areas": None}, UNKNOWN, [Code.COUNTERPARTY_SILENT]),
        (HERMOSILLO, BORDER, PASS, [Code.PLACE_ELIGIBLE]),
        (MERIDA, BORDER, FAIL, [Code.OUTSIDE_AREA]),
        ({"country": "MX", "latitude": None}, BORDER, UNKNOWN, [Code.PROJECT_SILENT]),
        ({"country": "US"}, ODA, FAIL, [Code.NOT_ODA_ELIGIBLE]),
        ({"country": "CL"}, ODA, FAIL, [Code.NOT_ODA_ELIGIBLE]),
        ({"country": "CL", "oda_eligible": True}, ODA, PASS, [Code.PLACE_ELIGIBLE]),
        ({"country": "BR"}, ODA, PASS, [Code.PLACE_ELIGIBLE]),
        ({"country": "XX"}, ODA, UNKNOWN, [Code.PROJECT_SILENT]),
        ({"country": "BO"}, POOR, PASS, [Code.PLACE_ELIGIBLE]),
        ({"country": "BR"}, POOR, FAIL, [Code.INCOME_GROUP_NOT_ELIGIBLE]),
        ({"country": "VE"}, POOR, UNKNOWN, [Code.PROJECT_SILENT]),
        ({"country": "VE", "income_group": "lower_middle"}, POOR, PASS, [Code.PLACE_ELIGIBLE]),
        (
            {"country": "US"},
            {**ODA, "income_groups": codes("low")},
            FAIL,
            [Code.INCOME_GROUP_NOT_ELIGIBLE, Code.NOT_ODA_ELIGIBLE],
        ),
    ],
)
def test_h1_place(of_project, of_mandate, outcome, expected):
    check(Rule.H1, of_project, of_mandate, outcome, *expected)


@pytest.mark.parametrize(
    ("of_project", "of_mandate", "outcome", "expected"),
    [
        ({}, {"excluded_sectors": codes("waste")}, PASS, [Code.NOT_EXCLUDED]),
        ({}, {"excluded_sectors": codes("nbs")}, FAIL, [Code.SECTOR_EXCLUDED]),
        ({}, {"excluded_sectors": codes("flood")}, PASS, [Code.NOT_EXCLUDED]),  # secondary only
        ({}, {"excluded_sectors": None}, UNKNOWN, [Code.COUNTERPARTY_SILENT]),
        ({"sector_primary": None}, {"excluded_sectors": codes("nbs")}, UNKNOWN, [Code.PROJECT_SILENT]),
        ({"sector_primary": None}, {}, PASS, [Code.NOT_EXCLUDED]),
        ({"activities": codes("coal")}, {"excluded_activities": codes("coal")}, FAIL, [Code.ACTIVITY_EXCLUDED]),
        ({"activities": None}, {"excluded_activities": codes("coal")}, UNKNOWN, [Code.PROJECT_SILENT]),
    ],
)
def test_h2_exclusion(of_project, of_mandate, outcome, expected):
    check(Rule.H2, of_project, of_mandate, outcome, *expected)


@pytest.mark.parametrize(
    ("of_project", "of_mandate", "outcome", "expected"),
    [
        ({}, {}, PASS, [Code.INSTRUMENTS_OFFERED]),
        ({}, {"instruments": codes("equity")}, FAIL, [Code.INSTRUMENTS_NONE]),
        ({"instruments": ()}, {}, FAIL, [Code.INSTRUMENTS_NONE]),
        ({"instruments": None}, {"instruments": None}, UNKNOWN, [Code.PROJECT_SILENT, Code.COUNTERPARTY_SILENT]),
    ],
)
def test_h3_instrument(of_project, of_mandate, outcome, expected):
    check(Rule.H3, of_project, of_mandate, outcome, *expected)


def ticket(of_project, of_mandate):
    got = explain_funder(project(**of_project), mandate(**of_mandate))
    line = next(line for line in got.lines if line.term == "ticket")
    (message,) = found(got, Rule.H4).messages
    assert message == line.message
    return found(got, Rule.H4).outcome, line.value, message.code


@pytest.mark.parametrize(
    ("of_project", "of_mandate", "expected"),
    [
        ({"ask_usd": 5e6}, {}, (PASS, 1.0, Code.TICKET_INSIDE)),
        ({"ask_usd": 50e6}, {}, (PASS, 1.0, Code.TICKET_INSIDE)),
        ({"ask_usd": 200e6}, {"allows_syndication": True}, (PASS, 0.25, Code.TICKET_SYNDICATED)),
        ({"ask_usd": 201e6}, {"allows_syndication": True}, (FAIL, 0.0, Code.TICKET_ABOVE)),
        ({"ask_usd": 201e6}, {"allows_syndication": None}, (FAIL, 0.0, Code.TICKET_ABOVE)),
        ({"ask_usd": 80e6}, {"allows_syndication": None}, (UNKNOWN, None, Code.COUNTERPARTY_SILENT)),
        ({"ask_usd": 2.5e6}, {"allows_bundling": True}, (PASS, 0.5, Code.TICKET_BUNDLED)),
        ({"ask_usd": 2.4e6}, {"allows_bundling": True}, (FAIL, 0.0, Code.TICKET_BELOW)),
        ({"ask_usd": 4e6}, {"allows_bundling": False}, (FAIL, 0.0, Code.TICKET_BELOW)),
        ({"ask_usd": 4e6}, {"allows_bundling": None}, (UNKNOWN, None, Code.COUNTERPARTY_SILENT)),
        ({"ask_usd": 4e6}, {"ticket_basis": "total_cost"}, (PASS, 1.0, Code.TICKET_INSIDE)),
        ({"total_cost_usd": None}, {"ticket_basis": "total_cost"}, (UNKNOWN, None, Code.PROJECT_SILENT)),
        ({"ask_usd": None}, {}, (UNKNOWN, None, Code.PROJECT_SILENT)),
        ({"ask_usd": 80e6}, {"ticket_min_usd": None}, (FAIL, 0.0, Code.TICKET_ABOVE)),
        ({"ask_usd": 12e6}, {"ticket_min_usd": None}, (UNKNOWN, None, Code.COUNTERPARTY_SILENT)),
        ({"ask_usd": 12e6}, {"ticket_max_usd": None}, (UNKNOWN, None, Code.COUNTERPARTY_SILENT)),
        ({"ask_usd": 9e12}, {"ticket_max_usd": float("inf")}, (PASS, 1.0, Code.TICKET_INSIDE)),
        ({"ask_usd": 0}, {"ticket_min_usd": 0, "ticket_max_usd": 0}, (PASS, 1.0, Code.TICKET_INSIDE)),
        ({"ask_usd": 1}, {"ticket_min_usd": 0, "ticket_max_usd": 0}, (FAIL, 0.0, Code.TICKET_ABOVE)),
    ],
)
def test_h4_ticket(of_project, of_mandate, expected):
    assert ticket(of_project, of_mandate) == expected


@pytest.mark.parametrize(
    ("stage", "outcome", "code", "value"),
    [
        ("scoping", FAIL, Code.STAGE_OUTSIDE, 0.0),
        ("prefeasibility", PASS, Code.STAGE_ONE_STEP, 0.5),
        ("feasibility", PASS, Code.STAGE_INSIDE, 1.0),
        ("transaction", PASS, Code.STAGE_INSIDE, 1.0),
        ("implementation", PASS, Code.STAGE_ONE_STEP, 0.5),
        ("operation", FAIL, Code.STAGE_OUTSIDE, 0.0),
        (None, UNKNOWN, Code.PROJECT_SILENT, None),
    ],
)
def test_h5_stage(stage, outcome, code, value):
    got = explain_funder(project(stage=stage), mandate())

    assert (found(got, Rule.H5).outcome, found(got, Rule.H5).messages[0].code) == (outcome, code)
    assert next(line.value for line in got.lines if line.term == "stage") == value


LENDER = {"guarantee_required": "sovereign"}
GRANT = {"instruments": ("grant",)}
GIVER = {"instruments": codes("grant"), "guarantee_required": "sovereign", "min_rating": "AAA"}


@pytest.mark.parametrize(
    ("of_project", "of_mandate", "outcome", "expected"),
    [
        ({}, {}, PASS, [Code.BORROWER_ACCEPTED]),
        ({}, LENDER, PASS, [Code.BORROWER_ACCEPTED]),
        ({"guarantee": "none"}, LENDER, FAIL, [Code.SOVEREIGN_GUARANTEE_MISSING]),
        ({"guarantee": "subnational"}, LENDER, FAIL, [Code.SOVEREIGN_GUARANTEE_MISSING]),
        ({"guarantee": None}, LENDER, UNKNOWN, [Code.GUARANTEE_UNKNOWN]),
        ({"guarantee": "sovereign"}, {"guarantee_required": "subnational"}, PASS, [Code.BORROWER_ACCEPTED]),
        (
            {"guarantee": "third_party"},
            {"guarantee_required": "subnational"},
            FAIL,
            [Code.SUBNATIONAL_GUARANTEE_MISSING],
        ),
        ({"guarantee": "third_party"}, {"guarantee_required": "any"}, PASS, [Code.BORROWER_ACCEPTED]),
        ({"guarantee": "none"}, {"guarantee_required": "any"}, FAIL, [Code.GUARANTEE_MISSING]),
        ({"guarantee": "none"}, {"guarantee_required": None}, UNKNOWN, [Code.COUNTERPARTY_SILENT]),
        ({}, {"borrower_types": codes("utility")}, FAIL, [Code.BORROWER_TYPE_NOT_ACCEPTED]),
        ({"borrower_type": None}, {"borrower_types": codes("utility")}, UNKNOWN, [Code.PROJECT_SILENT]),
        ({"borrowing_capacity": "no"}, {"borrowing_capacity_required": True}, FAIL, [Code.NO_POWER_TO_BORROW]),
        (
            {"borrowing_capacity": "with_authorisation"},
            {"borrowing_capacity_required": True},
            UNKNOWN,
            [Code.BORROWING_NEEDS_AUTHORISATION],
        ),
        ({"borrowing_capacity": None}, {"borrowing_capacity_required": True}, UNKNOWN, [Code.BORROWING_POWER_UNKNOWN]),
        ({"borrowing_capacity": "no"}, {"borrowing_capacity_required": False}, PASS, [Code.BORROWER_ACCEPTED]),
        ({"rating": "B2"}, {"min_rating": "B/B2"}, PASS, [Code.BORROWER_ACCEPTED]),
        ({"rating": "B-"}, {"min_rating": "B/B2"}, FAIL, [Code.RATING_BELOW_MINIMUM]),
        ({"rating": "mxAA"}, {"min_rating": "B/B2"}, UNKNOWN, [Code.RATING_NATIONAL_SCALE]),
        ({"rating": "very good"}, {"min_rating": "B/B2"}, UNKNOWN, [Code.RATING_UNREADABLE]),
        ({"rating": None}, {"min_rating": "B/B2"}, UNKNOWN, [Code.RATING_UNKNOWN]),
        ({"rating": None}, {"min_rating": NO_RATING}, PASS, [Code.BORROWER_ACCEPTED]),
        ({}, {"min_rating": "fine"}, UNKNOWN, [Code.RATING_UNREADABLE]),
        ({}, {"private_sponsor_required": True}, FAIL, [Code.SPONSOR_MISSING]),
        ({"private_sponsor": None}, {"private_sponsor_required": True}, UNKNOWN, [Code.PROJECT_SILENT]),
        # A grant needs no guarantee, power to borrow or rating; a funder of grants and loans asks for its loans.
        ({**GRANT, "guarantee": "none", "rating": None}, GIVER, PASS, [Code.BORROWER_ACCEPTED]),
        (
            {"guarantee": "none"},
            {"instruments": codes("grant", "conc_loan"), "guarantee_required": "sovereign"},
            FAIL,
            [Code.SOVEREIGN_GUARANTEE_MISSING],
        ),
        (
            {"guarantee": "none", "borrowing_capacity": "no", "rating": "C"},
            {"guarantee_required": "any", "borrowing_capacity_required": True, "min_rating": "B"},
            FAIL,
            [Code.GUARANTEE_MISSING, Code.NO_POWER_TO_BORROW, Code.RATING_BELOW_MINIMUM],
        ),
    ],
)
def test_h6_borrower(of_project, of_mandate, outcome, expected):
    check(Rule.H6, of_project, of_mandate, outcome, *expected)


@pytest.mark.parametrize(
    ("of_project", "of_mandate", "outcome", "expected"),
    [
        ({}, {}, PASS, [Code.USE_FUNDED]),
        ({}, {"uses": codes("studies")}, FAIL, [Code.USE_NOT_FUNDED]),
        ({"uses": None}, {}, UNKNOWN, [Code.PROJECT_SILENT]),
        ({}, {"supplier_countries": codes("US")}, PASS, [Code.USE_FUNDED]),
        ({}, {"supplier_countries": codes("JP")}, FAIL, [Code.SUPPLIERS_TIED]),
        ({"supplier_countries": None}, {"supplier_countries": codes("US")}, UNKNOWN, [Code.PROJECT_SILENT]),
        ({"supplier_countries": None}, {}, PASS, [Code.USE_FUNDED]),
    ],
)
def test_h7_use(of_project, of_mandate, outcome, expected):
    check(Rule.H7, of_project, of_mandate, outcome, *expected)


@pytest.mark.parametrize(
    ("of_project", "of_mandate", "outcome", "expected"),
    [
        ({"cofinance_pct": 10}, {}, PASS, [Code.COFINANCE_ENOUGH]),
        ({"cofinance_pct": 9.9}, {}, FAIL, [Code.COFINANCE_BELOW_MINIMUM]),
        ({"cofinance_pct": None}, {}, UNKNOWN, [Code.PROJECT_SILENT]),
        ({"cofinance_pct": None}, {"min_cofinance_pct": 0}, PASS, [Code.COFINANCE_ENOUGH]),
        ({}, {"max_share_pct": 60}, PASS, [Code.COFINANCE_ENOUGH]),
        ({}, {"max_share_pct": 59}, FAIL, [Code.SHARE_ABOVE_MAXIMUM]),
        ({}, {"max_share_pct": 59, "allows_syndication": True}, PASS, [Code.COFINANCE_ENOUGH]),
        ({}, {"max_share_pct": 59, "allows_syndication": None}, UNKNOWN, [Code.COUNTERPARTY_SILENT]),
        ({"total_cost_usd": None}, {"max_share_pct": 59}, UNKNOWN, [Code.PROJECT_SILENT]),
        ({"total_cost_usd": 0}, {"max_share_pct": 59}, FAIL, [Code.SHARE_ABOVE_MAXIMUM]),
    ],
)
def test_h8_cofinance(of_project, of_mandate, outcome, expected):
    check(Rule.H8, of_project, of_mandate, outcome, *expected)


@pytest.mark.parametrize(
    ("of_project", "of_mandate", "outcome", "expected"),
    [
        ({}, {"es_documents": codes("esia")}, PASS, [Code.SAFEGUARDS_MET]),
        ({}, {"es_documents": codes("esia", "esmp")}, FAIL, [Code.DOCUMENTS_MISSING]),
        ({"es_documents": None}, {"es_documents": codes("esia")}, UNKNOWN, [Code.PROJECT_SILENT]),
        ({}, {"es_categories": codes("B", "C")}, PASS, [Code.SAFEGUARDS_MET]),
        ({"es_category": "A"}, {"es_categories": codes("B", "C")}, FAIL, [Code.RISK_CATEGORY_NOT_ACCEPTED]),
        ({}, {"debarred": True}, FAIL, [Code.DEBARRED]),
        ({}, {"debarred": None}, UNKNOWN, [Code.COUNTERPARTY_SILENT]),
        ({}, {"organisation": "cali"}, FAIL, [Code.SAME_ORGANISATION]),
        ({}, {"mail_domains": codes("cali.gov.co")}, FAIL, [Code.SAME_MAIL_DOMAIN]),
        ({"mail_domains": codes("gmail.com")}, {"mail_domains": codes("gmail.com")}, PASS, [Code.SAFEGUARDS_MET]),
        ({"blocked_organisations": codes("andean-bank")}, {}, FAIL, [Code.BLOCKED_BY_CITY]),
        ({}, {"blocked_organisations": codes("cali")}, FAIL, [Code.BLOCKED_BY_COUNTERPARTY]),
        ({"organisation": None}, {"organisation": None}, PASS, [Code.SAFEGUARDS_MET]),
    ],
)
def test_h9_safeguards(of_project, of_mandate, outcome, expected):
    check(Rule.H9, of_project, of_mandate, outcome, *expected)


ENGLISH = {"languages": codes("en")}


@pytest.mark.parametrize(
    ("of_project", "of_mandate", "outcome", "expected", "value"),
    [
        ({}, {}, PASS, [Code.LANGUAGE_SHARED], 1.0),
        ({}, ENGLISH, PASS, [Code.LANGUAGE_INTERPRETED], 0.4),
        ({"interpreter": False}, ENGLISH, FAIL, [Code.LANGUAGE_NOT_SHARED], 0.0),
        ({}, {**ENGLISH, "interpreter_ok": False}, FAIL, [Code.LANGUAGE_NOT_SHARED], 0.0),
        ({"interpreter": None}, ENGLISH, UNKNOWN, [Code.PROJECT_SILENT], None),
        ({}, {**ENGLISH, "interpreter_ok": None}, UNKNOWN, [Code.COUNTERPARTY_SILENT], None),
        ({"languages": None}, {"interpreter_ok": False}, UNKNOWN, [Code.PROJECT_SILENT], None),
        ({"languages": None}, {}, PASS, [Code.LANGUAGE_INTERPRETED], None),
    ],
)
def test_h10_language(of_project, of_mandate, outcome, expected, value):
    check(Rule.H10, of_project, of_mandate, outcome, *expected)

    got = explain_funder(project(**of_project), mandate(**of_mandate))
    assert next(line.value for line in got.lines if line.term == "language") == value


@pytest.mark.parametrize(
    ("of_project", "of_mandate", "outcome", "expected"),
    [
        ({}, {}, PASS, [Code.SLOT_SHARED]),
        ({"free_slots": codes("a")}, {"free_slots": codes("a", "b")}, PASS, [Code.SLOT_SHARED]),
        ({"free_slots": codes("a")}, {"free_slots": codes("b")}, FAIL, [Code.NO_COMMON_SLOT]),
        ({"free_slots": codes("a")}, {"free_slots": ANYTIME}, PASS, [Code.SLOT_SHARED]),
        ({"free_slots": codes()}, {"free_slots": ANYTIME}, FAIL, [Code.NO_COMMON_SLOT]),
        ({"free_slots": None}, {}, UNKNOWN, [Code.PROJECT_SILENT]),
        ({"capacity_left": 0}, {}, FAIL, [Code.PROJECT_FULL]),
        ({"free_slots": None}, {"capacity_left": 0}, FAIL, [Code.COUNTERPARTY_FULL]),
        ({}, {"capacity_left": None}, UNKNOWN, [Code.COUNTERPARTY_SILENT]),
    ],
)
def test_h11_slot(of_project, of_mandate, outcome, expected):
    check(Rule.H11, of_project, of_mandate, outcome, *expected)


@pytest.mark.parametrize(
    ("of_project", "of_solution", "rule", "outcome", "expected"),
    [
        ({}, {"debarred": True}, Rule.V1, FAIL, [Code.DEBARRED]),
        ({}, {"debarred": None}, Rule.V1, UNKNOWN, [Code.COUNTERPARTY_SILENT]),
        ({}, {"conflict_declared": True}, Rule.V2, FAIL, [Code.CONFLICT_DECLARED]),
        ({}, {"organisation": "cali"}, Rule.V2, FAIL, [Code.SAME_ORGANISATION]),
        ({"blocked_organisations": codes("sensores")}, {}, Rule.V2, FAIL, [Code.BLOCKED_BY_CITY]),
        ({}, {"categories": codes("waste")}, Rule.V3, FAIL, [Code.CATEGORIES_NOT_NEEDED]),
        ({"technology_needs": None}, {}, Rule.V3, UNKNOWN, [Code.PROJECT_SILENT]),
        ({}, {}, Rule.V3, PASS, [Code.CATEGORIES_NEEDED]),
        ({}, {"accepts_market_sounding": False}, Rule.V4, FAIL, [Code.MARKET_SOUNDING_REFUSED]),
        ({}, {"accepts_market_sounding": None}, Rule.V4, UNKNOWN, [Code.COUNTERPARTY_SILENT]),
    ],
)
def test_vendor_rules(of_project, of_solution, rule, outcome, expected):
    got = found(explain_vendor(project(**of_project), solution(**of_solution)), rule)

    assert (got.outcome, [message.code for message in got.messages]) == (outcome, expected)


def test_two_failures_exclude_and_one_is_a_near_miss():
    one = explain_funder(project(), mandate(debarred=True))
    two = explain_funder(project(stage="operation"), mandate(debarred=True))

    assert (one.status, two.status) == (Status.NEAR_MISS, Status.EXCLUDED)


def test_unknown_beside_a_failure_does_not_soften_it():
    got = explain_funder(project(rating=None), mandate(min_rating="B", debarred=True))

    assert got.status is Status.NEAR_MISS


def test_block_is_marked_private():
    assert explain_funder(project(blocked_organisations=codes("andean-bank")), mandate()).private
    assert explain_vendor(project(), solution(blocked_organisations=codes("cali"))).private
    assert not explain_funder(project(), mandate(debarred=True)).private
