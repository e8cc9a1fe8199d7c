"""What becomes of the farm's actors when they crash, or when their changes can't be stored."""

import attrs

import actors
from flamenco.store import DamagedDatabase

FARM = actors.Supervision(decide={DamagedDatabase: "escalate"})
"""A database that is found damaged ends the Manager, before more is lost (reference rules §14)."""

JOBS_AND_WORKERS = attrs.evolve(FARM, backoff=actors.Backoff(initial=0.1, maximum=5.0))
"""While the disk is full they try again every five seconds."""
