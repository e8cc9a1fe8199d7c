"""Programs of the command `exec` that somebody may have in a job."""

import pytest

from flamenco.model.access import Role
from flamenco.model.execs import refusal
from flamenco.model.jobs import Command

ARTIST, WRANGLER = Role.ARTIST, Role.WRANGLER


def run(exe, **more):
    return Command("exec", {"exe": exe, "args": [], **more})


@pytest.mark.parametrize(
    ("commands", "by", "policy", "reason"),
    [
        ([run("rm")], ARTIST, {}, None),
        ([run("rm", cwd="/", env={"A": "b"})], ARTIST, {}, None),
        ([run("rm")], Role.OPERATOR, {"enabled": False}, "exec.enabled"),
        ([Command("echo", {"exe": "rm"})], ARTIST, {"enabled": False}, None),
        ([run("rm")], ARTIST, {"least": WRANGLER}, "at least wrangler"),
        ([run("rm")], WRANGLER, {"least": WRANGLER}, None),
        ([run("rm")], Role.OPERATOR, {"least": WRANGLER}, None),
        ([run("oiiotool")], ARTIST, {"programs": ("oiiotool",)}, None),
        ([run("oiiotool"), run("rm")], ARTIST, {"programs": ("oiiotool",)}, "'rm' is not among"),
        ([run("OIIOTOOL")], ARTIST, {"programs": ("oiiotool",)}, "is not among"),
        ([run("./oiiotool")], ARTIST, {"programs": ("oiiotool",)}, "is not among"),
        ([Command("exec", {})], ARTIST, {"programs": ("oiiotool",)}, "None is not among"),
        ([run(["oiiotool"])], ARTIST, {"programs": ("oiiotool",)}, "is not among"),
        ([run("oiiotool", env={"PATH": "/x"})], ARTIST, {"programs": ("oiiotool",)}, "env and cwd"),
        ([run("oiiotool", cwd="/x")], ARTIST, {"programs": ("oiiotool",)}, "env and cwd"),
        ([run("oiiotool", cwd="")], ARTIST, {"programs": ("oiiotool",)}, None),
    ],
)
def test_programs_are_those_that_the_farm_allows(commands, by, policy, reason):
    usual = {"enabled": True, "least": ARTIST, "programs": ()}
    refused = refusal(commands, by, **{**usual, **policy})
    assert refused is None if reason is None else reason in refused
