"""The working text: who reads and writes it, two pages at once, hostile answers, what it costs."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from marketplace import clock as house_clock
from marketplace.database import atomic, session
from marketplace.errors import Conflict, Invalid, NotAllowed, NotFound
from marketplace.models import AuditEntry, MembershipState, Project, ProjectEdit, ProjectState
from marketplace.services import jobs
from marketplace.services.projects import drafts, edits
from tests.pitches import content_of


@pytest.fixture
def city(make):
    return make.city(slug="manaus", name="Manaus")


@pytest.fixture
def ana(make, city):
    return make.manager(city)


@pytest.fixture
def project(make, city):
    return make.project(city)


def stored(project: Project) -> dict:
    session().rollback()
    session().refresh(project)
    return project.content


def test_start_makes_a_draft_of_ones_city(make, city, ana):
    project = drafts.start("manaus", None, {"pt": " Parque linear do Mindu\x00 "}, ana)

    assert (project.state, project.slug) == (ProjectState.DRAFT, "manaus-parque-linear-do-mindu")
    assert project.titles == project.content["title"] == {"pt": "Parque linear do Mindu"}
    assert drafts.start("manaus", None, {"pt": "Parque linear do Mindu"}, ana).slug == "manaus-parque-linear-do-mindu-2"


def test_start_for_another_city_is_not_found(make, city, ana):
    make.city(slug="cali")
    funder = make.organisation(slug="bank")
    make.membership(ana, funder)

    for slug in ("cali", "bank", "nowhere"):
        with pytest.raises(NotFound):
            drafts.start(slug, None, {"en": "A park in a city"}, ana)


def test_start_without_title_names_the_field(city, ana):
    with pytest.raises(Invalid) as refusal:
        drafts.start("manaus", None, {"en": " \x00 "}, ana)

    assert refusal.value.field == "title_en"


def test_start_stops_at_many_drafts(make, city, ana, monkeypatch):
    monkeypatch.setattr(drafts, "DRAFTS_PER_CITY", 1)
    make.project(city)

    with pytest.raises(Conflict):
        drafts.start("manaus", None, {"en": "One more park"}, ana)


def test_project_is_found_by_its_people_and_organisers_only(make, city, ana, project):
    former = make.user()
    make.membership(former, city, state=MembershipState.ENDED)
    asking = make.user()
    make.membership(asking, city, state=MembershipState.REQUESTED)
    other = make.manager(make.city())

    assert drafts.find(project.slug, ana) is drafts.find(project.slug, make.organiser())
    for stranger in (former, asking, other, make.user()):
        with pytest.raises(NotFound):
            drafts.find(project.slug, stranger)
        with pytest.raises(NotFound):
            drafts.save(project.slug, "project", {"served_areas": "North"}, 0, stranger)
        with pytest.raises(NotFound):
            drafts.history(project.slug, stranger)
    assert stored(project)["served_areas"] == "Zona Leste"


def test_organiser_reads_and_does_not_write(make, project):
    with pytest.raises(NotAllowed):
        drafts.save(project.slug, "project", {"served_areas": "North"}, 0, make.organiser())


def test_mine_are_those_of_my_cities(make, city, ana, project):
    make.project(make.city())

    assert drafts.mine(ana) == [project]


def test_save_changes_only_what_was_sent(make, ana, project):
    saved = drafts.save(
        project.slug, "project", {"served_areas": "Zona Norte", "title": {"en": "A wider park"}}, 0, ana
    )

    assert (saved.revision, saved.errors, saved.conflicts) == (1, {}, {})
    assert stored(project) == content_of(served_areas="Zona Norte", title={"en": "A wider park"})
    assert project.titles == {"en": "A wider park"}
    assert "a wider park" in project.search_text


def test_save_of_the_same_changes_nothing(ana, project):
    saved = drafts.save(project.slug, "project", {"served_areas": "Zona Leste"}, 0, ana)

    assert saved.revision == 0
    assert session().scalar(select(func.count()).select_from(ProjectEdit)) == 0


def test_save_empties_an_answer(ana, project):
    drafts.save(project.slug, "project", {"served_areas": ""}, 0, ana)

    assert "served_areas" not in stored(project)
    assert project.completeness < 100


def test_answer_that_cannot_be_read_stays_and_the_others_are_saved(ana, project):
    saved = drafts.save(project.slug, "finance", {"capex": "much", "opex_year": "1,5"}, 0, ana)

    assert list(saved.errors) == ["capex"]
    assert stored(project)["capex"] == "20000000.00"
    assert project.content["opex_year"] == "1.50"


def test_unknown_steps_and_fields_are_not_taken(ana, project):
    with pytest.raises(NotFound):
        drafts.save(project.slug, "../etc", {}, 0, ana)

    drafts.save(project.slug, "project", {"state": "published", "capex": "1", "readiness": "99", 7: "x"}, 0, ana)

    assert stored(project) == content_of()
    assert project.state is ProjectState.DRAFT


@pytest.mark.parametrize("state", [ProjectState.SUBMITTED, ProjectState.IN_REVIEW, ProjectState.WITHDRAWN])
def test_text_that_is_judged_is_not_written(make, city, ana, state):
    project = make.project(city, state=state)

    with pytest.raises(Conflict):
        drafts.save(project.slug, "project", {"served_areas": "North"}, 0, ana)


def test_two_pages_that_change_different_answers_keep_both(make, city, ana, project):
    rui = make.manager(city)
    drafts.save(project.slug, "project", {"served_areas": "Zona Norte"}, 0, rui)

    saved = drafts.save(
        project.slug, "project", {"served_areas": "Zona Leste", "title": {"en": "Renamed park"}}, 0, ana
    )

    assert saved.conflicts == {}
    assert stored(project)["served_areas"] == "Zona Norte"
    assert project.content["title"] == {"en": "Renamed park"}


def test_newer_text_stands_beside_the_older(make, city, ana, project):
    rui = make.manager(city)
    drafts.save(project.slug, "project", {"served_areas": "Zona Norte"}, 0, rui)

    saved = drafts.save(project.slug, "project", {"served_areas": "Zona Sul"}, 0, ana)

    clash = saved.conflicts["served_areas"]
    assert (clash.mine, clash.theirs, clash.by) == ("Zona Sul", "Zona Norte", rui)
    assert stored(project)["served_areas"] == "Zona Norte"
    saved = drafts.keep_mine(project.slug, "served_areas", "Zona Sul", saved.revision, ana)
    assert saved.conflicts == {}
    assert stored(project)["served_areas"] == "Zona Sul"


def test_keeping_mine_does_not_overwrite_what_came_after(make, city, ana, project):
    rui = make.manager(city)
    drafts.save(project.slug, "project", {"served_areas": "Zona Norte"}, 0, rui)
    seen = drafts.save(project.slug, "project", {"served_areas": "Zona Sul"}, 0, ana).revision
    drafts.save(project.slug, "project", {"served_areas": "Zona Centro"}, seen, rui)

    saved = drafts.keep_mine(project.slug, "served_areas", "Zona Sul", seen, ana)

    assert saved.conflicts["served_areas"].theirs == "Zona Centro"
    assert stored(project)["served_areas"] == "Zona Centro"


def test_translations_of_one_text_are_joined(make, city, ana, project):
    title = project.content["title"]
    drafts.save(project.slug, "project", {"title": {**title, "es": "Parque lineal"}}, 0, make.manager(city))

    saved = drafts.save(project.slug, "project", {"title": {**title, "pt": "Parque novo do Mindu"}}, 0, ana)

    assert saved.conflicts == {}
    assert stored(project)["title"] == {**title, "es": "Parque lineal", "pt": "Parque novo do Mindu"}


def test_rows_are_joined_by_row_and_column(make, city, ana, project):
    first, second, third = project.content["risks"]
    rui = make.manager(city)
    new = {"key": "", "type": "legal", "level": "low", "mitigation": "Asked the court."}
    drafts.save(project.slug, "maturity", {"risks": [{**first, "level": "high"}, second, third, new]}, 0, rui)

    saved = drafts.save(project.slug, "maturity", {"risks": [{**first, "mitigation": "Drilled."}, third]}, 0, ana)

    assert saved.conflicts == {}
    kept = [{name: cell for name, cell in row.items() if name != "key"} for row in stored(project)["risks"]]
    assert [(row["level"], row["mitigation"]) for row in kept] == [
        ("high", "Drilled."),
        (third["level"], third["mitigation"]),
        ("low", "Asked the court."),
    ]


def test_row_taken_out_here_and_changed_there_is_told(make, city, ana, project):
    first, second, third = project.content["risks"]
    drafts.save(project.slug, "maturity", {"risks": [{**first, "level": "high"}, second, third]}, 0, make.manager(city))

    saved = drafts.save(project.slug, "maturity", {"risks": [second, third]}, 0, ana)

    assert list(saved.conflicts) == ["risks"]
    assert stored(project)["risks"][0]["level"] == "high"


def test_open_page_knows_what_it_saved_although_the_answer_was_lost(ana, project):
    drafts.save(project.slug, "project", {"served_areas": "A"}, 0, ana, "page-1")

    saved = drafts.save(project.slug, "project", {"served_areas": "AB"}, 0, ana, "page-1")

    assert saved.conflicts == {}
    assert stored(project)["served_areas"] == "AB"
    drafts.save(project.slug, "project", {"served_areas": "Zona Leste"}, 0, ana, "page-1")
    assert stored(project)["served_areas"] == "Zona Leste"


def test_two_tabs_of_one_person_are_two_pages(ana, project):
    drafts.save(project.slug, "project", {"served_areas": "A"}, 0, ana, "tab-1")

    saved = drafts.save(project.slug, "project", {"served_areas": "B"}, 0, ana, "tab-2")

    assert saved.conflicts["served_areas"].theirs == "A"
    assert stored(project)["served_areas"] == "A"


def test_open_page_does_not_put_back_what_others_changed(make, city, ana, project):
    rui = make.manager(city)
    page = {"served_areas": "Zona Leste", "title": project.content["title"]}
    drafts.save(project.slug, "project", {**page, "served_areas": "Zona Norte"}, 0, rui)
    saved = drafts.save(project.slug, "project", {**page, "title": {"en": "First words"}}, 0, ana, "page")

    assert saved.newer == {"served_areas": "Zona Norte"}
    saved = drafts.save(project.slug, "project", {**page, "title": {"en": "Second words"}}, saved.revision, ana, "page")

    assert saved.conflicts == {}
    assert stored(project)["served_areas"] == "Zona Norte"
    assert project.content["title"] == {"en": "Second words"}
    page["served_areas"] = "Zona Norte"
    saved = drafts.save(project.slug, "project", {**page, "title": {"en": "Third words"}}, saved.revision, ana, "page")
    assert (saved.newer, saved.revision) == ({}, project.revision)


def test_open_page_keeps_others_translations(make, city, ana, project):
    rui = make.manager(city)
    title = project.content["title"]
    drafts.save(project.slug, "project", {"title": {**title, "es": "Parque lineal"}}, 0, rui)
    saved = drafts.save(project.slug, "project", {"title": {**title, "pt": "Parque um"}}, 0, ana, "page")

    drafts.save(project.slug, "project", {"title": {**title, "pt": "Parque dois"}}, saved.revision, ana, "page")

    assert stored(project)["title"] == {**title, "es": "Parque lineal", "pt": "Parque dois"}


@pytest.mark.parametrize("revision", [-1, 7, 10**9])
def test_revision_nobody_was_given_overwrites_nothing(ana, project, revision):
    raw = {"served_areas": "Forged", "programme_theme": "water"}

    saved = drafts.save(project.slug, "project", raw, revision, ana)

    assert set(saved.conflicts) == {"served_areas", "programme_theme"}
    assert stored(project) == content_of()


def test_page_from_before_the_kept_edits_overwrites_nothing(make, city, ana, clock):
    project = make.project(city, state=ProjectState.PUBLISHED)
    drafts.save(project.slug, "project", {"served_areas": "Zona Norte"}, 0, ana)
    clock.shift(timedelta(days=91))
    edits.forget(jobs.Run(0, 1, {}))
    edits.forget(jobs.Run(0, 1, {}))

    saved = drafts.save(project.slug, "project", {"served_areas": "Zona Sul", "label": ""}, 0, ana)

    assert list(saved.conflicts) == ["served_areas"]
    assert stored(project)["served_areas"] == "Zona Norte"
    assert drafts.history(project.slug, ana).items[0].before == {}


def test_edits_of_a_project_in_course_are_kept(ana, project, clock):
    drafts.save(project.slug, "project", {"served_areas": "Zona Norte"}, 0, ana)
    clock.shift(timedelta(days=400))

    edits.forget(jobs.Run(0, 1, {}))

    assert drafts.history(project.slug, ana).items[0].before == {"served_areas": "Zona Leste"}


def test_one_sitting_is_one_act_of_the_trail(make, city, ana, project, clock):
    def acts() -> int:
        return session().scalar(select(func.count()).where(AuditEntry.action == "project.edited"))

    for number in range(5):
        drafts.save(project.slug, "project", {"served_areas": f"Area {number}"}, number, ana)
        clock.shift(timedelta(minutes=1))
    assert acts() == 1
    drafts.save(project.slug, "project", {"served_areas": "Other"}, 5, make.manager(city))
    assert acts() == 2


def test_restore_brings_an_answer_back(ana, project):
    drafts.save(project.slug, "project", {"served_areas": "One"}, 0, ana)
    drafts.save(project.slug, "project", {"served_areas": "Two", "label": "x"}, 1, ana)

    drafts.restore(project.slug, 1, "served_areas", ana)

    assert stored(project)["served_areas"] == "One"
    assert project.revision == 3
    for name, revision in (("state", 1), ("served_areas", 99), ("images", 1), ("served_areas", -1)):
        with pytest.raises(NotFound):
            drafts.restore(project.slug, revision, name, ana)


def test_copy_is_a_new_draft_without_statements(make, city, ana):
    source = make.project(city, state=ProjectState.PUBLISHED, content={"images": ["a" * 22]})

    twin = drafts.copy(source.slug, ana)

    assert (twin.state, twin.call_id, twin.revision) == (ProjectState.DRAFT, None, 0)
    assert twin.titles["pt"].endswith(" (2)")
    assert not {"images", "accuracy_ack", "consent_data"} & set(twin.content)
    with pytest.raises(NotFound):
        drafts.copy(source.slug, make.manager(make.city()))


def test_draft_that_was_never_submitted_is_deleted(make, city, ana, project):
    drafts.save(project.slug, "project", {"served_areas": "One"}, 0, ana)

    drafts.delete(project.slug, ana)

    assert session().scalar(select(func.count()).select_from(Project)) == 0
    submitted = make.project(city, submitted_at=house_clock.now())
    with pytest.raises(Conflict):
        drafts.delete(submitted.slug, ana)
    with pytest.raises(NotFound):
        drafts.delete(submitted.slug, make.user())


def test_justification_is_kept_per_warning(ana, project):
    drafts.justify(project.slug, "small_ask", " The rest comes from the state. ", ana)

    assert stored(project)["justifications"] == {"small_ask": "The rest comes from the state."}
    drafts.justify(project.slug, "small_ask", "", ana)
    assert "justifications" not in stored(project)
    with pytest.raises(NotFound):
        drafts.justify(project.slug, "constructor", "x", ana)


HOSTILE = [
    "<script>alert(1)</script>",
    "\x00",
    "\ud800",
    "=cmd|' /C calc'!A0",
    "x" * 200_000,
    ["a"],
    {"a": "b"},
    None,
    7,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_answers_break_nothing(ana, project, text):
    for step in ("gate", "project", "maturity", "finance", "impact", "inclusion", "needs", "files"):
        raw = {field.name: text for one in drafts.PITCH.steps if one.name == step for field in one.fields}

        drafts.save(project.slug, step, raw, project.revision, ana)

    drafts.save(project.slug, "project", {"title": {"en": text, "xx": text}}, project.revision, ana)
    drafts.save(project.slug, "maturity", {"risks": [{"key": text, "mitigation": text}] * 300}, project.revision, ana)
    words = str(stored(project))
    assert "\x00" not in words
    assert "\ud800" not in words
    assert len(words) < 60_000


def test_organisations_that_do_not_exist_are_refused(make, ana, project):
    make.organisation(slug="bank")

    saved = drafts.save(project.slug, "needs", {"wanted_funders": ["bank", "nobody"], "blocked_orgs": ["bank"]}, 0, ana)

    assert list(saved.errors) == ["wanted_funders"]
    assert stored(project)["blocked_orgs"] == ["bank"]


def test_files_are_not_named_by_a_form(ana, project):
    drafts.save(project.slug, "files", {"images": ["x" * 22], "concept_note": ["y" * 22]}, 0, ana)

    assert not {"images", "concept_note"} & set(stored(project))


def test_saving_forty_kilobytes_is_quick(app, ana, make, city):
    long = "Água e sombra para a cidade. " * 60
    project = make.project(city, content={name: dict.fromkeys(("en", "es", "pt"), long[:1500]) for name in TEXTS})
    rows = [{"key": str(n), "type": "legal", "level": "low", "mitigation": long} for n in range(12)]
    with atomic():
        project.content = {**project.content, "risks": rows}
    step = drafts.PITCH.step("project")
    took = []
    for number in range(7):
        raw = {field.name: project.content.get(field.name) for field in step.fields}
        raw |= {name: dict.fromkeys(("en", "es", "pt"), f"{number} {long[:1400]}") for name in TEXTS if name in raw}
        begun = time.perf_counter()
        saved = drafts.save(project.slug, "project", raw, project.revision, ana)
        took.append(time.perf_counter() - begun)
        assert not saved.conflicts

    assert len(str(stored(project))) > 40_000
    if "sqlite" in app.config["SQLALCHEMY_DATABASE_URI"]:
        assert sorted(took)[3] < 0.1


TEXTS = (
    "problem",
    "solution",
    "pair_contribution",
    "inclusion_measures",
    "safeguard_measures",
    "summary",
)
