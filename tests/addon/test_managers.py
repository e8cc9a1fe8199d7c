"""Several Managers by their names, found on the network or typed."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import trio

from addon.flamenco import search
from flamenco.discovery import ssdp
from flamenco.discovery.network import advert_of
from flamenco.discovery.protocols import Packets
from tests.addon.blender import InstalledBlender
from tests.addon.fake_manager import FakeManager


@contextmanager
def answering(*answers: bytes, url: str = "") -> Iterator[tuple[str, int]]:
    """The address of a socket that answers as a Manager does, after other answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))

        async def manager_answers(question: bytes, sender: tuple[str, int]) -> Packets:
            host, _, port = url.removeprefix("http://").rstrip("/").partition(":")
            advert = advert_of("farm", host, int(port), [host])
            return list(ssdp.answers(question, sender, ssdp.SSDP, advert))

        def answer() -> None:
            question, sender = listener.recvfrom(4096)
            for one in answers:
                listener.sendto(one, sender)
            if not url:
                return
            for packet, to in trio.run(manager_answers, question, sender):
                listener.sendto(packet, to)

        thread = threading.Thread(target=answer)
        thread.start()
        yield listener.getsockname()
        thread.join()


def test_a_manager_that_answers_is_found_once() -> None:
    with answering(url="http://127.0.0.1:8080/") as place:
        assert search.managers(place, 0.5) == ["http://127.0.0.1:8080/"]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\xff\xfe",
        b"HTTP/1.1 200 OK\r\nST: urn:other:0\r\nLOCATION: http://x/\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nST: urn:flamenco:manager:0\r\nLOCATION: http://[x/\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nST: urn:flamenco:manager:0\r\nLOCATION: file:///etc\r\n\r\n",
    ],
)
def test_what_else_answers_is_no_manager(answer: bytes) -> None:
    with answering(answer, url="http://127.0.0.1:8080/") as place:
        assert search.managers(place, 0.5) == ["http://127.0.0.1:8080/"]


@pytest.mark.slow
def test_managers_are_found_chosen_and_taken_off_the_list(
    blender: InstalledBlender, manager: FakeManager
) -> None:
    odd = b"HTTP/1.1 200 OK\r\nST: urn:flamenco:manager:0\r\nLOCATION: http://127.0.0.1:0/\r\n\r\n"
    with answering(odd, url=manager.url) as place:
        script = f"""
import flamenco.search as search
search.managers.__defaults__ = ({place!r}, 1.0)
preferences = bpy.context.preferences.addons["flamenco"].preferences
bpy.ops.flamenco.find_managers()
found = [[one.name, one.url] for one in preferences.managers]
used = preferences.manager_url
again = sorted(bpy.ops.flamenco.add_manager())
preferences.managers[0].name = "Studio"
other = preferences.managers.add()
other.name, other.url = "Home", {manager.url.replace("127.0.0.1", "localhost")!r}
preferences.manager = other.url
chosen = preferences.manager_url
bpy.ops.flamenco.remove_manager(index=0)
bpy.ops.wm.save_userpref()
finish([found, used, again, chosen, [one.name for one in preferences.managers]])
"""
        run = blender.run(script)
    home = manager.url.replace("127.0.0.1", "localhost")
    expected = [[["Fake", manager.url]], manager.url, ["CANCELLED"], home, ["Home"]]
    assert run.result == expected, run.output
