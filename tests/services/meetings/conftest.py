"""What the tests of meetings share."""

import pytest

from tests.meetings import market


@pytest.fixture
def organiser(clock, make):
    return make.organiser()


@pytest.fixture
def place(clock, make, organiser):
    return market(make, organiser)
