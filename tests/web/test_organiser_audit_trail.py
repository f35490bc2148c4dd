import csv
import io

import pytest

from marketplace.database import atomic
from marketplace.services import audit, outbox


def text(answer) -> str:
    return answer.get_data(as_text=True)


def record(action, by=None, about=None, **details):
    with atomic():
        audit.record(action, by, about, **details)


def test_trail_says_who_did_what_to_whom(make, login_as):
    organiser, person = make.organiser(name="Olga"), make.user(name="Ana")
    body = make.organisation(name="Fund")
    record("role.granted", organiser, person, role="reviewer")
    record("organisation.verified", organiser, body)
    record("links.cleared")

    page = text(login_as(organiser).get("/desk/audit-trail"))

    for words in ("Granted a role", f"/desk/people/{person.uid}", "role: Reviewer", "Verified an organisation"):
        assert words in page
    assert f"/desk/organisations/{body.slug}" in page
    assert "The platform" in page


def test_trail_links_to_the_letter_an_act_was_about(make, login_as):
    organiser = make.organiser()
    uid = outbox.queue("membership_declined", to=make.user(), organisation="Fund")
    outbox.cancel(uid, organiser)

    page = text(login_as(organiser).get("/desk/audit-trail?action=letter.cancelled"))

    assert f'href="/desk/outbox/{uid}"' in page


def test_trail_costs_the_same_for_one_and_three_acts(make, login_as, count_queries):
    browser = login_as(make.organiser())
    record("organisation.verified", make.user(), make.organisation())
    record("role.granted", make.user(), make.user())
    browser.get("/desk/audit-trail")
    with count_queries() as one:
        browser.get("/desk/audit-trail")
    for _ in range(2):
        record("organisation.verified", make.user(), make.organisation())
        record("role.granted", make.user(), make.user())
    with count_queries() as three:
        browser.get("/desk/audit-trail")

    assert len(three) == len(one) <= 12


def test_days_are_those_of_the_readers_zone(make, login_as, clock):
    organiser = make.organiser(timezone="Pacific/Honolulu")
    # Nine o'clock on 2 March in UTC is 23 o'clock on 1 March in Honolulu, noon is 2 in the morning of the next day.
    clock.shift(-3 * 3600)
    record("consent.withdrawn", organiser)
    clock.shift(3 * 3600)
    record("consent.given", organiser)
    browser = login_as(organiser)

    page = text(browser.get("/desk/audit-trail?first_day=2026-03-01&last_day=2026-03-01"))

    assert ">Withdrew a consent</th>" in page
    assert ">Gave a consent</th>" not in page


def test_day_that_does_not_exist_is_refused_at_its_field(make, login_as):
    answer = login_as(make.organiser()).get("/desk/audit-trail?first_day=2026-02-30")

    assert answer.status_code == 200
    assert "Please give a date as year-month-day" in text(answer)
    assert 'value="2026-02-30"' in text(answer)


@pytest.mark.parametrize(
    "query",
    [
        "first_day=0001-01-01&last_day=9999-12-31",
        "first_day=9999-12-31",
        "last_day=0001-01-01",
        "action=%27%3B--&about=%3Cscript%3E&q=%25%5F",
        "page=1e400&q=" + "x" * 3000,
    ],
)
def test_trail_bears_hostile_queries(make, login_as, query):
    for zone in ("Pacific/Kiritimati", "Pacific/Honolulu"):
        answer = login_as(make.organiser(timezone=zone)).get(f"/desk/audit-trail?{query}")

        assert answer.status_code == 200
        assert "<script>" not in text(answer).replace("<script type", "")


def test_labels_cannot_bring_markup_into_the_trail(make, login_as):
    record("organisation.edited", None, make.organisation(name="<img src=x>"), changed=["<svg>"])

    page = text(login_as(make.organiser()).get("/desk/audit-trail"))

    assert "<img src=x" not in page
    assert "<svg>" not in page


def test_download_holds_the_filtered_acts_disarmed(make, login_as):
    record("organisation.edited", make.user(name="=1+1"), make.organisation(name="-2"), changed=["names"])
    record("session.begun", make.user())

    answer = login_as(make.organiser()).post("/desk/audit-trail/export", data={"action": "organisation.edited"})

    _, *rows = csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline=""))
    assert [(row[1], row[3], row[6], row[8]) for row in rows] == [
        ("'=1+1", "organisation.edited", "'-2", "changed: names")
    ]
