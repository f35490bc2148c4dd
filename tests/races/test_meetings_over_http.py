"""B01, B03, B11, C01 to C03: real requests to a real web server at one moment, and web servers that are killed."""

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
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select, text

from marketplace.config import ROOT
from marketplace.database import session
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
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it where it does not run, and wait until it answers."""
        if self.process is not None:
            return
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
        if self.process is not None:
            for pid in [*descendants(self.process.pid), self.process.pid]:
                os.kill(pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


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


@pytest.fixture(scope="module")
def site(database_url, tmp_path_factory) -> Iterator[Site]:
    """One web server for the tests below; the last one kills it."""
    if not Path("/proc/self/task").exists():
        pytest.skip("the children of a process are read from Linux' /proc")
    site = Site(database_url, tmp_path_factory.mktemp("web"))
    yield site
    site.kill_everything()


def cookie_of(browser) -> str:
    return "; ".join(f"{one.key}={one.value}" for one in browser._cookies.values())


def at_once(acts) -> list:
    """Do all of these at the same moment; returns what each returned."""
    acts = list(acts)
    barrier = threading.Barrier(len(acts))
    results: list = [None] * len(acts)

    def run(number: int) -> None:
        barrier.wait()
        results[number] = acts[number]()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_forty_book_one_slot_and_twenty_send_one_form(site, make, login_as):
    """B01, B03, B11: one wins, all others read why not, the same form is the same booking, and no answer is an error
    or comes later than the server's own limit."""
    place = market(make, make.organiser(), projects=40, funders=2, tables=3, hours=1)
    slug, cookies = place.event.slug, [cookie_of(login_as(user_of(side))) for side in place.projects]
    first, second = (funder.uid for funder in place.funders)
    sides, (slot, other_slot, *_) = [side.uid for side in place.projects], [slot.uid for slot in place.slots]
    session().rollback()
    site.start()

    def book(number: int, funder: str, when: str, attempt: str) -> tuple[int, str, float]:
        began = time.monotonic()
        path = f"/events/{slug}/meetings/partners/{funder}/book?as={sides[number]}"
        status, leads_to = site.send(path, cookies[number], slot=when, attempt=attempt)
        return status, leads_to, time.monotonic() - began

    answers = at_once(partial(book, number, first, slot, f"forty-{number}") for number in range(40))
    same = at_once(partial(book, 0, second, other_slot, "twenty") for _ in range(20))

    assert Counter(status for status, *_ in answers) == {303: 1, 409: 39}
    assert Counter((status, leads_to) for status, leads_to, _ in same) == {(303, same[0][1]): 20}
    assert max(seconds for *_, seconds in [*answers, *same]) < 30
    assert meetings().keys() >= {(sides[0], second)}
    assert sum(map(len, meetings().values())) == 2
    assert audit() == []


def test_acknowledged_bookings_and_cancellations_survive_killed_web_servers(site, make, login_as):
    """C01, C02, C03"""
    place = market(make, make.organiser(), projects=SIDES, funders=SIDES, tables=SIDES, rule=BookingRule.AT_ONCE)
    slug, plans = place.event.slug, []
    for row, side in enumerate(place.projects):
        cookie = cookie_of(login_as(user_of(side)))
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
