# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions that a submission asks its artist before anything is sent."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from .findings import Finding
from .plan import PackPlan

GO_ON, FIX, STOP, SKIP = "GO_ON", "FIX", "STOP", "SKIP"

LINES = [
    (SKIP, "Skip", "Send the file with it"),
    (FIX, "Fix", "Mend it in the file, save that, and look again"),
    (STOP, "Stop", "Send nothing"),
]
"""Decisions about a single finding, as choices of a Blender property."""

MOST_LINES = 20
"""Maximum number of findings that are listed; the terminal shows all files."""

Mend = Callable[[], object]


@dataclass(frozen=True)
class Question:
    """A list of findings, and the answers that there are."""

    title: str
    findings: tuple[Finding, ...]
    labels: dict[str, str]
    """{answer: what its button says}, first the one that is chosen at the beginning."""
    more: int = 0
    """Number of findings that are not listed."""
    answer: "Future[str]" = field(default_factory=Future)
    mended: list[Finding] = field(default_factory=list)
    """The findings that are to be mended first, once it is answered."""

    def decide(self, answer: str, lines: Iterable[str]) -> None:
        """Answer it, with what becomes of each finding: where one stops, all does."""
        decided = [*zip(self.findings, lines, strict=False)]
        stops = any(choice == STOP for _, choice in decided)
        mended = [one for one, choice in decided if choice == FIX and one.mend is not None]
        self.settle(STOP if stops else answer, mended)

    def settle(self, answer: str, mended: Iterable[Finding] = ()) -> None:
        """Answer it, unless that has been done."""
        if not self.answer.done():
            self.mended.extend(mended)
            self.answer.set_result(answer)


def unsaved() -> Question:
    """Whether the file may be saved."""
    labels = {GO_ON: "Save and Submit", STOP: "Stop"}
    return Question("The file has unsaved changes, and Workers read it from the disk", (), labels)


def incomplete(
    plan: PackPlan, faults: Iterable[Finding], mend: Callable[[Path], Mend | None]
) -> Question | None:
    """Whether to send the job with these faults, and without some files; None if it has all.

    `mend` gives a function that brings a file to Workers by itself, if there is such a way.
    """
    known = [*faults]
    lost = [*known, *(Finding(f"Missing: {file}") for file in plan.missing[:MOST_LINES])]
    outside = plan.elsewhere[: max(MOST_LINES - len(lost), 0)]
    lost += [Finding(f"Outside the shared storage: {file}", mend(file)) for file in outside]
    if not lost:
        return None
    listed = tuple(lost[:MOST_LINES])
    more = len(known) + len(plan.missing) + len(plan.elsewhere) - len(listed)
    labels = {FIX: "Find Missing Files", GO_ON: "Submit", STOP: "Stop"}
    if not plan.missing:
        del labels[FIX]
    return Question("Frames may come out otherwise on the farm", listed, labels, more)
