"""Builders: `make.user(name="Ana")` stores a person with sensible values for the rest."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
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
    ClimateObjective,
    CounterpartyProfile,
    Event,
    EventState,
    Facet,
    Fit,
    FitStatus,
    Membership,
    MembershipRole,
    MembershipState,
    Organisation,
    OrganisationKind,
    ProgrammeSession,
    Project,
    ProjectFacet,
    ProjectListing,
    ProjectState,
    ProjectVersion,
    Registration,
    RegistrationState,
    Review,
    Role,
    RoleAssignment,
    Sector,
    SessionKind,
    Stage,
    TicketPool,
    TicketType,
    User,
    Visibility,
)
from marketplace.services.projects import book
from marketplace.services.search import fold
from tests.pitches import content_of


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

    def project(self, city: Organisation, **values: Any) -> Project:
        """A draft with a whole pitch; `content={...}` changes answers of it, None takes one out."""
        number = next(self.numbers)
        content = content_of(**values.pop("content", {}))
        values.setdefault("slug", f"project-{number}")
        values.setdefault("created_at", clock.now())
        values.setdefault("changed_at", clock.now())
        values.setdefault("titles", content.get("title", {}))
        return self.store(Project(city_id=city.id, content=content, **values))

    def version(self, project: Project, **values: Any) -> ProjectVersion:
        """What the working text says now, submitted."""
        values.setdefault("number", next(self.numbers))
        values.setdefault("content", dict(project.content))
        values.setdefault("currency", project.content.get("currency", "USD"))
        values.setdefault("usd_rate", Decimal(1) if values["currency"] == "USD" else Decimal("5.25"))
        values.setdefault("usd_rate_on", date(2026, 2, 27))
        values.setdefault("submitted_at", clock.now())
        return self.store(ProjectVersion(project_id=project.id, **values))

    def published(self, city: Organisation, **values: Any) -> Project:
        """A project in the book: working text, one version, listing and facets."""
        values.setdefault("state", ProjectState.PUBLISHED)
        values.setdefault("published_at", clock.now())
        values.setdefault("submitted_at", values["published_at"])
        project = self.project(city, **values)
        self.listing(project, self.version(project, number=1))
        session().refresh(project)
        return project

    def listing(self, project: Project, version: ProjectVersion, **values: Any) -> ProjectListing:
        said = version.content
        finance = (said.get("visibility") or {}).get("finance", "matched")

        def in_dollars(name: str) -> int | None:
            return int(Decimal(said[name]) / version.usd_rate) if said.get(name) else None

        lists = {
            Facet.SECTOR: [said.get("sector_primary"), *said.get("sectors_secondary", [])],
            Facet.HAZARD: said.get("hazards", []),
            Facet.SDG: said.get("sdgs", []),
            Facet.INSTRUMENT: said.get("instruments_sought", []),
            Facet.TECHNOLOGY: said.get("technology_needs", []),
        }
        city = project.city
        with atomic() as current:
            current.add_all(
                ProjectFacet(project_id=project.id, facet=facet, code=code)
                for facet, codes in lists.items()
                for code in dict.fromkeys(codes)
            )
        return self.store(
            ProjectListing(
                project_id=project.id,
                version_id=version.id,
                country=city.country,
                sector=Sector(said["sector_primary"]),
                stage=Stage(said["stage"]),
                climate_objective=ClimateObjective(said["climate_objective"]),
                titles=said.get("title", {}),
                summaries=said.get("summary", {}),
                search_text=book.search_text(said, city),
                ask_usd=in_dollars("ask_amount"),
                cost_usd=in_dollars("capex"),
                finance_visibility=Visibility(finance),
                published_at=project.published_at or clock.now(),
                **values,
            )
        )

    def profile(self, organisation: Organisation, **values: Any) -> CounterpartyProfile:
        """What a funder or vendor states, verified for a year unless `verified_until` says otherwise."""
        now = clock.now()
        values.setdefault("created_at", now)
        values.setdefault("changed_at", now)
        values.setdefault("verified_until", now + timedelta(days=365))
        return self.store(CounterpartyProfile(organisation_id=organisation.id, **values))

    def fit(self, project: Project, organisation: Organisation, **values: Any) -> Fit:
        values.setdefault("status", FitStatus.OFFERED)
        values.setdefault("is_offered", True)
        values = {
            "score": 80.0,
            "confidence": 1.0,
            "terms": b"",
            "model_version": 1,
            "project_version": 1,
            "profile_version": 1,
            "computed_at": clock.now(),
            **values,
        }
        return self.store(Fit(project_id=project.id, organisation_id=organisation.id, **values))

    def review(self, version: ProjectVersion, reviewer: User, **values: Any) -> Review:
        now = clock.now()
        values.setdefault("assigned_at", now)
        values.setdefault("changed_at", now)
        return self.store(
            Review(project_id=version.project_id, version_id=version.id, reviewer_id=reviewer.id, **values)
        )
