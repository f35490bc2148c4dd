from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.database import session
from marketplace.errors import Conflict, NotFound, SoldOut
from marketplace.models import RegistrationState, SessionKind, SessionSignUp, SessionState, SpeakerRole, User
from marketplace.services import programme, registration, sign_ups, waiting_list
from marketplace.services.programme import ClashKind, SessionDetails
from tests.services.test_registration import fill

HOUR = timedelta(hours=1)


def details(event, start=0.0, length=1.0, **values) -> SessionDetails:
    starts_at = event.starts_at + start * HOUR
    return SessionDetails(
        **{
            "kind": SessionKind.PANEL,
            "titles": {"en": "Water"},
            "starts_at": starts_at,
            "ends_at": starts_at + length * HOUR,
            **values,
        }
    )


def test_clashes_name_room_speaker_day_and_size_and_touching_is_no_clash(app, make, clock):
    """B08: intervals are half-open."""
    event, by = make.event(), make.organiser()
    room = programme.save_room(event.slug, programme.RoomDetails({"en": "Hall"}, 50), by)
    ana = programme.save_speaker(event.slug, programme.SpeakerDetails("Ana"), by)
    speaks = ((ana.uid, SpeakerRole.SPEAKER),)
    first = programme.add_session(event.slug, details(event, room=room.uid, speakers=speaks), by)
    programme.add_session(event.slug, details(event, 1.0, room=room.uid, speakers=speaks), by)
    before = programme.clashes(event)

    third = programme.add_session(event.slug, details(event, 0.5, 0.4, room=room.uid, speakers=speaks), by)
    big = programme.add_session(event.slug, details(event, 3, room=room.uid, capacity=51, needs_sign_up=True), by)
    late = programme.add_session(event.slug, details(event, 200), by)
    programme.set_session_state(
        event.slug,
        programme.add_session(event.slug, details(event, room=room.uid), by).uid,
        SessionState.CANCELLED,
        by,
    )

    found = [(clash.kind, clash.first.uid, clash.second and clash.second.uid) for clash in programme.clashes(event)]
    assert before == []
    assert found == [
        (ClashKind.ROOM, first.uid, third.uid),
        (ClashKind.SPEAKER, first.uid, third.uid),
        (ClashKind.TOO_MANY, big.uid, None),
        (ClashKind.OUTSIDE, late.uid, None),
    ]


def test_sequence_of_a_session_follows_time_room_link_and_state_only(app, make, clock):
    """I02"""
    event, by = make.event(), make.organiser()
    room = programme.save_room(event.slug, programme.RoomDetails({"en": "Hall"}), by)
    entry = programme.add_session(event.slug, details(event), by)

    sequences = []
    for change in (
        {"titles": {"en": "Rivers"}},
        {"kind": SessionKind.WORKSHOP, "languages": ("es",)},
        {"start": 2},
        {"start": 2, "room": room.uid},
        {"start": 2, "room": room.uid, "online_link": "https://video.example/1"},
    ):
        programme.edit_session(event.slug, entry.uid, details(event, **change), by)
        sequences.append(entry.calendar_sequence)
    programme.save_room(event.slug, programme.RoomDetails({"en": "Great hall"}), by, room.uid)
    session().refresh(entry)
    sequences.append(entry.calendar_sequence)
    programme.set_session_state(event.slug, entry.uid, SessionState.CANCELLED, by)

    assert sequences == [0, 0, 1, 2, 3, 4]
    assert entry.calendar_sequence == 5


def test_every_change_of_the_programme_makes_kept_pages_old(app, make, clock):
    event, by = make.event(), make.organiser()

    revisions = [event.revision]
    room = programme.save_room(event.slug, programme.RoomDetails({"en": "Hall"}), by)
    revisions.append(event.revision)
    track = programme.save_track(event.slug, programme.TrackDetails({"en": "Water"}), by)
    revisions.append(event.revision)
    entry = programme.add_session(event.slug, details(event, room=room.uid, track=track.uid), by)
    revisions.append(event.revision)
    with pytest.raises(Conflict):
        programme.remove_room(event.slug, room.uid, by)
    programme.remove_session(event.slug, entry.uid, by)
    revisions.append(event.revision)
    programme.remove_room(event.slug, room.uid, by)
    revisions.append(event.revision)

    assert revisions == [1, 2, 3, 4, 5, 6]


def test_programme_is_read_in_few_statements_however_long_it_is(app, make, clock, count_queries):
    event, by = make.event(), make.organiser()
    slug = event.slug
    ana = programme.save_speaker(slug, programme.SpeakerDetails("Ana"), by)
    for number in range(60):
        programme.add_session(slug, details(event, number, speakers=((ana.uid, SpeakerRole.SPEAKER),)), by)
    session().expire_all()

    with count_queries() as statements:
        entries = programme.sessions(event)
        names = {(entry.room, entry.track, tie.speaker.name) for entry in entries for tie in entry.speakers}

    assert len(entries) == 60
    assert names == {(None, None, "Ana")}
    assert len(statements) <= 3


def test_filters_choose_by_day_track_kind_language_and_words(app, make, clock):
    event, by = make.event(), make.organiser()
    track = programme.save_track(event.slug, programme.TrackDetails({"en": "Water"}), by)
    one = programme.add_session(event.slug, details(event, track=track.uid, languages=("es",)), by)
    two = programme.add_session(event.slug, details(event, 24, titles={"es": "Árboles"}, interpretation=("pt",)), by)
    entries = programme.sessions(event)

    def chosen(**values):
        return [entry.uid for entry in programme.chosen(event, entries, programme.Filter(**values))]

    assert chosen() == [one.uid, two.uid]
    assert chosen(day="2026-06-02") == [two.uid]
    assert chosen(track=track.uid) == [one.uid]
    assert chosen(language="pt") == [two.uid]
    assert chosen(query="arbol") == [two.uid]
    assert chosen(kind=SessionKind.BREAK) == []
    assert list(programme.by_day(event, entries)) == ["2026-06-01", "2026-06-02"]


def test_drafts_are_not_in_the_public_programme(app, make, clock):
    event = make.event()
    draft = make.session(event, state=SessionState.DRAFT)

    assert programme.sessions(event) == []
    with pytest.raises(NotFound):
        programme.public_session(event, draft.uid)
    assert len(programme.sessions(event, with_drafts=True)) == 1


def test_sign_up_tells_what_clashes_and_keeps_to_the_capacity(app, make, clock, deliver):
    event = make.event()
    one = make.session(event, needs_sign_up=True, capacity=1)
    other = make.session(event, starts_at=event.starts_at + 0.5 * HOUR)
    ana, bea = fill(event, make.ticket(event), 2)

    first = sign_ups.sign_up(ana, one.uid, None)
    clashes = sign_ups.sign_up(ana, other.uid, None)
    with pytest.raises(SoldOut):
        sign_ups.sign_up(bea, one.uid, None)
    sign_ups.withdraw(ana, one.uid, None)
    sign_ups.sign_up(bea, one.uid, None)

    assert first == []
    assert [(clash.first.uid, clash.second.uid) for clash in clashes] == [(one.uid, other.uid)]
    assert [entry.uid for entry in sign_ups.own(ana)] == [other.uid]
    told = [(letter.kind, letter.context["calendar"]["method"]) for letter in deliver()[2:]]
    assert told == [
        ("registration.session_signed_up", "REQUEST"),
        ("registration.session_withdrawn", "CANCEL"),
        ("registration.session_signed_up", "REQUEST"),
    ]


def test_sign_up_again_has_a_higher_sequence(app, make, clock):
    event = make.event()
    entry = make.session(event, needs_sign_up=True)
    (ana,) = fill(event, make.ticket(event), 1)

    for _ in range(2):
        sign_ups.sign_up(ana, entry.uid, None)
        sign_ups.withdraw(ana, entry.uid, None)

    assert session().scalars(select(SessionSignUp.calendar_sequence)).all() == [3]


def test_wish_of_somebody_waiting_takes_no_place_until_confirmed(app, make, clock):
    event = make.event(capacity=1)
    workshop = make.session(event, needs_sign_up=True, capacity=1)
    ticket = make.ticket(event)
    ana, bea = fill(event, ticket, 2)
    sign_ups.sign_up(bea, workshop.uid, None)

    sign_ups.sign_up(ana, workshop.uid, None)
    registration.cancel(ana.uid)
    waiting_list.accept_offer(bea.uid)

    assert bea.state is RegistrationState.CONFIRMED
    assert [entry.uid for entry in sign_ups.own(bea)] == [workshop.uid]
    assert sign_ups.places_left(workshop) == 0


def test_confirmed_too_late_for_a_full_session_is_without_it(app, make, clock):
    event = make.event(capacity=2)
    workshop = make.session(event, needs_sign_up=True, capacity=1)
    ana, bea, caio = fill(event, make.ticket(event), 3)
    sign_ups.sign_up(caio, workshop.uid, None)
    sign_ups.sign_up(ana, workshop.uid, None)

    registration.cancel(bea.uid)
    waiting_list.accept_offer(caio.uid)

    assert sign_ups.own(caio) == []
    assert [entry.uid for entry in sign_ups.own(ana)] == [workshop.uid]


def test_online_links_are_for_those_entitled(app, make, clock):
    event = make.event(capacity=1, online_link="https://video.example/all")
    open_one = make.session(event, online_link="https://video.example/1")
    limited = make.session(event, online_link="https://video.example/2", needs_sign_up=True)
    ana, waiting = fill(event, make.ticket(event), 2)

    before = sign_ups.links(ana, event)
    sign_ups.sign_up(ana, limited.uid, None)

    assert before == {event.uid: "https://video.example/all", open_one.uid: "https://video.example/1"}
    assert set(sign_ups.links(ana, event)) == {event.uid, open_one.uid, limited.uid}
    assert sign_ups.links(waiting, event) == {}
    assert sign_ups.links(None, event) == {}


def test_change_of_a_session_is_told_to_those_who_chose_it(app, make, clock, deliver):
    event, by = make.event(), make.organiser()
    entry = programme.add_session(event.slug, details(event, needs_sign_up=True), by)
    ana, _bea = fill(event, make.ticket(event), 2)
    sign_ups.sign_up(ana, entry.uid, None)
    slug, uid, new = event.slug, entry.uid, details(event, 1, needs_sign_up=True)

    programme.edit_session(slug, uid, new, by)
    organiser_id = by.id
    deliver()
    by = session().get(User, organiser_id)
    programme.edit_session(slug, uid, replace(new, titles={"en": "Rivers"}), by)
    programme.edit_session(slug, uid, replace(new, ends_at=new.ends_at + HOUR), by)
    programme.set_session_state(slug, uid, SessionState.CANCELLED, by)

    told = [letter for letter in deliver() if letter.kind.startswith("registration.session_")]
    assert [(one.kind, one.context["calendar"]["method"], one.context["calendar"]["sequence"]) for one in told] == [
        ("registration.session_signed_up", "REQUEST", 0),
        ("registration.session_changed", "REQUEST", 1),
        # The second change was called off before anybody was told of it.
        ("registration.session_cancelled", "CANCEL", 3),
    ]
