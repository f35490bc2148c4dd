"""Refusals of the matching engine by name: a wrong input, and what would be a fault of the engine itself."""

from __future__ import annotations


class MatchingError(Exception):
    """Any refusal of the matching engine."""


class ProblemError(MatchingError, ValueError):
    """An input that is not a valid problem.

    ``field`` names the place in the file (``pairs.score``), ``index`` the position in it from 0 (or None where the
    field as a whole is wrong), ``expected`` what belongs there and ``got`` what was found instead.
    """

    def __init__(self, field: str, index: int | None, expected: str, got: object) -> None:
        self.field = field
        self.index = index
        self.expected = expected
        self.got = _shown(got)
        place = field if index is None else f"{field}[{index}]"
        super().__init__(f"{place}: expected {expected}, got {self.got}")

    def __reduce__(self) -> tuple[type[ProblemError], tuple[str, int | None, str, object]]:
        return type(self), (self.field, self.index, self.expected, _Verbatim(self.got))


class LockConflict(ProblemError):
    """Locked meetings that cannot all be held: they contradict each other, an availability or a capacity."""


class EngineBug(MatchingError):
    """An answer of the engine that its own checker refused; it is raised and never returned."""


class _Verbatim(str):
    """Text that is already fit to be shown."""

    __slots__ = ()


def _shown(value: object) -> str:
    """A short, printable rendering of a value out of an untrusted file."""
    if isinstance(value, _Verbatim):
        return str(value)
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple) and len(value) > 4:
        return f"a list of {len(value)} entries"
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 128:
        return "an integer of more than 128 bits"
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
