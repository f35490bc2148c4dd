"""H1: whether the funder works where the project is."""

from __future__ import annotations

from .codes import Code, Rule
from .countries import country_facts
from .explanation import Finding
from .findings import Check, counterparty_unsure, fails, finding, listed, project_unsure, say
from .geography import Area, inside_any
from .profiles import Codes, Mandate, Project

# Country, latitude and longitude.
Place = tuple[str | None, float | None, float | None]


def h1_place(project: Project, mandate: Mandate) -> Finding:
    """Country, area, income group and ODA must all fit; priority countries are eligible countries.

    Income group and ODA eligibility come from the table of countries unless the project brings its own.
    """
    country = project.country
    checks = (
        country_check(country, mandate.countries, mandate.priority_countries),
        area_check((country, project.latitude, project.longitude), mandate.areas),
        income_group_check(country, income_group(project), mandate.income_groups),
        oda_check(country, oda_eligible(project), mandate.oda_only),
    )
    return finding(Rule.H1, say(Code.PLACE_ELIGIBLE, country=country), checks)


def income_group(project: Project) -> str | None:
    """The income group of the project's country."""
    return project.income_group or country_facts(project.country).income_group


def oda_eligible(project: Project) -> bool | None:
    """Whether the project's country is on the list of ODA recipients."""
    if project.oda_eligible is not None:
        return project.oda_eligible
    return country_facts(project.country).oda_eligible


def country_check(country: str | None, eligible: Codes | None, priority: Codes | None) -> Check | None:
    """A country against the funder's list (empty: all countries) and its priority countries."""
    if country is not None and priority is not None and country in priority:
        return None
    if eligible is None:
        return counterparty_unsure("countries")
    if not eligible or country in eligible:
        return None
    return project_unsure("country") if country is None else fails(Code.COUNTRY_NOT_ELIGIBLE, country=country)


def area_check(place: Place, areas: tuple[Area, ...] | None) -> Check | None:
    """A place against the funder's areas (none: no restriction)."""
    if areas is None:
        return counterparty_unsure("areas")
    if not areas:
        return None
    inside = inside_any(areas, *place)
    if inside is None:
        return project_unsure("country" if place[0] is None else "latitude")
    return None if inside else fails(Code.OUTSIDE_AREA)


def income_group_check(country: str | None, group: str | None, accepted: Codes | None) -> Check | None:
    """An income group against the accepted ones (empty: all)."""
    if accepted is None:
        return counterparty_unsure("income_groups")
    if not accepted or group in accepted:
        return None
    if group is None:
        return project_unsure("income_group")
    return fails(Code.INCOME_GROUP_NOT_ELIGIBLE, country=country, income_group=group, accepted=listed(accepted))


def oda_check(country: str | None, eligible: bool | None, only: bool | None) -> Check | None:
    """ODA eligibility against a funder that may finance ODA recipients only."""
    if only is None:
        return counterparty_unsure("oda_only")
    if not only or eligible:
        return None
    return project_unsure("oda_eligible") if eligible is None else fails(Code.NOT_ODA_ELIGIBLE, country=country)
