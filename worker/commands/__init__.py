"""The commands a task may consist of, by the names job types know them by."""

from worker.command import CommandFailed, CommandKind, Task
from worker.commands.blender_render import BLENDER_RENDER
from worker.commands.copy_file import COPY_FILE
from worker.commands.echo import ECHO
from worker.commands.exec import EXEC
from worker.commands.frames_to_video import FRAMES_TO_VIDEO
from worker.commands.make_directory import MAKE_DIRECTORY
from worker.commands.move_directory import MOVE_DIRECTORY
from worker.commands.sleep import SLEEP
from worker.commands.test_frame import TEST_FRAME

COMMANDS: dict[str, CommandKind] = {
    kind.name: kind
    for kind in (
        BLENDER_RENDER,
        COPY_FILE,
        ECHO,
        EXEC,
        FRAMES_TO_VIDEO,
        MAKE_DIRECTORY,
        MOVE_DIRECTORY,
        SLEEP,
        TEST_FRAME,
    )
}

__all__ = ["COMMANDS", "CommandFailed", "CommandKind", "Task"]
