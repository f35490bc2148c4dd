"""H1: whether the funder works where the project is."""

from __future__ import annotations

from collections.abc import Iterator

from .codes import Code, Rule
from .countries import country_facts
from .explanation import Finding
from .findings import Check, counterparty_unsure, fails, finding, listed, project_unsure, say
from .geography import inside_any
from .profiles import Mandate, Project


def h1_place(project: Project, mandate: Mandate) -> Finding:
    """Country, area, income group and ODA must all fit; priority countries are eligible countries.

    Income group and ODA eligibility come from the table of countries unless the project brings its own.
    """

    def checks() -> Iterator[Check | None]:
        yield _country(project.country, mandate)
        if mandate.areas is None:
            yield counterparty_unsure("areas")
        elif mandate.areas:
            inside = inside_any(mandate.areas, project.country, project.latitude, project.longitude)
            if inside is None:
                yield project_unsure("country" if project.country is None else "latitude")
            elif not inside:
                yield fails(Code.OUTSIDE_AREA)
        yield _income_group(project, mandate)
        if mandate.oda_only is None:
            yield counterparty_unsure("oda_only")
        elif mandate.oda_only:
            eligible = oda_eligible(project)
            if eligible is None:
                yield project_unsure("oda_eligible")
            elif not eligible:
                yield fails(Code.NOT_ODA_ELIGIBLE, country=project.country)

    return finding(Rule.H1, say(Code.PLACE_ELIGIBLE, country=project.country), checks())


def _country(country: str | None, mandate: Mandate) -> Check | None:
    if mandate.priority_countries is not None and country in mandate.priority_countries:
        return None
    if mandate.countries is None:
        return counterparty_unsure("countries")
    if not mandate.countries or country in mandate.countries:
        return None
    if country is None:
        return project_unsure("country")
    return fails(Code.COUNTRY_NOT_ELIGIBLE, country=country)


def income_group(project: Project) -> str | None:
    """The income group of the project's country."""
    return project.income_group or country_facts(project.country).income_group


def oda_eligible(project: Project) -> bool | None:
    """Whether the project's country is on the list of ODA recipients."""
    if project.oda_eligible is not None:
        return project.oda_eligible
    return country_facts(project.country).oda_eligible


def _income_group(project: Project, mandate: Mandate) -> Check | None:
    if mandate.income_groups is None:
        return counterparty_unsure("income_groups")
    group = income_group(project)
    if not mandate.income_groups or group in mandate.income_groups:
        return None
    if group is None:
        return project_unsure("income_group")
    return fails(
        Code.INCOME_GROUP_NOT_ELIGIBLE,
        country=project.country,
        income_group=group,
        accepted=listed(mandate.income_groups),
    )
