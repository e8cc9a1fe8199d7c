"""Program that sends one delivery: it reads a `Sending` in JSON, and prints how it went.

All that is risky is in here: foreign names, answers without end, and Apprise's hundred services.
An audit hook sees each connection with the address to which it goes, after the name was looked up
and whatever redirects there were; nothing in the process can go round it.
"""

import logging
import sys
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_network

import attrs
import msgspec

from flamenco.model.bounds import cut
from flamenco.model.deliveries import LONGEST_REASON, Outcome
from flamenco.model.reach import Network, may_reach
from flamenco.model.subscriptions import Channel
from flamenco.notices.sending import Sending

MOST_MEMORY = 2**30
"""Maximum bytes that the process takes (not on Windows): an answer may have no end."""

MOST_READ = 2**16
"""Maximum bytes of a webhook's answer that are read; it counts by its status alone."""

ANSWER_SECONDS = 20.0
GONE = 410
OVER = (404, GONE)
"""Statuses by which a push service says that a browser's subscription is over (RFC 8030 §7.3)."""

_CONNECTING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_STARTING = frozenset(
    {"os.exec", "os.posix_spawn", "os.startfile", "os.system", "subprocess.Popen"}
)


class Guard:
    """A watch over the addresses to which this process connects, and over what it starts."""

    def __init__(self, allowed: Sequence[Network]) -> None:
        self._allowed = allowed
        self.refused = ""
        """The last address that was refused."""

    def __call__(self, event: str, args: tuple[object, ...]) -> None:
        """Hear of an event before it happens. Raises PermissionError of what must not happen."""
        if event in _CONNECTING:
            address = args[1]
            host = str(address[0]) if isinstance(address, tuple) and address else str(address)
            if address is not None and not may_reach(host, self._allowed):
                self.refused = host
                raise PermissionError(f"{host} is in no network that may be reached")
        elif event in _STARTING:
            raise PermissionError("no program may be started")


def main() -> None:
    """Send what stdin says."""
    sending = msgspec.json.decode(sys.stdin.buffer.read(), type=Sending)
    _limit_memory()
    ways = {Channel.APPRISE: _tell, Channel.WEBHOOK: _hook, Channel.PUSH: _push}
    deliver = ways[sending.channel]
    guard = Guard([ip_network(each) for each in sending.allowed])
    sys.addaudithook(guard)
    try:
        outcome = deliver(sending)
    except Exception as error:  # noqa: BLE001 -- a service of Apprise may raise anything
        outcome = Outcome(f"{type(error).__name__}: {error}")
    if guard.refused and not outcome.sent:
        reason = (
            f"{guard.refused} is a private address, and outgoing.allowed_networks in the Manager's "
            "configuration does not name it"
        )
        outcome = Outcome(reason)
    sys.stdout.buffer.write(msgspec.json.encode(outcome))


def _limit_memory() -> None:
    with suppress(ImportError):  # on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def _tell(sending: Sending) -> Outcome:
    import apprise

    said = _Said()
    logging.getLogger("apprise").addHandler(said)
    asset = apprise.AppriseAsset(
        app_id="Flamenco", storage_mode=apprise.PersistentStoreMode.MEMORY, async_mode=False
    )
    people = apprise.Apprise(asset=asset)
    if not people.add(sending.address):
        known = "the address is none that Apprise knows, or something is missing in it"
        return Outcome(known, final=True)
    sent = people.notify(title=sending.title, body=sending.body, attach=sending.picture or None)
    return Outcome() if sent else Outcome(said.text or "the service did not take it")


class _Said(logging.Handler):
    """Complaints of Apprise."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())

    @property
    def text(self) -> str:
        return cut(" ".join(self._lines), LONGEST_REASON)


def _hook(sending: Sending) -> Outcome:
    outcome, status = _post(sending, sending.body.encode())
    return attrs.evolve(outcome, final=status == GONE)


def _push(sending: Sending) -> Outcome:
    from flamenco.notices.pushing import browser_keys, encrypted

    keys = browser_keys(*sending.keys.split("."))
    outcome, status = _post(sending, encrypted(sending.body.encode(), keys))
    return attrs.evolve(outcome, final=status in OVER, gone=status in OVER)


def _post(sending: Sending, content: bytes) -> tuple[Outcome, int]:
    import httpx

    with (
        httpx.Client(timeout=ANSWER_SECONDS, follow_redirects=False) as client,
        client.stream(
            "POST", sending.address, content=content, headers=dict(sending.headers)
        ) as answer,
    ):
        read = 0
        for piece in answer.iter_raw():
            read += len(piece)
            if read > MOST_READ:
                break
        status = answer.status_code
    if answer.is_success:
        return Outcome(), status
    redirected = ": redirects are not followed" if answer.is_redirect else ""
    return Outcome(f"it answered {status}{redirected}"), status


if __name__ == "__main__":
    main()
