"""Windows: the program that opens blend files."""

import re
import sys

_PROGRAM = re.compile(r'^\s*(?:"([^"]+)"|(\S+))')


def program_of(command: str) -> str | None:
    """The program in a command from the registry, such as `"C:\\\\x\\\\blender.exe" "%1"`.

    Blender's launcher, which opens no console, becomes Blender itself.
    """
    match = _PROGRAM.match(command)
    if match is None:
        return None
    program = match[1] or match[2]
    return re.sub(r"blender-launcher\.exe$", "blender.exe", program, flags=re.IGNORECASE)


def blender_of_files() -> str | None:
    """The Blender that opens blend files; None if no program does."""
    if sys.platform == "win32":
        return _from_registry()
    return None


if sys.platform == "win32":
    import winreg

    def _from_registry() -> str | None:
        try:
            kind = winreg.QueryValue(winreg.HKEY_CLASSES_ROOT, ".blend")
            command = winreg.QueryValue(winreg.HKEY_CLASSES_ROOT, rf"{kind}\shell\open\command")
        except OSError:
            return None
        return program_of(command)
