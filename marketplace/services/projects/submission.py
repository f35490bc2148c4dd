"""Submitting, withdrawing and reopening a project: what a city binds itself to, each once and in order."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from marketplace import clock, i18n
from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict, Invalid, NotAllowed
from marketplace.i18n import LazyText, lazy_gettext
from marketplace.models import Call, Currency, Project, ProjectState, ProjectVersion, User
from marketplace.services import audit, outbox, policies, texts
from marketplace.services.projects import calls, drafts, publication, rates, rules, states, team
from marketplace.services.projects.publication import NotReady
from marketplace.services.sheets.checks import Problem
from marketplace.services.sheets.fields import Required

UPDATED = frozenset({ProjectState.ACCEPTED, ProjectState.PUBLISHED})
"""Projects in these states are submitted again to change what is, or will be, in the book."""


def level(project: Project) -> Required:
    """Return what must be answered to submit: an update must be as whole as what it replaces in the book."""
    return Required.PUBLISH if project.state in UPDATED else Required.SUBMIT


def problems(project: Project) -> list[Problem]:
    """Return what keeps the working text from being submitted now."""
    return rules.problems(project.content, project.city, level(project))


def hindrances(project: Project) -> list[LazyText]:
    """Return what else keeps the project from being submitted now, whatever its text says; nothing where all is well.

    A first submission needs a call that is open, or leave to be late; what was asked to be changed, or is an update,
    comes when it is ready.
    """
    if project.state not in states.EDITABLE:
        return [states.NOT_NOW[project.state]]
    found = []
    if project.state is ProjectState.DRAFT:
        found += _about_call(project)
    if project.state in UPDATED and project.versions and project.versions[-1].content == project.content:
        found.append(lazy_gettext("Nothing has changed since the last submission."))
    currency = project.content.get("currency")
    if currency and rates.per_usd(currency) is None:
        found.append(
            lazy_gettext(
                "The organisers have not entered an exchange rate for %(currency)s yet. Please write to them.",
                currency=currency,
            )
        )
    return found


def _about_call(project: Project) -> list[LazyText]:
    call = project.call
    if call is None:
        return [lazy_gettext("Please choose the call this project answers.")]
    found = calls.eligible(call, project.city, project)
    if not calls.is_open(call) and not calls.has_leave(project):
        is_early = call.retired_at is None and clock.now() < call.opens_at
        found.append(
            lazy_gettext("This call is not open yet.")
            if is_early
            else lazy_gettext("This call is closed. The organisers can give leave to submit late.")
        )
    return found


def submit(slug: str, by: User) -> ProjectVersion:
    """Submit the working text as the next version, with the exchange rate of the day frozen; the city's manager does.

    The city's people and the organisers get a letter. Raises `NotFound`, `NotAllowed`, `NotReady` with the problems of
    the text, or `Conflict` with what else hinders; of two submissions at once one makes a version.
    """
    with atomic() as current:
        project = drafts.locked(slug, by)
        policies.require(by, "project.submit", project)
        if project.call_id is not None and project.state is ProjectState.DRAFT:
            # Two projects of one city at once must not both be the last that the call takes.
            lock(Call, project.call_id)
        reasons = hindrances(project)
        if reasons:
            raise Conflict(reasons[0])
        found = problems(project)
        if found:
            raise NotReady(found)
        now = clock.now()
        rate, rate_day = _rate(project)
        number = select(func.coalesce(func.max(ProjectVersion.number), 0)).where(
            ProjectVersion.project_id == project.id
        )
        version = ProjectVersion(
            project_id=project.id,
            number=(current.scalar(number) or 0) + 1,
            content=project.content,
            currency=project.content["currency"],
            usd_rate=rate,
            usd_rate_on=rate_day,
            submitted_at=now,
            submitted_by_id=by.id,
        )
        current.add(version)
        was = project.state
        states.move(project, ProjectState.SUBMITTED)
        project.submitted_at, project.late_until = now, None
        current.flush()
        audit.record("project.submitted", by, project, version=version.number, before=was.value)
        _tell("project_submitted", project, organisers=True, version=version.number, at=now.isoformat())
        return version


def _rate(project: Project) -> tuple[Decimal, date]:
    currency = project.content["currency"]
    if currency == Currency.USD:
        return Decimal(1), clock.now().date()
    rate = rates.current(currency)
    if rate is None:
        raise Conflict
    return rate.per_usd, rate.on_day


def withdraw(slug: str, reason: str, by: User) -> Project:
    """Take a project back, out of review and out of the book; the city's manager does. It can be reopened.

    Raises `Invalid` without a reason. Open reviews end; the city's people get a letter, and so do the organisers if it
    was ever submitted.
    """
    # Imported here because reviews are about projects.
    from marketplace.services.reviews import assignments

    reason = texts.within(texts.clean(reason), "reason", 1000)
    if not reason:
        raise Invalid("reason", lazy_gettext("Please say why."))
    with atomic():
        project = drafts.locked(slug, by)
        policies.require(by, "project.submit", project)
        was = project.state
        states.move(project, ProjectState.WITHDRAWN)
        project.ended_at, project.end_reason = clock.now(), reason
        publication.take_out(project)
        assignments.end_open(project)
        audit.record("project.withdrawn", by, project, before=was.value)
        _tell("project_withdrawn", project, organisers=project.submitted_at is not None, reason=reason, person=by.name)
        return project


def reopen(slug: str, by: User) -> Project:
    """Make a withdrawn project a draft again (the city's manager) or a declined one (the organisers).

    It is submitted to its call again: a closed one needs leave to be late.
    """
    with atomic():
        project = drafts.locked(slug, by)
        may = policies.can(by, "project.organise", project) or (
            project.state is ProjectState.WITHDRAWN and policies.can(by, "project.submit", project)
        )
        if not may:
            raise NotAllowed
        was = project.state
        states.move(project, ProjectState.DRAFT)
        project.ended_at, project.end_reason = None, ""
        audit.record("project.reopened", by, project, before=was.value)
        return project


def versions(project: Project) -> list[ProjectVersion]:
    """Return what was submitted, the latest first."""
    statement = (
        select(ProjectVersion).where(ProjectVersion.project_id == project.id).order_by(ProjectVersion.number.desc())
    )
    return list(session().scalars(statement))


def _tell(kind: str, project: Project, *, organisers: bool, **context: Any) -> None:
    """Write to the people of the city, and to the organisers, each once."""
    city = team.people(project.city)
    known = {reader.id for reader in city}
    others = [reader for reader in team.organisers() if reader.id not in known] if organisers else []
    for reader in [*city, *others]:
        with i18n.speaking(reader.locale):
            about = team.about(project)
        outbox.queue(
            kind,
            to=reader,
            **about,
            **context,
            zone=reader.timezone,
            is_organiser=reader in others,
        )
