"""People who join, leave and pair at the same moment, as real processes on real commits."""

from datetime import date

from sqlalchemy import func, select

from marketplace.database import session
from marketplace.errors import Conflict, Invalid, LastAdministrator, LastManager, NotAllowed, NotFound
from marketplace.models import (
    CityPair,
    CitySide,
    Membership,
    MembershipRole,
    MembershipState,
    Organisation,
    OrganisationKind,
    Role,
    RoleAssignment,
    User,
)
from marketplace.services import cities, invitations, memberships, organisations, roles
from tests.races.actors import PROCESSES, together

TIMES = 5
"""Tries of each process: with four processes, twenty at once."""


def active(organisation):
    session().rollback()
    return list(
        session().scalars(
            select(Membership).where(
                Membership.organisation_id == organisation.id, Membership.state == MembershipState.ACTIVE
            )
        )
    )


def leave(number: int, slug: str, people: list[int]) -> str:
    """Leave, as the manager with this number."""
    try:
        memberships.leave(slug, session().get(User, people[number]))
    except LastManager:
        return "last"
    return "left"


def test_last_managers_leaving_at_once_leave_one(make, database_url):
    organisation = make.organisation()
    people = [make.manager(organisation).id for _ in range(PROCESSES)]

    answers = together(database_url, leave, organisation.slug, people)

    assert answers == {"left": PROCESSES - 1, "last": 1}
    assert [tie.role for tie in active(organisation)] == [MembershipRole.MANAGER]


def demote(number: int, ties: list[str], people: list[int]) -> str:
    """Take the role of the other manager away."""
    try:
        memberships.change_role(ties[1 - number], MembershipRole.MEMBER, session().get(User, people[number]))
    except (LastManager, NotAllowed) as refusal:
        return type(refusal).__name__
    return "demoted"


def test_managers_demoting_each_other_leave_one(make, database_url):
    organisation = make.organisation()
    people = [make.manager(organisation).id for _ in range(2)]
    ties = [tie.uid for tie in sorted(active(organisation), key=lambda tie: tie.user_id)]

    answers = together(database_url, demote, ties, people, processes=2)

    assert answers == {"demoted": 1, "NotAllowed": 1}
    assert sorted(tie.role for tie in active(organisation)) == [MembershipRole.MANAGER, MembershipRole.MEMBER]


def accept(number: int, token: str, identity: int) -> str:
    """Accept the same invitation several times."""
    return " ".join(invitations.accept(token, session().get(User, identity)).uid for _ in range(TIMES))


def test_invitation_accepted_twenty_times_at_once_gives_one_membership(make, database_url):
    organisation = make.organisation()
    tie = invitations.invite(organisation.slug, "rui@example.org", MembershipRole.MEMBER, make.manager(organisation))
    person = make.user(email="rui@example.org")

    answers = together(database_url, accept, invitations.token_of(tie), person.id)

    assert answers == {tie.uid: PROCESSES * TIMES}
    assert [one.user_id for one in active(organisation)].count(person.id) == 1


def ask(number: int, slug: str, identity: int) -> str:
    """Ask to join."""
    try:
        memberships.ask(slug, session().get(User, identity))
    except Conflict:
        return "known"
    return "asked"


def test_asking_at_once_makes_one_request(make, database_url):
    organisation, person = make.organisation(), make.user()

    answers = together(database_url, ask, organisation.slug, person.id)

    assert answers == {"asked": 1, "known": PROCESSES - 1}


def invite(number: int, slug: str, identity: int) -> str:
    """Invite the same address."""
    try:
        invitations.invite(slug, "rui@example.org", MembershipRole.MEMBER, session().get(User, identity))
    except Invalid:
        return "known"
    return "invited"


def test_inviting_one_address_at_once_makes_one_invitation(make, database_url):
    organisation = make.organisation()
    manager = make.manager(organisation)

    answers = together(database_url, invite, organisation.slug, manager.id)

    assert answers == {"invited": 1, "known": PROCESSES - 1}


def bring(number: int, people: list[int]) -> str:
    """Bring an organisation of one name."""
    profile = organisations.Profile(names={"en": "Clean Water"})
    return organisations.create(OrganisationKind.NGO, profile, session().get(User, people[number])).slug


def test_organisations_of_one_name_brought_at_once_have_addresses_of_their_own(make, database_url):
    people = [make.user().id for _ in range(PROCESSES)]

    answers = together(database_url, bring, people)

    assert sorted(answers) == ["clean-water", "clean-water-2", "clean-water-3", "clean-water-4"]
    session().rollback()
    assert session().scalar(select(func.count()).select_from(Organisation)) == PROCESSES


def resign(number: int, uids: list[str], people: list[int]) -> str:
    """Take one's own role of administrator away."""
    try:
        roles.revoke(uids[number], Role.ADMINISTRATOR, session().get(User, people[number]))
    except LastAdministrator:
        return "last"
    return "resigned"


def test_last_administrators_resigning_at_once_leave_one(make, database_url):
    administrators = [make.administrator() for _ in range(PROCESSES)]

    answers = together(database_url, resign, [one.uid for one in administrators], [one.id for one in administrators])

    assert answers == {"resigned": PROCESSES - 1, "last": 1}
    session().rollback()
    assert session().scalar(select(func.count()).select_from(RoleAssignment)) == 1


def pair(number: int, lac: str, us: list[str], identity: int) -> str:
    """Pair one city with another one each."""
    try:
        cities.add_pair(lac, us[number], date(2026, 1, 1), session().get(User, identity))
    except (Invalid, NotFound) as refusal:
        return type(refusal).__name__
    return "paired"


def test_pairing_one_city_at_once_makes_one_pair(make, database_url):
    lac = make.city()
    us = [make.city(side=CitySide.US).slug for _ in range(PROCESSES)]

    answers = together(database_url, pair, lac.slug, us, make.organiser().id)

    assert answers == {"paired": 1, "Invalid": PROCESSES - 1}
    session().rollback()
    assert session().scalar(select(func.count()).select_from(CityPair)) == 1
