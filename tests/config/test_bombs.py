"""YAML whose aliases would unfold to billions of values is refused at once, wherever it stands."""

from math import inf

import pytest
from ruamel.yaml import YAML

from flamenco.config.environment import WORKER, overrides_of
from flamenco.config.errors import ConfigError
from flamenco.config.files import unfolded
from flamenco.config.manager import FILE_NAME, load_manager_config
from flamenco.config.overlays import overlays_of
from flamenco.config.schema import entries_of
from flamenco.config.worker import WorkerFile, load_worker_file

LEVELS = 40
"""Each doubles what the one before unfolds to."""
LISTS = "".join(f"l{n}: &l{n} [*l{n - 1}, *l{n - 1}]\n" for n in range(1, LEVELS))
MAPPINGS = "".join(f"l{n}: &l{n} {{a: *l{n - 1}, b: *l{n - 1}}}\n" for n in range(1, LEVELS))
BOMBS = {
    "lists": f"l0: &l0 [boom]\n{LISTS}",
    "mappings": f"l0: &l0 {{a: boom}}\n{MAPPINGS}",
}
PLACES = [
    "manager_name",
    "shaman",
    "variables",
    "variables: {x: {values: *bomb}}",
    "worker_configuration",
    "worker_configuration: [{tags: *bomb, task_types: *bomb, variables: *bomb}]",
    "worker_configuration: [{sleep_schedule: *bomb}]",
    "nothing_of_ours",
]
WORKERS = [each.key for each in entries_of(WorkerFile)]


def bomb(kind, place):
    where = place if "*bomb" in place else f"{place}: *bomb"
    return BOMBS[kind] + where.replace("*bomb", f"*l{LEVELS - 1}") + "\n"


@pytest.mark.parametrize("kind", BOMBS)
@pytest.mark.parametrize("place", PLACES)
def test_the_managers_file_is_refused(tmp_path, kind, place):
    path = tmp_path / FILE_NAME
    path.write_text("_meta: {version: 3}\n" + bomb(kind, place))
    with pytest.raises(ConfigError, match="unfold"):
        load_manager_config(path)


@pytest.mark.parametrize("key", WORKERS)
def test_the_workers_file_overlays_and_environment_are_refused(tmp_path, key):
    path = tmp_path / "flamenco-worker.yaml"
    path.write_text(bomb("lists", key))
    with pytest.raises(ConfigError, match="unfold"):
        load_worker_file(path)
    with pytest.raises(ConfigError, match="unfold"):
        overlays_of(WorkerFile, [path])
    inner = "&a0 [x]"
    for n in range(LEVELS):
        inner = f"&a{n + 1} [{inner}, *a{n}]"
    if key not in ("worker_name", "manager_url", "registration_secret", "join_token"):
        with pytest.raises(ConfigError, match="unfold"):
            overrides_of(WorkerFile, WORKER, {f"{WORKER}__{key.upper()}": inner})


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("{}", 1),
        ("[1, 2]", 3),
        ("{a: 1}", 3),
        ("{a: &x [1, 2], b: *x}", 9),
        ("&x [*x]", inf),
        ("[" * 90 + "]" * 90, 90),
    ],
)
def test_values_are_counted_as_often_as_they_are_named(text, values):
    assert unfolded(YAML(typ="safe", pure=True).load(text)) == values


def test_aliases_of_an_honest_file_are_taken(tmp_path):
    path = tmp_path / FILE_NAME
    path.write_text(
        "_meta: {version: 3}\nvariables:\n  a: &a {values: [{platform: all, value: x}]}\n  b: *a\n"
    )
    assert set(load_manager_config(path).variables) >= {"a", "b"}
