"""Loading the sample programme."""

import click
from flask.cli import with_appcontext

from marketplace.errors import Refusal
from marketplace.services import sample


@click.command()
@with_appcontext
def seed() -> None:
    """Load the sample programme into an empty database; repeating it adds only what is missing."""
    try:
        sample.load()
    except (Refusal, RuntimeError) as refusal:
        raise click.ClickException(str(refusal)) from refusal
    click.echo(f"{len(sample.accounts())} sample accounts, all with the password {sample.PASSWORD}.")
