"""Vendors: the four hard rules and the six terms of the score (domain document, section (d)).

The document names the terms and their weights; how each is measured is our own decision, said at each term.
"""

from __future__ import annotations

from collections.abc import Iterator

from .codes import VENDOR_WEIGHTS, Code, Rule, Term
from .explanation import Finding, Line, Value
from .findings import (
    Check,
    counterparty_unsure,
    fails,
    finding,
    listed,
    project_unsure,
    say,
    silent_counterparty,
    silent_project,
)
from .integrity import conflicts, debarment
from .profiles import Codes, Project, Solution
from .scoring import Judged, line

# Certificates of management systems that count, and how many of them are enough.
MANAGEMENT = frozenset({"iso_9001", "iso_14001", "iso_45001", "iso_27001"})
ENOUGH_CERTIFICATES = 2
# Comparable references that are enough; one in the project's own country counts double.
ENOUGH_REFERENCES = 3


def vendor_findings(project: Project, solution: Solution) -> tuple[Finding, ...]:
    """All four findings: debarment, conflict, no needed category, market-sounding rules not accepted."""
    return (
        finding(Rule.V1, say(Code.NOT_DEBARRED), [debarment(solution)]),
        v2_conflict(project, solution),
        v3_category(project, solution),
        v4_market_sounding(solution),
    )


def v2_conflict(project: Project, solution: Solution) -> Finding:
    """No declared conflict of interest, same organisation, same mail domain or block."""

    def checks() -> Iterator[Check | None]:
        if solution.conflict_declared is None:
            yield counterparty_unsure("conflict_declared")
        elif solution.conflict_declared:
            yield fails(Code.CONFLICT_DECLARED)
        yield from conflicts(project, solution)

    return finding(Rule.V2, say(Code.NO_CONFLICT), checks())


def v3_category(project: Project, solution: Solution) -> Finding:
    """At least one category of the vendor must be among the technology needs."""
    needs, categories = project.technology_needs, solution.categories
    shared = listed((needs or frozenset()) & (categories or frozenset()))

    def checks() -> Iterator[Check | None]:
        if needs is None:
            yield project_unsure("technology_needs")
        if categories is None:
            yield counterparty_unsure("categories")
        if needs is not None and categories is not None and not shared:
            yield fails(Code.CATEGORIES_NOT_NEEDED, needs=listed(needs))

    return finding(Rule.V3, say(Code.CATEGORIES_NEEDED, categories=shared, missing=_rest(needs, shared)), checks())


def v4_market_sounding(solution: Solution) -> Finding:
    """The vendor must accept the rules of market sounding."""
    accepted = solution.accepts_market_sounding
    against: Check | None = None
    if accepted is None:
        against = counterparty_unsure("accepts_market_sounding")
    elif not accepted:
        against = fails(Code.MARKET_SOUNDING_REFUSED)
    return finding(Rule.V4, say(Code.MARKET_SOUNDING_ACCEPTED), [against])


def vendor_lines(project: Project, solution: Solution) -> tuple[Line, ...]:
    """All six terms, in order."""
    judged = {
        Term.CATEGORY: category(project, solution),
        Term.REFERENCES: references(project, solution),
        Term.PRESENCE: presence(project, solution),
        Term.COMPLIANCE: compliance(solution),
        Term.SCALE: scale(project, solution),
        Term.VENDOR_FINANCE: vendor_finance(solution),
    }
    return tuple(line(term, weight, judged[term]) for term, weight in VENDOR_WEIGHTS.items())


def category(project: Project, solution: Solution) -> Judged:
    """Share of the technology needs that the vendor's categories cover."""
    needs, categories = project.technology_needs, solution.categories
    if needs is None:
        return Judged(None, silent_project("technology_needs"))
    if categories is None:
        return Judged(None, silent_counterparty("categories"))
    shared = listed(needs & categories)
    if not shared:
        return Judged(0.0, say(Code.CATEGORIES_NOT_NEEDED, needs=listed(needs)))
    message = say(Code.CATEGORIES_NEEDED, categories=shared, missing=_rest(needs, shared))
    return Judged(len(shared) / len(needs), message)


def references(project: Project, solution: Solution) -> Judged:
    """Comparable references, full at three: in a needed category, and one in the project's country counts double.

    A reference without a category counts if any category of the vendor is needed.
    """
    needs = project.technology_needs
    if needs is None:
        return Judged(None, silent_project("technology_needs"))
    if solution.references is None:
        return Judged(None, silent_counterparty("references"))
    if project.country is None and solution.references:
        return Judged(None, silent_project("country"))
    if solution.categories is None and any(one.category is None for one in solution.references):
        return Judged(None, silent_counterparty("categories"))
    fits = bool(needs & (solution.categories or frozenset()))
    comparable = [one for one in solution.references if (fits if one.category is None else one.category in needs)]
    near = sum(one.country == project.country for one in comparable)
    if not comparable:
        return Judged(0.0, say(Code.REFERENCES_NONE))
    message = say(Code.REFERENCES, comparable=len(comparable), same_country=near)
    return Judged(min(1.0, (len(comparable) + near) / ENOUGH_REFERENCES), message)


def presence(project: Project, solution: Solution) -> Judged:
    """Half for a presence in the project's country, half for a shared language; an unknown half is skipped."""
    halves: list[float] = []
    facts: dict[str, Value] = {"country": None, "languages": None}
    if project.country is not None and solution.local_presence is not None:
        local = project.country in solution.local_presence
        halves.append(1.0 if local else 0.0)
        facts["country"] = project.country if local else None
    if project.languages is not None and solution.languages is not None:
        shared = listed(project.languages & solution.languages)
        halves.append(1.0 if shared else 0.0)
        facts["languages"] = shared or None
    if not halves:
        silent = project.languages is None and project.country is None
        return Judged(None, silent_project("country") if silent else silent_counterparty("local_presence"))
    value = sum(halves) / len(halves)
    return Judged(value, say(Code.PRESENCE, **facts) if value else say(Code.PRESENCE_NONE), len(halves) / 2.0)


def compliance(solution: Solution) -> Judged:
    """A third each: management certificates (full at two), anti-corruption policy, beneficial owner declared.

    An unknown third is skipped.
    """
    thirds: list[float] = []
    held: tuple[str, ...] = ()
    if solution.certifications is not None:
        held = listed(solution.certifications & MANAGEMENT)
        thirds.append(min(1.0, len(held) / ENOUGH_CERTIFICATES))
    for declared in (solution.anti_corruption_policy, solution.beneficial_owner_declared):
        if declared is not None:
            thirds.append(1.0 if declared else 0.0)
    if not thirds:
        return Judged(None, silent_counterparty("certifications"))
    message = say(
        Code.COMPLIANCE,
        certificates=held,
        policy=solution.anti_corruption_policy,
        owner=solution.beneficial_owner_declared,
    )
    return Judged(sum(thirds) / len(thirds), message, len(thirds) / 3.0)


def scale(project: Project, solution: Solution) -> Judged:
    """Total cost inside the vendor's range 1; outside, the ratio of the nearer bound to the cost or the reverse."""
    cost, least, most = project.total_cost_usd, solution.project_min_usd, solution.project_max_usd
    if cost is None:
        return Judged(None, silent_project("total_cost_usd"))
    if most is not None and cost > most:
        return Judged(most / cost, say(Code.SCALE_ABOVE, cost_usd=cost, maximum_usd=most))
    if least is not None and cost < least:
        return Judged(cost / least, say(Code.SCALE_BELOW, cost_usd=cost, minimum_usd=least))
    if least is None or most is None:
        return Judged(None, silent_counterparty("project_min_usd" if least is None else "project_max_usd"))
    return Judged(1.0, say(Code.SCALE_INSIDE, cost_usd=cost))


def vendor_finance(solution: Solution) -> Judged:
    """The vendor brings finance 1, else 0."""
    if solution.vendor_finance is None:
        return Judged(None, silent_counterparty("vendor_finance"))
    offered = solution.vendor_finance
    return Judged(1.0 if offered else 0.0, say(Code.VENDOR_FINANCE if offered else Code.VENDOR_FINANCE_NONE))


def _rest(needs: Codes | None, shared: tuple[str, ...]) -> tuple[str, ...]:
    return listed((needs or frozenset()) - set(shared))
