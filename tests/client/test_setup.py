"""A Manager is looked at, changed and set up through the client, over a real socket."""

import pytest

from flamenco.api.meta import BlenderPathCheckResult, BlenderPathSource, SetupAssistantConfig
from flamenco.client import BadRequest, open_sync_client
from tests.client.test_faces import waiting
from tests.web.conftest import first_run_at

DEFAULT = BlenderPathCheckResult(
    input="", path="", source=BlenderPathSource.DEFAULT, is_usable=True, cause=""
)


async def test_the_configuration_is_read_and_changed(client):
    assert not (await client.configuration()).isFirstRun
    await client.change_configuration({"manager_name": "New", "listen": ":7"})
    assert (await client.version()).name == "New"
    assert (await client.configuration_file())["listen"] == ":7"
    assert "manager_name: New" in await client.configuration_text()
    assert (await client.configuration()).restart_needed_for == ("listen",)
    with pytest.raises(BadRequest, match="did you mean task_timeout"):
        await client.change_configuration({"task_timeot": "5m"})


async def test_all_that_was_read_can_be_sent_back(client):
    await client.change_configuration({"registration_secret": "hush"})
    before = await client.configuration_text()
    await client.change_configuration(await client.configuration_file())
    assert await client.configuration_text() == before


async def test_a_folder_and_blender_are_checked(edge, client):
    (edge.storage / "farm").mkdir()
    good = await client.check_shared_storage(str(edge.storage / "farm"))
    bad = await client.check_shared_storage("")
    assert (good.is_usable, bad.is_usable) == (True, False)
    assert bad.cause
    assert not (await client.check_blender("no-such-program")).is_usable
    assert isinstance(await client.find_blender(), tuple)


async def test_a_program_that_waits_sets_a_manager_up(tmp_path):
    async with first_run_at(tmp_path) as edge:
        await set_up_by_a_program(edge)


async def set_up_by_a_program(edge):
    storage = edge.storage / "farm"
    storage.mkdir()

    def set_up() -> None:
        with open_sync_client(edge.url) as client:
            answers = SetupAssistantConfig(storageLocation=str(storage), blenderExecutable=DEFAULT)
            client.set_up(answers)

    await waiting(set_up)
    assert str(storage) in (edge.storage / "flamenco-manager.yaml").read_text()


async def test_a_tag_is_looked_up(client):
    tag = await client.create_tag("gpu", "fast ones")
    assert await client.tag(str(tag.id)) == tag
