"""Listening sockets, and their addresses in words."""

import socket

from flamenco.cli.errors import CommandError
from flamenco.config.manager import Address
from web.tls import Tls


def bind(address: Address) -> socket.socket:
    """A listening socket. Raises `CommandError` if the address can't be used."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server((address.host, address.port), family=family, backlog=1024)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        where = f"{address.host or '*'}:{address.port}"
        raise CommandError(
            f"cannot listen on {where}: {reason}; choose another one with --listen HOST:PORT"
        ) from error


def url_of(listener: socket.socket, tls: Tls | None = None) -> str:
    """The URL of a listening socket for a browser on this machine."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104
        host = "localhost"
    return written_url(f"[{host}]" if ":" in host else host, port, tls)


def written_url(host: str, port: int, tls: Tls | None) -> str:
    """The URL of a server at a host, or at the name in its certificate."""
    return f"https://{tls.name or host}:{port}/" if tls else f"http://{host}:{port}/"
