"""Funders and vendors in a browser: their room, the lists, the desk; and that nothing gets out that is not open."""

import io
import re

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from marketplace import clock as house_clock
from marketplace.database import session
from marketplace.models import AuditEntry, CounterpartyProfile, Organisation, OrganisationKind
from marketplace.services.sheets.fields import Kind
from marketplace.services.sheets.mandate import MANDATE
from marketplace.services.sheets.solution import SOLUTION
from tests.mandates import mandate_of, solution_of
from tests.web.pitch_forms import boxes, said, send

SECRET = {"private_notes": {"en": "qxinternal notes"}, "blocked_orgs": ["cali"], "wanted_cities": ["manaus"]}
MATCHED_SIGN = "73"
"""The lowest readiness of the mandate below: it stands nowhere else."""


@pytest.fixture
def bank(make):
    return make.organisation(
        slug="bank", name="Hemisphere Bank", kind=OrganisationKind.FUNDER, verified_at=house_clock.now()
    )


@pytest.fixture
def ana(make, bank):
    return make.manager(bank, name="Ana")


def profile_of(slug: str) -> CounterpartyProfile:
    session().rollback()
    session().expire_all()
    return session().scalar(
        select(CounterpartyProfile).join(CounterpartyProfile.organisation).where(Organisation.slug == slug)
    )


def test_funder_writes_a_mandate_from_the_first_answer_to_the_check(make, bank, ana, login_as, deliver):
    browser, organiser = login_as(ana), login_as(make.organiser(name="Olga"))
    assert 'href="/my/mandate"' in browser.get("/").text

    entry = browser.get("/my/mandate")
    assert (entry.status_code, entry.location) == (302, "/my/mandate/bank")
    assert "Not begun yet." in said(browser.get("/my/mandate/bank").text)
    assert organiser.get("/desk/counterparties/bank").status_code == 404

    form = boxes(browser.get("/my/mandate/bank/steps/about").text)
    answered = send(
        browser,
        "/my/mandate/bank/steps/about",
        form,
        {"funder_type": "mdb", "roles": ["finance", "advisory"], "mandate.en": "We lend to cities.", "action": "next"},
    )
    assert (answered.status_code, answered.location) == (303, "/my/mandate/bank/steps/money")
    form = boxes(browser.get("/my/mandate/bank/steps/money").text)
    assert send(browser, "/my/mandate/bank/steps/money", form, {"ticket_min": "many"}).status_code == 422
    changes = {"instruments": ["loan", "grant"], "ticket_currency": "USD", "ticket_min": "1,500,000", "action": "save"}
    assert send(browser, "/my/mandate/bank/steps/money", form, changes).status_code == 303
    page = browser.get("/my/mandate/bank").text
    assert "100%" in page
    assert "Not verified" in said(page)

    shown = organiser.get("/desk/counterparties/bank")
    seen = re.search(r'name="seen" value="(\d+)"', shown.text).group(1)
    assert organiser.post("/desk/counterparties/bank/verify", data={"seen": seen}).status_code == 303
    tag, sentence = re.findall(r"Verified until (\w+ \d+, \d{4})", said(browser.get("/my/mandate/bank").text))
    assert tag == sentence
    assert [letter.kind for letter in deliver()] == ["profile_verified"]

    form = boxes(browser.get("/my/mandate/bank/steps/money").text)
    answered = send(browser, "/my/mandate/bank/steps/money", form, {"ticket_min": "2,500,000"})
    assert "the organisers check the profile again" in said(browser.get(answered.location).text)
    assert profile_of("bank").verified_until is None


def test_vendor_adds_references_without_scripts(make, login_as):
    vendor = make.organisation(slug="vendor", kind=OrganisationKind.VENDOR)
    browser = login_as(make.manager(vendor))
    here = "/my/solutions/vendor/steps/references"

    assert browser.get("/my/solutions").location == "/my/solutions/vendor"
    form = boxes(browser.get(here).text)
    answered = send(
        browser,
        here,
        form,
        {"references.0.city": "Belém", "references.0.country": "BR", "action": "add_row:references"},
    )
    assert answered.location.startswith(f"{here}?blank=references")
    form = boxes(browser.get(answered.location).text)
    assert form["references.0.city"] == "Belém"
    assert "references.1.city" in form
    send(browser, here, form, {"action": "remove_row:references:0"})
    assert profile_of("vendor").content == {}


def test_page_that_saves_itself_is_told_what_happened(make, bank, ana, login_as):
    other = make.user(name="Berta")
    make.membership(other, bank)
    here = "/my/mandate/bank/steps/about"
    mine, theirs = login_as(ana), login_as(other)
    form, rival = boxes(mine.get(here).text), boxes(theirs.get(here).text)

    first = send(mine, here, form, {"decision_weeks": "10"}, json=True)
    assert (first.status_code, first.json["revision"]) == (200, 1)
    clash = send(theirs, here, rival, {"decision_weeks": "20"}, json=True)
    assert "Ana" in clash.json["standing"]["decision_weeks"]
    assert clash.json["revision"] == 0
    assert profile_of("bank").content == {"decision_weeks": 10}

    shown = send(theirs, here, rival, {"decision_weeks": "20"})
    assert shown.status_code == 409
    assert "Keep mine" in shown.text
    form = boxes(shown.text)
    kept = send(theirs, here, form, {"action": "keep_mine:decision_weeks"})
    assert kept.status_code == 303
    assert profile_of("bank").content == {"decision_weeks": 20}
    assert "10" in said(mine.get("/my/mandate/bank/history").text)


def test_preview_shows_each_reader_their_parts(make, bank, ana, login_as):
    make.profile(bank, content=mandate_of(visibility="matched", readiness_min="73", **SECRET))
    make.city(slug="cali", name="Cali")
    browser = login_as(ana)

    public = said(browser.get("/my/mandate/bank/preview?as=public").text)
    matched = said(browser.get("/my/mandate/bank/preview?as=matched").text)
    assert "do not see this profile" in public
    assert "Multilateral bank" not in public
    assert "Multilateral bank" in matched
    assert MATCHED_SIGN in matched
    assert "qxinternal" not in matched
    assert browser.get("/my/mandate/bank/preview?as=private").status_code == 200


def test_room_opens_to_its_people_and_organisers_alone(make, bank, ana, login_as, client):
    vendor = make.organisation(slug="vendor", kind=OrganisationKind.VENDOR)
    press = make.organisation(slug="press", kind=OrganisationKind.PRESS)
    make.profile(bank, content=mandate_of(visibility="public", **SECRET))
    pages = ["", "/steps/about", "/steps/meetings", "/preview", "/history"]

    for person in (make.manager(vendor), make.manager(make.city()), make.manager(press), make.user()):
        browser = login_as(person)
        for page in pages:
            assert browser.get(f"/my/mandate/bank{page}").status_code == 404
        assert browser.post("/my/mandate/bank/steps/about", data={"asked": "roles"}).status_code == 404
    assert [login_as(make.manager(press)).get(f"/my/{what}").status_code for what in ("mandate", "solutions")] == [
        404,
        404,
    ]
    for page in pages:
        assert client.get(f"/my/mandate/bank{page}").status_code in {302, 303}
    mine = login_as(ana)
    for address in ("/my/solutions/bank", "/my/mandate/nowhere", "/my/mandate/bank/steps/nowhere", "/my/solutions"):
        assert mine.get(address).status_code == 404
    organiser = login_as(make.organiser())
    assert "qxinternal" in organiser.get("/my/mandate/bank/steps/meetings").text
    assert organiser.post("/my/mandate/bank/steps/about", data={"asked": "roles"}).status_code == 403


def test_with_several_organisations_the_one_acted_for_opens(make, bank, ana, login_as):
    fund = make.organisation(slug="fund", kind=OrganisationKind.PHILANTHROPY)
    make.membership(ana, fund)
    browser = login_as(ana)

    browser.post("/account/act-for", data={"organisation": fund.uid})
    assert browser.get("/my/mandate").location == "/my/mandate/fund"
    assert 'href="/my/mandate/bank"' in browser.get("/my/mandate/fund").text
    form = boxes(browser.get("/my/mandate/bank/steps/about").text)
    send(browser, "/my/mandate/bank/steps/about", form, {"decision_weeks": "9"})
    assert profile_of("bank").content == {"decision_weeks": 9}
    assert profile_of("fund") is None


def test_nothing_internal_leaves_by_any_address(make, bank, login_as, client):
    """Every answer of the part for the organisers carries a sign; nobody outside finds it anywhere."""
    manaus = make.city(slug="manaus", name="Manaus")
    make.city(slug="cali", name="Qxcali")
    make.profile(bank, content=mandate_of(visibility="public", readiness_min="73.25", **SECRET))
    vendor = make.organisation(slug="vendor", kind=OrganisationKind.VENDOR, verified_at=house_clock.now())
    hidden = {"beneficial_owner": "qxinternal owner", "conflict_cities": ["cali"], "blocked_orgs": ["cali"]}
    make.profile(vendor, content=solution_of(visibility="public", price_unit="qxmatched unit", **hidden))
    project = make.published(manaus, slug="park")
    make.fit(project, bank)
    make.fit(project, vendor)
    readers = {
        "anonymous": client,
        "stranger": login_as(make.user()),
        "rival": login_as(make.manager(make.organisation(kind=OrganisationKind.FUNDER))),
        "matched": login_as(make.manager(manaus)),
    }

    for name, browser in readers.items():
        pages = [
            browser.get(address).text
            for address in (
                "/funders",
                "/vendors",
                "/funders/bank",
                "/vendors/vendor",
            )
        ]
        assert "Hemisphere Bank" in pages[0]
        assert "Living banks" in pages[1]
        for page in pages:
            assert "qxinternal" not in page, name
            assert "Qxcali" not in page, name
        assert ("73.25" in pages[2]) == ("qxmatched" in pages[3]) == (name == "matched"), name
        for address in ("/funders?q=notes", "/vendors?q=qxcali", "/vendors?q=owner"):
            assert "Nobody fits." in said(browser.get(address).text)
        assert not [page for page in pages[:2] if "73.25" in page or "qxmatched" in page]


@pytest.mark.parametrize("sheet", [MANDATE, SOLUTION], ids=["mandate", "solution"])
def test_every_answer_of_a_sheet_can_be_shown(make, login_as, sheet):
    """Each kind of answer is said in the room, in the list, on the page and at the desk."""
    is_vendor = sheet is SOLUTION
    body = make.organisation(
        slug="body",
        kind=OrganisationKind.VENDOR if is_vendor else OrganisationKind.MULTILATERAL,
        verified_at=house_clock.now(),
    )
    make.city(slug="cali", name="Cali")
    content = (solution_of if is_vendor else mandate_of)(visibility="public")
    for field in sheet.by_name.values():
        if field.name not in content:
            content[field.name] = _some(field)
    make.profile(body, content=content)
    person, organiser = login_as(make.manager(body)), login_as(make.organiser())
    what, side = ("solutions", "vendors") if is_vendor else ("mandate", "funders")

    for step in sheet.steps:
        for browser in (person, organiser):
            assert browser.get(f"/my/{what}/body/steps/{step.name}").status_code == 200
    for address in (f"/my/{what}/body", f"/my/{what}/body/preview", f"/{side}", f"/{side}/body"):
        assert person.get(address).status_code == 200
    desk = organiser.get("/desk/counterparties/body")
    assert desk.status_code == 200
    assert "Cali" in desk.text


def _some(field):
    if field.choices is not None:
        one = next(iter(field.choices)).value
        return [one] if field.kind is Kind.CHOICES else one
    return {
        Kind.LINE: "some words",
        Kind.TEXTS: {"es": "algunas palabras"},
        Kind.URL: "https://example.org/list",
        Kind.CHECK: True,
        Kind.WHOLE: 7,
        Kind.NUMBER: "7.5",
        Kind.MONEY: "700000.00",
        Kind.DATE: "2027-01-31",
        Kind.AREA: {"kind": "border", "border": "mexico_us_border", "north_km": 100.0, "south_km": 300.0},
        Kind.COUNTRY: "BR",
        Kind.COUNTRIES: ["BR"],
        Kind.ORGANISATIONS: ["cali"],
    }[field.kind]


def test_lists_filter_page_and_say_when_nobody_fits(make, client):
    for number in range(26):
        body = make.organisation(
            slug=f"fund-{number}", name=f"Fund {number:02}", kind=OrganisationKind.FUNDER, verified_at=house_clock.now()
        )
        instruments = ["grant"] if number else ["equity"]
        make.profile(body, content=mandate_of(visibility="public", instruments=instruments))

    assert "26 funders" in said(client.get("/funders").text)
    assert "Fund 25" in client.get("/funders?page=2").text
    equity = said(client.get("/funders?instrument=equity&category=nbs&type=nonsense").text)
    assert "One funder" in equity
    assert "Fund 00" in equity
    assert "Nobody fits." in said(client.get("/funders?q=%25_\U0001f600&country=ZZZ").text)
    assert "Nobody has opened a profile" in said(client.get("/vendors").text)


def test_desk_lists_takes_back_and_exports(make, bank, ana, login_as, clock, deliver):
    manager = ana.email
    vendor = make.organisation(slug="vendor", name="=Vendor", kind=OrganisationKind.VENDOR)
    make.profile(bank, content=mandate_of(**SECRET))
    make.profile(vendor, content=solution_of(beneficial_owner="qxinternal owner"), verified_until=None)
    browser = login_as(make.organiser())

    page = said(browser.get("/desk/counterparties?check=verified").text)
    assert "1 profile" in page
    assert "Hemisphere Bank" in page
    assert "=Vendor" not in page
    assert "2 profiles" in said(browser.get("/desk/counterparties?sort=nonsense&side=x&check=y").text)

    address = "/desk/counterparties/bank/take-back"
    assert "Reason" in browser.get(address).text
    assert browser.post(address, data={"reason": " "}).status_code == 422
    assert browser.post(address, data={"reason": "Conditions have changed."}).location == "/desk/counterparties/bank"
    assert profile_of("bank").verified_until is None
    assert [letter.recipient for letter in deliver()] == [manager]
    assert browser.post(address, data={"reason": "Again"}).status_code == 409

    csv = browser.post("/desk/counterparties/export", data={"format": "csv", "side": "vendors"})
    assert csv.headers["Content-Disposition"] == 'attachment; filename="funders-and-vendors-2026-03-02.csv"'
    assert "'=Vendor" in csv.text
    assert "Hemisphere" not in csv.text
    assert "qxinternal" not in csv.text
    book = load_workbook(io.BytesIO(browser.post("/desk/counterparties/export", data={"format": "xlsx"}).data))
    cells = [str(cell.value) for row in book.active.iter_rows() for cell in row]
    assert "Hemisphere Bank" in cells
    assert not [cell for cell in cells if "qxinternal" in cell]
    exported = session().scalars(select(AuditEntry).where(AuditEntry.action == "counterparties.exported"))
    assert [entry.details["rows"] for entry in exported] == [1, 2]


def test_verifying_what_changed_meanwhile_is_refused_in_words(make, bank, ana, login_as):
    make.profile(bank, content=mandate_of(), revision=3, verified_until=None)
    browser = login_as(make.organiser())

    for seen in ("2", "", "-1", "9" * 30, "x"):
        answered = browser.post("/desk/counterparties/bank/verify", data={"seen": seen})
        assert "was changed since" in said(browser.get(answered.location).text)
    assert profile_of("bank").verified_until is None


def test_desk_is_closed_to_everybody_else(make, bank, ana, login_as, client):
    make.profile(bank, content=mandate_of())
    event = make.event()
    helper = make.user()
    make.role(helper, "organiser", event)

    for person in (ana, make.user(), helper):
        browser = login_as(person)
        for address in ("/desk/counterparties", "/desk/counterparties/bank", "/desk/counterparties/bank/take-back"):
            assert browser.get(address).status_code in {302, 303, 403, 404}
        for address in ("bank/verify", "bank/take-back", "export"):
            answered = browser.post(f"/desk/counterparties/{address}", data={"seen": "0", "reason": "x"})
            assert answered.status_code in {302, 303, 403, 404}
    session().rollback()
    session().expire_all()
    assert profile_of("bank").verified_until > house_clock.now()
    assert session().scalar(select(AuditEntry).where(AuditEntry.action.like("counterpart%"))) is None


def test_forged_addresses_are_not_found(make, bank, login_as):
    make.profile(bank, content=mandate_of(visibility="public"))
    browser, organiser = login_as(make.user()), login_as(make.organiser())

    for address in ("/funders/nowhere", "/vendors/bank", f"/funders/{bank.uid}", "/funders/Bank"):
        assert browser.get(address).status_code == 404
    for address in ("nowhere", bank.uid, "nowhere/take-back"):
        assert organiser.get(f"/desk/counterparties/{address}").status_code == 404
    assert organiser.post("/desk/counterparties/nowhere/verify", data={"seen": "0"}).status_code == 404


def test_lists_and_desk_ask_the_database_rarely(make, login_as, count_queries):
    for number in range(60):
        body = make.organisation(name=f"Fund {number}", kind=OrganisationKind.FUNDER, verified_at=house_clock.now())
        make.profile(body, content=mandate_of(visibility="public"))
    organiser = login_as(make.organiser())
    for address in ("/funders", "/desk/counterparties"):
        session().rollback()
        with count_queries() as statements:
            assert organiser.get(address).status_code == 200
        assert len(statements) <= 15, address
