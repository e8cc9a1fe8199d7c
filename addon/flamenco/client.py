# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the Manager's HTTP API that the add-on uses (reference API §2)."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from .errors import (
    JobRejected,
    JobTypeOutdated,
    ManagerBusy,
    ManagerRefused,
    ManagerUnreachable,
    NotAllowed,
    NotSignedIn,
    StillUnderWay,
    UnexpectedAnswer,
)
from .version import VERSION

ASK_TIMEOUT = 4.0
"""Seconds to wait for the answer to a question."""

SUBMIT_TIMEOUT = 60.0
"""Seconds to wait while the Manager compiles a job."""

SHAMAN_TIMEOUT = 60.0
"""Seconds in which the Manager has to take a piece of a file, or to tell what it lacks."""

CHECKOUT_TIMEOUT = 600.0
"""Seconds in which the Manager has to make a checkout, of up to 100,000 files."""

TRIES, PAUSE = 4, 1.0
"""Number of times that a job is sent whose answer is lost, and the seconds in between."""

PATIENCE = 60.0
"""Seconds for which a job is sent again while the Manager, or a proxy before it, is busy."""

_UNKNOWN_OPERATION = frozenset({404, 405})
_BAD_REQUEST = 400
_CONFLICT = 409
_BUSY = frozenset({502, 503, 504})
_PRECONDITION_FAILED = 412
_DOORS = {401: NotSignedIn, 403: NotAllowed}
_PIECE = 65536
_FINISHED = frozenset({"completed", "failed", "canceled"})

# The Manager is in the local network, where no proxy is wanted.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def normal_url(text: str) -> str:
    """The Manager's address with its scheme, and with a slash at the end.

    Raises ManagerUnreachable if it is empty or not an HTTP address.
    """
    url = text.strip()
    if "://" not in url:
        url = f"http://{url}"
    try:
        parts = urlsplit(url)
        valid = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError as ex:
        raise ManagerUnreachable(text, str(ex)) from ex
    if not valid:
        raise ManagerUnreachable(text, "expected an address such as http://manager:8080/")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/"


@dataclass(frozen=True)
class JobState:
    """A job as the Manager tells it."""

    id: str
    status: str
    activity: str
    """The reason for the status, if there is one."""
    warnings: tuple[str, ...]
    done: int = 0
    total: int = 0
    """Frames, or, at a Manager of Flamenco 3, steps of its tasks."""
    approvals: int = 0
    """Number of its tasks that wait for a yes or no."""
    likely: str = ""
    """Time, in ISO 8601, at which it is likely to be done; empty if nobody knows."""

    @property
    def is_finished(self) -> bool:
        """True if nothing of it will change unless somebody wants it to."""
        return self.status in _FINISHED


class Client:
    """A client of one Manager. Every call blocks, up to its timeout, and raises `FlamencoError`.

    `token` gives the API token for its address, empty without one; it is called in every call.
    """

    def __init__(self, url: str, token: Callable[[str], str] = lambda _: "") -> None:
        self.url = normal_url(url)
        self._token = token

    def version(self) -> dict[str, Any]:
        """`getVersion`: the Manager's name and version."""
        return self._get("api/v3/version")

    def begin_sign_in(self, name: str) -> dict[str, Any]:
        """Codes by which a person lets in who asks, under this name (RFC 8628, section 3.2)."""
        return self._post_object("api/v3/access/devices", {"name": name})

    def end_sign_in(self, code: str) -> dict[str, Any]:
        """The token, once the person has let in who got this code (RFC 8628, section 3.4)."""
        return self._post_object("api/v3/access/devices/token", {"device_code": code})

    def shared_storage(self, platform: str) -> dict[str, Any]:
        """`getSharedStorage`: the path of the shared storage for users on `platform`."""
        return self._get(f"api/v3/configuration/shared-storage/users/{quote(platform, safe='')}")

    def job_types(self) -> dict[str, Any]:
        """`getJobTypes`: all job types with their settings."""
        return self._get("api/v3/jobs/types")

    def worker_tags(self) -> dict[str, Any]:
        """`fetchWorkerTags`: all worker tags."""
        return self._get("api/v3/worker-mgt/tags")

    def check_job(self, job: dict[str, Any]) -> list[str]:
        """`dryRunJob`: raises the errors of `submit_job`, but stores nothing.

        Returns the Manager's warnings; one of Flamenco 3, which has no dry runs, gives none.
        """
        try:
            told = self._send_job("api/v3/jobs/dry-run?limit=1", job)
        except JobRejected as ex:
            if ex.status not in _UNKNOWN_OPERATION:
                raise
            self._send_job("api/v3/jobs/check", job)
            return []
        return [str(one) for one in _list(_object(told).get("warnings"))]

    def submit_job(
        self, job: dict[str, Any], key: str, is_wanted: Callable[[], bool] = lambda: True
    ) -> JobState:
        """`submitJob`: store the job at the Manager, once, however often it is sent with `key`.

        It is sent again when the answer is lost, and while the Manager is busy.
        Raises JobTypeOutdated on HTTP 412 and JobRejected on any other refusal; after
        ManagerUnreachable, ManagerBusy and StillUnderWay it is not known if there will be a job.
        """
        lost, until = 0, time.monotonic() + PATIENCE
        while True:
            try:
                return _job_state(self._send_job("api/v3/jobs", job, key))
            except ManagerBusy:
                # Sent a few times more if aborted: only the answer tells which job to delete.
                lost += not is_wanted()
                if time.monotonic() > until or lost == TRIES:
                    raise
            except (ManagerUnreachable, StillUnderWay):
                lost += 1
                if lost == TRIES:
                    raise
            time.sleep(PAUSE)

    def hand_out_pack(self, name: str, key: str) -> str | None:
        """`handOutPack`: the path, below the shared storage, for the files of the job with `key`.

        None if the Manager, one of Flamenco 3, hands out none.
        """
        request = self._request(urljoin(self.url, "api/v3/jobs/packs"))
        try:
            answer = self._post(request, {"name": name}, key, ASK_TIMEOUT)
        except ManagerRefused as ex:
            if ex.status in _UNKNOWN_OPERATION:
                return None
            raise
        if not isinstance(answer, dict) or not isinstance(answer.get("path"), str):
            raise UnexpectedAnswer(request.full_url, "it has no path")
        return answer["path"]

    def give_up(self, key: str) -> None:
        """`giveUpFiles`: let the Manager remove what it keeps for the submission with `key`.

        One of Flamenco 3 keeps nothing by keys.
        """
        request = self._request(urljoin(self.url, "api/v3/jobs/packs"))
        request.method = "DELETE"
        request.add_header("Idempotency-Key", key)
        try:
            self._ask(request, ASK_TIMEOUT)
        except ManagerRefused as ex:
            if ex.status not in {*_UNKNOWN_OPERATION, _BAD_REQUEST}:
                raise

    def required(self, files: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """`shamanCheckoutRequirements`: those of `files` to be sent first, with their status."""
        url = urljoin(self.url, "api/v3/shaman/checkout/requirements")
        answer = self._post(self._request(url), {"files": files}, "", SHAMAN_TIMEOUT)
        if not isinstance(answer, dict) or not isinstance(answer.get("files") or [], list):
            raise UnexpectedAnswer(url, "it has no files")
        return answer.get("files") or []

    def upload(
        self, sha: str, size: int, headers: Mapping[str, str], body: Iterable[bytes]
    ) -> None:
        """`shamanFileStore`: send a file, unless it is there already."""
        request = self._request(urljoin(self.url, f"api/v3/shaman/files/{sha}/{size}"))
        request.data = body
        request.add_header("Content-Type", "application/octet-stream")
        request.add_header("Content-Length", str(size))
        for name, value in headers.items():
            request.add_header(name, value)
        self._ask(request, SHAMAN_TIMEOUT)

    def check_out(self, files: list[dict[str, Any]], name: str, key: str) -> str:
        """`shamanCheckout`: make a folder of files for the submission with `key`.

        Returns its path, which may not be `name`.
        """
        url = urljoin(self.url, "api/v3/shaman/checkout/create")
        body = {"files": files, "checkoutPath": name}
        answer = self._post(self._request(url), body, key, CHECKOUT_TIMEOUT)
        if not isinstance(answer, dict) or not isinstance(answer.get("checkoutPath"), str):
            raise UnexpectedAnswer(url, "it has no path")
        return answer["checkoutPath"]

    def delete_job(self, job_id: str) -> None:
        """`deleteJob`: delete a job with the files that were sent for it."""
        url = urljoin(self.url, f"api/v3/jobs/{quote(job_id, safe='')}?files=true")
        request = self._request(url)
        request.method = "DELETE"
        self._ask(request, ASK_TIMEOUT)

    def job(self, job_id: str) -> JobState:
        """`fetchJob`: a job; if it has failed, with the reason of the task that failed first."""
        place = f"api/v3/jobs/{quote(job_id, safe='')}"
        state = _job_state(self._get(place))
        if state.status != "failed":
            return state
        tasks = self._get(f"{place}/tasks?status=failed&sort=updated&limit=1").get("tasks")
        failed = next((one for one in _objects(tasks) if one.get("status") == "failed"), None)
        if failed is None:
            return state
        task = self._get(f"api/v3/tasks/{quote(str(failed.get('id')), safe='')}")
        return replace(state, activity=f"{task.get('name')}: {task.get('activity')}")

    def set_status(self, job_id: str, status: str) -> None:
        """`setJobStatus`: ask for a status of a job."""
        url = urljoin(self.url, f"api/v3/jobs/{quote(job_id, safe='')}/setstatus")
        body = {"status": status, "reason": "asked for in Blender"}
        self._post(self._request(url), body, "", ASK_TIMEOUT)

    def newest_picture(self, job_id: str) -> bytes | None:
        """A small JPEG of the job's newest frame; None if there is none."""
        url = urljoin(self.url, f"api/v3/jobs/{quote(job_id, safe='')}/last-rendered")
        told = self._ask(self._request(url), ASK_TIMEOUT)
        if told is None:
            return None
        picture = _object(told)
        names = _list(picture.get("suffixes"))
        if not names:
            raise UnexpectedAnswer(url, "it names no picture")
        place = f"{str(picture.get('base')).strip('/')}/{names[-1]}"
        return self._fetch(self._request(urljoin(self.url, quote(place))), ASK_TIMEOUT)

    def page_of(self, job_id: str) -> str:
        """The address of a job's web page."""
        return urljoin(self.url, f"app/jobs/{quote(job_id, safe='')}")

    def _get(self, path: str) -> dict[str, Any]:
        url = urljoin(self.url, path)
        answer = self._ask(self._request(url), ASK_TIMEOUT)
        if not isinstance(answer, dict):
            raise UnexpectedAnswer(url, "it is not a JSON object")
        return answer

    def _post_object(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        url = urljoin(self.url, path)
        return _object(self._post(self._request(url), body, "", ASK_TIMEOUT))

    def _post(
        self, request: urllib.request.Request, body: dict[str, Any], key: str, timeout: float
    ) -> object:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
        if key:
            request.add_header("Idempotency-Key", key)
        return self._ask(request, timeout)

    def _send_job(self, path: str, job: dict[str, Any], key: str = "") -> object:
        try:
            return self._post(self._request(urljoin(self.url, path)), job, key, SUBMIT_TIMEOUT)
        except tuple(_DOORS.values()):
            raise
        except ManagerRefused as ex:
            if ex.status == _PRECONDITION_FAILED:
                raise JobTypeOutdated(job["type"]) from ex
            if key and ex.status == _CONFLICT:
                raise StillUnderWay from ex
            if key and ex.status in _BUSY:
                raise ManagerBusy(ex.status, ex.message) from ex
            raise JobRejected(ex.status, ex.message) from ex

    def _request(self, url: str) -> urllib.request.Request:
        agent = f"Flamenco/{VERSION} (Blender add-on)"
        request = urllib.request.Request(  # noqa: S310 - `normal_url` lets only HTTP through
            url, headers={"User-Agent": agent, "Accept": "application/json"}
        )
        if token := self._token(self.url):
            # Not sent on to another server, if this one redirects there.
            request.add_unredirected_header("Authorization", f"Bearer {token}")
        return request

    def _fetch(self, request: urllib.request.Request, timeout: float) -> bytes:
        try:
            with _opener.open(request, timeout=timeout) as response:
                return _whole(response, timeout)
        except urllib.error.HTTPError as ex:
            with ex:
                kind = _DOORS.get(ex.code, ManagerRefused)
                raise _refusal(kind, request.full_url, ex) from ex
        except (OSError, HTTPException) as ex:
            raise ManagerUnreachable(self.url, str(getattr(ex, "reason", "") or ex)) from ex

    def _ask(self, request: urllib.request.Request, timeout: float) -> object:
        body = self._fetch(request, timeout)
        try:
            return json.loads(body) if body else None
        except ValueError as ex:
            raise UnexpectedAnswer(request.full_url, "it is not JSON") from ex


def _whole(response: HTTPResponse, seconds: float) -> bytes:
    """The body, unless it takes longer than that altogether. Raises OSError."""
    deadline, pieces = time.monotonic() + seconds, []
    while piece := response.read1(_PIECE):
        pieces.append(piece)
        if time.monotonic() > deadline:
            raise TimeoutError("the answer takes too long")
    return b"".join(pieces)


def _job_state(answer: object) -> JobState:
    job = _object(answer)
    texts = (str(job.get(key) or "") for key in ("id", "status", "activity"))
    frames = _object(job.get("frames"))
    return JobState(
        *texts,
        warnings=tuple(map(str, _list(job.get("warnings")))),
        done=_count(frames.get("done", job.get("steps_completed"))),
        total=_count(frames.get("total", job.get("steps_total"))),
        approvals=_count(job.get("approvals")),
        likely=str(_object(job.get("eta")).get("likely") or ""),
    )


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in _list(value) if isinstance(one, dict)]


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def _refusal(kind: type[ManagerRefused], url: str, error: urllib.error.HTTPError) -> ManagerRefused:
    """The refusal with the Manager's own message, else with the standard text for the status."""
    try:
        told = _object(json.loads(error.read()))
    except (OSError, HTTPException, ValueError):
        told = {}
    is_its_own = told.get("code") == error.code and "message" in told
    message, reason = (str(told.get(key) or "") for key in ("message", "error"))
    message = message or str(error.reason)
    return kind(url, error.code, message, is_its_own=is_its_own, error=reason)
