"""The scripting API of Flamenco 3 (reference job-types §3): what scripts that exist rely on.

Each name here stands in the conformance table of docs/job-types.md.
"""

import logging
import time

import attrs
import pytest

from flamenco.jobtypes import inline_compiler
from flamenco.jobtypes.authoring import format_timestamp_local
from flamenco.model.jobtypes import EvalInfo
from flamenco.platforms import PLATFORM
from tests.jobtypes.conftest import ONE_TASK, TYPE


async def described(scripts, settings):
    code = f'const JOB_TYPE = {{label: "x", settings: [{settings}]}};\nfunction compileJob() {{}}'
    (scripts / "mine.js").write_text(code)
    return await inline_compiler(scripts).job_type("mine")


class TestJobType:
    async def test_a_script_says_what_it_asks(self, scripts):
        (scripts / "my_type.js").write_text(
            """
const JOB_TYPE = {
    label: "My Type",
    description: "does things",
    settings: [
        { key: "frames", type: "string", required: true, eval: "f'{C.scene.frame_start}'",
          evalInfo: { showLinkButton: true, description: "Scene frame range" },
          description: "Frames", label: "The frames" },
        { key: "chunk", type: "int32", default: 1, propargs: {min: 1, max: 5},
          visible: "submission", unknown: "is left" },
        { key: "where", type: "string", subtype: "dir_path", visible: "hidden", editable: false },
        { key: "fps", type: "float" },
        { key: "engine", type: "string", choices: ["CYCLES", "EEVEE"], visible: "web" },
        { key: "previews", type: "bool", default: false },
    ],
};
function compileJob(job) {}
"""
        )
        job_type = await inline_compiler(scripts).job_type("my-type")
        assert not job_type.error
        assert (job_type.name, job_type.label) == ("my-type", "My Type")
        assert job_type.description == "does things"
        assert len(job_type.etag) == 40
        frames, chunk, where, fps, engine, previews = job_type.settings
        assert frames.required
        assert frames.eval == "f'{C.scene.frame_start}'"
        assert frames.eval_info == EvalInfo(description="Scene frame range", show_link_button=True)
        assert (frames.label, frames.description) == ("The frames", "Frames")
        assert (chunk.default, chunk.propargs) == (1, {"min": 1, "max": 5})
        assert chunk.visible == "submission"
        assert (where.subtype, where.visible, where.editable) == ("dir_path", "hidden", False)
        assert (fps.type, fps.visible, fps.editable) == ("float", "visible", True)
        assert engine.choices == ("CYCLES", "EEVEE")
        assert (previews.type, previews.default) == ("bool", False)

    @pytest.mark.parametrize(
        ("setting", "problem"),
        [
            ('{key: "a"}', "setting 'a': type: expected one of 'string', 'int32', 'float', 'bool'"),
            ('{type: "bool"}', "a setting has no key"),
            ('{key: "a", type: "number"}', "setting 'a': type: expected one of"),
            (
                '{key: "a", type: "bool", eval: () => 1}',
                "JOB_TYPE.settings[0].eval: expected texts",
            ),
            ('"a"', "settings: expected a list of settings, got ['a']"),
        ],
    )
    async def test_a_setting_that_cannot_be_shown_is_named(self, scripts, setting, problem):
        error = (await described(scripts, setting)).error
        assert error.startswith("mine.js")
        assert problem in error

    @pytest.mark.parametrize(
        ("setting", "problem"),
        [
            ('{key: "a", type: "string", subtype: "x"}', "setting 'a': subtype: expected one of"),
            ('{key: "a", type: "int32", choices: ["1"]}', "setting 'a': choices: is for settings"),
            ('{key: "a", type: "string", choices: "x"}', "setting 'a': choices: expected a list"),
            (
                '{key: "a", type: "string", choices: []}',
                "setting 'a': choices: expected at least one text",
            ),
            ('{key: "a", type: "int32", default: "1"}', "settings.a: expected a whole number, got"),
            ('{key: "a", type: "int32", default: 9, propargs: {max: 8}}', "up to 8, got 9"),
            ('{key: "a", type: "int32", propargs: {min: "1"}}', "setting 'a': propargs: expected"),
            ('{key: "a", type: "int32", propargs: {min: 2, max: 1}}', "min 2 is more than max 1"),
            ('{key: "a", type: "int32", propargs: [1]}', "setting 'a': propargs: expected arg"),
            ('{key: "a", type: "bool", visible: "no"}', "setting 'a': visible: expected one of"),
            ('{key: "a", type: "bool", editable: 1}', "setting 'a': editable: expected True or"),
            ('{key: "a", type: "bool", required: "x"}', "setting 'a': required: expected True or"),
            ('{key: "a", type: "bool", label: 3}', "setting 'a': label: expected a text, got 3"),
            ('{key: "a", type: "bool", eval: 3}', "setting 'a': eval: expected a text, got 3"),
            (
                '{key: "a", type: "bool", evalInfo: 3}',
                "setting 'a': eval_info: expected an EvalInf",
            ),
            ('{key: "a", type: "bool", evalInfo: {description: 3}}', "'a': evalInfo: description:"),
            ('{key: "a", type: "int32"}, {key: "a", type: "bool"}', "setting 'a': is there twice"),
        ],
    )
    async def test_what_is_odd_about_a_setting_is_left_out_with_a_warning(
        self, scripts, setting, problem
    ):
        job_type = await described(scripts, setting)
        assert not job_type.error
        assert [each.key for each in job_type.settings] == ["a"]
        (warning,) = job_type.warnings
        assert problem in warning

    async def test_a_type_whose_name_for_people_is_no_text_is_listed(self, scripts):
        code = "const JOB_TYPE = {label: 3, description: ['x']};\nfunction compileJob() {}"
        (scripts / "mine.js").write_text(code)
        job_type = await inline_compiler(scripts).job_type("mine")
        assert (job_type.error, job_type.label, job_type.description) == ("", "mine", "")
        assert job_type.warnings == (
            "label: expected a text, got 3; left out",
            "description: expected a text, got ['x']; left out",
        )

    async def test_what_is_odd_is_logged_when_the_script_is_read(self, scripts, caplog):
        job_type = await described(scripts, '{key: "a", type: "string", subtype: "x"}')
        assert caplog.messages == [f"mine.js: {warning}" for warning in job_type.warnings]

    async def test_of_two_settings_with_one_key_the_last_counts(self, scripts):
        odd = '{key: "a", type: "int32"}, {key: "b", type: "bool"}, {key: "a", type: "bool"}'
        settings = (await described(scripts, odd)).settings
        assert [(each.key, each.type) for each in settings] == [("b", "bool"), ("a", "bool")]

    async def test_a_default_out_of_its_bounds_becomes_the_nearest(self, scripts):
        odd = '{key: "a", type: "int32", default: 9, propargs: {min: 2, max: 8}}'
        odd += ', {key: "b", type: "float", default: 1, propargs: {min: 2.5}}'
        job_type = await described(scripts, odd)
        assert [each.default for each in job_type.settings] == [8, 2.5]

    async def test_visible_may_be_true_or_false_as_in_old_scripts(self, scripts):
        old = '{key: "a", type: "bool", visible: false}, {key: "b", type: "bool", visible: true}'
        job_type = await described(scripts, old)
        assert [each.visible for each in job_type.settings] == ["hidden", "visible"]
        assert job_type.warnings == ()

    async def test_a_script_may_begin_by_naming_its_interpreter(self, scripts):
        text = f"#!/usr/bin/env node\n{TYPE}function compileJob(job) {{}}\nthrow new Error('x');"
        (scripts / "mine.js").write_text(text)
        assert (await inline_compiler(scripts).job_type("mine")).error == "mine.js, line 4:11: x"

    @pytest.mark.parametrize(
        "code",
        [
            "const JOB_TYPE = {label: 'x', settings: []};",
            "function compileJob(job) {}",
            "const JOB_TYPE = 3; function compileJob(job) {}",
            "const JOB_TYPE = {label: 'x'}; const compileJob = 3;",
        ],
    )
    async def test_a_script_needs_both_parts(self, scripts, code):
        (scripts / "mine.js").write_text(code)
        error = (await inline_compiler(scripts).job_type("mine")).error
        assert error.startswith("mine.js: expected JOB_TYPE = {label:")

    async def test_the_parts_may_be_declared_in_any_way(self, scripts, job):
        (scripts / "mine.js").write_text(
            "JOB_TYPE = {label: 'x'};".replace("JOB_TYPE", "globalThis.JOB_TYPE")
            + f"\nconst compileJob = (job) => {{ {ONE_TASK} }};"
        )
        compiler = inline_compiler(scripts)
        assert not (await compiler.job_type("mine")).error
        assert len((await compiler.compile(job("mine"))).tasks) == 1


class TestJob:
    async def test_job_settings_and_metadata_are_stored_as_changed(self, scripts, job):
        body = """
            job.settings.added = {list: [1, "two"]};
            delete job.settings.gone;
            job.settings.kept += 1;
            job.metadata.project = "film";
            job.metadata.count = 3;
        """
        code = f"{TYPE}function compileJob(job) {{ {body} {ONE_TASK} }}"
        (scripts / "mine.js").write_text(code)
        given = attrs.evolve(job("mine", gone=1, kept=1), metadata={"user": "Ada"})
        compiled = await inline_compiler(scripts).compile(given)
        assert compiled.settings == {"kept": 2, "added": {"list": [1, "two"]}}
        assert compiled.metadata == {"user": "Ada", "project": "film", "count": "3"}

    async def test_job_fields(self, scripts, job):
        body = """
            job.settings.seen = {
                name: job.name, jobType: job.jobType, priority: job.priority, jobID: job.jobID,
                status: job.status, workerTagUUID: job.workerTagUUID,
                checkout: job.storage.shamanCheckoutID,
            };
        """
        code = f"{TYPE}function compileJob(job) {{ {body} {ONE_TASK} }}"
        (scripts / "mine.js").write_text(code)
        given = attrs.evolve(
            job("mine"), priority=70, worker_tag="tag-1", shaman_checkout_id="film/1"
        )
        compiled = await inline_compiler(scripts).compile(given)
        assert compiled.settings["seen"] == {
            "name": "My Job",
            "jobType": "mine",
            "priority": 70,
            "jobID": "j1",
            "status": "under-construction",
            "workerTagUUID": "tag-1",
            "checkout": "film/1",
        }

    async def test_job_created_is_for_format_timestamp_local(self, settings_after, job):
        body = "s.stamp = formatTimestampLocal(job.created); s.text = `${job.created}`;"
        settings = await settings_after(body)
        assert settings["stamp"] == format_timestamp_local(job("x").created)
        assert settings["text"] == "2026-11-24T09:30:00+00:00"

    async def test_format_timestamp_local_takes_nothing_else(self, refusal):
        problem = await refusal("formatTimestampLocal(3)")
        assert "expected a time such as job.created" in problem

    async def test_format_timestamp_local_takes_a_date_too(self, settings_after):
        settings = await settings_after(
            "s.stamp = formatTimestampLocal(new Date(2026, 1, 3, 4, 5));"
        )
        assert settings["stamp"] == "2026-02-03_040500"

    async def test_job_created_has_the_methods_of_gos_times(self, settings_after, monkeypatch):
        monkeypatch.setenv("TZ", "Asia/Kolkata")
        time.tzset()
        try:
            settings = await settings_after("""
                const t = job.created;
                s.parts = [t.year(), t.month(), t.day(), t.hour(), t.minute(), t.second()];
                s.days = [t.weekday(), t.yearDay()];
                s.unix = [t.unix(), t.unixMilli()];
                s.stamps = [t.format("2006-01-02_150405"), t.format("Mon Jan _2 3:04PM 06 Z07:00")];
                s.local = t.local().format("15:04 -0700 MST");
                s.utc = t.local().uTC().string();
            """)
        finally:
            monkeypatch.undo()
            time.tzset()
        assert settings["parts"] == [2026, 11, 24, 9, 30, 0]
        assert settings["days"] == [2, 328]
        assert settings["unix"] == [1795512600, 1795512600000]
        assert settings["stamps"] == ["2026-11-24_093000", "Tue Nov 24 9:30AM 26 Z"]
        assert settings["local"] == "15:00 +0530 IST"
        assert settings["utc"] == "2026-11-24 09:30:00.000 +0000 UTC"

    async def test_a_script_may_change_name_and_priority_of_the_job(self, compile_):
        body = f"job.name += ' (draft)'; job.priority = '70.5'; {ONE_TASK}"
        compiled = await compile_(body)
        assert (compiled.name, compiled.priority) == ("My Job (draft)", 70)

    async def test_a_priority_that_no_job_can_have_is_refused(self, refusal):
        problem = await refusal(f"job.priority = 101; {ONE_TASK}")
        assert problem == "mine.js: job.priority: expected 0 to 100, got 101"

    async def test_what_else_was_submitted_cannot_be_changed(self, refusal):
        assert "mine.js, line 3:" in await refusal("job.jobID = 'other';")
        assert "read-only" in await refusal("job.status = 'paused';")


class TestHelpers:
    async def test_frame_chunker(self, settings_after):
        body = 's.chunks = frameChunker("1-7, 9..10,20", 3); s.one = frameChunker(" 3 ", 1);'
        settings = await settings_after(body)
        assert settings["chunks"] == ["1-3", "4-6", "7,9,10", "20"]
        assert settings["one"] == ["3"]

    @pytest.mark.parametrize(
        ("expression", "value"),
        [
            ('frameChunker("1-10", "4")', ["1-4", "5-8", "9,10"]),
            ('frameChunker("1,2", 1.5)', ["1", "2"]),
            ("frameChunker(5, 1)", ["5"]),
            ("frameCount(5)", 1),
            ("path.basename(undefined)", ""),
            ("path.basename()", ""),
            ('path.join("a", undefined, "b")', "a/b"),
            ("path.dirname(null)", "."),
            ("path.stem(1.5)", "1"),
            ('path.join("a", 5)', "a/5"),
            ("shellSplit(undefined)", []),
            ("shellSplit(7)", ["7"]),
        ],
    )
    async def test_helpers_take_values_as_javascript_does(self, settings_after, expression, value):
        assert (await settings_after(f"s.value = {expression};"))["value"] == value

    @pytest.mark.parametrize(
        "call",
        [
            '"", 1',
            "undefined, 1",
            '"a", 1',
            '"5-3", 1',
            '"1-3", 0',
            '"1", 0.5',
            '"1"',
            '"1", "x"',
            "",
        ],
    )
    async def test_frame_chunker_throws_on_a_bad_range_or_size(self, refusal, call):
        assert "mine.js, line 3:" in await refusal(f"frameChunker({call})")

    async def test_frame_count(self, settings_after):
        assert (await settings_after('s.n = frameCount("1-10, 5-12, 20, -9--3x3");'))["n"] == 16

    async def test_shell_split(self, settings_after):
        settings = await settings_after(r"""s.words = shellSplit("-b 'my file' a\\ b \"c d\"");""")
        assert settings["words"] == ["-b", "my file", "a b", "c d"]

    async def test_shell_split_throws_when_a_quote_is_not_closed(self, refusal):
        assert "No closing quotation" in await refusal("""shellSplit("'a")""")

    async def test_path(self, settings_after):
        body = r"""
            s.base = path.basename("C:\\a\\b.tar.gz"); s.dir = path.dirname("//server/share/b");
            s.stem = path.stem("/a/b.tar.gz"); s.join = path.join("/a", "..", "b", "c.d");
        """
        assert await settings_after(body) == {
            "base": "b.tar.gz",
            "dir": "//server/share",
            "stem": "b.tar",
            "join": "/b/c.d",
        }

    async def test_print_and_alert_go_to_the_log(self, compile_, caplog):
        caplog.set_level(logging.INFO, "flamenco.jobtypes")
        await compile_(f'print("seen", {{a: [1]}}, 3); alert("careful"); {ONE_TASK}')
        assert [(each.levelname, each.getMessage()) for each in caplog.records] == [
            ("INFO", 'mine.js: seen {"a":[1]} 3'),
            ("WARNING", "mine.js: careful"),
        ]

    async def test_what_was_printed_before_an_error_is_logged_too(self, refusal, caplog):
        caplog.set_level(logging.INFO, "flamenco.jobtypes")
        await refusal('print("before"); throw "x";')
        assert "mine.js: before" in caplog.messages

    async def test_a_flood_of_prints_ends_up_short(self, compile_, caplog):
        caplog.set_level(logging.INFO, "flamenco.jobtypes")
        body = 'for (let i = 0; i < 5000; i++) print("x".repeat(5000));'
        await compile_(f"{body} {ONE_TASK}")
        assert len(caplog.records) == 1001
        assert caplog.messages[-1] == "mine.js: and 4000 lines more"
        assert max(map(len, caplog.messages)) < 2100

    async def test_process(self, settings_after, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        settings = await settings_after("s.cwd = process.cwd(); s.platform = process.platform;")
        assert settings == {"cwd": str(tmp_path), "platform": PLATFORM}

    async def test_scripts_are_strict(self, refusal):
        assert await refusal("undeclared = 3;") == (
            "mine.js, line 3:1: ReferenceError: undeclared is not defined"
        )

    async def test_a_script_may_use_the_names_of_helpers_for_its_own(self, scripts, job):
        own = "const path = {}; const author_ = author; let print = 3; function frameCount() {}\n"
        code = f"{own}{TYPE}function compileJob(job) {{ {ONE_TASK} }}"
        (scripts / "mine.js").write_text(code)
        assert len((await inline_compiler(scripts).compile(job("mine"))).tasks) == 1


class TestErrors:
    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ('throw "no good";', "mine.js, line 3:1: no good"),
            ("const why = 1;\nthrow `no ${why}`;", "mine.js: no 1"),
            ('throw new Error("no good");', "mine.js, line 3:11: no good"),
            ('\nthrow new RangeError("no");', "mine.js, line 4:11: RangeError: no"),
            ("const f = () => job.gone.x;\nf();", "mine.js, line 3:17: TypeError: cannot read"),
            ("throw null;", "mine.js, line 3:1: null"),
            ("frameChunker('x', 1);", "mine.js, line 3:1: expected frames such as 1-10, 15 or"),
            ("job.settings.x = Infinity;", "mine.js: TypeError: settings.x: expected texts"),
            ("(function f() { f(); })();", "mine.js, line 3:"),
        ],
    )
    async def test_a_thrown_text_is_told_with_script_line_and_column(self, refusal, body, message):
        assert (await refusal(body)).startswith(message)

    async def test_a_script_that_is_no_javascript_is_told_by_line(self, scripts):
        (scripts / "mine.js").write_text(f"{TYPE}\nfunction compileJob( {{}}")
        error = (await inline_compiler(scripts).job_type("mine")).error
        assert error.startswith("mine.js, line 3:")
        assert "SyntaxError" in error

    async def test_a_script_that_throws_when_it_is_read_is_told(self, scripts):
        (scripts / "mine.js").write_text(f"{TYPE}function compileJob() {{}}\nthrow new Error('x')")
        assert (await inline_compiler(scripts).job_type("mine")).error == "mine.js, line 3:11: x"

    async def test_a_script_in_another_encoding_is_told(self, scripts):
        (scripts / "mine.js").write_bytes(b"// JOB_TYPE \xff\xfe")
        error = (await inline_compiler(scripts).job_type("mine")).error
        assert error == "mine.js: expected text in UTF-8"
