"""`require` in JavaScript job types, and that nothing but the folder of scripts is reached."""

import pytest

from flamenco.jobtypes import (
    CompileError,
    Limits,
    UnknownJobType,
    inline_compiler,
    open_compiler,
    process,
)
from tests.patience import PATIENCE

TYPE = 'const JOB_TYPE = {label: "Mine", settings: []};\n'
ONE_TASK = 'job.addTask(author.Task("one", "misc"));'


def put(scripts, **files):
    """Write files, `__` standing for `/` and `_` for `.`."""
    for name, text in files.items():
        path = scripts / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def seen(scripts, job):
    """The value of `seen` after a script with this head ran."""

    async def run(head, body="job.settings.seen = seen;"):
        put(scripts, mine_js=f"{TYPE}{head}\nfunction compileJob(job) {{ {body} {ONE_TASK} }}")
        return (await inline_compiler(scripts).compile(job("mine"))).settings["seen"]

    return run


async def test_a_module_gives_what_it_exports(scripts, seen):
    put(scripts, lib__names_js="exports.a = 1; module.exports.b = 2;")
    assert await seen('const seen = require("./lib/names.js");') == {"a": 1, "b": 2}


async def test_what_the_manager_brings_can_be_required(scripts, seen):
    put(scripts, path_js="throw new Error('not this one');")
    head = """
        const { basename } = require("path");
        const seen = [
            basename("/a/b"), require("author") === author, require("process") === process,
        ];
    """
    assert await seen(head) == ["b", True, True]


async def test_a_module_may_begin_by_naming_its_interpreter(scripts, seen):
    put(scripts, names_js="#!/usr/bin/env node\nexports.a = 1;")
    assert await seen('const seen = require("./names");') == {"a": 1}


async def test_a_module_may_replace_its_exports(scripts, seen):
    put(scripts, names_js="module.exports = (x) => x + 1;")
    assert await seen('const seen = require("./names")(1);') == 2


async def test_a_name_without_dots_is_looked_for_beside_the_scripts(scripts, seen):
    put(scripts, names_js="exports.a = 1;", deep__down_js="exports.b = require('names');")
    assert await seen('const seen = require("deep/down");') == {"b": {"a": 1}}


async def test_json_and_folders_can_be_required(scripts, seen):
    put(scripts, data_json='{"a": [1]}', lib__index_js="module.exports = require('../data');")
    assert await seen('const seen = [require("./data.json"), require("./lib")];') == [
        {"a": [1]},
        {"a": [1]},
    ]


async def test_a_module_runs_once(scripts, seen):
    put(
        scripts,
        count_js="let n = 0; exports.next = () => ++n;",
        other_js="require('./count').next();",
    )
    assert await seen('require("./other"); const seen = require("./count").next();') == 2


async def test_modules_in_a_circle_see_what_is_there_so_far(scripts, seen):
    put(
        scripts,
        a_js="exports.first = 1; exports.of_b = require('./b').seen; exports.last = 2;",
        b_js="exports.seen = Object.keys(require('./a'));",
    )
    assert await seen('const seen = require("./a");') == {"first": 1, "of_b": ["first"], "last": 2}


async def test_a_module_can_be_required_by_what_compiles(scripts, seen):
    put(scripts, names_js="exports.a = 1;")
    body = "job.settings.seen = require('./na' + 'mes').a;"
    assert await seen("", body) == 1


async def test_a_module_has_the_helpers_and_its_own_name(scripts, seen):
    put(scripts, lib__m_js="module.exports = [typeof frameChunker, __filename, __dirname];")
    assert await seen('const seen = require("./lib/m");') == ["function", "lib/m.js", "lib"]


async def test_an_error_in_a_module_is_told_with_the_modules_name(scripts, seen):
    put(scripts, first_js="\n" * 50, names_js="\n\nexports.f = () => { throw new Error('x'); };")
    with pytest.raises(CompileError, match=r"^names\.js, line 3:31: x$"):
        await seen('require("./first"); require("./names").f();')


async def test_a_module_with_wrong_syntax_is_told_by_line(scripts, seen):
    put(scripts, names_js="\nlet = ;")
    with pytest.raises(CompileError, match=r"^names\.js, line 2:\d+: SyntaxError"):
        await seen('require("./names");')


@pytest.mark.parametrize("text", ["{", "\n\n{,"])
async def test_json_that_is_none_is_named(scripts, seen, text):
    put(scripts, data_json=text)
    with pytest.raises(CompileError, match=r"SyntaxError: data\.json: "):
        await seen('require("./data");')


async def test_a_module_that_is_not_there_is_named(seen):
    with pytest.raises(CompileError) as caught:
        await seen('require("./gone");')
    assert "there is no module './gone' in the folder of the scripts" in caught.value.message


async def test_a_module_that_may_be_missing_can_be_caught(seen):
    head = 'let seen = "without"; try { require("./gone"); } catch {}'
    assert await seen(head) == "without"


async def test_a_script_without_a_job_type_is_a_module_and_not_listed(scripts, seen):
    put(scripts, helpers_js="exports.a = 1;")
    assert await seen('const seen = require("./helpers").a;') == 1
    with pytest.raises(UnknownJobType):
        await inline_compiler(scripts).job_type("helpers")


class TestCaching:
    async def test_a_change_of_a_module_counts_at_once(self, scripts, job):
        body = 'job.settings.n = require("./n");'
        put(
            scripts,
            mine_js=f"{TYPE}function compileJob(job) {{ {body} {ONE_TASK} }}",
            n_json="1",
        )
        compiler = inline_compiler(scripts)
        assert (await compiler.compile(job("mine"))).settings["n"] == 1
        put(scripts, n_json="22")
        assert (await compiler.compile(job("mine"))).settings["n"] == 22

    @pytest.mark.parametrize("suffix", ["py", "js"])
    async def test_a_type_is_mended_with_its_module(self, scripts, suffix):
        if suffix == "py":
            put(scripts, mine_py="import helping", helping_py="1/0")
        else:
            put(scripts, mine_js=f"{TYPE}require('./helping')", helping_js="throw new Error('x')")
        compiler = inline_compiler(scripts)
        assert (await compiler.job_type("mine")).error.startswith(f"helping.{suffix}, line 1")
        put(scripts, helping_py="x = 3", helping_js="exports.ok = true")
        assert (await compiler.job_type("mine")).error.startswith(f"mine.{suffix}: expected")

    @pytest.mark.parametrize("suffix", ["py", "js"])
    async def test_a_type_is_mended_when_its_missing_module_comes(self, scripts, suffix):
        put(scripts, mine_py="import deep.er", mine_js=f"{TYPE}require('./deep/er')")
        (scripts / f"mine.{'js' if suffix == 'py' else 'py'}").unlink()
        (scripts / "deep").mkdir()
        compiler = inline_compiler(scripts)
        before = (await compiler.job_type("mine")).error
        put(scripts, deep__er_py="", deep__er_js="")
        after = (await compiler.job_type("mine")).error
        assert "er" in before
        assert after.startswith(f"mine.{suffix}: expected")

    async def test_a_script_is_not_run_again_while_nothing_changes(self, scripts, monkeypatch):
        put(scripts, mine_js=f"{TYPE}function compileJob(job) {{ {ONE_TASK} }}")
        compiler = inline_compiler(scripts)
        first = await compiler.job_type("mine")
        assert await compiler.job_type("mine") is first

    async def test_two_scripts_of_one_name_are_an_error_that_names_both(self, scripts, job):
        put(scripts, mine_js=TYPE, mine_py="")
        compiler = inline_compiler(scripts)
        message = "mine.js and mine.py both define the job type 'mine'; rename or remove one"
        assert (await compiler.job_type("mine")).error == message
        with pytest.raises(CompileError, match="both define the job type"):
            await compiler.compile(job("mine"))
        (scripts / "mine.py").unlink()
        assert "both" not in (await compiler.job_type("mine")).error


class TestWalls:
    """A script in JavaScript reaches nothing of the Manager."""

    @pytest.mark.parametrize(
        "name", ["../secret", "./../secret", "lib/../../secret", "/secret", "..", "C:/secret"]
    )
    async def test_modules_outside_of_the_folder_are_not_read(self, scripts, seen, name):
        put(scripts.parent, secret_js="exports.a = 1")
        with pytest.raises(CompileError, match="lies outside of the folder of the scripts"):
            await seen(f"require({name!r});")

    async def test_a_link_does_not_lead_out_of_the_folder(self, scripts, seen):
        put(scripts.parent, secret_js="exports.a = 1")
        (scripts / "link.js").symlink_to(scripts.parent / "secret.js")
        with pytest.raises(CompileError, match=r"there is no module '\./link'"):
            await seen('require("./link");')

    @pytest.mark.parametrize(
        "name",
        [
            *("std", "os", "fetch", "XMLHttpRequest", "WebSocket", "Worker", "load", "scriptArgs"),
            *("setTimeout", "child_process", "python", "host", "evaluate", "files"),
        ],
    )
    async def test_there_is_nothing_that_leads_out(self, seen, name):
        assert await seen(f"const seen = typeof {name};") == "undefined"

    @pytest.mark.parametrize("name", ["fs", "os", "std", "net", "child_process", "http"])
    async def test_modules_of_node_are_not_there(self, seen, name):
        with pytest.raises(CompileError, match=f"there is no module '{name}'"):
            await seen(f'require("{name}");')

    async def test_modules_are_not_imported_from_disk(self, scripts, seen):
        put(scripts.parent, secret_js="export const a = 1")
        secret = scripts.parent / "secret.js"
        head = f'let seen = "no"; import("{secret}").then(() => {{ seen = "yes"; }});'
        assert await seen(head) == "no"

    async def test_the_global_object_cannot_be_left(self, seen):
        head = 'const seen = new Function("return this")() === globalThis;'
        assert await seen(head) is True

    async def test_a_script_that_breaks_its_own_world_breaks_no_other(self, scripts, seen):
        head = """
            JSON.stringify = () => "{}"; Object.keys = () => []; Array.prototype.map = () => 3;
            Map.prototype.has = () => true; globalThis.author = null;
        """
        with pytest.raises(CompileError, match=r"^mine\.js"):
            await seen(head)
        assert await seen("const seen = author !== null;") is True

    async def test_what_one_job_does_to_its_world_the_next_does_not_see(self, scripts, job):
        body = f"globalThis.n = (globalThis.n ?? 0) + 1; job.settings.n = n; {ONE_TASK}"
        put(scripts, mine_js=f"{TYPE}function compileJob(job) {{ {body} }}")
        compiler = inline_compiler(scripts)
        for _ in range(2):
            assert (await compiler.compile(job("mine"))).settings["n"] == 1


class TestLimits:
    @pytest.fixture
    async def refusal(self, scripts, job):
        """Why a job of a script with this body is refused; the next one compiles."""
        put(scripts, good_js=f"{TYPE}function compileJob(job) {{ {ONE_TASK} }}")
        async with open_compiler(scripts, Limits(0.3, 384 * 1024**2)) as compiler:

            async def run(body):
                put(scripts, bad_js=f"{TYPE}function compileJob(job) {{\n{body}\n}}")
                with pytest.raises(CompileError) as caught:
                    await compiler.compile(job("bad"))
                assert len((await compiler.compile(job("good"))).tasks) == 1
                return caught.value.message

            yield run

    @pytest.mark.parametrize(
        "body",
        [
            "for (;;) {}",
            "for (;;) { try { for (;;) {} } catch {} }",
            "/(a+)+$/.test('a'.repeat(40) + 'b');",
            "Array.from({length: 1e7}, () => Math.random()).sort(() => 0.5 - Math.random());",
        ],
    )
    async def test_a_script_that_hangs_is_told_by_line(self, refusal, body):
        message = await refusal(body)
        assert message.startswith("bad.js, line ")
        assert message.endswith(": takes longer than 0.3 s")

    async def test_one_that_hangs_is_told_by_line_though_the_machine_has_little_time_for_it(
        self, refusal, monkeypatch
    ):
        monkeypatch.setattr(process, "KILLED_AFTER", PATIENCE)
        monkeypatch.setattr(process, "MARGIN_SECONDS", 0)
        message = await refusal("for (;;) {}")
        assert message.startswith("bad.js, line ")
        assert message.endswith(": takes longer than 0.3 s")

    @pytest.mark.parametrize(
        "body",
        [
            "const all = []; for (;;) all.push(new ArrayBuffer(1e7));",
            "let text = 'x'; for (;;) text += text;",
        ],
    )
    async def test_a_script_that_eats_memory_is_told_by_line(self, refusal, body):
        message = await refusal(body)
        assert message.startswith("bad.js, line 3:")
        assert "memory" in message or "string too long" in message

    async def test_a_script_that_blocks_is_told(self, refusal):
        body = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);"
        assert "cannot block in this thread" in await refusal(body)

    async def test_a_script_that_hangs_when_read_is_listed_with_that(self, scripts):
        put(scripts, mine_js=f"{TYPE}for (;;) {{}}")
        async with open_compiler(scripts, Limits(0.3, 384 * 1024**2)) as compiler:
            assert (await compiler.job_type("mine")).error == "mine.js: takes longer than 0.3 s"
