# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about the open file, which the artist decides about before it is sent."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Finding:
    """A fault that would show on the farm."""

    text: str
    mend: Callable[[], object] | None = field(default=None, compare=False)
    """Function that mends it in the open file, on the main thread; None if only a person can."""

    def __str__(self) -> str:
        return self.text
