"""Operations tagged `meta`: version, configuration, farm status."""

from collections.abc import Mapping

import flamenco
from flamenco.api.meta import (
    FarmStatusReport,
    FlamencoVersion,
    ManagerConfiguration,
    ManagerVariable,
    ManagerVariableAudience,
    SharedStorageLocation,
)
from flamenco.manager.messages import GetFarmStatus
from flamenco.model.variables import Audience, expander, resolve
from flamenco.platforms import PLATFORM
from web.context import farm, services
from web.operations import Operations

routes = Operations("meta")


@routes.get("/version")
async def get_version() -> FlamencoVersion:
    """Version and name of the Manager."""
    version = flamenco.__version__
    name = services().config.manager_name
    return FlamencoVersion(version=version, shortversion=version, name=name, git=version)


@routes.get("/configuration")
async def get_configuration() -> ManagerConfiguration:
    """Where job files go."""
    storage = services().paths.jobs
    return ManagerConfiguration(
        storageLocation=str(storage or ""),
        shamanEnabled=services().shaman is not None,
        isFirstRun=storage is None,
    )


@routes.get("/configuration/variables/<audience>/<platform>")
async def get_variables(
    audience: ManagerVariableAudience, platform: str
) -> Mapping[str, ManagerVariable]:
    """Variables for users or workers on a platform."""
    resolved = resolve(services().variables, Audience(audience), platform)
    return {
        name: ManagerVariable(value=each.value, is_twoway=each.is_twoway)
        for name, each in resolved.items()
    }


@routes.get("/configuration/shared-storage/<audience>/<platform>")
async def get_shared_storage(
    audience: ManagerVariableAudience, platform: str
) -> SharedStorageLocation:
    """Where job files go, as seen by users or workers on a platform."""
    expand = expander(services().variables, Audience(audience), platform, PLATFORM)
    return SharedStorageLocation(
        location=expand.text(str(services().paths.jobs or "")),
        audience=audience,
        platform=platform,
        shamanEnabled=services().shaman is not None,
    )


@routes.get("/status")
async def get_farm_status() -> FarmStatusReport:
    """What the farm as a whole does."""
    status = await farm().status.ask(GetFarmStatus())
    refused = services().counters.stale_reports
    return FarmStatusReport(status=status, refused_reports=refused)
