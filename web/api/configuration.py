"""Operations tagged `meta`: the configuration, its file, and the setup assistant."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import trio
from msgspec import UNSET
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
from flamenco.config.checks import check_storage, find_blender, look_at_blender, run_blender
from flamenco.config.file import BadValues, FileChanged, OperatorsOnly
from flamenco.config.installation import restart_keys
from flamenco.config.manager import manager_config_values
from flamenco.config.secrets import mask
from flamenco.config.setup import BadAnswers, set_up
from flamenco.manager.refusals import Conflict, Outdated, Refusal
from flamenco.model.bounds import Values, Word
from flamenco.model.variables import Audience, expander, resolve
from flamenco.platforms import PLATFORM
from web.context import checking, farm, services
from web.operations import Operations
from web.operators import HOW, OperatorNeeded, demand_operator, is_operator
from web.wire import JSON, YAML, Answer, Yaml, answer, empty, or_none, reply

UNTOLD = (
    "The Manager can't use this: it has to be a folder of its own machine, in which it may write."
)
BUSY = "Another check is under way: try again."
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
        set_elsewhere=file.installation.set_elsewhere or UNSET,
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


@routes.put("/configuration/file", answers={204: None}, errors={403, 412})
async def update_configuration_file(body: Values, headers: ConfigurationHeaders) -> Answer:
    """Change the configuration file; keys that are not named stay as they are.

    A secret that is given as `********` stays, too. Variables are replaced as a whole. Some changes
    need a restart of the Manager: the header `X-Flamenco-Restart-Needed-For` names their keys.
    403: only the operator may change these keys. 412: the file is no longer the version in
    `If-Match`.
    """
    versions = parse_etags(or_none(headers.if_match) or "*")
    try:
        await services().file.change(body, versions.contains_weak, by_operator=is_operator())
    except BadValues as error:
        raise Refusal(str(error)) from None
    except OperatorsOnly as error:
        raise OperatorNeeded(f"{error}; {HOW}") from None
    except FileChanged:
        raise Outdated(
            "the configuration file was changed in the meantime; read it again"
        ) from None
    changed = empty()
    if keys := await farm().take_configuration():
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


@routes.post("/configuration/check/shared-storage", errors={403})
async def check_shared_storage_path(body: PathCheckInput | None) -> PathCheckResult:
    """Check a folder for use as the shared storage; but for the operator, only in a first run."""
    operators = is_operator()
    if not operators and not await _is_first_run():
        demand_operator("the shared storage is set up")
    result = await check_storage(body.path if body else "", _own_folders())
    return result if operators or result.is_usable else attrs.evolve(result, cause=UNTOLD)


@routes.get("/configuration/check/blender")
async def find_blender_exe_path() -> tuple[BlenderPathCheckResult, ...]:
    """The Blenders of the Manager's machine; they are not started."""
    return tuple(await find_blender())


@routes.post("/configuration/check/blender")
async def check_blender_exe_path(body: PathCheckInput | None) -> BlenderPathCheckResult:
    """Check that a path, or a command on the PATH, is Blender; in a first run, by starting it."""
    text = body.path if body else ""
    shared = services().file.installation.shared(await services().file.counts())
    found = await look_at_blender(text, shared)
    if not found.is_usable or not await _is_first_run():
        return found
    try:
        checking().acquire_nowait()
    except trio.WouldBlock:
        return attrs.evolve(found, is_usable=False, path="", cause=BUSY)
    try:
        return await run_blender(found)
    finally:
        checking().release()


@routes.post("/configuration/setup-assistant", errors={409})
async def save_setup_assistant_config(body: SetupAssistantConfig | None) -> None:
    """Write the assistant's answers to the file, in a first run; then the Manager restarts."""
    if body is None:
        raise Refusal("request body: expected the answers of the setup assistant")
    if not await _is_first_run():
        raise Conflict("the Manager is set up; start it with --setup-assistant to do that again")
    file = services().file
    try:
        config = set_up(await file.read(), body.storageLocation, body.blenderExecutable)
    except BadAnswers as error:
        raise Refusal(str(error)) from None
    storage = await check_storage(body.storageLocation, _own_folders())
    if not storage.is_usable:
        raise Refusal(f"storageLocation: {storage.cause if is_operator() else UNTOLD}")
    await file.replace(config)
    file.restart.set()


async def _is_first_run() -> bool:
    file = services().file
    return file.installation.is_first_run(await file.counts())


def _own_folders() -> tuple[Path, ...]:
    """Folders of the Manager itself, which can't be the shared storage."""
    return (Path(), services().file.installation.file.parent, services().paths.local)
