"""Invitations to an organisation."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace import clock as our_clock
from marketplace import keys
from marketplace.database import atomic, session
from marketplace.errors import Conflict, Gone, Invalid, NotAllowed, NotFound, TooManyAttempts
from marketplace.models import AccountState, Letter, Membership, MembershipRole, MembershipState
from marketplace.services import invitations, jobs, memberships, organisations, outbox


def invite(make, email="rui@example.org", **values):
    organisation = make.organisation(**{"name": "Banco Sur", "verified_at": our_clock.now(), **values})
    manager = make.manager(organisation, name="Ana", locale="es")
    return invitations.invite(organisation.slug, email, MembershipRole.MEMBER, manager), organisation, manager


def test_invite_writes_one_letter_in_the_inviters_language_with_a_working_link(make):
    tie, _, _ = invite(make, "Rui@Example.org")

    (letter,) = session().scalars(select(Letter))
    text = outbox.render(letter).text

    assert (tie.state, tie.email, tie.email_key, tie.user_id) == (
        MembershipState.INVITED,
        "Rui@example.org",
        "rui@example.org",
        None,
    )
    assert (letter.kind, letter.recipient, letter.locale) == ("membership_invited", "Rui@example.org", "es")
    token = re.search(r"http://localhost/invitations/(\S+)", text).group(1)
    assert keys.unsign(outbox.INVITATION, token) == tie.uid
    assert "Banco Sur" in text
    assert "Ana" in text
    assert token not in str(letter.context)


def test_invite_speaks_the_language_of_an_account_and_shows_the_manager_nothing_of_it(make):
    make.user(email="rui@example.org", locale="pt")

    tie, organisation, manager = invite(make)

    assert session().scalars(select(Letter)).one().locale == "pt"
    (shown,) = memberships.people(organisation, manager).invited
    assert (shown.id, shown.user) == (tie.id, None)


@pytest.mark.parametrize("email", ["rui", "rui@", "a@b.org\nBcc: c@d.org"])
def test_invite_refuses_what_is_no_address(make, email):
    with pytest.raises(Invalid) as refused:
        invite(make, email)

    assert refused.value.field == "email"
    assert session().scalars(select(Letter)).all() == []


def test_invite_twice_is_refused_at_the_field(make):
    _, organisation, manager = invite(make)

    with pytest.raises(Invalid, match="has been invited"):
        invitations.invite(organisation.slug, "RUI@example.org", MembershipRole.MEMBER, manager)


def test_invite_of_a_member_is_refused_at_the_field(make):
    organisation = make.organisation()
    manager = make.manager(organisation, email="ana@example.org")

    with pytest.raises(Invalid, match="belongs to the organisation"):
        invitations.invite(organisation.slug, "ana@example.org", MembershipRole.MEMBER, manager)


def test_invite_of_somebody_who_asked_lets_them_in(make):
    organisation = make.organisation()
    manager, person = make.manager(organisation), make.user(email="rui@example.org")
    memberships.ask(organisation.slug, person)

    tie = invitations.invite(organisation.slug, "rui@example.org", MembershipRole.MANAGER, manager)

    assert (tie.state, tie.role, tie.user_id) == (MembershipState.ACTIVE, MembershipRole.MANAGER, person.id)


def test_invite_is_for_managers_of_an_organisation_in_service(make):
    organisation = make.organisation()
    manager, member, stranger = make.manager(organisation), make.user(), make.user()
    make.membership(member, organisation)

    for actor, refusal in ((member, NotAllowed), (stranger, NotFound)):
        with pytest.raises(refusal):
            invitations.invite(organisation.slug, "rui@example.org", MembershipRole.MEMBER, actor)
    organiser = make.organiser()
    organisations.deactivate(organisation.slug, organiser)
    with pytest.raises(NotAllowed):
        invitations.invite(organisation.slug, "rui@example.org", MembershipRole.MEMBER, manager)
    with pytest.raises(Conflict):
        invitations.invite(organisation.slug, "rui@example.org", MembershipRole.MEMBER, organiser)


@pytest.mark.parametrize(("verified", "limit"), [(True, 30), (False, 5)], ids=["verified", "not verified"])
def test_invite_has_a_limit_per_manager_and_day(make, clock, verified, limit):
    organisation = make.organisation(verified_at=our_clock.now() if verified else None)
    manager = make.manager(organisation)
    for number in range(limit):
        invitations.invite(organisation.slug, f"person{number}@example.com", MembershipRole.MEMBER, manager)

    with pytest.raises(TooManyAttempts):
        invitations.invite(organisation.slug, "more@example.com", MembershipRole.MEMBER, manager)
    assert len(session().scalars(select(Letter)).all()) == limit
    clock.shift(timedelta(days=1))
    invitations.invite(organisation.slug, "more@example.com", MembershipRole.MEMBER, manager)


def test_invite_has_a_limit_per_address_whoever_sends(make, clock):
    for _ in range(invitations.PER_ADDRESS):
        invite(make)

    with pytest.raises(TooManyAttempts):
        invite(make)


def test_accept_makes_the_invited_person_a_member(make):
    tie, organisation, _ = invite(make)
    person = make.user(email="rui@example.org")

    accepted = invitations.accept(invitations.token_of(tie), person)

    assert (accepted.id, accepted.state, accepted.user_id) == (tie.id, MembershipState.ACTIVE, person.id)
    assert [one.id for one in memberships.choices(person)] == [organisation.id]
    assert invitations.accept(invitations.token_of(tie), person).id == tie.id


def test_accept_is_for_the_invited_address_only(make):
    tie, _, _ = invite(make)
    thief = make.user(email="thief@example.org")

    with pytest.raises(NotAllowed):
        invitations.accept(invitations.token_of(tie), thief)
    with pytest.raises(NotAllowed):
        invitations.decline(invitations.token_of(tie), thief)
    assert tie.state is MembershipState.INVITED


def test_accept_takes_the_place_of_a_request(make):
    tie, organisation, _ = invite(make)
    person = make.user(email="rui@example.org")
    asked = make.membership(person, organisation, state=MembershipState.REQUESTED)

    invitations.accept(invitations.token_of(tie), person)

    session().expire_all()
    assert (tie.state, asked.state) == (MembershipState.ACTIVE, MembershipState.ENDED)


def test_accept_of_a_member_leaves_one_membership(make):
    tie, organisation, _ = invite(make)
    person = make.user(email="rui@example.org")
    present = make.membership(person, organisation)

    assert invitations.accept(invitations.token_of(tie), person).id == present.id
    assert tie.state is MembershipState.ENDED


def test_ask_while_invited_points_to_the_invitation(make):
    _, organisation, _ = invite(make)

    with pytest.raises(Conflict, match="accept the invitation"):
        memberships.ask(organisation.slug, make.user(email="rui@example.org"))


def test_link_ends_with_withdrawal_decline_age_or_deactivation(make, clock):
    person = make.user(email="rui@example.org")
    withdrawn, _, manager = invite(make)
    invitations.withdraw(withdrawn.uid, manager)
    declined, _, _ = invite(make)
    invitations.decline(invitations.token_of(declined), person)
    closed, organisation, _ = invite(make)
    organisations.deactivate(organisation.slug, make.organiser())
    old, _, _ = invite(make)
    clock.shift(invitations.LIFETIME + timedelta(seconds=1))

    for tie in (withdrawn, declined, closed, old):
        for act in (invitations.find, invitations.accept):
            with pytest.raises(Gone):
                act(invitations.token_of(tie), person)
    for token in ("", "forged", keys.sign("reset_password", old.uid), "é" * 200):
        with pytest.raises(Gone):
            invitations.find(token, person)


def test_resend_begins_the_time_anew(make, clock):
    tie, _, manager = invite(make)
    clock.shift(timedelta(days=29))

    invitations.resend(tie.uid, manager)
    clock.shift(timedelta(days=29))

    assert invitations.find(invitations.token_of(tie), None).email == "rui@example.org"
    assert len(session().scalars(select(Letter)).all()) == 2


def test_invite_again_after_an_expired_one_is_possible(make, clock):
    old, organisation, manager = invite(make)
    clock.shift(invitations.LIFETIME + timedelta(days=1))

    new = invitations.invite(organisation.slug, "rui@example.org", MembershipRole.MEMBER, manager)

    assert (old.state, new.state) == (MembershipState.ENDED, MembershipState.INVITED)


def test_claim_binds_to_the_person_and_to_nobody_later(make):
    tie, organisation, _ = invite(make)
    person = make.user(email="rui@example.org")

    (claimed,) = invitations.claim(person)
    with atomic():
        person.email_key = "moved@example.org"
    later = make.user(email="rui@example.org", name="Somebody who came to own the address")

    assert (claimed.organisation.id, claimed.is_mine, tie.user_id) == (organisation.id, True, person.id)
    assert tie.state is MembershipState.INVITED
    assert invitations.find(invitations.token_of(tie), later).is_mine is False


def test_claim_leaves_an_invitation_where_the_person_is_tied_already(make):
    tie, organisation, _ = invite(make)
    person = make.user(email="rui@example.org")
    make.membership(person, organisation, state=MembershipState.REQUESTED)

    invitations.claim(person)
    invitations.accept(invitations.token_of(tie), person)

    assert memberships.own(organisation, person).state is MembershipState.ACTIVE


def test_claim_of_an_account_that_is_not_confirmed_binds_nothing(make):
    tie, _, _ = invite(make)

    assert invitations.claim(make.user(email="rui@example.org", state=AccountState.UNCONFIRMED)) == []
    assert tie.user_id is None


def test_of_lists_open_invitations_of_the_person_only(make, clock):
    person = make.user(email="rui@example.org")
    invite(make, name="Old")
    clock.shift(timedelta(days=31))
    invite(make, name="First")
    clock.shift(timedelta(hours=1))
    invite(make, name="Second")
    invite(make, "other@example.org")

    found = invitations.of(person)

    assert [(one.organisation.name, one.inviter, one.is_mine) for one in found] == [
        ("Second", "Ana", True),
        ("First", "Ana", True),
    ]


def test_expire_ends_old_invitations_and_later_forgets_addresses(make, clock):
    tie, _, _ = invite(make)
    run = jobs.Run(job_id=0, attempt=1, payload={})

    clock.shift(invitations.LIFETIME + timedelta(days=1))
    invitations.expire(run)
    session().expire_all()
    assert tie.state is MembershipState.ENDED
    identity = tie.id
    clock.shift(timedelta(days=31))
    invitations.expire(run)

    session().expire_all()
    assert session().get(Membership, identity) is None
