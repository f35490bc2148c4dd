"""Journeys through the matches: a city, a funder, a vendor and an organiser; and what none of their pages tells."""

import re

import pytest

from marketplace import clock as time
from marketplace.database import atomic, session
from marketplace.models import AuditEntry, CounterpartyProfile, OrganisationKind
from marketplace.services import jobs
from marketplace.services.fits import rescoring
from tests.mandates import mandate_of, solution_of


@pytest.fixture
def compare():
    """Compare all pairs."""

    def work():
        with atomic():
            rescoring.everything()
        while (run := jobs.claim()) is not None:
            jobs.perform(run)

    return work


@pytest.fixture
def city(make):
    return make.city(name="Manaus", slug="manaus")


@pytest.fixture
def park(make, city):
    return make.published(city, slug="park", readiness=68.0)


@pytest.fixture
def bank(make):
    organisation = make.organisation(name="River Bank", slug="river-bank", verified_at=time.now())
    make.profile(organisation, content=mandate_of(), revision=3)
    return organisation


@pytest.fixture
def vendor(make):
    organisation = make.organisation(
        name="Living Banks", slug="living-banks", kind=OrganisationKind.VENDOR, verified_at=time.now()
    )
    make.profile(organisation, content=solution_of())
    return organisation


@pytest.fixture
def mayor(make, city):
    return make.manager(city, email="rosa@manaus.gov.example")


@pytest.fixture
def banker(make, bank):
    return make.manager(bank, email="rui@river-bank.example")


@pytest.fixture
def seller(make, vendor):
    return make.manager(vendor, email="lia@living-banks.example")


def state(organisation, **answers):
    profile = session().query(CounterpartyProfile).filter_by(organisation_id=organisation.id).one()
    with atomic():
        profile.content = {**profile.content, **answers}
        profile.revision += 1


def words(answer, status=200) -> str:
    assert answer.status_code == status, answer.status
    text = re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True).partition("<main")[2])
    return " ".join(text.replace("&#39;", "'").replace("&nbsp;", " ").replace("\u00a0", " ").split())


def test_city_finds_its_funders_and_looks_at_one(park, bank, mayor, login_as, compare):
    compare()
    browser = login_as(mayor)

    listed = words(browser.get("/my/projects/park/funders"))
    assert "River Bank" in listed
    assert "of 100" in listed
    assert "Why it fits" in listed
    assert "To check" in listed
    assert "/my/projects/park/funders" in browser.get("/my/projects/park").get_data(as_text=True)

    pair = words(browser.get("/my/projects/park/funders/river-bank"))
    assert "The project asks for USD 12 million; this funder gives USD 5 million to USD 50 million." in pair
    assert "Safeguards and integrity" in pair
    assert "Terms of your preference" in pair


def test_city_reads_why_a_funder_nearly_fits(park, bank, mayor, login_as, compare):
    state(bank, ticket_max="6000000.00")
    compare()
    browser = login_as(mayor)

    assert "Nobody fits yet" in words(browser.get("/my/projects/park/funders"))
    near = browser.get("/my/projects/park/funders?show=near")
    assert "Amount: The project asks for USD 12 million;" in words(near)
    assert "That is too much for this funder." in words(near)
    assert "What speaks against it" in words(browser.get("/my/projects/park/funders/river-bank"))


@pytest.mark.parametrize("show", ["near", "offered"])
def test_list_says_the_most_important_and_folds_the_rest(park, bank, mayor, login_as, compare, show):
    if show == "near":
        state(bank, ticket_max="6000000.00")
    compare()

    page = login_as(mayor).get(f"/my/projects/park/funders?show={show}").get_data(as_text=True)
    (card,) = re.findall(r"<ul class=\"fit-list\">\s*<li>(.*?)</details>", page, re.DOTALL)
    open_, _, folded = card.partition("<details")

    assert "River Bank" in open_
    assert "of 100" in open_
    assert ("too much for this funder" in open_) is (show == "near")
    assert "Why it fits" not in open_
    assert "Why it fits" in folded


def test_city_sees_a_preview_before_it_publishes(make, city, bank, mayor, login_as):
    make.project(city, slug="draft")

    page = words(login_as(mayor).get("/my/projects/draft/funders"))

    assert "Computed from your text as it stands now." in page
    assert "River Bank" in page


def test_score_of_which_little_is_known_is_provisional(make, park, mayor, login_as, compare):
    make.profile(make.organisation(name="Quiet Fund"), content={"instruments": ["conc_loan"], "sectors": ["nbs"]})
    compare()

    assert "provisional" in words(login_as(mayor).get("/my/projects/park/funders"))


def test_vendor_sees_cities_that_need_this(park, seller, mayor, login_as, compare):
    compare()

    listed = words(login_as(seller).get("/my/matches"))
    assert "Cities that need what Living Banks offers" in listed
    assert "Linear park along the Mindu stream" in listed
    pair = words(login_as(seller).get("/my/matches/park"))
    assert "Offers what the project needs: nature-based solutions." in pair
    assert "Living Banks" in words(login_as(mayor).get("/my/projects/park/vendors"))


def test_funder_sees_the_projects_that_fit_and_why(park, bank, banker, login_as, compare):
    compare()
    browser = login_as(banker)

    listed = words(browser.get("/my/matches"))
    assert "Projects that fit the mandate of River Bank" in listed
    assert "Linear park along the Mindu stream" in listed
    assert "Asks for USD 12 million" in listed

    pair = words(browser.get("/my/matches/park"))
    assert "The project asks for USD 12 million" in pair
    assert "preference" not in pair.lower()


def test_near_miss_tells_a_funder_the_rule_and_no_amount(park, bank, banker, login_as, compare):
    state(bank, ticket_max="6000000.00")
    compare()
    browser = login_as(banker)

    for address in ("/my/matches?show=near", "/my/matches/park"):
        page = words(browser.get(address))
        assert "Amount" in page
        assert "The details are not open to you." in page
        assert "12 million" not in page
        assert "12,000,000" not in page


@pytest.mark.parametrize("by", ["city", "counterparty"])
def test_blocked_pair_leaves_no_trace(make, city, bank, mayor, banker, login_as, compare, by):
    make.published(city, slug="park", content={"blocked_orgs": ["river-bank"]} if by == "city" else {})
    if by == "counterparty":
        state(bank, blocked_orgs=["manaus"])
    compare()

    mine, theirs = login_as(mayor), login_as(banker)
    for show in ("offered", "near"):
        assert "River Bank" not in words(mine.get(f"/my/projects/park/funders?show={show}"))
        assert "Linear park" not in words(theirs.get(f"/my/matches?show={show}"))
    assert mine.get("/my/projects/park/funders/river-bank").status_code == 404
    assert theirs.get("/my/matches/park").status_code == 404


def test_others_find_nothing(make, park, bank, mayor, banker, seller, login_as, client, compare):
    compare()
    stranger = make.user()

    for address in ("/my/projects/park/funders", "/my/projects/park/vendors", "/my/projects/park/funders/river-bank"):
        assert client.get(address).status_code == 303
        for person in (stranger, banker, seller):
            assert login_as(person).get(address).status_code == 404
    for address in ("/my/matches", "/my/matches/park"):
        assert client.get(address).status_code == 303
        for person in (stranger, mayor):
            assert login_as(person).get(address).status_code == 404
    # Whose organisation the address names counts only for its own people.
    assert "River Bank" not in words(login_as(seller).get("/my/matches?organisation=river-bank"))
    for person in (stranger, mayor, banker):
        assert login_as(person).get("/desk/fits").status_code == 403
        assert login_as(person).get("/desk/fits/park/river-bank").status_code == 403


def test_person_of_two_counterparties_chooses_one(make, park, bank, vendor, banker, login_as, compare):
    make.membership(banker, vendor)
    compare()

    browser = login_as(banker)

    assert "Living Banks" in words(browser.get("/my/matches?organisation=living-banks"))
    assert "the mandate of River Bank" in words(browser.get("/my/matches?organisation=river-bank"))


def test_organiser_lists_filters_and_explains_pairs(make, park, bank, vendor, login_as, compare):
    state(bank, ticket_max="6000000.00")
    compare()
    browser = login_as(make.organiser())

    every = words(browser.get("/desk/fits"))
    assert "River Bank" in every
    assert "Living Banks" in every
    amount = words(browser.get("/desk/fits?rule=H4"))
    assert "River Bank" in amount
    assert "Living Banks" not in amount
    assert "River Bank" not in words(browser.get("/desk/fits?status=offered"))
    assert "No pair fits these filters" in words(browser.get("/desk/fits?minimum=90&kind=vendor&rule=V1"))
    assert "River Bank" in words(browser.get("/desk/fits?q=river&sort=city"))
    for odd in ("sort=zzz&rule=H99&status=x&minimum=-3&page=999999", "minimum=²&kind=city"):
        assert browser.get(f"/desk/fits?{odd}").status_code == 200

    pair = words(browser.get("/desk/fits/park/river-bank"))
    assert "That is too much for this funder." in pair
    assert "Preference of the city" in pair


def test_organiser_asks_why_an_excluded_pair_does_not_fit(make, park, bank, login_as, compare):
    state(bank, countries=["CL"], priority_countries=["CL"], instruments=["equity"])
    compare()
    browser = login_as(make.organiser())

    assert "River Bank" not in words(browser.get("/desk/fits"))
    assert "Everything about this pair" in words(browser.get("/desk/fits?project=park&organisation=river-bank"))
    pair = words(browser.get("/desk/fits/park/river-bank"))
    assert "This funder does not work in Brazil." in pair
    assert "This funder offers none of what the project seeks" in pair


def test_organiser_offers_a_pair_by_hand_and_takes_it_back(make, park, bank, banker, login_as, compare):
    state(bank, ticket_max="6000000.00")
    compare()
    browser = login_as(make.organiser())

    refused = browser.post("/desk/fits/park/river-bank/decide", data={"kind": "offer", "reason": " "})
    assert refused.status_code == 422
    assert "Please say why: others will want to know." in words(refused, 422)
    made = browser.post(
        "/desk/fits/park/river-bank/decide", data={"kind": "offer", "reason": "Their board agreed <b>yesterday</b>."}
    )
    assert made.status_code == 303

    page = browser.get("/desk/fits/park/river-bank").get_data(as_text=True)
    assert "Their board agreed &lt;b&gt;yesterday&lt;/b&gt;." in page
    assert "River Bank" in words(browser.get("/desk/fits?decided=yes"))
    assert "kind: Offer the pair;" in words(browser.get("/desk/audit-trail"))
    assert "Offered by the organisers" in words(login_as(banker).get("/my/matches"))
    assert "Their board agreed" not in words(login_as(banker).get("/my/matches/park"))

    question = re.search(r"/desk/fits/decisions/[^/\"]+/withdraw", page).group()
    assert "Withdraw this decision?" in words(browser.get(question))
    assert browser.post(question).status_code == 303
    assert browser.post(question).status_code == 409
    assert "No project fits yet" in words(login_as(banker).get("/my/matches"))
    acts = [entry.action for entry in session().query(AuditEntry).order_by(AuditEntry.id)]
    assert [act for act in acts if act.startswith("fit.")] == ["fit.overridden", "fit.override_withdrawn"]


def test_organiser_cannot_offer_whom_one_side_has_blocked(make, city, bank, login_as, compare):
    make.published(city, slug="park", content={"blocked_orgs": ["river-bank"]})
    compare()
    browser = login_as(make.organiser())

    refused = browser.post("/desk/fits/park/river-bank/decide", data={"kind": "offer", "reason": "They should."})

    assert "Nobody can offer this pair." in words(refused, 422)
    assert "Neither is told" in words(browser.get("/desk/fits/park/river-bank"))


@pytest.mark.parametrize(
    "address", ["/desk/fits/park/nobody", "/desk/fits/nothing/river-bank", "/desk/fits/decisions/x/withdraw"]
)
def test_what_is_not_there_is_not_found(make, park, bank, login_as, address):
    assert login_as(make.organiser()).get(address).status_code == 404


def test_list_of_many_pairs_has_pages_and_few_statements(make, city, login_as, compare, count_queries):
    for _ in range(8):
        make.published(city)
        make.profile(make.organisation(), content=mandate_of())
    compare()
    browser = login_as(make.organiser())

    with count_queries() as statements:
        page = words(browser.get("/desk/fits?page=2"))

    assert "51–64 of 64" in page
    assert len(statements) <= 15
