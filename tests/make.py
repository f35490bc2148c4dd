"""Builders: `make.user(name="Ana")` stores a person with sensible values for the rest."""

from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from marketplace import clock
from marketplace.database import atomic, session
from marketplace.models import (
    AccountState,
    AttendeeCategory,
    CityPair,
    CityProfile,
    CitySide,
    Event,
    EventState,
    Membership,
    MembershipRole,
    MembershipState,
    Organisation,
    OrganisationKind,
    ProgrammeSession,
    Registration,
    RegistrationState,
    Role,
    RoleAssignment,
    SessionKind,
    TicketPool,
    TicketType,
    User,
)
from marketplace.services.search import fold


class Make:
    """Each method stores one noun and returns it; keyword arguments override the values."""

    def __init__(self) -> None:
        self.numbers = count(1)

    def store(self, thing: Any) -> Any:
        with atomic() as current:
            current.add(thing)
        session().refresh(thing)
        return thing

    def user(self, **values: Any) -> User:
        number = next(self.numbers)
        name = values.setdefault("name", f"Person {number}")
        email = values.setdefault("email", f"person{number}@example.org")
        values.setdefault("email_key", email.casefold())
        values.setdefault("search_text", fold(name, email))
        values.setdefault("state", AccountState.ACTIVE)
        values.setdefault("created_at", clock.now())
        return self.store(User(**values))

    def organiser(self, **values: Any) -> User:
        """An organiser of the platform whose authenticator is set up."""
        values = {"totp_nonce": "nonce", "totp_confirmed_at": clock.now(), **values}
        user = self.user(**values)
        self.role(user, Role.ORGANISER)
        session().refresh(user)
        return user

    def administrator(self, **values: Any) -> User:
        values = {"totp_nonce": "nonce", "totp_confirmed_at": clock.now(), **values}
        user = self.user(**values)
        self.role(user, Role.ADMINISTRATOR)
        session().refresh(user)
        return user

    def role(self, user: User, role: Role, event: Event | None = None) -> RoleAssignment:
        return self.store(
            RoleAssignment(user_id=user.id, role=role, event_id=event.id if event else None, granted_at=clock.now())
        )

    def event(self, **values: Any) -> Event:
        number = next(self.numbers)
        values.setdefault("slug", f"event-{number}")
        values.setdefault("titles", {"en": f"Event {number}"})
        values.setdefault("timezone", "America/New_York")
        values.setdefault("starts_on", date(2026, 6, 1))
        values.setdefault("ends_on", values["starts_on"] + timedelta(days=1))
        zone = ZoneInfo(values["timezone"])
        values.setdefault("starts_at", datetime.combine(values["starts_on"], time(9), zone))
        values.setdefault("ends_at", datetime.combine(values["ends_on"], time(18), zone))
        values.setdefault("state", EventState.PUBLISHED)
        values.setdefault("created_at", clock.now())
        return self.store(Event(**values))

    def ticket(self, event: Event, **values: Any) -> TicketType:
        values.setdefault("names", {"en": "Delegate"})
        values.setdefault("created_at", clock.now())
        return self.store(TicketType(event_id=event.id, **values))

    def pool(self, event: Event, **values: Any) -> TicketPool:
        return self.store(TicketPool(event_id=event.id, **{"names": {"en": "Hall"}, **values}))

    def registration(self, event: Event, ticket: TicketType, **values: Any) -> Registration:
        number = next(self.numbers)
        email = values.setdefault("email", f"guest{number}@example.org")
        name = values.setdefault("name", f"Guest {number}")
        now = clock.now()
        values = {
            "email_key": email.casefold(),
            "category": AttendeeCategory.CITY,
            "state": RegistrationState.CONFIRMED,
            "locale": "en",
            "timezone": event.timezone,
            "search_text": fold(name, email),
            "created_at": now,
            "changed_at": now,
            "confirmed_at": now if values.get("state", RegistrationState.CONFIRMED) == "confirmed" else None,
            **values,
        }
        return self.store(Registration(event_id=event.id, ticket_type_id=ticket.id, **values))

    def session(self, event: Event, **values: Any) -> ProgrammeSession:
        values.setdefault("kind", SessionKind.PANEL)
        values.setdefault("titles", {"en": f"Session {next(self.numbers)}"})
        values.setdefault("starts_at", event.starts_at)
        values.setdefault("ends_at", values["starts_at"] + timedelta(hours=1))
        values.setdefault("created_at", clock.now())
        return self.store(ProgrammeSession(event_id=event.id, **values))

    def organisation(self, **values: Any) -> Organisation:
        number = next(self.numbers)
        name = values.setdefault("name", f"Organisation {number}")
        values.setdefault("slug", f"organisation-{number}")
        values.setdefault("kind", OrganisationKind.FUNDER)
        values.setdefault("search_text", fold(name))
        values.setdefault("created_at", clock.now())
        return self.store(Organisation(**values))

    def city(self, **values: Any) -> Organisation:
        side = values.pop("side", CitySide.LAC)
        profile = {
            "side": side,
            "latitude": -3.1,
            "longitude": -60.0,
            "main_language": "pt",
            "population": 2_063_547,
            **values.pop("profile", {}),
        }
        organisation = self.organisation(kind=OrganisationKind.CITY, **{"country": "BR", **values})
        self.store(CityProfile(organisation_id=organisation.id, **profile))
        session().refresh(organisation)
        return organisation

    def pair(self, lac: Organisation, us: Organisation, **values: Any) -> CityPair:
        values.setdefault("valid_from", date(2023, 8, 15))
        return self.store(CityPair(lac_city_id=lac.id, us_city_id=us.id, **values))

    def membership(self, user: User, organisation: Organisation, **values: Any) -> Membership:
        values.setdefault("role", MembershipRole.MEMBER)
        values.setdefault("state", MembershipState.ACTIVE)
        values.setdefault("created_at", clock.now())
        values.setdefault("since", clock.now())
        return self.store(Membership(user_id=user.id, organisation_id=organisation.id, **values))

    def manager(self, organisation: Organisation, **values: Any) -> User:
        user = self.user(**values)
        self.membership(user, organisation, role=MembershipRole.MANAGER)
        session().refresh(user)
        return user
