"""Notes of the copies in checkouts. Everything here blocks and belongs in threads.

Nothing ties a copy to the stored file. So it is noted, before it is made, which of a checkout's
files are copies, and the time that all of them get: when the checkout is deleted, those go that
still have it. What somebody has changed stays.
"""

import errno
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import PurePosixPath

import attrs
import msgspec

from flamenco.shaman.files import FileKey
from flamenco.shaman.folders import Tree
from flamenco.shaman.linking import UNFINISHED

_NOT_OURS = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}


@attrs.frozen
class Noted:
    """The copies of a checkout."""

    time: int
    """Time of all of them, in seconds, even ones, which every file system keeps."""
    sizes: Mapping[str, int]
    """{path in the checkout: bytes}"""


@attrs.frozen
class Copies:
    """The notes in ``tree``, a file for each checkout."""

    tree: Tree

    def note(
        self, checkout: PurePosixPath, files: Mapping[PurePosixPath, FileKey], time: int
    ) -> None:
        """Note the copies that are about to be made. Raises OSError."""
        noted = Noted(time, {path.as_posix(): key.size for path, key in files.items()})
        with self.tree.folder(make=True) as folder:
            name = _name(checkout)
            with suppress(FileNotFoundError):
                folder.unlink(name)
            with folder.create(name) as file:
                file.write(msgspec.json.encode(noted))

    def unchanged(self, checkout: PurePosixPath, checkouts: Tree) -> Iterator[PurePosixPath]:
        """Those copies of a checkout that are as they were made, also unfinished ones."""
        noted = self._noted(checkout)
        if noted is None:
            return
        for path in map(PurePosixPath, noted.sizes):
            with _unless_replaced(), checkouts.folder(checkout / path.parent) as folder:
                begun = f".{path.name}{UNFINISHED}"
                with suppress(FileNotFoundError):
                    folder.stat(begun)
                    yield checkout / path.parent / begun
                about = folder.stat(path.name)
                if (int(about.st_mtime), about.st_size) == (noted.time, noted.sizes[str(path)]):
                    yield checkout / path

    def forget(self, checkout: PurePosixPath) -> None:
        """Forget the copies of a checkout, if there are any. Raises OSError."""
        with suppress(FileNotFoundError):
            self.tree.remove(PurePosixPath(_name(checkout)))

    def _noted(self, checkout: PurePosixPath) -> Noted | None:
        try:
            with self.tree.folder() as folder, folder.read(_name(checkout)) as file:
                return msgspec.json.decode(file.read(), type=Noted)
        except (FileNotFoundError, msgspec.DecodeError):
            return None


def time_of_copies(now: float) -> int:
    """The time that copies get: earlier than any change that somebody may make from ``now`` on."""
    return int(now) // 2 * 2 - 60


@contextmanager
def _unless_replaced() -> Iterator[None]:
    """Pass over what is gone, or has something else in place of its folder: that is not ours."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NOT_OURS:
            raise


def _name(checkout: PurePosixPath) -> str:
    return f"{hashlib.sha256(checkout.as_posix().encode()).hexdigest()}.json"
