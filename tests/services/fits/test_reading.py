"""Who reads which pairs and how much of them: no list, sentence or figure tells what a page does not show."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace import clock as time
from marketplace.database import atomic, session
from marketplace.errors import NotAllowed, NotFound
from marketplace.models import CounterpartyProfile, Fit, OrganisationKind, OverrideKind, Project
from marketplace.services.fits import overrides, reading
from marketplace.services.fits.reading import Filter, Shown, Side
from tests.mandates import mandate_of, solution_of

ASK = "12"
"""Part of every way to write the amount the pitch asks for."""


@pytest.fixture
def mayor(make, city):
    return make.manager(city, name="Rosa Prado", email="rosa@manaus.gov.example")


@pytest.fixture
def banker(make, bank):
    return make.manager(bank, name="Rui Costa", email="rui@river-bank.example")


def words(verdict) -> str:
    """Everything a page says of a pair."""
    lines = [sentence for line in verdict.rules for sentence in line.sentences]
    lines += [line.sentence for line in (*verdict.terms, *verdict.wishes)]
    return "\n".join([*verdict.reasons, *verdict.gaps, *verdict.to_check, *lines]).replace("\u00a0", " ")


def names(page):
    return [other.organisation.slug for other in page]


def test_city_sees_who_could_fund_its_project_and_why(park, bank, mayor, compare):
    compare()

    found = reading.for_city("park", Side.FUNDERS, Shown.OFFERED, mayor)

    (other,) = found.page.items
    assert (found.is_preview, found.counts) == (False, {Shown.OFFERED: 1, Shown.NEAR: 0})
    assert (other.name, other.is_verified) == ("River Bank", True)
    assert len(other.verdict.reasons) == 3
    assert len(other.verdict.gaps) <= 2
    assert other.verdict.score > 80
    assert not other.verdict.is_provisional
    assert "Must a private sponsor take part?" in other.verdict.to_check[0]


def test_city_sees_vendors_apart(make, park, bank, mayor, compare):
    vendor = make.organisation(slug="living-banks", kind=OrganisationKind.VENDOR)
    make.profile(vendor, content=solution_of())
    compare()

    assert names(reading.for_city("park", Side.VENDORS, Shown.OFFERED, mayor).page) == ["living-banks"]
    assert names(reading.for_city("park", Side.FUNDERS, Shown.OFFERED, mayor).page) == ["river-bank"]


def test_no_sentence_speaks_for_a_pair_and_against_it(park, bank, mayor, compare, state):
    state(bank, sectors=None, is_generalist=True)
    compare()

    (other,) = reading.for_city("park", Side.FUNDERS, Shown.OFFERED, mayor).page.items

    assert "This funder finances any sector." in other.verdict.gaps
    assert not set(other.verdict.reasons) & set(other.verdict.gaps)


def test_near_miss_names_the_rule_that_failed(park, bank, mayor, compare, state):
    state(bank, ticket_max="6000000.00")
    compare()

    found = reading.for_city("park", Side.FUNDERS, Shown.NEAR, mayor)

    (other,) = found.page.items
    (failed,) = other.verdict.failed
    assert failed.title == "Amount"
    assert "USD 12 million" in failed.sentences[0].replace("\u00a0", " ")
    assert reading.for_city("park", Side.FUNDERS, Shown.OFFERED, mayor).page.items == []


def test_city_sees_a_preview_of_a_draft_from_its_working_text(make, city, bank, mayor):
    make.project(city, slug="draft")

    found = reading.for_city("draft", Side.FUNDERS, Shown.OFFERED, mayor)

    assert found.is_preview
    assert names(found.page) == ["river-bank"]
    assert reading.city_pair("draft", "river-bank", mayor)[1].name == "River Bank"


def test_draft_shows_a_counterparty_nothing(make, city, bank, banker, compare):
    make.project(city, slug="draft")
    compare()

    assert reading.for_counterparty(bank, Shown.OFFERED, banker).page.items == []
    with pytest.raises(NotFound):
        reading.counterparty_pair(bank, "draft", banker)


def test_strangers_find_neither_list_nor_pair(make, park, bank, banker, mayor, compare):
    stranger = make.user()
    compare()

    with pytest.raises(NotFound):
        reading.for_city("park", Side.FUNDERS, Shown.OFFERED, stranger)
    with pytest.raises(NotFound):
        reading.city_pair("park", "river-bank", banker)
    for reader in (stranger, mayor):
        with pytest.raises(NotAllowed):
            reading.for_counterparty(bank, Shown.OFFERED, reader)
        with pytest.raises(NotAllowed):
            reading.counterparty_pair(bank, "park", reader)


def test_counterparty_sees_the_projects_that_fit(park, bank, banker, compare):
    compare()

    found = reading.for_counterparty(bank, Shown.OFFERED, banker)

    (match,) = found.page.items
    assert (match.project.slug, match.ask_usd) == ("park", 12_000_000)
    assert (match.verdict.preference, match.verdict.mutual, match.verdict.wishes) == (None, None, [])
    assert not match.verdict.is_cut or "Readiness" in [line.title for line in match.verdict.terms if line.value is None]


def test_counterparty_finds_projects_by_words_sector_and_country(make, park, bank, banker, compare):
    make.published(make.city(name="Cali", slug="cali", country="CO"), slug="hill", content={"sector_primary": "water"})
    compare()

    def slugs(**wanted):
        return {
            match.project.slug for match in reading.for_counterparty(bank, Shown.OFFERED, banker, Filter(**wanted)).page
        }

    assert slugs() == {"park", "hill"}
    assert slugs(country="CO") == {"hill"}
    assert slugs(sector=reading.Sector.NBS) == {"park"}
    assert slugs(query="manaus") == {"park"}


@pytest.mark.parametrize("by", ["city", "counterparty"])
def test_blocked_pair_is_invisible_to_both_even_before_the_worker_has_come(
    make, city, bank, mayor, banker, compare, by
):
    park = make.published(city, slug="park")
    compare()
    assert reading.for_city("park", Side.FUNDERS, Shown.OFFERED, mayor).page.items

    with atomic():
        if by == "city":
            park.versions[0].content = {**park.versions[0].content, "blocked_orgs": ["river-bank"]}
        else:
            profile = session().query(CounterpartyProfile).one()
            profile.content = {**profile.content, "blocked_orgs": ["manaus"]}

    for shown in Shown:
        assert reading.for_city("park", Side.FUNDERS, shown, mayor).page.items == []
        assert reading.for_counterparty(bank, shown, banker).page.items == []
    with pytest.raises(NotFound):
        reading.city_pair("park", "river-bank", mayor)
    with pytest.raises(NotFound):
        reading.counterparty_pair(bank, "park", banker)
    compare()
    for shown in Shown:
        assert reading.for_city("park", Side.FUNDERS, shown, mayor).counts[shown] == 0
        assert reading.for_counterparty(bank, shown, banker).counts[shown] == 0


def test_blocked_pair_is_invisible_in_the_preview_of_a_draft(make, city, bank, mayor, state):
    make.project(city, slug="draft")
    state(bank, blocked_orgs=["manaus"])

    for shown in Shown:
        assert reading.for_city("draft", Side.FUNDERS, shown, mayor).page.items == []
    with pytest.raises(NotFound):
        reading.city_pair("draft", "river-bank", mayor)


def test_pair_kept_apart_by_hand_is_invisible_to_both(make, park, bank, mayor, banker, compare, state):
    state(bank, ticket_max="6000000.00")
    overrides.decide("park", "river-bank", OverrideKind.KEEP_APART, "They asked us to.", by=make.organiser())
    compare()

    for shown in Shown:
        assert reading.for_city("park", Side.FUNDERS, shown, mayor).page.items == []
        assert reading.for_counterparty(bank, shown, banker).page.items == []
    with pytest.raises(NotFound):
        reading.counterparty_pair(bank, "park", banker)


def test_pair_offered_by_hand_is_shown_as_such(make, park, bank, mayor, banker, compare, state):
    state(bank, ticket_max="6000000.00")
    compare()
    overrides.decide("park", "river-bank", OverrideKind.OFFER, "The board agreed.", by=make.organiser())

    (other,) = reading.for_city("park", Side.FUNDERS, Shown.OFFERED, mayor).page.items
    (match,) = reading.for_counterparty(bank, Shown.OFFERED, banker).page.items

    assert other.verdict.is_by_hand
    assert match.verdict.is_by_hand
    assert "The board agreed." not in words(match.verdict) + words(other.verdict)


def test_excluded_pair_has_no_page_but_at_the_desk(make, park, bank, mayor, compare, state):
    state(bank, countries=["CL"], priority_countries=None, instruments=["equity"], uses_funded=["studies"])
    compare()

    with pytest.raises(NotFound):
        reading.city_pair("park", "river-bank", mayor)


def test_near_miss_does_not_tell_a_funder_what_the_city_keeps_for_matched_parties(park, bank, banker, compare, state):
    """Finance is for matched parties unless the city says otherwise: amounts, instruments, guarantee, currency."""
    state(bank, ticket_max="6000000.00")
    compare()

    (match,) = reading.for_counterparty(bank, Shown.NEAR, banker).page.items
    said = words(match.verdict)

    assert match.ask_usd is None
    assert [line.title for line in match.verdict.failed] == ["Amount"]
    assert match.verdict.failed[0].sentences == ["The details are not open to you."]
    assert match.verdict.is_cut
    assert ASK not in said
    assert "concessional" not in said
    assert "sovereign" not in said
    terms = {line.title: (line.value, line.points) for line in match.verdict.terms}
    assert terms["Amount"] == terms["Instruments"] == terms["Currency"] == (None, None)


def test_order_of_matches_is_that_of_the_scores_shown_and_tells_nothing_of_what_is_hidden(
    make, city, bank, banker, compare, state
):
    """The whole score of the second is higher by what the first hides: the same list stands in the same order."""
    private = {"visibility": {"finance": "private", "inclusion": "private", "impact": "private"}}
    low = {**private, "ask_amount": "100000000.00", "capex": "120000000.00", "currency": "USD"}
    state(bank, allows_syndication="yes")
    make.published(city, slug="low", readiness=10.0, content=low)
    make.published(city, slug="high", readiness=68.0, content=private)
    open_one = make.published(city, slug="open", readiness=68.0, content={"sector_primary": "water"})
    compare()
    stored = {fit.project.slug: fit.score for fit in session().scalars(select(Fit))}

    page = reading.for_counterparty(bank, Shown.OFFERED, banker).page

    shown = [(match.project.slug, match.verdict.score) for match in page]
    assert stored["low"] < stored["high"]
    assert [score for _slug, score in shown] == sorted((score for _slug, score in shown), reverse=True)
    assert [slug for slug, _score in shown if slug != open_one.slug] == ["low", "high"]
    assert reading.scores_for_counterparty(bank, [open_one.id]) == {open_one.id: dict(shown)["open"]}


def test_order_of_funders_tells_a_city_nothing_of_a_profile_that_is_hidden(make, park, bank, mayor, compare, state):
    """Before they are matched a city reads nothing of who shows itself to nobody, be the fit good or bad."""
    state(bank, ticket_max="6000000.00", visibility="private", sectors=["water"], climate_focus="mitigation")
    better = make.organisation(slug="better", verified_at=time.now())
    make.profile(better, content=mandate_of(ticket_max="6000000.00", visibility="private"))
    compare()
    stored = {fit.organisation.slug: fit.score for fit in session().scalars(select(Fit))}

    page = reading.for_city("park", Side.FUNDERS, Shown.NEAR, mayor).page

    assert stored["river-bank"] < stored["better"]
    assert names(page) == ["river-bank", "better"]


def test_score_a_funder_sees_cannot_be_worked_backwards(make, city, bank, banker, compare):
    """Two pitches that differ only in what is kept from the reader show the same score and the same words."""
    private = {"visibility": {"finance": "private", "inclusion": "private", "impact": "private"}}
    one = make.published(city, slug="one", readiness=68.0, content=private)
    other = make.published(
        city,
        slug="other",
        readiness=30.0,
        content={
            **private,
            "ask_amount": "9000000.00",
            "instruments_sought": ["grant", "conc_loan"],
            "currency": "USD",
            "tenor_years": 40,
            "gender_marker": "0",
            "pct_low_income": "10",
        },
    )
    compare()

    seen = {match.project.slug: match.verdict for match in reading.for_counterparty(bank, Shown.OFFERED, banker).page}

    assert set(seen) == {one.slug, other.slug}
    assert seen["one"].score == seen["other"].score
    assert words(seen["one"]) == words(seen["other"])


def test_expired_check_closes_what_is_for_matched_parties(park, bank, banker, compare):
    compare()
    assert reading.for_counterparty(bank, Shown.OFFERED, banker).page.items[0].ask_usd

    with atomic():
        session().query(CounterpartyProfile).one().verified_until = time.now() - timedelta(days=1)

    found = reading.for_counterparty(bank, Shown.OFFERED, banker)
    assert not found.is_verified
    assert found.page.items[0].ask_usd is None
    assert ASK not in words(found.page.items[0].verdict)


def test_city_does_not_read_a_private_mandate_through_its_reasons(park, bank, mayor, compare, state):
    state(bank, visibility="private", ticket_max="47000000.00")
    compare()

    (other,) = reading.for_city("park", Side.FUNDERS, Shown.OFFERED, mayor).page.items

    assert "47 million" not in words(other.verdict)
    assert other.verdict.reasons == []


def test_near_miss_does_not_tell_a_city_the_part_for_matched_cities(park, bank, mayor, compare, state):
    state(bank, ticket_max="6000000.00", readiness_min="83")
    compare()

    (other,) = reading.for_city("park", Side.FUNDERS, Shown.NEAR, mayor).page.items

    assert "83" not in words(other.verdict)


def test_counterparty_without_a_profile_has_nothing_to_compare(make):
    organisation = make.organisation()
    member = make.manager(organisation)

    found = reading.for_counterparty(organisation, Shown.OFFERED, member)

    assert (found.has_profile, found.page.items) == (False, [])


def test_lists_send_as_many_statements_for_many_pairs_as_for_few(
    make, city, bank, mayor, banker, compare, count_queries
):
    def statements():
        session().expire_all()
        with count_queries() as city_list:
            assert reading.for_city("park", Side.FUNDERS, Shown.OFFERED, mayor).page.items
        with count_queries() as own_list:
            assert reading.for_counterparty(bank, Shown.OFFERED, banker).page.items
        return len(city_list), len(own_list)

    make.published(city, slug="park")
    compare()
    few = statements()
    for _ in range(5):
        make.published(city)
        make.profile(make.organisation(), content=mandate_of())
    compare()

    many = statements()

    assert many[0] <= few[0] + 1
    assert many[1] <= few[1] + 1
    assert max(many) <= 15


def test_states_of_a_project_that_leave_the_book_leave_the_lists(make, park, bank, banker, compare):
    compare()
    with atomic():
        session().get_one(Project, park.id).city.deactivated_at = time.now()

    assert reading.for_counterparty(bank, Shown.OFFERED, banker).page.items == []
    with pytest.raises(NotFound):
        reading.counterparty_pair(bank, "park", banker)
