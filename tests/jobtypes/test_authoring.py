"""Tools for scripts (reference job-types §3)."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flamenco.jobtypes.authoring import format_timestamp_local, path, shell_split
from flamenco.jobtypes.graph import GraphError, Outline, check_graph


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("/a/b.blend", ("b.blend", "/a", "b")),
        ("C:\\a\\b.tar.gz", ("b.tar.gz", "C:/a", "b.tar")),
        ("//server/share/b", ("b", "//server/share", "b")),
        ("b", ("b", ".", "b")),
        ("/a/b/", ("b", "/a/b", "b")),
        ("", ("", ".", "")),
    ],
)
def test_paths_of_all_platforms_are_taken_apart(text, parts):
    assert (path.basename(text), path.dirname(text), path.stem(text)) == parts


@pytest.mark.parametrize(
    ("parts", "joined"),
    [
        (("/a", "b", "c"), "/a/b/c"),
        (("/a/", "/b"), "/a/b"),
        (("C:\\a", "..", "b"), "C:/b"),
        (("//server", "share"), "//server/share"),
        (("a", "", "."), "a"),
        ((), ""),
    ],
)
def test_paths_are_joined_and_cleaned(parts, joined):
    assert path.join(*parts) == joined


def test_a_command_line_is_split_as_a_shell_does():
    assert shell_split("-b 'my file' a\\ b") == ["-b", "my file", "a b"]
    with pytest.raises(ValueError, match="No closing quotation"):
        shell_split("'a")


def test_a_time_stamp_is_local_and_fit_for_file_names():
    moment = datetime(2026, 11, 24, 9, 30, 5, tzinfo=UTC)
    assert format_timestamp_local(moment) == moment.astimezone().strftime("%Y-%m-%d_%H%M%S")


def tasks(*depends_on):
    return [Outline(f"t{place}", "misc", tuple(each)) for place, each in enumerate(depends_on)]


@pytest.mark.parametrize("task", [Outline("", "misc"), Outline("a", " ")])
def test_a_task_needs_a_name_and_a_type(task):
    with pytest.raises(GraphError, match="task 2 needs a name and a type, got "):
        check_graph([Outline("a", "misc"), task])


def test_a_job_needs_a_task():
    with pytest.raises(GraphError, match="the job has no tasks"):
        check_graph([])


@pytest.mark.parametrize(
    ("depends_on", "names"),
    [
        (([0],), "'t0' → 't0'"),
        (([1], [0]), "'t0' → 't1' → 't0'"),
        (([], [3], [1], [2], [1]), "'t1' → 't3' → 't2' → 't1'"),
        (([1], [2], [1]), "'t1' → 't2' → 't1'"),
    ],
)
def test_tasks_that_wait_for_each_other_are_named(depends_on, names):
    with pytest.raises(GraphError, match=f"tasks wait for each other: {names}$"):
        check_graph(tasks(*depends_on))


@given(st.lists(st.sets(st.integers(0, 15), max_size=5), min_size=1, max_size=15))
def test_tasks_that_wait_only_for_earlier_ones_are_fine(wanted):
    check_graph(
        tasks(*([each for each in some if each < place] for place, some in enumerate(wanted)))
    )
