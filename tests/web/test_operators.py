"""Who reaches the Manager's port neither takes it over, nor starts programs on its machine."""

import httpx
import pytest
import trio
from ruamel.yaml import YAML

from flamenco.config.installation import OPERATORS
from flamenco.config.manager import ManagerConfig, manager_config_values
from tests.web.conftest import edge_at, first_run_at
from tests.web.test_configuration import API, BLENDER, FILE
from web.room import is_here

ELSEWHERE = {"X-Forwarded-For": "10.0.0.9"}
"""What a proxy on the Manager's machine says of a client on another one."""

TAKEN_OVER = {
    "auth.mode": {"auth": {"mode": "users"}},
    **{
        f"auth.roles.{role}": {"auth": {"roles": {role: "*"}}}
        for role in ("viewer", "artist", "wrangler", "operator")
    },
    "auth.oidc.issuer": {"auth": {"oidc": {"issuer": "https://evil.example"}}},
    **{
        f"auth.oidc.{key}": {"auth": {"oidc": {key: "evil"}}}
        for key in ("client_id", "client_secret", "scopes", "name_claim", "groups_claim")
    },
    "auth.trusted_header": {"auth": {"trusted_header": "Host"}},
    "auth.trusted_groups_header": {"auth": {"trusted_groups_header": "Host"}},
    "registration_secret": {"registration_secret": ""},
    "allowed_hosts": {"allowed_hosts": "evil.example"},
    "trusted_proxies": {"trusted_proxies": "0.0.0.0/0"},
    "exec.enabled": {"exec": {"enabled": False}},
    "exec.role": {"exec": {"role": "operator"}},
    "exec.programs": {"exec": {"programs": "oiiotool"}},
    "outgoing.allowed_networks": {"outgoing": {"allowed_networks": "10.0.0.0/8"}},
    "delete_audit_after": {"delete_audit_after": "1h"},
    "mqtt.client.broker": {"mqtt": {"client": {"broker": "tcp://evil:1883"}}},
    "mqtt.client.password": {"mqtt": {"client": {"password": ""}}},
    "upstream.url": {"upstream": {"url": "https://evil.example"}},
    "upstream.secret": {"upstream": {"secret": ""}},
    "upstream.names": {"upstream": {"names": True}},
    "tls.certificate": {"tls": {"certificate": "/elsewhere/x.pem"}},
    "tls.key": {"tls": {"key": "/elsewhere/x.key"}},
    "request_log": {"request_log": "/elsewhere/x.log"},
    "database": {"database": "/elsewhere/x.sqlite"},
    "listen": {"listen": ":7"},
    "local_manager_storage_path": {"local_manager_storage_path": "/etc"},
    "shared_storage_path": {"shared_storage_path": "/etc"},
}

SET = (
    "_meta: {version: 3}\nregistration_secret: hush\nmqtt: {client: {password: hush}}\n"
    "upstream: {secret: hush}\n"
)


@pytest.mark.parametrize("key", OPERATORS)
async def test_only_the_operator_changes_what_the_farm_could_be_taken_over_with(edge, key):
    (edge.storage / FILE).write_text(SET)
    change = {**TAKEN_OVER[key], "manager_name": "Mine"}
    for stranger in (ELSEWHERE, ELSEWHERE | {"Authorization": "Bearer wrong"}):
        answer = await edge.http.put(f"{API}/file", json=change, headers=stranger)
        assert answer.status_code == 403
        assert answer.json()["message"].startswith(f"{key}: can only be changed by the operator")
        assert (edge.storage / FILE).read_text() == SET
    operator = ELSEWHERE | {"Authorization": f"Bearer {edge.token}"}
    assert (await edge.http.put(f"{API}/file", json=change, headers=operator)).status_code == 204
    written = YAML(typ="safe").load((edge.storage / FILE).read_text())
    assert written["manager_name"] == "Mine"


async def test_an_old_token_takes_nothing_from_who_sits_at_the_machine(edge):
    for given in ("Bearer old", "Basic eDp5"):
        answer = await edge.http.put(
            f"{API}/file", json={"allowed_hosts": "x.lan"}, headers={"Authorization": given}
        )
        assert answer.status_code == 204


async def test_everybody_changes_the_rest(edge):
    shown = (await edge.http.get(f"{API}/file", headers=ELSEWHERE)).json()
    change = shown | {"manager_name": "Ours", "task_timeout": "7m"}
    assert (await edge.http.put(f"{API}/file", json=change, headers=ELSEWHERE)).status_code == 204


def test_the_keys_of_the_operator_are_in_the_configuration():
    def flat(values, above=""):
        for key, value in values.items():
            yield above + key
            if isinstance(value, dict):
                yield from flat(value, f"{above}{key}.")

    assert set(OPERATORS) <= set(flat(manager_config_values(ManagerConfig())))


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.9", False),
        ("::ffff:10.0.0.9", False),
        ("fe80::1", False),
        ("", False),
        (None, False),
    ],
)
def test_this_machine_is_told_by_its_address(address, here):
    assert is_here(address) is here


async def test_a_manager_that_is_set_up_is_not_set_up_again(edge):
    (edge.storage / "farm").mkdir()
    answers = {"storageLocation": str(edge.storage / "farm"), "blenderExecutable": BLENDER}
    answer = await edge.http.post(f"{API}/setup-assistant", json=answers)
    assert answer.status_code == 409
    assert "--setup-assistant" in answer.json()["message"]
    assert not (edge.storage / FILE).exists()


async def test_nobody_is_told_which_folders_there_are(tmp_path):
    (tmp_path / "file").touch()
    paths = [str(tmp_path / name) for name in ("file", "none", "none/there")]

    async def causes(edge) -> set[str]:
        return {
            (
                await edge.http.post(
                    f"{API}/check/shared-storage", json={"path": path}, headers=ELSEWHERE
                )
            ).json()["cause"]
            for path in paths
        }

    async with first_run_at(tmp_path) as edge:
        assert len(await causes(edge)) == 1
    async with edge_at(tmp_path) as edge:
        answer = await edge.http.post(
            f"{API}/check/shared-storage", json={"path": paths[0]}, headers=ELSEWHERE
        )
        assert answer.status_code == 403


# Programs


def program(path, *lines: str):
    """A program that leaves a trace when it is started."""
    path.parent.mkdir(parents=True, exist_ok=True)
    trace = path.with_name("trace")
    path.write_text("\n".join(["#!/bin/sh", f"echo x >> {trace}", *lines, "echo Blender 4.2.1\n"]))
    path.chmod(0o755)
    return path, trace


async def check(http: httpx.AsyncClient, path) -> dict:
    return (await http.post(f"{API}/check/blender", json={"path": str(path)})).json()


async def test_looking_for_blender_starts_nothing(tmp_path, monkeypatch):
    path, trace = program(tmp_path / "blender")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    async with first_run_at(tmp_path) as edge:
        [found] = (await edge.http.get(f"{API}/check/blender")).json()
        assert found["path"] == str(path)
    assert not trace.exists()


async def test_a_manager_that_is_set_up_starts_nothing_to_check_it(edge):
    path, trace = program(edge.storage / "blender")
    assert (await check(edge.http, path))["is_usable"]
    assert not trace.exists()


@pytest.mark.parametrize(
    "name", ["shutdown", "sh", "python3", "shared/jobs/x/blender", "link/blender"]
)
async def test_what_is_not_called_blender_or_is_shared_is_not_started(tmp_path, name):
    path, trace = program(tmp_path / name.replace("link/", "shared/"))
    if name.startswith("link/"):
        (tmp_path / "link").mkdir()
        path = tmp_path / name
        path.symlink_to(tmp_path / "shared" / "blender")
    async with first_run_at(tmp_path) as edge:
        assert not (await check(edge.http, path))["is_usable"]
    assert not trace.exists()


async def test_one_blender_is_started_at_a_time(tmp_path):
    path, trace = program(tmp_path / "blender", "sleep 1")
    answers = []

    async def ask(http) -> None:
        answers.append(await check(http, path))

    async with first_run_at(tmp_path) as edge, trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(ask, edge.http)
    assert (
        [each["is_usable"] for each in answers].count(True) == len(trace.read_text().split()) == 1
    )
    assert sum("Another check" in each["cause"] for each in answers) == 9
