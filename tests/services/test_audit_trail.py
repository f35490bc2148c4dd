from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from marketplace.database import atomic, session
from marketplace.errors import NotAllowed
from marketplace.i18n import speaking
from marketplace.models import AuditEntry
from marketplace.services import audit, audit_trail, paging


def record(action, by=None, about=None, **details):
    with atomic():
        audit.record(action, by, about, **details)


def found(**wanted) -> list[str]:
    return [entry.action for entry in paging.page(audit_trail.listing(audit_trail.Filter(**wanted)))]


def test_listing_shows_the_newest_act_first(app, make):
    record("one")
    record("two")

    assert found() == ["two", "one"]


def test_listing_finds_people_and_organisations_as_actor_or_object_without_accents(app, make):
    ana, body = make.user(name="Ana Núñez"), make.organisation(name="Fundación Río")
    record("by.ana", ana)
    record("about.ana", None, ana)
    record("about.body", None, body)
    record("other")

    assert found(query="nunez") == ["about.ana", "by.ana"]
    assert found(query="rio") == ["about.body"]
    assert found(about=ana.uid) == ["about.ana", "by.ana"]
    assert found(about=body.uid) == ["about.body"]


def test_listing_filters_by_act(app):
    record("role.granted")
    record("role.revoked")

    assert found(action="role.revoked") == ["role.revoked"]


def test_listing_takes_days_on_the_calendar_of_the_reader(app, clock):
    # 23:30 on 1 March in Manaus is 03:30 on 2 March in UTC.
    clock.move_to(datetime(2026, 3, 2, 3, 30, tzinfo=UTC))
    record("late.evening")
    clock.move_to(datetime(2026, 3, 2, 4, 0, tzinfo=UTC))
    record("midnight")

    first, second = date(2026, 3, 1), date(2026, 3, 2)
    assert found(first_day=first, last_day=first, zone="America/Manaus") == ["late.evening"]
    assert found(first_day=second, zone="America/Manaus") == ["midnight"]
    assert found(last_day=first, zone="UTC") == []
    assert found(first_day=second, zone="UTC") == ["midnight", "late.evening"]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
def test_listing_bears_the_first_and_last_day_of_the_calendar(app, zone):
    record("today")

    assert found(first_day=date.min, last_day=date.max, zone=zone) == ["today"]


def test_details_are_said_in_the_readers_words_without_mere_ids(app):
    record("role.granted", role="check_in", event="", membership="uid")
    record("session.begun", second_factor=True)
    signed_in, granted = paging.page(audit_trail.listing(audit_trail.Filter()))

    assert audit_trail.details(granted) == "role: Check-in"
    assert audit_trail.details(signed_in) == "with second factor: yes"


def test_actions_are_those_that_happened_in_the_order_of_their_words(app):
    record("session.begun")
    record("organisation.verified")
    record("account.deactivated")

    assert audit_trail.actions() == [
        ("account.deactivated", "Deactivated an account"),
        ("session.begun", "Signed in"),
        ("organisation.verified", "Verified an organisation"),
    ]


def test_export_names_everybody_and_is_written_down(app, make, clock):
    organiser = make.organiser(name="Olga", email="olga@example.org")
    body = make.organisation(name="Fund")
    record("organisation.verified", organiser, body)

    _, *rows = audit_trail.export(audit_trail.Filter(), by=organiser)

    assert rows == [
        [
            "2026-03-02T12:00:00+00:00",
            "Olga",
            "olga@example.org",
            "organisation.verified",
            "Verified an organisation",
            "organisation",
            "Fund",
            body.uid,
            "",
            "",
        ]
    ]
    assert found() == ["trail.exported", "organisation.verified"]


def test_export_is_for_organisers_only(app, make):
    with pytest.raises(NotAllowed):
        audit_trail.export(audit_trail.Filter(), by=make.user())

    assert session().scalars(select(AuditEntry.id)).all() == []


def test_export_speaks_the_language_of_the_reader(app, make):
    organiser = make.organiser()

    with speaking("en"):
        header, *_ = audit_trail.export(audit_trail.Filter(), by=organiser)

    assert header[0] == "When (UTC)"
