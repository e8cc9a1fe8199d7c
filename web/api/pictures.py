"""Operations tagged `jobs`, on the pictures of frames."""

from collections.abc import Sequence
from http import HTTPStatus

import attrs
import trio
from msgspec import UNSET
from quart import Response, request

from flamenco.api import pictures as api
from flamenco.logs import job_folder
from flamenco.manager.refusals import NotFound, Refusal
from flamenco.model.bounds import PictureName
from flamenco.model.pictures import Picture, PicturePlace, PicturesPart
from flamenco.store import job_names, newest_pictures
from web.api.finding import find_job
from web.context import reader, services
from web.operations import API, Id, Operations
from web.paging import place_of, text_of
from web.wire import JPEG, JSON, Answer, Jpeg, empty, encode

FOR_EVER = "public, max-age=31536000, immutable"
"""Caching of a picture: another one has another name."""

routes = Operations("jobs")


@routes.get("/jobs/<job_id>/pictures", answers={200: api.JobPictures}, errors=[404])
async def fetch_job_pictures(job_id: Id, query: api.PicturesWanted) -> Answer:
    """The pictures of a job's frames by all attempts, or why there is none."""
    await find_job(job_id)
    after = place_of(query.after, PicturePlace) if query.after else None
    if query.after and after is None:
        raise Refusal("after: expected the `next` of a page of pictures")
    part = PicturesPart(frame=query.frame, after=after, limit=query.limit)
    rows, place = await reader().listed_pictures(job_id, part, _rows)
    following = b"" if place is None else b',"next":' + encode(text_of(place))
    pictures = b",".join(filter(None, rows))
    return Response(b'{"pictures":[' + pictures + b"]" + following + b"}", content_type=JSON)


@routes.get("/pictures")
async def fetch_newest_pictures(query: api.NewestWanted) -> api.NewestPictures:
    """The newest pictures of the whole farm that are kept."""
    found = await reader().ask(lambda db: newest_pictures(db, query.limit))
    names = await reader().ask(lambda db: job_names(db, {each.job_id for each in found}))
    return api.NewestPictures(
        pictures=tuple(
            api.NewestPicture(
                **attrs.asdict(_shown(each), recurse=False),
                job_id=each.job_id,
                job_name=names.get(each.job_id, ""),
            )
            for each in found
        )
    )


@routes.get("/jobs/<job_id>/pictures/<name>/<size>", answers={200: Jpeg, 304: None}, errors=[404])
async def fetch_job_picture(job_id: Id, name: PictureName, size: api.PictureSize) -> Answer:
    """A picture of a frame; it never changes."""
    if request.if_none_match.contains(name):
        answer = empty(HTTPStatus.NOT_MODIFIED)
    else:
        path = services().pictures.path(job_folder(job_id), name, size.value)
        try:
            content = await trio.Path(path).read_bytes()
        except OSError:
            raise NotFound(f"job {job_id} has no picture {name}, or keeps it no longer") from None
        answer = Response(content, 200, content_type=JPEG)
    answer.headers["Cache-Control"] = FOR_EVER
    answer.set_etag(name)
    return answer


def _rows(pictures: Sequence[Picture]) -> bytes:
    """Rows of the list as JSON, without the brackets around it."""
    return encode([*map(_shown, pictures)])[1:-1]


def _shown(picture: Picture) -> api.KeptPicture:
    base = f"{API}/jobs/{picture.job_id}/pictures/{picture.name}"
    return api.KeptPicture(
        frame=picture.frame,
        output=picture.output,
        task=picture.task_id,
        lease=picture.lease,
        made=picture.made,
        width=picture.width or UNSET,
        height=picture.height or UNSET,
        small=f"{base}/small" if picture.small else UNSET,
        large=f"{base}/large" if picture.large else UNSET,
        reason=picture.reason or UNSET,
        file=picture.file or UNSET,
        seconds=picture.seconds or UNSET,
    )
