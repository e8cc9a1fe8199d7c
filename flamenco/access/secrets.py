"""Secrets of sign-ins, tokens and links: 256 random bits, which nobody can guess.

So a plain digest of them is kept, which costs nothing to compute, and by which they are found: how
long that takes tells nothing about a secret.
"""

import hashlib
import secrets

LONGEST_SECRET = 200
"""Maximum number of characters that are looked at; a secret of ours is shorter."""


def new_secret() -> str:
    """A new secret, which fits into links, headers and cookies."""
    return secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """Digest of a secret, which is all that is kept of it."""
    return hashlib.sha256(secret[:LONGEST_SECRET].encode()).hexdigest()
