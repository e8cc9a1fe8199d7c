"""Commands as Workers of Flamenco 3 understand them.

They take no heed of parameters that they don't know, so almost every command is theirs as it is.
"""

import re
from pathlib import PureWindowsPath

from flamenco.model.jobs import Command

FIRST_OF_OURS = 4
"""Number of the first version whose Workers are this project's."""
ONLY_SHOWN = frozenset({".exr", ".hdr", ".cin", ".rgb"})
"""Extensions of frames that FFmpeg may not decode: multilayer OpenEXR, Radiance, Cineon, IRIS."""


def understood(command: Command, software: str) -> Command:
    """A command for a Worker of this version.

    A video of frames that the Worker itself had to decode becomes a message that there is none.
    """
    found = re.match(r"\d+", software)
    if (found and int(found[0]) >= FIRST_OF_OURS) or command.name != "frames-to-video":
        return command
    frames = str(command.parameters.get("inputGlob", ""))
    suffix = PureWindowsPath(frames).suffix.lower()
    if not command.parameters.get("asShown") or suffix not in ONLY_SHOWN:
        return command
    message = (
        f"The video of {frames} is left out: FFmpeg may not decode {suffix} files, "
        f"and only Workers of Flamenco {FIRST_OF_OURS} do it for it."
    )
    return Command("echo", {"message": message}, command.total_step_count)
