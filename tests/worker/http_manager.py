"""A Manager as Flamenco 3's, which speaks HTTP only: reference api §4 says what each call does."""

import json
import math
from collections import deque
from contextlib import asynccontextmanager

import trio

from tests.patience import PATIENCE
from tests.servers import serve
from tests.worker.fake_manager import FakeManager

WORKER = "/api/v3/worker/"


class HttpManager(FakeManager):
    """A Manager that answers as the test has set it, and passes all messages to the test."""

    def __init__(self, port):
        super().__init__(port)
        self.status = None
        self.wanted = "awake"
        self.is_lazy = True
        self.tasks = deque()
        self.is_stopped = ""
        """Why the task may not go on."""
        self.knows_wishes = False
        """True if a Worker may ask to be blocklisted, as of our Manager and not of Flamenco 3's."""
        self.asked = []
        self._question = trio.Event()
        self.failing = {}
        """{the end of a path: the status that answers it}."""
        self._told_in, self._told = trio.open_memory_channel(math.inf)

    async def told(self):
        """The Worker's next message: the path below `worker/`, and the body."""
        with trio.fail_after(PATIENCE):
            return await self._told.receive()

    async def has_been_asked(self, end, times=1):
        """Wait until calls to a place with this end have come so often."""
        with trio.fail_after(PATIENCE):
            while sum(place.endswith(end) for place in self.asked) < times:
                await self._question.wait()

    async def updates(self, status):
        """All updates of a task up to one with this status."""
        found = []
        while not found or found[-1].get("taskStatus") != status:
            place, body = await self.told()
            if place.startswith("task/"):
                found.append(body)
        return found

    async def serve(self, stream):
        await self._serve_http(stream, await stream.receive_some())

    def _answer(self, request, body):
        path, authorization = request.target.decode(), dict(request.headers).get(b"authorization")
        place = path.removeprefix(WORKER)
        if path == place or place == "register-worker":
            return super()._answer(request, body)
        if place == "session":
            return 404, b'{"code": 404, "message": "no such operation"}'
        if not self._knows(authorization or b""):
            return 403, b'{"message": "no such worker"}'
        self.asked.append(place)
        self._question.set()
        self._question = trio.Event()
        for end, status in self.failing.items():
            if place.endswith(end):
                return status, b"{}"
        status, answer = self._do(request.method.decode(), place, json.loads(body or b"{}"))
        return status, json.dumps(answer).encode() if answer is not None else b""

    def _do(self, method, place, body):
        match method, place:
            case "POST", "sign-on":
                self.status = "starting"
                self._told_in.send_nowait((place, body))
                return 200, {"status_requested": self.wanted or "awake"}
            case "GET", "state":
                return (200, {"status_requested": self.wanted}) if self.wanted else (204, None)
            case "POST", "task":
                return self._schedule()
            case "GET", _ if place.endswith("/may-i-run"):
                is_asked_away = self.wanted is not None and not self.is_lazy
                may = {
                    "mayKeepRunning": not self.is_stopped and not is_asked_away,
                    "reason": self.is_stopped,
                    "statusChangeRequested": is_asked_away,
                }
                return 200, may
            case "POST", _ if place.endswith("/request-blocklisting") and not self.knows_wishes:
                return 404, {"message": "Flamenco 3 knows no such wish"}
        if place == "state-changed":
            self.status = body["status"]
            self.wanted = None if self.wanted == self.status else self.wanted
        self._told_in.send_nowait((place, body))
        return 204, None

    def _schedule(self):
        if self.wanted:
            return 423, {"status_requested": self.wanted}
        if self.status != "awake":
            return 409, {"message": f"worker is {self.status}"}
        return (200, self.tasks.popleft()) if self.tasks else (204, None)


def fetched(*commands, task_id="task-1"):
    """A task as it is fetched; each command is a tuple of name, parameters and step count."""
    return {
        "uuid": task_id,
        "job": "job-1",
        "name": f"render {task_id}",
        "status": "active",
        "priority": 50,
        "job_priority": 50,
        "job_type": "test",
        "task_type": "misc",
        "commands": [
            {"name": name, "parameters": parameters, "total_step_count": 0}
            for name, parameters in commands
        ],
        "steps_completed": 0,
        "steps_total": len(commands),
    }


@asynccontextmanager
async def open_http_manager(port=0, *, again=None):
    """A Manager without sessions; ``again`` is the one that it is the next life of."""
    (listener,) = await trio.open_tcp_listeners(port, host="127.0.0.1")
    manager = again or HttpManager(listener.socket.getsockname()[1])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, manager.serve, listener)
        yield manager
        nursery.cancel_scope.cancel()
