"""Exchange rates: the latest that was entered for a day or before it."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from marketplace.database import session
from marketplace.errors import Invalid, NotAllowed
from marketplace.models import Job
from marketplace.services.projects import rates


@pytest.fixture
def organiser(make, clock):
    return make.organiser()


def test_rate_holds_until_the_next(organiser):
    rates.enter("BRL", date(2026, 1, 10), Decimal("5.1"), "BCB", organiser)
    rates.enter("BRL", date(2026, 2, 10), Decimal("5.30"), "BCB", organiser)
    rates.enter("MXN", date(2026, 2, 1), Decimal(18), "Banxico", organiser)

    assert [rates.per_usd("BRL", date(2026, *day)) for day in ((1, 9), (1, 10), (2, 9), (2, 10))] == [
        None,
        Decimal("5.1"),
        Decimal("5.1"),
        Decimal("5.3"),
    ]
    assert rates.per_usd("BRL") == Decimal("5.3")
    assert rates.per_usd("USD") == Decimal(1)
    assert [rates.per_usd(code) for code in ("COP", "XXX", None, "")] == [None] * 4
    assert {code.value: rate.per_usd for code, rate in rates.latest().items()} == {
        "BRL": Decimal("5.3"),
        "MXN": Decimal(18),
    }


def test_rates_are_entered_by_organisers_within_reason(make, organiser):
    with pytest.raises(NotAllowed):
        rates.enter("BRL", date(2026, 1, 10), Decimal(5), "BCB", make.manager(make.city()))
    for field, changes in {
        "currency": {"currency": "USD"},
        "on_day": {"on_day": date(2026, 3, 3)},
        "per_usd": {"rate": Decimal("Infinity")},
        "source": {"source": "\x00 "},
    }.items():
        values = {"currency": "BRL", "on_day": date(2026, 1, 10), "rate": Decimal(5), "source": "BCB", **changes}
        with pytest.raises(Invalid) as refusal:
            rates.enter(**values, by=organiser)
        assert refusal.value.field == field


def test_new_rate_has_all_pairs_compared_once(organiser):
    rates.enter("BRL", date(2026, 1, 10), Decimal("5.1"), "BCB", organiser)
    rates.enter("MXN", date(2026, 1, 10), Decimal(18), "Banxico", organiser)

    assert list(session().scalars(select(Job.kind).where(Job.kind.startswith("fits.")))) == ["fits.rescore_all"]
