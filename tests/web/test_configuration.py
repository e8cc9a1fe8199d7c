"""The configuration over a real socket: looked at, changed, checked and set up."""

import pytest
from ruamel.yaml import YAML

from flamenco.config.installation import Installation
from flamenco.config.manager import ManagerConfig
from flamenco.model.variables import Audience, Variable, VariableValue
from flamenco.platforms import PLATFORM
from tests.web.conftest import edge_at, first_run_at

API = "/api/v3/configuration"
FILE = "flamenco-manager.yaml"


async def test_the_file_is_read_anew_each_time(edge):
    first = (await edge.http.get(API)).json()
    assert first["isFirstRun"] is False
    assert first["storageLocation"] == str(edge.storage / "shared" / "jobs")
    (edge.storage / FILE).write_text(
        "_meta: {version: 3}\nshared_storage_path: /elsewhere\nshaman: {enabled: false}\n"
    )
    then = (await edge.http.get(API)).json()
    assert then["storageLocation"] == "/elsewhere"
    assert then["restart_needed_for"] == ["shared_storage_path", "shaman.enabled"]


async def test_the_file_is_given_as_json_or_with_its_comments_as_yaml(edge):
    text = "# ours\n_meta:\n  version: 3\nmanager_name: X\n"
    (edge.storage / FILE).write_text(text)
    plain = await edge.http.get(f"{API}/file")
    assert plain.json()["manager_name"] == "X"
    assert plain.json()["task_timeout"] == "10m0s"
    yaml = await edge.http.get(f"{API}/file", headers={"Accept": "application/yaml"})
    assert yaml.headers["content-type"] == "application/yaml"
    assert yaml.text == text


async def test_without_a_file_its_defaults_are_given(edge):
    plain = (await edge.http.get(f"{API}/file")).json()
    yaml = await edge.http.get(f"{API}/file", headers={"Accept": "application/yaml"})
    assert YAML(typ="safe").load(yaml.text) == plain


async def test_a_change_is_written_and_taken_over_where_that_can_be(edge):
    config = (await edge.http.get(f"{API}/file")).json()
    config |= {"manager_name": "New", "listen": ":7"}
    config["variables"]["tool"] = {"values": [{"platform": "all", "value": "hammer"}]}
    answer = await edge.http.put(f"{API}/file", json=config)
    assert answer.status_code == 204
    assert answer.headers["X-Flamenco-Restart-Needed-For"] == "listen"
    assert (await edge.http.get(f"{API}/file")).json()["listen"] == ":7"
    assert (await edge.http.get("/api/v3/version")).json()["name"] == "New"
    variables = (await edge.http.get(f"{API}/variables/workers/linux")).json()
    assert variables["tool"] == {"value": "hammer", "is_twoway": False}
    assert (await edge.http.get(API)).json()["restart_needed_for"] == ["listen"]
    back = await edge.http.put(f"{API}/file", json={"listen": ":8080"})
    assert "X-Flamenco-Restart-Needed-For" not in back.headers


async def test_a_change_is_refused_if_others_have_changed_the_file_meanwhile(edge):
    seen = (await edge.http.get(f"{API}/file")).headers["ETag"]
    assert (await edge.http.get(f"{API}/file")).headers["ETag"] == seen
    mine = {"json": {"manager_name": "Mine"}, "headers": {"If-Match": seen}}
    await edge.http.put(f"{API}/file", json={"manager_name": "Theirs"})
    answer = await edge.http.put(f"{API}/file", **mine)
    assert answer.status_code == 412
    assert "changed in the meantime" in answer.json()["message"]
    now = await edge.http.get(f"{API}/file")
    assert now.json()["manager_name"] == "Theirs"
    for version in (f"W/{now.headers['ETag']}", "*"):
        mine["headers"] = {"If-Match": version}
        assert (await edge.http.put(f"{API}/file", **mine)).status_code == 204
    assert (await edge.http.get(f"{API}/file")).json()["manager_name"] == "Mine"


SECRETS = """# ours
_meta: {version: 3}
registration_secret: hush
# not yet
mqtt: {client: {username: farm, password: 4711}}
"""


async def test_a_secret_is_never_shown_and_its_mask_leaves_it_as_it_is(edge):
    (edge.storage / FILE).write_text(SECRETS)
    shown = (await edge.http.get(f"{API}/file")).json()
    assert (shown["registration_secret"], shown["mqtt"]["client"]["password"]) == 2 * ("********",)
    yaml = await edge.http.get(f"{API}/file", headers={"Accept": "application/yaml"})
    assert yaml.text == SECRETS.replace("hush", "'********'").replace("4711", "'********'")
    answer = await edge.http.put(f"{API}/file", json=shown | {"manager_name": "New"})
    assert answer.status_code == 204
    written = YAML(typ="safe").load((edge.storage / FILE).read_text())
    assert written["registration_secret"] == "hush"
    assert written["mqtt"]["client"]["password"] == 4711
    assert written["manager_name"] == "New"


@pytest.mark.parametrize("new", ["other", ""])
async def test_a_secret_is_changed_and_taken_away(edge, new):
    (edge.storage / FILE).write_text(SECRETS)
    await edge.http.put(f"{API}/file", json={"registration_secret": new})
    assert YAML(typ="safe").load((edge.storage / FILE).read_text())["registration_secret"] == new
    shown = (await edge.http.get(f"{API}/file")).json()["registration_secret"]
    assert shown == ("********" if new else "")


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"task_timeot": "5m"}, "did you mean task_timeout?"),
        ({"mqtt": {"client": {"enabled": "yes"}}}, "mqtt.client.enabled: expected true or false"),
        ({"database": ""}, "database: expected the path of a file, found ''"),
        ({"variables": []}, "variables: expected variables by name"),
        ([], "Expected `object`"),
    ],
)
async def test_a_wrong_change_is_refused_with_its_key(edge, body, word):
    answer = await edge.http.put(f"{API}/file", json=body)
    assert answer.status_code == 400
    assert word in answer.json()["message"]
    assert not (edge.storage / FILE).exists()


async def test_a_broken_file_is_told(edge):
    (edge.storage / FILE).write_text("x: [")
    for answer in (
        await edge.http.get(API),
        await edge.http.get(f"{API}/file"),
        await edge.http.get(f"{API}/file", headers={"Accept": "application/yaml"}),
        await edge.http.put(f"{API}/file", json={"manager_name": "X"}),
    ):
        assert answer.status_code == 503
        assert f"{FILE}, line 1, column 5: is not YAML" in answer.json()["message"]
    assert (edge.storage / FILE).read_text() == "x: ["


async def test_a_folder_is_checked(edge):
    (edge.storage / "farm").mkdir()
    for path, usable in (("farm", True), ("nowhere", False), ("", False)):
        body = {"path": str(edge.storage / path) if path else ""}
        answer = (await edge.http.post(f"{API}/check/shared-storage", json=body)).json()
        assert answer["is_usable"] is usable
        assert answer["path"] == body["path"]
        assert answer["cause"]
    assert (await edge.http.post(f"{API}/check/shared-storage")).json()["is_usable"] is False
    bad = await edge.http.post(f"{API}/check/shared-storage", json={"path": 7})
    assert bad.status_code == 400


async def test_blender_is_looked_for_and_checked(tmp_path, monkeypatch):
    async with first_run_at(tmp_path) as edge:
        await look_for_blender(edge, monkeypatch)


async def look_for_blender(edge, monkeypatch):
    path = edge.storage / "blender"
    path.write_text("#!/bin/sh\necho Blender 4.2.1\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(edge.storage), prepend=":")
    [found] = (await edge.http.get(f"{API}/check/blender")).json()
    assert (found["path"], found["cause"]) == (str(path), "Found")
    good = await edge.http.post(f"{API}/check/blender", json={"path": str(path)})
    assert good.json()["cause"] == "Found Blender 4.2.1"
    none = await edge.http.post(f"{API}/check/blender", json={"path": "/none"})
    assert none.json()["is_usable"] is False
    assert (await edge.http.post(f"{API}/check/blender")).json()["is_usable"] is False


BLENDER = {"input": "", "path": "", "source": "default", "is_usable": True, "cause": ""}


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"storageLocation": ""}, "storageLocation"),
        ({"storageLocation": "/no/such/folder"}, "no such folder"),
        ({"blenderExecutable": BLENDER | {"is_usable": False}}, "usable"),
        ({"blenderExecutable": BLENDER | {"source": "input_path"}}, "blenderExecutable.path"),
        ({"blenderExecutable": BLENDER | {"source": "moon"}}, "source"),
    ],
)
async def test_the_assistant_refuses_what_cannot_be(tmp_path, changes, word):
    async with first_run_at(tmp_path) as edge:
        await answer_badly(edge, changes, word)


async def answer_badly(edge, changes, word):
    farm = edge.storage / "farm"
    farm.mkdir()
    answers = {"storageLocation": str(farm), "blenderExecutable": BLENDER} | changes
    answer = await edge.http.post(f"{API}/setup-assistant", json=answers)
    assert answer.status_code == 400
    assert word in answer.json()["message"]
    assert (await edge.http.post(f"{API}/setup-assistant")).status_code == 400
    assert not (edge.storage / FILE).exists()


def everywhere(**folders: str) -> Variable:
    values = tuple(
        VariableValue(value=folder, platforms=(platform,), audience=Audience.ALL)
        for platform, folder in folders.items()
    )
    return Variable(values=values, is_twoway=True)


@pytest.mark.parametrize(
    ("here", "location"),
    [("{}", "F:\\shared\\jobs"), ("{}/sha", "{}/shared/jobs"), ("/else", "{}/shared/jobs")],
)
async def test_the_shared_storage_is_told_as_each_platform_sees_it(tmp_path, here, location):
    """A folder's name that only begins like the variable's path is another folder."""
    folders = {PLATFORM: here.replace("{}", str(tmp_path)), "windows": "F:\\"}
    config = ManagerConfig(variables={"farm": everywhere(**folders)})
    async with edge_at(tmp_path, config) as edge:
        answer = await edge.http.get(f"{API}/shared-storage/users/windows")
        assert answer.json() == {
            "location": location.replace("{}", str(tmp_path)),
            "audience": "users",
            "platform": "windows",
            "shamanEnabled": True,
        }
        variables = (await edge.http.get(f"{API}/variables/users/windows")).json()
        assert variables["farm"] == {"value": "F:", "is_twoway": True}
        assert variables["jobs"]["value"] == str(tmp_path / "shared" / "jobs")
        assert (await edge.http.get(f"{API}/shared-storage/cats/linux")).status_code == 400


async def test_what_another_file_sets_is_told_and_cannot_be_changed_here(tmp_path):
    overlay = tmp_path / "farm.yaml"
    overlay.write_text("manager_name: North\n")
    file = tmp_path / FILE
    installation = Installation(file=file, storage=tmp_path, config_from=(overlay,), environment={})
    async with edge_at(tmp_path, installation.load(), installation=installation) as edge:
        told = (await edge.http.get("/api/v3/configuration")).json()
        assert told["set_elsewhere"] == {"manager_name": f"{overlay}, line 1"}
        change = {"manager_name": "South", "blocklist_threshold": 7}
        answer = await edge.http.put("/api/v3/configuration/file", json=change)
        assert answer.status_code == 400
        assert answer.json()["message"] == f"manager_name: is set by {overlay}, line 1, not here"
        assert not file.exists()
