"""Answers of a provider of single sign-on, which may be down, slow, endless or nonsense.

Its address is the operator's word, and whoever answers there says who is an operator of the farm:
so private addresses are asked as well. Redirects are not followed.
"""

import math
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import attrs
import httpx
import msgspec
import trio

from flamenco.config.trust import trusted

T = TypeVar("T")

ANSWER_SECONDS = 10.0
"""Maximum seconds for an answer, to its last byte."""
MOST_READ = 2**20
"""Maximum bytes of an answer."""
KEPT_SECONDS = 3600.0
"""Seconds for which what a provider says of itself is kept."""
PAUSE_SECONDS = 5.0
"""Seconds after which a provider that had trouble is asked again."""
_PLAIN = {"Accept": "application/json", "Accept-Encoding": "identity"}


class ProviderTrouble(Exception):
    """A provider gives no answer that can be used; the text says what is wrong."""


async def ask(method: str, url: str, **request: Any) -> tuple[int, bytes]:
    """The status and the body of an answer. Raises `ProviderTrouble`."""
    try:
        with trio.fail_after(ANSWER_SECONDS):
            async with (
                httpx.AsyncClient(
                    verify=await trio.to_thread.run_sync(trusted),
                    headers=_PLAIN,
                    timeout=ANSWER_SECONDS,
                ) as client,
                client.stream(method, url, **request) as answer,
            ):
                content = bytearray()
                async for piece in answer.aiter_raw():
                    content += piece
                    if len(content) > MOST_READ:
                        raise ProviderTrouble(f"{url} answers with more than {MOST_READ} bytes")
                return answer.status_code, bytes(content)
    except trio.TooSlowError:
        raise ProviderTrouble(f"{url} did not answer within {ANSWER_SECONDS:.0f} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        reason = str(error) or type(error).__name__
        raise ProviderTrouble(f"{url} can't be reached: {reason}") from None


async def fetch(kind: type[T], url: str, **request: Any) -> T:
    """An answer of JSON to a GET. Raises `ProviderTrouble`."""
    status, content = await ask("GET", url, **request)
    if status != httpx.codes.OK:
        raise ProviderTrouble(f"{url} answered {status}")
    return decoded(kind, url, content)


def decoded(kind: type[T], url: str, content: bytes) -> T:
    """The JSON of an answer. Raises `ProviderTrouble`."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ProviderTrouble(f"{url} answers with something unexpected: {error}") from None


@attrs.define(eq=False)
class Kept(Generic[T]):
    """Something that a provider says of itself, which is asked for anew from time to time."""

    _ask: Callable[[], Awaitable[T]]
    _lock: trio.Lock = attrs.field(factory=trio.Lock)
    _said: T | None = None
    _trouble: ProviderTrouble | None = None
    _at: float = -math.inf
    """Time by Trio's clock of the last answer, or trouble."""

    async def get(self, age: float = KEPT_SECONDS) -> T:
        """It, of at most this age in seconds. Raises `ProviderTrouble`."""
        async with self._lock:
            since = trio.current_time() - self._at
            if self._trouble is not None and since < PAUSE_SECONDS:
                raise ProviderTrouble(str(self._trouble))
            if self._said is None or self._trouble is not None or since >= age:
                await self._ask_anew()
            assert self._said is not None  # noqa: S101
            return self._said

    async def _ask_anew(self) -> None:
        try:
            self._said, self._trouble = await self._ask(), None
        except ProviderTrouble as trouble:
            self._trouble, self._at = trouble, trio.current_time()
            raise
        self._at = trio.current_time()
