"""What may happen once only, tried by several processes at once: accounts, links, codes, limits."""

import pyotp
from sqlalchemy import func, select

from marketplace import clock, keys
from marketplace.database import session
from marketplace.errors import Gone, TooManyAttempts
from marketplace.models import AccountState, LinkPurpose, OneTimeLink, User, UserSession
from marketplace.models.base import new_uid
from marketplace.services import accounts, attempts, links, passwords, sessions, signin, twofactor
from marketplace.services.attempts import LIMITS, Visitor
from tests.races.actors import PROCESSES, together


def register(number: int) -> str:
    """Register one address five times."""
    for turn in range(5):
        accounts.register(accounts.Registration(name=f"Ana {number} {turn}", email="Ana@Example.org", locale="en"))
    return "asked"


def use_link(_: int, token: str) -> str:
    """Use one link."""
    try:
        links.use(LinkPurpose.RESET_PASSWORD, token)
    except Gone:
        return "gone"
    return "used"


def confirm(number: int, token: str) -> str:
    """Confirm one account."""
    try:
        accounts.confirm(token, f"lantern meadow {number}{number}7")
    except Gone:
        return "gone"
    return "confirmed"


def guess_code(_: int, ticket: str) -> str:
    """Guess wrongly ten times at the code of one ticket."""
    for _turn in range(10):
        links.try_code(ticket, "wrong")
    return "guessed"


def use_app_code(number: int, user_id: int, code: str, recovery: str) -> str:
    """Answer with one code of the app, then with one recovery code, from a network of its own."""
    user = session().get(User, user_id)
    answers = [twofactor.check(user, answer, Visitor(f"192.0.2.{number}")) for answer in (code, recovery)]
    return " ".join(f"{kind}-{right}" for kind, right in zip(("app", "paper"), answers, strict=True))


def guess_password(_: int) -> str:
    """Guess the password of one account."""
    answers = []
    for _turn in range(5):
        try:
            signin.by_password("ana@example.org", "a guess", Visitor("192.0.2.1"))
            answers.append("wrong")
        except TooManyAttempts:
            answers.append("stopped")
    return " ".join(answers)


def sign_in_or_change(number: int, user_id: int) -> str:
    """Begin sessions while another process changes the password."""
    user = session().get(User, user_id)
    if number == 0:
        passwords.change(user, "violin lantern 47", "bicycle meadow 81", None)
        return "changed"
    sessions.end_all(user)
    return "ended"


def test_twenty_registrations_at_once_give_one_account(app, database_url):
    """S07"""
    answers = together(database_url, register)

    assert answers == {"asked": PROCESSES}
    assert session().scalar(select(func.count()).select_from(User)) == 1
    assert session().scalar(select(User.email_key)) == "ana@example.org"


def test_link_is_used_once(app, make, database_url):
    """S04"""
    link = links.create(LinkPurpose.RESET_PASSWORD, make.user())

    answers = together(database_url, use_link, keys.sign(LinkPurpose.RESET_PASSWORD, link.uid))

    assert answers == {"used": 1, "gone": PROCESSES - 1}


def test_account_is_confirmed_once(app, make, database_url):
    user = make.user(state=AccountState.UNCONFIRMED)
    link = links.create(LinkPurpose.CONFIRM_ACCOUNT, user)

    answers = together(database_url, confirm, keys.sign(LinkPurpose.CONFIRM_ACCOUNT, link.uid))

    assert answers == {"confirmed": 1, "gone": PROCESSES - 1}


def test_code_has_five_tries_whoever_tries(app, make, database_url):
    ticket = new_uid()
    links.create(LinkPurpose.SIGN_IN_CODE, make.user(), uid=ticket)

    together(database_url, guess_code, ticket)

    assert session().scalar(select(OneTimeLink.tries)) == links.CODE_TRIES
    session().rollback()
    assert links.try_code(ticket, keys.code(LinkPurpose.SIGN_IN_CODE, ticket)) is None


def test_codes_of_the_app_and_on_paper_are_right_once(app, make, database_url):
    user = make.user()
    twofactor.begin_setup(user)
    totp = pyotp.TOTP(twofactor.setup(user).secret.replace(" ", ""))
    paper = twofactor.confirm(user, totp.at(int(clock.now().timestamp()) - 30), None)

    answers = together(database_url, use_app_code, user.id, totp.at(int(clock.now().timestamp())), paper[0])

    assert (answers["app-True"], answers["paper-True"]) == (1, 1)


def test_limit_holds_across_processes(app, make, database_url):
    """S03"""
    make.user(email="ana@example.org", password_hash=passwords.hashed("violin lantern 47"))
    limit = LIMITS[attempts.PASSWORD].at_account

    answers = together(database_url, guess_password)

    assert answers == {"wrong": limit, "stopped": PROCESSES * 5 - limit}


def test_ending_sessions_from_everywhere_leaves_none(app, make, database_url):
    user = make.user(password_hash=passwords.hashed("violin lantern 47"))
    for _ in range(5):
        sessions.begin(user, browser="", network="", with_second_factor=False)

    answers = together(database_url, sign_in_or_change, user.id)

    assert answers == {"changed": 1, "ended": PROCESSES - 1}
    assert session().scalar(select(func.count()).where(UserSession.ended_at.is_(None))) == 0
