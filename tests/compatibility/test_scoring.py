"""Terms one by one, renormalisation, confidence, and the city's preference."""

import pytest

from marketplace.compatibility import Reference, explain_funder, explain_vendor, mutual_value
from tests.compatibility.samples import mandate, project, solution


def codes(*values):
    return frozenset(values)


def value(explanation, term, lines="lines"):
    return next(line.value for line in getattr(explanation, lines) if line.term == term)


@pytest.mark.parametrize(
    ("term", "of_project", "of_mandate", "expected"),
    [
        ("sector", {}, {"sectors": codes("flood")}, 0.6),
        ("sector", {}, {"sectors": codes(), "generalist": True}, 0.5),
        ("sector", {}, {"sectors": None, "generalist": True}, 0.5),
        ("sector", {}, {"generalist": True}, 1.0),
        ("sector", {}, {"sectors": codes("waste")}, 0.0),
        ("sector", {}, {"sectors": None, "generalist": None}, None),
        ("sector", {"sectors_secondary": None}, {"sectors": codes("waste")}, None),
        ("sector", {"sectors_secondary": None}, {}, 1.0),
        ("instrument", {"instruments": ("grant", "conc_loan")}, {}, 1 / 3),
        ("instrument", {"instruments": ("conc_loan", "guarantee")}, {}, 1.0),
        ("instrument", {"instruments": ("equity",)}, {}, 0.0),
        ("climate", {"climate_objective": "mitigation"}, {"climate_focus": "adaptation"}, 0.0),
        ("climate", {}, {"climate_focus": "adaptation"}, 1.0),
        ("climate", {"climate_objective": "co_benefit"}, {"climate_focus": "mitigation"}, 0.5),
        ("climate", {"climate_objective": "co_benefit"}, {}, 1.0),
        ("climate", {"climate_objective": "both"}, {"climate_focus": "mitigation"}, 1.0),
        ("climate", {}, {"climate_focus": "co_benefit"}, 0.5),
        ("geography", {"country": "PE"}, {}, 0.5),
        ("geography", {"country": "BR"}, {}, 0.0),
        ("geography", {}, {"priority_countries": None}, None),
        ("inclusion", {"gender_marker": 1, "low_income_pct": 25}, {"gender_marker_min": 2}, 0.5),
        ("inclusion", {"gender_marker": 0, "low_income_pct": 0}, {}, 0.0),
        ("inclusion", {"gender_marker": None, "low_income_pct": 25}, {"gender_marker_min": 0}, 0.75),
        ("inclusion", {"gender_marker": None, "low_income_pct": 25}, {}, 0.5),
        ("inclusion", {"low_income_pct": None}, {"gender_marker_min": None}, None),
        ("readiness", {"readiness": 45}, {}, 0.6),
        ("readiness", {"readiness": 80}, {"readiness_band": (0, 40)}, 0.0),
        ("readiness", {"readiness": 55}, {}, 1.0),
        ("currency", {}, {"currencies": codes("COP", "USD")}, 1.0),
        ("currency", {}, {"currencies": None}, None),
    ],
)
def test_funder_term(term, of_project, of_mandate, expected):
    got = value(explain_funder(project(**of_project), mandate(**of_mandate)), term)

    assert got == (expected if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("term", "of_project", "of_solution", "expected"),
    [
        ("category", {}, {"categories": codes("nbs", "monitoring")}, 1.0),
        ("category", {"technology_needs": codes()}, {}, 0.0),
        ("references", {}, {"references": ()}, 0.0),
        ("references", {}, {"references": (Reference("monitoring", "PE"),)}, 1 / 3),
        ("references", {}, {"references": (Reference("waste", "CO"),)}, 0.0),
        ("references", {}, {"references": None}, None),
        ("references", {"country": None}, {}, None),
        ("references", {}, {"categories": None}, None),
        ("presence", {"country": "BR"}, {}, 0.5),
        ("presence", {"country": "BR", "languages": codes("pt")}, {}, 0.0),
        ("presence", {"country": None}, {}, 1.0),
        ("compliance", {}, {"certifications": codes("iso_9001", "leed")}, 2.5 / 3),
        ("compliance", {}, {"certifications": None, "anti_corruption_policy": False}, 0.5),
        ("scale", {"total_cost_usd": 5e4}, {}, 0.5),
        ("scale", {"total_cost_usd": 1e6}, {}, 1.0),
        ("scale", {"total_cost_usd": 1e6}, {"project_max_usd": None}, None),
        ("vendor_finance", {}, {"vendor_finance": True}, 1.0),
    ],
)
def test_vendor_term(term, of_project, of_solution, expected):
    got = value(explain_vendor(project(**of_project), solution(**of_solution)), term)

    assert got == (expected if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("of_project", "expected"),
    [
        ({}, 100.0),
        ({"wanted_organisations": codes("other")}, 60.0),
        ({"wanted_organisations": None}, 100.0),
        ({"tenor_years": 25}, 80.0),
        ({"instruments": ("grant", "conc_loan")}, 70.0),
        ({"languages": codes("pt")}, 90.0),
        ({"tenor_years": None, "languages": codes("pt")}, 87.5),
    ],
)
def test_city_preference(of_project, expected):
    assert explain_funder(project(**of_project), mandate()).preference == expected


def test_city_preference_for_a_vendor_asks_wish_and_language():
    assert explain_vendor(project(), solution()).preference == 20.0
    assert explain_vendor(project(wanted_organisations=codes("sensores")), solution()).preference == 100.0


def test_unknown_term_is_skipped_and_the_rest_renormalised():
    got = explain_funder(project(currency=None, readiness=None), mandate())

    assert got.confidence == 0.93
    assert got.score == pytest.approx(100 * 88 / 93, abs=0.05)


def test_half_known_inclusion_counts_half_its_weight():
    got = explain_funder(project(low_income_pct=None), mandate())

    assert got.confidence == 0.965


def test_little_knowledge_is_provisional():
    little = explain_funder(project(sector_primary=None, instruments=None, ask_usd=None), mandate())

    assert (little.confidence, little.provisional) == (0.5, True)


@pytest.mark.parametrize(
    ("score", "preference", "expected"),
    [(93.0, 70.0, 80.7), (100.0, 100.0, 100.0), (0.0, 50.0, 0.0), (None, 50.0, None), (50.0, None, None)],
)
def test_mutual_value(score, preference, expected):
    assert mutual_value(score, preference) == expected
    assert mutual_value(preference, score) == expected
