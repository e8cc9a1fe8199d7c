# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions that a submission asks its artist before anything is sent."""

from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field

from .plan import PackPlan

GO_ON, FIX, STOP = "GO_ON", "FIX", "STOP"

MOST_LINES = 20
"""Maximum number of files that are listed; the terminal shows all."""


@dataclass(frozen=True)
class Question:
    """A finding, and the answers that there are."""

    title: str
    lines: tuple[str, ...]
    labels: dict[str, str]
    """{answer: what its button says}, first the one that is chosen at the beginning."""
    answer: "Future[str]" = field(default_factory=Future)

    def settle(self, answer: str) -> None:
        """Answer it, unless that has been done."""
        if not self.answer.done():
            self.answer.set_result(answer)


def unsaved() -> Question:
    """Whether the file may be saved."""
    labels = {GO_ON: "Save and Submit", STOP: "Stop"}
    return Question("The file has unsaved changes, and Workers read it from the disk", (), labels)


def incomplete(plan: PackPlan, faults: Iterable[str]) -> Question | None:
    """Whether to send the job with these faults, and without some files; None if it has all."""
    lost = [*faults, *(f"Missing: {file}" for file in plan.missing)]
    lost += [f"Outside the shared storage: {file}" for file in plan.elsewhere]
    if not lost:
        return None
    labels = {FIX: "Find Missing Files", GO_ON: "Submit Without", STOP: "Stop"}
    if not plan.missing:
        del labels[FIX]
    return Question("Workers will not find all that they need", tuple(_cut(lost)), labels)


def _cut(lines: list[str]) -> Iterable[str]:
    yield from lines[:MOST_LINES]
    if len(lines) > MOST_LINES:
        yield f"and {len(lines) - MOST_LINES} more, see the terminal"
