"""Operations tagged `jobs`, on the list of a job's frames."""

from collections.abc import Mapping
from functools import partial
from hashlib import blake2b
from http import HTTPStatus
from typing import Any

from quart import Response, request, send_file

from flamenco.api import frames as api
from flamenco.api.pictures import FOLDER
from flamenco.manager.refusals import NotFound, Refusal
from flamenco.manager.videos import InTheMaking, MakeVideo
from flamenco.model.framelist import Frame, ListedPicture
from flamenco.store import JobFrames
from web.api.finding import find_job
from web.context import farm, reader
from web.operations import Id, Operations
from web.paging import place_of, text_of
from web.wire import JSON, MP4, WEBM, Answer, Mp4, Webm, empty, encode, reply

KINDS = {"mp4": MP4, "webm": WEBM}

routes = Operations("jobs")


@routes.get("/jobs/<job_id>/frames", answers={200: api.JobFrames, 304: None}, errors=[404])
async def fetch_job_frames(job_id: Id, query: api.FramesWanted) -> Answer:
    """The frames that the tasks of a job are to make or have made, in order."""
    await find_job(job_id)
    after = place_of(query.after, int) if query.after else None
    if query.after and after is None:
        raise Refusal("after: expected the `next` of a page of frames")
    body, etag = await reader().frames(job_id, after, query.limit, partial(_written, job_id))
    if request.if_none_match.contains(etag):
        answer = empty(HTTPStatus.NOT_MODIFIED)
    else:
        answer = Response(body, content_type=JSON)
    answer.set_etag(etag)
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@routes.get(
    "/jobs/<job_id>/video",
    answers={
        200: Mp4 | Webm,
        202: api.VideoInTheMaking,
        206: Mp4 | Webm,
        304: None,
    },
    errors=[404, 409, 416],
)
async def fetch_job_video(job_id: Id, query: api.VideoWanted) -> Answer:
    """The video of a job's frames, or how far it is: ask again until it is made."""
    part = request.range
    goes_on = part is not None and part.ranges[0][0] != 0
    kind = query.format.value
    made = await farm().videos.ask(MakeVideo(job_id, kind, goes_on=goes_on))
    if isinstance(made, InTheMaking):
        return reply(api.VideoInTheMaking(done=made.done, of=made.of), 202)
    if request.if_none_match.contains(made.name):
        answer = empty(HTTPStatus.NOT_MODIFIED)
        answer.set_etag(made.name)
        return answer
    try:
        answer = await send_file(made.path, mimetype=KINDS[kind], add_etags=False)
    except OSError:
        raise NotFound(f"the video of job {job_id} is gone; ask again") from None
    del answer.headers["Last-Modified"]
    answer.set_etag(made.name)
    answer.headers["Cache-Control"] = "no-cache"
    await answer.make_conditional(
        request, accept_ranges=True, complete_length=answer.content_length
    )
    return answer


def _written(job_id: str, found: JobFrames) -> tuple[bytes, str]:
    """The list as JSON, and a digest of it.

    It is made of dicts: objects of its classes would take several times as long.
    """
    folder = FOLDER.format(job_id)
    workers = {each: {"id": each, "name": name} for each, name in found.workers.items()}
    frames = [_listed(each, workers, found.seconds, folder) for each in found.frames]
    body: dict[str, Any] = {"frames": frames}
    if found.next is not None:
        body["next"] = text_of(found.next)
    content = encode(body)
    return content, blake2b(content, digest_size=16).hexdigest()


def _listed(
    frame: Frame, workers: Mapping[str, object], seconds: Mapping[str, float], folder: str
) -> dict[str, Any]:
    """A frame as `ListedFrame` has it."""
    number, state, task, pictures = frame
    listed: dict[str, Any] = {
        "frame": number,
        "state": state,
        "task": task.id,
        "attempt": task.lease,
        "pictures": [_shown(picture, folder, task.id) for picture in pictures],
    }
    if task.worker_id is not None:
        listed["worker"] = workers[task.worker_id]
    if task.warnings:
        listed["warnings"] = task.warnings
    times = [each.seconds for each in pictures if each.seconds]
    if times or task.id in seconds:
        listed["seconds"] = max(times) if times else seconds[task.id]
    files = [each.file for each in pictures if each.file]
    if files:
        listed["files"] = files
    return listed


def _shown(picture: ListedPicture, folder: str, task_id: str) -> dict[str, Any]:
    """A picture of a frame that this task makes, as `ShownPicture` has it."""
    _, maker, output, lease, name, width, height, small, large, reason, _, _ = picture
    shown: dict[str, Any] = {"output": output, "lease": lease}
    if maker != task_id:
        shown["task"] = maker
    if width:
        shown["width"], shown["height"] = width, height
    if small:
        shown["small"] = f"{folder}/{name}/small"
    if large:
        shown["large"] = f"{folder}/{name}/large"
    if reason:
        shown["reason"] = reason
    return shown
