"""The report of a changeover: what is brought, what is there already, what stays behind."""

from collections import Counter
from collections.abc import Iterator

import attrs

MOST_NOTES = 50


@attrs.define
class Report:
    """Numbers and notes, for the person who changes over."""

    brought: Counter[str] = attrs.field(factory=Counter)
    there: Counter[str] = attrs.field(factory=Counter)
    statuses: Counter[str] = attrs.field(factory=Counter)
    """Number of brought jobs by their status."""
    notes: list[str] = attrs.field(factory=list)

    def note(self, text: str) -> None:
        """Tell of something that is not brought as it was."""
        self.notes.append(text)

    def lines(self) -> Iterator[str]:
        """The report as people read it."""
        for what in sorted(self.brought | self.there):
            there = f", {self.there[what]} there already" if self.there[what] else ""
            how = ""
            if what == "jobs" and self.statuses:
                parts = (f"{number} {status}" for status, number in sorted(self.statuses.items()))
                how = f" ({', '.join(parts)})"
            yield f"{what:14} {self.brought[what]}{how}{there}"
        for text in self.notes[:MOST_NOTES]:
            yield f"note: {text}"
        if len(self.notes) > MOST_NOTES:
            yield f"note: and {len(self.notes) - MOST_NOTES} more"
