"""H6: who borrows, with what power, guarantee and rating. Of all rules the one that decides most."""

from __future__ import annotations

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

    checks = [borrower_type_check(project.borrower_type, mandate.borrower_types)]
    if owes(project, mandate):
        checks += [
            guarantee_check(project.guarantee, mandate.guarantee_required),
            borrowing_power_check(project.borrowing_capacity, mandate.borrowing_capacity_required),
            rating_check(project.rating, mandate.min_rating),
        ]
    checks.append(sponsor_check(project.private_sponsor, mandate.private_sponsor_required))
    return finding(Rule.H6, say(Code.BORROWER_ACCEPTED), checks)


def owes(project: Project, mandate: Mandate) -> bool:
    """Whether the deal may be debt: false only if instruments in common are known and none is debt."""
    common = set(project.instruments or ()) & (mandate.instruments or frozenset())
    return not common or bool(common & DEBT)


def borrower_type_check(borrower_type: str | None, accepted: Codes | None) -> Check | None:
    """A type of applicant against the accepted ones (empty: all)."""
    if accepted is None:
        return counterparty_unsure("borrower_types")
    if not accepted or borrower_type in accepted:
        return None
    if borrower_type is None:
        return project_unsure("borrower_type")
    return fails(Code.BORROWER_TYPE_NOT_ACCEPTED, borrower_type=borrower_type, accepted=listed(accepted))


def guarantee_check(guarantee: str | None, required: str | None) -> Check | None:
    """The guarantee at hand against the one required."""
    if required is None:
        return counterparty_unsure("guarantee_required")
    if required == "none" or guarantee in GUARANTEES_SERVING[required]:
        return None
    if guarantee is None:
        return unsure(Code.GUARANTEE_UNKNOWN, required=required)
    return fails(_MISSING[required], guarantee=guarantee)


def borrowing_power_check(capacity: str | None, required: bool | None) -> Check | None:
    """The legal power to borrow where the funder asks for it."""
    if required is None:
        return counterparty_unsure("borrowing_capacity_required")
    if not required or capacity == "yes":
        return None
    if capacity == "no":
        return fails(Code.NO_POWER_TO_BORROW)
    authorised = capacity == "with_authorisation"
    return unsure(Code.BORROWING_NEEDS_AUTHORISATION if authorised else Code.BORROWING_POWER_UNKNOWN)


def sponsor_check(sponsor: bool | None, required: bool | None) -> Check | None:
    """A private sponsor where the funder asks for one."""
    if required is None:
        return counterparty_unsure("private_sponsor_required")
    if not required or sponsor:
        return None
    return project_unsure("private_sponsor") if sponsor is None else fails(Code.SPONSOR_MISSING)


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
