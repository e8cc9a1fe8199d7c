"""Registration of a worker, which comes over HTTP or in a session."""

from flamenco.manager.refusals import Refusal
from flamenco.manager.workers.messages import RegisterWorker
from flamenco.model.names import fault
from flamenco.model.specs import Specs
from flamenco.model.workers import Worker
from web.auth import hash_of
from web.context import farm
from web.turns import address


async def register(
    *,
    name: str,
    key: str,
    platform: str,
    task_types: tuple[str, ...],
    capabilities: tuple[str, ...] = (),
) -> Worker:
    """Register a new worker; ``key`` is the SHA-256 of its secret. Raises `Refusal`."""
    if wrong := fault(name):
        raise Refusal(wrong)
    registered: Worker = await farm().workers.ask(
        RegisterWorker(
            name=name,
            secret_hash=hash_of(key),
            platform=platform,
            address=address(),
            task_types=task_types,
            specs=Specs(capabilities=capabilities),
        )
    )
    return registered
