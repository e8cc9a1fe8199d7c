import pytest
from hypothesis import given
from hypothesis import strategies as st

from flamenco.model.variables import (
    Audience,
    Variable,
    VariableValue,
    constant,
    expander,
    resolve,
    settings_to_variables,
    to_variables,
    with_jobs,
)


def twoway(**paths):
    values = (VariableValue(value=path, platforms=(name,)) for name, path in paths.items())
    return Variable(values=tuple(values), is_twoway=True)


FARM = {
    "blender": Variable(
        values=(
            VariableValue(value="blender", platforms=("all",)),
            VariableValue(value="blender.exe", platforms=("windows",)),
        )
    ),
    "render": twoway(linux="/render/", windows="R:\\", darwin="/Volumes/render"),
    "textures": twoway(linux="/render/textures", windows="T:", darwin="/Volumes/textures"),
    "linux_only": twoway(linux="/scratch"),
}


def workers(variables, platform, manager="linux"):
    return expander(variables, Audience.WORKERS, platform, manager)


class TestResolve:
    def test_a_platform_of_its_own_wins_over_all(self):
        assert resolve(FARM, Audience.WORKERS, "windows")["blender"].value == "blender.exe"
        assert resolve(FARM, Audience.WORKERS, "linux")["blender"].value == "blender"

    def test_an_audience_of_its_own_wins_over_all(self):
        values = tuple(
            VariableValue(value=audience, platforms=("linux",), audience=audience)
            for audience in (Audience.WORKERS, Audience.ALL)
        )
        variables = {"a": Variable(values=values)}
        assert resolve(variables, Audience.WORKERS, "linux")["a"].value == "workers"
        assert resolve(variables, Audience.USERS, "linux")["a"].value == "all"

    def test_a_variable_without_a_value_here_is_not_there(self):
        assert "linux_only" not in resolve(FARM, Audience.WORKERS, "windows")

    def test_two_way_values_lose_trailing_separators(self):
        assert resolve(FARM, Audience.WORKERS, "linux")["render"].value == "/render"
        assert resolve(FARM, Audience.WORKERS, "windows")["render"].value == "R:"

    def test_one_way_values_stay_as_they_are(self):
        assert resolve({"a": constant("x/")}, Audience.USERS, "linux")["a"].value == "x/"


class TestJobs:
    def test_jobs_is_the_storage_path_whatever_was_configured(self):
        variables = with_jobs({"jobs": constant("/else")}, "/render/jobs")
        assert workers(variables, "linux").text("{jobs}/a") == "/render/jobs/a"

    def test_there_is_no_jobs_before_storage_is_chosen(self):
        assert workers(with_jobs(FARM, None), "linux").text("{jobs}/a") == "{jobs}/a"

    def test_jobs_maps_to_the_platform_of_the_worker(self):
        variables = with_jobs(FARM, "/render/jobs")
        assert workers(variables, "windows").text("{jobs}/a.blend") == "R:\\jobs\\a.blend"


class TestExpand:
    @pytest.mark.parametrize(
        ("platform", "text", "expanded"),
        [
            ("linux", "{blender}", "blender"),
            ("windows", "{blender} and {blender}", "blender.exe and blender.exe"),
            ("linux", "{unknown} {}", "{unknown} {}"),
            ("linux", "{render}/a", "/render/a"),
            ("windows", "{render}/a/b", "R:\\a\\b"),
            ("windows", "{render}a", "R:\\a"),
            ("darwin", "{render}\\a", "/Volumes/render/a"),
            ("windows", "/render/a/b", "R:\\a\\b"),
            ("windows", "/render", "R:"),
            ("windows", "/rendering/a", "/rendering/a"),
            ("windows", "/else/a", "/else/a"),
            ("windows", "see /render/a", "see /render/a"),
            ("windows", "/render/textures/a.png", "T:\\a.png"),
            ("windows", "/scratch/a", "/scratch/a"),
        ],
    )
    def test_a_text_for_a_worker(self, platform, text, expanded):
        assert workers(FARM, platform).text(text) == expanded

    def test_a_manager_on_windows_maps_its_paths_with_either_separator(self):
        to_linux = workers(FARM, "linux", manager="windows")
        assert to_linux.text("R:\\a\\b") == "/render/a/b"
        assert to_linux.text("R:/a/b") == "/render/a/b"

    @pytest.mark.parametrize("value", ["\\\\SERVER\\share\\", "//SERVER/share"])
    def test_a_two_way_value_may_lie_on_a_server(self, value):
        variables = {"render": twoway(linux="/render", windows=value)}
        for text in ("{render}/a/b", "/render/a/b"):
            assert workers(variables, "windows").text(text) == "\\\\SERVER\\share\\a\\b"
        for submitted in ("\\\\SERVER\\share\\a", "//server/Share/a"):
            assert to_variables(submitted, variables, "windows")[:8] == "{render}"

    def test_a_value_is_not_expanded_again(self):
        variables = {"a": constant("{b}"), "b": constant("{a}")}
        assert workers(variables, "linux").text("{a}{b}") == "{b}{a}"

    def test_an_empty_two_way_value_is_no_prefix(self):
        variables = {"root": twoway(linux="/", windows="C:\\")}
        assert workers(variables, "windows").text("/a/b") == "/a/b"

    def test_texts_and_texts_in_lists_of_parameters_are_expanded(self):
        parameters = {
            "exe": "{blender}",
            "args": ["-o", "/render/a", 3, ["{blender}"]],
            "nested": {"exe": "{blender}"},
            "fps": 24.0,
        }
        assert workers(FARM, "windows").parameters(parameters) == {
            "exe": "blender.exe",
            "args": ["-o", "R:\\a", 3, ["{blender}"]],
            "nested": {"exe": "{blender}"},
            "fps": 24.0,
        }


class TestToVariables:
    @pytest.mark.parametrize(
        ("platform", "text", "stored"),
        [
            ("linux", "/render/a.blend", "{render}/a.blend"),
            ("linux", "/RENDER/a.blend", "{render}/a.blend"),
            ("linux", "/render", "{render}"),
            ("linux", "/rendering/a.blend", "/rendering/a.blend"),
            ("linux", "/render/textures/a.png", "{textures}/a.png"),
            ("windows", "r:\\a\\b", "{render}\\a\\b"),
            ("windows", "R:/a/b", "{render}/a/b"),
            ("linux", "R:/a/b", "R:/a/b"),
            ("plan9", "/render/a", "/render/a"),
        ],
    )
    def test_a_path_of_the_submitter(self, platform, text, stored):
        assert to_variables(text, FARM, platform) == stored

    def test_of_two_variables_for_the_same_folder_the_first_by_name_is_taken(self):
        variables = {"b": twoway(linux="/x"), "a": twoway(linux="/x")}
        assert to_variables("/x/y", variables, "linux") == "{a}/y"

    def test_values_for_users_do_not_count(self):
        value = VariableValue(value="/home", platforms=("linux",), audience=Audience.USERS)
        variables = {"a": Variable(values=(value,), is_twoway=True)}
        assert to_variables("/home/me", variables, "linux") == "/home/me"

    def test_settings_that_are_no_texts_stay(self):
        settings = {"blendfile": "/render/a.blend", "chunk_size": 3, "scene": "Scene"}
        assert settings_to_variables(settings, FARM, "linux") == {
            "blendfile": "{render}/a.blend",
            "chunk_size": 3,
            "scene": "Scene",
        }


part = st.text("abAB c.", min_size=1, max_size=4)
paths = st.lists(part, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))
farms = st.dictionaries(
    st.sampled_from("uvwxyz"),
    st.builds(lambda a, b: twoway(linux=a, windows="X:" + b.replace("/", "\\")), paths, paths),
)


@given(farms, paths)
def test_a_submitted_path_comes_back_to_the_same_platform(farm, path):
    back = workers(farm, "linux").text(to_variables(path, farm, "linux"))
    assert back.casefold() == path.casefold()


@given(farms, paths)
def test_mapping_does_not_depend_on_the_order_of_variables(farm, path):
    turned = dict(reversed(farm.items()))
    assert to_variables(path, farm, "linux") == to_variables(path, turned, "linux")
    assert workers(farm, "windows").text(path) == workers(turned, "windows").text(path)


@given(farms, paths)
def test_a_mapped_path_has_the_separators_of_its_platform(farm, path):
    mapped = workers(farm, "windows").text(path)
    assert mapped == path or "/" not in mapped


@given(farms, paths, part)
def test_a_folder_beside_a_two_way_folder_is_left_alone(farm, folder, more):
    alone = {"only": twoway(linux=folder)}
    assert to_variables(folder + more, alone, "linux") == folder + more
