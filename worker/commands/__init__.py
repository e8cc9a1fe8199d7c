"""The commands of tasks, by the names that job types use."""

from worker.command import CommandFailed, CommandKind, Task
from worker.commands.blender_render import BLENDER_RENDER
from worker.commands.copy_file import COPY_FILE
from worker.commands.echo import ECHO
from worker.commands.exec import EXEC
from worker.commands.finish_image import FINISH_IMAGE
from worker.commands.frames_to_video import FRAMES_TO_VIDEO
from worker.commands.join_image_parts import JOIN_IMAGE_PARTS
from worker.commands.make_directory import MAKE_DIRECTORY
from worker.commands.move_directory import MOVE_DIRECTORY
from worker.commands.remove_files import REMOVE_FILES
from worker.commands.render_image_part import RENDER_IMAGE_PART
from worker.commands.sleep import SLEEP
from worker.commands.test_frame import TEST_FRAME

COMMANDS: dict[str, CommandKind] = {
    kind.name: kind
    for kind in (
        BLENDER_RENDER,
        COPY_FILE,
        ECHO,
        EXEC,
        FINISH_IMAGE,
        FRAMES_TO_VIDEO,
        JOIN_IMAGE_PARTS,
        MAKE_DIRECTORY,
        MOVE_DIRECTORY,
        REMOVE_FILES,
        RENDER_IMAGE_PART,
        SLEEP,
        TEST_FRAME,
    )
}

__all__ = ["COMMANDS", "CommandFailed", "CommandKind", "Task"]
