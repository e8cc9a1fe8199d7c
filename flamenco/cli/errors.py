"""Errors that a person can fix, and the sentences that say how."""

import errno

from flamenco.config.errors import ConfigError
from flamenco.errors import Mendable


class CommandError(Mendable):
    """A command failed; the text says why, and what to do."""


def sentence(error: BaseException) -> str | None:
    """The sentence for a person about an error, a line for each error of a configuration.

    None for an error that is our bug.
    """
    if isinstance(error, BaseExceptionGroup):
        found = [sentence(each) for each in error.exceptions]
        return found[0] if found and all(found) else None
    if isinstance(error, ConfigError):
        return str(error)
    if isinstance(error, Mendable):
        return " ".join(f"{error}{error.remedy}".split())
    if isinstance(error, OSError) and error.errno is not None:
        return _os_error(error)
    return None


def nobody_reads(error: BaseException) -> bool:
    """True if the reader of the output closed its pipe."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(nobody_reads, error.exceptions))
    return isinstance(error, BrokenPipeError)


def _os_error(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    hint = ", make room and try again" if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
    return f"{where}{error.strerror}{hint}"
