"""Files from elsewhere win over a program's own, and the later ones over the earlier."""

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flamenco.config.errors import ConfigError
from flamenco.config.installation import Installation
from flamenco.config.manager import ManagerConfig
from flamenco.config.overlays import overlays_of
from flamenco.config.worker import load_worker_config

META = "_meta: {version: 3}\n"


def installed(tmp_path, *places, environment=None) -> Installation:
    file = tmp_path / "flamenco-manager.yaml"
    if not file.exists():
        file.write_text(META + "manager_name: Own\nlisten: :81\n")
    return Installation(file=file, config_from=places, environment=environment or {})


def test_later_files_win_and_the_environment_over_all_of_them(tmp_path):
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text("manager_name: One\ntask_timeout: 20m\nshaman: {enabled: false}\n")
    two.write_text(META + "manager_name: Two\n")
    environment = {"FLAMENCO_MANAGER__TASK_TIMEOUT": "30m"}
    found = installed(tmp_path, one, two, environment=environment)
    config = found.load()
    assert (config.manager_name, config.listen, config.task_timeout) == ("Two", ":81", 1800)
    assert not config.shaman.enabled
    assert config.shaman.garbage_collect == ManagerConfig().shaman.garbage_collect
    assert found.set_elsewhere == {
        "manager_name": f"{two}, line 2",
        "task_timeout": "FLAMENCO_MANAGER__TASK_TIMEOUT",
        "shaman.enabled": f"{one}, line 3",
    }


def test_of_a_folder_its_files_count_by_their_names(tmp_path):
    folder = tmp_path / "farm.d"
    folder.mkdir()
    (folder / "20-site.yml").write_text("manager_name: Site\n")
    (folder / "10-all.yaml").write_text("manager_name: All\nblocklist_threshold: 7\n")
    (folder / "README").write_text("no configuration")
    config = installed(tmp_path, folder).load()
    assert (config.manager_name, config.blocklist_threshold) == ("Site", 7)


def test_all_mistakes_of_all_files_are_told_with_their_places(tmp_path):
    bad, gone = tmp_path / "bad.yaml", tmp_path / "gone.yaml"
    bad.write_text("listen: 80\nno_such_key: 1\nshaman: {enabled: maybe}\n")
    with pytest.raises(ConfigError) as caught:
        installed(tmp_path, gone, bad)
    assert [(each.file, each.key) for each in caught.value.all] == [
        (str(gone), ""),
        (str(bad), "listen"),
        (str(bad), "no_such_key"),
        (str(bad), "shaman.enabled"),
    ]


def test_a_changed_file_counts_when_it_is_read_anew(tmp_path):
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text("manager_name: Before\n")
    found = installed(tmp_path, overlay)
    overlay.write_text("manager_name: After\n")
    assert found.load().manager_name == "Before"
    assert found.anew().load().manager_name == "After"


def test_a_worker_takes_them_too(tmp_path):
    own, overlay = tmp_path / "worker.yaml", tmp_path / "overlay.yaml"
    own.write_text("worker_name: anna\ntask_types: [misc]\n")
    overlay.write_text("task_types: [blender]\nniceness: 10\n")
    config = load_worker_config(own, overlays=[overlay], environment={})
    assert (config.name, config.task_types, config.niceness) == ("anna", ("blender",), 10)


KEYS = st.sampled_from(
    ["_meta", "version", "listen", "shaman", "enabled", "variables", "mqtt", "client", "x"]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5).map(repr),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
YAML = st.dictionaries(KEYS, ANYTHING, max_size=4).map(str) | st.text(max_size=60)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(texts=st.lists(YAML, max_size=3))
def test_whatever_is_in_them_is_taken_or_told_by_its_file(tmp_path, texts):
    places = [tmp_path / f"{number}.yaml" for number in range(len(texts))]
    for place, text in zip(places, texts, strict=True):
        place.write_bytes(text.encode("utf-8", "surrogatepass"))
    told = set()
    try:
        overlays_of(ManagerConfig, places)
    except ConfigError as error:
        told = {each.file for each in error.all}
    assert told <= set(map(str, places))


def test_a_small_file_that_unfolds_into_a_huge_one_is_refused(tmp_path):
    bomb, names = tmp_path / "bomb.yaml", "abcdefghij"
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for before, name in pairwise(names):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]")
    bomb.write_text("\n".join(lines) + "\nmanager_name: *j\n")
    with pytest.raises(ConfigError):
        overlays_of(ManagerConfig, [bomb])
