"""Operations tagged `meta`: version and farm status."""

import re

from msgspec import UNSET

import flamenco
from flamenco.api.meta import FarmStatusReport, FlamencoVersion, VersionHeaders
from web import views
from web.context import farm, farm_status, services
from web.operations import Operations

API_VERSION = "3.9"
"""Newest version of Flamenco 3 whose clients are supported."""

FLAMENCO_3_ADD_ON = re.compile(r"Flamenco/(3\.[3-9](?:[.-][\w.-]*)?) .*\(Blender add-on\)")
"""Beginning of the user agent of Flamenco 3's add-on, with its version."""

routes = Operations("meta")


@routes.get("/version")
async def get_version(headers: VersionHeaders) -> FlamencoVersion:
    """The version and name of the Manager."""
    # Flamenco 3's add-on asks its user before each job if the version is not its own
    known = FLAMENCO_3_ADD_ON.match(headers.user_agent)
    version = known[1] if known else flamenco.__version__
    return FlamencoVersion(
        version=version,
        shortversion=version,
        name=services().config.manager_name,
        git=flamenco.__version__,
        api_version=API_VERSION,
    )


@routes.get("/status")
async def get_farm_status() -> FarmStatusReport:
    """The status of the farm as a whole."""
    return FarmStatusReport(
        status=await farm_status(),
        refused_reports=services().counters.stale_reports,
        parked=views.parked_parts(farm().system.parked) or UNSET,
    )
