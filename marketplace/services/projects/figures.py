"""What follows from the figures of a pitch: the gap, amounts in US dollars, emissions over the useful life."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from marketplace.models import Organisation
from marketplace.services.sheets.fields import Content

MEGATONNE = Decimal(1_000_000)
"""Emissions over a lifetime above which somebody should look at the units again, in t CO₂e."""


def number(content: Content, name: str) -> Decimal | None:
    """Return an answer as a number; None where there is none."""
    return _decimal(content.get(name))


def _decimal(value: object) -> Decimal | None:
    if value is None or isinstance(value, bool):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def secured(content: Content) -> Decimal:
    """Return the sum of the funding that is secured, in the pitch's currency."""
    amounts = (_decimal(row.get("amount")) for row in content.get("secured") or ())
    return sum((amount for amount in amounts if amount is not None), Decimal(0))


def gap(content: Content) -> Decimal | None:
    """Return what the project costs less what is secured, in the pitch's currency; None without a cost."""
    capex = number(content, "capex")
    return None if capex is None else capex - secured(content)


def most_to_ask(content: Content) -> Decimal | None:
    """Return the most that may be asked for: the gap, and the cost of preparation."""
    missing = gap(content)
    return None if missing is None else missing + (number(content, "preparation_cost") or 0)


def in_usd(amount: Decimal | None, per_usd: Decimal | None) -> int | None:
    """Return an amount in whole US dollars, at so much of its currency for a dollar; None where either is unknown."""
    if amount is None or per_usd is None or per_usd <= 0:
        return None
    return int((amount / per_usd).to_integral_value(ROUND_HALF_UP))


def ask_usd(content: Content, per_usd: Decimal | None) -> int | None:
    """Return what is asked for in whole US dollars."""
    return in_usd(number(content, "ask_amount"), per_usd)


def cost_usd(content: Content, per_usd: Decimal | None) -> int | None:
    """Return what the project costs to build in whole US dollars."""
    return in_usd(number(content, "capex"), per_usd)


def ghg_lifetime(content: Content) -> Decimal | None:
    """Return the emissions avoided or removed over the useful life, in t CO₂e."""
    year, life = number(content, "ghg_tco2e_year"), number(content, "life_years")
    return None if year is None or life is None else year * life


def population_of(city: Organisation) -> int | None:
    """Return the people of a city; None where nobody knows."""
    return city.city.population if city.city else None


def day(content: Content, name: str) -> date | None:
    """Return an answer as a day; None where there is none."""
    try:
        return date.fromisoformat(content.get(name) or "")
    except (TypeError, ValueError):
        return None
