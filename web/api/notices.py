"""Operations tagged `meta` on notices."""

from msgspec import UNSET

from flamenco.api import notices as api
from flamenco.manager.notices import MarkRead
from flamenco.manager.refusals import Refusal
from flamenco.store import notices_for
from web.context import farm, reader
from web.operations import Operations

routes = Operations("meta")


@routes.get("/notices")
async def fetch_notices(query: api.NoticesWanted) -> api.NoticeList:
    """Notices for people, the newest first, and the number of those unread."""
    found = await reader().ask(lambda db: notices_for(db, query.browser, query.limit))
    return api.NoticeList(
        notices=tuple(
            api.ShownNotice(
                id=each.id,
                at=each.at,
                kind=each.kind,
                text=each.text,
                unread=place < found.unread,
                job_id=each.job_id or UNSET,
                worker_id=each.worker_id or UNSET,
            )
            for place, each in enumerate(found.notices)
        ),
        unread=found.unread,
    )


@routes.post("/notices/read")
async def mark_notices_read(body: api.NoticesRead) -> None:
    """Note that the notices up to a time were read in a browser."""
    if not body.browser:
        raise Refusal("browser: expected a text by which it is known again")
    await farm().notices.ask(MarkRead(body.browser, body.until))
