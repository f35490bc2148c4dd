"""The hard rules H1 to H11 between a project and a funder (domain document, section (d)).

Every rule passes, fails or is unknown, with the causes. An unknown never fails: it leaves the pair offered, to check.
Where the document is silent, the decision is in the docstring of the rule.
"""

from __future__ import annotations

from collections.abc import Iterator

from .borrower import h6_borrower
from .codes import Code, Rule
from .explanation import Finding, Outcome
from .findings import Check, counterparty_unsure, fails, finding, listed, project_unsure, say
from .integrity import h9_safeguards
from .place import h1_place
from .profiles import ANYTIME, STAGES, Codes, Mandate, Project
from .ticket import ticket


def funder_findings(project: Project, mandate: Mandate) -> tuple[Finding, ...]:
    """All eleven findings, in order."""
    return (
        h1_place(project, mandate),
        h2_exclusion(project, mandate),
        h3_instrument(project, mandate),
        h4_ticket(project, mandate),
        h5_stage(project, mandate),
        h6_borrower(project, mandate),
        h7_use(project, mandate),
        h8_cofinance(project, mandate),
        h9_safeguards(project, mandate),
        h10_language(project, mandate),
        h11_slot(project, mandate),
    )


def h2_exclusion(project: Project, mandate: Mandate) -> Finding:
    """The primary sector and every flagged activity must be outside the funder's exclusions.

    A secondary sector does not exclude: it is not what the money is for.
    """

    def checks() -> Iterator[Check | None]:
        if mandate.excluded_sectors is None:
            yield counterparty_unsure("excluded_sectors")
        elif mandate.excluded_sectors and project.sector_primary is None:
            yield project_unsure("sector_primary")
        elif project.sector_primary in mandate.excluded_sectors:
            yield fails(Code.SECTOR_EXCLUDED, sector=project.sector_primary)
        if mandate.excluded_activities is None:
            yield counterparty_unsure("excluded_activities")
        elif mandate.excluded_activities and project.activities is None:
            yield project_unsure("activities")
        elif mandate.excluded_activities & (project.activities or frozenset()):
            flagged = mandate.excluded_activities & (project.activities or frozenset())
            yield fails(Code.ACTIVITY_EXCLUDED, activities=listed(flagged))

    return finding(Rule.H2, say(Code.NOT_EXCLUDED), checks())


def h3_instrument(project: Project, mandate: Mandate) -> Finding:
    """At least one of the sought instruments must be offered."""
    sought, offered = project.instruments, mandate.instruments
    shared = listed(set(sought or ()) & (offered or frozenset()))
    missing = listed(set(sought or ()) - set(shared))

    def checks() -> Iterator[Check | None]:
        if sought is None:
            yield project_unsure("instruments")
        if offered is None:
            yield counterparty_unsure("instruments")
        if sought is not None and offered is not None and not shared:
            yield fails(Code.INSTRUMENTS_NONE, sought=listed(sought))

    return finding(Rule.H3, say(Code.INSTRUMENTS_OFFERED, offered=shared, missing=missing), checks())


def h4_ticket(project: Project, mandate: Mandate) -> Finding:
    """The amount must be inside the ticket or within its tolerance (see ``ticket``)."""
    fit = ticket(project, mandate)
    return Finding(Rule.H4, fit.outcome, (fit.message,))


def steps_outside(stage: str, stages: Codes) -> int:
    """Steps from a stage to the nearest of the funder's stages; a funder of no stage is farther than any."""
    here = STAGES.index(stage)
    return min((abs(here - STAGES.index(other)) for other in stages), default=len(STAGES))


def in_order(stages: Codes) -> tuple[str, ...]:
    """Stages as a project passes through them."""
    return tuple(stage for stage in STAGES if stage in stages)


def h5_stage(project: Project, mandate: Mandate) -> Finding:
    """The stage may be one step outside the funder's stages, not more."""
    if project.stage is None or mandate.stages is None:
        sides = [
            project_unsure("stage") if project.stage is None else None,
            counterparty_unsure("stages") if mandate.stages is None else None,
        ]
        return finding(Rule.H5, say(Code.STAGE_INSIDE), sides)
    steps = steps_outside(project.stage, mandate.stages)
    stages = in_order(mandate.stages)
    if steps > 1:
        return finding(Rule.H5, say(Code.STAGE_INSIDE), [fails(Code.STAGE_OUTSIDE, stage=project.stage, stages=stages)])
    if steps == 1:
        return Finding(Rule.H5, Outcome.PASS, (say(Code.STAGE_ONE_STEP, stage=project.stage, stages=stages),))
    return Finding(Rule.H5, Outcome.PASS, (say(Code.STAGE_INSIDE, stage=project.stage),))


def h7_use(project: Project, mandate: Mandate) -> Finding:
    """At least one sought use (studies, works, equipment, operation) must be funded.

    Our own decision: where supplies must come from certain countries, the project must be able to buy from one of them.
    """
    shared = listed((project.uses or frozenset()) & (mandate.uses or frozenset()))

    def checks() -> Iterator[Check | None]:
        if project.uses is None:
            yield project_unsure("uses")
        if mandate.uses is None:
            yield counterparty_unsure("uses")
        if project.uses is not None and mandate.uses is not None and not shared:
            yield fails(Code.USE_NOT_FUNDED, uses=listed(project.uses), funded=listed(mandate.uses))
        if mandate.supplier_countries is None:
            yield counterparty_unsure("supplier_countries")
        elif mandate.supplier_countries and project.supplier_countries is None:
            yield project_unsure("supplier_countries")
        elif mandate.supplier_countries and not mandate.supplier_countries & (
            project.supplier_countries or frozenset()
        ):
            yield fails(Code.SUPPLIERS_TIED, countries=listed(mandate.supplier_countries))

    return finding(Rule.H7, say(Code.USE_FUNDED, uses=shared), checks())


def h8_cofinance(project: Project, mandate: Mandate) -> Finding:
    """The city's share must reach the minimum, and the ask must not exceed the funder's largest share of the cost.

    Our own decision: the largest share does not bind a funder that syndicates, because others carry the rest.
    """

    def checks() -> Iterator[Check | None]:
        if mandate.min_cofinance_pct is None:
            yield counterparty_unsure("min_cofinance_pct")
        elif mandate.min_cofinance_pct > 0 and project.cofinance_pct is None:
            yield project_unsure("cofinance_pct")
        elif project.cofinance_pct is not None and project.cofinance_pct < mandate.min_cofinance_pct:
            yield fails(
                Code.COFINANCE_BELOW_MINIMUM, offered_pct=project.cofinance_pct, minimum_pct=mandate.min_cofinance_pct
            )
        yield _share(project, mandate)

    return finding(Rule.H8, say(Code.COFINANCE_ENOUGH, offered_pct=project.cofinance_pct), checks())


def _share(project: Project, mandate: Mandate) -> Check | None:
    if mandate.max_share_pct is None:
        return counterparty_unsure("max_share_pct")
    if mandate.max_share_pct >= 100 or mandate.allows_syndication:
        return None
    if project.ask_usd is None or project.total_cost_usd is None:
        return project_unsure("ask_usd" if project.ask_usd is None else "total_cost_usd")
    if project.ask_usd * 100 <= project.total_cost_usd * mandate.max_share_pct:
        return None
    if mandate.allows_syndication is None:
        return counterparty_unsure("allows_syndication")
    # A cost of nothing makes no share; the ask is then all of it.
    share = project.ask_usd * 100 / project.total_cost_usd if project.total_cost_usd else 100.0
    return fails(Code.SHARE_ABOVE_MAXIMUM, share_pct=share, maximum_pct=mandate.max_share_pct)


def h10_language(project: Project, mandate: Mandate) -> Finding:
    """A shared language, or an interpreter at hand that the funder accepts."""
    shared = listed((project.languages or frozenset()) & (mandate.languages or frozenset()))
    if shared:
        return Finding(Rule.H10, Outcome.PASS, (say(Code.LANGUAGE_SHARED, languages=shared),))

    def checks() -> Iterator[Check | None]:
        if project.interpreter and mandate.interpreter_ok:
            return
        if project.languages is None:
            yield project_unsure("languages")
        elif mandate.languages is None:
            yield counterparty_unsure("languages")
        elif project.interpreter is False or mandate.interpreter_ok is False:
            yield fails(
                Code.LANGUAGE_NOT_SHARED, project=listed(project.languages), counterparty=listed(mandate.languages)
            )
        elif project.interpreter is None:
            yield project_unsure("interpreter")
        else:
            yield counterparty_unsure("interpreter_ok")

    return finding(Rule.H10, say(Code.LANGUAGE_INTERPRETED), checks())


def h11_slot(project: Project, mandate: Mandate) -> Finding:
    """A free slot in common, and room for one more meeting on both sides."""

    def checks() -> Iterator[Check | None]:
        for full, side, left in (
            (Code.PROJECT_FULL, project_unsure, project.capacity_left),
            (Code.COUNTERPARTY_FULL, counterparty_unsure, mandate.capacity_left),
        ):
            if left is None:
                yield side("capacity_left")
            elif left < 1:
                yield fails(full)
        mine, theirs = project.free_slots, mandate.free_slots
        if mine is None:
            yield project_unsure("free_slots")
        if theirs is None:
            yield counterparty_unsure("free_slots")
        if mine is not None and theirs is not None and not common_slots(mine, theirs):
            yield fails(Code.NO_COMMON_SLOT)

    return finding(Rule.H11, say(Code.SLOT_SHARED), checks())


def common_slots(mine: Codes, theirs: Codes) -> Codes:
    """The slots that suit both; ``ANYTIME`` suits every slot."""
    if mine == ANYTIME:
        return theirs
    return mine if theirs == ANYTIME else mine & theirs
