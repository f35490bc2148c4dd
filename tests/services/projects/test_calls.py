"""Calls: entered, addressed to some cities, open for a while; reminders before they close."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from marketplace import clock as house_clock
from marketplace.database import session
from marketplace.errors import Conflict, Invalid, NotAllowed, NotFound
from marketplace.models import Call, Organisation, ProjectState
from marketplace.services import jobs
from marketplace.services.projects import calls, drafts, reminders

OPENS = datetime(2026, 3, 1, tzinfo=UTC)
CLOSES = datetime(2026, 3, 31, 22, tzinfo=UTC)


@pytest.fixture
def organiser(make, clock):
    return make.organiser()


def details(**values) -> calls.Details:
    values = {
        "titles": {"en": "Call of spring"},
        "timezone": "America/New_York",
        "opens_at": OPENS,
        "closes_at": CLOSES,
        **values,
    }
    return calls.Details(**values)


def test_calls_have_addresses_of_their_own(make, organiser):
    one, two = calls.create(details(), organiser), calls.create(details(), organiser)

    assert (one.slug, two.slug) == ("call-of-spring", "call-of-spring-2")
    assert calls.create(details(titles={"en": "New"}), organiser).slug != "new"
    assert calls.details_of(one) == details()


def test_only_organisers_enter_calls(make, organiser):
    call = calls.create(details(), organiser)
    stranger = make.manager(make.city())

    for act in (
        lambda: calls.create(details(), stranger),
        lambda: calls.edit(call.slug, details(), stranger),
        lambda: calls.retire(call.slug, stranger),
    ):
        with pytest.raises(NotAllowed):
            act()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"titles": {"en": " "}}, "titles_en"),
        ({"titles": {"es": "x" * 161}}, "titles_es"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"closes_at": OPENS}, "closes_at"),
        ({"countries": ("XX",)}, "countries"),
        ({"cities": ("nowhere",)}, "cities"),
        ({"event": "nothing"}, "event"),
        ({"most_per_city": 0}, "most_per_city"),
    ],
)
def test_what_cannot_be_is_refused_by_field(organiser, changes, field):
    with pytest.raises(Invalid) as refusal:
        calls.create(details(**changes), organiser)

    assert refusal.value.field == field
    assert session().scalar(select(func.count()).select_from(Call)) == 0


def test_call_is_for_the_cities_it_names_and_those_of_its_countries(make, organiser):
    manaus, cali, quito = (
        make.city(slug="manaus", country="BR"),
        make.city(slug="cali", country="CO"),
        make.city(slug="quito", country="EC"),
    )
    for_all = calls.create(details(), organiser)
    for_some = calls.create(details(countries=("BR",), cities=("cali",)), organiser)

    assert [bool(calls.eligible(for_some, city)) for city in (manaus, cali, quito)] == [False, False, True]
    assert calls.eligible(for_all, quito) == []
    assert calls.eligible(for_all, make.organisation())
    assert calls.for_city(quito) == [for_all]
    with pytest.raises(Invalid):
        calls.for_draft(for_some.slug, quito)


def test_drafts_begin_before_a_call_opens_and_not_after_it_closes(make, organiser, clock):
    call = calls.create(details(opens_at=datetime(2026, 3, 10, tzinfo=UTC)), organiser)
    ana = make.manager(make.city(slug="manaus"))

    assert calls.open_now() == []
    project = drafts.start("manaus", call.slug, {"en": "A park for all"}, ana)
    assert project.call == call
    clock.move_to(CLOSES)
    for slug in (call.slug, "nothing"):
        with pytest.raises(Invalid):
            drafts.start("manaus", slug, {"en": "A park for all"}, ana)
    clock.move_to(CLOSES - timedelta(seconds=1))
    assert calls.open_now() == [call]


def test_draft_changes_its_call(make, organiser):
    one, two = calls.create(details(), organiser), calls.create(details(), organiser)
    ana = make.manager(make.city(slug="manaus"))
    project = drafts.start("manaus", one.slug, {"en": "A park for all"}, ana)

    assert drafts.choose_call(project.slug, two.slug, ana).call_id == two.id
    assert drafts.choose_call(project.slug, None, ana).call_id is None
    with pytest.raises(NotFound):
        drafts.choose_call(project.slug, one.slug, make.user())
    published = make.project(ana.memberships[0].organisation, state=ProjectState.PUBLISHED)
    with pytest.raises(Conflict):
        drafts.choose_call(published.slug, one.slug, ana)


def test_retired_call_takes_no_answers(make, organiser):
    call = calls.create(details(), organiser)
    calls.retire(call.slug, organiser)
    calls.retire(call.slug, organiser)

    assert not calls.is_open(call)
    assert calls.open_now() == []
    assert calls.for_city(make.city()) == []


def test_cities_with_drafts_are_reminded_a_week_and_a_day_before(make, organiser, clock, deliver):
    call = calls.create(details(), organiser)
    manaus, cali = make.city(name="Manaus"), make.city(name="Cali")
    ana, rui = make.manager(manaus, locale="pt"), make.manager(cali)
    make.project(manaus, call_id=call.id)
    make.project(manaus, call_id=call.id)
    make.project(cali, call_id=call.id, state=ProjectState.SUBMITTED)

    first, second, call_id, cali_id = ana.email, rui.email, call.id, cali.id

    def reminded() -> list[str]:
        reminders.remind(jobs.Run(0, 1, {}))
        return [letter.recipient for letter in deliver() if letter.kind == "call_reminder"]

    assert reminded() == []
    clock.move_to(CLOSES - timedelta(days=7))
    assert reminded() == [first]
    clock.shift(timedelta(hours=5))
    assert reminded() == [first]
    clock.move_to(CLOSES - timedelta(days=3))
    make.project(session().get(Organisation, cali_id), call_id=call_id)
    assert reminded() == [first]
    clock.move_to(CLOSES - timedelta(days=1))
    assert reminded() == [first, first, second]
    clock.move_to(CLOSES)
    assert len(reminded()) == 3


def test_answers_are_listed_by_city(make, organiser):
    call = calls.create(details(), organiser)
    later, earlier = make.city(name="Quito"), make.city(name="Ambato")
    projects = [make.project(later, call_id=call.id), make.project(earlier, call_id=call.id)]
    make.project(later)

    assert list(session().scalars(calls.answers(call))) == projects[::-1]
    assert house_clock.now() < call.closes_at
