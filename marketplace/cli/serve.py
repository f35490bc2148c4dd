"""Everything in one command, for a laptop or a small installation: database, sample, worker and web server."""

import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import click
from flask import current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade
from sqlalchemy import select

from marketplace.config import ROOT, Settings
from marketplace.database import db, session
from marketplace.models import User
from marketplace.services import installation, migrations

GRACE_SECONDS = 10


@click.command()
@click.option("--sample/--no-sample", default=True, help="Load the sample programme into an empty database.")
@with_appcontext
def serve(sample: bool) -> None:
    """Create or migrate the database, start the worker and the web server, and stop both together."""
    settings: Settings = current_app.config["SETTINGS"]
    port = os.environ.get("PORT", "8000")
    refuse_taken_port(os.environ.get("BIND", "127.0.0.1"), port)
    prepare_database(sample=sample and not settings.production)
    lines = _welcome(settings) if installation.is_sample() else []
    session().close()
    db.engine.dispose()
    with tempfile.TemporaryDirectory(prefix="metrics-") as metrics:
        environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": metrics, "FLASK_APP": "wsgi"}
        web = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "gunicorn.conf.py"), "wsgi:app"]
        worker = [sys.executable, "-m", "flask", "worker"]
        _together([web, worker], environment, port, lines)


def refuse_taken_port(host: str, port: str) -> None:
    """Say so, and end, where the web server could not listen: before anything is made or started."""
    try:
        number = int(port)
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            # As the web server does it: a port that was just given up can be taken again.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host.strip("[]"), number))
    except (ValueError, OverflowError):
        raise click.ClickException(f"PORT must be a number up to 65535, not {port!r}.") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise click.ClickException(
                f"Port {port} is already in use. Stop what uses it, or choose another: PORT={_other(number)} make run"
            ) from None
        raise click.ClickException(f"Cannot listen on {host}:{port}: {error.strerror or error}.") from None


def _other(port: int) -> int:
    return port + 1 if port < 65_535 else 8000


def prepare_database(*, sample: bool) -> None:
    """Bring the database to the newest migration and fill an empty one with the sample programme."""
    if migrations.applied() != migrations.newest():
        upgrade(directory=migrations.FOLDER)
    if sample and session().scalar(select(User.id).limit(1)) is None:
        from marketplace.services import sample as programme

        click.echo("Loading the sample programme ...")
        programme.load()


def _welcome(settings: Settings) -> list[str]:
    return [
        "Sample accounts, all with the password demo-password-1 (all are listed on the sign-in page):",
        "  organiser@cities.example   city.manaus@cities.example   funder.1@cities.example",
        "  vendor.1@cities.example    reviewer@cities.example      attendee@cities.example",
        *([] if settings.smtp_url else [f"Letters are shown at {settings.public_url}/dev/mail"]),
    ]


def _together(commands: list[list[str]], environment: dict[str, str], port: str, lines: list[str]) -> None:
    """Run the commands until one ends or we are told to stop; then stop all of them and wait."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    # A session of their own: Ctrl-C reaches only this process, which then stops them in order.
    children = [
        subprocess.Popen(command, env=environment, cwd=ROOT, start_new_session=True)  # noqa: S603 - our own commands
        for command in commands
    ]
    try:
        threading.Thread(target=_announce, args=(port, lines, stop), daemon=True).start()
        while not stop.wait(0.2):
            if any(child.poll() is not None for child in children):
                click.echo("A part has stopped; stopping the others.", err=True)
                break
    finally:
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                child.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for child in children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, deadline - time.monotonic()))
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    if not stop.is_set():
        raise SystemExit(1)
    click.echo("Stopped.")


def _announce(port: str, lines: list[str], stop: threading.Event) -> None:
    """Print the address once the first page can be had."""
    address = f"http://127.0.0.1:{port}"
    while not stop.wait(0.1):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/readyz", timeout=2):  # noqa: S310
            click.echo("\n".join(["", f"Ready: {address}   (Ctrl-C stops it)", *lines, ""]))
            return
