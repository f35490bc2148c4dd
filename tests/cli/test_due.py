"""G02: what the daily jobs would delete is counted before, event by event."""

from datetime import timedelta

from sqlalchemy import func, select

from marketplace.database import session
from marketplace.models import PrivateNeeds
from marketplace.services import registration
from tests.services.test_registration import application


def test_due_counts_by_event_and_changes_nothing(app, make, clock):
    event = make.event(slug="dialogue")
    registration.register("dialogue", application(make.ticket(event), dietary="Vegan"))
    ends_at = event.ends_at

    def counted():
        return app.test_cli_runner().invoke(args=["event", "due"]).output.splitlines()

    now = counted()
    clock.move_to(ends_at + registration.KEPT + timedelta(days=1))
    later = counted()

    assert now == ["no access and dietary needs", "no registrations to empty"]
    assert later == ["dialogue: 1 access and dietary needs", "dialogue: 1 registrations to empty"]
    assert session().scalar(select(func.count()).select_from(PrivateNeeds)) == 1
