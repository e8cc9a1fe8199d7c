"""Promises that the Manager may rely on, whatever a script does."""

import logging
import os

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from flamenco.jobtypes import CompileError, Limits, UnknownJobType, inline_compiler, open_compiler
from flamenco.jobtypes.compiler import open_engine
from flamenco.model.specs import Requirements
from tests.patience import PATIENCE

GOOD = """\
from flamenco.jobtypes.authoring import Author, JobToCompile, JobType, Setting

JOB_TYPE = JobType(label="Mine", settings=[Setting("count", "int32", default=2)])


def compile_job(job: JobToCompile, author: Author) -> None:
    {body}
"""
IMPORT = "from flamenco.jobtypes.authoring import JobType, Setting, TaskDraft\n"
ONE_TASK = 'author.task("one", "misc").command("echo", {"message": "hi"})'


def write(folder, name, body=ONE_TASK):
    path = folder / name
    path.write_text(GOOD.replace("{body}", body.replace("\n", "\n    ")))
    return path


@pytest.fixture(params=["child", "inline"])
async def compiler(request, scripts, nursery):
    if request.param == "inline":
        yield inline_compiler(scripts)
    else:
        async with open_compiler(scripts) as compiler:
            yield compiler


@pytest.fixture
async def strict(scripts):
    """A compiler with low limits."""
    async with open_compiler(scripts, Limits(1.2, 512 * 1024**2)) as compiler:
        yield compiler


class TestFinding:
    async def test_the_built_in_types_are_there_by_name(self, compiler):
        names = [each.name for each in await compiler.job_types()]
        assert names == [
            "cycles-gpu-render",
            "echo-sleep-test",
            "simple-blender-render",
            "single-image-render",
            "test-frames",
        ]

    async def test_a_script_in_the_folder_is_a_type_and_wins_over_a_built_in_one(
        self, compiler, scripts
    ):
        write(scripts, "my_own.py")
        write(scripts, "echo_sleep_test.py")
        labels = {each.name: each.label for each in await compiler.job_types()}
        assert labels["my-own"] == "Mine"
        assert labels["echo-sleep-test"] == "Mine"

    async def test_files_that_begin_with_an_underscore_and_folders_are_no_types(
        self, compiler, scripts
    ):
        write(scripts, "_helpers.py")
        (scripts / "package.py").mkdir()
        built_in = await inline_compiler().job_types()
        assert len(await compiler.job_types()) == len(built_in)

    async def test_a_script_that_was_added_changed_or_removed_counts_at_once(
        self, compiler, scripts, job
    ):
        path = write(scripts, "mine.py")
        before = await compiler.job_type("mine")
        path.write_text(path.read_text().replace("Mine", "Changed"))
        after = await compiler.job_type("mine")
        assert (before.label, after.label) == ("Mine", "Changed")
        assert before.etag != after.etag
        path.unlink()
        with pytest.raises(UnknownJobType):
            await compiler.job_type("mine")

    async def test_a_change_in_a_module_of_a_script_counts_too(self, compiler, scripts, job):
        (scripts / "_naming.py").write_text("NAME = 'first'\n")
        body = 'import _naming\nauthor.task(_naming.NAME, "misc")'
        path = write(scripts, "mine.py", body)
        path.write_text("import _naming\n" + path.read_text())
        assert (await compiler.compile(job("mine"))).tasks[0].name == "first"
        (scripts / "_naming.py").write_text("NAME = 'second'\n")
        assert (await compiler.compile(job("mine"))).tasks[0].name == "second"

    async def test_an_unknown_type_is_refused_with_those_that_there_are(self, compiler, job):
        with pytest.raises(UnknownJobType, match="unknown job type 'nope'; there are cycles-gpu"):
            await compiler.compile(job("nope"))

    async def test_the_etag_stays_when_only_the_code_changes(self, compiler, scripts):
        path = write(scripts, "mine.py")
        before = await compiler.job_type("mine")
        path.write_text(path.read_text() + "\n# a remark\n")
        assert (await compiler.job_type("mine")).etag == before.etag


async def test_a_job_that_nobody_waits_for_any_more_is_not_compiled(scripts, job, caplog):
    caplog.set_level(logging.INFO, "flamenco.jobtypes")
    go = scripts / "go"
    wait = f"import pathlib, time\nwhile not pathlib.Path({str(go)!r}).exists(): time.sleep(0.01)\n"
    first = write(scripts, "first.py", wait + ONE_TASK)
    second = write(scripts, "second.py", f"print('the second ran')\n{ONE_TASK}")
    async with open_engine(scripts) as engine, trio.open_nursery() as nursery:
        nursery.start_soon(engine.compile, first, job("first"))
        await wait_all_tasks_blocked()
        async with trio.open_nursery() as gone:
            gone.start_soon(engine.compile, second, job("second"))
            await wait_all_tasks_blocked()
            gone.cancel_scope.cancel()
        go.touch()
        await engine.compile(first, job("first"))
        assert "the second ran" not in caplog.text
        await engine.compile(second, job("second"))
    assert "the second ran" in caplog.text


class TestBrokenScripts:
    @pytest.mark.parametrize(
        ("text", "error"),
        [
            ("def compile_job(:\n", "mine.py, line 1: SyntaxError: invalid syntax"),
            ("\n\nimport nothing_like_it\n", "mine.py, line 3: ModuleNotFoundError"),
            ("x = 1\n", "mine.py: expected JOB_TYPE = JobType(label=..., settings=[...]) and a"),
            (
                f"{IMPORT}JOB_TYPE = JobType(label='x', settings=[\n  Setting('a', 'strin')])\n",
                "mine.py, line 3: setting 'a': type: expected one of 'string', 'int32'",
            ),
            (
                f"""{IMPORT}
JOB_TYPE = JobType(label="x", settings=[Setting("a", "int32", default="1")])
def compile_job(job, author): pass
""",
                "mine.py: settings.a: expected a whole number, got '1'",
            ),
        ],
    )
    async def test_a_broken_script_is_listed_with_its_error(self, compiler, scripts, text, error):
        (scripts / "mine.py").write_text(text)
        types = {each.name: each for each in await compiler.job_types()}
        assert types["mine"].error.startswith(error)
        assert types["test-frames"].error == ""

    async def test_a_job_of_a_broken_script_is_refused_with_the_same_error(
        self, compiler, scripts, job
    ):
        (scripts / "mine.py").write_text("1/0\n")
        with pytest.raises(CompileError, match=r"mine\.py, line 1: ZeroDivisionError"):
            await compiler.compile(job("mine"))

    async def test_a_script_that_was_mended_works(self, compiler, scripts, job):
        (scripts / "mine.py").write_text("1/0\n")
        assert (await compiler.job_type("mine")).error
        write(scripts, "mine.py")
        assert not (await compiler.job_type("mine")).error
        assert len((await compiler.compile(job("mine"))).tasks) == 1


class TestCompiling:
    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ("job.settings['gone']", "mine.py, line 7: KeyError: 'gone'"),
            ("raise ValueError('no such thing')", "mine.py, line 7: no such thing"),
            ("import sys\nsys.exit(3)", "mine.py, line 8: asked Python to exit"),
            ("pass", "mine.py: the job has no tasks"),
            ("author.task(' ', 'misc')", "a task needs a name and a type, got '' and 'misc'"),
            (
                "a = author.task('a', 'misc')\nb = author.task('b', 'misc', after=[a])\na.after(b)",
                "mine.py: tasks wait for each other: 'a' → 'b' → 'a'",
            ),
            (
                f"{IMPORT}author.task('a', 'misc', after=[TaskDraft('x', 'misc')])",
                "mine.py: task 'a' depends on 'x', which is not in the job",
            ),
        ],
    )
    async def test_a_job_that_cannot_be_compiled_is_refused_with_script_line_and_reason(
        self, compiler, scripts, job, body, message
    ):
        write(scripts, "mine.py", body)
        with pytest.raises(CompileError) as caught:
            await compiler.compile(job("mine"))
        assert message in caught.value.message

    async def test_settings_and_metadata_come_back_as_the_script_left_them(
        self, compiler, scripts, job
    ):
        write(
            scripts, "mine.py", f"job.settings['b'] = 2\njob.metadata['c'] = job.name\n{ONE_TASK}"
        )
        compiled = await compiler.compile(job("mine", a=1))
        assert compiled.settings == {"a": 1, "b": 2}
        assert compiled.metadata == {"c": "My Job"}

    async def test_what_tasks_need_of_workers_comes_by_their_type(self, compiler, scripts, job):
        body = "from flamenco.jobtypes.authoring import Requirements\n"
        body += "author.require('misc', Requirements(cores=4))\n"
        body += f"author.require('misc', Requirements(gpu_kind='OptiX'))\n{ONE_TASK}"
        write(scripts, "mine.py", body)
        compiled = await compiler.compile(job("mine"))
        assert compiled.requirements == {"misc": Requirements(cores=4, gpu_kind="optix")}

    async def test_a_large_job_comes_whole_and_in_order(self, compiler, job):
        settings = {"width": 16, "height": 16, "fps": 24, "render_output_path": "/r/a/####"}
        compiled = await compiler.compile(job("test-frames", frames="1-3000", **settings))
        assert [each.name for each in compiled.tasks[:-1]] == [
            f"render-{frame}" for frame in range(1, 3001)
        ]
        assert compiled.tasks[-1].depends_on == tuple(range(3000))


class TestHarm:
    async def test_what_is_no_json_is_refused(self, strict, scripts, job):
        write(scripts, "mine.py", 'author.task("a", "misc").command("x", {"y": object()})')
        with pytest.raises(CompileError, match="TypeError: a job holds texts, numbers"):
            await strict.compile(job("mine"))

    async def test_printing_and_reading_do_not_disturb(self, strict, scripts, job, caplog):
        caplog.set_level(logging.INFO, "flamenco.jobtypes")
        body = 'import os\nprint("from print")\nos.write(1, b"from a descriptor\\n")\n'
        body += f"assert not open(0, closefd=False).read()\n{ONE_TASK}"
        write(scripts, "mine.py", body)
        assert len((await strict.compile(job("mine"))).tasks) == 1
        with trio.fail_after(PATIENCE):
            while "from a descriptor" not in caplog.text or "from print" not in caplog.text:
                await strict.job_types()

    async def test_a_flood_of_output_ends_the_script_that_makes_it(self, strict, scripts, job):
        write(scripts, "mine.py", "while True: print('x' * 1000)")
        write(scripts, "good.py")
        with pytest.raises(CompileError) as caught:
            await strict.compile(job("mine"))
        assert caught.value.message == "mine.py: prints more than 1 MiB"
        assert len((await strict.compile(job("good"))).tasks) == 1

    async def test_a_script_that_hangs_is_told_by_line_and_the_next_job_compiles(
        self, strict, scripts, job
    ):
        write(scripts, "mine.py", "while True:\n    try: sum(range(100))\n    except Exception: 1")
        write(scripts, "good.py")
        with pytest.raises(CompileError, match=r"mine\.py, line \d+: takes longer than 1.2 s"):
            await strict.compile(job("mine"))
        assert len((await strict.compile(job("good"))).tasks) == 1

    async def test_a_script_that_hangs_when_read_is_listed_with_that(self, strict, scripts):
        (scripts / "mine.py").write_text("while True: pass\n")
        assert "takes longer than" in (await strict.job_type("mine")).error

    @pytest.mark.slow
    async def test_a_script_that_cannot_be_interrupted_is_killed(self, strict, scripts, job):
        body = "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True: pass"
        write(scripts, "mine.py", body)
        write(scripts, "good.py")
        with pytest.raises(CompileError, match=r"mine\.py: takes longer than 1.2 s, and could not"):
            await strict.compile(job("mine"))
        assert len((await strict.compile(job("good"))).tasks) == 1

    async def test_a_script_that_eats_memory_is_stopped(self, strict, scripts, job):
        write(scripts, "mine.py", "x = bytearray(2 * 1024**3)")
        write(scripts, "good.py")
        with pytest.raises(CompileError, match=r"mine\.py, line 7: needs more memory"):
            await strict.compile(job("mine"))
        assert len((await strict.compile(job("good"))).tasks) == 1

    async def test_memory_that_was_eaten_to_the_last_crumb_leaves_enough_to_say_so(
        self, scripts, job
    ):
        write(
            scripts, "mine.py", "while True: author.task('a', 'misc').command('x', {'y': len('y')})"
        )
        async with open_compiler(scripts, Limits(PATIENCE, 256 * 1024**2)) as compiler:
            with pytest.raises(CompileError, match=r"mine\.py.*: needs more memory"):
                await compiler.compile(job("mine"))

    @pytest.mark.parametrize(
        ("body", "manner"),
        [
            ("import os\nos._exit(7)", "with exit status 7"),
            ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "by signal 11"),
        ],
    )
    async def test_a_script_that_crashes_its_process_is_told(
        self, strict, scripts, job, body, manner
    ):
        write(scripts, "mine.py", body)
        write(scripts, "good.py")
        with pytest.raises(CompileError) as caught:
            await strict.compile(job("mine"))
        assert caught.value.message == f"mine.py: ended the compiler process ({manner})"
        assert len((await strict.compile(job("good"))).tasks) == 1

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            ('author.task("x", "misc", priority=2**70)', "Expected `int` <= 2147483647"),
            ('author.task("x", "misc", priority="high")', "Expected `int`, got `str`"),
            ('author.task("x" * 40_000, "misc")', "`str` of length <= 32768"),
            ('author.task("x", "m" * 1001)', "`str` of length <= 1000"),
            ('author.task("x", "misc").command("echo", {}, steps=-1)', "`int` >= 0"),
            ('author.task("x", "misc").command("echo", {}, steps=2**63)', "`int` <= 2147483647"),
        ],
    )
    async def test_a_task_beyond_the_bounds_is_refused_with_path_and_bound(
        self, compiler, scripts, job, body, reason
    ):
        write(scripts, "mine.py", body)
        write(scripts, "good.py")
        with pytest.raises(CompileError, match=r"^mine\.py: .* - at `\$") as caught:
            await compiler.compile(job("mine"))
        assert reason in caught.value.message
        assert len((await compiler.compile(job("good"))).tasks) == 1

    async def test_calls_at_the_same_time_all_get_their_own_answer(self, strict, scripts, job):
        write(scripts, "good.py", 'author.task(job.name, "misc")')
        write(scripts, "bad.py", "import os\nos._exit(1)")
        names = []

        async def compile_good(name):
            names.append((await strict.compile(job("good", name=name))).tasks[0].name == name)

        async def compile_bad():
            with pytest.raises(CompileError):
                await strict.compile(job("bad"))

        async with trio.open_nursery() as nursery:
            for number in range(10):
                nursery.start_soon(compile_good, f"job {number}")
            nursery.start_soon(compile_bad)
        assert names == [True] * 10

    async def test_nothing_runs_on_when_the_compiler_is_closed(self, scripts, job):
        write(scripts, "mine.py", f"import os\njob.settings['pid'] = os.getpid()\n{ONE_TASK}")
        async with open_compiler(scripts) as compiler:
            pid = (await compiler.compile(job("mine"))).settings["pid"]
            assert process_runs(pid)
        assert not process_runs(pid)


def process_runs(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_the_inline_compiler_takes_no_time_of_a_virtual_clock(autojump_clock, job):
    compiler = inline_compiler()
    before = trio.current_time()
    await compiler.job_types()
    settings = {"message": "hi", "sleep_repeats": 1, "sleep_duration_seconds": 1}
    assert len((await compiler.compile(job("echo-sleep-test", **settings))).tasks) == 2
    assert trio.current_time() == before
