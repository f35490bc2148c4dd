"""A review in a real browser: it saves itself, two windows overwrite nothing, advice comes with a low score."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

Visit = Callable[..., BrowserContext]
REVIEWER = "reviewer@cities.example"


def open_review(context: BrowserContext) -> Page:
    page = context.new_page()
    page.goto("/reviews")
    page.locator("main tbody tr", has_text="Begun").locator("a").first.click()
    page.wait_for_load_state()
    return page


def test_review_saves_itself_and_shows_advice_with_a_low_score(visit: Visit) -> None:
    page = open_review(visit(REVIEWER))
    status = page.locator("[data-status]")

    page.fill("textarea[name=comments-impact]", "Say which method was used.")
    page.check("input[name=scores-inclusion][value='1']")

    expect(page.locator("[data-advice='scores-inclusion']:visible")).to_have_count(1)
    expect(status).to_contain_text("Saved")
    page.reload()
    expect(page.locator("textarea[name=comments-impact]")).to_have_value("Say which method was used.")
    expect(page.locator("input[name=scores-inclusion][value='1']")).to_be_checked()


def test_two_windows_overwrite_nothing(visit: Visit) -> None:
    context = visit(REVIEWER)
    first, second = open_review(context), open_review(context)
    second.fill("textarea[name=summary]", "From the second window")
    expect(second.locator("[data-status]")).to_contain_text("Saved")

    first.fill("textarea[name=summary]", "From the first window")
    expect(first.locator("[data-status]")).to_contain_text("another window")
    first.get_by_role("button", name="Save", exact=True).click()

    expect(first.get_by_text("From the second window")).to_be_visible()
    expect(first.locator("textarea[name=summary]")).to_have_value("From the first window")


def test_words_written_without_a_connection_are_saved_when_it_is_back(visit: Visit) -> None:
    context = visit(REVIEWER)
    page = open_review(context)
    context.set_offline(True)
    page.fill("textarea[name=comments-needs]", "Which meetings would help most?")
    expect(page.locator("[data-status]")).to_contain_text("No connection")

    context.set_offline(False)

    expect(page.locator("[data-status]")).to_contain_text("Saved")
