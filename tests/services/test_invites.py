from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar

from marketplace import i18n
from marketplace.database import session
from marketplace.errors import NotFound
from marketplace.gateways.calendar import Status
from marketplace.models import AccountState, Attendance, Event, EventMode, Registration, SessionState, User
from marketplace.services import events, invites, outbox, programme, registration, registration_links, sign_ups
from tests.services.test_registration import application, fill


def entries(content: bytes) -> dict[str, tuple[str, int, str]]:
    """UID, with summary, SEQUENCE and STATUS, of every entry."""
    return {
        str(event["UID"]): (str(event["SUMMARY"]), int(event["SEQUENCE"]), str(event["STATUS"]))
        for event in Calendar.from_ical(content).events
    }


def test_one_thing_has_one_uid_in_mail_file_and_feed(app, make, clock, deliver):
    """I02"""
    event = make.event()
    entry = make.session(event, needs_sign_up=True)
    (mine,) = fill(event, make.ticket(event), 1)
    sign_ups.sign_up(mine, entry.uid, None)
    event_id, mine_id = event.id, mine.id

    mailed = {letter.context["calendar"]["uid"] for letter in deliver()}
    event, mine = session().get(Event, event_id), session().get(Registration, mine_id)
    feed = invites.feed_of(mine)

    assert mailed == set(entries(invites.programme_file(mine))) == set(entries(invites.personal_feed(feed)))
    assert set(entries(invites.event_file(event))) | set(entries(invites.event_feed(event))) == mailed


def test_invitation_comes_with_the_confirmation_in_the_readers_language(app, make, clock, deliver):
    """I01: local time and zone in words, also where Washington has changed its clocks and Bogotá has not."""
    starts = datetime(2026, 11, 3, 14, tzinfo=UTC)
    event = make.event(
        titles={"en": "Dialogue", "es": "Diálogo; agua, ríos"},
        starts_on=starts.date(),
        ends_on=starts.date(),
        starts_at=starts,
        ends_at=starts + timedelta(hours=8),
        venue="Casa de la Ñ",
    )
    ticket = make.ticket(event)
    registration.register(event.slug, application(ticket, locale="es", timezone="America/Bogota"))

    (letter,) = deliver()
    message = outbox.compose(letter)

    (calendar,) = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    (entry,) = Calendar.from_ical(calendar.get_payload(decode=True)).events
    assert str(entry["SUMMARY"]) == "Diálogo; agua, ríos"
    assert entry["DTSTART"].dt == starts
    words = str(entry["DESCRIPTION"]).replace("\u202f", " ")
    assert "3 de noviembre de 2026, 9:00 a.m.–5:00 p.m. (Nueva York, UTC−5)" in words
    assert "Bogotá" not in str(entry["DESCRIPTION"])
    assert str(entry["ATTENDEE"]) == "mailto:ana@example.org"
    assert entry["ATTENDEE"].params["PARTSTAT"] == "ACCEPTED"
    assert str(entry["ORGANIZER"]) == "mailto:noreply@cities.example"
    assert message["Content-Language"] == "es"


def test_reader_elsewhere_sees_both_times(app, make, clock):
    starts = datetime(2026, 6, 1, 13, tzinfo=UTC)
    event = make.event(starts_at=starts, ends_at=starts + timedelta(hours=2))
    (mine,) = fill(event, make.ticket(event), 1)
    mine = registration.edit(mine.uid, application(mine.ticket_type, timezone="America/Hermosillo"))

    with i18n.speaking("pt"):
        description = invites.of_event(event, mine).description

    assert "1 de junho de 2026, 09:00–11:00 (Nova York, UTC−4)\n" in description
    assert "1 de junho de 2026, 06:00–08:00 (Hermosillo, UTC−7)" in description


def test_nothing_secret_is_in_any_calendar(app, make, clock):
    event = make.event(mode=EventMode.HYBRID, online_link="https://video.example/secret")
    entry = make.session(event, online_link="https://video.example/secret2")
    (mine,) = fill(event, make.ticket(event), 1)
    sign_ups.sign_up(mine, entry.uid, None)
    feed = invites.feed_of(mine)

    for content in (
        invites.event_file(event, mine),
        invites.session_file(event, entry, mine),
        invites.programme_file(mine),
        invites.event_feed(event),
        invites.personal_feed(feed),
    ):
        text = content.replace(b"\r\n ", b"").decode()
        assert "video.example" not in text
        assert registration_links.manage_token(mine) not in text
        assert invites.personal_feed_url(feed) not in text


def test_public_feed_has_stable_bytes_until_something_changes(app, make, clock):
    """I03"""
    event, by = make.event(), make.organiser()
    entry = make.session(event)
    make.session(event, state=SessionState.DRAFT)

    first = (invites.event_feed_tag(event), invites.event_feed(event))
    clock.shift(timedelta(days=1))
    second = (invites.event_feed_tag(event), invites.event_feed(event))
    programme.set_session_state(event.slug, entry.uid, SessionState.CANCELLED, by)
    third = (invites.event_feed_tag(event), invites.event_feed(event))

    assert first == second
    assert third[0] != first[0]
    # I04: a cancelled session stays in its event's feed.
    assert entries(third[1]) == {entry.calendar_uid: (entry.name, 1, "CANCELLED")}


def test_feed_of_an_event_without_sessions_is_the_event(app, make, clock):
    event = make.event()

    assert set(entries(invites.event_feed(event))) == {event.calendar_uid}


def test_personal_feed_follows_every_change_and_its_tag_with_it(app, make, clock):
    """I03, I04"""
    event, by = make.event(), make.organiser()
    entry = make.session(event)
    (mine,) = fill(event, make.ticket(event), 1)
    feed = invites.feed_of(mine)

    seen = []

    def look():
        session().expire_all()
        seen.append((invites.personal_feed_tag(feed), invites.personal_feed(feed)))

    look()
    clock.shift(timedelta(days=1))
    look()
    sign_ups.sign_up(mine, entry.uid, None)
    look()
    programme.edit_session(
        event.slug,
        entry.uid,
        programme.SessionDetails(**{**vars(programme.details_of(entry)), "titles": {"en": "X"}}),
        by,
    )
    look()
    registration.cancel(mine.uid)
    look()
    clock.shift(timedelta(days=31))
    look()

    tags, contents = zip(*seen, strict=True)
    assert seen[0] == seen[1]
    assert len(set(tags)) == len(set(contents)) == 5
    assert [len(entries(content)) for content in contents] == [1, 1, 2, 2, 1, 0]
    assert next(iter(entries(contents[4]).values()))[2] == "CANCELLED"


def test_personal_feed_of_an_account_has_all_its_events_in_its_language(app, make, clock):
    user = make.user(email="p1@example.org", locale="pt")
    first, second = make.event(), make.event(titles={"en": "Market", "pt": "Mercado"})
    fill(first, make.ticket(first), 1)
    fill(second, make.ticket(second), 2)
    registration.claim(user)
    feed = invites.feed_of(user)

    content = invites.personal_feed(feed)

    assert set(entries(content)) == {first.calendar_uid, second.calendar_uid}
    assert entries(content)[second.calendar_uid][0] == "Mercado"


def test_secret_address_is_revoked_renewed_and_ends_with_the_account(app, make, clock):
    """I03: unguessable, revocable, 404 when wrong."""
    user = make.user()
    token = invites.personal_feed_url(invites.feed_of(user)).rpartition("/")[2].removesuffix(".ics")

    found = invites.find_feed(token).user_id
    again = invites.feed_of(user).uid
    renewed = invites.renew_feed(user, user)
    new = invites.personal_feed_url(renewed).rpartition("/")[2].removesuffix(".ics")

    assert found == user.id
    assert again != renewed.uid
    for wrong in (token, new + "x", new[:-1], "é", "", new.replace(".", "")):
        with pytest.raises(NotFound):
            invites.find_feed(wrong)
    assert invites.find_feed(new).uid == renewed.uid
    make.store(_deactivated(user))
    with pytest.raises(NotFound):
        invites.find_feed(new)


def _deactivated(user: User) -> User:
    from marketplace.database import atomic

    with atomic():
        user.state = AccountState.DEACTIVATED
    return user


def test_one_address_per_person_is_open_at_a_time(app, make, clock):
    (mine,) = fill(event := make.event(), make.ticket(event), 1)

    assert invites.feed_of(mine).uid == invites.feed_of(mine).uid


def test_who_attends_online_has_the_place_online(app, make, clock):
    event = make.event(mode=EventMode.HYBRID, venue="Hall")
    ticket = make.ticket(event)
    mine = registration.register(event.slug, application(ticket, attendance=Attendance.ONLINE))

    before = invites.of_event(event, mine)
    registration.edit(mine.uid, application(ticket, attendance=Attendance.IN_PERSON))
    after = invites.of_event(event, mine)

    assert (before.location, before.sequence) == ("Online", 0)
    assert (after.location, after.sequence) == ("Hall", 1)


def test_entry_of_a_cancelled_registration_is_cancelled(app, make, clock):
    (mine,) = fill(event := make.event(), make.ticket(event), 1)

    registration.cancel(mine.uid)

    entry = invites.of_event(event, mine)
    assert (entry.status, entry.sequence, entry.changed_at) == (Status.CANCELLED, 1, mine.calendar_changed_at)


def test_personal_feed_tag_is_two_statements(app, make, clock, count_queries):
    (mine,) = fill(event := make.event(), make.ticket(event), 1)
    feed = invites.find_feed(invites.personal_feed_url(invites.feed_of(mine)).rpartition("/")[2].removesuffix(".ics"))

    with count_queries() as statements:
        invites.personal_feed_tag(feed)

    assert len(statements) == 2
    assert events.public(event.slug) is event
