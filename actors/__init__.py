"""Actors in Trio's structured concurrency: typed messages, supervision, transactions.

`docs/actors.md` teaches it in a quarter of an hour. The names below are the whole public face;
`actors.testing` has probes, virtual time and injected faults.
"""

from actors.actor import Actor
from actors.ask import ReplyLater
from actors.background import Background
from actors.behaviour import handles
from actors.errors import (
    ActorCrashed,
    ActorError,
    ActorStopped,
    AskCycle,
    AskTimeout,
    CommitFailed,
    MailboxFull,
    NameTaken,
    UnknownMessage,
)
from actors.events import Events, Subscription
from actors.inspection import ActorInfo, Trace
from actors.mailbox import Mailbox
from actors.messages import (
    BackgroundDone,
    BackgroundFailed,
    DeadLetter,
    Exit,
    Request,
    Restarted,
    Started,
    Stopped,
    Terminated,
    Unhandled,
)
from actors.recorder import MemoryStore, Snapshot, Store
from actors.ref import ActorRef
from actors.supervision import Backoff, Supervision
from actors.system import ActorSystem
from actors.timers import Timer

__all__ = [
    "Actor",
    "ActorCrashed",
    "ActorError",
    "ActorInfo",
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
    "ReplyLater",
    "Request",
    "Restarted",
    "Snapshot",
    "Started",
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
