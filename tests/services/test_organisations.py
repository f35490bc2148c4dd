"""Organisations: entered, described, found, verified, taken out of service."""

import pytest
from sqlalchemy import select

from marketplace import clock as our_clock
from marketplace.database import session
from marketplace.errors import Conflict, Invalid, NotAllowed, NotFound, TooManyAttempts
from marketplace.models import (
    AuditEntry,
    Letter,
    Membership,
    MembershipRole,
    Organisation,
    OrganisationKind,
    Role,
    UserSession,
)
from marketplace.services import organisations, paging, policies, sessions
from marketplace.services.organisations import Filter, Profile

FULL = Profile(
    names={"en": "Bank of the South", "es": "Banco del Sur", "pt": ""},
    descriptions={"es": "Prestamos.", "en": "  "},
    website="https://www.example.org/a?b=c",
    country="AR",
    timezone="America/Argentina/Buenos_Aires",
)


def acts():
    return [(entry.action, entry.details) for entry in session().scalars(select(AuditEntry).order_by(AuditEntry.id))]


def test_create_is_not_verified_and_makes_its_first_manager(make):
    person = make.user()

    organisation = organisations.create(OrganisationKind.FUNDER, FULL, person)

    assert (organisation.slug, organisation.name, organisation.verified_at) == (
        "bank-of-the-south",
        "Bank of the South",
        None,
    )
    assert organisation.names == {"en": "Bank of the South", "es": "Banco del Sur"}
    assert organisation.descriptions == {"es": "Prestamos."}
    assert organisation.search_text == "bank of the south bank of the south banco del sur"
    (tie,) = session().scalars(select(Membership))
    assert (tie.user_id, tie.role) == (person.id, MembershipRole.MANAGER)
    assert policies.can(person, "organisation.manage", organisation)
    assert acts() == [("organisation.created", {"kind": "funder"})]


def test_create_by_an_organiser_makes_no_manager(make):
    organisations.create(OrganisationKind.CITY, FULL, make.organiser())

    assert session().scalars(select(Membership)).all() == []


def test_create_a_city_is_for_organisers(make):
    with pytest.raises(Invalid) as refused:
        organisations.create(OrganisationKind.CITY, FULL, make.user())

    assert refused.value.field == "kind"


def test_create_gives_each_a_slug_of_its_own(make):
    organiser = make.organiser()

    slugs = [
        organisations.create(OrganisationKind.NGO, Profile(names={"pt": name}), organiser).slug
        for name in ("Água Limpa", "Agua limpa", "New", "東京", "x" * 160, "x" * 160)
    ]

    assert slugs == ["agua-limpa", "agua-limpa-2", "new-2", "organisation", "x" * 80, "x" * 74 + "-2"]


def test_create_has_a_limit_per_day(make, clock):
    person = make.user()
    for _ in range(organisations.CREATIONS_PER_DAY):
        organisations.create(OrganisationKind.NGO, FULL, person)

    with pytest.raises(TooManyAttempts):
        organisations.create(OrganisationKind.NGO, FULL, person)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name_en", {"names": {"en": " ", "xx": "A"}}),
        ("name_es", {"names": {"en": "A", "es": "x" * 161}}),
        ("name_en", {"names": {"en": "Win at https://bad.example"}}),
        ("description_pt", {"descriptions": {"pt": "x" * 3001}}),
        ("website", {"website": "javascript:alert(1)"}),
        ("country", {"country": "XX"}),
        ("timezone", {"timezone": "America/Nowhere"}),
    ],
)
def test_checked_refuses_at_the_field(field, changes):
    with pytest.raises(Invalid) as refused:
        organisations.checked(Profile(**{**vars(FULL), **changes}))

    assert refused.value.field == field


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)", "ftp://example.org", "//example.org", "example.org", "https://", "https://localhost",
        "https://a@example.org", "https://127.0.0.1", "https://[::1]", "https://example.org:0", "https://exa mple.org",
        'https://example.org/"onclick', "https://example.org/\u202egro", "https://example.org:99999",
        "https://example.org/" + "x" * 300, "https://[bad",
    ],
    ids=lambda address: ascii(address)[:30],
)  # fmt: skip
def test_web_address_refuses_what_is_not_a_page_of_the_web(address):
    with pytest.raises(Invalid):
        organisations.web_address(address)


@pytest.mark.parametrize(
    "address", ["", "http://example.org", "https://www.são-josé.example/caminho?x=1#y", "https://example.org:8443/"]
)
def test_web_address_takes_pages_of_the_web(address):
    assert organisations.web_address(f" {address} ") == address


def test_edit_keeps_the_address_and_tells_what_changed(make):
    organisation = make.organisation(slug="old", name="Old")
    manager = make.manager(organisation)

    organisations.edit("old", FULL, manager)

    assert (organisation.slug, organisation.name, organisation.country) == ("old", "Bank of the South", "AR")
    assert acts() == [("organisation.edited", {"changed": ["country", "descriptions", "names", "timezone", "website"]})]
    organisations.edit("old", FULL, manager)
    assert len(acts()) == 1


def test_edit_of_a_name_takes_the_verification_back_unless_an_organiser_did_it(make):
    organisation = make.organisation(names={"en": "Old"})
    manager, organiser = make.manager(organisation), make.organiser()
    organisations.verify(organisation.slug, organiser)

    organisations.edit(organisation.slug, FULL, organiser)
    assert organisation.verified_at is not None
    organisations.edit(organisation.slug, Profile(**{**vars(FULL), "website": ""}), manager)
    assert organisation.verified_at is not None
    organisations.edit(organisation.slug, Profile(names={"en": "World Bank"}), manager)

    assert (organisation.verified_at, organisation.verified_by_id) == (None, None)


def test_edit_is_for_managers_and_the_rest_find_nothing(make):
    organisation = make.organisation()
    member, stranger = make.user(), make.manager(make.organisation())
    make.membership(member, organisation)

    with pytest.raises(NotAllowed):
        organisations.edit(organisation.slug, FULL, member)
    with pytest.raises(NotFound):
        organisations.edit(organisation.slug, FULL, stranger)
    with pytest.raises(NotFound):
        organisations.edit("nowhere", FULL, stranger)


def test_listing_searches_without_accents_and_filters(make):
    now = our_clock.now()
    make.organisation(name="Água Pura", country="BR", kind=OrganisationKind.VENDOR, verified_at=now)
    make.organisation(name="Banco Águila", country="MX")
    make.organisation(name="Cerrada", country="MX", deactivated_at=now)

    def names(**wanted):
        return [one.name for one in paging.page(organisations.listing(Filter(**wanted)))]

    assert names() == ["Água Pura", "Banco Águila", "Cerrada"]
    assert names(query="agui") == ["Banco Águila"]
    assert names(query="AGUA pura") == ["Água Pura"]
    assert names(query="%") == []
    assert names(kind=OrganisationKind.FUNDER) == ["Banco Águila", "Cerrada"]
    assert names(country="MX", is_active=True) == ["Banco Águila"]
    assert names(is_verified=True) == ["Água Pura"]
    assert names(is_verified=False, is_active=False) == ["Cerrada"]
    assert organisations.countries() == ["BR", "MX"]


def test_verify_writes_to_the_managers_once(make):
    organisation = make.organisation()
    manager, organiser = make.manager(organisation), make.organiser()

    organisations.verify(organisation.slug, organiser)
    organisations.verify(organisation.slug, organiser)

    assert (organisation.verified_at is not None, organisation.verified_by_id) == (True, organiser.id)
    assert [(letter.kind, letter.user_id) for letter in session().scalars(select(Letter))] == [
        ("organisation_verified", manager.id)
    ]
    organisations.unverify(organisation.slug, organiser)
    assert [action for action, _ in acts()] == ["organisation.verified", "organisation.unverified"]


def test_deactivate_keeps_members_who_cannot_act_any_more(make):
    organisation = make.organisation()
    manager, organiser = make.manager(organisation), make.organiser()
    sessions.begin(manager, browser="", network="", with_second_factor=False)

    organisations.deactivate(organisation.slug, organiser)

    assert session().scalar(select(UserSession.acting_for_id)) is None
    assert policies.can(manager, "organisation.view", organisation)
    assert not policies.can(manager, "organisation.act", organisation)
    assert not policies.can(manager, "organisation.manage", organisation)
    with pytest.raises(Conflict):
        organisations.verify(organisation.slug, organiser)
    organisations.reactivate(organisation.slug, organiser)
    assert policies.can(manager, "organisation.manage", organisation)
    assert session().scalars(select(Organisation.deactivated_at)).all() == [None]


@pytest.mark.parametrize("act", ["verify", "unverify", "deactivate", "reactivate"])
def test_judging_is_for_organisers(make, act):
    organisation = make.organisation()
    manager = make.manager(organisation)

    with pytest.raises(NotAllowed):
        getattr(organisations, act)(organisation.slug, manager)
    with pytest.raises(NotFound):
        getattr(organisations, act)("nowhere", make.organiser())


def test_organiser_of_one_event_does_not_judge_organisations(make):
    organisation, person = make.organisation(), make.user(totp_nonce="n", totp_confirmed_at=our_clock.now())

    make.role(person, Role.ORGANISER, make.event())

    with pytest.raises(NotAllowed):
        organisations.verify(organisation.slug, person)
