"""Checks of a folder for use as the shared storage, and of a program for being Blender."""

import os
import shutil

import pytest

from flamenco.config import checks
from flamenco.config.associations import program_of
from flamenco.config.checks import check_storage, find_blender, look_at_blender, run_blender


async def test_a_folder_that_can_be_written_is_usable_and_stays_as_it_was(tmp_path):
    result = await check_storage(str(tmp_path), [])
    assert result.is_usable
    assert result.cause
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("", "No path"),
        ("  ", "No path"),
        ("\\\\server\\share", "UNC"),
        ("//server/share", "UNC"),
        ("{}/nowhere", "no such"),
        ("{}/file", "not a folder"),
        ("{}/own", "Manager's own"),
        ("{}/other/../own", "Manager's own"),
        ("{}/\0", "no such"),
        ("{}/" + "n" * 300, "can't be used"),
    ],
)
async def test_another_one_is_refused_with_a_reason(tmp_path, path, word):
    (tmp_path / "file").touch()
    (tmp_path / "own").mkdir()
    (tmp_path / "other").mkdir()
    result = await check_storage(path.replace("{}", str(tmp_path)), [tmp_path / "own"])
    assert not result.is_usable
    assert word in result.cause


async def test_a_folder_that_cannot_be_written_is_refused(tmp_path, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(checks.tempfile, "NamedTemporaryFile", refuse)
    assert "Permission denied" in (await check_storage(str(tmp_path), [])).cause


def program(folder, *lines: str) -> str:
    path = folder / "blender"
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return str(path)


async def check_blender(text: str):
    """A look at a program, and if that is good, its run."""
    found = await look_at_blender(text, None)
    return await run_blender(found) if found.is_usable else found


async def test_blender_is_what_tells_its_version(tmp_path):
    path = program(tmp_path, 'echo "Read prefs: x"', 'echo "Blender 4.2.1 ($1)"')
    result = await check_blender(path)
    assert result.is_usable
    assert (result.input, result.path, result.source) == (path, path, "input_path")
    assert result.cause == "Found Blender 4.2.1 (--version)"


@pytest.mark.parametrize(
    ("lines", "word", "seconds"),
    [
        (["echo GIMP 2"], "not Blender", 60),
        (["echo Blender 4.2.1", "exit 1"], "not Blender", 60),
        (["exec sleep 600"], "within", 0.5),
        (["exec yes"], "within", 0.5),
    ],
)
async def test_another_program_is_not_blender(tmp_path, monkeypatch, lines, word, seconds):
    monkeypatch.setattr(checks, "BLENDER_SECONDS", seconds)
    result = await check_blender(program(tmp_path, *lines))
    assert not result.is_usable
    assert result.path == ""
    assert word in result.cause


@pytest.mark.parametrize("text", ["", "no-such-program", "/no/such/program", "/", "\0", "'"])
async def test_what_is_no_program_is_not_blender(text):
    result = await check_blender(text)
    assert not result.is_usable
    assert result.cause


async def test_blender_on_the_path_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(checks, "blender_of_files", lambda: None)
    path = program(tmp_path, f"touch {tmp_path}/started", "echo Blender 5.0.0")
    [found] = await find_blender()
    assert (found.path, found.source, found.cause) == (path, "path_envvar", "Found")
    assert not (tmp_path / "started").exists()
    assert (await check_blender("blender")).source == "path_envvar"


async def test_the_blender_of_blend_files_comes_first(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    path = program(tmp_path, "echo Blender 5.0.0")
    monkeypatch.setattr(checks, "blender_of_files", lambda: path)
    found = await find_blender()
    assert [each.source for each in found] == ["file_association", "path_envvar"]
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert len(await find_blender()) == 1


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (
            '"C:\\Program Files\\Blender\\blender.exe" "%1"',
            "C:\\Program Files\\Blender\\blender.exe",
        ),
        ('"C:\\B\\blender-launcher.exe" "%1"', "C:\\B\\blender.exe"),
        ("C:\\B\\blender.exe %1", "C:\\B\\blender.exe"),
        ("", None),
    ],
)
def test_the_program_is_taken_from_the_command_of_the_registry(command, expected):
    assert program_of(command) == expected
