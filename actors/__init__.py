"""Actors in Trio's structured concurrency: typed messages, supervision, transactions.

`docs/actors.md` teaches it in a quarter of an hour. The names below are the whole public face;
`actors.testing` has probes, virtual time and injected faults.
"""

from actors.actor import Actor
from actors.cell import Pause
from actors.commit import MemoryStore, ReplyLater, Snapshot, Store
from actors.errors import (
    ActorCrashed,
    ActorError,
    ActorParked,
    ActorStopped,
    AskCycle,
    AskTimeout,
    CommitFailed,
    MailboxFull,
    NameTaken,
    ReplyDropped,
    UnknownMessage,
)
from actors.events import Events, Subscription
from actors.family import Background
from actors.inspection import ActorInfo, Statistics, Trace
from actors.loop import handles
from actors.mail import ActorRef, Mailbox
from actors.messages import (
    BackgroundDone,
    BackgroundFailed,
    DeadLetter,
    Exit,
    Parked,
    Request,
    Restarted,
    Started,
    Stopped,
    Terminated,
    Unhandled,
)
from actors.supervision import Backoff, Supervision
from actors.system import ActorSystem
from actors.time import Timer

__all__ = [
    "Actor",
    "ActorCrashed",
    "ActorError",
    "ActorInfo",
    "ActorParked",
    "ActorRef",
    "ActorStopped",
    "ActorSystem",
    "AskCycle",
    "AskTimeout",
    "Background",
    "BackgroundDone",
    "BackgroundFailed",
    "Backoff",
    "CommitFailed",
    "DeadLetter",
    "Events",
    "Exit",
    "Mailbox",
    "MailboxFull",
    "MemoryStore",
    "NameTaken",
    "Parked",
    "Pause",
    "ReplyDropped",
    "ReplyLater",
    "Request",
    "Restarted",
    "Snapshot",
    "Started",
    "Statistics",
    "Stopped",
    "Store",
    "Subscription",
    "Supervision",
    "Terminated",
    "Timer",
    "Trace",
    "Unhandled",
    "UnknownMessage",
    "handles",
]
