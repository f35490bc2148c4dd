"""One's own account: registering, signing in and out, profile, security, consents, and the way out."""

from marketplace.web.account import (
    acting,
    email,
    identity,
    passwords,
    privacy,
    profile,
    registration,
    sessions,
    signing_in,
    two_factor,
)
from marketplace.web.account.blueprint import room

__all__ = [
    "acting",
    "email",
    "identity",
    "passwords",
    "privacy",
    "profile",
    "registration",
    "room",
    "sessions",
    "signing_in",
    "two_factor",
]
