"""Asking to join, being let in, roles, leaving."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace import clock as our_clock
from marketplace.database import atomic, session
from marketplace.errors import Conflict, LastManager, NotAllowed, NotFound, TooManyAttempts
from marketplace.models import (
    AccountState,
    AuditEntry,
    Letter,
    Membership,
    MembershipRole,
    MembershipState,
    UserSession,
)
from marketplace.services import memberships, organisations, sessions


def tie_between(user, organisation):
    return session().scalar(
        select(Membership)
        .where(Membership.user_id == user.id, Membership.organisation_id == organisation.id)
        .order_by(Membership.id.desc())
        .execution_options(populate_existing=True)
    )


def letters():
    return [(letter.kind, letter.recipient) for letter in session().scalars(select(Letter).order_by(Letter.id))]


def acts():
    return list(session().scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_ask_writes_to_the_managers_and_waits(make):
    organisation = make.organisation(name="Banco Sur")
    manager = make.manager(organisation, email="ana@example.org", locale="es")
    make.membership(make.user(), organisation)
    person = make.user(name="Rui")

    tie = memberships.ask(organisation.slug, person, message="I work there")

    assert (tie.state, tie.role, tie.message) == (MembershipState.REQUESTED, MembershipRole.MEMBER, "I work there")
    (letter,) = session().scalars(select(Letter))
    assert (letter.kind, letter.recipient, letter.locale) == ("membership_requested", manager.email, "es")
    assert letter.context == {
        "organisation": "Banco Sur",
        "slug": organisation.slug,
        "person": "Rui",
        "message": "I work there",
    }
    assert acts() == ["membership.requested"]


def test_ask_without_managers_writes_to_organisers(make):
    organisation = make.organisation()
    organiser = make.organiser()
    make.organiser(state=AccountState.DEACTIVATED)

    memberships.ask(organisation.slug, make.user())

    assert letters() == [("membership_requested", organiser.email)]


def test_ask_twice_or_as_a_member_is_refused(make):
    organisation = make.organisation()
    person, member = make.user(), make.user()
    make.membership(member, organisation)
    memberships.ask(organisation.slug, person)

    for one in (person, member):
        with pytest.raises(Conflict):
            memberships.ask(organisation.slug, one)


def test_ask_to_an_organisation_out_of_service_finds_nothing(make):
    organisation = make.organisation(deactivated_at=our_clock.now())

    with pytest.raises(NotFound):
        memberships.ask(organisation.slug, make.user())


def test_ask_has_a_limit_per_day(make, clock):
    person = make.user()
    for _ in range(memberships.REQUESTS_PER_DAY):
        memberships.ask(make.organisation().slug, person)

    with pytest.raises(TooManyAttempts):
        memberships.ask(make.organisation().slug, person)
    clock.shift(timedelta(days=1))
    memberships.ask(make.organisation().slug, person)


def test_approve_makes_a_member_and_writes(make):
    organisation = make.organisation()
    manager, person = make.manager(organisation), make.user()
    tie = memberships.ask(organisation.slug, person)

    memberships.approve(tie.uid, manager)

    assert (tie.state, tie.since is not None) == (MembershipState.ACTIVE, True)
    assert letters()[-1] == ("membership_approved", person.email)
    assert acts() == ["membership.requested", "membership.approved"]


def test_refuse_ends_the_request_and_the_person_may_ask_again(make):
    organisation = make.organisation()
    manager, person = make.manager(organisation), make.user()
    tie = memberships.ask(organisation.slug, person)

    memberships.refuse(tie.uid, manager)

    assert tie.state is MembershipState.ENDED
    assert letters()[-1] == ("membership_declined", person.email)
    assert memberships.ask(organisation.slug, person).state is MembershipState.REQUESTED


def test_take_back_ends_ones_own_request(make):
    organisation, person = make.organisation(), make.user()
    memberships.ask(organisation.slug, person)

    memberships.take_back(organisation.slug, person)

    assert tie_between(person, organisation).state is MembershipState.ENDED
    with pytest.raises(NotFound):
        memberships.take_back(organisation.slug, person)


def test_deciding_is_for_managers_and_invisible_to_strangers(make):
    organisation = make.organisation()
    make.manager(organisation)
    member = make.user()
    make.membership(member, organisation)
    stranger = make.manager(make.organisation())
    tie = memberships.ask(organisation.slug, make.user())

    with pytest.raises(NotAllowed):
        memberships.approve(tie.uid, member)
    with pytest.raises(NotFound):
        memberships.approve(tie.uid, stranger)
    assert memberships.approve(tie.uid, make.organiser()).state is MembershipState.ACTIVE


def test_deciding_twice_is_a_conflict(make):
    organisation = make.organisation()
    manager = make.manager(organisation)
    tie = memberships.ask(organisation.slug, make.user())
    memberships.approve(tie.uid, manager)

    with pytest.raises(Conflict):
        memberships.refuse(tie.uid, manager)


def test_leave_keeps_history_and_ends_acting(make):
    organisation = make.organisation()
    make.manager(organisation)
    person = make.user()
    make.membership(person, organisation)
    sessions.begin(person, browser="", network="", with_second_factor=False)
    assert session().scalar(select(UserSession.acting_for_id)) == organisation.id

    memberships.leave(organisation.slug, person)

    assert tie_between(person, organisation).state is MembershipState.ENDED
    assert session().scalar(select(UserSession.acting_for_id)) is None
    with pytest.raises(NotFound):
        memberships.leave(organisation.slug, person)


def test_last_manager_cannot_leave_be_demoted_or_removed(make):
    organisation = make.organisation()
    manager = make.manager(organisation)
    make.membership(make.user(state=AccountState.DEACTIVATED), organisation, role=MembershipRole.MANAGER)
    make.membership(make.user(), organisation)
    tie = tie_between(manager, organisation)

    for act in (
        lambda: memberships.leave(organisation.slug, manager),
        lambda: memberships.change_role(tie.uid, MembershipRole.MEMBER, manager),
        lambda: memberships.remove(tie.uid, make.organiser()),
    ):
        with pytest.raises(LastManager, match="Make another member a manager first"):
            act()
    assert tie_between(manager, organisation).state is MembershipState.ACTIVE


def test_hand_over_swaps_the_roles_and_lets_one_leave(make):
    organisation = make.organisation()
    manager, successor = make.manager(organisation), make.user()
    tie = make.membership(successor, organisation)

    memberships.hand_over(tie.uid, manager)
    memberships.leave(organisation.slug, manager)

    assert tie_between(successor, organisation).role is MembershipRole.MANAGER
    assert tie_between(manager, organisation).state is MembershipState.ENDED
    assert acts() == ["membership.handed_over", "membership.left"]


def test_hand_over_to_somebody_who_cannot_sign_in_is_refused(make):
    organisation = make.organisation()
    manager = make.manager(organisation)
    tie = make.membership(make.user(state=AccountState.DEACTIVATED), organisation)

    with pytest.raises(Conflict):
        memberships.hand_over(tie.uid, manager)


def test_change_role_is_written_down_with_both_roles(make):
    organisation = make.organisation()
    manager = make.manager(organisation)
    tie = make.membership(make.user(), organisation)

    memberships.change_role(tie.uid, MembershipRole.MANAGER, manager)
    memberships.change_role(tie.uid, MembershipRole.MANAGER, manager)

    (entry,) = session().scalars(select(AuditEntry))
    assert entry.details == {"membership": tie.uid, "before": "member", "after": "manager"}


def test_remove_writes_to_the_person(make):
    organisation = make.organisation(name="Banco Sur")
    manager, person = make.manager(organisation), make.user()
    tie = make.membership(person, organisation)

    memberships.remove(tie.uid, manager)

    assert tie.state is MembershipState.ENDED
    assert letters() == [("membership_removed", person.email)]


def test_managers_of_an_organisation_out_of_service_decide_nothing(make):
    organisation = make.organisation()
    manager = make.manager(organisation)
    tie = make.membership(make.user(), organisation)
    organisations.deactivate(organisation.slug, make.organiser())

    with pytest.raises(NotAllowed):
        memberships.change_role(tie.uid, MembershipRole.MANAGER, manager)


def test_leave_all_ends_everything(make):
    person, other = make.user(), make.user()
    shared, alone, asked = make.organisation(), make.organisation(), make.organisation()
    for organisation in (shared, alone):
        make.membership(person, organisation, role=MembershipRole.MANAGER)
    make.membership(other, shared, role=MembershipRole.MANAGER)
    memberships.ask(asked.slug, person)

    with atomic():
        memberships.leave_all(person)

    states = session().scalars(select(Membership.state).where(Membership.user_id == person.id)).all()
    assert states == [MembershipState.ENDED] * 3


def test_leave_all_names_the_organisation_that_would_have_no_manager(make):
    organisation = make.organisation(name="Banco Sur")
    manager = make.manager(organisation)
    make.membership(make.user(), organisation)

    with pytest.raises(LastManager, match="Banco Sur"):
        memberships.leave_all(manager)
    assert tie_between(manager, organisation).state is MembershipState.ACTIVE


def test_people_shows_requests_to_those_who_decide_only(make):
    organisation = make.organisation()
    manager = make.manager(organisation, name="Zoë")
    member = make.user(name="Álvaro")
    make.membership(member, organisation)
    asking = make.user()
    memberships.ask(organisation.slug, asking)

    seen_by_manager = memberships.people(organisation, manager)
    seen_by_member = memberships.people(organisation, member)

    assert [tie.user.name for tie in seen_by_manager.active] == ["Álvaro", "Zoë"]
    assert [tie.user.id for tie in seen_by_manager.requested] == [asking.id]
    assert [tie.user.name for tie in seen_by_member.active] == ["Álvaro", "Zoë"]
    assert (seen_by_member.requested, seen_by_member.invited) == ([], [])


def test_people_needs_as_many_queries_for_one_as_for_three(make, count_queries):
    organisation = make.organisation()
    manager = make.manager(organisation)
    counts = []
    for _ in range(2):
        session().expire_all()
        session().refresh(organisation)
        session().refresh(manager)
        with count_queries() as statements:
            for tie in memberships.people(organisation, manager).active:
                assert tie.user.name
        counts.append(len(statements))
        for _ in range(2):
            make.membership(make.user(), organisation)

    assert counts[0] == counts[1]


def test_of_and_choices_list_ones_own_by_name(make):
    person = make.user()
    banco, agua, old, closed = (make.organisation(name=name) for name in ("Banco", "Água", "Old", "Closed"))
    for organisation in (banco, closed):
        make.membership(person, organisation)
    make.membership(person, old, state=MembershipState.ENDED)
    memberships.ask(agua.slug, person)
    organisations.deactivate(closed.slug, make.organiser())
    make.membership(make.user(), make.organisation())

    assert [tie.organisation.name for tie in memberships.of(person)] == ["Água", "Banco", "Closed"]
    assert [organisation.name for organisation in memberships.choices(person)] == ["Banco"]
    assert memberships.own(agua, person).state is MembershipState.REQUESTED
    assert memberships.own(old, person) is None
