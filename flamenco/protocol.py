"""Messages of a worker session, one definition for both ends.

A session is a WebSocket at `PATH`. It begins with proofs of the worker's secret, or has it as HTTP
Basic credentials. Every message is one JSON text: ``{"type": "report", "seq": 7, "body": {...}}``.
A reliable message carries a sequence number that only grows over the worker's life; the worker
keeps the message until the Manager acknowledges it, and sends it again after a reconnect. See
docs/worker-protocol.md.
"""

from collections.abc import Collection
from typing import Any

import attrs
import msgspec

from flamenco.model.bounds import (
    SHORTEST_PERIOD,
    Count,
    Few,
    Hex256,
    Line,
    Many,
    Number,
    Period,
    Prose,
    Rank,
    Seconds,
    Text,
    Texts,
    Values,
    Word,
)
from flamenco.model.jobs import Command
from flamenco.model.load import Load
from flamenco.model.provisions import WorkerSetting
from flamenco.model.specs import Specs
from flamenco.model.statuses import TaskStatus, WorkerStatus

PATH = "/api/v3/worker/session"
HEARTBEAT_SECONDS = 10.0
"""Seconds between heartbeats, unless a timeout of the Manager needs them more often."""
BEATS_IN_TIMEOUT = 4

NOT_KNOWN = 4001  # this and the following: codes with which the Manager closes a session
"""It does not know this worker."""
NO_KEY = 4002
"""It can't prove anything, as it keeps an older hash, or has no secret: use HTTP Basic."""
NOT_HERE = 4003
"""The worker's connection leads elsewhere: somebody stands in between."""
NO_PROOF = 4004
"""The worker's proof is wrong; also what a Worker notes of a Manager whose proof is wrong."""


def heartbeat_period(*timeouts: float) -> float:
    """Seconds between heartbeats, so that several fall into each timeout; 0: no timeout."""
    needed = [each / BEATS_IN_TIMEOUT for each in timeouts if each]
    return max(SHORTEST_PERIOD, min([HEARTBEAT_SECONDS, *needed]))


class ProtocolError(ValueError):
    """The other end sent something that is not a message of this protocol.

    ``seq`` is the number of a reliable message of which only the rest is wrong.
    """

    def __init__(self, message: str, seq: int | None = None) -> None:
        super().__init__(message)
        self.seq = seq


@attrs.frozen
class HeldLease:
    """A lease that the worker believes it holds."""

    task_id: Word
    lease: Count


@attrs.frozen(kw_only=True)
class Identify:
    """Worker → Manager, first message without HTTP Basic: who it is, and what to prove it with."""

    worker_id: Word = ""
    """Empty: it wants to register."""
    join: Word = ""
    """Id of the join token by which it registers, whose secret both ends prove; empty: none."""
    nonce: Hex256
    address: Word = ""
    """Where its connection leads, if it found that in the network; empty if it was told."""


@attrs.frozen(kw_only=True)
class Challenge:
    """Manager → Worker, answer to `Identify`: its own proof, and what the worker has to prove."""

    nonce: Hex256
    proof: Hex256


@attrs.frozen
class Prove:
    """Worker → Manager, answer to `Challenge`: its proof. `Hello` follows at once."""

    proof: Hex256


@attrs.frozen(kw_only=True)
class Register:
    """Worker → Manager, answer to `Challenge`: a new worker, and proof of the farm's secret, or of
    that of a join token."""

    proof: Hex256
    key: Hex256
    """SHA-256 of the secret that it has made."""
    name: Line
    platform: Word
    task_types: Few[Word]


@attrs.frozen
class Registered:
    """Manager → Worker, answer to `Register`: its id. The session ends."""

    worker_id: Word


@attrs.frozen(kw_only=True)
class Hello:
    """Worker → Manager: the worker, and the leases that it still runs."""

    name: Line
    software_version: Line
    task_types: Few[Word]
    can_restart: bool = False
    leases: Few[HeldLease] = ()
    can_hurry: bool = False
    """True if it knows `Hurry`."""
    specs: Specs | None = None
    """Equipment of the machine, as far as it is known yet; None from Workers that don't tell."""
    uptime: Seconds | None = None
    """Seconds since it was started; None from Workers that don't tell."""
    run: Word = ""
    """Something random that this run of the program has made; empty from Workers that don't."""
    settings: Few[WorkerSetting] | None = None
    """Values that count for it, with their origins; None if it takes none from the Manager."""


@attrs.frozen(kw_only=True)
class Provided:
    """Values that an entry of the Manager's configuration sets for the worker."""

    origin: Line
    """Place of the entry, in words."""
    settings: Values = attrs.field(factory=dict)
    """Keys and values of `flamenco-worker.yaml`."""
    variables: Texts = attrs.field(factory=dict)
    """Values of variables that it has in place of the farm's."""


@attrs.frozen(kw_only=True)
class Welcome:
    """Manager → Worker, answer to `Hello`: the status to go to; leases not listed are revoked."""

    status_requested: WorkerStatus
    leases: Few[HeldLease] = ()
    heartbeat_seconds: Period = HEARTBEAT_SECONDS
    ticket: Word = ""
    """Token that requests beside the session carry instead of the secret, while it is open."""
    awaits_approval: bool = False
    """True if it sleeps until somebody approves it."""
    provided: Few[Provided] = ()
    """Entries of the Manager's configuration for it, if it takes them; later ones win."""


@attrs.frozen(kw_only=True)
class Assign:
    """Manager → Worker: run this task under this lease. Its variables are already replaced."""

    task_id: Word
    lease: Count
    job_id: Word
    name: Line
    job_type: Word
    task_type: Word
    priority: Rank
    job_priority: Rank
    commands: Many[Command]
    steps_total: Count


@attrs.frozen
class Revoke:
    """Manager → Worker: stop the task at once, its lease is over, and report nothing."""

    task_id: Word
    lease: Count
    reason: Text


@attrs.frozen
class Hurry:
    """Manager → Worker: the log of this task is now being followed, or no longer.

    After each welcome and assignment it is not, until this message says so.
    """

    task_id: Word
    lease: Count
    followed: bool


@attrs.frozen
class RequestStatus:
    """Manager → Worker: go to this status, lazily after the present task, else at once."""

    status: WorkerStatus
    lazy: bool


@attrs.frozen
class Acknowledge:
    """Manager → Worker: the reliable message with this number is on disk; forget it.

    ``refused`` is the reason if it did not count (an older lease, an unknown task).
    """

    seq: Count
    refused: Text | None = None


@attrs.frozen
class Failure:
    """The known reason why a program failed."""

    kind: Word
    """One of `flamenco.model.reasons.FailureKind`, or a word that a newer Worker knows."""
    detail: Prose = ""


@attrs.frozen(kw_only=True)
class Report:
    """Worker → Manager, reliable: progress, log or end of a task under a lease.

    ``status`` is active, completed or failed; queued hands the task back unfinished. The fields
    after ``steps_completed`` come with the end of a task.
    """

    task_id: Word
    lease: Count
    status: TaskStatus | None = None
    activity: Prose | None = None
    log: Text | None = None
    steps_completed: Count | None = None
    exit_code: Number | None = None
    """Exit code of its last program, 128 + N after death by signal N; None if it ran none."""
    peak_memory: Count | None = None
    """Peak memory in bytes of the task's processes together; None if it is not known."""
    blocklist: Prose | None = None
    """Reason why this worker wants no more tasks of this type in this job; None: it does."""
    failure: Failure | None = None
    """The known reason for a failure, beside the sentence in ``activity``."""
    warnings: Few[Prose] = ()
    """Sentences about what may be wrong in the result."""


@attrs.frozen
class StateChanged:
    """Worker → Manager, reliable: the worker went to this status."""

    status: WorkerStatus


@attrs.frozen
class Heartbeat:
    """Worker → Manager, as often as the welcome says: a sign of life for worker and leases.

    A lease whose program makes no progress is left out, so that it runs into the task timeout.
    """

    leases: Few[HeldLease] = ()
    load: Load | None = None
    """Load of the machine, if it was measured since the last one."""


@attrs.frozen
class SignOff:
    """Worker → Manager, reliable, last message: the worker is going offline."""


Message = (
    Identify
    | Challenge
    | Prove
    | Register
    | Registered
    | Hello
    | Welcome
    | Assign
    | Revoke
    | Hurry
    | RequestStatus
    | Acknowledge
    | Report
    | StateChanged
    | Heartbeat
    | SignOff
)

TYPES: dict[str, type[Any]] = {
    "identify": Identify,
    "challenge": Challenge,
    "prove": Prove,
    "register": Register,
    "registered": Registered,
    "hello": Hello,
    "welcome": Welcome,
    "assign": Assign,
    "revoke": Revoke,
    "hurry": Hurry,
    "request-status": RequestStatus,
    "acknowledge": Acknowledge,
    "report": Report,
    "state-changed": StateChanged,
    "heartbeat": Heartbeat,
    "sign-off": SignOff,
}
FROM_WORKER = frozenset({"state-changed", "report", "heartbeat", "sign-off"})
"""Types of what a Worker says once it is welcome."""
_NAMES = {kind: name for name, kind in TYPES.items()}


@attrs.frozen(kw_only=True)
class _Envelope:
    type: Word
    body: msgspec.Raw
    seq: Count | None = None


_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decoders = {name: msgspec.json.Decoder(kind).decode for name, kind in TYPES.items()}
_encoder = msgspec.json.Encoder()
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def encode(message: Message, seq: int | None = None) -> str:
    """The JSON text of a message; ``seq`` makes it a reliable one."""
    body = msgspec.Raw(_encoder.encode(message))
    return _encoder.encode(_Envelope(type=_NAMES[type(message)], body=body, seq=seq)).decode()


def name_of(kind: type[Any]) -> str:
    """The type of a message, as it is written."""
    return _NAMES[kind]


def decode(text: str | bytes | None, among: Collection[str] = TYPES) -> tuple[Message, int | None]:
    """The message in a JSON text and its sequence number.

    Raises `ProtocolError`, with the path of the wrong field and its bound, for anything else.
    """
    try:
        envelope = _decode_envelope(text or b"")
    except _UNREADABLE as error:
        raise ProtocolError(str(error)) from None
    if envelope.type not in among:
        expected = f"expected a message type of {', '.join(sorted(among))}, got {envelope.type!r}"
        raise ProtocolError(expected, envelope.seq)
    try:
        return _decoders[envelope.type](envelope.body), envelope.seq
    except _UNREADABLE as error:
        raise ProtocolError(f"{envelope.type}: {error}", envelope.seq) from None
