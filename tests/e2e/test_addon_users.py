"""The add-on in a real Blender at a real Manager that asks who it is."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from flamenco.cli.manager import FIRST_OPERATOR
from tests.addon.blender import InstalledBlender, find_blender, zip_addon
from tests.addon.scene_files import make_file
from tests.e2e.running import started
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

PASSWORD = "correct horse battery staple"
SUBMIT = """
import json, urllib.request
import flamenco.sign_in as sign_in
begin = sign_in.begin

def confirmed(client):
    code = begin(client)
    answer = json.dumps({{"user_code": code.user, "allow": True}}).encode()
    headers = {{**{headers!r}, "Content-Type": "application/json"}}
    place = {url!r} + "api/v3/access/devices/confirm"
    urllib.request.urlopen(urllib.request.Request(place, answer, headers)).close()
    return code

sign_in.begin = confirmed
import flamenco.job_news as job_news, flamenco.manager as manager, flamenco.my_jobs as my_jobs
preferences = bpy.context.preferences.addons["flamenco"].preferences

def submitted(token):
    preferences.api_token = token
    bpy.ops.flamenco.ping_manager()
    scene = bpy.context.scene
    scene.flamenco_job_type = "simple-blender-render"
    scene.flamenco_job_settings.render_output_root = {root!r}
    try:
        return list(bpy.ops.flamenco.submit_job())
    except RuntimeError as ex:
        return str(ex)

use_manager({url!r})
looking = submitted({viewer!r})
preferences.api_token = {artist!r}
if not preferences.api_token:
    bpy.ops.flamenco.sign_in()
outcome = submitted(preferences.api_token)
jobs = [one.job for one in my_jobs.jobs()]
(answer,) = job_news.ask(manager.client(jobs[0].url), [jobs[0].id], jobs[0].id)
finish([looking, outcome, answer.state.status])
"""


@contextmanager
def manager_of_users(storage: Path, *, shaman: bool) -> Iterator[tuple[str, httpx.Client]]:
    """The URL of a Manager, and a client in which its first operator has signed in."""
    options = ("manager", "--storage", storage, "--listen", "127.0.0.1:0", "--no-discoverable")
    switches = {"AUTH__MODE": "users", "SHAMAN__ENABLED": str(shaman).lower()}
    env = os.environ | {f"FLAMENCO_MANAGER__{key}": value for key, value in switches.items()}
    with started(*options, log=storage / "manager.log", cwd=storage, env=env) as process:
        said = iter(process.stdout.readline, "")
        link = next(line for line in said if line.startswith(FIRST_OPERATOR)).split()[-1]
        url, _, secret = link.partition("#link=")
        headers = {"Origin": url.rstrip("/")}
        base = f"{url}api/v3/access/"
        with httpx.Client(base_url=base, headers=headers, timeout=PATIENCE) as http:
            chosen = {"secret": secret, "password": PASSWORD, "name": "ann"}
            http.post("use-link", json=chosen).raise_for_status()
            yield url, http


def token(http: httpx.Client, *scopes: str) -> str:
    answer = http.post("tokens", json={"name": "Blender", "scopes": scopes})
    return answer.raise_for_status().json()["secret"]


@pytest.mark.parametrize("shaman", [False, True])
def test_a_token_or_a_confirmed_code_lets_an_artist_send_a_file_and_follow_its_job(
    tmp_path: Path, shaman: bool
):
    blender = InstalledBlender.install(find_blender(), zip_addon(tmp_path), tmp_path / "blender")
    blend = make_file(blender, tmp_path / "home" / "shot.blend")
    (tmp_path / "farm").mkdir()
    with manager_of_users(tmp_path / "farm", shaman=shaman) as (url, http):
        script = SUBMIT.format(
            url=url,
            root=str(tmp_path / "renders"),
            viewer=token(http, "read"),
            artist="" if shaman else token(http, "submit", "jobs"),
            headers={
                "Origin": url.rstrip("/"),
                "Cookie": "; ".join(f"{name}={value}" for name, value in http.cookies.items()),
            },
        )
        run = blender.run(script, blendfile=blend)
        looking, outcome, status = run.result
        assert "The Manager does not allow this" in looking
        assert "scopes submit and jobs" in looking
        assert (outcome, status) == (["FINISHED"], "queued"), run.output
    (sent,) = (tmp_path / "farm").rglob("jobs/*/shot.blend")
    assert sent.is_symlink() == shaman
