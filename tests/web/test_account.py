"""One's own account through the public door: pages, forms and letters."""

import base64
import re

import pyotp
import pytest
from sqlalchemy import func, select

from marketplace import keys
from marketplace.database import atomic, session
from marketplace.models import AccountState, Consent, LetterState, Role, User, UserSession
from marketplace.services import outbox, passwords, sessions, twofactor
from marketplace.services.attempts import LIMITS, PASSWORD

SECRET = "violin lantern 47"


def text_of(letter):
    return outbox.render(letter).text


def link_in(letter):
    return re.search(r"http://localhost(/\S+/\S+)", text_of(letter))[1]


def code_in(letter):
    return re.search(r"^\s*(\d{6})$", text_of(letter), re.MULTILINE)[1]


def register(client, **values):
    form = {"name": "Ana Souza", "email": "ana@example.org", "locale": "pt", "timezone": "America/Manaus", "terms": "y"}
    return client.post("/register", data={**form, **values})


def sign_in(client, password=SECRET, email="ana@example.org", **values):
    return client.post("/sign-in", data={"email": email, "password": password, **values})


def at(client, number):
    """The client in a network of its own, so that every count begins anew."""
    client.environ_base["REMOTE_ADDR"] = f"203.0.113.{number}"
    client.get("/sign-in")
    return client


def is_signed_in(client):
    return client.get("/account").status_code == 200


def body_without_tokens(response):
    return re.sub(r'name="csrf_token" value="[^"]*"|name="email" [^>]*|[0-9a-f]{16}', "", response.text)


@pytest.fixture
def ana(make):
    """Ana as she was at the beginning of the test: of no session, so that her values can be read at any time."""
    return detached(make.user(name="Ana Souza", email="ana@example.org", password_hash=passwords.hashed(SECRET)))


def detached(user):
    session().refresh(user)
    session().expunge(user)
    return user


def again(user):
    """The person as the database has them now."""
    return session().get(User, user.id, populate_existing=True)


def app_code(user):
    return pyotp.TOTP(base64.b32encode(keys.derive("totp", again(user).totp_nonce, 20)).decode()).now()


@pytest.fixture
def with_app(ana, clock):
    """Ana with an authenticator app, one step ago."""
    twofactor.begin_setup(ana)
    codes = twofactor.confirm(ana, app_code(ana), None)
    clock.shift(90)
    return ana, codes


# Registering


def test_registration_leads_over_the_letter_into_the_account(client, deliver):
    answer = register(client, news="y")
    (letter,) = deliver()
    page = client.get(link_in(letter))
    confirmed = client.post(link_in(letter), data={"password": SECRET})

    user = session().scalar(select(User))
    assert (answer.status_code, answer.location) == (303, "/register/sent")
    assert letter.kind == "confirm_account"
    assert letter.locale == "pt"
    assert page.status_code == 200
    assert confirmed.status_code == 303
    assert (user.state, user.name, user.timezone) == (AccountState.ACTIVE, "Ana Souza", "America/Manaus")
    assert passwords.verify(user.password_hash, SECRET)
    assert "Welcome! Your address is confirmed." in client.get("/account").text
    rows = session().execute(select(Consent.kind, Consent.version, Consent.language).order_by(Consent.kind)).all()
    assert [tuple(row) for row in rows] == [("news", "2026-01", "pt"), ("terms", "2026-01", "pt")]


def test_confirmation_link_works_once_and_opening_it_changes_nothing(client, new_client, deliver):
    register(client)
    link = link_in(deliver()[0])
    client.get(link)
    state = session().scalar(select(User.state))
    session().rollback()
    client.post(link, data={"password": ""})

    again = new_client().post(link, data={"password": SECRET})

    assert state is AccountState.UNCONFIRMED
    assert again.status_code == 410
    assert session().scalar(select(User.password_hash)) is None


def test_registration_without_terms_comes_back_filled(client, deliver):
    answer = register(client, terms="")

    assert answer.status_code == 422
    assert 'value="ana@example.org"' in answer.text
    assert "checked" not in answer.text
    assert deliver() == []


def test_registration_page_has_nothing_ticked_even_when_the_address_asks_for_it(client):
    page = client.get("/register?terms=y&news=y&email=ana@example.org")

    assert "checked" not in page.text
    assert 'value="ana@example.org"' in page.text


def test_known_address_is_answered_like_an_unknown_one_and_told_by_letter(
    client, new_client, ana, deliver, count_queries
):
    one, two = at(client, 1), at(new_client(), 2)
    with count_queries() as for_unknown:
        unknown = register(one, email="nobody@example.org")
    with count_queries() as for_known:
        known = register(two, email="ANA@Example.org")
    letters = deliver()

    assert (known.status_code, known.location) == (unknown.status_code, unknown.location)
    assert known.text == unknown.text
    assert for_known == for_unknown
    assert [(letter.kind, letter.recipient) for letter in letters] == [
        ("confirm_account", "nobody@example.org"),
        ("account_exists", "ana@example.org"),
    ]
    assert session().scalar(select(func.count()).select_from(User)) == 2


def test_password_that_anybody_would_guess_is_refused_at_confirmation(client, deliver):
    register(client)
    link = link_in(deliver()[0])

    answers = [
        client.post(link, data={"password": word}) for word in ("Password1!", "short", "ana.souza1990", "x" * 257)
    ]

    assert [answer.status_code for answer in answers] == [422] * 4
    assert session().scalar(select(User.state)) is AccountState.UNCONFIRMED


# Signing in


def test_password_signs_in_with_a_fresh_session_and_the_account_language(client, ana, make):
    with atomic():
        again(ana).locale = "es"
    with client.session_transaction() as cookie:
        cookie["planted"] = "by an attacker"

    answer = sign_in(client, next="/account/profile")

    assert (answer.status_code, answer.location) == (303, "/account/profile")
    assert "lang=es" in " ".join(answer.headers.getlist("Set-Cookie"))
    with client.session_transaction() as cookie:
        assert "planted" not in cookie
    assert is_signed_in(client)


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_sign_in_never_leads_elsewhere(client, ana, target):
    assert sign_in(client, next=target).location == "/account"


def test_wrong_password_and_unknown_address_are_told_apart_by_nothing(client, new_client, ana, make, count_queries):
    make.user(email="code-only@example.org")
    make.user(email="gone@example.org", state=AccountState.DEACTIVATED, password_hash=passwords.hashed(SECRET))

    answers, statements = [], []
    for number, email in enumerate(
        ["ana@example.org", "nobody@example.org", "code-only@example.org", "gone@example.org"]
    ):
        browser = at(new_client(), number)
        with count_queries() as sent:
            answers.append(browser.post("/sign-in", data={"email": email, "password": "not the right one"}))
        statements.append(sent)

    assert {answer.status_code for answer in answers} == {422}
    assert len({body_without_tokens(answer) for answer in answers}) == 1
    assert len({tuple(each) for each in statements}) == 1


def test_code_signs_in_once_in_the_browser_that_asked(client, new_client, make, deliver):
    user = detached(make.user(email="ana@example.org", locale="pt"))
    asked = client.post("/sign-in/send-code", data={"email": "Ana@example.org", "next": "/account/profile"})
    code = code_in(deliver()[0])

    stranger = new_client()
    stranger.post("/sign-in/send-code", data={"email": "ana@example.org"})
    elsewhere = stranger.post("/sign-in/code", data={"code": code})
    first = client.post("/sign-in/code", data={"code": f" {code[:3]} {code[3:]} "})

    assert asked.location == "/sign-in/code"
    assert elsewhere.status_code == 422
    assert (first.status_code, first.location) == (303, "/account/profile")
    assert is_signed_in(client)
    assert again(user).password_hash is None


def test_code_ends_after_five_wrong_tries_ten_minutes_or_a_newer_one(client, make, deliver, clock):
    make.user(email="ana@example.org")

    def ask():
        client.post("/sign-in/send-code", data={"email": "ana@example.org"})
        return code_in(deliver()[-1])

    code = ask()
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _ in range(5):
        client.post("/sign-in/code", data={"code": wrong})
    after_tries = client.post("/sign-in/code", data={"code": code})
    late = ask()
    clock.shift(601)
    after_time = client.post("/sign-in/code", data={"code": late})
    older, newer = ask(), ask()
    after_newer = client.post("/sign-in/code", data={"code": older})
    right = client.post("/sign-in/code", data={"code": newer})

    assert [answer.status_code for answer in (after_tries, after_time, after_newer, right)] == [422, 422, 422, 303]


def test_asking_for_a_code_tells_nothing(client, new_client, ana, deliver, count_queries):
    at(client, 1)
    with count_queries() as for_known:
        known = client.post("/sign-in/send-code", data={"email": "ana@example.org"})
    stranger = at(new_client(), 2)
    with count_queries() as for_unknown:
        unknown = stranger.post("/sign-in/send-code", data={"email": "nobody@example.org"})
    letters = deliver()
    with count_queries() as for_wrong:
        wrong = client.post("/sign-in/code", data={"code": "12345x"})
    with count_queries() as for_nothing:
        nothing = stranger.post("/sign-in/code", data={"code": "12345x"})

    assert (known.status_code, known.location) == (unknown.status_code, unknown.location)
    assert for_known == for_unknown
    assert [letter.recipient for letter in letters] == ["ana@example.org"]
    assert for_wrong == for_nothing
    blank = [body_without_tokens(each).replace("ana@", "x@").replace("nobody@", "x@") for each in (wrong, nothing)]
    assert blank[0] == blank[1]


def test_guessing_is_stopped_without_locking_the_owner_out(client, new_client, ana, deliver):
    sign_in(client)
    client.post("/sign-out")
    attacker = new_client()
    for _ in range(LIMITS[PASSWORD].at_account):
        sign_in(attacker, "a guess that is wrong")

    stopped = sign_in(attacker)
    owner = sign_in(client)
    elsewhere = new_client()
    far_away = elsewhere.post(
        "/sign-in",
        data={"email": "ana@example.org", "password": SECRET},
        environ_base={"REMOTE_ADDR": "198.51.100.7"},
    )
    by_code = new_client()
    by_code.post("/sign-in/send-code", data={"email": "ana@example.org"})
    with_code = by_code.post("/sign-in/code", data={"code": code_in(deliver()[-1])})

    assert stopped.status_code == 429
    assert int(stopped.headers["Retry-After"]) > 0
    assert [owner.status_code, far_away.status_code, with_code.status_code] == [303, 303, 303]


def test_guessing_from_many_networks_is_stopped_but_not_for_known_browsers(client, new_client, ana):
    sign_in(client)
    client.post("/sign-out")
    attacker = new_client()
    for number in range(LIMITS[PASSWORD].from_strangers):
        attacker.post(
            "/sign-in",
            data={"email": "ana@example.org", "password": "a guess"},
            environ_base={"REMOTE_ADDR": f"203.0.{number}.1"},
        )

    stranger = attacker.post(
        "/sign-in", data={"email": "ana@example.org", "password": SECRET}, environ_base={"REMOTE_ADDR": "192.0.2.1"}
    )

    assert stranger.status_code == 429
    assert sign_in(client).status_code == 303


def test_right_sign_ins_are_not_counted(new_client, ana):
    answers = [sign_in(new_client()) for _ in range(LIMITS[PASSWORD].at_account + 3)]

    assert {answer.status_code for answer in answers} == {303}


# Sessions


def test_sign_out_ends_the_session_on_the_server(client, ana):
    sign_in(client)
    stolen = client.get_cookie("session").value
    client.post("/sign-out")

    client.set_cookie("session", stolen)

    assert not is_signed_in(client)


def test_cookie_is_set_at_sign_in_and_not_again_with_every_page(new_client, ana):
    browser = new_client()

    cookies = sign_in(browser).headers.getlist("Set-Cookie")

    assert [cookie.partition("=")[0] for cookie in cookies if "session" in cookie] == ["session"]
    assert [browser.get(path).headers.getlist("Set-Cookie") for path in ("/account/sessions", "/events")] == [[], []]


def test_sessions_are_listed_and_ended_by_their_owner_only(new_client, login_as, ana, make):
    mine, other = login_as(ana), login_as(ana)
    stranger = login_as(make.user())
    rows = sessions.of(ana)
    uids = [row.uid for row in rows]
    session().rollback()

    page = mine.get("/account/sessions")
    refused = [stranger.post(f"/account/sessions/{uid}/end").status_code for uid in uids]
    alive = [is_signed_in(mine), is_signed_in(other)]
    ended = mine.post("/account/sessions/end-others")

    assert all(uid in page.text for uid in uids)
    assert refused == [404, 404]
    assert alive == [True, True]
    assert ended.status_code == 303
    assert [is_signed_in(mine), is_signed_in(other), is_signed_in(stranger)] == [True, False, True]


def test_deactivated_account_is_out_at_once(login_as, ana):
    browser = login_as(ana)
    with atomic():
        session().get(User, ana.id).state = AccountState.DEACTIVATED

    assert browser.get("/account").status_code == 303


# Passwords


def test_password_change_ends_other_sessions_and_is_told_by_letter(login_as, new_client, ana, deliver):
    mine, other = login_as(ana), login_as(ana)

    wrong = mine.post("/account/password", data={"present": "not this", "password": "bicycle meadow 81"})
    right = mine.post("/account/password", data={"present": SECRET, "password": "bicycle meadow 81"})

    assert (wrong.status_code, right.status_code) == (422, 303)
    assert [is_signed_in(mine), is_signed_in(other)] == [True, False]
    assert [letter.kind for letter in deliver()] == ["password_changed"]
    assert sign_in(new_client()).status_code == 422
    assert sign_in(new_client(), "bicycle meadow 81").status_code == 303


def test_reset_by_letter_works_once_for_an_hour_and_ends_all_sessions(client, login_as, ana, deliver, clock):
    browser = login_as(ana)
    asked = client.post("/forgot-password", data={"email": "ana@example.org"})
    link = link_in(deliver()[0])

    weak = client.post(link, data={"password": "password123"})
    done = client.post(link, data={"password": "bicycle meadow 81"})
    again = client.post(link, data={"password": "another meadow 82"})

    assert asked.location == "/forgot-password/sent"
    assert (weak.status_code, done.status_code, done.location, again.status_code) == (422, 303, "/sign-in", 410)
    assert not is_signed_in(browser)
    assert sign_in(client, "bicycle meadow 81").status_code == 303

    client.post("/forgot-password", data={"email": "ana@example.org"})
    late = link_in(deliver()[-1])
    clock.shift(3601)
    assert client.get(late).status_code == 410


def test_reset_link_ends_with_a_newer_one_a_password_change_and_a_deactivation(client, login_as, ana, deliver):
    def ask():
        client.post("/forgot-password", data={"email": "ana@example.org"})
        return link_in(deliver()[-1])

    first, second = ask(), ask()
    after_newer = client.get(first).status_code
    login_as(ana).post("/account/password", data={"present": SECRET, "password": "bicycle meadow 81"})
    after_change = client.get(second).status_code
    third = ask()
    with atomic():
        session().get(User, ana.id).state = AccountState.DEACTIVATED
    after_deactivation = client.get(third).status_code

    assert [after_newer, after_change, after_deactivation] == [410, 410, 410]


def test_asking_for_a_reset_tells_nothing(client, new_client, ana, deliver, count_queries):
    at(client, 1)
    stranger = at(new_client(), 2)
    with count_queries() as for_known:
        known = client.post("/forgot-password", data={"email": "ana@example.org"})
    with count_queries() as for_unknown:
        unknown = stranger.post("/forgot-password", data={"email": "nobody@example.org"})

    assert (known.status_code, known.location, known.text) == (unknown.status_code, unknown.location, unknown.text)
    assert for_known == for_unknown
    assert [letter.recipient for letter in deliver()] == ["ana@example.org"]


def test_host_header_does_not_decide_the_link_of_a_letter(client, ana, deliver):
    evil = client.post("/forgot-password", data={"email": "ana@example.org"}, headers={"Host": "evil.example"})
    client.post("/forgot-password", data={"email": "ana@example.org"}, headers={"Host": "127.0.0.1"})

    assert evil.status_code == 400
    (letter,) = deliver()
    assert "evil" not in text_of(letter)
    assert link_in(letter).startswith("/reset/")


def test_tokens_serve_one_purpose_only(client, ana, deliver):
    client.post("/forgot-password", data={"email": "ana@example.org"})
    token = link_in(deliver()[0]).rpartition("/")[2]
    uid = keys.unsign("reset_password", token)

    paths = [f"/confirm/{token}", f"/email/old/{token}", f"/email/new/{token}"]
    forged = [f"/reset/{keys.sign(purpose, uid)}" for purpose in ("confirm_account", "sign_in_code", "known_browser")]

    assert [client.get(path).status_code for path in paths + forged] == [410] * 6
    assert client.get(f"/reset/{token}").status_code == 200


def test_pages_with_a_secret_address_are_not_kept_or_passed_on(client, ana, deliver):
    client.post("/forgot-password", data={"email": "ana@example.org"})

    page = client.get(link_in(deliver()[0]))

    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "strict-origin"


# Second factor


def test_app_is_set_up_and_then_asked_for(login_as, new_client, ana, deliver, clock):
    mine, other = login_as(ana, with_second_factor=False), login_as(ana)
    mine.post("/account/two-factor/set-up")
    page = mine.get("/account/two-factor/set-up")
    wrong = mine.post("/account/two-factor/confirm", data={"code": "000000"})
    shown = mine.post("/account/two-factor/confirm", data={"code": app_code(ana)})
    clock.shift(60)

    browser = new_client()
    first = sign_in(browser, next="/account/profile")
    between = is_signed_in(browser)
    bad = browser.post("/sign-in/second-factor", data={"code": "000000"})
    good = browser.post("/sign-in/second-factor", data={"code": app_code(ana)})

    assert "data:image/svg+xml" in page.text
    assert wrong.status_code == 422
    assert len(re.findall(r"<code>[a-z2-9]{5}-[a-z2-9]{5}</code>", shown.text)) == 10
    assert shown.headers["Cache-Control"] == "no-store"
    assert [is_signed_in(mine), is_signed_in(other)] == [True, False]
    assert (first.location, between, bad.status_code) == ("/sign-in/second-factor", False, 422)
    assert (good.status_code, good.location) == (303, "/account/profile")
    assert [letter.kind for letter in deliver()] == ["second_factor_on"]


def test_app_code_is_refused_a_second_time(new_client, with_app):
    ana, _ = with_app
    one, two = new_client(), new_client()
    sign_in(one), sign_in(two)
    code = app_code(ana)

    answers = [browser.post("/sign-in/second-factor", data={"code": code}).status_code for browser in (one, two)]

    assert answers == [303, 422]


def test_recovery_code_replaces_the_app_once(new_client, with_app, deliver):
    _, codes = with_app
    one, two = new_client(), new_client()
    sign_in(one), sign_in(two)

    answers = [
        browser.post("/sign-in/second-factor", data={"code": codes[0].upper().replace("-", " ")}).status_code
        for browser in (one, two)
    ]

    assert answers == [303, 422]
    assert [letter.kind for letter in deliver()] == ["second_factor_on", "recovery_code_used"]


def test_second_step_ends_after_ten_minutes_a_password_change_or_too_many_tries(new_client, with_app, clock):
    ana, _ = with_app
    late = new_client()
    sign_in(late)
    clock.shift(601)
    after_time = late.post("/sign-in/second-factor", data={"code": app_code(ana)})

    outrun = new_client()
    sign_in(outrun)
    passwords.change(ana, SECRET, "bicycle meadow 81", None)
    after_change = outrun.post("/sign-in/second-factor", data={"code": app_code(ana)})

    guesser = new_client()
    sign_in(guesser, "bicycle meadow 81")
    guesses = [guesser.post("/sign-in/second-factor", data={"code": "000000"}).status_code for _ in range(6)]

    assert [after_time.location, after_change.location] == ["/sign-in", "/sign-in"]
    assert guesses == [422] * 5 + [429]


def test_code_by_mail_does_not_get_around_the_app(client, with_app, deliver):
    client.post("/sign-in/send-code", data={"email": "ana@example.org"})

    answer = client.post("/sign-in/code", data={"code": code_in(deliver()[-1])})

    assert answer.location == "/sign-in/second-factor"
    assert not is_signed_in(client)


def test_app_is_taken_away_with_a_last_code_only(login_as, with_app, deliver):
    ana, _ = with_app
    mine, other = login_as(ana), login_as(ana)

    wrong = mine.post("/account/two-factor/disable", data={"code": "000000"})
    right = mine.post("/account/two-factor/disable", data={"code": app_code(ana)})

    ana = again(ana)
    assert (wrong.status_code, right.status_code) == (422, 303)
    assert (ana.totp_nonce, ana.has_second_factor) == (None, False)
    assert [is_signed_in(mine), is_signed_in(other)] == [True, False]
    assert [letter.kind for letter in deliver()] == ["second_factor_on", "second_factor_off"]


def test_desk_asks_organisers_for_a_second_factor_and_opens_with_it(login_as, make):
    user = make.user()
    make.role(user, Role.ORGANISER)
    session().refresh(user)

    answer = login_as(user, with_second_factor=False).get("/desk/")
    page = login_as(user).get("/account/two-factor?needed=1")

    assert answer.location == "/account/two-factor?needed=1"
    assert "Needed for the desk" in page.text


# Showing again who one is


def test_acts_that_could_lock_the_owner_out_ask_who_one_is(login_as, ana, clock):
    browser = login_as(ana)
    clock.shift(601)

    asked = [browser.get(path).location for path in ("/account/email", "/account/delete", "/account/data.json")]
    set_up = browser.post("/account/two-factor/set-up").location
    wrong = browser.post("/account/prove", data={"present": "not this", "next": "/account/email"})
    right = browser.post("/account/prove", data={"present": SECRET, "next": "/account/email"})

    assert asked == [
        f"/account/prove?next={path}" for path in ("/account/email", "/account/delete", "/account/data.json")
    ]
    assert set_up.startswith("/account/prove?next=")
    assert (wrong.status_code, right.location) == (422, "/account/email")
    assert browser.get("/account/email").status_code == 200


def test_code_by_mail_shows_who_one_is(login_as, make, deliver, clock):
    user = detached(make.user(email="code@example.org"))
    browser = login_as(user)
    clock.shift(601)
    browser.post("/account/prove/send-code", data={"next": "/account/password"})

    answer = browser.post("/account/prove/code", data={"code": code_in(deliver()[0]), "next": "/account/password"})

    assert answer.location == "/account/password"
    assert browser.get("/account/password").status_code == 200


# Change of address


def test_address_changes_when_both_sides_agree(login_as, new_client, ana, deliver):
    browser = login_as(ana)
    browser.post("/account/email", data={"email": "Ana.New@Example.org"})
    old, new = deliver()
    recipients = (old.recipient, new.recipient)
    old, new = link_in(old), link_in(new)
    stranger = new_client()

    stranger.get(old), stranger.get(new)
    one = stranger.post(new)
    between = again(ana).email_key
    two = stranger.post(old)

    ana = again(ana)
    assert recipients == ("ana@example.org", "Ana.New@example.org")
    assert (one.status_code, between, two.location) == (303, "ana@example.org", "/sign-in")
    assert (ana.email, ana.email_key) == ("Ana.New@example.org", "ana.new@example.org")
    assert not is_signed_in(browser)
    told = [(letter.kind, letter.recipient) for letter in deliver()[2:]]
    assert told == [("email_changed", "ana@example.org"), ("email_changed", "Ana.New@example.org")]
    assert [stranger.post(link).status_code for link in (old, new)] == [410, 410]


def test_address_of_another_account_looks_like_any_other_to_the_person_asking(
    login_as, ana, make, deliver, count_queries
):
    make.user(email="taken@example.org")
    browser = login_as(ana)
    browser.post("/account/email", data={"email": "first@example.org"})
    with count_queries() as for_free:
        free = browser.post("/account/email", data={"email": "free@example.org"})
    with count_queries() as for_taken:
        taken = browser.post("/account/email", data={"email": "taken@example.org"})
    page = browser.get("/account/email")

    assert (free.status_code, free.location) == (taken.status_code, taken.location)
    assert len(for_free) == len(for_taken)
    assert "taken@example.org" in page.text
    assert [letter.kind for letter in deliver() if letter.recipient == "taken@example.org"] == ["change_email_taken"]


def test_change_of_address_ends_when_called_off_replaced_or_a_day_old(login_as, new_client, ana, deliver, clock):
    browser, stranger = login_as(ana), new_client()

    def ask(email):
        browser.post("/account/email", data={"email": email})
        return [link_in(letter) for letter in deliver()[-2:]]

    old, new = ask("one@example.org")
    stranger.post(new)
    called_off = stranger.post(f"{old}/cancel")
    after_cancel = stranger.post(old).status_code
    used_half = ask("two@example.org")
    stranger.post(used_half[1])
    newer = ask("two@example.org")
    mixed = stranger.post(newer[0])
    clock.shift(86_401)
    late = stranger.post(newer[1]).status_code

    assert called_off.status_code == 303
    assert (after_cancel, late) == (410, 410)
    assert mixed.status_code == 303
    assert session().scalar(select(User.email).where(User.id == ana.id)) == "ana@example.org"


# Profile, agreements, data


def test_profile_is_kept_and_the_language_comes_at_once(login_as, ana):
    browser = login_as(ana)
    values = {"name": "Ana de Souza", "locale": "pt", "timezone": "America/Manaus", "spoken_languages": ["pt", "es"]}

    answer = browser.post("/account/profile", data=values)
    bad = browser.post("/account/profile", data={**values, "timezone": "Mars/Olympus", "name": "x"})

    ana = again(ana)
    assert (answer.status_code, bad.status_code) == (303, 422)
    assert "lang=pt" in " ".join(answer.headers.getlist("Set-Cookie"))
    kept = (ana.name, ana.locale, ana.timezone, ana.spoken_languages, ana.search_text)
    assert kept == ("Ana de Souza", "pt", "America/Manaus", ["pt", "es"], "ana de souza ana@example.org")


def test_agreement_is_given_and_taken_back_by_one_button_each(login_as, ana):
    browser = login_as(ana)

    browser.post("/account/consents/news", data={"agree": "1"})
    browser.post("/account/consents/news", data={"agree": "0"})
    terms = browser.post("/account/consents/terms", data={"agree": "0"})

    (row,) = session().scalars(select(Consent)).all()
    assert (row.kind, row.version, row.language) == ("news", "2026-01", "en")
    assert row.withdrawn_at is not None
    assert terms.status_code == 409
    assert browser.post("/account/consents/nothing").status_code == 404
    assert browser.get("/account/consents").status_code == 200


def test_own_data_can_be_taken_along(login_as, ana, make):
    make.membership(ana, make.organisation(name="Harbour Fund"))

    answer = login_as(ana).get("/account/data.json")

    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.json["account"]["email"] == "ana@example.org"
    assert [tie["organisation"] for tie in answer.json["memberships"]] == ["Harbour Fund"]
    assert "argon2" not in answer.text


def test_deletion_leaves_nothing_that_tells_who_it_was(login_as, client, ana, make, deliver):
    make.membership(ana, make.organisation(), job_title="Mayor of Souzaville")
    browser = login_as(ana)
    client.post("/forgot-password", data={"email": "ana@example.org"})
    deliver()

    wrong = browser.post("/account/delete", data={"email": "other@example.org"})
    done = browser.post("/account/delete", data={"email": "ANA@example.org"})
    deliver()

    ana = again(ana)
    assert (wrong.status_code, done.status_code) == (422, 303)
    assert ana.state is AccountState.DELETED
    assert (ana.name, ana.search_text, ana.password_hash, ana.email) == ("—", "", None, f"{ana.uid}@deleted.invalid")
    assert session().scalar(select(func.count()).select_from(UserSession)) == 0
    remains = str(
        [list(row) for table in User.metadata.sorted_tables for row in session().execute(select(table))]
    ).lower()
    assert "souza" not in remains.replace(str(deliver()[-1].recipient_name).lower(), "")
    assert sign_in(client).status_code == 422
    assert deliver()[-1].state is LetterState.SENT


def test_act_for_chooses_own_organisations_only(login_as, ana, make):
    own, other = make.organisation(name="Own"), make.organisation(name="Other")
    make.membership(ana, own)
    browser = login_as(ana)

    page = browser.get("/account")
    refused = browser.post("/account/act-for", data={"organisation": other.uid})
    chosen = browser.post("/account/act-for", data={"organisation": own.uid, "next": "/account/profile"})
    kept = session().scalar(select(UserSession.acting_for_id))
    session().rollback()
    browser.post("/account/act-for", data={"organisation": ""})

    assert f'name="organisation" value="{own.uid}"' in page.text
    assert other.uid not in page.text
    assert (refused.status_code, chosen.location, kept) == (404, "/account/profile", own.id)
    assert session().scalar(select(UserSession.acting_for_id)) is None


# Input of every kind


HOSTILE = [
    pytest.param("Ana\r\nBcc: all@example.org", id="header"),
    pytest.param("Ana\u2028Bcc: x", id="line-separator"),
    pytest.param("Ana\u202eazuoS", id="direction"),
    pytest.param("A" * 900_000, id="long"),
    pytest.param("<script>alert(1)</script>{{ 7*7 }}", id="markup"),
    pytest.param("'; DROP TABLE app_user; --", id="sql"),
    pytest.param("Visit http://evil.example now", id="address"),
    pytest.param("\U0001f600 Ana %(x)s %s", id="format"),
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_never_break_pages_or_letters(client, deliver, text):
    answer = register(client, name=text)
    letters = deliver()

    assert answer.status_code in {303, 422}
    for letter in letters:
        message = outbox.compose(letter)
        assert "\n" not in letter.recipient_name
        assert message["Bcc"] is None
        assert "<script>" not in outbox.render(letter).html
        assert client.get(link_in(letter)).status_code == 200


@pytest.mark.parametrize(
    "raw", [b"%00", b"%ED%A0%80", b"%FF%FE", b"A" * 1_100_000], ids=["nul", "surrogate", "bytes", "huge"]
)
@pytest.mark.parametrize("path", ["/register", "/sign-in", "/sign-in/send-code", "/sign-in/code", "/forgot-password"])
def test_bytes_that_are_no_text_are_refused_by_name(client, path, raw):
    body = b"&".join(name + b"=" + raw for name in (b"name", b"email", b"password", b"code", b"next"))

    answer = client.post(path, data=body, content_type="application/x-www-form-urlencoded")

    assert 300 <= answer.status_code < 500


@pytest.mark.parametrize("token", ["é", "%C3%A9", "%ED%A0%80", "a.b", "x" * 3000, "IjEi.é", "%00", "..%2f..", "null"])
@pytest.mark.parametrize("path", ["/confirm/", "/reset/", "/email/old/", "/email/new/"])
def test_strange_tokens_are_gone(client, path, token):
    for answer in (client.get(path + token), client.post(path + token, data={"password": SECRET})):
        assert answer.status_code in {400, 404, 410}


def test_forged_cookies_are_nothing(client, ana):
    for value in ("é", "x" * 4000, "abc.def", keys.sign("known_browser", ""), keys.sign("session", "x")):
        client.set_cookie("browser", value)
        assert sign_in(client, "not the right one").status_code == 422


def test_pages_of_strangers_lead_to_sign_in(client):
    paths = [
        "",
        "/profile",
        "/security",
        "/sessions",
        "/email",
        "/two-factor",
        "/consents",
        "/delete",
        "/data.json",
        "/password",
    ]

    locations = [client.get(f"/account{path}").location for path in paths]

    assert locations == [f"/sign-in?next=/account{path}" for path in paths]


def test_changing_requests_from_other_sites_are_refused(login_as, client, ana):
    browser = login_as(ana)
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}

    answers = [
        browser.post(path, headers=foreign).status_code
        for path in ("/sign-out", "/account/delete", "/account/sessions/end-others", "/account/two-factor/set-up")
    ]
    login = client.post("/sign-in", data={"email": "ana@example.org", "password": SECRET}, headers=foreign)

    assert answers == [400] * 4
    assert login.status_code == 400
    assert is_signed_in(browser)
