"""Who reads which part of a profile, and that lists and searches tell no more than pages."""

import re

import pytest

from marketplace import clock as house_clock
from marketplace.database import atomic, session
from marketplace.errors import NotAllowed, NotFound
from marketplace.models import Block, MembershipState, OrganisationKind, ProjectState, Sector, Technology, Visibility
from marketplace.models import Instrument as Instruments
from marketplace.services.counterparties import listing, reader_words, visibility
from marketplace.services.counterparties.listing import Check, Filter, Side, Wanted
from marketplace.services.sheets.mandate import MANDATE
from marketplace.services.sheets.solution import SOLUTION
from tests.mandates import mandate_of, solution_of

NOTHING, FIRST, MATCHED = visibility.NOBODY, visibility.FIRST, visibility.MATCHED
READERS = ("anonymous", "stranger", "city", "matched", "own", "organiser")
SEEN = {
    "public": (FIRST, FIRST, FIRST, MATCHED, MATCHED, MATCHED),
    "registered": (NOTHING, FIRST, FIRST, MATCHED, MATCHED, MATCHED),
    None: (NOTHING, FIRST, FIRST, MATCHED, MATCHED, MATCHED),
    "matched": (NOTHING, NOTHING, NOTHING, MATCHED, MATCHED, MATCHED),
    "private": (NOTHING, NOTHING, NOTHING, NOTHING, MATCHED, MATCHED),
    "everybody!": (NOTHING, NOTHING, NOTHING, NOTHING, MATCHED, MATCHED),
}


@pytest.fixture
def bank(make):
    return make.organisation(
        slug="bank", name="Bank", kind=OrganisationKind.FUNDER, country="DE", verified_at=house_clock.now()
    )


@pytest.fixture
def readers(make, bank):
    matched, other = make.city(slug="manaus"), make.city(slug="cali")
    make.fit(make.published(matched, slug="park"), bank)
    make.fit(make.published(other, slug="bus"), bank, is_offered=False, status="near_miss")
    people = (
        None,
        make.user(),
        make.manager(other),
        make.manager(matched),
        make.manager(bank),
        make.organiser(),
    )
    return dict(zip(READERS, people, strict=True))


@pytest.mark.parametrize("chosen", SEEN)
def test_page_and_list_open_what_the_profile_says(make, bank, readers, chosen):
    make.profile(bank, content=mandate_of(visibility=chosen, private_notes={"en": "secret"}))

    for name, blocks in zip(READERS, SEEN[chosen], strict=True):
        reader = readers[name]
        assert visibility.blocks(kinds_profile(bank), reader) == blocks, name
        listed = [leaf.organisation.slug for leaf in listing.page(Side.FUNDERS, Wanted(), reader)]
        assert listed == (["bank"] if blocks else []), name
        assert listing.countries(Side.FUNDERS, reader) == (["BR", "CO", "MX", "US"] if blocks else []), name
        if not blocks:
            with pytest.raises(NotFound):
                listing.find(Side.FUNDERS, "bank", reader)
            continue
        leaf = listing.find(Side.FUNDERS, "bank", reader)
        assert ("readiness_min" in leaf.content) == (blocks == MATCHED), name
        assert not {"visibility", "private_notes", "blocked_orgs"} & set(leaf.content), name


def kinds_profile(organisation):
    from marketplace.services.counterparties import kinds

    session().rollback()
    return kinds.profile_of(organisation)


def test_lists_show_the_first_part_only_whoever_reads(make, bank, readers):
    make.profile(bank, content=mandate_of(visibility="public", private_notes={"en": "secret"}))

    for reader in readers.values():
        (leaf,) = listing.page(Side.FUNDERS, Wanted(), reader)
        assert leaf.blocks == frozenset({Block.BASICS})
        assert not {"readiness_min", "private_notes", "visibility"} & set(leaf.content)


def test_match_ends_with_its_causes(make, bank, readers):
    make.profile(bank, content=mandate_of(visibility="matched"))
    person = readers["matched"]
    project = make.published(make.city(slug="quito"), slug="tram")
    other = make.manager(project.city)
    make.fit(project, bank)
    assert visibility.blocks(kinds_profile(bank), other) == MATCHED

    with atomic():
        project.state = ProjectState.WITHDRAWN
        next(iter(person.memberships)).state = MembershipState.ENDED

    for reader in (other, person):
        session().expire_all()
        assert visibility.blocks(kinds_profile(bank), reader) == NOTHING
        assert listing.page(Side.FUNDERS, Wanted(), reader).total == 0


def test_organisations_nobody_verified_are_shown_to_matched_cities_alone(make, bank, readers):
    make.profile(bank, content=mandate_of(visibility="public"))
    with atomic():
        bank.verified_at = None

    found = {name: visibility.blocks(kinds_profile(bank), reader) for name, reader in readers.items()}
    listed = {name: listing.page(Side.FUNDERS, Wanted(), reader).total for name, reader in readers.items()}
    assert [name for name, blocks in found.items() if blocks] == ["matched", "own", "organiser"]
    assert [name for name, total in listed.items() if total] == ["matched", "own", "organiser"]


def test_organisation_out_of_service_has_no_page(make, bank, readers):
    make.profile(bank, content=mandate_of(visibility="public"))
    with atomic():
        bank.deactivated_at = house_clock.now()

    for reader in readers.values():
        assert listing.page(Side.FUNDERS, Wanted(), reader).total == 0
        with pytest.raises(NotFound):
            listing.find(Side.FUNDERS, "bank", reader)


def test_each_list_has_its_own_kinds(make, bank):
    make.profile(bank, content=mandate_of(visibility="public"))

    with pytest.raises(NotFound):
        listing.find(Side.VENDORS, "bank", None)
    assert listing.page(Side.VENDORS, Wanted(), None).total == 0


def test_funders_are_found_by_what_they_state(make, bank):
    make.profile(bank, content=mandate_of(visibility="public"))
    fund = make.organisation(slug="fund", name="Fundación Ñandú", kind=OrganisationKind.PHILANTHROPY)
    with atomic():
        fund.verified_at = house_clock.now()
    content = {"is_generalist": True, "excluded_sectors": ["waste"], "instruments": ["grant"], "visibility": "public"}
    make.profile(fund, content=content, verified_until=None)

    def found(**wanted):
        return sorted(leaf.organisation.slug for leaf in listing.page(Side.FUNDERS, Wanted(**wanted), None))

    assert found() == ["bank", "fund"]
    assert found(query="nandu") == ["fund"]
    assert found(instrument=Instruments.GRANT) == ["fund"]
    assert found(instrument=Instruments.LOAN) == []
    assert found(instrument=Instruments.CONC_LOAN) == ["bank"]
    assert found(sector=Sector.NBS) == ["bank", "fund"]
    assert found(sector=Sector.ENERGY) == ["fund"]
    assert found(sector=Sector.WASTE) == []
    assert found(country="BR") == ["bank"]
    assert found(country="%") == []
    assert found(verified_only=True) == ["bank"]


def test_vendors_are_found_by_what_they_state(make):
    vendor = make.organisation(slug="vendor", kind=OrganisationKind.VENDOR, verified_at=house_clock.now())
    make.profile(vendor, content=solution_of(visibility="public"))

    def found(**wanted):
        return listing.page(Side.VENDORS, Wanted(**wanted), None).total

    assert (found(category=Technology.NBS), found(category=Technology.ENERGY)) == (1, 0)
    assert (found(country="US"), found(country="BR"), found(country="CO")) == (1, 1, 0)


def test_lists_need_few_statements(make, count_queries):
    reader = make.user()
    for number in range(30):
        body = make.organisation(kind=OrganisationKind.FUNDER, name=f"Fund {number}", verified_at=house_clock.now())
        make.profile(body, content=mandate_of(visibility="public"))
    session().rollback()
    session().expire_all()

    with count_queries() as statements:
        page = listing.page(Side.FUNDERS, Wanted(), reader, 2)
        assert [leaf.name for leaf in page]
    assert (page.total, page.pages, len(page)) == (30, 2, 6)
    assert len(statements) <= 8


def test_desk_finds_by_check_completeness_and_country(make, bank, clock):
    organiser = make.organiser()
    states = {
        "ending": house_clock.now() + listing.SOON,
        "verified": house_clock.now() + listing.SOON * 2,
        "expired": house_clock.now(),
        "unverified": None,
    }
    for name, until in states.items():
        body = make.organisation(slug=name, kind=OrganisationKind.VENDOR, country="PE")
        make.profile(body, content=solution_of(), verified_until=until, completeness=100)
    make.profile(bank, content={}, verified_until=None, completeness=0)

    def found(**wanted):
        return sorted(one.profile.organisation.slug for one in listing.at_desk(Filter(**wanted), organiser))

    assert found(check=Check.VERIFIED) == ["ending", "verified"]
    assert found(check=Check.ENDING) == ["ending"]
    assert found(check=Check.EXPIRED) == ["expired"]
    assert found(check=Check.UNVERIFIED) == ["bank", "unverified"]
    assert found(is_incomplete=True) == found(side=Side.FUNDERS) == found(country="DE") == ["bank"]
    ordered = [one.profile.organisation.slug for one in listing.at_desk(Filter(sort="-until"), organiser)]
    assert ordered[:3] == ["verified", "ending", "expired"]
    for person in (make.user(), make.manager(bank)):
        with pytest.raises(NotAllowed):
            listing.at_desk(Filter(), person)
        with pytest.raises(NotAllowed):
            listing.export(Filter(), person, {})


def test_choice_of_readers_is_the_one_of_projects():
    assert visibility.chosen({}) is Visibility.REGISTERED
    assert visibility.chosen({"visibility": "nonsense"}) is Visibility.PRIVATE


def test_words_for_readers_name_fields_there_are():
    fields = {**MANDATE.by_name, **SOLUTION.by_name}

    assert set(reader_words.LABELS) <= set(fields)
    speaking_to_writers = {
        name
        for name, field in fields.items()
        if field.block is not Block.INTERNAL
        and re.search(r"\b(you|yours?)\b", str(reader_words.label(field)).casefold())
    }
    assert speaking_to_writers == set()
