"""Measure bookings and publication: the time of a booking at the server, bookings a second, 1,000 meetings published.

    python benchmarks/meetings.py [--bookings 300] [--postgresql URL]

Bookings are sent over HTTP, each to a slot in which both sides are free, in the sample programme: one after the other
on SQLite with one web worker (goal: a median under 60 ms), and over eight connections on PostgreSQL with two web
workers (goal: a hundred a second), in a database that is made on the server of the URL and dropped again. Then a final
schedule of 1,000 meetings with 2,000 letters is published on SQLite (goal: under 10 s). Ends with an error where a goal
is missed.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from load import ROOT, Connection, Server

SLUG = "marketplace-washington"
PASSWORD = "demo-password-1"
CLIENTS = 8
WARM = 80


class Booking(NamedTuple):
    """Who books what: an account, one of its sides, the other side, a slot."""

    email: str
    party: str
    other: str
    slot: str


def headers(cookies: str = "", network: int = 0) -> dict[str, str]:
    found = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Sec-Fetch-Site": "same-origin",
        "X-Forwarded-For": f"10.9.{network // 256}.{network % 256}",
    }
    return found | ({"Cookie": cookies} if cookies else {})


def prepare(url: str, folder: str) -> None:
    """Fill a database with the sample programme and do its background work, without the letters."""
    os.environ |= {
        "DATA_DIR": folder,
        "DATABASE_URL": url,
        "LOG_LEVEL": "WARNING",
        "TRUSTED_PROXIES": "1",
    }
    for command in (["db", "upgrade"], ["seed"], ["worker", "--once"]):
        subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", *command], cwd=ROOT, check=True, capture_output=True
        )


def open_booking(most: int) -> list[Booking]:
    """Let everybody book at once now, and return bookings that can all be made."""
    from sqlalchemy import select

    from marketplace import clock, create_app
    from marketplace.database import session
    from marketplace.models import BookingRule, Event, PartyRole, User
    from marketplace.services.meetings import availability, pairings, parties, setup, slots, tables

    with create_app().app_context():
        by = session().scalar(select(User).where(User.email == "organiser@cities.example"))
        event = session().scalar(select(Event).where(Event.slug == SLUG))
        now, zone = clock.now(), event.timezone
        rules = setup.Rules(
            pairings=setup.PAIRINGS[:3],
            limits=dict.fromkeys(PartyRole, (0, None)),
            booking_opens_at=now - timedelta(days=1),
            booking_closes_at=event.ends_at,
            revision=setup.of(event.id).revision,
        )
        setup.save(SLUG, rules, by)
        for one in slots.of_event(event.id):
            details = slots.details_of(one, zone)
            slots.save(SLUG, slots.Details(**{**vars(details), "booking": BookingRule.AT_ONCE}), by, one.uid)
        tables.add(SLUG, 14, by)
        here = parties.of_event(event.id)
        known, usable = availability.of(event.id, here), slots.all_slots(event.id)
        taken: set[tuple[int, int]] = set()
        held: dict[int, int] = defaultdict(int)
        found = []
        for pair in pairings.eligible(setup.of(event.id), here):
            # Accessible tables are few, and interpreters are: what is measured here are bookings that succeed.
            speak = set(pair.first.languages) & set(pair.second.languages)
            if not speak or pair.first.needs_accessible_table or pair.second.needs_accessible_table:
                continue
            people = [member.registration_id for side in (pair.first, pair.second) for member in side.members]
            for slot in usable:
                if held[slot.id] < 28 and known.can(pair.first, slot) and known.can(pair.second, slot):
                    if any((person, slot.id) in taken for person in people):
                        continue
                    taken |= {(person, slot.id) for person in people}
                    held[slot.id] += 1
                    email = pair.first.members[0].registration.user.email
                    found.append(Booking(email, pair.first.uid, pair.second.uid, slot.uid))
                    break
        # Neighbours in the list are of different cities, as people who book at the same time are.
        return sorted(found, key=lambda one: (hash_of(one), one))[:most]


def hash_of(one: Booking) -> str:
    from hashlib import sha256

    return sha256("".join(one).encode()).hexdigest()


def sign_in(port: int, emails: list[str]) -> dict[str, str]:
    found = {}
    for number, email in enumerate(emails):
        body = urlencode({"email": email, "password": PASSWORD})
        answer = Connection(port).send("POST", "/sign-in", body=body, headers=headers(network=number), status=303)
        found[email] = answer.cookies()
    return found


def send(connection: Connection, one: Booking, cookies: str) -> float:
    """Book; returns the milliseconds of the answer."""
    body = urlencode({"slot": one.slot, "attempt": hash_of(one)[:22]})
    path = f"/events/{SLUG}/meetings/partners/{one.other}/book?as={one.party}"
    began = time.perf_counter()
    connection.send("POST", path, body=body, headers=headers(cookies), status=303)
    return (time.perf_counter() - began) * 1000


def in_turn(folder: str, most: int) -> float:
    """Book one after the other on SQLite; returns the median in milliseconds."""
    prepare(f"sqlite:///{folder}/marketplace.db", folder)
    wanted = open_booking(most)
    server = Server("wsgi:app", dict(os.environ))
    try:
        cookies = sign_in(server.port, sorted({one.email for one in wanted}))
        connection = Connection(server.port)
        for one in wanted[:10]:
            send(connection, one, cookies[one.email])
        began, measured = server.cpu(), wanted[10:]
        times = [send(connection, one, cookies[one.email]) for one in measured]
        cpu = (server.cpu() - began) * 1000 / len(measured)
    finally:
        server.stop()
    middle, slow = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    print(f"booking on SQLite: median {middle:.1f} ms, slowest in twenty {slow:.1f} ms, CPU {cpu:.1f} ms", flush=True)
    return middle


@contextmanager
def scratch_database(server: str) -> Iterator[str]:
    """Make an empty database on a PostgreSQL server, by the URL of any database on it, and drop it afterwards."""
    import psycopg

    name = f"marketplace_bookings_{os.getpid()}"
    with psycopg.connect(server, autocommit=True, connect_timeout=5) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def all_at_once(port: int, wanted: list[Booking], cookies: dict[str, str]) -> list[str]:
    """Book over all connections together; returns what was refused."""
    waiting, failed = list(wanted), []

    def client() -> None:
        own = Connection(port)
        while waiting:
            try:
                one = waiting.pop()
            except IndexError:
                return
            try:
                send(own, one, cookies[one.email])
            except SystemExit as error:
                failed.append(str(error))

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed


def take_stock(url: str) -> None:
    """Let PostgreSQL look at what its tables hold, as it does by itself a minute after they were filled."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")


def at_once(folder: str, url: str, most: int) -> float:
    """Book over many connections on PostgreSQL with two workers; returns the bookings a second."""
    prepare(url, folder)
    wanted = open_booking(most)
    take_stock(url)
    server = Server("wsgi:app", dict(os.environ), workers=2)
    try:
        cookies = sign_in(server.port, sorted({one.email for one in wanted}))
        # Over as many connections as are measured: each worker and each connection to the database has its first time.
        warm, measured = wanted[:WARM], wanted[WARM:]
        failed = all_at_once(server.port, warm, cookies)
        used, began = server.cpu(), time.perf_counter()
        failed += all_at_once(server.port, measured, cookies)
        took = time.perf_counter() - began
        cpu = 1000 * (server.cpu() - used) / len(measured)
    finally:
        server.stop()
    rate = (len(measured) - len(failed)) / took
    print(
        f"bookings on PostgreSQL: {rate:.0f} a second ({len(measured)} in {took:.1f} s, "
        f"{len(failed)} refused, CPU {cpu:.1f} ms each)"
    )
    return rate if not failed else 0.0


def publication(folder: str) -> float:
    """Publish 1,000 meetings as final; returns the seconds."""
    prepare(f"sqlite:///{folder}/publication.db", folder)
    from sqlalchemy import func, select

    from marketplace import create_app
    from marketplace.database import session
    from marketplace.models import Letter, Meeting, User
    from marketplace.services.meetings.scheduling import publishing

    with create_app().app_context():
        uid = draft_of_thousand()
        by = session().scalar(select(User).where(User.email == "organiser@cities.example"))
        letters = session().scalar(select(func.count(Letter.id)))
        session().rollback()
        began = time.perf_counter()
        found = publishing.publish("thousand", uid, by)
        took = time.perf_counter() - began
        letters = session().scalar(select(func.count(Letter.id))) - letters
        made = session().scalar(select(func.count(Meeting.id)))
    print(f"publication: {len(found.new)} meetings ({made} stored), {letters} letters in {took:.1f} s", flush=True)
    return took


def draft_of_thousand() -> str:
    """Store an event of 100 participants, 20 slots and 50 tables with a draft of 1,000 meetings; returns its uid."""
    from sqlalchemy import select

    from marketplace import clock
    from marketplace.database import atomic, session
    from marketplace.models import (
        AttendeeCategory,
        EventKind,
        MeetingParty,
        PartyMember,
        PartyRole,
        Registration,
        RegistrationState,
        ScheduleKind,
        ScheduleState,
        User,
    )
    from marketplace.services import events, tickets
    from marketplace.services.meetings import setup, slots, tables
    from marketplace.services.meetings.scheduling import drafts, inputs

    by = session().scalar(select(User).where(User.email == "organiser@cities.example"))
    starts_at = (datetime.now(UTC) + timedelta(days=60)).replace(hour=8, minute=0, second=0, microsecond=0)
    details = events.Details(
        EventKind.MARKETPLACE, {"en": "Thousand meetings"}, "UTC", starts_at, starts_at + timedelta(hours=10)
    )
    events.create(details, by, "thousand")
    ticket = tickets.save("thousand", tickets.Details({"en": "Delegate"}), by)
    event = events.publish("thousand", by)
    setup.save("thousand", setup.Rules(pairings=("participant:participant",)), by, is_confirmed=True)
    day = starts_at.date()
    hours = (starts_at.time(), (starts_at + timedelta(hours=8, minutes=20)).time())
    slots.save("thousand", slots.Details({"en": "Day"}, day, *hours), by)
    tables.add("thousand", 50, by)
    with atomic() as current:
        sides = []
        for number in range(100):
            now, name = clock.now(), f"Person {number}"
            registration = Registration(
                event_id=event.id,
                ticket_type_id=ticket.id,
                state=RegistrationState.CONFIRMED,
                email=f"person{number}@example.org",
                email_key=f"person{number}@example.org",
                name=name,
                category=AttendeeCategory.CITY,
                locale=("en", "es", "pt")[number % 3],
                timezone="America/Bogota",
                created_at=now,
                changed_at=now,
                confirmed_at=now,
            )
            current.add(registration)
            current.flush()
            side = MeetingParty(event_id=event.id, role=PartyRole.PARTICIPANT, label=name, created_at=now)
            side.members = [PartyMember(registration_id=registration.id)]
            current.add(side)
            sides.append((side, registration))
        current.flush()
        places, usable = tables.of_event(event.id), slots.all_slots(event.id)
        run = drafts.new(
            event,
            ScheduleKind.SOLVE,
            by,
            created_at=clock.now(),
            state=ScheduleState.DRAFT,
            base_digest=inputs.digest(event.id),
        )
        run.meetings = [
            {
                "first": sides[number][0].uid,
                "second": sides[50 + (number + turn) % 50][0].uid,
                "round": 1,
                "slot": slot.uid,
                "table": places[number].uid,
                "interpreter": "",
                "people": [
                    [side.uid, registration.id]
                    for side, registration in (sides[number], sides[50 + (number + turn) % 50])
                ],
                "is_locked": False,
            }
            for turn, slot in enumerate(usable[:20])
            for number in range(50)
        ]
        return str(run.uid)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bookings", type=int, default=300)
    parser.add_argument("--postgresql", default="", help="a database on the server; without it that part is left out")
    parser.add_argument("--only", default="", choices=["", "sqlite", "postgresql", "publication"])
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        if options.only in {"", "sqlite"} and in_turn(folder, options.bookings) > 60:
            missed.append("a booking takes more than 60 ms")
        if options.only in {"", "publication"} and publication(folder) > 10:
            missed.append("publication takes more than 10 s")
        # Last: the settings of a process are read once, so this one starts with a fresh one.
        if options.postgresql and options.only == "":
            command = [sys.executable, __file__, "--only", "postgresql", "--postgresql", options.postgresql]
            if subprocess.run([*command, "--bookings", str(options.bookings)], check=False).returncode:
                missed.append("fewer than 100 bookings a second")
        elif options.only == "postgresql":
            with scratch_database(options.postgresql) as url:
                if at_once(folder, url, options.bookings) < 100:
                    missed.append("fewer than 100 bookings a second")
    if missed:
        sys.exit("; ".join(missed))


if __name__ == "__main__":
    main()
