"""Operations tagged `jobs` on packs, and the keys of submissions."""

import hashlib

import msgspec
from msgspec import UnsetType

from flamenco.api import jobs, packs
from flamenco.manager.packs import GiveUp, HandOutPack
from flamenco.manager.submissions import CheckIdle, Key
from web.context import farm
from web.operations import Operations

routes = Operations("jobs")


@routes.post("/jobs/packs", errors=[422])
async def hand_out_pack(body: packs.PackRequest, headers: packs.PackHeaders) -> packs.Pack:
    """A folder for the files of a job; it is removed with the job, or a day later without one."""
    wanted = HandOutPack(headers.idempotency_key, body.name)
    return packs.Pack(path=await farm().packs.ask(wanted))


@routes.delete("/jobs/packs", errors=[409])
async def give_up_files(headers: packs.PackHeaders) -> None:
    """Give up the folder, and Shaman's checkouts, of a submission that will not come.

    They are removed in the background, unless a job came for them. Refused while one is made.
    """
    await farm().submissions.ask(CheckIdle(headers.idempotency_key))
    await farm().packs.ask(GiveUp(headers.idempotency_key))


def key_of(body: jobs.SubmittedJob, headers: jobs.SubmissionHeaders) -> Key | None:
    """The key of a submission, if it has one."""
    text = headers.idempotency_key
    if isinstance(text, UnsetType):
        return None
    content = msgspec.json.encode(body, order="deterministic")
    return Key(text, hashlib.sha256(content).hexdigest())
