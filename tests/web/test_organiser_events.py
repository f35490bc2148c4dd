"""Events at the desk: entered, edited, published, moved, copied, cancelled and put away."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from marketplace.database import session
from marketplace.models import Event, EventMode, EventState, ProgrammeSession, RegistrationState
from marketplace.services import events


def text(answer) -> str:
    return answer.get_data(as_text=True)


def stored(slug: str) -> Event:
    session().rollback()
    return session().scalar(select(Event).where(Event.slug == slug))


def form(**answers):
    return {
        "kind": "workshop",
        "level": "regional",
        "mode": "in_person",
        "timezone": "America/Sao_Paulo",
        "titles_en": "Rivers and finance",
        "titles_es": "Ríos y finanzas",
        "starts_at": "2026-09-10T09:30",
        "ends_at": "2026-09-10T17:00",
        "needs_kept_days": "14",
        "has_waiting_list": "y",
        **answers,
    }


@pytest.fixture
def browser(make, login_as, clock):
    return login_as(make.organiser(timezone="America/Bogota"))


def test_event_is_entered_with_texts_per_language_and_times_of_its_place(browser, make):
    make.organisation(slug="iclei", name="ICLEI USA")

    answer = browser.post(
        "/desk/events/new",
        data=form(**{"organisations-0": "iclei", "organisations-1": "", "capacity": "40", "venue": "Casa das Águas"}),
    )

    event = stored("rivers-and-finance-2026")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/desk/events/rivers-and-finance-2026")
    assert (event.state, event.titles, event.capacity, event.venue, event.needs_kept_days) == (
        EventState.DRAFT,
        {"en": "Rivers and finance", "es": "Ríos y finanzas"},
        40,
        "Casa das Águas",
        14,
    )
    assert (event.starts_at, event.ends_at) == (
        datetime(2026, 9, 10, 12, 30, tzinfo=UTC),
        datetime(2026, 9, 10, 20, tzinfo=UTC),
    )
    assert [tie.organisation.slug for tie in event.organisers] == ["iclei"]


def test_empty_form_has_the_readers_zone_and_the_usual_answers(browser):
    page = text(browser.get("/desk/events/new"))

    assert '<option selected value="America/Bogota">' in page
    assert 'value="30"' in page


@pytest.mark.parametrize(
    ("answers", "field", "words"),
    [
        ({"titles_en": "", "titles_es": ""}, "titles_en", "at least one language"),
        ({"ends_at": "2026-09-10T09:30"}, "ends_at", "The end must be after the beginning."),
        ({"ends_at": "2027-09-10T09:30"}, "ends_at", "Is the date right?"),
        ({"starts_at": "soon"}, "starts_at", "Please give date and time"),
        ({"starts_at": ""}, "starts_at", "Please fill this in."),
        ({"starts_at": "0001-01-01T00:00"}, "starts_at", "Please check the year."),
        ({"ends_at": "9999-12-31T23:59"}, "ends_at", "Please check the year."),
        (
            {"timezone": "America/New_York", "starts_at": "2026-03-08T02:30", "ends_at": "2026-03-08T17:00"},
            "starts_at",
            "Clocks are set forward that day and skip this time.",
        ),
        ({"timezone": "Mars/Olympus"}, "timezone", "Please choose one of the answers in the list."),
        ({"kind": "party"}, "kind", "Please choose one of the answers in the list."),
        ({"capacity": "-1"}, "capacity", "Please enter a number of places"),
        ({"capacity": "many"}, "capacity", "Please write a whole number."),
        ({"online_link": "javascript:alert(1)"}, "online_link", "begins with https://"),
        ({"organisations-0": "nobody"}, "organisations-0", "Please choose one of the answers in the list."),
        ({"titles_pt": "x" * 201}, "titles_pt", "at most 200 characters"),
        (
            {"registration_opens_at": "2026-09-02T09:00", "registration_closes_at": "2026-09-01T09:00"},
            "registration_closes_at",
            "cannot close before it opens",
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_what_cannot_be_taken_comes_back_filled_with_the_error_at_its_field(browser, answers, field, words):
    answer = browser.post("/desk/events/new", data=form(themes_es="Agua y ciudad", **answers))

    page = text(answer)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in page
    assert words in page
    assert "Agua y ciudad" in page
    assert session().scalars(select(Event)).all() == []


def test_edit_keeps_what_the_form_shows_and_changes_what_was_changed(browser, make):
    make.event(slug="dialogue", titles={"en": "Dialogue"}, themes={"en": "Water"}, capacity=20)
    before = events.details_of(stored("dialogue"))
    shown = text(browser.get("/desk/events/dialogue/edit"))

    answer = browser.post(
        "/desk/events/dialogue/edit",
        data={
            "kind": "convening",
            "level": "hemispheric",
            "mode": "in_person",
            "timezone": "America/New_York",
            "titles_en": "Dialogue",
            "themes_en": "Water",
            "themes_pt": "Água",
            "starts_at": "2026-06-01T09:00",
            "ends_at": "2026-06-02T18:00",
            "capacity": "20",
            "needs_kept_days": "30",
            "has_waiting_list": "y",
        },
    )

    after = events.details_of(stored("dialogue"))
    assert 'value="2026-06-01T09:00"' in shown
    assert "translation missing" in shown
    assert answer.status_code == 303
    assert after == type(before)(**{**before.__dict__, "themes": {"en": "Water", "pt": "Água"}})


@pytest.mark.parametrize("moment", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_year_that_cannot_be_leaves_the_form_filled(browser, make, moment):
    event = make.event(slug="dialogue")
    entry = make.session(event)

    answers = [
        browser.post(address, data=form(descriptions_pt="Muito a dizer", starts_at=moment))
        for address in ("/desk/events/dialogue/edit", f"/desk/events/dialogue/programme/{entry.uid}")
    ]

    for answer in answers:
        assert answer.status_code == 422
        assert "Please check the year." in text(answer)
        assert "Muito a dizer" in text(answer)


def test_hour_that_comes_twice_is_not_changed_by_saving_the_form(browser, make):
    """In New York the hour from 1:00 comes twice on 1 November 2026; the event closes in the second."""
    closes = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    make.event(slug="dialogue", titles={"en": "Dialogue"}, registration_closes_at=closes)

    browser.post(
        "/desk/events/dialogue/edit",
        data=form(
            timezone="America/New_York",
            starts_at="2026-06-01T09:00",
            ends_at="2026-06-02T18:00",
            registration_closes_at="2026-11-01T01:30",
        ),
    )

    assert stored("dialogue").registration_closes_at == closes


@pytest.mark.parametrize(("tell", "kinds"), [({"tell": "y"}, {"registration.event_changed"}), ({}, set())])
def test_participants_hear_of_a_new_place_if_the_organiser_wants(browser, make, deliver, tell, kinds):
    event = make.event(slug="dialogue", mode=EventMode.IN_PERSON)
    make.registration(event, make.ticket(event))

    browser.post(
        "/desk/events/dialogue/edit",
        data=form(timezone="America/New_York", starts_at="2026-06-01T09:00", ends_at="2026-06-02T18:00", **tell),
    )
    browser.post(
        "/desk/events/dialogue/edit",
        data=form(
            timezone="America/New_York",
            starts_at="2026-06-01T09:00",
            ends_at="2026-06-02T18:00",
            venue="Another hall",
            **tell,
        ),
    )

    assert {letter.kind for letter in deliver()} == kinds


def test_draft_is_published_and_withdrawn_while_nobody_registered(browser, make, client):
    event = make.event(slug="dialogue", state=EventState.DRAFT)

    published = browser.post("/desk/events/dialogue/publish")
    public = client.get("/events/dialogue").status_code
    asked = text(browser.get("/desk/events/dialogue/withdraw"))
    withdrawn = browser.post("/desk/events/dialogue/withdraw")
    hidden = client.get("/events/dialogue").status_code
    browser.post("/desk/events/dialogue/publish")
    event = stored("dialogue")
    make.registration(event, make.ticket(event))
    refused = browser.post("/desk/events/dialogue/withdraw")

    assert (published.status_code, public, withdrawn.status_code, hidden) == (303, 200, 303, 404)
    assert "a draft again?" in asked
    assert refused.status_code == 409
    assert "You can cancel the event instead." in text(refused)


def test_cancelling_tells_why_in_every_language(browser, make, deliver):
    event = make.event(slug="dialogue")
    make.registration(event, make.ticket(event), locale="es")

    asked = text(browser.get("/desk/events/dialogue/cancel"))
    answer = browser.post("/desk/events/dialogue/cancel", data={"notes_en": "A storm.", "notes_es": "Una tormenta."})

    (letter,) = deliver()
    assert "1 person gets a letter" in asked
    assert answer.status_code == 303
    assert (stored("dialogue").state, stored("dialogue").cancellation_notes) == (
        EventState.CANCELLED,
        {"en": "A storm.", "es": "Una tormenta."},
    )
    assert (letter.kind, letter.context["message"]) == ("registration.event_cancelled", "Una tormenta.")


def test_archive_waits_for_the_end(browser, make, clock):
    make.event(slug="dialogue", starts_on=date(2026, 3, 1), ends_at=datetime(2026, 3, 2, 12, 30, tzinfo=UTC))

    early = browser.post("/desk/events/dialogue/archive")
    clock.shift(timedelta(hours=1))
    answer = browser.post("/desk/events/dialogue/archive")

    assert (early.status_code, answer.status_code) == (409, 303)
    assert stored("dialogue").state is EventState.ARCHIVED
    assert browser.post("/desk/events/dialogue/edit", data=form()).status_code == 409


def test_moving_shows_what_happens_before_it_does(browser, make, deliver):
    event = make.event(slug="dialogue", registration_closes_at=datetime(2026, 5, 30, 12, tzinfo=UTC))
    make.session(event)
    make.registration(event, make.ticket(event))

    shown = text(browser.get("/desk/events/dialogue/move?days=7"))
    untouched = stored("dialogue").starts_on
    answer = browser.post("/desk/events/dialogue/move", data={"days": "7", "tell": "y"})

    moved = stored("dialogue")
    assert all(words in shown for words in ("June 1, 2026", "June 8, 2026", "Jun 6, 2026"))
    assert untouched == date(2026, 6, 1)
    assert answer.status_code == 303
    assert (moved.starts_on, moved.registration_closes_at) == (
        date(2026, 6, 8),
        datetime(2026, 6, 6, 12, tzinfo=UTC),
    )
    assert session().scalar(select(ProgrammeSession.starts_at)) == moved.starts_at
    assert [letter.kind for letter in deliver()] == ["registration.event_changed"]


@pytest.mark.parametrize("days", ["", "soon", "99999", "-99999"])
def test_moving_by_no_number_of_days_is_refused(browser, make, days):
    make.event(slug="dialogue")

    assert browser.get(f"/desk/events/dialogue/move?days={days}").status_code == 422
    assert browser.post("/desk/events/dialogue/move", data={"days": days}).status_code == 422
    assert stored("dialogue").starts_on == date(2026, 6, 1)


def test_copy_begins_on_the_day_asked_for(browser, make):
    event = make.event(slug="dialogue", titles={"en": "Dialogue"}, source="https://news.example")
    make.ticket(event)
    make.session(event, starts_at=event.starts_at + timedelta(hours=1))

    answer = browser.post("/desk/events/dialogue/copy", data={"first_day": "2026-12-01"})

    twin = stored(answer.headers["Location"].rpartition("/")[2])
    assert answer.status_code == 303
    assert (twin.state, twin.starts_on, twin.ends_on, twin.source) == (
        EventState.DRAFT,
        date(2026, 12, 1),
        date(2026, 12, 2),
        "",
    )
    assert "check its texts and dates" in text(browser.get(answer.headers["Location"]))


@pytest.mark.parametrize("day", ["", "2026-02-30", "0001-01-01"])
def test_copy_to_no_day_is_refused(browser, make, day):
    make.event(slug="dialogue")

    answer = browser.post("/desk/events/dialogue/copy", data={"first_day": day})

    assert answer.status_code == 422
    assert 'id="first_day-error"' in text(answer)
    session().rollback()
    assert session().scalars(select(Event.slug)).all() == ["dialogue"]


def test_list_is_searched_and_filtered(browser, make):
    make.event(titles={"en": "Rivers"}, search_text="rivers", state=EventState.DRAFT)
    make.event(titles={"en": "Forests"}, search_text="forests", starts_on=date(2024, 6, 18))

    pages = {query: text(browser.get(f"/desk/events?{query}")) for query in ("q=river", "state=published", "when=over")}
    empty = text(browser.get("/desk/events?q=mountains"))

    found = {query: ("Rivers" in page, "Forests" in page) for query, page in pages.items()}
    assert found == {"q=river": (True, False), "state=published": (False, True), "when=over": (False, True)}
    assert "No event found" in empty


@pytest.mark.parametrize("query", ["kind=x&level='\"--", "page=0", "page=-1", "q=" + "a" * 3000])
def test_list_survives_any_query(browser, make, query):
    make.event()

    assert browser.get(f"/desk/events?{query}").status_code == 200


def test_list_costs_the_same_for_one_and_three_events(browser, make, count_queries):
    def register(event):
        make.registration(event, make.ticket(event), state=RegistrationState.PENDING_APPROVAL)

    register(make.event())
    browser.get("/desk/events")
    with count_queries() as one:
        browser.get("/desk/events")
    register(make.event())
    register(make.event())
    with count_queries() as three:
        browser.get("/desk/events")

    assert len(three) == len(one) <= 12


def test_overview_of_an_event_says_what_is_missing_and_what_waits(browser, make):
    event = make.event(slug="dialogue", titles={"en": "Dialogue"})
    bare = text(browser.get("/desk/events/dialogue"))
    make.registration(event, make.ticket(event), state=RegistrationState.PENDING_APPROVAL)
    make.session(event, starts_at=event.ends_at + timedelta(days=3))

    page = text(browser.get("/desk/events/dialogue"))

    assert "There is no ticket yet" in bare
    assert "Translation missing" in bare
    assert "1 registration waits for your approval" in page
    assert "1 clash in the programme" in page
    assert "taken than" not in page
    assert "There is no ticket yet" not in page


def test_overview_counts_seats_and_says_where_more_is_taken_than_there_is(browser, make):
    event = make.event(slug="dialogue", mode=EventMode.HYBRID, capacity=1)
    pool = make.pool(event, names={"en": "Hall"}, capacity=5)
    ticket = make.ticket(event, names={"en": "Delegate"}, capacity=2, pool_id=pool.id)
    for attendance in ("in_person", "in_person", "online"):
        make.registration(event, ticket, attendance=attendance)

    page, listed = text(browser.get("/desk/events/dialogue")), text(browser.get("/desk/events/dialogue/tickets"))

    assert "2 of 1 place taken" in page
    assert "More places are taken than there are (2 of 1)." in page
    assert "“Delegate”: more is taken than there is (3 of 2)." in page
    assert "“Hall”" not in page
    assert '3 <span class="hint">/ 5</span>' in listed
