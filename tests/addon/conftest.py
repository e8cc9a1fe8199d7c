"""Fixtures of the add-on's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.addon import fake_manager
from tests.addon.blender import InstalledBlender, find_blender, virtual_display, zip_addon
from tests.addon.fake_manager import FakeManager
from tests.addon.scene_files import make_file


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """The farm's shared storage."""
    folder = tmp_path / "storage"
    folder.mkdir()
    return folder


@pytest.fixture
def manager(storage: Path) -> Iterator[FakeManager]:
    with fake_manager.running(storage) as running:
        yield running


@pytest.fixture(scope="session")
def freshly_installed(tmp_path_factory: pytest.TempPathFactory) -> InstalledBlender:
    """Installed once, since that takes a second; tests use copies."""
    folder = tmp_path_factory.mktemp("addon")
    return InstalledBlender.install(find_blender(), zip_addon(folder), folder / "blender")


@pytest.fixture
def blender(freshly_installed: InstalledBlender, tmp_path: Path) -> InstalledBlender:
    """A real Blender with the add-on, and with settings of its own."""
    return freshly_installed.copy(tmp_path / "blender")


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    with virtual_display() as name:
        yield name


@pytest.fixture
def blendfile(blender: InstalledBlender, tmp_path: Path) -> Path:
    return make_file(blender, tmp_path / "home" / "shot.blend")
