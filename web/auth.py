"""Authentication of workers, by HTTP Basic.

A worker's secret is kept as a salted scrypt hash. Once verified it is remembered in memory, so
that hashing isn't paid for every request.
"""

import hashlib
import hmac
import os

import attrs
import bcrypt
import trio
from werkzeug.datastructures import Authorization

from actors import ActorRef, ActorStopped
from flamenco.manager.farm import Farm

_COST = {"n": 2**12, "r": 8, "p": 1}
_SALT_BYTES = 16
_BCRYPT_BYTES = 72
"""Bytes of a secret that count with bcrypt."""
MOST_HOSTS = 10_000
"""Maximum number of addresses that are remembered."""
_NOBODY = "0" * (2 * _SALT_BYTES) + "$" + "0" * 128


class BadCredentials(Exception):
    """The request doesn't carry the credentials of a worker of this farm."""


def hash_secret(secret: str) -> str:
    """The salted hash of a worker's secret, to be stored."""
    salt = os.urandom(_SALT_BYTES)
    return f"{salt.hex()}${_scrypt(secret, salt).hex()}"


def _scrypt(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, **_COST)


def _matches(secret: str, stored: str) -> bool:
    """True if it is the secret; what is stored may be damaged, which no secret matches.

    Hashes of workers that were brought over from Flamenco 3 are bcrypt's.
    """
    salt, _, expected = stored.partition("$")
    try:
        if not salt:
            return bcrypt.checkpw(secret.encode()[:_BCRYPT_BYTES], stored.encode())
        return hmac.compare_digest(_scrypt(secret, bytes.fromhex(salt)).hex(), expected)
    except (TypeError, ValueError):
        return False


@attrs.define(eq=False)
class WorkerDoor:
    """The door for workers, which checks their credentials."""

    _farm: Farm
    _known: dict[str, bytes] = attrs.field(factory=dict)
    # {worker id: digest of the secret that matched}
    hosts: set[str] = attrs.field(factory=set)
    """Addresses from which workers were admitted."""
    _threads: trio.CapacityLimiter = attrs.field(factory=lambda: trio.CapacityLimiter(1))

    async def lock(self, secret: str) -> str:
        """The salted hash of a worker's secret, computed in a thread."""
        return await trio.to_thread.run_sync(hash_secret, secret, limiter=self._threads)

    def may_register(self, secret: str) -> bool:
        """True if a worker with this registration secret may register."""
        expected = self._farm.services.config.registration_secret
        return not expected or hmac.compare_digest(secret.encode(), expected.encode())

    async def admit(self, authorization: Authorization | None, host: str | None) -> ActorRef:
        """The actor of the worker that sends a request from ``host``. Raises `BadCredentials`.

        A worker that was admitted once is remembered for as long as it has an actor: until it is
        deleted.
        """
        if authorization is None or authorization.type != "basic":
            raise BadCredentials("worker credentials are needed: register, then use HTTP Basic")
        worker_id, secret = authorization.username or "", authorization.password or ""
        digest = hashlib.sha256(secret.encode()).digest()
        actor = self._farm.worker(worker_id)
        if actor is None or not hmac.compare_digest(self._known.get(worker_id, b""), digest):
            await self._verify(worker_id, secret)
            self._known[worker_id] = digest
        self._remember(host or "")
        if actor is None:
            raise ActorStopped(f"the actor of worker {worker_id} is not running")
        return actor

    def _remember(self, host: str) -> None:
        self.hosts.add(host)
        if len(self.hosts) > MOST_HOSTS:
            self.hosts.pop()

    async def _verify(self, worker_id: str, secret: str) -> None:
        """Check a secret, which takes as long for an unknown worker (reference rules §7)."""
        stored = await self._farm.services.reader.secret_hash(worker_id)
        good = await trio.to_thread.run_sync(
            _matches, secret, stored or _NOBODY, limiter=self._threads
        )
        if not stored or not good:
            raise BadCredentials("unknown worker or wrong secret: register again")
