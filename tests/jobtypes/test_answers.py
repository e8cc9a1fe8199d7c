"""The Manager gets a job within bounds or a reason, whatever the child process answers."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from flamenco.jobtypes import CompileError, open_compiler
from flamenco.jobtypes.messages import Answer, read_answer, to_line
from tests.bounded import ANYTHING, values
from tests.jobtypes.test_compiler import write

ANSWERS = (values(inspect.type_info(Answer)) | ANYTHING).map(json.dumps).map(str.encode)
NOISE = st.binary(max_size=40)

INTO_EVERY_PIPE = """\
import os
for number in range(3, 30):
    try:
        os.write(number, {lines!r})
    except OSError:
        pass
author.task("one", "misc")"""
"""A script that speaks for the child that it runs in."""


@given(ANSWERS | NOISE)
def test_an_answer_is_read_or_refused(line):
    try:
        answer = read_answer(line)
    except msgspec.DecodeError:
        return
    assert read_answer(to_line(answer)) == answer


@pytest.mark.slow
async def test_a_script_that_speaks_for_the_compiler_costs_only_its_own_job(scripts, job):
    write(scripts, "good.py")
    said = []

    @given(st.lists(ANSWERS | NOISE, min_size=1, max_size=3))
    @settings(max_examples=25, deadline=None, derandomize=True, database=None)
    def gather(lines):
        said.append(b"\n".join(lines) + b"\n")

    gather()
    async with open_compiler(scripts) as compiler:
        for lines in said:
            write(scripts, "mine.py", INTO_EVERY_PIPE.format(lines=lines))
            with pytest.raises(CompileError, match=r"^mine\.py: "):
                await compiler.compile(job("mine"))
            assert len((await compiler.compile(job("good"))).tasks) == 1
