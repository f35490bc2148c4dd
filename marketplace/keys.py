"""Everything derived from the installation's secret key: digests, signed tokens, six-digit codes.

Each purpose has a key of its own, so that nothing made for one purpose is ever accepted for another.
"""

import hashlib
import hmac

from itsdangerous import BadData, URLSafeSerializer

from marketplace import config


def _key(purpose: str) -> bytes:
    return hmac.digest(config.current().secret_key.encode(), purpose.encode(), "sha256")


def digest(purpose: str, text: str) -> str:
    """Return a keyed SHA-256 digest in 64 hexadecimal characters: not reversible without the key."""
    return hmac.new(_key(purpose), text.encode(), hashlib.sha256).hexdigest()


def derive(purpose: str, nonce: str, length: int) -> bytes:
    """Return `length` bytes (at most 32) that only this installation can compute from the nonce."""
    return hmac.digest(_key(purpose), nonce.encode(), "sha256")[:length]


def code(purpose: str, nonce: str) -> str:
    """Return the six-digit code that belongs to a nonce."""
    return f"{int.from_bytes(derive(purpose, nonce, 8)) % 1_000_000:06d}"


def same(one: str, other: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def sign(purpose: str, value: str) -> str:
    """Return a URL-safe token that carries `value` and cannot be forged or used for another purpose."""
    token = URLSafeSerializer(_key(purpose), signer_kwargs={"digest_method": hashlib.sha256}).dumps(value)
    return token if isinstance(token, str) else token.decode()


def unsign(purpose: str, token: str) -> str | None:
    """Return the value inside a token, or None where it was not signed here for this purpose."""
    try:
        value = URLSafeSerializer(_key(purpose), signer_kwargs={"digest_method": hashlib.sha256}).loads(token)
    except (BadData, UnicodeError, ValueError):
        return None
    return value if isinstance(value, str) else None
