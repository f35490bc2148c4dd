"""One pair at a time: the plain functions that the fast path must equal."""

from __future__ import annotations

from .explanation import MODEL, Explanation, Finding, Line, Message, Outcome
from .findings import status_of
from .funder import funder_lines
from .preference import funder_preference, vendor_preference
from .profiles import Mandate, Project, Solution
from .rules import funder_findings
from .scoring import confidence_of, mutual_value, score_of, strongest, widest_gaps
from .vendor import vendor_findings, vendor_lines


def explain_funder(project: Project, mandate: Mandate) -> Explanation:
    """Say whether a funder's mandate and a project fit, and why."""
    return _explain(
        "funder",
        project,
        mandate,
        funder_findings(project, mandate),
        funder_lines(project, mandate),
        funder_preference(project, mandate),
    )


def explain_vendor(project: Project, solution: Solution) -> Explanation:
    """Say whether a vendor's solution and a project fit, and why."""
    return _explain(
        "vendor",
        project,
        solution,
        vendor_findings(project, solution),
        vendor_lines(project, solution),
        vendor_preference(project, solution),
    )


def _explain(
    kind: str,
    project: Project,
    counterparty: Mandate | Solution,
    findings: tuple[Finding, ...],
    lines: tuple[Line, ...],
    preference_lines: tuple[Line, ...],
) -> Explanation:
    score, preference = score_of(lines), score_of(preference_lines)
    return Explanation(
        model=MODEL,
        kind=kind,
        project=project.key,
        project_version=project.version,
        counterparty=counterparty.key,
        counterparty_version=counterparty.version,
        status=status_of(findings),
        score=score,
        confidence=confidence_of(lines),
        preference=preference,
        mutual=mutual_value(score, preference),
        findings=findings,
        lines=lines,
        preference_lines=preference_lines,
        reasons=strongest(lines),
        gaps=widest_gaps(lines),
        unknowns=_unknowns(findings, lines),
    )


def _unknowns(findings: tuple[Finding, ...], lines: tuple[Line, ...]) -> tuple[Message, ...]:
    """What rules and terms could not learn, each once, in order."""
    heard: list[Message] = []
    for message in (
        *(message for found in findings if found.outcome is Outcome.UNKNOWN for message in found.messages),
        *(one.message for one in lines if one.value is None),
    ):
        if message not in heard:
            heard.append(message)
    return tuple(heard)
