"""Decisions of the build hook: to build the page, with which Node, and what it packs."""

import hashlib
import importlib.util
import json
import subprocess
import zipfile
from pathlib import Path

import pytest

HOOK = Path(__file__).parents[2] / "web" / "build_hook.py"


@pytest.fixture(scope="module")
def hook():
    pytest.importorskip("hatchling", reason="the build hook is a part of hatchling's build")
    spec = importlib.util.spec_from_file_location("build_hook", HOOK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """Sources of a page without packages, whose build copies its index.html."""
    app = tmp_path / "web" / "app"
    (app / "src").mkdir(parents=True)
    (app / "index.html").write_text("<title>Farm</title>")
    (app / "src" / "main.ts").write_text("start()")
    return app


@pytest.fixture
def static(tmp_path: Path) -> Path:
    static = tmp_path / "web" / "static"
    static.mkdir(parents=True)
    return static


def mark_as_built(hook, app: Path, static: Path) -> None:
    (static / "index.html").write_text("built")
    (static / hook.STAMP).write_text(hook.source_digest(app))


def test_a_page_built_from_the_same_sources_is_not_built_again(hook, app, static):
    mark_as_built(hook, app, static)
    assert hook.page_is_current(app, static)
    hook.build_page(app, static)
    assert (static / "index.html").read_text() == "built"


@pytest.mark.parametrize("edited", ["src/main.ts", "index.html", "src/new.vue", "package.json"])
def test_an_edited_page_is_built_again(hook, app, static, edited):
    mark_as_built(hook, app, static)
    (app / edited).write_text("edited")
    assert not hook.page_is_current(app, static)


def test_a_removed_source_counts_as_an_edit(hook, app, static):
    mark_as_built(hook, app, static)
    (app / "src" / "main.ts").unlink()
    assert not hook.page_is_current(app, static)


def test_a_built_page_without_its_sources_is_taken_as_it_is(hook, tmp_path, static):
    (static / "index.html").write_text("built")
    assert hook.page_is_current(tmp_path / "nothing", static)


def test_a_tree_with_neither_page_nor_sources_is_refused_with_advice(hook, tmp_path, static):
    with pytest.raises(hook.PageBuildError, match="take a whole checkout"):
        hook.build_page(tmp_path / "nothing", static)


@pytest.mark.parametrize(
    ("version", "suits"),
    [
        ("v18.19.0", False),
        ("v20.18.3", False),
        ("v20.19.0", True),
        ("v21.7.0", False),
        ("v22.11.0", False),
        ("v22.12.0\n", True),
        ("v24.1.0", True),
        ("", False),
    ],
)
def test_only_a_node_that_vite_runs_on_is_used(hook, version, suits):
    assert hook.suits_vite(version) is suits


def test_packages_are_fetched_only_when_some_are_missing_or_of_another_version(hook, app):
    lock = {"": {}, "node_modules/vue": {"version": "3.5.0"}}
    extra = {"node_modules/for-mac": {"version": "1.0.0", "optional": True}}
    (app / "package-lock.json").write_text(json.dumps({"packages": lock | extra}))
    assert not hook.packages_are_installed(app)
    record = app / "node_modules" / ".package-lock.json"
    record.parent.mkdir()
    record.write_text(json.dumps({"packages": {"node_modules/vue": {"version": "3.4.0"}}}))
    assert not hook.packages_are_installed(app)
    record.write_text(json.dumps({"packages": {"node_modules/vue": {"version": "3.5.0"}}}))
    assert hook.packages_are_installed(app)


def test_what_npm_printed_is_shown_when_it_fails(hook, app, tmp_path):
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho main.ts: no such name; exit 3\n")
    npm.chmod(0o755)
    with pytest.raises(hook.PageBuildError, match=r"status 3(?s:.*)main\.ts: no such name"):
        hook.run_npm(app, hook.Node(tmp_path, [str(npm)]), "run", "build")


def test_the_addon_is_packed_under_its_folder_and_always_into_the_same_bytes(
    hook, tmp_path, static
):
    addon = tmp_path / "addon" / "flamenco"
    (addon / "__pycache__").mkdir(parents=True)
    (addon / "__init__.py").write_text("bl_info = {}")
    (addon / "blender_manifest.toml").write_text('id = "flamenco"\nversion = "4.0.0"')
    (addon / "__pycache__" / "x.pyc").write_bytes(b"")
    hook.pack_addon(addon, static)
    packed = (static / "flamenco-addon.zip").read_bytes()
    (addon / "__init__.py").touch()
    assert hook.zip_folder(addon) == packed
    with zipfile.ZipFile(static / "flamenco-addon.zip") as archive:
        assert archive.namelist() == ["flamenco/__init__.py", "flamenco/blender_manifest.toml"]
    index = json.loads((static / "extensions.json").read_text())
    (offered,) = index["data"]
    assert (index["version"], offered["id"], offered["version"]) == ("v1", "flamenco", "4.0.0")
    assert offered["archive_url"] == "./flamenco-addon.zip"
    assert offered["archive_size"] == len(packed)
    assert offered["archive_hash"] == f"sha256:{hashlib.sha256(packed).hexdigest()}"


def test_the_lock_file_names_no_registry():
    lock = json.loads((HOOK.parent / "app" / "package-lock.json").read_text())
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []


def test_the_built_page_is_not_committed():
    listed = subprocess.run(
        ["git", "ls-files", "web/static", "web/app/node_modules"],
        cwd=HOOK.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert listed.stdout == ""
