"""Photos of speakers: drawn anew and small, kept beside the database, shown to whoever may see the event."""

import re
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from marketplace import clock, config
from marketplace.database import atomic, session
from marketplace.errors import Invalid, NotFound, Unavailable
from marketplace.gateways import files, pictures, scanner
from marketplace.i18n import lazy_gettext
from marketplace.models import Speaker, User
from marketplace.models.base import new_uid
from marketplace.services import audit, events, jobs, programme

LARGEST = 8_000_000
"""Bytes of a photo as it is sent."""

BOX = (480, 600)
"""Pixels a photo is reduced to: twice what a page shows, for fine screens."""

_UID = re.compile(r"[A-Za-z0-9_-]{22}\Z")


def checked(content: bytes) -> bytes:
    """Return a photo drawn anew, without what camera and programs wrote beside it.

    Raises `Invalid` for the field `photo` where it is none, and `Unavailable` while a virus scanner cannot be asked.
    """
    if len(content) > LARGEST:
        raise Invalid("photo", lazy_gettext("This file is larger than %(size)s MB.", size=LARGEST // 1_000_000))
    address = config.current().virus_scanner
    try:
        is_clean = not address or scanner.is_clean(address, content)
    except scanner.NoScanner as error:
        raise Unavailable(lazy_gettext("Files cannot be checked for viruses now. Please try again later.")) from error
    if not is_clean:
        raise Invalid("photo", lazy_gettext("The virus scanner refused this file."))
    try:
        drawn = pictures.redraw(content, BOX)
    except pictures.TooManyPixels:
        raise Invalid("photo", lazy_gettext("This picture has more than 24 million pixels.")) from None
    if drawn is None:
        raise Invalid("photo", lazy_gettext("Please send a picture as JPEG or PNG."))
    return drawn.content


def keep(slug: str, uid: str, photo: bytes, by: User) -> None:
    """Show a checked photo for a speaker, in the place of one shown before."""
    name = new_uid()
    files.store(_folder(), name, photo)
    try:
        _set(slug, uid, name, by)
    except BaseException:
        files.remove(_folder(), name)
        raise


def remove(slug: str, uid: str, by: User) -> None:
    """Show no photo for a speaker any more; its bytes go with the next sweep."""
    _set(slug, uid, "", by)


def _set(slug: str, uid: str, name: str, by: User) -> None:
    with atomic():
        event = events.editable(slug, by)
        speaker = programme.public_speaker(event, uid)
        if speaker.photo == name:
            return
        speaker.photo = name
        events.touch(event)
        audit.record("speaker.photo_kept" if name else "speaker.photo_removed", by, speaker, event=event.slug)


def read(slug: str, name: str, user: User | None) -> tuple[str, bytes]:
    """Return media type and bytes of a photo of an event this reader may see; raises `NotFound`."""
    event = events.for_reader(slug, user)
    shown = select(func.count()).where(Speaker.event_id == event.id, Speaker.photo == name)
    if not _UID.match(name) or not session().scalar(shown):
        raise NotFound
    try:
        content = files.read(_folder(), name)
    except FileNotFoundError:
        raise NotFound from None
    # Only what was drawn here is kept, and that is one of two.
    return "image/jpeg" if content.startswith(b"\xff\xd8") else "image/png", content


def _folder() -> Path:
    return config.current().upload_dir / "speakers"


@jobs.handler("portraits.sweep", every=timedelta(days=1))
def sweep(_: jobs.Run) -> None:
    """Remove photos that no speaker shows any more, at the earliest an hour after they were written."""
    if not _folder().is_dir():
        return
    shown = set(session().scalars(select(Speaker.photo).where(Speaker.photo != "")))
    before = (clock.now() - timedelta(hours=1)).timestamp()
    for path in _folder().iterdir():
        if _UID.match(path.name) and path.name not in shown and path.stat().st_mtime < before:
            files.remove(_folder(), path.name)
