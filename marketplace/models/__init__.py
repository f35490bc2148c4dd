"""The nouns of the product: what is stored, in which states, under which constraints."""

from marketplace.models.account import (
    AccountState,
    Consent,
    ConsentKind,
    LinkPurpose,
    OneTimeLink,
    RecoveryCode,
    User,
    UserSession,
)
from marketplace.models.audit import AuditEntry
from marketplace.models.base import Base
from marketplace.models.event import Event, EventKind, EventLevel, EventMode, EventOrganiser, EventState
from marketplace.models.feed import FeedToken
from marketplace.models.installation import InstallationFact
from marketplace.models.job import Job, JobState
from marketplace.models.letter_text import LetterText
from marketplace.models.organisation import (
    CityPair,
    CityProfile,
    CitySide,
    Membership,
    MembershipRole,
    MembershipState,
    Organisation,
    OrganisationKind,
)
from marketplace.models.outbox import Letter, LetterState
from marketplace.models.programme import (
    ProgrammeSession,
    Room,
    SessionKind,
    SessionSignUp,
    SessionSpeaker,
    SessionState,
    Speaker,
    SpeakerRole,
    Track,
)
from marketplace.models.question import AnswerFile, Question, QuestionKind, RegistrationAnswer
from marketplace.models.registration import (
    HOLDING_STATES,
    LIVE_STATES,
    Attendance,
    AttendeeCategory,
    PrivateNeeds,
    Registration,
    RegistrationConsent,
    RegistrationConsentKind,
    RegistrationState,
)
from marketplace.models.role import Role, RoleAssignment
from marketplace.models.throttle import ThrottleWindow
from marketplace.models.ticket import TicketPool, TicketType

__all__ = [
    "HOLDING_STATES",
    "LIVE_STATES",
    "AccountState",
    "AnswerFile",
    "Attendance",
    "AttendeeCategory",
    "AuditEntry",
    "Base",
    "CityPair",
    "CityProfile",
    "CitySide",
    "Consent",
    "ConsentKind",
    "Event",
    "EventKind",
    "EventLevel",
    "EventMode",
    "EventOrganiser",
    "EventState",
    "FeedToken",
    "InstallationFact",
    "Job",
    "JobState",
    "Letter",
    "LetterState",
    "LetterText",
    "LinkPurpose",
    "Membership",
    "MembershipRole",
    "MembershipState",
    "OneTimeLink",
    "Organisation",
    "OrganisationKind",
    "PrivateNeeds",
    "ProgrammeSession",
    "Question",
    "QuestionKind",
    "RecoveryCode",
    "Registration",
    "RegistrationAnswer",
    "RegistrationConsent",
    "RegistrationConsentKind",
    "RegistrationState",
    "Role",
    "RoleAssignment",
    "Room",
    "SessionKind",
    "SessionSignUp",
    "SessionSpeaker",
    "SessionState",
    "Speaker",
    "SpeakerRole",
    "ThrottleWindow",
    "TicketPool",
    "TicketType",
    "Track",
    "User",
    "UserSession",
]
