"""The background worker: takes due jobs one after the other until it is told to stop."""

import os
import signal
import threading
import time

import click
import structlog
from flask import Flask, current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from marketplace.database import session
from marketplace.errors import Unavailable
from marketplace.services import jobs

log = structlog.get_logger()
IDLE_SECONDS = 1.0


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, then stop.")
@with_appcontext
def worker(once: bool) -> None:
    """Do background work: letters, reminders, long computations. Any number of workers may run."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    stop = threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
    parent = os.getppid()
    log.info("worker_started")
    while not stop.is_set():
        if os.getppid() != parent:
            # Whoever started this worker is gone; nobody would stop it any more.
            break
        busy = work(app)
        if once and not busy:
            break
        if not busy:
            stop.wait(IDLE_SECONDS)
    log.info("worker_stopped")


def work(app: Flask) -> bool:
    """Enqueue what recurs and do one job; False where nothing was due or the database cannot be reached now."""
    try:
        jobs.enqueue_recurring()
        run = jobs.claim()
        if run is None:
            return False
        beat = _Heartbeat(app, run)
        beat.start()
        try:
            jobs.perform(run)
        finally:
            beat.stop()
    except (SQLAlchemyError, Unavailable):
        log.warning("worker_database_unavailable", exc_info=True)
        session().rollback()
        time.sleep(IDLE_SECONDS)
        return False
    except Exception:
        # Written down with the job and retried; the worker itself goes on.
        log.exception("job_failed", job=run.job_id if run else None)
    finally:
        session().close()
    return True


class _Heartbeat(threading.Thread):
    """Extends the lease of the running job, so that a long one is not taken for lost."""

    def __init__(self, app: Flask, run: jobs.Run) -> None:
        super().__init__(daemon=True)
        self.app, self.run_, self.done = app, run, threading.Event()

    def run(self) -> None:
        while not self.done.wait(jobs.LEASE.total_seconds() / 3):
            with self.app.app_context():
                try:
                    if not jobs.extend(self.run_):
                        return
                except (SQLAlchemyError, Unavailable):
                    log.warning("heartbeat_failed", job=self.run_.job_id)

    def stop(self) -> None:
        self.done.set()
        self.join()
