"""Drafts: plans side by side, changed by hand with every change checked, until one is published."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import undefer

from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict, NotFound
from marketplace.i18n import gettext, lazy_gettext
from marketplace.models import (
    Event,
    Interpreter,
    MeetingParty,
    MeetingSlot,
    MeetingTable,
    PartyRole,
    Schedule,
    ScheduleKind,
    ScheduleState,
    User,
)
from marketplace.services import audit, events, texts
from marketplace.services.meetings import availability, booking, pairings, parties, setup, slots, tables
from marketplace.services.meetings.scheduling import inputs
from marketplace.services.meetings.scheduling.staffing import Places, Seat, staff
from marketplace.services.meetings.settling import needs_accessible_table


def of_event(event_id: int) -> list[Schedule]:
    """Return the runs of an event, the newest first, without their large parts."""
    return list(
        session().scalars(select(Schedule).where(Schedule.event_id == event_id).order_by(Schedule.number.desc()))
    )


def find(event: Event, uid: str) -> Schedule:
    """Return one run of an event; raises `NotFound`."""
    found = session().scalar(
        select(Schedule).where(Schedule.event_id == event.id, Schedule.uid == uid).options(undefer(Schedule.meetings))
    )
    if found is None:
        raise NotFound
    return found


def documents(run: Schedule) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return what the engine was given and what it answered, in its own formats; None for what there is not."""
    problem, answer = session().execute(select(Schedule.problem, Schedule.answer).where(Schedule.id == run.id)).one()
    return (problem.get("document", problem) if problem else None), answer


def locked(event: Event, uid: str) -> Schedule:
    """Return one run of an event, locked until the transaction ends."""
    return lock(Schedule, find(event, uid).id)[0]


def new(event: Event, kind: ScheduleKind, by: User, **values: Any) -> Schedule:
    """Add a run with the next number of its event; the caller holds the event's lock."""
    last = session().scalar(select(func.max(Schedule.number)).where(Schedule.event_id == event.id)) or 0
    found = Schedule(event_id=event.id, number=last + 1, kind=kind, created_by_id=by.id, **values)
    session().add(found)
    session().flush()
    return found


def as_stored(seats: Iterable[Seat]) -> list[dict[str, Any]]:
    """Return a plan as it is kept with its run."""
    return [
        {
            "first": seat.first.uid,
            "second": seat.second.uid,
            "round": seat.round,
            "slot": seat.slot.uid,
            "table": seat.table.uid if seat.table else "",
            "interpreter": seat.interpreter.uid if seat.interpreter else "",
            "people": [[party.uid, person] for party, person in seat.people],
            "is_locked": seat.is_locked,
        }
        for seat in seats
    ]


def seats(event: Event, draft: Schedule, places: Places | None = None) -> list[Seat]:
    """Return a plan as it would be today: people, tables and interpreters are named anew where the old ones cannot be.

    Meetings whose party has left or whose slot is gone are left out: nothing can be done about them.
    """
    places = places or Places(event)
    return staff(places, _stored(places, draft.meetings or []), _away(places))


@dataclass(frozen=True)
class Touched:
    """What became of a kept plan by itself: meetings that got other people, another table or interpreter than they had,
    and how many are left out because a side has left or a slot is gone."""

    others: list[Seat]
    gone: int

    def __bool__(self) -> bool:
        return bool(self.others or self.gone)


def touched(draft: Schedule, plan: Sequence[Seat]) -> Touched:
    """Compare a draft as it is kept with its `seats` of today. Meetings that lack something now are not among them:
    they carry their problem."""
    kept = {(one["first"], one["second"], one["round"]): one for one in draft.meetings or []}
    today = as_stored(plan)
    return Touched(
        [
            seat
            for seat, one in zip(plan, today, strict=True)
            if not seat.problem and kept.get((one["first"], one["second"], one["round"])) != one
        ],
        len(kept) - len(today),
    )


def _away(places: Places) -> set[tuple[int, int]]:
    return inputs.away(places.slots, places.present.planned)


def _stored(places: Places, stored: Sequence[dict[str, Any]]) -> list[Seat]:
    party_of = {party.uid: party for party in places.parties}
    slot_of = {slot.uid: slot for slot in places.slots}
    table_of: dict[str, MeetingTable] = {table.uid: table for table in places.tables}
    interpreter_of: dict[str, Interpreter] = {one.uid: one for one in places.interpreters}
    # Who has left a team since, or does not come any more, is named no longer.
    team_of = {party.uid: {member.registration_id for member in party.members} for party in places.parties}
    found = []
    for one in stored:
        first, second, slot = party_of.get(one["first"]), party_of.get(one["second"]), slot_of.get(one["slot"])
        if first is None or second is None or slot is None:
            continue
        found.append(
            Seat(
                first=first,
                second=second,
                slot=slot,
                round=one["round"],
                people=[
                    (party_of[side], person) for side, person in one["people"] if person in team_of.get(side, set())
                ],
                table=table_of.get(one["table"]),
                interpreter=interpreter_of.get(one["interpreter"]),
                is_locked=one["is_locked"],
            )
        )
    return found


@dataclass(frozen=True)
class Pick:
    """One meeting of a plan: its two parties by uid, and which of their meetings."""

    first: str
    second: str
    round: int = 1


class Impossible(Conflict):
    """A change by hand that breaks a rule; the message says which."""


def move(
    slug: str, uid: str, pick: Pick, slot_uid: str, by: User, *, table_uid: str = "", revision: int = 0
) -> Schedule:
    """Give a meeting of a draft another slot and, if one is named, a table. Raises `Impossible` with the reason.

    `revision` is that of the page it was moved on: somebody else's change in between is a `Conflict`, not overwritten.
    """
    with atomic():
        event, draft = _editable(slug, uid, by, revision)
        plan = seats(event, draft)
        seat = _seat(plan, pick)
        slot = slots.find_slot(event.id, slot_uid)
        table = next((one for one in tables.of_event(event.id) if one.uid == table_uid), None) if table_uid else None
        others = [one for one in plan if one is not seat]
        _check_parties(event, others, seat.first, seat.second, slot)
        if table is not None and not table.is_accessible and needs_accessible_table(seat.first, seat.second):
            raise Impossible(lazy_gettext("This meeting needs an accessible table."))
        if table is not None and any(
            one.slot.id == slot.id and one.table is not None and one.table.id == table.id for one in others
        ):
            raise Impossible(lazy_gettext("Another meeting is at this table then."))
        seat.slot, seat.table, seat.people, seat.interpreter = slot, table, [], None
        draft = _save(event, draft, plan, seat, by, "schedule.meeting_moved")
        if table is not None and seat.table is not None and seat.table.id != table.id:
            raise Impossible(lazy_gettext("This table is closed then, or another meeting needs it."))
        return draft


def add(slug: str, uid: str, pick: Pick, slot_uid: str, by: User, *, revision: int = 0) -> Schedule:
    """Add a meeting of a pair that may meet to a draft. Raises `Impossible` with the reason."""
    with atomic():
        event, draft = _editable(slug, uid, by, revision)
        plan = seats(event, draft)
        first, second = _new_pair(event, plan, pick)
        slot = slots.find_slot(event.id, slot_uid)
        _check_parties(event, plan, first, second, slot)
        seat = Seat(first, second, slot)
        return _save(event, draft, [*plan, seat], seat, by, "schedule.meeting_added")


def times(event: Event, draft: Schedule, pick: Pick) -> list[tuple[MeetingSlot, str]]:
    """Return every slot with what keeps a pair from meeting in it, '' where `add` would work.

    Raises `Impossible` where no slot would do, `NotFound` for sides there are not.
    """
    places = Places(event)
    plan = seats(event, draft, places)
    first, second = _new_pair(event, plan, pick)
    known = availability.of(event.id, [first, second])
    stored, away = as_stored(plan), _away(places)
    found = []
    for slot in places.slots:
        refusal = _clash(known, plan, first, second, slot)
        if not refusal:
            # Staffing moves people and tables about, so each slot is tried on a plan of its own.
            seat = Seat(first, second, slot)
            tried = staff(places, [*_stored(places, stored), seat], away)
            worse = seat.problem or next((one.problem for one in tried if one.problem), "")
            if seat.problem or sum(bool(one.problem) for one in tried) > sum(bool(one.problem) for one in plan):
                refusal = str(PROBLEMS[worse])
        found.append((slot, refusal))
    return found


def _new_pair(event: Event, plan: Sequence[Seat], pick: Pick) -> tuple[MeetingParty, MeetingParty]:
    """Return the two sides of a meeting to add, in their order; refuse sides that can have none in any slot."""
    rules = setup.needed(event.id)
    first, second = pairings.ordered(rules, parties.find(event, pick.first), parties.find(event, pick.second))
    if not pairings.may_meet(rules, first, second):
        raise Impossible(lazy_gettext("These two sides cannot meet at this event."))
    if any((one.first.id, one.second.id) == (first.id, second.id) for one in plan):
        raise Impossible(lazy_gettext("These two have a meeting already."))
    for side in (first, second):
        cap = booking.cap_of(rules, side)
        if cap is not None and sum(side.id in {one.first.id, one.second.id} for one in plan) >= cap:
            raise Impossible(lazy_gettext("%(party)s has as many meetings as it may have.", party=parties.title(side)))
    return first, second


def drop(slug: str, uid: str, pick: Pick, by: User, *, revision: int = 0) -> Schedule:
    """Take a meeting out of a draft; one that is agreed or locked is taken out all the same when it is published."""
    with atomic():
        event, draft = _editable(slug, uid, by, revision)
        plan = seats(event, draft)
        seat = _seat(plan, pick)
        return _save(event, draft, [one for one in plan if one is not seat], None, by, "schedule.meeting_dropped")


def set_lock(slug: str, uid: str, pick: Pick, by: User, *, is_locked: bool, revision: int = 0) -> Schedule:
    """Lock a meeting of a draft, so that no later run moves it, or let it go."""
    with atomic():
        event, draft = _editable(slug, uid, by, revision)
        plan = seats(event, draft)
        _seat(plan, pick).is_locked = is_locked
        act = "schedule.meeting_locked" if is_locked else "schedule.meeting_unlocked"
        return _save(event, draft, plan, None, by, act)


def rename(slug: str, uid: str, title: str, by: User) -> Schedule:
    """Give a draft a title, to tell several apart."""
    with atomic():
        event = events.editable(slug, by)
        draft = locked(event, uid)
        draft.title = texts.line(title, "title", 120)
        audit.record("schedule.renamed", by, draft, event=event.slug)
        return draft


def discard(slug: str, uid: str, by: User) -> None:
    """Remove a draft that was never published."""
    with atomic() as current:
        event = events.editable(slug, by)
        draft = locked(event, uid)
        if draft.state in {ScheduleState.PUBLISHED, ScheduleState.SUPERSEDED, ScheduleState.RUNNING}:
            raise Conflict
        audit.record("schedule.discarded", by, draft, event=event.slug)
        current.delete(draft)


def _editable(slug: str, uid: str, by: User, revision: int) -> tuple[Event, Schedule]:
    event = events.editable(slug, by)
    draft = locked(event, uid)
    if draft.state is not ScheduleState.DRAFT or (revision and draft.revision != revision):
        raise Conflict
    return event, draft


def _seat(plan: Iterable[Seat], pick: Pick) -> Seat:
    for seat in plan:
        if (seat.first.uid, seat.second.uid, seat.round) == (pick.first, pick.second, pick.round):
            return seat
    raise NotFound


def _check_parties(
    event: Event, others: Sequence[Seat], first: MeetingParty, second: MeetingParty, slot: MeetingSlot
) -> None:
    """Refuse a slot in which a side is away or has as many meetings as it has people."""
    refusal = _clash(availability.of(event.id, [first, second]), others, first, second, slot)
    if refusal:
        raise Impossible(refusal)


def _clash(
    known: availability.Availability,
    others: Sequence[Seat],
    first: MeetingParty,
    second: MeetingParty,
    slot: MeetingSlot,
) -> str:
    held: Counter[int] = Counter()
    for seat in others:
        if seat.slot.id == slot.id:
            held[seat.first.id] += 1
            held[seat.second.id] += 1
    for side in (first, second):
        most = 1 if side.role is PartyRole.PROJECT else known.people.get(side.id, {}).get(slot.id, 0)
        if not known.can(side, slot):
            return gettext("%(party)s is not available then.", party=parties.title(side))
        if held[side.id] >= most:
            return gettext("%(party)s has another meeting then.", party=parties.title(side))
    return ""


PROBLEMS = {
    "people": lazy_gettext("Nobody of one side is free then."),
    "table": lazy_gettext("No table is free then."),
    "accessible_table": lazy_gettext("No accessible table is free then."),
    "interpreter": lazy_gettext("No interpreter is free then."),
}
"""What keeps a meeting of a plan from taking place as planned."""


def _save(event: Event, draft: Schedule, plan: list[Seat], changed: Seat | None, by: User, act: str) -> Schedule:
    """Staff the changed plan and keep it; refuse a change that leaves its own meeting, or one more other, without."""
    before = sum(bool(one.problem) for one in plan)
    for one in plan:
        one.problem = ""
    places = Places(event)
    plan = staff(places, plan, _away(places))
    if changed is not None and changed.problem:
        raise Impossible(PROBLEMS[changed.problem])
    if changed is not None and sum(bool(one.problem) for one in plan) > before:
        worst = next(one for one in plan if one.problem)
        raise Impossible(PROBLEMS[worst.problem])
    draft.meetings = as_stored(plan)
    draft.revision += 1
    draft.figures = {**draft.figures, **figures(event, plan)}
    session().flush()
    audit.record(act, by, draft, event=event.slug)
    return draft


def figures(event: Event, plan: Sequence[Seat]) -> dict[str, Any]:
    """Return the figures of a plan that hand work changes: meetings, musts, parties at their floor, value, problems.

    Value and musts are counted by the scores of today's problem, floors by its rules; idle gaps per party and session.
    """
    here = inputs.build(event, ScheduleKind.SOLVE)
    place_p = {party.id: index for index, party in enumerate(here.projects)}
    place_f = {party.id: index for index, party in enumerate(here.counterparties)}
    problem = here.problem
    value = musts = 0
    for seat in plan:
        p, f = place_p.get(seat.first.id), place_f.get(seat.second.id)
        index = problem.pair_index.get((p, f)) if p is not None and f is not None else None
        if index is not None:
            value += int(problem.pair_score[index])
            musts += int(problem.pair_must[index])
    held: Counter[int] = Counter()
    for seat in plan:
        held[seat.first.id] += 1
        held[seat.second.id] += 1
    floors = sum(
        held[party.id] >= int(least)
        for side, leasts in ((here.projects, problem.project_min), (here.counterparties, problem.counterparty_min))
        for party, least in zip(side, leasts, strict=True)
    )
    return {
        "meetings": len(plan),
        "value": value,
        "musts": musts,
        "floors": floors,
        "gaps": idle_gaps(plan, here),
        "problems": sum(bool(seat.problem) for seat in plan),
    }


def idle_gaps(plan: Sequence[Seat], here: inputs.Inputs) -> int:
    """Count the slots in which a party is available and idle between two of its meetings of one session."""
    order = {slot.id: index for index, slot in enumerate(here.slots)}
    available = {
        party.id: row
        for side, rows in (
            (here.projects, here.problem.project_avail),
            (here.counterparties, here.problem.counterparty_avail),
        )
        for party, row in zip(side, rows, strict=True)
    }
    by_party: dict[tuple[int, int], set[int]] = defaultdict(set)
    for seat in plan:
        for side in (seat.first, seat.second):
            by_party[side.id, seat.slot.session_id].add(order[seat.slot.id])
    return sum(
        bool(available[party][index])
        for (party, _), used in by_party.items()
        if party in available
        for index in range(min(used), max(used))
        if index not in used
    )
