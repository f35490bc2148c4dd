"""The working text of a project: begun, read by those who work on it, saved by several people at once, copied, deleted.

Nothing is overwritten that the writer has not seen. A save tells which revision its form was made from; where somebody
else has changed the same answer since, the stored one stays and both are returned.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete as sql_delete
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import defer, joinedload

from marketplace import clock
from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict, NotFound
from marketplace.i18n import LazyText, lazy_gettext
from marketplace.models import (
    Membership,
    MembershipState,
    Organisation,
    OrganisationKind,
    Project,
    ProjectEdit,
    ProjectState,
    User,
)
from marketplace.services import audit, organisations, paging, policies, texts
from marketplace.services.projects import calls, consistency, edits, states
from marketplace.services.sheets import saving, values
from marketplace.services.sheets.fields import Kind, Step
from marketplace.services.sheets.pitch import PITCH
from marketplace.services.sheets.saving import Clash

DRAFTS_PER_CITY = 60
"""Drafts a city may have at once: more is a mistake or a machine."""

NOT_COPIED = frozenset({"accuracy_ack", "consent_data", "consent_translation"})
"""What was stated about one project and not about another."""


@dataclass(frozen=True)
class Saved:
    """What became of a save.

    `revision` is the one the page is to be sent with next time. `errors` are by path of the field; what could not be
    read was left as it was. `conflicts` are by field. `newer` are the answers, by field, that others changed since the
    page was made and that it does not show yet.
    """

    project: Project
    revision: int
    errors: dict[str, LazyText] = field(default_factory=dict)
    conflicts: dict[str, Clash] = field(default_factory=dict)
    newer: dict[str, Any] = field(default_factory=dict)


def start(city_slug: str, call_slug: str | None, title: Mapping[str, str], by: User) -> Project:
    """Begin a project of a city, for a call or (None) for none yet.

    Raises `NotFound` for a city of others, `Invalid` for `call` or `title_<language>`, `Conflict` for too many drafts.
    """
    titles = texts.checked(title, "title", 120, is_required=True)
    with atomic() as current:
        city = lock(Organisation, _own_city(city_slug, by).id)[0]
        call = calls.for_draft(call_slug, city) if call_slug else None
        count = select(func.count()).where(Project.city_id == city.id, Project.state == ProjectState.DRAFT)
        if (current.scalar(count) or 0) >= DRAFTS_PER_CITY:
            raise Conflict(lazy_gettext("The city has too many drafts. Please delete those nobody needs."))
        project = _new(city, by, {"title": titles})
        project.call_id = call.id if call else None
        _store_with_slug(project, city)
        audit.record("project.started", by, project, call=call.slug if call else "")
        return project


def copy(slug: str, by: User) -> Project:
    """Begin a draft with the answers of another project of the city, without its files, statements and call."""
    with atomic():
        source = find(slug, by)
        policies.require(by, "project.edit", source)
        answers = {
            name: answer
            for name, answer in source.content.items()
            if name in PITCH.by_name and name not in NOT_COPIED and PITCH.by_name[name].kind is not Kind.FILES
        }
        answers["title"] = {code: f"{text[:115]} (2)" for code, text in source.titles.items()}
        project = _new(source.city, by, answers)
        _store_with_slug(project, source.city)
        audit.record("project.copied", by, project, source=source.uid)
        return project


def _new(city: Organisation, by: User, content: dict[str, Any]) -> Project:
    now = clock.now()
    project = Project(
        city_id=city.id,
        state=ProjectState.DRAFT,
        content=content,
        revision=0,
        created_by_id=by.id,
        created_at=now,
        changed_by_id=by.id,
        changed_at=now,
    )
    edits.refresh(project)
    return project


def _own_city(slug: str, by: User) -> Organisation:
    city = organisations.find(slug)
    if city.kind is not OrganisationKind.CITY or not policies.can(by, "project.create", city):
        raise NotFound
    return city


def _store_with_slug(project: Project, city: Organisation) -> None:
    """Give the project the first free address made from its city and title; somebody else may take one meanwhile."""
    title = project.titles.get("en") or next(iter(project.titles.values()), "")
    base = organisations.slug_of(f"{city.slug[:30]} {title}")[:70].rstrip("-")
    for number in range(1, 1000):
        project.slug = base if number == 1 else f"{base}-{number}"
        if session().scalar(select(Project.id).where(Project.slug == project.slug)):
            continue
        try:
            with session().begin_nested():
                session().add(project)
        except IntegrityError:
            continue
        return
    raise Conflict


def find(slug: str, by: User) -> Project:
    """Return a project to the people of its city and to organisers; raises `NotFound` for everybody else."""
    project = session().scalar(select(Project).options(joinedload(Project.city)).where(Project.slug == slug))
    if project is None or not policies.can(by, "project.view", project):
        raise NotFound
    return project


def locked(slug: str, by: User) -> Project:
    """Return a project the person may see, locked until the transaction ends."""
    return lock(Project, find(slug, by).id)[0]


def writable(slug: str, by: User) -> Project:
    """Return a project whose text the person may write now; raises `NotFound`, `NotAllowed` or `Conflict`."""
    return _checked(find(slug, by), by)


def editable(slug: str, by: User) -> Project:
    """Return a project like `writable`, locked until the transaction ends."""
    return _checked(locked(slug, by), by)


def _checked(project: Project, by: User) -> Project:
    policies.require(by, "project.edit", project)
    states.require_editable(project)
    return project


def mine(by: User) -> list[Project]:
    """Return the projects of the cities the person belongs to, the latest changed first."""
    statement = (
        select(Project)
        .join(Membership, Membership.organisation_id == Project.city_id)
        .where(Membership.user_id == by.id, Membership.state == MembershipState.ACTIVE)
        .options(joinedload(Project.city), joinedload(Project.call), defer(Project.content))
        .order_by(Project.changed_at.desc(), Project.id.desc())
        .limit(500)
    )
    return list(session().scalars(statement))


def save(slug: str, step_name: str, raw: Mapping[str, Any], revision: int, by: User, form: str = "") -> Saved:
    """Save what was typed in one step of a page that was made from `revision`.

    A page that is written anew after each save sends no `form`. One that stays open and saves itself sends a name of
    its own (random, new each time it is loaded) and the revision that the answer before told it: then what it saved
    earlier, answered or not, is never taken for somebody else's. Files are not changed here, see `files`.
    Raises `NotFound`, `NotAllowed`, or `Conflict` where the text may not be written now.
    """
    try:
        step = PITCH.step(step_name)
    except KeyError:
        raise NotFound from None
    return _save(slug, step, raw, revision, by, form)


def keep_mine(slug: str, name: str, value: Any, revision: int, by: User) -> Saved:
    """Put my answer in the place of the newer one that I have seen at `revision`; `value` is as typed in the form.

    Where it was changed once more since, that is another conflict. The page is to be loaded anew after it.
    """
    one = _field(name)
    step = PITCH.step_of[name]
    return _save(slug, Step(step.name, step.title, step.intro, (one,)), {name: value}, revision, by, "")


def _save(slug: str, step: Step, raw: Mapping[str, Any], revision: int, by: User, form: str) -> Saved:
    answers, errors = values.read(step, {name: raw[name] for name in raw if name in PITCH.by_name})
    answers = {name: answer for name, answer in answers.items() if PITCH.by_name[name].kind is not Kind.FILES}
    with atomic():
        project = editable(slug, by)
        errors |= _refuse_unknown(answers, project)
        known = edits.known(project, revision, form)
        joined = saving.join(PITCH, project.content, answers, known, (project.changed_by, project.changed_at))
        edits.write(project, joined.changes, by, form)
        newer = saving.newer(step, project.content, answers, known) if form else {}
        # A page that stays open goes on from here only if it shows what is stored.
        is_level = not form or (not newer and not joined.conflicts)
        return Saved(project, project.revision if is_level else revision, errors, joined.conflicts, newer)


def _refuse_unknown(answers: dict[str, Any], project: Project) -> dict[str, LazyText]:
    """Take out lists of organisations that name one which does not exist, and say so."""
    errors: dict[str, LazyText] = {}
    for name, answer in list(answers.items()):
        if PITCH.by_name[name].kind is not Kind.ORGANISATIONS or not answer or answer == project.content.get(name):
            continue
        statement = select(Organisation.slug).where(
            Organisation.slug.in_(answer), Organisation.kind != OrganisationKind.CITY
        )
        if set(answer) - set(session().scalars(statement)):
            errors[name] = lazy_gettext("Please choose from the list.")
            del answers[name]
    return errors


def history(slug: str, by: User, number: int = 1) -> paging.Page[ProjectEdit]:
    """Return who changed the text when, the latest first; `before` has what each changed, as it was before."""
    project = find(slug, by)
    statement = (
        select(ProjectEdit)
        .where(ProjectEdit.project_id == project.id)
        .options(joinedload(ProjectEdit.by))
        .order_by(ProjectEdit.revision.desc())
    )
    return paging.page(statement, number)


def restore(slug: str, revision: int, name: str, by: User) -> Project:
    """Give one answer back the value it had at `revision` (before an edit: its revision less one)."""
    one = _field(name)
    if one.kind is Kind.FILES:
        raise NotFound
    with atomic():
        project = editable(slug, by)
        known = edits.known(project, revision)
        if known.content is None:
            raise NotFound
        edits.write(project, {name: known.content.get(name)}, by)
        return project


def delete(slug: str, by: User) -> None:
    """Delete a draft that was never submitted, with its files; raises `Conflict` for any other project."""
    from marketplace.services.projects import files

    with atomic() as current:
        project = editable(slug, by)
        if project.state is not ProjectState.DRAFT or project.submitted_at is not None:
            raise Conflict(lazy_gettext("What was submitted once is kept. You can withdraw the project instead."))
        audit.record("project.deleted", by, project)
        names = [file.uid for file in project.files]
        current.execute(sql_delete(ProjectEdit).where(ProjectEdit.project_id == project.id))
        current.delete(project)
    files.drop(names)


def choose_call(slug: str, call_slug: str | None, by: User) -> Project:
    """Say which call a draft answers, or (None) none; raises `Invalid` for `call`, `Conflict` once it was submitted."""
    with atomic():
        project = editable(slug, by)
        if project.state is not ProjectState.DRAFT:
            raise Conflict
        call = calls.for_draft(call_slug, project.city) if call_slug else None
        if project.call_id != (call.id if call else None):
            project.call_id, project.late_until, project.late_reason = call.id if call else None, None, ""
            audit.record("project.call_chosen", by, project, call=call.slug if call else "")
        return project


def justify(slug: str, code: str, text: str, by: User) -> Project:
    """Say why a warning is no mistake; an empty text takes that back. Raises `NotFound` for an unknown warning."""
    if code not in consistency.CODES:
        raise NotFound
    text = texts.within(texts.clean(text), "justification", consistency.LONGEST_JUSTIFICATION)
    with atomic():
        project = editable(slug, by)
        said = {**(project.content.get(consistency.JUSTIFICATIONS) or {}), code: text}
        edits.write(
            project, {consistency.JUSTIFICATIONS: {one: words for one, words in said.items() if words} or None}, by
        )
        return project


def _field(name: str) -> Any:
    if name not in PITCH.by_name:
        raise NotFound
    return PITCH.by_name[name]
