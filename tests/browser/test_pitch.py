"""Writing a pitch in a browser: it saves itself, survives a lost connection and a closed window, and shows both texts
where two people write."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import BrowserContext, Page, expect

EMAIL, COLLEAGUE = "city.austin@cities.example", "city.austin.2@cities.example"
SAVED = re.compile(r"Saved \d")
Visit = Callable[..., BrowserContext]


@pytest.fixture
def draft(visit: Visit) -> str:
    """The address of a new project's steps."""
    page = visit(EMAIL).new_page()
    page.goto("/my/projects/new")
    page.fill("#title_en", f"A pitch of {datetime.now(UTC).isoformat()}")
    page.get_by_role("button", name="Begin", exact=True).click()
    page.wait_for_url("**/steps/project")
    address = page.url.rsplit("/", 1)[0]
    page.close()
    return address


def opened(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    return page


def status(page: Page):
    return page.locator("[data-status]")


def box(page: Page, name: str):
    return page.locator(f'[name="{name}"]')


def write(page: Page, name: str, text: str) -> None:
    """Write into a box and wait until the server has answered."""
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        box(page, name).fill(text)
    expect(status(page)).to_contain_text("Saved")


def test_a_step_saves_itself_and_says_when(visit: Visit, draft: str) -> None:
    context = visit(EMAIL)
    page = opened(context, f"{draft}/project")

    box(page, "served_areas").fill("Dove Springs")

    expect(status(page)).to_have_text(SAVED)
    assert box(opened(context, f"{draft}/project"), "served_areas").input_value() == "Dove Springs"


def test_amounts_show_how_they_were_understood_and_errors_stand_at_their_box(visit: Visit, draft: str) -> None:
    page = opened(visit(EMAIL), f"{draft}/finance")

    box(page, "currency").select_option("USD")
    box(page, "capex").fill("12,500,000")
    box(page, "tenor_years").fill("many")

    expect(page.locator('[data-understood="capex"]')).to_have_text("12.5 million USD")
    expect(page.locator('[data-error-of="tenor_years"]')).to_have_text("Please write a whole number.")
    expect(box(page, "tenor_years")).to_have_attribute("aria-invalid", "true")
    expect(status(page)).to_contain_text("except what is marked")


def test_what_is_written_without_a_connection_is_sent_when_it_is_back(visit: Visit, draft: str) -> None:
    context = visit(EMAIL)
    page = opened(context, f"{draft}/project")
    context.set_offline(True)

    box(page, "served_areas").fill("Written in a tunnel")
    expect(status(page)).to_contain_text("No connection")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(box(page, "served_areas")).to_have_value("Written in a tunnel")
    context.set_offline(False)

    expect(status(page)).to_have_text(SAVED)
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('sheet:')).length") == 0


def test_what_a_closed_window_had_not_sent_is_offered_and_put_back(visit: Visit, draft: str) -> None:
    context = visit(EMAIL)
    page = opened(context, f"{draft}/project")
    context.set_offline(True)
    box(page, "served_areas").fill("Before the window closed")
    box(page, "problem.en").fill("It floods.\nEvery year.")
    page.close()
    context.set_offline(False)

    again = opened(context, f"{draft}/project")
    expect(again.locator("[data-kept-text]")).to_contain_text("This browser kept text")
    assert box(again, "served_areas").input_value() == ""
    again.get_by_role("button", name="Put it back").click()

    expect(box(again, "served_areas")).to_have_value("Before the window closed")
    expect(box(again, "problem.en")).to_have_value("It floods.\nEvery year.")
    expect(again.locator("[data-kept]")).to_be_hidden()
    expect(opened(context, f"{draft}/project").locator("[data-kept]")).to_be_hidden()


def test_two_windows_do_not_offer_each_other_what_is_being_written(visit: Visit, draft: str) -> None:
    context = visit(EMAIL)
    page = opened(context, f"{draft}/project")
    context.set_offline(True)
    box(page, "served_areas").fill("Still writing")
    expect(status(page)).to_contain_text("No connection")
    context.set_offline(False)

    assert opened(context, f"{draft}/project").locator("[data-kept]").is_hidden()


@pytest.mark.parametrize(("button", "left"), [("Keep mine", "South"), ("Take this one", "North")])
def test_two_people_see_both_texts_and_one_decides(visit: Visit, draft: str, button: str, left: str) -> None:
    one, other = opened(visit(EMAIL), f"{draft}/project"), opened(visit(COLLEAGUE), f"{draft}/project")
    box(one, "served_areas").fill("North")
    expect(status(one)).to_have_text(SAVED)

    box(other, "served_areas").fill("South")
    box(other, "problem.en").fill("Heat.")

    expect(other.locator('[data-standing-of="served_areas"]')).to_contain_text("North")
    assert box(other, "served_areas").input_value() == "South"
    other.get_by_role("button", name=button).click()
    other.wait_for_load_state()
    expect(other.locator('[data-standing-of="served_areas"] .standing')).to_have_count(0)
    expect(box(other, "served_areas")).to_have_value(left)
    expect(box(other, "problem.en")).to_have_value("Heat.")
    expect(other.locator("[data-kept]")).to_be_hidden()


def test_two_windows_of_one_person_join_what_each_wrote(visit: Visit, draft: str) -> None:
    context = visit(EMAIL)
    one, other = opened(context, f"{draft}/project"), opened(context, f"{draft}/project")

    write(one, "problem.en", "Floods.")
    write(other, "problem.es", "Inundaciones.")
    write(one, "served_areas", "East")
    write(other, "pair_contribution.en", "Advice.")

    fresh = opened(context, f"{draft}/project")
    names = ("problem.en", "problem.es", "served_areas", "pair_contribution.en")
    assert [box(fresh, name).input_value() for name in names] == ["Floods.", "Inundaciones.", "East", "Advice."]


def test_entries_are_added_and_removed_in_the_page(visit: Visit, draft: str) -> None:
    context = visit(EMAIL)
    page = opened(context, f"{draft}/maturity")
    risks = page.locator('[data-rows="risks"] > [data-row]')
    risks.nth(0).get_by_label("What is done about it").fill("First")
    page.click('[data-adds="risks"]')
    risks.nth(1).get_by_label("What is done about it").fill("Second")
    page.click('[data-adds="risks"]')
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        risks.nth(2).get_by_label("What is done about it").fill("Third")
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        risks.nth(1).get_by_role("button", name="Remove this entry").click()

    fresh = opened(context, f"{draft}/maturity").locator('[data-rows="risks"] textarea')
    assert [fresh.nth(place).input_value() for place in range(fresh.count())] == ["First", "Third"]


def test_a_step_is_written_without_scripts(visit: Visit, draft: str) -> None:
    page = opened(visit(EMAIL, scripts=False, width=390), f"{draft}/maturity")

    page.get_by_label("What is done about it").fill("First")
    page.click('[data-adds="risks"]')

    boxes = page.locator('[data-rows="risks"] textarea')
    assert [boxes.nth(place).input_value() for place in range(boxes.count())] == ["First", ""]


def test_who_was_signed_out_meanwhile_keeps_the_text(visit: Visit, draft: str) -> None:
    context = visit(EMAIL)
    page = opened(context, f"{draft}/project")
    context.clear_cookies()

    box(page, "served_areas").fill("Over lunch")

    expect(status(page)).to_contain_text("You are signed out")
    assert "Over lunch" in page.evaluate("Object.values(localStorage).join().replaceAll('+', ' ')")
