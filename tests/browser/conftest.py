"""A sample installation as `make run` brings it up, and a real Chromium to visit it."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from urllib.error import URLError

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright
from sqlalchemy import select

from marketplace import clock, create_app
from marketplace.database import atomic, session
from marketplace.models import Event, Schedule, ScheduleKind, ScheduleState, User
from marketplace.services.meetings import setup
from marketplace.services.meetings.scheduling import publishing, runs
from tests.browser.chromium import NO_BROWSER, find
from tests.conftest import test_settings
from tests.journeys.test_launcher import Installation

ARGUMENTS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
MARKETPLACE, ORGANISER = "marketplace-washington", "organiser@cities.example"
PASSWORD = "demo-password-1"
PATIENCE = 15_000
"""Milliseconds to wait for what a page is to show; tests end as soon as it does."""

expect.set_options(timeout=PATIENCE)

EXPECTED = ("status of 4", "ERR_INTERNET_DISCONNECTED")
"""Errors in the console that tests cause on purpose: refusals, and a connection that is cut."""


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A running sample installation: database, worker and web server."""
    if find() is None:
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(NO_BROWSER, pytrace=False)
        pytest.skip(NO_BROWSER)
    installation = Installation(Path(tmp_path_factory.mktemp("site")))
    installation.start()
    for _ in range(600):
        try:
            installation.get("/")
            break
        except (URLError, OSError):
            time.sleep(0.2)
    yield installation
    installation.stop(signal.SIGTERM)


@pytest.fixture(scope="session")
def site(installation: Installation) -> str:
    """The address of the sample installation."""
    return f"http://127.0.0.1:{installation.port}"


@pytest.fixture(scope="session")
def stored(installation: Installation) -> Callable[[], AbstractContextManager[object]]:
    """Open the tables of the sample installation: `with stored(): ...` reads them as they are by then."""
    folder = Path(installation.environment["DATA_DIR"])
    return create_app(test_settings(f"sqlite:///{folder}/marketplace.db")).app_context


@pytest.fixture(scope="session")
def schedule(stored: Callable[[], AbstractContextManager[object]]) -> str:
    """Publish a schedule of the sample Marketplace as its organiser would, and open booking; the event's slug."""
    with stored():
        event = session().scalars(select(Event).where(Event.slug == MARKETPLACE)).one()
        by = session().scalars(select(User).where(User.email == ORGANISER)).one()
        uid = runs.start(event.slug, ScheduleKind.SOLVE, by, seconds=20).uid
    for _ in range(300):
        with stored():
            if session().scalar(select(Schedule.state).where(Schedule.uid == uid)) is ScheduleState.DRAFT:
                break
        time.sleep(0.2)
    with stored():
        by = session().scalars(select(User).where(User.email == ORGANISER)).one()
        publishing.publish(MARKETPLACE, uid, by)
        with atomic():
            setup.needed(
                session().scalars(select(Event.id).where(Event.slug == MARKETPLACE)).one()
            ).booking_opens_at = clock.now() - timedelta(days=1)
    return MARKETPLACE


@pytest.fixture(scope="session")
def chromium(site: str) -> Iterator[Browser]:
    """The browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, site: str) -> Iterator[Callable[..., BrowserContext]]:
    """Open a browser window of some width, language and theme, perhaps with somebody signed in.

    Every request to another host and every error in the console fails the test.
    """
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def open_(
        email: str | None = None, *, language: str = "en", width: int = 1280, theme: str = "light", scripts: bool = True
    ) -> BrowserContext:
        context = chromium.new_context(
            base_url=site,
            viewport={"width": width, "height": 800},
            locale=language,
            color_scheme=theme,
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE)
        context.on(
            "request", lambda request: None if request.url.startswith((site, "data:")) else troubles.append(request.url)
        )
        context.on(
            "console",
            lambda line: (
                troubles.append(line.text)
                if line.type == "error" and not any(known in line.text for known in EXPECTED)
                else None
            ),
        )
        contexts.append(context)
        if email is not None:
            page = context.new_page()
            page.goto("/sign-in")
            page.fill("input[name=email]", email)
            page.fill("input[name=password]", PASSWORD)
            page.click("main button[type=submit] >> nth=0")
            page.wait_for_load_state()
            page.close()
            # The language of the account gives way to one chosen in this browser.
            context.add_cookies([{"name": "lang", "value": language, "url": site}])
        return context

    yield open_
    for context in contexts:
        context.close()
    assert troubles == []
