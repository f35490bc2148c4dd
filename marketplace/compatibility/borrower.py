"""H6: who borrows, with what power, guarantee and rating. Of all rules the one that decides most."""

from __future__ import annotations

from collections.abc import Iterator

from .codes import Code, Rule
from .explanation import Finding
from .findings import Check, counterparty_unsure, fails, finding, listed, project_unsure, say, unsure
from .profiles import NO_RATING, Codes, Mandate, Project
from .ratings import is_national_scale, steps_below_top

# Instruments by which a city owes money or a guarantor may have to pay.
DEBT = frozenset({"conc_loan", "loan", "guarantee", "blended", "green_bond", "export_credit"})

# A sovereign guarantee serves where a subnational one is enough.
GUARANTEES_SERVING: dict[str, Codes] = {
    "sovereign": frozenset({"sovereign"}),
    "subnational": frozenset({"sovereign", "subnational"}),
    "any": frozenset({"sovereign", "subnational", "third_party"}),
}
_MISSING = {
    "sovereign": Code.SOVEREIGN_GUARANTEE_MISSING,
    "subnational": Code.SUBNATIONAL_GUARANTEE_MISSING,
    "any": Code.GUARANTEE_MISSING,
}


def h6_borrower(project: Project, mandate: Mandate) -> Finding:
    """Borrower type, guarantee, power to borrow, rating and private sponsor must satisfy the funder.

    Source: domain document, section (d); a missing rating is unknown, never a failure (its test vector 3). Our own
    decisions: guarantee, power to borrow and rating are not asked where the instruments in common are no debt (a grant
    needs no guarantee); a power to borrow that hangs on an authorisation is to be checked.
    """

    def checks() -> Iterator[Check | None]:
        yield _borrower_type(project, mandate)
        if owes(project, mandate):
            yield _guarantee(project, mandate)
            yield _borrowing_power(project, mandate)
            yield rating_check(project.rating, mandate.min_rating)
        if mandate.private_sponsor_required is None:
            yield counterparty_unsure("private_sponsor_required")
        elif mandate.private_sponsor_required and not project.private_sponsor:
            unknown = project.private_sponsor is None
            yield project_unsure("private_sponsor") if unknown else fails(Code.SPONSOR_MISSING)

    return finding(Rule.H6, say(Code.BORROWER_ACCEPTED), checks())


def owes(project: Project, mandate: Mandate) -> bool:
    """Whether the deal may be debt: false only if instruments in common are known and none is debt."""
    common = set(project.instruments or ()) & (mandate.instruments or frozenset())
    return not common or bool(common & DEBT)


def _borrower_type(project: Project, mandate: Mandate) -> Check | None:
    if mandate.borrower_types is None:
        return counterparty_unsure("borrower_types")
    if not mandate.borrower_types or project.borrower_type in mandate.borrower_types:
        return None
    if project.borrower_type is None:
        return project_unsure("borrower_type")
    accepted = listed(mandate.borrower_types)
    return fails(Code.BORROWER_TYPE_NOT_ACCEPTED, borrower_type=project.borrower_type, accepted=accepted)


def _guarantee(project: Project, mandate: Mandate) -> Check | None:
    required = mandate.guarantee_required
    if required is None:
        return counterparty_unsure("guarantee_required")
    if required == "none" or project.guarantee in GUARANTEES_SERVING[required]:
        return None
    if project.guarantee is None:
        return unsure(Code.GUARANTEE_UNKNOWN, required=required)
    return fails(_MISSING[required], guarantee=project.guarantee)


def _borrowing_power(project: Project, mandate: Mandate) -> Check | None:
    if mandate.borrowing_capacity_required is None:
        return counterparty_unsure("borrowing_capacity_required")
    if not mandate.borrowing_capacity_required or project.borrowing_capacity == "yes":
        return None
    if project.borrowing_capacity == "no":
        return fails(Code.NO_POWER_TO_BORROW)
    authorised = project.borrowing_capacity == "with_authorisation"
    return unsure(Code.BORROWING_NEEDS_AUTHORISATION if authorised else Code.BORROWING_POWER_UNKNOWN)


def rating_check(rating: str | None, minimum: str | None) -> Check | None:
    """A grade against a minimum; what is no international grade on either side leaves the rule open."""
    if minimum is None:
        return counterparty_unsure("min_rating")
    if minimum == NO_RATING:
        return None
    needed = steps_below_top(minimum)
    if needed is None:
        return unsure(Code.RATING_UNREADABLE, rating=minimum)
    if rating is None:
        return unsure(Code.RATING_UNKNOWN, minimum=minimum)
    steps = steps_below_top(rating)
    if steps is None:
        national = is_national_scale(rating)
        return unsure(Code.RATING_NATIONAL_SCALE if national else Code.RATING_UNREADABLE, rating=rating)
    return None if steps <= needed else fails(Code.RATING_BELOW_MINIMUM, rating=rating, minimum=minimum)
