"""A Blender that stays open serves the tasks of its job, and is never worse than a new one."""

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import attrs
import psutil
import pytest
import trio

from tests.patience import until
from tests.worker.commands.shop import Bench
from tests.worker.commands.test_frames import GREEN, paint, pixel, rendering
from worker.command import CommandFailed, Conditions
from worker.lines import LIMIT, LineSplitter
from worker.warm import keeper as keeping
from worker.warm.keeper import open_keeper

pytestmark = pytest.mark.slow

NEW, OPEN = "going to run", "going on in the open Blender"
ONCE_MORE = "once more in a new Blender"


def age(path):
    """Let a file be old: of one that has just changed nobody knows what was read."""
    os.utime(path, (time.time() - 3600,) * 2)
    return path


@pytest.fixture(scope="module")
def red(tmp_path_factory):
    return age(paint(tmp_path_factory.mktemp("scene") / "red.blend"))


@attrs.define
class Farm:
    """A Worker's keeper, and the tasks that it gets."""

    keeper: keeping.Keeper
    output: Path

    async def render(self, file, frames, **more):
        """Render frames in a task of their own; returns what became of it."""
        bench = Bench(keeper=self.keeper, id=f"task-{frames}", steps_left=1)
        for name in ("job", "conditions", "steps_left"):
            if name in more:
                setattr(bench, name, more.pop(name))
        await bench.run("blender-render", **{**rendering(file, self.output, frames), **more})
        return bench

    @property
    def pid(self):
        waiting = self.keeper.waiting
        return waiting and waiting.child.pid


@attrs.define
class Killer(Bench):
    """A task that kills a Blender after five frames."""

    pid: int = 0

    def step(self):
        super().step()
        if self.steps == 5:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


@pytest.fixture
async def farm(tmp_path):
    async with open_keeper() as keeper:
        yield Farm(keeper, tmp_path / "frames")


def says(bench, words):
    return any(words in line for line in bench.lines)


_TELLS = """
import os, sys
sys.path.append({root!r})
from worker.in_blender.staying import Stay
stay = Stay.__new__(Stay)
stay._word, stay._output = "the-word", os.dup(1)
sys.stdout.write("x" * {length})
stay._tell()
"""


def test_the_word_that_a_task_is_done_is_known_behind_a_line_that_was_not_ended():
    script = _TELLS.format(root=str(Path(__file__).parents[3]), length=LIMIT - 3)
    command = ["blender", "-b", "--factory-startup", "--python-expr", script]
    output = subprocess.run(command, check=True, capture_output=True).stdout
    assert "the-word" in LineSplitter().feed(output)


async def test_tasks_of_a_job_share_a_blender(farm, red):
    benches = [await farm.render(red, frames) for frames in ("3", "-2", "20")]
    assert [says(bench, OPEN) for bench in benches] == [False, True, True]
    assert [bench.frames for bench in benches] == [[(3, "")], [(-2, "")], [(20, "")]]
    assert [bench.steps for bench in benches] == [1, 1, 1]
    assert {bench.usage.exit_code for bench in benches} == {0}
    assert all(bench.usage.peak_memory > 50e6 for bench in benches)
    assert pixel(farm.output / "000020.png") > pixel(farm.output / "000003.png")


@pytest.mark.parametrize(
    "other",
    [
        {"job": "job-2"},
        {"exeArgs": "-b -y --factory-startup -t 1"},
        {"env": {"LICENCE": "b"}},
        {"warm": "never"},
        {"argsBefore": ["--python-expr", "print('anything')"]},
    ],
)
async def test_another_task_has_another_blender(farm, red, other):
    await farm.render(red, "1")
    first = farm.pid
    bench = await farm.render(red, "2", **other)
    assert says(bench, NEW)
    assert not says(bench, OPEN)
    assert farm.pid is None or farm.pid != first


async def test_a_changed_file_is_read_anew(farm, red, tmp_path):
    file = age(Path(shutil.copy(red, tmp_path / "scene.blend")))
    await farm.render(file, "1")
    paint(file, GREEN)
    bench = await farm.render(file, "2")
    assert says(bench, ONCE_MORE)
    assert bench.frames == [(2, "")]
    red_, green, _ = pixel(farm.output / "000002.png")
    assert green > red_


LIBRARY = """
with bpy.data.libraries.load({!r}, link=True) as (there, here):
    here.worlds = there.worlds
scene.world = here.worlds[0]
"""


async def test_a_changed_library_is_read_anew(farm, red, tmp_path):
    library = age(Path(shutil.copy(red, tmp_path / "library.blend")))
    file = age(paint(tmp_path / "scene.blend", more=LIBRARY.format(str(library))))
    await farm.render(file, "1")
    assert farm.pid
    paint(library, GREEN)
    await farm.render(file, "2")
    red_, green, _ = pixel(farm.output / "000002.png")
    assert green > red_


async def test_a_file_that_has_just_changed_does_not_stay_open(farm, tmp_path):
    file = paint(tmp_path / "scene.blend")
    bench = await farm.render(file, "1")
    assert farm.pid is None
    assert says(bench, "its files are new")


HANDLER = """
text = bpy.data.texts.new("rig.py")
text.use_module = True
text.write('''
import bpy, os, sys
def frame(scene):
    pass
bpy.app.handlers.frame_change_pre.append(frame)
''')
"""
DRIVER = """
bpy.data.objects["Camera"].driver_add("location", 0).driver.expression = "noise.random()"
"""
PHYSICS = """
bpy.ops.mesh.primitive_cube_add()
bpy.context.object.modifiers.new("Cloth", "CLOTH")
"""
TRACK = """
camera = bpy.data.objects["Camera"]
camera.keyframe_insert("location", frame=1)
camera.animation_data.nla_tracks.new().strips.new("x", 1, camera.animation_data.action)
"""


@pytest.mark.parametrize("more", [HANDLER, DRIVER, PHYSICS, TRACK])
async def test_a_file_whose_frames_may_depend_on_others_does_not_stay_open(farm, tmp_path, more):
    file = age(paint(tmp_path / "scene.blend", more=more))
    for frame in ("1", "2"):
        bench = await farm.render(file, frame)
        assert says(bench, NEW)
        assert says(bench, "will not stay open")
    assert farm.pid is None


HOSTILE = """
text = bpy.data.texts.new("hostile.py")
text.use_module = True
text.write('''
import bpy, os, sys
{}
''')
"""


@pytest.mark.parametrize(
    "action",
    [
        "sys.stdout = open(os.devnull, 'w')",
        "os.chdir('/')",
        "for _ in range(200_000): print('x' * 99)",
        "sys.stdin.read()",
        "bpy.ops.wm.quit_blender()",
    ],
)
async def test_a_hostile_file_renders_as_it_always_did(farm, tmp_path, action):
    file = age(paint(tmp_path / "scene.blend", more=HOSTILE.format(action)))
    outcomes = []
    for keeper in (farm.keeper, None, farm.keeper):
        bench = Bench(keeper=keeper, steps_left=1)
        try:
            await bench.run("blender-render", **rendering(file, farm.output, "1"))
        except CommandFailed as error:
            outcomes.append((str(error), bench.steps))
        else:
            outcomes.append(("", bench.steps))
    assert outcomes[0] == outcomes[1] == outcomes[2]


async def test_a_task_whose_open_blender_was_killed_is_done_by_a_new_one(farm, red):
    await farm.render(red, "1")
    os.kill(farm.pid, signal.SIGKILL)
    bench = await farm.render(red, "2")
    assert bench.frames == [(2, "")]
    assert bench.usage.exit_code == 0


async def test_one_that_is_killed_in_the_middle_is_replaced_and_no_frame_counts_twice(farm, red):
    await farm.render(red, "1")
    bench = Killer(keeper=farm.keeper, id="many", steps_left=20, pid=farm.pid)
    await bench.run("blender-render", **rendering(red, farm.output, "1-20"))
    assert bench.steps == 20
    assert says(bench, ONCE_MORE)
    assert len([*farm.output.glob("*.png")]) == 20
    assert not [*farm.output.glob(".flamenco/many")]


async def test_one_that_hangs_is_replaced(farm, red):
    await farm.render(red, "1")
    os.kill(farm.pid, signal.SIGSTOP)
    bench = await farm.render(red, "2", conditions=Conditions(silence_limit=8.0))
    assert says(bench, ONCE_MORE)
    assert bench.frames == [(2, "")]


async def test_a_cancelled_task_ends_its_blender(farm, red):
    await farm.render(red, "1")
    pid = farm.pid
    with trio.move_on_after(0.05) as scope:
        await farm.render(red, "-20-20", steps_left=41)
    assert scope.cancelled_caught
    assert farm.pid is None
    assert not psutil.pid_exists(pid)


async def test_one_that_grows_ends(farm, red, monkeypatch):
    monkeypatch.setattr(keeping, "SLACK", -(10**12))
    await farm.render(red, "1")
    assert farm.pid is None


async def test_one_that_waits_for_too_long_ends(farm, red, monkeypatch):
    monkeypatch.setattr(keeping, "IDLE_SECONDS", 0.1)
    await farm.render(red, "1")
    await until(lambda: farm.pid is None)


async def test_a_task_of_another_job_makes_room(farm, red):
    await farm.render(red, "1")
    pid = farm.pid
    await farm.keeper.make_room("job-1")
    assert farm.pid == pid
    await farm.keeper.make_room("job-2")
    assert not psutil.pid_exists(pid)


async def test_it_ends_with_its_keeper(red, tmp_path):
    async with open_keeper() as keeper:
        farm = Farm(keeper, tmp_path)
        await farm.render(red, "1")
        pid = farm.pid
    assert not psutil.pid_exists(pid)
