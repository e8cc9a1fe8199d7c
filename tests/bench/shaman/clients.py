"""Clients of Shaman that cost little themselves, and the add-on's."""

import hashlib
import http.client
import json
import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from addon.flamenco.client import Client
from addon.flamenco.errors import ManagerRefused, ManagerUnreachable
from flamenco.shaman import FileKey

API = "/api/v3/shaman"
PIECE = 2**18


def key_of(content: bytes) -> FileKey:
    return FileKey(hashlib.sha256(content).hexdigest(), len(content))


def send_large(url: str, key: FileKey, file: Path) -> None:
    """Send a file as fast as the Manager takes it."""
    host, port = _place(url)
    head = f"POST {API}/files/{key.sha}/{key.size} HTTP/1.1\r\nHost: {host}\r\n"
    with socket.create_connection((host, port)) as connection, file.open("rb") as content:
        connection.sendall(f"{head}Content-Length: {key.size}\r\n\r\n".encode())
        connection.sendfile(content)
        answer = connection.recv(1000)
    assert answer.startswith(b"HTTP/1.1 204"), answer


def send_small(url: str, contents: Iterable[bytes]) -> None:
    """Send files over one connection."""
    connection = http.client.HTTPConnection(*_place(url))
    for content in contents:
        key = key_of(content)
        connection.request("POST", f"{API}/files/{key.sha}/{key.size}", content)
        answer = connection.getresponse()
        assert answer.status == 204, answer.read()
        answer.read()
    connection.close()


def ask(url: str, operation: str, body: Mapping[str, object]) -> dict:
    """The answer to a request with a list of files."""
    connection = http.client.HTTPConnection(*_place(url))
    headers = {"Content-Type": "application/json"}
    connection.request("POST", f"{API}/{operation}", json.dumps(body), headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    assert answer.status == 200, content
    return json.loads(content)


def send_as_the_addon_does(url: str, key: FileKey, file: Path) -> int:
    """Send a file if somebody else doesn't; the number of bytes that left the client."""
    client, sent, headers = Client(url), [0], {"X-Shaman-Can-Defer-Upload": "true"}
    spec = [{"path": "x", "sha": key.sha, "size": key.size}]
    while client.required(spec):
        try:
            client.upload(key.sha, key.size, headers, _counted(file, sent))
        except (ManagerRefused, ManagerUnreachable):
            headers = {}
    return sent[0]


def _counted(file: Path, sent: list[int]) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while content := opened.read(PIECE):
            sent[0] += len(content)
            yield content


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 80)


def random_file(path: Path, size: int) -> FileKey:
    """A new file on the disk."""
    digest, left = hashlib.sha256(), size
    with path.open("wb") as file:
        while left:
            piece = os.urandom(min(left, 2**20))
            digest.update(piece)
            file.write(piece)
            left -= len(piece)
        os.fsync(file.fileno())
    return FileKey(digest.hexdigest(), size)
