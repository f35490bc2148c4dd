import pytest
from sqlalchemy import select

from marketplace import keys
from marketplace.database import atomic, session
from marketplace.models import Letter, LetterState, LinkPurpose
from marketplace.services import links, outbox


def text(answer) -> str:
    return answer.get_data(as_text=True)


def state_of(uid: str) -> LetterState:
    session().rollback()
    return session().scalar(select(Letter.state).where(Letter.uid == uid))


def give_up(uid: str) -> None:
    with atomic():
        letter = outbox.find(uid)
        letter.state, letter.last_error = LetterState.FAILED, "550 <b>no such mailbox</b>"


def test_list_shows_every_letter_with_its_state_and_filters(make, login_as):
    ana, bruno = make.user(email="ana@example.org"), make.user(email="bruno@example.org")
    one = outbox.queue("membership_declined", to=ana, organisation="Fund")
    outbox.queue("membership_declined", to=bruno, organisation="Other fund")
    give_up(one)
    browser = login_as(make.organiser())

    everything, failed, found = (
        text(browser.get(f"/desk/outbox{query}")) for query in ("", "?state=failed", "?q=BRUNO@")
    )

    assert "ana@example.org" in everything
    assert "bruno@example.org" in everything
    assert "ana@example.org" in failed
    assert "bruno@example.org" not in failed
    assert "ana@example.org" not in found
    assert "<b>no such" not in everything


@pytest.mark.parametrize("query", ["state=x&kind=%20", "page=-3", "q=%27%25", "kind=" + "k" * 900])
def test_list_bears_hostile_queries(make, login_as, query):
    assert login_as(make.organiser()).get(f"/desk/outbox?{query}").status_code == 200


def test_list_costs_the_same_for_one_and_three_letters(make, login_as, count_queries):
    browser = login_as(make.organiser())
    outbox.queue("membership_declined", to=make.user(), organisation="Fund")
    browser.get("/desk/outbox")
    with count_queries() as one:
        browser.get("/desk/outbox")
    for _ in range(2):
        outbox.queue("membership_declined", to=make.user(), organisation="Fund")
    with count_queries() as three:
        browser.get("/desk/outbox")

    assert len(three) == len(one) <= 12


@pytest.mark.parametrize(
    ("purpose", "kind"),
    [(LinkPurpose.RESET_PASSWORD, "reset_password"), (LinkPurpose.SIGN_IN_CODE, "sign_in_code")],
)
@pytest.mark.parametrize("language", ["en", "es", "pt"])
def test_preview_masks_links_and_codes_in_every_language(make, login_as, purpose, kind, language):
    person = make.user()
    link = links.create(purpose, person)
    uid = outbox.queue(kind, to=person, link=link.uid)
    secrets = [keys.sign(purpose, link.uid), keys.code(purpose, link.uid)]
    browser = login_as(make.organiser())

    pages = [text(browser.get(f"/desk/outbox/{uid}{part}?in={language}")) for part in ("", "/html")]

    assert all(outbox.HIDDEN in page for page in pages)
    assert not [secret for secret in secrets for page in pages if secret in page]


def test_html_preview_may_run_and_load_nothing_and_is_framed_by_us_only(make, login_as):
    uid = outbox.queue("membership_declined", to=make.user(), organisation="Fund")

    answer = login_as(make.organiser()).get(f"/desk/outbox/{uid}/html")

    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'self'" in policy
    assert policy.endswith("sandbox")
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_letter_whose_words_were_deleted_is_still_shown(make, login_as):
    uid = outbox.queue("membership_declined", to=make.user(), organisation="Fund")
    with atomic():
        found = outbox.find(uid)
        found.recipient, found.recipient_name, found.context, found.state = "", "", {}, LetterState.SENT
    browser = login_as(make.organiser())

    page, framed = browser.get(f"/desk/outbox/{uid}"), browser.get(f"/desk/outbox/{uid}/html")

    assert "The words of this letter are deleted" in text(page)
    assert (page.status_code, framed.status_code) == (200, 404)


def test_letter_is_sent_again_and_called_back(make, login_as):
    uid = outbox.queue("membership_declined", to=make.user(), organisation="Fund")
    give_up(uid)
    browser = login_as(make.organiser())

    question = text(browser.get(f"/desk/outbox/{uid}/resend"))
    again = browser.post(f"/desk/outbox/{uid}/resend")
    twice = browser.post(f"/desk/outbox/{uid}/resend")
    waiting = state_of(uid)
    back = browser.post(f"/desk/outbox/{uid}/call-back")
    late = browser.post(f"/desk/outbox/{uid}/call-back")

    assert "Send this letter again?" in question
    assert [answer.status_code for answer in (again, twice, back, late)] == [303, 409, 303, 409]
    assert (waiting, state_of(uid)) == (LetterState.QUEUED, LetterState.CANCELLED)


def test_several_that_failed_are_sent_again(make, login_as):
    uids = [outbox.queue("membership_declined", to=make.user(), organisation="Fund") for _ in range(2)]
    for uid in uids:
        give_up(uid)

    answer = login_as(make.organiser()).post("/desk/outbox/resend", data={"uid": uids, "next": "/desk/outbox"})

    assert answer.status_code == 303
    assert [state_of(uid) for uid in uids] == [LetterState.QUEUED] * 2


def test_unknown_letter_is_not_found(make, login_as):
    browser = login_as(make.organiser())

    for part in ("", "/html", "/resend", "/call-back"):
        assert browser.get(f"/desk/outbox/nothing{part}").status_code == 404
    for part in ("resend", "call-back"):
        assert browser.post(f"/desk/outbox/nothing/{part}").status_code == 404
