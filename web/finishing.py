"""Work that is finished once it was begun, even if the client that asked for it leaves."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio

import actors
from web.context import nursery

T = TypeVar("T")


async def finished(work: Callable[[], Awaitable[T]]) -> T:
    """The result of ``work``, which goes on beside the request. Also raises its exceptions.

    A request is cancelled when its client leaves, and what it was doing would stay half done. Only
    the end of the server still cuts it off.
    """
    results: list[T] = []
    failures: list[Exception] = []
    done = trio.Event()

    async def run() -> None:
        try:
            results.append(await work())
        except Exception as error:  # noqa: BLE001 -- it is raised where the work is waited for
            failures.append(error)
        finally:
            done.set()

    nursery().start_soon(run)
    await done.wait()
    for error in failures:
        raise error
    if not results:
        raise actors.ActorStopped("the Manager is stopping")
    return results[0]
