"""Real processes that do something to one database at the same moment."""

import multiprocessing
from collections import Counter
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from typing import Any

from marketplace import create_app
from marketplace.database import db, session
from tests.conftest import test_settings

PROCESSES = 4


def together(database_url: str, act: Callable[..., str], *arguments: Any, processes: int = PROCESSES) -> Counter[str]:
    """Run `act(number, *arguments)` in several processes that start at the same moment; counts what they returned.

    `act` must be a function of a module; it runs inside an application context, and returns a word per process or
    several separated by blanks.
    """
    # A snapshot taken before would hide what the others do.
    session().rollback()
    # A server that has imported everything once and has no connection makes clean processes quickly.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["marketplace.web", "marketplace.cli", "tests.conftest"])
    barrier = context.Barrier(processes)
    results = context.Queue()
    actors = [
        context.Process(target=_run, args=(database_url, barrier, results, act, number, arguments))
        for number in range(processes)
    ]
    for actor in actors:
        actor.start()
    words = [results.get(timeout=60) for _ in actors]
    for actor in actors:
        actor.join(30)
    return Counter(word for answer in words for word in answer.split())


def _run(
    database_url: str, barrier: Barrier, results: Any, act: Callable[..., str], number: int, arguments: tuple[Any, ...]
) -> None:
    app = create_app(test_settings(database_url))
    with app.app_context():
        barrier.wait(30)
        try:
            answer = act(number, *arguments)
        except Exception as error:
            answer = f"error:{type(error).__name__}"
        results.put(answer)
        session().close()
        db.engine.dispose()
