"""Registrations at the desk: lists, decisions, walk-ins, files, exports, needs and numbers."""

import io
import zipfile
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace import config
from marketplace.database import session
from marketplace.models import AnswerFile, AuditEntry, QuestionKind, Registration, RegistrationAnswer, RegistrationState
from marketplace.services import answer_files, needs, questions, registration_links
from marketplace.services.search import fold

CONFIRMED, PENDING, WAITING = (
    RegistrationState.CONFIRMED,
    RegistrationState.PENDING_APPROVAL,
    RegistrationState.WAITING,
)


def text(answer) -> str:
    return answer.get_data(as_text=True)


@pytest.fixture
def organiser(make, clock):
    return make.organiser(name="Olga Organiser")


@pytest.fixture
def browser(organiser, login_as):
    return login_as(organiser)


@pytest.fixture
def event(make, clock):
    return make.event(slug="dialogue", capacity=3)


@pytest.fixture
def ticket(make, event):
    return make.ticket(event)


def states() -> dict[str, str]:
    session().rollback()
    return {one.name: one.state.value for one in session().scalars(select(Registration).order_by(Registration.id))}


def acts(action: str) -> list[AuditEntry]:
    session().rollback()
    return list(session().scalars(select(AuditEntry).where(AuditEntry.action == action)))


def test_list_is_searched_filtered_and_counted(browser, make, event, ticket):
    make.registration(event, ticket, name="Ana Muñoz", category="city", country="BR")
    make.registration(event, ticket, name="Ben", category="funder", state=PENDING)
    other = make.ticket(event, names={"en": "Press"})
    make.registration(event, other, name="Cleo", category="press", locale="pt")

    queries = (
        "q=munoz",
        "state=pending_approval",
        "category=press",
        f"ticket={other.uid}",
        "language=pt",
        "country=BR",
    )
    pages = {query: text(browser.get(f"/desk/events/dialogue/registrations?{query}")) for query in queries}
    everybody = text(browser.get("/desk/events/dialogue/registrations"))
    nobody = text(browser.get("/desk/events/dialogue/registrations?q=zoe"))

    found = {query: [name for name in ("Ana", "Ben", "Cleo") if f">{name}" in page] for query, page in pages.items()}
    assert found == {
        "q=munoz": ["Ana"],
        "state=pending_approval": ["Ben"],
        "category=press": ["Cleo"],
        f"ticket={other.uid}": ["Cleo"],
        "language=pt": ["Cleo"],
        "country=BR": ["Ana"],
    }
    assert 'Waiting for approval <span class="count">1</span>' in everybody
    assert "Nobody found" in nobody


def test_list_costs_the_same_for_one_and_three_people_and_has_pages(browser, make, event, ticket, count_queries):
    make.registration(event, ticket)
    browser.get("/desk/events/dialogue/registrations")
    with count_queries() as one:
        browser.get("/desk/events/dialogue/registrations")
    for _ in range(2):
        make.registration(event, ticket, organisation_id=make.organisation().id)
    with count_queries() as three:
        browser.get("/desk/events/dialogue/registrations")
    for _ in range(50):
        make.registration(event, ticket)
    second = text(browser.get("/desk/events/dialogue/registrations?page=2"))

    assert len(three) == len(one) <= 15
    assert second.count('data-label="State"') == 3


def test_ticked_registrations_are_approved_in_order_while_places_last(browser, make, event, ticket, deliver):
    people = [make.registration(event, ticket, name=f"P{n}", state=PENDING) for n in range(4)]
    confirmed = make.registration(event, ticket, name="Sure")

    answer = browser.post(
        "/desk/events/dialogue/registrations/approve",
        data={
            "uid": [one.uid for one in (*people[:3], confirmed)],
            "next": "/desk/events/dialogue/registrations?state=pending_approval",
        },
        follow_redirects=True,
    )

    assert states() == {
        "P0": "confirmed",
        "P1": "confirmed",
        "P2": "waiting",
        "P3": "pending_approval",
        "Sure": "confirmed",
    }
    assert "2 registrations are approved." in text(answer)
    assert "1 registration is approved and on the waiting list" in text(answer)
    assert answer.request.query_string == b"state=pending_approval"
    assert {(letter.recipient_name, letter.kind) for letter in deliver()} == {
        ("P0", "registration.approved"),
        ("P1", "registration.approved"),
        ("P2", "registration.waiting"),
    }


def test_bulk_acts_without_ticks_say_so(browser, event, ticket):
    approve = browser.post("/desk/events/dialogue/registrations/approve", follow_redirects=True)
    decline = browser.post("/desk/events/dialogue/registrations/decline", follow_redirects=True)

    assert "Please tick registrations" in text(approve)
    assert "Please tick registrations" in text(decline)


def test_next_page_never_leads_to_another_site(browser, event, ticket):
    answer = browser.post("/desk/events/dialogue/registrations/approve", data={"next": "https://evil.example/"})

    assert answer.headers["Location"].startswith("/desk/")


def test_declining_asks_what_to_say_and_then_says_it(browser, make, event, ticket, deliver):
    uid = make.registration(event, ticket, name="Ana", state=PENDING).uid
    address = "/desk/events/dialogue/registrations/decline"

    asked = browser.post(address, data={"uid": uid})
    untouched = states()
    long = browser.post(address, data={"uid": uid, "confirmed": "yes", "message": "x" * 1001})
    answer = browser.post(address, data={"uid": uid, "confirmed": "yes", "message": "The hall is small."})

    (letter,) = deliver()
    assert (asked.status_code, untouched) == (200, {"Ana": "pending_approval"})
    assert uid in text(asked)
    assert (long.status_code, answer.status_code) == (422, 303)
    assert states() == {"Ana": "declined"}
    assert (letter.kind, letter.context["message"]) == ("registration.declined", "The hall is small.")


def test_one_registration_shows_what_was_told_and_what_happened(browser, organiser, make, event, ticket):
    question = questions.save("dialogue", questions.Details(QuestionKind.TEXT, {"en": "Diet of rivers?"}), organiser)
    one = make.registration(event, ticket, name="Ana Muñoz", organisation_name="Manaus", country="BR", state=PENDING)
    make.store(
        RegistrationAnswer(
            registration_id=one.id, question_id=question.id, text="Only <b>clean</b> water", answered_at=one.created_at
        )
    )
    needs_text = "Uses a wheelchair"
    needs.note(one, needs_text, "")
    browser.post("/desk/events/dialogue/registrations/approve", data={"uid": one.uid})

    page = text(browser.get(f"/desk/events/dialogue/registrations/{one.uid}"))

    shown = ("Ana Muñoz", "Manaus", "Brazil", "Diet of rivers?", "Only &lt;b&gt;clean&lt;/b&gt; water")
    assert all(words in page for words in (*shown, "Approved a registration", "Olga Organiser"))
    assert needs_text not in page


def test_registration_is_cancelled_with_a_reason(browser, make, event, ticket, deliver):
    one = make.registration(event, ticket, name="Ana")

    asked = text(browser.get(f"/desk/events/dialogue/registrations/{one.uid}/cancel"))
    answer = browser.post(f"/desk/events/dialogue/registrations/{one.uid}/cancel", data={"message": "As you asked."})
    again = browser.post(f"/desk/events/dialogue/registrations/{one.uid}/cancel", data={})

    (letter,) = deliver()
    assert "The place passes on" in asked
    assert (answer.status_code, again.status_code) == (303, 409)
    assert (letter.kind, letter.context["message"]) == ("registration.cancelled", "As you asked.")


def test_place_that_was_offered_is_taken_at_the_desk(browser, make, event, ticket, clock):
    one = make.registration(
        event,
        ticket,
        name="Ana",
        state=RegistrationState.OFFERED,
        offer_expires_at=event.created_at + timedelta(hours=9),
    )

    answer = browser.post(f"/desk/events/dialogue/registrations/{one.uid}/admit")

    assert answer.status_code == 303
    assert states() == {"Ana": "confirmed"}
    assert len(acts("registration.admitted")) == 1


def test_who_waits_gets_a_free_place_at_the_desk_once_the_event_has_begun(browser, make, clock):
    running = make.event(
        slug="running",
        starts_on=(now := make.event().created_at).date(),
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(hours=5),
        capacity=1,
    )
    ticket = make.ticket(running)
    first = make.registration(running, ticket, name="First", state=WAITING, waiting_since=now)
    second = make.registration(running, ticket, name="Second", state=WAITING, waiting_since=now)

    browser.post(f"/desk/events/running/registrations/{second.uid}/admit")
    full = browser.post(f"/desk/events/running/registrations/{first.uid}/admit", follow_redirects=True)

    assert states() == {"First": "waiting", "Second": "confirmed"}
    assert "No place is free." in text(full)


def test_new_link_replaces_the_old_one(browser, make, event, ticket, deliver):
    one = make.registration(event, ticket, name="Ana", email="ana@example.org")
    old = registration_links.manage_token(one)

    asked = text(browser.get(f"/desk/events/dialogue/registrations/{one.uid}/link"))
    answer = browser.post(f"/desk/events/dialogue/registrations/{one.uid}/link")

    assert "ana@example.org" in asked
    assert answer.status_code == 303
    assert browser.get(f"/registrations/{old}").status_code == 410
    assert [letter.kind for letter in deliver()] == ["registration.again"]


def walk_in(wanted, **answers):
    return {
        "name": "Walter Walk",
        "email": "walter@example.org",
        "ticket": wanted.uid,
        "category": "ngo",
        "attendance": "in_person",
        "language": "pt",
        **answers,
    }


def test_walk_in_is_confirmed_at_once_and_gets_a_letter_in_their_language(browser, event, ticket, deliver):
    answer = browser.post("/desk/events/dialogue/registrations/new", data=walk_in(ticket, country="PE"))

    (letter,) = deliver()
    (one,) = session().scalars(select(Registration)).all()
    assert (answer.status_code, one.state, one.is_walk_in, one.country) == (303, CONFIRMED, True, "PE")
    assert (letter.kind, letter.locale) == ("registration.confirmed", "pt")
    assert answer.headers["Location"].endswith(one.uid)


def test_walk_in_sent_twice_is_one_registration(browser, event, ticket):
    data = walk_in(ticket, attempt="abcdefghijklmnopqrstuv")

    found = {browser.post("/desk/events/dialogue/registrations/new", data=data).status_code for _ in range(2)}

    assert found == {303}
    assert states() == {"Walter Walk": "confirmed"}


def test_walk_in_who_is_registered_is_found_in_the_list(browser, make, event, ticket):
    make.registration(event, ticket, name="Walter Walk", email="walter@example.org", state=RegistrationState.WAITING)

    data = walk_in(ticket, email="Walter@example.org")
    answer = browser.post("/desk/events/dialogue/registrations/new", data=data, follow_redirects=True)

    assert "This address is registered for the event already." in text(answer)
    assert "/desk/events/dialogue/registrations/" in text(answer)
    assert states() == {"Walter Walk": "waiting"}


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"name": ""}, "name"),
        ({"email": "nobody"}, "email"),
        ({"ticket": "nothing"}, "ticket"),
        ({"category": ""}, "category"),
        ({"attendance": "online"}, "attendance"),
        ({"country": "QQ"}, "country"),
    ],
)
def test_walk_in_that_cannot_be_comes_back_with_the_error_at_its_field(browser, event, ticket, answers, field):
    answer = browser.post(
        "/desk/events/dialogue/registrations/new", data=walk_in(ticket, organisation_name="Rivers", **answers)
    )

    assert answer.status_code == 422
    assert f'id="{field}-error"' in text(answer)
    assert 'value="Rivers"' in text(answer)
    assert states() == {}


def test_walk_in_is_refused_beyond_the_capacity(browser, make, event, ticket):
    for _ in range(3):
        make.registration(event, ticket)

    answer = browser.post("/desk/events/dialogue/registrations/new", data=walk_in(ticket))

    assert answer.status_code == 422
    assert "All places are taken." in text(answer)
    assert len(session().scalars(select(Registration)).all()) == 3


def test_paid_ticket_is_not_offered_at_the_desk(browser, make, event):
    paid = make.ticket(event, names={"en": "Supporter"}, price=5000)

    answer = browser.post("/desk/events/dialogue/registrations/new", data=walk_in(paid))

    assert answer.status_code == 422
    assert states() == {}


def test_file_is_an_attachment_that_nothing_runs(browser, organiser, make, event, ticket, tmp_path):
    config.use(replace(config.current(), upload_dir=tmp_path))
    question = questions.save("dialogue", questions.Details(QuestionKind.FILE, {"en": "Photo"}), organiser)
    one, other = make.registration(event, ticket), make.registration(event, ticket)
    upload = answer_files.Upload("Água.txt", "text/plain", "olá <script>".encode())
    answer_files.keep(one.uid, {question.uid: upload}, None)
    uid = session().scalar(select(AnswerFile.uid))

    answer = browser.post(f"/desk/events/dialogue/registrations/{one.uid}/files/{uid}")
    wrong = browser.post(f"/desk/events/dialogue/registrations/{other.uid}/files/{uid}")

    assert answer.data == "olá <script>".encode()
    assert answer.headers["Content-Disposition"].startswith("attachment; filename")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert wrong.status_code == 404
    assert len(acts("answer_file.read")) == 1


def test_csv_holds_what_the_list_shows_without_formulas_and_is_recorded(browser, make, event, ticket):
    make.registration(event, ticket, name='=HYPERLINK("http://x")', organisation_name="+1")
    make.registration(event, ticket, name="Ben", state=PENDING)

    answer = browser.post(
        "/desk/events/dialogue/registrations/export", data={"format": "csv", "state": "confirmed", "q": ""}
    )

    lines = answer.data.decode("utf-8-sig").split("\r\n")
    assert answer.headers["Content-Disposition"] == ('attachment; filename="registrations-dialogue-2026-03-02.csv"')
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert len(lines) == 3
    assert '"\'=HYPERLINK(""http://x"")"' in lines[1]
    assert '"\'+1"' in lines[1]
    assert [entry.details["number"] for entry in acts("registration.exported")] == [1]


def test_xlsx_holds_texts_only(browser, make, event, ticket):
    make.registration(event, ticket, name="=1+1")

    answer = browser.post("/desk/events/dialogue/registrations/export", data={"format": "xlsx"})

    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        strings = book.read("xl/sharedStrings.xml").decode()
    assert answer.headers["Content-Type"].startswith("application/vnd.openxmlformats")
    assert "=1+1" in strings
    assert "<f>" not in sheet


def test_needs_are_shown_on_asking_and_who_read_them_is_written_down(browser, make, event, ticket):
    one = make.registration(event, ticket, name="Ana")
    needs.note(one, "Step-free access", "No nuts")

    before = text(browser.get("/desk/events/dialogue/needs"))
    read_before = len(acts("needs.read"))
    after = text(browser.post("/desk/events/dialogue/needs"))

    assert ("Step-free access" in before, "Olga Organiser" in before, read_before) == (False, True, 0)
    assert all(words in after for words in ("Ana", "Step-free access", "No nuts"))
    assert [entry.actor.name for entry in acts("needs.read")] == ["Olga Organiser"]


def test_numbers_are_drawn_with_their_figures_as_a_table(browser, make, event, ticket):
    for days in (0, 0, 3):
        made = event.created_at - timedelta(days=days)
        make.registration(event, ticket, created_at=made, country="BR", category="city")

    page = text(browser.get("/desk/events/dialogue/numbers"))

    assert page.count("<svg") > 3
    assert "March 2, 2026" in page
    assert page.count('<p class="chart-ends" aria-hidden="true"><span>February 27, 2026</span>') == 2
    assert "Brazil" in page
    assert ">3</td>" in page


def test_numbers_of_a_long_time_fit_a_phone(browser, make, event, ticket):
    for days in (0, 40, 99):
        make.registration(event, ticket, created_at=event.created_at - timedelta(days=days))

    page = text(browser.get("/desk/events/dialogue/numbers"))

    assert page.count('class="bar" x=') <= 28
    assert " to " in page


def test_numbers_without_anybody_say_so(browser, event):
    assert "Nobody has registered yet" in text(browser.get("/desk/events/dialogue/numbers"))


def test_names_are_found_without_accents(browser, make, event, ticket):
    make.registration(event, ticket, name="José Ñandú", search_text=fold("José Ñandú"))

    assert "José Ñandú" in text(browser.get("/desk/events/dialogue/registrations?q=nandu"))
