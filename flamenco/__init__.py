"""Flamenco, a render farm: the parts that Manager, Worker and tools share.

Blender's add-on has the same name. A Blender that finds this package first, in an environment on
its PATH or PYTHONPATH, gets its add-on all the same.
"""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path


def _give_way_to_the_addon() -> bool:
    """True if the add-on is in the place of this package now, since Blender imports it."""
    if "addon_utils" not in sys.modules:
        return False
    for folder in sys.path:
        place = Path(folder, "flamenco")
        if not (place / "blender_manifest.toml").is_file():
            continue
        spec = spec_from_file_location("flamenco", place / "__init__.py")
        if spec is None or spec.loader is None:
            continue
        sys.modules["flamenco"] = addon = module_from_spec(spec)
        spec.loader.exec_module(addon)
        return True
    return False


def __getattr__(name: str) -> str:
    """The version as ``__version__``. Not all programs ask, and its library takes a while to load.

    Raises AttributeError for all other names.
    """
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version

    return version("flamenco")


_give_way_to_the_addon()
