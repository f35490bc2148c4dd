"""Accounts from the command line: what has to be possible before anybody can sign in."""

import click
from flask.cli import AppGroup

from marketplace.errors import Refusal
from marketplace.i18n import LANGUAGES
from marketplace.services import administrators

account = AppGroup("account", help="Appoint the first administrator.")


@account.command("create-administrator")
@click.argument("email")
@click.argument("name")
@click.option("--language", type=click.Choice(sorted(LANGUAGES)), default="en", help="Language of the letter.")
def create_administrator(email: str, name: str, language: str) -> None:
    """Make EMAIL an administrator; NAME is used where there is no account yet. The worker sends the letter."""
    try:
        user = administrators.appoint(email, name, language)
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from refusal
    click.echo(f"{user.email} is an administrator.")
