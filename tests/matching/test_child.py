"""A child process: its answer, its messages, and every way in which it can fail or be ended."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from marketplace.matching import child
from tests.matching import child_tasks


def test_value_and_messages_come_back() -> None:
    messages: list[object] = []

    outcome = child.run(child_tasks.count, 3, seconds=30, progress=messages.append)

    assert outcome == child.Outcome("done", value="counted 3", last=2)
    assert messages == [0, 1, 2]


def test_large_argument_and_answer_pass() -> None:
    outcome = child.run(child_tasks.echo, "x" * 5_000_000, seconds=30)

    assert (outcome.status, len(outcome.value)) == ("done", 5_000_000)


def test_output_of_libraries_does_not_disturb_the_answer() -> None:
    assert child.run(child_tasks.noisy, seconds=30).value == "said"


def test_exception_is_told() -> None:
    outcome = child.run(child_tasks.fail, seconds=30)

    assert outcome.status == "failed"
    assert "ValueError: for a reason" in outcome.detail


def test_child_that_never_ends_is_killed_at_its_deadline() -> None:
    with child.Child(child_tasks.spin, seconds=2.0) as busy:
        while busy.outcome is None:
            busy.receive(1.0)

        assert busy.outcome.status == "timeout"
        assert not Path(f"/proc/{busy.pid}").exists()


def test_cancel_ends_a_busy_child() -> None:
    seen: list[object] = []

    outcome = child.run(child_tasks.spin, seconds=60, progress=seen.append, cancel=lambda: bool(seen))

    assert outcome == child.Outcome("cancelled", last="busy")


def test_killed_child_is_reported_with_its_last_message() -> None:
    with child.Child(child_tasks.spin, seconds=60) as busy:
        while not busy.receive(1.0):
            pass
        os.kill(busy.pid, signal.SIGKILL)
        while busy.outcome is None:
            busy.receive(1.0)

    assert busy.outcome == child.Outcome("died", last="busy", detail="exit status -9")


def test_two_children_work_side_by_side() -> None:
    with child.Child(child_tasks.count, 2, seconds=30) as one, child.Child(child_tasks.count, 1, seconds=30) as two:
        while one.outcome is None or two.outcome is None:
            one.receive(0.05)
            two.receive(0.05)

    assert [one.outcome.value, two.outcome.value] == ["counted 2", "counted 1"]


def test_child_can_be_started_from_a_thread() -> None:
    values: list[object] = []
    thread = threading.Thread(target=lambda: values.append(child.run(child_tasks.echo, 7, seconds=30).value))

    thread.start()
    thread.join()

    assert values == [7]


def test_child_ends_with_its_parent() -> None:
    outcome = child.run(child_tasks.leave_a_grandchild, seconds=60)
    deadline = time.monotonic() + 30

    while Path(f"/proc/{outcome.value}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)

    assert not Path(f"/proc/{outcome.value}").exists()


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_no_time_at_all_is_a_timeout(seconds: float) -> None:
    assert child.run(child_tasks.count, 1, seconds=seconds).status == "timeout"
