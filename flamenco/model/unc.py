r"""Paths on servers, `\\SERVER\share\a.blend`, in jobs that come from Windows.

Blender takes a path that begins with `//` for one beside its file, and job types make `/` of every
backslash. So such a path is kept with backslashes, in settings and in the commands made of them;
`variables.Expander` gives each worker the separators of its platform.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from flamenco.model.jobs import Command

_SHARE = re.compile(r"[\\/]{2}[^\\/]+[\\/][^\\/]+")


def with_backslashes(settings: Mapping[str, Any], platform: str) -> dict[str, Any]:
    """The settings of a job submitted from a platform, with paths on servers as on Windows."""
    if platform != "windows":
        return dict(settings)
    return {key: _native(value) if _share_of(value) else value for key, value in settings.items()}


@attrs.frozen
class Shares:
    """The shares that a job's settings speak of, as `//server/share`."""

    names: frozenset[str]

    @classmethod
    def of(cls, *settings: Mapping[str, Any]) -> "Shares":
        """The shares in settings that `with_backslashes` has made."""
        texts = [text for each in settings for text in each.values() if isinstance(text, str)]
        return cls(frozenset(_share_of(text) for text in texts if text.startswith("\\\\")) - {""})

    def commands(self, commands: Iterable[Command]) -> tuple[Command, ...]:
        """The commands, with paths on these shares as Windows has them."""
        if not self.names:
            return tuple(commands)
        return tuple(
            attrs.evolve(
                each, parameters={key: self._value(value) for key, value in each.parameters.items()}
            )
            for each in commands
        )

    def _value(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [self._value(each) if isinstance(each, str) else each for each in value]
        return _native(value) if _share_of(value) in self.names else value


def _share_of(value: object) -> str:
    """The share of a path, as `//server/share`; empty if it is on none."""
    match = _SHARE.match(value) if isinstance(value, str) else None
    return match[0].replace("\\", "/").casefold() if match else ""


def _native(path: str) -> str:
    return path.replace("/", "\\")
