import csv
import io

import pytest
from sqlalchemy import select

from marketplace import clock
from marketplace.database import session
from marketplace.models import AccountState, AuditEntry, ConsentKind, Role, RoleAssignment
from marketplace.services import consents, people, sessions


def text(answer) -> str:
    return answer.get_data(as_text=True)


def test_list_shows_people_found_without_accents_with_their_organisations(make, login_as):
    person = make.user(name="José Núñez", is_illustrative=True)
    make.membership(person, make.organisation(name="Fundación Río"))
    make.user(name="Somebody Else")

    page = text(login_as(make.organiser()).get("/desk/people?q=nunez"))

    assert "José Núñez" in page
    assert "Fundación Río" in page
    assert "illustrative" in page
    assert "Somebody Else" not in page


def test_list_that_finds_nobody_says_so(make, login_as):
    page = text(login_as(make.organiser()).get("/desk/people?q=nobody-of-this-name"))

    assert "Nobody found" in page


@pytest.mark.parametrize(
    "query",
    [
        "state=nonsense&role=x&language=%F0%9F%A6%8A&sort=;drop&page=-1",
        "page=99999999999999999999",
        "page=x&q=%25_%5C",
        "q=" + "a" * 5000,
        "q=%ED%A0%80",
        "organisation=..%2F..%2Fetc",
        "q=<script>alert(1)</script>",
    ],
)
def test_list_bears_hostile_queries(make, login_as, query):
    answer = login_as(make.organiser()).get(f"/desk/people?{query}")

    assert answer.status_code == 200
    assert "<script>alert" not in text(answer)


def test_list_costs_the_same_for_one_and_three_people(make, login_as, count_queries):
    browser = login_as(make.organiser())

    def member():
        make.membership(person := make.user(), make.organisation())
        make.role(person, Role.REVIEWER, make.event())

    member()
    browser.get("/desk/people")
    with count_queries() as one:
        browser.get("/desk/people")
    member()
    member()
    with count_queries() as three:
        browser.get("/desk/people")

    assert len(three) == len(one) <= 12


def test_names_of_people_cannot_bring_markup_into_a_page(make, login_as):
    person = make.user(name="<img src=x onerror=alert(1)>")

    browser = login_as(make.organiser())

    for address in ("/desk/people", f"/desk/people/{person.uid}", f"/desk/people/{person.uid}/deactivate"):
        assert "<img src=x" not in text(browser.get(address))


def test_person_page_tells_account_roles_and_consents_but_no_secret(make, login_as):
    person = make.user(
        name="Ana", password_hash="$argon2id$secret", totp_nonce="the-nonce", totp_confirmed_at=clock.now()
    )
    make.membership(person, make.organisation(name="Fund"), job_title="Analyst")
    make.role(person, Role.REVIEWER, make.event(titles={"en": "Marketplace"}))
    consents.give(person, ConsentKind.TERMS)

    page = text(login_as(make.organiser()).get(f"/desk/people/{person.uid}"))

    assert all(word in page for word in ("Ana", "Fund", "Analyst", "Reviewer", "Marketplace", "Terms of use"))
    assert "argon2" not in page
    assert "the-nonce" not in page


def test_person_page_takes_at_most_twelve_queries(make, login_as, count_queries):
    person = make.user()
    for _ in range(3):
        make.membership(person, make.organisation())
        make.role(person, Role.REVIEWER, make.event())
    browser = login_as(make.administrator())
    browser.get("/desk/people")

    with count_queries() as statements:
        browser.get(f"/desk/people/{person.uid}")

    assert len(statements) <= 12


def test_unknown_person_is_not_found(make, login_as):
    browser = login_as(make.administrator())

    assert browser.get("/desk/people/nobody").status_code == 404
    for act in ("deactivate", "reactivate", "password-reset", "roles", "second-factor"):
        assert browser.post(f"/desk/people/nobody/{act}").status_code == 404


def test_deactivating_asks_first_and_ends_the_sessions(make, login_as):
    person = make.user()
    theirs = login_as(person)
    browser = login_as(make.organiser())

    question = browser.get(f"/desk/people/{person.uid}/deactivate")
    answer = browser.post(f"/desk/people/{person.uid}/deactivate")

    assert "Deactivate the account of" in text(question)
    assert (answer.status_code, answer.location) == (303, f"/desk/people/{person.uid}")
    assert people.find(person.uid).state is AccountState.DEACTIVATED
    assert sessions.of(people.find(person.uid)) == []
    assert theirs.get("/desk/").status_code == 303
    assert "Reactivate" in text(browser.get(answer.location))


def test_deactivating_oneself_or_an_administrator_is_refused(make, login_as):
    organiser, administrator = make.organiser(), make.administrator()
    browser = login_as(organiser)

    found = [browser.post(f"/desk/people/{user.uid}/deactivate").status_code for user in (organiser, administrator)]

    assert found == [403, 403]
    assert "deactivate" not in text(browser.get(f"/desk/people/{administrator.uid}")).lower().replace("deactivated", "")


def test_role_is_granted_for_an_event_and_taken_away(make, login_as):
    person, event = make.user(), make.event(slug="dialogue")
    browser = login_as(make.administrator())

    granted = browser.post(f"/desk/people/{person.uid}/roles", data={"role": "check_in", "event": "dialogue"})
    grants = (
        session()
        .execute(select(RoleAssignment.role, RoleAssignment.event_id).where(RoleAssignment.user_id == person.id))
        .all()
    )
    question = browser.get(f"/desk/people/{person.uid}/roles/check_in/revoke?event=dialogue")
    revoked = browser.post(f"/desk/people/{person.uid}/roles/check_in/revoke", data={"event": "dialogue"})
    session().rollback()

    assert (granted.status_code, revoked.status_code) == (303, 303)
    assert [tuple(grant) for grant in grants] == [(Role.CHECK_IN, event.id)]
    assert "Check-in" in text(question)
    assert session().scalars(select(RoleAssignment.id).where(RoleAssignment.user_id == person.id)).all() == []


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"role": "", "event": "-"}, "Please fill this in."),
        ({"role": "emperor", "event": "-"}, "Please choose one of the answers in the list."),
        ({"role": "reviewer", "event": "nowhere"}, "Please choose one of the answers in the list."),
        ({"role": "administrator", "event": "dialogue"}, "Administrators look after the whole platform"),
    ],
    ids=["none", "unknown role", "unknown event", "administrator of an event"],
)
def test_role_that_cannot_be_given_is_refused_at_its_field(make, login_as, answers, words):
    person = make.user()
    make.event(slug="dialogue")

    answer = login_as(make.administrator()).post(f"/desk/people/{person.uid}/roles", data=answers)

    assert answer.status_code == 422
    assert words in text(answer)
    assert session().scalars(select(RoleAssignment.id).where(RoleAssignment.user_id == person.id)).all() == []


def test_organisers_cannot_give_roles_not_even_to_themselves(make, login_as):
    organiser = make.organiser()

    answer = login_as(organiser).post(
        f"/desk/people/{organiser.uid}/roles", data={"role": "administrator", "event": "-"}
    )

    assert answer.status_code == 403
    assert session().scalars(select(RoleAssignment.role)).all() == [Role.ORGANISER]


def test_second_factor_of_somebody_who_lost_it_is_removed_by_an_administrator(make, login_as):
    person = make.user(totp_nonce="nonce", totp_confirmed_at=clock.now())

    answer = login_as(make.administrator()).post(f"/desk/people/{person.uid}/second-factor")

    assert answer.status_code == 303
    assert people.find(person.uid).has_second_factor is False


def test_download_holds_the_filtered_people_and_is_recorded(make, login_as):
    make.user(name="=cmd|' /C calc'!A0", email="bad@example.org")
    make.user(name="Somebody Else")
    organiser = make.organiser()

    answer = login_as(organiser).post("/desk/people/export", data={"q": "calc"})

    header, *rows = csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline=""))
    session().rollback()
    act = session().scalar(select(AuditEntry).where(AuditEntry.action == "people.exported"))
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="people-')
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert header[0] == "Name"
    assert [row[0] for row in rows] == ["'=cmd|' /C calc'!A0"]
    assert (act.actor_id, act.details) == (organiser.id, {"rows": 1})
