"""Exchange rates the organisers enter: how much of a currency one US dollar costs from a day on."""

from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError

from marketplace import clock
from marketplace.database import atomic, lock, session
from marketplace.errors import Invalid
from marketplace.i18n import lazy_gettext
from marketplace.models import Currency, ExchangeRate, User
from marketplace.services import audit, policies, texts

OLD = timedelta(days=90)
"""A rate older than this is shown as old: amounts may no longer compare well."""

_LARGEST, _SMALLEST = Decimal(1_000_000), Decimal("0.0001")


def current(currency: str | None, on: date | None = None) -> ExchangeRate | None:
    """Return the latest rate of a day (today) or before; None for a currency without one, and for US dollars."""
    if currency not in set(Currency) or currency == Currency.USD:
        return None
    return session().scalar(
        select(ExchangeRate)
        .where(ExchangeRate.currency == Currency(currency), ExchangeRate.on_day <= (on or clock.now().date()))
        .order_by(ExchangeRate.on_day.desc())
        .limit(1)
    )


def per_usd(currency: str | None, on: date | None = None) -> Decimal | None:
    """Return how much of a currency one US dollar costs on a day (today): 1 for itself, None where nobody knows."""
    if currency == Currency.USD:
        return Decimal(1)
    rate = current(currency, on)
    return rate.per_usd if rate else None


def latest() -> dict[Currency, ExchangeRate]:
    """Return the rate of today of every currency that has one, with one statement."""
    statement = select(ExchangeRate).where(ExchangeRate.on_day <= clock.now().date()).order_by(ExchangeRate.on_day)
    return {rate.currency: rate for rate in session().scalars(statement)}


def is_old(rate: ExchangeRate) -> bool:
    """Tell whether a rate should be renewed."""
    return clock.now().date() - rate.on_day > OLD


def enter(
    currency: str, on_day: date, rate: Decimal, source: str, by: User, *, is_illustrative: bool = False
) -> ExchangeRate:
    """Enter the rate of a day, or correct the one that was entered for it. What was frozen before stays frozen.

    Raises `Invalid` for the first field that cannot be taken.
    """
    # Imported here because fits are about projects.
    from marketplace.services.fits import rescoring

    policies.require(by, "project.organise")
    if currency not in set(Currency) or currency == Currency.USD:
        raise Invalid("currency", lazy_gettext("Please choose from the list."))
    if not date(2000, 1, 1) <= on_day <= clock.now().date():
        raise Invalid("on_day", lazy_gettext("Please choose a day that is not in the future."))
    if not rate.is_finite() or not _SMALLEST <= rate <= _LARGEST:
        raise Invalid("per_usd", lazy_gettext("Please enter how much one US dollar costs, for example 5.25."))
    source = texts.line(source, "source", 200, is_required=True)
    with atomic() as current_session:
        known = select(ExchangeRate.id).where(
            ExchangeRate.currency == Currency(currency), ExchangeRate.on_day == on_day
        )
        found = lock(ExchangeRate, *current_session.scalars(known))
        entry = found[0] if found else ExchangeRate(currency=Currency(currency), on_day=on_day)
        before = str(entry.per_usd) if found else ""
        entry.per_usd, entry.source, entry.is_illustrative = rate.normalize() + 0, source, is_illustrative
        entry.entered_by_id, entry.entered_at = by.id, clock.now()
        try:
            with current_session.begin_nested():
                current_session.add(entry)
        except IntegrityError:
            raise Invalid("on_day", lazy_gettext("Somebody has just entered a rate of this day.")) from None
        audit.record("rate.entered", by, entry, before=before, after=str(entry.per_usd))
        rescoring.everything()
        return entry


def listing(currency: str = "") -> Select[ExchangeRate]:
    """Return the statement that lists rates, the latest first, of one currency or all; the caller paginates it."""
    statement = select(ExchangeRate).order_by(ExchangeRate.on_day.desc(), ExchangeRate.currency)
    if currency in set(Currency):
        statement = statement.where(ExchangeRate.currency == Currency(currency))
    return statement
