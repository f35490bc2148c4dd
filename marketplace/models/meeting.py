"""Meetings: who can meet at an event, what they wish and ask for, what is agreed, and what nobody can hold twice."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.models.account import User
from marketplace.models.base import Base, enum_column, new_uid
from marketplace.models.calendar import InCalendars, PersonalEntry
from marketplace.models.event import Event
from marketplace.models.meeting_place import Interpreter, MeetingSlot, MeetingTable
from marketplace.models.organisation import Organisation
from marketplace.models.project import Project
from marketplace.models.registration import Attendance, Registration


class PartyRole(StrEnum):
    """As what somebody meets: for a project, for a city, for a funder or vendor, or (imported) simply taking part."""

    PROJECT = "project"
    CITY = "city"
    FUNDER = "funder"
    VENDOR = "vendor"
    PARTICIPANT = "participant"


class MeetingParty(Base):
    """A side that meets at an event: a city's project, a city, or a counterparty, with the people who can come.

    `floor` and `cap` stand in place of those of its role; `label` names a party without an organisation.
    """

    __tablename__ = "meeting_party"
    __table_args__ = (
        Index(
            "uq_meeting_party_project",
            "event_id",
            "project_id",
            unique=True,
            sqlite_where=text("project_id IS NOT NULL"),
            postgresql_where=text("project_id IS NOT NULL"),
        ),
        Index(
            "uq_meeting_party_organisation",
            "event_id",
            "organisation_id",
            "role",
            unique=True,
            sqlite_where=text("project_id IS NULL AND organisation_id IS NOT NULL"),
            postgresql_where=text("project_id IS NULL AND organisation_id IS NOT NULL"),
        ),
        CheckConstraint("floor IS NULL OR floor >= 0", name="floor_not_negative"),
        CheckConstraint("cap IS NULL OR cap >= 0", name="cap_not_negative"),
    )

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), index=True)
    role: Mapped[PartyRole] = mapped_column(enum_column(PartyRole))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id"), index=True)
    label: Mapped[str] = mapped_column(String(160), default="")
    attendance: Mapped[Attendance] = mapped_column(enum_column(Attendance), default=Attendance.IN_PERSON)
    languages: Mapped[list[str]] = mapped_column(default=list)
    needs_interpreter: Mapped[bool] = mapped_column(default=False)
    needs_accessible_table: Mapped[bool] = mapped_column(default=False)
    online_link: Mapped[str] = mapped_column(String(500), default="")
    floor: Mapped[int | None]
    cap: Mapped[int | None]
    search_text: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawal_reason: Mapped[str] = mapped_column(String(500), default="")
    is_illustrative: Mapped[bool] = mapped_column(default=False)

    event: Mapped[Event] = relationship()
    organisation: Mapped[Organisation | None] = relationship()
    project: Mapped[Project | None] = relationship()
    members: Mapped[list["PartyMember"]] = relationship(
        back_populates="party", order_by="PartyMember.position", cascade="all, delete-orphan"
    )

    @property
    def name(self) -> str:
        """How the audit trail calls it."""
        if self.project is not None:
            return self.project.slug
        return self.organisation.slug if self.organisation is not None else self.label


class PartyMember(Base):
    """A person who can hold meetings for a party; a stand-in only where nobody else can."""

    __tablename__ = "meeting_party_member"
    __table_args__ = (UniqueConstraint("party_id", "registration_id"),)

    party_id: Mapped[int] = mapped_column(ForeignKey("meeting_party.id"))
    registration_id: Mapped[int] = mapped_column(ForeignKey("registration.id"), index=True)
    is_stand_in: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)

    party: Mapped[MeetingParty] = relationship(back_populates="members")
    registration: Mapped[Registration] = relationship()


class PersonAbsence(Base):
    """That a person cannot come in a slot."""

    __tablename__ = "meeting_person_absence"
    __table_args__ = (UniqueConstraint("registration_id", "slot_id"),)

    registration_id: Mapped[int] = mapped_column(ForeignKey("registration.id"))
    slot_id: Mapped[int] = mapped_column(ForeignKey("meeting_slot.id", ondelete="CASCADE"), index=True)


class PartyAbsence(Base):
    """That a party does not meet in a slot, whoever could come."""

    __tablename__ = "meeting_party_absence"
    __table_args__ = (UniqueConstraint("party_id", "slot_id"),)

    party_id: Mapped[int] = mapped_column(ForeignKey("meeting_party.id"))
    slot_id: Mapped[int] = mapped_column(ForeignKey("meeting_slot.id", ondelete="CASCADE"), index=True)


class WishKind(StrEnum):
    """Must meetings come before all else; NOT is a veto the other side never learns of."""

    MUST = "must"
    WANT = "want"
    NOT = "not"


class Wish(Base):
    """What one party wishes of another. `rank` is 1 for the favourite, 0 for no rank."""

    __tablename__ = "meeting_wish"
    __table_args__ = (UniqueConstraint("from_party_id", "to_party_id"),)

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), index=True)
    from_party_id: Mapped[int] = mapped_column(ForeignKey("meeting_party.id"))
    to_party_id: Mapped[int] = mapped_column(ForeignKey("meeting_party.id"), index=True)
    kind: Mapped[WishKind] = mapped_column(enum_column(WishKind))
    rank: Mapped[int] = mapped_column(default=0)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    changed_at: Mapped[datetime]

    from_party: Mapped[MeetingParty] = relationship(foreign_keys=[from_party_id])
    to_party: Mapped[MeetingParty] = relationship(foreign_keys=[to_party_id])


class RequestState(StrEnum):
    """The life of a request; only SENT ones are open, and they block nothing."""

    SENT = "sent"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class MeetingRequest(Base):
    """One party asks another for a meeting and says why; `awaiting_id` is the side whose turn it is.

    `slot_id` is the time proposed last; a counter-proposal changes it and whose turn it is.
    """

    __tablename__ = "meeting_request"
    __table_args__ = (
        Index(
            "uq_meeting_request_open",
            "low_party_id",
            "high_party_id",
            unique=True,
            sqlite_where=text("state = 'sent'"),
            postgresql_where=text("state = 'sent'"),
        ),
        Index("ix_meeting_request_state_expires", "state", "expires_at"),
    )

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), index=True)
    from_party_id: Mapped[int] = mapped_column(ForeignKey("meeting_party.id"), index=True)
    to_party_id: Mapped[int] = mapped_column(ForeignKey("meeting_party.id"), index=True)
    low_party_id: Mapped[int] = mapped_column(ForeignKey("meeting_party.id"))
    high_party_id: Mapped[int] = mapped_column(ForeignKey("meeting_party.id"))
    awaiting_id: Mapped[int] = mapped_column(ForeignKey("meeting_party.id"), index=True)
    state: Mapped[RequestState] = mapped_column(enum_column(RequestState), default=RequestState.SENT)
    message: Mapped[str] = mapped_column(Text)
    answer: Mapped[str] = mapped_column(Text, default="")
    slot_id: Mapped[int | None] = mapped_column(ForeignKey("meeting_slot.id", ondelete="SET NULL"), index=True)
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id"), index=True)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    sent_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    answered_at: Mapped[datetime | None]

    event: Mapped[Event] = relationship()
    from_party: Mapped[MeetingParty] = relationship(foreign_keys=[from_party_id])
    to_party: Mapped[MeetingParty] = relationship(foreign_keys=[to_party_id])
    slot: Mapped[MeetingSlot | None] = relationship()
    by: Mapped[User | None] = relationship(foreign_keys=[by_id])


class MeetingState(StrEnum):
    """A scheduled meeting holds its people, its table and its interpreter; a cancelled one holds nothing."""

    SCHEDULED = "scheduled"
    CANCELLED = "cancelled"


class MeetingSource(StrEnum):
    """How a meeting came about."""

    ENGINE = "engine"
    REQUEST = "request"
    BOOKED = "booked"
    ORGANISER = "organiser"
    IMPORT = "import"


class Meeting(InCalendars, Base):
    """Two parties, one slot, a table or a link. `round` tells repeated meetings of one pair apart.

    `attempt` is the number of the form that was sent, so that a form sent twice is one meeting. A locked meeting is not
    moved by the engine.
    """

    __tablename__ = "meeting"
    __table_args__ = (
        Index(
            "uq_meeting_pair",
            "first_party_id",
            "second_party_id",
            "round",
            unique=True,
            sqlite_where=text("state = 'scheduled'"),
            postgresql_where=text("state = 'scheduled'"),
        ),
        Index("ix_meeting_event_state", "event_id", "state"),
    )

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    first_party_id: Mapped[int] = mapped_column(ForeignKey("meeting_party.id"))
    second_party_id: Mapped[int] = mapped_column(ForeignKey("meeting_party.id"), index=True)
    round: Mapped[int] = mapped_column(default=1)
    slot_id: Mapped[int] = mapped_column(ForeignKey("meeting_slot.id"), index=True)
    table_id: Mapped[int | None] = mapped_column(ForeignKey("meeting_table.id"), index=True)
    interpreter_id: Mapped[int | None] = mapped_column(ForeignKey("meeting_interpreter.id"), index=True)
    language: Mapped[str] = mapped_column(String(2), default="")
    online_link: Mapped[str] = mapped_column(String(500), default="")
    state: Mapped[MeetingState] = mapped_column(enum_column(MeetingState), default=MeetingState.SCHEDULED)
    source: Mapped[MeetingSource] = mapped_column(enum_column(MeetingSource))
    is_locked: Mapped[bool] = mapped_column(default=False)
    attempt: Mapped[str | None] = mapped_column(String(22), unique=True)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]
    cancelled_by_party_id: Mapped[int | None] = mapped_column(ForeignKey("meeting_party.id"))
    reason: Mapped[str] = mapped_column(String(500), default="")

    event: Mapped[Event] = relationship()
    first_party: Mapped[MeetingParty] = relationship(foreign_keys=[first_party_id])
    second_party: Mapped[MeetingParty] = relationship(foreign_keys=[second_party_id])
    slot: Mapped[MeetingSlot] = relationship()
    table: Mapped[MeetingTable | None] = relationship()
    interpreter: Mapped[Interpreter | None] = relationship()
    people: Mapped[list["MeetingPerson"]] = relationship(back_populates="meeting", cascade="all, delete-orphan")

    @property
    def name(self) -> str:
        """How the audit trail calls it."""
        return f"{self.first_party.name} - {self.second_party.name}"


class MeetingPerson(PersonalEntry, Base):
    """That a person holds a meeting for one of its parties. The row stays when they leave it: its SEQUENCE goes on."""

    __tablename__ = "meeting_person"
    __table_args__ = (UniqueConstraint("meeting_id", "registration_id"),)

    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"))
    registration_id: Mapped[int] = mapped_column(ForeignKey("registration.id"), index=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("meeting_party.id"), index=True)
    withdrawn_at: Mapped[datetime | None]

    meeting: Mapped[Meeting] = relationship(back_populates="people")
    registration: Mapped[Registration] = relationship()
    party: Mapped[MeetingParty] = relationship()


class MeetingNote(Base):
    """What somebody writes down about a meeting for themselves."""

    __tablename__ = "meeting_note"
    __table_args__ = (UniqueConstraint("meeting_id", "user_id"),)

    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"), index=True)
    text: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime]


class HoldKind(StrEnum):
    """What can be in one place only."""

    PERSON = "person"
    PROJECT = "project"
    TABLE = "table"
    INTERPRETER = "interpreter"


class Hold(Base):
    """That a person (by registration), project (by party), table or interpreter is taken for one unit of time.

    The unique constraint is what keeps anything from being in two places, whatever path a meeting took. `unit` counts
    steps of five minutes since 1970 in UTC; a thing from 10:00 to 10:20 holds four of them, and what begins at 10:20
    does not touch it. Without a meeting the unit belongs to the sessions of the person's own programme.
    """

    __tablename__ = "hold"
    __table_args__ = (UniqueConstraint("kind", "resource_id", "unit"),)

    kind: Mapped[HoldKind] = mapped_column(enum_column(HoldKind))
    resource_id: Mapped[int]
    unit: Mapped[int]
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id"), index=True)
