"""Job types as the API gives them, as the model's classes."""

from msgspec import UNSET

from flamenco.api.jobs import AvailableJobType
from flamenco.model.jobtypes import JobType, setting_from


def job_type_of(available: AvailableJobType) -> JobType:
    """The job type that the API describes. Raises ValueError for one that makes no sense."""
    return JobType(
        name=available.name,
        label=available.label,
        description="" if available.description is UNSET else str(available.description),
        settings=tuple(setting_from(each) for each in available.settings),
        etag=available.etag,
    )
