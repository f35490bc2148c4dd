"""Letters: queue one with the act that causes it, render it in its reader's language, send it, show what became of it.

A letter of kind `welcome` is the three templates `mail/welcome/{subject.txt,body.txt,body.html}`; the kinds of a
family, such as `registration.confirmed`, share those of `mail/registration/`.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import parseaddr
from functools import lru_cache
from typing import Any

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from sqlalchemy import Select, func, select

from marketplace import clock, config, i18n, keys
from marketplace.config import ROOT
from marketplace.database import atomic, lock, put, session
from marketplace.errors import Conflict, NotFound
from marketplace.gateways import calendar, mail
from marketplace.models import Letter, LetterState, LinkPurpose, User
from marketplace.models.base import new_uid
from marketplace.services import audit, jobs, search, wallclock

HIDDEN = "••••••"

INVITATION = "invitation"
"""The purpose of the link in an invitation: it opens the page, and only the invited address can accept there."""

REGISTRATION = "registration"
"""The purpose of the link with which a registration is managed without an account."""

UNSUBSCRIBE = "unsubscribe"
"""The purpose of the link that ends the messages of an event's organisers, and does nothing else."""

UNSUBSCRIBE_PATH = "/unsubscribe"

_PURPOSES = frozenset({*LinkPurpose, INVITATION, REGISTRATION, UNSUBSCRIBE})


class NoMailServer(jobs.GiveUp):
    """SMTP_URL is not set, so this installation cannot send letters."""


def queue(
    kind: str,
    *,
    to: User | None = None,
    user_id: int | None = None,
    email: str | None = None,
    name: str = "",
    locale: str | None = None,
    **context: Any,
) -> str:
    """Queue one letter inside the present transaction, to a user or to an address; returns its uid.

    `user_id` stands for `to` where address, name and language are given and the account need not be read.
    `context` holds plain values for the templates; a one-time link is passed as `link=<OneTimeLink>.uid` and turned
    into its secret only while rendering; `calendar`, where there is one, is an invitation written by `invites.stored`;
    `unsubscribe` names the registration whose messages can be ended by a letter that nobody needs to get.
    """
    with atomic() as current:
        values = {
            "uid": new_uid(),
            "kind": kind,
            "user_id": to.id if to else user_id,
            "recipient": email or (to.email if to else ""),
            "recipient_name": name or (to.name if to else ""),
            "locale": locale or (to.locale if to else i18n.locale()),
            "context": context,
            "queued_at": clock.now(),
        }
        values["subject"] = _subject(Letter(**values))[:300]
        letters: list[dict[str, Any]] | None = current.info.get(_TOGETHER)
        if letters is None:
            _put(values)
        else:
            letters.append(values)
        return str(values["uid"])


def _put(*letters: dict[str, Any]) -> None:
    put(Letter, *letters)
    jobs.add("outbox.send", *({"letter": letter["uid"]} for letter in letters))


_TOGETHER = "letters queued together"


@contextmanager
def together() -> Iterator[None]:
    """Queue the letters of this block, however many they are, in two statements at its end; nobody needs them before.

    Part of the present transaction, as each of them is.
    """
    with atomic() as current:
        if current.info.get(_TOGETHER) is not None:
            yield
            return
        letters: list[dict[str, Any]] = []
        current.info[_TOGETHER] = letters
        try:
            with current.no_autoflush:
                yield
        finally:
            del current.info[_TOGETHER]
        current.flush()
        _put(*letters)


def render(letter: Letter, *, locale: str | None = None, secrets: bool = True) -> mail.Content:
    """Write the letter in its own or another language. Without `secrets`, links and codes are masked."""
    with i18n.speaking(locale or letter.locale):
        parts = {name: _part(letter, name, secrets) for name in ("subject.txt", "body.txt", "body.html")}
    text = re.sub(r"\n{3,}", "\n\n", parts["body.txt"]).strip() + "\n"
    return mail.Content(subject=" ".join(parts["subject.txt"].split()), text=text, html=_inline(parts["body.html"]))


def _subject(letter: Letter) -> str:
    with i18n.speaking(letter.locale):
        return " ".join(_part(letter, "subject.txt", secrets=False).split())


def _part(letter: Letter, name: str, secrets: bool) -> str:
    settings = config.current()
    family = letter.kind.partition(".")[0]
    values = {
        **letter.context,
        "recipient_name": letter.recipient_name,
        "locale_code": i18n.locale(),
        "programme": i18n.programme_name(),
        "public_url": settings.public_url,
        "link_url": _link_url if secrets else _masked_link_url,
        "unsubscribe_path": UNSUBSCRIBE_PATH,
        "sign_in_code": _sign_in_code if secrets else lambda uid: HIDDEN,
    }
    return _environment().get_template(f"mail/{family}/{name}").render(values)


def _link_url(path: str, purpose: str, uid: str) -> str:
    if purpose not in _PURPOSES:
        raise LookupError(f"no links of purpose {purpose!r}")
    return f"{config.current().public_url}{path}/{keys.sign(purpose, uid)}"


def _masked_link_url(path: str, purpose: str, uid: str) -> str:
    return f"{config.current().public_url}{path}/{HIDDEN}"


def _sign_in_code(uid: str) -> str:
    return keys.code(LinkPurpose.SIGN_IN_CODE, uid)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=False)  # type: ignore[attr-defined]
    environment.globals.update(_=i18n.gettext, gettext=i18n.gettext, ngettext=i18n.ngettext)
    environment.filters.update(
        date=i18n.format_date,
        datetime_zone=i18n.format_datetime,
        number=i18n.format_number,
        money=i18n.format_money,
        in_language=i18n.in_language,
        moment=datetime.fromisoformat,
        span=wallclock.stored_span,
        plain=_plain,
    )
    return environment


def _plain(words: str) -> str:
    """Return what a macro of a template for HTML wrote as it reads, for the text of a letter and its subject."""
    return Markup(words).unescape()  # noqa: S704 - nothing is shown as markup: this takes the escapes out


@lru_cache(maxsize=1)
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)


def _inline(html: str) -> str:
    return _inliner().inline(html)


def compose(letter: Letter) -> EmailMessage:
    """Build the message exactly as it is handed to the mail server."""
    settings = config.current()
    return mail.build(
        message_id=f"<{letter.uid}@{settings.mail_domain}>",
        sender=settings.mail_from,
        reply_to=settings.mail_reply_to,
        recipient=letter.recipient,
        recipient_name=letter.recipient_name,
        locale=letter.locale,
        date=letter.queued_at,
        content=render(letter),
        invitation=_invitation(letter),
        unsubscribe_url=_unsubscribe_url(letter),
    )


def _unsubscribe_url(letter: Letter) -> str:
    uid = letter.context.get("unsubscribe")
    return _link_url(UNSUBSCRIBE_PATH, UNSUBSCRIBE, uid) if uid else ""


def _invitation(letter: Letter) -> mail.Invitation | None:
    """Turn what was stored with the letter into the bytes its reader's calendar gets."""
    stored = letter.context.get("calendar")
    if stored is None:
        return None
    method = calendar.Method(stored["method"])
    entry = calendar.Entry(
        uid=stored["uid"],
        sequence=stored["sequence"],
        changed_at=datetime.fromisoformat(stored["changed_at"]),
        starts_at=datetime.fromisoformat(stored["starts_at"]),
        ends_at=datetime.fromisoformat(stored["ends_at"]),
        summary=stored["summary"],
        description=stored["description"],
        location=stored["location"],
        url=stored["url"],
    )
    attendee = calendar.Party(letter.recipient, letter.recipient_name)
    content = calendar.invitation(entry, method, organiser=sender_party(), attendee=attendee)
    return mail.Invitation(method.value, content)


def sender_party() -> calendar.Party:
    """Return who invites: an address whose mail is read, the one answers go to."""
    settings = config.current()
    name, address = parseaddr(settings.mail_from)
    return calendar.Party(parseaddr(settings.mail_reply_to)[1] if settings.mail_reply_to else address, name)


@jobs.handler("outbox.send")
def send(run: jobs.Run) -> None:
    """Send one queued letter. Killed after the server took it, the next attempt carries the same Message-ID."""
    named = run.payload["letter"]
    # Earlier, a job named its letter by number.
    letter = session().scalar(select(Letter).where((Letter.id if isinstance(named, int) else Letter.uid) == named))
    if letter is None or letter.state is not LetterState.QUEUED:
        return
    identity = letter.id
    settings = config.current()
    message = compose(letter)
    session().rollback()
    try:
        if settings.smtp_url is not None:
            mail.send(settings.smtp_url, message)
        elif settings.production:
            raise NoMailServer("SMTP_URL is not set")
    except Exception as error:
        gives_up = run.is_last or isinstance(error, mail.PermanentMailError | jobs.GiveUp)
        _note(identity, LetterState.FAILED if gives_up else LetterState.QUEUED, str(error))
        if isinstance(error, mail.PermanentMailError):
            raise jobs.GiveUp(str(error)) from error
        raise
    _note(identity, LetterState.SENT)


def _note(letter_id: int, state: LetterState, error: str = "") -> None:
    with atomic():
        for letter in lock(Letter, letter_id):
            letter.state = state
            letter.attempts += 1
            letter.last_error = error[:2000]
            if state is LetterState.SENT:
                letter.sent_at = clock.now()


@dataclass(frozen=True)
class Filter:
    """What the organiser's outbox shows; empty values mean no restriction."""

    query: str = ""
    kind: str = ""
    state: LetterState | None = None


def listing(wanted: Filter) -> Select[Letter]:
    """Return the statement that lists letters, the newest first; the caller paginates it."""
    statement = select(Letter).order_by(Letter.queued_at.desc(), Letter.id.desc())
    if wanted.kind:
        statement = statement.where(Letter.kind == wanted.kind)
    if wanted.state is not None:
        statement = statement.where(Letter.state == wanted.state)
    for word in search.fold(wanted.query[:200]).split()[:8]:
        statement = statement.where(func.lower(Letter.recipient).contains(word, autoescape=True))
    return statement


def kinds() -> list[str]:
    """Return the kinds of letters that have been written, in order."""
    return list(session().scalars(select(Letter.kind).distinct().order_by(Letter.kind)))


def counts() -> dict[LetterState, int]:
    """Return how many letters there are in each state; states without any are left out."""
    statement = select(Letter.state, func.count()).group_by(Letter.state)
    return dict(session().execute(statement).all())


def find(uid: str) -> Letter:
    """Return one letter; raises `NotFound`."""
    letter = session().scalar(select(Letter).where(Letter.uid == uid))
    if letter is None:
        raise NotFound
    return letter


def resend(uid: str, by: User) -> Letter:
    """Send a letter that was sent or given up once more: under the same Message-ID, to the same address."""
    with atomic():
        (letter,) = lock(Letter, find(uid).id)
        if letter.state is LetterState.QUEUED:
            raise Conflict
        letter.state, letter.last_error = LetterState.QUEUED, ""
        jobs.enqueue("outbox.send", {"letter": letter.uid})
        audit.record("letter.resent", by, letter, kind=letter.kind)
        return letter


def cancel(uid: str, by: User) -> Letter:
    """Call back a letter that has not been sent."""
    with atomic():
        (letter,) = lock(Letter, find(uid).id)
        if letter.state is not LetterState.QUEUED:
            raise Conflict
        letter.state = LetterState.CANCELLED
        audit.record("letter.cancelled", by, letter, kind=letter.kind)
        return letter


@jobs.handler("outbox.forget", every=timedelta(days=1))
def forget_old(_: jobs.Run) -> None:
    """Empty what letters older than a year said; that they were sent stays."""
    limit = clock.now() - timedelta(days=365)
    with atomic() as current:
        for letter in current.scalars(
            select(Letter).where(Letter.queued_at < limit, Letter.recipient != "").limit(1000)
        ):
            letter.recipient, letter.recipient_name, letter.context = "", "", {}
