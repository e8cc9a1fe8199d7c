"""Registration of a worker, which comes over HTTP or in a session."""

from actors import ActorStopped
from flamenco.manager.refusals import Refusal
from flamenco.manager.workers.messages import RegisterWorker, ReplaceKey, SpendJoinToken
from flamenco.model.joining import JoinToken
from flamenco.model.names import fault
from flamenco.model.specs import Specs
from flamenco.model.workers import Worker
from flamenco.store import count_waiting
from web.auth import hash_of
from web.context import door, farm, reader
from web.turns import TooMany, address

MOST_WAITING = 100
"""Maximum number of workers that wait for approval."""


async def register(
    *,
    name: str,
    key: str,
    platform: str,
    task_types: tuple[str, ...],
    capabilities: tuple[str, ...] = (),
    join_token: str = "",
    awaits_approval: bool = False,
) -> Worker:
    """Register a new worker; ``key`` is the SHA-256 of its secret. Raises `Refusal`, `TooMany`."""
    if wrong := fault(name):
        raise Refusal(wrong)
    if awaits_approval and await reader().look(count_waiting) >= MOST_WAITING:
        raise TooMany(f"{MOST_WAITING} workers wait for approval already")
    registered: Worker = await farm().workers.ask(
        RegisterWorker(
            name=name,
            secret_hash=hash_of(key),
            platform=platform,
            address=address(),
            task_types=task_types,
            specs=Specs(capabilities=capabilities),
            awaits_approval=awaits_approval,
            join_token=join_token,
        )
    )
    return registered


async def renew(token: JoinToken, key: str) -> None:
    """Give the worker of a join token new credentials. Raises `Refusal`, `ActorStopped`."""
    await farm().workers.ask(SpendJoinToken(token.id))
    await replace_key(token.worker_id, hash_of(key))


async def replace_key(worker_id: str, secret_hash: str) -> None:
    """Let other credentials of a worker count, or none. Raises `Refusal`, `ActorStopped`."""
    worker = farm().worker(worker_id)
    if worker is None:
        raise ActorStopped(f"the actor of worker {worker_id} is not running")
    await worker.ask(ReplaceKey(secret_hash))
    door().forget(worker_id)
