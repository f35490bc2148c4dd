"""The authenticator app and recovery codes."""

import pyotp
import pytest
from sqlalchemy import select

from marketplace import clock as clocks
from marketplace.database import session
from marketplace.errors import Conflict, Invalid, NotAllowed, TooManyAttempts
from marketplace.models import RecoveryCode, User
from marketplace.services import sessions, twofactor
from marketplace.services.attempts import Visitor

HERE = Visitor("192.0.2.1")


def totp_of(user):
    return pyotp.TOTP(twofactor.setup(user).secret.replace(" ", ""))


@pytest.fixture
def app_of(make, clock):
    """A person with an app, and the app; the code it was set up with is two steps old."""
    user = make.user()
    twofactor.begin_setup(user)
    totp = totp_of(user)
    codes = twofactor.confirm(user, totp.at(int(clocks.now().timestamp())), None)
    clock.shift(60)
    return user, totp, codes


def now():
    return int(clocks.now().timestamp())


def test_secret_is_derived_and_not_stored(make):
    user = make.user()
    twofactor.begin_setup(user)

    setup = twofactor.setup(user)

    assert len(setup.secret.replace(" ", "")) == 32
    assert setup.secret.replace(" ", "") not in str(list(session().execute(select(User.__table__)).one()))
    assert setup.uri.startswith("otpauth://totp/Cities%20Forward:")
    assert setup.picture.startswith("data:image/svg+xml")


@pytest.mark.parametrize(("seconds", "right"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_code_of_a_clock_half_a_minute_off_is_right(make, clock, seconds, right):
    user = make.user()
    twofactor.begin_setup(user)
    code = totp_of(user).at(now() + seconds)

    if right:
        assert len(twofactor.confirm(user, f"{code[:3]} {code[3:]}", None)) == 10
    else:
        with pytest.raises(Invalid):
            twofactor.confirm(user, code, None)


def test_older_code_is_refused_after_a_newer_one(app_of):
    user, totp, _ = app_of

    answers = [twofactor.check(user, totp.at(now() + shift), HERE) for shift in (0, 0, -30, 30)]

    assert answers == [True, False, False, True]


def test_recovery_codes_are_digests_and_replaced_as_a_whole(app_of):
    user, _, codes = app_of

    stored = session().scalars(select(RecoveryCode.digest)).all()
    session().rollback()
    fresh = twofactor.new_recovery_codes(user, codes[0], HERE)

    assert len(set(codes)) == 10
    assert not set(codes) & set(stored)
    assert [twofactor.check(user, code, HERE) for code in (codes[1], fresh[0], fresh[0])] == [False, True, False]
    assert twofactor.recovery_codes_left(user) == 9


def test_guessing_is_stopped(app_of):
    user, totp, _ = app_of

    for _turn in range(5):
        assert twofactor.check(user, "000000", HERE) is False

    with pytest.raises(TooManyAttempts):
        twofactor.check(user, totp.at(now()), HERE)


def test_app_in_force_is_not_replaced_by_a_new_secret(app_of):
    user, _, _ = app_of

    with pytest.raises(Conflict):
        twofactor.begin_setup(user)


def test_administrator_takes_away_a_lost_app_and_nobody_else_does(app_of, make, deliver):
    user, _, _ = app_of
    token = sessions.begin(user, browser="", network="", with_second_factor=True)

    with pytest.raises(NotAllowed):
        twofactor.remove(user, by=make.organiser())
    twofactor.remove(user, by=make.administrator())

    assert not session().get(User, user.id).has_second_factor
    assert sessions.find(token) is None
    assert [letter.kind for letter in deliver()] == ["second_factor_on", "second_factor_off"]
