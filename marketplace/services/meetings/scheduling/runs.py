"""Runs of the engine: asked for, done by the worker with progress and cancel, kept with all that reproduces them."""

import time
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import undefer

from marketplace import clock
from marketplace.database import atomic, session
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.i18n import lazy_gettext
from marketplace.matching import MatchingError, Problem, explain, fairness
from marketplace.matching import solve as solve_problem
from marketplace.models import (
    Event,
    MeetingParty,
    MeetingSlot,
    Schedule,
    ScheduleKind,
    ScheduleState,
    User,
)
from marketplace.services import audit, events, jobs
from marketplace.services.meetings import setup, slots
from marketplace.services.meetings.scheduling import drafts, inputs
from marketplace.services.meetings.scheduling.inputs import Inputs
from marketplace.services.meetings.scheduling.staffing import Places, Seat, staff

LONGEST = 600
"""Seconds one run may take."""

REPORT_EVERY = 0.5
"""Seconds between two notes of progress."""


def start(
    slug: str,
    kind: ScheduleKind,
    by: User,
    *,
    seconds: int = 20,
    seed: int = 1,
    options: dict[str, Any] | None = None,
    title: str = "",
) -> Schedule:
    """Ask for a run. REPAIR keeps what there is (or, with `options["from"]`, another draft) and changes the least.

    `options` are those of `inputs.build`, and for a repair {"from": uid of a draft, "max_moves": n}. Raises `Conflict`
    while another run of the event is under way.
    """
    with atomic() as current:
        event = events.editable(slug, by)
        setup.needed(event.id)
        if not 1 <= seconds <= LONGEST:
            raise Invalid("seconds", lazy_gettext("Please give 1 to %(max)s seconds.", max=LONGEST))
        if not 0 <= seed <= 2**31 - 1:
            raise Invalid("seed", lazy_gettext("Please give a whole number, zero or more."))
        if not slots.all_slots(event.id):
            raise Conflict(lazy_gettext("There is no meeting session yet, so no meeting can take place."))
        if current.scalar(
            select(Schedule.id).where(
                Schedule.event_id == event.id, Schedule.state.in_((ScheduleState.QUEUED, ScheduleState.RUNNING))
            )
        ):
            raise Conflict(lazy_gettext("The engine is working on this event already."))
        source = (options or {}).get("from")
        if source:
            drafts.find(event, source)
        run = drafts.new(
            event,
            kind,
            by,
            seconds_allowed=seconds,
            seed=seed,
            options=options or {},
            title=title[:120],
            created_at=clock.now(),
        )
        jobs.enqueue("schedule.run", {"schedule": run.uid})
        audit.record("schedule.asked", by, run, event=event.slug, kind=kind.value, seconds=seconds, seed=seed)
        return run


def cancel(slug: str, uid: str, by: User) -> Schedule:
    """Ask a run to end; the best so far becomes the draft."""
    with atomic() as current:
        event = events.editable(slug, by)
        run = drafts.locked(event, uid)
        if run.state is ScheduleState.QUEUED:
            run.state, run.finished_at = ScheduleState.CANCELLED, clock.now()
        elif run.state is ScheduleState.RUNNING:
            run.cancel_asked_at = clock.now()
        else:
            raise Conflict
        current.flush()
        audit.record("schedule.cancel_asked", by, run, event=event.slug)
        return run


@jobs.handler("schedule.run")
def perform(job: jobs.Run) -> None:
    """Do one run. A worker that was killed leaves it RUNNING; the next attempt begins again and gives the same."""
    uid = job.payload["schedule"]
    with atomic() as current:
        run = current.scalar(select(Schedule).where(Schedule.uid == uid))
        if run is None or run.state not in {ScheduleState.QUEUED, ScheduleState.RUNNING}:
            return
        run.state, run.started_at, run.progress = ScheduleState.RUNNING, clock.now(), {}
        base = inputs.digest(run.event_id)
        here = inputs.build(run.event, run.kind, run.options)
        run.base_digest = base
        run.problem = {"document": here.problem.to_json(), **here.keys()}
        run.input_hash = here.problem.input_hash
        event, kind, seed, seconds, options = run.event, run.kind, run.seed, run.seconds_allowed, dict(run.options)
    try:
        answer = _answer(event, here, kind, seed, seconds, options, _Watch(uid, job))
    except MatchingError as error:
        _fail(uid, str(error))
        raise jobs.GiveUp(str(error)) from error
    _keep(uid, here, answer)


class _Watch:
    """Notes progress now and then, and asks whether the run is to end."""

    def __init__(self, uid: str, job: jobs.Run) -> None:
        self.uid, self.job, self.noted, self.asked, self.ends = uid, job, 0.0, 0.0, False

    def progress(self, phase: str, value: int, bound: int, gap: float, seconds: float) -> None:
        """Note how far the engine is, at most twice a second."""
        now = time.monotonic()
        if now - self.noted < REPORT_EVERY:
            return
        self.noted = now
        noted = {"phase": phase, "value": value, "bound": bound, "gap": round(gap, 6), "seconds": round(seconds, 1)}
        with atomic() as current:
            current.execute(update(Schedule).where(Schedule.uid == self.uid).values(progress=noted))

    def is_cancelled(self) -> bool:
        """Tell, asking the database at most twice a second, whether somebody wants the run to end."""
        now = time.monotonic()
        if not self.ends and now - self.asked >= REPORT_EVERY:
            self.asked = now
            self.ends = (
                session().scalar(select(Schedule.cancel_asked_at).where(Schedule.uid == self.uid)) is not None
                or self.job.cancelled()
            )
            session().rollback()
        return self.ends


def _answer(
    event: Event, here: Inputs, kind: ScheduleKind, seed: int, seconds: int, options: dict[str, Any], watch: _Watch
) -> dict[str, Any]:
    if kind is ScheduleKind.REPAIR:
        from marketplace.matching.repair import certified, repair

        mended = repair(
            here.problem,
            _meetings_before(event, here, options.get("from", "")),
            frozen_until=_frozen(here.slots),
            max_moves=options.get("max_moves"),
            seconds=max(0.5, seconds / 4),
            seed=seed,
        )
        answer = certified(mended, seconds=max(1.0, seconds / 2), seed=seed).to_json()
        return {**answer, "difference": mended.difference()}
    schedule = solve_problem(
        here.problem, seconds=float(seconds), seed=seed, progress=watch.progress, cancel=watch.is_cancelled
    )
    return schedule.to_json()


def _frozen(usable: list[MeetingSlot]) -> int:
    """Return the index of the first slot that has not begun: what is past stays."""
    now = clock.now()
    return next((index for index, slot in enumerate(usable) if slot.starts_at > now), len(usable))


def _meetings_before(event: Event, here: Inputs, source: str) -> list[tuple[int, int, int]]:
    """Return what a repair keeps: the meetings there are or, of a named draft, its own; agreed ones in any case."""
    if not source:
        return sorted(here.meetings)
    place_p = {party.id: index for index, party in enumerate(here.projects)}
    place_f = {party.id: index for index, party in enumerate(here.counterparties)}
    place_t = {slot.id: index for index, slot in enumerate(here.slots)}
    agreed = {(p, f): (p, f, t) for p, f, t in here.problem.locked}
    for seat in drafts.seats(event, drafts.find(event, source)):
        p, f, t = place_p.get(seat.first.id), place_f.get(seat.second.id), place_t.get(seat.slot.id)
        if p is not None and f is not None and t is not None and (p, f) in here.problem.pair_index:
            agreed.setdefault((p, f), (p, f, t))
    return sorted(agreed.values())


def _keep(uid: str, here: Inputs, answer: dict[str, Any]) -> None:
    """Keep an answer, with names and tables for everybody, as a draft."""
    with atomic() as current:
        run = current.scalar(select(Schedule).where(Schedule.uid == uid).with_for_update())
        if run is None or run.state is not ScheduleState.RUNNING:
            return
        event = run.event
        away = inputs.away(here.slots, inputs.present(event.id).planned)
        plan = staff(Places(event), _seats(here, answer), away)
        objective, bound = answer["objective"], answer["bound"]
        run.answer, run.meetings, run.revision = answer, drafts.as_stored(plan), 1
        run.report = _report(here.problem, answer)
        run.figures = {
            "meetings": len(plan),
            "value": objective["score"],
            "musts": objective["must"],
            "floors": objective["floors"],
            "gaps": objective["gaps"],
            "moved": objective["moved"],
            "dropped": objective["dropped"],
            "problems": sum(bool(seat.problem) for seat in plan),
            "bound_value": bound["score"],
            "bound_musts": bound["must"],
            "bound_floors": bound["floors"],
            "wished_musts": int(here.problem.pair_must.sum()),
            "parties": len(here.projects) + len(here.counterparties),
            "proven_optimal": answer["proven_optimal"],
            "complete": answer["complete"],
            "seconds": answer["seconds"],
        }
        run.engine_version = answer["version"]
        run.state, run.finished_at = ScheduleState.DRAFT, clock.now()


def _seats(here: Inputs, answer: dict[str, Any]) -> list[Seat]:
    locks = {tuple(lock) for lock in here.problem.locked}
    present = inputs.people_of(meeting.id for meeting in here.meetings.values())
    by_pair = {(p, f): meeting for (p, f, _), meeting in here.meetings.items()}
    party_of: dict[int, MeetingParty] = {party.id: party for party in [*here.projects, *here.counterparties]}
    found = []
    for p, f, t in answer["meetings"]:
        meeting = by_pair.get((p, f))
        seat = Seat(here.projects[p], here.counterparties[f], here.slots[t])
        if meeting is not None and meeting.slot_id == seat.slot.id:
            seat.table, seat.interpreter = meeting.table, meeting.interpreter
            seat.people = [(party_of[one.party_id], one.registration_id) for one in present[meeting.id]]
            seat.is_locked = meeting.is_locked or (p, f, t) in locks
        found.append(seat)
    return found


def _report(problem: Problem, answer: dict[str, Any]) -> dict[str, Any]:
    """Return why wishes were not met and how meetings are shared out, by the engine's codes and indices.

    Wishes are the pairs somebody ranked, and the musts; explaining every eligible pair would drown them.
    """
    meetings = [(p, f, t) for p, f, t in answer["meetings"]]
    met = {(p, f) for p, f, _ in meetings}
    wished = [
        index
        for index in range(problem.pairs)
        if (problem.pair_must[index] or problem.pair_rank_p[index] or problem.pair_rank_f[index])
        and (int(problem.pair_project[index]), int(problem.pair_counterparty[index])) not in met
    ]
    return {
        "unmet": explain.explain(problem, meetings, pairs=wished).to_json() if wished else {"wishes": []},
        "fairness": fairness.fairness(problem, meetings).to_json(),
    }


def _fail(uid: str, words: str) -> None:
    with atomic() as current:
        current.execute(
            update(Schedule)
            .where(Schedule.uid == uid, Schedule.state == ScheduleState.RUNNING)
            .values(state=ScheduleState.FAILED, failure=words[:2000], finished_at=clock.now())
        )


def replay(slug: str, uid: str, by: User) -> dict[str, Any]:
    """Solve the kept problem of a run again, in this process; returns both hashes of the meetings and whether they are
    the same, which they are unless the clock cut one of the two."""
    event = events.managed(slug, by)
    run = session().scalar(
        select(Schedule)
        .where(Schedule.event_id == event.id, Schedule.uid == uid)
        .options(undefer(Schedule.problem), undefer(Schedule.answer))
    )
    if run is None or run.problem is None or run.answer is None:
        raise NotFound
    problem = Problem.from_json(run.problem["document"])
    again = solve_problem(problem, seconds=float(run.seconds_allowed), seed=run.seed).to_json()
    return {
        "same": again["meetings"] == run.answer["meetings"],
        "complete": bool(again["complete"] and run.answer.get("complete")),
        "value": again["objective"]["score"],
        "was": run.answer["objective"]["score"],
    }


@jobs.handler("schedule.sweep", every=timedelta(minutes=15))
def sweep(_: jobs.Run) -> None:
    """End runs whose worker died and whose job was given up."""
    limit = clock.now() - timedelta(seconds=3 * LONGEST)
    with atomic() as current:
        current.execute(
            update(Schedule)
            .where(Schedule.state == ScheduleState.RUNNING, Schedule.started_at < limit)
            .values(state=ScheduleState.FAILED, finished_at=clock.now())
        )
