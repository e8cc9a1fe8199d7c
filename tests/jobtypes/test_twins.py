"""The tools for scripts are the same in JavaScript and in Python."""

import json

import pytest
import quickjs
from hypothesis import given
from hypothesis import strategies as st

from flamenco.jobtypes import path
from flamenco.jobtypes.authoring import frame_chunker, frame_count, shell_split
from flamenco.jobtypes.javascript import PRELUDE

context = quickjs.Context()
context.eval(PRELUDE)
twin = context.eval(
    """(name, text) => {
        const function_ = name.split(".").reduce((object, key) => object[key], globalThis);
        try {
            return JSON.stringify([function_(...JSON.parse(text))]);
        } catch {
            return JSON.stringify("throws");
        }
    }"""
)


def in_javascript(name, *arguments):
    return json.loads(twin(name, json.dumps(arguments)))


def in_python(function, *arguments):
    try:
        return [function(*arguments)]
    except ValueError:
        return "throws"


numbers = st.integers(-9, 40).map(str)
steps = st.sampled_from(["", "", "x2", " x 5 ", "x0", "x"])
space = st.sampled_from(["", " ", "\t", "\u00a0"])
parts = st.one_of(
    st.tuples(space, numbers, space).map("".join),
    st.tuples(numbers, space, st.sampled_from(["-", "..", ".", "--"]), space, numbers, steps).map(
        "".join
    ),
    st.text("0123456789-., x", max_size=6),
)
ranges = st.lists(parts, min_size=1, max_size=6).map(",".join)
paths = st.text("ab./\\:", max_size=12)


@given(ranges, st.integers(-1, 12))
def test_frame_chunker(frames, size):
    assert in_javascript("frameChunker", frames, size) == in_python(frame_chunker, frames, size)


@given(ranges)
def test_frame_count(frames):
    assert in_javascript("frameCount", frames) == in_python(frame_count, frames)


@pytest.mark.parametrize("name", ["basename", "dirname", "stem"])
@given(text=paths)
def test_path(name, text):
    assert in_javascript(f"path.{name}", text) == in_python(getattr(path, name), text)


@given(st.lists(paths, max_size=4))
def test_path_join(parts):
    assert in_javascript("path.join", *parts) == in_python(path.join, *parts)


@given(st.text("ab \t\n'\"\\ü", max_size=15))
def test_shell_split(text):
    assert in_javascript("shellSplit", text) == in_python(shell_split, text)
