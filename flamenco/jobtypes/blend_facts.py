"""Values of a job type's settings in a .blend file, asked of the real Blender.

The add-on evaluates a setting's `eval` in the open Blender. Submitting from the command line does
the same in a Blender without a window, so that any job type can be submitted from there too.
"""

import json
import subprocess
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import attrs
import trio

from flamenco.errors import Mendable
from flamenco.jobtypes.settings import defaults
from flamenco.launcher import Child, open_child
from flamenco.model.jobtypes import JobType

EXPRESSIONS = Path(__file__).with_name("_in_blender.py")
MARK = b"flamenco-settings:"
TIMEOUT_SECONDS = 120.0
MOST_BYTES = 2**22
"""Maximum size of what Blender says that is kept, the end of it."""

_EMPTY = {"string": "", "int32": 0, "float": 0.0, "bool": False}
"""{type of a setting: its value for expressions if it has none}, as in the add-on."""


@attrs.define
class BlendError(Mendable):
    """A .blend file, or Blender, that cannot be used."""

    message: str

    def __str__(self) -> str:
        return self.message


@attrs.frozen
class Facts:
    """Facts that Blender knows of a .blend file."""

    settings: Mapping[str, Any] = attrs.field(factory=dict)
    """Values of the job type's `eval` expressions, by setting."""
    outputs: Sequence[tuple[str, str]] = ()
    """Names of the compositor's File Output nodes, and paths that they write to."""


async def ask_blender(
    blender: str,
    blendfile: Path,
    job_type: JobType,
    job_name: str,
    given: Mapping[str, Any],
    *,
    seconds: float = TIMEOUT_SECONDS,
) -> Facts:
    """Facts that Blender knows of ``blendfile``, whose own scripts are not run.

    Settings in ``given`` are not evaluated; expressions see them, and defaults, as `settings`.
    Raises BlendError if Blender cannot be started, cannot read the file or takes longer than
    ``seconds``, or if an expression fails.
    """
    questions = {
        "job_name": job_name,
        "settings": {each.key: _EMPTY[each.type] for each in job_type.settings}
        | defaults(job_type)
        | dict(given),
        "expressions": expressions(job_type, given),
    }
    file = await trio.Path(blendfile).absolute()
    if not await file.is_file():
        raise BlendError(f"{blendfile}: expected a .blend file, found none")
    output, status = await _run(blender, str(file), questions, seconds)
    return _answers(output, status, blendfile)


def expressions(job_type: JobType, given: Mapping[str, Any]) -> dict[str, str]:
    """{setting: what Blender evaluates for it}, of the settings that are not ``given``.

    A colour depth of the scene goes with its format: it is not asked for beside another one.
    """
    known = {key for key, value in given.items() if value is not None}
    if given.get("format"):
        known.add("color_depth")
    return {
        each.key: each.eval for each in job_type.settings if each.eval and each.key not in known
    }


def settings_from_blend(
    job_type: JobType, evaluated: Mapping[str, Any], given: Mapping[str, Any], blendfile: str
) -> dict[str, Any]:
    """The settings of a job for ``blendfile``, as far as they are known.

    A given value wins over Blender's, and that over the default; a setting `blendfile` is the
    file. They are not checked yet: see `validate_settings`.
    """
    known = {each.key for each in job_type.settings}
    file = {"blendfile": blendfile} if "blendfile" in known else {}
    filled = {key: value for key, value in evaluated.items() if key in known}
    return defaults(job_type) | filled | file | dict(given)


def outside(outputs: Iterable[tuple[str, str]], folders: Collection[str]) -> list[str]:
    """A warning for each File Output node that writes outside of folders that all Workers share.

    What begins with `//` counts from the .blend file, which all of them read.
    """
    return [
        f"the File Output node {name!r} writes to {path}, on each Worker's own disk unless that is "
        "shared"
        for name, path in outputs
        if path
        and not path.startswith("//")
        and not any(Path(path).is_relative_to(folder) for folder in folders)
    ]


async def _run(
    blender: str, blendfile: str, questions: Mapping[str, Any], seconds: float
) -> tuple[bytes, int]:
    options = ["--python-exit-code", "3", "--python", str(EXPRESSIONS)]
    start = ["--factory-startup", "--disable-autoexec", "--background"]
    command = [blender, *start, blendfile, *options]
    try:
        with trio.fail_after(seconds):
            async with open_child(
                [*command, "--", json.dumps(questions)],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            ) as child:
                return await _output(child), await child.wait()
    except OSError as error:
        reason = error.strerror or str(error)
        raise BlendError(f"{blender}: expected Blender, cannot start it: {reason}") from None
    except trio.TooSlowError:
        raise BlendError(f"{blendfile}: Blender took over {seconds:g} s to read it") from None


async def _output(child: Child) -> bytes:
    stream = cast("trio.abc.ReceiveStream", child.stdout)
    output = bytearray()
    async for part in stream:
        output += part
        del output[:-MOST_BYTES]
    return bytes(output)


def _answers(output: bytes, status: int, blendfile: Path) -> Facts:
    for line in output.splitlines():
        if line.startswith(MARK):
            answers: dict[str, Any] = json.loads(line.removeprefix(MARK))
            if "error" in answers:
                raise BlendError(f"{blendfile}: {answers['error']}")
            return Facts(**answers)
    lines = output.decode(errors="replace").split("\n")
    told = [line.strip() for line in lines if "rror" in line or "not a blend" in line]
    reason = told[-1] if told else f"exit status {status}"
    raise BlendError(f"{blendfile}: Blender cannot read it: {reason}")
