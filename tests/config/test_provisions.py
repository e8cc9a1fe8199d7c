"""The list `worker_configuration`: read with its lines, written as it was, for whom it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flamenco.config.errors import ConfigError
from flamenco.config.manager import (
    load_manager_config,
    manager_config_from,
    manager_config_values,
    save_manager_config,
)
from flamenco.model.provisions import Provision, schedule_now
from flamenco.model.schedules import SleepSchedule

TEXT = """\
_meta: {version: 3}
worker_configuration:
  - match: render-*
    task_types: [Blender, misc]
    niceness: 10
    silence_limit: 1h
    sleep_schedule: {days: mo tu, start: "08:00", end: "18:00"}
  - tags: [GPU]
    capabilities: [licence-x]
    variables:
      blender: {values: [{platform: linux, value: /opt/gpu/blender}]}
"""


def read(tmp_path, text):
    path = tmp_path / "flamenco-manager.yaml"
    path.write_text(text)
    return load_manager_config(path)


def test_entries_have_only_the_values_that_they_name(tmp_path):
    render, gpu = read(tmp_path, TEXT).worker_configuration
    assert render.settings == {
        "task_types": ["blender", "misc"],
        "niceness": 10,
        "silence_limit": "1h0m0s",
    }
    assert render.schedule.days_of_week == ("mo", "tu")
    assert gpu.settings == {"capabilities": ["licence-x"]}
    assert set(gpu.variables) == {"blender"}


def test_they_are_the_same_over_the_api_and_in_the_file_that_is_written(tmp_path):
    config = read(tmp_path, TEXT)
    assert manager_config_from(manager_config_values(config)) == config
    path = tmp_path / "other.yaml"
    save_manager_config(config, path)
    assert load_manager_config(path) == config


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"niceness": 77}, r"worker_configuration\[0\]\.niceness: expected a whole number"),
        ({"nicenes": 7}, r"nicenes: unknown key; did you mean niceness"),
        ({"manager_url": "http://x/"}, r"manager_url: unknown key"),
        ({"sleep_schedule": {"start": "noon"}}, r"sleep_schedule"),
        ({"tags": 5}, r"tags: expected names of tags"),
        (7, r"expected a section"),
    ],
)
def test_a_mistake_is_told_with_its_place(entry, told):
    with pytest.raises(ConfigError, match=told):
        manager_config_from({"worker_configuration": [entry]})


@pytest.mark.parametrize(
    ("match", "tags", "fits"),
    [
        ("*", (), True),
        ("RENDER-??", (), True),
        ("render-?", (), False),
        ("render-*", ("GPU",), True),
        ("render-*", ("CPU", "GPU"), True),
        ("render-*", ("CPU",), False),
        ("desk-*", ("GPU",), False),
    ],
)
def test_an_entry_is_for_workers_by_name_and_tag(match, tags, fits):
    assert Provision(match=match, tags=tags).is_for("render-07", {"GPU"}) is fits


NIGHT, DAY = SleepSchedule(is_active=True), SleepSchedule(is_active=False)


@given(st.lists(st.sampled_from([None, NIGHT, DAY])))
def test_the_last_schedule_counts_and_only_where_nobody_has_set_one(schedules):
    provisions = [Provision(schedule=each) for each in schedules]
    assert schedule_now(DAY, provisions) == DAY
    given_one = schedule_now(None, provisions)
    wanted = [each for each in schedules if each is not None]
    if wanted:
        assert given_one.is_active is wanted[-1].is_active
        assert schedule_now(given_one, []) is None
    else:
        assert given_one is None
