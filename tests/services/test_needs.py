from datetime import timedelta

import pytest
from sqlalchemy import func, select

from marketplace.database import session
from marketplace.errors import NotFound
from marketplace.models import AuditEntry, PrivateNeeds, Role
from marketplace.services import needs, registration
from tests.services.test_registration import application


def test_needs_are_read_by_the_events_organisers_only_and_that_is_noted(app, make, clock):
    """G06, A04"""
    event, other = make.event(), make.event()
    organiser = make.organiser()
    registration.register(event.slug, application(make.ticket(event), access="Ramp", dietary="Vegan"))
    for role, place in ((Role.CHECK_IN, event), (Role.FINANCE, None), (Role.ORGANISER, other)):
        user = make.user(totp_nonce="n", totp_confirmed_at=event.created_at)
        make.role(user, role, place)
        session().refresh(user)
        with pytest.raises(NotFound):
            needs.of_event(event.slug, user)

    found = [(one.name, need.access, need.dietary) for one, need in needs.of_event(event.slug, organiser)]

    assert found == [("Ana Muñoz", "Ramp", "Vegan")]
    assert needs.readers(event) == [organiser.name]
    reads = session().scalars(select(AuditEntry.actor_id).where(AuditEntry.action == "needs.read")).all()
    assert reads == [organiser.id]


def test_needs_are_deleted_some_days_after_the_event(app, make, clock, deliver):
    """G02"""
    event = make.event(needs_kept_days=10)
    registration.register(event.slug, application(make.ticket(event), dietary="Vegan"))
    slug, ends_at = event.slug, event.ends_at

    def left():
        deliver()
        return session().scalar(select(func.count()).select_from(PrivateNeeds))

    clock.move_to(ends_at + timedelta(days=9))
    before, due_before = left(), needs.due()
    clock.move_to(ends_at + timedelta(days=10, seconds=1))
    due = needs.due()
    clock.shift(timedelta(hours=13))

    assert (before, due_before, due) == (1, {}, {slug: 1})
    assert left() == 0
