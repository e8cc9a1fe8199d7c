"""Tasks and commands as scripts make them (reference job-types §3).

Each name here stands in the conformance table of docs/job-types.md.
"""

import pytest

from flamenco.model.jobs import Command

A_AND_B = """
    const a = author.Task("a", "misc"), b = author.Task("b", "misc");
    const both = () => { job.addTask(a); job.addTask(b); };
"""


class TestTasks:
    async def test_author_task(self, compile_):
        (task,) = (await compile_('job.addTask(author.Task(" a b ", " misc "));')).tasks
        assert (task.name, task.type, task.priority) == ("a b", "misc", 50)
        assert (task.commands, task.depends_on) == ((), ())

    async def test_author_task_also_with_new(self, compile_):
        (task,) = (await compile_('job.addTask(new author.Task("a", "misc"));')).tasks
        assert task.name == "a"

    async def test_names_priorities_and_steps_are_taken_as_javascript_does(self, compile_):
        (task,) = (
            await compile_("""
                const task = author.Task(3, 4);
                task.priority = 12.6;
                task.addCommand(author.Command(5, undefined, "3"));
                job.addTask(task);
            """)
        ).tasks
        assert (task.name, task.type, task.priority) == ("3", "4", 12)
        assert task.commands == (Command("5", {}, 3),)

    async def test_a_script_may_read_what_it_set(self, compile_):
        body = """
            const first = author.Task("a", "misc"), second = author.Task("b", "misc");
            first.addCommand(author.Command("echo", {message: "x"}, 2));
            second.addDependency(first);
            job.addTask(first); job.addTask(second);
            const [command] = first.commands;
            const depends = job.tasks[1].dependencies[0];
            job.settings.seen = [
                command.name, command.parameters.message, command.totalStepCount,
                first.commands.length,
                second.dependencies[0] === first, job.tasks.length, job.tasks[0].name, depends.name,
                job.tasks[0].commands[0].parameters.message, job.tasks[0].uUID === first.uUID,
            ];
        """
        compiled = await compile_(body)
        seen = ["echo", "x", 2, 1, True, 2, "a", "a", "x", True]
        assert compiled.settings["seen"] == seen
        assert [task.depends_on for task in compiled.tasks] == [(), (0,)]

    async def test_parameters_can_be_changed_until_the_task_is_added(self, compile_):
        body = """
            const task = author.Task("a", "misc"), command = author.Command("echo", {message: "x"});
            command.parameters.message = "y";
            task.addCommand(command);
            command.parameters.more = [1];
            job.addTask(task);
            command.parameters.message = "too late";
        """
        (task,) = (await compile_(body)).tasks
        assert task.commands == (Command("echo", {"message": "y", "more": [1]}),)

    async def test_what_is_changed_of_the_tasks_of_a_job_counts(self, compile_):
        body = """
            const a = author.Task("a", "misc"), b = author.Task("b", "misc");
            a.addCommand(author.Command("echo", {message: "x"}));
            job.addTask(a); job.addTask(b);
            for (const task of job.tasks) {
                task.priority = 70;
                for (const command of task.commands) command.parameters.message = "y";
            }
            job.tasks[0].addDependency(job.tasks[1]);
        """
        first, second = (await compile_(body)).tasks
        assert [first.priority, second.priority] == [70, 70]
        assert first.commands == (Command("echo", {"message": "y"}),)
        assert first.depends_on == (1,)

    async def test_changed_parameters_are_what_json_can_hold(self, refusal):
        body = """
            const task = author.Task("a", "misc"), command = author.Command("echo", {});
            command.parameters.message = () => 1;
            task.addCommand(command);
            job.addTask(task);
        """
        assert "command 'echo'.message: expected texts" in await refusal(body)

    @pytest.mark.parametrize("arguments", ['" ", "misc"', '"a", ""', '"a"', ""])
    async def test_a_task_needs_a_name_and_a_type(self, refusal, arguments):
        assert await refusal(f"author.Task({arguments})") != ""

    async def test_task_name_type_and_priority_can_be_changed_until_it_is_added(self, compile_):
        body = """
            const task = author.Task("a", "misc");
            task.name = task.name + "!"; task.type = "blender"; task.priority = task.priority + 10;
            job.addTask(task);
            task.name = "too late"; task.priority = 1;
        """
        (task,) = (await compile_(body)).tasks
        assert (task.name, task.type, task.priority) == ("a!", "blender", 60)

    async def test_task_uuid_is_that_of_the_task_in_the_farm(self, compile_):
        body = """
            const first = author.Task("a", "misc"), second = author.Task("b", "misc");
            first.addCommand(author.Command("echo", {message: second.uUID}));
            job.addTask(second); job.addTask(first);
        """
        second, first = (await compile_(body)).tasks
        assert len(second.id) == 36
        assert first.commands[0].parameters == {"message": second.id}
        assert first.id != second.id

    async def test_author_command(self, compile_):
        body = """
            const task = author.Task("a", "misc");
            const parameters = {message: "x", n: [1, 2.5, null, undefined], b: true};
            task.addCommand(author.Command("echo", parameters));
            task.addCommand(author.Command("sleep", {duration_in_seconds: 3}, 7));
            job.addTask(task);
        """
        (task,) = (await compile_(body)).tasks
        assert task.commands == (
            Command("echo", {"message": "x", "n": [1, 2.5, None, None], "b": True}),
            Command("sleep", {"duration_in_seconds": 3}, 7),
        )
        assert task.steps_total == 8

    async def test_a_command_keeps_the_parameters_as_they_were(self, compile_):
        body = """
            const parameters = {n: 0, list: []};
            for (let i = 1; i < 3; i++) {
                parameters.n = i;
                parameters.list.push(i);
                const task = author.Task(`t${i}`, "misc");
                task.addCommand(author.Command("echo", parameters));
                job.addTask(task);
            }
        """
        tasks = (await compile_(body)).tasks
        assert [each.commands[0].parameters for each in tasks] == [
            {"n": 1, "list": [1]},
            {"n": 2, "list": [1, 2]},
        ]

    @pytest.mark.parametrize(
        ("value", "problem"),
        [
            ("() => 1", "command 'x'.y[1]: expected texts, numbers, true and false, null, arrays"),
            ("0/0", "command 'x'.y[1]: expected texts"),
            ("1n", "command 'x'.y[1]: expected texts"),
            ("Symbol('s')", "command 'x'.y[1]: expected texts"),
            ("(() => { const a = []; a.push(a); return a; })()", "too deep, or in itself"),
        ],
    )
    async def test_parameters_are_what_json_can_hold(self, refusal, value, problem):
        assert problem in await refusal(f'author.Command("x", {{y: [1, {value}]}})')

    async def test_add_task_takes_a_copy(self, compile_):
        body = """
            const task = author.Task("a", "misc");
            task.addCommand(author.Command("echo", {message: 1}));
            job.addTask(task);
            task.addCommand(author.Command("echo", {message: 2}));
        """
        (task,) = (await compile_(body)).tasks
        assert len(task.commands) == 1

    async def test_add_dependency(self, compile_):
        body = """
            const [a, b, c] = ["a", "b", "c"].map((name) => author.Task(name, "misc"));
            c.addDependency(a); c.addDependency(b); c.addDependency(a);
            job.addTask(c); job.addTask(b); job.addTask(a);
        """
        tasks = (await compile_(body)).tasks
        assert [each.name for each in tasks] == ["c", "b", "a"]
        assert [each.depends_on for each in tasks] == [(2, 1), (), ()]

    @pytest.mark.parametrize(
        ("body", "problem"),
        [
            (
                f"{A_AND_B} a.addDependency(b); job.addTask(a);",
                "task 'a' depends on 'b', which is not in the job",
            ),
            (
                f"{A_AND_B} a.addDependency(b); b.addDependency(a); both();",
                "tasks wait for each other: 'a' → 'b' → 'a'",
            ),
            ("", "the job has no tasks"),
            (
                'const a = author.Task("a", "misc"); job.addTask(a); job.addTask(a);',
                "task 'a' was added twice",
            ),
            (
                'const a = author.Task("a", "misc"); a.priority = "high"; job.addTask(a);',
                "task 'a': expected a whole priority, got 'high'",
            ),
            (
                f'{A_AND_B} a.addCommand(author.Command("x", {{}}, -1)); job.addTask(a);',
                "command 'x': expected a number of steps from 0, got -1",
            ),
            ("job.addTask({name: 'a'});", 'expected an author.Task, got {"name":"a"}'),
            ('author.Task("a", "b").addCommand("echo");', "expected an author.Command, got 'echo'"),
            ('author.Task("a", "b").addDependency(3);', "expected an author.Task, got 3"),
        ],
    )
    async def test_tasks_that_can_never_be_done_are_refused(self, refusal, body, problem):
        assert problem in await refusal(body)
