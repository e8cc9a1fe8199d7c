"""The option by which many machines are set up in one place."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

ConfigFrom = Annotated[
    tuple[Path, ...],
    Parameter(
        help="file, or folder of .yaml files, whose values win over the configuration; repeatable",
        negative="",
    ),
]
