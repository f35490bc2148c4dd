"""The command line: `flask --app wsgi ...`."""

from flask import Flask

from marketplace.cli import account, event, export, match, seed, serve, worker


def register(app: Flask) -> None:
    """Add the commands to `flask`."""
    app.cli.add_command(account.account)
    app.cli.add_command(event.event)
    app.cli.add_command(export.export)
    app.cli.add_command(match.match)
    app.cli.add_command(seed.seed)
    app.cli.add_command(serve.serve)
    app.cli.add_command(worker.worker)
