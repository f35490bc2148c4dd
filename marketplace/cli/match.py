"""The matching engine on the command line: solve, timetable, check, explain, repair, walk-in.

Exit codes: 0 fine; 1 no answer exists, or a rule is broken; 2 the input is not what it should be; 3 the time ran out
before there was any answer; 4 a fault of the engine; 130 interrupted (the best answer so far is written all the same).
"""

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

from marketplace.cli.answers import STANDARD_OUTPUT, ProgressLine, writable, write_json

if TYPE_CHECKING:
    from types import FrameType

    from marketplace.matching import Problem, Schedule
    from marketplace.matching.explain import Explanation
    from marketplace.matching.fairness import Fairness

REFUSED, BAD_INPUT, NO_ANSWER, ENGINE_FAULT, INTERRUPTED = 1, 2, 3, 4, 130
P = ParamSpec("P")
T = TypeVar("T")
FILE = click.Path(exists=True, dir_okay=False)


class BadInput(click.ClickException):
    """A file that is not what it should be."""

    exit_code = BAD_INPUT


class TwoNumbers(click.ParamType[tuple[int, int]]):
    """Two non-negative integers with a sign between them."""

    def __init__(self, name: str, sign: str) -> None:
        self.name = name
        self.sign = sign

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> tuple[int, int]:
        """The two numbers, or a usage error."""
        first, _, second = str(value).partition(self.sign)
        if not (first.isascii() and first.isdigit() and second.isascii() and second.isdigit()):
            self.fail(f"expected {self.name}, two whole numbers, got {value!r}.", parameter, context)
        return int(first), int(second)


INTEGER_PAIR, LOST_TABLES = TwoNumbers("P,F", ","), TwoNumbers("T=N", "=")


@click.group()
def match() -> None:
    """Match projects and counterparties, time their meetings, explain and mend the result.

    \b
    Exit codes
      0    fine
      1    no answer exists, or a rule is broken
      2    the input is not what it should be; nothing was written
      3    the time ran out before there was any answer
      4    a fault of the engine; nothing was written
      130  interrupted; the best answer so far was written
    """


def _answering(command: Callable[P, int]) -> Callable[P, None]:
    """Turn refusals of the engine into one line on standard error, and what the command returns into the exit code."""

    @wraps(command)
    def answer(*args: P.args, **kwargs: P.kwargs) -> None:
        from marketplace.matching import EngineBug, ProblemError

        try:
            code = command(*args, **kwargs)
        except ProblemError as error:
            click.echo(f"Error: {error}", err=True)
            code = BAD_INPUT
        except OSError as error:
            click.echo(f"Error: {error.filename}: {error.strerror}", err=True)
            code = BAD_INPUT
        except EngineBug as error:
            click.echo(f"Error: a fault of the engine: {error}", err=True)
            code = ENGINE_FAULT
        sys.exit(code)

    return answer


def _output(command: Callable[P, None]) -> Callable[P, None]:
    return click.option(
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        callback=lambda _, __, path: writable(path),
        help="Where the answer goes; - for standard output.",
    )(command)


def _seed(command: Callable[P, None]) -> Callable[P, None]:
    return click.option(
        "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Same seed, same answer."
    )(command)


def _fairness(command: Callable[P, None]) -> Callable[P, None]:
    return click.option(
        "--fairness",
        type=click.IntRange(-1),
        default=2,
        show_default=True,
        metavar="D",
        callback=lambda _, __, number: None if number < 0 else number,
        help="The breaks of any two participants of a timetable differ by at most D; -1 for no such rule.",
    )(command)


def _seconds(default: float | None) -> Callable[[Callable[P, None]], Callable[P, None]]:
    return click.option(
        "--seconds",
        type=click.FloatRange(0, 86_400),
        default=default,
        show_default=True if default else "2 to 180, by size",
        help="Limit of wall time.",
    )


@match.command()
@click.argument("problem", type=FILE)
@_output
@_seconds(None)
@_seed
@_answering
def solve(problem: str, output: str, seconds: float | None, seed: int) -> int:
    """Decide who of PROBLEM (cm-match/1) meets whom and when; Ctrl-C ends the search with the best so far."""
    from marketplace.matching import solve as engine

    loaded = _problem(problem)
    line = ProgressLine()
    with _interruptible() as stop:
        schedule = engine(
            loaded,
            seconds=seconds,
            seed=seed,
            progress=lambda *state: line.show(_state(*state)),
            cancel=stop.is_set,
        )
    line.end()
    write_json(output, schedule.to_json())
    click.echo(_summary(schedule), err=True)
    return INTERRUPTED if stop.is_set() else 0


@match.command()
@click.argument("meetings", type=FILE)
@_output
@_seconds(25.0)
@_seed
@_fairness
@_answering
def timetable(meetings: str, output: str, seconds: float, seed: int, fairness: int | None) -> int:
    """Place the given MEETINGS (B2BSP, MiniZinc data) in slots with the fewest breaks, and prove it."""
    from marketplace.matching import timetable as engine

    loaded = _named(meetings, lambda: engine.load(meetings))
    line = ProgressLine()
    with _interruptible() as stop:
        answer = engine.solve_timetable(
            loaded,
            fairness=fairness,
            seconds=seconds,
            seed=seed,
            progress=lambda breaks, bound: line.show(f"breaks {'-' if breaks is None else breaks}  bound {bound}"),
            cancel=stop.is_set,
        )
    line.end()
    write_json(output, answer.to_json())
    click.echo(f"{answer.status}: breaks {answer.breaks}, bound {answer.bound}. {answer.reason}".strip(), err=True)
    if stop.is_set():
        return INTERRUPTED
    return {"infeasible": REFUSED, "unknown": NO_ANSWER}.get(answer.status, 0)


@match.command()
@click.argument("problem", type=FILE)
@click.argument("schedule", type=FILE)
@_fairness
@_answering
def check(problem: str, schedule: str, fairness: int | None) -> int:
    """Verify SCHEDULE rule by rule against PROBLEM, and the values it states.

    PROBLEM is a matching problem (cm-match/1), or a timetable problem when its name ends in .dzn.
    """
    if problem.endswith(".dzn"):
        faults = _timetable_faults(problem, schedule, fairness)
    else:
        loaded = _problem(problem)
        faults = _faults(loaded, _schedule(schedule, loaded))
    for fault in faults:
        click.echo(fault)
    click.echo(f"{len(faults)} faults" if faults else "No rule is broken, and the stated values are right.", err=True)
    return REFUSED if faults else 0


@match.command()
@click.argument("problem", type=FILE)
@click.argument("schedule", type=FILE)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    callback=lambda _, __, path: path and writable(path),
    help="Where all reasons and figures go as JSON; - for standard output.",
)
@click.option("--project", type=click.IntRange(0), help="Only the wishes of this project.")
@click.option("--counterparty", type=click.IntRange(0), help="Only the wishes of this counterparty.")
@click.option(
    "--price", type=click.FloatRange(0), metavar="SECONDS", help="Also solve twice, to say what minimums cost."
)
@_answering
def explain(
    problem: str,
    schedule: str,
    output: str | None,
    project: int | None,
    counterparty: int | None,
    price: float | None,
) -> int:
    """Say for every wish of PROBLEM that SCHEDULE does not meet why, and which single change would admit it.

    Sentences for one party, figures for all; the file has everything.
    """
    from marketplace.matching import ProblemError
    from marketplace.matching import solve as engine
    from marketplace.matching.explain import explain as explained
    from marketplace.matching.fairness import fairness, price_of_fairness

    loaded = _problem(problem)
    answer = _schedule(schedule, loaded)
    if broken := _faults(loaded, answer):
        click.echo(f"Error: {schedule}: the schedule breaks a rule: {broken[0]}", err=True)
        return REFUSED
    limits = (("--project", project, loaded.projects), ("--counterparty", counterparty, loaded.counterparties))
    for option, party, size in limits:
        if party is not None and party >= size:
            raise ProblemError(option, None, f"an index below {size}", party)
    chosen = [pair for (p, f), pair in loaded.pair_index.items() if project in (None, p) and counterparty in (None, f)]
    reasons, figures = explained(loaded, answer, pairs=chosen), fairness(loaded, answer)
    cost = None if price is None else price_of_fairness(loaded, lambda variant: engine(variant, seconds=price / 2))
    if output is not None:
        document = {**reasons.to_json(), "fairness": figures.to_json()}
        write_json(output, document if cost is None else {**document, "price": cost.to_json()})
    if output == STANDARD_OUTPUT:
        return 0
    if project is not None or counterparty is not None:
        for wish in reasons.wishes:
            who = f"project {wish.project}, counterparty {wish.counterparty} (value {wish.score})"
            click.echo(f"{who}: {wish.sentence}")
    _show(reasons, figures)
    if cost is not None:
        click.echo(f"Price of the minimums: {100 * cost.share:.3f} % of the value")
    return 0


def _show(reasons: "Explanation", figures: "Fairness") -> None:
    for title, counts in (("Reasons", reasons.reasons), ("Smallest changes", reasons.remedies)):
        click.echo(f"{title}: " + (", ".join(f"{code} {count}" for code, count in counts.items()) or "none"))
    for spread in figures.spreads:
        click.echo(
            f"Meetings of a {spread.role}: {spread.least} to {spread.most}, median {spread.median:g}; "
            f"{spread.none} of {spread.parties} have none"
        )
    click.echo(f"Parties under their minimum: {len(figures.shortfalls)}")


@match.command()
@click.argument("problem", type=FILE)
@click.argument("schedule", type=FILE)
@_output
@click.option("--cancel-project", type=int, multiple=True, metavar="P", help="A project does not come (any more).")
@click.option("--cancel-counterparty", type=int, multiple=True, metavar="F", help="A counterparty does not come.")
@click.option("--cancel-meeting", type=INTEGER_PAIR, multiple=True, metavar="P,F", help="The two do not meet.")
@click.option("--lost-tables", type=LOST_TABLES, multiple=True, metavar="T=N", help="Slot T has N tables fewer.")
@click.option("--frozen-until", type=click.IntRange(0), default=0, metavar="T", help="Slots before T stay as they are.")
@click.option("--max-moves", type=click.IntRange(0), metavar="N", help="Meetings that may change their slot.")
@click.option(
    "--changed-problem",
    metavar="FILE",
    callback=lambda _, __, path: path and writable(path),
    help="Where the changed problem goes, for which the answer is valid.",
)
@_seconds(0.5)
@_seed
@_answering
def repair(
    problem: str,
    schedule: str,
    output: str,
    cancel_project: tuple[int, ...],
    cancel_counterparty: tuple[int, ...],
    cancel_meeting: tuple[tuple[int, int], ...],
    lost_tables: tuple[tuple[int, int], ...],
    frozen_until: int,
    max_moves: int | None,
    changed_problem: str | None,
    seconds: float,
    seed: int,
) -> int:
    """Mend SCHEDULE after cancellations or the loss of a room, with the least change for everybody else.

    PROBLEM may also have changed itself since (late arrivals, availability, caps) as long as its parties keep their
    numbers.
    """
    from marketplace.matching.changes import Changes
    from marketplace.matching.repair import certified
    from marketplace.matching.repair import repair as mended

    loaded = _problem(problem)
    changes = Changes(
        cancelled_projects=frozenset(cancel_project),
        cancelled_counterparties=frozenset(cancel_counterparty),
        cancelled_meetings=frozenset(cancel_meeting),
        lost_tables=dict(lost_tables),
    )
    answer = mended(
        loaded,
        _schedule(schedule, loaded),
        changes,
        frozen_until=frozen_until,
        max_moves=max_moves,
        seconds=seconds,
        seed=seed,
    )
    if changed_problem is not None:
        write_json(changed_problem, answer.problem.to_json())
    document = {**certified(answer, seed=seed).to_json(), "difference": answer.difference()}
    write_json(output, document)
    click.echo(
        f"{len(answer.kept)} meetings kept, {len(answer.moved)} moved, {len(answer.dropped)} dropped, "
        f"{len(answer.new)} new; value {answer.objective.score}",
        err=True,
    )
    return 0


@match.command("walk-in")
@click.argument("problem", type=FILE)
@click.argument("schedule", type=FILE)
@click.option("--project", type=click.IntRange(0), help="The project that has time.")
@click.option("--counterparty", type=click.IntRange(0), help="The counterparty that has time.")
@click.option("--slot", type=click.IntRange(0), required=True, help="The slot it has time in.")
@_answering
def walk_in(problem: str, schedule: str, project: int | None, counterparty: int | None, slot: int) -> int:
    """The partners one party could meet in a slot without touching any other meeting, the best first."""
    from marketplace.matching.repair import walk_in as partners

    if (project is None) == (counterparty is None):
        raise click.UsageError("Give either --project or --counterparty.")
    loaded = _problem(problem)
    found = partners(loaded, _schedule(schedule, loaded), slot, project=project, counterparty=counterparty)
    for partner in found:
        notes = ["must"] * partner.must + ["under its minimum"] * partner.needed
        who = f"counterparty {partner.counterparty}" if counterparty is None else f"project {partner.project}"
        click.echo(f"{who}  value {partner.score}" + (f"  ({', '.join(notes)})" if notes else ""))
    return 0 if found else REFUSED


def _named(path: str, load: Callable[[], T]) -> T:
    """What `load` returns; its refusals are told with the name of the file."""
    from marketplace.matching import ProblemError

    try:
        return load()
    except ProblemError as error:
        raise BadInput(f"{path}: {error}") from None


def _problem(path: str) -> "Problem":
    from marketplace.matching import load

    return _named(path, lambda: load(path))


def _schedule(path: str, problem: "Problem") -> "Schedule":
    from marketplace.matching import Schedule
    from marketplace.matching.problem import parse_json

    return _named(path, lambda: Schedule.from_json(parse_json(Path(path).read_bytes()), problem))


def _faults(problem: "Problem", schedule: "Schedule") -> list[str]:
    """Broken rules, then stated values that are not those of the meetings."""
    from marketplace.matching import check as violations
    from marketplace.matching import evaluate

    faults = [str(violation) for violation in violations(problem, schedule.meetings)]
    if not faults:
        stated, found = schedule.objective.to_json(), evaluate(problem, schedule.meetings).to_json()
        faults = [f"objective.{k}: {stated[k]} is stated, {found[k]} is right" for k in found if stated[k] != found[k]]
        bound = schedule.bound.to_json()
        faults += [f"bound.{k}: {bound[k]} is below the value {found[k]}" for k in bound if bound[k] < found[k]]
    return faults


def _timetable_faults(problem: str, schedule: str, fairness: int | None) -> list[str]:
    from marketplace.matching import ProblemError, timetable
    from marketplace.matching.problem import parse_json

    def answer() -> timetable.Answer:
        document = parse_json(Path(schedule).read_bytes())
        if not isinstance(document, dict):
            raise ProblemError("answer", None, "an object", document)
        slots, status = document.get("slots"), document.get("status")
        if not isinstance(slots, list) or any(type(slot) is not int for slot in slots):
            raise ProblemError("slots", None, "a list of integers", slots)
        if status not in ("optimal", "feasible", "infeasible", "unknown"):
            raise ProblemError("status", None, "optimal, feasible, infeasible or unknown", status)
        for field in ("breaks", "bound"):
            if type(document.get(field)) not in (int, type(None)):
                raise ProblemError(field, None, "an integer or null", document.get(field))
        reason = str(document.get("reason", ""))
        return timetable.Answer(tuple(slots), document.get("breaks"), status, document.get("bound"), reason)

    loaded = _named(problem, lambda: timetable.load(problem))
    return timetable.verify(loaded, _named(schedule, answer), fairness)


def _state(phase: str, score: int, bound: int, gap: float, seconds: float) -> str:
    return f"{phase:9} value {score}  bound {bound}  gap {100 * gap:.3f} %"


def _summary(schedule: "Schedule") -> str:
    """One line of what was reached, each level against its bound."""
    value, bound = schedule.objective, schedule.bound
    proof = "proven optimal" if schedule.proven_optimal else f"at most {100 * schedule.gap:.3f} % from the optimum"
    return (
        f"{len(schedule.meetings)} meetings: musts {value.must}/{bound.must}, minimums {value.floors}/{bound.floors}, "
        f"value {value.score} ({proof}), {value.gaps} idle gaps, {value.moved} moved, {value.dropped} dropped "
        f"in {schedule.seconds:.1f} s"
    )


@contextlib.contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """An event that Ctrl-C sets; a second Ctrl-C ends the program at once."""
    stop = threading.Event()

    def interrupt(signum: int, frame: "FrameType | None") -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
