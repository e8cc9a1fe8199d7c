"""The add-on's package as a whole."""

import ast
import importlib
import os
import re
import sys
import tomllib
from pathlib import Path

import attrs
import pytest

from addon import flamenco
from addon.flamenco.version import VERSION
from tests.addon.blender import ADDON, InstalledBlender

MODULES = sorted(ADDON.glob("*.py"))


def manifest() -> dict[str, object]:
    return tomllib.loads((ADDON / "blender_manifest.toml").read_text("utf-8"))


def imports(module: Path) -> set[str]:
    """Top-level names of what a module imports absolutely."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(str(node.module).partition(".")[0])
    return found


def test_the_versions_are_the_projects() -> None:
    project = Path(ADDON.parents[1] / "pyproject.toml").read_text("utf-8")
    assert tomllib.loads(project)["project"]["version"] == VERSION
    release = tuple(int(part) for part in VERSION.split(".")[:3])
    assert flamenco.bl_info["version"] == release
    # Blender demands semantic versions: 4.0.0.dev0 is 4.0.0-dev0 there.
    semantic = re.sub(r"^(\d+\.\d+\.\d+)\.?(?=[a-z])", r"\1-", VERSION)
    assert manifest()["version"] == semantic


def test_bl_info_can_be_read_without_running_it() -> None:
    tree = ast.parse((ADDON / "__init__.py").read_text("utf-8"))
    literals = [node.value for node in tree.body if isinstance(node, ast.Assign)]
    assert ast.literal_eval(literals[0]) == flamenco.bl_info
    assert flamenco.bl_info["blender"] == (3, 1, 0)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_every_module_needs_only_blender_and_its_python(module: Path) -> None:
    assert imports(module) <= {*sys.stdlib_module_names, "bpy"}
    ast.parse(module.read_text("utf-8"), feature_version=(3, 10))


@pytest.mark.parametrize(
    "module", [one for one in MODULES if "bpy" not in imports(one)], ids=lambda module: module.stem
)
def test_modules_that_do_not_import_blender_can_be_imported_without_it(module: Path) -> None:
    importlib.import_module(f"addon.flamenco.{module.stem}")
    assert "bpy" not in sys.modules


@pytest.mark.slow
@pytest.mark.parametrize(
    "beside",
    [
        {"PATH": f"{sys.prefix}/bin{os.pathsep}{os.environ['PATH']}", "VIRTUAL_ENV": sys.prefix},
        {"PYTHONPATH": str(ADDON.parents[1])},
    ],
    ids=["PATH", "PYTHONPATH"],
)
def test_the_managers_package_of_the_same_name_does_not_hide_the_add_on(
    blender: InstalledBlender, beside: dict[str, str]
) -> None:
    farm = attrs.evolve(blender, beside=beside)
    run = farm.run("import flamenco\nfinish([flamenco.__file__, bpy.ops.flamenco.abort.poll()])")
    assert run.result == [str(blender.resources / "scripts/addons/flamenco/__init__.py"), False]
    assert "Traceback" not in run.output, run.output
