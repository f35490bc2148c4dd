"""The ticket: whether the amount fits the funder's range, alone, with others, or bundled with other projects."""

from __future__ import annotations

import math
from typing import NamedTuple

from .codes import Code
from .explanation import Message, Outcome, Value
from .findings import say, silent_counterparty, silent_project
from .profiles import Mandate, Project

# Domain document, section (d): M/a fails under 0.25, a/m fails under 0.5.
LEAST_SYNDICATED = 0.25
LEAST_BUNDLED = 0.5


class Fit(NamedTuple):
    """The outcome for H4, the value of the ticket term (None: unknown) and the message of both."""

    outcome: Outcome
    value: float | None
    message: Message


def ticket(project: Project, mandate: Mandate) -> Fit:
    """Judge an amount *a* against a range [m, M] in USD (domain document, section (d)).

    Inside: 1. Above M with syndication allowed: M/a, failing under 0.25. Below m with bundling allowed: a/m, failing
    under 0.5. Otherwise it fails. *a* is the ask or the total cost, as the funder counts. Our own decisions: a failure
    is worth 0; below 0.25 or 0.5 it fails even if the funder has not said whether it would syndicate or bundle; one
    known bound decides where it can, else the ticket is unknown.
    """
    field = "ask_usd" if mandate.ticket_basis == "ask" else "total_cost_usd"
    amount = project.ask_usd if mandate.ticket_basis == "ask" else project.total_cost_usd
    least, most = mandate.ticket_min_usd, mandate.ticket_max_usd
    if amount is None:
        return Fit(Outcome.UNKNOWN, None, silent_project(field))
    facts: dict[str, Value] = {
        "amount_usd": amount,
        "minimum_usd": least,
        "maximum_usd": None if most is None or math.isinf(most) else most,
        "basis": mandate.ticket_basis,
    }
    if most is not None and amount > most:
        return _outside(Code.TICKET_ABOVE, most / amount, LEAST_SYNDICATED, mandate.allows_syndication, facts)
    if least is not None and amount < least:
        return _outside(Code.TICKET_BELOW, amount / least, LEAST_BUNDLED, mandate.allows_bundling, facts)
    for bound, name in ((least, "ticket_min_usd"), (most, "ticket_max_usd")):
        if bound is None:
            return Fit(Outcome.UNKNOWN, None, silent_counterparty(name))
    return Fit(Outcome.PASS, 1.0, say(Code.TICKET_INSIDE, **facts))


def _outside(code: Code, ratio: float, threshold: float, allowed: bool | None, facts: dict[str, Value]) -> Fit:
    above = code is Code.TICKET_ABOVE
    if ratio < threshold or allowed is False:
        return Fit(Outcome.FAIL, 0.0, say(code, **facts, share=ratio))
    if allowed is None:
        return Fit(Outcome.UNKNOWN, None, silent_counterparty("allows_syndication" if above else "allows_bundling"))
    passed = Code.TICKET_SYNDICATED if above else Code.TICKET_BUNDLED
    return Fit(Outcome.PASS, ratio, say(passed, **facts, share=ratio))
