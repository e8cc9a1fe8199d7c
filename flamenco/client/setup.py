"""Operations that set up a Manager."""

from collections.abc import Mapping
from typing import Any

from flamenco.api import meta
from flamenco.client.calls import Call, get, nothing, operation, post, send

FILE = "configuration/file"


class SetupOperations:
    """Operations on a Manager's configuration."""

    @operation
    def configuration(self) -> Call[meta.ManagerConfiguration]:
        """The place of job files, if this is a first run, and the changes that need a restart."""
        return get("configuration", meta.ManagerConfiguration)

    @operation
    def configuration_file(self) -> Call[dict[str, Any]]:
        """The keys and values of the configuration file; secrets that are set are masked."""
        return get(FILE, dict[str, Any])

    @operation
    def configuration_text(self) -> Call[str]:
        """The text of the configuration file with its comments; secrets that are set are masked."""
        return Call("GET", FILE, bytes.decode, headers={"Accept": "application/yaml"})

    @operation
    def change_configuration(self, values: Mapping[str, Any]) -> Call[None]:
        """Change keys of the file. All others stay, and so does a secret sent as the mask."""
        return Call("PUT", FILE, nothing, body=values)

    @operation
    def check_shared_storage(self, path: str) -> Call[meta.PathCheckResult]:
        """A check of a folder on the Manager's machine for use as the shared storage."""
        wanted = meta.PathCheckInput(path=path)
        return send("configuration/check/shared-storage", wanted, meta.PathCheckResult)

    @operation
    def find_blender(self) -> Call[tuple[meta.BlenderPathCheckResult, ...]]:
        """The Blenders of the Manager's machine."""
        return get("configuration/check/blender", tuple[meta.BlenderPathCheckResult, ...])

    @operation
    def check_blender(self, path: str) -> Call[meta.BlenderPathCheckResult]:
        """A check that a path on the Manager's machine, or a command there, is Blender."""
        wanted = meta.PathCheckInput(path=path)
        return send("configuration/check/blender", wanted, meta.BlenderPathCheckResult)

    @operation
    def set_up(self, answers: meta.SetupAssistantConfig) -> Call[None]:
        """Set storage and Blender from the checks' answers; then the Manager restarts."""
        return post("configuration/setup-assistant", answers)
