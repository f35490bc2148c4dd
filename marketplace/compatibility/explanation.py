"""Why a pair fits or does not: findings, terms, reasons, gaps and unknowns, as codes with parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .codes import PRIVATE, Code, Rule, Term
from .errors import ExplanationError

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

    def as_json(self) -> dict[str, Any]:
        """The explanation in values that JSON knows; :meth:`from_json` reads them back."""
        document: dict[str, Any] = {name: getattr(self, name) for name in _PLAIN}
        document["status"] = self.status.value
        document["findings"] = [
            {"rule": one.rule.value, "outcome": one.outcome.value, "messages": _messages(one.messages)}
            for one in self.findings
        ]
        for name in ("lines", "preference_lines"):
            document[name] = [_line_as_json(one) for one in getattr(self, name)]
        for name in ("reasons", "gaps", "unknowns"):
            document[name] = _messages(getattr(self, name))
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Explanation:
        """Read what :meth:`as_json` wrote; anything else raises ``ExplanationError``."""
        try:
            return cls(
                **{name: document[name] for name in _PLAIN},
                status=Status(document["status"]),
                findings=tuple(
                    Finding(Rule(one["rule"]), Outcome(one["outcome"]), _read_messages(one["messages"]))
                    for one in document["findings"]
                ),
                lines=tuple(_read_line(one) for one in document["lines"]),
                preference_lines=tuple(_read_line(one) for one in document["preference_lines"]),
                reasons=_read_messages(document["reasons"]),
                gaps=_read_messages(document["gaps"]),
                unknowns=_read_messages(document["unknowns"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ExplanationError(f"not an explanation: {error!r}") from error


_PLAIN = (
    *("model", "kind", "project", "project_version", "counterparty", "counterparty_version"),
    *("score", "confidence", "preference", "mutual"),
)


def _message_as_json(message: Message) -> dict[str, Any]:
    parameters = {name: list(one) if isinstance(one, tuple) else one for name, one in message.parameters.items()}
    return {"code": message.code.value, "parameters": parameters}


def _messages(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    return [_message_as_json(message) for message in messages]


def _line_as_json(line: Line) -> dict[str, Any]:
    message = _message_as_json(line.message)
    return {
        "term": line.term.value,
        "value": line.value,
        "weight": line.weight,
        "counted": line.counted,
        "message": message,
    }


def _read_message(document: Mapping[str, Any]) -> Message:
    parameters = document["parameters"].items()
    return Message(
        Code(document["code"]), {name: tuple(one) if isinstance(one, list) else one for name, one in parameters}
    )


def _read_messages(documents: list[Mapping[str, Any]]) -> tuple[Message, ...]:
    return tuple(_read_message(document) for document in documents)


def _read_line(document: Mapping[str, Any]) -> Line:
    message = _read_message(document["message"])
    return Line(Term(document["term"]), document["value"], document["weight"], document["counted"], message)
