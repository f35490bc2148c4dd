"""Meetings through the pages of those who meet."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace import clock as product_clock
from marketplace.database import atomic, session
from marketplace.models import (
    BookingRule,
    Letter,
    Meeting,
    MeetingNote,
    MeetingRequest,
    MeetingState,
    Organisation,
    PartyRole,
    PersonAbsence,
    Publication,
    RequestState,
    Wish,
    WishKind,
)
from marketplace.models.base import new_uid
from marketplace.services import sign_ups
from marketplace.services.meetings import requests, self_booking, wishes
from tests.mandates import mandate_of
from tests.meetings import audit, market, party, user_of

PAGES = ("", "/partners", "/wishes", "/requests", "/availability", "/team", "/team/leave")


@pytest.fixture
def place(app, make):
    return market(make, make.organiser(), people=2)


@pytest.fixture
def by_request(app, make):
    return market(make, make.organiser(), rule=BookingRule.REQUEST)


def at(place, rest=""):
    return f"/events/{place.event.slug}/meetings{rest}"


def text(answer):
    return answer.get_data(as_text=True)


def booked(place, project=0, funder=0, slot=0):
    side = place.projects[project]
    return self_booking.book(
        place.event.slug, side.uid, place.funders[funder].uid, place.slots[slot].uid, user_of(side)
    )


def sent(place, message="We build what you finance.", slot=""):
    side = place.projects[0]
    return requests.send(place.event.slug, side.uid, place.funders[0].uid, message, user_of(side), slot_uid=slot).uid


def wish_of(place, side, other):
    session().expire_all()
    return session().scalar(select(Wish).where(Wish.from_party_id == side.id, Wish.to_party_id == other.id))


def vetoed(place, side, other):
    wishes.save(place.event.slug, side.uid, other.uid, WishKind.NOT, user_of(side))


def test_agenda_without_meetings_says_what_to_do_now(place, login_as):
    page = login_as(user_of(place.funders[0])).get(at(place))

    assert page.status_code == 200
    assert "You have no meetings yet." in text(page)
    assert at(place, "/partners") in text(page)
    assert "0 of 20 meetings" in text(page)


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"wishes_open_at": 1, "booking_opens_at": 5}, "You can say whom you want to meet from"),
        ({"booking_opens_at": 5}, "You can say whom you want to meet until"),
        ({"wishes_close_at": -1, "booking_opens_at": 5}, "Booking opens on"),
        ({"wishes_close_at": -1}, "You can book meetings and ask for them until"),
        ({"wishes_close_at": -1, "booking_closes_at": -0.5}, "Booking is closed."),
    ],
    ids=["before", "wishes", "between", "booking", "closed"],
)
def test_phase_is_said_with_its_deadline(make, login_as, clock, rules, words):
    now = product_clock.now()
    place = market(make, make.organiser(), **{name: now + timedelta(days=days) for name, days in rules.items()})

    page = login_as(user_of(place.funders[0])).get(at(place))

    assert words in text(page)


def test_booking_next_time_twice_with_one_form_makes_one_meeting(place, login_as):
    side, other = place.projects[0], place.funders[0]
    browser = login_as(user_of(side))
    page = text(browser.get(at(place, f"/partners/{other.uid}")))
    attempt = re.search(r'name="attempt" value="([^"]+)"', page).group(1)

    first = browser.post(at(place, f"/partners/{other.uid}/book"), data={"slot": "next", "attempt": attempt})
    second = browser.post(at(place, f"/partners/{other.uid}/book"), data={"slot": "next", "attempt": attempt})

    assert (first.status_code, first.location) == (303, second.location)
    (meeting,) = session().scalars(select(Meeting)).all()
    assert first.location == at(place, f"/{meeting.uid}")
    shown = text(browser.get(first.location))
    assert "Table 1" in shown
    assert user_of(other).name in shown
    assert audit() == []


def test_slot_taken_meanwhile_comes_back_with_fresh_slots(place, login_as):
    """A conflict is no error page: a sentence, and times that are free now."""
    browser = login_as(user_of(place.projects[0]))
    taken = place.slots[0].uid
    for one in range(2):
        booked(place, 1, one, one)
    booked_slot = place.slots[0]
    for member in place.projects[0].members:
        with atomic() as current:
            current.add(PersonAbsence(registration_id=member.registration_id, slot_id=booked_slot.id))

    answer = browser.post(
        at(place, f"/partners/{place.funders[0].uid}/book"), data={"slot": taken, "attempt": new_uid()}
    )

    assert answer.status_code == 409
    assert "Nobody of this team is free at this time." in text(answer)
    assert place.slots[2].uid in text(answer)
    assert f'value="{taken}"' not in text(answer)


def test_forged_slot_comes_back_with_fresh_slots(place, login_as):
    browser = login_as(user_of(place.projects[0]))

    answer = browser.post(at(place, f"/partners/{place.funders[0].uid}/book"), data={"slot": "x" * 500})

    assert answer.status_code == 409
    assert place.slots[0].uid in text(answer)
    assert session().scalars(select(Meeting)).all() == []


def test_request_is_asked_for_accepted_and_in_both_agendas(by_request, login_as):
    place = by_request
    asker, other = login_as(user_of(place.projects[0])), login_as(user_of(place.funders[0]))

    page = text(asker.get(at(place, f"/partners/{place.funders[0].uid}")))
    assert "Book at once" not in page
    answer = asker.post(
        at(place, f"/partners/{place.funders[0].uid}/ask"),
        data={"message": "We build what you finance.", "slot": place.slots[1].uid},
    )
    assert answer.status_code == 303
    assert "The other side can answer until" in text(asker.get(answer.location))
    inbox = text(other.get(at(place, "/requests")))
    assert "Your answer is awaited" in inbox
    request = session().scalar(select(MeetingRequest))
    assert "We build what you finance." in text(other.get(at(place, f"/requests/{request.uid}")))
    accepted = other.post(at(place, f"/requests/{request.uid}/accept"), data={"slot": place.slots[1].uid})

    meeting = session().scalar(select(Meeting))
    assert accepted.location == at(place, f"/{meeting.uid}")
    assert meeting.slot_id == place.slots[1].id
    for browser in (asker, other):
        assert meeting.uid in text(browser.get(at(place)))
    assert audit() == []


def test_asking_needs_a_message(by_request, login_as):
    place = by_request
    answer = login_as(user_of(place.projects[0])).post(
        at(place, f"/partners/{place.funders[0].uid}/ask"), data={"message": "  "}
    )

    assert answer.status_code == 422
    assert session().scalars(select(MeetingRequest)).all() == []


def test_second_request_comes_back_with_a_sentence(by_request, login_as):
    place = by_request
    sent(place)

    answer = login_as(user_of(place.funders[0])).post(
        at(place, f"/partners/{place.projects[0].uid}/ask"), data={"message": "Let us meet."}
    )

    assert answer.status_code == 409
    assert "There is an open request between you already." in text(answer)


def test_accepting_a_time_that_is_gone_offers_others(by_request, login_as):
    place = by_request
    uid = sent(place, slot=place.slots[0].uid)
    with atomic() as current:
        registration = place.projects[0].members[0].registration_id
        current.add(PersonAbsence(registration_id=registration, slot_id=place.slots[0].id))
    browser = login_as(user_of(place.funders[0]))

    answer = browser.post(at(place, f"/requests/{uid}/accept"), data={"slot": place.slots[0].uid})
    again = browser.post(at(place, f"/requests/{uid}/accept"), data={"slot": place.slots[1].uid})

    assert answer.status_code == 409
    assert "Nobody of this team is free at this time." in text(answer)
    assert "The time proposed is no longer free." in text(answer)
    assert again.status_code == 303
    assert session().scalar(select(Meeting)).slot_id == place.slots[1].id


def test_proposal_turns_the_request_round(by_request, login_as):
    place = by_request
    uid = sent(place)
    asker, other = login_as(user_of(place.projects[0])), login_as(user_of(place.funders[0]))

    answer = other.post(
        at(place, f"/requests/{uid}/propose"), data={"slot": place.slots[2].uid, "message": "Later, please."}
    )
    turned = text(asker.get(at(place, f"/requests/{uid}")))
    early = other.post(at(place, f"/requests/{uid}/accept"), data={"slot": place.slots[2].uid})
    done = asker.post(at(place, f"/requests/{uid}/accept"), data={"slot": place.slots[2].uid})

    assert answer.status_code == 303
    assert "It is your turn to answer" in turned
    assert "Later, please." in turned
    assert early.status_code == 409
    assert done.status_code == 303


def test_declining_and_withdrawing_end_a_request(by_request, login_as):
    place = by_request
    asker, other = login_as(user_of(place.projects[0])), login_as(user_of(place.funders[0]))
    first = sent(place)

    declined = other.post(at(place, f"/requests/{first}/decline"), data={"reason": "Not our sector."})
    read = text(asker.get(at(place, f"/requests/{first}")))
    second = sent(place)
    stranger = other.post(at(place, f"/requests/{second}/withdraw"))
    withdrawn = asker.post(at(place, f"/requests/{second}/withdraw"))

    assert (declined.status_code, stranger.status_code, withdrawn.status_code) == (303, 404, 303)
    assert "Not our sector." in read
    session().expire_all()
    states = session().scalars(select(MeetingRequest.state).order_by(MeetingRequest.id)).all()
    assert states == [RequestState.DECLINED, RequestState.WITHDRAWN]


def test_wish_is_said_ranked_and_taken_back(place, login_as):
    side, (first, second) = place.projects[0], place.funders
    browser = login_as(user_of(side))

    for other in (first, second):
        browser.post(at(place, f"/partners/{other.uid}/wish"), data={"kind": "want", "back": "partners"})
    browser.post(at(place, "/wishes"), data={"up": second.uid})
    ranks = {wish.to_party_id: wish.rank for wish in wishes.of_party(side)}
    page = text(browser.get(at(place, "/wishes")))
    browser.post(at(place, f"/partners/{first.uid}/wish"), data={"kind": "", "back": "wishes"})

    assert ranks == {second.id: 1, first.id: 2}
    assert page.index(second.uid) < page.index(first.uid)
    assert wish_of(place, side, first) is None


def test_must_wishes_are_counted_and_their_end_is_said(make, login_as):
    place = market(make, make.organiser(), musts=1)
    side, (first, second) = place.projects[0], place.funders
    browser = login_as(user_of(side))
    before = text(browser.get(at(place, "/partners")))
    browser.post(at(place, f"/partners/{first.uid}/wish"), data={"kind": "must", "back": "partners"})

    answer = browser.post(at(place, f"/partners/{second.uid}/wish"), data={"kind": "must", "back": "partners"})

    assert "1 must wish left" in before
    assert answer.status_code == 409
    assert "You have used all your must meetings." in text(answer)
    assert "0 must wishes left" in text(answer)


def test_veto_shows_on_no_page_of_the_other_side(place, login_as):
    """What the other side reads is, sign by sign, what it would read of a pair without a common time."""
    side, (vetoing, busy) = place.projects[0], place.funders
    browser = login_as(user_of(side))
    with atomic() as current:
        for slot in place.slots:
            for member in busy.members:
                current.add(PersonAbsence(registration_id=member.registration_id, slot_id=slot.id))
    listed = text(browser.get(at(place, "/partners")))
    vetoed(place, vetoing, side)

    def blank(page, other):
        page = page.replace(other.uid, "UID").replace(f"Funder {place.funders.index(other)}", "NAME")
        return re.sub(r'(value|content|nonce|id)="[^"]*"|market-funder-[0-9-]+|request [\w-]+', "", page)

    def asked(other):
        return browser.post(at(place, f"/partners/{other.uid}/ask"), data={"message": "We would fit."})

    def next_one(other):
        return browser.post(at(place, f"/partners/{other.uid}/book"), data={"slot": "next", "attempt": new_uid()})

    after = text(browser.get(at(place, "/partners")))
    assert blank(after, vetoing) == blank(listed, vetoing)

    def this_one(other):
        slot = place.slots[1].uid
        return browser.post(at(place, f"/partners/{other.uid}/book"), data={"slot": slot, "attempt": new_uid()})

    for look in (lambda other: browser.get(at(place, f"/partners/{other.uid}")), asked, next_one, this_one):
        answers = [look(other) for other in (vetoing, busy)]
        assert len({answer.status_code for answer in answers}) == 1
        assert blank(text(answers[0]), vetoing) == blank(text(answers[1]), busy)
    for other in (vetoing, busy):
        wished = browser.post(at(place, f"/partners/{other.uid}/wish"), data={"kind": "want", "back": "partner"})
        assert wished.status_code == 303


def test_strangers_find_nothing(place, make, login_as):
    meeting = booked(place)
    uid = sent_between(place)
    stranger = login_as(make.user())
    other_side = login_as(user_of(place.projects[1]))

    for page in PAGES:
        assert stranger.get(at(place, page)).status_code == 404
    for path in (f"/{meeting.uid}", f"/requests/{uid}"):
        assert stranger.get(at(place, path)).status_code == 404
        assert other_side.get(at(place, path)).status_code == 404
    for path in (
        f"/{meeting.uid}/cancel",
        f"/{meeting.uid}/move",
        f"/{meeting.uid}/note",
        f"/{meeting.uid}/people",
        f"/requests/{uid}/accept",
        f"/requests/{uid}/decline",
        f"/requests/{uid}/propose",
        f"/requests/{uid}/withdraw",
    ):
        data = {"reason": "x", "text": "x", "slot": place.slots[3].uid}
        assert other_side.post(at(place, path), data=data).status_code == 404
    session().expire_all()
    assert session().get_one(Meeting, meeting.id).state is MeetingState.SCHEDULED


def sent_between(place):
    side = place.projects[0]
    return requests.send(place.event.slug, side.uid, place.funders[1].uid, "Hello", user_of(side)).uid


def test_pages_of_others_sides_and_events_are_not_found(place, make, login_as):
    elsewhere = market(make, make.organiser())
    meeting = booked(place)
    browser = login_as(user_of(place.projects[0]))

    for path in (
        f"?as={place.projects[1].uid}",
        "?as=nobody",
        f"/partners/{place.projects[1].uid}",
        f"/partners/{elsewhere.funders[0].uid}",
        "/partners/nobody",
        "/requests/nobody",
        "/nothing-like-it",
    ):
        assert browser.get(at(place, path)).status_code == 404, path
    assert browser.get(at(elsewhere, f"/{meeting.uid}")).status_code == 404
    assert browser.post(at(place, f"/partners/{place.projects[1].uid}/wish"), data={"kind": "want"}).status_code in {
        404,
        422,
    }


def test_signed_out_people_are_led_to_signing_in(place, client):
    assert client.get(at(place)).status_code == 303


def test_meetings_need_a_set_up(make, login_as):
    event = make.event()

    assert login_as(make.user()).get(f"/events/{event.slug}/meetings").status_code == 404


def test_posts_of_other_sites_are_refused(place, login_as):
    browser = login_as(user_of(place.projects[0]))

    answer = browser.post(
        at(place, f"/partners/{place.funders[0].uid}/book"),
        data={"slot": "next"},
        headers={"Sec-Fetch-Site": "cross-site"},
    )

    assert answer.status_code == 400
    assert session().scalars(select(Meeting)).all() == []


def test_meeting_is_moved_and_a_taken_time_is_refused(place, login_as):
    meeting = booked(place)
    browser = login_as(user_of(place.funders[0]))

    moved = browser.post(at(place, f"/{meeting.uid}/move"), data={"slot": place.slots[3].uid, "why": "A late train."})
    refused = browser.post(at(place, f"/{meeting.uid}/move"), data={"slot": "gone", "why": "A storm, too."})
    wordy = browser.post(at(place, f"/{meeting.uid}/move"), data={"slot": place.slots[2].uid, "why": "x" * 501})

    assert moved.status_code == 303
    told = session().scalars(select(Letter).where(Letter.kind == "meeting.moved")).all()
    assert {letter.context["reason"] for letter in told} == {"A late train."}
    assert (refused.status_code, wordy.status_code) == (409, 422)
    assert "A storm, too." in text(refused)
    session().expire_all()
    assert session().get_one(Meeting, meeting.id).slot_id == place.slots[3].id
    assert audit() == []


def test_times_to_ask_for_are_named_by_the_venue_s_clock_and_one_s_own(by_request, login_as):
    side, other = by_request.projects[0], by_request.funders[0]
    with atomic():
        user_of(side).timezone = user_of(other).timezone = "America/Los_Angeles"
    uid = sent(by_request)

    asking = text(login_as(user_of(by_request.projects[1])).get(at(by_request, f"/partners/{other.uid}")))
    offered = text(login_as(user_of(side)).get(at(by_request, f"/partners/{by_request.funders[1].uid}")))
    answering = text(login_as(user_of(other)).get(at(by_request, f"/requests/{uid}")))

    assert "Los Angeles" not in asking
    for page in (offered, answering):
        assert re.search(r"10:00.{1,40}New York.{1,60}7:00.{1,40}Los Angeles", page)


def test_cancelling_needs_a_reason_that_the_other_side_reads(place, login_as):
    meeting = booked(place)
    browser, other = login_as(user_of(place.projects[0])), login_as(user_of(place.funders[0]))

    without = browser.post(at(place, f"/{meeting.uid}/cancel"), data={"reason": ""})
    done = browser.post(at(place, f"/{meeting.uid}/cancel"), data={"reason": "Our mayor is ill."})

    assert (without.status_code, done.status_code) == (422, 303)
    assert "Our mayor is ill." in text(other.get(at(place, f"/{meeting.uid}")))
    assert "Cancelled meetings" in text(other.get(at(place)))
    assert audit() == []


def test_too_late_to_cancel_comes_back_with_a_sentence(place, login_as):
    meeting = booked(place)
    with atomic() as current:
        set_up = current.merge(place.setup)
        set_up.change_until_minutes = 60 * 24 * 60

    answer = login_as(user_of(place.projects[0])).post(at(place, f"/{meeting.uid}/cancel"), data={"reason": "Late"})

    assert answer.status_code == 409
    assert "It is too late to change this meeting here." in text(answer)


def test_meeting_is_handed_over_within_the_team(place, login_as):
    meeting = booked(place)
    side = place.projects[0]
    second = side.members[1].registration
    browser = login_as(user_of(side))

    page = text(browser.get(at(place, f"/{meeting.uid}")))
    done = browser.post(at(place, f"/{meeting.uid}/people"), data={"people": [second.uid]})
    forged = browser.post(
        at(place, f"/{meeting.uid}/people"), data={"people": [place.funders[0].members[0].registration.uid]}
    )

    assert second.uid in page
    assert (done.status_code, forged.status_code) == (303, 409)
    shown = text(browser.get(at(place, f"/{meeting.uid}")))
    assert second.name in shown
    assert audit() == []


def test_note_is_seen_by_its_writer_alone(place, login_as):
    meeting = booked(place)
    mine, theirs = login_as(user_of(place.projects[0])), login_as(user_of(place.funders[0]))
    colleague = login_as(place.projects[0].members[1].registration.user)

    mine.post(at(place, f"/{meeting.uid}/note"), data={"text": "Ask for <b>guarantees</b>"})

    assert "Ask for &lt;b&gt;guarantees&lt;/b&gt;" in text(mine.get(at(place)))
    for browser in (theirs, colleague):
        for page in ("", f"/{meeting.uid}"):
            assert "guarantees" not in text(browser.get(at(place, page)))
    mine.post(at(place, f"/{meeting.uid}/note"), data={"text": ""})
    assert session().scalars(select(MeetingNote)).all() == []


def test_agenda_has_sessions_and_meetings_in_one(place, make, login_as):
    meeting = booked(place, slot=2)
    registration = place.projects[0].members[0].registration
    entry = make.session(
        place.event,
        titles={"en": "Opening"},
        starts_at=place.slots[0].starts_at - timedelta(hours=2),
        ends_at=place.slots[0].starts_at - timedelta(hours=1),
    )
    sign_ups.sign_up(registration, entry.uid, by=registration.user)

    page = text(login_as(registration.user).get(at(place)))

    assert page.index("Opening") < page.index(meeting.uid)


def test_link_to_join_is_on_the_page_of_its_sides_only(place, make, login_as):
    with atomic() as current:
        current.merge(place.funders[0]).online_link = "https://meet.example.org/secret"
        current.merge(place.projects[0]).attendance = "online"
    meeting = booked(place)

    for side in (place.projects[0], place.funders[0]):
        assert "https://meet.example.org/secret" in text(login_as(user_of(side)).get(at(place, f"/{meeting.uid}")))
    page = login_as(user_of(place.projects[1])).get(at(place, f"/partners/{place.funders[0].uid}"))
    assert "meet.example.org" not in text(page)


def test_preliminary_meetings_are_marked(place, login_as):
    meeting = booked(place)
    with atomic() as current:
        current.merge(place.setup).publication = Publication.PRELIMINARY
        current.get_one(Meeting, meeting.id).source = "engine"

    assert "Preliminary" in text(login_as(user_of(place.funders[0])).get(at(place)))


def test_absences_are_kept_and_a_meeting_is_not_given_up_by_them(place, login_as):
    booked(place)
    side = place.projects[0]
    person = side.members[0].registration
    browser = login_as(person.user)

    page = text(browser.get(at(place, "/availability")))
    kept = browser.post(at(place, "/availability"), data={"person": person.uid, "slots": [place.slots[4].uid]})
    refused = browser.post(at(place, "/availability"), data={"person": person.uid, "slots": [place.slots[0].uid]})
    stranger = browser.post(
        at(place, "/availability"), data={"person": place.funders[0].members[0].registration.uid, "slots": []}
    )

    assert "in a meeting" in page
    assert (kept.status_code, refused.status_code, stranger.status_code) == (303, 409, 404)
    assert "Move or cancel it first." in text(refused)
    assert [one.slot_id for one in session().scalars(select(PersonAbsence))] == [place.slots[4].id]


def test_team_is_changed_by_its_people(place, login_as):
    side = place.projects[0]
    uids = [member.registration.uid for member in side.members]
    browser = login_as(user_of(side))
    values = {"attendance": "in_person", "languages": ["es", "pt"], "members": uids, "stand_ins": uids[:1]}

    done = browser.post(at(place, "/team"), data=values)
    nobody = browser.post(at(place, "/team"), data={**values, "members": []})
    forged = browser.post(at(place, "/team"), data={**values, "members": ["nobody"]})
    unsafe = browser.post(at(place, "/team"), data={**values, "online_link": "javascript:alert(1)"})

    assert (done.status_code, nobody.status_code, forged.status_code, unsafe.status_code) == (303, 422, 422, 422)
    session().expire_all()
    assert side.languages == ["es", "pt"]
    assert [member.is_stand_in for member in side.members] == [False, True]


def test_team_of_several_projects_sees_all_its_meetings(place, make, login_as):
    side = place.projects[0]
    person = side.members[0].registration
    second = party(
        make, place.event, place.ticket, PartyRole.PROJECT, side.organisation, make.project(side.organisation), 1
    )
    make.fit(second.project, place.funders[1].organisation)
    first_meeting = booked(place)
    other_meeting = self_booking.book(
        place.event.slug, second.uid, place.funders[1].uid, place.slots[1].uid, user_of(second)
    )
    browser = login_as(person.user)

    team = text(browser.get(at(place, "/team")))
    switched = text(browser.get(at(place, f"/partners?as={second.uid}")))

    assert first_meeting.uid in team
    assert other_meeting.uid in team
    assert place.funders[1].uid in switched
    assert place.funders[0].uid not in switched
    assert f"as={second.uid}" in switched


def test_leaving_ends_meetings_and_closes_forms(place, login_as):
    meeting = booked(place)
    browser = login_as(user_of(place.funders[0]))

    done = browser.post(at(place, "/team/leave"), data={"reason": "We cannot come."})
    after = browser.post(at(place, f"/partners/{place.projects[0].uid}/book"), data={"slot": "next"})

    assert done.status_code == 303
    assert after.status_code == 409
    session().expire_all()
    assert session().get_one(Meeting, meeting.id).state is MeetingState.CANCELLED
    assert "takes no part in the meetings any more" in text(browser.get(at(place)))


def test_partners_are_searched_filtered_and_paged(make, login_as):
    place = market(make, make.organiser(), projects=1, funders=22)
    browser = login_as(user_of(place.projects[0]))

    first = text(browser.get(at(place, "/partners")))
    second = text(browser.get(at(place, "/partners?page=2")))
    found = text(browser.get(at(place, "/partners?q=funder+21")))
    hostile = browser.get(at(place, "/partners?q=%27%22%3Cscript%3E&role=x&only=y&page=-5"))

    assert "22 possible partners" in first
    assert (first.count('class="partner"'), second.count('class="partner"')) == (20, 2)
    assert found.count('class="partner"') == 1
    assert hostile.status_code == 200
    assert "<script>" not in text(hostile).split("<main")[1].split("</main")[0]


def test_list_of_partners_says_before_one_chooses_who_can_meet_no_more(place, login_as):
    booked(place)
    with atomic():
        place.funders[0].cap = 1
    client = login_as(user_of(place.projects[1]))

    def entry(side):
        return text(client.get(at(place, "/partners"))).split(f'id="partner-{side.uid}"')[1].split("</li>")[0]

    assert "Fully booked" in entry(place.funders[0])
    assert "Book or ask for a meeting" not in entry(place.funders[0])
    assert "Book or ask for a meeting" in entry(place.funders[1])

    with atomic():
        place.projects[1].cap = 0
    assert "Book or ask for a meeting" not in entry(place.funders[1])


@pytest.mark.parametrize("page", ["", "/partners", "/wishes", "/requests", "/team"])
def test_pages_do_not_query_per_row(make, login_as, count_queries, page):
    sizes = []
    for funders in (2, 9):
        place = market(make, make.organiser(), projects=1, funders=funders, hours=4)
        side, by = place.projects[0], user_of(place.projects[0])
        for number, other in enumerate(place.funders):
            wishes.save(place.event.slug, side.uid, other.uid, WishKind.WANT, by)
            if number % 2:
                booked(place, 0, number, number)
            else:
                requests.send(place.event.slug, side.uid, other.uid, "We would fit.", by)
        browser, path = login_as(by), at(place, page)
        session().close()
        with count_queries() as statements:
            assert browser.get(path).status_code == 200
        sizes.append(len(statements))

    assert sizes[1] <= sizes[0] + 1


def test_registration_leads_to_the_meetings(place, login_as):
    registration = place.projects[0].members[0].registration

    page = text(login_as(registration.user).get(f"/account/registrations/{registration.uid}"))

    assert at(place) in page


def test_event_page_leads_to_the_meetings_of_those_who_meet(place, make, login_as):
    path = f"/events/{place.event.slug}"

    assert "My meetings" in text(login_as(user_of(place.funders[0])).get(path))
    assert "My meetings" not in text(login_as(make.user()).get(path))


def test_project_page_leads_funders_to_a_meeting(make, login_as, client):
    place = market(make, make.organiser(), projects=0)
    city = make.city()
    project = make.published(city)
    side = party(make, place.event, place.ticket, PartyRole.PROJECT, city, project)
    make.fit(project, place.funders[0].organisation)
    funder, unfit = (login_as(user_of(one)) for one in place.funders)

    page = text(funder.get(f"/projects/{project.slug}"))

    assert at(place, f"/partners/{side.uid}") in page
    assert funder.get(at(place, f"/partners/{side.uid}?as={place.funders[0].uid}")).status_code == 200
    for browser in (client, unfit, login_as(user_of(side))):
        assert "Meet this project" not in text(browser.get(f"/projects/{project.slug}"))


def test_waiting_requests_are_counted_on_every_page(by_request, login_as):
    sent(by_request)

    page = text(login_as(user_of(by_request.funders[0])).get(at(by_request)))

    assert re.search(r'Requests <span class="count">1</span>', page)


@pytest.mark.parametrize("slot", ["\x00", "é" * 4000, "' OR 1=1 --", "-1"])
def test_hostile_slots_are_answered(by_request, login_as, slot):
    place = by_request
    uid = sent(place)
    meeting_path, other = at(place, f"/partners/{place.projects[1].uid}"), login_as(user_of(place.funders[0]))

    answers = [
        other.post(at(place, f"/requests/{uid}/propose"), data={"slot": slot}),
        other.post(at(place, f"/requests/{uid}/accept"), data={"slot": slot}) if slot.strip("\x00") else None,
        other.post(f"{meeting_path}/ask", data={"slot": slot, "message": "We would fit."}),
        other.post(f"{meeting_path}/book", data={"slot": slot, "attempt": slot}),
        other.get(at(place, "/partners/%00")),
        other.get(at(place, "/%00")),
        other.get(at(place, "/requests/%00")),
    ]

    assert {answer.status_code for answer in answers[:4] if answer} <= {303, 400, 409, 422}
    assert {answer.status_code for answer in answers[4:]} <= {400, 404}


def test_partners_show_score_and_reasons_as_each_side_reads_them(make, login_as):
    """The wishes of a city, its preference and the mutual value are not for the other side."""
    place = market(make, make.organiser(), projects=0, funders=3)
    city = make.city()
    project = make.published(city, readiness=68.0)
    side = party(make, place.event, place.ticket, PartyRole.PROJECT, city, project)
    for one in place.funders:
        with atomic() as current:
            current.get_one(Organisation, one.organisation_id).verified_at = product_clock.now()
        make.profile(one.organisation, content=mandate_of(), revision=3)
        make.fit(project, one.organisation, mutual=93.7, preference=91.3)
    theirs, ours = login_as(user_of(place.funders[0])), login_as(user_of(side))

    pages = [
        text(theirs.get(at(place, "/partners"))),
        text(theirs.get(at(place, f"/partners/{side.uid}"))),
        text(ours.get(at(place, "/partners"))),
        text(ours.get(at(place, f"/partners/{place.funders[0].uid}"))),
    ]

    for page in pages:
        assert "Why it fits" in page
        assert "93.7" not in page
        assert "91.3" not in page
    assert f"/projects/{project.slug}/passport.json" in pages[1]
    assert f"/funders/{place.funders[0].organisation.slug}" in pages[3]
