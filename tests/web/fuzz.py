"""Sends every operation what its document allows and what it forbids, and checks the answers.

By hand, against a Manager of its own, `python -m tests.web.fuzz [--examples N] [--seed N]` goes on
for as long as you like.
"""

import argparse
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import cycle
from pathlib import Path

import attrs
import httpx
import hypothesis
import requests
import schemathesis
from hypothesis.errors import Unsatisfiable
from schemathesis.specs.openapi import checks

from tests.e2e.running import running_manager
from tests.web.conftest import JOB
from web.wire import EVENT_STREAM

CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
REJECTS = [*CHECKS, checks.negative_data_rejection]
MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
SECRET = "s" * 32
TOO_LARGE, HEAD_TOO_LARGE = 413, 431


@attrs.frozen
class Target:
    """A Manager, and things on it that operations can be about."""

    http: httpx.Client
    document: Mapping[str, object]
    _hosts: Iterator[int] = attrs.field(init=False, factory=lambda: cycle(range(1, 255)))

    @property
    def operations(self) -> list[str]:
        """The ids of all its operations."""
        paths = self.document["paths"]
        return [each["operationId"] for path in paths.values() for each in path.values()]

    def known(self) -> tuple[dict[str, str], tuple[str, str]]:
        """Ids of a job, one of its tasks, a worker that is awake and holds it, and a tag;
        and the credentials of the worker."""
        worker = {"name": "w", "secret": SECRET, "platform": "linux"}
        types = {"supported_task_types": ["misc"]}
        login = (self._register(worker | types), SECRET)
        self._post("worker/sign-on", types | {"name": "w", "software_version": "4"}, login)
        self._post("worker/state-changed", {"status": "awake"}, login)
        job = self._post("jobs", JOB | {"priority": 100})["id"]
        task = self._post("worker/task", None, login)["uuid"]
        tag = self._post("worker-mgt/tags", {"name": job})["id"]
        ids = {"job_id": job, "task_id": task, "worker_id": login[0], "tag_id": tag}
        return ids, login

    def _register(self, worker: object) -> str:
        """Register a worker from an address of its own, as few may register from one."""
        transport = httpx.HTTPTransport(local_address=f"127.0.1.{next(self._hosts)}")
        with httpx.Client(base_url=self.http.base_url, transport=transport) as newcomer:
            answer = newcomer.post("/api/v3/worker/register-worker", json=worker)
        assert answer.is_success, answer.text
        return answer.json()["uuid"]

    def _post(self, path: str, body: object, login: tuple[str, str] | None = None) -> dict:
        answer = self.http.post(f"/api/v3/{path}", json=body, auth=login)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else {}

    def probe(self, operation_id: str, examples: int, seed: int) -> None:
        """Fails on an answer that is not declared, or on one that is not as declared."""
        schema = schemathesis.openapi.from_dict(self.document)
        operation = schema.find_operation_by_id(operation_id)
        names = {each.name for each in operation.path_parameters}
        for mode in MODES:
            ids, login = self.known()
            about = {name: value for name, value in ids.items() if name in names}
            for path in (about, None) if about else (None,):
                self._send(operation, mode, path, login, examples, seed)

    def _send(
        self,
        operation: schemathesis.APIOperation,
        mode: schemathesis.GenerationMode,
        path: dict[str, str] | None,
        login: tuple[str, str],
        examples: int,
        seed: int,
    ) -> None:
        url, endless = str(self.http.base_url), EVENT_STREAM in _contents(operation)
        streams = operation.path.startswith("/api/v3/shaman/files")  # no body is an empty file
        rejects = mode is MODES[1] and not streams

        @hypothesis.seed(seed)
        @hypothesis.settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(operation.as_strategy(mode, path_parameters=path))
        def send(case: schemathesis.Case) -> None:
            if endless:
                _begin(case, url)
                return
            answer = case.call(base_url=url, auth=login, timeout=60)
            if answer.status_code != HEAD_TOO_LARGE:  # refused before it is known for what
                is_told = answer.status_code == TOO_LARGE  # which the check does not know
                case.validate_response(
                    answer, checks=REJECTS if rejects and not is_told else CHECKS
                )

        with suppress(Unsatisfiable):  # it takes nothing that could be wrong
            send()


def _contents(operation: schemathesis.APIOperation) -> set[str]:
    """The types of all that it may answer with."""
    responses = operation.definition.raw["responses"].values()
    return {kind for response in responses for kind in response.get("content", {})}


def _begin(case: schemathesis.Case, url: str) -> None:
    """Send a request whose answer has no end, and check how that begins."""
    request = case.as_transport_kwargs(base_url=url)
    with requests.request(**request, stream=True, timeout=60) as answer:
        if answer.status_code == HEAD_TOO_LARGE:
            return
        declared = case.operation.definition.raw["responses"]
        assert str(answer.status_code) in declared, f"{request}: {answer.status_code}"
        kind = answer.headers["Content-Type"].partition(";")[0]
        assert kind in declared[str(answer.status_code)]["content"], f"{request}: {kind}"


@contextmanager
def target(folder: Path) -> Iterator[Target]:
    """A Manager in a process of its own, its files in a folder."""
    with running_manager(folder) as url, httpx.Client(base_url=url, timeout=60) as http:
        document = http.get("/api/v3/openapi3.json").json()
        for path in document["paths"].values():
            for operation in path.values():
                operation.pop("security", None)  # every request carries a worker's credentials
        yield Target(http, document)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--operation", action="append")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, target(Path(folder)) as manager:
        for operation_id in options.operation or manager.operations:
            print(operation_id, flush=True)
            try:
                manager.probe(operation_id, options.examples, options.seed)
            except* AssertionError as group:
                for error in group.exceptions:
                    print(f"    {type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
