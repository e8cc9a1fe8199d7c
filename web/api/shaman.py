"""Operations tagged `shaman`: files that are sent once, and checkouts of them."""

import logging
from collections.abc import Iterable
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from functools import partial

from msgspec import UnsetType

from flamenco.api import shaman as api
from flamenco.api.shaman import MOST_FILES
from flamenco.manager.refusals import Refusal
from flamenco.model.statuses import FileStatus
from flamenco.shaman import CheckoutFile, FileKey, Received
from web.beside import beside
from web.context import checkout_records, shaman
from web.operations import Operations, Read
from web.wire import Answer, empty

logger = logging.getLogger(__name__)

ANSWERS = {Received.STORED: 204, Received.ELSEWHERE: 208, Received.WRONG: 417}
DEFER = 425

routes = Operations("shaman")


LONGEST_LIST = 24 * 2**20
"""Maximum bytes of a list of files."""

MOST_VALUES = 8 * MOST_FILES
"""Maximum number of values in it: a file has four, and a few commas in its name."""


@routes.post("/shaman/checkout/requirements", most=LONGEST_LIST, values=MOST_VALUES)
async def shaman_checkout_requirements(
    body: api.ShamanRequirementsRequest,
) -> api.ShamanRequirementsResponse:
    """The files of a checkout that have to be sent first."""
    files = await beside(partial(_files, body.files))
    required = await shaman().requirements(files)
    return await beside(partial(_required, required))


@routes.post("/shaman/checkout/create", errors=[409, 424], most=LONGEST_LIST, values=MOST_VALUES)
async def shaman_checkout(
    body: api.ShamanCheckout, headers: api.ShamanCheckoutHeaders
) -> api.ShamanCheckoutResult:
    """Check out files into a folder, whose path gets a suffix if it is taken."""
    records = checkout_records()
    files = await beside(partial(_files, body.files))
    path = await shaman().checkout(body.checkoutPath, files, records)
    if not isinstance(headers.idempotency_key, UnsetType):
        await records.bind(path, headers.idempotency_key)
    return api.ShamanCheckoutResult(checkoutPath=path)


@routes.get("/shaman/files/<checksum>/<filesize>")
async def shaman_file_store_check(
    checksum: api.Checksum, filesize: api.Size
) -> api.ShamanSingleFileStatus:
    """The status of a file: stored, being uploaded, or unknown."""
    status = await shaman().status(FileKey(checksum, filesize))
    return api.ShamanSingleFileStatus(status=status)


@routes.post(
    "/shaman/files/<checksum>/<filesize>",
    content=("application/octet-stream",),
    answers={204: None, 208: None, 417: None, 425: None},
)
async def shaman_file_store(
    checksum: api.Checksum, filesize: api.Size, headers: api.ShamanUploadHeaders, read: Read
) -> Answer:
    """Send a file.

    208: it is already stored, or another client was faster. 417: its checksum or length is
    different. 425: another client is sending it, ask again later.
    """
    key = FileKey(checksum, filesize)
    name = _decoded(headers.x_shaman_original_filename or "")
    known = await shaman().status(key)
    if known is FileStatus.STORED:
        return empty(208)
    if known is FileStatus.UPLOADING and headers.x_shaman_can_defer_upload is True:
        return empty(DEFER)
    received = await shaman().receive(key, read)
    logger.debug("Shaman: %s %s %s", received.name.lower(), key.sha, name)
    return empty(ANSWERS[received])


def _decoded(text: str) -> str:
    try:
        text.encode("ascii")
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, ValueError):
        raise Refusal(
            f"X-Shaman-Original-Filename: expected text encoded by RFC 2047, got {text!r}"
        ) from None


def _files(specs: Iterable[api.ShamanFileSpec]) -> list[CheckoutFile]:
    return [CheckoutFile(FileKey(spec.sha, spec.size), spec.path) for spec in specs]


def _required(files: Iterable[tuple[CheckoutFile, FileStatus]]) -> api.ShamanRequirementsResponse:
    return api.ShamanRequirementsResponse(
        files=tuple(
            api.ShamanFileSpecWithStatus(
                sha=file.key.sha, size=file.key.size, path=file.path, status=status
            )
            for file, status in files
        )
    )
