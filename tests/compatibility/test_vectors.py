"""The domain document's test vectors, to the decimal."""

import pytest

from marketplace.compatibility import Code, Outcome, Rule, Status, Term, explain_funder, explain_vendor, mutual_value
from tests.compatibility.samples import mandate, project, solution


def points(explanation):
    return {line.term: line.weight * line.value for line in explanation.lines}


def test_vector_one_scores_93():
    got = explain_funder(project(), mandate())

    assert points(got) == {
        Term.SECTOR: 20,
        Term.INSTRUMENT: 10,
        Term.TICKET: 15,
        Term.STAGE: 15,
        Term.CLIMATE: 10,
        Term.GEOGRAPHY: 8,
        Term.INCLUSION: 7,
        Term.READINESS: 5,
        Term.LANGUAGE: 3,
        Term.CURRENCY: 0,
    }
    assert (got.score, got.confidence, got.status) == (93.0, 1.0, Status.OFFERED)
    assert not got.provisional
    assert mutual_value(got.score, 70.0) == 80.7


def test_vector_two_syndicates_a_large_ask():
    got = explain_funder(project(ask_usd=80e6, total_cost_usd=100e6), mandate(allows_syndication=True))

    assert points(got)[Term.TICKET] == pytest.approx(9.375)
    assert got.score == 87.4
    assert got.status is Status.OFFERED


def test_vector_two_without_syndication_is_a_near_miss():
    got = explain_funder(project(ask_usd=80e6, total_cost_usd=100e6), mandate(allows_syndication=False))

    assert got.status is Status.NEAR_MISS
    assert [(one.rule, one.messages[0].code) for one in got.failed] == [(Rule.H4, Code.TICKET_ABOVE)]


def test_vector_three_offers_an_unrated_city_to_check():
    got = explain_funder(project(rating=None), mandate(min_rating="B/B2"))

    assert got.status is Status.TO_CHECK
    assert [one.rule for one in got.findings if one.outcome is Outcome.UNKNOWN] == [Rule.H6]
    assert [message.code for message in got.unknowns] == [Code.RATING_UNKNOWN]
    assert got.score == 93.0


def test_city_preference_counts_wish_instrument_tenor_and_language():
    got = explain_funder(project(tenor_years=25), mandate())

    assert got.preference == 80.0
    assert got.mutual == mutual_value(93.0, 80.0) == 86.3


def test_reasons_and_gaps_are_the_largest_shares_of_the_score():
    got = explain_funder(project(), mandate())

    assert [message.code for message in got.reasons] == [Code.SECTOR_PRIMARY, Code.TICKET_INSIDE, Code.STAGE_INSIDE]
    assert [message.code for message in got.gaps] == [Code.INSTRUMENTS_OFFERED, Code.CURRENCY_NOT_OFFERED]


def test_vendor_score_adds_six_terms():
    got = explain_vendor(project(), solution())

    # One of two needs; references monitoring in CO (2) and one without category (1); present, certified; above scale.
    assert points(got) == {
        Term.CATEGORY: 15,
        Term.REFERENCES: 20,
        Term.PRESENCE: 15,
        Term.COMPLIANCE: 15,
        Term.SCALE: 5,
        Term.VENDOR_FINANCE: 0,
    }
    assert (got.score, got.confidence, got.status) == (70.0, 1.0, Status.OFFERED)
