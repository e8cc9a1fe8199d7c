# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways of a job's files to the Workers: none, a pack in the shared storage, or Shaman."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import checksums, packing, rewriting, shaman
from .client import Client
from .packing import Transfer
from .paths import path_for_manager
from .plan import PackPlan
from .remembered import Remembered

Contents = Mapping[Path, Path]


@dataclass(frozen=True)
class Delivered:
    """Where the files of a job are."""

    blendfile: str
    """Path of the blend file, as the Manager is told."""
    pack: Path | None = None
    """Folder that they were copied to; None if there is none."""
    checkout: str = ""
    """Path of Shaman's checkout; empty if there is none."""

    def discard(self) -> None:
        """Remove what no job uses, as far as possible."""
        if self.pack is not None:
            packing.discard(self.pack)


@dataclass(frozen=True)
class Sender:
    """Sends the files of one submission, in a background thread."""

    plan: PackPlan
    blender: Sequence[str]
    """Command of the Blender that rewrites paths."""
    memory: Path
    """Folder for what is remembered between sessions."""
    transfer: Transfer

    def to_storage(self, pack: Path) -> Delivered:
        """Copy them to a new folder. Raises PackFailed or Aborted."""
        with self._contents() as contents:
            earlier = Remembered(self.memory / packing.CACHE_NAME)
            packing.copy_pack(self.plan, contents, pack, earlier, self.transfer)
        return Delivered(path_for_manager(pack / self.plan.place), pack=pack)

    def to_shaman(self, client: Client, name: str, key: str) -> Delivered:
        """Send what the Manager lacks of them, for the submission with `key`.

        Raises FlamencoError.
        """
        with self._contents() as contents:
            known = Remembered(self.memory / checksums.CACHE_NAME)
            path = shaman.check_out(self.plan, contents, client, name, key, known, self.transfer)
        place = self.plan.place.as_posix()
        return Delivered(f"{{jobs}}/{path}/{place}", checkout=path)

    @contextmanager
    def _contents(self) -> Iterator[Contents]:
        with tempfile.TemporaryDirectory(prefix="flamenco-") as scratch:
            yield rewriting.rewrite(self.plan, self.blender, Path(scratch), self.transfer.abort)
