"""A farm that speaks TLS, as a person runs it: Manager, Worker and command line."""

import os

import pytest
import trustme

from tests.e2e.running import READY, run, started, wait_for

pytestmark = pytest.mark.slow


def test_a_worker_and_the_command_line_reach_a_manager_by_its_certificate(tmp_path):
    authority = trustme.CA()
    made = authority.issue_cert("localhost", "127.0.0.1")
    made.private_key_pem.write_to_path(tmp_path / "own.key")
    made.cert_chain_pems[0].write_to_path(tmp_path / "own.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    section = "FLAMENCO_MANAGER__TLS__"
    pair = {f"{section}CERTIFICATE": "own.pem", f"{section}KEY": "own.key"}
    trusting = {**os.environ, "FLAMENCO_CA_FILE": str(tmp_path / "ca.pem")}
    listen = ("--storage", tmp_path, "--listen", "127.0.0.1:0", "--no-discoverable")
    with started(
        "manager", *listen, log=tmp_path / "log", cwd=tmp_path, env={**os.environ, **pair}
    ) as manager:
        url = manager.stdout.readline().removeprefix(READY).strip()
        assert url.startswith("https://localhost:")
        stranger = run("workers", "--manager", url)
        assert stranger.returncode == 1
        assert "certificate" in stranger.stderr
        options = ("--manager", url, "--name", "anna", "--home", tmp_path / "anna")
        with started("worker", *options, log=tmp_path / "anna.log", cwd=tmp_path, env=trusting):
            known = ("workers", "--manager", url, "--json")
            wait_for(lambda: '"awake"' in run(*known, env=trusting).stdout)
