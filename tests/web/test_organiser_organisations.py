import csv
import io

import pytest
from sqlalchemy import select

from marketplace import clock
from marketplace.database import session
from marketplace.models import AuditEntry, MembershipState, Organisation, OrganisationKind
from marketplace.services import organisations


def text(answer) -> str:
    return answer.get_data(as_text=True)


ANSWERS = {
    "kind": "ngo",
    "name_en": "Green Corridor",
    "name_es": "Corredor Verde",
    "name_pt": "",
    "description_en": "Plants trees.",
    "website": "https://corridor.example/",
    "country": "EC",
    "timezone": "America/Guayaquil",
}


def test_list_shows_kind_country_people_and_state(make, login_as):
    body = make.organisation(name="Fundación Río", country="EC", kind=OrganisationKind.NGO, is_illustrative=True)
    make.membership(make.user(), body)
    make.membership(make.user(), body, state=MembershipState.REQUESTED, since=None)
    make.organisation(name="Somebody Else")

    page = text(login_as(make.organiser()).get("/desk/organisations?q=rio"))

    assert all(
        words in page for words in ("Fundación Río", "Non-governmental", "Ecuador", "Not verified", "illustrative")
    )
    assert "<div>1</div>" in page
    assert "Somebody Else" not in page


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("verified=yes", ["Verified"]),
        ("verified=no&active=yes", ["New"]),
        ("active=no", ["Gone"]),
        ("kind=ngo", ["Gone"]),
        ("country=CO", ["New"]),
        ("country=%27%3B--", []),
        ("kind=nonsense&verified=perhaps&sort=x&page=zzz", ["Gone", "New", "Verified"]),
    ],
)
def test_list_filters(make, login_as, query, names):
    make.organisation(name="Verified", verified_at=clock.now())
    make.organisation(name="New", country="CO")
    make.organisation(name="Gone", deactivated_at=clock.now(), kind=OrganisationKind.NGO)

    page = text(login_as(make.organiser()).get(f"/desk/organisations?{query}"))

    assert [name for name in ("Gone", "New", "Verified") if f">{name}</a>" in page] == names


def test_list_costs_the_same_for_one_and_three_organisations(make, login_as, count_queries):
    browser = login_as(make.organiser())
    make.membership(make.user(), make.organisation())
    browser.get("/desk/organisations")
    with count_queries() as one:
        browser.get("/desk/organisations")
    for _ in range(2):
        make.membership(make.user(), make.organisation())
    with count_queries() as three:
        browser.get("/desk/organisations")

    assert len(three) == len(one) <= 12, three


def test_several_are_verified_at_once(make, login_as):
    one, other = make.organisation(), make.organisation()

    answer = login_as(make.organiser()).post(
        "/desk/organisations/verify", data={"slug": [one.slug, other.slug], "next": "/desk/organisations?verified=no"}
    )

    session().rollback()
    assert (answer.status_code, answer.location) == (303, "/desk/organisations?verified=no")
    assert session().scalars(select(Organisation.id).where(Organisation.verified_at.is_(None))).all() == []


@pytest.mark.parametrize("target", ["https://bad.example/", "//bad.example", "/\\bad.example", ""])
def test_verifying_several_leads_nowhere_else(make, login_as, target):
    answer = login_as(make.organiser()).post("/desk/organisations/verify", data={"next": target})

    assert answer.location == "/desk/organisations"


def test_organisation_is_entered(make, login_as):
    browser = login_as(make.organiser())

    answer = browser.post("/desk/organisations/new", data=ANSWERS)

    found = organisations.find("green-corridor")
    assert (answer.status_code, answer.location) == (303, "/desk/organisations/green-corridor")
    assert (found.kind, found.names, found.country, found.verified_at) == (
        OrganisationKind.NGO,
        {"en": "Green Corridor", "es": "Corredor Verde"},
        "EC",
        None,
    )
    assert found.memberships == []


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"name_en": "", "name_es": ""}, "Please give the name in at least one language."),
        ({"website": "javascript:alert(1)"}, "Please enter a web address"),
        ({"country": "XX"}, "Please choose one of the answers in the list."),
        ({"timezone": "Mars/Olympus"}, "Please choose one of the answers in the list."),
        ({"kind": "cult"}, "Please choose one of the answers in the list."),
        ({"name_en": "x" * 161}, "Please write at most 160 characters."),
    ],
    ids=["no name", "script address", "country", "zone", "kind", "long name"],
)
def test_organisation_that_cannot_be_taken_is_refused_at_its_field(make, login_as, answers, words):
    answer = login_as(make.organiser()).post("/desk/organisations/new", data={**ANSWERS, **answers})

    assert answer.status_code == 422
    assert words in text(answer)
    assert session().scalars(select(Organisation.id)).all() == []


def test_further_fields_change_nothing(make, login_as):
    body = make.organisation(slug="body", timezone="UTC")

    login_as(make.organiser()).post(
        "/desk/organisations/body/edit",
        data={**ANSWERS, "verified_at": "2026-01-01", "slug": "other", "kind": "city", "is_illustrative": "1"},
    )

    session().rollback()
    found = organisations.find("body")
    assert (found.id, found.name, found.verified_at, found.kind, found.is_illustrative) == (
        body.id,
        "Green Corridor",
        None,
        OrganisationKind.FUNDER,
        False,
    )


def test_edit_page_is_filled_with_what_is_known(make, login_as):
    make.organisation(
        slug="body",
        names={"es": "Corredor"},
        descriptions={"pt": "Árvores."},
        country="EC",
        timezone="America/Buenos_Aires",
    )

    page = text(login_as(make.organiser()).get("/desk/organisations/body/edit"))

    assert 'value="Corredor"' in page
    assert "Árvores." in page
    assert 'selected value="EC"' in page
    assert 'selected value="America/Buenos_Aires"' in page


def test_organisation_page_shows_its_people_and_who_waits(make, login_as):
    body = make.organisation(slug="body", descriptions={"en": "Plants trees."})
    make.membership(make.user(name="Ana"), body)
    make.membership(make.user(name="Bruno"), body, state=MembershipState.REQUESTED, since=None, message="<b>Please</b>")

    page = text(login_as(make.organiser()).get("/desk/organisations/body"))

    assert all(words in page for words in ("Plants trees.", "Ana", "Bruno", "&lt;b&gt;Please"))


def test_organisation_page_costs_the_same_for_one_and_three_people(make, login_as, count_queries):
    body = make.organisation(slug="body")
    make.membership(make.user(), body)
    browser = login_as(make.organiser())
    browser.get("/desk/organisations/body")
    with count_queries() as one:
        browser.get("/desk/organisations/body")
    make.membership(make.user(), body)
    make.membership(make.user(), body)
    with count_queries() as three:
        browser.get("/desk/organisations/body")

    assert len(three) == len(one) <= 12, three


def test_verification_and_service_are_given_and_taken_back(make, login_as):
    make.organisation(slug="body")
    browser = login_as(make.organiser())

    seen = []
    for act in ("verify", "unverify", "deactivate", "reactivate"):
        answer = browser.post(f"/desk/organisations/body/{act}")
        session().rollback()
        found = organisations.find("body")
        seen.append((answer.status_code, found.verified_at is not None, found.deactivated_at is not None))

    assert seen == [(303, True, False), (303, False, False), (303, False, True), (303, False, False)]
    assert "Deactivate Organisation" in text(browser.get("/desk/organisations/body/deactivate"))
    assert "Take the verification of" in text(browser.get("/desk/organisations/body/unverify"))


def test_unknown_organisation_is_not_found(make, login_as):
    browser = login_as(make.organiser())

    assert browser.get("/desk/organisations/nothing").status_code == 404
    assert browser.get("/desk/organisations/nothing/edit").status_code == 404
    for act in ("verify", "unverify", "deactivate", "reactivate"):
        assert browser.post(f"/desk/organisations/nothing/{act}").status_code == 404


def test_download_holds_the_filtered_organisations_and_is_recorded(make, login_as):
    make.organisation(name="@SUM(A1)", names={"en": "@SUM(A1)"}, country="CO")
    make.organisation(name="Other")
    organiser = make.organiser()

    answer = login_as(organiser).post("/desk/organisations/export", data={"country": "CO"})

    _, *rows = csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline=""))
    session().rollback()
    act = session().scalar(select(AuditEntry).where(AuditEntry.action == "organisations.exported"))
    assert [row[:3] for row in rows] == [["'@SUM(A1)", "Funder", "Colombia"]]
    assert (act.actor_id, act.details) == (organiser.id, {"rows": 1})


FACTS = {
    "side": "lac",
    "admin_area": "Tungurahua",
    "main_language": "es",
    "latitude": "-1.2491",
    "longitude": "-78.6168",
    "population": "370664",
    "population_year": "2022",
    "population_scope": "canton",
    "population_source": "https://census.example/",
    "population_confirmed": "y",
}


def test_facts_of_a_new_city_are_written_down(make, login_as):
    make.organisation(slug="ambato", kind=OrganisationKind.CITY)

    answer = login_as(make.organiser()).post("/desk/organisations/ambato/city", data=FACTS)

    session().rollback()
    profile = organisations.find("ambato").city
    assert answer.status_code == 303
    assert (profile.side.value, profile.latitude, profile.population, profile.population_confirmed) == (
        "lac",
        -1.2491,
        370664,
        True,
    )


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"latitude": "91"}, "A latitude lies between"),
        ({"latitude": "nan"}, "A latitude lies between"),
        ({"longitude": "east"}, "Please write a number."),
        ({"side": "moon"}, "Please choose one of the answers in the list."),
        ({"population_year": ""}, "Please give the year of the figure."),
    ],
    ids=["too far north", "no number", "word", "unknown side", "no year"],
)
def test_facts_that_cannot_be_are_refused_at_their_field(make, login_as, answers, words):
    make.organisation(slug="ambato", kind=OrganisationKind.CITY)

    answer = login_as(make.organiser()).post("/desk/organisations/ambato/city", data={**FACTS, **answers})

    session().rollback()
    assert answer.status_code == 422
    assert words in text(answer)
    assert organisations.find("ambato").city is None


def test_only_cities_have_facts(make, login_as):
    make.organisation(slug="fund")

    assert login_as(make.organiser()).get("/desk/organisations/fund/city").status_code == 404
