"""Files of the frames that a video has, in the order of their numbers."""

import fnmatch
import glob
import re
from pathlib import Path

from flamenco.model.frames import frame_numbers

_NUMBER = re.compile(r"(?:(?<![0-9A-Za-z])-)?\d+")
"""A number in a name. A minus after a letter is a dash."""


def find_frames(pattern: str) -> list[Path]:
    """The files that a pattern names, in the order of their numbers. Blocks.

    The pattern is the file's name only: its folder is taken as it is written, if it is there.
    """
    folder, name = Path(pattern).parent, Path(pattern).name
    if folder.is_dir():
        found = [each for each in folder.iterdir() if fnmatch.fnmatchcase(each.name, name)]
    else:
        found = [Path(each) for each in glob.glob(pattern)]  # noqa: PTH207 - it may be absolute
    return sorted((each for each in found if not each.name.startswith(".")), key=in_order)


def in_order(path: Path) -> tuple[int, str]:
    """Sort key: the last number in a name, and the name itself."""
    numbers = _NUMBER.findall(path.stem)
    return (int(numbers[-1]) if numbers else 0, path.name)


def chosen(found: list[Path], frame_path: str, frames: str) -> list[Path | None]:
    """The file of each frame of a range; None where there is none.

    Frames may have a file for each view, as those of a stereoscopic job: then all are of one view,
    the first by its name of those that have the most frames.
    """
    name = re.split(r"[/\\]", frame_path)[-1]
    before, _, after = name.rpartition("#") if "#" in name else (name, "", "")
    of_frame = re.compile(f"{re.escape(before.rstrip('#'))}(-?[0-9]+){re.escape(after)}(.*)")
    wanted = [*frame_numbers(frames)]
    among, views = set(wanted), dict[str, dict[int, Path]]()
    for each in found:
        match = of_frame.match(each.name)
        if match and int(match[1]) in among:
            views.setdefault(match[2], {})[int(match[1])] = each

    def rank(view: str) -> tuple[bool, int, str]:
        return not view.startswith("."), -len(views[view]), view

    files = views[min(views, key=rank)] if views else {}
    return [files.get(number) for number in wanted]
