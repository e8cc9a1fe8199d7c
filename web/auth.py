"""Authentication of workers, by HTTP Basic.

Workers make their secrets of 256 random bits, which nobody can guess: their SHA-256 is stored, and
costs nothing to compare. Earlier versions stored slow hashes, and so did Flamenco 3: they are
replaced when the worker comes next.
"""

import hashlib
import hmac

import attrs
import bcrypt
import trio
from werkzeug.datastructures import Authorization

from actors import ActorRef, ActorStopped
from flamenco.manager.farm import Farm
from flamenco.manager.workers.messages import Seen
from web.turns import Turns

_COST = {"n": 2**12, "r": 8, "p": 1}
_BCRYPT_BYTES = 72
"""Bytes of a secret that count with bcrypt."""
_FAST = "sha256$"
"""Beginning of the hashes that are made today."""
MOST_HOSTS = 10_000
"""Maximum number of addresses that are remembered."""


class BadCredentials(Exception):
    """The request doesn't carry the credentials of a worker of this farm."""


def hash_secret(secret: str) -> str:
    """The hash of a worker's secret, to be stored."""
    return _FAST + hashlib.sha256(secret.encode()).hexdigest()


def _matches_slowly(secret: str, stored: str) -> bool:
    """True if it is the secret; what is stored may be damaged, which no secret matches.

    Hashes of workers that were brought over from Flamenco 3 are bcrypt's.
    """
    salt, _, expected = stored.partition("$")
    try:
        if not salt:
            return bcrypt.checkpw(secret.encode()[:_BCRYPT_BYTES], stored.encode())
        hashed = hashlib.scrypt(secret.encode(), salt=bytes.fromhex(salt), **_COST)
        return hmac.compare_digest(hashed.hex(), expected)
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
    _turns: Turns = attrs.field(factory=Turns)
    _threads: trio.CapacityLimiter = attrs.field(factory=lambda: trio.CapacityLimiter(1))

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
            if await self._verify(worker_id, secret, host or "") and actor is not None:
                actor.tell(Seen(secret_hash=hash_secret(secret)))
            self._known[worker_id] = digest
        self._remember(host or "")
        if actor is None:
            raise ActorStopped(f"the actor of worker {worker_id} is not running")
        return actor

    def _remember(self, host: str) -> None:
        self.hosts.add(host)
        if len(self.hosts) > MOST_HOSTS:
            self.hosts.pop()

    async def _verify(self, worker_id: str, secret: str, host: str) -> bool:
        """Check a secret; returns True if its hash is a slow one, which should be replaced.

        Raises `BadCredentials`.
        """
        stored = await self._farm.services.reader.secret_hash(worker_id) or _FAST
        is_slow = not stored.startswith(_FAST)
        if is_slow:
            async with self._turns.turn(host):
                good = await trio.to_thread.run_sync(
                    _matches_slowly, secret, stored, limiter=self._threads
                )
        else:
            good = hmac.compare_digest(hash_secret(secret).encode(), stored.encode())
        if not good:
            raise BadCredentials("unknown worker or wrong secret: register again")
        return is_slow
