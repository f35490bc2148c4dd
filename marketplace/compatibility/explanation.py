"""Why a pair fits or does not: findings, terms, reasons, gaps and unknowns, as codes with parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .codes import PRIVATE, Code, Rule, Term

MODEL = "cm-compat/1"

# Below this share of known weight a score is labelled provisional (domain document, section (d)).
PROVISIONAL_BELOW = 0.6

Value = str | int | float | bool | None | tuple[str, ...]


class Outcome(StrEnum):
    """What a hard rule says."""

    PASS = "pass"  # noqa: S105 - the outcome of a rule.
    FAIL = "fail"
    UNKNOWN = "unknown"


class Status(StrEnum):
    """What becomes of a pair: no rule fails and all are known; some unknown; exactly one fails; more fail."""

    OFFERED = "offered"
    TO_CHECK = "to_check"
    NEAR_MISS = "near_miss"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class Message:
    """A code of :mod:`~marketplace.compatibility.codes` with its parameters; lists are sorted tuples."""

    code: Code
    parameters: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one hard rule, with every cause of that outcome."""

    rule: Rule
    outcome: Outcome
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One term of a score.

    ``value`` runs from 0 to 1 and is None where unknown; ``weight`` is the term's full weight, ``counted`` the part of
    it that is known: 0, the weight, or a share of it where a term has several parts and some are unknown.
    """

    term: Term
    value: float | None
    weight: float
    counted: float
    message: Message


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything about one pair.

    ``score``, ``preference`` (what the city thinks of the counterparty) and ``mutual`` run from 0 to 100 in steps of
    0.1 and are None where nothing is known; ``confidence`` is known weight / 100.
    """

    model: str
    kind: str  # "funder" or "vendor"
    project: str
    project_version: str
    counterparty: str
    counterparty_version: str
    status: Status
    score: float | None
    confidence: float
    preference: float | None
    mutual: float | None
    findings: tuple[Finding, ...]
    lines: tuple[Line, ...]
    preference_lines: tuple[Line, ...]
    reasons: tuple[Message, ...]
    gaps: tuple[Message, ...]
    unknowns: tuple[Message, ...]

    @property
    def provisional(self) -> bool:
        """Whether too little is known for the score to be more than provisional."""
        return self.confidence < PROVISIONAL_BELOW

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The rules that failed."""
        return tuple(finding for finding in self.findings if finding.outcome is Outcome.FAIL)

    @property
    def private(self) -> bool:
        """Whether a cause must not be shown to the other side: an organisation one party blocked."""
        return any(message.code in PRIVATE for finding in self.findings for message in finding.messages)
