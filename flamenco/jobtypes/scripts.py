"""Scripts that were run: each once, and again when one of its files changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import attrs
import msgspec

from flamenco.jobtypes import javascript, python
from flamenco.jobtypes.errors import CompileError
from flamenco.jobtypes.files import Files, unchanged
from flamenco.jobtypes.graph import GraphError, Outline, check_graph
from flamenco.jobtypes.limits import Limits
from flamenco.jobtypes.messages import Outcome
from flamenco.model.jobtypes import JobToCompile, JobType


class Script(Protocol):
    """A script that was run."""

    @property
    def job_type(self) -> JobType:
        """The job type that it describes."""

    @property
    def files(self) -> Files:
        """The files that it consists of."""

    def compile(self, job: JobToCompile) -> Outcome:
        """The result of compiling a job. Raises CompileError."""


LANGUAGES: dict[str, Callable[[Path, str, Limits | None], Script]] = {
    ".py": python.load,
    ".js": javascript.load,
}
"""{suffix of a script: function that runs it to get its job type, and raises CompileError}."""


_outlines = msgspec.json.Decoder(list[Outline])


@attrs.define
class Scripts:
    """The scripts run so far."""

    _limits: Limits | None = None
    _known: dict[Path, Script] = attrs.field(factory=dict)

    def describe(self, path: Path, name: str) -> Script:
        """The script, as it is now. Raises CompileError."""
        known = self._known.pop(path, None)
        if known is None or not unchanged(known.files):
            known = LANGUAGES[path.suffix](path, name, self._limits)
        self._known[path] = known
        return known

    def compile(self, path: Path, job: JobToCompile, send: Callable[[bytes], None]) -> Outcome:
        """The result of compiling a job, whose tasks are sent piece by piece.

        The receiver must wait for the end: an error in the tasks as a whole is only known then.
        Raises CompileError.
        """
        outcome = self.describe(path, job.type).compile(job)
        tasks: list[Outline] = []
        try:
            for piece in outcome.pieces:
                send(piece)
                tasks += _outlines.decode(piece)
            check_graph(tasks)
        except (GraphError, msgspec.DecodeError) as error:
            raise CompileError(f"{path.name}: {error}") from None
        return outcome
