"""Who gets into the desk: every route of it, asked for by every kind of visitor."""

import re

import pytest
from sqlalchemy import select

from marketplace.database import session
from marketplace.models import AuditEntry, Job, JobState, Letter, LetterState, Role
from marketplace.services import jobs, outbox

OPEN_TO_EVENT_ORGANISERS = {"organiser.dashboard"}
FOR_ADMINISTRATORS = {
    "organiser.people_grant",
    "organiser.people_revoke",
    "organiser.people_revoke_ask",
    "organiser.people_second_factor",
    "organiser.people_second_factor_ask",
}


OWN_TESTS = ("calls", "counterparties", "fits", "projects", "rates")
"""Rooms whose tests open their pages with objects in every state; here they are only asked for by who may not."""


@pytest.fixture
def guarded(app):
    """Method, endpoint and address of every route of the desk, with objects that do not exist: the gate comes first."""
    found = []
    for rule in app.url_map.iter_rules():
        # The rooms of events have a test of their own: whoever organises one event enters them, and finds only that.
        if not rule.endpoint.startswith("organiser.") or rule.endpoint.startswith("organiser.events"):
            continue
        address = re.sub(r"<[^>]+>", "x", rule.rule)
        found += [(method, rule.endpoint, address) for method in rule.methods & {"GET", "POST"}]
    assert len(found) > 80
    return sorted(found)


@pytest.fixture
def addresses(app, make):
    """Method, endpoint and address of the routes of the desk, with objects that exist."""
    person = make.user(name="Somebody Else")
    make.role(person, Role.REVIEWER)
    body = make.city(slug="ambato")
    lac, us = make.city(slug="renca"), make.city(slug="evanston", side="us")
    pair = make.pair(lac, us)
    letter = outbox.queue("membership_declined", to=person, organisation=body.name)
    job = jobs.enqueue("sessions.forget")
    found = []
    for rule in app.url_map.iter_rules():
        # The rooms of events have a test of their own: whoever organises one event enters them, and finds only that.
        if not rule.endpoint.startswith("organiser.") or rule.endpoint.startswith("organiser.events"):
            continue
        if rule.rule.split("/")[2] in OWN_TESTS:
            continue
        uids = {"people": person.uid, "outbox": letter, "jobs": job.uid, "pairs": pair.uid}
        subject = rule.rule.split("/")[2]
        address = rule.rule.replace("<uid>", uids.get(subject, "")).replace("<slug>", body.slug)
        address = address.replace("<role>", "reviewer")
        for method in rule.methods & {"GET", "POST"}:
            found.append((method, rule.endpoint, address))
    assert len(found) > 40
    assert not [address for _, _, address in found if "<" in address]
    return sorted(found)


def statuses(browser, addresses):
    return {
        (method, endpoint): browser.open(address, method=method).status_code for method, endpoint, address in addresses
    }


def test_visitors_are_sent_to_sign_in_from_every_page_of_the_desk(client, guarded):
    found = statuses(client, guarded)

    assert set(found.values()) == {303}


@pytest.mark.parametrize("role", [None, Role.REVIEWER, Role.CHECK_IN, Role.FINANCE, Role.INTERPRETER])
def test_people_of_other_roles_are_refused_everywhere(role, make, login_as, guarded):
    person = make.user()
    if role:
        make.role(person, role)

    found = statuses(login_as(person), guarded)

    assert set(found.values()) == {403}


def test_managers_of_cities_are_refused_everywhere(make, login_as, guarded):
    manager = make.manager(make.city())

    found = statuses(login_as(manager), guarded)

    assert set(found.values()) == {403}


def test_organisers_of_one_event_see_the_overview_and_nothing_else(make, login_as, guarded):
    person = make.user(totp_nonce="nonce", totp_confirmed_at=make.event().created_at)
    make.role(person, Role.ORGANISER, make.event())

    found = statuses(login_as(person), guarded)

    opened = {endpoint for (_, endpoint), status in found.items() if status == 200}
    assert opened == OPEN_TO_EVENT_ORGANISERS
    assert {status for (_, endpoint), status in found.items() if endpoint not in opened} == {403}


def test_organisers_open_everything_but_what_is_for_administrators(make, login_as, addresses):
    reading = [entry for entry in addresses if entry[0] == "GET"]

    found = statuses(login_as(make.organiser()), reading)

    refused = {endpoint for (_, endpoint), status in found.items() if status == 403}
    assert refused == {endpoint for _, endpoint, _ in reading} & FOR_ADMINISTRATORS
    assert {status for (_, endpoint), status in found.items() if endpoint not in refused} == {200}


def test_administrators_open_everything(make, login_as, addresses):
    reading = [entry for entry in addresses if entry[0] == "GET"]

    found = statuses(login_as(make.administrator()), reading)

    assert set(found.values()) == {200}


def test_organisers_without_second_factor_are_asked_for_one(make, login_as, addresses):
    person = make.user()
    make.role(person, Role.ORGANISER)

    found = statuses(login_as(person), [entry for entry in addresses if entry[1] == "organiser.people"])

    assert found == {("GET", "organiser.people"): 303}


def test_requests_from_other_sites_change_nothing(make, login_as, addresses, app):
    organiser = make.administrator()
    browser = login_as(organiser)

    found = {
        browser.open(address, method=method, headers={"Sec-Fetch-Site": "cross-site"}).status_code
        for method, _, address in addresses
        if method == "POST"
    }

    assert found == {400}


def test_looking_changes_nothing(make, login_as, addresses):
    browser = login_as(make.administrator())
    before = session().scalars(select(AuditEntry.id)).all()

    for method, _, address in addresses:
        if method == "GET":
            browser.get(address)

    session().rollback()
    assert session().scalars(select(AuditEntry.id)).all() == before
    assert session().scalars(select(Letter.state)).all() == [LetterState.QUEUED]
    assert set(session().scalars(select(Job.state))) == {JobState.WAITING}
