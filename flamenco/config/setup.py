"""The configuration from the setup assistant (reference api §4, saveSetupAssistantConfig)."""

from collections.abc import Callable, Mapping

import attrs

from flamenco.api.meta import BlenderPathCheckResult, BlenderPathSource
from flamenco.config.manager import ManagerConfig
from flamenco.model.variables import Variable, VariableValue, constant

PLATFORMS = ("linux", "windows", "darwin")
BLENDER_ARGUMENTS = "-b -y"

Choice = BlenderPathCheckResult
_VALUES: Mapping[BlenderPathSource, tuple[tuple[str, ...], Callable[[Choice], str]]] = {
    BlenderPathSource.DEFAULT: ((), lambda choice: "blender"),
    BlenderPathSource.FILE_ASSOCIATION: (("path",), lambda choice: "blender"),
    BlenderPathSource.PATH_ENVVAR: (("path", "input"), lambda choice: choice.input),
    BlenderPathSource.INPUT_PATH: (("path", "input"), lambda choice: choice.path),
    BlenderPathSource.SYSTEM_LOCATION: (("path", "input"), lambda choice: choice.path),
}
"""{source of Blender: (fields that it needs, function from the choice to the variable's value)}."""


class BadAnswers(Exception):
    """An answer that the assistant needs is missing or wrong."""


def set_up(config: ManagerConfig, storage: str, blender: Choice) -> ManagerConfig:
    """The configuration with a shared storage and a Blender. Raises `BadAnswers`."""
    if not storage.strip():
        raise BadAnswers("storageLocation: expected a folder")
    if not blender.is_usable:
        raise BadAnswers("blenderExecutable: expected a usable one")
    needed, value = _VALUES[blender.source]
    for name in needed:
        if not getattr(blender, name):
            raise BadAnswers(f"blenderExecutable.{name}: expected it with source {blender.source}")
    return attrs.evolve(
        config,
        shared_storage_path=storage,
        variables={
            **config.variables,
            "blender": _everywhere(value(blender)),
            "blenderArgs": constant(BLENDER_ARGUMENTS),
        },
    )


def _everywhere(value: str) -> Variable:
    return Variable(
        values=tuple(VariableValue(value=value, platforms=(name,)) for name in PLATFORMS)
    )
