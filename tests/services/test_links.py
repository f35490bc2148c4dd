"""One-time links and codes: one purpose, once, for a while."""

import pytest
from sqlalchemy import select

from marketplace import keys
from marketplace.database import atomic, session
from marketplace.errors import Gone
from marketplace.models import AccountState, LinkPurpose, OneTimeLink, User
from marketplace.models.base import new_uid
from marketplace.services import links

RESET = LinkPurpose.RESET_PASSWORD


def token_of(link, purpose=None):
    return keys.sign(purpose or link.purpose, link.uid)


def test_link_is_found_before_use_and_gone_after(make):
    link = links.create(RESET, make.user())

    found = links.find(RESET, token_of(link))
    used = links.use(RESET, token_of(link))

    assert found.uid == used.uid
    with pytest.raises(Gone):
        links.find(RESET, token_of(link))
    with pytest.raises(Gone):
        links.use(RESET, token_of(link))


@pytest.mark.parametrize("purpose", list(LinkPurpose))
@pytest.mark.parametrize("other", list(LinkPurpose))
def test_link_serves_its_own_purpose_only(make, purpose, other):
    state = AccountState.UNCONFIRMED if other is LinkPurpose.CONFIRM_ACCOUNT else AccountState.ACTIVE
    link = links.create(purpose, make.user(state=state))

    if purpose is other:
        assert links.find(other, token_of(link)).id == link.id
    else:
        for signed_for in (purpose, other):
            with pytest.raises(Gone):
                links.find(other, token_of(link, signed_for))


@pytest.mark.parametrize("token", ["", "é", "a.b", "\ud800", "\x00", "x" * 5000, "IjEi.AAAA"])
def test_strange_token_is_gone(app, token):
    with pytest.raises(Gone):
        links.find(RESET, token)


@pytest.mark.parametrize(("purpose", "seconds"), [(RESET, 3600), (LinkPurpose.CONFIRM_ACCOUNT, 259_200)])
def test_link_ends_with_its_time(make, clock, purpose, seconds):
    state = AccountState.UNCONFIRMED if purpose is LinkPurpose.CONFIRM_ACCOUNT else AccountState.ACTIVE
    token = token_of(links.create(purpose, make.user(state=state)))

    clock.shift(seconds - 1)
    in_time = links.find(purpose, token)
    clock.shift(1)

    assert in_time.purpose is purpose
    with pytest.raises(Gone):
        links.find(purpose, token)


@pytest.mark.parametrize(
    "change",
    [{"email": "new@example.org"}, {"state": AccountState.DEACTIVATED}, {"state": AccountState.UNCONFIRMED}],
    ids=["address", "deactivated", "unconfirmed"],
)
def test_link_ends_with_what_it_was_made_for(make, change):
    user = make.user()
    token = token_of(links.create(RESET, user))
    with atomic():
        for name, value in change.items():
            setattr(session().get(User, user.id), name, value)

    with pytest.raises(Gone):
        links.use(RESET, token)


def test_nothing_stored_is_the_secret(make):
    link = links.create(LinkPurpose.SIGN_IN_CODE, make.user())

    row = str(list(session().execute(select(OneTimeLink.__table__)).one()))

    assert keys.sign(LinkPurpose.SIGN_IN_CODE, link.uid) not in row
    assert keys.code(LinkPurpose.SIGN_IN_CODE, link.uid) not in row.replace(link.uid, "")


def test_code_is_right_once(make):
    user, ticket = make.user(), new_uid()
    links.create(LinkPurpose.SIGN_IN_CODE, user, uid=ticket)
    code = keys.code(LinkPurpose.SIGN_IN_CODE, ticket)

    answers = [links.try_code(ticket, code) for _ in range(2)]

    assert answers == [user.id, None]


def test_ended_links_do_not_touch_those_of_others(make):
    one, two = make.user(), make.user()
    mine, theirs = links.create(RESET, one), links.create(RESET, two)

    links.end(one)

    with pytest.raises(Gone):
        links.find(RESET, token_of(mine))
    assert links.find(RESET, token_of(theirs)).id == theirs.id
