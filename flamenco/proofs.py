"""Proofs that both ends know a secret, without telling it: HMAC (RFC 2104) with SHA-256.

Each end has chosen a nonce, so that no proof is good for a second time. The Manager proves itself
first, so who only poses as one learns nothing that the true one would take. A worker that found its
Manager in the network also proves where its connection leads, so that nobody can stand in between
at another address.
"""

import hashlib
import hmac
import ipaddress
import secrets
from functools import lru_cache

import attrs
import msgspec

_COST = {"n": 2**14, "r": 8, "p": 1}
_SALT = b"flamenco registration"


def new_nonce() -> str:
    """256 random bits in hexadecimal, to be used once."""
    return secrets.token_hex(32)


def worker_key(secret: str) -> bytes:
    """The key that a worker and its Manager share: the SHA-256 of the worker's secret."""
    return hashlib.sha256(secret.encode()).digest()


@lru_cache(maxsize=1)
def farm_key(registration_secret: str) -> bytes:
    """The key of the farm's registration secret. Blocks for a tenth of a second.

    People choose that secret, and who has seen a proof may try words: so each try costs as much.
    """
    return hashlib.scrypt(registration_secret.encode(), salt=_SALT, **_COST)


def address_of(name: tuple[str, int] | tuple[str, int, int, int]) -> str:
    """An end of a connection, as both see it: an IP address without its zone, and the port."""
    address = ipaddress.ip_address(name[0].partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return f"{mapped or address} {name[1]}"


@attrs.frozen(kw_only=True)
class Exchange:
    """Subject of the proofs of one handshake."""

    worker_id: str
    address: str
    worker_nonce: str
    manager_nonce: str

    def managers_proof(self, key: bytes) -> str:
        """The Manager's proof that it has the key."""
        return self._proof(key, "manager")

    def workers_proof(self, key: bytes, new_key: str = "") -> str:
        """The worker's proof that it has the key; ``new_key`` is that of a worker to register."""
        return self._proof(key, "worker", new_key)

    def _proof(self, key: bytes, *said: str) -> str:
        text = msgspec.json.encode(["flamenco session 1", *said, *attrs.astuple(self)])
        return hmac.digest(key, text, "sha256").hex()


def same(one: str, other: str) -> bool:
    """True if two proofs are the same, after a time that does not tell how much of them is."""
    return hmac.compare_digest(one.encode(), other.encode())
