"""The folder of a Manager of Flamenco 3 (reference database, rules §10 and §14)."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import attrs

from flamenco.config.manager import DATABASE_NAME, FILE_NAME, ManagerConfig, load_manager_config
from flamenco.config.schema import Warn
from flamenco.errors import Mendable
from flamenco.logs import job_folder
from flamenco.shaman import BadPath, Shaman, checkout_path

LOCAL = "local"
"""Name of the folder for logs and pictures in a storage of this Manager."""


class ChangeoverError(Mendable):
    """A folder that can't be brought over; the text says why."""


@attrs.frozen
class OldFarm:
    """The files of a Manager of Flamenco 3; relative paths count from its folder."""

    folder: Path
    config: ManagerConfig
    database: Path
    local: Path
    """Folder of logs and pictures."""
    scripts: Path
    shared: Path | None

    @property
    def file(self) -> Path:
        """The configuration, which need not be there."""
        return self.folder / FILE_NAME

    def new_config(self) -> ManagerConfig:
        """The configuration of a Manager that goes on in a storage of its own."""
        return attrs.evolve(
            self.config,
            database=DATABASE_NAME,
            local_manager_storage_path=LOCAL,
            shared_storage_path="" if self.shared is None else str(self.shared),
        )

    def files_of(self, job_id: str) -> Iterator[Path]:
        """Logs and pictures of a job."""
        folder = self.local / job_folder(job_id)
        for pattern in ("task-*.txt*", "last-rendered*.jpg"):
            yield from sorted(file for file in folder.glob(pattern) if file.is_file())

    def is_checkout(self, path: str) -> bool:
        """True if Shaman made a folder that a job names, rather than somebody who works there."""
        if self.shared is None or not self.config.shaman.enabled:
            return False
        with suppress(BadPath, OSError):
            place = checkout_path(path)
            return str(place) == path and Shaman(self.shared).checkouts.has_only_links(place)
        return False

    def log_size(self, job_id: str, task_id: str) -> int:
        """Length of a task's log in bytes; 0 if there is none."""
        file = self.local / job_folder(job_id) / f"task-{task_id}.txt"
        return file.stat().st_size if file.is_file() else 0


def find(folder: Path, warn: Warn) -> OldFarm:
    """The farm that the Manager of a folder has written. Raises ChangeoverError, ConfigError."""
    folder = folder.absolute()
    config = load_manager_config(folder / FILE_NAME, warn)
    paths = config.paths(folder=folder)
    if not paths.database.is_file():
        raise ChangeoverError(
            f"{paths.database}: there is no such database; expected the folder in which the "
            f"Manager of Flamenco 3 was started, with its {FILE_NAME}"
        )
    return OldFarm(folder, config, paths.database, paths.local, paths.scripts, paths.shared)
