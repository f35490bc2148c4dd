"""Which language two teams speak with each other, and when an interpreter is needed, able and rested."""

from collections.abc import Iterable

from sqlalchemy import select

from marketplace.database import session
from marketplace.i18n import language_pair
from marketplace.models import Interpreter, Meeting, MeetingParty, MeetingSlot, MeetingState


def shared_language(first: MeetingParty, second: MeetingParty) -> str:
    """Return the language of a meeting: the first of the first side's that both speak; '' where there is none.

    A side that names no language speaks whatever the other does.
    """
    if not first.languages or not second.languages:
        return next(iter([*first.languages, *second.languages]), "")
    return next((code for code in first.languages if code in second.languages), "")


def is_needed(first: MeetingParty, second: MeetingParty) -> bool:
    """Tell whether two teams need an interpreter: both named their languages and share none.

    Who asked for one and shares a language with the other side does not need one for this meeting.
    """
    return bool(first.languages and second.languages) and not shared_language(first, second)


def pairs_between(first: MeetingParty, second: MeetingParty) -> frozenset[str]:
    """Return the language pairs that would help, such as "en-es" with the codes in order."""
    return frozenset(
        "-".join(sorted((one, other))) for one in first.languages for other in second.languages if one != other
    )


def between(meeting: Meeting) -> str:
    """Write between which languages a meeting is interpreted, in the reader's language; '' where nobody does it."""
    if meeting.interpreter is None:
        return ""
    spoken = pairs_between(meeting.first_party, meeting.second_party) & set(meeting.interpreter.pairs)
    return "; ".join(language_pair(pair) for pair in sorted(spoken))


def is_rested(interpreter: Interpreter, slot: MeetingSlot) -> bool:
    """Tell whether one more slot keeps within `rest_after` slots in a row, before and after it.

    Slots are in a row when they belong to one session and nothing but the turn-over lies between them; a break of the
    session is a rest.
    """
    return run_length(slot, working([interpreter.id])[interpreter.id]) <= interpreter.rest_after


def working(interpreters: Iterable[int]) -> dict[int, set[int]]:
    """Return in which slots interpreters have meetings, by their ids."""
    found: dict[int, set[int]] = {identity: set() for identity in interpreters}
    for identity, slot_id in session().execute(
        select(Meeting.interpreter_id, Meeting.slot_id).where(
            Meeting.interpreter_id.in_(found), Meeting.state == MeetingState.SCHEDULED
        )
    ):
        if identity is not None:
            found[identity].add(slot_id)
    return found


def run_length(slot: MeetingSlot, busy: set[int]) -> int:
    """Return how many slots in a row somebody works who works in these (by id) and in this one."""
    order = [one for one in slot.session.slots if one.retired_at is None or one.id == slot.id]
    gap = slot.session.turnover_minutes * 60
    place = next(index for index, one in enumerate(order) if one.id == slot.id)
    length = 1
    for step in (-1, 1):
        at = place
        while 0 <= at + step < len(order) and order[at + step].id in busy:
            earlier, later = sorted((order[at], order[at + step]), key=lambda one: one.starts_at)
            if (later.starts_at - earlier.ends_at).total_seconds() > gap:
                break
            length, at = length + 1, at + step
    return length
