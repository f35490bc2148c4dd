import shutil
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from marketplace import config
from marketplace.cli.worker import work
from marketplace.compatibility import ratings
from marketplace.database import session
from marketplace.gateways import files as bytes_on_disk
from marketplace.models import (
    AuditEntry,
    Band,
    Call,
    CounterpartyProfile,
    CounterpartyVersion,
    Currency,
    Decision,
    DecisionKind,
    ExchangeRate,
    Facet,
    FileKind,
    Fit,
    FitStatus,
    FunderType,
    Hazard,
    Instrument,
    Language,
    Letter,
    Organisation,
    OrganisationKind,
    Project,
    ProjectEdit,
    ProjectFacet,
    ProjectFile,
    ProjectListing,
    ProjectState,
    ProjectVersion,
    Review,
    ReviewState,
    Sector,
    Stage,
    Technology,
)
from marketplace.services import desk_words, installation, sample
from marketplace.services.projects import calls, consistency, edits, publication, rules, states
from marketplace.services.reviews import decisions, in_course, rubric
from marketplace.services.sheets import checks
from marketplace.services.sheets.fields import Required
from marketplace.services.sheets.mandate import MANDATE
from marketplace.services.sheets.pitch import PITCH
from marketplace.services.sheets.solution import SOLUTION
from tests.conftest import empty_database

WAITS_FOR_ENGLISH = "hermosillo-techos-frescos-oficinas"
"""What is accepted and cannot be published before it is translated."""

NOUNS = (
    *(Project, ProjectEdit, ProjectVersion, ProjectListing, ProjectFacet, ProjectFile, Call, ExchangeRate),
    *(Review, Decision, CounterpartyProfile, CounterpartyVersion, Letter),
)


NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def programme(migrated_app):
    """The sample programme, loaded once for all tests of this module, which only read."""
    config.use(migrated_app.config["SETTINGS"])
    installation.forget()
    with migrated_app.app_context(), time_machine.travel(NOON, tick=False):
        empty_database()
        sample.load()
        while work(migrated_app):
            pass
    yield migrated_app
    with migrated_app.app_context():
        empty_database()
    shutil.rmtree(config.current().upload_dir, ignore_errors=True)


@pytest.fixture
def loaded(programme, clock):
    """The sample programme, loaded on 2 March 2026: the projects by slug."""
    with programme.app_context():
        yield {project.slug: project for project in session().scalars(select(Project))}
        session().close()


def counts() -> dict[str, int]:
    return {noun.__name__: session().scalar(select(func.count()).select_from(noun)) for noun in NOUNS}


def test_repeating_the_load_adds_nothing(loaded):
    first = counts()

    sample.load()

    assert counts() == first


def test_pitches_are_at_all_stages_and_in_all_states(loaded):
    sides = Counter(project.city.city.side.value for project in loaded.values())
    reached = Counter(project.state for project in loaded.values())
    cities = {project.city.slug for project in loaded.values()}

    assert sides == {"lac": 35, "us": 12}
    assert len(cities) == 24
    assert reached == {
        ProjectState.DRAFT: 3,
        ProjectState.SUBMITTED: 2,
        ProjectState.IN_REVIEW: 3,
        ProjectState.CHANGES_REQUESTED: 2,
        ProjectState.ACCEPTED: 2,
        ProjectState.PUBLISHED: 32,
        ProjectState.DECLINED: 2,
        ProjectState.WITHDRAWN: 1,
    }
    assert set(session().scalars(select(ProjectListing.stage))) >= set(Stage) - {Stage.SCOPING}
    assert {project.content.get("stage") for project in loaded.values()} >= set(Stage)


def test_every_sector_hazard_instrument_technology_and_currency_is_used(loaded):
    said = [project.content for project in loaded.values()]

    def used(name: str) -> set[str]:
        return {code for content in said for code in content.get(name, [])}

    assert {content["sector_primary"] for content in said} == set(Sector)
    assert used("hazards") == set(Hazard)
    assert used("instruments_sought") == set(Instrument)
    assert used("technology_needs") == set(Technology)
    assert {content["currency"] for content in said if "currency" in content} == set(Currency)


def test_the_six_known_projects_name_their_sources(loaded):
    known = {
        slug: [row["url"] for row in project.content["plan_links"] if "url" in row]
        for slug, project in loaded.items()
        if any("url" in row for row in project.content["plan_links"])
    }

    assert set(known) == {
        "hermosillo-parque-de-la-vida",
        "manaus-viva-mindu",
        "fortaleza-conector-verde-urbano",
        "cartagena-parque-distrital-cienaga-de-la-virgen",
        "freeport-garden-village",
        "montego-bay-room-for-the-gullies",
    }
    assert all(url == loaded[slug].city.city.known_project_source for slug, (url,) in known.items())


def test_everything_invented_is_marked(loaded):
    for noun in (Project, Call, ExchangeRate, CounterpartyProfile):
        assert set(session().scalars(select(noun.is_illustrative))) == {True}


def test_what_was_submitted_passes_the_checks_of_its_state(loaded):
    for project in loaded.values():
        if project.state is ProjectState.PUBLISHED:
            assert project.listing is not None
            assert publication.problems(project.versions[-1]) == [], project.slug
        elif project.state is ProjectState.ACCEPTED:
            found = rules.problems(project.content, project.city, Required.PUBLISH)
            waits = ["title", "summary", "problem", "solution"] if project.slug == WAITS_FOR_ENGLISH else []
            assert [problem.field for problem in found] == [f"{name}.en" for name in waits], project.slug
        for version in project.versions:
            day = version.submitted_at.date()
            found = rules.problems(version.content, project.city, Required.SUBMIT, day)
            assert found == [], f"{project.slug} {version.number}"


def test_texts_are_in_the_citys_language_and_half_are_translated(loaded):
    titles = [(project, set(project.content["title"])) for project in loaded.values()]

    assert all(project.city.city.main_language in languages for project, languages in titles)
    assert Counter(len(languages) for _, languages in titles) == {1: 18, 2: 22, 3: 7}
    assert all(
        set(project.content[name]) == languages
        for project, languages in titles
        for name in ("summary", "problem", "solution")
        if name in project.content
    )
    missing = {slug: checks.missing_translations(PITCH, project.content) for slug, project in loaded.items()}
    assert missing["ambato-compostaje-mercado-mayorista"]["title"] == ["pt"]
    assert missing[WAITS_FOR_ENGLISH]["title"] == ["en", "pt"]


def test_some_warnings_are_justified_and_some_are_not(loaded):
    found = [
        (warning.code, bool(warning.justified))
        for project in loaded.values()
        for warning in consistency.warnings(project.content, project.city)
    ]

    assert {code for code, justified in found if justified} == {
        "ghg_without_mitigation",
        "ghg_large",
        "loan_without_guarantee",
        "women_extreme",
    }
    assert {code for code, justified in found if not justified} == {
        "resettlement_without_standard",
        "low_income_extreme",
    }


def test_the_history_leads_back_to_the_title_a_project_began_with(loaded):
    for project in loaded.values():
        # Of the others, old edits are emptied by a daily job.
        if project.state not in states.RESTING:
            known = edits.known(project, 0)
            assert known.content is not None
            assert set(known.content) <= {"title"}, project.slug
        assert project.completeness == checks.completeness(PITCH, project.content)


def test_what_was_sent_back_differs_from_what_came_after(loaded):
    revised = [project for project in loaded.values() if len(project.versions) == 2]

    assert len(revised) == 5
    for project in revised:
        first, second = project.versions
        assert first.submitted_at < second.submitted_at
        assert first.content["cost_accuracy_pct"] > second.content["cost_accuracy_pct"]
        assert second.content == project.content
        assert first.content["problem"] != second.content["problem"]


def test_amounts_are_frozen_at_the_rate_of_their_submission(loaded):
    for project in loaded.values():
        for version in project.versions:
            assert version.usd_rate_on <= version.submitted_at.date()
            assert (version.usd_rate == 1) == (version.currency in {"USD", "BSD"})
    asks = session().scalars(select(ProjectListing.ask_usd)).all()
    assert all(500_000 < ask < 100_000_000 for ask in asks)


def test_files_are_there_and_pictures_are_described(loaded):
    stored = session().scalars(select(ProjectFile)).all()
    folder = config.current().upload_dir / "projects"

    assert Counter(file.kind for file in stored)[FileKind.IMAGE] == 15
    assert Counter(file.kind for file in stored)[FileKind.CONCEPT_NOTE] == 9
    for file in stored:
        recognised = bytes_on_disk.recognise(bytes_on_disk.read(folder, file.uid))
        assert recognised is not None
        assert recognised.media_type == file.media_type
        assert set(file.alt) == ({"en", "es", "pt"} if file.kind is FileKind.IMAGE else set())


def test_one_call_is_closed_and_one_is_open_in_the_zone_of_the_event(loaded):
    stored = {call.slug: call for call in session().scalars(select(Call))}
    first, second = stored["marketplace-first-round"], stored["marketplace-second-round"]

    assert [call.slug for call in calls.open_now()] == ["marketplace-second-round"]
    assert first.closes_at < datetime(2026, 3, 2, tzinfo=UTC) - timedelta(days=120)
    assert second.closes_at == datetime(2026, 3, 27, 3, 59, tzinfo=UTC)
    assert {call.timezone for call in stored.values()} == {"America/New_York"}
    assert all(
        project.versions[0].submitted_at < project.call.closes_at
        for project in loaded.values()
        if project.call and project.versions
    )


def test_reviews_are_in_every_state_and_a_moderator_settles(loaded):
    reached = Counter(session().scalars(select(Review.state)))
    moderated = [
        project
        for project in loaded.values()
        if project.versions and rubric.combine(in_course.of_version(project.versions[-1])).differs
    ]

    assert set(reached) == set(ReviewState)
    assert {project.slug for project in moderated} == {
        "hermosillo-parque-de-la-vida",
        "renca-escuelas-termicas",
        "dallas-five-hundred-cool-stops",
    }
    assert {project.band for project in loaded.values() if project.listing} == {
        Band.INVESTMENT_READY,
        Band.PREPARATION,
        Band.CONCEPT,
    }
    for review in session().scalars(select(Review).where(Review.state == ReviewState.DONE)):
        assert review.done_at > review.assigned_at
        assert review.summary
        assert set(review.comments) <= {step.name for step in PITCH.steps}


def test_readiness_is_what_the_reviews_come_to(loaded):
    for project in loaded.values():
        if project.readiness is not None:
            combined = rubric.combine(in_course.of_version(project.versions[-1]))
            assert (combined.readiness, combined.band) == (project.readiness, project.band)
        assert (project.readiness is not None) or project.state is not ProjectState.PUBLISHED


def test_decisions_have_messages_for_the_city(loaded):
    kinds = Counter(session().scalars(select(Decision.kind)))

    assert kinds == {
        DecisionKind.CHANGES_REQUESTED: 7,
        DecisionKind.ACCEPTED: 34,
        DecisionKind.DECLINED: 2,
        DecisionKind.PUBLISHED: 32,
    }
    for decision in session().scalars(select(Decision).where(Decision.kind != DecisionKind.PUBLISHED)):
        assert len(decision.message) > 80
        assert decision.scores
    latest = decisions.of_project(loaded["manaus-viva-mindu"])
    assert [decision.kind.value for decision in latest] == ["published", "accepted", "changes_requested"]


def test_the_trail_tells_the_life_of_a_project_in_order(loaded):
    entries = session().scalars(
        select(AuditEntry).where(AuditEntry.object_uid == loaded["manaus-viva-mindu"].uid).order_by(AuditEntry.id)
    )
    told = [(entry.at, entry.action) for entry in entries]

    assert told == sorted(told, key=lambda act: act[0])
    assert [action for _, action in told if action.startswith("project.")] == [
        "project.started",
        "project.submitted",
        "project.changes_requested",
        "project.submitted",
        "project.accepted",
        "project.published",
    ]
    assert set(session().scalars(select(AuditEntry.action).distinct())) <= set(desk_words.ACTS)


def test_nobody_reviews_without_speaking_the_language(loaded):
    for review in session().scalars(select(Review)):
        assert review.project.city.city.main_language in review.reviewer.spoken_languages


def test_every_funder_and_vendor_has_a_valid_profile(loaded):
    profiles = session().scalars(select(CounterpartyProfile)).all()
    kinds = Counter(profile.organisation.kind for profile in profiles)

    assert kinds == {OrganisationKind.FUNDER: 30, OrganisationKind.VENDOR: 20}
    for profile in profiles:
        sheet = MANDATE if profile.organisation.kind is OrganisationKind.FUNDER else SOLUTION
        assert checks.problems(sheet, profile.content, Required.SUBMIT) == [], profile.organisation.slug
        low, high = profile.content.get("ticket_min"), profile.content.get("ticket_max")
        assert low is None or high is None or float(low) < float(high)
        grade = profile.content.get("min_rating", "none")
        assert grade == "none" or ratings.steps_below_top(grade) is not None


def test_mandates_follow_the_documented_rules(loaded):
    said = {profile.organisation.slug: profile.content for profile in session().scalars(select(CounterpartyProfile))}

    assert {content["funder_type"] for content in said.values() if "funder_type" in content} == set(FunderType)
    assert said["hemisphere-development-bank"]["guarantee_required"] == "none"
    assert said["hemisphere-development-bank"]["borrowing_capacity_required"] == "yes"
    assert (
        said["great-lakes-export-credit"]["min_rating"],
        said["great-lakes-export-credit"]["supplier_countries"],
    ) == (
        "B",
        ["US"],
    )
    assert said["banco-andino-caribeno-de-ciudades"]["ticket_basis"] == "total_cost"
    assert said["cauce-capital"]["area"] == {
        "kind": "border",
        "border": "mexico_us_border",
        "north_km": 100.0,
        "south_km": 300.0,
    }
    assert said["first-mile-project-preparation"]["oda_only"] == "yes"
    assert said["hemispheric-studies-and-pilots-agency"]["uses_funded"] == ["studies"]
    assert sum("ticket_basis" not in content for content in said.values() if "funder_type" in content) >= 3


def test_solutions_cover_every_category_and_the_hard_cases(loaded):
    said = [
        profile.content
        for profile in session().scalars(select(CounterpartyProfile))
        if profile.organisation.kind is OrganisationKind.VENDOR
    ]

    assert {code for content in said for code in content["categories"]} == set(Technology)
    assert Counter(content.get("is_debarred") for content in said) == {"no": 18, "yes": 1, "unknown": 1}
    assert Counter(content["market_sounding"] for content in said) == {"yes": 18, "no": 1, "unknown": 1}
    assert sum(content.get("vendor_finance") == "yes" for content in said) >= 4


def test_profiles_are_verified_expired_or_not_checked_at_all(loaded):
    now = NOON
    until = session().scalars(select(CounterpartyProfile.verified_until)).all()

    assert sum(one is None for one in until) == 8
    assert sum(one is not None and one < now for one in until) == 3


def test_organisations_named_in_pitches_and_profiles_exist(loaded):
    known = set(session().scalars(select(Organisation.slug)))
    contents = [
        *(project.content for project in loaded.values()),
        *session().scalars(select(CounterpartyProfile.content)),
    ]

    named = {
        slug
        for content in contents
        for name in ("wanted_funders", "wanted_cities", "blocked_orgs", "conflict_cities")
        for slug in content.get(name, [])
    }

    assert named
    assert named <= known


def test_contacts_are_people_of_the_city_who_can_be_written_to(loaded):
    languages = {language.value for language in Language}

    for project in loaded.values():
        assert project.content["contact_email"].startswith(f"city.{project.city.slug}")
        assert project.content["contact_language"] in languages


def test_facets_of_the_book_are_those_of_what_is_published(loaded):
    instruments = set(session().scalars(select(ProjectFacet.code).where(ProjectFacet.facet == Facet.INSTRUMENT)))

    assert instruments == set(Instrument)


def test_every_published_project_fits_a_funder_and_a_vendor(loaded):
    offered = (
        session()
        .execute(
            select(Project.slug, Organisation.kind)
            .select_from(Fit)
            .join(Project, Project.id == Fit.project_id)
            .join(Organisation, Organisation.id == Fit.organisation_id)
            .where(Fit.is_offered)
            .distinct()
        )
        .all()
    )

    published = {slug for slug, project in loaded.items() if project.listing}
    for kind in (OrganisationKind.FUNDER, OrganisationKind.VENDOR):
        assert {slug for slug, of in offered if of is kind} == published


def test_the_border_rule_admits_hermosillo_and_not_merida(loaded):
    rows = session().execute(
        select(Project.slug, Fit.status)
        .join(Fit, Fit.project_id == Project.id)
        .join(Organisation, Organisation.id == Fit.organisation_id)
        .where(Organisation.slug == "cauce-capital")
    )
    found = dict(rows.all())

    assert found["hermosillo-reuso-de-agua-poniente"] in {FitStatus.OFFERED, FitStatus.TO_CHECK}
    assert found["merida-agua-limpia-para-el-acuifero"] is FitStatus.NEAR_MISS
