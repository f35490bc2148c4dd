"""Several processes write one working text, submit one project, add one file: nothing is lost, and nothing twice."""

import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from marketplace import clock, config
from marketplace.database import session
from marketplace.errors import Conflict, Invalid
from marketplace.models import Call, Letter, Project, ProjectEdit, ProjectFile, ProjectVersion, User
from marketplace.services.projects import drafts, files, submission
from tests.races.actors import PROCESSES, together

TURNS = 5


def pdf(number: int) -> bytes:
    return f"%PDF-1.4\n{number}\n%%EOF\n".encode()


def save_one_field(number: int, slug: str, user_id: int) -> str:
    """Save the same answer from the same revision."""
    by = session().get(User, user_id)
    saved = drafts.save(slug, "project", {"served_areas": f"Area {number}"}, 0, by)
    return "clash" if saved.conflicts else f"stored-{number}"


def save_many_fields(number: int, slug: str, user_id: int) -> str:
    """Save one language of a text again and again, each time from the page as it was at first."""
    by = session().get(User, user_id)
    code = ("en", "es", "pt", "en")[number]
    name = "title" if number < 3 else "summary"
    answers = []
    for turn in range(TURNS):
        project = drafts.find(slug, by)
        texts = {**project.content[name], code: f"Words of process {number}, turn {turn}"}
        saved = drafts.save(slug, "project", {name: texts}, project.revision, by)
        answers.append("clash" if saved.conflicts else "saved")
    return " ".join(answers)


def submit(number: int, slugs: list[str], user_id: int) -> str:
    """Submit one project of the list."""
    by = session().get(User, user_id)
    try:
        submission.submit(slugs[number % len(slugs)], by)
    except Conflict:
        return "refused"
    return "submitted"


def add_file(number: int, slug: str, user_id: int, folder: str) -> str:
    """Add three files, one of them the same for all."""
    config.use(replace(config.current(), upload_dir=Path(folder)))
    by = session().get(User, user_id)
    answers = []
    for turn in range(3):
        try:
            files.add(slug, "study", "a.pdf", pdf(number * 10 + turn if turn else 0), {}, by)
            answers.append("added")
        except Invalid:
            answers.append("full")
    return " ".join(answers)


def test_one_answer_saved_at_once_is_stored_once_and_told_to_the_others(app, make, database_url):
    ana = make.manager(make.city())
    project = make.project(ana.memberships[0].organisation)

    answers = together(database_url, save_one_field, project.slug, ana.id)

    assert answers["clash"] == PROCESSES - 1
    session().refresh(project)
    (winner,) = [word for word in answers if word.startswith("stored-")]
    assert project.content["served_areas"] == f"Area {winner.removeprefix('stored-')}"
    assert project.revision == 1


def test_languages_saved_at_once_are_all_kept(app, make, database_url):
    ana = make.manager(make.city())
    project = make.project(ana.memberships[0].organisation)

    answers = together(database_url, save_many_fields, project.slug, ana.id)

    assert answers == {"saved": PROCESSES * TURNS}
    session().refresh(project)
    last = TURNS - 1
    assert project.content["title"] == {
        code: f"Words of process {number}, turn {last}" for number, code in enumerate(("en", "es", "pt"))
    }
    assert project.content["summary"]["en"] == f"Words of process 3, turn {last}"
    revisions = list(session().scalars(select(ProjectEdit.revision).order_by(ProjectEdit.revision)))
    assert revisions == list(range(1, PROCESSES * TURNS + 1))
    assert project.revision == len(revisions)


def call(make, **values) -> Call:
    now = clock.now()
    values = {"opens_at": now - timedelta(days=1), "closes_at": now + timedelta(days=1), **values}
    return make.store(Call(slug="call", titles={"en": "Call"}, timezone="UTC", created_at=now, **values))


def test_submitting_at_once_makes_one_version(app, make, database_url):
    ana = make.manager(make.city())
    project = make.project(ana.memberships[0].organisation, call_id=call(make).id)

    answers = together(database_url, submit, [project.slug], ana.id)

    assert answers == {"submitted": 1, "refused": PROCESSES - 1}
    assert session().scalar(select(func.count()).select_from(ProjectVersion)) == 1
    assert session().scalar(select(func.count()).select_from(Letter)) == 1


def test_call_takes_no_more_of_a_city_than_it_says(app, make, database_url):
    ana = make.manager(make.city())
    open_call = call(make, most_per_city=2)
    projects = [make.project(ana.memberships[0].organisation, call_id=open_call.id) for _ in range(PROCESSES)]

    answers = together(database_url, submit, [project.slug for project in projects], ana.id)

    assert answers == {"submitted": 2, "refused": PROCESSES - 2}
    assert session().scalar(select(func.count()).select_from(ProjectVersion)) == 2


def test_files_added_at_once_keep_to_the_limit(app, make, database_url):
    ana = make.manager(make.city())
    project = make.project(ana.memberships[0].organisation)
    with tempfile.TemporaryDirectory() as folder:
        together(database_url, add_file, project.slug, ana.id, folder)

        session().refresh(project)
        named = project.content["study_files"]
        kept = {path.name for path in (Path(folder) / "projects").iterdir()}
    assert len(named) == len(set(named)) == 9
    assert set(named) == set(session().scalars(select(ProjectFile.uid))) == kept
    assert session().scalar(select(func.count()).select_from(Project)) == 1
