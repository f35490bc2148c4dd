"""Everything that is kept about a person, for that person to take along."""

from datetime import datetime
from typing import Any

from sqlalchemy import or_, select

from marketplace.database import session
from marketplace.models import (
    AuditEntry,
    CounterpartyProfile,
    CounterpartyVersion,
    Letter,
    Organisation,
    Project,
    ProjectEdit,
    Registration,
    User,
)
from marketplace.services import attendees, consents, questions, registration, sessions, sign_ups


def export(user: User) -> dict[str, Any]:
    """Return everything kept about a person, as plain values for a file that programs can read."""
    entries = session().scalars(
        select(AuditEntry)
        .where(or_(AuditEntry.actor_id == user.id, AuditEntry.object_uid == user.uid))
        .order_by(AuditEntry.id)
    )
    letters = session().scalars(select(Letter).where(Letter.user_id == user.id).order_by(Letter.id))
    return {
        "account": {
            "uid": user.uid,
            "name": user.name,
            "email": user.email,
            "language": user.locale,
            "time_zone": user.timezone,
            "spoken_languages": user.spoken_languages,
            "created_at": _moment(user.created_at),
            "confirmed_at": _moment(user.confirmed_at),
            "last_signed_in_at": _moment(user.last_signed_in_at),
            "has_password": user.password_hash is not None,
            "second_factor_since": _moment(user.totp_confirmed_at),
        },
        "roles": [{"role": grant.role.value, "since": _moment(grant.granted_at)} for grant in user.roles],
        "memberships": [
            {
                "organisation": tie.organisation.name,
                "role": tie.role.value,
                "state": tie.state.value,
                "job_title": tie.job_title,
                "message": tie.message,
                "since": _moment(tie.since),
                "ended_at": _moment(tie.ended_at),
            }
            for tie in user.memberships
        ],
        "consents": [
            {
                "to": consent.kind.value,
                "version": consent.version,
                "language": consent.language,
                "given_at": _moment(consent.given_at),
                "withdrawn_at": _moment(consent.withdrawn_at),
            }
            for consent in consents.history(user)
        ],
        "registrations": [_registration(one) for one in attendees.own(user)],
        "edits": _edits(user),
        "sessions": [
            {
                "browser": found.browser,
                "network": found.network,
                "began_at": _moment(found.created_at),
                "last_used_at": _moment(found.last_seen_at),
            }
            for found in sessions.of(user)
        ],
        "letters": [
            {
                "to": letter.recipient,
                "subject": letter.subject,
                "at": _moment(letter.queued_at),
                "state": letter.state.value,
            }
            for letter in letters
        ],
        "acts": [
            {"at": _moment(entry.at), "act": entry.action, "on": entry.object_kind, "details": entry.details}
            for entry in entries
        ],
    }


def _edits(user: User) -> list[dict[str, Any]]:
    """What a person wrote in, when, and in which answers; not the texts, which are their organisation's."""
    current = session()
    projects = current.execute(
        select(Project.slug, ProjectEdit)
        .join(Project, Project.id == ProjectEdit.project_id)
        .where(ProjectEdit.by_id == user.id)
        .order_by(ProjectEdit.id)
    )
    profiles = current.execute(
        select(Organisation.slug, CounterpartyVersion.number, CounterpartyVersion.at)
        .join(CounterpartyProfile, CounterpartyProfile.id == CounterpartyVersion.profile_id)
        .join(Organisation, Organisation.id == CounterpartyProfile.organisation_id)
        .where(CounterpartyVersion.by_id == user.id)
        .order_by(CounterpartyVersion.id)
    )
    return [
        *(
            {"project": slug, "save": edit.revision, "answers": sorted(edit.before), "at": _moment(edit.at)}
            for slug, edit in projects
        ),
        *({"profile": slug, "save": number, "at": _moment(at)} for slug, number, at in profiles),
    ]


def _registration(one: Registration) -> dict[str, Any]:
    return {
        "event": one.event.slug,
        "state": one.state.value,
        "ticket": one.ticket_type.names,
        "name": one.name,
        "badge_name": one.badge_name,
        "email": one.email,
        "organisation": one.organisation_name,
        "job_title": one.job_title,
        "category": one.category.value,
        "country": one.country,
        "attendance": one.attendance.value,
        "languages": one.languages,
        "interpretation": one.interpretation,
        "registered_at": _moment(one.created_at),
        "needs": {"access": one.needs.access, "dietary": one.needs.dietary} if one.needs else None,
        "answers": [
            {"question": answer.question.labels, "answer": questions.words(answer), "at": _moment(answer.answered_at)}
            for answer in one.answers
        ],
        "sessions": [entry.titles for entry in sign_ups.own(one)],
        "messages_ended_at": _moment(one.messages_ended_at),
        "consents": [
            {
                "to": consent.kind.value,
                "words": registration.agreed_words(consent),
                "version": consent.version,
                "language": consent.language,
                "given_at": _moment(consent.given_at),
                "withdrawn_at": _moment(consent.withdrawn_at),
            }
            for consent in one.consents
        ],
    }


def _moment(value: datetime | None) -> str | None:
    return value.isoformat() if value is not None else None
