"""A Worker of Flamenco 3, as far as the Manager sees it (reference rules §15).

It asks over HTTP with the intervals, the buffer and the answers to errors of the real one, at
``pace`` times their length. Its tasks echo and sleep.
"""

import random
from collections import Counter
from contextlib import suppress

import attrs
import httpx
import trio

FIRST_FETCH_SECONDS = 3.0
NO_TASK_SECONDS = 20.0
AFTER_TASK_SECONDS = 2.0
REFUSED_SECONDS = 60.0
MAY_I_RUN_SECONDS = 10.0
ASLEEP_SECONDS = 3.0
SIGN_ON_SECONDS = 5.0
FLUSH_SECONDS = 30.0

LEAVE = ("offline", "restart")


@attrs.define(eq=False)
class Flamenco3Worker:
    """One Worker; its credentials and its buffer outlive its runs, as files do."""

    url: str
    name: str
    pace: float = 0.01
    can_restart: bool = False
    secret: str = "1f" * 32
    worker_id: str = ""
    status: str = "offline"
    answers: Counter[int] = attrs.field(factory=Counter)
    buffer: list[tuple[str, dict]] = attrs.field(factory=list)
    _http: httpx.AsyncClient = attrs.field(init=False)
    _task: trio.CancelScope = attrs.field(factory=trio.CancelScope)

    async def run(self) -> str:
        """Work until the Manager asks it to leave; the status it leaves with."""
        async with httpx.AsyncClient(base_url=f"{self.url}/api/v3/worker", timeout=60) as http:
            self._http = http
            self.status = await self._sign_on()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._flush_now_and_then)
                while self.status not in LEAVE:
                    await self._say(
                        "/state-changed", {"status": self.status}, say_again_after=SIGN_ON_SECONDS
                    )
                    self.status = await (self._sleep() if self.status == "asleep" else self._work())
                nursery.cancel_scope.cancel()
            await self._flush()
            await self._say("/sign-off", None)
        return self.status

    async def _pause(self, seconds: float) -> None:
        await trio.sleep(seconds * self.pace * random.uniform(0.9, 1.1))

    async def _ask(self, method: str, path: str, body: dict | None = None) -> httpx.Response:
        """Raises httpx.TransportError when nobody answers."""
        auth = (self.worker_id, self.secret) if self.worker_id else None
        answer = await self._http.request(method, path, json=body, auth=auth)
        self.answers[answer.status_code] += 1
        return answer

    async def _say(self, path: str, body: dict | None, say_again_after: float = 0) -> None:
        while True:
            try:
                assert (await self._ask("POST", path, body)).status_code == 204
            except httpx.TransportError:
                if not say_again_after:
                    return
                await self._pause(say_again_after)
            else:
                return

    async def _sign_on(self) -> str:
        body = {
            "name": self.name,
            "supported_task_types": ["blender", "ffmpeg", "file-management", "misc"],
            "software_version": "3.9",
            "can_restart": self.can_restart,
        }
        while True:
            with suppress(httpx.TransportError):
                if not self.worker_id:
                    await self._register(body["supported_task_types"])
                answer = await self._ask("POST", "/sign-on", body)
                if answer.status_code == 200:
                    return answer.json()["status_requested"]
                self.worker_id = ""
                continue
            await self._pause(SIGN_ON_SECONDS)

    async def _register(self, task_types: list[str]) -> None:
        body = {
            "name": self.name,
            "secret": self.secret,
            "platform": "linux",
            "supported_task_types": task_types,
        }
        answer = await self._ask("POST", "/register-worker", body)
        assert answer.status_code == 200
        self.worker_id = answer.json()["uuid"]

    async def _sleep(self) -> str:
        while True:
            await self._pause(ASLEEP_SECONDS)
            with suppress(httpx.TransportError):
                answer = await self._ask("GET", "/state")
                if answer.status_code == 200:
                    return answer.json()["status_requested"]

    async def _work(self) -> str:
        """Fetch and run tasks until another status is requested."""
        await self._pause(FIRST_FETCH_SECONDS)
        while True:
            try:
                answer = await self._ask("POST", "/task")
            except httpx.TransportError:
                await self._pause(REFUSED_SECONDS)
                continue
            match answer.status_code:
                case 200:
                    await self._run(answer.json())
                    await self._pause(AFTER_TASK_SECONDS)
                case 204:
                    await self._pause(NO_TASK_SECONDS)
                case 423:
                    return answer.json()["status_requested"]
                case _:
                    await self._pause(REFUSED_SECONDS)

    # A task

    async def _run(self, task: dict) -> None:
        async with trio.open_nursery() as nursery:
            self._task = nursery.cancel_scope
            nursery.start_soon(self._ask_whether_it_may_run, task["uuid"])
            await self._carry_out(task)
            self._task.cancel()

    async def _ask_whether_it_may_run(self, task_id: str) -> None:
        while True:
            await self._pause(MAY_I_RUN_SECONDS)
            with suppress(httpx.TransportError):
                answer = await self._ask("GET", f"/task/{task_id}/may-i-run")
                if answer.status_code == 200 and not answer.json()["mayKeepRunning"]:
                    self._task.cancel()

    async def _carry_out(self, task: dict) -> None:
        task_id, steps = task["uuid"], task["steps_completed"]
        await self._update(task_id, taskStatus="active", activity="Started")
        for command in task["commands"]:
            parameters = command["parameters"]
            if command["name"] == "echo":
                await self._update(task_id, log=f"echo: {parameters['message']}\n")
            else:
                await self._pause(parameters["duration_in_seconds"])
            steps += 1
            await self._update(task_id, activity="Progress", steps_completed=steps)
        await self._update(task_id, taskStatus="completed", activity="Completed")

    async def _update(self, task_id: str, **update: object) -> None:
        """Send a message, or buffer it if that fails, or if the buffer is not empty."""
        if self.buffer:
            self.buffer.append((task_id, update))
            return
        try:
            answer = await self._ask("POST", f"/task/{task_id}", update)
        except httpx.TransportError:
            self.buffer.append((task_id, update))
            return
        if answer.status_code == 409:
            self._task.cancel()
            await trio.lowlevel.checkpoint()

    async def _flush_now_and_then(self) -> None:
        while True:
            await self._flush()
            await self._pause(FLUSH_SECONDS)

    async def _flush(self) -> None:
        while self.buffer:
            task_id, update = self.buffer[0]
            try:
                await self._ask("POST", f"/task/{task_id}", update)
            except httpx.TransportError:
                return
            del self.buffer[0]
