"""Calendars over HTTP: public and personal feeds with stable bytes, ETag, 304 and HEAD; files to take along."""

from datetime import timedelta

import pytest
from icalendar import Calendar

from marketplace.database import atomic
from marketplace.models import EventState, Registration, RegistrationState
from marketplace.services import events, invites, programme, registration, registration_links, sign_ups


@pytest.fixture
def event(make, clock):
    event = make.event(slug="dialogue", titles={"en": "Dialogue", "es": "Diálogo, año 2"})
    for index in range(3):
        make.session(event, titles={"en": f"Talk {index}"}, starts_at=event.starts_at + timedelta(hours=index))
    return event


@pytest.fixture
def feed(make, event):
    """The personal feed of somebody without an account, with one session."""
    registered = make.registration(event, make.ticket(event), locale="es")
    sign_ups.sign_up(registered, programme.sessions(event)[1].uid, None)
    return invites.feed_of(registered)


def path_of(feed):
    return invites.personal_feed_url(feed).removeprefix("http://localhost")


def entries(answer):
    return [str(one["summary"]) for one in Calendar.from_ical(answer.get_data(as_text=True)).walk("VEVENT")]


def test_public_feed_is_stable_and_speaks_its_language(client, event):
    first = client.get("/events/dialogue/calendar.es.ics", headers={"Accept-Language": "pt"})
    second = client.get("/events/dialogue/calendar.es.ics", headers={"Accept-Language": "en"})

    assert (first.status_code, first.content_type) == (200, "text/calendar; charset=utf-8")
    assert first.data == second.data
    assert first.headers["ETag"] == second.headers["ETag"]
    assert "\r\nNAME:Diálogo\\, año 2\r\n" in first.data.decode()
    assert entries(first) == ["Talk 0", "Talk 1", "Talk 2"]
    assert "Set-Cookie" not in first.headers


def test_public_feed_answers_304_until_something_changes(client, make, event):
    address = "/events/dialogue/calendar.en.ics"
    tag = client.get(address).headers["ETag"]

    same = client.get(address, headers={"If-None-Match": tag})
    weak = client.get(address, headers={"If-None-Match": f'W/{tag}, "other"'})
    entry = programme.sessions(event)[0]
    programme.set_session_state("dialogue", entry.uid, programme.SessionState.CANCELLED, make.organiser())
    changed = client.get(address, headers={"If-None-Match": tag})

    assert [(answer.status_code, answer.data) for answer in (same, weak)] == [(304, b""), (304, b"")]
    assert same.headers["ETag"] == tag
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag
    assert b"STATUS:CANCELLED" in changed.data


def test_public_feed_answers_head(client, event):
    full = client.get("/events/dialogue/calendar.en.ics")
    head = client.head("/events/dialogue/calendar.en.ics")

    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["ETag"] == full.headers["ETag"]
    assert head.headers["Content-Length"] == str(len(full.data))


def test_kept_public_feed_costs_one_query(client, event, count_queries):
    client.get("/events/dialogue/calendar.en.ics")

    with count_queries() as statements:
        client.get("/events/dialogue/calendar.en.ics")

    assert len(statements) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/events/dialogue/calendar.fr.ics",
        "/events/dialogue/calendar..ics",
        "/events/nothing/calendar.en.ics",
        "/calendar/x.ics",
        "/calendar/é.ics",
        "/calendar/" + "a" * 5000 + ".ics",
    ],
)
def test_wrong_address_is_not_found(client, event, path):
    assert client.get(path).status_code == 404


def test_personal_feed_needs_no_session_and_speaks_its_owner_s_language(client, feed):
    answer = client.get(path_of(feed), headers={"Accept-Language": "en"})
    again = client.get(path_of(feed), headers={"Accept-Language": "pt"})
    head = client.head(path_of(feed))

    assert (answer.status_code, answer.content_type) == (200, "text/calendar; charset=utf-8")
    assert answer.headers["Cache-Control"] == "private, max-age=300"
    assert "Set-Cookie" not in answer.headers
    assert (answer.data, answer.headers["ETag"]) == (again.data, again.headers["ETag"])
    assert entries(answer) == ["Diálogo, año 2", "Talk 1"]
    assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", answer.headers["ETag"])


def test_personal_feed_answers_304_without_rendering(client, feed, count_queries):
    tag = client.get(path_of(feed)).headers["ETag"]

    with count_queries() as statements:
        answer = client.get(path_of(feed), headers={"If-None-Match": tag})

    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", tag)
    assert len(statements) <= 3


def test_personal_feed_notices_every_change(client, make, event, feed):
    tags = [client.get(path_of(feed)).headers["ETag"]]

    def note():
        tags.append(client.get(path_of(feed)).headers["ETag"])

    registered = feed.registration
    sign_ups.sign_up(registered, programme.sessions(event)[2].uid, None)
    note()
    sign_ups.withdraw(registered, programme.sessions(event)[2].uid, None)
    note()
    events.edit("dialogue", events.details_of(events.public("dialogue")), make.organiser())
    unchanged = client.get(path_of(feed)).headers["ETag"]
    events.move("dialogue", 7, make.organiser())
    note()
    registration.cancel(registered.uid)
    note()

    assert unchanged == tags[2]
    assert len(set(tags)) == len(tags)


def test_cancelled_registration_is_shown_as_cancelled_for_a_while(client, feed, clock):
    registration.cancel(feed.registration.uid)

    soon = client.get(path_of(feed))
    clock.shift(timedelta(days=31))
    later = client.get(path_of(feed))

    assert b"STATUS:CANCELLED" in soon.data
    assert entries(later) == []


def test_renewed_and_revoked_addresses_answer_404(client, event, feed):
    registered = feed.registration
    manage = f"/registrations/{registration_links.manage_token(registered)}/calendar"
    old = path_of(feed)

    client.post(manage, data={"act": "renew"})
    renewed = path_of(invites.known_feed(registered))
    seen = [client.get(old).status_code, client.get(renewed).status_code]
    page = client.get(manage).get_data(as_text=True)
    client.post(manage, data={"act": "revoke"})

    assert seen == [404, 200]
    assert renewed in page
    assert client.get(renewed).status_code == 404
    assert invites.known_feed(registered) is None
    assert renewed not in client.get(manage).get_data(as_text=True)


def test_address_is_made_when_asked_for_and_no_act_is_made_up(client, make, event):
    registered = make.registration(event, make.ticket(event))
    manage = f"/registrations/{registration_links.manage_token(registered)}/calendar"

    before = invites.known_feed(registered)
    client.get(manage)
    looked = invites.known_feed(registered)
    client.post(manage, data={"act": "make"})
    made = invites.known_feed(registered).uid
    odd = client.post(manage, data={"act": "../x"})

    assert (before, looked, odd.status_code) == (None, None, 303)
    assert invites.known_feed(registered).uid == made


def test_feed_of_an_account_holds_all_its_events(make, event, login_as):
    user = make.user()
    other = make.event(titles={"en": "Other"})
    for one in (event, other):
        make.registration(one, make.ticket(one), user_id=user.id, email=user.email)
    browser = login_as(user)

    browser.post("/account/registrations/calendar", data={"act": "make"})
    feed = invites.known_feed(user)
    page = browser.get("/account/registrations").get_data(as_text=True)
    answer = browser.get(path_of(feed))

    assert path_of(feed) in page
    assert entries(answer) == ["Dialogue", "Other"]


def test_feed_of_a_closed_account_is_not_found(client, make, login_as, event):
    from marketplace.models import AccountState, User

    user = make.user()
    feed = invites.feed_of(user)
    address = path_of(feed)
    with atomic() as current:
        current.get(User, user.id).state = AccountState.DEACTIVATED

    assert client.get(address).status_code == 404


def test_files_to_take_along(client, make, login_as, event):
    user = make.user()
    registered = make.registration(event, make.ticket(event), user_id=user.id, email=user.email)
    entry = programme.sessions(event)[0]
    sign_ups.sign_up(registered, entry.uid, user)
    browser = login_as(user)
    paths = [
        "/events/dialogue/event.ics",
        f"/events/dialogue/sessions/{entry.uid}.ics",
        f"/account/registrations/{registered.uid}/programme.ics",
    ]

    answers = [browser.get(path) for path in paths]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert [entries(answer) for answer in answers] == [["Dialogue"], ["Talk 0"], ["Dialogue", "Talk 0"]]
    assert [answer.headers["Content-Disposition"] for answer in answers] == [
        'attachment; filename="dialogue.ics"',
        'attachment; filename="dialogue-session.ics"',
        'attachment; filename="dialogue-programme.ics"',
    ]
    assert client.get(paths[2]).status_code == 303


def test_one_thing_has_one_uid_everywhere(client, make, event, feed):
    def uids(answer):
        return {str(one["uid"]) for one in Calendar.from_ical(answer.get_data(as_text=True)).walk("VEVENT")}

    entry = programme.sessions(event)[1]
    public = uids(client.get("/events/dialogue/calendar.en.ics"))
    own = uids(client.get(path_of(feed)))

    assert uids(client.get(f"/events/dialogue/sessions/{entry.uid}.ics")) < public
    assert own == uids(client.get("/events/dialogue/event.ics")) | uids(
        client.get(f"/events/dialogue/sessions/{entry.uid}.ics")
    )


def test_cancelled_event_stays_in_its_feed_as_cancelled(client, make, event):
    events.cancel("dialogue", make.organiser())

    answer = client.get("/events/dialogue/calendar.en.ics")

    assert events.public("dialogue").state is EventState.CANCELLED
    assert answer.data.count(b"STATUS:CANCELLED") == 3


def test_waiting_person_s_feed_holds_nothing(client, make, event):
    waiting = make.registration(event, make.ticket(event), state=RegistrationState.WAITING)

    answer = client.get(path_of(invites.feed_of(waiting)))

    assert isinstance(waiting, Registration)
    assert entries(answer) == []
