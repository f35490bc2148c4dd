"""Measure how long saving a step of a pitch of 40 kB of text takes on SQLite, sent as pages that save themselves do.

    python benchmarks/pitches.py [--saves 200] [--limit 100]

The pitch has every text in every language at its full length. Measured are whole answers over HTTP and the CPU time of
the server: with a page that was just loaded, and with one that stayed open while 200 saves went by. Ends with an error
where a median is above the limit (milliseconds); the slowest in twenty tells how busy the machine was.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from urllib.parse import urlencode

from load import ROOT, Connection, Server

EMAIL, CITY = "city.manaus@cities.example", "manaus"
LETTERS = "Já há ação: água, pão, mãe, chão, irmã, maçã, órgão, céu, sótão, à noite é já São João, pé ante pé. "
MEASURED = ("project", "inclusion", "maturity")


def text(length: int, number: int = 0) -> str:
    return (f"{number} " + LETTERS * (length // len(LETTERS) + 1))[:length].rstrip()


def answers(step: str) -> list[tuple[str, str]]:
    """Return the boxes of a step with every text at its full length."""
    from marketplace.i18n import LANGUAGES
    from marketplace.services.sheets.fields import Kind
    from marketplace.services.sheets.pitch import PITCH

    boxes = []
    for field in PITCH.step(step).fields:
        if field.kind is Kind.TEXTS:
            boxes.append(("asked", field.name))
            boxes += [(f"{field.name}.{code}", text(field.longest)) for code in LANGUAGES]
        elif field.kind is Kind.LINE:
            boxes += [("asked", field.name), (field.name, text(field.longest))]
        elif field.kind is Kind.ROWS:
            boxes.append(("asked", field.name))
            for place in range(field.most):
                boxes += [(f"{field.name}.at", str(place)), (f"{field.name}.{place}.key", f"k{place}")]
                boxes += [
                    (f"{field.name}.{place}.{column.name}", text(column.longest))
                    for column in field.columns
                    if column.kind is Kind.LINE
                ]
    return boxes


def headers(cookies: str = "") -> dict[str, str]:
    found = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Sec-Fetch-Site": "same-origin",
        "Accept": "application/json",
    }
    return found | ({"Cookie": cookies} if cookies else {})


def build() -> str:
    """Begin the project; returns its slug."""
    from sqlalchemy import select

    from marketplace import create_app
    from marketplace.database import session
    from marketplace.models import User
    from marketplace.services.projects import drafts

    with create_app().app_context():
        by = session().scalar(select(User).where(User.email == EMAIL))
        return drafts.start(CITY, None, {"pt": "Parque linear do Mindu"}, by).slug


def size(slug: str) -> int:
    """Return the bytes of text the working text has now."""
    from sqlalchemy import select

    from marketplace import create_app
    from marketplace.database import session
    from marketplace.models import Project

    def count(value: object) -> int:
        if isinstance(value, dict):
            return sum(map(count, value.values()))
        if isinstance(value, list):
            return sum(map(count, value))
        return len(value.encode()) if isinstance(value, str) else 0

    with create_app().app_context():
        return count(session().scalar(select(Project.content).where(Project.slug == slug)))


class Page:
    """A page of one step that stays open and saves itself."""

    def __init__(self, connection: Connection, slug: str, step: str, cookies: str, revision: int) -> None:
        self.connection, self.cookies, self.path = connection, cookies, f"/my/projects/{slug}/steps/{step}"
        self.boxes, self.revision, self.name, self.saves = answers(step), revision, f"{step}{revision}", 0

    def changed(self, number: int) -> list[tuple[str, str]]:
        """Return the boxes with another text in one of the long ones."""
        path, words = next((path, words) for path, words in self.boxes if len(words) > 100)
        return [(one, text(len(words), number) if one == path else held) for one, held in self.boxes]

    def save(self) -> float:
        """Change one text and save; returns the milliseconds of the answer."""
        import json

        self.saves += 1
        body = urlencode(
            [*self.changed(self.saves), ("revision", self.revision), ("form", self.name), ("action", "autosave")]
        )
        began = time.perf_counter()
        answer = self.connection.send("POST", self.path, body=body, headers=headers(self.cookies))
        took = (time.perf_counter() - began) * 1000
        told = json.loads(answer.body)
        if told["errors"] or told["standing"]:
            sys.exit(f"not saved: {told}")
        self.revision = told["revision"]
        return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--saves", type=int, default=200)
    parser.add_argument("--limit", type=float, default=100.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DATA_DIR": folder,
            "DATABASE_URL": f"sqlite:///{folder}/marketplace.db",
            "LOG_LEVEL": "WARNING",
            "TRUSTED_PROXIES": "1",
        }
        for command in (["db", "upgrade"], ["seed"]):
            subprocess.run(
                [sys.executable, "-m", "flask", "--app", "wsgi", *command], cwd=ROOT, check=True, capture_output=True
            )
        sys.path.insert(0, str(ROOT))
        slug = build()
        server = Server("wsgi:app", dict(os.environ))
        try:
            worst = report(server, slug, options.saves)
        finally:
            server.stop()
    if worst > options.limit:
        sys.exit(f"{worst:.0f} ms is more than {options.limit:.0f} ms")


def report(server: Server, slug: str, saves: int) -> float:
    connection = Connection(server.port)
    body = urlencode({"email": EMAIL, "password": "demo-password-1"})
    cookies = connection.send("POST", "/sign-in", body=body, headers=headers(), status=303).cookies()
    revision = 0
    for step in (*MEASURED, "finance", "gate"):
        page = Page(connection, slug, step, cookies, revision)
        page.save()
        revision = page.revision
    print(f"A pitch of {size(slug) / 1000:.1f} kB of text, {saves} saves of each step")
    print("| step | page | median ms | slowest in twenty, ms | CPU ms |")
    print("|---|---|---|---|---|")
    worst = 0.0
    for step in MEASURED:
        waiting = Page(connection, slug, step, cookies, revision)
        page = Page(connection, slug, step, cookies, revision)
        page.name += "-fresh"
        worst = max(worst, measure(server, step, "just loaded", page, saves))
        revision = page.revision
        # Another page changed a text meanwhile: what this one knew is rebuilt from all those saves.
        waiting.boxes = waiting.changed(1)
        worst = max(worst, measure_old(server, step, waiting, saves // 10))
    return worst


def measure(server: Server, step: str, words: str, page: Page, saves: int) -> float:
    began = server.cpu()
    times = [page.save() for _ in range(saves)]
    return say(step, words, times, (server.cpu() - began) * 1000 / saves)


def measure_old(server: Server, step: str, page: Page, saves: int) -> float:
    """Send an old page without a change: nothing is stored, everything is compared."""
    began, times = server.cpu(), []
    body = urlencode([*page.boxes, ("revision", page.revision), ("form", "old"), ("action", "autosave")])
    for _ in range(saves):
        start = time.perf_counter()
        page.connection.send("POST", page.path, body=body, headers=headers(page.cookies))
        times.append((time.perf_counter() - start) * 1000)
    return say(step, "open for long", times, (server.cpu() - began) * 1000 / saves)


def say(step: str, words: str, times: list[float], cpu: float) -> float:
    middle, slow = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    print(f"| {step} | {words} | {middle:.1f} | {slow:.1f} | {cpu:.1f} |", flush=True)
    return middle


if __name__ == "__main__":
    main()
