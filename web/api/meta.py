"""Operations tagged `meta`: version and farm status."""

import flamenco
from flamenco.api.meta import FarmStatusReport, FlamencoVersion
from flamenco.manager.status import GetFarmStatus
from web.context import farm, services
from web.operations import Operations

routes = Operations("meta")


@routes.get("/version")
async def get_version() -> FlamencoVersion:
    """Version and name of the Manager."""
    version = flamenco.__version__
    name = services().config.manager_name
    return FlamencoVersion(version=version, shortversion=version, name=name, git=version)


@routes.get("/status")
async def get_farm_status() -> FarmStatusReport:
    """What the farm as a whole does."""
    status = await farm().status.ask(GetFarmStatus())
    refused = services().counters.stale_reports
    return FarmStatusReport(status=status, refused_reports=refused)
