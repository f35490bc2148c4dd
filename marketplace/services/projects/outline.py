"""Where a project stands, step by step: how much is answered, what is missing, what looks wrong, what happens next."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import defer, joinedload

from marketplace.database import session
from marketplace.errors import NotFound
from marketplace.i18n import LazyText, lazy_gettext
from marketplace.models import Organisation, OrganisationKind, Project, ProjectEdit, ProjectState, ProjectVersion, User
from marketplace.services import memberships, policies
from marketplace.services.projects import drafts, rules, submission
from marketplace.services.projects.consistency import Warning
from marketplace.services.sheets import checks, values
from marketplace.services.sheets.checks import Problem
from marketplace.services.sheets.fields import Content, Required, Step
from marketplace.services.sheets.pitch import PITCH

_NEXT: dict[ProjectState, LazyText] = {
    ProjectState.DRAFT: lazy_gettext("Your team writes. A manager of the city submits it when it is ready."),
    ProjectState.SUBMITTED: lazy_gettext("The organisers have it and choose its reviewers. You will get a letter."),
    ProjectState.IN_REVIEW: lazy_gettext("Reviewers read it. You will get a letter with what they found."),
    ProjectState.CHANGES_REQUESTED: lazy_gettext(
        "The organisers ask for changes. Make them, then a manager of the city submits it again."
    ),
    ProjectState.ACCEPTED: lazy_gettext(
        "It is accepted. The organisers publish it as soon as what the book needs is complete."
    ),
    ProjectState.PUBLISHED: lazy_gettext(
        "It is in the book of projects. What you write now is an update: it appears once it was submitted and accepted."
    ),
    ProjectState.DECLINED: lazy_gettext("It was declined. The organisers can open it again."),
    ProjectState.WITHDRAWN: lazy_gettext("It was withdrawn. A manager of the city can open it again."),
}


@dataclass(frozen=True)
class Part:
    """One step: how much of it is answered in percent, what keeps it from being submitted, and what looks wrong."""

    step: Step
    number: int
    completeness: int
    problems: list[Problem]
    warnings: list[Warning]


@dataclass(frozen=True)
class Outline:
    """A whole project. `problems` keep it from being submitted, `before_book` only from being published."""

    parts: list[Part]
    problems: list[Problem]
    before_book: list[Problem]
    warnings: list[Warning]
    gaps: dict[str, list[str]]

    def part(self, name: str) -> Part:
        """Return one step."""
        return next(part for part in self.parts if part.step.name == name)


def of(project: Project) -> Outline:
    """Return where a project's working text stands."""
    content, city = project.content, project.city
    every = rules.problems(content, city, Required.PUBLISH)
    to_submit = submission.problems(project)
    needed = {problem.field for problem in to_submit}
    warnings = rules.warnings(content, city)
    answered = checks.completeness_by_step(PITCH, content)
    return Outline(
        parts=[
            Part(
                step,
                number,
                answered[step.name],
                [problem for problem in to_submit if problem.step == step.name],
                [one for one in warnings if PITCH.step_of[one.fields[0]].name == step.name],
            )
            for number, step in enumerate(PITCH.steps, start=1)
        ],
        problems=to_submit,
        before_book=[problem for problem in every if problem.field not in needed],
        warnings=warnings,
        gaps=checks.missing_translations(PITCH, content),
    )


def next_words(project: Project) -> LazyText:
    """Say what happens next with a project."""
    return _NEXT[project.state]


def cities(by: User) -> list[Organisation]:
    """Return the cities a person may begin projects for."""
    return [one for one in memberships.choices(by) if one.kind is OrganisationKind.CITY]


def listed(by: User) -> list[tuple[Organisation, list[Project]]]:
    """Return the projects a person works on under their cities, cities without a project too."""
    found: dict[int, tuple[Organisation, list[Project]]] = {city.id: (city, []) for city in cities(by)}
    for project in drafts.mine(by):
        found.setdefault(project.city_id, (project.city, []))[1].append(project)
    return list(found.values())


def writers(project: Project) -> dict[str, ProjectEdit]:
    """Return the last edit of each step, by its name."""
    statement = (
        select(ProjectEdit)
        .where(ProjectEdit.project_id == project.id)
        .options(joinedload(ProjectEdit.by))
        .order_by(ProjectEdit.revision.desc())
        .limit(300)
    )
    found: dict[str, ProjectEdit] = {}
    for edit in session().scalars(statement):
        for name in edit.before:
            if name in PITCH.step_of:
                found.setdefault(PITCH.step_of[name].name, edit)
    return found


def versions(project: Project) -> list[ProjectVersion]:
    """Return what was submitted, the latest first, without its text."""
    return list(
        session().scalars(
            select(ProjectVersion)
            .where(ProjectVersion.project_id == project.id)
            .options(defer(ProjectVersion.content), joinedload(ProjectVersion.submitted_by))
            .order_by(ProjectVersion.number.desc())
        )
    )


def version(project: Project, number: int) -> ProjectVersion:
    """Return one submitted version; raises `NotFound`."""
    found = session().scalar(
        select(ProjectVersion).where(ProjectVersion.project_id == project.id, ProjectVersion.number == number)
    )
    if found is None:
        raise NotFound
    return found


def after(content: Content, edits: Iterable[ProjectEdit]) -> list[tuple[ProjectEdit, dict[str, tuple[object, object]]]]:
    """Return for each edit the fields it changed, before and after, given the content after the first of them.

    `edits` come the latest first without a gap.
    """
    found = []
    now = dict(content)
    for edit in edits:
        found.append((edit, {name: (before, now.get(name)) for name, before in edit.before.items()}))
        now = values.merge(now, edit.before)
    return found


def may_submit(project: Project, by: User) -> bool:
    """Tell whether a person may submit, withdraw and reopen a project."""
    return policies.can(by, "project.submit", project)
