"""Who may read what of a project: by how near they are to it, in memory and in SQL alike."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace import clock as time
from marketplace.database import atomic, session
from marketplace.models import (
    Block,
    FileKind,
    MembershipState,
    OrganisationKind,
    Project,
    ProjectFile,
    ProjectListing,
    ProjectState,
    ReviewState,
    Role,
    Visibility,
)
from marketplace.services.projects import visibility

PUBLIC = frozenset({Block.BASICS, Block.STORY, Block.IMPACT})
REGISTERED = PUBLIC | {Block.MATURITY, Block.INCLUSION, Block.NEEDS}
MATCHED = REGISTERED | {Block.FINANCE, Block.DOCUMENTS, Block.CONTACT}
ALL = frozenset(Block)


def finance_in_sql(project, reader):
    statement = select(ProjectListing.id).where(
        ProjectListing.project_id == project.id, visibility.may_read_finance(reader)
    )
    return session().scalar(statement) is not None


@pytest.fixture
def project(make):
    return make.published(make.city())


@pytest.fixture
def funder(make, project):
    """An organisation that was offered the project and is verified."""
    funder = make.organisation()
    make.profile(funder)
    make.fit(project, funder)
    return funder


def member_of(make, organisation, **values):
    user = make.user()
    make.membership(user, organisation, **values)
    session().refresh(user)
    return user


def test_everybody_reads_what_is_public(project):
    assert visibility.readable(project, None) == PUBLIC
    assert visibility.level(project, None) is Visibility.PUBLIC
    assert not finance_in_sql(project, None)


def test_signed_in_reader_reads_more(make, project):
    reader = make.user()

    assert visibility.readable(project, reader) == REGISTERED
    assert not finance_in_sql(project, reader)


def test_member_of_matched_counterparty_reads_finance_documents_and_contact(make, project, funder):
    reader = member_of(make, funder)

    assert visibility.readable(project, reader) == MATCHED
    assert visibility.level(project, reader) is Visibility.MATCHED
    assert finance_in_sql(project, reader)


@pytest.mark.parametrize("change", ["not offered", "expired", "never verified", "deactivated", "left", "only asked"])
def test_counterparty_is_matched_only_while_all_holds(make, project, clock, change):
    funder = make.organisation(deactivated_at=time.now() if change == "deactivated" else None)
    until = {"expired": time.now(), "never verified": None}.get(change, time.now() + timedelta(days=9))
    make.profile(funder, verified_until=until)
    make.fit(project, funder, is_offered=change != "not offered")
    states = {"left": MembershipState.ENDED, "only asked": MembershipState.REQUESTED}
    reader = member_of(make, funder, state=states.get(change, MembershipState.ACTIVE))

    assert visibility.readable(project, reader) == REGISTERED
    assert not finance_in_sql(project, reader)


def test_verification_ends_at_its_moment(make, project, clock):
    funder = make.organisation()
    make.profile(funder, verified_until=time.now() + timedelta(hours=1))
    make.fit(project, funder)
    reader = member_of(make, funder)
    before = visibility.level(project, reader)

    clock.shift(timedelta(hours=1))

    assert (before, visibility.level(project, reader)) == (Visibility.MATCHED, Visibility.REGISTERED)


def test_match_with_another_project_opens_nothing(make, project):
    other = make.published(make.city())
    funder = make.organisation()
    make.profile(funder)
    make.fit(other, funder)
    reader = member_of(make, funder)

    assert visibility.readable(project, reader) == REGISTERED
    assert not finance_in_sql(project, reader)
    assert finance_in_sql(other, reader)


def test_own_city_reads_everything_and_other_cities_do_not(make, project):
    own, other = member_of(make, project.city), member_of(make, make.city())

    assert visibility.readable(project, own) == ALL
    assert finance_in_sql(project, own)
    assert visibility.readable(project, other) == REGISTERED
    assert not finance_in_sql(project, other)


def test_organisers_of_the_platform_read_everything_those_of_one_event_do_not(make, project):
    guest = make.user(totp_nonce="nonce", totp_confirmed_at=time.now())
    make.role(guest, Role.ORGANISER, make.event())
    session().refresh(guest)

    assert visibility.readable(project, make.organiser()) == ALL
    assert visibility.readable(project, guest) == REGISTERED
    assert not finance_in_sql(project, guest)


def test_organiser_without_second_factor_reads_like_anybody(make, project):
    reader = make.organiser(totp_confirmed_at=None, totp_nonce=None)

    assert visibility.readable(project, reader) == REGISTERED
    assert not finance_in_sql(project, reader)


@pytest.mark.parametrize(
    ("state", "of_project", "is_open"),
    [
        (ReviewState.ASSIGNED, ProjectState.IN_REVIEW, True),
        (ReviewState.ASSIGNED, ProjectState.WITHDRAWN, False),
        (ReviewState.STARTED, ProjectState.IN_REVIEW, True),
        (ReviewState.DONE, ProjectState.IN_REVIEW, True),
        (ReviewState.DONE, ProjectState.PUBLISHED, False),
        (ReviewState.DECLINED, ProjectState.IN_REVIEW, False),
        (ReviewState.REMOVED, ProjectState.IN_REVIEW, False),
    ],
)
def test_reviewer_reads_all_but_wanted_and_blocked_while_the_review_is_open(make, state, of_project, is_open):
    project = make.published(
        make.city(), state=of_project, content={"wanted_funders": ["one"], "blocked_orgs": ["two"]}
    )
    reviewer = make.user()
    make.role(reviewer, Role.REVIEWER)
    session().refresh(reviewer)
    make.review(project.versions[0], reviewer, state=state)

    found = visibility.reading(project, reviewer)
    seen = found.shown(project.content)

    assert (found.blocks == ALL) is is_open
    assert finance_in_sql(project, reviewer) is is_open
    assert "wanted_funders" not in seen
    assert "blocked_orgs" not in seen
    assert ("contact_email" in seen) is is_open


def test_city_decides_block_by_block(make):
    project = make.published(
        make.city(), content={"visibility": {"finance": "public", "story": "private", "impact": "registered"}}
    )

    assert visibility.readable(project, None) == {Block.BASICS, Block.FINANCE}
    assert visibility.readable(project, make.user()) == (REGISTERED - {Block.STORY}) | {Block.FINANCE}
    assert finance_in_sql(project, None)


def test_unknown_choice_opens_nothing(make):
    project = make.published(make.city(), content={"visibility": {"story": "everybody"}})

    assert Block.STORY not in visibility.readable(project, make.user())


def test_private_block_stays_with_the_city_even_for_matched_readers(make):
    project = make.published(make.city(), content={"visibility": {"finance": "private"}})
    funder = make.organisation()
    make.profile(funder)
    make.fit(project, funder)
    reader = member_of(make, funder)

    assert Block.FINANCE not in visibility.readable(project, reader)
    assert not finance_in_sql(project, reader)
    assert finance_in_sql(project, member_of(make, project.city))


@pytest.mark.parametrize("state", [ProjectState.DRAFT, ProjectState.SUBMITTED, ProjectState.ACCEPTED])
def test_what_is_not_in_the_book_is_read_by_its_city_only(make, state):
    project = make.project(make.city(), state=state)

    assert visibility.readable(project, None) == frozenset()
    assert visibility.readable(project, make.user()) == frozenset()
    assert visibility.readable(project, member_of(make, project.city)) == ALL


def test_withdrawn_project_and_city_out_of_service_are_not_in_the_book(make):
    withdrawn = make.published(make.city(), state=ProjectState.WITHDRAWN)
    gone = make.published(make.city(deactivated_at=time.now()))

    assert [visibility.readable(one, None) for one in (withdrawn, gone)] == [frozenset(), frozenset()]


def test_answers_no_sheet_declares_are_never_shown():
    assert visibility.shown({"stage": "scoping", "justifications": {"x": "y"}}, ALL) == {"stage": "scoping"}


def stored_file(make, project, kind):
    return make.store(
        ProjectFile(
            project_id=project.id,
            kind=kind,
            name="file.pdf",
            media_type="application/pdf",
            size=9,
            sha256="0" * 64,
            uploaded_at=time.now(),
        )
    )


def test_file_is_read_by_those_who_read_its_block_and_only_as_published(make, funder, project):
    named, not_named = (stored_file(make, project, FileKind.DECK) for _ in range(2))
    with atomic():
        version = session().get(type(project.versions[0]), project.versions[0].id)
        version.content = {**version.content, "deck": [named.uid]}
    project = session().get(Project, project.id)
    session().refresh(project)
    matched, stranger, own = member_of(make, funder), make.user(), member_of(make, project.city)

    def readers_of(file):
        return [visibility.may_read_file(project, file, reader) for reader in (None, stranger, matched, own)]

    assert readers_of(named) == [False, False, True, True]
    assert readers_of(not_named) == [False, False, False, True]


def test_reviewer_reads_files_of_the_version_under_review(make):
    project = make.project(make.city(), state=ProjectState.IN_REVIEW)
    named, not_named = (stored_file(make, project, FileKind.ENDORSEMENT) for _ in range(2))
    version = make.version(project, content={**project.content, "endorsement": [named.uid]})
    reviewer, other = make.user(), make.user()
    make.role(reviewer, Role.REVIEWER)
    session().refresh(reviewer)
    make.review(version, reviewer)

    assert visibility.may_read_file(project, named, reviewer)
    assert not visibility.may_read_file(project, not_named, reviewer)
    assert not visibility.may_read_file(project, named, other)


def test_file_of_another_project_is_not_reached_through_this_one(make, project):
    other = make.published(make.city())
    file = stored_file(make, other, FileKind.IMAGE)

    assert not visibility.may_read_file(project, file, member_of(make, project.city))


def test_kind_of_organisation_does_not_matter_for_a_match(make, project):
    vendor = make.organisation(kind=OrganisationKind.VENDOR)
    make.profile(vendor)
    make.fit(project, vendor)

    assert visibility.readable(project, member_of(make, vendor)) == MATCHED
