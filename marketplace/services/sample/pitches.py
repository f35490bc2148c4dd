"""The sample's calls, exchange rates and pitches with all that happened to them, put straight into the database.

The services would write a letter for every turn and know no time but now; what they would store is stored here.
"""

import hashlib
import tomllib
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import select

from marketplace import clock, config
from marketplace.database import session
from marketplace.gateways import files as bytes_on_disk
from marketplace.gateways import sample_files
from marketplace.models import (
    Call,
    Currency,
    Event,
    ExchangeRate,
    FileKind,
    Organisation,
    Project,
    ProjectEdit,
    ProjectFile,
    ProjectState,
    ProjectVersion,
    User,
)
from marketplace.models.base import new_uid
from marketplace.services import wallclock
from marketplace.services.projects import edits, files, publication
from marketplace.services.projects.consistency import JUSTIFICATIONS
from marketplace.services.sample import pitch_sheets, timetable
from marketplace.services.sample.pitch_sheets import Pitch
from marketplace.services.sheets.pitch import PITCH

_DATA = Path(__file__).parent / "data"

_UNPOLISHED = ("safeguard_measures", "payback_years", "dscr", "eirr_pct")
"""What the first version of a pitch that was sent back did not say yet."""


def load(users: dict[str, User], bodies: dict[str, Organisation], events: dict[str, Event]) -> dict[str, Project]:
    """Store what is missing of rates, calls and pitches; returns the pitches that are new, by slug."""
    rates = _store_rates(users["organiser@cities.example"])
    calls = _store_calls(events)
    known = set(session().scalars(select(Project.slug)))
    found = {}
    for pitch in pitch_sheets.pitches():
        if pitch.slug not in known:
            found[pitch.slug] = _Stored(pitch, users, bodies, calls, rates).project
    session().flush()
    return found


def _store_rates(organiser: User) -> dict[date, dict[str, Decimal]]:
    """Return the rates of the sample by day; they are entered once, and never beside those of others."""
    today = clock.now().date()
    file = tomllib.loads((_DATA / "rates.toml").read_text(encoding="utf-8"))
    days = {
        today - timedelta(days=entry["days"]): {
            currency.value: Decimal(str(entry[currency.value])) for currency in Currency if currency.value in entry
        }
        for entry in file["day"]
    }
    if session().scalar(select(ExchangeRate.id).limit(1)) is None:
        session().add_all(
            ExchangeRate(
                currency=Currency(currency),
                on_day=day,
                per_usd=rate,
                source=file["source"],
                entered_by_id=organiser.id,
                entered_at=clock.now(),
                is_illustrative=True,
            )
            for day, rates in days.items()
            for currency, rate in rates.items()
        )
        session().flush()
    return days


def _store_calls(events: dict[str, Event]) -> dict[str, Call]:
    today = clock.now().date()
    found = {call.slug: call for call in session().scalars(select(Call))}
    for entry in tomllib.loads((_DATA / "calls.toml").read_text(encoding="utf-8"))["call"]:
        if entry["slug"] in found:
            continue
        event = events[entry["event"]]
        opens, closes = (today + timedelta(days=entry[name]) for name in ("opens", "closes"))
        found[entry["slug"]] = Call(
            slug=entry["slug"],
            titles=entry["titles"],
            descriptions=entry["descriptions"],
            event_id=event.id,
            timezone=event.timezone,
            opens_at=wallclock.moment(opens, time(9), event.timezone),
            closes_at=wallclock.moment(closes, time(23, 59), event.timezone),
            most_per_city=entry["most_per_city"],
            created_at=wallclock.moment(opens - timedelta(days=10), time(16), event.timezone),
            is_illustrative=True,
        )
        session().add(found[entry["slug"]])
    session().flush()
    return found


class _Stored:
    """One pitch as it is stored: the working text with its edits, versions, files, and its place in the book."""

    def __init__(
        self,
        pitch: Pitch,
        users: dict[str, User],
        bodies: dict[str, Organisation],
        calls: dict[str, Call],
        rates: dict[date, dict[str, Decimal]],
    ) -> None:
        self.pitch, self.rates = pitch, rates
        self.team = [users[person.email] for person in pitch.people]
        self.city = bodies[pitch.city_slug]
        self.state = ProjectState(pitch.facts["state"])
        self.times = timetable.of(pitch, self.city.timezone, clock.now().date())
        self.call = calls.get(timetable.call_of(pitch))
        self.content = pitch.content(clock.now().date())
        self.project = self._store()

    def _store(self) -> Project:
        times = self.times
        project = Project(
            slug=self.pitch.slug,
            city_id=self.city.id,
            city=self.city,
            call_id=self.call.id if self.call else None,
            state=self.state,
            created_by_id=self.team[0].id,
            created_at=times.begun,
            changed_by_id=self.team[-1].id,
            changed_at=times.edited,
            submitted_at=times.turns[-1].submitted if times.turns else None,
            published_at=times.published,
            ended_at=times.withdrawn,
            end_reason=self.pitch.facts.get("withdrawn", ""),
            is_illustrative=True,
        )
        if "late" in self.pitch.facts:
            project.late_until, project.late_reason = clock.now() + timedelta(days=9), self.pitch.facts["late"]
        session().add(project)
        session().flush()
        self._store_files(project)
        project.content = self.content
        history = self._edits()
        project.revision = len(history)
        edits.refresh(project)
        session().add_all(
            ProjectEdit(project_id=project.id, revision=number, before=before, by_id=by.id, at=at)
            for number, (before, by, at) in enumerate(history, start=1)
        )
        versions = self._store_versions(project)
        if self.state is ProjectState.PUBLISHED:
            publication.show(project, versions[-1])
        return project

    def _edits(self) -> list[tuple[dict[str, Any], User, datetime]]:
        """Return who changed what when, in order: each step once, and once more what was asked to be changed."""
        times, written = self.times, [step.name for step in PITCH.steps]
        until = times.turns[0].submitted if times.turns else times.edited
        found = []
        for place, step in enumerate(written):
            fields = [one.name for one in PITCH.step(step).fields if one.name in self.content]
            before = dict.fromkeys(fields)
            if "title" in before:
                # A project begins with its title.
                before.pop("title")
            if before:
                at = times.begun + (until - times.begun) * (place + 1) / (len(written) + 2)
                found.append((before, self.team[place % len(self.team)], at))
        if JUSTIFICATIONS in self.content:
            found.append(({JUSTIFICATIONS: None}, self.team[0], until - timedelta(hours=3)))
        if self._was_sent_back():
            first = self._first_version()
            changed = {name: first.get(name) for name in self.content if first.get(name) != self.content[name]}
            at = times.turns[-1].submitted - timedelta(hours=5) if len(times.turns) > 1 else times.edited
            found.append((changed, self.team[-1], at))
        return found

    def _was_sent_back(self) -> bool:
        return self.state is ProjectState.CHANGES_REQUESTED or len(self.times.turns) > 1

    def _first_version(self) -> dict[str, Any]:
        """Return what was submitted before changes were asked for: rougher, and shorter by a sentence."""
        content = {name: answer for name, answer in self.content.items() if name not in _UNPOLISHED}
        content["cost_accuracy_pct"] = min(50, content["cost_accuracy_pct"] + 15)
        language = self.pitch.language
        problem = content["problem"][language]
        sentences = problem.removesuffix(".").split(". ")
        content["problem"] = {language: ". ".join(sentences[:-1] or sentences) + "."}
        return content

    def _store_versions(self, project: Project) -> list[ProjectVersion]:
        found = []
        for number, turn in enumerate(self.times.turns, start=1):
            is_newest = number == len(self.times.turns) and self.state is not ProjectState.CHANGES_REQUESTED
            day = max(day for day in self.rates if day <= turn.submitted.date())
            is_dollar = self.pitch.currency == Currency.USD
            found.append(
                ProjectVersion(
                    project_id=project.id,
                    number=number,
                    content=dict(self.content) if is_newest else self._first_version(),
                    currency=self.pitch.currency,
                    usd_rate=Decimal(1) if is_dollar else self.rates[day][self.pitch.currency],
                    usd_rate_on=turn.submitted.date() if is_dollar else day,
                    submitted_at=turn.submitted,
                    submitted_by_id=self.team[0].id,
                )
            )
        session().add_all(found)
        session().flush()
        return found

    def _store_files(self, project: Project) -> None:
        for kind in self.pitch.files():
            stored = self._file(kind, project)
            session().add(stored)
            self.content[files.FIELDS[kind].name] = [stored.uid]
        session().flush()

    def _file(self, kind: FileKind, project: Project) -> ProjectFile:
        at = self.times.begun + timedelta(days=2)
        is_picture = kind is FileKind.IMAGE
        content = _picture(self.pitch) if is_picture else _paper(self.pitch, kind, at)
        uid = new_uid()
        bytes_on_disk.store(config.current().upload_dir / "projects", uid, content)
        stem = self.pitch.slug if is_picture else f"{self.pitch.slug}-{kind.value.replace('_', '-')}"
        return ProjectFile(
            uid=uid,
            project_id=project.id,
            kind=kind,
            name=f"{stem}.png" if is_picture else f"{stem}.pdf",
            media_type="image/png" if is_picture else "application/pdf",
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            width=sample_files.SIZE[0] if is_picture else None,
            height=sample_files.SIZE[1] if is_picture else None,
            alt=pitch_sheets.defaults()["alt"][self.pitch.facts["theme"]] if is_picture else {},
            uploaded_by_id=self.team[0].id,
            uploaded_at=at,
        )


def _picture(pitch: Pitch) -> bytes:
    return sample_files.tiles(pitch.slug, pitch.facts["theme"])


def _paper(pitch: Pitch, kind: FileKind, at: datetime) -> bytes:
    words, facts, language = pitch_sheets.defaults()["paper"][pitch.language], pitch.facts, pitch.language
    if kind is FileKind.CONCEPT_NOTE:
        sections = [
            ("", facts["summary"][language]),
            *((words[name], facts[name][language]) for name in ("problem", "solution")),
        ]
    else:
        sections = [("", words[f"{kind.value}_text"])]
    return sample_files.paper(words[kind.value], facts["title"][language], sections, words["example"], at)
