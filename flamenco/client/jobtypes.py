"""Job types as the API gives them, as the model's classes."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET

from flamenco.api.jobs import AvailableJobType
from flamenco.model.jobtypes import EvalInfo, JobType, Setting


def job_type_of(available: AvailableJobType) -> JobType:
    """The job type that the API describes. Raises ValueError for one that makes no sense."""
    return JobType(
        name=available.name,
        label=available.label,
        description="" if available.description is UNSET else str(available.description),
        settings=tuple(_setting(each) for each in available.settings),
        etag=available.etag,
    )


def _setting(values: Mapping[str, Any]) -> Setting:
    info = values.get("evalInfo")
    others = {key: value for key, value in values.items() if key != "evalInfo"}
    return Setting(
        **others,
        eval_info=EvalInfo(
            description=info.get("description", ""),
            show_link_button=info.get("showLinkButton", False),
        )
        if info
        else None,
    )
