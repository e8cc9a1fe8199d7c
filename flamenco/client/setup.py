"""The operations that set a Manager up."""

from collections.abc import Mapping
from typing import Any

from flamenco.api import meta
from flamenco.client.calls import Call, get, nothing, operation, post, send

FILE = "configuration/file"


class SetupOperations:
    """What can be asked of a Manager's configuration."""

    @operation
    def configuration(self) -> Call[meta.ManagerConfiguration]:
        """Where job files go, whether this is the first run, and which changes need a restart."""
        return get("configuration", meta.ManagerConfiguration)

    @operation
    def configuration_file(self) -> Call[dict[str, Any]]:
        """The keys and values of the configuration file; of secrets that are set a mask."""
        return get(FILE, dict[str, Any])

    @operation
    def configuration_text(self) -> Call[str]:
        """The same as the text of the file, with its comments."""
        return Call("GET", FILE, bytes.decode, headers={"Accept": "application/yaml"})

    @operation
    def change_configuration(self, values: Mapping[str, Any]) -> Call[None]:
        """Change keys of the file; what is not named stays, and so does a secret that is masked."""
        return Call("PUT", FILE, nothing, body=values)

    @operation
    def check_shared_storage(self, path: str) -> Call[meta.PathCheckResult]:
        """Whether a folder on the Manager's machine can be the shared storage, and why not."""
        wanted = meta.PathCheckInput(path=path)
        return send("configuration/check/shared-storage", wanted, meta.PathCheckResult)

    @operation
    def find_blender(self) -> Call[tuple[meta.BlenderPathCheckResult, ...]]:
        """The Blenders that the Manager's machine knows of."""
        return get("configuration/check/blender", tuple[meta.BlenderPathCheckResult, ...])

    @operation
    def check_blender(self, path: str) -> Call[meta.BlenderPathCheckResult]:
        """Whether a path on the Manager's machine, or a command there, is Blender."""
        wanted = meta.PathCheckInput(path=path)
        return send("configuration/check/blender", wanted, meta.BlenderPathCheckResult)

    @operation
    def set_up(self, answers: meta.SetupAssistantConfig) -> Call[None]:
        """Set storage and Blender, as checks answered them; then the Manager starts anew."""
        return post("configuration/setup-assistant", answers)
