"""Projects at the desk: the list and its export, one project, its reviews, decisions, and the way into the book."""

import csv
import io
import re
from datetime import timedelta
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook

from marketplace import clock as now
from marketplace.database import atomic, session
from marketplace.models import (
    AuditEntry,
    Band,
    Call,
    Criterion,
    Organisation,
    Project,
    ProjectState,
    ProjectVersion,
    ReviewRole,
    ReviewState,
)
from marketplace.services.reviews import decisions
from marketplace.services.search import fold
from marketplace.services.sheets.pitch import PITCH
from tests.pitches import content_of


@pytest.fixture
def desk(case, login_as):
    return login_as(case.organiser)


def titles(page) -> list[str]:
    return re.findall(r'href="/desk/projects/([a-z0-9-]+)"', page.text)


PAGES = (
    "/desk/projects",
    "/desk/projects/mindu",
    "/desk/projects/mindu/versions",
    "/desk/projects/mindu/reviews",
    "/desk/projects/mindu/reviews/assign",
    "/desk/projects/mindu/changes",
    "/desk/projects/mindu/accept",
    "/desk/projects/mindu/decline",
    "/desk/projects/mindu/late",
    "/desk/projects/mindu/publish",
    "/desk/projects/mindu/unpublish",
    "/desk/projects/mindu/reopen",
    "/desk/projects/mindu/record",
)


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_for_organisers_only(case, client, login_as, desk, path):
    case.judged()

    assert client.get(path).status_code == 303
    assert login_as(case.manager).get(path).status_code == 403
    assert login_as(case.reviewers[0]).get(path).status_code == 403
    assert desk.get(path).status_code == 200


@pytest.mark.parametrize("path", PAGES[1:])
def test_project_that_does_not_exist_is_not_found(case, desk, path):
    assert desk.get(path.replace("mindu", "nothing")).status_code == 404


@pytest.mark.parametrize(
    "state", [state for state in ProjectState if state is not ProjectState.SUBMITTED], ids=lambda state: state.value
)
def test_pages_open_in_every_state(case, desk, state):
    with atomic():
        case.project.state = state

    for path in PAGES[1:]:
        assert desk.get(path).status_code == 200, path


def test_list_is_searched_without_accents_in_titles_and_cities(case, desk, make):
    other = make.city(name="Mérida", slug="merida", country="MX", search_text="merida")
    make.project(other, slug="cenote", content={"title": {"es": "Anillo de cenotes"}}, search_text="anillo de cenotes")

    assert titles(desk.get("/desk/projects?q=MERIDA")) == ["cenote"]
    assert titles(desk.get("/desk/projects?q=mérida cenotes")) == ["cenote"]
    assert titles(desk.get("/desk/projects?q=merida mindu")) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=submitted", {"mindu"}),
        ("state=draft", {"park"}),
        ("city=manaus", {"mindu"}),
        ("country=CO", {"park"}),
        ("sector=nbs", {"mindu"}),
        ("sector=water", {"park"}),
        ("stage=feasibility", {"mindu"}),
        ("stage=scoping", {"park"}),
        ("call=open-call", {"park"}),
        ("need=reviewer", {"mindu"}),
        ("need=moderator", set()),
        ("need=nonsense", {"mindu", "park"}),
        ("state=nonsense&sector=<b>&city=", {"mindu", "park"}),
        ("state=submitted&country=CO", set()),
    ],
)
def test_list_is_filtered(case, desk, make, query, found):
    call = make.store(
        Call(
            slug="open-call",
            titles={"en": "Call"},
            timezone="UTC",
            opens_at=now.now(),
            closes_at=now.now() + timedelta(days=1),
            created_at=now.now(),
        )
    )
    make.project(
        make.city(country="CO"),
        slug="park",
        call_id=call.id,
        content={"sector_primary": "water", "stage": "scoping"},
    )

    assert set(titles(desk.get(f"/desk/projects?{query}"))) == found


def test_list_shows_what_waits_for_whom(case, desk):
    case.judged(4, 4, 4, 4, 4, 4, 4, 4, 4)
    assert "reviewer missing" in desk.get("/desk/projects").text
    assert titles(desk.get("/desk/projects?need=reviewer")) == ["mindu"]
    open_review = case.assign()
    with atomic():
        open_review.due_at = now.now() - timedelta(hours=1)
    assert titles(desk.get("/desk/projects?need=overdue")) == ["mindu"]
    assert titles(desk.get("/desk/projects?need=reviewer")) == []
    with atomic():
        open_review.state, open_review.scores = ReviewState.DONE, dict.fromkeys(("finance",), 4)
        open_review.scores = {**dict.fromkeys(case.version.content.get("x", {}), 4), **_scores(2)}

    assert titles(desk.get("/desk/projects?need=moderator")) == ["mindu"]
    assert titles(desk.get("/desk/projects?need=decision")) == []
    assert "moderator missing" in desk.get("/desk/projects").text
    with atomic():
        open_review.scores = _scores(3)
    assert titles(desk.get("/desk/projects?need=moderator")) == []
    assert titles(desk.get("/desk/projects?need=decision")) == ["mindu"]


def _scores(points: int) -> dict[str, int]:
    return {criterion.value: points for criterion in Criterion}


def test_list_is_sorted_either_way_with_nothing_last(case, desk, make):
    make.project(case.city, slug="ready", readiness=80.0, band=Band.INVESTMENT_READY)
    make.project(case.city, slug="idea", readiness=20.0, band=Band.IDEA)

    assert titles(desk.get("/desk/projects?sort=readiness")) == ["idea", "ready", "mindu"]
    assert titles(desk.get("/desk/projects?sort=-readiness")) == ["ready", "idea", "mindu"]
    assert desk.get("/desk/projects?sort=nonsense").status_code == 200


def test_list_of_two_thousand_projects_takes_few_queries(case, desk, make, count_queries):
    content = content_of()
    at = now.now()
    with atomic() as current:
        cities = [
            Organisation(
                slug=f"c{n}", kind="city", name=f"City {n}", country="BR", created_at=at, search_text=f"city {n}"
            )
            for n in range(60)
        ]
        current.add_all(cities)
        current.flush()
        projects = [
            Project(
                slug=f"p{n}",
                city_id=cities[n % 60].id,
                state=ProjectState.IN_REVIEW if n % 2 else ProjectState.DRAFT,
                titles={"en": f"Project {n}"},
                content=content,
                search_text=fold(f"Project {n}"),
                created_at=at,
                changed_at=at,
            )
            for n in range(2000)
        ]
        current.add_all(projects)
        current.flush()
        current.add_all(
            ProjectVersion(
                project_id=one.id,
                number=1,
                content={},
                currency="USD",
                usd_rate=1,
                usd_rate_on=at.date(),
                submitted_at=at,
            )
            for one in projects
        )

    for query in (
        "",
        "?q=project 19&state=in_review&country=BR&sector=nbs&stage=feasibility&sort=city&page=2",
        "?need=moderator",
    ):
        with count_queries() as statements:
            assert desk.get(f"/desk/projects{query}").status_code == 200
        assert len(statements) <= 15, statements


def test_export_disarms_formulas_and_is_recorded(case, desk):
    with atomic():
        case.project.titles = {"en": '=HYPERLINK("https://evil.example")'}
        case.city.names = {"en": "+Manaus"}

    table = desk.post("/desk/projects/export", data={"format": "csv", "state": "submitted"})
    book = desk.post("/desk/projects/export", data={"format": "xlsx"})

    rows = list(csv.reader(io.StringIO(table.data.decode("utf-8-sig"))))
    assert rows[1][1:3] == ['\'=HYPERLINK("https://evil.example")', "'+Manaus"]
    assert "<f>" not in ZipFile(io.BytesIO(book.data)).read("xl/worksheets/sheet1.xml").decode()
    sheet = load_workbook(io.BytesIO(book.data)).active
    assert sheet["B2"].value == '=HYPERLINK("https://evil.example")'
    assert sheet["B2"].data_type == "s"
    acts = session().query(AuditEntry).filter_by(action="projects.exported").all()
    assert [entry.details["rows"] for entry in acts] == [1, 1]


def test_export_keeps_to_the_filter(case, desk, make):
    make.project(case.city, slug="draft")

    table = desk.post("/desk/projects/export", data={"format": "csv", "state": "draft"})

    assert [row[0] for row in csv.reader(io.StringIO(table.data.decode("utf-8-sig")))][1:] == ["draft"]


def test_project_page_shows_problems_warnings_and_next_acts(case, desk):
    with atomic():
        content = {**case.version.content, "revenue_models": ["none"]}
        del content["served_areas"]
        case.version.content = content

    page = desk.get("/desk/projects/mindu")

    assert "Areas served" in page.text
    assert "not explained" in page.text
    assert "Take into review" in page.text
    assert "/desk/projects/mindu/accept" not in page.text
    desk.post("/desk/projects/mindu/begin", data={"seen": "1"})
    assert "/desk/projects/mindu/accept" in desk.get("/desk/projects/mindu").text


def test_versions_are_compared(case, desk):
    case.judged()
    decisions.request_changes("mindu", case.organiser, seen=1, message="x", comments={})
    case.resubmit(served_areas="Zona Norte")

    newest = desk.get("/desk/projects/mindu/versions")
    first = desk.get("/desk/projects/mindu/versions?version=1")
    strange = desk.get("/desk/projects/mindu/versions?version=99&against=<b>")

    assert "<del>Leste</del><ins>Norte</ins>" in newest.text
    assert "<ins>" not in first.text
    assert strange.status_code == 200
    with atomic():
        case.project.content = {**case.project.content, "served_areas": "Zona Sul"}
    assert "<ins>Sul</ins>" in desk.get("/desk/projects/mindu/versions?version=now").text


def test_assigning_shows_load_and_conflicts_and_asks_before_one(case, desk, make):
    city_person = case.reviewer(name="Carla City")
    make.membership(city_person, case.city)
    near = case.reviewer(name="Nadia Near", email="nadia@manaus.gov.example")

    form = desk.get("/desk/projects/mindu/reviews/assign")
    data = {
        "seen": "1",
        "role": "reviewer",
        "reviewer": near.uid,
        "due_on": f"{now.now() + timedelta(days=9):%Y-%m-%d}",
    }
    refused = desk.post("/desk/projects/mindu/reviews/assign", data=data)
    assigned = desk.post("/desk/projects/mindu/reviews/assign", data={**data, "despite": "y"})

    assert "Same organisation" in form.text
    assert "Same domain of the e-mail address" in form.text
    assert f'<option value="{city_person.uid}"' not in form.text
    assert (refused.status_code, "conflict of interest" in refused.text) == (422, True)
    assert assigned.location == "/desk/projects/mindu/reviews"
    assert "Nadia Near" in desk.get("/desk/projects/mindu/reviews").text


@pytest.mark.parametrize("due_on", ["", "x", "0001-01-01", "9999-12-31", "2001-01-01"])
def test_day_that_cannot_be_is_refused(case, desk, due_on):
    reviewer = case.reviewer()

    answer = desk.post(
        "/desk/projects/mindu/reviews/assign",
        data={"seen": "1", "role": "reviewer", "reviewer": reviewer.uid, "due_on": due_on},
    )

    assert answer.status_code == 422


def test_reviews_stand_side_by_side_with_where_they_differ(case, desk):
    case.judged(4, 4, 4, 4, 4, 4, 4, 4, 4, notes={"finance": "Model is there"}, comments={"finance": "Fine"})
    case.judged(4, 4, 2, 4, 4, 4, 4, 4, 4)

    page = desk.get("/desk/projects/mindu/reviews")

    assert page.text.count("gap-mark") == 1
    assert "A moderator is needed for:" in page.text
    assert "Model is there" in page.text
    assert "Assign a moderator" in page.text
    assert 'value="moderator"' in desk.get("/desk/projects/mindu/reviews/assign").text


def test_reviewer_is_replaced(case, desk):
    review = case.assign()
    other = case.reviewer(name="Other One")

    empty = desk.post(f"/desk/projects/mindu/reviews/{review.uid}/remove", data={"reason": ""})
    answer = desk.post(
        f"/desk/projects/mindu/reviews/{review.uid}/remove", data={"reason": "Ill", "instead": other.uid}
    )

    assert (empty.status_code, answer.status_code) == (422, 303)
    page = desk.get("/desk/projects/mindu/reviews")
    assert "Other One" in page.text
    assert "Ill" in page.text


def test_review_of_another_project_is_not_found_under_this_one(case, desk, make):
    review = case.assign()
    make.project(case.city, slug="other")

    for act in ("remove", "postpone"):
        assert desk.get(f"/desk/projects/other/reviews/{review.uid}/{act}").status_code == 404


def test_day_is_moved(case, desk):
    review = case.assign()
    day = now.now() + timedelta(days=30)

    answer = desk.post(f"/desk/projects/mindu/reviews/{review.uid}/postpone", data={"due_on": f"{day:%Y-%m-%d}"})

    session().refresh(review)
    assert answer.status_code == 303
    assert review.due_at.date() == day.date()


def test_changes_are_asked_with_the_reviewers_comments_edited(case, desk):
    case.judged(comments={"finance": "Give the accuracy."}, summary="Good start.")

    form = desk.get("/desk/projects/mindu/changes")
    nothing = {"seen": "1", "message": "", **{f"comments-{step.name}": "" for step in PITCH.steps}}
    empty = desk.post("/desk/projects/mindu/changes", data=nothing)
    answer = desk.post("/desk/projects/mindu/changes", data={"seen": "1", "comments-finance": "Accuracy, please."})

    assert "Give the accuracy." in form.text
    assert "Good start." in form.text
    assert (empty.status_code, answer.status_code) == (422, 303)
    session().refresh(case.project)
    assert case.project.state is ProjectState.CHANGES_REQUESTED
    assert "Accuracy, please." in desk.get("/desk/projects/mindu").text


def test_accepting_without_reviews_asks_for_a_reason(case, desk):
    desk.post("/desk/projects/mindu/begin", data={"seen": "1"})

    asked = desk.get("/desk/projects/mindu/accept")
    refused = desk.post("/desk/projects/mindu/accept", data={"seen": "1"})
    answer = desk.post("/desk/projects/mindu/accept", data={"seen": "1", "reason": "Known for years"})

    assert "Reason for accepting without complete reviews</label>" in asked.text
    assert (refused.status_code, answer.status_code) == (422, 303)
    assert "Known for years" in desk.get("/desk/projects/mindu/record").text


def test_later_decision_is_told_what_happened(case, desk, make, login_as):
    case.assign()
    other = login_as(make.organiser(name="Pedro Mesa"))
    other.post("/desk/projects/mindu/decline", data={"seen": "1", "message": "No"})

    answer = desk.post("/desk/projects/mindu/accept", data={"seen": "1", "reason": "Yes"})

    assert answer.status_code == 409
    assert "Pedro Mesa" in answer.text
    assert "Declined" in answer.text


@pytest.mark.parametrize("seen", ["", "0", "2", "x", "-1", "99999999999"])
def test_decision_about_another_version_is_refused(case, desk, seen):
    case.assign()

    answer = desk.post("/desk/projects/mindu/accept", data={"seen": seen, "reason": "Yes"})

    assert answer.status_code == 409
    session().refresh(case.project)
    assert case.project.state is ProjectState.IN_REVIEW


def test_accepted_project_is_published_and_taken_out_again(case, desk):
    case.judged()
    case.judged()
    desk.post("/desk/projects/mindu/accept", data={"seen": "1"})

    published = desk.post("/desk/projects/mindu/publish")
    page = desk.get("/desk/projects/mindu")
    out = desk.post("/desk/projects/mindu/unpublish", data={"reason": "A mistake"})

    assert (published.status_code, out.status_code) == (303, 303)
    assert "in the book" in page.text
    session().refresh(case.project)
    assert case.project.state is ProjectState.ACCEPTED


def test_incomplete_project_is_not_published_and_its_page_says_why(case, desk):
    with atomic():
        content = dict(case.version.content)
        del content["served_areas"]
        case.version.content = content
        case.project.state = ProjectState.ACCEPTED

    answer = desk.post("/desk/projects/mindu/publish", follow_redirects=True)

    assert "cannot be published yet" in answer.text
    assert "Areas served" in answer.text


def test_declined_project_is_opened_again(case, desk):
    case.assign()
    desk.post("/desk/projects/mindu/decline", data={"seen": "1", "message": "No"})

    desk.post("/desk/projects/mindu/reopen")

    session().refresh(case.project)
    assert case.project.state is ProjectState.DRAFT


def test_late_leave_is_given_in_the_zone_of_the_call(case, desk, make):
    call = make.store(
        Call(
            slug="c",
            titles={"en": "Call"},
            timezone="America/Manaus",
            opens_at=now.now() - timedelta(days=9),
            closes_at=now.now() - timedelta(days=1),
            created_at=now.now(),
        )
    )
    with atomic():
        case.project.state, case.project.call_id = ProjectState.DRAFT, call.id
    day = now.now() + timedelta(days=3)

    past = desk.post("/desk/projects/mindu/late", data={"until": "2020-01-01T10:00", "reason": "Flood"})
    answer = desk.post("/desk/projects/mindu/late", data={"until": f"{day:%Y-%m-%d}T10:00", "reason": "Flood"})

    session().refresh(case.project)
    assert (past.status_code, answer.status_code) == (422, 303)
    assert f"{case.project.late_until:%H:%M}" == "14:00"


def test_record_names_who_reviewed_and_what_was_done(case, desk):
    review = case.assign(case.reviewer(name="Ines Vega"))

    page = desk.get("/desk/projects/mindu/record")

    assert review.reviewer.name in page.text
    assert "Assigned a review" in page.text


def test_project_pages_take_a_fixed_number_of_queries(case, desk, count_queries):
    case.judged(4, 4, 4, 4, 4, 4, 4, 4, 4)
    case.judged(4, 4, 2, 4, 4, 4, 4, 4, 4)
    case.assign(role=ReviewRole.MODERATOR)
    for _ in range(10):
        case.reviewer()

    for path in PAGES[1:7]:
        with count_queries() as statements:
            assert desk.get(path).status_code == 200
        assert len(statements) <= 32, (path, len(statements))
