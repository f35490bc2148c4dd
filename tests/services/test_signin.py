"""Signing in at the level of services: who is found, what is counted."""

import pytest
from argon2 import PasswordHasher

from marketplace.database import atomic, session
from marketplace.errors import TooManyAttempts
from marketplace.models import AccountState, User
from marketplace.services import attempts, passwords, signin
from marketplace.services.attempts import LIMITS, PASSWORD, Visitor

SECRET = "violin lantern 47"
HERE = Visitor("192.0.2.1")


@pytest.fixture
def ana(make):
    return make.user(email="ana@example.org", password_hash=passwords.hashed(SECRET))


@pytest.mark.parametrize("email", ["ana@example.org", " ANA@EXAMPLE.ORG ", "Ana@example.org"])
def test_address_is_compared_by_one_rule(ana, email):
    assert signin.by_password(email, SECRET, HERE).id == ana.id


@pytest.mark.parametrize(
    "email", ["", "no address", "ana@", "a" * 5000, "ana@example.org\x00", "\ud800@b.org", "a@b.org, c@d.org"]
)
def test_what_is_no_address_is_nobody(ana, email):
    assert signin.by_password(email, SECRET, HERE) is None


@pytest.mark.parametrize("state", [AccountState.UNCONFIRMED, AccountState.DEACTIVATED, AccountState.DELETED])
def test_account_that_is_not_active_is_nobody(make, state):
    make.user(email="b@example.org", password_hash=passwords.hashed(SECRET), state=state)

    assert signin.by_password("b@example.org", SECRET, HERE) is None


def test_hash_of_other_parameters_is_renewed(ana):
    old = PasswordHasher(time_cost=2, memory_cost=64, parallelism=1).hash(SECRET)
    user_id = ana.id
    with atomic():
        session().get(User, user_id).password_hash = old

    assert signin.by_password("ana@example.org", SECRET, HERE).id == user_id
    renewed = session().get(User, user_id, populate_existing=True).password_hash
    assert renewed != old
    assert passwords.verify(renewed, SECRET)


def test_mark_of_a_browser_names_the_last_five_accounts(app):
    visitor = Visitor("192.0.2.1")
    for number in range(7):
        visitor = Visitor("192.0.2.1", attempts.mark(visitor, f"{number}@example.org"))

    known = [attempts.is_known(visitor, f"{number}@example.org") for number in range(7)]

    assert known == [False, False, True, True, True, True, True]


def test_mark_that_was_not_signed_here_is_none(app):
    assert not attempts.is_known(Visitor("192.0.2.1", "forged"), "ana@example.org")


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:100::1", "2001:db8:1:1ff::2", True),
        ("2001:db8:1:100::1", "2001:db8:1:200::1", False),
    ],
)
def test_attempts_are_counted_by_what_one_attacker_has(app, one, two, same):
    for _ in range(LIMITS[PASSWORD].at_account):
        attempts.count(PASSWORD, "ana@example.org", Visitor(one))

    if same:
        with pytest.raises(TooManyAttempts):
            attempts.count(PASSWORD, "ana@example.org", Visitor(two))
    else:
        attempts.count(PASSWORD, "ana@example.org", Visitor(two))


def test_second_step_is_bound_to_password_app_and_time(ana, clock):
    pending = signin.pend(ana)
    found = signin.pending_user(pending)
    clock.shift(signin.PENDING_SECONDS)
    late = signin.pending_user(pending)
    fresh = signin.pend(session().get(User, ana.id))
    passwords.change(session().get(User, ana.id), SECRET, "bicycle meadow 81", None)

    assert found.id == ana.id
    assert late is None
    assert signin.pending_user(fresh) is None
