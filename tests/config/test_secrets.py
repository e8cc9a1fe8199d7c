"""Secrets of the configuration are masked, and the mask is none of them."""

import attrs
import pytest

from flamenco.config.errors import ConfigError
from flamenco.config.manager import ManagerConfig, load_manager_config
from flamenco.config.secrets import MASK, SECRETS, mask, unmask


def hidden(config: object, *above: str) -> set[tuple[str, ...]]:
    """The keys of the fields that are not shown in a log."""
    found = set()
    for field in attrs.fields(type(config)):
        value = getattr(config, field.name)
        if not field.repr:
            found.add((*above, field.name))
        elif attrs.has(type(value)):
            found |= hidden(value, *above, field.name)
    return found


def test_all_that_is_kept_out_of_logs_is_a_secret():
    assert set(SECRETS) == hidden(ManagerConfig())


@pytest.mark.parametrize(
    "lines",
    [
        "registration_secret: hunter2\nregistration_secret: hunter2",
        "registration_secret: *hunter2",
        "registration_secret: !hunter2!x y",
        "registration_secret: !!int hunter2",
        "registration_secret: !!timestamp hunter2",
        "registration_secret: hunter2: x",
        'registration_secret: "hunter2\\n\\x01"',
        "registration_secret:hunter2",
        "mqtt:\n  client:\n    password: [hunter2",
        "mqtt:\n  client:\n    password:hunter2",
        "upstream:\n  secret: [hunter2",
    ],
)
def test_no_mistake_in_a_file_gives_its_secret_away(tmp_path, lines):
    file = tmp_path / "flamenco-manager.yaml"
    file.write_text(f"_meta: {{version: 3}}\n{lines}\n")
    with pytest.raises(ConfigError) as caught:
        load_manager_config(file)
    assert "hunter2" not in str(caught.value)


def test_a_secret_that_is_empty_is_shown_as_empty():
    values = {"registration_secret": "", "mqtt": {"client": {"password": None}}}
    assert not mask(values)
    assert values == {"registration_secret": "", "mqtt": {"client": {"password": None}}}


@pytest.mark.parametrize("mqtt", [None, "x", {}, {"client": []}, {"client": {"password": "p"}}])
def test_whatever_a_section_is_other_secrets_come_back(mqtt):
    stored = {"registration_secret": "s", "mqtt": {"client": {"password": "p"}}}
    values = {"registration_secret": MASK, "mqtt": mqtt}
    unmask(values, stored)
    assert values == {"registration_secret": "s", "mqtt": mqtt}
