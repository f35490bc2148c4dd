"""The ten terms of a funder's score (domain document, section (d)).

A term that lacks what it needs is unknown. Where one statement decides whatever the missing one may be, the term is
known; that more information never lowers the confidence follows from it.
"""

from __future__ import annotations

from .codes import FUNDER_WEIGHTS, Code, Term
from .explanation import Line, Outcome
from .findings import listed, say, silent_counterparty, silent_project
from .place import h1_place
from .profiles import Mandate, Project
from .rules import in_order, steps_outside
from .scoring import Judged, line
from .ticket import ticket


def funder_lines(project: Project, mandate: Mandate) -> tuple[Line, ...]:
    """All ten terms, in order."""
    judged = {
        Term.SECTOR: sector(project, mandate),
        Term.INSTRUMENT: instrument(project, mandate),
        Term.TICKET: ticket_term(project, mandate),
        Term.STAGE: stage(project, mandate),
        Term.CLIMATE: climate(project, mandate),
        Term.GEOGRAPHY: geography(project, mandate),
        Term.INCLUSION: inclusion(project, mandate),
        Term.READINESS: readiness(project, mandate),
        Term.LANGUAGE: language(project, mandate),
        Term.CURRENCY: currency(project, mandate),
    }
    return tuple(line(term, weight, judged[term]) for term, weight in FUNDER_WEIGHTS.items())


def sector(project: Project, mandate: Mandate) -> Judged:
    """Primary sector listed 1, only a secondary one 0.6, generalist 0.5, else 0."""
    if project.sector_primary is None:
        return Judged(None, silent_project("sector_primary"))
    if mandate.sectors is None and not mandate.generalist:
        return Judged(None, silent_counterparty("sectors"))
    listed_sectors = mandate.sectors or frozenset()
    if project.sector_primary in listed_sectors:
        return Judged(1.0, say(Code.SECTOR_PRIMARY, sector=project.sector_primary))
    secondary = listed_sectors & (project.sectors_secondary or frozenset())
    if secondary:
        return Judged(0.6, say(Code.SECTOR_SECONDARY, sectors=listed(secondary)))
    if mandate.generalist:
        return Judged(0.5, say(Code.SECTOR_GENERALIST))
    if project.sectors_secondary is None and listed_sectors:
        return Judged(None, silent_project("sectors_secondary"))
    return Judged(0.0, say(Code.SECTOR_NOT_LISTED, sector=project.sector_primary))


def instrument(project: Project, mandate: Mandate) -> Judged:
    """Share of the sought instruments that are offered, the first choice counted double."""
    if project.instruments is None:
        return Judged(None, silent_project("instruments"))
    if mandate.instruments is None:
        return Judged(None, silent_counterparty("instruments"))
    sought = project.instruments
    offered = [code for code in sought if code in mandate.instruments]
    if not offered:
        return Judged(0.0, say(Code.INSTRUMENTS_NONE, sought=listed(sought)))
    points = len(offered) + (sought[0] in mandate.instruments)
    missing = set(sought) - set(offered)
    message = say(Code.INSTRUMENTS_OFFERED, offered=listed(offered), missing=listed(missing))
    return Judged(points / (len(sought) + 1), message)


def ticket_term(project: Project, mandate: Mandate) -> Judged:
    """The ticket's value (see ``ticket``)."""
    fit = ticket(project, mandate)
    return Judged(fit.value, fit.message)


def stage(project: Project, mandate: Mandate) -> Judged:
    """Inside the funder's stages 1, one step away 0.5, else 0."""
    if project.stage is None:
        return Judged(None, silent_project("stage"))
    if mandate.stages is None:
        return Judged(None, silent_counterparty("stages"))
    steps = steps_outside(project.stage, mandate.stages)
    if steps == 0:
        return Judged(1.0, say(Code.STAGE_INSIDE, stage=project.stage))
    stages = in_order(mandate.stages)
    if steps == 1:
        return Judged(0.5, say(Code.STAGE_ONE_STEP, stage=project.stage, stages=stages))
    return Judged(0.0, say(Code.STAGE_OUTSIDE, stage=project.stage, stages=stages))


def climate(project: Project, mandate: Mandate) -> Judged:
    """Same objective or a funder of both 1, co-benefit 0.5, else 0.

    Our own reading: a project that serves both objectives serves the funder of either, and a co-benefit on either side
    gives 0.5 unless the objectives are the same or the funder takes both.
    """
    mine, theirs = project.climate_objective, mandate.climate_focus
    if mine is None:
        return Judged(None, silent_project("climate_objective"))
    if theirs is None:
        return Judged(None, silent_counterparty("climate_focus"))
    value = climate_value(mine, theirs)
    code = {1.0: Code.CLIMATE_SHARED, 0.5: Code.CLIMATE_COBENEFIT}.get(value, Code.CLIMATE_OTHER)
    return Judged(value, say(code, objective=mine, focus=theirs))


def climate_value(objective: str, focus: str) -> float:
    """The value of a project's climate objective for a funder's focus."""
    if focus in (objective, "both"):
        return 1.0
    if "co_benefit" in (objective, focus):
        return 0.5
    return 1.0 if objective == "both" else 0.0


def geography(project: Project, mandate: Mandate) -> Judged:
    """Priority country 1, eligible place 0.5 (also while H1 is to be checked), place outside 0."""
    if project.country is None:
        return Judged(None, silent_project("country"))
    if mandate.priority_countries is None:
        return Judged(None, silent_counterparty("priority_countries"))
    if project.country in mandate.priority_countries:
        return Judged(1.0, say(Code.COUNTRY_PRIORITY, country=project.country))
    if h1_place(project, mandate).outcome is Outcome.FAIL:
        return Judged(0.0, say(Code.COUNTRY_OUTSIDE, country=project.country))
    return Judged(0.5, say(Code.COUNTRY_ELIGIBLE, country=project.country))


def inclusion(project: Project, mandate: Mandate) -> Judged:
    """Mean of min(1, marker / required) and min(1, low-income share / 50); a funder that requires nothing counts as 1.

    Our own decision: if only one of the two is known, it stands alone with half of the weight.
    """
    required, marker, low_income = mandate.gender_marker_min, project.gender_marker, project.low_income_pct
    by_marker: float | None = None
    if required == 0:
        by_marker = 1.0
    elif required is not None and marker is not None:
        by_marker = min(1.0, marker / required)
    by_income = None if low_income is None else min(1.0, low_income / 50.0)
    if by_marker is not None and by_income is not None:
        message = say(Code.INCLUSION, marker=marker, required=required, low_income_pct=low_income)
        return Judged((by_marker + by_income) / 2.0, message)
    if by_marker is not None:
        return Judged(by_marker, say(Code.INCLUSION_MARKER, marker=marker, required=required), 0.5)
    if by_income is not None:
        return Judged(by_income, say(Code.INCLUSION_LOW_INCOME, low_income_pct=low_income), 0.5)
    return Judged(None, silent_project("low_income_pct"))


def readiness(project: Project, mandate: Mandate) -> Judged:
    """Inside the expected band 1, outside max(0, 1 - distance / 25)."""
    if project.readiness is None:
        return Judged(None, silent_project("readiness"))
    if mandate.readiness_band is None:
        return Judged(None, silent_counterparty("readiness_band"))
    low, high = mandate.readiness_band
    distance = max(low - project.readiness, project.readiness - high, 0.0)
    code = Code.READINESS_OUTSIDE if distance else Code.READINESS_INSIDE
    return Judged(max(0.0, 1.0 - distance / 25.0), say(code, readiness=project.readiness, low=low, high=high))


def language(project: Project, mandate: Mandate) -> Judged:
    """Shared language 1, an interpreter at hand and accepted 0.4, else 0."""
    if project.languages is None:
        return Judged(None, silent_project("languages"))
    if mandate.languages is None:
        return Judged(None, silent_counterparty("languages"))
    shared = project.languages & mandate.languages
    if shared:
        return Judged(1.0, say(Code.LANGUAGE_SHARED, languages=listed(shared)))
    if project.interpreter is False or mandate.interpreter_ok is False:
        sides = {"project": listed(project.languages), "counterparty": listed(mandate.languages)}
        return Judged(0.0, say(Code.LANGUAGE_NOT_SHARED, **sides))
    if project.interpreter is None:
        return Judged(None, silent_project("interpreter"))
    if mandate.interpreter_ok is None:
        return Judged(None, silent_counterparty("interpreter_ok"))
    return Judged(0.4, say(Code.LANGUAGE_INTERPRETED))


def currency(project: Project, mandate: Mandate) -> Judged:
    """Lends in the project's currency 1, else 0."""
    if project.currency is None:
        return Judged(None, silent_project("currency"))
    if mandate.currencies is None:
        return Judged(None, silent_counterparty("currencies"))
    if project.currency in mandate.currencies:
        return Judged(1.0, say(Code.CURRENCY_OFFERED, currency=project.currency))
    message = say(Code.CURRENCY_NOT_OFFERED, currency=project.currency, offered=listed(mandate.currencies))
    return Judged(0.0, message)
