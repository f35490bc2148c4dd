import io
from datetime import date, timedelta

import pytest
from openpyxl import load_workbook

from marketplace.database import session
from marketplace.errors import NotFound
from marketplace.gateways import tables
from marketplace.models import AttendeeCategory, QuestionKind, RegistrationState
from marketplace.services import attendance_numbers, attendees, exports, questions, registration, sign_ups
from marketplace.services.questions import Details
from tests.services.test_registration import application, fill

EVIL = '=HYPERLINK("http://evil.example","x")'


def test_rows_have_answers_and_sessions_and_no_private_needs(app, make, clock):
    """W02: what people call themselves is never a formula."""
    event, by = make.event(), make.organiser()
    shirt = questions.save(event.slug, Details(QuestionKind.TEXT, {"en": "Shirt"}), by)
    entry = make.session(event, titles={"en": "Water"})
    mine = registration.register(
        event.slug,
        application(make.ticket(event), name=EVIL, answers={shirt.uid: "L"}, dietary="Vegan", photo_consent=True),
    )
    sign_ups.sign_up(mine, entry.uid, None)

    header, rows = exports.registrations(event.slug, attendees.Filter(), by)

    (row,) = [dict(zip(header, row, strict=True)) for row in rows]
    assert row["Name"] == EVIL
    assert (row["Shirt"], row["Sessions"], row["Photographs"], row["Directory"]) == ("L", "Water", "Yes", "No")
    assert row["Registered (New York)"] == "2026-03-02 07:00"
    assert "Vegan" not in str(rows)
    assert f"\"'{EVIL[:5]}" in tables.to_csv(header, rows).decode("utf-8-sig")
    sheet = load_workbook(io.BytesIO(tables.to_xlsx(header, rows, sheet="a/b[c]: registrations of everybody"))).active
    cell = sheet.cell(row=2, column=header.index("Name") + 1)
    assert (cell.value, cell.data_type, cell.hyperlink) == (EVIL, "s", None)


def test_export_is_for_the_events_organisers(app, make, clock):
    """A02"""
    event = make.event()

    with pytest.raises(NotFound):
        exports.registrations(event.slug, attendees.Filter(), make.user())
    with pytest.raises(NotFound):
        attendance_numbers.of_event(event.slug, make.user())


def test_export_sends_as_many_statements_for_three_as_for_one(app, make, clock, count_queries):
    event, by = make.event(), make.organiser()
    ticket = make.ticket(event)
    numbers = []
    for number in (1, 2):
        fill(event, ticket, number, first=number * 10)
        with count_queries() as statements:
            exports.registrations(event.slug, attendees.Filter(), by)
        numbers.append(len(statements))

    assert numbers[0] == numbers[1]


def test_numbers_count_states_groups_and_days(app, make, clock):
    event, by = make.event(capacity=2), make.organiser()
    ticket = make.ticket(event)
    fill(event, ticket, 1)
    clock.shift(timedelta(days=2))
    registration.register(event.slug, application(ticket, "press@example.org", category=AttendeeCategory.PRESS))
    fill(event, ticket, 1, first=7)

    numbers = attendance_numbers.of_event(event.slug, by)

    assert numbers.states == {RegistrationState.CONFIRMED: 2, RegistrationState.WAITING: 1}
    assert numbers.categories == {AttendeeCategory.CITY: 1, AttendeeCategory.PRESS: 1}
    assert numbers.tickets == {ticket.uid: 2}
    assert [(day.day, day.made, day.total) for day in numbers.days] == [
        (date(2026, 3, 2), 1, 1),
        (date(2026, 3, 3), 0, 1),
        (date(2026, 3, 4), 2, 3),
    ]
    assert (numbers.capacity, numbers.places_left) == (2, 0)


def test_listing_filters_and_searches(app, make, clock):
    event, by = make.event(capacity=2), make.organiser()
    ticket, other = make.ticket(event), make.ticket(event)
    fill(event, ticket, 2)
    registration.register(
        event.slug, application(other, "press@example.org", name="Íñigo", category=AttendeeCategory.PRESS, locale="es")
    )

    def found(**values):
        rows = session().scalars(attendees.listing(event.slug, attendees.Filter(**values), by))
        return [one.email.partition("@")[0] for one in rows]

    assert found() == ["press", "p2", "p1"]
    assert found(query="inigo") == ["press"]
    assert found(states=(RegistrationState.CONFIRMED,)) == ["p2", "p1"]
    assert found(category=AttendeeCategory.PRESS) == found(ticket=other.uid) == found(locale="es") == ["press"]
