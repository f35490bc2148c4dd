"""Files sent as answers to organisers' questions: checked, kept beside the database, read by the event's organisers."""

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from marketplace import clock, config
from marketplace.database import atomic, lock, session
from marketplace.errors import Invalid, NotFound
from marketplace.gateways import files
from marketplace.i18n import lazy_gettext
from marketplace.models import AnswerFile, Question, QuestionKind, Registration, RegistrationAnswer, User
from marketplace.models.base import new_uid
from marketplace.services import audit, events, jobs, policies

LARGEST = 5_000_000
"""Bytes of one file."""

_UID = re.compile(r"[A-Za-z0-9_-]{22}\Z")


@dataclass(frozen=True)
class Upload:
    """A file that may be kept: its clean name, what it is, and its bytes without hidden data."""

    name: str
    media_type: str
    content: bytes


def checked(name: str, content: bytes, field: str) -> Upload:
    """Return what may be kept of a sent file; raises `Invalid` for one that is too large, empty or of another kind."""
    if len(content) > LARGEST:
        raise Invalid(field, lazy_gettext("This file is larger than 5 MB."))
    found = files.recognise(content)
    if found is None or not files.has_fitting_ending(name, found.media_type):
        raise Invalid(field, lazy_gettext("Please send a PDF, PNG, JPEG or plain text file."))
    return Upload(files.clean_name(name, found.media_type), found.media_type, found.content)


def keep(uid: str, uploads: dict[str, Upload], by: User | None) -> None:
    """Keep files as the answers of a registration, by uid of the question; each replaces what was there before.

    `by` is None for the holder of the signed link. The same file sent again changes nothing.
    """
    for question_uid, upload in uploads.items():
        replaced = _keep(uid, question_uid, upload, by)
        if replaced is not None:
            files.remove(_folder(), replaced)


def _keep(uid: str, question_uid: str, upload: Upload, by: User | None) -> str | None:
    name, digest, replaced = new_uid(), hashlib.sha256(upload.content).hexdigest(), None
    files.store(_folder(), name, upload.content)
    try:
        with atomic() as current:
            registration, question = _about(uid, question_uid, by)
            answer = current.scalar(
                select(RegistrationAnswer).where(
                    RegistrationAnswer.registration_id == registration.id,
                    RegistrationAnswer.question_id == question.id,
                )
            )
            if answer is None:
                answer = RegistrationAnswer(
                    registration_id=registration.id, question_id=question.id, answered_at=clock.now()
                )
                current.add(answer)
                current.flush()
            if answer.file is not None:
                if answer.file.sha256 == digest:
                    raise _Known
                replaced = answer.file.uid
                current.delete(answer.file)
                current.flush()
            current.add(
                AnswerFile(
                    uid=name,
                    answer_id=answer.id,
                    name=upload.name,
                    media_type=upload.media_type,
                    size=len(upload.content),
                    sha256=digest,
                    uploaded_at=clock.now(),
                )
            )
            audit.record("answer_file.kept", by, registration, question=question.uid, size=len(upload.content))
    except _Known:
        files.remove(_folder(), name)
        return None
    except BaseException:
        files.remove(_folder(), name)
        raise
    return replaced


class _Known(Exception):
    """The very file is kept already."""


def _about(uid: str, question_uid: str, by: User | None) -> tuple[Registration, Question]:
    """Lock a registration and return it with the question of its event that asks for a file."""
    identity = session().scalar(select(Registration.id).where(Registration.uid == uid))
    registration = lock(Registration, identity)[0] if identity is not None else None
    if registration is None or (by is not None and not policies.can(by, "registration.edit", registration)):
        raise NotFound
    question = session().scalar(
        select(Question).where(
            Question.uid == question_uid,
            Question.event_id == registration.event_id,
            Question.kind == QuestionKind.FILE,
            Question.retired_at.is_(None),
        )
    )
    if question is None:
        raise NotFound
    return registration, question


def read(slug: str, uid: str, by: User) -> tuple[AnswerFile, bytes]:
    """Return one file to an organiser of its event, and write down that they read it.

    To be sent as an attachment only, with `nosniff`: it is somebody else's.
    """
    with atomic() as current:
        event = events.managed(slug, by)
        found = current.scalar(
            select(AnswerFile)
            .join(RegistrationAnswer)
            .join(Registration)
            .where(AnswerFile.uid == uid, Registration.event_id == event.id)
        )
        if found is None:
            raise NotFound
        try:
            content = files.read(_folder(), found.uid)
        except FileNotFoundError:
            raise NotFound from None
        audit.record("answer_file.read", by, event, file=found.uid)
        return found, content


def _folder() -> Path:
    return config.current().upload_dir / "answers"


@jobs.handler("answer_files.sweep", every=timedelta(days=1))
def sweep(_: jobs.Run) -> None:
    """Remove files no answer knows any more: of deleted registrations, or left behind by a process that was killed."""
    if not _folder().is_dir():
        return
    known = set(session().scalars(select(AnswerFile.uid)))
    before = (clock.now() - timedelta(hours=1)).timestamp()
    for path in _folder().iterdir():
        if _UID.match(path.name) and path.name not in known and path.stat().st_mtime < before:
            files.remove(_folder(), path.name)
