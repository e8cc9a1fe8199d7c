# SPDX-License-Identifier: GPL-3.0-or-later
"""One job of several scenes or view layers, which have settings of their own in it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .errors import NotReady
from .job import JobDraft

SCENES, FRAMES = "scenes", "frames"
"""Keys of the settings with the scenes of a job, and with its frames."""


def together(jobs: Sequence[tuple[str, JobDraft]]) -> JobDraft:
    """The jobs of scenes, with the name of each, as one job. Raises NotReady.

    Its settings are those of the first, and it has the frames of all.
    """
    first = jobs[0][1]
    if first.job_type.setting(SCENES) is None:
        raise NotReady(
            f'Job type "{first.job_type.label}" renders one scene. Choose a job for each instead'
        )
    scenes = [{"name": name, **_differences(first.settings, job.settings)} for name, job in jobs]
    settings = {**first.settings, SCENES: json.dumps(scenes)}
    if FRAMES in settings:
        settings[FRAMES] = ", ".join(dict.fromkeys(str(job.settings[FRAMES]) for _, job in jobs))
    return replace(first, settings=settings)


def _differences(first: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of another scene; those that are not the same, and always its frames."""
    differs = {key: value for key, value in other.items() if first.get(key) != value}
    left_out = {key: None for key in first if key not in other}
    return {**left_out, **differs, **{key: other[key] for key in (FRAMES,) if key in other}}
