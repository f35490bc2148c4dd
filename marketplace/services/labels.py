"""The words for every kind, state and role: one table, used by pages, letters and lists of choices alike."""

from enum import StrEnum
from typing import TypeVar

from marketplace.i18n import LazyText
from marketplace.i18n import lazy_gettext as _
from marketplace.models import (
    AccountState,
    CitySide,
    JobState,
    LetterState,
    MembershipRole,
    MembershipState,
    OrganisationKind,
    Role,
)

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
