"""Registering and everything about one's own registration, by the link of a letter and with an account."""

import io
import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from marketplace import keys
from marketplace.database import session
from marketplace.errors import NotFound
from marketplace.models import (
    AnswerFile,
    AttendeeCategory,
    EventMode,
    QuestionKind,
    Registration,
    RegistrationConsentKind,
    RegistrationState,
)
from marketplace.models.base import new_uid
from marketplace.services import answer_files, events, outbox, questions, registration_links, sign_ups

PDF = b"%PDF-1.7\n1 0 obj\n%%EOF\n"


@pytest.fixture
def event(make, clock):
    return make.event(slug="dialogue", titles={"en": "Dialogue", "es": "Diálogo", "pt": "Diálogo"}, capacity=2)


@pytest.fixture
def ticket(make, event):
    return make.ticket(event)


@pytest.fixture(autouse=True)
def own_folder(app, tmp_path, monkeypatch):
    """Files of a test lie in a folder of its own."""
    from dataclasses import replace

    from marketplace import config

    config.use(replace(config.current(), upload_dir=tmp_path))


def filled(ticket, /, **changes):
    """A form with what is needed."""
    values = {
        "ticket": ticket.uid,
        "name": "Ana Núñez",
        "email": "ana@example.org",
        "category": "city",
        "timezone": "America/New_York",
        "attempt": new_uid(),
    }
    return {name: value for name, value in {**values, **changes}.items() if value is not None}


def made():
    """All registrations, the oldest first, as they are now."""
    session().expire_all()
    return list(session().scalars(select(Registration).order_by(Registration.id)))


def errors(answer):
    """The messages of a refused form."""
    found = re.search(r"data-error-summary>.*?</ul>", answer.get_data(as_text=True), re.DOTALL)
    return re.findall(r"(?:<a [^>]*>|<li>)([^<]+)<", found.group()) if found else []


def test_form_leads_to_a_confirmed_registration(client, event, ticket, deliver):
    page = client.get("/events/dialogue/register", headers={"Accept-Language": "es"})
    answer = client.post("/events/dialogue/register", data=filled(ticket), headers={"Accept-Language": "es"})
    thanks = client.get(answer.location).get_data(as_text=True)

    letters = [letter.recipient for letter in deliver()]
    (registered,) = made()
    assert page.status_code == 200
    assert (answer.status_code, answer.location) == (303, "/events/dialogue/registered")
    assert (registered.name, registered.state, registered.locale) == ("Ana Núñez", RegistrationState.CONFIRMED, "es")
    assert "ana@example.org" in thanks
    assert letters == ["ana@example.org"]
    assert registration_links.manage_token(registered) not in thanks


def test_same_form_sent_twenty_times_is_one_registration(client, event, ticket):
    form = filled(ticket)

    answers = [client.post("/events/dialogue/register", data=form) for _ in range(20)]

    assert {(answer.status_code, answer.location) for answer in answers} == {(303, "/events/dialogue/registered")}
    assert len(made()) == 1


def test_second_registration_of_an_address_is_told_its_mailbox_only(client, event, ticket):
    client.post("/events/dialogue/register", data=filled(ticket))

    answer = client.post("/events/dialogue/register", data=filled(ticket, name="Somebody else"))

    assert answer.status_code == 409
    assert "registered for this event already" in errors(answer)[0]
    assert "Ana Núñez" not in answer.get_data(as_text=True)
    assert len(made()) == 1


def test_full_event_leads_to_the_waiting_list_and_says_so(client, make, event, ticket):
    for _ in range(2):
        make.registration(event, ticket)

    page = client.get("/events/dialogue/register").get_data(as_text=True)
    answer = client.post("/events/dialogue/register", data=filled(ticket))
    thanks = client.get(answer.location).get_data(as_text=True)

    assert "full; you come on the waiting list" in page
    assert made()[-1].state is RegistrationState.WAITING
    assert "You are on the waiting list" in thanks


def test_sold_out_event_without_waiting_list_keeps_the_form(client, make, clock):
    event = make.event(slug="small", capacity=0, has_waiting_list=False)
    ticket = make.ticket(event)

    answer = client.post("/events/small/register", data=filled(ticket, name="Zoë"))

    assert answer.status_code == 409
    assert errors(answer) == ["All places are taken."]
    assert 'value="Zoë"' in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"name": None}, ["Name"]),
        ({"name": "x" * 121}, ["Name"]),
        ({"email": "nobody"}, ["E-mail address"]),
        ({"category": "hacker"}, ["I come for"]),
        ({"category": None}, ["I come for"]),
        ({"ticket": "no-such-ticket"}, ["Ticket"]),
        ({"ticket": None, "name": None}, ["Ticket", "Name"]),
        ({"country": "XX"}, ["Country"]),
        ({"languages": ["xx"]}, ["Languages I speak"]),
        ({"timezone": "Mars/Olympus"}, ["My time zone"]),
        ({"interpretation": "tlh"}, ["Interpretation I need"]),
        ({"dietary": "n" * 1001}, ["What you do not eat"]),
    ],
    ids=str,
)
def test_bad_input_keeps_the_form_and_names_the_field(client, event, ticket, changes, fields):
    answer = client.post("/events/dialogue/register", data=filled(ticket, job_title="Mayor Conceição", **changes))

    assert answer.status_code == 422
    assert sorted(message.split(":")[0] for message in errors(answer)) == sorted(fields)
    assert 'value="Mayor Conceição"' in answer.get_data(as_text=True)
    assert made() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "\u202eevil \ud83d"},
        {"name": "a\r\nBcc: x@example.org"},
        {"name": "Ana\u2028Bcc: x\u2029\x85"},
        {"name": "<img src=x onerror=alert(1)>{{ 7*7 }}"},
        {"attempt": "x" * 3000},
        {"attempt": "'; drop table"},
        {"access_code": "é" * 50},
        {"organisation": "../../etc"},
        {"state": "confirmed", "user_id": "1", "is_walk_in": "1", "event_id": "2", "link_version": "9"},
    ],
    ids=[
        "direction",
        "break",
        "odd breaks",
        "markup",
        "long attempt",
        "odd attempt",
        "odd code",
        "foreign organisation",
        "mass assignment",
    ],
)
def test_hostile_input_changes_nothing_it_should_not(client, event, ticket, changes):
    """A03, W02"""
    data = {name: value.encode("utf-8", "surrogatepass") for name, value in filled(ticket, **changes).items()}

    answer = client.post("/events/dialogue/register", data=data)

    assert answer.status_code == 303
    (registered,) = made()
    assert (registered.event_id, registered.user_id, registered.is_walk_in, registered.link_version) == (
        event.id,
        None,
        False,
        1,
    )
    assert not set(registered.name) & set("\r\n\u202e\u2028\u2029\x85")
    own = client.get(f"/registrations/{registration_links.manage_token(registered)}").get_data(as_text=True)
    assert "<img src=x" not in own
    assert registered.organisation_id is None


def test_ids_of_another_event_are_refused_or_left_out(client, make, event, ticket):
    """A02, A04: neither the ticket nor a session of another event comes along."""
    other = make.event(slug="other")
    foreign, elsewhere = make.ticket(other), make.session(other, needs_sign_up=True)
    here = make.session(event, needs_sign_up=True)

    refused = client.post("/events/dialogue/register", data=filled(foreign))
    taken = client.post("/events/dialogue/register", data=filled(ticket, sessions=[here.uid, elsewhere.uid]))

    assert (refused.status_code, errors(refused)) == (422, ["Ticket: Please choose a ticket from the list."])
    assert (taken.status_code, errors(taken)) == (
        422,
        ["Sessions I want to attend: Please choose one of the answers in the list."],
    )
    assert made() == []


def test_number_of_somebody_else_s_form_shows_and_changes_nothing_of_them(client, event, ticket):
    """A02, B03: a form sent again is the same one only with the same address."""
    form = filled(ticket)
    client.post("/events/dialogue/register", data=form)

    answer = client.post("/events/dialogue/register", data={**form, "email": "eve@example.org", "name": "Eve"})

    assert answer.status_code == 409
    assert "ana@example.org" not in answer.get_data(as_text=True)
    assert [one.name for one in made()] == ["Ana Núñez"]


def test_steps_are_not_skipped(client, make, clock):
    """A05: who waits has neither ticket nor place, and cannot take what was not offered."""
    event = make.event(slug="full", capacity=0)
    waiting = make.registration(event, make.ticket(event), state=RegistrationState.WAITING)
    address = f"/registrations/{registration_links.manage_token(waiting)}"

    seen = [client.get(address + page).status_code for page in ("/ticket", "/ticket.pdf", "/participants")]
    taken = client.post(f"{address}/accept")

    assert seen == [404, 404, 404]
    assert taken.status_code == 410
    assert [one.state for one in made()] == [RegistrationState.WAITING]


def test_nul_is_refused(client, event, ticket):
    answer = client.post("/events/dialogue/register", data=filled(ticket, name="a\x00b"))

    assert (answer.status_code, made()) == (400, [])


def test_hidden_ticket_is_shown_with_its_code_only(client, make, event, ticket):
    hidden = make.ticket(event, names={"en": "Speaker"}, access_code="Sesame")

    without = client.get("/events/dialogue/register").get_data(as_text=True)
    wrong = client.get("/events/dialogue/register?code=open").get_data(as_text=True)
    right = client.get("/events/dialogue/register?code=sesame").get_data(as_text=True)
    guessed = client.post("/events/dialogue/register", data=filled(hidden))
    taken = client.post("/events/dialogue/register", data=filled(hidden, access_code="sesame"))

    assert [hidden.uid in text for text in (without, wrong, right)] == [False, False, True]
    assert ["No ticket has this code." in text for text in (without, wrong, right)] == [False, True, False]
    assert (guessed.status_code, taken.status_code) == (422, 303)


def test_paid_ticket_says_that_payment_is_not_open(client, make, event, ticket):
    paid = make.ticket(event, names={"en": "Supporter"}, price=5000)

    page = client.get("/events/dialogue/register").get_data(as_text=True)
    answer = client.post("/events/dialogue/register", data=filled(paid))

    assert "Supporter: $50.00, payment is not open yet" in page
    assert errors(answer) == ["Ticket: This ticket is to be paid, and payment is not open yet."]


def test_registration_outside_its_window_is_refused_in_words(client, make, clock):
    from marketplace import clock as now

    event = make.event(slug="later", registration_opens_at=now.now() + timedelta(days=1))
    ticket = make.ticket(event)

    page = client.get("/events/later/register").get_data(as_text=True)
    answer = client.post("/events/later/register", data=filled(ticket))

    assert "Registration opens on Mar 3, 2026, 7:00\u202fAM (New York, UTC−5)." in page
    assert (answer.status_code, made()) == (409, [])


def a_question(event, make, kind=QuestionKind.TEXT, **details):
    return questions.save(event.slug, questions.Details(kind, {"en": f"A {kind.value}?"}, **details), make.organiser())


def test_questions_are_asked_and_answers_kept(client, make, event, ticket):
    choice = a_question(event, make, QuestionKind.CHOICE, choices=({"en": "Yes"}, {"en": "No"}), is_required=True)
    detail = a_question(event, make, depends_on=choice.uid, depends_on_answer="c1", is_required=True, position=1)
    several = a_question(event, make, QuestionKind.CHOICES, choices=({"en": "A"}, {"en": "B"}), position=2)
    consent = a_question(event, make, QuestionKind.CONSENT, is_required=True, position=3)
    name = questions.field_name

    missing = client.post("/events/dialogue/register", data=filled(ticket))
    detail_missing = client.post(
        "/events/dialogue/register", data=filled(ticket, **{name(choice): "c1", name(consent): "y"})
    )
    not_asked = client.post(
        "/events/dialogue/register",
        data=filled(ticket, **{name(choice): "c2", name(consent): "y", name(several): ["c1", "c2"], name(detail): "x"}),
    )

    assert (errors(missing), errors(detail_missing)) == (
        ["A choice?: Please answer this question."],
        ["A text?: Please answer this question."],
    )
    assert not_asked.status_code == 303
    answers = {answer.question.kind: (answer.text, answer.choices) for answer in made()[0].answers}
    assert answers == {
        QuestionKind.CHOICE: ("c2", []),
        QuestionKind.CHOICES: ("", ["c1", "c2"]),
        QuestionKind.CONSENT: ("yes", []),
    }


def sent(question, name, content):
    return {questions.field_name(question): (io.BytesIO(content), name)}


def test_file_is_kept_under_another_name_and_without_hidden_data(client, make, event, ticket, tmp_path):
    """A06"""
    question = a_question(event, make, QuestionKind.FILE, is_required=True)
    exif = b"\xff\xe1\x00\x10Exif\0\0GPS-HERE"
    picture = b"\xff\xd8" + exif + b"\xff\xdb\x00\x04\x00\x00" + b"\xff\xda\x00\x04\x00\x00pixels\xff\xd9<script>"
    form = filled(ticket)

    for _ in range(3):
        answer = client.post(
            "/events/dialogue/register", data={**form, **sent(question, "../../../étc/ my photo.JPG", picture)}
        )

    (file,) = session().scalars(select(AnswerFile)).all()
    (stored,) = (tmp_path / "answers").iterdir()
    assert answer.status_code == 303
    assert (file.name, file.media_type, stored.name) == ("my photo.jpg", "image/jpeg", file.uid)
    assert stored.read_bytes() == b"\xff\xd8\xff\xdb\x00\x04\x00\x00\xff\xda\x00\x04\x00\x00pixels\xff\xd9"
    assert stored.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.html", b"<html>"),
        ("page.txt", b"<!DOCTYPE html><p>"),
        ("drawing.svg", b"<svg onload='alert(1)'/>"),
        ("drawing.png", b"<svg onload='alert(1)'/>"),
        ("program.pdf", b"MZ\x90\x00"),
        ("program.exe", PDF),
        ("page.html", PDF),
        ("cut.png", b"\x89PNG\r\n\x1a\n\x00\x00\xff\xffIHDR"),
        ("cut.jpg", b"\xff\xd8\xff\xda\x00"),
        ("empty.txt", b""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_file_of_another_kind_is_refused(client, make, event, ticket, tmp_path, name, content):
    """A06"""
    question = a_question(event, make, QuestionKind.FILE)

    answer = client.post("/events/dialogue/register", data={**filled(ticket), **sent(question, name, content)})

    assert (answer.status_code, len(errors(answer)), made()) == (422, 1, [])
    assert not (tmp_path / "answers").exists()


def test_file_above_five_megabytes_is_refused(client, make, event, ticket, tmp_path):
    question = a_question(event, make, QuestionKind.FILE)
    large = FileStorage(io.BytesIO(PDF + b"x" * 5_000_000 + PDF), filename="large.pdf")
    # Encoded here, because the client would leave its temporary file open.
    boundary, body = encode_multipart({**filled(ticket), questions.field_name(question): large})

    answer = client.post(
        "/events/dialogue/register", data=body, content_type=f"multipart/form-data; boundary={boundary}"
    )

    assert (answer.status_code, made()) == (422, [])
    assert errors(answer) == ["A file?: This file is larger than 5 MB."]


def test_body_larger_than_its_files_may_be_is_refused(client, event, ticket):
    body = b"--x\r\nContent-Disposition: form-data; name=a; filename=a\r\n\r\n" + b"x" * 22_000_000 + b"\r\n--x--\r\n"

    answer = client.post("/events/dialogue/register", data=body, content_type="multipart/form-data; boundary=x")

    assert (answer.status_code, made()) == (413, [])


def test_file_of_a_question_that_is_not_of_this_event_is_not_kept(client, make, event, ticket, tmp_path):
    other = a_question(make.event(), make, QuestionKind.FILE)

    answer = client.post("/events/dialogue/register", data={**filled(ticket), **sent(other, "a.pdf", PDF)})

    assert answer.status_code == 303
    assert session().scalar(select(func.count()).select_from(AnswerFile)) == 0


def test_file_is_read_by_organisers_of_its_event_only(client, make, event, ticket):
    from marketplace.errors import NotFound
    from marketplace.models import Role

    question = a_question(event, make, QuestionKind.FILE)
    client.post("/events/dialogue/register", data={**filled(ticket), **sent(question, "a.pdf", PDF)})
    file = session().scalar(select(AnswerFile))
    stranger = make.user(totp_nonce="nonce", totp_confirmed_at=event.created_at)
    make.role(stranger, Role.ORGANISER, make.event(slug="other"))

    found, content = answer_files.read("dialogue", file.uid, make.organiser())

    assert (found.name, content) == ("a.pdf", PDF)
    for slug in ("dialogue", "other"):
        with pytest.raises(NotFound):
            answer_files.read(slug, file.uid, stranger)


def test_many_anonymous_registrations_from_one_network_are_slowed(client, event, ticket):
    from marketplace.services import throttle

    for _ in range(300):
        throttle.hit("registration", "127.0.0.1", 1000, timedelta(hours=1))

    answer = client.post("/events/dialogue/register", data=filled(ticket))

    assert (answer.status_code, made()) == (429, [])


# One's own registration, both ways.


@pytest.fixture(params=["link", "account"])
def way(request, make, event, ticket, client, login_as):
    """A confirmed registration, a browser that may see it, and the address of its page."""
    user = make.user(email="ana@example.org")
    registered = make.registration(
        event,
        ticket,
        name="Ana Núñez",
        email="ana@example.org",
        user_id=user.id if request.param == "account" else None,
    )
    if request.param == "link":
        return client, f"/registrations/{registration_links.manage_token(registered)}"
    return login_as(user), f"/account/registrations/{registered.uid}"


def test_pages_of_a_registration_are_secret(way):
    """A02"""
    browser, address = way

    answers = [browser.get(address + page) for page in ("", "/edit", "/programme", "/ticket", "/calendar", "/cancel")]

    assert [answer.status_code for answer in answers] == [200] * 6
    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}
    assert {answer.headers["Referrer-Policy"] for answer in answers} == {"strict-origin"}


def test_pages_of_a_cancelled_event_offer_nothing_to_do(way, make, ticket, client):
    browser, address = way
    events.cancel("dialogue", make.organiser(), {"en": "A storm.\n\nWe are sorry."})

    mine = browser.get(address).get_data(as_text=True)
    form = client.get("/events/dialogue/register").get_data(as_text=True)

    for page in (mine, form):
        assert "This event does not take place." in page
        assert "<p>A storm.</p><p>We are sorry.</p>" in page
        assert not any(words in page for words in ('name="ticket"', "/edit", "/cancel", "/ticket"))
    assert "no longer offered" not in form


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (RegistrationState.CONFIRMED, "goes to somebody who waits for it"),
        (RegistrationState.WAITING, "You are no longer on the list for “Dialogue”."),
    ],
    ids=["confirmed", "waiting"],
)
def test_question_before_cancelling_says_what_it_does(client, make, event, ticket, state, words):
    mine = make.registration(event, ticket, state=state)
    address = f"/registrations/{registration_links.manage_token(mine)}"

    assert words in client.get(f"{address}/cancel").get_data(as_text=True)
    assert words in client.get(address).get_data(as_text=True)


def test_ticket_that_opens_later_says_when(client, make, event):
    make.ticket(event, names={"en": "Late"}, sales_open_at=event.starts_at - timedelta(days=2), categories=["city"])

    form = client.get("/events/dialogue/register").get_data(as_text=True)
    page = client.get("/events/dialogue").get_data(as_text=True)

    moment = "May 30, 2026, 9:00\u202fAM (New York, UTC−4)"
    assert f"Late: free, can be taken from {moment}, for: City" in form
    assert f"<strong>Late</strong>: free, for: City, from {moment}" in page


def test_registration_is_changed(way):
    browser, address = way
    page = browser.get(address + "/edit").get_data(as_text=True)

    answer = browser.post(
        address + "/edit",
        data={
            "name": "Ana María Núñez",
            "category": "press",
            "timezone": "America/Bogota",
            "locale": "pt",
            "dietary": "no nuts",
            "is_listed": "y",
            "email": "other@example.org",
            "ticket": "another",
        },
    )

    (registered,) = made()
    assert 'value="Ana Núñez"' in page
    assert (answer.status_code, answer.location) == (303, address)
    assert (registered.name, registered.category, registered.locale) == (
        "Ana María Núñez",
        AttendeeCategory.PRESS,
        "pt",
    )
    assert (registered.email, registered.timezone, registered.needs.dietary) == (
        "ana@example.org",
        "America/Bogota",
        "no nuts",
    )
    assert registered.has_consent(RegistrationConsentKind.DIRECTORY)
    assert not registered.has_consent(RegistrationConsentKind.PHOTO)


def test_change_in_two_windows_is_told_and_undoes_nothing_unseen(way, make, event):
    browser, address = way
    walk = make.session(event, titles={"en": "Walk"}, needs_sign_up=True)
    first, second = (browser.get(address + "/edit").get_data(as_text=True) for _ in range(2))
    number = re.search(r'name="seen"[^>]*value="([^"]+)"', first).group(1)
    told = {"name": "Ana Núñez", "category": "city", "timezone": "America/New_York", "locale": "en", "seen": number}

    browser.post(address + "/edit", data={**told, "job_title": "Mayor", "sessions": [walk.uid]})
    late = browser.post(address + "/edit", data={**told, "dietary": "No nuts"})
    page = late.get_data(as_text=True)
    between = [(one.job_title, one.needs) for one in made()]
    again = re.search(r'name="seen"[^>]*value="([^"]+)"', page).group(1)
    knowing = browser.post(address + "/edit", data={**told, "dietary": "No nuts", "seen": again})

    assert number in second
    assert late.status_code == 409
    assert "It differs from theirs in: Position, Sessions I want to attend, What you do not eat." in page
    assert "No nuts" in page
    assert between == [("Mayor", None)]
    assert knowing.status_code == 303
    (mine,) = made()
    assert (mine.job_title, mine.needs.dietary) == ("", "No nuts")


def test_bad_change_keeps_the_form(way):
    browser, address = way

    answer = browser.post(
        address + "/edit", data={"name": "", "category": "city", "job_title": "Mayor", "locale": "en"}
    )

    assert answer.status_code == 422
    assert 'value="Mayor"' in answer.get_data(as_text=True)
    assert made()[0].name == "Ana Núñez"


def test_registration_is_cancelled_after_a_question_and_once(way):
    browser, address = way

    question = browser.get(address + "/cancel")
    before = made()[0].state
    answer = browser.post(address + "/cancel")
    again = browser.post(address + "/cancel")
    page = browser.get(address).get_data(as_text=True)

    assert (question.status_code, before) == (200, RegistrationState.CONFIRMED)
    assert (answer.status_code, again.status_code) == (303, 409)
    assert made()[0].state is RegistrationState.CANCELLED
    assert "You are not registered for this event any more." in page
    assert [browser.get(address + page).status_code for page in ("/ticket", "/ticket.pdf", "/edit")] == [404, 404, 409]


def test_messages_of_organisers_are_ended_and_wanted_again(way):
    """M03, G03: as easily as they came."""
    browser, address = way

    def wanted():
        return made()[0].messages_ended_at is None

    before = (wanted(), "No more messages" in browser.get(address).get_data(as_text=True))
    browser.post(address + "/messages")
    ended = (wanted(), "I want messages again" in browser.get(address).get_data(as_text=True))
    browser.post(address + "/messages", data={"wanted": "1"})

    assert (before, ended, wanted()) == ((True, True), (False, True), True)


def test_one_click_in_a_mail_program_ends_messages_and_nothing_else(make, event, ticket, new_client):
    """M03, A07, A08: without cookies and without a word of where it comes from; to look at the link changes nothing."""
    registered = make.registration(event, ticket, locale="pt")
    token = keys.sign(outbox.UNSUBSCRIBE, registered.uid)
    others = [keys.sign(outbox.REGISTRATION, registered.uid), keys.sign(outbox.UNSUBSCRIBE, "nobody"), "x", token + "x"]
    client, click = new_client(), {"List-Unsubscribe": "One-Click"}

    page = client.get(f"/unsubscribe/{token}")
    looked = made()[0].messages_ended_at
    refused = [client.post(f"/unsubscribe/{other}", data=click).status_code for other in others]
    asked = made()[0].messages_ended_at
    done = new_client().post(f"/unsubscribe/{token}", data=click, headers={"Sec-Fetch-Site": None})

    assert (page.status_code, looked, refused, asked) == (200, None, [404] * 4, None)
    assert 'lang="pt"' in page.get_data(as_text=True)
    assert page.headers["Referrer-Policy"] == "strict-origin"
    assert done.status_code == 200
    (registered,) = made()
    assert registered.messages_ended_at is not None
    assert registered.state is RegistrationState.CONFIRMED
    for way in (registration_links.by_link, registration_links.by_ticket):
        with pytest.raises(NotFound):
            way(token)


def test_offer_is_accepted(way, make):
    from marketplace import clock as now
    from marketplace.database import atomic

    browser, address = way
    with atomic():
        (registered,) = made()
        registered.state, registered.offer_expires_at = RegistrationState.OFFERED, now.now() + timedelta(hours=2)

    page = browser.get(address).get_data(as_text=True)
    answer = browser.post(address + "/accept")

    assert "It is held for you until Mar 2, 2026, 9:00\u202fAM (New York, UTC−5)." in page
    assert (answer.status_code, made()[0].state) == (303, RegistrationState.CONFIRMED)


def test_offer_that_is_over_is_gone(way, clock):
    from marketplace import clock as now
    from marketplace.database import atomic

    browser, address = way
    with atomic():
        (registered,) = made()
        registered.state, registered.offer_expires_at = RegistrationState.OFFERED, now.now() + timedelta(hours=2)
    clock.shift(timedelta(hours=3))

    answer = browser.post(address + "/accept")

    assert answer.status_code == 410


def test_own_programme_shows_clashes_and_full_sessions(way, make, event):
    browser, address = way
    first = make.session(event, titles={"en": "First"})
    second = make.session(event, titles={"en": "Second"}, starts_at=event.starts_at + timedelta(minutes=30))
    full = make.session(event, titles={"en": "Full"}, needs_sign_up=True, capacity=0)
    foreign = make.session(make.event())

    added = [browser.post(f"{address}/programme/{entry.uid}/add").status_code for entry in (first, second)]
    page = browser.get(address + "/programme").get_data(as_text=True)
    answers = [browser.post(f"{address}/programme/{entry.uid}/add") for entry in (full, foreign)]
    refused = [answer.status_code for answer in answers]
    removed = browser.post(f"{address}/programme/{first.uid}/remove").status_code
    (registered,) = made()

    assert (added, refused, removed) == ([303, 303], [409, 404], 303)
    assert page.count("“First” and “Second” overlap.") == 1
    assert "All places are taken." in answers[0].get_data(as_text=True)
    assert f"{address}/programme/{second.uid}/remove" in answers[0].get_data(as_text=True)
    assert [entry.name for entry in sign_ups.own(registered)] == ["Second"]


def test_ticket_is_shown_and_printed(way):
    browser, address = way

    page = browser.get(address + "/ticket").get_data(as_text=True)
    pdf = browser.get(address + "/ticket.pdf")

    assert 'src="data:image/svg+xml' in page
    assert (pdf.status_code, pdf.content_type, pdf.data[:5]) == (200, "application/pdf", b"%PDF-")
    assert pdf.headers["Content-Disposition"] == 'attachment; filename="dialogue-ticket.pdf"'
    assert pdf.headers["Cache-Control"] == "no-store"


def test_directory_shows_who_agreed_to_those_who_take_part(way, make, event, ticket, client):
    from marketplace.models import RegistrationConsent

    browser, address = way
    shown = make.registration(event, ticket, name="Shown Person")
    make.registration(event, ticket, name="Hidden Person")
    make.store(
        RegistrationConsent(
            registration_id=shown.id,
            kind=RegistrationConsentKind.DIRECTORY,
            version="1",
            language="en",
            given_at=event.created_at,
        )
    )
    waiting = make.registration(event, ticket, state=RegistrationState.WAITING)

    page = browser.get(address + "/participants").get_data(as_text=True)
    other = client.get(f"/registrations/{registration_links.manage_token(waiting)}/participants")

    assert ("Shown Person" in page, "Hidden Person" in page, shown.email in page) == (True, False, False)
    assert other.status_code == 404


def test_pages_change_nothing_by_being_looked_at(way, count_queries):
    browser, address = way
    browser.get(address)

    with count_queries() as statements:
        for page in ("", "/edit", "/programme", "/ticket", "/calendar", "/participants", "/cancel", "/programme.ics"):
            browser.get(address + page)

    assert [one for one in statements if one.startswith(("INSERT", "UPDATE", "DELETE"))] == []


def test_link_of_another_purpose_or_version_opens_nothing(client, make, event, ticket):
    from marketplace import keys

    registered = make.registration(event, ticket)
    good = registration_links.manage_token(registered)
    renewed = client.post(f"/registrations/{good}/link")

    answers = [
        client.get(f"/registrations/{token}").status_code
        for token in (good, keys.sign("other", f"{registered.uid}.2"), "x", "é", good + "x", registered.uid)
    ]

    assert renewed.status_code == 200
    assert answers == [410, 404, 404, 404, 404, 404]


def test_registration_of_somebody_else_is_not_found(make, event, ticket, login_as, client):
    """A02"""
    registered = make.registration(event, ticket, user_id=make.user().id)
    entry = make.session(event)
    address = f"/account/registrations/{registered.uid}"
    strangers = [login_as(make.user()), login_as(make.organiser())]

    for browser in strangers:
        pages = ["", "/edit", "/cancel", "/programme", "/programme.ics", "/ticket", "/ticket.pdf", "/calendar"]
        seen = [browser.get(address + page).status_code for page in (*pages, "/participants")]
        acts = ["/edit", "/cancel", "/accept", "/link", "/calendar", f"/programme/{entry.uid}/add"]
        done = [browser.post(address + act).status_code for act in acts]

        assert (set(seen), set(done)) == ({404}, {404})
    assert made()[0].state is RegistrationState.CONFIRMED
    assert client.get(address).status_code == 303


def test_own_list_shows_one_s_registrations_only(make, event, ticket, login_as):
    user = make.user()
    make.registration(event, ticket, user_id=user.id, email=user.email)
    make.registration(make.event(titles={"en": "Other"}), make.ticket(event), user_id=make.user().id)

    page = login_as(user).get("/account/registrations").get_data(as_text=True)

    assert ("Dialogue" in page, "Other" in page) == (True, False)


def test_signed_in_person_registers_with_what_is_known(make, event, ticket, login_as):
    user = make.user(name="João Peña", email="joao@example.org", timezone="America/Sao_Paulo")
    city = make.city(name="Recife", names={"en": "Recife"})
    make.membership(user, city)
    other = make.organisation(slug="not-mine")
    session().refresh(user)
    browser = login_as(user)

    page = browser.get("/events/dialogue/register").get_data(as_text=True)
    forged = browser.post("/events/dialogue/register", data=filled(ticket, email=user.email, organisation=other.slug))
    answer = browser.post("/events/dialogue/register", data=filled(ticket, email=user.email, organisation=city.slug))
    again = browser.get("/events/dialogue/register")

    (registered,) = made()
    assert 'value="João Peña"' in page
    assert (forged.status_code, answer.status_code) == (422, 303)
    assert answer.location == again.location == f"/account/registrations/{registered.uid}"
    assert (registered.user_id, registered.organisation_id, registered.organisation_name) == (
        user.id,
        city.id,
        "Recife",
    )


def test_hybrid_event_asks_how_one_takes_part(client, make, clock):
    event = make.event(slug="hybrid", mode=EventMode.HYBRID)
    ticket = make.ticket(event)

    missing = client.post("/events/hybrid/register", data=filled(ticket))
    answer = client.post("/events/hybrid/register", data=filled(ticket, attendance="online"))

    assert errors(missing) == ["How will you take part?: Please fill this in."]
    assert (answer.status_code, made()[0].attendance.value) == (303, "online")


def test_form_from_another_site_is_refused(client, event, ticket):
    answer = client.post("/events/dialogue/register", data=filled(ticket), headers={"Sec-Fetch-Site": "cross-site"})

    assert (answer.status_code, made()) == (400, [])


def test_needs_form_names_who_reads_them(client, make, event, ticket):
    make.organiser(name="Elena Marchetti")

    page = client.get("/events/dialogue/register").get_data(as_text=True)

    assert "Only these people can read it: Elena Marchetti." in page
    assert not re.search(r'id="(photo_consent|is_listed)"[^>]*checked', page)
