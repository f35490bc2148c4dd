"""The readiness rubric: nine criteria, their weights and words, and what scores of 0 to 4 come to.

Weights, anchors, bands and the threshold are the programme's own design; completeness of the form never enters.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from marketplace.i18n import LazyText
from marketplace.i18n import lazy_gettext as _
from marketplace.models import Band, Criterion, Review, ReviewRole, ReviewState, Score

WEIGHTS: dict[Criterion, int] = {
    Criterion.STRATEGY: 12,
    Criterion.TECHNICAL: 15,
    Criterion.FINANCE: 18,
    Criterion.LAND_LEGAL: 10,
    Criterion.INSTITUTION: 10,
    Criterion.CLIMATE: 12,
    Criterion.INCLUSION: 10,
    Criterion.SAFEGUARDS: 8,
    Criterion.PROCUREMENT: 5,
}
"""What each criterion counts; together 100."""

ANCHORS: dict[Criterion, dict[int, LazyText]] = {
    Criterion.STRATEGY: {
        0: _("No link to a plan."),
        2: _("In a plan; council decision scheduled."),
        4: _("Approved by the council, with a budget line."),
    },
    Criterion.TECHNICAL: {
        0: _("An idea."),
        2: _("Pre-feasibility with options."),
        4: _("Feasibility study and reference design."),
    },
    Criterion.FINANCE: {
        0: _("No figure."),
        2: _("Cost within ±30 %, gap stated, model chosen."),
        4: _("Financial model, part of the money secured, assumptions a lender accepts."),
    },
    Criterion.LAND_LEGAL: {
        0: _("Unknown."),
        2: _("Identified; process begun."),
        4: _("Secured, no open claim."),
    },
    Criterion.INSTITUTION: {
        0: _("Nobody is in charge."),
        2: _("Unit and way of delivery named."),
        4: _("Team, track record, governance agreed."),
    },
    Criterion.CLIMATE: {
        0: _("A claim only."),
        2: _("An estimate with its method."),
        4: _("Modelled or verified, with baseline and monitoring."),
    },
    Criterion.INCLUSION: {
        0: _("Nothing."),
        2: _("Groups and measures named."),
        4: _("Targets, budget and a record of participation."),
    },
    Criterion.SAFEGUARDS: {
        0: _("Not screened."),
        2: _("Category given, performance standards screened."),
        4: _("Impact assessment and management plan, grievance mechanism."),
    },
    Criterion.PROCUREMENT: {
        0: _("Nothing."),
        2: _("Dates and route."),
        4: _("Documents ready."),
    },
}
"""What 0, 2 and 4 mean; 1 and 3 lie between."""

_ADVICE: dict[Criterion, dict[int, LazyText]] = {
    Criterion.STRATEGY: {
        2: _("Name the plan the project belongs to, and the date of the council's decision."),
        4: _("Get the council's approval and a budget line."),
    },
    Criterion.TECHNICAL: {
        2: _("Add a pre-feasibility study that compares options."),
        4: _("Complete the feasibility study and a reference design."),
    },
    Criterion.FINANCE: {
        2: _("Give the accuracy of the cost, the gap and the financing model."),
        4: _("Add a financial model and name the money that is secured."),
    },
    Criterion.LAND_LEGAL: {
        2: _("Name the land and the permits needed, and begin to secure them."),
        4: _("Secure land and permits, and settle open claims."),
    },
    Criterion.INSTITUTION: {
        2: _("Name the unit in charge and how the project is carried out."),
        4: _("Present the team, its record and the governance agreed on."),
    },
    Criterion.CLIMATE: {
        2: _("Estimate the effect on the climate and name the method."),
        4: _("Model or verify the effect, with baseline and monitoring."),
    },
    Criterion.INCLUSION: {
        2: _("Name the groups concerned and what is done for them."),
        4: _("Set targets with a budget and document participation."),
    },
    Criterion.SAFEGUARDS: {
        2: _("Give the risk category and screen the performance standards."),
        4: _("Add the impact assessment, the management plan and a grievance mechanism."),
    },
    Criterion.PROCUREMENT: {
        2: _("Give dates and route of procurement."),
        4: _("Prepare the tender documents."),
    },
}

GAP = 2
"""Two reviewers who are this many points apart on a criterion need a moderator there."""

HIGHEST = 4
_GUARDED = (Criterion.TECHNICAL, Criterion.FINANCE, Criterion.LAND_LEGAL)
_BANDS = ((75, Band.INVESTMENT_READY), (55, Band.PREPARATION), (35, Band.CONCEPT), (0, Band.IDEA))

Scores = Mapping[Criterion, float]
"""Points by criterion, 0 to 4; a criterion that is missing was not judged."""


@dataclass(frozen=True)
class Advice:
    """What would lift a low score: `code` names criterion and level aimed at, such as 3.2."""

    code: str
    words: LazyText


@dataclass(frozen=True)
class Combined:
    """What the reviews of one version come to.

    `scores` has the criteria that are settled; `differs` those where the two reviewers are `GAP` or more apart,
    settled by a moderator or not.
    """

    scores: dict[Criterion, float]
    differs: frozenset[Criterion] = frozenset()
    done: int = 0
    unsettled: frozenset[Criterion] = field(default_factory=frozenset)

    @property
    def is_settled(self) -> bool:
        """Whether every criterion has its score: two reviews are done, and a moderator spoke where they differ."""
        return len(self.scores) == len(WEIGHTS)

    @property
    def needs_moderator(self) -> bool:
        """Whether two reviews are done and somebody must settle where they differ."""
        return bool(self.unsettled)

    @property
    def readiness(self) -> float | None:
        """0 to 100; None while the reviews are not settled."""
        return readiness(self.scores) if self.is_settled else None

    @property
    def band(self) -> Band | None:
        """What the readiness means; None while the reviews are not settled."""
        return band(self.scores) if self.is_settled else None


def number(criterion: Criterion) -> int:
    """Return the place of a criterion in the rubric, from 1."""
    return list(WEIGHTS).index(criterion) + 1


def readiness(scores: Scores) -> float:
    """Return Σ weight · score / 4 of all nine criteria: 0 to 100. A missing criterion is a bug: KeyError."""
    return sum(weight * scores[criterion] for criterion, weight in WEIGHTS.items()) / HIGHEST


def band(scores: Scores) -> Band:
    """Return what the scores of all nine criteria mean.

    Investment-ready also asks for 2 or more in technique, finance, and land and law; without, it is preparation.
    """
    value = readiness(scores)
    found = next(name for least, name in _BANDS if value >= least)
    if found is Band.INVESTMENT_READY and any(scores[criterion] < 2 for criterion in _GUARDED):
        return Band.PREPARATION
    return found


def advice(criterion: Criterion, score: float) -> Advice | None:
    """Return what would lift a low score: below 2 what leads to 2, below 3 what leads to 4, otherwise None."""
    if score >= 3:
        return None
    level = 2 if score < 2 else 4
    return Advice(f"{number(criterion)}.{level}", _ADVICE[criterion][level])


def read(stored: Mapping[str, Any]) -> dict[Criterion, int]:
    """Return stored scores by criterion; what is not a criterion or not 0 to 4 is left out."""
    allowed = set(Score)
    return {criterion: int(stored[criterion]) for criterion in Criterion if str(stored.get(criterion, "")) in allowed}


def combine(reviews: Iterable[Review]) -> Combined:
    """Return what the finished reviews of one version come to.

    Where the two reviewers differ by less than 2 points, the score is the mean of the two; where they differ by 2 or
    more, it is the moderator's alone. Until there are two, and a moderator's score wherever they differ, a criterion
    has no score.
    """
    finished = [review for review in reviews if review.state is ReviewState.DONE]
    judged = [read(one.scores) for one in finished if one.role is ReviewRole.REVIEWER]
    settled = next((read(one.scores) for one in finished if one.role is ReviewRole.MODERATOR), {})
    if len(judged) < 2:
        return Combined({}, done=len(judged))
    first, second = judged[:2]
    differs = frozenset(
        criterion for criterion in WEIGHTS if abs(first.get(criterion, 0) - second.get(criterion, 0)) >= GAP
    )
    scores = {
        criterion: settled[criterion] if criterion in differs else (first[criterion] + second[criterion]) / 2
        for criterion in WEIGHTS
        if (criterion in settled if criterion in differs else criterion in first and criterion in second)
    }
    return Combined(scores, differs, 2, differs - set(settled))
