"""Shaman's garbage, from the command line."""

import os
import time

import pytest

from tests.e2e.running import run


@pytest.mark.slow
def test_shamans_garbage_is_shown_and_deleted_by_hand(tmp_path):
    blob = tmp_path / "shared" / "file-store" / "stored" / "ab" / ("0" * 62) / "4.blob"
    blob.parent.mkdir(parents=True)
    blob.write_bytes(b"wood")
    then = time.time() - 32 * 24 * 3600
    os.utime(blob, (then, then))
    command = ("manager", "--storage", tmp_path)
    shown = run(*command, "--shaman-gc-show", cwd=tmp_path)
    assert shown.stdout == "1 of 1 files (0.0 MiB) would be deleted\n"
    assert blob.exists()
    assert run(*command, "--shaman-gc-delete", cwd=tmp_path).returncode == 0
    assert not blob.exists()
    none = run("manager", "--shaman-gc-show", cwd=tmp_path)
    assert none.returncode == 1
    assert "Shaman is not enabled" in none.stderr
