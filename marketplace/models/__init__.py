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
from marketplace.models.event import Event
from marketplace.models.installation import InstallationFact
from marketplace.models.job import Job, JobState
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
from marketplace.models.role import Role, RoleAssignment
from marketplace.models.throttle import ThrottleWindow

__all__ = [
    "AccountState",
    "AuditEntry",
    "Base",
    "CityPair",
    "CityProfile",
    "CitySide",
    "Consent",
    "ConsentKind",
    "Event",
    "InstallationFact",
    "Job",
    "JobState",
    "Letter",
    "LetterState",
    "LinkPurpose",
    "Membership",
    "MembershipRole",
    "MembershipState",
    "OneTimeLink",
    "Organisation",
    "OrganisationKind",
    "RecoveryCode",
    "Role",
    "RoleAssignment",
    "ThrottleWindow",
    "User",
    "UserSession",
]
