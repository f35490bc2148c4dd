"""A04: who organises one event finds that event at the desk and nothing of another; other roles find none."""

from dataclasses import replace
from datetime import time

import pytest
from sqlalchemy import select

from marketplace import config
from marketplace.database import session
from marketplace.models import (
    AnswerFile,
    AuditEntry,
    Event,
    Job,
    Letter,
    PartyRole,
    QuestionKind,
    Registration,
    Role,
    Schedule,
    ScheduleKind,
    ScheduleState,
)
from marketplace.services import answer_files, programme, questions
from marketplace.services.meetings import interpreters, setup, slots, tables
from tests.meetings import party

FOR_THE_PLATFORM = {"organiser.events_new", "organiser.events_copy"}
OF_A_PLAN = {"organiser.events_schedule_file", "organiser.events_schedule_move"}
"""What only a draft with meetings has; tests of the scheduling room open it."""


@pytest.fixture
def event(make, clock):
    return make.event(slug="dialogue", capacity=50)


@pytest.fixture
def addresses(app, make, event, tmp_path):
    """Method, endpoint and address of every route of the event, with objects that exist."""
    config.use(replace(config.current(), upload_dir=tmp_path))
    boss = make.organiser()
    ticket, pool = make.ticket(event), make.pool(event, capacity=5)
    hall = programme.save_room(event.slug, programme.RoomDetails({"en": "Hall"}), boss)
    entry = make.session(event)
    question = questions.save(event.slug, questions.Details(QuestionKind.FILE, {"en": "Photo"}), boss)
    guest = make.registration(event, ticket)
    answer_files.keep(guest.uid, {question.uid: answer_files.Upload("a.txt", "text/plain", b"words")}, boss)
    meetings = meetings_of(make, event, ticket, boss)
    uids = {
        "session": entry.uid,
        "part": hall.uid,
        "ticket": ticket.uid,
        "pool": pool.uid,
        "question": question.uid,
        "registration": guest.uid,
        "schedule": draft_of(make, event).uid,
    }
    fixed = {
        "slug": event.slug,
        "kind": "rooms",
        "language": "es",
        "file": session().scalar(select(AnswerFile.uid)),
        "part": "problem",
        **meetings,
    }
    adapter = app.url_map.bind("localhost")
    found = []
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith("organiser.events"):
            continue
        values = {**fixed, "uid": uids.get(rule.endpoint.partition("_")[2].partition("_")[0], "")}
        if "letter" in rule.endpoint:
            values["kind"] = "confirmed"
        if "exchange" in rule.endpoint:
            values |= {"kind": "wishes", "ending": "csv"}
        wanted = {name: values[name] for name in rule.arguments}
        for method in rule.methods & {"GET", "POST"}:
            found.append((method, rule.endpoint, adapter.build(rule.endpoint, wanted, method=method)))
    assert len(found) > 70
    return sorted(found)


def meetings_of(make, event, ticket, boss):
    """What can be met with at the event, by the names addresses call it."""
    setup.save(event.slug, setup.Rules(), boss, is_confirmed=True)
    half_day = slots.save(event.slug, slots.Details({"en": "Morning"}, event.starts_on, time(10), time(12)), boss)
    table = tables.add(event.slug, 1, boss)[0]
    details = interpreters.Details("Ana", ("en", "pt"))
    interpreter = interpreters.save(event.slug, details, boss)
    side = party(make, event, ticket, PartyRole.FUNDER, make.organisation())
    return {"session": half_day.uid, "table": table.uid, "interpreter": interpreter.uid, "party": side.uid}


def draft_of(make, event):
    """A draft of a schedule in which nobody meets."""
    nothing = {"document": {}, "projects": [], "counterparties": [], "slots": []}
    values = {
        "state": ScheduleState.DRAFT,
        "problem": nothing,
        "answer": {},
        "meetings": [],
        "created_at": event.created_at,
    }
    return make.store(Schedule(event_id=event.id, number=1, kind=ScheduleKind.SOLVE, **values))


def statuses(browser, addresses):
    return {
        (method, endpoint): browser.open(address, method=method).status_code for method, endpoint, address in addresses
    }


def organiser_of(make, event):
    person = make.user(totp_nonce="nonce", totp_confirmed_at=event.created_at)
    make.role(person, Role.ORGANISER, event)
    session().refresh(person)
    return person


def test_visitors_are_sent_to_sign_in(client, addresses):
    assert set(statuses(client, addresses).values()) == {303}


@pytest.mark.parametrize("role", [None, Role.REVIEWER, Role.CHECK_IN, Role.FINANCE, Role.INTERPRETER])
def test_other_roles_are_refused_even_for_this_event(role, make, login_as, addresses, event):
    person = make.user(totp_nonce="nonce", totp_confirmed_at=event.created_at)
    if role:
        make.role(person, role, event)

    assert set(statuses(login_as(person), addresses).values()) == {403}


def test_organisers_of_another_event_find_nothing_and_change_nothing(make, login_as, addresses, event):
    browser = login_as(organiser_of(make, make.event()))
    before = session().scalars(select(AuditEntry.id)).all()
    revision = event.revision

    found = statuses(browser, addresses)

    assert found.pop(("GET", "organiser.events")) == 200
    assert {found.pop((method, name)) for name in FOR_THE_PLATFORM for method in ("GET", "POST")} == {403}
    assert set(found.values()) == {404}
    session().rollback()
    assert session().scalars(select(AuditEntry.id)).all() == before
    assert session().scalar(select(Event.revision).where(Event.slug == "dialogue")) == revision


def test_organisers_of_the_event_open_all_of_it(make, login_as, addresses, event):
    reading = [entry for entry in addresses if entry[0] == "GET" and entry[1] not in FOR_THE_PLATFORM | OF_A_PLAN]

    found = statuses(login_as(organiser_of(make, event)), reading)

    assert {entry: status for entry, status in found.items() if status != 200} == {}


def test_list_shows_exactly_ones_own_events(make, login_as, event):
    make.event(titles={"en": "Somebody else's"})

    page = login_as(organiser_of(make, event)).get("/desk/events").get_data(as_text=True)

    assert (event.titles["en"] in page, "Somebody else" in page, "New event" in page) == (True, False, False)


def test_parts_of_another_event_are_not_found_under_ones_own(app, make, login_as, addresses, event):
    """An address that joins an event one organises with an object of another one."""
    mine = make.event(slug="mine")
    rules = {rule.endpoint: rule.rule for rule in app.url_map.iter_rules()}
    browser = login_as(organiser_of(make, mine))
    about_parts = [
        (method, endpoint, address.replace("/events/dialogue/", "/events/mine/"))
        for method, endpoint, address in addresses
        if any(
            f"organiser.events_{name}_" in endpoint
            for name in ("session", "part", "ticket", "pool", "question", "schedule")
        )
        or endpoint.startswith("organiser.events_registration_")
        or endpoint == "organiser.events_registration"
        or any(f"{name}>" in rules[endpoint] for name in ("<session", "<table", "<interpreter", "<party"))
    ]
    about_parts = [entry for entry in about_parts if not entry[1].endswith(("_new", "_start"))]

    found = statuses(browser, about_parts)

    assert len(found) > 25
    assert set(found.values()) == {404}
    session().rollback()
    assert set(session().scalars(select(Registration.state))) == {"confirmed"}


def test_requests_from_other_sites_change_nothing(make, login_as, addresses):
    browser = login_as(make.administrator())

    found = {
        browser.open(address, method=method, headers={"Sec-Fetch-Site": "cross-site"}).status_code
        for method, _, address in addresses
        if method == "POST"
    }

    assert found == {400}


def test_looking_changes_nothing(make, login_as, addresses):
    browser = login_as(make.administrator())
    before = [session().scalars(select(kind.id)).all() for kind in (AuditEntry, Letter, Job)]

    for method, _, address in addresses:
        if method == "GET":
            browser.get(address)

    session().rollback()
    assert [session().scalars(select(kind.id)).all() for kind in (AuditEntry, Letter, Job)] == before
