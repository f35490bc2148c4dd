from datetime import date

from marketplace import clock as house_clock
from marketplace.models import AccountState, MembershipState, Role
from marketplace.services import overview
from marketplace.services.workload import Stage


def test_figures_count_what_waits_and_what_is_stuck(app, make):
    make.user(state=AccountState.UNCONFIRMED)
    member = make.user()
    body = make.organisation()
    make.organisation(deactivated_at=house_clock.now())
    make.organisation(verified_at=house_clock.now())
    make.membership(member, body, state=MembershipState.REQUESTED, since=None)

    figures = overview.figures()

    assert figures.people == {AccountState.UNCONFIRMED: 1, AccountState.ACTIVE: 1}
    assert (figures.new_people, figures.to_verify, figures.join_requests) == (2, 1, 1)
    assert figures.letters == {}
    assert figures.jobs == dict.fromkeys(Stage, 0)


def test_figures_take_a_fixed_number_of_queries(app, make, count_queries):
    with count_queries() as empty:
        overview.figures()
    for _ in range(3):
        make.membership(make.user(), make.organisation(), state=MembershipState.REQUESTED, since=None)
    with count_queries() as filled:
        overview.figures()

    assert len(empty) == len(filled) == 6


def test_join_requests_that_waited_longest_come_first(app, make, clock):
    for name in ("First", "Second"):
        make.membership(make.user(name=name), make.organisation(), state=MembershipState.REQUESTED, since=None)
        clock.shift(60)
    make.membership(make.user(name="Member"), make.organisation())

    assert [tie.user.name for tie in overview.join_requests()] == ["First", "Second"]


def test_organisers_of_one_event_see_nothing_of_another(app, make, clock):
    own, other = make.event(slug="own"), make.event(slug="other")
    make.event(slug="over", starts_on=date(2026, 1, 1), ends_on=date(2026, 1, 1))
    event_organiser, reviewer = make.user(), make.user()
    make.role(event_organiser, Role.ORGANISER, own)
    make.role(event_organiser, Role.REVIEWER, other)
    make.role(reviewer, Role.REVIEWER, own)

    assert [event.slug for event in overview.upcoming_events(event_organiser)] == ["own"]
    assert overview.upcoming_events(reviewer) == []
    assert {event.slug for event in overview.upcoming_events(make.organiser())} == {"own", "other"}
