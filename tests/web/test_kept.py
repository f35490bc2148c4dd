"""Pages kept for readers without a session: handed out again, never older than the database, never somebody's own."""

import gzip
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from marketplace.database import atomic
from marketplace.models import AttendeeCategory, SessionState
from marketplace.services import events, installation, organisations, people, programme, registration, sign_ups, tickets
from marketplace.services.registration import Application
from marketplace.shelf import Shelf


@pytest.fixture
def keeping(app, monkeypatch):
    monkeypatch.setitem(app.config, "KEEP_PAGES", True)
    yield
    # The ids of the next test's acts begin at one again.
    app.extensions["kept"].clear()


@pytest.fixture
def ambato(make):
    return make.city(name="Ambato", names={"en": "Ambato"}, slug="ambato")


@pytest.mark.usefixtures("keeping", "ambato")
def test_second_reader_costs_one_look(client, new_client, count_queries):
    first = client.get("/cities").get_data()

    with count_queries() as statements:
        second = new_client().get("/cities").get_data()

    assert second == first
    assert len(statements) <= 2


@pytest.mark.usefixtures("keeping")
def test_change_is_seen_at_once(client, make, ambato):
    organiser = make.organiser()
    before = client.get("/cities").get_data(as_text=True)

    organisations.deactivate("ambato", organiser)
    after = client.get("/cities").get_data(as_text=True)

    assert "Ambato" in before
    assert "Ambato" not in after


@pytest.mark.usefixtures("keeping", "ambato")
def test_page_of_a_city_is_kept_for_the_minute_it_shows(client, clock, count_queries):
    first = client.get("/cities/ambato").text

    with count_queries() as statements:
        same = client.get("/cities/ambato").text
    clock.shift(60)
    later = client.get("/cities/ambato").text

    assert same == first
    assert len(statements) == 1
    assert later != first


@pytest.mark.usefixtures("keeping", "ambato")
def test_language_theme_and_filters_have_pages_of_their_own(client):
    english = client.get("/cities").get_data(as_text=True)
    spanish = client.get("/cities", headers={"Accept-Language": "es"}).get_data(as_text=True)
    filtered = client.get("/cities?q=zzz").get_data(as_text=True)
    client.set_cookie("theme", "dark")
    dark = client.get("/cities").get_data(as_text=True)

    assert 'lang="es"' in spanish
    assert "Ambato" in english
    assert "Paired" not in filtered
    assert 'data-bs-theme="dark"' in dark
    assert "data-bs-theme" not in english


@pytest.mark.usefixtures("keeping", "ambato")
def test_page_of_a_signed_in_reader_is_never_kept(client, login_as, make):
    person = make.user(name="Ana Souza")

    own = login_as(person).get("/cities").get_data(as_text=True)
    public = client.get("/cities").get_data(as_text=True)

    assert "Ana Souza" in own
    assert "Ana Souza" not in public


PROGRAMME = "/events/dialogue/programme"
FEED = "/events/dialogue/calendar.en.ics"


@pytest.fixture
def event(make, clock):
    event = make.event(slug="dialogue", titles={"en": "Dialogue"})
    make.session(event, titles={"en": "Rivers"})
    return event


@pytest.mark.parametrize("path", [PROGRAMME, "/events/dialogue", "/events/dialogue/speakers", FEED])
def test_kept_answer_is_the_same_with_all_headers_and_a_number_of_its_own(client, event, count_queries, path):
    first = client.get(path)

    with count_queries() as statements:
        second = client.get(path, headers={"X-Request-Id": "asked-for-this"})
    head = client.head(path)

    assert len(statements) == 1
    assert second.data == first.data
    assert second.headers["X-Request-Id"] == "asked-for-this"
    without_id = [[pair for pair in answer.headers if pair[0] != "X-Request-Id"] for answer in (first, second, head)]
    assert without_id[0] == without_id[1] == without_id[2]
    assert "Content-Security-Policy" in second.headers
    assert (head.status_code, head.data) == (200, b"")
    assert len({answer.headers["X-Request-Id"] for answer in (first, second, head)}) == 3


def test_kept_answer_is_logged_and_counted_like_any_other(client, event, capfd):
    client.get(PROGRAMME)
    capfd.readouterr()

    answer = client.get(PROGRAMME)

    line = json.loads(capfd.readouterr().err.splitlines()[-1])
    figures = client.get("/metrics").get_data(as_text=True)
    route = "/events/<slug>/programme"
    assert (line["event"], line["method"], line["route"], line["status"]) == ("request", "GET", route, 200)
    assert line["request_id"] == answer.headers["X-Request-Id"]
    number = re.search(rf'http_requests_total{{method="GET",route="{route}",status="200"}} (\d+)', figures)
    assert int(number.group(1)) >= 2


def test_any_change_of_the_event_is_seen_at_once_in_every_process(client, other_app, make, event):
    organiser, other = make.organiser(), other_app().test_client()
    entry = programme.sessions(event)[0]
    seen = []

    def look():
        for browser in (client, other):
            seen.append([re.search(rb"Rivers|Lakes", browser.get(path).data) for path in (PROGRAMME, FEED)])
        return [found and found.group().decode() for found in (*seen[-2], *seen[-1])]

    before = look(), look()
    details = programme.details_of(entry)
    programme.edit_session(
        "dialogue", entry.uid, type(details)(**{**vars(details), "titles": {"en": "Lakes"}}), organiser
    )
    edited = look()
    programme.set_session_state("dialogue", entry.uid, SessionState.CANCELLED, organiser)
    cancelled = client.get(FEED).data, other.get(FEED).data
    events.withdraw("dialogue", organiser)
    withdrawn = [browser.get(path).status_code for browser in (client, other) for path in (PROGRAMME, FEED)]

    assert before == (["Rivers"] * 4, ["Rivers"] * 4)
    assert edited == ["Lakes"] * 4
    assert all(b"STATUS:CANCELLED" in content for content in cancelled)
    assert withdrawn == [404] * 4


def test_registration_that_closes_is_seen_at_once(client, make, event, clock):
    organiser = make.organiser()
    details = events.details_of(event)
    closing = type(details)(**{**vars(details), "registration_closes_at": events.clock.now().replace(hour=13)})
    events.edit("dialogue", closing, organiser, tell=False)
    make.ticket(event)

    before = client.get("/events/dialogue").text
    clock.shift(3601)
    after = client.get("/events/dialogue").text

    assert "/events/dialogue/register" in before
    assert "/events/dialogue/register" not in after


def test_kept_answer_is_compressed_for_who_reads_that_only(client, event):
    plain = [client.get(PROGRAMME) for _ in range(2)]
    packed = [client.get(PROGRAMME, headers={"Accept-Encoding": "gzip, br"}) for _ in range(2)]
    refused = client.get(PROGRAMME, headers={"Accept-Encoding": "gzip;q=0"})

    assert "Content-Encoding" not in plain[1].headers
    assert packed[1].headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed[1].data) == plain[1].data == refused.data
    assert packed[1].headers["Content-Length"] == str(len(packed[1].data))


def test_host_that_is_not_ours_gets_no_kept_answer(client, event):
    client.get(PROGRAMME)

    answers = [client.get(PROGRAMME, headers={"Host": host}) for host in ("evil.example", "localhost.evil.example")]

    assert [answer.status_code for answer in answers] == [400, 400]


def test_reader_with_a_session_never_gets_or_leaves_a_kept_answer(client, login_as, make, event):
    client.get(PROGRAMME)
    browser = login_as(make.user(name="Ana Souza"))

    own = [browser.get(PROGRAMME).text, browser.get(PROGRAMME).text]

    assert all("Ana Souza" in page for page in own)
    assert "Ana Souza" not in client.get(PROGRAMME).text


def test_programme_of_somebody_signed_in_is_made_anew_with_all_it_shows(login_as, make, event):
    person, other, organiser = make.user(name="Ana Souza"), make.user(name="Luis Rojas"), make.organiser()
    mine = make.registration(event, make.ticket(event), user=person, email=person.email)
    browser, rooms = login_as(person), login_as(other)
    entry = programme.sessions(event)[0]

    pages = [browser.get(PROGRAMME).text, browser.get(PROGRAMME).text, rooms.get(PROGRAMME).text]
    sign_ups.sign_up(mine, entry.uid, person)
    signed_up = browser.get(PROGRAMME).text
    with atomic() as current:
        current.merge(person).name = "Ana Lima"
    renamed = browser.get(PROGRAMME).text
    programme.set_session_state("dialogue", entry.uid, SessionState.CANCELLED, organiser)

    assert all("Ana Souza" in page and "In my programme" not in page for page in pages[:2])
    assert pages[0] == pages[1]
    assert "Luis Rojas" in pages[2]
    assert "Ana" not in pages[2]
    assert "/account/registrations/" not in pages[2]
    assert "In my programme" in signed_up
    assert "Ana Lima" in renamed
    assert browser.get(PROGRAMME).text != renamed
    assert "In my programme" not in rooms.get(PROGRAMME).text


def test_draft_is_there_for_who_works_on_it_only(client, login_as, make, event):
    organiser = make.organiser()
    desk, somebody = login_as(organiser), login_as(make.user())
    seen = [browser.get(PROGRAMME).status_code for browser in (client, desk, somebody)]

    events.withdraw("dialogue", organiser)
    withdrawn = [browser.get(PROGRAMME).status_code for browser in (client, desk, somebody)]

    assert seen == [200, 200, 200]
    assert withdrawn == [404, 200, 404]


def test_sample_banner_appears_on_kept_pages(client, event):
    before = client.get(PROGRAMME).text
    installation.mark_as_sample()

    assert client.get(PROGRAMME).text != before


def test_form_is_made_once_and_numbered_for_each_reader(new_client, make, event):
    ticket = make.ticket(event, names={"en": "Delegate"})
    path = "/events/dialogue/register"

    pages = [new_client().get(path) for _ in range(3)]
    numbers = [re.search(r'name="attempt"[^>]* value="([^"]+)"', page.text).group(1) for page in pages]
    tokens = [set(re.findall(r'name="csrf_token" value="([^"]+)"', page.text)) for page in pages]
    cookies = [page.headers["Set-Cookie"] for page in pages]
    tickets.set_open("dialogue", ticket.uid, is_open=False, by=make.organiser())
    closed = new_client().get(path).text

    assert len(set(numbers)) == len(set(cookies)) == 3
    assert all(len(found) == 1 for found in tokens)
    assert len(set.union(*tokens)) == 3
    assert all(page.headers["Cache-Control"] == "no-store" for page in pages)
    assert all("Delegate" in page.text for page in pages)
    assert "Delegate" not in closed


def test_shelf_keeps_the_last_things_and_survives_threads():
    shelf: Shelf[int] = Shelf(3)
    made: list[int] = []

    def make(number: int) -> int:
        made.append(number)
        return number

    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda number: shelf.get(number % 3, lambda: make(number % 3)), range(300)))
    shelf.get(3, lambda: make(3))
    again = shelf.get(1, lambda: make(1))

    assert got == [number % 3 for number in range(300)]
    assert len(shelf._things) == 3
    assert again == 1


FIELDS = {"name": "Ana", "email": "ana@example.org", "category": "city"}
OLD_BROWSER = {"Sec-Fetch-Site": None}
"""Says neither where a request comes from nor which page it was on."""


def form_of(answer, ticket):
    """What a reader of the registration form would send without changing anything but what is asked for."""
    hidden = dict(re.findall(r'name="(attempt|csrf_token)"[^>]*? value="([^"]+)"', answer.get_data(as_text=True)))
    return {**FIELDS, **hidden, "ticket": ticket.uid}


@pytest.fixture
def dialogue(make, keeping, clock):
    event = make.event(slug="dialogue", capacity=2)
    make.organiser(name="Olga Organiser")
    return event, make.ticket(event)


def test_form_of_a_later_reader_is_kept_and_their_own(dialogue, new_client, count_queries):
    _, ticket = dialogue
    first, second = new_client(), new_client()
    one = first.get("/events/dialogue/register")

    with count_queries() as statements:
        two = second.get("/events/dialogue/register")
    forms = [form_of(answer, ticket) for answer in (one, two)]
    stolen = second.post("/events/dialogue/register", data=forms[0], headers=OLD_BROWSER)
    sent = second.post("/events/dialogue/register", data=forms[1], headers=OLD_BROWSER)

    assert len(statements) <= 2
    assert forms[0].keys() == forms[1].keys() >= {"attempt", "csrf_token"}
    assert len({form["attempt"] for form in forms}) == len({form["csrf_token"] for form in forms}) == 2
    kept = {name: one.headers.getlist(name) for name in ("Cache-Control", "Content-Type", "Vary")}
    assert {name: two.headers.getlist(name) for name in kept} == kept
    cookies = [answer.headers.getlist("Set-Cookie") for answer in (one, two)]
    assert [len(found) for found in cookies] == [1, 1]
    assert cookies[0][0].partition(";")[2] == cookies[1][0].partition(";")[2]
    assert stolen.status_code == 400
    assert sent.status_code == 303


def test_kept_form_is_packed_for_who_reads_that(dialogue, new_client):
    plain = new_client().get("/events/dialogue/register", headers={"Accept-Encoding": "identity"})
    packed = [new_client().get("/events/dialogue/register", headers={"Accept-Encoding": "gzip"}) for _ in range(2)]

    assert [answer.headers["Content-Encoding"] for answer in packed] == ["gzip", "gzip"]
    assert [int(answer.headers["Content-Length"]) for answer in packed] == [len(answer.data) for answer in packed]
    assert {len(gzip.decompress(answer.data)) for answer in packed} == {len(plain.data)}


def test_kept_form_is_never_older_than_what_it_shows(dialogue, make, new_client, clock):
    event, _ = dialogue
    by = make.organiser(name="Paula Present")

    def page(**headers):
        return new_client().get("/events/dialogue/register", headers=headers).get_data(as_text=True)

    first = page()
    registration.register("dialogue", Application("Ana", "a@example.org", AttendeeCategory.CITY, dialogue[1].uid))
    fewer = page()
    tickets.save("dialogue", tickets.Details({"en": "Press card"}), by)
    more = page()
    people.deactivate(by.uid, make.administrator())
    without_her = page()
    spanish = page(**{"Accept-Language": "es"})
    clock.move_to(event.ends_at + timedelta(minutes=1))
    over = page()

    assert "2 places left" in first
    assert "one place left" in fewer
    assert ("Press card" in fewer, "Press card" in more) == (False, True)
    assert ("Paula Present" in more, "Paula Present" in without_her) == (True, False)
    assert 'lang="es"' in spanish
    assert "Registration is closed." in over
    assert 'name="attempt"' not in over


def test_form_of_who_is_signed_in_is_nobody_else_s(dialogue, make, login_as, new_client):
    zoe = make.user(name="Zoë Signed-in", email="zoe@example.org")
    new_client().get("/events/dialogue/register")

    hers = login_as(zoe).get("/events/dialogue/register").get_data(as_text=True)
    next_one = new_client().get("/events/dialogue/register").get_data(as_text=True)

    assert 'value="Zoë Signed-in"' in hers
    assert "Zoë" not in next_one
