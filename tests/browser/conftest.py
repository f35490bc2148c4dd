"""A sample installation as `make run` brings it up, and a real Chromium to visit it."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import URLError

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.browser.chromium import NO_BROWSER, find
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
PASSWORD = "demo-password-1"
EXPECTED = ("status of 4", "ERR_INTERNET_DISCONNECTED")
"""Errors in the console that tests cause on purpose: refusals, and a connection that is cut."""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running sample installation."""
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
    yield f"http://127.0.0.1:{installation.port}"
    installation.stop(signal.SIGTERM)


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
        context.set_default_timeout(15_000)
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
