"""Nobody reads what a city did not open to them: every role, every address, every object, told apart by markers.

One project stands in the book with version 1, has version 2 under review, and is being written on; another of the same
city is a draft. Every answer of each of these texts carries a marker that says which text and block it belongs to.
"""

import io
import itertools
import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pypdf import PdfReader

from marketplace import clock as time
from marketplace import config
from marketplace.database import atomic, session
from marketplace.models import (
    Block,
    FileKind,
    Instrument,
    OrganisationKind,
    PartyMember,
    PartyRole,
    Project,
    ProjectFile,
    ProjectState,
    ReviewState,
    Role,
    Technology,
    WishKind,
)
from marketplace.services.meetings import wishes
from marketplace.services.projects import publication
from marketplace.services.sheets.fields import Field, Kind
from marketplace.services.sheets.pitch import PITCH
from tests.meetings import market, party
from tests.pitches import content_of

PUBLISHED, REVIEWED, WRITTEN, DRAFT = "one", "two", "three", "four"
"""The texts: version 1, version 2, the working text, and the draft beside it."""

PUBLIC = {Block.BASICS, Block.STORY, Block.IMPACT}
REGISTERED = PUBLIC | {Block.MATURITY, Block.INCLUSION, Block.NEEDS}
MATCHED = REGISTERED | {Block.FINANCE, Block.DOCUMENTS, Block.CONTACT}
EVERY_BLOCK = set(Block)
MEETING = {"wanted_funders", "blocked_orgs"}
SAID = {"qxnotes", "qxopinion"}
"""What reviewers wrote to themselves and of the project."""


class Marked:
    """Gives every answer of a text a value of its own, and remembers by which signs it would be known."""

    def __init__(self) -> None:
        self.numbers = itertools.count(73_100_001, 37)
        self.signs: dict[str, tuple[str, Block, str]] = {}

    def sign(self, words: str, text: str, field: Field) -> None:
        self.signs[words.casefold()] = (text, field.block, field.name)

    def content(self, text: str, file_uids: dict[str, str]) -> dict[str, Any]:
        found = content_of()
        for field in PITCH.by_name.values():
            value = self.value(field, text, field, file_uids)
            if value is not None:
                found[field.name] = value
        return found

    def value(self, field: Field, text: str, whole: Field, file_uids: dict[str, str]) -> Any:
        number = next(self.numbers)
        word = f"qx{text}{number}"
        if field.kind is Kind.TEXTS:
            self.sign(word, text, whole)
            return {"en": word + (" and more words to read" * 9 if field.name == "summary" else "")}
        if field.kind is Kind.LINE:
            self.sign(word, text, whole)
            return word
        if field.kind is Kind.EMAIL:
            self.sign(word, text, whole)
            return f"{word}@example.org"
        if field.kind is Kind.URL:
            self.sign(word, text, whole)
            return f"https://example.org/{word}"
        if field.kind is Kind.PHONE:
            self.sign(f"55{number}", text, whole)
            return f"+55{number}"
        if field.kind in {Kind.WHOLE, Kind.NUMBER, Kind.MONEY}:
            self.sign(str(number), text, whole)
            self.sign(f"{number:,}", text, whole)
            return number if field.kind is Kind.WHOLE else f"{number}.00" if field.kind is Kind.MONEY else str(number)
        if field.kind is Kind.DATE:
            day = date(2060, 1, 1) + timedelta(days=number % 9973)
            self.sign(day.isoformat(), text, whole)
            self.sign(f"{day:%B} {day.day}, {day.year}", text, whole)
            return day.isoformat()
        if field.kind is Kind.POINT:
            degrees = float(f"1.{number % 100_000:05}")
            self.sign(f"{degrees:.5f}", text, whole)
            return {"lat": degrees, "lon": degrees}
        if field.kind is Kind.ORGANISATIONS:
            self.sign(word, text, whole)
            return [word]
        if field.kind is Kind.FILES:
            return [file_uids[field.name]] if field.name in file_uids else None
        if field.kind is Kind.ROWS:
            row = {
                column.name: self.value(column, text, whole, file_uids)
                for column in field.columns
                if column.kind is not Kind.CHOICE
            }
            return [{**row, "key": "a", **_codes(field)}]
        return None


def _codes(field: Field) -> dict[str, str]:
    return {
        column.name: next(iter(column.choices)).value
        for column in field.columns
        if column.kind is Kind.CHOICE and column.choices
    }


@dataclass
class World:
    """The projects, their files, who reads, and what would give each secret away."""

    project: Project
    draft: Project
    other: Project
    files: dict[str, ProjectFile]
    uids: list[str]
    readers: dict[str, Any]
    signs: dict[str, tuple[str, Block, str]]
    people: dict[str, str]
    opinions: set[str]
    event: str
    sides: list[str]


def allowed(role: str) -> tuple[dict[str, set[Block]], set[str], bool]:
    """Return, for a role: the blocks by text, fields not even so, and whether it may know reviewers' names."""
    outside = {
        "anonymous": PUBLIC,
        "signed in": REGISTERED,
        "matched funder": MATCHED,
        "unmatched funder": REGISTERED,
        "unverified funder": REGISTERED,
        "former member of the matched funder": REGISTERED,
        "other city": REGISTERED,
        "reviewer of another project": REGISTERED,
        "reviewer who was removed": REGISTERED,
        "organiser of one event": REGISTERED,
        "organiser without second factor": REGISTERED,
    }
    if role in outside:
        return {PUBLISHED: outside[role]}, set(), False
    if role == "reviewer":
        return {PUBLISHED: EVERY_BLOCK, REVIEWED: EVERY_BLOCK}, MEETING, False
    texts = (PUBLISHED, REVIEWED, WRITTEN, DRAFT)
    return dict.fromkeys(texts, EVERY_BLOCK), set(), role == "organiser"


ROLES = [
    "anonymous",
    "signed in",
    "matched funder",
    "unmatched funder",
    "unverified funder",
    "former member of the matched funder",
    "other city",
    "reviewer of another project",
    "reviewer who was removed",
    "organiser of one event",
    "organiser without second factor",
    "reviewer",
    "own city",
    "organiser",
]


@pytest.fixture
def world(make, tmp_path):
    config.use(replace(config.current(), upload_dir=tmp_path))
    (tmp_path / "projects").mkdir()
    marked = Marked()
    city, elsewhere = make.city(name="Manaus", slug="manaus"), make.city(name="Cali", slug="cali", country="CO")
    project = make.project(city, slug="park", state=ProjectState.IN_REVIEW, is_illustrative=False)
    files, uids = {}, {}
    for kind, name in (
        (FileKind.IMAGE, "images"),
        (FileKind.DECK, "deck"),
        (FileKind.ENDORSEMENT, "endorsement"),
        (FileKind.CONCEPT_NOTE, "concept_note"),
    ):
        word = f"qxfile{kind.value}"
        file = make.store(
            ProjectFile(
                project_id=project.id,
                kind=kind,
                name=f"{word}.pdf",
                media_type="application/pdf",
                size=20,
                sha256="0" * 64,
                uploaded_at=time.now(),
            )
        )
        (tmp_path / "projects" / file.uid).write_bytes(f"%PDF-1.4 {word} %%EOF".encode())
        files[name], uids[name] = file, file.uid
        marked.sign(word, PUBLISHED, PITCH.by_name[name])
    # The concept note was taken into the working text only.
    late = {"concept_note": uids.pop("concept_note")}
    marked.sign("qxfileconcept_note", WRITTEN, PITCH.by_name["concept_note"])

    published = marked.content(PUBLISHED, uids) | {"technology_needs": ["advisory"]}
    published |= {"instruments_sought": ["insurance"], "currency": "BRL"}
    first = make.version(project, number=1, content=published, currency="BRL", usd_rate=Decimal("7.31998"))
    marked.sign("7.31998", PUBLISHED, PITCH.by_name["currency"])
    second = make.version(project, number=2, content=marked.content(REVIEWED, uids))
    with atomic():
        project = session().get(Project, project.id)
        project.content = marked.content(WRITTEN, uids | late)
        project.titles = dict(project.content["title"])
        project.published_at = time.now()
        publication.show(project, first)
    draft = make.project(city, slug="hidden", content=marked.content(DRAFT, {}))
    other = make.published(elsewhere, slug="other")

    readers = _readers(make, city, elsewhere, project, second, other)
    reviews = _reviews(make, project, second, readers)
    people = {readers["reviewer"].name: "reviewer", readers["reviewer"].email: "reviewer"}
    for thing in (project, draft, other):
        session().refresh(thing)
    event, sides = _meetings(make, project, readers)
    every_uid = [*(file.uid for file in files.values()), *reviews, project.uid, first.uid, second.uid]
    return World(project, draft, other, files, every_uid, readers, marked.signs, people, SAID, event, sides)


def _meetings(make, project, readers) -> tuple[str, list[str]]:
    """Let the project and both funders take part in an event where people meet; return its address and their uids."""
    meet = market(make, readers["organiser"], projects=1, funders=1)
    sides = [*meet.projects, *meet.funders]
    for role, who in (
        (PartyRole.PROJECT, "own city"),
        (PartyRole.FUNDER, "matched funder"),
        (PartyRole.FUNDER, "unmatched funder"),
    ):
        user = readers[who]
        body = user.memberships[0].organisation
        side = party(make, meet.event, meet.ticket, role, body, project if who == "own city" else None, people=0)
        one = make.registration(meet.event, meet.ticket, user_id=user.id, email=user.email, organisation_id=body.id)
        with atomic() as current:
            current.add(PartyMember(party_id=side.id, registration_id=one.id, position=0))
        sides.append(side)
    mine, matched = sides[2], sides[3]
    wishes.save(meet.event.slug, matched.uid, mine.uid, WishKind.WANT, readers["matched funder"])
    return meet.event.slug, [side.uid for side in sides]


def _readers(make, city, elsewhere, project, second, other) -> dict[str, Any]:
    def member(organisation, **values):
        user = make.user(**values)
        make.membership(user, organisation)
        return user

    matched, unmatched, unverified = (make.organisation(kind=OrganisationKind.FUNDER) for _ in range(3))
    for funder in (matched, unmatched):
        make.profile(funder)
    make.profile(unverified, verified_until=time.now() - timedelta(days=1))
    for funder in (matched, unverified):
        make.fit(project, funder)
    make.fit(project, unmatched, is_offered=False)
    former = make.user()
    make.membership(former, matched, state="ended")
    readers = {
        "anonymous": None,
        "signed in": make.user(),
        "matched funder": member(matched),
        "unmatched funder": member(unmatched),
        "unverified funder": member(unverified),
        "former member of the matched funder": former,
        "other city": member(elsewhere),
        "own city": make.manager(city),
        "reviewer": make.user(name="Qxreviewer Quill", email="qxreviewer@example.org"),
        "reviewer of another project": make.user(),
        "reviewer who was removed": make.user(),
        "organiser of one event": make.user(totp_nonce="nonce", totp_confirmed_at=time.now()),
        "organiser without second factor": make.organiser(totp_nonce=None, totp_confirmed_at=None),
        "organiser": make.organiser(),
    }
    make.role(readers["organiser of one event"], Role.ORGANISER, make.event())
    for name in ("reviewer", "reviewer of another project", "reviewer who was removed"):
        make.role(readers[name], Role.REVIEWER)
    for user in readers.values():
        if user is not None:
            session().refresh(user)
    return readers


def _reviews(make, project, second, readers) -> list[str]:
    started = make.review(
        second,
        readers["reviewer"],
        state=ReviewState.STARTED,
        notes={"strategy": "qxnotes"},
        comments={"finance": "qxopinion"},
        summary="qxopinion",
        scores={"strategy": 3},
    )
    removed = make.review(second, readers["reviewer who was removed"], state=ReviewState.REMOVED)
    elsewhere = make.review(make.version(make.project(project.city)), readers["reviewer of another project"])
    # A project of the same city without any marker: what its reviewer may read of it gives nothing of ours away.
    return [started.uid, removed.uid, elsewhere.uid]


def text_of(answer) -> str:
    """Return all that an answer says, its headers too, in small letters."""
    said = " ".join(f"{name}: {value}" for name, value in answer.headers)
    if answer.mimetype == "application/pdf" and b"/Font" in answer.data:
        body = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)
    else:
        body = answer.get_data().decode("utf-8", "replace")
    return re.sub(r"\s+", " ", f"{said} {body}").casefold()


def addresses(app, world) -> list[str]:
    """Return every address one can get, with the names and numbers of our projects, files and reviews filled in.

    Where projects are the matter, in every combination; elsewhere the project and its city stand for each other once.
    """
    found = set()
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint in {"static", "account.sign_out"}:
            continue
        is_near = any(word in rule.rule for word in ("project", "review", "match", "fund", "fits", "version"))
        slugs = [world.project.slug, world.draft.slug, world.other.slug] if is_near else ["park", "manaus"]
        names = sorted(rule.arguments)
        if "/events/" in rule.rule:
            # The meetings of an event in which the project takes part, each side of them.
            is_near, slugs = "meetings" in rule.rule, [world.event]
        uids = world.sides if "/events/" in rule.rule else world.uids
        choices = [slugs if "slug" in name else _choices(name, uids)[: None if is_near else 1] for name in names]
        for values in itertools.product(*choices):
            given = dict(zip(names, values, strict=True))
            found.add(re.sub(r"<(?:[^<>]*:)?([^<>:]+)>", lambda part, given=given: given[part[1]], rule.rule))
    return sorted(found)


def _choices(name: str, uids: list[str]) -> list[str]:
    if name in {"step", "name", "step_name"}:
        return [step.name for step in PITCH.steps]
    if name in {"number", "before", "after", "revision", "version", "old", "new"}:
        return ["1", "2"]
    return ["finance"] if name == "field" else uids


def queries() -> list[str]:
    """Return the filters of the book that ask about facts only some may read, and its formats and orders."""
    found = ["", "?view=list", "?sort=ask", "?sort=title", "?sort=city", "?q=qxone"]
    found += [f"?instrument={one.value}" for one in Instrument]
    found += [f"?technology={one.value}" for one in Technology]
    return found + [f"?ask={one}&view=list" for one in ("0-1", "1-5", "5-20", "20-50", "50")]


def leaks(role: str, text: str, world: World) -> set[str]:
    """Return the secrets an answer gives away to a role that may not know them."""
    blocks, without, knows_reviewers = allowed(role)
    found = {
        f"{place}: {block.value} {name}"
        for sign, (place, block, name) in world.signs.items()
        if sign in text and (block not in blocks.get(place, set()) or name in without)
    }
    if role not in {"reviewer"} and not knows_reviewers:
        found |= {name for name in world.people if name.casefold() in text}
        found |= {word for word in world.opinions if word in text}
    return found


# Addresses are the same on both databases; what the databases decide is tested below on each.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("role", ROLES)
def test_no_address_tells_anybody_what_they_may_not_read(app, client, login_as, world, role):
    reader = world.readers[role]
    browser = client if reader is None else login_as(reader)

    found = {}
    for address in [*addresses(app, world), *(f"/projects{query}" for query in queries())]:
        answer = browser.get(address)
        assert answer.status_code < 500, address
        told = leaks(role, text_of(answer), world)
        if told:
            found[address] = told

    assert found == {}


@pytest.mark.parametrize("role", ROLES)
def test_book_tells_everybody_exactly_what_was_opened_to_them(client, login_as, world, role):
    reader = world.readers[role]
    browser = client if reader is None else login_as(reader)
    blocks, without, _ = allowed(role)
    expected = {
        field.name
        for _sign, (place, block, name) in world.signs.items()
        if place == PUBLISHED and block in blocks[PUBLISHED] - {Block.INTERNAL} and name not in without
        for field in [PITCH.by_name[name]]
        if field.applies(world.project.versions[0].content)
    } - {"images"}

    for path in ("/projects/park", "/projects/park/passport.json"):
        text = text_of(browser.get(path))
        shown = {name for sign, (place, _block, name) in world.signs.items() if place == PUBLISHED and sign in text}
        assert shown - {"currency", "images"} == expected - {"currency"}, path


@pytest.mark.parametrize(
    ("name", "readers"),
    [
        ("images", set(ROLES)),
        ("deck", {"matched funder", "reviewer", "own city", "organiser"}),
        ("endorsement", {"reviewer", "own city", "organiser"}),
        ("concept_note", {"own city", "organiser"}),
    ],
)
def test_file_is_handed_to_those_only_who_may_read_it(client, login_as, world, name, readers):
    def may(role):
        reader = world.readers[role]
        browser = client if reader is None else login_as(reader)
        answer = browser.get(f"/projects/park/files/{world.files[name].uid}")
        assert answer.status_code in {200, 404}
        assert answer.status_code == 404 or answer.headers["Content-Disposition"].startswith("attachment")
        assert browser.get(f"/projects/other/files/{world.files[name].uid}").status_code == 404
        assert browser.get(f"/projects/hidden/files/{world.files[name].uid}").status_code == 404
        return answer.status_code == 200

    assert {role for role in ROLES if may(role)} == readers


def test_filters_find_a_project_by_closed_facts_only_for_those_who_may_read_them(client, login_as, world):
    needs = {role for role in ROLES if Block.NEEDS in allowed(role)[0][PUBLISHED]}
    finance = {role for role in ROLES if Block.FINANCE in allowed(role)[0][PUBLISHED]}

    def finders(query):
        found = set()
        for role in ROLES:
            reader = world.readers[role]
            page = (client if reader is None else login_as(reader)).get(f"/projects?{query}").get_data(as_text=True)
            if '/projects/park"' in page:
                found.add(role)
        return found

    assert finders("technology=advisory") == needs
    assert finders("instrument=insurance") == finance
    assert finders("ask=5-20") == finance
    assert finders("ask=0-1") == set()


def test_search_finds_a_project_by_public_words_only(client, login_as, world):
    readers = [client, login_as(world.readers["organiser"])]
    hidden = {
        sign
        for sign, (_place, block, name) in world.signs.items()
        if sign.startswith("qx") and (name not in {"title", "summary"} or block is not Block.BASICS)
    }

    for browser, sign in itertools.product(readers, sorted(hidden)[::9]):
        assert '/projects/park"' not in browser.get(f"/projects?q={sign}").get_data(as_text=True)
    title = world.project.versions[0].content["title"]["en"]
    assert '/projects/park"' in client.get(f"/projects?q={title}").get_data(as_text=True)
