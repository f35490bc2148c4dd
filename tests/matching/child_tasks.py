"""What the child processes of the tests do; functions of a module, so that a child can import them."""

from __future__ import annotations

import time

from marketplace.matching.child import Child, Report


def count(report: Report, until: int) -> str:
    for number in range(until):
        report(number)
    return f"counted {until}"


def echo(report: Report, value: object) -> object:
    return value


def noisy(report: Report) -> str:
    print("a library prints")
    return "said"


def fail(report: Report) -> None:
    raise ValueError("for a reason")


def spin(report: Report) -> None:
    report("busy")
    while True:
        time.sleep(0.01)


def leave_a_grandchild(report: Report) -> int:
    grandchild = Child(spin, seconds=600)
    while not grandchild.receive(1.0):
        pass
    # The grandchild is not ended here: it has to notice that its parent has gone.
    return grandchild.pid
