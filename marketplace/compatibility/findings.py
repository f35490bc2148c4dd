"""How single checks become the finding of a rule, and findings the status of a pair."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from .codes import Code, Rule
from .explanation import Finding, Message, Outcome, Status, Value

Check = tuple[Outcome, Message]


def say(code: Code, **parameters: Value) -> Message:
    """A message."""
    return Message(code, parameters)


def fails(code: Code, **parameters: Value) -> Check:
    """A check that fails."""
    return Outcome.FAIL, Message(code, parameters)


def unsure(code: Code, **parameters: Value) -> Check:
    """A check that cannot be decided."""
    return Outcome.UNKNOWN, Message(code, parameters)


def silent_project(field: str) -> Message:
    """The project does not say what a rule or term needs; ``field`` names it as in ``Project``."""
    return Message(Code.PROJECT_SILENT, {"field": field})


def silent_counterparty(field: str) -> Message:
    """The funder or vendor does not say what a rule or term needs; ``field`` names it as in its profile."""
    return Message(Code.COUNTERPARTY_SILENT, {"field": field})


def project_unsure(field: str) -> Check:
    """A check that the project's silence leaves open."""
    return Outcome.UNKNOWN, silent_project(field)


def counterparty_unsure(field: str) -> Check:
    """A check that the counterparty's silence leaves open."""
    return Outcome.UNKNOWN, silent_counterparty(field)


def outcome_of(check: Check | None) -> Outcome:
    """What a single check says."""
    return Outcome.PASS if check is None else check[0]


def listed(values: Iterable[str]) -> tuple[str, ...]:
    """Codes without an order, in the one order in which they are printed and stored."""
    return tuple(sorted(values))


def finding(rule: Rule, passed: Message, checks: Iterable[Check | None]) -> Finding:
    """One rule from its checks (None: nothing against it): one failure fails it, then one unknown leaves it open."""
    made = [check for check in checks if check is not None]
    for outcome in (Outcome.FAIL, Outcome.UNKNOWN):
        messages = tuple(message for got, message in made if got is outcome)
        if messages:
            return Finding(rule, outcome, messages)
    return Finding(rule, Outcome.PASS, (passed,))


def status_of(findings: Collection[Finding]) -> Status:
    """Any failure: not offered, and a near miss if it is the only one; else anything unknown: to check.

    Source: domain document, section (d).
    """
    failed = sum(found.outcome is Outcome.FAIL for found in findings)
    if failed:
        return Status.NEAR_MISS if failed == 1 else Status.EXCLUDED
    unknown = any(found.outcome is Outcome.UNKNOWN for found in findings)
    return Status.TO_CHECK if unknown else Status.OFFERED
