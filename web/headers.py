"""Headers of every answer that tell browsers who may show the page, and what it may load."""

from collections.abc import Iterable

POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""Own scripts and styles only, and nobody may frame the page.

Vue sets styles by the properties of elements, which no policy forbids.
"""

HEADERS = {
    b"content-security-policy": POLICY.encode(),
    b"x-frame-options": b"DENY",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
}


ENCRYPTED = HEADERS | {b"strict-transport-security": b"max-age=2592000"}
"""The same of a Manager that speaks TLS itself: for a month, browsers use its names by TLS only."""


def guarded(
    headers: Iterable[tuple[bytes, bytes]], *, is_encrypted: bool = False
) -> list[tuple[bytes, bytes]]:
    """An answer's headers with these among them, each of them once."""
    ours = ENCRYPTED if is_encrypted else HEADERS
    return [*(each for each in headers if each[0].lower() not in ours), *ours.items()]
