"""Meetings of an event at the desk: rules, sessions, tables, interpreters, and the sides that meet."""

import pytest
from sqlalchemy import select

from marketplace import clock
from marketplace.database import session
from marketplace.models import (
    Interpreter,
    Letter,
    Meeting,
    MeetingParty,
    MeetingSession,
    MeetingSetup,
    MeetingSlot,
    MeetingState,
    MeetingTable,
    PartyRole,
    Role,
    Wish,
    WishKind,
)
from marketplace.services.meetings import absences, interpreters, parties, self_booking, setup, tables, wishes
from marketplace.services.meetings.setup import Rules
from tests.meetings import audit, market, user_of

RULES = {
    "pairings": ["project:funder", "city:city"],
    **{f"floor_{role}": "1" for role in PartyRole},
    **{f"cap_{role}": "9" for role in PartyRole},
    "musts": "2",
    "wishes_open_at": "2026-06-01T08:00",
    "wishes_close_at": "2026-06-20T18:00",
    "booking_opens_at": "",
    "booking_closes_at": "",
    "change_until_minutes": "30",
    "request_hours": "48",
    "revision": "0",
}


def text(answer) -> str:
    return answer.get_data(as_text=True)


def fresh(statement):
    session().rollback()
    return session().scalar(statement)


@pytest.fixture
def organiser(app, make):
    return make.organiser()


@pytest.fixture
def browser(organiser, login_as):
    return login_as(organiser)


@pytest.fixture
def place(make, organiser):
    return market(make, organiser)


@pytest.fixture
def desk(place):
    return f"/desk/events/{place.event.slug}/meetings"


def booked(place, project=0, funder=0, slot=0):
    side = place.projects[project]
    return self_booking.book(
        place.event.slug, side.uid, place.funders[funder].uid, place.slots[slot].uid, user_of(side)
    )


def session_fields(place, **changes):
    return {
        "names_en": "Morning",
        "day": place.event.starts_on.isoformat(),
        "starts": "10:00",
        "ends": "12:00",
        "mode": "in_person",
        "slot_minutes": "20",
        "turnover_minutes": "0",
        "booking": "at_once",
        **changes,
    }


# Overview


def test_overview_without_rules_leads_to_them(browser, make):
    event = make.event()

    page = text(browser.get(f"/desk/events/{event.slug}/meetings"))

    assert f"/desk/events/{event.slug}/meetings/rules" in page
    assert "No meetings are planned yet" in page


def test_overview_tells_who_has_nobody_to_meet_and_who_is_wanted_by_too_many(browser, make, organiser):
    place = market(make, organiser, limits={**dict.fromkeys(PartyRole, (0, 20)), PartyRole.FUNDER: (0, 1)})
    for project in place.projects:
        wishes.save(place.event.slug, project.uid, place.funders[0].uid, WishKind.WANT, user_of(project))
    for project in place.projects:
        wishes.save(place.event.slug, place.funders[1].uid, project.uid, WishKind.NOT, organiser)
    desk = f"/desk/events/{place.event.slug}/meetings"

    everybody = text(browser.get(desk))
    alone = text(browser.get(f"{desk}?only=without"))
    wanted = text(browser.get(f"{desk}?only=drowning"))

    assert "Funder 0" in everybody
    assert "Funder 1" in everybody
    assert ("Funder 0" in alone, "Funder 1" in alone) == (False, True)
    assert ("Funder 0" in wanted, "Funder 1" in wanted) == (True, False)


def test_overview_searches_sorts_and_survives_any_query(browser, desk):
    found = text(browser.get(f"{desk}?q=funder+1&sort=-wanted"))

    assert "Funder 1" in found
    assert "Funder 0" not in found
    assert browser.get(f"{desk}?sort=nonsense&only=nonsense&page=99&q=%25").status_code == 200


def test_overview_sends_as_many_statements_for_many_sides_as_for_few(browser, make, organiser, count_queries):
    small, large = market(make, organiser), market(make, organiser, projects=8, funders=8)
    browser.get(f"/desk/events/{small.event.slug}/meetings")

    with count_queries() as few:
        browser.get(f"/desk/events/{small.event.slug}/meetings")
    with count_queries() as many:
        browser.get(f"/desk/events/{large.event.slug}/meetings")

    assert len(many) <= len(few) + 1


def test_organiser_of_another_event_finds_no_meetings(make, login_as, place, desk):
    other = make.event()
    guest = make.user(totp_nonce="nonce", totp_confirmed_at=clock.now())
    make.role(guest, Role.ORGANISER, other)
    session().refresh(guest)
    browser = login_as(guest)

    answers = [
        browser.get(f"{desk}{path}").status_code
        for path in (
            "",
            "/rules",
            "/sessions",
            "/tables",
            "/interpreters",
            "/parties",
            f"/parties/{place.projects[0].uid}",
        )
    ]

    assert set(answers) == {404}
    assert browser.get(f"/desk/events/{other.slug}/meetings").status_code == 200
    assert browser.get(f"/desk/events/{other.slug}/meetings/parties/{place.projects[0].uid}").status_code == 404


# Rules


def test_rules_are_saved_on_the_clock_of_the_event(browser, make):
    event = make.event(timezone="America/Sao_Paulo")

    answer = browser.post(f"/desk/events/{event.slug}/meetings/rules", data=RULES)

    found = fresh(select(MeetingSetup).where(MeetingSetup.event_id == event.id))
    assert answer.status_code == 303
    assert found.pairings == ["project:funder", "city:city"]
    assert found.limits["funder"] == {"floor": 1, "cap": 9}
    assert found.wishes_open_at.isoformat() == "2026-06-01T11:00:00+00:00"
    assert (found.musts, found.change_until_minutes, found.request_hours, found.booking_opens_at) == (2, 30, 48, None)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pairings": []}, "Please say who may meet whom."),
        ({"floor_funder": "10"}, "The least must not be above the most."),
        ({"cap_vendor": "-1"}, "Please give numbers from 0 to 200."),
        ({"musts": "99"}, "Please give a number from 0 to 20."),
        ({"musts": "many"}, "Please write a whole number."),
        ({"wishes_close_at": "2026-05-01T08:00"}, "The end must be after the beginning."),
        ({"request_hours": "0"}, "Please give 1 to 720 hours."),
    ],
)
def test_rules_that_cannot_be_come_back_filled(browser, make, changes, words):
    event = make.event()

    answer = browser.post(f"/desk/events/{event.slug}/meetings/rules", data={**RULES, "request_hours": "51", **changes})

    assert answer.status_code == 422
    assert words in text(answer)
    assert 'value="30"' in text(answer)
    assert fresh(select(MeetingSetup)) is None


def test_rules_that_promise_more_than_there_is_are_saved_when_confirmed(browser, place, desk):
    old = place.setup.revision
    data = {**RULES, "floor_project": "9", "cap_project": "12", "revision": str(old)}

    first = browser.post(f"{desk}/rules", data=data)
    before = fresh(select(MeetingSetup.revision))
    second = browser.post(f"{desk}/rules", data={**data, "confirmed": "y"})

    assert first.status_code == 409
    assert "Some are promised 9 meetings, but there are only 6 slots." in text(first)
    assert 'name="confirmed"' in text(first)
    assert (before, second.status_code) == (old, 303)
    assert fresh(select(MeetingSetup)).limits["project"]["floor"] == 9


def test_rules_changed_by_somebody_else_meanwhile_keep_what_was_typed(browser, place, desk, organiser):
    old = place.setup.revision
    setup.save(place.event.slug, Rules(musts=7, revision=old), organiser, is_confirmed=True)

    answer = browser.post(f"{desk}/rules", data={**RULES, "musts": "5", "revision": str(old), "confirmed": "y"})
    kept = fresh(select(MeetingSetup)).musts
    again = browser.post(f"{desk}/rules", data={**RULES, "musts": "5", "revision": str(old + 1), "confirmed": "y"})

    assert answer.status_code == 409
    assert 'name="musts"' in text(answer)
    assert f'name="revision" type="hidden" value="{old + 1}"' in text(answer)
    assert "“Must” wishes of each side" in text(answer).split("It differs from theirs in:")[1].split("</p>")[0]
    assert (kept, again.status_code, fresh(select(MeetingSetup)).musts) == (7, 303, 5)


# Sessions


def test_meeting_session_is_previewed_then_saved(browser, make):
    event = make.event()
    make_fields = {"breaks-0-begins": "10:40", "breaks-0-finishes": "11:00"}

    class Place:
        pass

    place = Place()
    place.event = event
    fields = session_fields(place, **make_fields)

    shown = browser.post(f"/desk/events/{event.slug}/meetings/sessions/new", data={**fields, "preview": "y"})
    before = fresh(select(MeetingSession))
    saved = browser.post(f"/desk/events/{event.slug}/meetings/sessions/new", data=fields)

    assert (shown.status_code, before, saved.status_code) == (200, None, 303)
    assert "5 slots" in text(shown)
    assert "Nothing is saved yet." in text(shown)
    found = fresh(select(MeetingSession))
    assert len(found.slots) == 5
    assert len(found.breaks) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"slot_minutes": "7"}, "Slots take 10 to 120 minutes, in steps of five."),
        ({"ends": "09:00"}, "The end must be after the beginning."),
        ({"starts": "10:03"}, "Please give a time in steps of five minutes."),
        ({"day": "2030-01-01"}, "This day is not one of the event"),
        ({"breaks-0-begins": "10:20"}, "Please say when the break begins and when it ends."),
        ({"booking": "request_then_at_once"}, "Please say from when meetings can be booked at once."),
        ({"booking": "nonsense"}, "Please choose one of the answers in the list."),
        ({"names_en": ""}, "Name"),
        ({"starts": "never"}, "Please give a time as hours:minutes"),
    ],
)
def test_meeting_session_that_cannot_be_comes_back_filled(browser, place, desk, changes, words):
    answer = browser.post(f"{desk}/sessions/new", data=session_fields(place, starts="14:00", ends="16:00") | changes)

    assert answer.status_code == 422
    assert words in text(answer)
    assert fresh(select(MeetingSession.id).order_by(MeetingSession.id.desc())) == place.session.id


def test_meeting_session_that_overlaps_another_is_refused(browser, place, desk):
    answer = browser.post(f"{desk}/sessions/new", data=session_fields(place, starts="11:00", ends="13:00"))

    assert answer.status_code == 422
    assert "Another meeting session lies in this time." in text(answer)


def test_meeting_session_cut_short_asks_before_it_cancels(browser, place, desk):
    meeting = booked(place, slot=5)
    address = f"{desk}/sessions/{place.session.uid}"
    fields = session_fields(place, ends="11:00")

    asked = browser.post(address, data=fields)
    still = fresh(select(Meeting.state))
    done = browser.post(address, data={**fields, "confirmed": "y"})

    assert asked.status_code == 409
    assert "1 meeting lies in a slot that would be gone." in text(asked)
    assert "Funder 0" in text(asked)
    assert (still, done.status_code) == (MeetingState.SCHEDULED, 303)
    assert fresh(select(Meeting).where(Meeting.id == meeting.id)).state is MeetingState.CANCELLED
    assert audit() == []


def test_meeting_session_is_removed_after_the_question(browser, place, desk):
    booked(place)
    address = f"{desk}/sessions/{place.session.uid}/remove"

    page = browser.get(address)
    asked = browser.post(address)
    done = browser.post(address, data={"confirmed": "y"})

    assert (page.status_code, asked.status_code, done.status_code) == (200, 409, 303)
    assert "Funder 0" in text(asked)
    assert "No meeting session yet" in text(browser.get(f"{desk}/sessions"))
    assert browser.get(f"{desk}/sessions/{place.session.uid}").status_code == 404


# Tables


def test_tables_are_added_changed_and_removed(browser, place, desk):
    added = browser.post(f"{desk}/tables", data={"count": "3", "zone": "Hall A", "is_accessible": "y"})
    last = fresh(select(MeetingTable).order_by(MeetingTable.number.desc()))
    number, zone, uid = last.number, last.zone, last.uid
    changed = browser.post(f"{desk}/tables/{uid}", data={"number": "40", "zone": "Hall B"})
    moved = fresh(select(MeetingTable).where(MeetingTable.uid == uid))
    after = (moved.number, moved.zone, moved.is_accessible)
    removed = browser.post(f"{desk}/tables/{uid}/remove")

    assert (added.status_code, number, zone) == (303, 5, "Hall A")
    assert (changed.status_code, after) == (303, (40, "Hall B", False))
    assert removed.status_code == 303
    assert fresh(select(MeetingTable).where(MeetingTable.uid == uid)) is None


@pytest.mark.parametrize("count", ["0", "501", "-3", "ten", "", "9" * 30])
def test_number_of_tables_that_cannot_be_comes_back_filled(browser, place, desk, count):
    answer = browser.post(f"{desk}/tables", data={"count": count, "zone": "Hall C"})

    assert answer.status_code == 422
    assert "Hall C" in text(answer)


def test_table_number_of_another_table_is_refused(browser, place, desk):
    first, second = tables.of_event(place.event.id)

    answer = browser.post(f"{desk}/tables/{first.uid}", data={"number": str(second.number)})

    assert answer.status_code == 422
    assert "Another table has this number." in text(answer)


def test_closing_a_table_moves_its_meetings_and_asks_where_it_cannot(browser, place, desk):
    one, two = booked(place, 0, 0), booked(place, 1, 1)
    first, _second = tables.of_event(place.event.id)

    asked = browser.post(f"{desk}/tables/{first.uid}/close", data={"extent": "all"})
    done = browser.post(f"{desk}/tables/{first.uid}/close", data={"extent": "all", "confirmed": "y"})
    states = {fresh(select(Meeting.state).where(Meeting.id == meeting.id)) for meeting in (one, two)}

    assert (asked.status_code, done.status_code) == (409, 303)
    assert "no other table is free" in text(asked)
    assert states == {MeetingState.SCHEDULED, MeetingState.CANCELLED}
    assert "closed" in text(browser.get(f"{desk}/tables"))
    assert browser.post(f"{desk}/tables/{first.uid}/reopen").status_code == 303
    assert fresh(select(MeetingTable.closed_at).where(MeetingTable.id == first.id)) is None
    assert audit() == []


def test_table_is_closed_in_the_slots_that_are_ticked(browser, place, desk):
    table = tables.of_event(place.event.id)[0]
    chosen = [place.slots[0].uid, place.slots[3].uid]

    answer = browser.post(f"{desk}/tables/{table.uid}/close", data={"extent": "some", "slots": chosen})

    assert answer.status_code == 303
    session().rollback()
    assert {slot for _table, slot in tables.closures(place.event.id)} == {place.slots[0].id, place.slots[3].id}
    assert "closed in 2 slots" in text(browser.get(f"{desk}/tables"))


# Interpreters


def test_interpreter_is_added_changed_and_retired(browser, place, desk):
    added = browser.post(
        f"{desk}/interpreters/new",
        data={"name": "Ana", "languages": ["en", "pt"], "rest_after": "3", "slots": [place.slots[0].uid]},
    )
    found = fresh(select(Interpreter))
    details = interpreters.details_of(found)
    page = text(browser.get(f"{desk}/interpreters"))
    changed = browser.post(
        f"{desk}/interpreters/{found.uid}", data={"name": "Ana", "languages": ["en"], "rest_after": "3"}
    )
    retired = browser.post(f"{desk}/interpreters/{found.uid}/retire")

    assert (added.status_code, found.pairs, found.rest_after) == (303, ["en-pt"], 3)
    assert details.slot_uids == {place.slots[0].uid}
    assert "1 of 6" in page
    assert changed.status_code == 422
    assert "Please choose at least two languages." in text(changed)
    assert retired.status_code == 303
    assert browser.get(f"{desk}/interpreters/{found.uid}").status_code == 404


# Sides


def test_all_who_are_registered_are_brought_in_once(browser, make, organiser):
    event = make.event()
    ticket = make.ticket(event)
    setup.save(event.slug, Rules(), organiser, is_confirmed=True)
    city, funder = make.city(), make.organisation(name="Bank")
    make.published(city)
    make.profile(funder)
    for body in (city, funder):
        make.registration(event, ticket, organisation_id=body.id)

    first = browser.post(f"/desk/events/{event.slug}/meetings/parties/enrol")
    page = text(browser.get(first.location))
    again = browser.post(f"/desk/events/{event.slug}/meetings/parties/enrol")

    assert (first.status_code, again.status_code) == (303, 303)
    assert "2 sides are new." in page
    assert "Bank" in page
    assert {party.role for party in parties.of_event(event.id)} == {PartyRole.PROJECT, PartyRole.FUNDER}


def test_one_side_is_brought_in_by_hand(browser, make, place, desk):
    vendor = make.organisation(name="Sensors Ltd", kind="vendor")
    make.registration(place.event, place.ticket, organisation_id=vendor.id)
    page = text(browser.get(f"{desk}/parties/new"))

    answer = browser.post(f"{desk}/parties/new", data={"who": f"vendor:{vendor.slug}"})
    wrong = browser.post(f"{desk}/parties/new", data={"who": "vendor:nobody"})

    assert "Sensors Ltd" in page
    assert answer.status_code == 303
    assert fresh(select(MeetingParty).where(MeetingParty.organisation_id == vendor.id)).role is PartyRole.VENDOR
    assert wrong.status_code == 422


def party_fields(party, **changes):
    return {
        "members": [member.registration.uid for member in party.members],
        "attendance": "in_person",
        "languages": ["en", "es"],
        **changes,
    }


def test_side_is_changed_by_the_organiser(browser, make, organiser):
    place = market(make, organiser, people=2)
    side = place.projects[0]
    first, second = (member.registration.uid for member in side.members)
    address = f"/desk/events/{place.event.slug}/meetings/parties/{side.uid}"

    answer = browser.post(
        address,
        data=party_fields(
            side,
            stand_ins=[first],
            floor="2",
            cap="5",
            needs_accessible_table="y",
            online_link="https://meet.example.org/a",
        ),
    )

    found = fresh(select(MeetingParty).where(MeetingParty.id == side.id))
    assert answer.status_code == 303
    assert [(member.registration.uid, member.is_stand_in) for member in found.members] == [
        (second, False),
        (first, True),
    ]
    assert (found.floor, found.cap, found.languages, found.needs_accessible_table) == (2, 5, ["en", "es"], True)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"members": []}, "Please choose at least one person."),
        ({"members": ["nobody"]}, "Please choose one of the answers in the list."),
        ({"floor": "300"}, "Please give numbers from 0 to 200."),
        ({"online_link": "javascript:alert(1)"}, "Link to join online"),
        ({"attendance": "by ship"}, "Please choose one of the answers in the list."),
    ],
)
def test_side_that_cannot_be_comes_back_filled(browser, place, desk, changes, words):
    side = place.projects[0]

    answer = browser.post(f"{desk}/parties/{side.uid}", data=party_fields(side, cap="17") | changes)

    assert answer.status_code == 422
    assert words in text(answer)
    assert 'value="17"' in text(answer)


def test_person_who_holds_meetings_cannot_be_taken_out_of_a_side(browser, make, organiser):
    place = market(make, organiser, people=2)
    booked(place)
    side = place.projects[0]

    answer = browser.post(
        f"/desk/events/{place.event.slug}/meetings/parties/{side.uid}",
        data=party_fields(side, members=[side.members[1].registration.uid]),
    )

    assert answer.status_code == 409
    assert "This person holds meetings for the team. Hand them over first." in text(answer)


def test_absences_are_set_for_a_side_and_for_one_person(browser, place, desk):
    side = place.projects[0]
    person = side.members[0].registration
    address = f"{desk}/parties/{side.uid}/absences"

    whole = browser.post(address, data={"slots": [place.slots[0].uid]})
    alone = browser.post(f"{address}?person={person.uid}", data={"slots": [place.slots[1].uid]})

    session().rollback()
    assert (whole.status_code, alone.status_code) == (303, 303)
    assert absences.of_party(side) == {place.slots[0].uid}
    assert absences.of_person(person) == {place.slots[1].uid}
    assert browser.get(f"{address}?person=nobody").status_code == 404


def test_absence_in_a_slot_with_a_meeting_is_refused_and_shown(browser, place, desk):
    booked(place)
    side = place.projects[0]
    address = f"{desk}/parties/{side.uid}/absences?person={side.members[0].registration.uid}"

    page = text(browser.get(address))
    answer = browser.post(address, data={"slots": [place.slots[0].uid]})

    assert "in a meeting" in page
    assert answer.status_code == 409
    assert "There is a meeting in one of these slots." in text(answer)


def test_side_is_taken_out_with_a_reason_and_brought_back(browser, place, desk):
    meeting = booked(place)
    side = place.projects[0]

    page = text(browser.get(f"{desk}/parties/{side.uid}/withdraw"))
    answer = browser.post(f"{desk}/parties/{side.uid}/withdraw", data={"reason": "Flight cancelled"})
    state = fresh(select(Meeting.state).where(Meeting.id == meeting.id))
    told = session().scalars(select(Letter.recipient).where(Letter.kind == "meeting.cancelled")).all()
    listed = text(browser.get(f"{desk}/parties?left=yes"))
    back = browser.post(f"{desk}/parties/{side.uid}/reinstate")

    assert "1 meeting ends, and the other side is told:" in page
    assert (answer.status_code, state) == (303, MeetingState.CANCELLED)
    assert user_of(place.funders[0]).email in told
    assert side.uid in listed
    assert back.status_code == 303
    assert fresh(select(MeetingParty.withdrawn_at).where(MeetingParty.id == side.id)) is None


def test_list_of_sides_is_filtered_by_role_and_words(browser, place, desk):
    funders = text(browser.get(f"{desk}/parties?role=funder"))
    one = text(browser.get(f"{desk}/parties?q=city+1&role="))

    assert "Funder 0" in funders
    assert f"/parties/{place.projects[0].uid}" not in funders
    assert f"/parties/{place.projects[1].uid}" in one
    assert f"/parties/{place.projects[0].uid}" not in one


def test_meetings_of_an_archived_event_are_read_only(browser, make, organiser):
    place = market(make, organiser)
    from marketplace.database import atomic
    from marketplace.models import Event, EventState

    with atomic() as current:
        current.get_one(Event, place.event.id).state = EventState.ARCHIVED
    desk = f"/desk/events/{place.event.slug}/meetings"

    assert browser.get(desk).status_code == 200
    assert browser.post(f"{desk}/parties/enrol").status_code == 409
    assert browser.post(f"{desk}/rules", data={**RULES, "revision": str(place.setup.revision)}).status_code == 409
    assert (
        browser.post(f"{desk}/sessions/new", data=session_fields(place, starts="14:00", ends="15:00")).status_code
        == 409
    )
    assert browser.post(f"{desk}/tables", data={"count": "1"}).status_code == 409


def test_slot_of_no_session_is_not_offered(browser, place, desk):
    table = tables.of_event(place.event.id)[0]

    answer = browser.post(f"{desk}/tables/{table.uid}/close", data={"extent": "some", "slots": ["nowhere"]})

    assert answer.status_code == 422
    assert fresh(select(MeetingSlot.id)) is not None
    assert fresh(select(Wish.id)) is None
