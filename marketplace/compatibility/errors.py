"""Refusals of the compatibility model: a profile that cannot be one, and an explanation that cannot be read."""

from __future__ import annotations


class CompatibilityError(Exception):
    """Any refusal of the compatibility model."""


class ProfileError(CompatibilityError, ValueError):
    """A profile with an impossible value. ``field`` names it, ``expected`` says what belongs there."""

    def __init__(self, field: str, expected: str, got: object) -> None:
        self.field = field
        self.expected = expected
        super().__init__(f"{field}: expected {expected}, got {repr(got)[:80]}")


class ExplanationError(CompatibilityError, ValueError):
    """A stored explanation that is not one."""
