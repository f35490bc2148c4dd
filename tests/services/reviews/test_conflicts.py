"""Conflicts of interest of reviewers."""

from datetime import date

import pytest
from sqlalchemy import select

from marketplace.database import session
from marketplace.models import CitySide, ConflictOfInterest, MembershipState, ReviewState, User
from marketplace.services.reviews import conflicts


def test_nothing_in_common_is_no_conflict(case):
    assert conflicts.of(case.project, case.reviewer(email="ines@uni.example")) == frozenset()


def test_member_of_the_city_has_a_conflict_and_a_former_one_none(case):
    member, former = case.reviewer(email="a@city.example"), case.reviewer()
    case.make.membership(member, case.city)
    case.make.membership(former, case.city, state=MembershipState.ENDED)

    assert conflicts.of(case.project, member) >= {ConflictOfInterest.SAME_ORGANISATION}
    assert conflicts.of(case.project, former) == frozenset()


@pytest.mark.parametrize(
    ("email", "found"),
    [
        ("x@manaus.gov.example", True),
        ("x@MANAUS.GOV.example", True),
        ("x@other.manaus.gov.example", False),
        ("x@notmanaus.gov.example", False),
        ("x@gmail.com", False),
    ],
)
def test_mail_domain_of_the_citys_people_is_a_conflict(case, email, found):
    case.make.manager(case.city, email="private@gmail.com")
    reviewer = case.reviewer(email=email)

    assert (ConflictOfInterest.SAME_DOMAIN in conflicts.of(case.project, reviewer)) is found


def test_mail_domain_of_the_contact_person_is_a_conflict(case):
    assert case.project.content["contact_email"] == "ana.lima@example.org"
    assert conflicts.of(case.project, case.reviewer(email="me@example.org")) == {ConflictOfInterest.SAME_DOMAIN}


def test_pair_city_is_a_conflict_while_the_pair_lasts(case):
    stockton, albany = case.make.city(side=CitySide.US), case.make.city(side=CitySide.US)
    case.make.pair(case.city, stockton, valid_until=date(2024, 6, 1))
    case.make.pair(case.city, albany, valid_from=date(2024, 6, 1))
    before, now = case.reviewer(email="a@stockton.example"), case.reviewer(email="b@albany.example")
    case.make.membership(before, stockton)
    case.make.membership(now, albany)

    found = conflicts.of_all(case.project, [before, now])

    assert found == {before.id: frozenset(), now.id: frozenset({ConflictOfInterest.PAIR_CITY})}


def test_declared_conflict_stays_for_the_project(case):
    reviewer = case.reviewer(email="ines@uni.example")
    case.make.review(case.version, reviewer, state=ReviewState.DECLINED, conflicts=["declared"])
    busy = case.reviewer(email="busy@uni.example")
    case.make.review(case.version, busy, state=ReviewState.DECLINED)
    session().rollback()

    assert conflicts.of(case.project, reviewer) == {ConflictOfInterest.DECLARED}
    assert conflicts.of(case.project, busy) == frozenset()


def test_conflicts_of_many_take_a_fixed_number_of_queries(case, count_queries):
    for _ in range(20):
        case.reviewer()
    people = list(session().scalars(select(User)))
    session().refresh(case.project)

    with count_queries() as statements:
        conflicts.of_all(case.project, people)

    assert len(statements) <= 6
