"""What the worker keeps of every pair, when it is renewed, and that no order of jobs leaves it wrong."""

import struct
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from marketplace.compatibility import explain_funder
from marketplace.database import atomic, session
from marketplace.models import Fit, FitStatus, OrganisationKind, OverrideKind, ProjectState
from marketplace.services import jobs, organisations
from marketplace.services.fits import inputs, overrides, rescoring
from marketplace.services.projects import publication, rates
from tests.mandates import mandate_of, solution_of


@pytest.fixture
def deliver():
    """Do all background work in this session, so that what a test has made stays at hand."""

    def work():
        while (run := jobs.claim()) is not None:
            jobs.perform(run)

    return work


def all_pairs(deliver):
    with atomic():
        rescoring.everything()
    deliver()
    return fits()


def fits():
    session().expire_all()
    return {
        (fit.project.slug, fit.organisation.slug): fit
        for fit in session().scalars(select(Fit).order_by(Fit.project_id, Fit.organisation_id))
    }


def change(make, organisation, **answers):
    """Save other answers, as the counterparty's room does."""
    profile = session().scalar(select(inputs.CounterpartyProfile).filter_by(organisation_id=organisation.id))
    with atomic():
        profile.content = {name: value for name, value in {**profile.content, **answers}.items() if value is not None}
        profile.revision += 1
        rescoring.counterparty(organisation.id)


def test_pair_is_kept_with_what_explains_it(park, bank, deliver):
    fit = all_pairs(deliver)["park", "river-bank"]

    pitch, party = inputs.published([park.id])[0], inputs.counterparties([bank.id]).funders[0]
    explained = explain_funder(pitch.values, party.values)
    assert (fit.status, fit.is_offered) == (FitStatus.TO_CHECK, True)
    assert (fit.score, fit.confidence, fit.mutual) == (explained.score, explained.confidence, explained.mutual)
    assert (fit.model_version, fit.project_version, fit.profile_version) == (1, 1, 3)
    stored = struct.unpack("<10f", fit.terms)
    assert [pytest.approx(line.value) for line in explained.lines] == list(stored)


def test_pairs_that_fail_more_than_one_rule_are_not_kept(make, park, bank, deliver):
    change(
        make, bank, countries=["CL"], priority_countries=None, instruments=["grant", "equity"], uses_funded=["studies"]
    )

    assert all_pairs(deliver) == {}


def test_near_miss_is_kept_with_the_rule_that_failed(make, park, bank, deliver):
    change(make, bank, ticket_max="6000000.00")

    fit = all_pairs(deliver)["park", "river-bank"]

    assert (fit.status, fit.is_offered, fit.failed) == (FitStatus.NEAR_MISS, False, 1 << 3)


def test_vendor_is_compared_with_what_the_city_needs(make, park, deliver):
    vendor = make.organisation(name="Living Banks", slug="living-banks", kind=OrganisationKind.VENDOR)
    make.profile(vendor, content=solution_of())

    fit = all_pairs(deliver)["park", "living-banks"]

    assert (fit.status, fit.is_offered) == (FitStatus.OFFERED, True)
    assert fit.score > 60
    assert len(fit.terms) == 6 * 4


def test_expired_check_leaves_the_pair_to_be_checked(make, park, bank, deliver, clock):
    profile = session().scalar(select(inputs.CounterpartyProfile))
    with atomic():
        profile.verified_until = inputs.clock.now() + timedelta(days=1)
    assert inputs.counterparties().funders[0].values.debarred is False

    clock.shift(timedelta(days=2))

    assert inputs.counterparties().funders[0].values.debarred is None


@pytest.mark.parametrize("blocked_by", ["city", "counterparty"])
def test_pair_that_one_side_blocked_is_not_kept(make, city, bank, deliver, blocked_by):
    make.published(city, slug="park", content={"blocked_orgs": ["river-bank"]} if blocked_by == "city" else {})
    if blocked_by == "counterparty":
        change(make, bank, blocked_orgs=["manaus"])

    assert all_pairs(deliver) == {}


def test_block_takes_an_offered_pair_away(make, park, bank, deliver):
    assert all_pairs(deliver)

    change(make, bank, blocked_orgs=["manaus"])
    deliver()

    assert fits() == {}


def test_people_of_one_mail_domain_on_both_sides_are_a_conflict(make, park, city, bank, deliver):
    make.manager(city, email="ana@manaus.gov.example")
    make.manager(bank, email="rui@manaus.gov.example")

    fit = all_pairs(deliver)["park", "river-bank"]

    assert (fit.status, fit.failed) == (FitStatus.NEAR_MISS, 1 << 8)


def test_addresses_anybody_gets_are_no_conflict(make, park, city, bank, deliver):
    make.manager(city, email="ana@gmail.com")
    make.manager(bank, email="rui@gmail.com")

    assert all_pairs(deliver)["park", "river-bank"].is_offered


def test_conflict_with_a_named_city_keeps_apart_from_that_city_alone(make, city, deliver):
    make.published(city, slug="park")
    make.published(make.city(name="Cali", slug="cali"), slug="hill")
    vendor = make.organisation(slug="living-banks", kind=OrganisationKind.VENDOR)
    make.profile(vendor, content=solution_of(has_conflict="yes", conflict_cities=["manaus"]))

    assert set(all_pairs(deliver)) == {("hill", "living-banks")}


def test_changed_profile_is_compared_anew(make, park, bank, deliver):
    before = all_pairs(deliver)["park", "river-bank"].score

    change(make, bank, sectors=["water"], priority_countries=["MX"])
    deliver()

    fit = fits()["park", "river-bank"]
    assert fit.score < before
    assert fit.profile_version == 4


def test_unpublished_project_is_forgotten(make, park, bank, deliver):
    all_pairs(deliver)

    publication.unpublish(park.slug, make.organiser(), "A mistake in the amounts.")
    deliver()

    assert fits() == {}


def test_withdrawn_project_and_one_of_a_city_out_of_service_are_forgotten_every_day(make, park, city, bank, deliver):
    all_pairs(deliver)
    with atomic():
        park.state = ProjectState.WITHDRAWN

    assert all_pairs(deliver) == {}


def test_organisation_out_of_service_is_forgotten_and_comes_back(make, park, bank, deliver):
    organiser = make.organiser()
    all_pairs(deliver)

    organisations.deactivate(bank.slug, by=organiser)
    deliver()
    assert fits() == {}

    organisations.reactivate(bank.slug, by=organiser)
    deliver()
    assert set(fits()) == {("park", "river-bank")}


def test_city_out_of_service_takes_its_pairs_along(make, park, city, bank, deliver):
    organiser = make.organiser()
    all_pairs(deliver)

    organisations.deactivate(city.slug, by=organiser)
    deliver()

    assert fits() == {}


def test_entered_rate_moves_a_ticket(make, park, bank, deliver):
    change(make, bank, ticket_currency="BRL", ticket_min="10000000.00", ticket_max="50000000.00")
    assert all_pairs(deliver)["park", "river-bank"].unknown & 1 << 3

    rates.enter("BRL", date(2026, 1, 2), Decimal("5"), "Central bank", by=make.organiser())
    deliver()

    # 50 million reais are 10 million dollars: less than the 12 asked for.
    fit = fits()["park", "river-bank"]
    assert (fit.status, fit.failed) == (FitStatus.NEAR_MISS, 1 << 3)


def test_decision_outlives_every_new_computation(make, park, bank, deliver):
    organiser = make.organiser()
    change(make, bank, ticket_max="6000000.00", instruments=["equity"])
    assert all_pairs(deliver) == {}

    overrides.decide("park", "river-bank", OverrideKind.OFFER, "They asked for it.", by=organiser)
    all_pairs(deliver)

    fit = fits()["park", "river-bank"]
    assert (fit.status, fit.is_offered) == (FitStatus.EXCLUDED, True)


def test_decision_does_not_bring_together_whom_one_side_blocks_later(make, park, bank, deliver):
    overrides.decide("park", "river-bank", OverrideKind.OFFER, "They asked for it.", by=make.organiser())
    assert fits()["park", "river-bank"].is_offered

    change(make, bank, blocked_orgs=["manaus"])
    deliver()

    fit = fits()["park", "river-bank"]
    assert (fit.status, fit.is_offered) == (FitStatus.EXCLUDED, False)


def test_jobs_done_twice_and_in_any_order_leave_the_same(make, park, bank, deliver):
    first = all_pairs(deliver)["park", "river-bank"].score
    with atomic():
        rescoring.counterparty(bank.id)
        rescoring.project(park.id)
        rescoring.counterparty(bank.id)
        rescoring.project(10_000)
        rescoring.counterparty(10_000)
    deliver()

    assert [(fit.score, fit.is_offered) for fit in fits().values()] == [(first, True)]


def test_changes_between_two_blocks_are_seen(make, city, bank, deliver, monkeypatch):
    """A worker half way through all pairs must not store what a profile said when it began."""
    make.published(city, slug="one")
    make.published(city, slug="two")
    monkeypatch.setattr(rescoring, "ROWS", 1)
    with atomic():
        rescoring.everything()
    run = jobs.claim()
    was_asked = []

    def change_once():
        if not was_asked:
            was_asked.append(True)
            change(make, bank, ticket_max="6000000.00")
        return False

    monkeypatch.setattr(run, "cancelled", change_once)
    rescoring._rescore(rescoring._all_projects(), None, run, rows=1)

    found = fits()
    assert found["one", "river-bank"].status is FitStatus.TO_CHECK
    assert found["two", "river-bank"].status is FitStatus.NEAR_MISS
    deliver()
    assert fits()["one", "river-bank"].status is FitStatus.NEAR_MISS


def test_cancelled_run_stops_at_the_next_block(make, city, bank, deliver, monkeypatch):
    for name in ("one", "two", "three"):
        make.published(city, slug=name)
    with atomic():
        rescoring.everything()
    run = jobs.claim()
    monkeypatch.setattr(run, "cancelled", lambda: True)

    rescoring._rescore(rescoring._all_projects(), None, run, rows=1)

    assert len(fits()) == 1


def test_asking_twice_for_everything_asks_once(make, deliver):
    with atomic():
        rescoring.everything()
        session().flush()
        rescoring.everything()

    waiting = session().scalars(select(jobs.Job).filter_by(kind=rescoring.ALL)).all()
    assert len(waiting) == 1


def test_statements_do_not_grow_with_the_pairs(make, city, deliver, count_queries):
    def numbers(count):
        for _ in range(count):
            make.published(city)
            make.profile(make.organisation(), content=mandate_of())
        with atomic():
            rescoring.everything()
        run = jobs.claim()
        with count_queries() as statements:
            jobs.perform(run)
        return len(statements)

    few, many = numbers(2), numbers(8)

    assert many <= few + 1
    assert len(fits()) == 100
