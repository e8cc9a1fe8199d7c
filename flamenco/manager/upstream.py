"""The actor that reports to another Manager, or to any collector, what the farm does."""

import base64
import logging
import uuid
from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import attrs
import msgspec
from msgspec import UNSET

import actors
from flamenco import clock
from flamenco.api.upstream import (
    TYPE,
    VERSION,
    FarmReport,
    FarmReports,
    ReportMessage,
    RunningJob,
)
from flamenco.config.manager import ManagerConfig, UpstreamConfig
from flamenco.manager.connections import GetConnection, Reconfigured
from flamenco.manager.events import eta_now
from flamenco.manager.services import Services
from flamenco.model.connections import Connection, ConnectionState
from flamenco.model.deliveries import Outcome
from flamenco.model.farm import farm_status
from flamenco.model.jobs import Job
from flamenco.model.lists import JobFilter, Order, Paging
from flamenco.model.statuses import JobStatus
from flamenco.model.subscriptions import Channel
from flamenco.notices import Sending, WrongAddress, check_address, send, shown_address
from flamenco.notices.composing import webhook
from flamenco.notices.signing import PREFIX
from flamenco.store import farm_since, listed_jobs

logger = logging.getLogger(__name__)

MOST_WAITING = 1000
"""Maximum number of reports that wait for the receiver; the oldest make room."""

MOST_AT_ONCE = 100
"""Maximum number of reports in a message."""

RECENT = timedelta(hours=1)
_RUNNING = Paging(order=Order("priority", descending=True), limit=20)
"""The active jobs that are told one by one."""


@attrs.frozen
class TimeToReport:
    """A period is over."""

    began: int


@attrs.frozen
class Reported:
    """A report is made."""

    report: FarmReport


@attrs.frozen
class NotReported:
    """A report could not be made."""

    error: Exception


@attrs.frozen
class Attempted:
    """An attempt to send so many reports is over."""

    began: int
    count: int
    outcome: Outcome


class Upstream(actors.Actor):
    """The owner of the reports that wait for the receiver.

    They are sent together by a process that reaches no private network, as webhooks are.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._config = UpstreamConfig()
        self._connection = Connection(since=clock.now())
        self._waiting: deque[FarmReport] = deque(maxlen=MOST_WAITING)
        self._timer: actors.Timer | None = None
        self._sends = False
        self._began = 0

    async def started(self) -> None:
        """Begin as the configuration has it."""
        self._begin(self._services.config.upstream)

    @actors.handles(Reconfigured)
    def reconfigured(self, _: Reconfigured) -> None:
        """Begin anew if something else is wanted."""
        wanted = self._services.config.upstream
        if wanted != self._config:
            self._begin(wanted)

    @actors.handles(GetConnection)
    def get(self, _: GetConnection) -> Connection:
        """How the connection is."""
        return self._connection

    def _begin(self, config: UpstreamConfig) -> None:
        if config.url != self._config.url:
            self._waiting.clear()
        self._config, self._began = config, self._began + 1
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._connection = None, Connection(since=clock.now())
        if not (config.url and config.period):
            return
        address = shown_address(Channel.WEBHOOK, config.url)
        wrong = _wrong(config)
        state = ConnectionState.BROKEN if wrong else ConnectionState.CONNECTING
        self._connection = attrs.evolve(self._connection, state=state, to=address, reason=wrong)
        if wrong:
            logger.warning("upstream: %s", wrong)
            return
        self._timer = self.every(config.period, TimeToReport(self._began))
        self.tell(self.ref, TimeToReport(self._began))

    @actors.handles(TimeToReport)
    def time_to_report(self, message: TimeToReport) -> None:
        """Look at the farm in the background."""
        if message.began == self._began:
            self.start_soon(self._look, self._config.names, done=Reported, failed=NotReported)

    async def _look(self, with_names: bool) -> FarmReport:
        reader, now = self._services.reader, clock.now()
        jobs, workers = await reader.job_counts(), await reader.worker_counts()
        past = await reader.ask(lambda db: farm_since(db, now - RECENT, now))
        running = await reader.page(listed_jobs(JobFilter(status=(JobStatus.ACTIVE,))), _RUNNING)
        busy = sum(hour.busy_seconds for hour in past.hours)
        whole = RECENT.total_seconds() * past.workers
        return FarmReport(
            at=now,
            status=farm_status(jobs, workers),
            jobs=dict(jobs),
            workers=dict(workers),
            frames_per_hour=sum(hour.frames for hour in past.hours),
            utilisation=min(1.0, busy / whole) if whole else 0.0,
            running=tuple(_running(each, with_names=with_names) for each in running.items),
        )

    @actors.handles(NotReported)
    def not_reported(self, message: NotReported) -> None:
        """Go without this one."""
        logger.warning("upstream: there is no report now: %s", message.error)

    @actors.handles(Reported)
    def reported(self, message: Reported) -> None:
        """Send it, with those that wait."""
        if len(self._waiting) == MOST_WAITING:
            self._connection = attrs.evolve(self._connection, lost=self._connection.lost + 1)
        self._waiting.append(message.report)
        self._send()

    def _send(self) -> None:
        if self._sends or self._timer is None:
            return
        reports = tuple(self._waiting)[:MOST_AT_ONCE]
        self._sends = True
        ended = partial(Attempted, self._began, len(reports))
        self.start_soon(
            self._attempt,
            _sending(self._services.config, reports),
            done=ended,
            failed=lambda error: ended(Outcome(repr(error))),
        )

    async def _attempt(self, sending: Sending) -> Outcome:
        return await send(sending)

    @actors.handles(Attempted)
    def attempted(self, message: Attempted) -> None:
        """Forget what has arrived; what has not goes with the next report."""
        self._sends = False
        if message.began != self._began:
            return
        before, reason = self._connection, message.outcome.reason
        state = ConnectionState.BROKEN if reason else ConnectionState.CONNECTED
        now = before.turned(state, reason, clock.now())
        if now is not before and reason:
            logger.warning("upstream: %s: %s", now.to, reason)
        elif now is not before:
            logger.info("upstream: %s hears of this farm", now.to)
        arrived = 0 if reason else message.count
        self._connection = attrs.evolve(now, sent=now.sent + arrived)
        for _ in range(min(arrived, len(self._waiting))):
            self._waiting.popleft()
        if arrived and self._waiting:
            self._send()


def _wrong(config: UpstreamConfig) -> str:
    """The reason for which nothing can be sent; empty if there is none."""
    try:
        check_address(Channel.WEBHOOK, config.url)
        base64.b64decode(config.secret.removeprefix(PREFIX), validate=True)
    except WrongAddress as error:
        return f"upstream.url: {error}"
    except ValueError:
        return "upstream.secret: expected one such as whsec_ and base64"
    return "" if config.secret else "upstream.secret: is missing, and nothing is sent unsigned"


def _running(job: Job, *, with_names: bool) -> RunningJob:
    return RunningJob(
        id=job.id,
        name=job.name if with_names else UNSET,
        priority=job.priority,
        frames=job.frames,
        eta=eta_now(job),
    )


def _sending(config: ManagerConfig, reports: Sequence[FarmReport]) -> Sending:
    data = FarmReports(version=VERSION, farm=config.manager_name, reports=tuple(reports))
    message = ReportMessage(type=TYPE, timestamp=clock.now(), data=data)
    body, upstream = msgspec.json.encode(message).decode(), config.upstream
    allowed = config.outgoing.allowed_networks
    return webhook(upstream.url, upstream.secret, str(uuid.uuid4()), body, allowed)
