"""Whom a party sees as possible partners, and when they could meet.

What another side does not want is nowhere to be read: a pair it keeps apart looks like one without a common time.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, exists, func, or_, select
from sqlalchemy.orm import joinedload

from marketplace import clock
from marketplace.database import session
from marketplace.errors import NotAllowed, NotFound
from marketplace.models import (
    Event,
    EventState,
    Fit,
    Meeting,
    MeetingParty,
    MeetingRequest,
    MeetingSetup,
    MeetingSlot,
    MeetingState,
    PartyRole,
    Project,
    RequestState,
    User,
    Wish,
    WishKind,
)
from marketplace.services import paging, search
from marketplace.services.fits import reading
from marketplace.services.fits.verdicts import Verdict
from marketplace.services.meetings import availability, booking, pairings, parties, rules, setup

SIZE = 20
"""Partners on a page."""

ONLY = ("wished", "unwished", "met")
"""What else a list can be cut down to: those with a wish of one's own, without one, or with a meeting."""


@dataclass(frozen=True)
class Partner:
    """Somebody a party may meet, as it sees them. `score` is how well they fit, of 100; None among peers."""

    party: MeetingParty
    score: float | None
    wish: Wish | None
    meeting: Meeting | None
    request: MeetingRequest | None


@dataclass(frozen=True)
class Filter:
    """What a list of partners shows; empty values mean no restriction."""

    query: str = ""
    role: PartyRole | None = None
    only: str = ""


@dataclass(frozen=True)
class Times:
    """When two sides could meet: slots to book at once, and slots one can ask for; all of them are free for both."""

    bookable: list[MeetingSlot]
    askable: list[MeetingSlot]


def takes_part(event: Event, user: User | None) -> bool:
    """Tell whether somebody acts for a side that meets at an event."""
    return user is not None and setup.of(event.id) is not None and bool(parties.mine(user, event))


def may_see(set_up: MeetingSetup, party: MeetingParty, other: MeetingParty) -> bool:
    """Tell whether a party may know of another as a partner: the rules let them meet, and they fit."""
    return other.id in _scores(set_up, party, [other])


def may_see_and_meet(set_up: MeetingSetup, party: MeetingParty, other: MeetingParty) -> tuple[bool, bool]:
    """Tell whether a party may know of another as a partner, and whether no wish keeps the two apart; one statement."""
    if party.id == other.id or not pairings.allowed(set_up, party, other):
        return False, False
    if PartyRole.PROJECT not in {party.role, other.role}:
        return True, not pairings.are_kept_apart(party, other)
    project, body = (party, other) if party.role is PartyRole.PROJECT else (other, party)
    asked = {
        "project": project.project_id,
        "organisation": body.organisation_id,
        "first": party.id,
        "second": other.id,
    }
    is_offered, is_apart = session().execute(_OFFERED_AND_VETOED, asked).one()
    return is_offered, not is_apart


_OFFERED_AND_VETOED = select(
    exists().where(
        Fit.is_offered, Fit.project_id == bindparam("project"), Fit.organisation_id == bindparam("organisation")
    ),
    pairings.VETOED,
)


def find(event: Event, set_up: MeetingSetup, party: MeetingParty, uid: str) -> MeetingParty:
    """Return a possible partner of a party; raises `NotFound` for everybody else."""
    other = parties.find(event, uid)
    if other.withdrawn_at is not None or not may_see(set_up, party, other):
        raise NotFound
    return other


def _scores(set_up: MeetingSetup, party: MeetingParty, others: Sequence[MeetingParty]) -> dict[int, float | None]:
    """Return by id those a party may know of, with what their fit scores; None where nothing is compared."""
    allowed = [other for other in others if other.id != party.id and pairings.allowed(set_up, party, other)]
    compared = [other for other in allowed if PartyRole.PROJECT in {party.role, other.role}]
    found: dict[int, float | None] = {other.id: None for other in allowed if other not in compared}
    if not compared:
        return found
    statement = select(Fit.project_id, Fit.organisation_id, Fit.score).where(Fit.is_offered)
    if party.role is PartyRole.PROJECT:
        statement = statement.where(Fit.project_id == party.project_id)
    else:
        statement = statement.where(Fit.organisation_id == party.organisation_id)
    known = {(project, body): score for project, body, score in session().execute(statement)}
    for other in compared:
        project, body = (party, other) if party.role is PartyRole.PROJECT else (other, party)
        if (project.project_id, body.organisation_id) in known:
            found[other.id] = known[project.project_id, body.organisation_id]  # type: ignore[index]
    return found


def _as_shown(
    party: MeetingParty, others: Sequence[MeetingParty], scores: dict[int, float | None]
) -> dict[int, float | None]:
    """Return what fits score as far as the party may see it, for an order that tells nothing else."""
    compared = [other for other in others if scores.get(other.id) is not None]
    shown: dict[int, float] = {}
    if party.project is not None:
        known = {other.organisation_id: other.id for other in compared if other.organisation_id is not None}
        shown = reading.scores_for_city(party.project, known) if known else {}
    elif party.organisation is not None:
        known = {other.project_id: other.id for other in compared if other.project_id is not None}
        shown = reading.scores_for_counterparty(party.organisation, known) if known else {}
    return scores | {other.id: None for other in compared} | {known[key]: score for key, score in shown.items()}


def roles(set_up: MeetingSetup, party: MeetingParty) -> list[PartyRole]:
    """Return as what a party's partners can meet, by the rules."""
    sides = [tuple(PartyRole(name) for name in pairing.split(":")) for pairing in set_up.pairings]
    return [role for role in PartyRole if (party.role, role) in sides or (role, party.role) in sides]


def listing(set_up: MeetingSetup, party: MeetingParty, wanted: Filter, number: int = 1) -> paging.Page[Partner]:
    """Return a page of a party's possible partners, the best fit first; a fixed number of statements."""
    others = list(
        session().scalars(
            select(MeetingParty)
            .where(MeetingParty.event_id == set_up.event_id, MeetingParty.withdrawn_at.is_(None))
            .options(joinedload(MeetingParty.organisation), joinedload(MeetingParty.project))
        )
    )
    scores = _as_shown(party, others, _scores(set_up, party, others))
    mine = own_wishes(party)
    meetings, requests = _meetings(party), _requests(party)
    found = [
        Partner(other, scores[other.id], mine.get(other.id), meetings.get(other.id), requests.get(other.id))
        for other in others
        if other.id in scores
        and (wanted.role is None or other.role is wanted.role)
        and search.fits(wanted.query, other.search_text)
    ]
    if wanted.only == "wished":
        found = [one for one in found if one.wish is not None]
    elif wanted.only == "unwished":
        found = [one for one in found if one.wish is None]
    elif wanted.only == "met":
        found = [one for one in found if one.meeting is not None]
    found.sort(key=lambda one: (-(one.score or 0), one.party.search_text, one.party.id))
    return paging.page_of_list(found, number, SIZE)


def verdicts(party: MeetingParty, others: Sequence[MeetingParty], by: User) -> dict[int, Verdict]:
    """Return why a party and others fit, by id of the other, as far as its people may read it; none among peers."""
    if not others:
        return {}
    try:
        if party.project is not None:
            known = {other.organisation_id: other.id for other in others if other.organisation_id is not None}
            found = reading.told_to_city(party.project.slug, known, by)
        elif party.organisation is not None:
            known = {other.project_id: other.id for other in others if other.project_id is not None}
            found = reading.told_to_counterparty(party.organisation, known, by) if known else {}
        else:
            return {}
    except (NotFound, NotAllowed):
        # Somebody who only comes along for a side does not read what its organisation reads.
        return {}
    return {known[identity]: verdict for identity, verdict in found.items()}


def of_one(party: MeetingParty, other: MeetingParty, set_up: MeetingSetup) -> Partner:
    """Return one possible partner as a party sees it."""
    score = _scores(set_up, party, [other]).get(other.id)
    return Partner(
        other,
        score,
        own_wishes(party).get(other.id),
        _meetings(party).get(other.id),
        _requests(party).get(other.id),
    )


def own_wishes(party: MeetingParty) -> dict[int, Wish]:
    """Return a party's own wishes by id of the other side."""
    return {wish.to_party_id: wish for wish in session().scalars(select(Wish).where(Wish.from_party_id == party.id))}


def _meetings(party: MeetingParty) -> dict[int, Meeting]:
    statement = (
        select(Meeting)
        .where(
            or_(Meeting.first_party_id == party.id, Meeting.second_party_id == party.id),
            Meeting.state == MeetingState.SCHEDULED,
        )
        .options(joinedload(Meeting.slot))
    )
    return {
        _other_of(found.first_party_id, found.second_party_id, party): found for found in session().scalars(statement)
    }


def _requests(party: MeetingParty) -> dict[int, MeetingRequest]:
    statement = select(MeetingRequest).where(
        or_(MeetingRequest.from_party_id == party.id, MeetingRequest.to_party_id == party.id),
        MeetingRequest.state == RequestState.SENT,
    )
    return {_other_of(found.from_party_id, found.to_party_id, party): found for found in session().scalars(statement)}


def _other_of(first: int, second: int, party: MeetingParty) -> int:
    return second if first == party.id else first


def times(set_up: MeetingSetup, party: MeetingParty, other: MeetingParty) -> Times:
    """Return the slots two sides could agree on now, in order of time; none for two that are kept apart."""
    if party.withdrawn_at is not None or other.withdrawn_at is not None or not pairings.may_meet(set_up, party, other):
        return Times([], [])
    free = availability.free_slots(party, other)
    return Times(
        [slot for slot in free if rules.can_book(set_up, slot)],
        [slot for slot in free if rules.can_ask(set_up, slot)],
    )


@dataclass(frozen=True)
class Limits:
    """How much a party has used of what it may: meetings of `cap` (None: no limit), at least `floor`, must wishes."""

    meetings: int
    cap: int | None
    floor: int
    musts: int
    most_musts: int

    @property
    def is_full(self) -> bool:
        """Whether it has as many meetings as it may."""
        return self.cap is not None and self.meetings >= self.cap

    @property
    def musts_left(self) -> int:
        """How many must wishes it can still say."""
        return max(0, self.most_musts - self.musts)


def limits(set_up: MeetingSetup, party: MeetingParty) -> Limits:
    """Return what a party has used of what it may."""
    return Limits(
        meetings=booking.count(party),
        cap=booking.cap_of(set_up, party),
        floor=booking.floor_of(set_up, party),
        musts=sum(wish.kind is WishKind.MUST for wish in own_wishes(party).values()),
        most_musts=set_up.musts,
    )


def awaiting(mine: Sequence[MeetingParty]) -> int:
    """Return how many open requests wait for an answer of some parties."""
    statement = select(func.count()).where(
        MeetingRequest.awaiting_id.in_([party.id for party in mine]), MeetingRequest.state == RequestState.SENT
    )
    return session().scalar(statement) or 0


@dataclass(frozen=True)
class Place:
    """An event at which a reader could meet a project: as which of their sides, and the project's side."""

    event: Event
    party: MeetingParty
    other: MeetingParty


def places_to_meet(project: Project, user: User | None) -> list[Place]:
    """Return the events to come at which one of a person's sides may meet a project."""
    if user is None:
        return []
    found = []
    for other in session().scalars(
        select(MeetingParty)
        .join(Event, Event.id == MeetingParty.event_id)
        .where(
            MeetingParty.project_id == project.id,
            MeetingParty.withdrawn_at.is_(None),
            Event.state == EventState.PUBLISHED,
            Event.ends_at > clock.now(),
        )
        .options(joinedload(MeetingParty.event))
        .order_by(Event.starts_at, Event.id)
    ):
        set_up = setup.of(other.event_id)
        mine = [party for party in parties.mine(user, other.event) if party.withdrawn_at is None]
        party = next((one for one in mine if set_up is not None and may_see(set_up, one, other)), None)
        if party is not None:
            found.append(Place(other.event, party, other))
    return found


def is_full(set_up: MeetingSetup, party: MeetingParty) -> bool:
    """Tell whether a party has as many meetings as it may."""
    return party.id in full(set_up, [party])


def full(set_up: MeetingSetup, parties: Sequence[MeetingParty]) -> set[int]:
    """Return which of some parties have as many meetings as they may, by id; one statement, none without caps."""
    caps = {party.id: cap for party in parties if (cap := booking.cap_of(set_up, party)) is not None}
    if not caps:
        return set()
    held: Counter[int] = Counter()
    for pair in session().execute(
        select(Meeting.first_party_id, Meeting.second_party_id).where(
            or_(Meeting.first_party_id.in_(caps), Meeting.second_party_id.in_(caps)),
            Meeting.state == MeetingState.SCHEDULED,
        )
    ):
        held.update(pair)
    return {identity for identity, cap in caps.items() if held[identity] >= cap}
