# SPDX-License-Identifier: GPL-3.0-or-later
"""The job as it is sent to the Manager (reference API §3, `SubmittedJob`)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .job_types import JobType, Setting

NO_TAG = "-"
"""Identifier of the choice "all Workers"."""

BLENDFILE_FOR_CHECK = "dummy-for-job-check.blend"
"""Path in place of the blend file's, while that is not known yet."""


@dataclass(frozen=True)
class JobDraft:
    """The user's job, without the path of the blend file."""

    name: str
    job_type: JobType
    priority: int
    settings: Mapping[str, Any]
    paused: bool
    worker_tag: str
    platform: str
    """Platform of this computer, in the Manager's words: linux, windows or darwin."""
    user: str = ""
    """Its submitter, by the name that this computer has for them; empty if it does not know."""
    comment: str = ""
    requirements: Mapping[str, Any] = field(default_factory=dict)
    """Needs of the job from Workers, as the API has them."""
    keep: bool = False
    """True if the Manager's clean-up is to leave it."""

    def folders(self) -> Iterator[tuple[Setting, str]]:
        """The folders that the user sets, as typed."""
        for setting in self.job_type.settings:
            if setting.subtype == "dir_path" and setting.shown and setting.editable:
                yield setting, str(self.settings[setting.key])

    def submitted(self, blendfile: str, checkout: str = "") -> dict[str, Any]:
        """The job, with `blendfile` in its settings if its type has such a setting.

        `checkout` is the path of Shaman's checkout with its files, which goes with the job.
        """
        settings = dict(self.settings)
        place = self.job_type.setting("blendfile")
        if place is not None and place.type == "string":
            settings["blendfile"] = blendfile
        metadata = {"user.name": self.user, "comment": self.comment}
        job: dict[str, Any] = {
            "name": self.name,
            "type": self.job_type.name,
            "type_etag": self.job_type.etag,
            "priority": self.priority,
            "settings": settings,
            "metadata": {key: text for key, text in metadata.items() if text},
            "submitter_platform": self.platform,
            "initial_status": "paused" if self.paused else "queued",
        }
        if self.requirements:
            job["requirements"] = dict(self.requirements)
        if self.keep:
            job["keep"] = True
        if self.worker_tag not in {"", NO_TAG}:
            job["worker_tag"] = self.worker_tag
        if checkout:
            job["storage"] = {"shaman_checkout_id": checkout}
        return job
