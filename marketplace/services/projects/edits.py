"""Every change of a working text is kept with the values before it, so that what an open page knew can be rebuilt.

A page is sent with the revision it was made from. One that stays open while it saves itself has a name besides, its
`form`: what it saved before, it knows. Edits are never joined: an edit joined with the next would leave no way to
rebuild what a page knew that was opened in between. Instead a daily job empties old ones of projects at rest.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import String, cast, select, update

from marketplace import clock
from marketplace.database import atomic, session
from marketplace.models import Project, ProjectEdit, User
from marketplace.services import audit, jobs
from marketplace.services.projects import states
from marketplace.services.search import fold
from marketplace.services.sheets import checks, saving, values
from marketplace.services.sheets.fields import Content
from marketplace.services.sheets.pitch import PITCH
from marketplace.services.sheets.saving import Known

LOOK_BACK = 1000
"""Edits that are undone to rebuild what a page knew; of an older page only what is still the same is known."""

KEPT = timedelta(days=90)
"""How long the values before an edit are kept of a project at rest."""

SITTING = timedelta(minutes=10)
"""Edits of one person that follow each other within this time are one act in the audit trail."""


def known(project: Project, revision: int, form: str = "") -> Known:
    """Rebuild what a page knows that was made from `revision` and has saved itself under the name `form` since."""
    if not 0 <= revision <= project.revision or project.revision - revision > LOOK_BACK:
        return Known(None, {})
    statement = (
        select(ProjectEdit)
        .where(ProjectEdit.project_id == project.id, ProjectEdit.revision > revision)
        .order_by(ProjectEdit.revision)
    )
    edits = list(session().scalars(statement))
    last = {name: edit for edit in edits for name in edit.before}
    if len(edits) != project.revision - revision or not all(edit.before for edit in edits):
        return Known(None, last)
    content = dict(project.content)
    own: list[tuple[str, Any, Any]] = []
    for edit in reversed(edits):
        for name, before in edit.before.items():
            if form and edit.form == form:
                own.append((name, before, content.get(name)))
            content[name] = before
    return Known(saving.with_own(PITCH, content, reversed(own)), last)


def write(project: Project, changes: Content, by: User | None, form: str = "") -> bool:
    """Change fields of a project that is locked; None empties one. Returns False where nothing is different."""
    before = {name: project.content.get(name) for name, value in changes.items() if value != project.content.get(name)}
    if not before:
        return False
    now = clock.now()
    if not _is_going_on(project, by):
        audit.record("project.edited", by, project, revision=project.revision + 1)
    project.revision += 1
    session().add(
        ProjectEdit(
            project_id=project.id,
            revision=project.revision,
            before=before,
            form=form[:40],
            by_id=by.id if by else None,
            at=now,
        )
    )
    project.content = values.merge(project.content, changes)
    project.changed_at, project.changed_by_id = now, by.id if by else None
    refresh(project)
    session().flush()
    return True


def refresh(project: Project) -> None:
    """Bring what lists show of a project in line with its working text."""
    content = project.content
    project.titles = dict(content.get("title") or {})
    project.search_text = fold(*project.titles.values(), *(content.get("summary") or {}).values())
    project.completeness = checks.completeness(PITCH, content)


def _is_going_on(project: Project, by: User | None) -> bool:
    """Tell whether the edit before was of the same person and not long ago."""
    row = (
        session()
        .execute(
            select(ProjectEdit.by_id, ProjectEdit.at).where(
                ProjectEdit.project_id == project.id, ProjectEdit.revision == project.revision
            )
        )
        .first()
    )
    return row is not None and by is not None and row.by_id == by.id and clock.now() - row.at <= SITTING


@jobs.handler("projects.forget_edits", every=timedelta(days=1))
def forget(_: jobs.Run) -> None:
    """Empty edits that are old, of projects at rest; who changed the text and when stays."""
    at_rest = select(Project.id).where(Project.state.in_(states.RESTING))
    is_kept = cast(ProjectEdit.before, String) != "{}"
    with atomic() as current:
        current.execute(
            update(ProjectEdit)
            .where(ProjectEdit.project_id.in_(at_rest), ProjectEdit.at < clock.now() - KEPT, is_kept)
            .values(before={}, form="")
            .execution_options(synchronize_session=False)
        )
