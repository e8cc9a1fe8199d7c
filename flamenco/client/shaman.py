"""The operations that send files to Shaman and make folders of them."""

from operator import attrgetter
from pathlib import Path

from flamenco.api import shaman
from flamenco.client.calls import Call, get, nothing, operation, send, then
from flamenco.model.statuses import FileStatus


class ShamanOperations:
    """What can be asked of a Manager where Shaman is on; elsewhere each raises `Busy`."""

    @operation
    def files_to_send(
        self, *files: shaman.ShamanFileSpec
    ) -> Call[tuple[shaman.ShamanFileSpecWithStatus, ...]]:
        """Which of these files have to be sent before they can be checked out."""
        wanted = shaman.ShamanRequirementsRequest(files=files)
        path = "shaman/checkout/requirements"
        return then(send(path, wanted, shaman.ShamanRequirementsResponse), attrgetter("files"))

    @operation
    def file_status(self, sha: str, size: int) -> Call[FileStatus]:
        """Whether a file is stored, or on its way."""
        asked = get(f"shaman/files/{sha}/{size}", shaman.ShamanSingleFileStatus)
        return then(asked, attrgetter("status"))

    @operation
    def send_file(self, sha: str, size: int, file: Path, *, may_wait: bool = False) -> Call[None]:
        """Send a file; afterwards it is stored, whoever was faster.

        With ``may_wait`` it raises `SentElsewhere` if somebody else sends it now: go on with other
        files. Raises `WrongFile` if it is not what was announced, and OSError if it can't be read.
        """
        headers = {"X-Shaman-Can-Defer-Upload": str(may_wait).lower()}
        return Call("POST", f"shaman/files/{sha}/{size}", nothing, body=file, headers=headers)

    @operation
    def check_out(self, path: str, *files: shaman.ShamanFileSpec) -> Call[str]:
        """Make a folder of files that were sent; its path, which has a suffix if it was taken.

        Raises `MissingFiles` if some were not.
        """
        wanted = shaman.ShamanCheckout(files=files, checkoutPath=path)
        made = send("shaman/checkout/create", wanted, shaman.ShamanCheckoutResult)
        return then(made, attrgetter("checkoutPath"))
