"""Files of projects: told by their content, pictures drawn anew, kept beside the database, read by those entitled.

The working text names its files by uid, and a version those it was submitted with: a file that was taken out stays
until no version names it.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from marketplace import clock, config
from marketplace.database import atomic, session
from marketplace.errors import Invalid, NotFound, Unavailable
from marketplace.gateways import files, pictures, scanner
from marketplace.i18n import lazy_gettext
from marketplace.models import FileKind, Project, ProjectFile, ProjectVersion, User
from marketplace.models.base import new_uid
from marketplace.services import audit, jobs, texts
from marketplace.services.projects import drafts, edits, visibility
from marketplace.services.sheets.fields import Content, Field, Kind
from marketplace.services.sheets.pitch import PITCH

LARGEST_PDF = 15_000_000
LARGEST_PICTURE = 8_000_000
"""Bytes of one file as it is sent."""

QUOTA = 120_000_000
"""Bytes of all files of one project, those of its versions too."""

LONGEST_ALT = 250
"""Characters that say what a picture shows, per language."""

FIELDS: dict[FileKind, Field] = {
    FileKind(field.file_kind): field for field in PITCH.by_name.values() if field.kind is Kind.FILES
}
"""The field of the pitch in which files of a kind stand."""

_UID = re.compile(r"[A-Za-z0-9_-]{22}\Z")
_FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class _Upload:
    name: str
    media_type: str
    content: bytes
    width: int | None = None
    height: int | None = None


def add(slug: str, kind: str, name: str, content: bytes, alt: Mapping[str, str], by: User) -> ProjectFile:
    """Add a file to the working text; pictures need words for those who cannot see them (`alt`, by language).

    The same file sent twice is one. Raises `Invalid` for `file` or `alt_<language>`, `NotFound`, `NotAllowed`,
    `Conflict` where the text may not be written now, and `Unavailable` while a virus scanner cannot be asked.
    """
    if kind not in set(FileKind):
        raise NotFound
    field = FIELDS[FileKind(kind)]
    # Strangers are turned away before their bytes are looked at.
    drafts.writable(slug, by)
    words = _alt(FileKind(kind), alt)
    upload = _checked(FileKind(kind), name, content)
    uid, digest = new_uid(), hashlib.sha256(upload.content).hexdigest()
    files.store(_folder(), uid, upload.content)
    try:
        with atomic() as current:
            project = drafts.editable(slug, by)
            named = list(project.content.get(field.name) or ())
            known = _twin(project, named, digest)
            if known is not None:
                raise _Known(known.uid)
            if len(named) >= field.most:
                raise Invalid("file", lazy_gettext("Please give at most %(max)s.", max=field.most))
            if _used(project) + len(upload.content) > QUOTA:
                raise Invalid("file", lazy_gettext("The files of this project are larger than 120 MB together."))
            file = ProjectFile(
                uid=uid,
                project_id=project.id,
                kind=FileKind(kind),
                name=upload.name,
                media_type=upload.media_type,
                size=len(upload.content),
                sha256=digest,
                width=upload.width,
                height=upload.height,
                alt=words,
                uploaded_by_id=by.id,
                uploaded_at=clock.now(),
            )
            current.add(file)
            current.flush()
            edits.write(project, {field.name: [*named, uid]}, by)
            audit.record("project.file_added", by, project, file=uid, kind=kind)
            return file
    except _Known as known_file:
        files.remove(_folder(), uid)
        return _own(drafts.find(slug, by), str(known_file))
    except BaseException:
        files.remove(_folder(), uid)
        raise


class _Known(Exception):
    """The very file is there already; says its uid."""


def _alt(kind: FileKind, alt: Mapping[str, str]) -> dict[str, str]:
    if kind is not FileKind.IMAGE:
        return {}
    words = {code: " ".join(text.split()) for code, text in alt.items() if isinstance(text, str)}
    return texts.checked(words, "alt", LONGEST_ALT, is_required=True)


def _checked(kind: FileKind, name: str, content: bytes) -> _Upload:
    """Return what is kept of a sent file: what it is, is told by its content and not by its name."""
    is_picture = kind is FileKind.IMAGE
    if len(content) > (LARGEST_PICTURE if is_picture else LARGEST_PDF):
        raise Invalid("file", lazy_gettext("This file is larger than %(size)s MB.", size=8 if is_picture else 15))
    _refuse_infected(content)
    if is_picture:
        return _picture(name, content)
    found = files.recognise(content)
    if found is None or found.media_type != "application/pdf" or not _fits(name, found.media_type):
        raise Invalid("file", lazy_gettext("Please send a PDF file."))
    return _Upload(files.clean_name(name, found.media_type), found.media_type, found.content)


def _picture(name: str, content: bytes) -> _Upload:
    refusal = Invalid("file", lazy_gettext("Please send a picture as JPEG or PNG."))
    recognised = files.recognise(content)
    if recognised is None or not recognised.media_type.startswith("image/") or not _fits(name, recognised.media_type):
        raise refusal
    try:
        drawn = pictures.redraw(content)
    except pictures.TooManyPixels:
        raise Invalid("file", lazy_gettext("This picture has more than 24 million pixels.")) from None
    if drawn is None:
        raise refusal
    clean = files.clean_name(name, drawn.media_type)
    return _Upload(clean, drawn.media_type, drawn.content, drawn.width, drawn.height)


def _fits(name: str, media_type: str) -> bool:
    return files.has_fitting_ending(re.split(r"[/\\]", name)[-1], media_type)


def _refuse_infected(content: bytes) -> None:
    address = config.current().virus_scanner
    if not address:
        return
    try:
        is_clean = scanner.is_clean(address, content)
    except scanner.NoScanner as error:
        raise Unavailable(lazy_gettext("Files cannot be checked for viruses now. Please try again later.")) from error
    if not is_clean:
        raise Invalid("file", lazy_gettext("The virus scanner refused this file."))


def _twin(project: Project, named: list[str], digest: str) -> ProjectFile | None:
    return session().scalar(
        select(ProjectFile).where(
            ProjectFile.project_id == project.id, ProjectFile.uid.in_(named), ProjectFile.sha256 == digest
        )
    )


def _used(project: Project) -> int:
    return session().scalar(select(func.sum(ProjectFile.size)).where(ProjectFile.project_id == project.id)) or 0


def remove(slug: str, uid: str, by: User) -> None:
    """Take a file out of the working text; its bytes go once no version names it."""
    with atomic():
        project = drafts.editable(slug, by)
        file = _own(project, uid)
        field = FIELDS[file.kind]
        left = [one for one in project.content.get(field.name) or () if one != uid]
        edits.write(project, {field.name: left or None}, by)
        if file.removed_at is None:
            file.removed_at = clock.now()
            audit.record("project.file_removed", by, project, file=uid, kind=file.kind.value)


def describe(slug: str, uid: str, alt: Mapping[str, str], by: User) -> ProjectFile:
    """Say in other words what a picture shows; raises `Invalid` for `alt_<language>`."""
    with atomic():
        project = drafts.editable(slug, by)
        file = _own(project, uid)
        words = _alt(file.kind, alt)
        if words != file.alt:
            file.alt = words
            audit.record("project.file_described", by, project, file=uid)
        return file


def of(project: Project, content: Content | None = None) -> dict[str, list[ProjectFile]]:
    """Return the files a content (the working text) names, by field, with one statement."""
    said = project.content if content is None else content
    named = {field.name: list(said.get(field.name) or ()) for field in FIELDS.values()}
    wanted = [uid for uids in named.values() for uid in uids]
    rows: dict[str, ProjectFile] = {}
    if wanted:
        statement = select(ProjectFile).where(ProjectFile.project_id == project.id, ProjectFile.uid.in_(wanted))
        rows = {file.uid: file for file in session().scalars(statement)}
    return {name: [rows[uid] for uid in uids if uid in rows] for name, uids in named.items()}


def read(project_slug: str, file_uid: str, by: User | None) -> tuple[ProjectFile, bytes]:
    """Return a file to somebody who may read it (None: everybody); raises `NotFound` for all others.

    To be sent as an attachment with `nosniff`; only what `is_inline` may be shown within a page.
    """
    project = session().scalar(select(Project).where(Project.slug == project_slug))
    file = session().scalar(select(ProjectFile).where(ProjectFile.uid == file_uid))
    if project is None or file is None or not visibility.may_read_file(project, file, by):
        raise NotFound
    try:
        return file, files.read(_folder(), file.uid)
    except FileNotFoundError:
        raise NotFound from None


def is_inline(file: ProjectFile) -> bool:
    """Tell whether a file may be shown within a page: only pictures, which were drawn anew."""
    return file.kind is FileKind.IMAGE and file.media_type.startswith("image/")


def _own(project: Project, uid: str) -> ProjectFile:
    file = session().scalar(select(ProjectFile).where(ProjectFile.uid == uid, ProjectFile.project_id == project.id))
    if file is None:
        raise NotFound
    return file


def _folder() -> Path:
    return config.current().upload_dir / "projects"


def drop(names: Iterable[str]) -> None:
    """Remove the bytes of files whose rows are gone."""
    for name in names:
        files.remove(_folder(), name)


@jobs.handler("project_files.sweep", every=timedelta(days=1))
def sweep(_: jobs.Run) -> None:
    """Remove files that were taken out and no version names, and bytes that a killed process left behind."""
    with atomic() as current:
        gone = list(
            current.scalars(
                select(ProjectFile).where(
                    ProjectFile.removed_at.is_not(None), ProjectFile.removed_at < clock.now() - _FORGOTTEN_AFTER
                )
            )
        )
        kept = _named({file.project_id for file in gone})
        names = [file.uid for file in gone if file.uid not in kept]
        for file in gone:
            if file.uid in names:
                current.delete(file)
    drop(names)
    if not _folder().is_dir():
        return
    known = set(session().scalars(select(ProjectFile.uid)))
    before = (clock.now() - timedelta(hours=1)).timestamp()
    for path in _folder().iterdir():
        if _UID.match(path.name) and path.name not in known and path.stat().st_mtime < before:
            files.remove(_folder(), path.name)


def _named(projects: set[int]) -> set[str]:
    """Return the uids of files that working texts and versions of these projects name."""
    contents: list[dict[str, Any]] = [
        *session().scalars(select(ProjectVersion.content).where(ProjectVersion.project_id.in_(projects))),
        *session().scalars(select(Project.content).where(Project.id.in_(projects))),
    ]
    return {uid for content in contents for field in FIELDS.values() for uid in content.get(field.name) or ()}
