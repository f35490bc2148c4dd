"""A version as reviewers and organisers read it: the answers step by step, and what differs from another version."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from marketplace.database import session
from marketplace.i18n import in_language
from marketplace.models import Organisation, ProjectFile
from marketplace.services.projects.visibility import NOT_FOR_REVIEWERS
from marketplace.services.sheets import changes, words
from marketplace.services.sheets.changes import Piece
from marketplace.services.sheets.checks import is_due
from marketplace.services.sheets.fields import Content, Field, Kind, Required, Step
from marketplace.services.sheets.pitch import PITCH

Names = Mapping[str, str]
Row = list[tuple[str, str]]

BESIDE_SCORES = frozenset({"self_scores"})
"""Shown beside the reviewers' scores and not among the answers."""


@dataclass(frozen=True)
class Answer:
    """One answer in words. `texts` holds those written per language, `rows` tables, `files` what was uploaded.

    `link` is a web address. `is_missing` marks what must be answered before publication and is not.
    """

    name: str
    label: str
    text: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    files: list[ProjectFile] = field(default_factory=list)
    link: str = ""
    is_missing: bool = False


@dataclass(frozen=True)
class Part:
    """One step of the pitch with its answers."""

    name: str
    title: str
    answers: list[Answer]


@dataclass(frozen=True)
class Difference:
    """What became of one answer. Texts are marked piece by piece per language ('' for a text without languages)."""

    label: str
    before: str = ""
    after: str = ""
    texts: dict[str, list[Piece]] = field(default_factory=dict)
    rows: list[tuple[Row, Row]] = field(default_factory=list)


@dataclass(frozen=True)
class ChangedPart:
    """One step of the pitch in which something differs."""

    name: str
    title: str
    differences: list[Difference]


def parts(project_id: int, content: Content, *, for_reviewer: bool) -> list[Part]:
    """Return the answers of a version (or the working text) in the reader's words, step by step.

    What was not answered is left out unless publication needs it. Whom the city wants and does not want to meet is
    not for reviewers.
    """
    hidden = BESIDE_SCORES | (NOT_FOR_REVIEWERS if for_reviewer else frozenset())
    files = _files(project_id)
    names = {uid: one.name for uid, one in files.items()} | _organisations(content)
    return [
        Part(step.name, str(step.title), list(_answers(step, content, hidden, files, names))) for step in PITCH.steps
    ]


def _answers(
    step: Step, content: Content, hidden: frozenset[str], files: Mapping[str, ProjectFile], names: Names
) -> list[Answer]:
    found = []
    for one in step.fields:
        value = content.get(one.name)
        if one.name in hidden or (value in (None, "", [], {}) and not is_due(one, content, Required.PUBLISH)):
            continue
        found.append(_answer(one, value, content, files, names))
    return found


def _answer(one: Field, value: Any, content: Content, files: Mapping[str, ProjectFile], names: Names) -> Answer:
    label, currency = str(one.label), content.get("currency")
    if value in (None, "", [], {}):
        return Answer(one.name, label, is_missing=True)
    if one.kind is Kind.TEXTS:
        return Answer(one.name, label, texts=dict(value))
    if one.kind is Kind.ROWS:
        return Answer(one.name, label, rows=words.rows(one, value, currency))
    if one.kind is Kind.GRID:
        return Answer(one.name, label, rows=[[pair] for pair in words.grid(one, value)])
    if one.kind is Kind.FILES:
        return Answer(one.name, label, files=[files[uid] for uid in value if uid in files])
    link = str(value) if one.kind is Kind.URL else ""
    return Answer(one.name, label, text=words.say(one, value, currency, names), link=link)


def differences(project_id: int, before: Content, after: Content, *, for_reviewer: bool) -> list[ChangedPart]:
    """Return what differs between two versions of a project, step by step; steps without a difference are left out."""
    hidden = NOT_FOR_REVIEWERS if for_reviewer else frozenset()
    names = {uid: one.name for uid, one in _files(project_id).items()}
    names |= _organisations(before) | _organisations(after)
    found: dict[str, list[Difference]] = {}
    for change in changes.difference(PITCH, before, after):
        if change.field not in hidden:
            one = PITCH.by_name[change.field]
            said = _difference(one, change, before.get("currency"), after.get("currency"), names)
            found.setdefault(PITCH.step_of[change.field].name, []).append(said)
    return [ChangedPart(step.name, str(step.title), found[step.name]) for step in PITCH.steps if step.name in found]


def _difference(one: Field, change: changes.Change, old: str | None, new: str | None, names: Names) -> Difference:
    label = str(one.label)
    if one.kind in {Kind.TEXTS, Kind.LINE}:
        return Difference(label, texts=changes.texts(one, change.before, change.after))
    if one.kind is Kind.ROWS:
        pairs = changes.rows(change.before, change.after)
        return Difference(label, rows=[(_row(one, pair.before, old), _row(one, pair.after, new)) for pair in pairs])
    return Difference(label, words.say(one, change.before, old, names), words.say(one, change.after, new, names))


def _row(one: Field, row: dict[str, Any] | None, currency: str | None) -> Row:
    return words.rows(one, [row], currency)[0] if row else []


def _files(project_id: int) -> dict[str, ProjectFile]:
    rows = session().scalars(select(ProjectFile).where(ProjectFile.project_id == project_id))
    return {one.uid: one for one in rows}


def _organisations(content: Content) -> dict[str, str]:
    slugs = {slug for name in NOT_FOR_REVIEWERS for slug in content.get(name) or ()}
    if not slugs:
        return {}
    rows = session().execute(
        select(Organisation.slug, Organisation.names, Organisation.name).where(Organisation.slug.in_(slugs))
    )
    return {slug: in_language(names) or name for slug, names, name in rows}
