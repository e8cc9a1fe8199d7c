"""Which errors are a person's to mend, and the sentence that says how."""

import errno

from flamenco.errors import Mendable


class CommandError(Mendable):
    """A command can't do what it was asked; the text says why, and what to do."""


def sentence(error: BaseException) -> str | None:
    """What to tell a person about an error; None for one that is our mistake."""
    if isinstance(error, BaseExceptionGroup):
        found = [sentence(each) for each in error.exceptions]
        return found[0] if found and all(found) else None
    if isinstance(error, Mendable):
        return str(error)
    if isinstance(error, OSError) and error.errno is not None:
        return _os_error(error)
    return None


def nobody_reads(error: BaseException) -> bool:
    """Whether a pipe was closed that the output went to."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(nobody_reads, error.exceptions))
    return isinstance(error, BrokenPipeError)


def _os_error(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    hint = ", make room and try again" if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
    return f"{where}{error.strerror}{hint}"
