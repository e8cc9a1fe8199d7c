"""Clients of a Manager over HTTP, for Trio and for blocking programs."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path
from typing import IO, TypeVar
from urllib.parse import urljoin

import attrs
import httpx
import msgspec
import trio

from flamenco import __version__
from flamenco.api.events import FarmEvent
from flamenco.api.frames import FramesWanted, ListedFrame
from flamenco.api.jobs import Job
from flamenco.api.lists import JobsWanted
from flamenco.api.pictures import KeptPicture, PicturesWanted
from flamenco.client.answers import result_of, unreachable
from flamenco.client.calls import Call
from flamenco.client.errors import Unreachable
from flamenco.client.events import Resync, Topics
from flamenco.client.following import Follower, SyncFollower
from flamenco.client.operations import Operations
from flamenco.config.tokens import own_token
from flamenco.config.trust import trusted

T = TypeVar("T")

TIMEOUT_SECONDS = 120.0
"""Maximum seconds for an answer, which submitting a large job may need."""

PAGE = 500

PIECE_BYTES = 2**18
"""Bytes of a file that are read and sent at a time."""


@attrs.frozen
class ManagerClient(Operations):
    """A client for Trio. Operations that fail raise `Unreachable` or a kind of `Rejected`."""

    url: str
    _http: httpx.AsyncClient

    async def carry_out(self, call: Call[T]) -> T:
        """The answer to a request."""
        try:
            if isinstance(call.body, Path):
                async with aclosing(_pieces(call.body)) as pieces:
                    answer = await self._http.send(_request(self._http, call, pieces))
            else:
                answer = await self._http.send(_request(self._http, call, _json(call)))
        except httpx.TransportError as error:
            raise unreachable(self.url, error) from error
        return result_of(call, self.url, answer)

    async def each_job(self, wanted: JobsWanted) -> AsyncIterator[Job]:
        """All jobs that match, fetched a page at a time."""
        after: str | None = wanted.after
        while after is not None:
            page = await self.jobs_page(_page(wanted, after))
            for job in page.jobs:
                yield job
            after = page.next or None

    async def each_frame(self, job_id: str) -> AsyncIterator[ListedFrame]:
        """All frames of a job, in order."""
        after: str | None = ""
        while after is not None:
            page = await self.frames_page(job_id, FramesWanted(after=after))
            for frame in page.frames:
                yield frame
            after = page.next or None

    async def each_picture(self, job_id: str) -> AsyncIterator[KeptPicture]:
        """All pictures of a job's frames, in their order."""
        after: str | None = ""
        while after is not None:
            page = await self.pictures_page(job_id, PicturesWanted(after=after))
            for picture in page.pictures:
                yield picture
            after = page.next or None

    @asynccontextmanager
    async def follow(self, topics: Topics) -> AsyncIterator[AsyncIterator[FarmEvent | Resync]]:
        """All events from the beginning of the block on, without a gap.

        A broken connection is resumed, for as long as it takes; events that are lost for good
        become a `Resync`. Raises `Unreachable` or `Rejected` if it can't begin.
        """
        follower = Follower(self.url, self._http, topics)
        async with (
            aclosing(await follower.connect()) as connection,
            aclosing(follower.events(connection)) as events,
        ):
            yield events


@attrs.frozen
class SyncClient(Operations):
    """A client for blocking programs. Its operations raise the errors of `ManagerClient`."""

    url: str
    _http: httpx.Client

    def carry_out(self, call: Call[T]) -> T:
        """The answer to a request."""
        try:
            if isinstance(call.body, Path):
                with call.body.open("rb") as file:
                    answer = self._http.send(_request(self._http, call, file))
            else:
                answer = self._http.send(_request(self._http, call, _json(call)))
        except httpx.TransportError as error:
            raise unreachable(self.url, error) from error
        return result_of(call, self.url, answer)

    def each_job(self, wanted: JobsWanted) -> Iterator[Job]:
        """All jobs that match, fetched a page at a time."""
        after: str | None = wanted.after
        while after is not None:
            page = self.jobs_page(_page(wanted, after))
            yield from page.jobs
            after = page.next or None

    def each_frame(self, job_id: str) -> Iterator[ListedFrame]:
        """All frames of a job, in order."""
        after: str | None = ""
        while after is not None:
            page = self.frames_page(job_id, FramesWanted(after=after))
            yield from page.frames
            after = page.next or None

    def each_picture(self, job_id: str) -> Iterator[KeptPicture]:
        """All pictures of a job's frames, in their order."""
        after: str | None = ""
        while after is not None:
            page = self.pictures_page(job_id, PicturesWanted(after=after))
            yield from page.pictures
            after = page.next or None

    @contextmanager
    def follow(self, topics: Topics) -> Iterator[Iterator[FarmEvent | Resync]]:
        """All events from the beginning of the block on, as in `ManagerClient.follow`.

        Other operations may be used in the block.
        """
        follower = SyncFollower(self.url, self._http, topics)
        with (
            closing(follower.connect()) as connection,
            closing(follower.events(connection)) as events,
        ):
            yield events


def _page(wanted: JobsWanted, after: str) -> JobsWanted:
    return attrs.evolve(wanted, after=after, limit=wanted.limit or PAGE)


def _json(call: Call[T]) -> bytes | None:
    return None if call.body is None else msgspec.json.encode(call.body)


async def _pieces(file: Path) -> AsyncGenerator[bytes, None]:
    async with await trio.open_file(file, "rb") as opened:
        while piece := await opened.read(PIECE_BYTES):
            yield piece


def _request(
    http: httpx.Client | httpx.AsyncClient,
    call: Call[T],
    content: bytes | IO[bytes] | AsyncGenerator[bytes, None] | None,
) -> httpx.Request:
    headers = {**call.headers}
    if content is not None:
        is_json = isinstance(content, bytes)
        headers["Content-Type"] = "application/json" if is_json else "application/octet-stream"
    return http.build_request(
        call.method,
        urljoin("/api/v3/", call.path),
        params=call.query,
        content=content,
        headers=headers,
    )


def _full(url: str) -> str:
    """The URL with its scheme. Raises `Unreachable` if it can't be the URL of a Manager."""
    full = url if "://" in url else f"http://{url}"
    with suppress(httpx.InvalidURL):
        known = httpx.URL(full)
        if known.host and known.scheme in ("http", "https"):
            return str(known).rstrip("/")
    raise Unreachable(f"expected the URL of a Manager such as http://localhost:8080/, got {url!r}")


def _headers(program: str, url: str, given: str | None) -> dict[str, str]:
    """The headers by which the Manager tells who asks."""
    token = own_token(url) if given is None else given
    shown = {"Authorization": f"Bearer {token}"} if token else {}
    return {"User-Agent": f"Flamenco/{__version__} ({program})", **shown}


@asynccontextmanager
async def open_client(
    url: str, program: str = "client", token: str | None = None
) -> AsyncIterator[ManagerClient]:
    """A client of the Manager at ``url``, for Trio; ``http://`` may be left out.

    ``token`` is needed where it matters to the Manager who asks; without one, that of
    `flamenco login` or of the environment variable FLAMENCO_TOKEN is shown.
    ``program`` is told to the Manager, which keeps in a job's history who asked for what.
    Raises `Unreachable` if that is not a URL; only the first request tells if a Manager is there.
    Raises ConfigError if the file with the tokens, or that of FLAMENCO_CA_FILE, can't be read.
    Proxies of the environment are not used: a farm is in its users' network.
    """
    full = _full(url)
    async with httpx.AsyncClient(
        base_url=full,
        timeout=TIMEOUT_SECONDS,
        trust_env=False,
        verify=trusted(),
        headers=_headers(program, full, token),
    ) as http:
        yield ManagerClient(full, http)


@contextmanager
def open_sync_client(
    url: str, program: str = "client", token: str | None = None
) -> Iterator[SyncClient]:
    """A client of the Manager at ``url`` for blocking programs, otherwise as `open_client`."""
    full = _full(url)
    with httpx.Client(
        base_url=full,
        timeout=TIMEOUT_SECONDS,
        trust_env=False,
        verify=trusted(),
        headers=_headers(program, full, token),
    ) as http:
        yield SyncClient(full, http)
