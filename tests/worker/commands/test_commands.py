"""Promises of each command, on real files and real processes."""

import errno
import os
import re
import stat
import sys
from pathlib import Path

import pytest
import trio
from PIL import Image, ImageChops

from tests.worker.commands.shop import Bench
from worker.command import CannotRun, CommandFailed, Conditions, argument, explain
from worker.commands import COMMANDS


async def failure(name, **parameters):
    with pytest.raises(CommandFailed) as caught:
        await Bench().run(name, **parameters)
    return str(caught.value)


class TestParameters:
    async def test_a_missing_one_is_named(self):
        assert await failure("echo") == 'echo: mandatory parameter "message" is missing: {}'

    async def test_one_of_the_wrong_kind_is_named(self):
        assert await failure("exec", exe=["ls"]) == (
            "exec: parameter \"exe\" has invalid value ['ls']: Expected `str`, got `array`"
        )

    async def test_fps_of_zero_is_refused(self):
        text = await failure("frames-to-video", exe="ffmpeg", fps=0, inputGlob="*", outputFile="o")
        assert text.startswith('frames-to-video: parameter "fps" has invalid value 0')

    async def test_a_negative_sleep_is_refused(self):
        text = await failure("sleep", duration_in_seconds=-1)
        assert text.startswith('sleep: parameter "duration_in_seconds" has invalid value -1')

    async def test_those_nobody_knows_are_left_alone(self):
        assert (await Bench().run("echo", message="hi", colour="teal")).lines == ['echo: "hi"']

    @pytest.mark.parametrize(
        ("value", "text"), [(True, "true"), (3, "3"), (3.0, "3"), (0.5, "0.5"), ("a b", "a b")]
    )
    def test_arguments_become_text(self, value, text):
        assert argument(value) == text


async def test_echo_takes_any_message():
    assert (await Bench().run("echo", message=42)).lines == ['echo: "42"']


async def test_sleep_takes_whole_seconds(autojump_clock):
    bench = await Bench().run("sleep", duration_in_seconds=90.9)
    assert trio.current_time() >= 90
    assert bench.lines == ["slept 90s"]


class TestExec:
    async def test_output_of_both_streams_is_logged(self):
        bench = await Bench().run("exec", exe="sh", args=["-c", "echo out; echo err >&2"])
        assert bench.lines[0] == "going to run: sh -c 'echo out; echo err >&2'"
        assert [re.sub(r"\d+", "N", line) for line in bench.lines[1:]] == [
            "pid=N > out",
            "pid=N > err",
        ]

    async def test_an_exit_status_is_a_failure(self):
        assert await failure("exec", exe="sh", args=["-c", "exit 9"]) == (
            "command exited abnormally with code 9"
        )

    async def test_a_file_that_is_no_program_is_named(self, tmp_path):
        file = tmp_path / "picture"
        file.write_text("")
        assert (
            await failure("exec", exe=str(file)) == f"{str(file)!r} may not be run by this Worker"
        )

    async def test_a_full_disk_is_the_programs_own_message(self):
        bench = Bench()
        with pytest.raises(CommandFailed, match="code 1"):
            await bench.run("exec", exe="sh", args=["-c", "cat /etc/passwd > /dev/full"])
        assert "No space left on device" in bench.lines[-1]

    @pytest.mark.skipif(sys.platform != "linux", reason="Linux has out-of-memory scores")
    async def test_the_out_of_memory_score_is_the_childs(self):
        wait_for_it = "until grep -q 500 /proc/self/oom_score_adj; do :; done; echo seen"
        bench = Bench(Conditions(oom_score_adjust=500))
        await bench.run("exec", exe="sh", args=["-c", wait_for_it])
        assert bench.lines[-1].endswith("> seen")
        assert (await trio.Path("/proc/self/oom_score_adj").read_text()).strip() != "500"

    @pytest.mark.skipif(sys.platform == "win32", reason="niceness is a number elsewhere")
    async def test_the_niceness_is_the_childs(self):
        ours = os.nice(0)
        wait_for_it = "until [ $(nice) = 19 ]; do :; done; echo seen"
        bench = await Bench(Conditions(niceness=19)).run("exec", exe="sh", args=["-c", wait_for_it])
        assert bench.lines[-1].endswith("> seen")
        assert os.nice(0) == ours

    @pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="the kernel has none")
    async def test_other_sessions_of_the_machine_go_before_a_nice_program(self):
        ours = await trio.Path("/proc/self/autogroup").read_text()
        wait_for_it = "until grep -q 'nice 19$' /proc/self/autogroup; do :; done; echo seen"
        bench = await Bench(Conditions(niceness=19)).run("exec", exe="sh", args=["-c", wait_for_it])
        assert bench.lines[-1].endswith("> seen")
        assert await trio.Path("/proc/self/autogroup").read_text() == ours

    async def test_environment_and_working_directory_are_those_of_the_command(self, tmp_path):
        script = 'echo "$PWD $FARM ${HOME:+home}"'
        place = {"cwd": str(tmp_path), "env": {"FARM": "north"}}
        bench = await Bench().run("exec", exe="sh", args=["-c", script], **place)
        assert bench.lines[-1].endswith(f"> {tmp_path} north home")

    async def test_a_working_directory_that_is_not_there_is_named(self, tmp_path):
        gone = str(tmp_path / "gone")
        with pytest.raises(CannotRun, match=r"the working directory '.*gone' is not on this"):
            await Bench().run("exec", exe="sh", cwd=gone)

    @pytest.mark.parametrize(
        ("programs", "wanted", "said"),
        [
            ((), {"exe": "sh"}, "switched off on this Worker"),
            (("ls", "oiiotool"), {"exe": "sh"}, "'sh' is not among the programs"),
            (("sh",), {"exe": "sh", "env": {"PATH": "/elsewhere"}}, "env and cwd"),
            (("sh",), {"exe": "sh", "cwd": "/elsewhere"}, "env and cwd"),
        ],
    )
    async def test_only_the_programs_that_its_worker_allows_run(self, programs, wanted, said):
        with pytest.raises(CannotRun, match=said):
            await Bench(Conditions(exec=programs)).run("exec", **wanted)
        allowed = Bench(Conditions(exec=("sh",)))
        await allowed.run("exec", exe="sh", args=["-c", "echo out"])
        assert allowed.lines[-1].endswith("> out")

    async def test_a_program_that_falls_silent_is_ended(self):
        bench = Bench(Conditions(silence_limit=1.5))
        with pytest.raises(CommandFailed, match=r"no output for 1\.5s, taken for hung") as caught:
            await bench.run("exec", exe="sh", args=["-c", "echo hello; while :; do :; done"])
        assert caught.value.failure.kind == "silent"
        assert bench.lines[-1].endswith("> hello")

    async def test_a_program_the_system_killed_says_so(self):
        with pytest.raises(CommandFailed, match="code 137") as caught:
            await Bench().run("exec", exe="sh", args=["-c", "kill -9 $$"])
        assert caught.value.failure.detail.startswith("ended by SIGKILL: the system does")


class TestMakeDirectory:
    async def test_all_folders_of_the_path_are_made(self, tmp_path):
        await Bench().run("make-directory", path=str(tmp_path / "a" / "b"))
        await Bench().run("make-directory", path=str(tmp_path / "a" / "b"))
        assert (tmp_path / "a" / "b").is_dir()

    async def test_a_file_in_the_way_is_named(self, tmp_path):
        (tmp_path / "a").write_text("")
        text = await failure("make-directory", path=str(tmp_path / "a"))
        assert text == f"make-directory: File exists ({tmp_path / 'a'})"


class TestMoveDirectory:
    async def test_it_moves(self, tmp_path):
        (tmp_path / "src").mkdir()
        await Bench().run("move-directory", src=str(tmp_path / "src"), dest=str(tmp_path / "d"))
        assert [p.name for p in tmp_path.iterdir()] == ["d"]

    async def test_what_stands_there_is_renamed_by_its_time_then_numbered(self, tmp_path):
        for number in range(3):
            (tmp_path / "src").mkdir()
            (tmp_path / "src" / f"{number}").write_text("")
            os.utime(tmp_path / "src", (1_000_000_000, 1_000_000_000))
            await Bench().run("move-directory", src=str(tmp_path / "src"), dest=str(tmp_path / "d"))
        names = sorted(p.name for p in tmp_path.iterdir())
        assert names[0] == "d"
        assert re.fullmatch(r"d-2001-09-\d\d_\d\d4640", names[1])
        assert names[2] == f"{names[1]}-001"
        assert (tmp_path / "d" / "2").exists()

    async def test_a_missing_source_is_named(self, tmp_path):
        text = await failure("move-directory", src=str(tmp_path / "no"), dest=str(tmp_path / "d"))
        assert text == f"move-directory: source path {tmp_path / 'no'} does not exist"


class TestCopyFile:
    async def test_the_contents_are_copied_and_folders_made(self, tmp_path):
        (tmp_path / "a").write_bytes(os.urandom(3_000_000))
        await Bench().run("copy-file", src=str(tmp_path / "a"), dest=str(tmp_path / "x" / "b"))
        assert (tmp_path / "x" / "b").read_bytes() == (tmp_path / "a").read_bytes()
        assert stat.S_IMODE((tmp_path / "x").stat().st_mode) & 0o777 == 0o750

    async def test_nothing_is_overwritten(self, tmp_path):
        for name in "ab":
            (tmp_path / name).write_text(name)
        text = await failure("copy-file", src=str(tmp_path / "a"), dest=str(tmp_path / "b"))
        assert text == f"copy-file: {tmp_path / 'b'} exists already"
        assert (tmp_path / "b").read_text() == "b"

    async def test_paths_are_absolute(self, tmp_path):
        assert await failure("copy-file", src="a", dest=str(tmp_path / "b")) == (
            "copy-file: parameter \"src\" has invalid value 'a': Expected an absolute path"
        )

    async def test_a_folder_is_no_file(self, tmp_path):
        text = await failure("copy-file", src=str(tmp_path), dest=str(tmp_path / "b"))
        assert text == f"copy-file: {tmp_path} is not an existing file"

    async def test_a_cancelled_copy_leaves_nothing_behind(self, tmp_path):
        (tmp_path / "big").touch()
        os.truncate(tmp_path / "big", 2**40)
        with trio.move_on_after(0.2) as scope:
            await Bench().run("copy-file", src=str(tmp_path / "big"), dest=str(tmp_path / "b"))
        assert scope.cancelled_caught
        assert not (tmp_path / "b").exists()


class TestRemoveFiles:
    async def test_the_named_files_and_their_folder_go_and_again_is_no_harm(self, tmp_path):
        folder = tmp_path / "parts"
        folder.mkdir()
        files = [str(folder / name) for name in "ab"]
        (folder / "a").write_text("")
        for line in (f"1 files removed, and {folder}", "0 files removed"):
            bench = await Bench().run("remove-files", files=files, folder=str(folder))
            assert bench.lines == [f"remove-files: {line}"]
        assert not folder.exists()

    async def test_a_folder_with_other_files_stays(self, tmp_path):
        for name in "ab":
            (tmp_path / name).write_text("")
        bench = await Bench().run("remove-files", files=[str(tmp_path / "a")], folder=str(tmp_path))
        assert [each.name for each in tmp_path.iterdir()] == ["b"]
        assert "stays, since something else is in it" in bench.lines[0]

    async def test_a_folder_is_not_taken_for_a_file(self, tmp_path):
        (tmp_path / "a").mkdir()
        text = await failure("remove-files", files=[str(tmp_path / "a")])
        assert text == f"remove-files: {tmp_path / 'a'} is a folder, expected a file"

    async def test_paths_are_absolute(self):
        text = await failure("remove-files", files=["a"])
        assert text.endswith("invalid value 'a': Expected absolute paths")

    async def test_a_worker_that_does_not_see_the_storage_does_not_claim_success(self):
        with pytest.raises(CannotRun, match="cannot read the folder '/no/share'"):
            await Bench().run("remove-files", files=["/no/share/p/a"], folder="/no/share/p")


class TestTestFrame:
    async def test_frames_are_real_pictures_that_differ(self, tmp_path):
        pictures = []
        for frame in (1, 2):
            output = tmp_path / "frames" / f"{frame:06}.png"
            bench = await Bench().run(
                "test-frame", frame=frame, frames=24, output=str(output), width=64, height=36
            )
            assert bench.images == [str(output)]
            assert bench.steps == 1
            with Image.open(output) as picture:
                pictures.append(picture.copy())
        assert [picture.size for picture in pictures] == [(64, 36)] * 2
        assert ImageChops.difference(*pictures).getbbox() is not None

    async def test_a_folder_that_cannot_be_written_to_is_named(self, tmp_path):
        (tmp_path / "file").write_text("")
        bench = Bench()
        with pytest.raises(CommandFailed, match="code 1"):
            await bench.run(
                "test-frame",
                frame=1,
                frames=1,
                output=str(tmp_path / "file" / "1.png"),
                width=8,
                height=8,
            )
        assert "Error: cannot render" in bench.lines[-1]


def test_a_full_disk_is_said_plainly():
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/farm/frame.png")
    assert explain(error) == "the disk is full (/farm/frame.png)"


def test_the_registry_knows_each_command_by_its_name():
    assert all(kind.name == name for name, kind in COMMANDS.items())
    assert {"blender-render", "frames-to-video", "test-frame", "exec"} < set(COMMANDS)
