"""Sign-ins for which somebody else vouches, while they last.

Nothing is kept of one that has begun, so nobody can fill the memory with them: a secret in a cookie
of the browser is all, and state, nonce and verifier are made of it.
"""

import base64
import hashlib
import hmac

import attrs


class NotVouched(Exception):
    """Nobody vouches for who signs in; the text says why."""


@attrs.frozen
class Begun:
    """A sign-in that has begun, by the secret that the browser keeps."""

    secret: str = attrs.field(repr=False)

    @property
    def state(self) -> str:
        return self._made("state")

    @property
    def nonce(self) -> str:
        return self._made("nonce")

    @property
    def verifier(self) -> str:
        return self._made("verifier")

    @property
    def challenge(self) -> str:
        """Challenge by which the provider knows the verifier again (RFC 7636 §4.2)."""
        return _text(hashlib.sha256(self.verifier.encode()).digest())

    def _made(self, what: str) -> str:
        return _text(hmac.digest(self.secret.encode(), what.encode(), "sha256"))


def _text(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
