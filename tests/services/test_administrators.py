import pytest

from marketplace.errors import Conflict, Invalid
from marketplace.models import AccountState, Role
from marketplace.services import administrators


def test_appointed_stranger_gets_an_account_to_confirm_and_the_role(app, deliver):
    administrators.appoint("Ana@Example.org", "Ana Souza", "pt")

    (letter,) = deliver()
    user = letter.user
    assert user.state is AccountState.UNCONFIRMED
    assert [grant.role for grant in user.roles] == [Role.ADMINISTRATOR]
    assert (letter.kind, letter.locale) == ("confirm_account", "pt")


def test_appointed_twice_is_appointed_once(app, make):
    person = make.user(email="ana@example.org")

    administrators.appoint("ana@example.org", "Ana")
    administrators.appoint("ANA@example.org", "Ana")

    assert [grant.role for grant in person.roles] == [Role.ADMINISTRATOR]


def test_nobody_is_appointed_without_an_address_or_after_leaving(app, make):
    make.user(email="gone@example.org", state=AccountState.DEACTIVATED)

    with pytest.raises(Invalid):
        administrators.appoint("not an address", "Ana")
    with pytest.raises(Conflict):
        administrators.appoint("gone@example.org", "Ana")
