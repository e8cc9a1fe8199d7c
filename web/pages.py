"""Files that the Manager serves: the page, the add-on, logs and pictures."""

from pathlib import Path
from uuid import UUID

from quart import Blueprint, Response, redirect, send_from_directory
from werkzeug.exceptions import NotFound as NoSuchFile

from flamenco import __version__
from flamenco.discovery.ssdp import DESCRIPTION_PATH, description
from flamenco.logs import job_folder
from flamenco.model.access import Permission
from web.askers import demand_permission
from web.context import services
from web.logfiles import LOG_ENDING, log_file

STATIC = Path(__file__).parent / "static"
"""Folder of the built page, which web/build_hook.py makes."""

ADDON = "flamenco-addon.zip"
ASSETS = "assets/"
"""Folder of files with a digest of their content in their names, which never change."""

ASSET_SECONDS = 365 * 24 * 3600
LONGEST_PATH, LONGEST_NAME = 1000, 250
"""Maximum numbers of characters of a path that is looked for, and of a part of it."""
HOW_TO_BUILD = "in a checkout, `uv sync --reinstall-package flamenco` builds it"
NO_PAGE = f"""\
<!doctype html><title>Flamenco</title><h1>This Manager has no page</h1>
<p>It runs, and its API answers, but the web page was not built: {HOW_TO_BUILD}.</p>
"""


def has_page() -> bool:
    """True if the page was built."""
    return (STATIC / "index.html").is_file()


routes = Blueprint("pages", __name__)


@routes.get("/")
@routes.get("/app")
async def to_app() -> Response:
    return redirect("/app/", 307)  # type: ignore[return-value]


@routes.get("/app/")
@routes.get("/app/<path:path>")
async def app(path: str = "index.html") -> Response:
    return await page(path)


async def page(path: str) -> Response:
    """A file of the page, or the page itself for any other path, which is a place within it."""
    if not has_page():
        return Response(NO_PAGE, 503, content_type="text/html")
    kept_for = ASSET_SECONDS if path.startswith(ASSETS) else 0
    try:
        return await _sent(STATIC, path, kept_for)
    except NoSuchFile:
        if path.startswith(ASSETS):
            raise
        return await send_from_directory(STATIC, "index.html", cache_timeout=0)


@routes.get("/favicon.svg")
async def favicon() -> Response:
    return await send_from_directory(STATIC, "favicon.svg")


@routes.get("/favicon.ico")
@routes.get("/favicon.png")
async def old_favicon() -> Response:
    return await send_from_directory(STATIC, "favicon.png", mimetype="image/png")


@routes.get("/flamenco3-addon.zip")
async def old_addon() -> Response:
    return redirect(f"/{ADDON}", 308)  # type: ignore[return-value]


@routes.get(f"/{ADDON}")
@routes.get(f"/extensions/{ADDON}")
async def addon() -> Response:
    return await send_from_directory(STATIC, ADDON, cache_timeout=0)


@routes.get("/extensions/index.json")
async def extensions() -> Response:
    """A repository of extensions with the add-on, whose name Blender demands."""
    return await send_from_directory(STATIC, "extensions.json", cache_timeout=0)


@routes.get(DESCRIPTION_PATH)
async def upnp_description() -> Response:
    """The description of the device that SSDP advertises."""
    if not services().config.autodiscoverable:
        raise NoSuchFile
    return Response(description(__version__), content_type="text/xml; charset=utf-8")


@routes.get("/job-files/<folder>/<uuid:job_id>/<name>")
async def job_files(folder: str, job_id: UUID, name: str) -> Response:
    """A log or picture of a job, but no other file in the same folder."""
    demand_permission(Permission.LOOK)
    path = job_folder(str(job_id))
    if folder != path.parent.name:
        raise NoSuchFile
    place = services().paths.local / path
    return await (log_file(place / name) if _is_log(name) else _sent(place, name))


def _is_log(name: str) -> bool:
    return name.startswith("task-") and name.endswith(LOG_ENDING) and len(name) <= LONGEST_NAME


async def _sent(folder: Path, path: str, kept_for: int = 0) -> Response:
    """A file in a folder. Raises `NoSuchFile`, also for a path that no file can have."""
    if len(path) > LONGEST_PATH or max(map(len, path.split("/"))) > LONGEST_NAME:
        raise NoSuchFile
    return await send_from_directory(folder, path, cache_timeout=kept_for)
