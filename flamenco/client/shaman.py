"""Operations that send files to Shaman and check them out."""

from operator import attrgetter
from pathlib import Path

import attrs

from flamenco.api import shaman
from flamenco.client.calls import Call, get, keyed, nothing, operation, send, then
from flamenco.model.statuses import FileStatus


class ShamanOperations:
    """Operations of a Manager with Shaman enabled; without it, each raises `Busy`."""

    @operation
    def files_to_send(
        self, *files: shaman.ShamanFileSpec
    ) -> Call[tuple[shaman.ShamanFileSpecWithStatus, ...]]:
        """The files that have to be sent before all of these can be checked out."""
        wanted = shaman.ShamanRequirementsRequest(files=files)
        path = "shaman/checkout/requirements"
        return then(send(path, wanted, shaman.ShamanRequirementsResponse), attrgetter("files"))

    @operation
    def file_status(self, sha: str, size: int) -> Call[FileStatus]:
        """The status of a file: stored, being uploaded, or unknown."""
        asked = get(f"shaman/files/{sha}/{size}", shaman.ShamanSingleFileStatus)
        return then(asked, attrgetter("status"))

    @operation
    def send_file(self, sha: str, size: int, file: Path, *, may_wait: bool = False) -> Call[None]:
        """Send a file. Afterwards it is stored, even if another client was faster.

        With ``may_wait`` it raises `SentElsewhere` if another client is sending it: go on with
        other files. Raises `WrongFile` if it is not as announced, and OSError if it can't be read.
        """
        headers = {"X-Shaman-Can-Defer-Upload": str(may_wait).lower()}
        return Call("POST", f"shaman/files/{sha}/{size}", nothing, body=file, headers=headers)

    @operation
    def check_out(self, path: str, *files: shaman.ShamanFileSpec, key: str = "") -> Call[str]:
        """Check out files, and get the folder's path, which has a suffix if it was taken.

        With the ``key`` of the submission that it is for, it can be given up. Raises `MissingFiles`
        if some have not been sent.
        """
        wanted = shaman.ShamanCheckout(files=files, checkoutPath=path)
        made = send("shaman/checkout/create", wanted, shaman.ShamanCheckoutResult)
        return then(attrs.evolve(made, headers=keyed(key)), attrgetter("checkoutPath"))
