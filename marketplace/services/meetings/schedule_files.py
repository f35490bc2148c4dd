"""The meetings of an event as files for its organisers: rows for a spreadsheet, pages to print, a calendar."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select

from marketplace.database import atomic, session
from marketplace.gateways import calendar
from marketplace.gateways.calendar import Entry
from marketplace.gateways.meeting_sheets import Sheet, Sheets, meeting_sheets
from marketplace.i18n import format_date, format_time, in_language, language_name, language_pair, locale, zone_city
from marketplace.i18n import gettext as _
from marketplace.models import Event, Meeting, MeetingParty, MeetingSlot, MeetingState, Schedule, ScheduleState, User
from marketplace.services import audit, events, wallclock
from marketplace.services.exports import Rows
from marketplace.services.meetings import entries, interpreters, interpreting, parties, tables
from marketplace.services.meetings.self_booking import whole


def _taken(slug: str, by: User, ending: str) -> tuple[Event, list[Meeting]]:
    """Return the scheduled meetings of an event in order of time and table; that they were taken is recorded."""
    with atomic():
        audit.record("meetings.exported", by, events.managed(slug, by), format=ending)
    event = events.managed(slug, by)
    found = session().scalars(
        whole()
        .join(MeetingSlot, MeetingSlot.id == Meeting.slot_id)
        .where(Meeting.event_id == event.id, Meeting.state == MeetingState.SCHEDULED)
        .order_by(MeetingSlot.starts_at, Meeting.id)
    )
    meetings = list(found.unique())
    meetings.sort(key=lambda one: (one.slot.starts_at, one.table.number if one.table else 10_000, one.id))
    return event, meetings


def rows(slug: str, by: User, ending: str) -> Rows:
    """Return the schedule as a header and rows of words, in the reader's language and on the event's clock."""
    event, meetings = _taken(slug, by, ending)
    zone = zone_city(event.timezone)
    header = [
        _("Day"),
        _("Begins (%(zone)s)", zone=zone),
        _("Ends (%(zone)s)", zone=zone),
        _("Table"),
        _("Zone"),
        _("First side"),
        _("For"),
        _("Its people"),
        _("Second side"),
        _("Its people"),
        _("Language"),
        _("Interpreter"),
        _("Number"),
    ]
    return header, [_cells(event, meeting) for meeting in meetings]


def _cells(event: Event, meeting: Meeting) -> list[str]:
    starts, ends = (wallclock.local(at, event.timezone) for at in (meeting.slot.starts_at, meeting.slot.ends_at))
    first, second = meeting.first_party, meeting.second_party
    return [
        f"{starts:%Y-%m-%d}",
        f"{starts:%H:%M}",
        f"{ends:%H:%M}",
        str(meeting.table.number) if meeting.table else _("Online"),
        meeting.table.zone if meeting.table else "",
        parties.title(first),
        parties.subtitle(first),
        ", ".join(_people(meeting, first)),
        parties.title(second),
        ", ".join(_people(meeting, second)),
        language_name(meeting.language) if meeting.language else "",
        meeting.interpreter.name if meeting.interpreter else "",
        meeting.uid,
    ]


def _people(meeting: Meeting, party: MeetingParty) -> list[str]:
    return [
        person.registration.name
        for person in meeting.people
        if person.withdrawn_at is None and person.party_id == party.id
    ]


def party_sheets(slug: str, by: User) -> bytes:
    """Return a PDF with the meetings of each side of an event, also of those that have none."""
    event, meetings = _taken(slug, by, "pdf")
    mine: dict[int, list[Meeting]] = defaultdict(list)
    for meeting in meetings:
        mine[meeting.first_party_id].append(meeting)
        mine[meeting.second_party_id].append(meeting)
    sheets = []
    for party in parties.of_event(event.id):
        lines = []
        for meeting in mine[party.id]:
            other = meeting.second_party if meeting.first_party_id == party.id else meeting.first_party
            names = [parties.title(other), parties.subtitle(other), ", ".join(_people(meeting, other))]
            lines.append(
                [
                    _when(event, meeting),
                    "\n".join(name for name in names if name),
                    _where(meeting),
                    _spoken(meeting),
                ]
            )
        sheets.append(Sheet(parties.title(party), parties.subtitle(party), lines))
    header = [_("Time"), _("With"), _("Place"), _("Language")]
    return _document(event, _("Meetings"), header, [0.2, 0.44, 0.18, 0.18], sheets)


def table_sheets(slug: str, by: User) -> bytes:
    """Return a PDF with the meetings at each table of an event."""
    event, meetings = _taken(slug, by, "pdf")
    at: dict[int, list[Meeting]] = defaultdict(list)
    for meeting in meetings:
        if meeting.table_id is not None:
            at[meeting.table_id].append(meeting)
    sheets = [
        Sheet(
            _("Table %(number)s", number=table.number),
            table.zone,
            [
                [
                    _when(event, meeting),
                    _side(meeting, meeting.first_party),
                    _side(meeting, meeting.second_party),
                    _spoken(meeting),
                ]
                for meeting in at[table.id]
            ],
        )
        for table in tables.of_event(event.id)
        if table.closed_at is None or at[table.id]
    ]
    header = [_("Time"), _("First side"), _("Second side"), _("Language")]
    return _document(event, _("Tables"), header, [0.2, 0.32, 0.32, 0.16], sheets)


def interpreter_sheets(slug: str, by: User, uid: str = "") -> bytes:
    """Return a PDF with the meetings each interpreter of an event interprets, also of those who have none yet; with
    `uid` of one alone."""
    event, meetings = _taken(slug, by, "pdf")
    mine: dict[int, list[Meeting]] = defaultdict(list)
    for meeting in meetings:
        if meeting.interpreter_id is not None:
            mine[meeting.interpreter_id].append(meeting)
    sheets = [
        Sheet(
            one.name,
            "; ".join(map(language_pair, one.pairs)),
            [
                [
                    _when(event, meeting),
                    _where(meeting),
                    interpreting.between(meeting).replace("; ", "\n"),
                    _side(meeting, meeting.first_party),
                    _side(meeting, meeting.second_party),
                ]
                for meeting in mine[one.id]
            ],
        )
        for one in interpreters.of_event(event.id, with_retired=True)
        if (one.uid == uid if uid else one.retired_at is None or mine[one.id])
    ]
    header = [_("Time"), _("Place"), _("Languages"), _("First side"), _("Second side")]
    return _document(event, _("Interpreters"), header, [0.19, 0.15, 0.16, 0.25, 0.25], sheets)


def interpreter_calendar(slug: str, uid: str, by: User) -> bytes:
    """Return the meetings one interpreter of an event interprets as a calendar file, to be sent to them."""
    event, meetings = _taken(slug, by, "ics")
    found = interpreters.find(event, uid)
    return calendar.file(entries.interpreted(meeting) for meeting in meetings if meeting.interpreter_id == found.id)


def _when(event: Event, meeting: Meeting) -> str:
    day = wallclock.day(meeting.slot.starts_at, event.timezone)
    hours = [format_time(at, event.timezone) for at in (meeting.slot.starts_at, meeting.slot.ends_at)]
    return f"{'–'.join(hours)}\n{format_date(day)}"


def _where(meeting: Meeting) -> str:
    if meeting.table is None:
        return _("Online")
    return "\n".join(part for part in (_("Table %(number)s", number=meeting.table.number), meeting.table.zone) if part)


def _side(meeting: Meeting, party: MeetingParty) -> str:
    words = (parties.title(party), parties.subtitle(party), ", ".join(_people(meeting, party)))
    return "\n".join(part for part in words if part)


def _spoken(meeting: Meeting) -> str:
    if meeting.interpreter is not None:
        return _("With an interpreter: %(name)s", name=meeting.interpreter.name)
    return language_name(meeting.language) if meeting.language else ""


def _document(event: Event, kind: str, header: list[str], widths: list[float], sheets: Sequence[Sheet]) -> bytes:
    return meeting_sheets(
        Sheets(
            language=locale(),
            event=in_language(event.titles),
            kind=kind,
            header=header,
            widths=widths,
            empty=_("No meeting yet."),
            page=_("Page %(number)s", number="%s"),
            made_at=event.starts_at,
            sheets=sheets or [Sheet(kind)],
            illustrative=_("An illustration: part of a sample programme.") if event.is_illustrative else "",
        )
    )


def calendar_file(slug: str, by: User) -> bytes:
    """Return all meetings of an event as one calendar file: the same UIDs and SEQUENCEs as in their people's feeds."""
    _event, meetings = _taken(slug, by, "ics")
    return calendar.file(
        Entry(
            uid=meeting.calendar_uid,
            sequence=meeting.calendar_sequence,
            changed_at=meeting.calendar_changed_at,
            starts_at=meeting.slot.starts_at,
            ends_at=meeting.slot.ends_at,
            summary=f"{parties.title(meeting.first_party)} – {parties.title(meeting.second_party)}",
            description="\n".join(_people(meeting, meeting.first_party) + _people(meeting, meeting.second_party)),
            location=entries.place(meeting),
            url=entries.url(meeting),
        )
        for meeting in meetings
    )


def published_run(event: Event) -> str:
    """Return the uid of the run whose draft is published, '' for none: its problem and answer can be downloaded."""
    found = session().scalar(
        select(Schedule.uid)
        .where(Schedule.event_id == event.id, Schedule.state == ScheduleState.PUBLISHED)
        .order_by(Schedule.number.desc())
    )
    return found or ""
