"""Wishes: whom a party must, wants to, or will not meet, in which order; and what they add up to."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from marketplace import clock
from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict, Invalid, NotOpen
from marketplace.i18n import lazy_gettext
from marketplace.models import Event, MeetingParty, MeetingSetup, PartyRole, User, Wish, WishKind
from marketplace.services import audit, policies, search
from marketplace.services.meetings import availability, booking, pairings, parties, partners, setup


class MustsUsedUp(Conflict):
    """A party has as many must wishes as the organisers allow."""

    message = lazy_gettext("You have used all your must meetings. Change one to “want” first.")


def save(slug: str, party_uid: str, other_uid: str, kind: WishKind | None, by: User) -> Wish | None:
    """Say what a party wishes of another; None takes the wish back.

    Raises `NotOpen` outside the window (organisers may at any time), `MustsUsedUp`, `Invalid` for a pair that may not
    meet. A NOT may be said of anybody whom the rules would let them meet, and taken back, at any time before the event
    ends.
    """
    with atomic() as current:
        event, rules, party = _acting(slug, party_uid, by)
        other = parties.find(event, other_uid)
        lock(MeetingParty, party.id)
        if not pairings.allowed(rules, party, other) or other.withdrawn_at is not None:
            raise Invalid("other", lazy_gettext("These two sides cannot meet at this event."))
        present = current.scalar(select(Wish).where(Wish.from_party_id == party.id, Wish.to_party_id == other.id))
        is_veto = kind is WishKind.NOT or (kind is None and present is not None and present.kind is WishKind.NOT)
        _check_window(rules, event, by, is_veto=is_veto)
        if kind is None:
            if present is not None:
                current.delete(present)
                current.flush()
                _close_ranks(party)
            audit.record("wish.taken_back", by, party, event=event.slug)
            return None
        if kind is WishKind.MUST and (present is None or present.kind is not WishKind.MUST):
            used = current.scalar(
                select(func.count()).where(Wish.from_party_id == party.id, Wish.kind == WishKind.MUST)
            )
            if (used or 0) >= rules.musts:
                raise MustsUsedUp
        if kind is not WishKind.NOT and present is None and not partners.may_see(rules, party, other):
            # A veto of the other side is not told: the wish is taken, and the engine keeps the two apart.
            raise Invalid("other", lazy_gettext("These two sides cannot meet at this event."))
        if present is None:
            present = Wish(event_id=event.id, from_party_id=party.id, to_party_id=other.id, rank=0)
            current.add(present)
        present.kind, present.by_id, present.changed_at = kind, by.id, clock.now()
        present.rank = 0 if kind is WishKind.NOT else present.rank or _last_rank(party) + 1
        current.flush()
        _close_ranks(party)
        # Which wish it is stays between the party and the organisers' engine: a veto must not be read in the trail.
        audit.record("wish.saved", by, party, event=event.slug)
        return present


def order(slug: str, party_uid: str, other_uids: Sequence[str], by: User) -> None:
    """Rank a party's wishes, the favourite first; wishes that are not named follow in their present order.

    Must wishes stay before the others, whatever the order says.
    """
    with atomic():
        event, rules, party = _acting(slug, party_uid, by)
        lock(MeetingParty, party.id)
        _check_window(rules, event, by)
        mine = [wish for wish in of_party(party) if wish.kind is not WishKind.NOT]
        place = {uid: index for index, uid in enumerate(other_uids)}
        mine.sort(
            key=lambda wish: (wish.kind is not WishKind.MUST, place.get(wish.to_party.uid, len(place)), wish.rank)
        )
        for rank, wish in enumerate(mine, start=1):
            wish.rank = rank
        audit.record("wishes.ranked", by, party, event=event.slug)


def _acting(slug: str, party_uid: str, by: User) -> tuple[Event, MeetingSetup, MeetingParty]:
    event = parties.changeable(slug, by)
    rules = setup.needed(event.id)
    if policies.can(by, "event.manage", event):
        party = parties.find(event, party_uid)
    else:
        party = parties.find_mine(event, party_uid, by)
    if party.withdrawn_at is not None:
        raise Conflict
    return event, rules, party


def _check_window(rules: MeetingSetup, event: Event, by: User, *, is_veto: bool = False) -> None:
    is_timely = is_veto and clock.now() < event.ends_at
    if not (setup.wishes_are_open(rules) or is_timely or policies.can(by, "event.manage", event)):
        raise NotOpen(lazy_gettext("Wishes cannot be changed now."))


def _last_rank(party: MeetingParty) -> int:
    return session().scalar(select(func.max(Wish.rank)).where(Wish.from_party_id == party.id)) or 0


def _close_ranks(party: MeetingParty) -> None:
    """Number ranks from 1 without gaps, must wishes first."""
    mine = [wish for wish in of_party(party) if wish.kind is not WishKind.NOT]
    mine.sort(key=lambda wish: (wish.kind is not WishKind.MUST, wish.rank))
    for rank, wish in enumerate(mine, start=1):
        wish.rank = rank
    session().flush()


def of_party(party: MeetingParty) -> list[Wish]:
    """Return a party's own wishes, vetoes last. Nobody else's: what others wish of it is theirs."""
    return list(
        session().scalars(
            select(Wish)
            .where(Wish.from_party_id == party.id)
            .options(
                joinedload(Wish.to_party).options(
                    joinedload(MeetingParty.organisation), joinedload(MeetingParty.project)
                )
            )
            .order_by(Wish.kind == WishKind.NOT, Wish.rank, Wish.id)
        )
    )


def of_event(event_id: int) -> list[Wish]:
    """Return all wishes of an event, for the organisers' engine."""
    return list(session().scalars(select(Wish).where(Wish.event_id == event_id).order_by(Wish.id)))


@dataclass(frozen=True)
class Standing:
    """How a party stands: wishes it has, wishes others have of it, partners it may meet, meetings, floor and cap."""

    party: MeetingParty
    musts: int
    wants: int
    wanted_by: int
    eligible: int
    slots: int
    meetings: int
    floor: int
    cap: int | None

    @property
    def is_without(self) -> bool:
        """Whether nobody may meet it, or it has no slot: it would end with nothing."""
        return not self.eligible or not self.slots

    @property
    def is_short(self) -> bool:
        """Whether it has fewer possible partners, or slots, than meetings promised."""
        return min(self.eligible, self.slots) < self.floor

    @property
    def is_drowning(self) -> bool:
        """Whether more want to meet it than it may meet."""
        return self.cap is not None and self.wanted_by > self.cap


@dataclass(frozen=True)
class Supply:
    """Wishes and supply of an event at a glance."""

    standings: list[Standing] = field(default_factory=list)
    seats: int = 0
    slots: int = 0
    musts: int = 0
    wants: int = 0


def supply(event: Event) -> Supply:
    """Return how all parties of an event stand, and what the tables hold; in a fixed number of statements."""
    from marketplace.services.meetings import slots

    rules = setup.needed(event.id)
    here = parties.of_event(event.id)
    known = availability.of(event.id, here)
    partners: Counter[int] = Counter()
    for pair in pairings.eligible(rules, here):
        partners[pair.first.id] += 1
        partners[pair.second.id] += 1
    made: dict[int, Counter[WishKind]] = defaultdict(Counter)
    received: Counter[int] = Counter()
    for wish in of_event(event.id):
        made[wish.from_party_id][wish.kind] += 1
        if wish.kind is not WishKind.NOT:
            received[wish.to_party_id] += 1
    held = _meeting_counts(event)
    usable = slots.all_slots(event.id)
    standings = [
        Standing(
            party=party,
            musts=made[party.id][WishKind.MUST],
            wants=made[party.id][WishKind.WANT],
            wanted_by=received[party.id],
            eligible=partners[party.id],
            slots=sum(known.can(party, slot) for slot in usable),
            meetings=held[party.id],
            floor=booking.floor_of(rules, party),
            cap=booking.cap_of(rules, party),
        )
        for party in here
    ]
    return Supply(
        standings=standings,
        seats=setup.seats(event, usable),
        slots=len(usable),
        musts=sum(one.musts for one in standings),
        wants=sum(one.wants for one in standings),
    )


SORTS = ("name", "meetings", "wishes", "wanted", "partners", "slots")
"""By what `arranged` sorts; a "-" before it means the largest first."""


def arranged(
    standings: Sequence[Standing], query: str = "", only: str = "", sort: str = "name", role: PartyRole | None = None
) -> list[Standing]:
    """Return the standings that match, in order. `only` is "without", "short" or "drowning"; others mean all.

    Names are in order as the reader's language has them.
    """
    checks = {"without": "is_without", "short": "is_short", "drowning": "is_drowning"}
    found = [
        one
        for one in standings
        if search.fits(query, one.party.search_text)
        and (only not in checks or getattr(one, checks[only]))
        and role in {None, one.party.role}
    ]
    of = {
        "name": lambda one: (search.fold(parties.title(one.party)), search.fold(parties.subtitle(one.party))),
        "meetings": lambda one: one.meetings,
        "wishes": lambda one: one.musts + one.wants,
        "wanted": lambda one: one.wanted_by,
        "partners": lambda one: one.eligible,
        "slots": lambda one: one.slots,
    }
    return sorted(found, key=of[sort.removeprefix("-")], reverse=sort.startswith("-"))


def _meeting_counts(event: Event) -> Counter[int]:
    from marketplace.models import Meeting, MeetingState

    found: Counter[int] = Counter()
    for first, second in session().execute(
        select(Meeting.first_party_id, Meeting.second_party_id).where(
            Meeting.event_id == event.id, Meeting.state == MeetingState.SCHEDULED
        )
    ):
        found[first] += 1
        found[second] += 1
    return found


def forget(party: MeetingParty) -> None:
    """Remove what a party that leaves wished, and what others wished of it."""
    for wish in session().scalars(
        select(Wish).where(or_(Wish.from_party_id == party.id, Wish.to_party_id == party.id))
    ):
        session().delete(wish)
    session().flush()
