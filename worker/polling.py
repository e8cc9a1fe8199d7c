"""The Worker's end for a Manager without sessions: it asks over HTTP, as Flamenco 3's Worker does.

Reference rules §15 has the intervals and the meaning of each answer, reference api §4 the Manager's
side. The Worker and its outbox are those of a session: this module acts for the Manager, so a task
that was fetched is assigned, and a report that was accepted is acknowledged.
"""

import logging
import secrets
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn, TypeVar

import attrs
import httpx
import msgspec
import trio
from msgspec import UNSET, UnsetType

from flamenco import clock
from flamenco.api.workers import (
    AssignedTask,
    BlocklistingRequest,
    MayKeepRunning,
    TaskUpdate,
    WorkerSignOn,
    WorkerStateChange,
    WorkerStateChanged,
)
from flamenco.model.statuses import TaskStatus
from flamenco.protocol import (
    Acknowledge,
    Assign,
    HeldLease,
    Hello,
    Message,
    Report,
    RequestStatus,
    Revoke,
    SignOff,
    StateChanged,
    Welcome,
)
from worker.backoff import backoff
from worker.connection import Ended
from worker.credentials import Credentials
from worker.outbox import Outbox
from worker.refusals import MISDIRECTED, said_in
from worker.station import Station

log = logging.getLogger(__name__)

FIRST_FETCH_SECONDS = 3.0
NO_TASK_SECONDS = 20.0
AFTER_TASK_SECONDS = 2.0
REFUSED_SECONDS = 60.0
"""Seconds of pause after a fetch that failed, or was answered with an error."""
MAY_I_RUN_SECONDS = 10.0
STATE_SECONDS = 3.0
"""Seconds between questions for the wanted status, while a Worker is not awake."""
JITTER = 0.1

AWAY = frozenset({MISDIRECTED, 429, 502, 503, 504})
"""Status codes of a Manager that is busy or goes by other names, or of a proxy without one."""
UNKNOWN = frozenset({401, 403})
NOT_OURS = frozenset({404, 409})

_random = secrets.SystemRandom()
T = TypeVar("T")


class ManagerAway(Exception):
    """The Manager does not answer; the request has to be made again."""


@attrs.define
class Polling:
    """The contact with a Manager that is kept by polling."""

    http: httpx.AsyncClient
    station: Station
    outbox: Outbox
    credentials: Credentials
    _scope: trio.CancelScope = attrs.field(init=False, factory=trio.CancelScope)
    _ended: Ended = attrs.field(init=False, default=Ended("the Manager is away"))

    async def run(self) -> Ended:
        """Sign on and keep in touch until the Manager is away or refuses; returns the reason."""
        with self._scope:
            hello = self.station.hello()
            await self._sign_on(hello)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._deliver)
                nursery.start_soon(self._renew, hello)
                await self._keep_in_touch()
        return self._ended

    async def _sign_on(self, hello: Hello) -> None:
        body = WorkerSignOn(
            name=hello.name,
            supported_task_types=hello.task_types,
            software_version=hello.software_version,
            can_restart=hello.can_restart,
            capabilities=hello.specs.capabilities if hello.specs else (),
        )
        try:
            answer = await self._call("POST", "sign-on", body)
        except ManagerAway as error:
            await self._end(str(error))
        if answer.is_client_error:
            await self._end(f"it answered {answer.status_code} to a sign-on", rejected=True)
        status = self._understood(answer, WorkerStateChange)
        if status is None:
            await self._end("its answer to a sign-on was not understood")
        log.info("Signed on; the Manager has no sessions, so it is asked over HTTP")
        self.station.welcomed(
            Welcome(status_requested=status.status_requested, leases=hello.leases)
        )

    async def _renew(self, hello: Hello) -> None:
        """Sign on again when more is known about this machine."""
        await self.station.machine.differs_from(hello.specs)
        await self._end("more is known about this machine now")

    # Requests of the Manager

    async def _keep_in_touch(self) -> None:
        """Ask the questions that fit the Worker's status, at their intervals."""
        pause = FIRST_FETCH_SECONDS
        while True:
            lease = self.station.running
            if lease is not None:
                if await self._still(partial(self._runs, lease), MAY_I_RUN_SECONDS):
                    await self._ask_whether_to_go_on(lease)
                pause = AFTER_TASK_SECONDS
            elif self.station.is_idle:
                if await self._still(lambda: self.station.is_idle, pause):
                    pause = await self._fetch()
            else:
                if await self._still(self._waits, STATE_SECONDS):
                    await self._ask_for_status(lazy=False)
                pause = FIRST_FETCH_SECONDS

    def _runs(self, lease: HeldLease) -> bool:
        return self.station.running == lease

    def _waits(self) -> bool:
        return self.station.running is None and not self.station.is_idle

    async def _still(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Wait, give or take `JITTER`; returns True if a condition held all the time."""
        with trio.move_on_after(_about(seconds)) as patience:
            while holds():
                await self.station.wait_for_change()
        return patience.cancelled_caught

    async def _fetch(self) -> float:
        """Fetch a task after delivering the outbox; returns the seconds to pause afterwards."""
        await self.outbox.wait_until_empty()
        if not self.station.is_idle:
            return FIRST_FETCH_SECONDS
        try:
            answer = await self._call("POST", "task")
        except ManagerAway as error:
            await self._end(str(error), after=REFUSED_SECONDS)
        if answer.status_code == httpx.codes.NO_CONTENT:
            return NO_TASK_SECONDS
        if answer.status_code == httpx.codes.LOCKED:
            self._request(answer, lazy=True)
            return FIRST_FETCH_SECONDS
        task = self._understood(answer, AssignedTask)
        if task is None:
            reason = f"it answered {answer.status_code} to a request for a task"
            rejected = answer.status_code in UNKNOWN
            await self._end(reason, rejected=rejected, after=REFUSED_SECONDS)
        self.station.received(_assignment(task))
        return AFTER_TASK_SECONDS

    async def _ask_whether_to_go_on(self, lease: HeldLease) -> None:
        """Stop the task if the Manager says so; no answer means to go on."""
        try:
            answer = await self._call("GET", f"task/{lease.task_id}/may-i-run")
        except ManagerAway:
            return
        if answer.status_code in UNKNOWN:
            await self._end("the Manager does not know this Worker", rejected=True)
        may = self._understood(answer, MayKeepRunning)
        if may is None or may.mayKeepRunning:
            return
        if may.statusChangeRequested:
            await self._ask_for_status(lazy=False)
        else:
            self.station.received(Revoke(lease.task_id, lease.lease, may.reason))

    async def _ask_for_status(self, *, lazy: bool) -> None:
        try:
            answer = await self._call("GET", "state")
        except ManagerAway as error:
            if self.station.running is None:
                await self._end(str(error))
            return
        if answer.status_code in UNKNOWN:
            await self._end("the Manager does not know this Worker", rejected=True)
        if answer.status_code == httpx.codes.OK:
            self._request(answer, lazy=lazy)

    def _request(self, answer: httpx.Response, *, lazy: bool) -> None:
        change = self._understood(answer, WorkerStateChange)
        if change is not None:
            self.station.received(RequestStatus(change.status_requested, lazy))

    # Messages of the Worker

    async def _deliver(self) -> None:
        """Deliver the outbox in its order, repeating each message until it is answered."""
        said = 0
        while True:
            for seq, message in await self.outbox.after(said):
                self.station.received(Acknowledge(seq, await self._say(message)))
                said = seq

    async def _say(self, message: Message) -> str | None:
        """Repeat a message until there is an answer; returns the reason if it does not count."""
        failures = 0
        while True:
            try:
                return await self._say_once(message)
            except ManagerAway as error:
                log.debug("The Manager is away: %s", error)
                await trio.sleep(backoff(failures))
                failures += 1

    async def _say_once(self, message: Message) -> str | None:
        match message:
            case Report():
                return await self._report(message)
            case StateChanged(status):
                await self._said("state-changed", WorkerStateChanged(status=status))
            case SignOff():
                await self._said("sign-off")
        return None

    async def _report(self, report: Report) -> str | None:
        route = f"task/{report.task_id}"
        if report.blocklist is not None and report.status is TaskStatus.FAILED:
            await self._said(route, _update(attrs.evolve(report, status=None)))
            wish = BlocklistingRequest(reason=report.blocklist)
            if (await self._said(f"{route}/request-blocklisting", wish)).is_success:
                return None
            report = attrs.evolve(report, log=None)  # the Manager does not know such a request
        answer = await self._said(route, _update(report))
        if answer.status_code in NOT_OURS:
            return f"the Manager answered {answer.status_code}"
        return None

    async def _said(self, route: str, body: object = None) -> httpx.Response:
        """The answer to a message; after an error it is not repeated."""
        answer = await self._call("POST", route, body)
        if answer.status_code in UNKNOWN:
            await self._end("the Manager does not know this Worker", rejected=True)
        if answer.is_error and answer.status_code not in NOT_OURS:
            log.warning("The Manager answered %d to %s", answer.status_code, route)
        return answer

    # Calls

    async def _call(self, method: str, route: str, body: object = None) -> httpx.Response:
        """Ask the Manager. Raises `ManagerAway`."""
        content: dict[str, Any] = {}
        if body is not None:
            content["content"] = msgspec.json.encode(body)
            content["headers"] = {"Content-Type": "application/json"}
        try:
            answer = await self.http.request(
                method,
                f"api/v3/worker/{route}",
                auth=(self.credentials.worker_id, self.credentials.worker_secret),
                **content,
            )
        except httpx.HTTPError as error:
            raise ManagerAway(str(error) or type(error).__name__) from None
        if answer.status_code in AWAY:
            said = said_in(answer.content)
            raise ManagerAway(f"it answered {answer.status_code}" + (f": {said}" if said else ""))
        return answer

    def _understood(self, answer: httpx.Response, kind: type[T]) -> T | None:
        """The content of an answer; None if it is an error, or not as expected."""
        if answer.status_code not in (httpx.codes.OK, httpx.codes.LOCKED):
            return None
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.DecodeError as error:
            log.warning("An answer of the Manager was not understood: %s", error)
            return None

    async def _end(self, reason: str, *, rejected: bool = False, after: float = 0.0) -> NoReturn:
        """Give up on this Manager for now."""
        await trio.sleep(_about(after))
        self._ended = Ended(reason, httpx.codes.FORBIDDEN if rejected else 0)
        self._scope.cancel()
        await trio.sleep_forever()
        raise AssertionError("a cancelled task went on")


def _about(seconds: float) -> float:
    return seconds * _random.uniform(1 - JITTER, 1 + JITTER)


def _update(report: Report) -> TaskUpdate:
    return TaskUpdate(
        taskStatus=_or_unset(report.status),
        activity=_or_unset(report.activity),
        log=_or_unset(report.log),
        steps_completed=_or_unset(report.steps_completed),
    )


def _or_unset(value: T | None) -> T | UnsetType:
    return UNSET if value is None else value


def _assignment(task: AssignedTask) -> Assign:
    """A task as in a session. Its lease is a number of ours: the Manager sends none over HTTP."""
    return Assign(
        task_id=task.uuid,
        lease=int(clock.now().timestamp() * 1000),
        job_id=task.job,
        name=task.name,
        job_type=task.job_type,
        task_type=task.task_type,
        priority=task.priority,
        job_priority=task.job_priority,
        commands=task.commands,
        steps_total=task.steps_total,
    )
