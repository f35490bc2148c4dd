from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace import clock as house_clock
from marketplace.database import session
from marketplace.errors import Conflict, NotAllowed, NotFound
from marketplace.models import AccountState, AuditEntry, Letter, MembershipState, OneTimeLink, Role
from marketplace.services import paging, people, sessions


def names(**wanted) -> list[str]:
    return [user.name for user in paging.page(people.listing(people.Filter(**wanted)))]


def last_act() -> tuple[str, int | None, str]:
    entry = session().scalar(select(AuditEntry).order_by(AuditEntry.id.desc()))
    return entry.action, entry.actor_id, entry.object_uid


def test_listing_finds_names_and_addresses_without_accents_and_case(app, make):
    make.user(name="José Núñez", email="jn@example.org")
    make.user(name="Joana Prado", email="nunez@example.org")
    make.user(name="Somebody")

    assert names(query="NUNEZ") == ["Joana Prado", "José Núñez"]
    assert names(query="jose nuñez") == ["José Núñez"]
    assert names(query="%") == []


def test_listing_filters_by_state_role_organisation_and_language(app, make):
    organisation = make.organisation(slug="fund")
    make.user(name="Deleted", state=AccountState.DELETED)
    make.user(name="Waiting", state=AccountState.UNCONFIRMED, locale="es")
    reviewer = make.user(name="Reviewer")
    make.role(reviewer, Role.REVIEWER, make.event())
    member = make.user(name="Member", locale="pt")
    make.membership(member, organisation)
    make.membership(make.user(name="Former"), organisation, state=MembershipState.ENDED)

    assert names() == ["Former", "Member", "Reviewer", "Waiting"]
    assert names(state=AccountState.DELETED) == ["Deleted"]
    assert names(role=Role.REVIEWER) == ["Reviewer"]
    assert names(organisation="fund") == ["Member"]
    assert names(locale="es") == ["Waiting"]


def test_listing_sorts_people_who_never_signed_in_last(app, make):
    now = house_clock.now()
    make.user(name="Never")
    make.user(name="Long ago", last_signed_in_at=now - timedelta(days=3))
    make.user(name="Just now", last_signed_in_at=now)

    assert names(sort="seen") == ["Long ago", "Just now", "Never"]
    assert names(sort="-seen") == ["Just now", "Long ago", "Never"]


def test_listing_costs_the_same_for_one_and_three_people(app, make, count_queries):
    def member():
        make.role(user := make.user(), Role.REVIEWER, make.event())
        make.membership(user, make.organisation())

    member()
    with count_queries() as one:
        names()
    member()
    member()
    session().rollback()
    with count_queries() as three:
        names()

    assert len(three) == len(one) <= 6


def test_deactivate_ends_sessions_and_links_and_can_be_taken_back(app, make):
    organiser, person = make.organiser(), make.user(confirmed_at=house_clock.now())
    token = sessions.begin(person, browser="", network="127.0.0.1", with_second_factor=False)
    people.send_password_reset(person.uid, by=organiser)

    people.deactivate(person.uid, by=organiser)

    assert people.find(person.uid).state is AccountState.DEACTIVATED
    assert sessions.find(token) is None
    assert session().scalar(select(OneTimeLink.expires_at)) <= house_clock.now()
    assert last_act() == ("account.deactivated", organiser.id, person.uid)

    people.reactivate(person.uid, by=organiser)

    assert people.find(person.uid).state is AccountState.ACTIVE
    assert last_act() == ("account.reactivated", organiser.id, person.uid)


def test_reactivate_leaves_an_address_that_was_never_confirmed_unconfirmed(app, make):
    organiser, person = make.organiser(), make.user(state=AccountState.UNCONFIRMED)
    people.deactivate(person.uid, by=organiser)

    people.reactivate(person.uid, by=organiser)

    assert people.find(person.uid).state is AccountState.UNCONFIRMED


def test_deactivate_twice_is_a_conflict(app, make):
    organiser, person = make.organiser(), make.user()
    people.deactivate(person.uid, by=organiser)

    with pytest.raises(Conflict):
        people.deactivate(person.uid, by=organiser)


@pytest.mark.parametrize("act", [people.deactivate, people.reactivate])
def test_nobody_deactivates_themselves_and_organisers_no_administrator(app, make, act):
    organiser, administrator = make.organiser(), make.administrator()

    for by, about in ((organiser, organiser), (organiser, administrator), (administrator, administrator)):
        with pytest.raises(NotAllowed):
            act(about.uid, by=by)

    assert {people.find(user.uid).state for user in (organiser, administrator)} == {AccountState.ACTIVE}


def test_administrators_deactivate_other_administrators(app, make):
    one, other = make.administrator(), make.administrator()

    people.deactivate(other.uid, by=one)

    assert people.find(other.uid).state is AccountState.DEACTIVATED


def test_people_without_a_desk_may_do_nothing_to_others(app, make):
    city_manager, person = make.manager(make.city()), make.user()
    event_organiser = make.user(totp_nonce="n", totp_confirmed_at=house_clock.now())
    make.role(event_organiser, Role.ORGANISER, make.event())

    for by in (city_manager, event_organiser):
        for act in (people.deactivate, people.reactivate, people.send_password_reset):
            with pytest.raises(NotAllowed):
                act(person.uid, by=by)
        with pytest.raises(NotAllowed):
            people.export(people.Filter(), by=by)

    assert people.find(person.uid).state is AccountState.ACTIVE


def test_password_reset_goes_to_the_owner_only(app, make):
    organiser, person = make.organiser(), make.user()

    people.send_password_reset(person.uid, by=organiser)

    letters = session().execute(select(Letter.kind, Letter.recipient)).all()
    assert [tuple(letter) for letter in letters] == [("reset_password", person.email)]
    assert last_act() == ("password.reset_sent", organiser.id, person.uid)


def test_password_reset_of_a_deactivated_account_is_a_conflict(app, make):
    person = make.user(state=AccountState.DEACTIVATED)

    with pytest.raises(Conflict):
        people.send_password_reset(person.uid, by=make.organiser())

    assert session().scalars(select(Letter.id)).all() == []


def test_acts_on_nobody_are_not_found(app, make):
    organiser = make.organiser()

    for act in (people.deactivate, people.reactivate, people.send_password_reset):
        with pytest.raises(NotFound):
            act("nobody", by=organiser)


def test_export_holds_the_people_found_and_is_written_down(app, make, clock):
    organiser = make.organiser(name="Olga")
    person = make.user(name="Ana", email="ana@example.org", locale="pt", spoken_languages=["pt", "es"])
    make.membership(person, make.organisation(name="Fund"))
    make.role(person, Role.INTERPRETER, make.event(titles={"en": "Marketplace"}))

    header, *rows = people.export(people.Filter(query="ana"), by=organiser)

    assert header[:3] == ["Name", "E-mail", "State"]
    assert rows == [
        [
            "Ana",
            "ana@example.org",
            "Active",
            "Fund",
            "Interpreter, Marketplace",
            "Portuguese",
            "Portuguese; Spanish",
            "UTC",
            "2026-03-02T12:00:00+00:00",
            "",
            "",
        ]
    ]
    assert last_act() == ("people.exported", organiser.id, "")
