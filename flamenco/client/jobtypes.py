"""Job types as the API gives them, as the model's classes."""

import attrs
import msgspec

from flamenco.api.jobs import AvailableJobType
from flamenco.jobtypes.described import job_type_from
from flamenco.model.jobtypes import JobType


def job_type_of(available: AvailableJobType) -> JobType:
    """The job type that the API describes. Raises ValueError if it is not valid."""
    job_type = job_type_from(msgspec.to_builtins(available))
    return attrs.evolve(job_type, name=available.name, etag=available.etag)
