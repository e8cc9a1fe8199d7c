"""Figures that are measured, and those that are promised."""

import attrs


@attrs.frozen
class Figure:
    """One number; ``goal`` is the least of a rate, the most of anything else."""

    unit: str
    goal: float | None = None
    rate: bool = False

    def met(self, value: float) -> bool | None:
        """True if the promise is kept; None if there is none."""
        if self.goal is None:
            return None
        return value >= self.goal if self.rate else value <= self.goal


FIGURES = {
    "sqlite_commits_per_s": Figure("durable commits of one row per second, for comparison"),
    "cycles_per_s_in_process": Figure("starts and completions per second", 1500, rate=True),
    "cycles_per_s_sessions": Figure("the same over 1,000 sessions", 500, rate=True),
    "cycles_per_s_unsynced": Figure("the same without syncing the logs, for comparison", rate=True),
    "ready_to_pushed_p99_ms": Figure("ms at 100 cycles a second, 1,000 workers", 20),
    "ready_to_pushed_submitting_p99_ms": Figure("ms, while 100,000 tasks are submitted", 100),
    "cost_1m_over_1k": Figure("times the cost of a cycle with 1,000 queued tasks", 1.2),
    "submit_100k_s": Figure("seconds", 5),
    "clean_up_hold_ms": Figure("ms of the longest turn, with 100,000 finished jobs", 20),
    "wake_400k_s": Figure("seconds to the answer of a job of 400,000 tasks that rested", 5),
    "wake_400k_others_p99_ms": Figure("ms, asks of another job meanwhile", 50),
    "start_100k_s": Figure("seconds of a start with 100,000 unfinished tasks", 3),
    "rss_1m_mib": Figure("MiB with 1,000,000 live tasks", 1536),
    "rss_finished_mib": Figure("MiB more after 1,000 jobs have come and gone"),
}
