"""Wire classes of what a farm reports of itself, to another Manager or any collector.

Not in Flamenco 3. Nothing in them names files or people; names of jobs only if that is allowed.
"""

from collections.abc import Mapping

import attrs
from msgspec import UNSET, UnsetType

from flamenco.model.bounds import Amount, Count, Few, Line, Time, Uuid
from flamenco.model.eta import Eta
from flamenco.model.jobs import FrameCounts
from flamenco.model.statuses import FarmStatus, JobStatus, WorkerStatus

VERSION = 1
TYPE = "farm.reports"


@attrs.frozen(kw_only=True)
class RunningJob:
    """A job that workers work on."""

    id: Uuid
    name: Line | UnsetType = UNSET
    """There if names are allowed."""
    priority: int
    frames: FrameCounts
    eta: Eta | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class FarmReport:
    """A farm at a time."""

    at: Time
    status: FarmStatus
    jobs: Mapping[JobStatus, Count]
    """Numbers of jobs by status; those that have been archived are not among them."""
    workers: Mapping[WorkerStatus, Count]
    frames_per_hour: Amount
    """Number of frames in the last hour."""
    utilisation: Amount
    """Share of the last hour in which its workers worked, from 0 to 1."""
    running: Few[RunningJob] = ()
    """Some of the active jobs, those with the highest priority."""


@attrs.frozen(kw_only=True)
class FarmReports:
    """The reports that the receiver has not confirmed yet, the oldest first."""

    version: int
    farm: Line
    reports: tuple[FarmReport, ...]


@attrs.frozen(kw_only=True)
class ReportMessage:
    """A message by the specification Standard Webhooks."""

    type: str
    timestamp: Time
    data: FarmReports
