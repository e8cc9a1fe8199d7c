"""Operations tagged `jobs`, on the .blend files that may be submitted."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import trio
from msgspec import UNSET

from flamenco.api import blendfiles as api
from flamenco.config.checks import look_at_blender
from flamenco.jobtypes import UnknownJobType
from flamenco.jobtypes.blend_facts import BlendError, Facts, ask_blender, outside
from flamenco.manager.blendfiles import blend_file, blend_files
from flamenco.manager.refusals import NotFound, Refusal
from flamenco.model.jobtypes import JobType
from flamenco.model.variables import Audience, expander
from flamenco.platforms import PLATFORM
from flamenco.shaman import StorageFailed
from web.context import asking_blender, looking, services
from web.operations import Operations
from web.paging import place_of, text_of
from web.turns import address

T = TypeVar("T")

PATIENCE_SECONDS = 10.0
"""Seconds after which a storage does not answer."""
BLENDER_SECONDS = 30.0
"""Maximum seconds for Blender to tell what it knows of a file."""

routes = Operations("jobs")


@routes.get("/blend-files")
async def fetch_blend_files(query: api.BlendFilesWanted) -> api.BlendFiles:
    """The .blend files of the shared storage; links are not followed."""
    after = place_of(query.after, tuple[str, ...]) if query.after else ()
    if after is None:
        raise Refusal("after: expected the `next` of a page of files")
    root = _storage()
    look = partial(blend_files, root, query.search, after, query.limit)
    found = await _look_at(root, look)
    files = tuple(
        api.BlendFile(
            path=str(root / each.path),
            name=str(each.path),
            size=each.size,
            modified=each.modified,
        )
        for each in found.files
    )
    return api.BlendFiles(files=files, next=text_of(found.next) if found.next else UNSET)


@routes.post("/blend-files/facts", errors=[404, 429])
async def ask_about_blend_file(body: api.BlendQuestion) -> api.BlendFacts:
    """Values of a job type's settings in a .blend file: Blender is asked, without its scripts."""
    root = _storage()
    path = await _look_at(root, partial(blend_file, root, body.path))
    try:
        job_type = await services().compiler.job_type(body.type)
        is_ours = await services().compiler.is_builtin(body.type)
    except UnknownJobType as error:
        raise NotFound(str(error)) from None
    if not is_ours:
        return _nothing(
            f"what {body.type} asks of Blender is only run in the add-on and by flamenco submit, "
            "since it is a script of this farm"
        )
    try:
        async with asking_blender().turn(address()):
            facts = await _ask(path, job_type, body)
    except BlendError as error:
        return _nothing(str(error))
    return api.BlendFacts(
        settings=facts.settings,
        outputs=tuple(api.OutputNode(name=name, path=path) for name, path in facts.outputs),
        warnings=tuple(outside(facts.outputs, [str(root)])),
    )


async def _ask(path: Path, job_type: JobType, body: api.BlendQuestion) -> Facts:
    variables, shared = services().variables, services().paths.shared
    blender = expander(variables, Audience.WORKERS, PLATFORM, PLATFORM).text("{blender}")
    found = await look_at_blender("blender" if blender == "{blender}" else blender, shared)
    if not found.is_usable:
        raise BlendError(f"the Manager has no Blender to ask ({blender}): {found.cause}")
    name = body.name or path.stem
    return await ask_blender(
        found.path, path, job_type, name, body.settings, seconds=BLENDER_SECONDS
    )


async def _look_at(root: Path, look: Callable[[], T]) -> T:
    """The result of a look at the storage, which may hang. Raises `StorageFailed`."""
    try:
        with trio.fail_after(PATIENCE_SECONDS):
            return await trio.to_thread.run_sync(look, abandon_on_cancel=True, limiter=looking())
    except OSError as error:
        raise StorageFailed(f"{root} can't be read: {error.strerror or error}") from None
    except trio.TooSlowError:
        raise StorageFailed(f"{root} does not answer") from None


def _nothing(reason: str) -> api.BlendFacts:
    return api.BlendFacts(settings={}, reason=reason)


def _storage() -> Path:
    shared = services().paths.shared
    if shared is None:
        raise NotFound("no shared storage is set up")
    return shared
