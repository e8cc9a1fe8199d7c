"""Operations tagged `meta`: version, configuration, farm status."""

from quart import Blueprint

import flamenco
from flamenco.api.meta import (
    FarmStatusReport,
    FlamencoVersion,
    ManagerConfiguration,
    ManagerVariable,
    SharedStorageLocation,
)
from flamenco.manager.messages import GetFarmStatus, Refusal
from flamenco.model.variables import Audience, expander, resolve
from flamenco.platforms import PLATFORM
from web.context import farm, services
from web.wire import Answer, reply

routes = Blueprint("meta", __name__)


@routes.get("/version")
async def get_version() -> Answer:
    version = flamenco.__version__
    name = services().config.manager_name
    return reply(FlamencoVersion(version=version, shortversion=version, name=name, git=version))


@routes.get("/configuration")
async def get_configuration() -> Answer:
    storage = services().paths.jobs
    return reply(
        ManagerConfiguration(
            storageLocation=str(storage or ""), shamanEnabled=False, isFirstRun=storage is None
        )
    )


@routes.get("/configuration/variables/<audience>/<platform>")
async def get_variables(audience: str, platform: str) -> Answer:
    resolved = resolve(services().variables, _audience(audience), platform)
    return reply(
        {
            name: ManagerVariable(value=each.value, is_twoway=each.is_twoway)
            for name, each in resolved.items()
        }
    )


@routes.get("/configuration/shared-storage/<audience>/<platform>")
async def get_shared_storage(audience: str, platform: str) -> Answer:
    expand = expander(services().variables, _audience(audience), platform, PLATFORM)
    return reply(
        SharedStorageLocation(
            location=expand.text(str(services().paths.jobs or "")),
            audience=audience,
            platform=platform,
            shamanEnabled=False,
        )
    )


@routes.get("/status")
async def get_farm_status() -> Answer:
    status = await farm().status.ask(GetFarmStatus())
    refused = services().counters.stale_reports
    return reply(FarmStatusReport(status=status, refused_reports=refused))


def _audience(text: str) -> Audience:
    if text not in (Audience.WORKERS, Audience.USERS):
        raise Refusal(f"audience: expected workers or users, got {text!r}")
    return Audience(text)
