"""Records for audits: one JSON object a line on standard output."""

import json
from collections.abc import Iterable
from typing import Any

import click
from flask.cli import AppGroup

from marketplace.errors import Refusal

export = AppGroup("export", help="Write records as JSON lines.")


@export.command("meetings")
@click.option("--event", "slug", required=True, help="The address of the event.")
def meetings(slug: str) -> None:
    """Write every meeting of an event: state, slot, times, table, people, organisations, sequence."""
    from marketplace.services.meetings import records

    _write(records.meetings(slug))


@export.command("outbox")
def outbox() -> None:
    """Write every letter: kind, recipient, what it is about, state."""
    from marketplace.services.meetings import records

    _write(records.outbox())


def _write(found: Iterable[dict[str, Any]]) -> None:
    try:
        for record in found:
            click.echo(json.dumps(record, ensure_ascii=False))
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from refusal
