"""Answers as plain values: what silence means, and that no answer, however odd, breaks a comparison."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.compatibility import NO_RATING, Border, Outcome, explain_funder, explain_vendor
from marketplace.services.fits import answers
from marketplace.services.sheets.mandate import MANDATE
from marketplace.services.sheets.pitch import PITCH
from marketplace.services.sheets.solution import SOLUTION
from tests.mandates import mandate_of, solution_of
from tests.pitches import content_of


def project(per_usd=Decimal(1), readiness=68.0, country="BR", place=(-3.1, -60.0), **changes):
    return answers.project(
        content_of(**changes),
        key="park",
        version="1",
        organisation="manaus",
        country=country,
        place=place,
        mail_domains=frozenset(),
        readiness=readiness,
        per_usd=per_usd,
    )


def mandate(per_usd=Decimal(1), is_verified=True, **changes):
    return answers.mandate(
        mandate_of(**changes),
        key="bank",
        version="1",
        mail_domains=frozenset(),
        is_verified=is_verified,
        per_usd=per_usd,
    )


def solution(is_verified=True, **changes):
    return answers.solution(
        solution_of(**changes), key="vendor", version="1", mail_domains=frozenset(), is_verified=is_verified
    )


def empty(reader, sheet, **more):
    return reader({}, key="y", version="0", mail_domains=frozenset(), is_verified=False, **more)


def test_empty_answers_are_unknown_throughout():
    nothing = answers.project(
        {},
        key="x",
        version="0",
        organisation="x",
        country="",
        place=None,
        mail_domains=frozenset(),
        readiness=None,
        per_usd=None,
    )

    found = explain_funder(nothing, empty(answers.mandate, MANDATE, per_usd=None))

    assert found.score is None
    assert not [finding for finding in found.findings if finding.outcome is Outcome.FAIL]
    assert empty(answers.solution, SOLUTION).debarred is None


def test_amounts_are_in_dollars_at_the_given_rate():
    found = project(currency="BRL", per_usd=Decimal("5"), ask_amount="60000000.00", capex="100000000.00")

    assert (found.ask_usd, found.total_cost_usd) == (12_000_000, 20_000_000)


def test_amounts_without_a_rate_are_unknown():
    assert project(per_usd=None).ask_usd is None
    assert mandate(per_usd=None).ticket_max_usd is None


def test_site_counts_before_the_city():
    assert (project().latitude, project(location=None).latitude) == (-3.09, -3.1)


def test_one_limit_of_place_means_no_other():
    found = mandate(countries=None, priority_countries=None, oda_only=None, area=border())

    assert found.areas == (Border(north_km=100, south_km=300),)
    assert (found.countries, found.income_groups, found.oda_only) == (frozenset(), frozenset(), False)


def test_no_limit_of_place_at_all_is_unknown():
    found = mandate(countries=None, priority_countries=None, oda_only=None)

    assert (found.countries, found.areas, found.income_groups, found.oda_only) == (None, None, None, None)


def test_area_that_cannot_be_read_is_unknown():
    assert mandate(area={"kind": "border", "border": "another"}).areas is None
    assert mandate(area={"kind": "circle", "lat": 500, "lon": 0, "km": 5}).areas is None
    assert mandate(area={"kind": "circle"}).areas is None


def test_no_rating_asked_is_not_an_unknown_rating():
    assert mandate(min_rating="Ninguna").min_rating == NO_RATING
    assert mandate(min_rating=None).min_rating is None
    assert mandate(min_rating="BB-").min_rating == "BB-"


@pytest.mark.parametrize(
    ("available", "counted"),
    [
        (["none", "sovereign"], "sovereign"),
        (["third_party", "subnational"], "subnational"),
        (["none"], "none"),
        (["unknown"], None),
        (None, None),
    ],
)
def test_best_guarantee_counts(available, counted):
    assert project(guarantee_available=available).guarantee == counted


def test_people_who_move_are_an_activity_funders_exclude():
    assert project(resettled_people=40).activities == {"resettlement"}
    assert project().activities == frozenset()
    assert project(exclusion_list_ack=None).activities is None


def test_documents_follow_from_what_was_assessed():
    assert project(esia_status="done").es_documents >= {"screening", "esia", "esmp", "grievance"}
    assert "esia" not in project(esia_status="planned").es_documents
    assert project(es_category=None).es_documents is None


def test_city_that_needs_no_technology_needs_none():
    assert project(support_needs=["finance"], technology_needs=None).technology_needs == frozenset()
    assert project(technology_needs=None).technology_needs is None


def test_contradictions_are_unknown():
    assert mandate(ticket_min="9.00", ticket_max="5.00").ticket_min_usd is None
    assert mandate(readiness_min="90", readiness_max="10").readiness_band is None
    assert solution(project_min="9.00", project_max="5.00").project_max_usd is None
    assert project(cofinance_pct_city="180").cofinance_pct is None


def test_company_that_says_it_is_excluded_is_believed_at_once_and_one_that_says_no_when_checked():
    assert solution(is_debarred="yes", is_verified=False).debarred is True
    assert solution(is_debarred="no", is_verified=False).debarred is None
    assert solution(is_debarred="no").debarred is False


def border(**changes):
    return {"kind": "border", "border": "mexico_us_border", "north_km": 100, "south_km": 300, **changes}


@pytest.mark.parametrize(
    ("city", "country", "place", "outcome"),
    [
        ("Hermosillo", "MX", (29.0729, -110.9559), Outcome.PASS),
        ("Mérida", "MX", (20.9674, -89.5926), Outcome.FAIL),
        ("Austin", "US", (30.2672, -97.7431), Outcome.FAIL),
    ],
)
def test_border_rule_admits_hermosillo_and_not_merida(city, country, place, outcome):
    pitch = project(country=country, place=place, location=None)

    found = explain_funder(pitch, mandate(countries=None, priority_countries=None, oda_only=None, area=border()))

    assert found.findings[0].outcome is outcome, city


@pytest.mark.parametrize(("country", "outcome"), [("US", Outcome.FAIL), ("CL", Outcome.FAIL), ("CO", Outcome.PASS)])
def test_development_assistance_rule_excludes_cities_of_the_united_states(country, outcome):
    found = explain_funder(project(country=country), mandate(oda_only="yes", countries=None, priority_countries=None))

    assert found.findings[0].outcome is outcome


def test_guarantee_rule_speaks():
    found = explain_funder(project(guarantee_available=["none"]), mandate(guarantee_required="sovereign"))

    assert found.findings[5].outcome is Outcome.FAIL
    assert found.findings[5].messages[0].code == "sovereign_guarantee_missing"


ODD = st.one_of(
    st.none(),
    st.integers(-10, 10),
    st.text(max_size=6),
    st.sampled_from(
        ["1e400", "NaN", "-5", "Infinity", "yes", "no", "unknown", "sovereign", "any", "both", "feasibility"]
    ),
    st.lists(st.sampled_from(["grant", "loan", "nbs", "water", "es", "MX", "none", "x"]), max_size=4),
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_answer_breaks_a_comparison(data):
    """Texts, lists and numbers where their kind belongs, however odd: what the sheets let through."""

    def shaped(sheet):
        found = {}
        for field in sheet.by_name.values():
            value = data.draw(ODD)
            if field.kind.value in {"choices", "ranked", "countries", "organisations"}:
                found[field.name] = value if isinstance(value, list) else None
            elif field.kind.value in {"choice", "line", "number", "money", "country", "date"}:
                found[field.name] = value if isinstance(value, str) else None
            elif field.kind.value == "whole":
                found[field.name] = value if isinstance(value, int) else None
        return {name: value for name, value in found.items() if value is not None}

    pitch = answers.project(
        shaped(PITCH),
        key="a",
        version="1",
        organisation="a",
        country="MX",
        place=None,
        mail_domains=frozenset(),
        readiness=None,
        per_usd=Decimal(1),
    )
    common = {"key": "b", "version": "1", "mail_domains": frozenset(), "is_verified": True}

    assert explain_funder(pitch, answers.mandate(shaped(MANDATE), **common, per_usd=Decimal(1)))
    assert explain_vendor(pitch, answers.solution(shaped(SOLUTION), **common))


def test_list_left_empty_beside_an_answered_question_asks_for_nothing():
    found = mandate(safeguards="ifc", min_es_documents=None)

    assert (found.supplier_countries, found.es_documents) == (frozenset(), frozenset())
    assert mandate(uses_funded=None).supplier_countries is None
    assert mandate(min_es_documents=None).es_documents is None
