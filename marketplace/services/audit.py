"""Writing and reading the audit trail."""

from contextvars import ContextVar
from typing import Any

from sqlalchemy import func, select

from marketplace import clock
from marketplace.database import glance, put
from marketplace.models import AuditEntry, Registration, User

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request now served, so that an audit row, a log line and an error page can be laid side by side."""

acting_for_id: ContextVar[int | None] = ContextVar("acting_for_id", default=None)
"""The organisation in whose name the signed-in person now acts."""


_LAST = select(func.coalesce(func.max(AuditEntry.id), 0)).scalar_subquery()
_NEWEST = select(_LAST, func.count()).where(AuditEntry.id > _LAST - 200)


def newest() -> tuple[int, int]:
    """Return what differs after every act: the newest id, and how many of the last 200 ids are there.

    The second tells of an act whose id was given earlier but whose transaction ended later. Whatever people change
    through the services is an act, so what is kept under this key is never older than the database.
    """
    row = glance(_NEWEST)
    assert row is not None
    return row[0], row[1]


def record(action: str, by: User | None, about: Any = None, **details: Any) -> None:
    """Add one act to the trail, in the transaction of the act itself.

    `about` is the object acted on (anything with `uid`), `details` are plain values, never secrets.
    """
    put(
        AuditEntry,
        {
            "at": clock.now(),
            "actor_id": by.id if by else None,
            "acting_for_id": acting_for_id.get(),
            "action": action,
            "object_kind": type(about).__name__.lower() if about is not None else "",
            "object_uid": str(getattr(about, "uid", "")),
            "label": _label(about)[:200],
            "details": details,
            "request_id": request_id.get()[:32],
        },
    )


def _label(about: Any) -> str:
    # People are found through their uid: a name in the trail could not be erased with the account.
    if about is None or isinstance(about, User | Registration):
        return ""
    return str(getattr(about, "name", "") or getattr(about, "slug", "") or "")
