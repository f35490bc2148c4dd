"""The sample events in full: their programmes, tickets, questions, and people registered in every state."""

import tomllib
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

from sqlalchemy import select

from marketplace import clock, i18n
from marketplace.database import session
from marketplace.models import (
    Attendance,
    AttendeeCategory,
    Event,
    EventKind,
    EventMode,
    EventOrganiser,
    EventState,
    MembershipRole,
    Organisation,
    OrganisationKind,
    PrivateNeeds,
    ProgrammeSession,
    Question,
    QuestionKind,
    Registration,
    RegistrationConsent,
    RegistrationConsentKind,
    RegistrationState,
    Room,
    SessionKind,
    SessionSignUp,
    SessionSpeaker,
    Speaker,
    SpeakerRole,
    TicketPool,
    TicketType,
    Track,
    User,
)
from marketplace.services import registration, waiting_list, wallclock
from marketplace.services.sample import records
from marketplace.services.search import fold

_FILE = Path(__file__).parent / "data" / "programme.toml"

_CATEGORIES = {
    OrganisationKind.CITY: AttendeeCategory.CITY,
    OrganisationKind.FUNDER: AttendeeCategory.FUNDER,
    OrganisationKind.VENDOR: AttendeeCategory.VENDOR,
    OrganisationKind.ACADEMIA: AttendeeCategory.ACADEMIA,
    OrganisationKind.PHILANTHROPY: AttendeeCategory.PHILANTHROPY,
    OrganisationKind.NGO: AttendeeCategory.NGO,
    OrganisationKind.MULTILATERAL: AttendeeCategory.MULTILATERAL,
    OrganisationKind.AGENCY: AttendeeCategory.AGENCY,
    OrganisationKind.PRESS: AttendeeCategory.PRESS,
    OrganisationKind.PARTNER: AttendeeCategory.ORGANISER,
}

Moment = Callable[[int, str], datetime]


def describe(event: Event, bodies: dict[str, Organisation]) -> None:
    """Give a new event what the list of events does not say: hours, theme, words, place, windows, who holds it."""
    facts = _facts()["event"][event.slug]
    at = _moments(event)
    event.kind, event.mode = EventKind(facts["kind"]), EventMode(facts.get("mode", "in_person"))
    event.starts_at = at(1, facts["hours"][0])
    event.ends_at = at((event.ends_on - event.starts_on).days + 1, facts["hours"][1])
    event.themes, event.descriptions = facts["theme"], facts["description"]
    event.venue, event.online_link = facts.get("venue", ""), facts.get("online_link", "")
    event.capacity = facts.get("capacity")
    event.search_text = fold(*event.titles.values(), *event.themes.values(), *event.places.values())
    is_over = event.ends_at < clock.now()
    event.state = EventState.ARCHIVED if is_over else EventState.PUBLISHED
    if not is_over:
        event.registration_opens_at = clock.now() - timedelta(days=35)
        event.registration_closes_at = event.starts_at - timedelta(days=2)
    event.organisers = [
        EventOrganiser(organisation_id=bodies[slug].id, position=position)
        for position, slug in enumerate(facts["organisers"])
    ]


def fill(event: Event, users: dict[str, User], bodies: dict[str, Organisation]) -> None:
    """Give an event its programme and, where it is still to come, tickets and registrations. Needs stored events."""
    if session().scalar(select(ProgrammeSession.id).where(ProgrammeSession.event_id == event.id)) is not None:
        return
    entries = _Programme(event).store()
    if event.state is EventState.PUBLISHED:
        tickets = _store_tickets(event)
        _Guests(event, tickets, users, bodies).store(entries)


def _facts() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def _moments(event: Event) -> Moment:
    """Return the function that gives the moment of an hour of the event's first, second ... day at the venue."""

    def at(day: int, hour: str) -> datetime:
        the_day: date = event.starts_on + timedelta(days=day - 1)
        return wallclock.moment(the_day, time.fromisoformat(hour), event.timezone)

    return at


class _Programme:
    """Rooms, tracks, speakers and sessions of one event."""

    def __init__(self, event: Event) -> None:
        self.event, self.facts, self.at = event, _facts(), _moments(event)
        self.people = {person.email.partition("@")[0]: person for person in records.people()}
        self.bodies = {body.slug: body for body in records.bodies()}
        self.speakers: dict[str, Speaker] = {}

    def store(self) -> list[ProgrammeSession]:
        """Store all of it; the Marketplace has the pitches of all cities besides what is written down."""
        written = [entry for entry in self.facts["session"] if entry["event"] == self.event.slug]
        wants_rooms = any("room" in entry for entry in written)
        self.rooms = {
            name: Room(event_id=self.event.id, names=room["names"], capacity=room["capacity"], position=position)
            for position, (name, room) in enumerate(self.facts["rooms"].items() if wants_rooms else ())
        }
        self.tracks = {
            name: Track(event_id=self.event.id, names=names, position=position)
            for position, (name, names) in enumerate(self.facts["tracks"].items() if wants_rooms else ())
        }
        session().add_all([*self.rooms.values(), *self.tracks.values()])
        session().flush()
        entries = [self._written(entry) for entry in written]
        if self.event.kind is EventKind.MARKETPLACE:
            entries += self._pitches() + self._reverse_pitches()
        session().add_all(entries)
        session().flush()
        return entries

    def _written(self, entry: dict[str, Any]) -> ProgrammeSession:
        day, begins, ends = entry["time"]
        return self._session(
            SessionKind(entry["kind"]),
            entry["titles"],
            (self.at(day, begins), self.at(day, ends)),
            room=entry.get("room"),
            track=entry.get("track"),
            who=entry.get("speakers", []),
            places=entry.get("sign_up"),
        )

    def _session(
        self,
        kind: SessionKind,
        titles: dict[str, str],
        hours: tuple[datetime, datetime],
        *,
        room: str | None,
        track: str | None,
        who: list[str],
        places: int | None = None,
    ) -> ProgrammeSession:
        spoken = [self.people[key].locale for key in who if key in self.people]
        languages = sorted(set(spoken)) if kind is not SessionKind.BREAK else []
        return ProgrammeSession(
            event_id=self.event.id,
            kind=kind,
            titles=titles,
            starts_at=hours[0],
            ends_at=hours[1],
            room_id=self.rooms[room].id if room else None,
            track_id=self.tracks[track].id if track else None,
            languages=languages,
            interpretation=[code for code in i18n.LANGUAGES if code not in languages] if languages else [],
            needs_sign_up=places is not None,
            capacity=places,
            created_at=clock.now(),
            speakers=[
                SessionSpeaker(speaker=self._speaker(key), role=_role(kind, position), position=position)
                for position, key in enumerate(key for key in who if key in self.people)
            ],
        )

    def _speaker(self, key: str) -> Speaker:
        if key not in self.speakers:
            person = self.people[key]
            body = self.bodies.get(person.organisation)
            self.speakers[key] = Speaker(
                event_id=self.event.id,
                name=person.name,
                job_title=person.job_title,
                organisation=body.name if body else "",
                biographies={},
            )
        return self.speakers[key]

    def _pitches(self) -> list[ProgrammeSession]:
        """Let every city present for half an hour, in two rooms, before and after lunch of both days."""
        listed = {
            slug for pair in records.pairs() if pair.valid_until is None for slug in (pair.lac_city, pair.us_city)
        }
        cities = [body for body in records.bodies() if body.slug in listed]
        begins = ["10:30", "11:00", "11:30", "13:30", "14:00", "14:30"]
        slots = [(day, room, hour) for day in (1, 2) for hour in begins for room in ("pitch-a", "pitch-b")]
        return [
            self._half_hour(SessionKind.PITCH, body, slot, "cities", f"city.{body.slug}")
            for body, slot in zip(cities, slots, strict=False)
        ]

    def _reverse_pitches(self) -> list[ProgrammeSession]:
        """Let twelve funders say what they look for, in the afternoons."""
        funders = [body for body in records.bodies() if body.kind is OrganisationKind.FUNDER][:12]
        slots = [
            (day, room, hour)
            for day in (1, 2)
            for hour in ("15:30", "16:00", "16:30")
            for room in ("pitch-a", "pitch-b")
        ]
        return [
            self._half_hour(SessionKind.REVERSE_PITCH, body, slot, "funders", f"funder.{number}")
            for number, (body, slot) in enumerate(zip(funders, slots, strict=True), start=1)
        ]

    def _half_hour(
        self, kind: SessionKind, body: records.Body, slot: tuple[int, str, str], track: str, who: str
    ) -> ProgrammeSession:
        day, room, hour = slot
        begins = self.at(day, hour)
        titles = {code: words % body.names.get(code, body.name) for code, words in self.facts[kind.value].items()}
        hours = (begins, begins + timedelta(minutes=30))
        return self._session(kind, titles, hours, room=room, track=track, who=[who])


def _role(kind: SessionKind, position: int) -> SpeakerRole:
    if kind is SessionKind.PANEL:
        return SpeakerRole.MODERATOR if position == 0 else SpeakerRole.PANELLIST
    return SpeakerRole.KEYNOTE if kind is SessionKind.PLENARY and position == 0 else SpeakerRole.SPEAKER


def _store_tickets(event: Event) -> dict[str, TicketType]:
    now = clock.now()
    pool = TicketPool(
        event_id=event.id,
        names={"en": "Seats of observers", "es": "Asientos de observadores", "pt": "Lugares de observadores"},
        capacity=60,
    )
    session().add(pool)
    session().flush()
    tickets = {
        "delegate": TicketType(
            names={"en": "City delegate", "es": "Delegación de ciudad", "pt": "Delegação de cidade"},
            categories=["city", "national_government"],
        ),
        "partner": TicketType(
            names={"en": "Funder or provider", "es": "Financiador o proveedor", "pt": "Financiador ou fornecedor"},
            categories=["funder", "vendor", "multilateral", "agency", "philanthropy"],
            needs_approval=event.kind is EventKind.MARKETPLACE,
        ),
        "observer": TicketType(
            names={"en": "Observer", "es": "Observador", "pt": "Observador"},
            descriptions={
                "en": "For universities, organisations of civil society and everybody who listens.",
                "es": "Para universidades, organizaciones de la sociedad civil y quienes vienen a escuchar.",
                "pt": "Para universidades, organizações da sociedade civil e quem vem ouvir.",
            },
            pool_id=pool.id,
        ),
        "supporter": TicketType(
            names={"en": "Supporter", "es": "Colaborador", "pt": "Apoiador"},
            price=5000,
            pool_id=pool.id,
        ),
        "press": TicketType(names={"en": "Press", "es": "Prensa", "pt": "Imprensa"}, access_code="press", capacity=10),
    }
    for position, ticket in enumerate(tickets.values()):
        ticket.event_id, ticket.position, ticket.created_at = event.id, position, now
    session().add_all(tickets.values())
    session().add_all(
        [
            Question(
                event_id=event.id,
                kind=QuestionKind.CHOICES,
                labels={
                    "en": "Which topics matter most to you?",
                    "es": "¿Qué temas le importan más?",
                    "pt": "Quais temas mais lhe importam?",
                },
                choices=[
                    {"code": "water", "en": "Water and nature", "es": "Agua y naturaleza", "pt": "Água e natureza"},
                    {"code": "districts", "en": "Districts", "es": "Distritos", "pt": "Distritos"},
                    {"code": "finance", "en": "Finance", "es": "Finanzas", "pt": "Finanças"},
                ],
                created_at=now,
            ),
            Question(
                event_id=event.id,
                kind=QuestionKind.TEXT,
                labels={
                    "en": "What would you like to take home?",
                    "es": "¿Qué le gustaría llevarse?",
                    "pt": "O que gostaria de levar para casa?",
                },
                position=1,
                created_at=now,
            ),
        ]
    )
    session().flush()
    return tickets


class _Guests:
    """People registered for one event, over the weeks since registration opened."""

    def __init__(
        self, event: Event, tickets: dict[str, TicketType], users: dict[str, User], bodies: dict[str, Organisation]
    ) -> None:
        self.event, self.tickets, self.users, self.bodies = event, tickets, users, bodies

    def store(self, entries: list[ProgrammeSession]) -> None:
        """Store them; the Marketplace is full, so that people wait for it, and the Dialogue is not."""
        people = [person for person in records.people() if person.organisation]
        is_full = self.event.kind is EventKind.MARKETPLACE
        share = people if is_full else [person for person in people if not person.email.startswith("vendor.")][::2]
        attendee = next(person for person in people if person.email.startswith("attendee@"))
        # Every other colleague of a city's first delegate came last, so that no city is left without anybody.
        late = [person for person in people if person.membership is MembershipRole.MEMBER][::2] if is_full else []
        share = [attendee, *late, *(person for person in share if person is not attendee and person not in late)]
        workshops = cycle(entry for entry in entries if entry.needs_sign_up)
        stored = [self._guest(number, person) for number, person in enumerate(share)]
        if is_full:
            self._end_differently(stored[1 : len(late) + 1])
            holding = {RegistrationState.CONFIRMED, RegistrationState.OFFERED}
            self.event.capacity = sum(one.state in holding for one in stored)
        session().add_all(stored)
        session().flush()
        for one in stored:
            if (one.state is RegistrationState.CONFIRMED and one.id % 3 == 0) or one is stored[0]:
                session().add(
                    SessionSignUp(session_id=next(workshops).id, registration_id=one.id, created_at=one.created_at)
                )
        session().flush()

    def _guest(self, number: int, person: records.Person) -> Registration:
        user, body = self.users[person.email], self.bodies[person.organisation]
        category = _CATEGORIES[body.kind]
        made = clock.now() - timedelta(hours=7 * number + 1)
        online = self.event.mode is EventMode.HYBRID and number % 5 == 4
        guest = Registration(
            event_id=self.event.id,
            user_id=user.id,
            ticket_type_id=self._ticket(category).id,
            state=RegistrationState.CONFIRMED,
            email=user.email,
            email_key=user.email_key,
            name=user.name,
            job_title=person.job_title,
            organisation_name=body.name,
            organisation_id=body.id,
            country=body.country,
            category=category,
            attendance=Attendance.ONLINE if online else Attendance.IN_PERSON,
            languages=list(user.spoken_languages),
            locale=user.locale,
            timezone=user.timezone,
            search_text=fold(user.name, body.name, user.email),
            is_illustrative=True,
            created_at=made,
            changed_at=made,
            confirmed_at=made,
        )
        agreed = [kind for kind in RegistrationConsentKind if (number + len(kind.value)) % 4]
        guest.consents = [
            RegistrationConsent(kind=kind, version=registration.CONSENT_VERSION, language=user.locale, given_at=made)
            for kind in agreed
        ]
        if number % 17 == 3:
            guest.needs = PrivateNeeds(access="", dietary="(example) Vegetarian", changed_at=made)
        if number % 23 == 5:
            guest.needs = PrivateNeeds(access="(example) Step-free access", dietary="", changed_at=made)
        return guest

    def _ticket(self, category: AttendeeCategory) -> TicketType:
        for name in ("delegate", "partner"):
            if category.value in self.tickets[name].categories:
                return self.tickets[name]
        return self.tickets["press" if category is AttendeeCategory.PRESS else "observer"]

    def _end_differently(self, last: list[Registration]) -> None:
        """Put those who came last into the other states."""
        states = cycle(
            [
                RegistrationState.WAITING,
                RegistrationState.PENDING_APPROVAL,
                RegistrationState.WAITING,
                RegistrationState.CANCELLED,
                RegistrationState.PENDING_APPROVAL,
                RegistrationState.OFFERED,
                RegistrationState.WAITING,
                RegistrationState.DECLINED,
                RegistrationState.PENDING_APPROVAL,
                RegistrationState.EXPIRED,
            ]
        )
        for one, state in zip(last, states, strict=False):
            one.state = state
            if state is RegistrationState.PENDING_APPROVAL:
                one.ticket_type_id = self.tickets["partner"].id
            if state is not RegistrationState.CANCELLED:
                one.confirmed_at = None
            if state is RegistrationState.OFFERED:
                one.offer_expires_at = waiting_list.offer_ends(self.event)
            if state in {RegistrationState.WAITING, RegistrationState.OFFERED}:
                one.waiting_since = one.created_at
            if state in {RegistrationState.CANCELLED, RegistrationState.DECLINED, RegistrationState.EXPIRED}:
                one.ended_at = one.changed_at = one.created_at + timedelta(minutes=30)
                one.calendar_sequence, one.needs = 1, None
