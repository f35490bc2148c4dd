"""Which organisations state what: funders and those that act as funders a mandate, vendors their solutions."""

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from marketplace.database import session
from marketplace.models import CounterpartyProfile, Organisation, OrganisationKind
from marketplace.services.sheets.fields import Content, Field, Sheet
from marketplace.services.sheets.mandate import MANDATE
from marketplace.services.sheets.solution import SOLUTION

FUNDERS = frozenset(
    {
        OrganisationKind.FUNDER,
        OrganisationKind.PHILANTHROPY,
        OrganisationKind.MULTILATERAL,
        OrganisationKind.AGENCY,
    }
)
"""The kinds of organisations that state a mandate."""

VENDORS = frozenset({OrganisationKind.VENDOR})
"""The kinds of organisations that state solutions."""


def sheet_of(organisation: Organisation) -> Sheet | None:
    """Return what an organisation states: a mandate, solutions, or (None) neither."""
    if organisation.kind in VENDORS:
        return SOLUTION
    return MANDATE if organisation.kind in FUNDERS else None


def sheet(profile: CounterpartyProfile) -> Sheet:
    """Return the sheet of a profile."""
    return SOLUTION if profile.organisation.kind in VENDORS else MANDATE


def profile_of(organisation: Organisation) -> CounterpartyProfile | None:
    """Return the profile of an organisation, None where nothing was answered yet."""
    statement = select(CounterpartyProfile).where(CounterpartyProfile.organisation_id == organisation.id)
    return session().scalar(statement.options(joinedload(CounterpartyProfile.organisation)))


def currency_of(own: Sheet, content: Content, one: Field) -> str | None:
    """Return the currency an amount of a profile is in; what is asked for in US dollars is in those."""
    if own is MANDATE:
        return content.get("ticket_currency")
    return content.get("price_currency") if one.name in {"price_min", "price_max"} else "USD"
