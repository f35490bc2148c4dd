"""The room of organisations."""

import re

import pytest
from sqlalchemy import select

from marketplace.database import session
from marketplace.models import (
    AuditEntry,
    Letter,
    Membership,
    MembershipRole,
    MembershipState,
    Organisation,
    OrganisationKind,
)
from marketplace.services import invitations, memberships, organisations, outbox

PROFILE = {
    "kind": "ngo",
    "name_en": "Clean Water",
    "name_es": "Agua Limpia",
    "description_pt": "Água para todos.",
    "website": "https://water.example",
    "country": "BR",
    "timezone": "America/Manaus",
}


def words(response):
    """Return what a reader sees, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.get_data(as_text=True)).split())


def ties(organisation):
    session().expire_all()
    return list(
        session().scalars(
            select(Membership).where(Membership.organisation_id == organisation.id).order_by(Membership.id)
        )
    )


@pytest.fixture
def bank(make):
    return make.organisation(slug="bank", name="Banco Sur", names={"en": "Banco Sur"})


def test_new_organisation_makes_its_bringer_a_manager(make, login_as):
    browser = login_as(make.user())

    answer = browser.post("/organisations/new", data=PROFILE)
    page = browser.get(answer.location)

    assert (answer.status_code, answer.location) == (303, "/organisations/clean-water")
    found = session().scalar(select(Organisation))
    assert (found.kind, found.names, found.country, found.timezone, found.verified_at) == (
        OrganisationKind.NGO,
        {"en": "Clean Water", "es": "Agua Limpia"},
        "BR",
        "America/Manaus",
        None,
    )
    assert "Not translated yet. Shown in Portuguese. Água para todos." in words(page)
    assert "Manager since" in words(page)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "city"}, "Please choose one of the answers in the list."),
        ({"name_en": "", "name_es": ""}, "Please give the name in at least one language."),
        ({"name_es": "x" * 200}, "Please write at most 160 characters."),
        ({"website": "javascript:alert(1)"}, "Please enter a web address like https://www.example.org."),
        ({"country": "XX"}, "Please choose one of the answers in the list."),
        ({"timezone": "Nowhere"}, "Please choose one of the answers in the list."),
    ],
    ids=str,
)
def test_new_organisation_with_a_bad_answer_keeps_the_form_filled(make, login_as, changes, message):
    answer = login_as(make.user()).post("/organisations/new", data={**PROFILE, **changes})

    assert answer.status_code == 422
    assert message in words(answer)
    assert "Água para todos." in answer.text
    assert session().scalars(select(Organisation)).all() == []


def test_mine_lists_memberships_invitations_and_requests(make, login_as, bank):
    person = make.user(email="rui@example.org")
    make.membership(person, bank)
    asked = make.organisation(name="Asked", slug="asked")
    memberships.ask("asked", person)
    inviting = make.organisation(name="Inviting", slug="inviting")
    invitations.invite("inviting", "rui@example.org", MembershipRole.MEMBER, make.manager(inviting, name="Ana"))
    make.organisation(name="Stranger")

    page = login_as(person).get("/organisations")
    seen = words(page).partition("Bring a new one")[2]

    assert seen.index("Inviting") < seen.index("Banco Sur") < seen.index("Asked")
    assert "From Ana, valid until" in seen
    assert "Stranger" not in seen
    assert login_as(person).post("/organisations/asked/take-back").status_code == 303
    assert ties(asked)[0].state is MembershipState.ENDED


def test_mine_without_any_shows_the_way_on(make, login_as):
    assert "You do not belong to an organisation yet" in words(login_as(make.user()).get("/organisations"))


INSIDE = ["", "/edit", "/people", "/leave", "/city"]


@pytest.mark.parametrize("path", INSIDE)
def test_pages_inside_do_not_exist_for_strangers(make, login_as, bank, path):
    make.manager(bank, name="Hidden Person")

    answer = login_as(make.manager(make.organisation())).get(f"/organisations/bank{path}")

    assert answer.status_code == 404
    assert "Hidden Person" not in answer.text
    assert "Banco Sur" not in answer.text


@pytest.mark.parametrize(
    "path", ["/organisations", "/organisations/new", *(f"/organisations/bank{one}" for one in INSIDE)]
)
def test_pages_inside_ask_to_sign_in_first(client, bank, path):
    answer = client.get(path)

    assert answer.status_code == 303
    assert answer.location.startswith("/sign-in?next=")


def test_members_see_people_without_addresses_and_change_nothing(make, login_as, bank):
    make.manager(bank, name="Ana", email="ana@secret.example")
    member = make.user()
    make.membership(member, bank)
    invitations.invite("bank", "invited@secret.example", MembershipRole.MEMBER, make.manager(bank))
    memberships.ask("bank", make.user(name="Asking Person"))
    browser = login_as(member)

    page = browser.get("/organisations/bank/people")

    assert "Ana" in words(page)
    assert "secret.example" not in page.text
    assert "Asking Person" not in page.text
    assert browser.get("/organisations/bank/edit").status_code == 403
    assert (
        browser.post("/organisations/bank/people", data={"email": "a@example.org", "role": "member"}).status_code == 403
    )
    for tie in ties(bank):
        for act in ("approve", "decline", "role", "remove", "resend", "withdraw", "hand-over"):
            assert (
                browser.post(f"/organisations/bank/people/{tie.uid}/{act}", data={"role": "member"}).status_code == 403
            )


def test_acts_on_a_tie_of_another_organisation_find_nothing(make, login_as, bank):
    browser = login_as(make.manager(bank))
    other = make.organisation()
    tie = make.membership(make.user(), other)

    for act in ("approve", "decline", "role", "remove", "resend", "withdraw", "hand-over"):
        answer = browser.post(f"/organisations/bank/people/{tie.uid}/{act}", data={"role": "manager"})
        assert answer.status_code == 404
    assert ties(other)[0].role is MembershipRole.MEMBER


def test_edit_saves_and_tells(make, login_as, bank):
    browser = login_as(make.manager(bank))

    form = browser.get("/organisations/bank/edit")
    answer = browser.post("/organisations/bank/edit", data=PROFILE, follow_redirects=True)
    wrong = browser.post("/organisations/bank/edit", data={**PROFILE, "website": "x"})

    assert 'value="Banco Sur"' in form.text
    assert "The profile is saved." in words(answer)
    assert "Agua Limpia" in words(answer)
    assert (wrong.status_code, 'value="Agua Limpia"' in wrong.text) == (422, True)


def test_city_facts_are_changed_by_its_managers(make, login_as):
    city = make.city(slug="renca", name="Renca")
    browser = login_as(make.manager(city))
    facts = {
        "main_language": "es",
        "population": "147151",
        "population_year": "2017",
        "population_scope": "commune",
        "population_source": "https://census.example/",
        "known_project": "Cerro",
    }

    assert browser.get("/organisations/renca/city").status_code == 200
    wrong = browser.post("/organisations/renca/city", data={**facts, "population_year": "1700"})
    answer = browser.post("/organisations/renca/city", data=facts)

    assert (wrong.status_code, 'value="147151"' in wrong.text) == (422, True)
    assert answer.status_code == 303
    seen = words(browser.get("/cities/renca"))
    assert "147,151 (2017, commune) not confirmed by a source Source: census.example" in seen
    assert "Known project Cerro" in seen


def test_city_facts_of_what_is_no_city_do_not_exist(make, login_as, bank):
    assert login_as(make.manager(bank)).get("/organisations/bank/city").status_code == 404


def test_invite_and_accept_by_link(make, login_as, client, bank):
    browser = login_as(make.manager(bank, name="Ana"))

    answer = browser.post("/organisations/bank/people", data={"email": "rui@example.org", "role": "manager"})
    (letter,) = session().scalars(select(Letter))
    link = re.search(r"http://localhost(/invitations/\S+)", outbox.render(letter).text).group(1)
    stranger = client.get(link)
    invited = login_as(make.user(email="rui@example.org"))
    page = invited.get(link)
    accepted = invited.post(f"{link}/accept", follow_redirects=True)

    assert answer.location == "/organisations/bank/people"
    assert "rui@example.org" in words(browser.get("/organisations/bank/people"))
    assert 'href="/register?email=rui' in stranger.text
    assert f'href="/sign-in?next={link}' in stranger.text.replace("%2F", "/")
    assert stranger.headers["Referrer-Policy"] == "strict-origin"
    assert "Ana" in words(page)
    assert "Welcome to Banco Sur." in words(accepted)
    assert [tie.role for tie in ties(bank)] == [MembershipRole.MANAGER] * 2
    assert client.get(link).status_code == 410


def test_invitation_looks_the_same_for_an_address_with_and_without_an_account(make, login_as, client, bank):
    make.user(email="known@example.org")
    browser = login_as(make.manager(bank, name="Ana"))
    pages = []
    for email in ("known@example.org", "fresh@example.org"):
        answer = browser.post("/organisations/bank/people", data={"email": email, "role": "member"})
        inside = browser.get(answer.location)
        tie = ties(bank)[-1]
        outside = client.get(f"/invitations/{invitations.token_of(tie)}")
        pages.append(
            [
                re.sub(r"[\w-]{22,}|/invitations/\S+", "*", page.text.replace(email, "*"))
                for page in (answer, outside, inside)
            ]
        )

    known, fresh = pages
    assert known[:2] == fresh[:2]
    assert known[2].count("has an account") == fresh[2].count("has an account") == 0


def test_invitation_is_not_for_another_account(make, login_as, bank):
    tie = invitations.invite("bank", "rui@example.org", MembershipRole.MEMBER, make.manager(bank))
    thief = login_as(make.user(email="thief@example.org"))
    link = f"/invitations/{invitations.token_of(tie)}"

    page = thief.get(link)

    assert "you are signed in as thief@example.org" in words(page)
    assert "/accept" not in page.text
    assert thief.post(f"{link}/accept").status_code == 403
    assert thief.post(f"{link}/decline").status_code == 403
    assert ties(bank)[-1].state is MembershipState.INVITED


def test_invitation_can_be_declined(make, login_as, bank):
    tie = invitations.invite("bank", "rui@example.org", MembershipRole.MEMBER, make.manager(bank))
    invited = login_as(make.user(email="rui@example.org"))

    answer = invited.post(f"/invitations/{invitations.token_of(tie)}/decline", follow_redirects=True)

    assert "You have declined the invitation to Banco Sur." in words(answer)
    assert ties(bank)[-1].state is MembershipState.ENDED


@pytest.mark.parametrize("token", ["x", "é", "%00", "a" * 3000, "..%2f..%2fetc"])
def test_invitation_with_a_bad_token_is_over(client, token):
    assert client.get(f"/invitations/{token}").status_code in {400, 404, 410}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"email": "", "role": "member"}, "Please fill this in."),
        ({"email": "nobody", "role": "member"}, "Please enter an e-mail address like name@example.org."),
        ({"email": "a@example.org", "role": "king"}, "Please choose one of the answers in the list."),
        ({"email": "ana@example.org", "role": "member"}, "This person belongs to the organisation already."),
    ],
    ids=str,
)
def test_invite_with_a_bad_answer_keeps_the_form_filled(make, login_as, bank, data, message):
    browser = login_as(make.manager(bank, email="ana@example.org"))

    answer = browser.post("/organisations/bank/people", data={**data, "job_title": "Director"})

    assert answer.status_code == 422
    assert message in words(answer)
    assert 'value="Director"' in answer.text


def test_find_and_ask_and_decide(make, login_as, bank):
    manager, person = make.manager(bank), make.user(name="Rui")
    make.organisation(name="Out of service", deactivated_at=bank.created_at)
    browser, desk = login_as(person), login_as(manager)

    found = browser.get("/organisations/find?q=bancó&kind=funder")
    asked = browser.post("/organisations/bank/ask", data={"message": "Let me <b>in</b>"}, follow_redirects=True)
    again = browser.post("/organisations/bank/ask", data={})
    seen = desk.get("/organisations/bank/people")
    tie = ties(bank)[-1]
    approved = desk.post(f"/organisations/bank/people/{tie.uid}/approve", follow_redirects=True)

    assert 'href="/organisations/bank/ask"' in found.text
    assert "Out of service" not in words(browser.get("/organisations/find"))
    assert "You asked to join on" in words(asked)
    assert again.status_code == 409
    assert "Let me &lt;b&gt;in&lt;/b&gt;" in seen.text
    assert "The request is approved." in words(approved)
    assert "You belong to it" in words(browser.get("/organisations/find"))


def test_ask_with_a_long_message_keeps_it(make, login_as, bank):
    answer = login_as(make.user()).post("/organisations/bank/ask", data={"message": "x" * 501})

    assert (answer.status_code, "x" * 501 in answer.text) == (422, True)


def test_ask_to_an_organisation_out_of_service_finds_nothing(make, login_as, bank):
    organisations.deactivate("bank", make.organiser())

    assert login_as(make.user()).get("/organisations/bank/ask").status_code == 404


@pytest.mark.parametrize(
    ("act", "title", "check"),
    [
        ("remove", "Remove Rui?", lambda tie: tie.state is MembershipState.ENDED),
        ("hand-over", "Hand the organisation over to Rui?", lambda tie: tie.role is MembershipRole.MANAGER),
    ],
)
def test_acts_that_are_hard_to_undo_ask_first(make, login_as, bank, act, title, check):
    browser = login_as(make.manager(bank))
    tie = make.membership(make.user(name="Rui"), bank)

    question = browser.get(f"/organisations/bank/people/{tie.uid}/{act}")
    before = check(ties(bank)[-1])
    answer = browser.post(f"/organisations/bank/people/{tie.uid}/{act}")

    assert title in words(question)
    assert (before, answer.status_code, check(ties(bank)[-1])) == (False, 303, True)


def test_invitation_is_withdrawn_and_sent_again(make, login_as, bank):
    manager = make.manager(bank)
    browser = login_as(manager)
    tie = invitations.invite("bank", "rui@example.org", MembershipRole.MEMBER, manager)

    again = browser.post(f"/organisations/bank/people/{tie.uid}/resend", follow_redirects=True)
    question = browser.get(f"/organisations/bank/people/{tie.uid}/withdraw")
    browser.post(f"/organisations/bank/people/{tie.uid}/withdraw")

    assert "The invitation is on its way again." in words(again)
    assert "Withdraw the invitation to rui@example.org?" in words(question)
    assert ties(bank)[-1].state is MembershipState.ENDED
    assert len(session().scalars(select(Letter)).all()) == 2


def test_last_manager_is_told_what_to_do(make, login_as, bank):
    browser = login_as(make.manager(bank))

    answer = browser.post("/organisations/bank/leave")

    assert answer.status_code == 409
    assert "Make another member a manager first" in words(answer)


def test_leave_asks_then_leaves(make, login_as, bank):
    make.manager(bank)
    browser = login_as(make.manager(bank))

    question = browser.get("/organisations/bank/leave")
    answer = browser.post("/organisations/bank/leave", follow_redirects=True)

    assert "Leave Banco Sur?" in words(question)
    assert "You have left Banco Sur." in words(answer)
    assert browser.get("/organisations/bank").status_code == 404
    assert session().scalar(select(AuditEntry.object_uid).where(AuditEntry.action == "membership.left")) == bank.uid


def test_members_of_an_organisation_out_of_service_see_it_and_change_nothing(make, login_as, bank):
    browser = login_as(make.manager(bank))
    organisations.deactivate("bank", make.organiser())

    assert "Nobody can act for it at present." in words(browser.get("/organisations/bank"))
    assert browser.post("/organisations/bank/edit", data=PROFILE).status_code == 403
    assert (
        browser.post("/organisations/bank/people", data={"email": "a@example.org", "role": "member"}).status_code == 403
    )


@pytest.mark.parametrize("path", ["/organisations", "/organisations/find", "/organisations/bank/people"])
def test_lists_need_as_many_queries_for_one_as_for_three(make, login_as, bank, count_queries, path):
    manager = make.manager(bank, email="ana@example.org")
    browser = login_as(manager)
    counts = []
    for number in range(2):
        for _ in range(2 * number + 1):
            invitations.invite("bank", f"p{len(ties(bank))}@example.org", MembershipRole.MEMBER, make.organiser())
            memberships.ask("bank", make.user())
            make.membership(make.user(), bank)
            make.membership(manager, make.organisation())
            other = make.organisation()
            invitations.invite(other.slug, "ana@example.org", MembershipRole.MEMBER, make.manager(other))
        browser.get(path)
        with count_queries() as statements:
            browser.get(path)
        counts.append(len(statements))

    assert counts[0] == counts[1] <= 12
