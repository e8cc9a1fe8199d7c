"""The version that the Manager tells: its own, or that of an add-on of Flamenco 3 that asks."""

import pytest

import flamenco


async def told(edge, agent):
    return (await edge.http.get("/api/v3/version", headers={"User-Agent": agent})).json()


@pytest.mark.parametrize("version", ["3.3", "3.7.1", "3.9-beta1", "3.9"])
async def test_an_add_on_of_flamenco_3_hears_its_own_version(edge, version):
    answer = await told(edge, f"Flamenco/{version} (Blender add-on)")
    assert (answer["version"], answer["shortversion"]) == (version, version)
    assert answer["api_version"] == "3.9"


@pytest.mark.parametrize(
    "agent",
    [
        "Flamenco/3.2 (Blender add-on)",
        "Flamenco/3.10 (Blender add-on)",
        "Flamenco/3.30 (Blender add-on)",
        "Flamenco/4.0 (Blender add-on)",
        "Flamenco/3.9 (Worker)",
        "python-httpx",
        "",
    ],
)
async def test_all_others_hear_ours(edge, agent):
    answer = await told(edge, agent)
    assert answer == {
        "version": flamenco.__version__,
        "shortversion": flamenco.__version__,
        "name": "Flamenco",
        "git": flamenco.__version__,
        "api_version": "3.9",
    }
