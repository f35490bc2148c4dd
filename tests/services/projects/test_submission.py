"""Submitting to a call, once and in time; withdrawing, reopening, publishing, and the letters at each turn."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from marketplace.database import atomic, session
from marketplace.errors import Conflict, Invalid, NotAllowed, NotFound
from marketplace.models import (
    Decision,
    Facet,
    Job,
    Letter,
    Organisation,
    ProjectFacet,
    ProjectListing,
    ProjectState,
    ProjectVersion,
    Visibility,
)
from marketplace.services.projects import calls, drafts, publication, rates, submission
from marketplace.services.sheets.fields import Required

CLOSES = datetime(2026, 3, 2, 18, tzinfo=UTC)


@pytest.fixture
def city(make, clock):
    return make.city(slug="manaus", name="Manaus", timezone="America/Manaus")


@pytest.fixture
def ana(make, city):
    return make.manager(city)


@pytest.fixture
def organiser(make):
    return make.organiser()


@pytest.fixture
def call(organiser):
    return calls.create(details(), organiser)


def details(**values) -> calls.Details:
    values = {
        "titles": {"en": "Call of spring"},
        "timezone": "America/New_York",
        "opens_at": datetime(2026, 3, 1, tzinfo=UTC),
        "closes_at": CLOSES,
        **values,
    }
    return calls.Details(**values)


@pytest.fixture
def project(make, city, call):
    return make.project(city, call_id=call.id)


def letters() -> list[tuple[str, str]]:
    return sorted((letter.kind, letter.recipient) for letter in session().scalars(select(Letter)))


def test_submission_makes_a_version_and_writes_to_both_sides(make, city, ana, organiser, project):
    member = make.user()
    make.membership(member, city)

    version = submission.submit(project.slug, ana)

    assert (version.number, version.currency, version.usd_rate) == (1, "USD", Decimal(1))
    assert version.content == project.content
    assert project.state is ProjectState.SUBMITTED
    assert letters() == sorted(("project_submitted", reader.email) for reader in (ana, member, organiser))


def test_only_the_manager_of_the_city_submits(make, city, organiser, project):
    member = make.user()
    make.membership(member, city)
    session().refresh(member)

    for reader in (member, organiser):
        with pytest.raises(NotAllowed):
            submission.submit(project.slug, reader)
    with pytest.raises(NotFound):
        submission.submit(project.slug, make.manager(make.city()))
    assert session().scalar(select(func.count()).select_from(ProjectVersion)) == 0


def test_second_submission_is_refused(ana, project):
    submission.submit(project.slug, ana)

    with pytest.raises(Conflict):
        submission.submit(project.slug, ana)
    assert session().scalar(select(func.count()).select_from(ProjectVersion)) == 1


@pytest.mark.parametrize("name", ["is_infrastructure", "exclusion_list_ack", "accuracy_ack", "title", "capex", "sdgs"])
def test_gate_and_required_answers_are_demanded(make, city, call, ana, name):
    project = make.project(city, call_id=call.id, content={name: None})

    with pytest.raises(publication.NotReady) as refusal:
        submission.submit(project.slug, ana)

    assert name in {problem.field for problem in refusal.value.problems}


def test_call_is_open_to_the_second(make, city, call, ana, clock):
    project, late = make.project(city, call_id=call.id), make.project(city, call_id=call.id)
    clock.move_to(CLOSES - timedelta(microseconds=1))
    submission.submit(project.slug, ana)
    clock.move_to(CLOSES)

    with pytest.raises(Conflict):
        submission.submit(late.slug, ana)
    assert [calls.is_open(call, at) for at in (call.opens_at - timedelta(seconds=1), call.opens_at)] == [False, True]


def test_late_submission_needs_leave(make, city, call, ana, organiser, project, clock):
    clock.move_to(CLOSES + timedelta(hours=1))
    until = CLOSES + timedelta(days=2)
    for reader in (ana, make.user()):
        with pytest.raises(NotAllowed):
            calls.allow_late(project.slug, until, "The river rose", reader)
    for bad in ({"until": CLOSES}, {"reason": " "}):
        with pytest.raises(Invalid):
            calls.allow_late(**{"slug": project.slug, "until": until, "reason": "x", "by": organiser, **bad})

    calls.allow_late(project.slug, until, "The river rose", organiser)
    assert letters() == [("project_late_allowed", ana.email)]
    clock.move_to(until)
    with pytest.raises(Conflict):
        submission.submit(project.slug, ana)
    clock.move_to(until - timedelta(seconds=1))

    assert submission.submit(project.slug, ana).number == 1
    assert project.late_until is None


def test_draft_without_call_or_for_a_retired_one_is_not_submitted(make, city, call, ana, organiser, project):
    with pytest.raises(Conflict):
        submission.submit(make.project(city).slug, ana)
    calls.retire(call.slug, organiser)

    with pytest.raises(Conflict):
        submission.submit(project.slug, ana)


def test_city_answers_a_call_only_so_often(make, city, call, ana, organiser, project):
    calls.edit(call.slug, details(most_per_city=1), organiser)
    second = make.project(city, call_id=call.id)
    submission.submit(project.slug, ana)

    with pytest.raises(Conflict):
        submission.submit(second.slug, ana)
    submission.withdraw(project.slug, "Wrong project", ana)
    assert submission.submit(second.slug, ana).number == 1


def test_rate_of_the_day_is_frozen(make, city, call, ana, organiser, clock):
    project = make.project(city, call_id=call.id, content={"currency": "BRL"})
    with pytest.raises(Conflict):
        submission.submit(project.slug, ana)
    rates.enter("BRL", datetime(2026, 2, 1).date(), Decimal("5.25"), "BCB", organiser)

    version = submission.submit(project.slug, ana)
    rates.enter("BRL", datetime(2026, 2, 1).date(), Decimal("9"), "BCB", organiser)

    session().refresh(version)
    assert (version.usd_rate, version.usd_rate_on) == (Decimal("5.25"), datetime(2026, 2, 1).date())


def test_changes_asked_for_are_submitted_after_the_call(make, city, call, ana, clock):
    project = make.project(city, call_id=call.id, state=ProjectState.CHANGES_REQUESTED)
    make.version(project, number=1)
    clock.move_to(CLOSES + timedelta(days=30))

    assert submission.submit(project.slug, ana).number == 2


def test_submitted_text_stays_when_the_working_text_changes(ana, project):
    version = submission.submit(project.slug, ana)
    with atomic():
        project.state = ProjectState.CHANGES_REQUESTED
    drafts.save(project.slug, "project", {"served_areas": "Other"}, project.revision, ana)

    session().refresh(version)
    assert version.content["served_areas"] == "Zona Leste"


def test_withdrawn_project_leaves_the_book_and_can_be_reopened(make, city, ana, organiser):
    project = make.published(city)
    member = make.user()
    make.membership(member, city)
    session().refresh(member)
    for reader in (member, organiser):
        with pytest.raises(NotAllowed):
            submission.withdraw(project.slug, "x", reader)
    with pytest.raises(Invalid):
        submission.withdraw(project.slug, " \x00", ana)

    submission.withdraw(project.slug, "The council stopped it", ana)

    assert (project.state, project.end_reason) == (ProjectState.WITHDRAWN, "The council stopped it")
    assert session().scalar(select(func.count()).select_from(ProjectListing)) == 0
    assert session().scalar(select(func.count()).select_from(ProjectFacet)) == 0
    assert letters() == sorted(("project_withdrawn", reader.email) for reader in (ana, member, organiser))
    with pytest.raises(Conflict):
        submission.withdraw(project.slug, "again", ana)
    with pytest.raises(NotAllowed):
        submission.reopen(project.slug, member)
    assert submission.reopen(project.slug, ana).state is ProjectState.DRAFT


def test_declined_project_is_reopened_by_the_organisers(make, city, ana, organiser):
    project = make.project(city, state=ProjectState.DECLINED)

    with pytest.raises(NotAllowed):
        submission.reopen(project.slug, ana)
    assert submission.reopen(project.slug, organiser).state is ProjectState.DRAFT


def accepted(make, city, **content):
    project = make.project(city, state=ProjectState.ACCEPTED, content=content)
    make.version(project, number=1, usd_rate=Decimal("5"), currency="BRL")
    session().refresh(project)
    return project


def test_publication_makes_what_the_book_filters_by(make, city, ana, organiser):
    project = accepted(make, city, visibility={"finance": "registered"})

    publication.publish(project.slug, organiser)

    listing = project.listing
    assert project.state is ProjectState.PUBLISHED
    assert (listing.country, listing.sector, listing.ask_usd, listing.cost_usd) == ("BR", "nbs", 2_400_000, 4_000_000)
    assert listing.finance_visibility is Visibility.REGISTERED
    assert "manaus" in listing.search_text
    found = session().execute(select(ProjectFacet.facet, ProjectFacet.code)).all()
    assert {(Facet.SECTOR, "nbs"), (Facet.SECTOR, "flood"), (Facet.SDG, "13"), (Facet.INSTRUMENT, "grant")} <= set(
        found
    )
    assert letters() == [("project_published", ana.email)]
    assert session().scalar(select(Decision.kind)) == "published"
    job = session().scalars(select(Job).where(Job.kind == "fits.rescore_project")).one()
    assert job.payload == {"project": project.id}


def test_publication_needs_an_accepted_and_whole_project(make, city, ana, organiser):
    project = accepted(make, city, land_status=None)

    with pytest.raises(publication.NotReady) as refusal:
        publication.publish(project.slug, organiser)
    assert [problem.field for problem in refusal.value.problems] == ["land_status"]
    for state in (ProjectState.DRAFT, ProjectState.SUBMITTED, ProjectState.DECLINED):
        other = make.project(city, state=state)
        make.version(other, number=1)
        with pytest.raises(Conflict):
            publication.publish(other.slug, organiser)
    for stranger in (ana, make.user()):
        with pytest.raises(NotFound):
            publication.publish(project.slug, stranger)


def test_update_replaces_what_is_published_only_when_it_is_published(make, city, ana, organiser):
    project = accepted(make, city)
    publication.publish(project.slug, organiser)
    with pytest.raises(Conflict):
        submission.submit(project.slug, ana)
    drafts.save(project.slug, "project", {"title": {"en": "A new name for it"}, "hazards": ["heat"]}, 0, ana)

    submission.submit(project.slug, ana)

    assert (project.state, project.listing.titles["en"]) == (
        ProjectState.SUBMITTED,
        "Linear park along the Mindu stream",
    )
    with atomic():
        project.state = ProjectState.ACCEPTED
    publication.publish(project.slug, organiser)
    assert project.listing.titles == {"en": "A new name for it"}
    assert session().scalar(select(func.count()).select_from(ProjectListing)) == 1
    hazards = select(ProjectFacet.code).where(ProjectFacet.facet == Facet.HAZARD)
    assert list(session().scalars(hazards)) == ["heat"]


def test_update_must_be_as_whole_as_the_book_demands(make, city, ana):
    project = accepted(make, city)
    drafts.save(project.slug, "maturity", {"land_status": ""}, 0, ana)

    assert submission.level(project) is Required.PUBLISH
    with pytest.raises(publication.NotReady):
        submission.submit(project.slug, ana)


def test_project_is_taken_out_of_the_book(make, city, ana, organiser):
    project = make.published(city)
    with pytest.raises(NotFound):
        publication.unpublish(project.slug, ana)

    publication.unpublish(project.slug, organiser, "A claim on the land")

    assert (project.state, project.listing) == (ProjectState.ACCEPTED, None)
    assert letters() == [("project_unpublished", ana.email)]
    with pytest.raises(Conflict):
        publication.unpublish(project.slug, organiser)


def test_deactivated_city_does_not_submit(ana, city, project):
    with atomic():
        session().get(Organisation, city.id).deactivated_at = CLOSES
    session().expire_all()

    with pytest.raises(NotAllowed):
        submission.submit(project.slug, ana)
    with pytest.raises(NotAllowed):
        drafts.save(project.slug, "project", {"served_areas": "x"}, 0, ana)
    assert drafts.find(project.slug, ana)


def test_withdrawing_ends_open_reviews(make, city, ana, project):
    version = submission.submit(project.slug, ana)
    reviewer = make.user()
    with atomic():
        project.state = ProjectState.IN_REVIEW
    review = make.review(version, reviewer)

    submission.withdraw(project.slug, "No more", ana)

    session().refresh(review)
    assert review.state == "removed"
    assert ("review_ended", reviewer.email) in letters()
