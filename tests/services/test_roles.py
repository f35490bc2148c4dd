"""Roles on the platform and per event."""

import pytest
from sqlalchemy import select

from marketplace.database import session
from marketplace.errors import Conflict, Invalid, LastAdministrator, NotAllowed, NotFound
from marketplace.models import AccountState, AuditEntry, Role, RoleAssignment
from marketplace.services import policies, roles


def granted(user):
    session().refresh(user)
    return [(grant.role, grant.event.slug if grant.event else None) for grant in roles.of(user)]


def test_grant_gives_a_role_once_and_writes_it_down(make):
    administrator, person = make.administrator(), make.user()

    roles.grant(person.uid, Role.ORGANISER, administrator)
    roles.grant(person.uid, Role.ORGANISER, administrator)

    assert granted(person) == [(Role.ORGANISER, None)]
    (entry,) = session().scalars(select(AuditEntry))
    assert (entry.action, entry.actor_id, entry.object_uid) == ("role.granted", administrator.id, person.uid)
    assert entry.details == {"role": "organiser", "event": ""}


def test_grant_for_one_event_holds_for_that_event(make):
    administrator, person = make.administrator(), make.user()
    dialogue, other = make.event(slug="dialogue"), make.event()

    roles.grant(person.uid, Role.CHECK_IN, administrator, event_slug="dialogue")
    roles.grant(person.uid, Role.REVIEWER, administrator)

    assert granted(person) == [(Role.REVIEWER, None), (Role.CHECK_IN, "dialogue")]
    assert policies.has_role(person, Role.CHECK_IN, event_id=dialogue.id)
    assert not policies.has_role(person, Role.CHECK_IN, event_id=other.id)
    assert not policies.has_role(person, Role.CHECK_IN)
    assert policies.has_role(person, Role.REVIEWER, event_id=other.id)


def test_grant_refuses_an_administrator_of_one_event(make):
    administrator, person = make.administrator(), make.user()
    make.event(slug="dialogue")

    with pytest.raises(Invalid) as refused:
        roles.grant(person.uid, Role.ADMINISTRATOR, administrator, event_slug="dialogue")

    assert refused.value.field == "event"


def test_grant_needs_somebody_who_can_sign_in_and_an_event_that_exists(make):
    administrator = make.administrator()

    with pytest.raises(Conflict):
        roles.grant(make.user(state=AccountState.DEACTIVATED).uid, Role.FINANCE, administrator)
    with pytest.raises(NotFound):
        roles.grant(make.user().uid, Role.FINANCE, administrator, event_slug="nowhere")
    with pytest.raises(NotFound):
        roles.grant("nobody", Role.FINANCE, administrator)


def test_granting_is_for_administrators_with_a_second_factor(make):
    person, organiser = make.user(), make.organiser()
    unsafe = make.administrator(totp_confirmed_at=None)

    for actor in (person, organiser, unsafe):
        with pytest.raises(NotAllowed):
            roles.grant(person.uid, Role.ADMINISTRATOR, actor)
        with pytest.raises(NotAllowed):
            roles.revoke(organiser.uid, Role.ORGANISER, actor)


def test_revoke_takes_one_role_away(make):
    administrator, person = make.administrator(), make.user()
    make.event(slug="dialogue")
    roles.grant(person.uid, Role.REVIEWER, administrator)
    roles.grant(person.uid, Role.REVIEWER, administrator, event_slug="dialogue")

    roles.revoke(person.uid, Role.REVIEWER, administrator)
    roles.revoke(person.uid, Role.FINANCE, administrator)

    assert granted(person) == [(Role.REVIEWER, "dialogue")]


def test_last_administrator_stays(make):
    administrator = make.administrator()
    make.administrator(state=AccountState.DEACTIVATED)

    with pytest.raises(LastAdministrator):
        roles.revoke(administrator.uid, Role.ADMINISTRATOR, administrator)
    with pytest.raises(LastAdministrator):
        roles.refuse_last_administrator(administrator)

    second = make.administrator()
    roles.refuse_last_administrator(administrator)
    roles.revoke(administrator.uid, Role.ADMINISTRATOR, administrator)
    assert (
        session().scalars(select(RoleAssignment.user_id).where(RoleAssignment.user_id == administrator.id)).all() == []
    )
    with pytest.raises(LastAdministrator):
        roles.revoke(second.uid, Role.ADMINISTRATOR, second)
