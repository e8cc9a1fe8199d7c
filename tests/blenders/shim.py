"""Blender's command line over the `bpy` of a wheel, which has none of its own.

Only what the Worker and the job types use. As in Blender, options count in their order.
"""

import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import bpy

IGNORED = {"-b", "--background", "-y", "--enable-autoexec", "-noaudio"}
SHORT = {"-S": "--scene", "-o": "--render-output", "-F": "--render-format", "-E": "--engine"}
SHORT |= {"-f": "--render-frame", "-P": "--python"}
FORMATS = {"TGA": "TARGA", "RAWTGA": "TARGA_RAW", "JP2": "JPEG2000"}
"""{name of a format as an option: its name in a file}, where they differ."""


class CommandLine:
    """Follows a command line, word by word."""

    def __init__(self) -> None:
        self._exit_code = 0

    def follow(self, words: Iterator[str]) -> None:
        for word in words:
            option = SHORT.get(word, word)
            if option == "--":
                return
            if option in ("-v", "--version"):
                print(f"Blender {bpy.app.version_string}")
                raise SystemExit(0)
            if option == "--factory-startup":
                bpy.ops.wm.read_factory_settings()
            elif option.startswith("--") and option not in IGNORED:
                getattr(self, option[2:].replace("-", "_"))(next(words))
            elif option not in IGNORED:
                self._open(option)

    def _open(self, file: str) -> None:
        if not Path(file).is_file():
            print(f"Error: Cannot read file {file!r}: No such file or directory")
            raise SystemExit(1)
        try:
            bpy.ops.wm.open_mainfile(filepath=str(Path(file).resolve()))
        except RuntimeError as error:
            print(str(error).strip())
            raise SystemExit(1) from None

    def python_exit_code(self, code: str) -> None:
        self._exit_code = int(code)

    def python(self, file: str) -> None:
        names = {"__name__": "__main__", "__file__": file}
        self._run(compile(Path(file).read_text("utf-8"), file, "exec"), names, f"file: '{file}'")

    def python_expr(self, text: str) -> None:
        code = compile(text, "<string>", "exec")
        self._run(code, {"__name__": "__main__"}, f"expr: '{text}'")

    def _run(self, code: object, names: "dict[str, str]", what: str) -> None:
        try:
            exec(code, names)  # type: ignore[arg-type]  # noqa: S102 - that is what it is for
        except Exception:  # noqa: BLE001 - as Blender does
            traceback.print_exc()
            if self._exit_code:
                print(f"Error: script failed, {what}, exiting.", flush=True)
                raise SystemExit(self._exit_code) from None

    def scene(self, name: str) -> None:
        found = bpy.data.scenes.get(name)
        if found is None:
            print(f"Can't find scene: '{name}' in file: '{bpy.data.filepath}'")
        else:
            bpy.context.window_manager.windows[0].scene = found

    def engine(self, name: str) -> None:
        bpy.context.scene.render.engine = name

    def render_output(self, path: str) -> None:
        bpy.context.scene.render.filepath = path

    def render_format(self, name: str) -> None:
        if name in FORMATS.values():
            name = ""
        settings = bpy.context.scene.render.image_settings
        if hasattr(settings, "media_type"):  # since 5.0
            is_many = name == "OPEN_EXR_MULTILAYER"
            settings.media_type = "MULTI_LAYER_IMAGE" if is_many else "IMAGE"
        try:
            settings.file_format = FORMATS.get(name, name)
        except TypeError:
            print(
                "Error: Format from '-F / --render-format' not known or not compiled in this "
                "release."
            )

    def render_frame(self, frames: str) -> None:
        scene = bpy.context.scene
        for part in frames.split(","):
            first, _, last = part.partition("..")
            scene.frame_start, scene.frame_end, scene.frame_step = int(first), int(last or first), 1
            try:
                bpy.ops.render.render(animation=True)
            except RuntimeError as error:
                print(str(error).strip())
                raise SystemExit(1) from None


if __name__ == "__main__":
    CommandLine().follow(iter(sys.argv[1:]))
