"""What the tests of fits share: a city with a published project, a funder, and the work of the worker."""

import pytest

from marketplace import clock
from marketplace.database import atomic, session
from marketplace.models import CounterpartyProfile
from marketplace.services import jobs
from marketplace.services.fits import rescoring
from tests.mandates import mandate_of


@pytest.fixture
def city(make):
    return make.city(name="Manaus", slug="manaus")


@pytest.fixture
def park(make, city):
    return make.published(city, slug="park", readiness=68.0)


@pytest.fixture
def bank(make):
    organisation = make.organisation(name="River Bank", slug="river-bank", verified_at=clock.now())
    make.profile(organisation, content=mandate_of(), revision=3)
    return organisation


@pytest.fixture
def compare():
    """Compare all pairs, in this session, so that what a test has made stays at hand."""

    def work():
        with atomic():
            rescoring.everything()
        while (run := jobs.claim()) is not None:
            jobs.perform(run)

    return work


@pytest.fixture
def state():
    """Save other answers of a counterparty, as its room does; None takes one out."""

    def save(organisation, **answers):
        profile = session().query(CounterpartyProfile).filter_by(organisation_id=organisation.id).one()
        with atomic():
            merged = {**profile.content, **answers}
            profile.content = {name: value for name, value in merged.items() if value is not None}
            profile.revision += 1
            rescoring.counterparty(organisation.id)

    return save
