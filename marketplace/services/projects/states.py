"""The life of a project: which state may follow which, and in which states its text may be written."""

from collections.abc import Iterable

from marketplace.errors import Conflict
from marketplace.i18n import LazyText, lazy_gettext
from marketplace.models import Project, ProjectState

S = ProjectState

MOVES: dict[ProjectState, frozenset[ProjectState]] = {
    S.DRAFT: frozenset({S.SUBMITTED, S.WITHDRAWN}),
    S.SUBMITTED: frozenset({S.IN_REVIEW, S.WITHDRAWN}),
    # A declined update of a published project leaves what is published as it is.
    S.IN_REVIEW: frozenset({S.CHANGES_REQUESTED, S.ACCEPTED, S.DECLINED, S.PUBLISHED, S.WITHDRAWN}),
    S.CHANGES_REQUESTED: frozenset({S.SUBMITTED, S.WITHDRAWN}),
    S.ACCEPTED: frozenset({S.SUBMITTED, S.PUBLISHED, S.WITHDRAWN}),
    S.PUBLISHED: frozenset({S.SUBMITTED, S.ACCEPTED, S.WITHDRAWN}),
    S.DECLINED: frozenset({S.DRAFT}),
    S.WITHDRAWN: frozenset({S.DRAFT}),
}
"""Which state may follow which. An accepted or published project is submitted again to change what is published."""

EDITABLE = frozenset({S.DRAFT, S.CHANGES_REQUESTED, S.ACCEPTED, S.PUBLISHED})
"""Where the working text may be written. Writing in a published project prepares an update and changes no page."""

RESTING = frozenset({S.PUBLISHED, S.DECLINED, S.WITHDRAWN})
"""Where nobody is waiting for anything."""

NOT_NOW: dict[ProjectState, LazyText] = {
    S.SUBMITTED: lazy_gettext("This project has been submitted. It can be changed again once it was reviewed."),
    S.IN_REVIEW: lazy_gettext("This project is being reviewed. It can be changed again once it was reviewed."),
    S.DECLINED: lazy_gettext("This project was declined."),
    S.WITHDRAWN: lazy_gettext("This project was withdrawn. Reopen it to work on it again."),
}
"""Why a project can neither be written in nor be submitted where it stands."""


def is_editable(project: Project) -> bool:
    """Tell whether the working text may be written now."""
    return project.state in EDITABLE


def require_editable(project: Project) -> None:
    """Raise `Conflict`, with the reason, unless the working text may be written now."""
    if not is_editable(project):
        raise Conflict(NOT_NOW[project.state])


def may_move(project: Project, to: ProjectState) -> bool:
    """Tell whether the state may follow the present one."""
    return to in MOVES[project.state]


def move(project: Project, to: ProjectState, *, only_from: Iterable[ProjectState] | None = None) -> None:
    """Change the state of a project that is locked; raises `Conflict` where it may not follow the present one."""
    if not may_move(project, to) or (only_from is not None and project.state not in set(only_from)):
        raise Conflict
    project.state = to


def after_refusal(project: Project) -> ProjectState:
    """Return where a project goes whose submission is declined: one in the book stays there as it was."""
    return S.PUBLISHED if project.listing is not None else S.DECLINED
