"""Expressions of job types come from whoever is the Manager: they read the scene, and no more."""

import sys
import tracemalloc
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from addon.flamenco.expressions import NotAllowed, value_of
from flamenco.jobtypes import inline_compiler

RENDER = SimpleNamespace(
    engine="CYCLES",
    fps=30000,
    fps_base=1001.0,
    file_extension=".png",
    resolution_x=1920,
    resolution_y=1080,
    resolution_percentage=50,
    use_multiview=False,
    filepath="/x",
    image_settings=SimpleNamespace(file_format="PNG", color_depth="8", use_preview=True),
)
SCENE = SimpleNamespace(
    name="Scene",
    frame_start=1,
    frame_end=250,
    frame_step=1,
    frame_current=7,
    render=RENDER,
    cycles=SimpleNamespace(samples=64, use_denoising=True),
    sequence_editor=SimpleNamespace(strips_all=[SimpleNamespace(type="SOUND", mute=False)]),
)


def bpy() -> ModuleType:
    module = ModuleType("bpy")
    module.ops = SimpleNamespace(wm=SimpleNamespace(quit_blender=touch))
    module.path = ModuleType("bpy.path")
    module.path.basename = lambda path: path.rpartition("/")[2]
    module.path.os = sys
    module.data = SimpleNamespace(
        filepath="/film/seq/shot.blend", scenes={"Scene": SCENE}, remove=touch
    )
    module.app = SimpleNamespace(version=(4, 2, 0), handlers=SimpleNamespace(load_post=[touch]))
    module.context = CONTEXT
    return module


TRACE = []


def touch(*_args):
    TRACE.append("called")
    return ""


CONTEXT = SimpleNamespace(
    scene=SCENE,
    copy=touch,
    callbacks=[touch],
    window_manager=SimpleNamespace(clipboard="secret"),
    preferences=SimpleNamespace(key="secret"),
)
NAMES = {
    "bpy": bpy(),
    "C": CONTEXT,
    "jobname": "Shot",
    "Path": Path,
    "abspath": lambda path: Path(path.replace("//", "/film/")),
    "last_n_dir_parts": lambda count, path=None: Path("seq"),
    "settings": SimpleNamespace(level=4, frames="1-9", render_output_root="//out", images=""),
}


@pytest.mark.parametrize(
    "text",
    [
        "f'{C.scene.frame_start}-{C.scene.frame_end}'",
        "C.scene.render.fps / C.scene.render.fps_base",
        "str(Path(abspath(settings.render_output_root), last_n_dir_parts(1), jobname, '######'))",
        "'-'.join(str(n).zfill(3) for n in range(3) if n != 1)",
        "[a + b for a, b in zip((1, 2), [3, 4])][::-1]",
        "C.scene.cycles.samples if C.scene.render.engine == 'CYCLES' else 1",
        "not C.scene.render.use_multiview and 1 < settings.level <= 4",
        "settings.level or 3",
        "'' or settings.level",
        "Path(bpy.data.filepath).stem + Path(bpy.data.filepath).parent.name",
        "bpy.data.scenes['Scene'].name.upper().replace('E', 'x')[1:]",
        "bpy.data.scenes.get('None') is None",
        "bpy.path.basename(bpy.data.filepath)",
        "bpy.app.version >= (4, 2)",
        "getattr(C.scene, 'missing', 5) + len(jobname)",
        "hasattr(C.scene, 'missing')",
        "'%04d' % settings.level",
        "f'{settings.level:04d} {jobname!r:>10}'",
        "max((3, -1, 2), key=abs) // 2 % 5",
        "Path('/a') / 'b'",
        "sum({1, 2} | {2}) if False else 'ä'",
        "jobname in ('Shot', 'x') and 'S' not in 'x'",
        "'100 %* x' if False else '%s*%d %-5s|' % ('a', 2, 'b')",
        "'%(a)s*' % {'a': 1}",
        "', '.join(str(n) for n in (1, 2)).replace(',', ';', 1)",
        "'/'.join({'a': 1}.keys())",
        "sorted({n for n in [3, 1, 2]})",
        "{'a': 1}['a']",
    ],
)
def test_what_job_types_say_has_the_value_that_python_gives_it(text):
    assert value_of(text, NAMES) == eval(text, dict(NAMES), {})  # noqa: S307 - ours


async def test_the_built_in_job_types_say_nothing_else():
    found = [
        (setting.eval, kind.name)
        for kind in await inline_compiler().job_types()
        for setting in kind.settings
        if setting.eval
    ]
    assert len(found) > 10
    settings = SimpleNamespace(
        **{
            setting.key: 1 if setting.type in ("int32", "float") else "1"
            for kind in await inline_compiler().job_types()
            for setting in kind.settings
        }
    )
    names = {**NAMES, "settings": settings}
    for text, kind in found:
        assert value_of(text, names) == eval(text, dict(names), {}), kind  # noqa: S307 - ours


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('touch x')",
        "().__class__.__base__.__subclasses__()",
        "getattr((), '__class__')",
        "getattr(bpy, 'ops')",
        "f'{().__class__}'",
        "'{0.__class__}'.format(1)",
        "open('/etc/passwd').read()",
        "eval('1')",
        "exec('x = 1')",
        "(lambda: 1)()",
        "bpy.ops.wm.quit_blender()",
        "bpy.data.remove()",
        "bpy.path.os.exit()",
        "bpy.path.os",
        "bpy.app.handlers.load_post[0]('x')",
        "max([1], key=C.copy)",
        "max([1], key=bpy.app.handlers.load_post[0])",
        "[f('x') for f in [C.copy]]",
        "[max(['x'], key=f) for f in C.callbacks]",
        "[f('x') for f in C.callbacks]",
        "[[f('x') for g in [1]] for f in C.callbacks]",
        "C.window_manager.clipboard",
        "getattr(C.window_manager, 'clipboard')",
        "C.copy()",
        "C.copy",
        "C.preferences.key",
        "getattr(C, 'preferences')",
        "Path('/etc/passwd').read_text()",
        "Path('x').unlink()",
        "max(['x'], key=Path('x').write_text)",
        "Path.home()",
        "abspath.__globals__",
        "last_n_dir_parts.__closure__",
        "(x := 1)",
        "print('x')",
        "'x' * 10 ** 10",
        "'x' * 10000000000",
        "[1] * 10000000000",
        "'%10000000000d' % 1",
        "f'{1:10000000000}'",
        "'1'.zfill(10000000000)",
        "list(range(10000000000))",
        "print(*[1])",
        "[C.scene.name for C.scene.name in ['x']]",
        "'x'" + " + 'x'" * 5000,
    ],
)
def test_an_expression_reaches_nothing_else(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    TRACE.clear()
    with pytest.raises((Exception, RecursionError)) as caught:
        value_of(text, NAMES)
    assert not isinstance(caught.value, AssertionError)
    assert TRACE == []
    assert SCENE.name == "Scene"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        "'%*d' % (100000000, 1)",
        "'%.*f' % (100000000, 1)",
        "('%9999d' * 10000) % ((1,) * 10000)",
        "('%(a)s' * 100) % {'a': 600000 * 'x'}",
        "('%s' * 100) % ((Path('x' * 600000),) * 100)",
        "','.join(['b' * 100000] * 500)",
        "('b' * 100000).join(['a'] * 500)",
        "('a' * 300000).replace('a', 'b' * 200)",
    ],
)
def test_nothing_large_is_made_to_be_refused(text):
    tracemalloc.start()
    try:
        with pytest.raises(NotAllowed):
            value_of(text, NAMES)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
