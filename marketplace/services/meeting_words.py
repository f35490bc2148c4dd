"""The words for meetings: kinds and states, acts of the audit trail, letters, jobs; see `labels` and `desk_words`."""

from enum import StrEnum

from marketplace.i18n import LazyText
from marketplace.i18n import lazy_gettext as _
from marketplace.models import (
    BookingRule,
    HoldKind,
    MeetingSource,
    MeetingState,
    PartyRole,
    Publication,
    RequestState,
    ScheduleKind,
    ScheduleState,
    WishKind,
)

WORDS: dict[type[StrEnum], dict[str, LazyText]] = {
    PartyRole: {
        PartyRole.PROJECT: _("Project"),
        PartyRole.CITY: _("City"),
        PartyRole.FUNDER: _("Funder"),
        PartyRole.VENDOR: _("Technology provider"),
        PartyRole.PARTICIPANT: _("Participant"),
    },
    WishKind: {
        WishKind.MUST: _("Must meet"),
        WishKind.WANT: _("Want to meet"),
        WishKind.NOT: _("Do not want to meet"),
    },
    RequestState: {
        RequestState.SENT: _("Waiting for an answer"),
        RequestState.ACCEPTED: _("Request accepted"),
        RequestState.DECLINED: _("Request declined"),
        RequestState.WITHDRAWN: _("Request withdrawn"),
        RequestState.EXPIRED: _("Request expired"),
    },
    MeetingState: {
        MeetingState.SCHEDULED: _("Takes place"),
        MeetingState.CANCELLED: _("Cancelled"),
    },
    MeetingSource: {
        MeetingSource.ENGINE: _("Planned by the platform"),
        MeetingSource.REQUEST: _("Agreed on request"),
        MeetingSource.BOOKED: _("Booked at once"),
        MeetingSource.ORGANISER: _("Made by the organisers"),
        MeetingSource.IMPORT: _("From a file"),
    },
    HoldKind: {
        HoldKind.PERSON: _("Person"),
        HoldKind.PROJECT: _("Project"),
        HoldKind.TABLE: _("Table"),
        HoldKind.INTERPRETER: _("Interpreter"),
    },
    Publication: {
        Publication.NONE: _("Not published"),
        Publication.PRELIMINARY: _("Preliminary"),
        Publication.FINAL: _("Final"),
    },
    BookingRule: {
        BookingRule.ENGINE: _("Only planned by the platform"),
        BookingRule.REQUEST: _("On request"),
        BookingRule.AT_ONCE: _("At once"),
        BookingRule.REQUEST_THEN_AT_ONCE: _("On request, from a date on at once"),
    },
    ScheduleState: {
        ScheduleState.QUEUED: _("Waiting"),
        ScheduleState.RUNNING: _("Running"),
        ScheduleState.DRAFT: _("Draft"),
        ScheduleState.FAILED: _("Failed"),
        ScheduleState.CANCELLED: _("Cancelled"),
        ScheduleState.PUBLISHED: _("Published"),
        ScheduleState.SUPERSEDED: _("Replaced by a newer one"),
    },
    ScheduleKind: {
        ScheduleKind.SOLVE: _("A new schedule"),
        ScheduleKind.FILL: _("Fill free slots only"),
        ScheduleKind.REPAIR: _("Repair with the least change"),
        ScheduleKind.TIMETABLE: _("Times for agreed pairs"),
    },
}

ACTS: dict[str, LazyText] = {
    "brokerage.imported": _("Loaded a brokerage event from a file"),
    "interpreter.retired": _("Stopped planning with an interpreter"),
    "interpreter.saved": _("Wrote down an interpreter"),
    # Only in trails of before; what is booked is now told as made, with its source.
    "meeting.booked": _("Booked a meeting"),
    "meeting.cancelled": _("Cancelled a meeting"),
    "meeting.handed_over": _("Handed a meeting over within the team"),
    "meeting.made": _("Made a meeting"),
    "meeting.moved": _("Moved a meeting"),
    "meeting_parties.enrolled": _("Brought registered sides into the meetings"),
    "meeting_party.absences_set": _("Changed when a side can meet"),
    "meeting_party.added": _("Brought a side into the meetings"),
    "meeting_party.edited": _("Changed who meets for a side, or how"),
    "meeting_party.reinstated": _("Let a side take part in the meetings again"),
    "meeting_party.withdrawn": _("Took a side out of the meetings"),
    "meeting_request.accepted": _("Accepted a request to meet"),
    "meeting_request.declined": _("Declined a request to meet"),
    "meeting_request.expired": _("A request to meet expired"),
    "meeting_request.proposed": _("Proposed another time to meet"),
    "meeting_request.sent": _("Asked for a meeting"),
    "meeting_request.withdrawn": _("Took back a request to meet"),
    "meeting_session.removed": _("Removed a meeting session"),
    "meeting_session.saved": _("Wrote down a meeting session"),
    "meeting_setup.saved": _("Changed the rules of meetings"),
    "meeting_table.closed": _("Closed a table"),
    "meeting_table.edited": _("Changed a table"),
    "meeting_table.removed": _("Removed a table"),
    "meeting_table.reopened": _("Opened a table again"),
    "meeting_tables.added": _("Added tables"),
    "meetings.exported": _("Took the schedule of meetings as a file"),
    "meetings.imported": _("Brought meetings from a file"),
    "schedule.asked": _("Asked for a schedule"),
    "schedule.cancel_asked": _("Stopped the making of a schedule"),
    "schedule.discarded": _("Threw a draft of a schedule away"),
    "schedule.meeting_added": _("Added a meeting to a draft"),
    "schedule.meeting_dropped": _("Took a meeting out of a draft"),
    "schedule.meeting_locked": _("Locked a meeting of a draft"),
    "schedule.meeting_moved": _("Moved a meeting of a draft"),
    "schedule.meeting_unlocked": _("Unlocked a meeting of a draft"),
    "schedule.published": _("Published a schedule"),
    "schedule.renamed": _("Renamed a draft of a schedule"),
    "schedule.unpublished": _("Took the schedule back"),
    "wish.saved": _("Wrote down a wish to meet or not"),
    "wish.taken_back": _("Took a wish back"),
    "wishes.imported": _("Brought wishes from a file"),
    "wishes.ranked": _("Ranked the wishes of a side"),
}

LETTERS: dict[str, LazyText] = {
    "meeting": _("About a meeting"),
    "meeting.made": _("A meeting is made"),
    "meeting.moved": _("A meeting has changed"),
    "meeting.cancelled": _("A meeting is cancelled"),
    "meeting.preliminary": _("Preliminary meetings"),
    "meeting.requested": _("Somebody asks for a meeting"),
    "meeting.proposed": _("Another time is proposed"),
    "meeting.request_declined": _("A request to meet is declined"),
    "meeting.request_withdrawn": _("A request to meet is taken back"),
    "meeting.request_expired": _("A request to meet has expired"),
}

JOBS: dict[str, LazyText] = {
    "meeting_requests.expire": _("End requests to meet that were not answered"),
    "schedule.run": _("Make a schedule of meetings"),
    "schedule.sweep": _("End schedules whose making was interrupted"),
}
