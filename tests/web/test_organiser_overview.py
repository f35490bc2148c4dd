from datetime import date

from marketplace.database import atomic
from marketplace.models import LetterState, MembershipState, Role
from marketplace.services import outbox


def text(answer) -> str:
    return answer.get_data(as_text=True)


def test_overview_names_what_waits_and_what_is_stuck(make, login_as):
    organiser = make.organiser()
    make.membership(make.user(name="Ana"), make.organisation(name="Fund"), state=MembershipState.REQUESTED, since=None)
    uid = outbox.queue("membership_declined", to=make.user(), organisation="Fund")
    with atomic():
        outbox.find(uid).state = LetterState.FAILED

    page = text(login_as(organiser).get("/desk/"))

    for words in ("Organisations to verify", "1 letter could not be delivered", "Ana", "Fund"):
        assert words in page


def test_overview_of_one_event_has_neither_figures_nor_other_events(make, login_as, clock):
    own = make.event(titles={"en": "Own dialogue"}, starts_on=date(2026, 4, 1), ends_on=date(2026, 4, 1))
    make.event(titles={"en": "Other marketplace"})
    make.organisation(name="Fund")
    person = make.user(totp_nonce="nonce", totp_confirmed_at=own.created_at)
    make.role(person, Role.ORGANISER, own)

    page = text(login_as(person).get("/desk/"))

    assert "Own dialogue" in page
    for words in ("Other marketplace", "Organisations to verify", "/desk/people", "/desk/outbox"):
        assert words not in page


def test_overview_takes_at_most_twelve_queries(make, login_as, count_queries):
    browser = login_as(make.organiser())
    for _ in range(3):
        make.event()
        make.membership(make.user(), make.organisation(), state=MembershipState.REQUESTED, since=None)
    browser.get("/desk/")

    with count_queries() as statements:
        browser.get("/desk/")

    assert len(statements) <= 12
