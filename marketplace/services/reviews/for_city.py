"""What a city may see of the reviews of its project: everything but who wrote them.

A version's scores, advice and comments are shown once the organisers have decided on it, beside the city's own scores.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from marketplace.database import session
from marketplace.models import Band, Criterion, Decision, DecisionKind, Project
from marketplace.services.reviews import rubric
from marketplace.services.reviews.letters import by_step

_SHOWN = (DecisionKind.CHANGES_REQUESTED, DecisionKind.ACCEPTED, DecisionKind.DECLINED)


@dataclass(frozen=True)
class Line:
    """One criterion: its place in the rubric, the city's own score, the reviewers', and what would lift a low one."""

    number: int
    criterion: Criterion
    weight: int
    own: int | None
    score: float | None
    advice: rubric.Advice | None


@dataclass(frozen=True)
class Feedback:
    """What the city gets to know about one version. `comments` are (title of the step, text), in order.

    `readiness`, `band` and the lines' scores are empty where it was decided without complete reviews.
    """

    version: int
    kind: DecisionKind
    at: datetime
    message: str
    comments: list[tuple[str, str]]
    comments_by_step: dict[str, str]
    lines: list[Line]
    readiness: float | None
    own_readiness: float | None
    band: Band | None


def feedback(project: Project) -> list[Feedback]:
    """Return what a city may see, the newest version first; nothing while a version is still under review.

    The caller has made sure that the reader is of the city (or an organiser).
    """
    decided = session().scalars(
        select(Decision)
        .where(Decision.project_id == project.id, Decision.kind.in_(_SHOWN))
        .options(joinedload(Decision.version))
        .order_by(Decision.id.desc())
    )
    return [_feedback(decision) for decision in decided]


def lines(scores: Mapping[Criterion, float], own: Mapping[str, Any]) -> list[Line]:
    """Return the criteria in order with the scores of two sides and advice for the low ones."""
    said = rubric.read(own)
    return [
        Line(
            number,
            criterion,
            rubric.WEIGHTS[criterion],
            said.get(criterion),
            scores.get(criterion),
            rubric.advice(criterion, scores[criterion]) if criterion in scores else None,
        )
        for number, criterion in enumerate(rubric.WEIGHTS, start=1)
    ]


def _feedback(decision: Decision) -> Feedback:
    scores = {Criterion(name): float(score) for name, score in decision.scores.items()}
    is_complete = len(scores) == len(rubric.WEIGHTS)
    own = decision.version.content.get("self_scores") or {}
    said = rubric.read(own)
    return Feedback(
        version=decision.version.number,
        kind=decision.kind,
        at=decision.at,
        message=decision.message,
        comments=by_step(decision.comments),
        comments_by_step=dict(decision.comments),
        lines=lines(scores, own),
        readiness=rubric.readiness(scores) if is_complete else None,
        own_readiness=rubric.readiness(said) if len(said) == len(rubric.WEIGHTS) else None,
        band=rubric.band(scores) if is_complete else None,
    )
