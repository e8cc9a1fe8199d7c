"""Wire classes of the operations tagged `shaman` (reference api §3)."""

from typing import Annotated

import attrs
from msgspec import UNSET, Meta, UnsetType

from flamenco.model.bounds import Count, Line, SubmissionKey
from flamenco.model.statuses import FileStatus

Checksum = Annotated[
    str, Meta(pattern="^[0-9a-fA-F]{64}$", max_length=64, extra_json_schema={"format": "sha-256"})
]
"""The SHA-256 of a file, in hexadecimal."""

Size = Count
"""Length of a file in bytes."""


@attrs.frozen(kw_only=True)
class ShamanFileSpec:
    sha: Checksum
    size: Size
    path: Line


MOST_FILES = 100_000

Files = Annotated[tuple[ShamanFileSpec, ...], Meta(max_length=MOST_FILES)]
"""Files of one checkout."""


@attrs.frozen(kw_only=True)
class ShamanRequirementsRequest:
    files: Files


@attrs.frozen(kw_only=True)
class ShamanFileSpecWithStatus:
    sha: str
    size: int
    path: str
    status: FileStatus


@attrs.frozen(kw_only=True)
class ShamanRequirementsResponse:
    files: tuple[ShamanFileSpecWithStatus, ...]


@attrs.frozen(kw_only=True)
class ShamanCheckout:
    files: Files
    checkoutPath: Line


@attrs.frozen(kw_only=True)
class ShamanCheckoutHeaders:
    idempotency_key: SubmissionKey | UnsetType = UNSET
    """Mark of the submission that the checkout is for, by which it can be given up."""


@attrs.frozen(kw_only=True)
class ShamanCheckoutResult:
    checkoutPath: str


@attrs.frozen(kw_only=True)
class ShamanSingleFileStatus:
    status: FileStatus


@attrs.frozen(kw_only=True)
class ShamanUploadHeaders:
    x_shaman_can_defer_upload: bool | UnsetType = UNSET
    """True if the client can send other files first while another client sends this one."""
    x_shaman_original_filename: Line | UnsetType = UNSET
    """Name of the file at the client, encoded by RFC 2047."""
