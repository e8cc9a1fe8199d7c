"""Rules for the farm's actors that crash, or whose changes can't be stored."""

import attrs

import actors
from flamenco.store import DamagedDatabase, StoreError, UnreadableRow

FARM = actors.Supervision(
    max_restarts=10,
    within=60.0,
    beyond="park",
    pause=actors.Backoff(initial=10.0, maximum=300.0),
    backoff=actors.Backoff(initial=0.1, maximum=5.0),
    decide={DamagedDatabase: "escalate"},
    patience=(StoreError,),
    ending="in_turn",
)
"""A service that crashes more than ten times in a minute is parked: its mail is refused with the
reason, at the edge by 503. It is tried again after 10 s, 20 s, and so on up to five minutes, or
when somebody asks for it. So none ends the Manager, not even the scheduler or the supervisor of
jobs: the others go on, and what it should do waits, since each reads at its start what is to do.

They end last started first, since each needs those that started before it.

A database that is found damaged ends the Manager, before more is lost (reference rules §14).
"""

JOBS_AND_WORKERS = attrs.evolve(
    FARM,
    max_restarts=3,
    within=60.0,
    beyond="stop",
    ending="together",
    decide={**FARM.decide, UnreadableRow: "stop"},  # type: ignore[dict-item]
)
"""One that crashes more often than that in a minute is parked, as is one that can't be read.

A minute, since a Worker whose session ends with each crash takes seconds to sign on again. While
the disk is full they begin anew every five seconds, and nothing is parked for that but for changes
that the database refuses again and again.
"""
