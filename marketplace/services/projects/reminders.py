"""Letters to cities whose drafts are not finished when their call closes soon."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from marketplace import clock, i18n
from marketplace.database import atomic, session
from marketplace.models import Call, Project, ProjectState
from marketplace.services import jobs, outbox
from marketplace.services.projects import team

DAYS = (7, 1)
"""How many days before a call closes its cities are reminded, once each."""


@jobs.handler("calls.remind", every=timedelta(hours=1))
def remind(_: jobs.Run) -> None:
    """Have one job per city and reminder written for every call that closes soon; each is written once."""
    now = clock.now()
    statement = select(Call).where(Call.retired_at.is_(None), Call.opens_at <= now, Call.closes_at > now)
    for call in list(session().scalars(statement.where(Call.closes_at <= now + timedelta(days=max(DAYS))))):
        days = min(days for days in DAYS if now >= call.closes_at - timedelta(days=days))
        cities = session().scalars(
            select(Project.city_id)
            .where(
                Project.call_id == call.id,
                Project.state == ProjectState.DRAFT,
                # Who began when the reminder was due has the day before their eyes.
                Project.created_at < call.closes_at - timedelta(days=days),
            )
            .distinct()
        )
        for city in list(cities):
            # A call whose closing moment is moved is another reason to write.
            key = f"{call.uid}-{call.closes_at.timestamp():.0f}-{days}-{city}"
            jobs.enqueue("calls.remind_city", {"call": call.id, "city": city, "days": days}, dedupe_key=key)


@jobs.handler("calls.remind_city")
def remind_city(run: jobs.Run) -> None:
    """Write to the people of one city which of their drafts for a call are not submitted yet; once, in one go."""
    with atomic() as current:
        call = current.get(Call, run.payload.get("call", 0))
        if call is None or not _is_due(call, clock.now()):
            return
        drafts = list(
            current.scalars(
                select(Project)
                .where(
                    Project.call_id == call.id,
                    Project.city_id == run.payload["city"],
                    Project.state == ProjectState.DRAFT,
                )
                .options(joinedload(Project.city))
                .order_by(Project.id)
            )
        )
        if drafts and drafts[0].city.deactivated_at is None:
            for reader in team.people(drafts[0].city):
                with i18n.speaking(reader.locale):
                    rows = [
                        {**team.about(draft), "percent": i18n.format_percent(draft.completeness / 100)}
                        for draft in drafts[:20]
                    ]
                    call_title = i18n.in_language(call.titles)
                outbox.queue(
                    "call_reminder",
                    to=reader,
                    call=call_title,
                    city=rows[0]["city"],
                    closes_at=call.closes_at.isoformat(),
                    zone=call.timezone,
                    projects=rows,
                )
        jobs.forget_payload(run)


def _is_due(call: Call, now: datetime) -> bool:
    return call.retired_at is None and now < call.closes_at
