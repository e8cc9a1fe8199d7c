"""Wire classes of the operations on packs: folders that submitters fill with the files of a job.

None of it is in Flamenco 3.
"""

import attrs

from flamenco.model.bounds import Line, SubmissionKey


@attrs.frozen(kw_only=True)
class PackHeaders:
    idempotency_key: SubmissionKey
    """Mark of the submission; the same one gets the same folder."""


@attrs.frozen(kw_only=True)
class PackRequest:
    name: Line
    """Name of the job."""


@attrs.frozen(kw_only=True)
class Pack:
    path: str
    """Path below the shared storage, with slashes. Whoever fills the folder creates it."""
