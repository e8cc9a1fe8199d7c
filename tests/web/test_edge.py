"""The API, the live socket and worker sessions, through a real socket."""

import base64
import json
from io import BytesIO

import pytest
import trio
import trio_websocket
from PIL import Image

from flamenco import protocol
from flamenco.model.statuses import TaskStatus, WorkerStatus
from tests.patience import PATIENCE, until
from tests.web.conftest import JOB, call

# trio-websocket leaves the socket of a rejected connection to the garbage collector.
pytestmark = [
    pytest.mark.usefixtures("leftovers"),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
    ),
]

SECRET = "x" * 64
NOBODY = "00000000-0000-0000-0000-000000000000"


async def registered(edge) -> str:
    answer = await edge.http.post(
        "/api/v3/worker/register-worker",
        json={
            "name": "anna",
            "secret": SECRET,
            "platform": "linux",
            "supported_task_types": ["misc"],
        },
    )
    assert answer.status_code == 200
    return answer.json()["uuid"]


def credentials(worker_id: str, secret: str = SECRET) -> list[tuple[bytes, bytes]]:
    token = base64.b64encode(f"{worker_id}:{secret}".encode())
    return [(b"authorization", b"Basic " + token)]


def session(edge, worker_id: str, secret: str = SECRET):
    url = edge.socket_url + "/worker/session"
    return trio_websocket.open_websocket_url(url, extra_headers=credentials(worker_id, secret))


async def live_events(socket):
    with trio.fail_after(PATIENCE):
        return json.loads(await socket.get_message())


async def told(socket):
    """The next message that is not the farm's status, which may change at any time."""
    while (message := await live_events(socket)).get("event") == "/status":
        pass
    return message


async def subscribe(socket, **what) -> None:
    await socket.send_message(json.dumps({"op": "subscribe", **what}))
    while "ok" not in (answer := await live_events(socket)):
        assert "error" not in answer
    assert answer["ok"] == {"op": "subscribe", **what}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "word"),
    [
        ("POST", "jobs", {**JOB, "priority": "high"}, 400, "$.priority"),
        ("POST", "jobs", {**JOB, "priority": 101}, 400, "<= 100"),
        ("POST", "jobs", {"name": "x"}, 400, "type"),
        ("POST", "jobs", {**JOB, "type": "nope"}, 400, "unknown job type"),
        ("POST", "jobs", {**JOB, "type_etag": "old"}, 412, "refresh"),
        ("POST", "jobs", {**JOB, "settings": {"message": 3}}, 400, "settings.message"),
        ("POST", f"jobs/{NOBODY}/setstatus", {"status": "paused", "reason": ""}, 404, NOBODY),
        ("POST", f"jobs/{NOBODY}/setstatus", {"status": "purple", "reason": ""}, 400, "$.status"),
        ("GET", f"jobs/{NOBODY}", None, 404, NOBODY),
        ("GET", f"jobs/{NOBODY}/tasks", None, 404, NOBODY),
        ("GET", f"tasks/{NOBODY}", None, 404, NOBODY),
        ("GET", f"tasks/{NOBODY}/log", None, 404, NOBODY),
        ("GET", f"worker-mgt/workers/{NOBODY}", None, 404, NOBODY),
        ("GET", "jobs/type/nope", None, 404, "nope"),
        ("GET", "configuration/variables/cats/linux", None, 400, "audience"),
        ("GET", "no-such-thing", None, 404, ""),
    ],
)
async def test_bad_input_gets_a_code_and_a_sentence(edge, method, path, body, status, word):
    answer = await edge.http.request(method, f"/api/v3/{path}", json=body)
    assert answer.status_code == status, answer.text
    error = answer.json()
    assert error["code"] == status
    assert word in error["message"]


async def test_a_job_is_submitted_shown_and_steered(edge):
    answer = await edge.http.post("/api/v3/jobs", json=JOB)
    job = answer.json()
    assert job["status"] == "queued"
    assert job["steps_total"] == 2
    assert (await edge.http.get("/api/v3/jobs")).json()["jobs"] == [job]
    tasks = (await edge.http.get(f"/api/v3/jobs/{job['id']}/tasks")).json()["tasks"]
    assert [task["name"] for task in tasks] == ["echo", "sleep"]
    task = (await edge.http.get(f"/api/v3/tasks/{tasks[0]['id']}")).json()
    assert task["commands"][0]["parameters"] == {"message": "hi"}
    assert "worker" not in task
    path = f"/api/v3/jobs/{job['id']}/setstatus"
    wrong = await edge.http.post(path, json={"status": "requeueing", "reason": ""})
    assert wrong.status_code == 422
    assert "can be asked of a job that is" in wrong.json()["message"]
    right = await edge.http.post(path, json={"status": "cancel-requested", "reason": "enough"})
    assert right.status_code == 204
    assert (await edge.http.get(f"/api/v3/jobs/{job['id']}")).json()["status"] == "canceled"


async def test_the_live_socket_tells_what_was_subscribed_to_and_says_good_bye(edge):
    async with trio_websocket.open_websocket_url(edge.socket_url + "/live") as socket:
        assert (await live_events(socket))["event"] == "/status"
        for kind in ("allJobs", "allWorkers", "allLastRendered", "allWorkerTags"):
            await subscribe(socket, type=kind)
        await socket.send_message('{"op": "subscribe", "type": "job"}')
        assert "uuid" in (await told(socket))["error"]
        for nonsense in ("nonsense", b"", b"\xff", '{"op":' + "[" * 5000):
            await socket.send_message(nonsense)
            assert "error" in await told(socket)
        job = (await edge.http.post("/api/v3/jobs", json=JOB)).json()
        event = await told(socket)
        assert event["event"] == "/jobs"
        assert event["payload"]["id"] == job["id"]
        edge.stop.set()
        event = await told(socket)
        assert (event["event"], event["payload"]) == ("/lifecycle", {"type": "manager-shutdown"})
        with pytest.raises(trio_websocket.ConnectionClosed) as closed:
            while True:
                await live_events(socket)
        assert closed.value.reason.code == 1001


async def test_a_worker_runs_a_task_through_its_session(edge):
    worker_id = await registered(edge)
    job = (await edge.http.post("/api/v3/jobs", json=JOB)).json()
    async with session(edge, worker_id) as socket:

        async def say(message, seq=None):
            await socket.send_message(protocol.encode(message, seq))

        async def hear(kind):
            with trio.fail_after(PATIENCE):
                message, _ = protocol.decode(await socket.get_message())
            assert isinstance(message, kind), message
            return message

        await say(protocol.Hello(name="anna", software_version="1", task_types=("misc",)))
        assert (await hear(protocol.Welcome)).status_requested is WorkerStatus.AWAKE
        await say(protocol.StateChanged(WorkerStatus.AWAKE), 1)
        heard = [type(await hear(protocol.Message)) for _ in range(1)]
        assert heard == [protocol.Acknowledge]
        for seq in (2, 3):
            assign = await hear(protocol.Assign)
            done = protocol.Report(
                task_id=assign.task_id, lease=assign.lease, status=TaskStatus.COMPLETED, log="hi\n"
            )
            await say(done, seq)
            assert (await hear(protocol.Acknowledge)).seq == seq
        path = f"/api/v3/tasks/{assign.task_id}"
        assert "hi" in (await edge.http.get(f"{path}/logtail")).text
        url = (await edge.http.get(f"{path}/log")).json()["url"]
        assert (await edge.http.get(url)).text.startswith("20")
        shown = (await edge.http.get(f"/api/v3/worker-mgt/workers/{worker_id}")).json()
        assert shown["status"] == "awake"
        assert shown["task"]["job_id"] == job["id"]
    assert (await edge.http.get(f"/api/v3/jobs/{job['id']}")).json()["status"] == "completed"


async def test_a_session_needs_the_right_secret_and_the_right_words(edge):
    worker_id = await registered(edge)
    for name, secret in ((worker_id, "wrong"), ("nobody", SECRET)):
        with pytest.raises(trio_websocket.ConnectionRejected) as rejected:
            async with session(edge, name, secret):
                pass
        assert rejected.value.status_code == 403
    deep = '{"type": "assign", "body": {"commands": [{"parameters": {"x": ' + "[" * 5000
    for nonsense in ('{"type": "report", "body": {}}', b"", b"\xff", deep):
        async with session(edge, worker_id) as socket:
            await socket.send_message(nonsense)
            with (
                pytest.raises(trio_websocket.ConnectionClosed) as closed,
                trio.fail_after(PATIENCE),
            ):
                await socket.get_message()
        assert closed.value.reason.code == 1002


async def test_a_socket_that_is_not_there_is_answered_with_404(edge):
    with pytest.raises(trio_websocket.ConnectionRejected) as rejected, trio.fail_after(PATIENCE):
        async with trio_websocket.open_websocket_url(edge.socket_url + "/no-such-socket"):
            pass
    assert rejected.value.status_code == 404


async def test_a_session_without_a_hello_ends(edge, monkeypatch):
    monkeypatch.setattr("web.handshakes.HANDSHAKE_SECONDS", 0.1)
    async with session(edge, await registered(edge)) as socket:
        with pytest.raises(trio_websocket.ConnectionClosed) as closed, trio.fail_after(PATIENCE):
            await socket.get_message()
    assert closed.value.reason.code == 1002


async def test_a_session_is_told_that_its_worker_was_deleted_before_it_said_hello(edge):
    worker_id = await registered(edge)
    async with session(edge, worker_id) as socket:
        await edge.http.delete(f"/api/v3/worker-mgt/workers/{worker_id}")
        hello = protocol.Hello(name="anna", software_version="1", task_types=("misc",))
        await socket.send_message(protocol.encode(hello))
        with pytest.raises(trio_websocket.ConnectionClosed) as closed, trio.fail_after(PATIENCE):
            await socket.get_message()
    assert closed.value.reason.code == 1008
    assert worker_id in closed.value.reason.reason


async def test_a_session_is_told_that_the_manager_stops(edge):
    worker_id = await registered(edge)
    async with session(edge, worker_id) as socket:
        hello = protocol.Hello(name="anna", software_version="1", task_types=("misc",))
        await socket.send_message(protocol.encode(hello))
        await socket.get_message()
        edge.stop.set()
        with pytest.raises(trio_websocket.ConnectionClosed) as closed, trio.fail_after(PATIENCE):
            while True:
                await socket.get_message()
    assert (closed.value.reason.code, closed.value.reason.reason) == (
        1001,
        "the Manager is stopping",
    )


async def given(edge, worker_id: str) -> str:
    """A task that the worker asked for, and got."""
    login = (worker_id, SECRET)
    hello = {"name": "anna", "software_version": "1", "supported_task_types": ["misc"]}
    await call(edge, "POST", "worker/sign-on", hello, auth=login)
    await call(edge, "POST", "worker/state-changed", {"status": "awake"}, 204, auth=login)
    return (await call(edge, "POST", "worker/task", auth=login))["uuid"]


async def test_a_worker_sets_no_picture_of_a_task_that_is_not_its_own(edge):
    anna, evil = await registered(edge), await registered(edge)
    await edge.http.post("/api/v3/jobs", json=JOB)
    task = await given(edge, anna)
    for worker, code in ((evil, 409), (anna, 202)):
        answer = await edge.http.post(
            f"/api/v3/worker/task/{task}/output-produced",
            content=b"x",
            headers={"Content-Type": "image/jpeg"},
            auth=(worker, SECRET),
        )
        assert answer.status_code == code
    finished = {"taskStatus": "completed"}
    await call(edge, "POST", f"worker/task/{task}", finished, 204, auth=(anna, SECRET))
    late = await edge.http.post(
        f"/api/v3/worker/task/{task}/output-produced",
        content=b"x",
        headers={"Content-Type": "image/jpeg"},
        auth=(anna, SECRET),
    )
    assert late.status_code == 202


async def test_pictures_are_taken_from_workers_only_and_of_the_right_kind(edge):
    worker_id = await registered(edge)
    job = (await edge.http.post("/api/v3/jobs", json=JOB)).json()
    path = f"/api/v3/worker/task/{await given(edge, worker_id)}/output-produced"
    jpeg = {"Content-Type": "image/jpeg"}
    assert (await edge.http.post(path, content=b"x", headers=jpeg)).status_code == 403
    login = (worker_id, SECRET)
    text = await edge.http.post(path, content=b"x", headers={"Content-Type": "a/b"}, auth=login)
    assert text.status_code == 415
    good = await edge.http.post(path, content=b"x", headers=jpeg, auth=login)
    assert good.status_code == 202
    none = await edge.http.get(f"/api/v3/jobs/{job['id']}/last-rendered")
    assert none.status_code == 204


async def test_a_picture_needs_a_task_a_length_and_a_size_that_can_be_dealt_with(edge):
    login, jpeg = (await registered(edge), SECRET), {"Content-Type": "image/jpeg"}
    await edge.http.post("/api/v3/jobs", json=JOB)
    task = await given(edge, login[0])

    async def pieces():
        yield b"x"

    async def code_of(content, task=task) -> int:
        path = f"/api/v3/worker/task/{task}/output-produced"
        answer = await edge.http.post(path, content=content, headers=jpeg, auth=login)
        assert answer.status_code == 202 or answer.json()["message"]
        return answer.status_code

    assert await code_of(b"x", NOBODY) == 404
    assert await code_of(pieces()) == 411
    assert await code_of(b"x" * (25 * 2**20 + 1)) == 413
    assert await code_of(b"x") == 202


async def test_pictures_that_come_too_fast_are_refused_and_those_that_were_taken_are_shown(
    edge,
):
    login, jpeg = (await registered(edge), SECRET), {"Content-Type": "image/jpeg"}
    job = (await edge.http.post("/api/v3/jobs", json=JOB)).json()["id"]
    task = await given(edge, login[0])
    assert (await edge.http.get("/api/v3/jobs/last-rendered")).status_code == 204
    picture, codes = BytesIO(), []
    Image.new("RGB", (3000, 3000)).save(picture, "JPEG")

    async def send() -> None:
        path = f"/api/v3/worker/task/{task}/output-produced"
        answer = await edge.http.post(path, content=picture.getvalue(), headers=jpeg, auth=login)
        codes.append(answer.status_code)

    async with trio.open_nursery() as nursery:
        for _ in range(16):
            nursery.start_soon(send)
    assert set(codes) == {202, 429}

    async def shown() -> bool:
        return (await edge.http.get("/api/v3/jobs/last-rendered")).status_code == 200

    await until(shown)
    assert (await edge.http.get("/api/v3/jobs/last-rendered")).json() == {
        "base": f"/job-files/job-{job[:4]}/{job}",
        "suffixes": ["last-rendered.jpg", "last-rendered-small.jpg", "last-rendered-tiny.jpg"],
    }


async def test_a_connection_is_closed_when_the_client_asks_for_it(edge):
    host, port = edge.url.removeprefix("http://").split(":")
    stream = await trio.open_tcp_stream(host, int(port))
    request = "GET /api/v3/version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    async with stream:
        await stream.send_all(request.encode())
        with trio.fail_after(PATIENCE):
            answer = b"".join([part async for part in stream])
    assert answer.startswith(b"HTTP/1.1 200")


async def test_files_outside_the_storage_are_not_served(edge):
    for path in ("/job-files/../flamenco-manager.sqlite", "/job-files/%2e%2e/x", "/job-files/x"):
        assert (await edge.http.get(path)).status_code == 404
    assert (await edge.http.get("/")).headers["location"] == "/app/"


async def test_only_files_whose_names_change_with_their_content_are_kept_by_browsers(edge):
    assert (await edge.http.get("/app/assets/no-such.js")).status_code == 404
    for path in ("/app/", "/app/workers", "/flamenco-addon.zip"):
        answer = await edge.http.get(path)
        assert answer.status_code == 200
        assert "max-age=0" in answer.headers["cache-control"]
