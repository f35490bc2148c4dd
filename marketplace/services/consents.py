"""What people agree to: texts with versions, and who agreed to which version, in which language, when."""

from dataclasses import dataclass

from sqlalchemy import select

from marketplace import clock, i18n
from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict
from marketplace.i18n import LazyText, lazy_gettext
from marketplace.models import Consent, ConsentKind, User
from marketplace.services import audit


@dataclass(frozen=True)
class Text:
    """What is agreed to, in the reader's language. Other words need another version; a test compares them."""

    version: str
    title: LazyText
    words: LazyText


TEXTS: dict[ConsentKind, Text] = {
    ConsentKind.TERMS: Text(
        version="2026-01",
        title=lazy_gettext("Terms of use"),
        words=lazy_gettext(
            "I agree to the terms of use, and to the programme keeping my name, e-mail address and organisation to "
            "prepare and hold its meetings."
        ),
    ),
    ConsentKind.DIRECTORY: Text(
        version="2026-01",
        title=lazy_gettext("Directory of participants"),
        words=lazy_gettext("Other participants may find my name, organisation and languages in the directory."),
    ),
    ConsentKind.NEWS: Text(
        version="2026-01",
        title=lazy_gettext("News of the programme"),
        words=lazy_gettext("Send me news of the programme by e-mail, about once a month."),
    ),
}


def given(user: User) -> dict[ConsentKind, Consent]:
    """Return the consents now in force, by kind."""
    rows = session().scalars(select(Consent).where(Consent.user_id == user.id, Consent.withdrawn_at.is_(None)))
    return {row.kind: row for row in rows}


def history(user: User) -> list[Consent]:
    """Return every consent the person ever gave, the newest first."""
    statement = select(Consent).where(Consent.user_id == user.id).order_by(Consent.given_at.desc(), Consent.id.desc())
    return list(session().scalars(statement))


def give(user: User, kind: ConsentKind, language: str | None = None) -> Consent:
    """Write down that the person agreed to the present text, read in `language` (the one now spoken)."""
    with atomic() as current:
        lock(User, user.id)
        present, text = given(user).get(kind), TEXTS[kind]
        if present is not None and present.version == text.version:
            return present
        if present is not None:
            present.withdrawn_at = clock.now()
        consent = Consent(
            user_id=user.id,
            kind=kind,
            version=text.version,
            language=language or i18n.locale(),
            given_at=clock.now(),
            withdrawn_at=None,
        )
        current.add(consent)
        audit.record("consent.given", user, user, kind=kind.value, version=text.version)
        return consent


def withdraw(user: User, kind: ConsentKind) -> None:
    """Take a consent back. The terms hold as long as the account: raises `Conflict`, the account is deleted instead."""
    if kind is ConsentKind.TERMS:
        raise Conflict(
            lazy_gettext("The terms hold as long as you have an account. To take them back, delete your account.")
        )
    with atomic():
        lock(User, user.id)
        consent = given(user).get(kind)
        if consent is not None:
            consent.withdrawn_at = clock.now()
            audit.record("consent.withdrawn", user, user, kind=kind.value, version=consent.version)
