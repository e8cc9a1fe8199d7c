"""A Manager that answers as the HTTP API says and remembers the jobs it was sent."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import attrs

from tests.addon.job_type import SIMPLE_BLENDER_RENDER

VERSION = "4.0.0.dev0"

JOB, TASK = "f2b1b2fc-6a4d-4cf1-9b1c-2f6c5a0d9c8e", "0e4b1a52-61b4-4c43-8f26-4d4ac2f7a7b1"

MEANT = {"pause-requested": "paused", "cancel-requested": "canceled", "requeueing": "queued"}
"""The statuses that a job gets when it is asked for others."""

REDIRECTED = 302
CONFIRMED = "flm_confirmed"
"""Token that it asks for once somebody has confirmed a code."""

GATE_TIMEOUT = 60
"""Seconds that the check of a job waits for its gate."""


@attrs.define
class FakeManager:
    """Its answers can be changed between requests."""

    storage: Path
    url: str = ""
    version: str = VERSION
    shaman: bool = False
    job_types: list[dict[str, Any]] = attrs.Factory(lambda: [SIMPLE_BLENDER_RENDER])
    tags: list[dict[str, Any]] = attrs.Factory(list)
    refusals: dict[str, tuple[int, Any]] = attrs.Factory(dict)
    """Status and body by path, for what is not to succeed."""
    checked: list[dict[str, Any]] = attrs.Factory(list)
    submitted: list[dict[str, Any]] = attrs.Factory(list)
    warnings: list[str] = attrs.Factory(list)
    state: dict[str, Any] = attrs.Factory(lambda: {"status": "queued"})
    """Status and activity of the job, and what else is told of it."""
    asked: list[str] = attrs.Factory(list)
    """The statuses that were asked of the job, which it gets at once."""
    picture: bytes = b""
    """Its newest frame as JPEG; empty if there is none."""
    silent: bool = False
    """True if nothing that concerns the job is answered with success."""
    failed: dict[str, str] = attrs.Factory(dict)
    """Name and activity of its task that failed; empty if none did."""
    paths: list[str] = attrs.Factory(list)
    """Method and path of every request, in order."""
    token: str = ""
    """What a client has to show; without one it asks for none."""
    confirmations: list[tuple[int, Any]] = attrs.Factory(list)
    """Answers to come to those who ask for the token of their code, the last for good."""
    dry_run: list[str] | None = None
    """Warnings of a dry run; None if it knows of none, as Flamenco 3's."""
    page: str = ""
    """Address at which a code is confirmed."""
    redirect: str = ""
    """Address of the server that each GET is redirected to; empty for none."""
    authorizations: set[str | None] = attrs.Factory(set)
    agents: set[str] = attrs.Factory(set)
    gate: threading.Event = attrs.Factory(threading.Event)
    """The check of a job is answered once it is set, which GET /open-gate does."""

    post_gate: threading.Event = attrs.Factory(threading.Event)
    """A submission is answered once it is set, which GET /open-gate does."""
    lose: int = 0
    """Number of requests to come for a job whose answer is lost."""
    keys: list[str] = attrs.Factory(list)
    """The keys of all submissions."""
    given_up: list[str] = attrs.Factory(list)
    """Keys of the submissions whose files are given up."""
    packs: int = 0
    """Number of folders handed out."""

    def __attrs_post_init__(self) -> None:
        self.gate.set()
        self.post_gate.set()

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Status and JSON body; None for an empty one."""
        self.paths.append(f"{method} {path}")
        if path in self.refusals:
            return self.refusals[path]
        match method, path.removeprefix("/api/v3/").split("/"):
            case "GET", ["version"]:
                return 200, self._version()
            case "GET", ["configuration", "shared-storage", audience, platform]:
                return 200, self._storage(audience, platform)
            case "GET", ["jobs", "types"]:
                return 200, {"job_types": self.job_types}
            case "GET", ["worker-mgt", "tags"]:
                return 200, {"tags": self.tags}
            case "POST", ["jobs" | "access", *rest]:
                return self._post(rest, body)
            case "DELETE", ["jobs", what]:
                return self._delete(what)
            case "GET", ["", *words] if words[0] in {"open-gate", "play"}:
                return self._play(words)
            case "GET", [*words] if JOB in words or TASK in words:
                return (503, None) if self.silent else self._of_job(words)
        return 404, {"code": 404, "message": "no such operation"}

    def _delete(self, what: str) -> tuple[int, Any]:
        if what != "packs":
            self.submitted.clear()
        return 204, None

    def _let_in(self, rest: list[str]) -> tuple[int, Any]:
        if not self.confirmations:
            return 404, None
        if rest:
            is_last = len(self.confirmations) == 1
            return self.confirmations[0] if is_last else self.confirmations.pop(0)
        codes = {"device_code": "secret", "user_code": "WDJB-MJHT", "verification_uri": self.page}
        return 200, {**codes, "expires_in": 600, "interval": 0.05}

    def _play(self, words: list[str]) -> tuple[int, Any]:
        match words:
            case ["open-gate"]:
                self.gate.set()
                self.post_gate.set()
            case ["play", "silent"]:
                self.silent = True
            case ["play", "confirmed"]:
                self.token = CONFIRMED
                self.confirmations = [(200, {"token": self.token})]
            case [_, status]:
                self.silent, self.state = False, {**self.state, "status": status}
        return 204, None

    def _post(self, rest: list[str], body: Any) -> tuple[int, Any]:
        match rest:
            case [_, "setstatus"]:
                self.asked.append(body["status"])
                self.state = {**self.state, "status": MEANT[body["status"]]}
                return 204, None
            case ["check"]:
                assert self.gate.wait(GATE_TIMEOUT), "nobody opened the gate"
                self.checked.append(body)
                return 204, None
            case ["devices", *more]:
                return self._let_in(more)
            case ["dry-run?limit=1"]:
                if self.dry_run is None:
                    return 404, None
                self.checked.append(body)
                return 200, {"warnings": self.dry_run}
            case ["packs"]:
                self.packs += 1
                return 200, {"path": f"jobs/2026-11-29-{self.packs}"}
            case _:
                assert self.post_gate.wait(GATE_TIMEOUT), "nobody opened the gate"
                self.submitted.append(body)
                return 200, body | self._job() | {"status": "queued"}

    def _of_job(self, words: list[str]) -> tuple[int, Any]:
        match words:
            case ["jobs", _]:
                return 200, self._job()
            case ["jobs", _, "last-rendered"]:
                base = f"/job-files/{JOB}"
                shown = {"base": base, "suffixes": ["last-rendered.jpg", "last-rendered-tiny.jpg"]}
                return (200, shown) if self.picture else (204, None)
            case ["", "job-files", _, "last-rendered-tiny.jpg"]:
                return 200, self.picture
            case ["jobs", _, "tasks?status=failed&sort=updated&limit=1"]:
                failed = {"id": TASK, "status": "failed"}
                return 200, {"tasks": [failed] if self.failed else []}
        return 200, self.failed

    def _job(self) -> dict[str, Any]:
        told = {"warnings": self.warnings} if self.warnings else {}
        return {"id": JOB, **self.state, **told}

    def _version(self) -> dict[str, str]:
        short = self.version
        return {"version": short, "shortversion": short, "name": "Fake", "git": "0"}

    def _storage(self, audience: str, platform: str) -> dict[str, Any]:
        place = {"audience": audience, "platform": platform, "location": str(self.storage)}
        return {**place, "shamanEnabled": self.shaman}


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"

    def do_GET(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        manager = self.server.manager
        manager.agents.add(self.headers["User-Agent"])
        if self.command == "DELETE" and self.path.endswith("/packs"):
            manager.given_up.append(self.headers["Idempotency-Key"])
        if self.path == "/api/v3/jobs":
            manager.keys.append(self.headers["Idempotency-Key"])
            manager.lose -= 1
            if manager.lose >= 0:
                self.close_connection = True
                return
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        status, answer = self._checked() or manager.answer(self.command, self.path, body)
        data = b"" if answer is None else answer
        data = data if isinstance(data, bytes) else json.dumps(data).encode()
        self.send_response(status)
        if status == REDIRECTED:
            self.send_header("Location", manager.redirect.rstrip("/") + self.path)
        if data:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _checked(self) -> tuple[int, Any] | None:
        """The answer to who may not ask here."""
        manager, shown = self.server.manager, self.headers["Authorization"]
        manager.authorizations.add(shown)
        if manager.redirect:
            return REDIRECTED, None
        is_free = "/access/devices" in self.path or "/api/" not in self.path
        if manager.token and not is_free and shown != f"Bearer {manager.token}":
            return 401, {"code": 401, "message": "sign in first"}
        return None

    def log_message(self, *_: object) -> None:
        """Keep the tests' output free of requests."""


class _Server(ThreadingHTTPServer):
    manager: FakeManager


@contextmanager
def running(storage: Path) -> Iterator[FakeManager]:
    """A fake Manager on a free port of the loopback interface."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        manager = FakeManager(storage, url=f"http://127.0.0.1:{server.server_port}/")
        server.manager = manager
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield manager
        finally:
            server.shutdown()
            thread.join()
