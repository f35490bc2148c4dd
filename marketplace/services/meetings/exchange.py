"""Wishes and meetings from a file: everything that is wrong is said by row and column, and nothing is written until
all of it is right and confirmed."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from marketplace import clock
from marketplace.database import atomic, session
from marketplace.errors import Conflict, Invalid, Refusal
from marketplace.gateways import table_files, tables
from marketplace.i18n import LazyText, lazy_gettext
from marketplace.models import (
    Event,
    MeetingParty,
    MeetingSetup,
    MeetingSlot,
    MeetingSource,
    MeetingTable,
    User,
    Wish,
    WishKind,
)
from marketplace.services import audit, events, search, wallclock
from marketplace.services.meetings import booking, letters, pairings, parties, settling, setup, slots, wishes
from marketplace.services.meetings import tables as event_tables
from marketplace.services.meetings.booking import Wanted

MOST_ROWS = 1000
"""Rows of one file, without its heading."""


class Kind(StrEnum):
    """What a file brings."""

    WISHES = "wishes"
    MEETINGS = "meetings"


COLUMNS = {Kind.WISHES: ("from", "to", "kind", "rank"), Kind.MEETINGS: ("first", "second", "start", "table")}
"""The columns of a file, in any order; others are not read. `rank` and `table` may be empty."""

_OPTIONAL = {"rank", "table"}


@dataclass(frozen=True)
class Problem:
    """What is wrong in one cell: the row as a spreadsheet counts, the column by its name, what stands there."""

    row: int
    column: str
    value: str
    message: LazyText | str


@dataclass(frozen=True)
class Line:
    """One row of a file with its number."""

    row: int
    cells: dict[str, str]


@dataclass
class Preview:
    """What a file says. With no problem it can be written; `content` is what has to be sent back to do that."""

    kind: Kind
    lines: list[Line] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def is_ready(self) -> bool:
        """Whether the file can be written as it is."""
        return bool(self.lines) and not self.problems

    @property
    def content(self) -> str:
        """The rows as CSV."""
        columns = COLUMNS[self.kind]
        rows = [[line.cells[name] for name in columns] for line in self.lines]
        return tables.to_csv(columns, rows).decode("utf-8-sig")

    def refuse(self, line: Line, column: str, message: LazyText | str) -> None:
        """Note what is wrong in one cell."""
        self.problems.append(Problem(line.row, column, line.cells.get(column, ""), message))


class _Undo(Exception):
    """Ends a rehearsal: nothing of it is kept."""


def template(kind: Kind, event: Event, ending: str) -> bytes:
    """Return a file to fill in, `csv` or `xlsx`, with rows that show how it is meant where two sides may meet."""
    pair = next(iter(pairings.eligible(setup.needed(event.id))), None)
    names = [_key(pair.first), _key(pair.second)] if pair is not None else []
    rows = []
    if names and kind is Kind.WISHES:
        rows = [[*names, "must", "1"], [*reversed(names), "want", "1"]]
    elif names:
        usable = slots.all_slots(event.id)
        rows = [[*names, _start(event, usable[0]) if usable else "", ""]]
    if ending == "xlsx":
        return tables.to_xlsx(COLUMNS[kind], rows, sheet=kind.value)
    return tables.to_csv(COLUMNS[kind], rows)


def _key(party: MeetingParty) -> str:
    return party.name if party.project is not None or party.organisation is not None else party.uid


def _start(event: Event, slot: MeetingSlot) -> str:
    return f"{wallclock.local(slot.starts_at, event.timezone):%Y-%m-%d %H:%M}"


def preview(slug: str, kind: Kind, content: bytes, by: User) -> Preview:
    """Read a file and say all that is wrong with it; nothing is written. Raises `Invalid` for a file that is none."""
    event = events.managed(slug, by)
    setup.needed(event.id)
    found = _read(kind, content)
    if found.lines:
        try:
            with atomic():
                booking.hold_rules(slug)
                _write(events.editable(slug, by), found, by, is_rehearsal=True)
                raise _Undo
        except _Undo:
            pass
    found.problems.sort(key=lambda one: (one.row, one.column))
    return found


def apply(slug: str, kind: Kind, content: bytes, by: User) -> Preview:
    """Write all rows of a file, or none where one of them is wrong by now; the answer says which."""
    found = _read(kind, content)
    try:
        with atomic():
            booking.hold_rules(slug)
            event = events.editable(slug, by)
            setup.needed(event.id)
            if found.lines:
                _write(event, found, by, is_rehearsal=False)
            if not found.is_ready:
                raise _Undo
            audit.record(f"{kind.value}.imported", by, event, rows=len(found.lines))
    except _Undo:
        found.problems.sort(key=lambda one: (one.row, one.column))
    return found


def _read(kind: Kind, content: bytes) -> Preview:
    try:
        rows = table_files.rows(content, MOST_ROWS + 1)
    except table_files.Unreadable:
        raise Invalid("file", lazy_gettext("This is no CSV or Excel file that can be read.")) from None
    if len(rows) > MOST_ROWS + 1:
        raise Invalid("file", lazy_gettext("The file has more than %(max)s rows. Please split it.", max=MOST_ROWS))
    heading = [cell.casefold() for cell in rows[0]] if rows else []
    missing = [name for name in COLUMNS[kind] if name not in heading and name not in _OPTIONAL]
    if missing:
        raise Invalid("file", lazy_gettext("These columns are missing: %(columns)s", columns=", ".join(missing)))
    found = Preview(kind)
    for number, row in enumerate(rows[1:], start=2):
        if any(row):
            cells = {
                name: row[heading.index(name)] if name in heading and heading.index(name) < len(row) else ""
                for name in COLUMNS[kind]
            }
            found.lines.append(Line(number, cells))
    if not found.lines:
        raise Invalid("file", lazy_gettext("The file has no rows."))
    return found


def _write(event: Event, found: Preview, by: User, *, is_rehearsal: bool) -> None:
    work = _Wishes if found.kind is Kind.WISHES else _Meetings
    work(event, found, by).go(is_rehearsal=is_rehearsal)


class _Import:
    """What both kinds of files need: who is who, and who may meet whom."""

    def __init__(self, event: Event, found: Preview, by: User) -> None:
        self.event, self.found, self.by = event, found, by
        self.rules: MeetingSetup = setup.needed(event.id)
        self.here = parties.of_event(event.id)
        self.named: dict[str, list[MeetingParty]] = defaultdict(list)
        for party in self.here:
            for name in {search.fold(name) for name in _names(party) if name}:
                self.named[name].append(party)
        self.eligible = {
            frozenset((pair.first.id, pair.second.id)) for pair in pairings.eligible(self.rules, self.here)
        }
        self.seen: set[object] = set()

    def party(self, line: Line, column: str) -> MeetingParty | None:
        """Return who stands in a cell, or note why nobody does."""
        text = line.cells[column]
        if not text:
            self.found.refuse(line, column, lazy_gettext("Please fill in this field."))
            return None
        known = self.named.get(search.fold(text), [])
        if len(known) > 1:
            self.found.refuse(line, column, lazy_gettext("More than one side is called this. Use its short name."))
        elif not known:
            self.found.refuse(line, column, lazy_gettext("No side of this event is called this."))
        return known[0] if len(known) == 1 else None

    def once(self, line: Line, column: str, key: object) -> bool:
        """Tell whether a key comes for the first time; note it where it does not."""
        if key in self.seen:
            self.found.refuse(line, column, lazy_gettext("This row says again what an earlier row says."))
            return False
        self.seen.add(key)
        return True

    def refused(self, line: Line, column: str, act: Callable[[], object]) -> bool:
        """Do something for a row; what is refused is noted, and nothing of it is left."""
        try:
            with session().begin_nested():
                act()
        except Refusal as refusal:
            self.found.refuse(line, column, refusal.message)
            return True
        return False


def _names(party: MeetingParty) -> Iterator[str]:
    yield party.uid
    yield party.label
    if party.project is not None:
        yield party.project.slug
        yield from party.project.titles.values()
    elif party.organisation is not None:
        yield party.organisation.slug
        yield party.organisation.name
        yield from party.organisation.names.values()


_NOT_THESE = lazy_gettext("These two sides cannot meet at this event.")


class _Wishes(_Import):
    def go(self, *, is_rehearsal: bool) -> None:
        """Check every row; where all are right and this is no rehearsal, save them and rank them."""
        wanted = [row for row in map(self._row, self.found.lines) if row is not None]
        self._count_musts(wanted)
        if is_rehearsal or self.found.problems:
            return
        # Wants first: a must that becomes a want makes room for another one.
        order = [WishKind.WANT, WishKind.MUST, WishKind.NOT]
        ranks: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for line, one, other, kind, rank in sorted(wanted, key=lambda row: (order.index(row[3]), row[4])):
            save = _saving(self.event.slug, one.uid, other.uid, kind, self.by)
            if not self.refused(line, "kind", save) and kind is not WishKind.NOT and rank:
                ranks[one.uid].append((rank, other.uid))
        if not self.found.problems:
            for uid, ranked in ranks.items():
                wishes.order(self.event.slug, uid, [other for _rank, other in sorted(ranked)], self.by)

    def _row(self, line: Line) -> tuple[Line, MeetingParty, MeetingParty, WishKind, int] | None:
        before = len(self.found.problems)
        one, other = self.party(line, "from"), self.party(line, "to")
        kind = next((kind for kind in WishKind if kind.value == line.cells["kind"].casefold()), None)
        if kind is None:
            self.found.refuse(line, "kind", lazy_gettext("Please write must, want or not."))
        rank = line.cells["rank"]
        if rank and not (rank.isascii() and rank.isdigit() and 1 <= int(rank[:4]) <= 200 and len(rank) < 4):
            self.found.refuse(line, "rank", lazy_gettext("Please give a whole number from 1 to 200, or nothing."))
        if one is not None and other is not None:
            self._check_pair(line, one, other, kind)
        if one is None or other is None or kind is None or len(self.found.problems) > before:
            return None
        return line, one, other, kind, int(rank or 0)

    def _check_pair(self, line: Line, one: MeetingParty, other: MeetingParty, kind: WishKind | None) -> None:
        if not pairings.allowed(self.rules, one, other):
            self.found.refuse(line, "to", _NOT_THESE)
        elif self.once(line, "to", (one.id, other.id)) and kind is not WishKind.NOT:
            is_known = any(wish.to_party_id == other.id for wish in self.mine[one.id])
            if not is_known and frozenset((one.id, other.id)) not in self.eligible:
                self.found.refuse(line, "to", _NOT_THESE)

    @property
    def mine(self) -> dict[int, list[Wish]]:
        """The wishes there are, by whose they are."""
        if not hasattr(self, "_mine"):
            self._mine: dict[int, list[Wish]] = defaultdict(list)
            for wish in wishes.of_event(self.event.id):
                self._mine[wish.from_party_id].append(wish)
        return self._mine

    def _count_musts(self, wanted: list[tuple[Line, MeetingParty, MeetingParty, WishKind, int]]) -> None:
        named = {(one.id, other.id) for _line, one, other, _kind, _rank in wanted}
        used = Counter(
            wish.from_party_id
            for own in self.mine.values()
            for wish in own
            if wish.kind is WishKind.MUST and (wish.from_party_id, wish.to_party_id) not in named
        )
        for line, one, _other, kind, _rank in wanted:
            if kind is WishKind.MUST:
                used[one.id] += 1
                if used[one.id] > self.rules.musts:
                    words = lazy_gettext("This side has more than %(max)s must meetings.", max=self.rules.musts)
                    self.found.refuse(line, "kind", words)


def _saving(slug: str, uid: str, other: str, kind: WishKind, by: User) -> Callable[[], object]:
    return lambda: wishes.save(slug, uid, other, kind, by)


class _Meetings(_Import):
    def go(self, *, is_rehearsal: bool) -> None:
        """Make the meeting of every row, so that whatever stands in the way shows; a rehearsal is undone after."""
        self.slots = {slot.starts_at: slot for slot in slots.all_slots(self.event.id)}
        self.tables = {table.number: table for table in event_tables.of_event(self.event.id)}
        for line in self.found.lines:
            wanted = self._row(line)
            if wanted is None:
                continue
            try:
                with session().begin_nested():
                    meeting = booking.make(wanted, self.by)
                    if not is_rehearsal:
                        letters.tell_made(meeting)
            except Conflict as refusal:
                column = "table" if isinstance(refusal, settling.NoTable) else "start"
                column = "first" if isinstance(refusal, (booking.AlreadyMeeting, booking.CapReached)) else column
                self.found.refuse(line, column, refusal.message)

    def _row(self, line: Line) -> Wanted | None:
        one, other = self.party(line, "first"), self.party(line, "second")
        slot, table = self._slot(line), self._table(line)
        if one is not None and other is not None:
            if not pairings.allowed(self.rules, one, other) or frozenset((one.id, other.id)) not in self.eligible:
                self.found.refuse(line, "second", _NOT_THESE)
                return None
            if not self.once(line, "second", frozenset((one.id, other.id))):
                return None
        if one is None or other is None or slot is None or table is False:
            return None
        first, second = pairings.ordered(self.rules, one, other)
        return Wanted(first, second, slot, MeetingSource.IMPORT, table=table if table is not True else None)

    def _slot(self, line: Line) -> MeetingSlot | None:
        text = line.cells["start"]
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            self.found.refuse(line, "start", lazy_gettext("Please write date and time, for instance 2026-03-02 14:30."))
            return None
        if at.tzinfo is None:
            at = wallclock.moment(at.date(), at.time(), self.event.timezone)
        slot = self.slots.get(at)
        if slot is None:
            self.found.refuse(line, "start", lazy_gettext("No slot of this event begins then."))
        elif slot.starts_at <= clock.now():
            self.found.refuse(line, "start", lazy_gettext("This time is over."))
            return None
        return slot

    def _table(self, line: Line) -> MeetingTable | bool:
        """Return the table named, True for any, False for one there is not."""
        text = line.cells["table"]
        if not text:
            return True
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
        table = self.tables.get(number)
        if table is None or table.closed_at is not None:
            self.found.refuse(line, "table", lazy_gettext("There is no such table, or it is closed."))
            return False
        return table
