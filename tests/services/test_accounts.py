"""Registering, confirming, profile, and the end of an account."""

import pytest
from sqlalchemy import func, select

from marketplace import keys
from marketplace.database import session
from marketplace.errors import Invalid, LastAdministrator, LastManager
from marketplace.models import (
    AccountState,
    AuditEntry,
    Consent,
    Job,
    Letter,
    LetterState,
    LinkPurpose,
    Membership,
    MembershipState,
    OneTimeLink,
    Role,
    User,
)
from marketplace.services import accounts, deletion, jobs, links
from marketplace.services.accounts import Registration
from marketplace.services.attempts import Visitor

ANA = Registration(name="Ana Souza", email="Ana@Example.org", locale="pt", timezone="America/Manaus")


def token(link):
    return keys.sign(link.purpose, link.uid)


def test_registration_makes_an_unconfirmed_account_without_a_password(app):
    user = accounts.register(ANA)

    kept = (user.state, user.email, user.email_key, user.locale, user.timezone, user.password_hash, user.search_text)
    assert kept == (
        AccountState.UNCONFIRMED,
        "Ana@example.org",
        "ana@example.org",
        "pt",
        "America/Manaus",
        None,
        "ana souza ana@example.org",
    )
    assert [letter.kind for letter in session().scalars(select(Letter))] == ["confirm_account"]


def test_registering_again_replaces_what_was_told_and_writes_five_letters_an_hour(app, clock):
    for number in range(7):
        accounts.register(Registration(name=f"Ana {number}", email="ana@example.org", locale="en", wants_news=True))

    user = session().scalars(select(User)).one()
    assert user.name == "Ana 6"
    assert session().scalar(select(func.count()).select_from(Letter)) == 5
    assert sorted(session().scalars(select(Consent.kind))) == ["news", "terms"]


def test_what_the_job_was_told_is_forgotten_when_it_is_done(app, deliver):
    accounts.request_registration(ANA, Visitor("192.0.2.1"))
    deliver()

    assert session().scalars(select(Job.payload).where(Job.kind == "accounts.register")).all() == [{}]


@pytest.mark.parametrize(
    "name", ["Win at http://evil.example", "www.evil.example", "ana@evil.example", "evil.com now", "go evil.xyz/prize"]
)
def test_name_that_is_an_address_is_refused(app, name):
    with pytest.raises(Invalid) as refusal:
        accounts.request_registration(Registration(name=name, email="x@example.org", locale="en"), Visitor())

    assert refusal.value.field == "name"


@pytest.mark.parametrize("name", ["Ana M. Souza", "Dr. José-María O'Neill", "J. R. R.", "Ñusta Quispe, Ph.D."])
def test_names_of_people_are_accepted(name):
    assert accounts.check_name(name) is None


def test_confirmation_binds_open_invitations(make):
    organisation = make.organisation()
    tie = make.store(
        Membership(
            organisation_id=organisation.id,
            email="ana@example.org",
            email_key="ana@example.org",
            state=MembershipState.INVITED,
            created_at=organisation.created_at,
        )
    )
    accounts.register(ANA)
    link = session().scalars(select(OneTimeLink)).one()

    user = accounts.confirm(token(link))

    assert session().get(Membership, tie.id).user_id == user.id


def test_unconfirmed_registration_is_forgotten_after_a_week(app, clock):
    accounts.register(ANA)
    clock.shift(7 * 86_400 - 1)
    deletion.forget_ended(jobs.Run(0, 1, {}))
    before = session().scalar(select(func.count()).select_from(User))
    session().rollback()
    clock.shift(2)

    deletion.forget_ended(jobs.Run(0, 1, {}))

    left = [session().scalar(select(func.count()).select_from(model)) for model in (User, Consent, OneTimeLink)]
    assert (before, left) == (1, [0, 0, 0])
    assert session().scalars(select(Letter.recipient)).all() == [""]
    assert session().scalars(select(AuditEntry.actor_id).distinct()).all() == [None]


def test_language_chosen_on_a_page_is_kept(make):
    user = make.user()

    accounts.set_language(user, "es")
    accounts.set_language(user, "tlh")

    assert session().get(User, user.id).locale == "es"


def test_last_manager_hands_over_before_deleting_the_account(make):
    organisation = make.organisation()
    manager = make.manager(organisation)
    make.membership(make.user(), organisation)

    with pytest.raises(LastManager):
        deletion.delete_own(manager)

    assert session().get(User, manager.id).state is AccountState.ACTIVE


def test_last_administrator_cannot_delete_the_account(make):
    user = make.administrator()

    with pytest.raises(LastAdministrator):
        deletion.delete_own(user)

    other = make.administrator()
    deletion.delete_own(session().get(User, user.id))
    assert session().get(User, user.id).state is AccountState.DELETED
    assert [grant.role for grant in session().get(User, other.id).roles] == [Role.ADMINISTRATOR]


def test_deleted_address_is_free_again(make):
    user = make.user(email="ana@example.org")
    deletion.delete_own(user)

    again = accounts.register(ANA)

    assert again.id != user.id
    assert again.state is AccountState.UNCONFIRMED


def test_farewell_letter_forgets_its_address_once_sent(make, deliver):
    user = make.user(email="ana@example.org")
    deletion.delete_own(user)
    deletion.forget_ended(jobs.Run(0, 1, {}))
    before = session().execute(select(Letter.kind, Letter.recipient)).all()
    deliver()
    deletion.forget_ended(jobs.Run(0, 1, {}))

    assert [tuple(row) for row in before] == [("account_deleted", "ana@example.org")]
    letter = session().scalars(select(Letter)).one()
    assert (letter.state, letter.recipient, letter.recipient_name) == (LetterState.SENT, "", "")


def test_links_of_an_account_end_with_it(make):
    user = make.user()
    links.create(LinkPurpose.RESET_PASSWORD, user)

    deletion.delete_own(user)

    assert session().scalars(select(OneTimeLink)).all() == []
