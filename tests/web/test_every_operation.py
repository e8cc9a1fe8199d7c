"""Every operation refuses what it does not take, with a code and a sentence."""

import base64
import json
import re
from collections.abc import Iterator

import attrs
import pytest

from tests.web.conftest import API, JOB, OPERATIONS
from tests.web.test_worker_calls import NOBODY, REGISTRATION, SECRET, SIGN_ON, caller
from web.wire import JSON

STATUS = {"status": "asleep", "is_lazy": False}
CHANGE = {"status": "queued", "reason": "again"}
TIMES = {"is_active": True, "days_of_week": "mo", "start_time": "22:00", "end_time": "06:00"}
BLENDER = {"input": "", "path": "", "source": "default", "is_usable": True, "cause": ""}
FILE = {"sha": "a" * 64, "size": 7, "path": "scene.blend"}
DELETION = {"ids": [NOBODY], "delete": {}}

BODIES = {
    "tryActorAgain": {"path": "/scheduler"},
    "updateConfigurationFile": {},
    "checkSharedStoragePath": {"path": "/farm"},
    "checkBlenderExePath": {"path": "blender"},
    "saveSetupAssistantConfig": {"storageLocation": "/farm", "blenderExecutable": BLENDER},
    "submitJob": JOB,
    "handOutPack": {"name": "shot"},
    "submitJobCheck": JOB,
    "dryRunJob": JOB,
    "askAboutBlendFile": {"path": "shot.blend", "type": "simple-blender-render"},
    "setJobStatus": {"status": "requeueing", "reason": "again"},
    "setJobPriority": {"priority": 50},
    "setJobTag": {"name": ""},
    "setJobKeep": {"keep": True},
    "setJobArchived": {"archived": True},
    "deleteJobMass": {"last_updated_max": "2026-01-01T00:00:00Z"},
    "removeJobBlocklist": [{"worker_id": NOBODY, "task_type": "blender"}],
    "requeueFailedTasks": {"reason": "more memory"},
    "setTaskStatus": CHANGE,
    "approveTask": {"reason": "well lit"},
    "rejectTask": {"reason": "too dark"},
    "registerWorker": REGISTRATION | {"name": "anna"},
    "signOn": SIGN_ON | {"name": "anna"},
    "workerStateChanged": {"status": "awake"},
    "taskUpdate": {"taskStatus": "active", "activity": "", "log": "", "steps_completed": 1},
    "takeFramePicture": {"lease": 1, "frame": 1, "reason": "it is a deep image"},
    "requestBlocklisting": {"reason": "no Blender here"},
    "requestWorkerStatusChange": STATUS,
    "setWorkerTags": {"tag_ids": [NOBODY]},
    "setWorkerSleepSchedule": TIMES,
    "createWorkerTag": {"name": "gpu", "description": "fast"},
    "updateWorkerTag": {"name": "gpu", "description": "fast"},
    "shamanCheckoutRequirements": {"files": [FILE]},
    "shamanCheckout": {"files": [FILE], "checkoutPath": "job"},
    "markNoticesRead": {"browser": "anna's", "until": "2026-01-01T00:00:00Z"},
    "addSubscription": {"name": "x", "channel": "apprise", "address": "json://farm.example"},
    "changeSubscription": {"name": "x", "wishes": {}},
    "previewMessage": {"template": "$text"},
    "changeJobs": DELETION,
    "changeTasks": {"ids": [NOBODY], "setstatus": CHANGE},
    "changeWorkers": DELETION,
    "finishSingleSignOn": {"code": "of another time", "state": "of another time"},
    "signIn": {"name": "ann", "password": "correct horse"},
    "useLink": {"secret": "long ago", "password": "correct horse"},
    "changePassword": {"old": "correct horse", "new": "battery staple"},
    "createToken": {"name": "nightly"},
    "beginDevice": {"name": "Blender"},
    "askForDeviceToken": {"device_code": "long ago"},
    "confirmDevice": {"user_code": "BCDF-GHJK", "allow": True},
    "createJoinToken": {"name": "rack"},
    "addUser": {"name": "ann", "role": "artist"},
    "changeUser": {"role": "artist"},
}
"""{operation: a body that it takes}"""

KEYED = {"Idempotency-Key": NOBODY}
HEADERS = {"handOutPack": KEYED, "giveUpFiles": KEYED}
"""{operation: headers that it can't do without}"""

MALFORMED = {"setTaskStatus": 404}
"""{operation: its answer about what can't be an id}, where that is not 400."""

UNKNOWN = {
    "fetchJobLastRenderedInfo": 204,
    "fetchJobPicture": 400,
    "mayWorkerRun": 200,
    "endCredential": 409,
    "changeUser": 409,
    "removeUser": 409,
    "makeUserLink": 409,
}
"""{operation: its answer about what is not there}, where that is not 404."""

QUERIES = {"searchJobLogs": {"q": "error"}}
"""{operation: a query}, where it can't be without."""


@attrs.frozen
class Sender:
    """Sends operations, those of workers with the credentials of one."""

    edge: object
    worker_id: str

    async def send(self, operation, content: bytes, kind: str = JSON, about: str = NOBODY):
        """The answer, which has the shape of its code."""
        answer = await self.edge.http.request(
            operation.method,
            API + re.sub(r"<.+?>", about, operation.path),
            params=QUERIES.get(operation.id),
            content=content,
            headers={"Content-Type": kind, **HEADERS.get(operation.id, {})},
            auth=(self.worker_id, SECRET) if operation.worker_auth else None,
        )
        if answer.is_error:
            assert answer.json()["code"] == answer.status_code
            assert answer.json()["message"]
        return answer


@pytest.fixture
async def sender(edge):
    return Sender(edge, (await caller(edge)).id)


def wrong(operation) -> Iterator[tuple[object, str]]:
    """Bodies that are of another kind, lack a field or have one of another kind; and its name."""
    good = BODIES[operation.id]
    yield from ((body, "Expected") for body in (None, 7, "text"))
    if isinstance(good, list):
        yield from (([], "length"), ({}, "Expected"), ([{}], "[0]"))
        return
    yield [good], "Expected"
    for name, value in good.items():
        yield from ((good | {name: other}, name) for other in (None, [[value]]))
    if attrs.has(operation.body):
        for field in attrs.fields(operation.body):
            if field.default is attrs.NOTHING:
                yield {name: good[name] for name in good if name != field.name}, field.name


async def test_a_body_of_another_kind_is_refused_with_the_field_that_is_wrong(sender):
    for operation in (each for _, _, each in OPERATIONS if each.decoder):
        for body, word in wrong(operation):
            answer = await sender.send(operation, json.dumps(body).encode())
            assert answer.status_code == 400, (operation.id, body)
            assert word in answer.json()["message"], (operation.id, body)
        content = json.dumps(BODIES[operation.id]).encode()
        assert (await sender.send(operation, content[:-1])).status_code == 400, operation.id
        answer = await sender.send(operation, content, "text/plain")
        assert answer.status_code == 400, operation.id
        assert "expected application/json" in answer.json()["message"]


async def test_what_is_not_there_is_told_apart_from_what_cannot_be_an_id(sender):
    for _, _, operation in OPERATIONS:
        if not any(name.endswith("_id") for name in operation.parameters):
            continue
        content = json.dumps(BODIES.get(operation.id)).encode()
        kind = next(iter(operation.content), JSON)
        for about in ("nonsense", NOBODY[:-1], f"{NOBODY}%0A"):
            answer = await sender.send(operation, content, kind, about)
            assert answer.status_code == MALFORMED.get(operation.id, 400), operation.id
        answer = await sender.send(operation, content, kind)
        assert answer.status_code == UNKNOWN.get(operation.id, 404), operation.id


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


async def test_only_workers_of_this_farm_may_call(edge):
    anna = (await caller(edge)).id
    unknown = [basic(NOBODY, SECRET), basic(anna, "wrong"), basic("\x00", "\x00"), basic("", "")]
    others = [
        "Basic",
        "Basic ?",
        "Basic " + "A" * 5000,
        f"Bearer {SECRET}",
        basic(anna, SECRET)[:-9],
    ]
    for _, _, operation in OPERATIONS:
        if operation.tag != "worker" or operation.id == "registerWorker":
            continue
        path = API + re.sub(r"<.+?>", NOBODY, operation.path)
        for value in (None, *unknown, *others):
            headers = {"Authorization": value} if value else {}
            answer = await edge.http.request(operation.method, path, headers=headers)
            assert answer.status_code == 403, (operation.id, value)
            assert set(answer.json()) == {"message"}
