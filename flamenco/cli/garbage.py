"""`flamenco manager --shaman-gc-show` and `--shaman-gc-delete`: manual garbage collection."""

from flamenco.cli.errors import CommandError
from flamenco.config.installation import Installation
from flamenco.shaman import Shaman


async def shaman_garbage(installation: Installation, *, delete: bool) -> None:
    """Print how much garbage there is, and delete it if ``delete`` is true."""
    config = installation.load()
    shared = installation.paths(config).shared
    if shared is None or not config.shaman.enabled:
        raise CommandError("Shaman is not enabled, or there is no shared storage yet")
    shaman, max_age = Shaman(shared), config.shaman.garbage_collect.max_age
    found = await (shaman.collect_garbage(max_age) if delete else shaman.garbage(max_age))
    what = "deleted" if delete else "would be deleted"
    every = found.files + found.kept
    print(f"{found.files} of {every} files ({found.size / 2**20:.1f} MiB) {what}")
