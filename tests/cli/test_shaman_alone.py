"""`flamenco shaman serve` has Shaman's operations without a farm."""

import hashlib
import subprocess
import sys

import httpx
import pytest

from flamenco.cli.app import run
from flamenco.shaman import StorageFailed, using
from tests.patience import PATIENCE

TOKEN = "let-me-in"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("storage")


@pytest.fixture(scope="module")
def url(folder, tmp_path_factory):
    """The address of a Shaman on its own."""
    token = tmp_path_factory.mktemp("secrets") / "token"
    token.write_text(f"{TOKEN}\n")
    command = [sys.executable, "-m", "flamenco", "shaman", "serve", str(folder)]
    command += ["--listen", "127.0.0.1:0", "--token-file", str(token), "--links", "hard"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process.stdout.readline().partition(": ")[2].strip()
        process.terminate()
        assert process.wait(PATIENCE) == 0


@pytest.fixture(scope="module")
def client(url):
    shown = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=url, headers=shown, timeout=PATIENCE, trust_env=False) as client:
        yield client


def test_files_are_sent_and_checked_out_as_at_a_manager(client, folder):
    content = b"scene" * 1000
    file = {"sha": hashlib.sha256(content).hexdigest(), "size": len(content), "path": "x.blend"}
    shaman, place = "/api/v3/shaman", f"/api/v3/shaman/files/{file['sha']}/{file['size']}"
    asked = client.post(f"{shaman}/checkout/requirements", json={"files": [file]})
    assert [each["status"] for each in asked.json()["files"]] == ["unknown"]
    wanted = {"files": [file], "checkoutPath": "shot"}
    assert client.post(f"{shaman}/checkout/create", json=wanted).status_code == 424
    assert client.post(place, content=b"other").status_code == 417
    assert client.post(place, content=content).status_code == 204
    assert client.get(place).json() == {"status": "stored"}
    made = client.post(f"{shaman}/checkout/create", json=wanted)
    assert made.json() == {"checkoutPath": "shot"}
    linked = folder / "jobs" / "shot" / "x.blend"
    assert linked.read_bytes() == content
    assert linked.stat().st_nlink == 2


def test_bad_requests_are_answered_in_sentences(client):
    refused = client.post("/api/v3/shaman/checkout/create", json={"files": 5})
    assert refused.status_code == 400
    assert "files" in refused.json()["message"]
    outside = {"files": [], "checkoutPath": "../x"}
    assert client.post("/api/v3/shaman/checkout/create", json=outside).status_code == 400
    assert client.get("/api/v3/jobs").status_code == 404


def test_its_document_has_its_operations_and_no_others(client):
    document = client.get("/openapi.json").json()
    assert sorted(document["paths"]) == [
        "/api/v3/shaman/checkout/create",
        "/api/v3/shaman/checkout/requirements",
        "/api/v3/shaman/files/{checksum}/{filesize}",
    ]
    assert document["info"]["title"] == "Shaman"


@pytest.mark.parametrize("shown", [None, "Bearer wrong", "Bearer", "Basic let-me-in"])
@pytest.mark.parametrize("path", ["/openapi.json", f"/api/v3/shaman/files/{'0' * 64}/1"])
def test_without_the_token_nothing_is_told(url, shown, path):
    headers = {} if shown is None else {"Authorization": shown}
    answer = httpx.get(f"{url.rstrip('/')}{path}", headers=headers, trust_env=False)
    assert (answer.status_code, "token" in answer.json()["message"]) == (401, True)


def test_pages_of_the_web_may_not_use_it(client):
    assert client.get("/openapi.json", headers={"Origin": "http://evil.example"}).status_code == 403


def test_the_storage_is_its_own_while_it_runs(url, folder, capsys):
    with pytest.raises(StorageFailed, match="in use by a Shaman"), using(folder):
        pass
    assert run(["shaman", "serve", str(folder)]) == 1
    assert "in use by" in capsys.readouterr().err


def test_it_leaves_the_storage_of_a_manager_alone(tmp_path, capsys):
    with using(tmp_path), using(tmp_path):
        assert run(["shaman", "serve", str(tmp_path)]) == 1
    assert "a Manager" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--listen", "nowhere"], "--listen: expected an address"),
        (["--gc-period", "soon"], "--gc-period: "),
        (["--token-file", "/dev/null"], "is empty; expected a token"),
    ],
)
def test_wrong_options_are_told(tmp_path, capsys, options, told):
    assert run(["shaman", "serve", str(tmp_path), *options]) != 0
    assert told in capsys.readouterr().err
