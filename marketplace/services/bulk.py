"""One act on several records at once: all of it or nothing, and each record has its own line in the audit trail."""

from collections.abc import Iterable

from sqlalchemy import select

from marketplace.database import atomic
from marketplace.models import Letter, LetterState, Organisation, User
from marketplace.services import organisations, outbox, policies

LIMIT = 200
"""Records one act takes at most; a page shows fewer."""


def verify_organisations(slugs: Iterable[str], by: User) -> int:
    """Verify those of the organisations that are in service and not yet verified; returns how many."""
    policies.require(by, "organisation.verify")
    with atomic() as current:
        pending = current.scalars(
            select(Organisation.slug)
            .where(Organisation.slug.in_(sorted(set(slugs))[:LIMIT]))
            .where(Organisation.verified_at.is_(None), Organisation.deactivated_at.is_(None))
            # One order for everybody, so that two acts never wait for each other's locks in a circle.
            .order_by(Organisation.id)
        ).all()
        for slug in pending:
            organisations.verify(slug, by)
        return len(pending)


def resend_letters(uids: Iterable[str], by: User) -> int:
    """Send those of the letters that failed once more; returns how many."""
    policies.require(by, "desk.platform")
    with atomic() as current:
        failed = current.scalars(
            select(Letter.uid)
            .where(Letter.uid.in_(sorted(set(uids))[:LIMIT]), Letter.state == LetterState.FAILED)
            .order_by(Letter.id)
        ).all()
        for uid in failed:
            outbox.resend(uid, by)
        return len(failed)
