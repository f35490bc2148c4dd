"""Events from the command line: brokerage events with given meetings."""

from pathlib import Path

import click
from flask.cli import AppGroup

from marketplace.cli.match import BAD_INPUT, NO_ANSWER, REFUSED
from marketplace.errors import Refusal


class Ended(click.ClickException):
    """The command ended with a reason and an exit code, as those of `match`."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.exit_code = code  # type: ignore[misc]


event = AppGroup("event", help="Bring whole events in.")


@event.command("due")
def due() -> None:
    """Count what the daily jobs would delete now, event by event; nothing is changed."""
    from marketplace.services import needs, registration

    for what, found in (("access and dietary needs", needs.due()), ("registrations to empty", registration.due())):
        for slug, number in found.items():
            click.echo(f"{slug}: {number} {what}")
        if not found:
            click.echo(f"no {what}")


@event.command("import-b2b")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--event", "slug", required=True, help="Its address; made where there is none, else without meetings.")
@click.option("--seconds", type=click.FloatRange(min=1), default=60.0, show_default=True, help="Time for the engine.")
@click.option("--fairness", type=click.IntRange(min=0), default=2, show_default=True, help="Breaks may differ by this.")
@click.option("--seed", type=int, default=0, show_default=True)
def import_b2b(file: Path, slug: str, seconds: float, fairness: int, seed: int) -> None:
    """Bring the brokerage event in FILE (MiniZinc data) in, time its meetings exactly, and publish them."""
    from marketplace.matching import MatchingError
    from marketplace.matching.timetable import DataFileError, solve_timetable
    from marketplace.matching.timetable import load as read
    from marketplace.services.meetings import brokerage

    if not slug.replace("-", "").isalnum() or slug != slug.lower() or len(slug) > 80:
        raise click.BadParameter("small letters, figures and hyphens only", param_hint="--event")
    try:
        problem = read(file)
    except (DataFileError, MatchingError, ValueError) as error:
        raise Ended(f"{file.name}: {error}", BAD_INPUT) from error
    answer = solve_timetable(problem, seconds=seconds, fairness=fairness, seed=seed)
    if not answer.slots:
        raise Ended(f"No timetable: {answer.reason}", REFUSED if answer.status == "infeasible" else NO_ANSWER)
    try:
        done = brokerage.load(problem, answer, slug, file.name.partition(".")[0])
    except Refusal as refusal:
        raise Ended(str(refusal), REFUSED) from refusal
    proof = "optimal" if done.is_optimal else f"at least {done.bound}"
    click.echo(
        f"{done.event}: {done.participants} participants, {done.meetings} meetings published, "
        f"{done.breaks} breaks ({proof})."
    )
