from datetime import timedelta

import pytest

from marketplace.errors import NotFound
from marketplace.models import Job, JobState
from marketplace.services import jobs, paging, workload
from marketplace.services.workload import Stage


@pytest.fixture
def one_of_each(app, make, clock):
    """One job at each stage, by stage."""
    from marketplace import clock as house

    now = house.now()
    values = {
        Stage.RUNNING: {"state": JobState.WAITING, "lease_until": now + timedelta(seconds=30)},
        Stage.WAITING: {"state": JobState.WAITING},
        Stage.DEAD: {"state": JobState.DEAD},
        Stage.DONE: {"state": JobState.DONE},
        Stage.CANCELLED: {"state": JobState.CANCELLED},
    }
    return {
        stage: make.store(Job(kind=f"test.{stage}", run_at=now, created_at=now, **more))
        for stage, more in values.items()
    }


def test_each_job_is_at_the_stage_it_is_listed_under(one_of_each):
    for stage, job in one_of_each.items():
        listed = paging.page(workload.listing(workload.Filter(stage=stage)))

        assert [found.id for found in listed] == [job.id]
        assert workload.stage_of(job) is stage

    assert workload.counts() == dict.fromkeys(Stage, 1)


def test_job_whose_worker_was_lost_waits_again(one_of_each, clock):
    clock.shift(jobs.LEASE.total_seconds())

    assert workload.counts()[Stage.RUNNING] == 0
    assert workload.counts()[Stage.WAITING] == 2


def test_listing_begins_with_what_is_open(one_of_each):
    listed = [workload.stage_of(job) for job in paging.page(workload.listing(workload.Filter()))]

    assert set(listed[:2]) == {Stage.RUNNING, Stage.WAITING}
    assert listed[2:] == [Stage.CANCELLED, Stage.DONE, Stage.DEAD]


def test_listing_filters_by_kind(one_of_each):
    listed = paging.page(workload.listing(workload.Filter(kind="test.dead")))

    assert [job.kind for job in listed] == ["test.dead"]


def test_list_is_moving_while_something_waits(one_of_each):
    assert workload.is_moving([one_of_each[Stage.WAITING]])
    assert not workload.is_moving([one_of_each[Stage.DONE], one_of_each[Stage.DEAD]])


def test_find_of_no_job_is_not_found(app):
    with pytest.raises(NotFound):
        workload.find("nothing")
