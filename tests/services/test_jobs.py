import pytest
from sqlalchemy import select

from marketplace.database import session
from marketplace.models import Job, JobState
from marketplace.services import jobs


@pytest.fixture
def done() -> list[int]:
    """Numbers of the test jobs that were performed."""
    return []


@pytest.fixture(autouse=True)
def _handlers(done):
    @jobs.handler("test.note")
    def note(run):
        done.append(run.payload["number"])

    @jobs.handler("test.fail")
    def fail(run):
        raise ValueError("no luck")

    yield
    jobs._handlers.pop("test.note")
    jobs._handlers.pop("test.fail")


def test_enqueue_with_known_key_adds_nothing(app):
    first = jobs.enqueue("test.note", {"number": 1}, dedupe_key="once")
    second = jobs.enqueue("test.note", {"number": 2}, dedupe_key="once")

    assert first is not None
    assert second is None


def test_claim_takes_each_job_once(app, done):
    jobs.enqueue("test.note", {"number": 1})
    jobs.enqueue("test.note", {"number": 2})

    runs = [jobs.claim(), jobs.claim(), jobs.claim()]
    for run in runs[:2]:
        jobs.perform(run)

    assert runs[2] is None
    assert done == [1, 2]
    assert session().scalars(select(Job.state)).all() == [JobState.DONE, JobState.DONE]


def test_failed_job_is_retried_later_and_given_up_at_last(app, clock):
    jobs.enqueue("test.fail")

    waits = []
    for _ in range(jobs.MAX_ATTEMPTS):
        run = jobs.claim()
        with pytest.raises(ValueError, match="no luck"):
            jobs.perform(run)
        job = session().scalar(select(Job))
        waits.append(int((job.run_at - job.created_at).total_seconds()))
        clock.shift(20_000)
        session().rollback()

    assert session().scalar(select(Job.state)) is JobState.DEAD
    assert session().scalar(select(Job.last_error)) == "ValueError: no luck"
    assert jobs.claim() is None
    assert waits[0] == 10


def test_job_of_lost_worker_is_done_again_and_the_slow_worker_is_ignored(app, clock, done):
    jobs.enqueue("test.note", {"number": 7})
    lost = jobs.claim()
    clock.shift(jobs.LEASE.total_seconds() + 1)

    again = jobs.claim()
    jobs.perform(again)
    late = jobs.extend(lost)

    assert (lost.attempt, again.attempt) == (1, 2)
    assert done == [7]
    assert late is False
