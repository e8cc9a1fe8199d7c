"""The figures that are measured, with their amounts and units."""

from __future__ import annotations

import attrs

SYSTEMS = ("actors", "pykka", "thespian", "loop")


@attrs.frozen
class Figure:
    """One figure: its name, its unit, and the least ratio to pykka and to the loop we promise."""

    name: str
    unit: str
    sizes: dict[str, int]
    times_pykka: float | None = None
    of_loop: float | None = None
    at_most: float | None = None

    @property
    def plain(self) -> str:
        """The figure that systems without `async def` handlers are measured by."""
        return self.name.replace("_async", "")

    @property
    def rate(self) -> bool:
        """More is better."""
        return self.unit.endswith("/s")

    def size(self, system: str) -> int:
        """Number of messages or actors that one sample of this system handles."""
        return self.sizes.get(system, self.sizes["default"])


FIGURES = {
    figure.name: figure
    for figure in (
        Figure("tell", "messages/s", {"default": 200_000, "thespian": 20_000}, 6.0, 0.25),
        Figure("tell_async", "messages/s", {"default": 200_000, "thespian": 20_000}, 3.0),
        Figure("fan_in", "messages/s", {"default": 200_000, "thespian": 20_000}, 6.0),
        Figure("ask", "asks/s", {"default": 20_000, "thespian": 10_000}, 2.2),
        Figure("ask_async", "asks/s", {"default": 20_000, "thespian": 10_000}, 1.5),
        Figure("ring", "hops/s", {"default": 100_000, "thespian": 20_000}, 3.5),
        Figure("spawn", "actors/s", {"default": 10_000}, 10.0),
        Figure("restart", "restarts/s", {"default": 5_000, "thespian": 2_000}, 2.5),
        Figure("idle_kib", "KiB", {"default": 10_000}, at_most=5.0),
        Figure("cold_ask_p99_us", "us", {"default": 1_000}, at_most=200.0),
        Figure("cold_ask_async_p99_us", "us", {"default": 1_000}, at_most=300.0),
        Figure("cold_ask_slow_p99_us", "us", {"default": 300}, at_most=1_500.0),
    )
}
