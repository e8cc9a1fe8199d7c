"""Job types: finding, checking and compiling them. Scripts use `flamenco.jobtypes.authoring`."""

from flamenco.jobtypes.compiler import Compiler, inline_compiler, open_compiler, open_engine
from flamenco.jobtypes.errors import CompileError, UnknownJobType
from flamenco.jobtypes.limits import Limits
from flamenco.jobtypes.settings import SettingsError, validate_settings

__all__ = [
    "CompileError",
    "Compiler",
    "Limits",
    "SettingsError",
    "UnknownJobType",
    "inline_compiler",
    "open_compiler",
    "open_engine",
    "validate_settings",
]
