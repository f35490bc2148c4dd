"""Who may meet whom at an event, and what it is worth."""

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import Integer, and_, bindparam, exists, or_, select

from marketplace.database import session
from marketplace.models import Fit, MeetingParty, MeetingSetup, PartyRole, Wish, WishKind
from marketplace.services.meetings import parties as sides


def allowed(setup: MeetingSetup, first: MeetingParty, second: MeetingParty) -> bool:
    """Tell whether the rules let these roles meet, in either order; a city does not meet itself."""
    if first.organisation_id is not None and first.organisation_id == second.organisation_id:
        return False
    return f"{first.role}:{second.role}" in setup.pairings or f"{second.role}:{first.role}" in setup.pairings


def ordered(setup: MeetingSetup, first: MeetingParty, second: MeetingParty) -> tuple[MeetingParty, MeetingParty]:
    """Return two parties as a meeting names them: the one whose role the rules name first, else the older one."""
    if first.role is not second.role:
        return (first, second) if f"{first.role}:{second.role}" in setup.pairings else (second, first)
    return (first, second) if first.id < second.id else (second, first)


@dataclass(frozen=True)
class Eligible:
    """A pair that may meet, as a meeting names it, and what it is worth from 1 to 100."""

    first: MeetingParty
    second: MeetingParty
    score: float


PEER_SCORE = 50.0
"""What a meeting is worth where no score is known: of two cities, or of imported participants."""


def eligible(setup: MeetingSetup, parties: list[MeetingParty] | None = None) -> list[Eligible]:
    """Return all pairs of an event's parties that may meet, in order of their ids.

    A project and a counterparty may where their fit is offered; other pairings wherever the rules allow. A NOT wish of
    either side keeps them apart. The score is the mutual value where there is one, else the score of the fit.
    """
    found = parties if parties is not None else sides.of_event(setup.event_id)
    by_role: dict[PartyRole, list[MeetingParty]] = defaultdict(list)
    for party in found:
        by_role[party.role].append(party)
    vetoed = _vetoed(setup.event_id)
    scores = _scores(found)
    pairs = []
    for pairing in setup.pairings:
        left, right = (PartyRole(name) for name in pairing.split(":"))
        for first in by_role[left]:
            for second in by_role[right]:
                if (left is right and first.id >= second.id) or frozenset((first.id, second.id)) in vetoed:
                    continue
                if first.organisation_id is not None and first.organisation_id == second.organisation_id:
                    continue
                score = (
                    scores.get((first.project_id, second.organisation_id)) if left is PartyRole.PROJECT else PEER_SCORE
                )
                if score is not None:
                    pairs.append(Eligible(first, second, score))
    return sorted(pairs, key=lambda pair: (pair.first.id, pair.second.id))


def _vetoed(event_id: int) -> set[frozenset[int]]:
    return {
        frozenset(pair)
        for pair in session().execute(
            select(Wish.from_party_id, Wish.to_party_id).where(Wish.event_id == event_id, Wish.kind == WishKind.NOT)
        )
    }


def _scores(parties: list[MeetingParty]) -> dict[tuple[int | None, int | None], float]:
    projects = [party.project_id for party in parties if party.project_id is not None]
    bodies = [party.organisation_id for party in parties if party.organisation_id is not None]
    return {
        (project, body): mutual if mutual is not None else score
        for project, body, mutual, score in session().execute(
            select(Fit.project_id, Fit.organisation_id, Fit.mutual, Fit.score).where(
                Fit.project_id.in_(projects), Fit.organisation_id.in_(bodies), Fit.is_offered
            )
        )
    }


def are_kept_apart(first: MeetingParty, second: MeetingParty) -> bool:
    """Tell whether a NOT wish of either side keeps two parties apart."""
    return bool(session().scalar(select(VETOED), {"first": first.id, "second": second.id}))


_FIRST, _SECOND = bindparam("first", type_=Integer), bindparam("second", type_=Integer)
VETOED = exists().where(
    Wish.kind == WishKind.NOT,
    or_(
        and_(Wish.from_party_id == _FIRST, Wish.to_party_id == _SECOND),
        and_(Wish.from_party_id == _SECOND, Wish.to_party_id == _FIRST),
    ),
)
"""The condition behind `are_kept_apart`, of the parties `first` and `second`, to be asked together with others."""


def may_meet(setup: MeetingSetup, first: MeetingParty, second: MeetingParty) -> bool:
    """Tell whether two parties may meet at all; see `eligible`."""
    return any({pair.first.id, pair.second.id} == {first.id, second.id} for pair in eligible(setup, [first, second]))
