"""Profiles refuse what cannot be, and take unknown everywhere."""

from dataclasses import MISSING, fields

import pytest

from marketplace.compatibility import Mandate, ProfileError, Project, Solution, Status, explain_funder, explain_vendor
from marketplace.compatibility.countries import FACTS, country_facts


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (Project, {"ask_usd": -1}),
        (Project, {"ask_usd": float("nan")}),
        (Project, {"ask_usd": float("inf")}),
        (Project, {"total_cost_usd": float("inf")}),
        (Project, {"cofinance_pct": 101}),
        (Project, {"gender_marker": 3}),
        (Project, {"stage": "dream"}),
        (Project, {"climate_objective": "yes"}),
        (Project, {"guarantee": "any"}),
        (Project, {"latitude": 91}),
        (Project, {"longitude": float("nan")}),
        (Project, {"instruments": ("grant", "grant")}),
        (Project, {"instruments": "grant"}),
        (Project, {"languages": "es"}),
        (Mandate, {"ticket_min_usd": 2, "ticket_max_usd": 1}),
        (Mandate, {"ticket_min_usd": float("inf")}),
        (Mandate, {"ticket_basis": "guess"}),
        (Mandate, {"stages": frozenset({"dream"})}),
        (Mandate, {"income_groups": frozenset({"poor"})}),
        (Mandate, {"readiness_band": (60, 50)}),
        (Mandate, {"readiness_band": (0, float("nan"))}),
        (Mandate, {"es_categories": frozenset({"D"})}),
        (Solution, {"project_min_usd": 2, "project_max_usd": 1}),
        (Solution, {"references": "many"}),
    ],
)
def test_impossible_profile_is_refused(kind, changes):
    with pytest.raises(ProfileError) as refused:
        kind("k", "1", **changes)

    assert refused.value.field in changes


def test_unknown_spelt_out_is_unknown():
    project = Project("p", "1", guarantee="unknown", borrowing_capacity="unknown")

    assert (project.guarantee, project.borrowing_capacity) == (None, None)


@pytest.mark.parametrize("kind", [Project, Mandate, Solution])
def test_only_the_identity_is_required(kind):
    required = {field.name for field in fields(kind) if field.default is MISSING}

    assert kind("k", "1")
    assert required == {"key", "version"}


def test_pair_of_which_nothing_is_known_is_offered_to_check():
    funder = explain_funder(Project("p", "1"), Mandate("f", "1"))
    vendor = explain_vendor(Project("p", "1"), Solution("v", "1"))

    for got in (funder, vendor):
        assert (got.status, got.score, got.confidence, got.provisional) == (Status.TO_CHECK, None, 0.0, True)
        assert (got.preference, got.mutual, got.reasons, got.gaps) == (None, None, (), ())


@pytest.mark.parametrize("country", ["MX", "BR", "CO", "EC", "GT", "JM", "AR", "HT", "PA"])
def test_country_on_the_oda_list(country):
    assert country_facts(country).oda_eligible is True


@pytest.mark.parametrize("country", ["US", "CA", "CL", "UY", "BS", "BB", "TT", "KN", "AG", "PR"])
def test_country_not_on_the_oda_list(country):
    assert country_facts(country).oda_eligible is False


def test_country_facts_cover_the_americas():
    americas = {
        *("AG", "AR", "BB", "BO", "BR", "BS", "BZ", "CA", "CL", "CO", "CR", "CU", "DM", "DO", "EC", "GD", "GT", "GY"),
        *("HN", "HT", "JM", "KN", "LC", "MX", "NI", "PA", "PE", "PY", "SR", "SV", "TT", "US", "UY", "VC", "VE"),
    }

    assert len(americas) == 35
    assert americas <= set(FACTS)
    assert country_facts("CO").income_group == "upper_middle"
    assert country_facts("BO").income_group == "lower_middle"
    assert country_facts("CL").income_group == "high"
    assert country_facts("VE").income_group is None
    assert country_facts(None) == country_facts("XX") == (None, None)
