"""What a reader is told of one pair: score, rules and terms in words, as far as both sides are open to them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import cast

from marketplace.compatibility import (
    Code,
    Explanation,
    Finding,
    Line,
    Mandate,
    Message,
    Outcome,
    Project,
    Rule,
    Solution,
    explain_funder,
    explain_vendor,
)
from marketplace.compatibility.explanation import PROVISIONAL_BELOW
from marketplace.compatibility.scoring import confidence_of, score_of, strongest, widest_gaps
from marketplace.i18n import gettext
from marketplace.models import FitStatus
from marketplace.services.fits import words
from marketplace.services.fits.disclosure import Open
from marketplace.services.fits.inputs import Party, Pitch, Side

HALF = 0.5

_SILENT = (Code.PROJECT_SILENT, Code.COUNTERPARTY_SILENT)


@dataclass(frozen=True)
class RuleLine:
    """One hard rule: what it is about, what it says (a code and words), and why."""

    rule: Rule
    title: str
    outcome: Outcome
    outcome_words: str
    sentences: list[str]


@dataclass(frozen=True)
class TermLine:
    """One term of a score: its value from 0 to 1, the weight it counts with, and the points it brings; None where not
    known or not open to the reader. Of a term that is known in part, only that part of its weight counts."""

    title: str
    value: float | None
    weight: float
    points: float | None
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """What is said of a pair. `score` is None where nothing is known. `preference` (the city's) and `mutual` are None
    for readers of the other side."""

    status: FitStatus
    is_offered: bool
    score: float | None
    confidence: float
    preference: float | None
    mutual: float | None
    reasons: list[str]
    gaps: list[str]
    to_check: list[str]
    failed: list[RuleLine]
    rules: list[RuleLine]
    terms: list[TermLine]
    wishes: list[TermLine]
    is_cut: bool

    @property
    def is_provisional(self) -> bool:
        """Whether too little is known for the score to count."""
        return self.confidence < PROVISIONAL_BELOW

    @property
    def is_by_hand(self) -> bool:
        """Whether the organisers offer the pair although a rule speaks against it."""
        return self.is_offered and self.status in {FitStatus.NEAR_MISS, FitStatus.EXCLUDED}


def explain(pitch: Pitch | Side, party: Party | Side) -> Explanation:
    """Compare one pair."""
    project = cast(Project, pitch.values)
    if isinstance(party.values, Solution):
        return explain_vendor(project, party.values)
    return explain_funder(project, cast(Mandate, party.values))


def score_for(found: Explanation, reader: Open) -> float:
    """Return the score a reader is shown, 0 where nothing is known or open: what their lists are ordered by.

    An order by the whole score would tell of values that are not open, for it would differ from what is shown.
    """
    return score_of(_seen(found, reader)) or 0.0


def _seen(found: Explanation, reader: Open) -> list[Line]:
    return [line if reader.shows(line.message) else _closed(line) for line in found.lines]


def tell(found: Explanation, is_offered: bool, reader: Open, *, with_wishes: bool) -> Verdict:
    """Say an explanation to a reader. `with_wishes` tells what the city thinks of the counterparty too."""
    lines = _seen(found, reader)
    is_cut = any(line.value is not None and mine.value is None for line, mine in zip(found.lines, lines, strict=True))
    rules = [_rule(finding, reader) for finding in found.findings]
    # A term that is half met or less lowers the score, however much it weighs; nothing is said on both sides.
    reasons = strongest(line for line in lines if line.value is not None and line.value > HALF)
    return Verdict(
        status=FitStatus(found.status.value),
        is_offered=is_offered,
        score=score_of(lines),
        confidence=confidence_of(lines),
        preference=found.preference if with_wishes else None,
        mutual=found.mutual if with_wishes else None,
        reasons=[words.say(message) for message in reasons],
        gaps=[words.say(message) for message in widest_gaps(lines) if message not in reasons],
        to_check=said(message for message in found.unknowns if reader.shows(message)),
        failed=[line for line in rules if line.outcome is Outcome.FAIL],
        rules=rules,
        terms=[_term(line, mine) for line, mine in zip(found.lines, lines, strict=True)],
        wishes=[_term(line, line) for line in found.preference_lines] if with_wishes else [],
        is_cut=is_cut,
    )


def said(messages: Iterable[Message]) -> list[str]:
    """Say messages; what each side does not state is said in one sentence for each."""
    heard = list(messages)
    found = [words.say(message) for message in heard if message.code not in _SILENT]
    for code in _SILENT:
        fields = [str(message.parameters["field"]) for message in heard if message.code is code]
        if fields:
            found.append(words.silence(code, fields))
    return found


def _closed(line: Line) -> Line:
    return replace(line, value=None, counted=0.0)


def _rule(finding: Finding, reader: Open) -> RuleLine:
    shown = [message for message in finding.messages if reader.shows(message)]
    sentences = said(shown)
    if not sentences or len(shown) < len(finding.messages):
        sentences.append(gettext("The details are not open to you."))
    outcome = finding.outcome
    return RuleLine(finding.rule, words.rule(finding.rule), outcome, words.outcome(outcome), sentences)


def _term(line: Line, mine: Line) -> TermLine:
    is_closed = line.value is not None and mine.value is None
    sentence = gettext("The details are not open to you.") if is_closed else words.say(line.message)
    points = None if mine.value is None else mine.counted * mine.value
    weight = line.weight if mine.value is None else mine.counted
    return TermLine(words.term(line.term), mine.value, weight, points, sentence)
