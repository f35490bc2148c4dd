"""C01, C02, C03: web servers are killed without warning while people book and cancel meetings over HTTP."""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select, text

from marketplace.config import ROOT
from marketplace.database import db, session
from marketplace.models import BookingRule, Meeting, MeetingState
from tests.journeys.test_launcher import descendants, free_port
from tests.meetings import audit, market, user_of
from tests.races.test_kill_everything import NoRedirect

SIDES = 6
"""Projects and funders; each project books each funder in another slot, so that all bookings can succeed."""


@dataclass
class Site:
    """The web server as operators start it, on the test's database."""

    database_url: str
    folder: Path
    port: int = field(default_factory=free_port)

    def start(self) -> None:
        environment = {
            **os.environ,
            "DATABASE_URL": self.database_url,
            "SECRET_KEY": "a key for tests that is long enough",
            "PORT": str(self.port),
            "WEB_CONCURRENCY": "2",
            "DATA_DIR": str(self.folder),
            "BUILD_DIR": str(self.folder / "build"),
            "LOG_LEVEL": "CRITICAL",
        }
        command = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "gunicorn.conf.py"), "wsgi:app"]
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        pytest.fail("the web server does not answer")

    def send(self, path: str, cookie: str, **form: str) -> tuple[int, str]:
        """Send a form as a browser does; returns the status and where it leads, or (0, '') without an answer."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=urllib.parse.urlencode(form).encode(),
            headers={"Sec-Fetch-Site": "same-origin", "Cookie": cookie},
        )
        try:
            with urllib.request.build_opener(NoRedirect).open(request, timeout=20) as answer:
                return answer.status, ""
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers.get("Location", "")
        except OSError:
            return 0, ""

    def kill_everything(self) -> None:
        for pid in [*descendants(self.process.pid), self.process.pid]:
            os.kill(pid, signal.SIGKILL)
        self.process.wait()


@dataclass
class Wanted:
    """One booking a person wants, perhaps to cancel it at once, and what they know of it."""

    project: str
    funder: str
    slot: str
    cookie: str
    attempt: str
    cancels: bool
    booked: str = ""
    is_cancelled: bool = False
    statuses: list[int] = field(default_factory=list)

    def go(self, site: Site, slug: str) -> None:
        """Do what has not been acknowledged yet."""
        if not self.booked:
            path = f"/events/{slug}/meetings/partners/{self.funder}/book?as={self.project}"
            status, place = site.send(path, self.cookie, slot=self.slot, attempt=self.attempt)
            self.statuses.append(status)
            if status == 303:
                self.booked = place.partition("?")[0].rpartition("/")[2]
        if self.booked and self.cancels and not self.is_cancelled:
            path = f"/events/{slug}/meetings/{self.booked}/cancel?as={self.project}"
            status, _ = site.send(path, self.cookie, reason="Called back")
            self.statuses.append(status)
            self.is_cancelled = status == 303


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the children of a process are read from Linux' /proc")
def test_acknowledged_bookings_and_cancellations_survive_killed_web_servers(make, login_as, tmp_path):
    place = market(make, make.organiser(), projects=SIDES, funders=SIDES, tables=SIDES, rule=BookingRule.AT_ONCE)
    slug, plans = place.event.slug, []
    for row, side in enumerate(place.projects):
        cookie = "; ".join(f"{one.key}={one.value}" for one in login_as(user_of(side))._cookies.values())
        plans.append(
            [
                Wanted(
                    side.uid,
                    place.funders[(row + column) % SIDES].uid,
                    place.slots[column].uid,
                    cookie,
                    attempt=f"attempt-{row}-{column}",
                    cancels=(row + column) % 3 == 0,
                )
                for column in range(SIDES)
            ]
        )
    everything = [wanted for plan in plans for wanted in plan]
    session().rollback()
    site = Site(db.engine.url.render_as_string(hide_password=False), tmp_path)
    site.start()

    def act(plan: list[Wanted]) -> None:
        for wanted in plan:
            wanted.go(site, slug)

    people = [threading.Thread(target=act, args=(plan,)) for plan in plans]
    for person in people:
        person.start()
    for acknowledged in (4, 10):
        wait_until(lambda least=acknowledged: sum(bool(one.booked) for one in everything) >= least)
        worker = next(iter(descendants(site.process.pid)), None)
        if worker is not None:
            os.kill(worker, signal.SIGKILL)
    wait_until(lambda: sum(bool(one.booked) for one in everything) >= 16)
    site.kill_everything()
    for person in people:
        person.join()

    site.start()
    told = Counter(bool(one.booked) for one in everything)
    kept = meetings()
    for wanted in everything:
        mine = kept.get((wanted.project, wanted.funder), [])
        assert len(mine) == 1 if wanted.booked else len(mine) <= 1
        assert not wanted.is_cancelled or mine == [MeetingState.CANCELLED]
        assert wanted.cancels or mine in ([], [MeetingState.SCHEDULED])
    assert audit() == []

    # Whoever got no answer sends the same form again: nothing is there twice, and everybody has what they wanted.
    act(everything)
    site.kill_everything()

    assert told[True] >= 16
    assert told[False] > 0
    assert {status for one in everything for status in one.statuses} == {0, 303}
    ended = {True: [MeetingState.CANCELLED], False: [MeetingState.SCHEDULED]}
    assert meetings() == {(one.project, one.funder): ended[one.cancels] for one in everything}
    letters = dict(session().execute(text("SELECT kind, count(*) FROM letter GROUP BY kind")).all())
    assert letters == {
        "meeting.made": 2 * len(everything),
        "meeting.cancelled": 2 * sum(one.cancels for one in everything),
    }
    assert audit() == []


def wait_until(condition) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not condition():
        time.sleep(0.005)


def meetings() -> dict[tuple[str, str], list[MeetingState]]:
    """The meetings there are, by their sides: the state of each."""
    session().rollback()
    found: dict[tuple[str, str], list[MeetingState]] = {}
    for one in session().scalars(select(Meeting).order_by(Meeting.id)):
        found.setdefault((one.first_party.uid, one.second_party.uid), []).append(one.state)
    return found
