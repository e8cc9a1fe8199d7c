"""The sending of one delivery, by a process that may hang, grow or crash on what it hears."""

import os
import subprocess
import sys
from collections.abc import Mapping

import attrs
import msgspec
import trio

from flamenco.launcher import Child, open_child
from flamenco.model.deliveries import Outcome
from flamenco.model.subscriptions import Channel

PROGRAM = (sys.executable, "-P", "-m", "flamenco.notices.sender")

LIMIT_SECONDS = 60.0
"""Maximum seconds of an attempt, with the start of the process."""

MOST_ANSWERED = 2**16
"""Maximum number of bytes that the process says."""

_PROXIES = ("http_proxy", "https_proxy", "no_proxy")
_KEPT = frozenset(
    {"HOME", "LANG", "LC_ALL", "PATH", "PYTHONPATH", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR"}
    | {"REQUESTS_CA_BUNDLE", "SYSTEMROOT", *_PROXIES, *map(str.upper, _PROXIES)}
)
"""Environment variables that the process gets: the others may hold secrets."""


@attrs.frozen(kw_only=True)
class Sending:
    """A message, and the one to whom it goes."""

    channel: Channel
    address: str = attrs.field(repr=False)
    title: str = ""
    body: str
    headers: Mapping[str, str] = attrs.field(factory=dict)
    """Those of a webhook or of a push service."""
    keys: str = attrs.field(default="", repr=False)
    """Keys of a browser, see `flamenco.notices.pushing`."""
    picture: str = ""
    """Path of a picture that comes along."""
    allowed: tuple[str, ...] = ()
    """Private networks that may be reached."""


async def send(sending: Sending, limit: float = LIMIT_SECONDS) -> Outcome:
    """Send it; the process is killed when the time is over."""
    pipe = subprocess.PIPE
    with trio.move_on_after(limit):
        try:
            async with open_child(
                PROGRAM,
                stdin=pipe,
                stdout=pipe,
                stderr=subprocess.DEVNULL,
                env={name: os.environ[name] for name in _KEPT & os.environ.keys()},
                grace=0.5,
            ) as child:
                return await _talk(child, sending)
        except (OSError, trio.BrokenResourceError, msgspec.MsgspecError) as error:
            return Outcome(f"the process that sends did not work: {error}")
    return Outcome(f"there was no answer within {limit:.0f} s")


async def _talk(child: Child, sending: Sending) -> Outcome:
    if child.stdin is None or child.stdout is None:
        raise OSError("it has no pipes")
    await child.stdin.send_all(msgspec.json.encode(sending))
    await child.stdin.aclose()
    said = bytearray()
    async for piece in child.stdout:
        said += piece
        if len(said) > MOST_ANSWERED:
            return Outcome("the process that sends says too much")
    status = await child.wait()
    if not said:
        return Outcome(f"the process that sends ended with status {status}")
    return msgspec.json.decode(said, type=Outcome)
