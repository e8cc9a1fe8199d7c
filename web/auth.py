"""Authentication of workers: by a proof at the beginning of a session, or by HTTP Basic.

Workers make their secrets of 256 random bits, which nobody can guess: their SHA-256 is stored, and
costs nothing to compare; it is the key of their proofs (`flamenco.proofs`). Earlier versions stored
slow hashes, and so did Flamenco 3: they are replaced when the worker comes next.
"""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import bcrypt
import trio
from werkzeug.datastructures import Authorization

from actors import ActorRef, ActorStopped
from flamenco.manager.farm import Farm
from flamenco.manager.workers.messages import Seen, UsedTwice
from flamenco.manager.workers.programs import Programs
from flamenco.model.access import Admission, admission
from flamenco.model.workers import REVOKED
from flamenco.proofs import new_nonce, worker_key
from flamenco.store import awaits_approval
from web.turns import Turns

_COST = {"n": 2**12, "r": 8, "p": 1}
_BCRYPT_BYTES = 72
"""Bytes of a secret that count with bcrypt."""
_FAST = "sha256$"
"""Beginning of the hashes that are made today."""
BACK_SECONDS = 60.0
"""Seconds within which a worker that polls does not come from one address, another, and the first
again, unless there are two of it."""
MOST_HOSTS = 10_000
"""Maximum number of addresses that are remembered."""


UNKNOWN = "unknown worker or wrong secret: register again"


class BadCredentials(Exception):
    """The request doesn't carry the credentials of a worker of this farm."""


class NoKey(Exception):
    """Refusal to prove anything by a record of an earlier version, which holds no key."""


def hash_of(key: str) -> str:
    """Record of a worker's key, which is in hexadecimal."""
    return _FAST + key


def hash_secret(secret: str) -> str:
    """The hash of a worker's secret, to be stored."""
    return hash_of(worker_key(secret).hex())


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
    _tickets: dict[str, str] = attrs.field(factory=dict)
    # {ticket of an open session: worker id}
    _known: dict[str, bytes] = attrs.field(factory=dict)
    # {worker id: digest of the secret that matched}
    _places: dict[str, Programs] = attrs.field(factory=dict)
    # {id of a worker that shows its secret: the addresses it has come from}
    hosts: set[str] = attrs.field(factory=set)
    """Addresses from which workers were admitted."""
    _turns: Turns = attrs.field(factory=Turns)
    _threads: trio.CapacityLimiter = attrs.field(factory=lambda: trio.CapacityLimiter(1))

    def admission(self, secret: str | None) -> Admission:
        """Outcome for a new worker that shows this registration secret, or none."""
        config = self._farm.services.config
        expected = config.registration_secret
        return admission(
            config.auth.mode,
            has_secret=bool(expected),
            right=hmac.compare_digest(secret.encode(), expected.encode()) if secret else None,
            by_hand=config.auth.approve_workers,
        )

    async def awaits_approval(self, worker_id: str) -> bool:
        """True if a worker may not work yet."""
        return await self._farm.services.reader.look(lambda db: awaits_approval(db, worker_id))

    def forget(self, worker_id: str) -> None:
        """Look again at what a worker shows, since another secret counts now."""
        self._known.pop(worker_id, None)

    async def admit(self, authorization: Authorization | None, host: str | None) -> ActorRef:
        """The actor of the worker that shows its secret from ``host``. Raises `BadCredentials`.

        A worker that was admitted once is remembered for as long as it has an actor: until it is
        deleted.
        """
        if authorization is None or authorization.type != "basic":
            raise BadCredentials("worker credentials are needed: register, then use HTTP Basic")
        worker_id, secret = authorization.username or "", authorization.password or ""
        digest = worker_key(secret)
        actor = self._farm.worker(worker_id)
        if actor is None or not hmac.compare_digest(self._known.get(worker_id, b""), digest):
            if await self._verify(worker_id, secret, host or "") and actor is not None:
                actor.tell(Seen(secret_hash=hash_secret(secret)))
            self._known[worker_id] = digest
        admitted = self.admit_proven(worker_id, host or "")
        if self._places.setdefault(worker_id, Programs(within=BACK_SECONDS)).come_back(host or ""):
            admitted.tell(UsedTwice())
        return admitted

    def admit_proven(self, worker_id: str, host: str) -> ActorRef:
        """The actor of a worker that has proven itself from ``host``. Raises `ActorStopped`."""
        self._remember(host)
        actor = self._farm.worker(worker_id)
        if actor is None:
            raise ActorStopped(f"the actor of worker {worker_id} is not running")
        return actor

    async def key_of(self, worker_id: str) -> bytes:
        """The key of a worker. Raises `BadCredentials` if there is no such worker, and `NoKey`."""
        stored = await self._farm.services.reader.secret_hash(worker_id)
        if stored is None or stored == REVOKED:
            raise BadCredentials(UNKNOWN)
        kind, _, key = stored.partition("$")
        try:
            return bytes.fromhex(key if kind + "$" == _FAST else "no key")
        except ValueError:
            raise NoKey("only an old hash of the worker's secret is here: use HTTP Basic") from None

    @contextmanager
    def ticket(self, worker_id: str) -> Iterator[str]:
        """Token that a worker's requests beside its session carry, for as long as that is open."""
        ticket = new_nonce()
        self._tickets[ticket] = worker_id
        try:
            yield ticket
        finally:
            del self._tickets[ticket]

    def with_ticket(self, ticket: str) -> str | None:
        """The id of the worker with this ticket of an open session, if it has an actor."""
        worker_id = self._tickets.get(ticket)
        has_actor = worker_id is not None and self._farm.worker(worker_id) is not None
        return worker_id if has_actor else None

    async def admit_beside(self, authorization: Authorization | None, host: str | None) -> ActorRef:
        """The same, of one that may show the ticket of its open session instead."""
        if authorization is None or authorization.type != "bearer":
            return await self.admit(authorization, host)
        ticket = authorization.token or ""
        worker_id = self._tickets.get(ticket)
        actor = self._farm.worker(worker_id) if worker_id else None
        if actor is None:
            raise BadCredentials("the session of this ticket is over")
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
            raise BadCredentials(UNKNOWN)
        return is_slow
