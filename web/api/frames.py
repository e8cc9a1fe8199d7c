"""Operations tagged `jobs`, on the list of a job's frames."""

from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import blake2b
from http import HTTPStatus

import msgspec
from msgspec import UNSET
from quart import Response, request, send_file

from flamenco.api import frames as api
from flamenco.api.pictures import FOLDER
from flamenco.manager.refusals import NotFound, Refusal
from flamenco.manager.videos import InTheMaking, MakeVideo
from flamenco.model.framelist import Frame, FramesPart, ListedPicture, Piece
from flamenco.model.framestates import frame_states
from flamenco.model.statuses import FrameState
from flamenco.store import JobFrames
from web.api.finding import find_job
from web.context import farm, frame_lists, reader
from web.framelists import WrittenList
from web.operations import Id, Operations
from web.paging import place_of, text_of
from web.wire import JSON, MP4, WEBM, Answer, Mp4, Webm, empty, encode, reply

FRAMES_AT_ONCE = 1000
"""Number of frames that are encoded in one call."""
KINDS = {"mp4": MP4, "webm": WEBM}

routes = Operations("jobs")


@routes.get("/jobs/<job_id>/frames", answers={200: api.JobFrames, 304: None}, errors=[404])
async def fetch_job_frames(job_id: Id, query: api.FramesWanted) -> Answer:
    """The frames that the tasks of a job are to make or have made, in order."""
    await find_job(job_id)
    after = place_of(query.after, int) if query.after else None
    if query.after and after is None:
        raise Refusal("after: expected the `next` of a page of frames")
    begin = None if query.first is None else query.first - 1
    part = FramesPart(
        max([each for each in (after, begin) if each is not None], default=None),
        query.last,
        query.limit,
    )
    write = partial(reader().frames, job_id, part, partial(_written, job_id))
    return _told(await frame_lists().get(job_id, part, write))


@routes.get("/jobs/<job_id>/frame-states", answers={200: api.FrameStates, 304: None}, errors=[404])
async def fetch_job_frame_states(job_id: Id) -> Answer:
    """The states of all frames of a job, in few bytes."""
    await find_job(job_id)
    write = partial(reader().frame_pieces, job_id, _written_states)
    return _told(await frame_lists().get(job_id, "states", write))


def _told(found: WrittenList) -> Answer:
    if request.if_none_match.contains(found.etag):
        answer = empty(HTTPStatus.NOT_MODIFIED)
    else:
        answer = Response(found.body, content_type=JSON)
    answer.set_etag(found.etag)
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
    made = await farm().videos.ask(MakeVideo(job_id, kind, query.output, goes_on=goes_on))
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


class _Shown(msgspec.Struct, omit_defaults=True, gc=False):
    """The values of a `ShownPicture`, in a form that msgspec makes and writes itself."""

    output: str
    lease: int
    task: str = ""
    width: int = 0
    height: int = 0
    small: str = ""
    large: str = ""
    reason: str = ""


class _Listed(msgspec.Struct, omit_defaults=True, gc=False):
    """The same of `ListedFrame`."""

    frame: int
    state: FrameState
    task: str
    attempt: int
    pictures: list[_Shown]
    worker: api.FrameWorker | None = None
    seconds: float = 0.0
    files: list[str] = []
    warnings: tuple[str, ...] = ()


def _written(job_id: str, found: JobFrames) -> WrittenList:
    """The list as JSON.

    Some frames are encoded at a time: it holds the interpreter's lock, which the event loop needs.
    """
    folder = FOLDER.format(job_id)
    workers: dict[str | None, api.FrameWorker] = {
        each: api.FrameWorker(id=each, name=name) for each, name in found.workers.items()
    }
    parts = []
    for begin in range(0, len(found.frames), FRAMES_AT_ONCE):
        some = found.frames[begin : begin + FRAMES_AT_ONCE]
        rows = [_listed(frame, workers, found.seconds, folder) for frame in some]
        parts.append(encode(rows)[1:-1])
    following = b"" if found.next is None else b',"next":' + encode(text_of(found.next))
    content = b'{"frames":[' + b",".join(parts) + b"]" + following + b"}"
    return WrittenList(content, _digest(content), found.workers)


def _written_states(pieces: Sequence[Piece]) -> WrittenList:
    found = frame_states(pieces)
    told = api.FrameStates(
        frames=found.frames, states=found.states, chunks=tuple(found.chunks) or UNSET
    )
    content = encode(told)
    return WrittenList(content, _digest(content))


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=16).hexdigest()


def _listed(
    frame: Frame,
    workers: Mapping[str | None, api.FrameWorker],
    seconds: Mapping[str, float],
    folder: str,
) -> _Listed:
    number, state, task, pictures = frame
    return _Listed(
        number,
        state,
        task.id,
        task.lease,
        [_shown(picture, folder, task.id) for picture in pictures],
        workers.get(task.worker_id),
        max([each.seconds or 0.0 for each in pictures], default=0.0) or seconds.get(task.id, 0.0),
        [each.file for each in pictures if each.file],
        task.warnings or (),
    )


def _shown(picture: ListedPicture, folder: str, task_id: str) -> _Shown:
    """A picture of a frame that this task makes."""
    _, maker, output, lease, name, width, height, small, large, reason, _, _ = picture
    return _Shown(
        output,
        lease,
        "" if maker == task_id else maker,
        width,
        height,
        f"{folder}/{name}/small" if small else "",
        f"{folder}/{name}/large" if large else "",
        reason,
    )
