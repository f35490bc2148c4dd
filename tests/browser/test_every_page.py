"""Every page a role can reach by links: accessible, valid, without sideways scrolling, in every language and theme."""

import html5lib
import pytest
from axe_playwright_python.sync_playwright import Axe
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from marketplace import create_app
from tests.conftest import test_settings

ROLES = {
    "anybody": None,
    "city": "city.manaus@cities.example",
    "funder": "funder.1@cities.example",
    "vendor": "vendor.1@cities.example",
    "reviewer": "reviewer@cities.example",
    "attendee": "attendee@cities.example",
    "organiser": "organiser@cities.example",
}
LOOKS = {
    "en-wide-light": {"language": "en", "width": 1280, "theme": "light"},
    "es-phone-dark": {"language": "es", "width": 390, "theme": "dark"},
    "pt-phone-light": {"language": "pt", "width": 390, "theme": "light"},
}
# Every role in one look at least, every look in several roles; cities and attendees are often on a phone.
VISITS = [
    *(("anybody", look) for look in LOOKS),
    ("city", "es-phone-dark"),
    ("organiser", "en-wide-light"),
    ("organiser", "pt-phone-light"),
    ("attendee", "es-phone-dark"),
    ("funder", "pt-phone-light"),
    ("vendor", "es-phone-dark"),
    ("reviewer", "en-wide-light"),
]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
FILES = (".ics", ".pdf", ".csv", ".xlsx", ".json", ".eml")
NOT_PAGES = {
    "development.letter_source",
    "development.letter_html",
    "assets.static",
    "account.own_data_file",
    "book.file",
}


@pytest.fixture(scope="session")
def addresses():
    """Tell which view answers an address."""
    adapter = create_app(test_settings("sqlite://")).url_map.bind("localhost")

    def endpoint(path: str) -> str | None:
        try:
            return adapter.match(path)[0]
        except (HTTPException, RequestRedirect):
            return None

    return endpoint


@pytest.mark.parametrize(("role", "look"), VISITS)
def test_every_page_is_accessible_valid_and_fits(visit, addresses, site, role, look):
    """U01, U02, U05: one page of every kind, found by following links from the front page."""
    page = visit(ROLES[role], **LOOKS[look]).new_page()
    waiting, seen, wrong = ["/"], set(), []

    while waiting:
        path = waiting.pop(0)
        endpoint = addresses(path.split("?")[0])
        if endpoint is None or endpoint in seen or endpoint in NOT_PAGES or path.split("?")[0].endswith(FILES):
            continue
        seen.add(endpoint)
        answer = page.goto(path)
        if answer is None or "text/html" not in answer.headers.get("content-type", ""):
            continue
        if answer.status != 200:
            wrong.append((path, f"answers {answer.status}"))
            continue
        wrong += [(path, trouble) for trouble in troubles_of(page, answer.text(), LOOKS[look])]
        # The links of the map are SVG, whose href is an object.
        links = page.eval_on_selector_all(
            "a[href]", "all => all.map(a => new URL(a.getAttribute('href'), location).href)"
        )
        waiting += [link.removeprefix(site).split("#")[0] for link in links if link.startswith(site + "/")]

    assert wrong == [], "\n".join(f"{path}: {trouble}" for path, trouble in wrong)
    assert len(seen) >= 5


def troubles_of(page, source: str, look: dict) -> list[str]:
    """What is wrong with the page now shown."""
    found = []
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    parser.parse(source)
    found += [f"invalid HTML: {error}" for error in parser.errors[:3]]
    for violation in Axe().run(page, options=RULES).response["violations"]:
        found.append(f"axe: {violation['id']}: {violation['nodes'][0]['html'][:120]}")
    if page.get_attribute("html", "lang") != look["language"]:
        found.append("another language")
    width = page.viewport_size["width"]
    for narrow in {width, 320} if width < 500 else {width}:
        page.set_viewport_size({"width": narrow, "height": 800})
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if overflow > 0:
            found.append(f"scrolls sideways by {overflow} px at {narrow} px")
    page.set_viewport_size({"width": width, "height": 800})
    return found


@pytest.mark.parametrize("path", ["/", "/cities", "/sign-in", "/register"])
def test_page_can_be_walked_with_the_keyboard(visit, path):
    """U01: the first stop is the skip link, focus is always visible, and every stop is on the screen."""
    page = visit().new_page()
    page.goto(path)
    stops = []

    for _ in range(40):
        page.keyboard.press("Tab")
        stop = page.evaluate(
            """() => {
                const element = document.activeElement;
                if (!element || element === document.body) return null;
                const style = getComputedStyle(element), box = element.getBoundingClientRect();
                const tile = element.querySelector('rect');
                const shown = style.outlineStyle !== 'none' || style.boxShadow !== 'none'
                    || (tile && parseFloat(getComputedStyle(tile).strokeWidth) >= 3);
                return [element.getAttribute('class') || element.tagName, shown, box.width > 0 && box.height > 0];
            }"""
        )
        if stop is None:
            break
        stops.append(stop)

    assert "skip-link" in stops[0][0]
    assert [stop for stop in stops if not (stop[1] and stop[2])] == []
    assert len(stops) >= 5


def test_list_of_registrations_holds_any_name_and_ticks_all(visit):
    page = visit("organiser@cities.example").new_page()
    page.goto("/desk/events/marketplace-washington/registrations")
    for cell in ("th > a", "td:nth-child(2) > div"):
        page.locator(f"tbody {cell} >> nth=0").evaluate("element => { element.textContent = 'x'.repeat(120) }")

    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    page.get_by_role("button", name="Tick all on this page").click()
    assert page.locator(".tick:checked").count() == page.locator(".tick").count() > 1


def test_programme_is_printed_with_its_times_beside_the_sessions(visit):
    page = visit(language="es", width=700).new_page()
    page.goto("/events/marketplace-washington/programme")
    page.emulate_media(media="print")

    over = page.evaluate(
        """() => [...document.querySelectorAll('.slot')].filter((slot) =>
            slot.querySelector('.slot-time time').getBoundingClientRect().right
                > slot.querySelector('.slot-sessions').getBoundingClientRect().left).length"""
    )

    assert (page.locator(".slot").count() > 10, over) == (True, 0)
