"""`flamenco login` and `logout`: the token by which a Manager knows who asks."""

import socket
import sys
import time
from getpass import getuser
from typing import Annotated

from cyclopts import Parameter
from msgspec import UnsetType

from flamenco.api.devices import DeviceAsking, DeviceToken, DeviceWanted
from flamenco.cli.errors import CommandError
from flamenco.cli.reaching import ManagerUrl
from flamenco.cli.showing import complain
from flamenco.client import BadRequest, Rejected, SyncClient, Unreachable, open_sync_client
from flamenco.config.tokens import keep_token, own_token
from flamenco.config.worker import DEFAULT_MANAGER_URL
from flamenco.model.access import AuthMode, DeviceError, Scope
from flamenco.model.bounds import cut

LONGEST_NAME = 100
SLOWER = 5.0
"""Seconds that are added between two questions when the Manager says so (RFC 8628 §3.5)."""


def login(
    *,
    manager: ManagerUrl = DEFAULT_MANAGER_URL,
    token: Annotated[
        str | None, Parameter(help="token from the page, or - to read it from stdin")
    ] = None,
) -> None:
    """Let the commands of this account, and its programs in Python, ask a Manager as yourself.

    Without --token, a link is printed: sign in on that page, compare the code, and allow it.

    Example: flamenco login --manager http://manager.local:8080/
    """
    if token == "-":  # noqa: S105
        token = sys.stdin.readline().strip()
    with open_sync_client(manager, "CLI", token or "") as client:
        if client.who_am_i().mode is AuthMode.OPEN:
            raise CommandError(f"nobody signs in at {client.url}: everybody may ask there")
        secret = token or _by_device(client)
    with open_sync_client(manager, "CLI", secret) as client:
        user = client.who_am_i().user
        if isinstance(user, UnsetType):
            raise CommandError(f"the token is wrong or over: {client.url} does not know it")
        keep_token(client.url, secret)
        print(f"signed in to {client.url} as {user.name}")


def logout(*, manager: ManagerUrl = DEFAULT_MANAGER_URL) -> None:
    """End the token that `flamenco login` has kept, and forget it.

    Example: flamenco logout
    """
    with open_sync_client(manager, "CLI") as client:
        if not own_token(client.url):
            raise CommandError(f"nobody is signed in to {client.url}")
        try:
            client.sign_out()
        except (Unreachable, Rejected) as error:
            complain(f"warning: the Manager could not end the token, end it on its page: {error}")
        keep_token(client.url, None)
    print(f"signed out of {client.url}")


def _by_device(client: SyncClient) -> str:
    """The token that a person lets this program have in a browser. Raises `CommandError`."""
    name = cut(f"flamenco of {getuser()} on {socket.gethostname()}", LONGEST_NAME)
    begun = client.begin_device(DeviceWanted(name=name, scopes=tuple(Scope)))
    print(f"Open {begun.verification_uri_complete}")
    print(f"and allow the code {begun.user_code} there.", flush=True)
    interval = float(begun.interval)
    while True:
        time.sleep(interval)
        try:
            answer: DeviceToken = client.device_token(DeviceAsking(device_code=begun.device_code))
        except BadRequest as error:
            if error.error == DeviceError.SLOW_DOWN:
                interval += SLOWER
            elif error.error != DeviceError.PENDING:
                raise CommandError(error.message) from None
        else:
            return answer.token
