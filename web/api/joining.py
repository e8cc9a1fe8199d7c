"""Operations on join tokens, tagged `worker-mgt`."""

from datetime import timedelta

from flamenco import clock
from flamenco.api import workers as api
from flamenco.manager.refusals import Refusal
from flamenco.manager.workers.joining import new_join_token
from flamenco.manager.workers.messages import AddJoinToken, EndJoinToken
from flamenco.model.joining import JoinToken
from flamenco.store import all_join_tokens
from web.api.finding import find_worker
from web.context import farm, reader
from web.operations import Id, Operations
from web.operators import demand_operator_if_open

WHAT = "in an open farm only the operator makes join tokens"

routes = Operations("worker-mgt")


@routes.get("/worker-mgt/join-tokens")
async def fetch_join_tokens() -> api.JoinTokenList:
    """The join tokens that count."""
    now = clock.now()
    known = [each for each in await reader().ask(all_join_tokens) if each.expires > now]
    return api.JoinTokenList(tokens=tuple(map(_shown, known)))


@routes.post("/worker-mgt/join-tokens", errors=[404, 409, 422])
async def create_join_token(body: api.JoinTokenWanted) -> api.NewJoinToken:
    """Make a token by which a Worker joins, or gets new credentials."""
    demand_operator_if_open(WHAT)
    known = {tag.id for tag in await reader().tags()}
    if unknown := [each for each in body.tags if each not in known]:
        raise Refusal(f"tags: there is no tag {unknown[0]}")
    if body.worker_id:
        await find_worker(body.worker_id)
    shown, token = new_join_token(
        body.name,
        timedelta(hours=body.hours),
        once=body.once or bool(body.worker_id),
        tags=tuple(dict.fromkeys(body.tags)),
        worker_id=body.worker_id or "",
    )
    await farm().workers.ask(AddJoinToken(token))
    return api.NewJoinToken(secret=shown, token=_shown(token))


@routes.delete("/worker-mgt/join-tokens/<token_id>", errors=[404])
async def end_join_token(token_id: Id) -> None:
    """Let a join token count no longer."""
    await farm().workers.ask(EndJoinToken(token_id))


def _shown(token: JoinToken) -> api.ShownJoinToken:
    return api.ShownJoinToken(
        id=token.id,
        name=token.name,
        tags=token.tags,
        worker_id=token.worker_id,
        once=token.once,
        created=token.created,
        expires=token.expires,
        used=token.used,
    )
