"""A project's turns at the desk: found, locked, compared with what the organiser saw, moved from state to state."""

from sqlalchemy import select

from marketplace.database import lock, session
from marketplace.errors import Conflict, NotFound
from marketplace.i18n import format_datetime, lazy_gettext
from marketplace.models import AuditEntry, Project, ProjectState, User
from marketplace.services import desk_words, labels, policies
from marketplace.services.projects.states import MOVES
from marketplace.services.reviews import in_course


def find(slug: str, by: User) -> Project:
    """Return a project to the organisers; for others it does not exist: raises `NotFound`."""
    project = session().scalar(select(Project).where(Project.slug == slug))
    if project is None or not policies.can(by, "project.organise", project):
        raise NotFound
    return project


def locked(slug: str, by: User, *, seen: int) -> Project:
    """Lock a project for an act of an organiser who saw version number `seen` (0: none was submitted).

    Raises `Conflict`, with what happened, where another version is the newest now.
    """
    (project,) = lock(Project, find(slug, by).id)
    version = in_course.newest(project)
    if (version.number if version else 0) != seen:
        raise overtaken(project, by)
    return project


def move(project: Project, state: ProjectState, by: User) -> None:
    """Put a locked project into another state; raises `Conflict`, with what happened, where it cannot follow."""
    if state not in MOVES[project.state]:
        raise overtaken(project, by)
    project.state = state


def overtaken(project: Project, by: User) -> Conflict:
    """Return the refusal of an act that came too late: who did what when, and where the project stands now."""
    last = session().scalar(
        select(AuditEntry).where(AuditEntry.object_uid == project.uid).order_by(AuditEntry.id.desc()).limit(1)
    )
    state = str(labels.of(project.state))
    if last is None:
        return Conflict(lazy_gettext("The project is now in the state “%(state)s”.", state=state))
    return Conflict(
        lazy_gettext(
            "Something happened in the meantime: %(act)s, %(person)s, %(when)s. "
            "The project is now in the state “%(state)s”.",
            act=desk_words.act(last.action),
            person=last.actor.name if last.actor else lazy_gettext("The platform"),
            when=format_datetime(last.at, by.timezone),
            state=state,
        )
    )
