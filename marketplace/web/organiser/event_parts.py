"""What sessions are made of, at the desk: the rooms, tracks and speakers of an event."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.errors import Invalid, NotFound
from marketplace.i18n import LazyText, in_language
from marketplace.i18n import gettext as _
from marketplace.i18n import lazy_gettext as _l
from marketplace.models import Event
from marketplace.services import events, portraits, programme
from marketplace.services.seen import Overtaken
from marketplace.web.access import access
from marketplace.web.forms.organiser_programme import RoomForm, SpeakerForm, TrackForm
from marketplace.web.organiser.desk import ask, room
from marketplace.web.security import takes_files


@dataclass(frozen=True)
class Kind:
    """One kind of part: its words, its form, and the services that keep it."""

    new: LazyText
    form: type[RoomForm] | type[TrackForm] | type[SpeakerForm]
    listed: Callable[[Event], list[Any]]
    save: Callable[..., Any]
    remove: Callable[..., None]


KINDS = {
    "rooms": Kind(_l("New room"), RoomForm, programme.rooms, programme.save_room, programme.remove_room),
    "tracks": Kind(_l("New track"), TrackForm, programme.tracks, programme.save_track, programme.remove_track),
    "speakers": Kind(
        _l("New speaker"), SpeakerForm, programme.speakers, programme.save_speaker, programme.remove_speaker
    ),
}

LARGEST_FORM = portraits.LARGEST + 100_000
"""Bytes of a form: one photo of the largest size, and the words."""

_ADDRESS = "/events/<slug>/<any(rooms, tracks, speakers):kind>"


@room.get("/events/<slug>/parts", endpoint="events_parts")
@access("desk.enter")
def listing(slug: str) -> str:
    """List the rooms, tracks and speakers of an event."""
    event = events.managed(slug, current_user)
    found = {name: kind.listed(event) for name, kind in KINDS.items()}
    return render_template("organiser/events/parts.html", event=event, **found)


@room.route(f"{_ADDRESS}/new", endpoint="events_part_new", methods=["GET", "POST"])
@access("desk.enter")
@takes_files(LARGEST_FORM)
def add(slug: str, kind: str) -> ResponseReturnValue:
    """Add a room, a track or a speaker."""
    event = events.managed(slug, current_user)
    return _form(event, kind, KINDS[kind].form(), None)


@room.route(f"{_ADDRESS}/<uid>", endpoint="events_part_edit", methods=["GET", "POST"])
@access("desk.enter")
@takes_files(LARGEST_FORM)
def edit(slug: str, kind: str, uid: str) -> ResponseReturnValue:
    """Change a room, a track or a speaker."""
    event = events.managed(slug, current_user)
    part = _find(event, kind, uid)
    return _form(event, kind, KINDS[kind].form.of(part), part)


def _find(event: Event, kind: str, uid: str) -> Any:
    for part in KINDS[kind].listed(event):
        if part.uid == uid:
            return part
    raise NotFound


def _name(part: Any) -> str:
    return str(getattr(part, "name", "")) or in_language(part.names)


def _form(event: Event, kind: str, form: RoomForm | TrackForm | SpeakerForm, part: Any) -> ResponseReturnValue:
    form.show(programme.part_details(part) if part else None)
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        try:
            _save(event.slug, kind, form, part.uid if part else "")
        except Invalid as refusal:
            form.refuse(refusal)
        except Overtaken as refusal:
            form.catch_up(form.details(), programme.part_details(_find(event, kind, part.uid)))
            status = refusal.status
        else:
            flash(_("The changes are saved."), "success")
            return redirect(url_for("organiser.events_parts", slug=event.slug, _anchor=kind), code=303)
    page = render_template(
        "organiser/events/part.html",
        event=event,
        kind=kind,
        form=form,
        part=part,
        name=_name(part) if part else str(KINDS[kind].new),
    )
    return page, status


def _save(slug: str, kind: str, form: RoomForm | TrackForm | SpeakerForm, uid: str) -> None:
    """Keep what was decided, and the photo of a speaker; a photo that cannot be taken keeps all from being saved."""
    sent = form.sent_photo() if isinstance(form, SpeakerForm) else b""
    photo = portraits.checked(sent) if sent else b""
    saved = KINDS[kind].save(slug, form.details(), by=current_user, uid=uid, seen=form.seen.data or "")
    if photo:
        portraits.keep(slug, saved.uid, photo, by=current_user)
    elif isinstance(form, SpeakerForm) and form.no_photo.data:
        portraits.remove(slug, saved.uid, by=current_user)


@room.get(f"{_ADDRESS}/<uid>/remove", endpoint="events_part_remove_ask")
@access("desk.enter")
def ask_remove(slug: str, kind: str, uid: str) -> str:
    """Ask before a part is removed."""
    part = _find(events.managed(slug, current_user), kind, uid)
    return ask(
        _("Remove %(name)s?", name=_name(part)),
        _("This works while it is part of no session."),
        _("Remove"),
        url_for("organiser.events_parts", slug=slug),
    )


@room.post(f"{_ADDRESS}/<uid>/remove", endpoint="events_part_remove")
@access("desk.enter")
def remove(slug: str, kind: str, uid: str) -> ResponseReturnValue:
    """Remove a part of no session."""
    KINDS[kind].remove(slug, uid, by=current_user)
    flash(_("It is removed."), "success")
    return redirect(url_for("organiser.events_parts", slug=slug, _anchor=kind), code=303)
