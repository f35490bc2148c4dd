from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace import clock as house_clock
from marketplace.database import session
from marketplace.models import Job, JobState
from marketplace.services import jobs


def text(answer) -> str:
    return answer.get_data(as_text=True)


def job(make, **values) -> Job:
    now = house_clock.now()
    return make.store(Job(**{"kind": "sessions.forget", "run_at": now, "created_at": now, **values}))


def state_of(uid: str) -> JobState:
    session().rollback()
    return session().scalar(select(Job.state).where(Job.uid == uid))


def test_list_shows_progress_errors_and_never_what_a_job_was_told(make, login_as):
    lease = house_clock.now() + timedelta(seconds=50)
    job(make, lease_until=lease, progress=0.4, message="Solving", payload={"email": "secret@example.org"})
    job(make, state=JobState.DEAD, last_error="ValueError: <i>no luck</i>", attempts=8)

    page = text(login_as(make.organiser()).get("/desk/jobs"))

    assert all(words in page for words in ("Running", "Solving", "40%", "Given up", "&lt;i&gt;no luck"))
    assert "secret@example.org" not in page


def test_list_renews_itself_only_while_something_moves(make, login_as):
    browser = login_as(make.organiser())
    job(make, state=JobState.DONE)
    still = text(browser.get("/desk/jobs"))
    job(make)
    moving = text(browser.get("/desk/jobs"))

    assert "data-refresh=" not in still
    assert 'data-refresh="4"' in moving
    assert 'href="/desk/jobs">Refresh' in moving


@pytest.mark.parametrize("query", ["stage=waiting&kind=x", "stage=nonsense&page=0", "kind=%27&page=9e9"])
def test_list_bears_any_query(make, login_as, query):
    job(make)

    assert login_as(make.organiser()).get(f"/desk/jobs?{query}").status_code == 200


def test_list_costs_the_same_for_one_and_three_jobs(make, login_as, count_queries):
    browser = login_as(make.organiser())
    job(make)
    browser.get("/desk/jobs")
    with count_queries() as one:
        browser.get("/desk/jobs")
    job(make)
    job(make)
    with count_queries() as three:
        browser.get("/desk/jobs")

    assert len(three) == len(one) <= 12


def test_job_is_cancelled_and_started_again(make, login_as):
    uid = job(make).uid
    browser = login_as(make.organiser())

    question = text(browser.get(f"/desk/jobs/{uid}/cancel"))
    answers = [browser.post(f"/desk/jobs/{uid}/cancel"), browser.post(f"/desk/jobs/{uid}/cancel")]
    cancelled = state_of(uid)
    answers += [browser.post(f"/desk/jobs/{uid}/retry"), browser.post(f"/desk/jobs/{uid}/retry")]

    assert "Cancel this job?" in question
    assert [answer.status_code for answer in answers] == [303, 409, 303, 409]
    assert (cancelled, state_of(uid)) == (JobState.CANCELLED, JobState.WAITING)


def test_job_started_again_is_done(make, login_as, deliver):
    uid = job(make, state=JobState.DEAD, attempts=jobs.MAX_ATTEMPTS, last_error="ValueError").uid

    login_as(make.organiser()).post(f"/desk/jobs/{uid}/retry")
    deliver()

    assert state_of(uid) is JobState.DONE


def test_unknown_job_is_not_found(make, login_as):
    browser = login_as(make.organiser())

    assert browser.get("/desk/jobs/nothing/cancel").status_code == 404
    assert browser.post("/desk/jobs/nothing/cancel").status_code == 404
    assert browser.post("/desk/jobs/nothing/retry").status_code == 404
