"""Figures about Shaman, and what they should be."""

import attrs


@attrs.frozen
class Figure:
    """A figure, and its goal."""

    unit: str
    goal: float
    at_least: bool = False

    def met(self, value: float) -> bool:
        return value >= self.goal if self.at_least else value <= self.goal


FIGURES = {
    "upload_over_by_hand": Figure(
        "speed of a large upload over sha256sum, cp, sync", 0.85, at_least=True
    ),
    "upload_peak_mib": Figure("MiB more than idle during that", 100),
    "small_files_per_s": Figure("small files a second over four connections", 1000, at_least=True),
    "checkout_20k_s": Figure("s for a checkout of 20,000 files", 2),
    "check_20k_s": Figure("s for the question which of 20,000 known files are missing", 0.3),
    "same_file_20_clients_bytes": Figure("bytes that 20 clients send, over the file's", 1.05),
}
