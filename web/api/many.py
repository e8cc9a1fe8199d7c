"""The same action on many objects, each as if it were the only one."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import trio
from msgspec import UNSET

from flamenco.api import bulk as api
from web.finishing import finished
from web.wire import STATUS_OF, status_of

Act = Callable[[str, Any], Awaitable[None]]
"""Function that does something to the object with an id."""

AT_ONCE = 32
"""Maximum number of actions at the same time: enough for their commits to gather."""


async def to_all(ids: Sequence[str], act: Act, change: object) -> api.BulkResult:
    """The outcome for each. What was begun is finished, even if the client leaves."""
    return await finished(lambda: _to_all(ids, act, change))


async def _to_all(ids: Sequence[str], act: Act, change: object) -> api.BulkResult:
    refused: dict[str, api.BulkOutcome] = {}
    left = iter(ids)

    async def go_on() -> None:
        for each in left:
            try:
                await act(each, change)
            except tuple(STATUS_OF) as error:
                code = status_of(error)
                refused[each] = api.BulkOutcome(id=each, code=code, message=str(error))

    async with trio.open_nursery() as nursery:
        for _ in range(min(AT_ONCE, len(ids))):
            nursery.start_soon(go_on)
    told = ids if len(ids) <= api.MOST else [each for each in ids if each in refused][: api.MOST]
    reasons = Counter(each.message for each in refused.values() if each.message is not UNSET)
    return api.BulkResult(
        outcomes=tuple(refused.get(each) or api.BulkOutcome(id=each, code=204) for each in told),
        done=len(ids) - len(refused),
        refused=len(refused),
        reasons=tuple(
            api.RefusalReason(message=message, count=count)
            for message, count in reasons.most_common(api.MOST_REASONS)
        ),
    )
