"""C01, C02: web servers and the whole installation are killed while people register; what was acknowledged is there."""

import os
import signal
import sqlite3
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from tests.journeys.test_launcher import Installation, descendants

PEOPLE = 40


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def register(installation: Installation, number: int) -> bool:
    """Send the registration form as a browser does; True where it was acknowledged."""
    form = {
        "name": f"Person {number}",
        "email": f"p{number}@example.org",
        "locale": "en",
        "timezone": "UTC",
        "terms": "y",
    }
    request = urllib.request.Request(
        f"http://127.0.0.1:{installation.port}/register",
        data=urllib.parse.urlencode(form).encode(),
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    try:
        urllib.request.build_opener(NoRedirect).open(request, timeout=10)
    except urllib.error.HTTPError as answer:
        return answer.code == 303
    except OSError:
        return False
    return False


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the children of a process are read from Linux' /proc")
def test_acknowledged_registrations_survive_kill_minus_nine(tmp_path):
    installation = Installation(tmp_path)
    installation.start()
    installation.wait_until_ready(90)
    acknowledged: dict[int, bool] = {}

    def visit(numbers: range) -> None:
        for number in numbers:
            acknowledged[number] = register(installation, number)

    visitors = [threading.Thread(target=visit, args=(range(start, PEOPLE, 4),)) for start in range(4)]
    for visitor in visitors:
        visitor.start()
    for _ in range(3):
        time.sleep(0.15)
        web = [pid for pid in descendants(installation.process.pid) if is_web_worker(pid)]
        if web:
            os.kill(web[0], signal.SIGKILL)
    for visitor in visitors:
        visitor.join()
    everything = descendants(installation.process.pid) | {installation.process.pid}
    for pid in everything:
        os.kill(pid, signal.SIGKILL)
    installation.process.communicate()
    with sqlite3.connect(tmp_path / "marketplace.db") as database:
        # A minute passes: the leases of the killed worker are over.
        database.execute("UPDATE job SET lease_until = NULL WHERE state = 'waiting'")
    installation.start()
    installation.wait_until_ready(60)
    accounts = wait_for_accounts(tmp_path / "marketplace.db", sum(acknowledged.values()))
    installation.stop(signal.SIGTERM)

    kept = {f"p{number}@example.org" for number, was in acknowledged.items() if was}
    assert len(kept) >= PEOPLE / 2
    assert kept <= set(accounts)
    assert len(accounts) == len(set(accounts))
    assert integrity(tmp_path / "marketplace.db") == ("ok", [])


def is_web_worker(pid: int) -> bool:
    """Tell whether a process is a child of gunicorn's master, which starts another in its place."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        parent = Path(f"/proc/{status[1]}/cmdline").read_text()
        return "gunicorn" in parent and "gunicorn" in Path(f"/proc/{pid}/cmdline").read_text()
    except FileNotFoundError:
        return False


def wait_for_accounts(path: Path, wanted: int) -> list[str]:
    """Return the addresses of the registered people, once the worker has caught up."""
    for _ in range(150):
        with sqlite3.connect(path) as database:
            found = [row[0] for row in database.execute("SELECT email FROM app_user WHERE email LIKE 'p%@example.org'")]
        if len(found) >= wanted:
            return found
        time.sleep(0.2)
    return found


def integrity(path: Path) -> tuple[str, list[object]]:
    """C08: what SQLite itself says of its file."""
    with sqlite3.connect(path) as database:
        check = database.execute("PRAGMA integrity_check").fetchone()[0]
        return check, database.execute("PRAGMA foreign_key_check").fetchall()
