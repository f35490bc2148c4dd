"""The organisers' check: given, ended by a change, by the organisers, by time, and the letters about it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from marketplace import clock as house_clock
from marketplace.database import session
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.models import AuditEntry, CounterpartyProfile, Job, Letter, MembershipRole, OrganisationKind
from marketplace.services import jobs, outbox
from marketplace.services.counterparties import profiles, verification
from marketplace.services.projects import visibility
from tests.mandates import mandate_of, solution_of

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def bank(make):
    return make.organisation(slug="bank", name="Bank", kind=OrganisationKind.FUNDER, verified_at=NOON)


@pytest.fixture
def ana(make, bank):
    return make.manager(bank, name="Ana", locale="pt")


@pytest.fixture
def organiser(make):
    return make.organiser(name="Olga")


@pytest.fixture
def profile(make, clock, bank, ana):
    return make.profile(bank, content=mandate_of(), verified_until=None)


def run() -> None:
    session().rollback()
    verification.remind(jobs.Run(0, 1, {}))
    session().rollback()
    session().expire_all()


def letters() -> list[tuple[str, str]]:
    session().rollback()
    return [(one.kind, one.recipient) for one in session().scalars(select(Letter).order_by(Letter.id))]


def test_verify_holds_for_twelve_months_and_tells_the_managers(make, bank, ana, organiser, profile):
    member, other = make.user(), make.manager(bank)
    make.membership(member, bank, role=MembershipRole.MEMBER)

    verification.verify("bank", profile.revision, organiser)

    assert (profile.verified_at, profile.verified_until) == (NOON, datetime(2027, 3, 2, 12, tzinfo=UTC))
    assert profile.verified_by_id == organiser.id
    assert sorted(letters()) == sorted(("profile_verified", one.email) for one in (ana, other))
    assert session().scalar(select(Job).where(Job.kind == "fits.rescore_counterparty")) is not None


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (datetime(2028, 2, 29, 8, tzinfo=UTC), datetime(2029, 2, 28, 8, tzinfo=UTC)),
        (datetime(2027, 2, 28, 8, tzinfo=UTC), datetime(2028, 2, 28, 8, tzinfo=UTC)),
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_twelve_months_are_a_year_of_the_calendar(start, end):
    assert verification.end_of_term(start) == end


def test_check_holds_to_the_second(organiser, profile, clock):
    verification.verify("bank", profile.revision, organiser)
    until = profile.verified_until

    clock.move_to(until - timedelta(seconds=1))
    assert (verification.is_verified(profile), verification.is_expired(profile)) == (True, False)
    clock.move_to(until)
    assert (verification.is_verified(profile), verification.is_expired(profile)) == (False, True)


def test_expired_check_closes_what_cities_keep_for_matched_parties_at_once(make, organiser, ana, bank, profile, clock):
    project = make.published(make.city(slug="manaus"), slug="park")
    make.fit(project, bank)
    verification.verify("bank", profile.revision, organiser)
    until = profile.verified_until

    def read():
        session().rollback()
        return session().scalar(visibility.matched(ana))

    clock.move_to(until - timedelta(seconds=1))
    assert read() == project.id
    clock.move_to(until)
    assert read() is None


def test_profile_changed_since_it_was_read_is_not_verified(organiser, ana, profile):
    profiles.save("bank", "about", {"decision_weeks": "9"}, 0, ana)

    with pytest.raises(Conflict):
        verification.verify("bank", 0, organiser)
    assert not verification.is_verified(profile)


def test_incomplete_own_and_retired_profiles_are_not_verified(make, bank, ana, organiser, profile):
    vendor = make.organisation(slug="vendor", kind=OrganisationKind.VENDOR)
    make.profile(vendor, content=solution_of(market_sounding=None), verified_until=None)
    with pytest.raises(Conflict):
        verification.verify("vendor", 0, organiser)

    make.membership(organiser, bank)
    with pytest.raises(Conflict):
        verification.verify("bank", 0, organiser)
    for slug in ("nowhere", "manaus"):
        with pytest.raises(NotFound):
            verification.verify(slug, 0, make.organiser())


def test_only_organisers_verify(make, bank, ana, profile):
    with pytest.raises(NotFound):
        verification.verify("bank", 0, ana)
    with pytest.raises(NotFound):
        verification.take_back("bank", "because", make.user())


def test_wording_leaves_the_check_and_a_deciding_answer_ends_it(organiser, ana, profile):
    verification.verify("bank", 0, organiser)

    worded = profiles.save("bank", "about", {"mandate": {"en": "We lend to cities."}}, 0, ana)
    assert (worded.ended, verification.is_verified(profile)) == (False, True)

    decided = profiles.save("bank", "money", {"ticket_max": "60000000"}, 1, ana)
    again = profiles.save("bank", "money", {"ticket_max": "70000000"}, 2, ana)
    session().refresh(profile)
    assert (decided.ended, again.ended, verification.is_verified(profile)) == (True, False, False)
    assert (profile.verified_at, profile.verified_until, profile.verified_by_id) == (None, None, None)
    assert letters()[1:] == [("profile_unverified", ana.email), ("profile_changed", organiser.email)]
    ended = session().scalar(select(AuditEntry).where(AuditEntry.action == "counterparty.verification_ended"))
    assert ended.details == {"changed": ["ticket_max"]}


def test_take_back_needs_a_reason_and_a_check_that_holds(organiser, ana, profile):
    with pytest.raises(Conflict):
        verification.take_back("bank", "because", organiser)
    verification.verify("bank", 0, organiser)
    for reason in (" \x00 ", "x" * 1001):
        with pytest.raises(Invalid):
            verification.take_back("bank", reason, organiser)

    verification.take_back("bank", "The list of exclusions has changed.", organiser)

    assert not verification.is_verified(profile)
    letter = session().scalars(select(Letter).order_by(Letter.id)).all()[-1]
    assert (letter.kind, letter.recipient) == ("profile_unverified", ana.email)
    assert "The list of exclusions has changed." in outbox.render(letter).text


def test_managers_are_reminded_30_and_7_days_before_and_told_the_end_once_each(organiser, ana, profile, clock):
    verification.verify("bank", 0, organiser)
    until, wanted = profile.verified_until, ["profile_verified"]

    for moment, kind in (
        (until - timedelta(days=30, seconds=1), ""),
        (until - timedelta(days=30), "profile_expiring"),
        (until - timedelta(days=7, seconds=1), ""),
        (until - timedelta(days=7), "profile_expiring"),
        (until - timedelta(seconds=1), ""),
        (until, "profile_expired"),
        (until + timedelta(days=1), ""),
    ):
        clock.move_to(moment)
        run()
        run()
        wanted += [kind] if kind else []
        assert letters() == [(one, ana.email) for one in wanted]
    assert profile.verified_until == until


def test_late_worker_writes_only_the_last_letter_that_is_due(organiser, ana, profile, clock):
    verification.verify("bank", 0, organiser)

    clock.move_to(profile.verified_until - timedelta(days=3))
    run()
    clock.move_to(profile.verified_until + timedelta(days=3))
    run()

    assert [kind for kind, _to in letters()] == ["profile_verified", "profile_expiring", "profile_expired"]


def test_renewed_check_is_reminded_of_anew(organiser, ana, profile, clock):
    verification.verify("bank", 0, organiser)
    clock.move_to(profile.verified_until - timedelta(days=10))
    run()
    verification.verify("bank", 0, organiser)
    clock.move_to(profile.verified_until - timedelta(days=10))
    run()

    assert [kind for kind, _to in letters()] == ["profile_verified", "profile_expiring"] * 2


def test_organisation_out_of_service_gets_no_reminder(organiser, ana, bank, profile, clock):
    verification.verify("bank", 0, organiser)
    clock.move_to(profile.verified_until + timedelta(days=1))
    from marketplace.database import atomic

    with atomic():
        bank.deactivated_at = house_clock.now()
    run()

    assert [kind for kind, _to in letters()] == ["profile_verified"]


def test_many_expiring_profiles_are_told_without_asking_for_each_twice(make, clock, count_queries):
    for _ in range(5):
        body = make.organisation(kind=OrganisationKind.VENDOR)
        make.manager(body)
        make.profile(body, content=solution_of(), verified_until=NOON + timedelta(days=5))
    run()
    first = len(letters())
    with count_queries() as statements:
        run()

    assert (first, len(letters())) == (5, 5)
    assert len(statements) < 12


@pytest.mark.parametrize("locale", ["en", "es", "pt"])
def test_letters_render_in_every_language(make, bank, organiser, clock, locale):
    person = make.manager(bank, locale=locale)
    make.profile(bank, content=mandate_of(), verified_until=None)
    verification.verify("bank", 0, organiser)
    profiles.save("bank", "money", {"ticket_max": "60000000"}, 0, person)
    verification.verify("bank", 1, organiser)
    profile = session().scalar(select(CounterpartyProfile))
    for days in (10, 0):
        clock.move_to(profile.verified_until - timedelta(days=days))
        run()

    found = session().scalars(select(Letter)).all()
    assert {one.kind for one in found} == {
        "profile_verified",
        "profile_unverified",
        "profile_changed",
        "profile_expiring",
        "profile_expired",
    }
    for one in found:
        content = outbox.render(one)
        assert "Bank" in content.subject
        assert ("/desk/counterparties/bank" if one.kind == "profile_changed" else "/my/mandate/bank") in content.text
        assert "/bank" in content.html
