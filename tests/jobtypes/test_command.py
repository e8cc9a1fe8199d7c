"""`flamenco jobtype`, as a TD runs it."""

import json

import pytest

from flamenco.cli.app import run

JAVASCRIPT = """
const JOB_TYPE = {
    label: "Mine",
    settings: [
        { key: "frames", type: "string", required: true },
        { key: "chunk", type: "int32", default: 2 },
    ],
};
function compileJob(job) {
    print("compiling", job.name);
    const last = author.Task("last", "misc");
    last.priority = 80;
    for (const chunk of frameChunker(job.settings.frames, job.settings.chunk)) {
        const task = author.Task(`render-${chunk}`, "blender");
        task.addCommand(author.Command("echo", {message: chunk}, frameCount(chunk)));
        job.addTask(task);
        last.addDependency(task);
    }
    job.settings.stamp = formatTimestampLocal(job.created);
    job.addTask(last);
}
"""
PYTHON = """
from flamenco.jobtypes.authoring import *

JOB_TYPE = JobType(
    label="Mine",
    settings=[Setting("frames", "string", required=True), Setting("chunk", "int32", default=2)],
)


def compile_job(job, author):
    print("compiling", job.name)
    renders = []
    for chunk in frame_chunker(job.settings["frames"], job.settings["chunk"]):
        task = author.task(f"render-{chunk}", "blender")
        task.command("echo", {"message": chunk}, steps=frame_count(chunk))
        renders.append(task)
    job.settings["stamp"] = format_timestamp_local(job.created)
    author.task("last", "misc", after=renders, priority=80)
"""


@pytest.fixture(params=["js", "py"])
def script(request, tmp_path):
    file = tmp_path / f"my_type.{request.param}"
    file.write_text(JAVASCRIPT if request.param == "js" else PYTHON)
    return file


def test_a_dry_run_prints_the_tasks_with_defaults_applied(script, capfd):
    assert (
        run(["jobtype", "dry-run", str(script), "--settings", '{"frames": "1-3"}', "--json"]) == 0
    )
    out, err = capfd.readouterr()
    told = json.loads(out)
    assert told["tasks"] == [
        {
            "name": "render-1,2",
            "type": "blender",
            "priority": 50,
            "commands": [{"name": "echo", "parameters": {"message": "1,2"}, "total_step_count": 2}],
            "dependencies": [],
        },
        {
            "name": "render-3",
            "type": "blender",
            "priority": 50,
            "commands": [{"name": "echo", "parameters": {"message": "3"}, "total_step_count": 1}],
            "dependencies": [],
        },
        {
            "name": "last",
            "type": "misc",
            "priority": 80,
            "commands": [],
            "dependencies": ["render-1,2", "render-3"],
        },
    ]
    assert told["settings"]["chunk"] == 2
    assert told["settings"]["stamp"][4] == "-"
    assert "compiling dry run" in err


def test_a_dry_run_for_people_has_a_line_for_each_task_and_command(script, capfd):
    assert run(["jobtype", "dry-run", str(script), "--settings", '{"frames": "1"}']) == 0
    assert capfd.readouterr().out == (
        "render-1 (blender, priority 50)\n"
        '    echo {"message": "1"}, 1 steps\n'
        "last (misc, priority 80, after render-1)\n"
    )


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ("{}", "settings.frames: expected a text, got nothing"),
        ('{"frames": "1", "chunk": "x"}', "settings.chunk: expected a whole number, got 'x'"),
        ('{"frames": "x"}', "expected frames such as 1-10, 15 or 20..30, not 'x'"),
        ("[1]", "--settings: expected a JSON object: Expected `object`, got `array`"),
        ("{", "--settings: expected a JSON object"),
    ],
)
def test_a_job_that_would_be_refused_is_told_on_stderr(script, capfd, settings, reason):
    assert run(["jobtype", "dry-run", str(script), "--settings", settings]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert reason in err.splitlines()[-1]


def test_a_good_script_is_checked(script, capfd):
    assert run(["jobtype", "check", str(script)]) == 0
    assert capfd.readouterr().out == "my-type: Mine, 2 settings\n"


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("bad.js", "const JOB_TYPE = ;", "flamenco: bad.js, line 1:18: SyntaxError"),
        ("bad.py", "\nJOB_TYPE = (", "flamenco: bad.py, line 2: SyntaxError"),
        ("bad.txt", "", "bad.txt: expected a script in JavaScript (.js) or Python (.py)"),
        ("gone.js", None, "gone.js: there is no such file"),
    ],
)
def test_a_script_that_no_manager_could_use_is_told_by_line(tmp_path, capfd, name, text, reason):
    if text is not None:
        (tmp_path / name).write_text(text)
    assert run(["jobtype", "check", str(tmp_path / name)]) == 1
    assert reason in capfd.readouterr().err


def test_the_list_has_built_in_types_own_ones_and_broken_ones(script, tmp_path, capfd):
    (tmp_path / "bad.js").write_text("const JOB_TYPE = ;")
    assert run(["jobtype", "list", "--scripts", str(tmp_path)]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert f"{'my-type':24} Mine" in lines
    assert f"{'simple-blender-render':24} Simple Blender Render" in lines
    (broken,) = [line for line in lines if line.startswith("bad ")]
    assert "broken: bad.js, line 1:" in broken


def test_built_in_types_are_exported_and_work_from_there(tmp_path, capfd):
    folder = tmp_path / "scripts"
    assert run(["jobtype", "export", str(folder)]) == 0
    written = capfd.readouterr().out.split()
    assert str(folder / "simple_blender_render.py") in written
    assert not (folder / "__init__.py").exists()
    settings = '{"message": "hi"}'
    command = ["jobtype", "dry-run", str(folder / "echo_sleep_test.py"), "--settings", settings]
    assert run(command) == 0


def test_an_export_overwrites_only_when_told_to(tmp_path, capfd):
    (tmp_path / "test_frames.py").write_text("mine")
    assert run(["jobtype", "export", str(tmp_path)]) == 1
    err = capfd.readouterr().err
    assert "already has test_frames.py; overwrite with --force" in err
    assert [each.name for each in tmp_path.iterdir()] == ["test_frames.py"]
    assert (tmp_path / "test_frames.py").read_text() == "mine"
    assert run(["jobtype", "export", str(tmp_path), "--force"]) == 0
    assert (tmp_path / "test_frames.py").read_text() != "mine"


def test_check_prints_what_is_odd_about_a_type_that_can_be_used(tmp_path, capfd):
    file = tmp_path / "odd.js"
    file.write_text(JAVASCRIPT.replace('"int32"', '"int32", subtype: "pixels"'))
    assert run(["jobtype", "check", str(file)]) == 0
    assert "odd.js: warning: setting 'chunk': subtype: expected one of" in capfd.readouterr().err
