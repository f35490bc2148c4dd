"""What answers must be to each other, and what only looks like a mistake."""

from datetime import date
from decimal import Decimal

import pytest

from marketplace import i18n
from marketplace.models import Currency, ExchangeRate, PerformanceStandard
from marketplace.services.projects import consistency, drafts, figures, rules
from marketplace.services.sheets.fields import Required
from marketplace.services.sheets.pitch import PITCH
from tests.pitches import content_of


@pytest.fixture
def city(make, clock):
    return make.city(slug="manaus", timezone="America/Manaus")


def fields(city, **changes) -> list[str]:
    return [problem.field for problem in rules.at_odds(content_of(**changes), city)]


def codes(city, **changes) -> list[str]:
    return [warning.code for warning in rules.warnings(content_of(**changes), city)]


def row(**values) -> dict:
    return {"key": "a", "source": "City", "instrument": "grant", "amount": "1.00", "status": "pledged", **values}


def test_whole_pitch_has_no_problem_and_no_warning(city):
    assert rules.problems(content_of(), city, Required.PUBLISH) == []
    assert rules.warnings(content_of(climate_objective="both"), city) == []
    assert rules.at_odds({}, city) == rules.warnings({}, city) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"secured": [row(amount="20000000.01")]}, "secured"),
        ({"ask_amount": "16000000.01"}, "ask_amount"),
        ({"ask_amount": "17000000.01", "preparation_cost": "1000000.00"}, "ask_amount"),
        ({"ask_prep_amount": "1.00"}, "ask_prep_amount"),
        ({"ask_prep_amount": "11.00", "preparation_cost": "10.00"}, "ask_prep_amount"),
        ({"tenor_years": 3, "grace_years": 4}, "grace_years"),
        ({"sectors_secondary": ["flood", "nbs"]}, "sectors_secondary"),
        ({"council_date": "2026-03-03"}, "council_date"),
        ({"start_date": "2026-03-01"}, "start_date"),
        ({"rating_date": "2026-03-03"}, "rating_date"),
        ({"beneficiaries_direct": 3_095_321}, "beneficiaries_direct"),
        ({"plan_links": [{"key": "a", "type": "national", "title": "Plan"}]}, "plan_links"),
        ({"groups": ["indigenous"], "fpic_status": "not_needed"}, "fpic_status"),
        ({"revenue_models": ["none", "user"]}, "revenue_models"),
        ({"guarantee_available": ["sovereign", "unknown"]}, "guarantee_available"),
        ({"rating_grade": "BB-"}, "rating_agency"),
        ({"title": {"en": "Write to mayor@example.org now"}}, "title.en"),
        ({"summary": {"es": "Llame al +55 92 3215-0000 hoy"}}, "summary.es"),
        ({"summary": {"pt": "Ligue (92) 3215 0000."}}, "summary.pt"),
    ],
)
def test_answers_at_odds_are_named(city, changes, field):
    assert fields(city, **changes) == [field]


@pytest.mark.parametrize(
    "changes",
    [
        {"ask_amount": "16000000.00"},
        {"ask_amount": "16000010.00", "preparation_cost": "10.00", "ask_prep_amount": "10.00"},
        {"secured": [row(amount="8000000.00"), row(key="b", amount="12000000.00")], "ask_amount": None},
        {"tenor_years": 4, "grace_years": 4},
        {"council_date": "2026-03-02"},
        {"council_date": "2026-09-02", "council_status": "scheduled"},
        {"start_date": "2026-03-02"},
        {"start_date": "2020-01-01", "stage": "implementation"},
        {"beneficiaries_direct": 3_095_320},
        {"title": {"en": "Flood control: 12,500,000 m3 in 2026-2030 (phase 2)"}},
        {"summary": {"en": "It costs 120 000 000 pesos, 3.5 km from km 12 + 300 of the road BR-174 (2024)."}},
        {"guarantee_available": ["none"], "instruments_sought": ["grant"]},
    ],
)
def test_answers_at_the_limit_are_in_order(city, changes):
    assert fields(city, **changes) == []


@pytest.mark.parametrize("name", ["title", "summary", "problem", "solution", "inclusion_measures"])
def test_text_the_book_needs_is_in_english_before_it_is_published_and_not_before_it_is_submitted(city, name):
    content = content_of(**{name: {"pt": "Um texto que diz o que será feito, onde e para quem. " * 4}})
    content["title"] = {code: text[:100] for code, text in content["title"].items()}

    (problem,) = rules.problems(content, city, Required.PUBLISH)

    assert (problem.field, problem.step) == (f"{name}.en", PITCH.step_of[name].name)
    assert "English" in str(problem.message)
    assert rules.problems(content, city, Required.SUBMIT) == []


def test_text_the_book_does_not_need_may_stay_in_the_citys_language(city):
    touched = content_of()["performance_standards"]
    free = {"pair_contribution": {"pt": "Mostramos o viveiro."}, "safeguard_measures": {"pt": "Um plano."}}
    confirmed = {"performance_standards": {**touched, PerformanceStandard.PS5.value: "confirmed"}}

    assert rules.problems(content_of(**free), city, Required.PUBLISH) == []
    assert [one.field for one in rules.problems(content_of(**free, **confirmed), city, Required.PUBLISH)] == [
        "safeguard_measures.en"
    ]


@pytest.mark.parametrize(("language", "word"), [("en", "English"), ("es", "inglés"), ("pt", "inglês")])
def test_city_is_told_in_its_language_what_to_translate(city, language, word):
    (problem,) = rules.problems(content_of(title={"pt": "Parque linear do Mindu"}), city, Required.PUBLISH)

    with i18n.speaking(language):
        assert word in str(problem.message)


def test_today_is_the_citys(city, clock):
    clock.move_to("2026-03-03T02:00:00+00:00")

    assert fields(city, council_date="2026-03-03") == ["council_date"]
    assert fields(city, start_date="2026-03-02") == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ask_amount": "159999.00"}, "small_ask"),
        ({"cofinance_pct_city": "41"}, "shares_exceed_cost"),
        ({"revenue_models": ["none"]}, "revenue_without_model"),
        ({"instruments_sought": ["loan"], "guarantee_available": ["none"]}, "loan_without_guarantee"),
        ({"capex": "1000000001.00", "ask_amount": "20000000.00"}, "cost_large"),
        ({"capex": "9999.00", "secured": [], "ask_amount": "5000.00"}, "cost_small"),
        ({"hazards": []}, "adaptation_without_hazard"),
        ({"ghg_tco2e_year": "25001"}, "ghg_large"),
        ({"beneficiaries_direct": 2_063_548}, "more_than_city"),
        ({"pct_women": "100"}, "women_extreme"),
        ({"pct_low_income": "0"}, "low_income_extreme"),
        ({"resettled_people": 12}, "resettlement_without_standard"),
        ({"stage": "structuring"}, "no_feasibility"),
        ({"council_date": "2026-02-01", "start_date": "2026-01-31", "stage": "operation"}, "dates_out_of_order"),
        ({"baseline_year": 2027}, "dates_out_of_order"),
        ({"location": {"lat": 3.09, "lon": -60.01}}, "far_from_city"),
    ],
)
def test_what_looks_wrong_is_warned_of(city, changes, code):
    found = rules.warnings(content_of(**changes), city)

    assert code in {warning.code for warning in found}
    for warning in found:
        assert warning.code in consistency.CODES
        assert set(warning.fields) <= set(drafts.PITCH.by_name)
        assert str(warning.message)


def test_emissions_of_an_adaptation_project_are_questioned(city):
    assert codes(city, climate_objective="adaptation", ghg_tco2e_year="1200") == ["ghg_without_mitigation"]
    assert codes(city, climate_objective="both", ghg_tco2e_year="1200") == []


def test_every_warning_can_be_reached():
    tested = {code for mark in test_what_looks_wrong_is_warned_of.pytestmark for _, code in mark.args[1]}

    assert tested | {"ghg_without_mitigation"} == consistency.CODES


def test_size_is_judged_in_dollars(make, city):
    make.store(
        ExchangeRate(
            currency=Currency.COP, on_day=date(2026, 3, 1), per_usd=Decimal(4000), entered_at=make.user().created_at
        )
    )
    assert "cost_large" not in codes(city, currency="COP", capex="2000000000.00", ask_amount="1500000000.00")
    assert "cost_small" in codes(city, currency="COP", capex="20000000.00", ask_amount="15000000.00")
    assert not {"cost_small", "cost_large"} & set(codes(city, currency="MXN", capex="5000.00"))


def test_justified_warnings_come_last_with_their_words(make, city):
    ana = make.manager(city)
    project = make.project(city, content={"pct_women": "100", "hazards": []})
    drafts.justify(project.slug, "women_extreme", "It is a shelter for women.", ana)

    found = rules.warnings(project.content, city)

    assert [(warning.code, warning.justified) for warning in found][-1] == (
        "women_extreme",
        "It is a shelter for women.",
    )
    assert not found[0].justified


def test_city_without_facts_is_judged_by_what_is_known(make, city):
    other = make.organisation(kind="city", timezone="UTC")

    assert rules.at_odds(content_of(beneficiaries_direct=10**8), other) == []
    assert rules.warnings(content_of(climate_objective="both"), other) == []


def test_figures_follow_from_the_answers():
    content = content_of(currency="BRL")

    assert figures.gap(content) == Decimal("16000000.00")
    assert figures.ask_usd(content, Decimal("5.25")) == 2_285_714
    assert figures.cost_usd(content, None) is None
    assert figures.ghg_lifetime(content) == 48_000
    assert figures.gap({}) is figures.most_to_ask({}) is figures.ghg_lifetime({}) is None
    assert figures.number({"capex": "much"}, "capex") is figures.number({"capex": True}, "capex") is None
    assert figures.in_usd(Decimal("2.5"), Decimal(1)) == 3
