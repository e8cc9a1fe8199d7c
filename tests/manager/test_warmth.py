"""The farm's switch lets no Blender stay open."""

import attrs

from flamenco import protocol
from tests.jobtypes.rendering import RENDER


async def test_the_switch_holds_from_the_next_task_on(stage):
    anna = await stage.worker("anna")
    await stage.submit(
        type="simple-blender-render", settings=RENDER | {"frames": "1-2", "chunk_size": 1}
    )
    first = await anna.hears(protocol.Assign)
    services = stage.farm.services
    services.config = attrs.evolve(services.config, warm_blender=False)
    await anna.complete(first)
    second = await anna.hears(protocol.Assign)
    (warm,), (cold,) = first.commands, second.commands
    assert warm.parameters.get("warm", "auto") == "auto"
    assert cold.parameters == {**cold.parameters, "warm": "never"}
