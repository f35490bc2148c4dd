"""Workers and web servers that are killed without warning lose nothing that was acknowledged."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta

from sqlalchemy import func, select, update

from marketplace import clock
from marketplace.config import ROOT
from marketplace.database import atomic, db, session
from marketplace.models import Job, JobState, Letter, LetterState
from marketplace.services import outbox
from tests.smtp import mail_server

LETTERS = 40


def start_worker(database_url: str, smtp_url: str, tmp_path) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "SMTP_URL": smtp_url,
        "SECRET_KEY": "a key for tests that is long enough",
        "DATA_DIR": str(tmp_path),
        "BUILD_DIR": str(tmp_path / "build"),
        "LOG_LEVEL": "CRITICAL",
    }
    return subprocess.Popen([sys.executable, "-m", "flask", "--app", "wsgi", "worker"], cwd=ROOT, env=environment)


def waiting() -> int:
    session().rollback()
    return session().scalar(select(func.count()).select_from(Job).where(Job.state == JobState.WAITING)) or 0


def let_leases_expire() -> None:
    """Pretend that a minute has passed for the jobs of the killed workers."""
    with atomic() as current:
        current.execute(update(Job).values(lease_until=clock.now() - timedelta(seconds=1), run_at=clock.now()))


def test_killed_workers_lose_no_letter_and_repeat_none_needlessly(app, make, database_url, tmp_path):
    """C01, C03: every letter arrives, under one Message-ID, repeated at most where a kill came between."""
    reader = make.user()
    with atomic():
        for _ in range(LETTERS):
            outbox.queue("password_changed", to=reader)
    url = db.engine.url.render_as_string(hide_password=False)
    chance, kills = random.Random(7), 0

    with mail_server() as (server, smtp_url):
        server.delay = 0.03
        workers = [start_worker(url, smtp_url, tmp_path) for _ in range(2)]
        deadline = time.monotonic() + 90
        while waiting() and time.monotonic() < deadline:
            time.sleep(0.3)
            if kills < 4 and len(server.messages) > 5 * kills:
                victim = chance.randrange(2)
                workers[victim].send_signal(signal.SIGKILL)
                workers[victim].wait()
                kills += 1
                let_leases_expire()
                workers[victim] = start_worker(url, smtp_url, tmp_path)
        for worker in workers:
            worker.terminate()
        endings = [worker.wait(20) for worker in workers]
        sent = Counter(message["Message-ID"] for message in server.messages)

    states = Counter(session().scalars(select(Letter.state)))
    assert states == {LetterState.SENT: LETTERS}
    assert len(sent) == LETTERS
    # The killed worker's letter, and the one the other was sending when its lease was taken away by the test.
    assert sum(sent.values()) <= LETTERS + 2 * kills
    assert kills == 4
    assert endings == [0, 0]
