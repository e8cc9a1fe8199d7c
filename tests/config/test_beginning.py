"""A farm that begins is open on its own machine only; one that is there stays as it is."""

import pytest

from flamenco.config.beginning import HERE, begin, first_config, is_new
from flamenco.config.installation import Installation
from flamenco.config.manager import FILE_NAME
from flamenco.model.access import AuthMode


@pytest.fixture
def installed(tmp_path):
    """Makes the installation of a farm in a folder that may have to be made."""

    def made(listen=None, **environment) -> Installation:
        folder = tmp_path / "farm"
        file = folder / FILE_NAME
        return Installation(file=file, storage=folder, listen=listen, environment=environment)

    return made


@pytest.mark.parametrize(
    ("listen", "mode"),
    [
        (None, AuthMode.OPEN),
        ("127.0.0.1:9000", AuthMode.OPEN),
        ("[::1]:9000", AuthMode.OPEN),
        ("localhost:9000", AuthMode.OPEN),
        (":8080", AuthMode.USERS),
        ("0.0.0.0:8080", AuthMode.USERS),
        ("192.0.2.7:8080", AuthMode.USERS),
        ("farm.example:8080", AuthMode.USERS),
    ],
)
def test_a_new_farm_asks_who_one_is_where_others_reach_it(installed, listen, mode):
    installation = installed(listen)
    assert is_new(installation)
    config = first_config(installation)
    assert (config.listen, config.auth.mode) == (listen or HERE, mode)
    begin(installation, config)
    assert not is_new(installation)
    assert installation.load() == config
    later = installed().load()
    assert (later.listen, later.auth.mode) == (HERE, mode)


def test_the_environment_says_so_as_well_as_the_command_line(installed):
    reached = installed(FLAMENCO_MANAGER__LISTEN=":8080")
    assert first_config(reached).auth.mode is AuthMode.USERS
    told = installed(":8080", FLAMENCO_MANAGER__AUTH__MODE="open")
    assert first_config(told).auth.mode is AuthMode.OPEN


@pytest.mark.parametrize("left", [FILE_NAME, "flamenco-manager.sqlite"])
def test_a_farm_that_was_there_before_stays_open_to_its_network(installed, left):
    installation = installed()
    installation.file.parent.mkdir()
    (installation.file.parent / left).write_text("_meta: {version: 3}\n")
    assert not is_new(installation)
    config = installation.load()
    assert (config.listen, config.auth.mode) == (":8080", AuthMode.OPEN)
