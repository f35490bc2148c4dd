"""Measure the pages of an event with 60 sessions, its feeds and registrations against bare views of the same kind.

    python benchmarks/events.py [--seconds 0.5] [--rounds 20] [--only WORDS]

Everything is measured in turn in one run, in many short turns, by rate and by the CPU time of the server.
"""

import argparse
import itertools
import os
import re
import secrets
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from load import ROOT, Connection, Server, Visit, compare

SLUG = "measured"
numbers = itertools.count(1)


def get(path: str, headers: dict[str, str] | None = None, status: int = 200) -> Visit:
    return lambda connection: connection.send("GET", path, headers=headers, status=status)


def post_headers(network: int = 0) -> dict[str, str]:
    """A browser's headers, from one of many networks behind the proxy: registrations of each are limited."""
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "Sec-Fetch-Site": "same-origin",
        "X-Forwarded-For": f"10.{network // 65536 % 256}.{network // 256 % 256}.{network % 256}",
    }


def insert(connection: Connection) -> None:
    body = urlencode({"name": "Ana", "email": f"ana{next(numbers)}@example.org"})
    connection.send("POST", "/insert", body=body, headers=post_headers(), status=303)


def registration(ticket: str, *, with_pages: bool) -> Visit:
    """Somebody new sends the form; with the pages before and after it, three requests."""

    def visit(connection: Connection) -> None:
        number = next(numbers)
        page = f'name="attempt" value="{secrets.token_urlsafe(16)}"'
        if with_pages:
            page = connection.send("GET", f"/events/{SLUG}/register").body.decode()
        fields = {
            "ticket": ticket,
            "name": f"Ana Núñez {number}",
            "email": f"ana{number}@example.org",
            "category": "city",
            "attempt": re.search(r'name="attempt"[^>]* value="([^"]+)"', page).group(1),
        }
        answer = connection.send(
            "POST", f"/events/{SLUG}/register", body=urlencode(fields), headers=post_headers(number), status=303
        )
        if with_pages:
            connection.send("GET", answer.header("Location"), headers={"Cookie": answer.cookies()})

    return visit


def build() -> tuple[str, str]:
    """Make the event, somebody with every session in their programme; returns the ticket and the path of their feed."""
    from sqlalchemy import select

    from marketplace import create_app
    from marketplace.database import session
    from marketplace.models import EventKind, SessionKind, SpeakerRole, User
    from marketplace.services import attendees, events, invites, programme, registration, sign_ups, tickets
    from marketplace.services.registration import Application, AttendeeCategory

    with create_app().app_context():
        by = session().scalar(select(User).where(User.email == "organiser@cities.example"))
        starts_at = (datetime.now(UTC) + timedelta(days=60)).replace(hour=13, minute=0, second=0, microsecond=0)
        details = events.Details(
            EventKind.MARKETPLACE,
            {"en": "Marketplace"},
            "America/New_York",
            starts_at,
            starts_at + timedelta(days=2),
            places={"en": "Washington, D.C."},
        )
        events.create(details, by, SLUG)
        rooms = [programme.save_room(SLUG, programme.RoomDetails({"en": f"Room {n}"}), by) for n in range(3)]
        tracks = [programme.save_track(SLUG, programme.TrackDetails({"en": f"Track {n}"}), by) for n in range(3)]
        speakers = [programme.save_speaker(SLUG, programme.SpeakerDetails(f"Speaker {n}"), by) for n in range(30)]
        for number in range(60):
            at = starts_at + timedelta(days=number // 30, minutes=45 * (number % 30 // 3))
            programme.add_session(
                SLUG,
                programme.SessionDetails(
                    SessionKind.PANEL,
                    {"en": f"Session {number}: rivers and people"},
                    at,
                    at + timedelta(minutes=40),
                    descriptions={"en": "What three cities learned about rivers, and what they would do again."},
                    room=rooms[number % 3].uid,
                    track=tracks[number % 3].uid,
                    speakers=(
                        (speakers[number % 30].uid, SpeakerRole.SPEAKER),
                        (speakers[(number + 7) % 30].uid, SpeakerRole.MODERATOR),
                    ),
                    languages=("en",),
                    interpretation=("es", "pt"),
                ),
                by,
            )
        ticket = tickets.save(SLUG, tickets.Details({"en": "Delegate"}), by)
        event = events.publish(SLUG, by)
        attendee = session().scalar(select(User).where(User.email == "attendee@cities.example"))
        application = Application(attendee.name, attendee.email, AttendeeCategory.CITY, ticket.uid)
        registration.register(SLUG, application, attendee)
        for entry in programme.sessions(event):
            sign_ups.sign_up(attendees.mine(event, attendee), entry.uid, attendee, tell=False)
        only = registration.register(SLUG, Application("Feed", "feed@example.org", AttendeeCategory.CITY, ticket.uid))
        for entry in programme.sessions(event):
            sign_ups.sign_up(only, entry.uid, None, tell=False)
        url = invites.personal_feed_url(invites.feed_of(only))
        return ticket.uid, "/calendar/" + url.rpartition("/")[2]


def sign_in(port: int) -> str:
    """The cookies of the sample's attendee."""
    body = urlencode({"email": "attendee@cities.example", "password": "demo-password-1"})
    answer = Connection(port).send("POST", "/sign-in", body=body, headers=post_headers(), status=303)
    cookies = answer.cookies()
    assert "/sign-out" in Connection(port).send("GET", "/", headers={"Cookie": cookies}).body.decode()
    return cookies


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="measure what has these words in its name")
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--rounds", type=int, default=20)
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
        ticket, feed = build()
        ours, bare = Server("wsgi:app", dict(os.environ)), Server("benchmarks.bare:app", dict(os.environ))
        try:
            report(options, ours, bare, ticket, feed)
        finally:
            ours.stop()
            bare.stop()


def report(options: argparse.Namespace, ours: Server, bare: Server, ticket: str, feed: str) -> None:
    page, public = f"/events/{SLUG}/programme", f"/events/{SLUG}/calendar.en.ics"
    known = {"If-None-Match": Connection(ours.port).send("GET", feed).header("ETag")}
    own = {"Cookie": sign_in(ours.port)}
    # What is measured, by what it is compared with, and the least ratio it must reach.
    compared: list[tuple[str, Visit, str, Visit, float]] = [
        ("programme, anonymous", get(page), "hello", get("/hello"), 1 / 3),
        ("public feed", get(public), "hello", get("/hello"), 1 / 3),
        ("programme, signed in", get(page, own), "60 rows", get("/rows"), 1 / 2),
        ("personal feed of 60", get(feed), "bare iCalendar", get("/calendar.ics"), 1 / 2),
        ("personal feed, 304", get(feed, known, 304), "bare iCalendar", get("/calendar.ics"), 1 / 2),
        ("registration sent", registration(ticket, with_pages=False), "bare insert", insert, 1 / 10),
        ("registration with its pages", registration(ticket, with_pages=True), "bare insert", insert, 1 / 10),
    ]
    print("| what | per second | compared with | per second | ratio (quartiles) | least | CPU ms | bare | ratio |")
    print("|---|---|---|---|---|---|---|---|---|")
    for what, visit, other, bare_visit, least in (row for row in compared if options.only in row[0]):
        found = compare((ours, visit), (bare, bare_visit), seconds=options.seconds, rounds=options.rounds)
        low, middle, high = found.rates()
        print(
            f"| {what} | {found.median(0, 'rate'):.0f} | {other} | {found.median(1, 'rate'):.0f} "
            f"| **{middle:.2f}** ({low:.2f} to {high:.2f}) | {least:.2f} "
            f"| {found.median(0, 'milliseconds'):.2f} | {found.median(1, 'milliseconds'):.2f} | {found.cpu():.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
