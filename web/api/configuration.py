"""Operations tagged `meta`: the configuration, its file, and the setup assistant."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from quart import request
from werkzeug.http import parse_etags

from flamenco.api.meta import (
    BlenderPathCheckResult,
    ConfigurationHeaders,
    ManagerConfiguration,
    ManagerVariable,
    ManagerVariableAudience,
    PathCheckInput,
    PathCheckResult,
    SetupAssistantConfig,
    SharedStorageLocation,
)
from flamenco.config.checks import check_blender, check_storage, find_blender
from flamenco.config.file import BadValues, FileChanged
from flamenco.config.installation import restart_keys
from flamenco.config.manager import manager_config_values
from flamenco.config.secrets import mask
from flamenco.config.setup import BadAnswers, set_up
from flamenco.manager.refusals import Outdated, Refusal
from flamenco.manager.workers.messages import ConfigChanged
from flamenco.model.bounds import Values, Word
from flamenco.model.variables import Audience, expander, resolve
from flamenco.platforms import PLATFORM
from web.context import farm, services
from web.operations import Operations
from web.wire import JSON, YAML, Answer, Yaml, answer, empty, or_none, reply

RESTART_HEADER = "X-Flamenco-Restart-Needed-For"

routes = Operations("meta")


@routes.get("/configuration")
async def get_configuration() -> ManagerConfiguration:
    """The place of job files in the present configuration file, and if this is a first run."""
    file = services().file
    config = await file.counts()
    storage = file.installation.paths(config).jobs
    return ManagerConfiguration(
        storageLocation=str(storage or ""),
        shamanEnabled=services().shaman is not None,
        isFirstRun=file.installation.is_first_run(config),
        restart_needed_for=restart_keys(services().config_at_start, config),
    )


@routes.get("/configuration/file", answers={200: Mapping[str, Any] | Yaml})
async def get_configuration_file() -> Answer:
    """The configuration file: its keys and values, or its text with comments as YAML.

    A secret that is set is shown as `********`. The header `ETag` with the keys and values
    identifies this version of the file.
    """
    if request.accept_mimetypes.best_match([JSON, YAML]) == YAML:
        return answer(Yaml(await services().file.text()))
    version, config = await services().file.read_versioned()
    values = manager_config_values(config)
    mask(values)
    shown = reply(values)
    shown.set_etag(version)
    return shown


@routes.put("/configuration/file", answers={204: None}, errors={412})
async def update_configuration_file(body: Values, headers: ConfigurationHeaders) -> Answer:
    """Change the configuration file; keys that are not named stay as they are.

    A secret that is given as `********` stays, too. Variables are replaced as a whole. Some changes
    need a restart of the Manager: the header `X-Flamenco-Restart-Needed-For` names their keys.
    412: the file is no longer the version in `If-Match`.
    """
    versions = parse_etags(or_none(headers.if_match) or "*")
    try:
        services().take_over(await services().file.change(body, versions.contains_weak))
        farm().workers.tell(ConfigChanged())
    except BadValues as error:
        raise Refusal(str(error)) from None
    except FileChanged:
        raise Outdated(
            "the configuration file was changed in the meantime; read it again"
        ) from None
    changed = empty()
    keys = restart_keys(services().config_at_start, await services().file.counts())
    if keys:
        changed.headers[RESTART_HEADER] = ", ".join(keys)
    return changed


@routes.get("/configuration/variables/<audience>/<platform>")
async def get_variables(
    audience: ManagerVariableAudience, platform: Word
) -> Mapping[str, ManagerVariable]:
    """The variables for users or workers on a platform."""
    resolved = resolve(services().variables, Audience(audience), platform)
    return {
        name: ManagerVariable(value=each.value, is_twoway=each.is_twoway)
        for name, each in resolved.items()
    }


@routes.get("/configuration/shared-storage/<audience>/<platform>")
async def get_shared_storage(
    audience: ManagerVariableAudience, platform: Word
) -> SharedStorageLocation:
    """The place of job files, for users or workers on a platform."""
    expand = expander(services().variables, Audience(audience), platform, PLATFORM)
    return SharedStorageLocation(
        location=expand.text(str(services().paths.jobs or "")),
        audience=audience,
        platform=platform,
        shamanEnabled=services().shaman is not None,
    )


# Setting up


@routes.post("/configuration/check/shared-storage")
async def check_shared_storage_path(body: PathCheckInput | None) -> PathCheckResult:
    """Check a folder for use as the shared storage."""
    return await check_storage(body.path if body else "", _own_folders())


@routes.get("/configuration/check/blender")
async def find_blender_exe_path() -> tuple[BlenderPathCheckResult, ...]:
    """The Blenders of the Manager's machine."""
    return tuple(await find_blender())


@routes.post("/configuration/check/blender")
async def check_blender_exe_path(body: PathCheckInput | None) -> BlenderPathCheckResult:
    """Check that a path, or a command on the PATH, is Blender."""
    return await check_blender(body.path if body else "")


@routes.post("/configuration/setup-assistant")
async def save_setup_assistant_config(body: SetupAssistantConfig | None) -> None:
    """Write the assistant's answers to the file; then the Manager restarts."""
    if body is None:
        raise Refusal("request body: expected the answers of the setup assistant")
    file = services().file
    try:
        config = set_up(await file.read(), body.storageLocation, body.blenderExecutable)
    except BadAnswers as error:
        raise Refusal(str(error)) from None
    storage = await check_storage(body.storageLocation, _own_folders())
    if not storage.is_usable:
        raise Refusal(f"storageLocation: {storage.cause}")
    await file.replace(config)
    file.restart.set()


def _own_folders() -> tuple[Path, ...]:
    """Folders of the Manager itself, which can't be the shared storage."""
    return (Path(), services().file.installation.file.parent, services().paths.local)
