"""Timetable problems in files: which fields there are, what they mean and what is refused."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from marketplace.matching.timetable.dzn import DataFileError, Table, Value, read_fields
from marketplace.matching.timetable.model import Meeting, Session, TimetableProblem

MAX_BYTES = 16_000_000
MAX_PARTICIPANTS = 20_000
MAX_MEETINGS = 100_000
MAX_SLOTS = 2_000
MAX_TABLES = 1_000_000
MAX_CHOICES = 5_000_000


def load(path: str | Path) -> TimetableProblem:
    """The problem in the file at `path`. Refuses (DataFileError) unreadable files and what `parse` refuses."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DataFileError("the file", None, "a file that can be read", error.strerror) from error
    if len(content) > MAX_BYTES:
        raise DataFileError("the file", None, f"at most {MAX_BYTES} bytes", "more")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataFileError("the file", None, "UTF-8 text", f"something else at byte {error.start}") from error
    return parse(text)


def parse(text: str) -> TimetableProblem:
    """The problem in MiniZinc data `text`, in the form of the public B2BSP instances.

    Needed: nBusiness, nTables, nTotalSlots, and requested with rows of two participants (from 1) and optionally the
    session (1 morning, 2 afternoon, 3 either). May be missing: nMorningSlots (all slots), nMeetings, forbidden,
    fixed and precedences; meetingsxBusiness (meeting numbers plus one, 1 for none) and nMeetingsBusiness say again
    what requested says and are compared with it. A 0 in forbidden, fixed or precedences stands for nothing.
    Refuses (DataFileError) a file that is not data, lacks a field, contradicts itself or is out of range, by the
    field, the entry (from 1) and what was expected.
    """
    fields = read_fields(text)
    slots = _count(fields, "nTotalSlots", MAX_SLOTS)
    participants = _count(fields, "nBusiness", MAX_PARTICIPANTS)
    meetings = _meetings(fields, participants)
    if len(meetings) * slots > MAX_CHOICES:
        raise DataFileError("requested", None, f"at most {MAX_CHOICES} meetings times slots", len(meetings) * slots)
    problem = TimetableProblem(
        participants=participants,
        tables=_count(fields, "nTables", MAX_TABLES),
        slots=slots,
        morning=_count(fields, "nMorningSlots", slots) if "nMorningSlots" in fields else slots,
        meetings=tuple(meetings),
        forbidden=_sets(fields, "forbidden", participants, slots, "slots"),
        fixed=_fixed(fields, len(meetings), slots),
        predecessors=_sets(fields, "precedences", len(meetings), len(meetings), "meetings"),
    )
    _compare_meetings(fields, problem)
    _compare_counts(fields, problem)
    return problem


def render(problem: TimetableProblem) -> str:
    """The problem as MiniZinc data with every field of the public instances; `parse` gives it back."""

    def sets(groups: Iterable[Iterable[int]]) -> str:
        return "[" + ",\n".join("{" + ",".join(str(each) for each in sorted(group)) + "}" for group in groups) + "]"

    rows = "".join(f"|{m.first + 1}, {m.second + 1},{m.session.value}, \n" for m in problem.meetings)
    return "\n".join(
        [
            f"nBusiness = {problem.participants};",
            f"nMeetings = {len(problem.meetings)};",
            f"nTables = {problem.tables};",
            f"nTotalSlots = {problem.slots};",
            f"nMorningSlots = {problem.morning};",
            f"\nrequested = [{rows or '| '}|];",
            f"meetingsxBusiness = {sets([1, *(number + 2 for number in own)] for own in problem.meetings_of)};",
            f"nMeetingsBusiness = {[len(own) for own in problem.meetings_of]};",
            f"forbidden = {sets([0, *(slot + 1 for slot in entry)] for entry in problem.forbidden)};",
            f"fixed = {[0 if slot is None else slot + 1 for slot in problem.fixed]};",
            f"precedences = {sets([other + 1 for other in entry] for entry in problem.predecessors)};\n",
        ]
    )


def _count(fields: dict[str, Value], name: str, largest: int) -> int:
    return _integer(_needed(fields, name), name, None, f"a number from 0 to {largest}", 0, largest)


def _needed(fields: dict[str, Value], name: str) -> Value:
    if name not in fields:
        raise DataFileError(name, None, "this field in the file", "nothing")
    return fields[name]


def _integer(value: Value, field: str, index: int | None, expected: str, smallest: int, largest: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not smallest <= value <= largest:
        raise DataFileError(field, index, expected, _plain(value))
    return value


def _plain(value: Value) -> object:
    if isinstance(value, Table):
        return value.rows
    return sorted(value) if isinstance(value, frozenset) else value


def _list(value: Value, name: str, length: int | None, owner: str) -> list[Value]:
    values = value.rows if isinstance(value, Table) else value
    if not isinstance(values, list):
        raise DataFileError(name, None, "an array", _plain(value))
    if length is not None and len(values) != length:
        raise DataFileError(name, None, f"{length} entries, one per {owner}", f"{len(values)} entries")
    return values


def _meetings(fields: dict[str, Value], participants: int) -> list[Meeting]:
    count = _count(fields, "nMeetings", MAX_MEETINGS) if "nMeetings" in fields else None
    rows = _list(_needed(fields, "requested"), "requested", count, "meeting (nMeetings)")
    if len(rows) > MAX_MEETINGS:
        raise DataFileError("requested", None, f"at most {MAX_MEETINGS} meetings", len(rows))
    return [_meeting(row, number, participants) for number, row in enumerate(rows, 1)]


def _meeting(row: Value, number: int, participants: int) -> Meeting:
    if not isinstance(row, list) or len(row) not in (2, 3):
        raise DataFileError("requested", number, "a row of two participants and a session", _plain(row))
    expected = f"participants from 1 to {participants}"
    first, second = (_integer(value, "requested", number, expected, 1, participants) for value in row[:2])
    if first == second:
        raise DataFileError("requested", number, "two different participants", f"{first} twice")
    expected = "session 1 (morning), 2 (afternoon) or 3 (either)"
    session = _integer(row[2], "requested", number, expected, 1, 3) if len(row) == 3 else 3
    return Meeting(first - 1, second - 1, Session(session))


def _fixed(fields: dict[str, Value], meetings: int, slots: int) -> tuple[int | None, ...]:
    if "fixed" not in fields:
        return ()
    values = _list(fields["fixed"], "fixed", meetings, "meeting")
    expected = f"a slot from 1 to {slots}, or 0 for none"
    numbers = [_integer(value, "fixed", number, expected, 0, slots) for number, value in enumerate(values, 1)]
    return tuple(number - 1 if number else None for number in numbers)


def _sets(fields: dict[str, Value], name: str, length: int, largest: int, members: str) -> tuple[frozenset[int], ...]:
    """Per entry the members from 0, out of sets or rows of numbers from 1 in which 0 is a filler."""
    if name not in fields:
        return ()
    values = _list(fields[name], name, length, "meeting" if name == "precedences" else "participant")
    expected = f"{members} from 1 to {largest}, or 0 as a filler"
    return tuple(
        frozenset(
            _integer(item, name, number, expected, 0, largest) - 1 for item in _items(value, name, number) if item != 0
        )
        for number, value in enumerate(values, 1)
    )


def _items(value: Value, name: str, number: int) -> Iterable[Value]:
    if isinstance(value, frozenset | list):
        return value
    raise DataFileError(name, number, "a set", _plain(value))


def _compare_meetings(fields: dict[str, Value], problem: TimetableProblem) -> None:
    """meetingsxBusiness names the meetings of each participant once more: their numbers plus one."""
    largest = len(problem.meetings) + 1
    listed = _sets(fields, "meetingsxBusiness", problem.participants, largest, "meeting numbers plus one")
    for participant, entry in enumerate(listed):
        found = sorted(number for number in entry if number != 0)
        expected = [meeting + 1 for meeting in problem.meetings_of[participant]]
        if found != expected:
            numbers = [meeting + 2 for meeting in problem.meetings_of[participant]]
            raise DataFileError(
                "meetingsxBusiness",
                participant + 1,
                f"its meetings in requested, each plus one, {numbers}",
                [number + 1 for number in found],
            )


def _compare_counts(fields: dict[str, Value], problem: TimetableProblem) -> None:
    """nMeetingsBusiness counts the meetings of each participant once more."""
    if "nMeetingsBusiness" not in fields:
        return
    counts = _list(fields["nMeetingsBusiness"], "nMeetingsBusiness", problem.participants, "participant")
    for participant, count in enumerate(counts):
        expected = len(problem.meetings_of[participant])
        if count != expected:
            raise DataFileError("nMeetingsBusiness", participant + 1, f"{expected} as in requested", _plain(count))
