"""What an interpreter interprets, through the pages of the one and of the organisers."""

import pytest

from marketplace.database import atomic
from marketplace.services import registration_links
from marketplace.services.meetings import interpreters, self_booking
from tests.meetings import market, user_of


@pytest.fixture
def organiser(app, make):
    return make.organiser()


@pytest.fixture
def place(make, organiser):
    found = market(make, organiser, projects=1, funders=1)
    with atomic():
        found.projects[0].languages, found.funders[0].languages = ["pt"], ["en"]
    user = make.user()
    found.person = make.registration(found.event, found.ticket, user_id=user.id, email=user.email)
    found.reader = user
    wanted = frozenset(slot.uid for slot in found.slots)
    found.interpreter = interpreters.save(
        found.event.slug,
        interpreters.Details("Ana Prado", ("en", "pt"), slot_uids=wanted, registration_uid=found.person.uid),
        organiser,
    )
    return found


def book(place):
    side = place.projects[0]
    return self_booking.book(place.event.slug, side.uid, place.funders[0].uid, place.slots[0].uid, user_of(side))


def test_interpreter_reads_when_where_and_for_whom_by_account_and_by_link(place, login_as, client):
    own = f"/account/registrations/{place.person.uid}"
    before = login_as(place.reader).get(f"{own}/interpreting")
    book(place)

    answers = [
        login_as(place.reader).get(f"{own}/interpreting"),
        client.get(f"/registrations/{registration_links.manage_token(place.person)}/interpreting"),
    ]

    assert "You have no meeting to interpret yet." in before.text
    assert f"{own}/interpreting" in login_as(place.reader).get(own).text
    for answer in answers:
        assert answer.status_code == 200
        for words in ("City 0", "Funder 0", "Table 1", "English – Portuguese", user_of(place.projects[0]).name):
            assert words in answer.text


def test_who_interprets_nothing_has_no_such_page(place, login_as):
    book(place)
    side = place.projects[0]
    other = side.members[0].registration

    client = login_as(user_of(side))

    assert client.get(f"/account/registrations/{other.uid}/interpreting").status_code == 404
    assert client.get(f"/account/registrations/{place.person.uid}/interpreting").status_code == 404
    assert "interpreting" not in client.get(f"/account/registrations/{other.uid}").text


def test_organiser_reads_it_and_takes_it_as_files(place, organiser, login_as):
    meeting = book(place)
    base = f"/desk/events/{place.event.slug}/meetings/interpreters"
    desk = login_as(organiser)

    listed = desk.get(base)
    page = desk.get(f"{base}/{place.interpreter.uid}/assignments")
    pdf = desk.post(f"{base}/{place.interpreter.uid}/export", data={"format": "pdf"})
    ics = desk.post(f"{base}/{place.interpreter.uid}/export", data={"format": "ics"})

    assert f"{base}/{place.interpreter.uid}/assignments" in listed.text
    assert page.status_code == 200
    assert "City 0" in page.text
    assert pdf.data.startswith(b"%PDF")
    assert f"UID:{meeting.calendar_uid}" in ics.text
    assert desk.post(f"{base}/{place.interpreter.uid}/export", data={"format": "exe"}).status_code == 404
    assert desk.post(f"{base}/nobody/export", data={"format": "pdf"}).status_code == 404
    assert login_as(place.reader).get(f"{base}/{place.interpreter.uid}/assignments").status_code in {403, 404}
