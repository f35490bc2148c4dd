"""The words for every kind, state and role: one table, used by pages, letters and lists of choices alike."""

from enum import StrEnum
from typing import TypeVar

from marketplace.i18n import LazyText
from marketplace.i18n import lazy_gettext as _
from marketplace.models import (
    AccountState,
    Attendance,
    AttendeeCategory,
    CitySide,
    EventKind,
    EventLevel,
    EventMode,
    EventState,
    JobState,
    LetterState,
    MembershipRole,
    MembershipState,
    OrganisationKind,
    QuestionKind,
    RegistrationConsentKind,
    RegistrationState,
    Role,
    SessionKind,
    SessionState,
    SpeakerRole,
)
from marketplace.services import meeting_words, project_words, vocabulary_words

# Members of different enums may be equal as text, so each enum has a table of its own.
_LABELS: dict[type[StrEnum], dict[str, LazyText]] = {
    OrganisationKind: {
        OrganisationKind.CITY: _("City"),
        OrganisationKind.FUNDER: _("Funder"),
        OrganisationKind.VENDOR: _("Technology provider"),
        OrganisationKind.PARTNER: _("Programme partner"),
        OrganisationKind.ACADEMIA: _("Academia"),
        OrganisationKind.PHILANTHROPY: _("Philanthropy"),
        OrganisationKind.NGO: _("Non-governmental organisation"),
        OrganisationKind.MULTILATERAL: _("Multilateral institution"),
        OrganisationKind.AGENCY: _("Government agency"),
        OrganisationKind.PRESS: _("Press"),
    },
    MembershipRole: {
        MembershipRole.MANAGER: _("Manager"),
        MembershipRole.MEMBER: _("Member"),
    },
    MembershipState: {
        MembershipState.INVITED: _("Invited"),
        MembershipState.REQUESTED: _("Asked to join"),
        MembershipState.ACTIVE: _("Active"),
        MembershipState.ENDED: _("Ended"),
    },
    Role: {
        Role.ADMINISTRATOR: _("Administrator"),
        Role.ORGANISER: _("Organiser"),
        Role.REVIEWER: _("Reviewer"),
        Role.CHECK_IN: _("Check-in"),
        Role.FINANCE: _("Finance"),
        Role.INTERPRETER: _("Interpreter"),
    },
    CitySide: {
        CitySide.LAC: _("Latin America and the Caribbean"),
        CitySide.US: _("United States"),
    },
    AccountState: {
        AccountState.UNCONFIRMED: _("Not confirmed"),
        AccountState.ACTIVE: _("Active"),
        AccountState.DEACTIVATED: _("Deactivated"),
        AccountState.DELETED: _("Deleted"),
    },
    LetterState: {
        LetterState.QUEUED: _("Waiting"),
        LetterState.SENT: _("Sent"),
        LetterState.FAILED: _("Failed"),
        LetterState.CANCELLED: _("Called back"),
    },
    JobState: {
        JobState.WAITING: _("Waiting"),
        JobState.DONE: _("Done"),
        JobState.DEAD: _("Given up"),
        JobState.CANCELLED: _("Cancelled"),
    },
    EventKind: {
        EventKind.DIALOGUE: _("Dialogue"),
        EventKind.MARKETPLACE: _("Marketplace"),
        EventKind.WORKSHOP: _("Workshop"),
        EventKind.CONVENING: _("Convening"),
    },
    EventLevel: {
        EventLevel.NATIONAL: _("National"),
        EventLevel.REGIONAL: _("Regional"),
        EventLevel.HEMISPHERIC: _("Hemispheric"),
    },
    EventMode: {
        EventMode.IN_PERSON: _("In person"),
        EventMode.ONLINE: _("Online"),
        EventMode.HYBRID: _("In person and online"),
    },
    EventState: {
        EventState.DRAFT: _("Draft"),
        EventState.PUBLISHED: _("Published"),
        EventState.CANCELLED: _("Cancelled"),
        EventState.ARCHIVED: _("Archived"),
    },
    SessionKind: {
        SessionKind.PLENARY: _("Plenary"),
        SessionKind.PANEL: _("Panel"),
        SessionKind.WORKSHOP: _("Workshop"),
        SessionKind.PITCH: _("Pitch session"),
        SessionKind.REVERSE_PITCH: _("Reverse pitch"),
        SessionKind.BREAK: _("Break"),
    },
    SessionState: {
        SessionState.DRAFT: _("Draft"),
        SessionState.PUBLISHED: _("Published"),
        SessionState.CANCELLED: _("Cancelled"),
    },
    SpeakerRole: {
        SpeakerRole.SPEAKER: _("Speaker"),
        SpeakerRole.KEYNOTE: _("Keynote"),
        SpeakerRole.MODERATOR: _("Moderator"),
        SpeakerRole.PANELLIST: _("Panellist"),
    },
    QuestionKind: {
        QuestionKind.TEXT: _("Text"),
        QuestionKind.CHOICE: _("One choice"),
        QuestionKind.CHOICES: _("Several choices"),
        QuestionKind.FILE: _("File"),
        QuestionKind.CONSENT: _("Consent"),
    },
    AttendeeCategory: {
        AttendeeCategory.CITY: _("City"),
        AttendeeCategory.NATIONAL_GOVERNMENT: _("National government"),
        AttendeeCategory.FUNDER: _("Funder"),
        AttendeeCategory.VENDOR: _("Technology provider"),
        AttendeeCategory.ACADEMIA: _("Academia"),
        AttendeeCategory.PHILANTHROPY: _("Philanthropy"),
        AttendeeCategory.NGO: _("Non-governmental organisation"),
        AttendeeCategory.MULTILATERAL: _("Multilateral institution"),
        AttendeeCategory.AGENCY: _("Government agency"),
        AttendeeCategory.PRESS: _("Press"),
        AttendeeCategory.ORGANISER: _("Organiser"),
    },
    RegistrationState: {
        RegistrationState.PENDING_APPROVAL: _("Waiting for approval"),
        RegistrationState.CONFIRMED: _("Confirmed"),
        RegistrationState.WAITING: _("On the waiting list"),
        RegistrationState.OFFERED: _("Place offered"),
        RegistrationState.CANCELLED: _("Cancelled"),
        RegistrationState.DECLINED: _("Declined"),
        RegistrationState.EXPIRED: _("Offer expired"),
    },
    Attendance: {
        Attendance.IN_PERSON: _("In person"),
        Attendance.ONLINE: _("Online"),
    },
    RegistrationConsentKind: {
        RegistrationConsentKind.PHOTO: _("Photographs and recordings"),
        RegistrationConsentKind.DIRECTORY: _("Directory of participants"),
    },
    **vocabulary_words.WORDS,
    **project_words.WORDS,
    **meeting_words.WORDS,
}

# What the programme itself states in its data, in one language there and in the reader's here.
_STATEMENTS: tuple[LazyText, ...] = (
    _("canton"),
    _("city"),
    _("commune"),
    _("county"),
    _("municipality"),
    _("municipality (first release)"),
    _("municipality (census adjusted for omission)"),
    _("municipality (INE projection, older base)"),
    _("district (census adjusted for omission)"),
    _("island of Grand Bahama (not city proper)"),
    _("Garden Village resilient neighbourhood"),
    _("Parque de la Vida (39 ha former landfill)"),
    _("Viva Mindu (Igarapé do Mindu basin)"),
    _("Floodplain and stormwater management with green infrastructure (topic, not a title)"),
    _("Announced on 15 August 2023. The day of the change is not documented: by June 2024 a partner lists Albany."),
    _("Listed by one partner page only. The day of the change is not documented."),
)
_STATED = {str(statement): statement for statement in _STATEMENTS}

_CITY_MEMBERSHIPS: dict[str, LazyText] = {
    "confirmed": _("Announced among the 24 cities"),
    "confirmed_later": _("In a later list of a programme partner"),
    "confirmed_replaced": _("Announced among the 24 cities, not in a later list"),
}

Choice = TypeVar("Choice", bound=StrEnum)


def of(member: StrEnum) -> LazyText:
    """Return the words for one member of an enum; an enum without words is a bug: KeyError."""
    return _LABELS[type(member)][member]


def choices(enum: type[Choice]) -> list[tuple[str, LazyText]]:
    """Return value and words of every member, in the order of the enum, for selections and filters."""
    return [(member.value, of(member)) for member in enum]


def read(enum: type[Choice], value: str | None) -> Choice | None:
    """Return the member a filter asks for; None for nothing and for what does not exist."""
    return enum(value) if value in set(enum) else None


def stated(text: str) -> str:
    """Return a statement of the programme's own data in the reader's language; what others wrote stays as it is."""
    return str(_STATED.get(text, text))


def city_membership(status: str) -> str:
    """Say how a city came to be in the programme; '' where nothing is known."""
    return str(_CITY_MEMBERSHIPS.get(status, ""))
