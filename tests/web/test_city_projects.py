"""The city's room: projects begun, written by several people, submitted, and what becomes of them."""

import io
from datetime import UTC, datetime

import pytest
from PIL import Image

from marketplace.database import atomic, session
from marketplace.models import MembershipRole, Project, ProjectState, ProjectVersion
from marketplace.services.projects import calls
from marketplace.services.sheets.pitch import PITCH
from tests.web.pitch_forms import boxes, said, send


@pytest.fixture
def city(make):
    return make.city(slug="manaus", name="Manaus")


@pytest.fixture
def ana(make, city):
    return make.manager(city, name="Ana Lima")


@pytest.fixture
def rui(make, city):
    user = make.user(name="Rui Alves")
    make.membership(user, city, role=MembershipRole.MEMBER)
    session().refresh(user)
    return user


@pytest.fixture
def project(make, city):
    return make.project(city, slug="mindu", content={"summary": {"pt": "Um parque que retém as cheias. " * 9 + "Fim."}})


@pytest.fixture
def call(make, clock):
    return calls.create(
        calls.Details(
            {"en": "Call of 2026"}, "America/Manaus", datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
        ),
        by=make.organiser(),
    )


def step(name: str, slug: str = "mindu") -> str:
    return f"/my/projects/{slug}/steps/{name}"


def stored(slug: str = "mindu") -> dict:
    session().rollback()
    session().expire_all()
    return session().query(Project).filter_by(slug=slug).one().content


def test_list_shows_every_city_and_the_way_to_a_first_project(login_as, make, city, ana):
    other = make.city(slug="belem", name="Belém")
    make.membership(ana, other)
    make.project(city)

    page = login_as(ana).get("/my/projects").text

    assert "Linear park along the Mindu stream" in said(page)
    assert "No project yet" in said(page)
    assert "/my/projects/new?city=belem" in page


def test_list_of_somebody_without_a_city_leads_to_joining_one(login_as, make):
    page = login_as(make.user()).get("/my/projects").text

    assert "You belong to no city" in said(page)


def test_new_project_begins_with_a_title_in_any_language(login_as, ana, call):
    browser = login_as(ana)
    assert "Call of 2026" in browser.get("/my/projects/new").text

    answer = browser.post("/my/projects/new", data={"city": "manaus", "call": call.slug, "title_pt": "Parque do Mindu"})

    assert answer.status_code == 303
    found = session().query(Project).one()
    assert (found.titles, found.call.slug) == ({"pt": "Parque do Mindu"}, call.slug)
    assert browser.get(answer.location).status_code == 200


def test_new_project_without_a_title_comes_back_filled(login_as, ana, call):
    answer = login_as(ana).post("/my/projects/new", data={"city": "manaus", "call": call.slug})

    assert answer.status_code == 422
    assert f'<option selected value="{call.slug}">' in answer.text


@pytest.mark.parametrize("name", [one.name for one in PITCH.steps])
def test_every_step_sent_back_unchanged_changes_nothing(login_as, ana, project, name):
    browser, before = login_as(ana), dict(stored())

    answer = send(browser, step(name), boxes(browser.get(step(name)).text), {})

    assert answer.status_code == 303
    assert stored() == before
    assert session().query(Project).one().revision == 0


@pytest.mark.parametrize("name", [one.name for one in PITCH.steps])
def test_every_step_of_an_empty_draft_can_be_opened_and_left_unfinished(login_as, ana, make, city, name):
    make.project(city, slug="new", content=dict.fromkeys(PITCH.by_name))
    browser = login_as(ana)

    page = browser.get(step(name, "new"))
    answer = send(browser, step(name, "new"), boxes(page.text), {"action": "next"})

    assert page.status_code == 200
    assert answer.status_code == 303


def test_step_is_saved_in_the_notation_of_the_reader_and_shows_what_was_understood(login_as, make, ana, project):
    browser = login_as(ana)
    browser.set_cookie("lang", "pt")

    send(browser, step("finance"), boxes(browser.get(step("finance")).text), {"capex": "12.500.000,50"})

    assert stored()["capex"] == "12500000.50"
    page = browser.get(step("finance")).text
    assert 'value="12.500.000,5"' in page
    assert "12,5 milhões USD" in page


def test_step_with_an_answer_that_cannot_be_read_comes_back_filled_and_the_rest_is_saved(login_as, ana, project):
    browser = login_as(ana)
    form = boxes(browser.get(step("finance")).text)

    answer = send(browser, step("finance"), form, {"capex": "a lot", "tenor_years": "15", "secured.0.amount": "1.5.0"})

    assert answer.status_code == 422
    page = answer.text
    assert 'value="a lot"' in page
    assert 'value="1.5.0"' in page
    assert 'href="#capex"' in page
    assert 'href="#secured.0.amount"' in page
    assert 'aria-invalid="true"' in page
    assert stored()["capex"] == "20000000.00"
    assert stored()["tenor_years"] == 15


def test_rows_are_added_and_removed_without_scripts(login_as, ana, project):
    browser = login_as(ana)
    form = boxes(browser.get(step("maturity")).text)

    added = send(browser, step("maturity"), form, {"action": "add_row:risks", "risks.0.mitigation": "Drilling."})
    page = browser.get(added.location).text
    form = boxes(page)
    again = send(
        browser,
        step("maturity"),
        form,
        {"risks.3.type": "legal", "risks.3.level": "low", "action": "remove_row:risks:1"},
    )

    assert added.status_code == again.status_code == 303
    assert 'name="risks.3.type"' in page
    assert [row.get("mitigation") for row in stored()["risks"]] == ["Drilling.", "Lots of three million.", None]
    assert [row["key"] for row in stored()["risks"]][:2] == ["a", "c"]


def test_two_people_change_different_answers_and_nothing_is_lost(login_as, ana, rui, project):
    one, other = login_as(ana), login_as(rui)
    first, second = boxes(one.get(step("project")).text), boxes(other.get(step("project")).text)

    a = send(one, step("project"), first, {"served_areas": "Zona Norte", "problem.en": "Floods."})
    b = send(other, step("project"), second, {"solution.es": "Un parque.", "problem.es": "Inundaciones."})

    assert a.status_code == b.status_code == 303
    content = stored()
    assert content["served_areas"] == "Zona Norte"
    assert content["problem"]["en"] == "Floods."
    assert content["problem"]["es"] == "Inundaciones."
    assert content["solution"]["es"] == "Un parque."


def test_two_people_change_the_same_answer_and_the_second_sees_both(login_as, ana, rui, project):
    one, other = login_as(ana), login_as(rui)
    first, second = boxes(one.get(step("project")).text), boxes(other.get(step("project")).text)
    send(one, step("project"), first, {"served_areas": "Zona Norte"})

    answer = send(other, step("project"), second, {"served_areas": "Zona Sul", "solution.es": "Un parque."})

    assert answer.status_code == 409
    assert stored()["served_areas"] == "Zona Norte"
    assert stored()["solution"]["es"] == "Un parque."
    assert 'value="Zona Sul"' in answer.text
    assert "Ana Lima changed this" in said(answer.text)
    assert "Zona Norte" in said(answer.text)


@pytest.mark.parametrize(("button", "kept"), [("keep_mine", "Zona Sul"), ("take_theirs", "Zona Norte")])
def test_the_second_decides_between_the_two_and_sending_again_is_no_decision(login_as, ana, rui, project, button, kept):
    one, other = login_as(ana), login_as(rui)
    first, second = boxes(one.get(step("project")).text), boxes(other.get(step("project")).text)
    send(one, step("project"), first, {"served_areas": "Zona Norte"})
    page = send(other, step("project"), second, {"served_areas": "Zona Sul"})

    again = send(other, step("project"), boxes(page.text), {"action": "save"})
    decided = send(other, step("project"), boxes(again.text), {"action": f"{button}:served_areas"})

    assert again.status_code == 409
    assert decided.status_code == 303
    assert stored()["served_areas"] == kept


def test_page_that_saves_itself_is_told_what_was_stored_and_goes_on_from_there(login_as, ana, project):
    browser = login_as(ana)
    form = boxes(browser.get(step("finance")).text)

    first = send(browser, step("finance"), form, {"capex": "21,000,000", "grace_years": "x"}, json=True)
    form["revision"] = str(first.json["revision"])
    second = send(browser, step("finance"), form, {"capex": "22,000,000", "grace_years": "3"}, json=True)

    assert first.status_code == second.status_code == 200
    assert list(first.json["errors"]) == ["grace_years"]
    assert first.json["understood"]["capex"] == "21 million USD"
    assert second.json["errors"] == second.json["standing"] == {}
    assert (stored()["capex"], stored()["grace_years"]) == ("22000000.00", 3)


def test_page_that_saves_itself_gets_the_other_text_with_the_two_ways(login_as, ana, rui, project):
    one, other = login_as(ana), login_as(rui)
    first, second = boxes(one.get(step("project")).text), boxes(other.get(step("project")).text)
    send(one, step("project"), first, {"served_areas": "<b>Norte</b>"}, json=True)

    answer = send(other, step("project"), second, {"served_areas": "Zona Sul"}, json=True)

    told = answer.json["standing"]["served_areas"]
    assert "&lt;b&gt;Norte&lt;/b&gt;" in told
    assert 'value="keep_mine:served_areas"' in told
    assert 'value="take_theirs:served_areas"' in told
    assert stored()["served_areas"] == "<b>Norte</b>"


def test_page_that_saves_itself_names_errors_by_the_rows_of_the_page(login_as, ana, project):
    browser = login_as(ana)
    form = boxes(browser.get(step("finance")).text)
    form.add("secured.at", "nabc")
    form["secured.0.source"] = form["secured.0.amount"] = form["secured.0.instrument"] = form["secured.0.status"] = ""

    answer = send(browser, step("finance"), form, {"secured.nabc.amount": "much"}, json=True)

    assert list(answer.json["errors"]) == ["secured.nabc.amount"]


def test_page_that_saves_itself_is_told_why_it_may_not(login_as, ana, project, make):
    browser = login_as(ana)
    form = boxes(browser.get(step("project")).text)
    with atomic():
        session().query(Project).one().state = ProjectState.SUBMITTED

    answer = send(browser, step("project"), form, {"served_areas": "Sul"}, json=True)

    assert answer.status_code == 409
    assert "has been submitted" in answer.json["message"]
    assert "cannot be changed now" in said(browser.get(step("project")).text)


def test_form_sent_after_the_project_was_submitted_comes_back_filled_with_the_reason(login_as, ana, project):
    browser = login_as(ana)
    form = boxes(browser.get(step("project")).text)
    with atomic():
        session().query(Project).one().state = ProjectState.SUBMITTED

    answer = send(browser, step("project"), form, {"served_areas": "Zona Sul", "title.en": "A long evening's work"})

    assert answer.status_code == 409
    assert "has been submitted" in said(answer.text)
    assert 'value="Zona Sul"' in answer.text
    assert "A long evening&#39;s work" in answer.text
    assert stored()["served_areas"] == "Zona Leste"


def test_fields_that_do_not_apply_are_hidden_and_keep_what_they_hold(login_as, ana, project):
    browser = login_as(ana)
    form = boxes(browser.get(step("gate")).text)

    answer = send(browser, step("gate"), form, {"council_status": "not_started"}, json=True)

    assert "council_date" not in answer.json["asked"]
    assert stored()["council_date"] == "2025-11-03"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/steps/project",
        "/history",
        "/preview",
        "/submit",
        "/withdraw",
        "/copy",
        "/delete",
        "/versions/1",
        "/call",
        "/files/new/deck",
    ],
)
def test_strangers_do_not_learn_that_a_project_exists(login_as, make, project, path):
    stranger = make.manager(make.city(slug="cali", country="CO"))
    funder = make.manager(make.organisation())

    for user in (stranger, funder):
        assert login_as(user).get(f"/my/projects/mindu{path}").status_code == 404


def test_strangers_cannot_change_anything(login_as, make, project):
    browser = login_as(make.manager(make.city(slug="cali", country="CO")))

    for path in ("/steps/project", "/submit", "/withdraw", "/reopen", "/copy", "/delete", "/justify/small_ask"):
        assert browser.post(f"/my/projects/mindu{path}", data={"reason": "x"}).status_code == 404
    assert session().query(Project).count() == 1


def test_organisers_read_and_do_not_write(login_as, make, project):
    browser = login_as(make.organiser())

    assert browser.get("/my/projects/mindu").status_code == 200
    assert "cannot be changed" in said(browser.get(step("project")).text)
    assert browser.post(step("project"), data={"revision": "0"}).status_code == 403


def test_step_survives_hostile_forms(login_as, ana, project):
    browser, before = login_as(ana), dict(stored())

    for data in (
        {"asked": ["risks", "capex", "nothing", "concept_note"], "revision": "x", "capex": ["1", "2"]},
        {"asked": "risks", "risks.at": ["0", "../1", "0", "9" * 500], "risks.0.key": "<script>"},
        {"asked": "concept_note", "concept_note": "someone-elses-file-uid"},
        {"action": "keep_mine:concept_note", "seen.concept_note": "99999999999999"},
        {"action": "take_theirs:__class__", "asked": "hazards", "hazards": ["heat", "heat", "nothing"]},
        {"action": "remove_row:capex:1"},
        {"revision": "-5", "asked": "title", "title.en": "x" * 5000},
    ):
        assert browser.post(step("maturity"), data=data).status_code in {303, 404, 409, 422}
        assert browser.post(step("project"), data=data).status_code in {303, 404, 409, 422}

    content = stored()
    assert content["title"] == before["title"]
    assert "concept_note" not in content


def test_overview_tells_what_is_missing_and_links_to_the_box(login_as, ana, make, city):
    make.project(city, slug="half", content={"summary": None, "risks": None, "capex": None})

    page = login_as(ana).get("/my/projects/half").text

    assert 'href="/my/projects/half/steps/project#summary.en"' in page
    assert 'href="/my/projects/half/steps/finance#capex"' in page
    assert 'href="/my/projects/half/steps/maturity#risks-box"' in page
    assert "What is missing" in said(page)


def test_warning_is_explained_on_the_overview(login_as, ana, make, city):
    make.project(city, slug="odd", content={"pct_women": "100"})
    browser = login_as(ana)
    assert "None or all who benefit are women" in said(browser.get("/my/projects/odd").text)

    long = browser.post("/my/projects/odd/justify/women_extreme", data={"justification": "x" * 600})
    good = browser.post("/my/projects/odd/justify/women_extreme", data={"justification": "A home for women."})

    assert long.status_code == 422
    assert "x" * 600 in long.text
    assert good.status_code == 303
    assert "explained" in said(browser.get("/my/projects/odd").text)


def test_manager_submits_and_sees_the_version(login_as, ana, make, city, call):
    project = make.project(city, slug="ready", call_id=call.id)
    browser = login_as(ana)
    assert "Everything that is needed is answered" in said(browser.get("/my/projects/ready/submit").text)

    answer = browser.post("/my/projects/ready/submit")

    assert answer.status_code == 303
    session().refresh(project)
    assert project.state is ProjectState.SUBMITTED
    assert "Version 1" in said(browser.get("/my/projects/ready").text)
    assert browser.get("/my/projects/ready/versions/1").status_code == 200
    assert browser.get("/my/projects/ready/versions/1?with=now").status_code == 200
    assert browser.get("/my/projects/ready/versions/2").status_code == 404


def test_submitting_what_is_not_ready_shows_why(login_as, ana, make, city, call):
    make.project(city, slug="half", call_id=call.id, content={"capex": None})
    browser = login_as(ana)

    answer = browser.post("/my/projects/half/submit")

    assert answer.status_code == 409
    assert 'href="/my/projects/half/steps/finance#capex"' in answer.text
    assert session().query(ProjectVersion).count() == 0


def test_member_who_is_no_manager_is_told_who_submits(login_as, rui, make, city, call):
    make.project(city, slug="ready", call_id=call.id)
    browser = login_as(rui)

    assert "A manager of the city submits" in said(browser.get("/my/projects/ready/submit").text)
    assert browser.post("/my/projects/ready/submit").status_code == 403


def test_project_is_withdrawn_with_a_reason_and_opened_again(login_as, ana, make, city, call):
    project = make.project(city, slug="ready", call_id=call.id)
    browser = login_as(ana)
    browser.post("/my/projects/ready/submit")

    empty = browser.post("/my/projects/ready/withdraw", data={"reason": " "})
    gone = browser.post("/my/projects/ready/withdraw", data={"reason": "The land was sold."})
    page = browser.get("/my/projects/ready").text
    back = browser.post("/my/projects/ready/reopen")

    assert (empty.status_code, gone.status_code, back.status_code) == (422, 303, 303)
    assert "The land was sold." in said(page)
    session().refresh(project)
    assert project.state is ProjectState.DRAFT


def test_draft_is_copied_and_deleted_after_a_question(login_as, ana, project):
    browser = login_as(ana)
    assert browser.get("/my/projects/mindu/copy").status_code == 200

    copied = browser.post("/my/projects/mindu/copy")
    assert browser.get("/my/projects/mindu/delete").status_code == 200
    deleted = browser.post("/my/projects/mindu/delete")

    assert copied.status_code == deleted.status_code == 303
    assert [one.slug for one in session().query(Project)] != ["mindu"]
    assert session().query(Project).count() == 1


def test_earlier_answer_is_put_back_from_the_history(login_as, ana, project):
    browser = login_as(ana)
    send(browser, step("project"), boxes(browser.get(step("project")).text), {"served_areas": "Zona Sul"})
    page = browser.get("/my/projects/mindu/history").text
    assert "<del>Leste</del>" in page
    assert "<ins>Sul</ins>" in page

    answer = browser.post("/my/projects/mindu/history/restore", data={"revision": "0", "field": "served_areas"})

    assert answer.status_code == 303
    assert stored()["served_areas"] == "Zona Leste"


def test_preview_shows_each_reader_what_is_theirs(login_as, ana, project):
    browser = login_as(ana)

    public = said(browser.get("/my/projects/mindu/preview").text)
    matched = said(browser.get("/my/projects/mindu/preview?as=matched").text)
    odd = browser.get("/my/projects/mindu/preview?as=private")

    assert "ana.lima@example.org" not in public
    assert "20,000,000" not in public
    assert "ana.lima@example.org" in matched
    assert "20,000,000" in matched
    assert odd.status_code == 200
    assert "ana.lima@example.org" not in odd.text


def picture() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(content, "PNG")
    return content.getvalue()


def test_picture_is_added_described_and_removed(login_as, ana, project):
    browser = login_as(ana)
    address = "/my/projects/mindu/files/new/images"

    silent = browser.post(address, data={"file": (io.BytesIO(picture()), "park.png")})
    added = browser.post(address, data={"file": (io.BytesIO(picture()), "park.png"), "alt_en": "A park"})
    uid = stored()["images"][0]
    page = browser.get(f"/my/projects/mindu/files/{uid}")
    described = browser.post(f"/my/projects/mindu/files/{uid}", data={"alt_en": "A green park"})
    listed = browser.get(step("files")).text
    removed = browser.post(f"/my/projects/mindu/files/{uid}/remove")

    assert (silent.status_code, added.status_code) == (422, 303)
    assert 'alt="A park"' in page.text
    assert described.status_code == removed.status_code == 303
    assert "park" in listed
    assert "images" not in stored()


@pytest.mark.parametrize("content", [None, b"", b"MZ..."])
def test_what_is_no_pdf_is_refused_in_the_form(login_as, ana, project, content):
    data = {"file": (io.BytesIO(content), "tool.pdf")} if content is not None else {}

    browser = login_as(ana)
    asked = browser.get("/my/projects/mindu/files/new/deck")
    answer = browser.post("/my/projects/mindu/files/new/deck", data=data)

    assert answer.status_code == 422
    assert answer.text.count('href="#file"') == 1
    assert "optional" not in asked.text


def test_files_go_only_where_files_belong(login_as, ana, project):
    assert login_as(ana).get("/my/projects/mindu/files/new/capex").status_code == 404
    assert login_as(ana).get("/my/projects/mindu/files/AAAAAAAAAAAAAAAAAAAAAA").status_code == 404


def test_call_is_chosen_later(login_as, ana, project, call):
    browser = login_as(ana)
    assert "Call of 2026" in browser.get("/my/projects/mindu/call").text

    answer = browser.post("/my/projects/mindu/call", data={"call": call.slug})

    assert answer.status_code == 303
    session().refresh(project)
    assert project.call.slug == call.slug


def test_pages_of_a_project_ask_few_questions(login_as, ana, project, count_queries):
    browser = login_as(ana)

    for path in ("/my/projects", "/my/projects/mindu", "/my/projects/mindu/steps/needs", "/my/projects/mindu/history"):
        with count_queries() as queries:
            assert browser.get(path).status_code == 200
        assert len(queries) <= 15, path
