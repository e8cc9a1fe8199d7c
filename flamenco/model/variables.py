"""Variables: the meaning of `{blender}` or `{render}` on each platform (reference rules §13).

A one-way variable is a text that replaces `{name}`. A two-way variable is a folder with a different
path on each platform: paths that start with it are turned into `{name}` when a job is submitted,
and back into the path of the worker's platform when a task is handed out. Prefixes only count at
path boundaries, and the longest wins.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

import attrs

EVERY_PLATFORM = "all"
JOBS = "jobs"
"""Name of the implicit variable for the folder with the jobs' files."""

_SEPARATORS = "/\\"
_REFERENCE = re.compile(r"\{([^{}]+)\}")
_DRIVE = re.compile(r"^([A-Za-z]:)(?=[^\\])")


class Audience(StrEnum):
    """The readers that a value is meant for."""

    ALL = "all"
    WORKERS = "workers"
    USERS = "users"


@attrs.frozen(kw_only=True)
class VariableValue:
    """A value, with its audience and platforms."""

    value: str
    platforms: tuple[str, ...]
    """`linux`, `windows`, `darwin`, or `all`."""
    audience: Audience = Audience.ALL


@attrs.frozen(kw_only=True)
class Variable:
    """A variable with its values for the platforms and audiences of the farm."""

    values: tuple[VariableValue, ...]
    is_twoway: bool = False


Variables = Mapping[str, Variable]


@attrs.frozen
class ResolvedVariable:
    """A variable's value for one audience on one platform."""

    value: str
    is_twoway: bool


def constant(value: str) -> Variable:
    """A one-way variable with the same value everywhere."""
    return Variable(values=(VariableValue(value=value, platforms=(EVERY_PLATFORM,)),))


def with_jobs(variables: Variables, storage: str | None) -> dict[str, Variable]:
    """The variables with the implicit `{jobs}`, which replaces any of that name.

    ``storage`` is the effective storage path; without one there is no `{jobs}`.
    """
    others = {name: variable for name, variable in variables.items() if name != JOBS}
    return {**others, JOBS: constant(storage)} if storage else others


def resolve(variables: Variables, audience: Audience, platform: str) -> dict[str, ResolvedVariable]:
    """The variables that have a value for ``audience`` on ``platform``.

    A value for the platform wins over one for all platforms, then one for the audience over one
    for all, then the later one. Two-way values lose trailing separators.
    """
    resolved = {}
    for name, variable in variables.items():
        value = _best(variable.values, audience, platform)
        if value is not None:
            text = value.rstrip(_SEPARATORS) if variable.is_twoway else value
            resolved[name] = ResolvedVariable(text, variable.is_twoway)
    return resolved


def _best(values: Iterable[VariableValue], audience: Audience, platform: str) -> str | None:
    fitting = [
        ((platform in value.platforms, value.audience == audience), index, value.value)
        for index, value in enumerate(values)
        if value.audience in (audience, Audience.ALL)
        and not {platform, EVERY_PLATFORM}.isdisjoint(value.platforms)
    ]
    return max(fitting)[2] if fitting else None


@attrs.frozen
class Expander:
    """Replaces variables by their values, for one audience on one platform."""

    platform: str
    oneway: Mapping[str, str]
    twoway: Mapping[str, str]
    prefixes: Sequence[tuple[str, str]]
    """(path on the Manager's platform, path here) of each two-way variable, longest first."""

    def text(self, text: str) -> str:
        """``text`` with its variables replaced and its path mapped to the platform."""
        text = _replace(text, self.oneway)
        replaced = _replace(text, self.twoway)
        mapped = self._map_prefix(replaced)
        if mapped is None:
            is_path = replaced != text or text.startswith("\\\\")
            return self._with_native_separators(replaced) if is_path else text
        return self._with_native_separators(mapped)

    def parameters(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """A command's parameters, with texts and texts in lists expanded; all else stays."""
        return {name: self._parameter(value) for name, value in parameters.items()}

    def _parameter(self, value: object) -> object:
        match value:
            case str():
                return self.text(value)
            case list() | tuple():
                return [self.text(item) if isinstance(item, str) else item for item in value]
        return value

    def _map_prefix(self, text: str) -> str | None:
        for theirs, ours in self.prefixes:
            if _starts_with(text, theirs):
                return ours + text[len(theirs) :]
        return None

    def _with_native_separators(self, path: str) -> str:
        if self.platform != "windows":
            return path.replace("\\", "/")
        return _DRIVE.sub(r"\1\\", path.replace("/", "\\"))


def expander(
    variables: Variables, audience: Audience, platform: str, manager_platform: str
) -> Expander:
    """An expander of the Manager's texts for ``audience`` on ``platform``."""
    here = resolve(variables, audience, platform)
    there = resolve(variables, audience, manager_platform)
    twoway = {name: each.value for name, each in here.items() if each.is_twoway}
    return Expander(
        platform,
        {name: each.value for name, each in here.items() if not each.is_twoway},
        twoway,
        [(theirs, twoway[name]) for name, theirs in _folders(there) if name in twoway],
    )


def to_variables(text: str, variables: Variables, platform: str) -> str:
    """``text``, with `{name}` for a leading two-way path of the submitter's ``platform``.

    Case does not matter, and `/` and backslash are the same (reference rules §13).
    """
    for name, folder in _folders(resolve(variables, Audience.WORKERS, platform)):
        if _starts_with(text, folder, ignore_case=True):
            return f"{{{name}}}{text[len(folder) :]}"
    return text


def settings_to_variables(
    settings: Mapping[str, Any], variables: Variables, platform: str
) -> dict[str, Any]:
    """A submitted job's settings (or metadata) with two-way paths as variables."""
    return {
        key: to_variables(value, variables, platform) if isinstance(value, str) else value
        for key, value in settings.items()
    }


def _folders(resolved: Mapping[str, ResolvedVariable]) -> list[tuple[str, str]]:
    """(name, path) of two-way variables; the longest path first, then by name."""
    found = [(name, each.value) for name, each in resolved.items() if each.is_twoway and each.value]
    return sorted(found, key=lambda item: (-len(item[1]), item[0]))


def _replace(text: str, values: Mapping[str, str]) -> str:
    return _REFERENCE.sub(lambda match: values.get(match[1], match[0]), text)


def _starts_with(path: str, folder: str, *, ignore_case: bool = False) -> bool:
    start, rest = path[: len(folder)].replace("\\", "/"), path[len(folder) :]
    folder = folder.replace("\\", "/")
    if ignore_case:
        start, folder = start.casefold(), folder.casefold()
    return start == folder and (not rest or rest[0] in _SEPARATORS)
